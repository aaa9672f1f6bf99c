"""Every form that a campaign file may use, and the value that it becomes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.model.campaign import (
    After,
    Anchored,
    Approve,
    At,
    Before,
    Campaign,
    CatchUp,
    DayRange,
    Every,
    Item,
    Kind,
    KnownDay,
    MissingTranslation,
    Now,
    Occasion,
    Quota,
    Statement,
    Status,
    When,
    Window,
)
from herald.model.ids import Language
from herald.model.recurrence import parse_recurrence
from herald.model.span import Span
from herald.model.words import EVERY, Words
from tests.sources.folder import DOT, a_folder, loaded, write

HEAD = "campaign: stories\nlanguages: [en, it]\nchannels: [fedi]\n"


def campaign_of(root: Path, text: str) -> Campaign:
    result = loaded(a_folder(root, stories=HEAD + text))
    assert [str(problem) for problem in result.problems if problem.severity == "error"] == []
    return result.campaigns[0]


def item_of(root: Path, lines: str) -> Item:
    head = "items:\n  - id: walk\n    kind: news\n    title: {en: A walk}\n"
    return campaign_of(root, head + "".join(f"    {line}\n" for line in lines.split("\n"))).items[0]


def occasion_of(root: Path, flow: str) -> Occasion:
    post = item_of(root, f"begins: 2027-05-16 10:00\npost: [{flow}]").post
    assert post is not None
    return post[0]


EVERY_FRIDAY = parse_recurrence("friday")


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("2027-05-17 10:30", At(local=datetime(2027, 5, 17, 10, 30))),
        ("{on: 2027-05-17T10:30}", At(local=datetime(2027, 5, 17, 10, 30))),
        ("{on: 2027-05-17}", At(local=datetime(2027, 5, 17, 10, 0))),
        ('{on: 2027-05-17, at: "9:15"}', At(local=datetime(2027, 5, 17, 9, 15))),
        ("now", Now()),
        ("{on: now, draft: true}", Now()),
        ("{before: 2w}", Before(span=Span(days=14))),
        ("{before: 6h}", Before(span=Span(clock=timedelta(hours=6)))),
        ('{before: 1d, at: "18:00"}', Before(span=Span(days=1), at=time(18))),
        ("{before: 1d, of: finishes}", Before(span=Span(days=1), of="finishes")),
        ("{after: 2d, text: {en: Thanks}}", After(span=Span(days=2))),
        ("{anchor: museum_day}", Anchored(anchor="museum_day")),
        ("{anchor: museum_day, before: 7d}", Anchored(anchor="museum_day", before=Span(days=7))),
        ("{anchor: museum_day, after: 1d}", Anchored(anchor="museum_day", after=Span(days=1))),
        ("{every: friday}", Every(recurrence=EVERY_FRIDAY)),
        ("{every: 15}", Every(recurrence=parse_recurrence("15"))),
        ("{every: first tuesday}", Every(recurrence=parse_recurrence("first tuesday"))),
        (
            '{every: "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"}',
            Every(recurrence=parse_recurrence("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")),
        ),
        (
            "{every: friday, from: 2027-03-05, until: 2027-03-26, skip: [2027-03-19]}",
            Every(
                recurrence=EVERY_FRIDAY,
                first=date(2027, 3, 5),
                last=date(2027, 3, 26),
                skip=(DayRange(first=date(2027, 3, 19), last=date(2027, 3, 19)),),
            ),
        ),
        (
            '{every: friday, skip: "2027-08-01..2027-08-31"}',
            Every(
                recurrence=EVERY_FRIDAY,
                skip=(DayRange(first=date(2027, 8, 1), last=date(2027, 8, 31)),),
            ),
        ),
    ],
)
def test_a_moment_may_be_written_in_every_form(tmp_path: Path, written: str, when: When) -> None:
    assert occasion_of(tmp_path, written).when == when


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("", None),
        ("post: []", 0),
        ("post: now", 1),
        ("post: {before: 2d}", 1),
        ("post: [now, 2027-05-17]", 2),
    ],
)
def test_posts_may_be_none_never_one_or_many(
    tmp_path: Path, written: str, number: int | None
) -> None:
    post = item_of(tmp_path, f"begins: 2027-05-16\n{written}").post
    assert (None if post is None else len(post)) == number


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("text: Hello", "text", Words.of({"en": "Hello"})),
        ("text: {it: Ciao, pt_br: Olá}", "text", Words.of({"it": "Ciao", "pt-BR": "Olá"})),
        ("link: https://example.org/", "link", Words(((EVERY, "https://example.org/"),))),
        ("link: {en: https://example.org/}", "link", Words.of({"en": "https://example.org/"})),
        ('hashtags: ["#Day", Walk]', "hashtags", Words(((EVERY, "Day Walk"),))),
        ("hashtags: {any: A, it: [B, C]}", "hashtags", Words.of({"*": "A", "it": "B C"})),
        ("capacity: 16", "capacity", 16),
        ("at_most_late: 12h", "at_most_late", timedelta(hours=12)),
        ("catch_up: ask", "catch_up", CatchUp.ASK),
        ("statement: none", "statement", Statement.NONE),
        ("missing_translation: hold", "missing_translation", MissingTranslation.HOLD),
        ("timezone: Europe/Lisbon", "zone", "Europe/Lisbon"),
        ("partner: argenta", "partner", "argenta"),
        ("channels: [fedi, facebook]", "channels", ("fedi", "facebook")),
        ("channels: fedi, facebook", "channels", ("fedi", "facebook")),
        ("languages: it", "languages", ("it",)),
        ("begins: 2027-05-16", "begins", date(2027, 5, 16)),
        ("begins: 2027-05-16 9:05", "begins", datetime(2027, 5, 16, 9, 5)),
    ],
)  # fmt: skip
def test_an_items_key_becomes_its_value(
    tmp_path: Path, line: str, field: str, expected: Any
) -> None:
    assert getattr(item_of(tmp_path, line), field) == expected


def test_what_a_file_does_not_say_comes_from_herald_yaml_then_from_the_contract(
    tmp_path: Path,
) -> None:
    root = a_folder(tmp_path, stories="campaign: stories\nstagger: 0s\n")
    write(
        root,
        "config/herald.yaml",
        "timezone: Europe/Rome\ndefaults: {languages: [sl, en], channels: [fedi],"
        " project: ecoheritage, hashtags: [A], at_most_late: 2h, stagger: 1h, approve: manual,"
        ' window: {days: "mon-wed, sun", hours: "09:00-24:00"}}',
    )
    result = loaded(root)
    assert result.problems == ()
    (campaign,) = result.campaigns
    assert campaign.languages == ("sl", "en")
    assert campaign.channels == ("fedi",)
    assert campaign.project == "ecoheritage"
    assert campaign.hashtags == Words.in_every_language("A")
    assert campaign.zone == "Europe/Rome"
    assert campaign.approve is Approve.MANUAL
    assert campaign.at_most_late == timedelta(hours=2)
    assert campaign.stagger == timedelta(0)
    assert campaign.catch_up is CatchUp.POST
    assert campaign.missing_translation is MissingTranslation.SKIP
    assert campaign.window == Window(weekdays=frozenset({0, 1, 2, 6}), opens=time(9), closes=None)


def test_a_channel_may_get_its_own_words_and_moment(tmp_path: Path) -> None:
    item = item_of(
        tmp_path, 'on_channel: {facebook: {text: {en: Come}, at: "12:00"}, fedi: {on: 2027-05-17}}'
    )
    facebook, fedi = item.on_channel
    assert (facebook.channel, facebook.text, facebook.at) == (
        "facebook",
        Words.of({"en": "Come"}),
        time(12),
    )
    assert fedi.on == datetime(2027, 5, 17, 10)


def test_a_cancelled_item_carries_its_notice(tmp_path: Path) -> None:
    item = item_of(tmp_path, "status: cancelled\nnotice: {en: The dyke broke}")
    assert item.status is Status.CANCELLED
    assert item.notice.get(Language("en")) == "The dyke broke"


def test_amplification_is_read_with_its_limits(tmp_path: Path) -> None:
    (rule,) = campaign_of(
        tmp_path,
        "amplify:\n"
        '  - from: [argenta, "tag:museums"]\n'
        "    match: {words: [festival], languages: [it, es]}\n"
        "    limit: {partner: 2/day, total: 6/12h}\n"
        '    text: "{title} — {partner}\\n{link}"\n'
        "    translate: {title: [en]}\n"
        '    post: [{before: 3d, at: "10:00"}]\n',
    ).amplify
    assert rule.partners == ("argenta", "tag:museums")
    assert rule.match.languages == ("it", "es")
    assert rule.limit_partner == Quota(count=2, period=timedelta(days=1))
    assert rule.limit_total == Quota(count=6, period=timedelta(hours=12))
    assert rule.text == Words.in_every_language("{title} — {partner}\n{link}")
    assert rule.translate == (("title", ("en",)),)
    assert (rule.approve, rule.fresh, rule.statement) == (
        Approve.FIRST,
        timedelta(days=7),
        Statement.NONE,
    )
    assert rule.post[0].when == Before(span=Span(days=3), at=time(10))


def test_a_newsletter_has_no_first_of_a_partner_to_approve(tmp_path: Path) -> None:
    root = a_folder(
        tmp_path,
        stories=HEAD + "newsletters:\n  - {id: monthly, list: friends, every: first tuesday,"
        " subject: {en: News}, approve: first}\n",
    )
    (problem,) = loaded(root).problems
    assert 'newsletters[0].approve: "first" is not one of auto, manual' in str(problem)


def test_a_newsletter_finds_what_was_written_for_its_issues(tmp_path: Path) -> None:
    root = a_folder(
        tmp_path,
        stories=HEAD + "newsletters:\n"
        "  - id: monthly\n    list: friends\n    every: first tuesday\n    subject: News\n"
        "    sections:\n      - {title: Editorial, write: editorial, due: 5d}\n"
        '      - {from: ["*"], since: last, most: 10}\n',
    )
    write(root, "newsletters/monthly/2027-02.yaml", "editorial: {en: Winter}\neditorail: Oops\n")
    write(root, "newsletters/monthly/2027-03.yaml", "editorial: From the root\n")
    write(root, "campaigns/newsletters/monthly/2027-03.yaml", "editorial: From beside\n")
    result = loaded(root)
    assert [problem.hint for problem in result.problems] == ['did you mean "editorial"?']
    letter = result.campaigns[0].newsletters[0]
    assert dict(letter.written)["2027-03"] == (("editorial", Words.of({"en": "From beside"})),)
    assert letter.written[0][1][0] == ("editorial", Words.of({"en": "Winter"}))
    assert letter.sections[0].due == Span(days=5)
    assert letter.sections[1].since_last
    assert letter.sections[1].most == 10


def test_a_picture_is_known_by_its_bytes_and_described_in_its_folder(tmp_path: Path) -> None:
    root = a_folder(
        tmp_path,
        stories=HEAD + "items:\n"
        "  - {id: a, kind: news, title: {en: A}, image: media/dot.png, post: []}\n"
        "  - {id: b, kind: news, title: {en: B}, post: [],"
        " image: {file: media/dot.png, credit: Bo}}\n",
    )
    write(root, "campaigns/media/media.yaml", "dot.png: {alt: {en: A dot}, credit: Al}\n")
    first, second = loaded(root).campaigns[0].items
    assert first.image is not None
    assert second.image is not None
    assert first.image.file == "campaigns/media/dot.png"
    assert first.image.media_type == "image/png"
    assert len(first.image.sha256) == 64
    assert (first.image.credit, second.image.credit) == ("Al", "Bo")
    assert second.image.alt == Words.of({"en": "A dot"})


def test_a_single_description_of_a_picture_serves_every_language(tmp_path: Path) -> None:
    image = item_of(tmp_path, "image: {url: https://example.org/a.jpg, alt: A dot}").image
    assert image is not None
    assert (image.url, image.file) == ("https://example.org/a.jpg", "")
    assert image.alt.get(Language("it")) == "A dot"


CARDS = "id;kind;title.en;title.it;link;image;place\r\nsalt;good_practice;Salt;Sale;;;\r\n"


@pytest.mark.parametrize(
    "table",
    [
        CARDS,
        "\ufeff" + CARDS,
        CARDS.replace(";", ","),
        CARDS.replace(";", "\t"),
        CARDS.replace("\r\n", "\n") + "\n;;;;;;\n",
    ],
    ids=["semicolons", "byte-order mark", "commas", "tabs", "empty rows"],
)
def test_cards_come_from_any_spreadsheet(tmp_path: Path, table: str) -> None:
    root = a_folder(
        tmp_path, stories=HEAD + "series:\n  - {id: w, items_from: cards.csv, every: friday}\n"
    )
    write(root, "campaigns/cards.csv", table)
    ((card,),) = (series.cards for series in loaded(root).campaigns[0].series)
    assert (card.id, card.kind, card.post) == ("salt", Kind.GOOD_PRACTICE, ())
    assert card.title == Words.of({"en": "Salt", "it": "Sale"})


@pytest.mark.parametrize(
    ("table", "line", "column", "code"),
    [
        ("id,titel.en\na,A\n", 1, 2, "unknown-key"),
        ("title.en\nA\n", 1, 1, "missing-key"),
        ("id,title.en\na,A\na,B\n", 3, 1, "repeated-id"),
        ("id,title.en\na,A\nb\n", 3, 1, "missing-key"),
        ("id,title.en\na,A\nsalz haus,B\n", 3, 1, "bad-id"),
        ('id,title.en\na,"A\nB"\nb,B,C\n', 4, 1, "no-table"),
        ('id,title.en\na,"A\n', 2, 1, "no-table"),
        ("id,title.xx\na,A\n", 2, 2, "unknown-language"),
        ("id,title.en,partner\na,A,nobody\n", 2, 3, "unknown-partner"),
        ("id,title.en,begins\na,A,soon\n", 2, 3, "bad-moment"),
        ("", 1, 1, "no-table"),
        ("id,title.en\na,\x00\n", 1, 1, "wrong-encoding"),
    ],
)
def test_a_fault_in_a_table_is_told_with_row_and_column(
    tmp_path: Path, table: str, line: int, column: int, code: str
) -> None:
    root = a_folder(
        tmp_path,
        stories=HEAD
        + "series:\n  - {id: w, kinds: [news], items_from: cards.csv, every: friday}\n",
    )
    write(root, "campaigns/cards.csv", table)
    (problem,) = loaded(root).problems
    place = problem.place
    assert (place.file, place.line, place.column) == ("campaigns/cards.csv", line, column)
    assert problem.code == code


def test_a_table_that_is_not_there_is_told_in_the_campaign(tmp_path: Path) -> None:
    text = HEAD + "series:\n  - {id: w, items_from: crads.csv, every: friday}\n"
    (problem,) = loaded(a_folder(tmp_path, stories=text)).problems
    assert (problem.code, problem.place.file) == ("missing-file", "campaigns/stories.yaml")


@pytest.mark.parametrize(
    "name", ["a" * 300 + ".png", "media/loop.png", "media", "~/a.png", "?*.png"]
)
def test_a_picture_of_any_name_is_told_to_be_missing(tmp_path: Path, name: str) -> None:
    image = f"image: {{file: '{name}', decorative: true}}"
    text = f"items:\n  - {{id: a, kind: news, title: A, post: [], {image}}}\n"
    root = a_folder(tmp_path, stories=HEAD + text)
    (root / "campaigns/media/loop.png").symlink_to(root / "campaigns/media/loop.png")
    assert [problem.code for problem in loaded(root).problems] == ["missing-file"]


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.png", DOT)
    text = "items:\n  - {id: a, kind: news, title: A, post: [], image: media/in.png}\n"
    root = a_folder(tmp_path / "inside", stories=HEAD + text)
    (root / "campaigns/media/in.png").symlink_to(outside)
    assert [problem.code for problem in loaded(root).problems] == ["file-outside"]


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("text: {en: A, sl: B}", "unread-language", "add sl to languages:"),
        ("link: www.example.org", "bad-url", "did you mean https://www.example.org?"),
        ("link: {en: example.org/a}", "bad-url", "did you mean https://example.org/a?"),
    ],
)
def test_what_would_go_wrong_in_silence_is_warned_of(
    tmp_path: Path, line: str, code: str, hint: str
) -> None:
    text = f"items:\n  - id: a\n    kind: news\n    title: A\n    post: []\n    {line}\n"
    (problem,) = loaded(a_folder(tmp_path, stories=HEAD + text)).problems
    assert (problem.severity, problem.code, problem.hint) == ("warning", code, hint)


NIGHTS = (date(2027, 5, 15), date(2028, 5, 20))


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("2027-05-15", (KnownDay(anchor="museum_day", first=NIGHTS[0]),)),
        (
            '"2027-05-15..2027-05-16"',
            (KnownDay(anchor="museum_day", first=NIGHTS[0], last=date(2027, 5, 16)),),
        ),
        (
            "[2027-05-15, 2028-05-20..2028-05-20]",
            tuple(KnownDay(anchor="museum_day", first=night) for night in NIGHTS),
        ),
        (
            "2027-05-15, 2028-05-20",
            tuple(KnownDay(anchor="museum_day", first=night) for night in NIGHTS),
        ),
    ],
)
def test_days_of_the_calendar_may_be_one_a_range_or_one_a_year(
    tmp_path: Path, written: str, known: tuple[KnownDay, ...]
) -> None:
    assert campaign_of(tmp_path, f"calendar:\n  museum_day: {written}\n").known_days == known


def test_a_campaigns_own_days_win_by_anchor_and_year_over_those_of_all(tmp_path: Path) -> None:
    own = "calendar: {museum_day: 2027-05-15}\n"
    root = a_folder(tmp_path, stories=HEAD + own)
    shared = "{museum_day: [2027-05-22, 2028-05-20], europe_day: 2027-05-10}"
    write(root, "config/herald.yaml", f"defaults: {{calendar: {shared}}}\n")
    assert loaded(root).campaigns[0].known_days == (
        KnownDay(anchor="museum_day", first=NIGHTS[0]),
        KnownDay(anchor="museum_day", first=NIGHTS[1]),
        KnownDay(anchor="europe_day", first=date(2027, 5, 10)),
    )


def test_an_unknown_day_in_the_defaults_is_told_where_it_stands(tmp_path: Path) -> None:
    root = a_folder(tmp_path, stories=HEAD, other=HEAD.replace("stories", "other"))
    write(root, "config/herald.yaml", "defaults:\n  calendar: {museum_dya: 2027-05-18}\n")
    place = "config/herald.yaml:2:26: defaults.calendar.museum_dya"
    assert [str(problem) for problem in loaded(root).problems] == [
        f'{place}: there is no anchor "museum_dya" (did you mean "museum_day"?)'
    ]
