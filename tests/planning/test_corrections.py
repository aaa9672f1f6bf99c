"""What was sent and is no longer true, and what becomes of what waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from herald.model.campaign import Amplify, Approve, Before, Campaign, Status
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import CampaignId, EntryId, FeedId, Language, PartnerId
from herald.model.plan import Plan, Step
from herald.model.span import parse_span
from herald.outbox.reconcile import reconcile
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_partner, an_occasion
from tests.planning.plans import (
    MORNING,
    a_configuration,
    an_english_item,
    as_delivered,
    plan_campaigns,
    texts,
)

DAY = timedelta(days=1)
BEGINS = datetime(2027, 5, 20, 16, 0, tzinfo=UTC)
FEAST = EntryEvent(
    begins_at=BEGINS, finishes_at=BEGINS + DAY / 12, zone="Europe/Rome", place="Argenta"
)
THREE_DAYS, ONE_DAY = (an_occasion(Before(span=parse_span(span))) for span in ("3d", "1d"))
ARGENTA, BEVERA, CERVIA = (PartnerId(name) for name in ("argenta", "bevera", "cervia"))
SENT_AT = BEGINS - 3 * DAY
LATER = SENT_AT + DAY / 2


def an_entry(event: EntryEvent | None = FEAST, **changes: Any) -> Entry:
    content: dict[str, Any] = {
        "title": "Festa del riso",
        "summary": "In piazza.",
        "link": "https://example.org/festa",
        "event": event,
    }
    content |= {name: changes.pop(name) for name in tuple(changes) if name in content}
    values: dict[str, Any] = {
        "id": EntryId("festa"),
        "feed": FeedId("argenta"),
        "partners": (ARGENTA,),
        "language": Language("it"),
        "content": ParsedEntry(**content),
        "fingerprint": "f",
        "first_seen_at": MORNING - DAY,
    }
    return Entry(**(values | changes))


def a_voice(*post: Any) -> Campaign:
    rule = Amplify(partners=("*",), approve=Approve.AUTO, place=SOMEWHERE, post=post)
    return a_campaign(id=CampaignId("voices"), amplify=(rule,))


def planned(
    entry: Entry, *post: Any, past: list[Delivery] | None = None, now: datetime = MORNING
) -> Plan:
    names = {one: a_partner(id=one) for one in (ARGENTA, BEVERA, CERVIA)}
    return plan_campaigns(
        a_voice(*(post or (THREE_DAYS,))),
        entries=(entry,),
        configuration=a_configuration(a_channel(), partners=names),
        past=past or [],
        now=now,
    )


def sent(entry: Entry | None = None, **changes: Any) -> list[Delivery]:
    """Make the history in which the reminder of *entry* went out, three days before."""
    return as_delivered(planned(entry or an_entry()), **{"sent_at": SENT_AT} | changes)


def told(entry: Entry, *, now: datetime = LATER, **changes: Any) -> list[tuple[str, str]]:
    plan = planned(entry, past=sent(**changes), now=now)
    return [(one.why, one.note.partition("; ")[2]) for one in plan.corrections]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (an_entry(replace(FEAST, status="cancelled")), ("cancelled", "its event was cancelled")),
        (an_entry(replace(FEAST, status="postponed")), ("postponed", "its event was postponed")),
        (
            an_entry(replace(FEAST, begins_at=BEGINS + DAY, finishes_at=None)),
            (
                "moved",
                "its event was to begin on 2027-05-20 18:00, and now begins on 2027-05-21 18:00",
            ),
        ),
        (
            an_entry(replace(FEAST, place="Comacchio")),
            ("moved", "its event was to be at “Argenta”, and now is at “Comacchio”"),
        ),
        (
            an_entry(title="Festa delle rane"),
            ("edited", "its title was “Festa del riso”, and now is “Festa delle rane”"),
        ),
        (
            an_entry(link="https://example.org/rane"),
            (
                "edited",
                "its link was https://example.org/festa, and now is https://example.org/rane",
            ),
        ),
    ],
    ids=["cancelled", "postponed", "another day", "another place", "title", "link"],
)
def test_what_was_sent_and_is_not_true_any_more_is_told(
    entry: Entry, expected: tuple[str, str]
) -> None:
    assert told(entry) == [expected]


@pytest.mark.parametrize(
    "entry",
    [
        an_entry(),
        an_entry(None),
        an_entry(replace(FEAST, place="")),
        an_entry(replace(FEAST, place="ARGENTA ", sequence=3)),
        an_entry(summary="In piazza, alle sei."),
        an_entry(title="FESTA del  riso"),
        an_entry(link="http://example.org/festa/?utm_source=x"),
    ],
    ids=["nothing", "no event", "no place", "spelling", "text", "title's spelling", "same page"],
)
def test_what_is_still_true_is_no_correction(entry: Entry) -> None:
    assert told(entry) == []


def test_an_event_that_is_over_needs_no_correction() -> None:
    entry = an_entry(replace(FEAST, status="cancelled"))
    assert told(entry, now=BEGINS + DAY) == []


def test_an_event_that_was_moved_into_the_past_is_corrected_until_its_first_date() -> None:
    entry = an_entry(replace(FEAST, begins_at=BEGINS - 9 * DAY, finishes_at=None))
    assert [why for why, _ in told(entry)] == ["moved"]
    assert told(entry, now=BEGINS + DAY) == []


def test_an_old_posts_title_is_left_alone() -> None:
    assert told(an_entry(title="Festa delle rane"), sent_at=LATER - 8 * DAY) == []


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.FAILED])
def test_what_did_not_go_out_needs_no_correction(state: DeliveryState) -> None:
    assert told(an_entry(replace(FEAST, status="cancelled")), state=state) == []


def test_of_what_an_older_version_sent_a_cancellation_is_told() -> None:
    past = [
        replace(one, payload=replace(one.payload, facts=""), frozen=replace(one.payload, facts=""))
        for one in sent()
    ]
    for event, expected in (
        (replace(FEAST, status="cancelled"), ["cancelled"]),
        (replace(FEAST, begins_at=BEGINS + DAY), []),
    ):
        plan = planned(an_entry(event), past=past, now=LATER)
        assert [one.why for one in plan.corrections] == expected


def test_what_announced_a_cancelled_item_is_told_too() -> None:
    item = an_english_item(begins=datetime(2027, 5, 20, 18, 0), post=(THREE_DAYS,))
    past = as_delivered(plan_campaigns(a_campaign(item)), sent_at=SENT_AT)
    off = a_campaign(replace(item, status=Status.CANCELLED))
    (one,) = plan_campaigns(off, past=past, now=LATER).corrections
    assert (one.key, one.why) == (past[0].key, "cancelled")
    assert plan_campaigns(off, past=past, now=BEGINS + 2 * DAY).corrections == ()


def test_a_cancelled_event_says_where_it_can_still_be_read() -> None:
    plan = planned(an_entry(replace(FEAST, status="cancelled")), past=sent(), now=LATER)
    (skipped,) = plan.skipped
    assert "1 on fedi (herald outbox list --state sent --item festa)" in skipped.reason


def steps(plan: Plan, past: list[Delivery], now: datetime) -> dict[str, Step]:
    return {
        step.planned.occasion if step.planned else "gone": step
        for step in reconcile(plan, past, now=now).steps
    }


def both(entry: Entry, *, past: list[Delivery], now: datetime) -> dict[str, Step]:
    return steps(planned(entry, THREE_DAYS, ONE_DAY, past=past, now=now), past, now)


def reminded() -> list[Delivery]:
    """Make the history in which the first of two reminders went out and the second waits."""
    first, second = as_delivered(
        planned(an_entry(), THREE_DAYS, ONE_DAY), state=DeliveryState.PENDING
    )
    return [replace(first, state=DeliveryState.SENT, sent_at=first.due_at), second]


def test_a_reminder_of_a_moved_event_is_held_where_one_was_sent() -> None:
    moved = an_entry(replace(FEAST, begins_at=BEGINS + 9 * DAY, finishes_at=None))
    step = both(moved, past=reminded(), now=LATER)["before-1d"]
    assert (step.state, step.reason) == (DeliveryState.HELD, Reason.MOVED)
    assert "release to post again" in step.note


def test_a_reminder_goes_out_where_nothing_moved() -> None:
    step = both(an_entry(), past=reminded(), now=LATER)["before-1d"]
    assert (step.state, step.reason) == (DeliveryState.PENDING, None)


def test_what_waits_follows_an_event_there_and_back() -> None:
    past = as_delivered(planned(an_entry()), state=DeliveryState.PENDING)
    for shift in (9, -2, 0):
        event = replace(FEAST, begins_at=BEGINS + shift * DAY, finishes_at=None)
        step = steps(planned(an_entry(event), past=past), past, MORNING)["before-3d"]
        assert step.state is DeliveryState.PENDING
        assert step.after is not None or shift == 0
        past = [step.after or past[0]]
        assert past[0].occasion_local.day == 17 + shift


def test_a_cancelled_event_withdraws_and_a_reinstated_one_comes_back() -> None:
    past = as_delivered(planned(an_entry()), state=DeliveryState.PENDING)
    off = an_entry(replace(FEAST, status="cancelled"), withdrawn=True)
    (step,) = reconcile(planned(off, past=past), past, now=MORNING).steps
    assert step.state is DeliveryState.WITHDRAWN
    assert step.after is not None
    gone = [step.after]
    again = steps(planned(an_entry(), past=gone), gone, MORNING)["before-3d"]
    assert again.state is DeliveryState.PENDING


def test_why_an_entry_is_held_stands_in_its_note_and_stays_there() -> None:
    entry = an_entry(None, review="perhaps not new: it has the same address")
    (step,) = reconcile(planned(entry), (), now=MORNING).steps
    assert (step.state, step.reason) == (DeliveryState.HELD, Reason.APPROVAL)
    assert step.note == "perhaps not new: it has the same address"
    assert step.after is not None
    past = [step.after]
    (again,) = reconcile(planned(entry, past=past), past, now=MORNING).steps
    assert (again.change, again.note) == ("unchanged", step.note)
    approved = [replace(past[0], approved=past[0].content_hash)]
    (free,) = reconcile(planned(entry, past=approved), approved, now=MORNING).steps
    assert (free.state, free.note) == (DeliveryState.PENDING, "")


def test_news_of_three_partners_names_all_three() -> None:
    names = {
        one: a_partner(id=one, name=type(a_partner().name).in_every_language(one.title()))
        for one in (ARGENTA, BEVERA, CERVIA)
    }
    plan = plan_campaigns(
        a_voice(),
        entries=(an_entry(None, partners=(BEVERA, PartnerId("stranger"), ARGENTA, CERVIA)),),
        configuration=a_configuration(a_channel(), partners=names),
    )
    assert texts(plan) == ["Festa del riso — Bevera, Argenta e Cervia\nhttps://example.org/festa"]
    assert [one.partner for one in plan.deliveries] == [BEVERA]


def test_nothing_that_a_partner_writes_calls_or_leads_anybody_elsewhere() -> None:
    entry = an_entry(None, title="@everyone {link} https://evil.example/x #a #b #c #d")
    (text,) = texts(planned(entry))
    assert text.splitlines()[0] == (
        "@\u2060everyone {link} evil\u2060.example/x #a #b #c #\u2060d — Ecomuseo di Argenta"
    )


def test_a_link_that_is_no_page_is_not_posted() -> None:
    (delivery,) = planned(an_entry(None, link="javascript:alert(1)")).deliveries
    assert delivery.payload.link == ""
    assert "javascript" not in delivery.payload.text
