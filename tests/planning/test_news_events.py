"""News that was passed on as it came, and of which a calendar then told that it is an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.model.campaign import Amplify, Approve, Before
from herald.model.correction import Untrue
from herald.model.delivery import Delivery, DeliveryState
from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.plan import Plan
from herald.model.span import parse_span
from herald.outbox.reconcile import reconcile
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_partner, an_occasion
from tests.planning.plans import MORNING, a_configuration, as_delivered, plan_campaigns

HOUR = timedelta(hours=1)
ARGENTA = PartnerId("argenta")
NEWS = Entry(
    id=EntryId("festa"),
    feed=FeedId("news"),
    partners=(ARGENTA,),
    language=Language("it"),
    content=ParsedEntry(title="Festa del sale", link="https://example.org/festa"),
    fingerprint="f",
    first_seen_at=MORNING - timedelta(minutes=1),
)
FESTA = EntryEvent(
    begins_at=datetime(2027, 5, 20, 16, 0, tzinfo=UTC), zone="Europe/Rome", by=FeedId("calendar")
)
REMINDERS = tuple(an_occasion(Before(span=parse_span(span))) for span in ("7d", "1d"))


def told(event: EntryEvent = FESTA) -> Entry:
    """Make the entry with what the calendar tells of it."""
    content = replace(NEWS.content, event=event)
    return replace(NEWS, content=content, withdrawn=event.status == "cancelled")


def planned(
    entry: Entry, *past: Delivery, post: Any = REMINDERS, now: datetime = MORNING + HOUR
) -> Plan:
    rule = Amplify(partners=("*",), approve=Approve.AUTO, place=SOMEWHERE, post=post)
    return plan_campaigns(
        a_campaign(amplify=(rule,)),
        entries=(entry,),
        configuration=a_configuration(a_channel(), partners={ARGENTA: a_partner()}),
        past=past,
        now=now,
        ahead=timedelta(days=30),
    )


def enqueued(state: DeliveryState, *, post: Any = REMINDERS) -> Delivery:
    """Make the delivery of the news before anybody knew of the event."""
    (delivery,) = as_delivered(planned(NEWS, post=post, now=MORNING), partner=ARGENTA)
    return replace(delivery, state=state)


def states(plan: Plan, *past: Delivery) -> dict[str, str]:
    """Return in what state each occasion stands after *plan* met the outbox."""
    after = {row.occasion: row.state for row in past}
    for step in reconcile(plan, past, now=MORNING + HOUR).steps:
        if step.after is not None:
            after[step.after.occasion] = step.after.state
    return dict(sorted(after.items()))


def test_news_that_was_posted_gets_its_reminders_all_the_same() -> None:
    sent = enqueued(DeliveryState.SENT)
    found = states(planned(told(), sent), sent)
    assert found == {"before-1d": "pending", "before-7d": "pending", "new": "sent"}


def test_news_that_still_waits_is_announced_by_its_reminders_instead() -> None:
    waits = enqueued(DeliveryState.PENDING)
    found = states(planned(told(), waits), waits)
    assert found == {"before-1d": "pending", "before-7d": "pending", "new": "withdrawn"}


def test_without_reminders_it_is_not_posted_again() -> None:
    sent = enqueued(DeliveryState.SENT, post=())
    plan = planned(told(), sent, post=())
    assert [(one.occasion, one.due_at) for one in plan.deliveries] == [("new", sent.due_at)]
    assert states(plan, sent) == {"new": "sent"}


def test_an_event_of_a_first_poll_that_the_calendar_tells_is_announced_too() -> None:
    plan = planned(replace(told(), seeded=True))
    assert [one.occasion for one in plan.deliveries] == ["before-7d", "before-1d"]


def test_what_the_calendar_calls_off_is_reminded_of_no_more_and_the_news_is_named() -> None:
    sent = enqueued(DeliveryState.SENT)
    waits = as_delivered(planned(told(), sent), state=DeliveryState.PENDING, partner=ARGENTA)
    plan = planned(told(replace(FESTA, status="cancelled")), sent, *waits)
    found = states(plan, sent, *waits)
    assert found == {"before-1d": "withdrawn", "before-7d": "withdrawn", "new": "sent"}
    assert [(one.key, one.why) for one in plan.corrections] == [(sent.key, Untrue.CANCELLED)]


def test_what_the_calendar_moves_moves_the_reminders() -> None:
    sent = enqueued(DeliveryState.SENT)
    waits = as_delivered(planned(told(), sent), state=DeliveryState.PENDING, partner=ARGENTA)
    week = timedelta(days=7)
    moved = planned(told(replace(FESTA, begins_at=FESTA.begins_at + week)), sent, *waits)
    assert [one.due_at for one in moved.deliveries] == [one.due_at + week for one in waits]
