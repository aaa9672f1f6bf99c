"""What an issue says, in every language."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from herald.mailing.letters.gather import Sources, gather
from herald.model.campaign import Campaign, Kind, MissingTranslation, Newsletter, Section, Status
from herald.model.configuration import Configuration, Project
from herald.model.delivery import Delivery, DeliveryState, History
from herald.model.feed import EntryEvent
from herald.model.ids import CampaignId, EntryId, ItemId, PartnerId, ProjectId
from herald.model.mailing import EditionContent, IssueContent
from herald.model.problem import Place
from herald.model.span import parse_span
from herald.model.words import Words
from tests.mailing.makers import (
    EN,
    FRIENDS,
    IT,
    LONG_AGO,
    SL,
    a_list,
    a_newsletter,
    a_planned_issue,
    an_entry,
    sources,
    written,
)
from tests.makers import NOON, a_campaign, a_delivery, a_partner, an_item

COMING = Section(
    title=Words.of({"en": "Coming up", "it": "Prossimamente"}),
    kinds=(Kind.EVENT,),
    next=parse_span("45d"),
)
PRACTICES = Section(
    title=Words.of({"en": "Good practices"}), kinds=(Kind.GOOD_PRACTICE,), since_last=True
)
PARTNERS = Section(title=Words.of({"en": "Partners"}), partners=("*",), since_last=True, most=3)


def said(content: IssueContent, language: str = "en") -> list[str]:
    """Return the titles of an edition's entries."""
    return [
        entry.title
        for edition in content.editions
        if edition.language == language
        for section in edition.sections
        for entry in section.entries
    ]


def edition(content: IssueContent, language: str = "en") -> EditionContent:
    return next(one for one in content.editions if one.language == language)


def of(newsletter: Newsletter, *campaigns: Campaign, **changes: object) -> Sources:
    own = a_campaign(newsletters=(newsletter,))
    partners = {
        name: a_partner(id=name, tags=tags)
        for name, tags in ((PartnerId("argenta"), ("museums",)), (PartnerId("hop"), ()))
    }
    values = {
        "campaigns": (own, *campaigns),
        "configuration": Configuration(lists={FRIENDS: a_list()}, partners=partners),
    }
    return Sources(**(values | changes))  # type: ignore[arg-type]


def a_practice(**changes: object) -> object:
    return an_item(**({"kind": Kind.GOOD_PRACTICE, "post": ()} | changes))


@pytest.mark.parametrize(
    ("begins", "is_told"),
    [
        pytest.param(datetime(2027, 5, 10, 13, 59), False, id="a minute before the issue"),
        pytest.param(datetime(2027, 5, 10, 14, 0), True, id="at its moment"),
        pytest.param(datetime(2027, 6, 24, 14, 0), True, id="45 days later"),
        pytest.param(datetime(2027, 6, 24, 14, 1), False, id="a minute after that"),
        pytest.param(date(2027, 5, 11), True, id="all day"),
        pytest.param(None, False, id="never"),
    ],
)
def test_events_are_told_that_begin_within_the_span(begins: object, is_told: bool) -> None:
    walk = an_item(kind=Kind.EVENT, title=Words.of({"en": "A walk"}), begins=begins)
    newsletter = a_newsletter(COMING)
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, a_campaign(walk, id=CampaignId("walks"))),
        now=NOON,
        since=None,
    )
    assert (said(found) == ["A walk"]) is is_told


@pytest.mark.parametrize(
    "campaign",
    [
        pytest.param(
            a_campaign(
                an_item(
                    kind=Kind.EVENT, begins=datetime(2027, 5, 12, 9, 0), status=Status.CANCELLED
                ),
                id=CampaignId("x"),
            ),
            id="cancelled",
        ),
        pytest.param(
            a_campaign(
                an_item(kind=Kind.EVENT, begins=datetime(2027, 5, 12, 9, 0)),
                id=CampaignId("x"),
                paused=True,
            ),
            id="paused",
        ),
        pytest.param(
            a_campaign(
                an_item(kind=Kind.NEWS, begins=datetime(2027, 5, 12, 9, 0)), id=CampaignId("x")
            ),
            id="another kind",
        ),
    ],
)
def test_what_does_not_hold_is_not_told(campaign: Campaign) -> None:
    newsletter = a_newsletter(COMING)
    found = gather(newsletter, a_planned_issue(), of(newsletter, campaign), now=NOON, since=None)
    assert not found.editions


def a_sent(hours: int) -> Delivery:
    return a_delivery(state=DeliveryState.SENT, sent_at=NOON - timedelta(hours=hours))


@pytest.mark.parametrize(
    ("history", "since", "is_told"),
    [
        pytest.param((a_sent(2),), NOON - timedelta(hours=5), True, id="posted since"),
        pytest.param((a_sent(9),), NOON - timedelta(hours=5), False, id="posted before"),
        pytest.param((a_sent(9), a_sent(2)), NOON - timedelta(hours=5), False, id="first before"),
        pytest.param((a_sent(9),), None, True, id="the first issue tells everything"),
        pytest.param((a_delivery(),), LONG_AGO, False, id="yet to be posted"),
        pytest.param((), LONG_AGO, False, id="not planned yet"),
    ],
)
def test_since_last_tells_what_was_first_posted_since(
    history: tuple[Delivery, ...], since: datetime | None, is_told: bool
) -> None:
    newsletter = a_newsletter(PRACTICES)
    campaign = a_campaign(an_item(kind=Kind.GOOD_PRACTICE), newsletters=(newsletter,))
    everything = Sources(
        campaigns=(campaign,),
        configuration=Configuration(lists={FRIENDS: a_list()}),
        history=History(deliveries=history),
    )
    found = gather(newsletter, a_planned_issue(), everything, now=NOON, since=since)
    assert bool(found.editions) is is_told


def test_what_no_channel_posts_is_told_once() -> None:
    newsletter = a_newsletter(PRACTICES)
    everything = sources(
        newsletter, campaigns=(a_campaign(a_practice(), newsletters=(newsletter,)),)
    )
    first = gather(newsletter, a_planned_issue(), everything, now=NOON, since=LONG_AGO)
    assert first.told == ("item:stories/salt-house",)
    again = gather(
        newsletter,
        a_planned_issue(),
        everything,
        now=NOON,
        since=LONG_AGO,
        told=frozenset(first.told),
    )
    assert not again.editions


def test_partners_take_turns_up_to_the_most() -> None:
    newsletter = a_newsletter(PARTNERS)
    many = [
        an_entry(
            id=EntryId(f"a{number}"),
            title=f"Argenta {number}",
            first_seen_at=NOON - timedelta(minutes=number),
        )
        for number in range(1, 9)
    ]
    one = an_entry(
        id=EntryId("h"),
        title="Hop",
        partners=(PartnerId("hop"),),
        first_seen_at=NOON - timedelta(hours=9),
    )
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, entries=(*many, one)),
        now=NOON,
        since=NOON - timedelta(days=1),
    )
    assert said(found, "it") == ["Argenta 1", "Hop", "Argenta 2"]
    assert said(found, "en") == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seeded": True}, id="there on the first poll"),
        pytest.param({"withdrawn": True}, id="withdrawn"),
        pytest.param({"first_seen_at": NOON - timedelta(days=2)}, id="older than the last issue"),
        pytest.param({"first_seen_at": NOON + timedelta(seconds=1)}, id="after the gathering"),
        pytest.param({"partners": (PartnerId("stranger"),)}, id="no partner of ours"),
        pytest.param({"title": "", "summary": ""}, id="says nothing"),
        pytest.param({"id": EntryId("told")}, id="told before"),
    ],
)
def test_an_entry_that_is_no_news_is_not_told(changes: dict[str, object]) -> None:
    newsletter = a_newsletter(PARTNERS)
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, entries=(an_entry(**changes),)),
        now=NOON,
        since=NOON - timedelta(days=1),
        told=frozenset({"entry:told"}),
    )
    assert not found.editions


def test_a_partners_link_that_is_no_web_address_is_dropped() -> None:
    newsletter = a_newsletter(PARTNERS)
    hostile = an_entry(link="javascript:alert(1)", title="<script>x</script>")
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, entries=(hostile,)),
        now=NOON,
        since=None,
    )
    (entry,) = edition(found, "it").sections[0].entries
    assert (entry.link, entry.title) == ("", "<script>x</script>")


def test_partners_events_are_told_by_their_beginning() -> None:
    section = Section(title=Words.of({"it": "Eventi"}), partners=("*",), next=parse_span("45d"))
    newsletter = a_newsletter(section)
    events = tuple(
        an_entry(
            id=EntryId(f"e{days}"),
            title=f"In {days} giorni",
            event=EntryEvent(begins_at=NOON + timedelta(days=days), zone="Europe/Rome"),
            seeded=True,
        )
        for days in (9, 2, -1, 60)
    )
    found = gather(
        newsletter, a_planned_issue(), of(newsletter, entries=events), now=NOON, since=None
    )
    assert said(found, "it") == ["In 2 giorni", "In 9 giorni"]
    assert edition(found, "it").sections[0].entries[0].when == "mercoledì 12 maggio 2027, 14:00"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (MissingTranslation.LEAD, ["The salt house"]),
        (MissingTranslation.SKIP, []),
    ],
)
def test_a_missing_translation_does_what_the_newsletter_says(
    missing: MissingTranslation, expected: list[str]
) -> None:
    newsletter = a_newsletter(PRACTICES, missing_translation=missing)
    item = a_practice(title=Words.of({"en": "The salt house"}), text=Words.of({"en": "Salt."}))
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, a_campaign(item, id=CampaignId("x"))),
        now=NOON,
        since=None,
    )
    assert said(found, "it") == expected
    assert all(
        entry.language == EN
        for one in found.editions
        for section in one.sections
        for entry in section.entries
    )


def test_a_translation_can_be_waited_for() -> None:
    newsletter = a_newsletter(PRACTICES, missing_translation=MissingTranslation.HOLD)
    item = a_practice(title=Words.of({"en": "The salt house"}))
    found = gather(
        newsletter,
        a_planned_issue(languages=(EN, IT, SL)),
        of(newsletter, a_campaign(item, id=CampaignId("x"))),
        now=NOON,
        since=None,
    )
    assert found.missing == ("item salt-house is not translated into it, sl",)


def test_a_hand_written_part_that_is_missing_is_named_with_its_file() -> None:
    section = Section(title=Words.of({"en": "Editorial"}), write="editorial", due=parse_span("5d"))
    newsletter = a_newsletter(section)
    found = gather(newsletter, a_planned_issue(), sources(newsletter), now=NOON, since=None)
    assert found.missing == (
        "editorial is not written yet (newsletters/monthly/2027-05.yaml, due on 2027-05-05)",
    )


def test_the_days_own_file_comes_before_the_months() -> None:
    newsletter = a_newsletter(
        Section(title=Words.of({"en": "Editorial"}), write="editorial"),
        written=(
            ("2027-05", (("editorial", Words.of({"en": "The month."})),)),
            ("2027-05-10", (("editorial", Words.of({"en": "The day.\n\nTwo."})),)),
        ),
    )
    found = gather(newsletter, a_planned_issue(), sources(newsletter), now=NOON, since=None)
    assert edition(found).sections[0].paragraphs == ("The day.", "Two.")


def test_the_subject_names_month_and_year_in_its_language() -> None:
    newsletter = written(it="Cari amici")
    found = gather(newsletter, a_planned_issue(), sources(newsletter), now=NOON, since=None)
    assert edition(found, "en").subject == "Ecomuseums in May 2027"
    assert edition(found, "it").subject == "Ecomusei a maggio"


def test_nothing_to_say_is_no_edition() -> None:
    newsletter = a_newsletter(PRACTICES, PARTNERS, COMING)
    found = gather(newsletter, a_planned_issue(), of(newsletter), now=NOON, since=None)
    assert found.editions == ()
    assert not found.editions


def test_the_projects_statement_stands_in_every_edition() -> None:
    newsletter = written(it="Cari amici")
    project = Project(
        id=ProjectId("eco"),
        name="Eco",
        statement=Words.of({"en": "Paid by them.", "it": "Pagato da loro."}),
        disclaimer=Words.of({"en": "They say nothing.", "it": "Non dicono nulla."}),
        place=Place(file="config/projects.yaml"),
    )
    everything = sources(
        newsletter,
        campaigns=(a_campaign(newsletters=(newsletter,), project=ProjectId("eco")),),
        configuration=Configuration(
            lists={FRIENDS: a_list()}, projects={ProjectId("eco"): project}
        ),
    )
    found = gather(newsletter, a_planned_issue(), everything, now=NOON, since=None)
    assert [text for text, _ in edition(found, "it").statements] == [
        "Pagato da loro.",
        "Non dicono nulla.",
    ]


def test_an_item_stands_in_one_section_only() -> None:
    again = Section(title=Words.of({"en": "Again"}), kinds=(Kind.EVENT,))
    newsletter = a_newsletter(COMING, again)
    walk = an_item(
        id=ItemId("w"),
        kind=Kind.EVENT,
        title=Words.of({"en": "A walk"}),
        begins=datetime(2027, 5, 12, 9, 0),
    )
    found = gather(
        newsletter,
        a_planned_issue(),
        of(newsletter, a_campaign(walk, id=CampaignId("x"))),
        now=NOON,
        since=None,
    )
    assert said(found) == ["A walk"]


@pytest.mark.parametrize(
    ("subject", "english", "italian"),
    [
        pytest.param({"en": "May"}, "May", "May", id="in one language: it stands in"),
        pytest.param({"it": "Maggio"}, "Maggio", "Maggio", id="in another than the first"),
        pytest.param({"en": "May", "it": " \u200b "}, "May", "monthly", id="blank"),
        pytest.param({}, "monthly", "monthly", id="none: the newsletter's name"),
    ],
)
def test_no_edition_is_without_a_subject(
    subject: dict[str, str], english: str, italian: str
) -> None:
    newsletter = replace(written("Hello.", it="Ciao."), subject=Words.of(subject))
    found = gather(newsletter, a_planned_issue(), sources(newsletter), now=NOON, since=None)

    assert (edition(found, "en").subject, edition(found, "it").subject) == (english, italian)
