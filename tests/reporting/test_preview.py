"""The preview and the timeline: every post as a reader will see it, whatever is in it."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from herald.model.campaign import Approve, CatchUp
from herald.model.delivery import Media, Payload, Reason
from herald.model.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    Language,
    ListId,
    OccasionId,
    campaign_key,
)
from herald.model.plan import Plan, PlannedDelivery, PlannedIssue, Skipped
from herald.model.problem import Place, Problem, Severity
from herald.reporting.posttext import Piece, direction, paragraphs
from herald.reporting.preview import render_preview_html, render_preview_text
from herald.reporting.previewvalues import Sight
from herald.reporting.timeline import JournalPost, render_timeline_html

MORNING = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
VOID = {"meta", "br", "link", "img", "input"}


def a_planned(text: str = "The salt house", **changes: Any) -> PlannedDelivery:
    """Make a planned delivery; ``payload`` fields may be given as ``payload_…``."""
    language = changes.pop("language", Language("en"))
    inside = {
        name.removeprefix("payload_"): changes.pop(name)
        for name in tuple(changes)
        if name.startswith("payload_")
    }
    payload = {"text": text, "language": language, "length": len(text), "limit": 500} | inside
    channel = changes.pop("channel", ChannelId("fedi"))
    place = (CampaignId("stories"), ItemId("salt"), OccasionId("x"), channel, language)
    values: dict[str, Any] = {
        "key": campaign_key(*place),
        "campaign": place[0],
        "item": place[1],
        "occasion": place[2],
        "channel": channel,
        "network": "mastodon",
        "language": language,
        "occasion_local": datetime(2026, 12, 2, 9, 30),
        "zone": "Europe/Rome",
        "due_at": MORNING,
        "not_after_at": MORNING + timedelta(hours=6),
        "catch_up": CatchUp.POST,
        "moves": True,
        "payload": Payload(**payload),
        "content_hash": "",
    }
    return PlannedDelivery(**(values | changes))


def a_plan(*deliveries: PlannedDelivery, **changes: Any) -> Plan:
    """Make a plan of sixty days."""
    values: dict[str, Any] = {
        "made_at": MORNING,
        "first": MORNING,
        "last": MORNING + timedelta(days=60),
        "deliveries": deliveries,
    }
    return Plan(**(values | changes))


def page_of(*deliveries: PlannedDelivery, **changes: Any) -> str:
    return render_preview_html(a_plan(*deliveries, **changes), title="Stories", moment=MORNING)


class Page(HTMLParser):
    """Reads a page as a browser would: elements with their attributes, and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def attributes(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return (
            [
                found
                for name, found in self.elements
                if name == tag and kind in (found.get("class") or "").split(" ")
            ]
            if kind
            else [found for name, found in self.elements if name == tag]
        )


HOSTILE = (
    '<script>alert(1)</script> <img src=x onerror=alert(1)> "quoted" & \u202egnp.exe'
    ' javascript:alert(1) https://example.org/"onmouseover=alert(1) {{ 7*7 }} {% raw %}'
)


def test_a_page_is_whole_and_fetches_nothing() -> None:
    hostile = a_planned(
        HOSTILE,
        item=ItemId(HOSTILE),
        payload_media=(Media(url=f"https://e.org/{HOSTILE}", alt=HOSTILE, credit=HOSTILE),),
    )
    page = Page(page_of(hostile, skipped=(Skipped(campaign="c", item="i", reason=HOSTILE),)))

    assert page.open == []
    assert {"script", "img", "iframe", "link", "object"}.isdisjoint(
        name for name, _ in page.elements
    )
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
    for link in page.attributes("a"):
        assert (link["href"] or "").startswith(("#", "https://", "http://"))
    style = files("herald.reporting").joinpath("templates/style.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_what_looks_like_a_template_is_shown_as_it_is() -> None:
    assert "{{ 7*7 }} {% raw %}" in page_of(a_planned(HOSTILE))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [("ar", "بيت الملح", "rtl"), ("mt", "Id-dar tal-melħ", "ltr"), ("he", "12", "rtl")],
)
def test_each_post_says_its_language_and_direction(language: str, text: str, expected: str) -> None:
    (post,) = Page(page_of(a_planned(text, language=Language(language)))).attributes("div", "post")

    assert (post["lang"], post["dir"]) == (language, expected)


def test_a_post_is_shown_with_channel_network_language_and_local_time() -> None:
    page = page_of(a_planned(language=Language("sl")))

    assert 'datetime="2026-12-02T09:30:00+01:00">09:30</time>fedi' in page
    assert "Mastodon · Europe/Rome" in page
    assert "Slovenian" in page
    assert "stories / salt" in page


def test_links_hashtags_and_the_statement_are_marked() -> None:
    text = (
        "Ask @ana@social.example.org\n\nhttps://example.org/a\n\n#Salt #Città\n\n"
        "Co-funded by the European Union"
    )
    page = Page(page_of(a_planned(text)))

    assert [link["href"] for link in page.attributes("a") if "rel" in link] == [
        "https://example.org/a"
    ]
    assert len(page.attributes("bdi", "hashtag")) == 2
    assert len(page.attributes("bdi", "mention")) == 1
    assert len(page.attributes("p", "fund")) == 1


def test_a_projects_own_statement_is_marked_too() -> None:
    page = render_preview_html(
        a_plan(a_planned("Salt\n\nPaid by the valley")),
        title="x",
        moment=MORNING,
        sight=Sight(statements=("Paid by the valley",)),
    )

    assert 'class="fund">Paid by the valley' in page


@pytest.mark.parametrize(
    ("length", "limit", "kind", "said"),
    [
        pytest.param(231, 500, "room", "231 of 500", id="room"),
        pytest.param(480, 500, "nearly", "480 of 500", id="nearly-full"),
        pytest.param(520, 500, "over", "520 of 500", id="over"),
        pytest.param(520, None, "room", "520 characters, no limit", id="no-limit"),
    ],
)
def test_a_counter_shows_the_length_against_the_limit(
    length: int, limit: int | None, kind: str, said: str
) -> None:
    page = page_of(a_planned(payload_length=length, payload_limit=limit))

    assert f'class="count {kind}"' in page
    assert said in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hold": Reason.TRANSLATION}, "aits for a translation"),
        ({"hold": Reason.VISIBILITY}, "acks its funding statement"),
        ({"needs_approval": True}, "aits for approval"),
        ({"payload_length": 520}, "oo long by 20: write a shorter text"),
    ],
)
def test_what_keeps_a_post_back_is_said_in_page_and_terminal(
    changes: dict[str, Any], said: str
) -> None:
    held = a_planned(**changes)

    assert said in page_of(held)
    assert "1</b> waits for a person" in page_of(held)
    assert said in render_preview_text(a_plan(held), width=80)


def test_pictures_are_shown_by_their_descriptions() -> None:
    described = Media(file="media/salt.png", alt="A white house", licence="CC0-1.0")
    bare = Media(url="https://example.org/photo.jpg")
    page = page_of(a_planned(payload_media=(described, bare)))

    assert "A white house" in page
    assert "Picture salt.png · CC0-1.0" in page
    assert page.count("This picture has no description.") == 1


def test_posts_stand_under_their_local_day() -> None:
    late = a_planned(due_at=datetime(2026, 12, 2, 23, 30, tzinfo=UTC))
    page = page_of(late)

    assert "Thursday, 3 December 2026" in page
    assert 'id="day-2026-12-02"' not in page


def test_posts_of_a_day_stand_in_the_order_of_their_time() -> None:
    page = page_of(
        a_planned("Second", due_at=MORNING + timedelta(minutes=25), language=Language("it")),
        a_planned("First"),
    )

    assert page.index("First") < page.index("Second")


def test_what_is_left_out_is_told_once_for_each_reason() -> None:
    skipped = tuple(
        Skipped(
            campaign=CampaignId("stories"),
            item=ItemId("salt"),
            channel=ChannelId("fedi"),
            language=Language(tag),
            reason="no words in this language",
        )
        for tag in ("pl", "sl", "pl")
    )
    page = page_of(skipped=skipped)

    assert "Not posted (1)" in page
    assert "fedi pl, fedi sl<" in page
    assert "stories / salt (fedi pl, fedi sl): no words in this language" in render_preview_text(
        a_plan(skipped=skipped), width=100
    )


def test_warnings_and_newsletters_are_listed() -> None:
    problem = Problem(
        place=Place(file="campaigns/a.yaml", line=3),
        severity=Severity.WARNING,
        code="x",
        message="it is late",
    )
    issue = PlannedIssue(
        key="a/monthly/2027-02-02",
        campaign=CampaignId("a"),
        newsletter="monthly",
        list=ListId("friends"),
        local_date=datetime(2027, 2, 2).date(),
        zone="Europe/Rome",
        due_at=MORNING,
        languages=(Language("en"), Language("it")),
        approve=Approve.MANUAL,
    )
    page = page_of(problems=(problem,), issues=(issue,))

    assert "campaigns/a.yaml:3:1: it is late" in page
    assert "2027-02-02 · a / monthly · en, it" in page


def test_an_empty_plan_says_so() -> None:
    assert "Nothing is planned in this span." in page_of()
    assert render_preview_text(a_plan(), width=80) == "Nothing is planned in this span."


def test_a_post_without_words_says_so() -> None:
    assert "No text yet." in page_of(a_planned(""))
    assert "(no text yet)" in render_preview_text(a_plan(a_planned("")), width=80)


@pytest.mark.parametrize("width", [10, 40, 80])
def test_lines_on_a_terminal_keep_to_its_width(width: int) -> None:
    long = (
        "Neighbours restored a salt store. " * 9
        + "https://example.org/"
        + "a" * 90
        + " 塩の家" * 30
    )
    shown = render_preview_text(
        a_plan(
            a_planned(long, hold=Reason.TRANSLATION, payload_media=(Media(file="a", alt=long),))
        ),
        width=width,
    )
    wide = sum(1 for _ in re.finditer("[塩の家]", shown))

    assert wide == 180
    for line in shown.splitlines():
        if not line.startswith(("09:30", "Wednesday", "─")):
            assert len(line) + len(re.findall("[塩の家]", line)) <= max(width, 30)


def test_a_terminal_is_safe_from_what_partners_write() -> None:
    hostile = a_planned(
        "a\x1b[2Jb", item=ItemId("x\x1b]0;y\x07"), payload_media=(Media(file="f", alt="\x1b[31m"),)
    )

    assert "\x1b" not in render_preview_text(a_plan(hostile), width=80)
    assert "\x07" not in render_preview_text(a_plan(hostile), width=80)


def test_a_text_comes_apart_and_together_again() -> None:
    text = "See https://example.org/a, @b and #c.\nMore\n\nhttps://example.org/#d"
    taken = paragraphs(text)

    assert "\n\n".join("".join(s.text for s in part.segments) for part in taken) == text
    assert [s.text for part in taken for s in part.segments if s.piece is not Piece.WORDS] == [
        "https://example.org/a",
        "@b",
        "#c",
        "https://example.org/#d",
    ]


def test_the_first_letter_tells_the_direction() -> None:
    assert direction(Language("en"), "1. بيت") == "rtl"
    assert direction(Language("ar"), "1. House") == "ltr"
    assert direction(Language("ar")) == "rtl"


class TestTimeline:
    """What a journal channel would have posted."""

    def test_posts_stand_newest_first_under_their_local_day(self) -> None:
        page = render_timeline_html(
            [a_journal_post("Old"), a_journal_post("New", sent_at=MORNING + timedelta(hours=16))],
            zone="Europe/Rome",
        )

        assert page.index("Thursday, 3 December 2026") < page.index("New")
        assert page.index("New") < page.index("Wednesday, 2 December 2026") < page.index("Old")
        assert "2 posts, newest first, in the time of Europe/Rome" in page

    def test_a_page_is_whole_and_says_everything(self) -> None:
        post = a_journal_post(HOSTILE, media=(Media(file="f", alt="A house"),), partner="argenta")
        page = render_timeline_html([post])

        assert Page(page).open == []
        assert "script" not in {name for name, _ in Page(page).elements}
        assert "A house" in page
        assert "stories / salt · argenta" in page

    def test_an_empty_journal_says_so(self) -> None:
        assert "Nothing was posted yet." in render_timeline_html([])


def a_journal_post(text: str, **changes: Any) -> JournalPost:
    """Make a post that a journal channel wrote down."""
    values: dict[str, Any] = {
        "sent_at": MORNING,
        "channel": "trial",
        "language": Language("en"),
        "text": text,
        "campaign": "stories",
        "item": "salt",
    }
    return JournalPost(**(values | changes))


def _colours() -> list[dict[str, str]]:
    style = files("herald.reporting").joinpath("templates/style.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "paper"),
        ("ink", "card"),
        ("soft", "paper"),
        ("soft", "card"),
        ("link", "card"),
        ("tag", "card"),
        ("bad", "card"),
        ("ink", "fund"),
        ("warn", "warn-back"),
        ("face-ink", "face"),
        *((ink, ground) for ink in ("ink", "soft", "link", "tag") for ground in ("frame", "tint")),
    ],
)
def test_every_text_can_be_read(scheme: int, ink: str, ground: str) -> None:
    colours = _colours()[scheme]
    dark, light = sorted((_luminance(colours[ink]), _luminance(colours[ground])))

    assert (light + 0.05) / (dark + 0.05) >= 4.5
