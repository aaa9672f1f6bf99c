"""Which partner entries are passed on, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import (
    After,
    Amplify,
    Approve,
    Before,
    Campaign,
    CatchUp,
    Match,
    Quota,
    Window,
)
from herald.model.configuration import Configuration, QuietHours
from herald.model.delivery import Delivery, DeliveryState, History, Reason
from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import (
    CampaignId,
    ChannelId,
    EntryId,
    FeedId,
    Language,
    PartnerId,
    amplify_key,
)
from herald.model.span import Span
from herald.planning.amplify import Chosen, choose
from tests.makers import NOON, SOMEWHERE, a_campaign, a_delivery, a_partner, an_occasion

DAY = timedelta(days=1)
LAST = NOON + 60 * DAY
FOR_EVER = Quota(count=1000, period=DAY)


def an_entry(number: int = 1, partner: str = "argenta", **changes: Any) -> Entry:
    content = {
        "guid": f"{partner}-{number}",
        "title": f"Story {number} of {partner}",
        "summary": "Neighbours restored it.",
        "link": f"https://example.org/{partner}/{number}",
        "published_at": NOON - timedelta(hours=1),
    }
    for name in tuple(changes):
        if name in ParsedEntry.__dataclass_fields__ and name != "language":
            content[name] = changes.pop(name)
    values: dict[str, Any] = {
        "id": EntryId(f"{partner}-{number:03}"),
        "feed": FeedId(partner),
        "partners": (PartnerId(partner),),
        "language": Language("it"),
        "content": ParsedEntry(**content),
        "fingerprint": "f",
        "first_seen_at": NOON - timedelta(minutes=1),
    }
    return Entry(**(values | changes))


def a_rule(**changes: Any) -> Amplify:
    values: dict[str, Any] = {
        "partners": ("*",),
        "limit_partner": FOR_EVER,
        "approve": Approve.AUTO,
        "place": SOMEWHERE,
    }
    return Amplify(**(values | changes))


def a_voice(*rules: Amplify, **changes: Any) -> Campaign:
    values = {"id": CampaignId("voices"), "amplify": rules or (a_rule(),)}
    return a_campaign(**(values | changes))


def partners(*names: str, **changes: Any) -> Configuration:
    return Configuration(
        partners={PartnerId(name): a_partner(id=PartnerId(name)) for name in names}, **changes
    )


def planned(
    *entries: Entry,
    campaigns: tuple[Campaign, ...] = (),
    configuration: Configuration | None = None,
    history: tuple[Delivery, ...] = (),
    now: datetime = NOON,
    last: datetime = LAST,
) -> tuple[Chosen, ...]:
    return choose(
        campaigns or (a_voice(),),
        entries,
        configuration or partners("argenta", "bevera", "cervia"),
        History(deliveries=history),
        now=now,
        last=last,
    )[0]


def enqueued(chosen: Chosen, *, channel: str = "fedi", **changes: Any) -> Delivery:
    """Make the delivery that stands in the outbox after *chosen* was planned."""
    return replace(
        a_delivery(
            campaign=chosen.campaign.id,
            item=chosen.entry.id,
            occasion=chosen.occasion,
            channel=ChannelId(channel),
            language=chosen.entry.language,
            due_at=chosen.due_at,
        ),
        key=amplify_key(
            chosen.entry.id, chosen.occasion, ChannelId(channel), chosen.entry.language
        ),
        entry=chosen.entry.id,
        partner=chosen.entry.partners[0],
        occasion_local=chosen.occasion_local,
        zone=chosen.zone,
        not_after_at=chosen.not_after_at,
        **changes,
    )


def ids(chosen: tuple[Chosen, ...]) -> list[str]:
    return [one.entry.id for one in chosen]


def test_a_new_entry_goes_out_as_it_comes() -> None:
    (one,) = planned(an_entry())
    assert one.occasion == "new"
    assert one.due_at == NOON
    assert one.not_after_at == NOON + timedelta(hours=6)
    assert one.occasion_local == datetime(2027, 5, 10, 14, 0)
    assert one.zone == "Europe/Rome"
    assert one.own is None
    assert not one.moves


@pytest.mark.parametrize(
    "entry",
    [
        an_entry(seeded=True),
        an_entry(withdrawn=True),
        an_entry(published_at=NOON - 8 * DAY),
        an_entry(published_at=None, first_seen_at=NOON - 8 * DAY),
        an_entry(partners=(PartnerId("stranger"),)),
        an_entry(partners=()),
    ],
    ids=["seeded", "withdrawn", "old", "seen long ago", "unknown partner", "nobody's"],
)
def test_what_is_no_news_is_not_passed_on(entry: Entry) -> None:
    assert planned(entry) == ()


def test_what_is_dated_far_ahead_waits_for_its_date() -> None:
    (one,) = planned(an_entry(published_at=NOON + 2 * DAY))
    assert one.due_at == NOON + 2 * DAY


def test_a_clock_that_runs_fast_delays_nothing() -> None:
    (one,) = planned(an_entry(published_at=NOON + timedelta(hours=20)))
    assert one.due_at == NOON


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("*",), ["argenta-001", "bevera-001"]),
        (("bevera",), ["bevera-001"]),
        (("tag:museums",), ["argenta-001"]),
        (("tag:museums", "bevera"), ["argenta-001", "bevera-001"]),
        (("museums",), []),
    ],
    ids=["everybody", "by id", "by tag", "either", "a tag needs its prefix"],
)
def test_a_rule_names_its_partners(names: tuple[str, ...], expected: list[str]) -> None:
    configuration = Configuration(
        partners={
            PartnerId("argenta"): a_partner(id=PartnerId("argenta"), tags=("museums",)),
            PartnerId("bevera"): a_partner(id=PartnerId("bevera")),
        }
    )
    found = planned(
        an_entry(),
        an_entry(partner="bevera"),
        campaigns=(a_voice(a_rule(partners=names)),),
        configuration=configuration,
    )
    assert sorted(ids(found)) == expected


@pytest.mark.parametrize(
    ("match", "content", "expected"),
    [
        (Match(words=("Festival",)), {"title": "Il FESTIVAL del sale"}, True),
        (Match(words=("festival",)), {"title": "Festivals are many"}, False),
        (Match(words=("mostra",)), {"summary": "Una mostra, finalmente."}, True),
        (Match(words=("posto di lavoro",)), {"title": "Un posto  di\nlavoro"}, True),
        (Match(words=("ΈΚΘΕΣΗ",)), {"title": "Νέα έκθεση στο μουσείο"}, True),
        (Match(words=("żywy",)), {"title": "Żywy skansen"}, True),
        (Match(words=("معرض",)), {"title": "افتتاح معرض جديد"}, True),
        (Match(words=("معرض",)), {"title": "المعرض"}, False),
        (Match(words=("straße",)), {"title": "DIE STRASSE"}, True),
        (Match(words=("節",)), {"title": "塩の祭節です"}, True),
        (Match(words=("c++",)), {"title": "A c++ course"}, True),
        (Match(words=("",)), {"title": "anything"}, False),
        (Match(categories=("Eventi",)), {"categories": ("eventi", "sale")}, True),
        (Match(categories=("event",)), {"categories": ("eventi",)}, False),
        (Match(languages=(Language("it"),)), {}, True),
        (Match(languages=(Language("en"),)), {}, False),
        (Match(words=("sale",), languages=(Language("en"),)), {"title": "sale"}, False),
    ],
)
def test_words_categories_and_languages_select(
    match: Match, content: dict[str, Any], expected: bool
) -> None:
    found = planned(an_entry(**content), campaigns=(a_voice(a_rule(match=match)),))
    assert bool(found) is expected


@pytest.mark.parametrize(
    "exclude",
    [
        Match(words=("vacancy",)),
        Match(categories=("Jobs",)),
        Match(languages=(Language("it"),)),
        Match(words=("vacancy",), categories=("other",)),
    ],
    ids=["word", "category", "language", "one of several is enough"],
)
def test_excluding_wins_over_matching(exclude: Match) -> None:
    entry = an_entry(title="A vacancy at the festival", categories=("jobs",))
    rule = a_rule(match=Match(words=("festival",)), exclude=exclude)
    assert planned(entry, campaigns=(a_voice(rule),)) == ()


def test_an_entry_of_two_campaigns_goes_out_by_the_first_name() -> None:
    later, first = a_voice(id=CampaignId("b")), a_voice(id=CampaignId("a"))
    (one,) = planned(an_entry(), campaigns=(later, first))
    assert one.campaign.id == "a"


def test_partners_take_turns_and_the_oldest_goes_first() -> None:
    many = [
        an_entry(number, partner, published_at=NOON - timedelta(hours=10 - number))
        for partner in ("argenta", "bevera", "cervia")
        for number in (2, 1, 3)
    ]
    rule = a_rule(limit_total=Quota(count=4, period=DAY))
    found = planned(*many, campaigns=(a_voice(rule),))
    today = [one for one in found if one.due_at <= NOON]
    assert ids(tuple(today)) == ["argenta-001", "bevera-001", "cervia-001", "argenta-002"]
    assert ids(found)[4:] == [
        *("bevera-002", "cervia-002", "argenta-003", "bevera-003"),
        "cervia-003",
    ]


def test_entries_due_together_follow_each_other_and_none_waits() -> None:
    found = planned(*(an_entry(number) for number in range(5)))
    moments = [one.due_at for one in found]
    assert moments == sorted(set(moments))
    assert moments[-1] == NOON
    assert NOON - moments[0] < timedelta(minutes=1)


def test_who_was_passed_on_longest_ago_begins() -> None:
    (before,) = planned(an_entry(9), now=NOON - DAY)
    sent = enqueued(before, state=DeliveryState.SENT)
    rule = a_rule(limit_total=Quota(count=1, period=DAY))
    found = planned(an_entry(1), an_entry(1, "bevera"), campaigns=(a_voice(rule),), history=(sent,))
    assert ids(found)[0] == "bevera-001"


def test_what_is_over_a_partners_limit_waits_for_tomorrow() -> None:
    rule = a_rule(limit_partner=Quota(count=2, period=DAY))
    found = planned(*(an_entry(number) for number in range(5)), campaigns=(a_voice(rule),))
    days = Counter(one.due_at.date() for one in found)
    assert list(days.values()) == [2, 2, 1]
    # At ten in the morning in Rome, as nothing else says when posting is welcome.
    assert found[2].due_at == datetime(2027, 5, 11, 8, 0, tzinfo=UTC)


def test_a_weekly_limit_counts_weeks_from_monday() -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=7 * DAY), fresh=30 * DAY)
    first, second = planned(an_entry(1), an_entry(2), campaigns=(a_voice(rule),))
    assert first.due_at <= NOON
    assert second.due_at == datetime(2027, 5, 17, 8, 0, tzinfo=UTC)


def test_limits_count_what_went_out_and_what_waits() -> None:
    rule = a_rule(limit_partner=Quota(count=2, period=DAY))
    voice = (a_voice(rule),)
    sent, waiting = planned(an_entry(1), an_entry(2), campaigns=voice)
    history = (
        enqueued(sent, state=DeliveryState.SENT),
        enqueued(sent, channel="other", state=DeliveryState.SENT),
        enqueued(waiting),
    )
    found = planned(an_entry(1), an_entry(2), an_entry(3), campaigns=voice, history=history)
    late = next(one for one in found if one.entry.id == "argenta-003")
    assert late.due_at > NOON


def test_what_left_the_feed_still_counts_against_the_limit() -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=DAY))
    (sent,) = planned(an_entry(1), campaigns=(a_voice(rule),))
    history = (enqueued(sent, state=DeliveryState.SENT),)
    (found,) = planned(an_entry(2), campaigns=(a_voice(rule),), history=history)
    assert found.due_at > NOON


@pytest.mark.parametrize(
    "state", [DeliveryState.WITHDRAWN, DeliveryState.FAILED, DeliveryState.EXPIRED]
)
def test_what_never_went_out_takes_no_room(state: DeliveryState) -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=DAY))
    (gone,) = planned(an_entry(1), campaigns=(a_voice(rule),))
    history = (enqueued(gone, state=state, reason=Reason.PERSON),)
    (found,) = planned(an_entry(2), campaigns=(a_voice(rule),), history=history)
    assert found.due_at <= NOON


def test_what_finds_no_room_while_it_is_fresh_is_told() -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=DAY), fresh=2 * DAY)
    entries = [an_entry(number) for number in range(4)]
    chosen, skipped = choose(
        (a_voice(rule),), entries, partners("argenta"), History(), now=NOON, last=LAST
    )
    assert len(chosen) == 3
    (told,) = skipped
    assert told.item == "argenta-003"
    assert "no room" in told.reason


def test_without_a_limit_a_backlog_is_spread_over_days() -> None:
    rule = a_rule(limit_partner=None)
    found = planned(*(an_entry(number) for number in range(7)), campaigns=(a_voice(rule),))
    assert list(Counter(one.due_at.date() for one in found).values()) == [3, 3, 1]


def test_an_archive_gets_no_moments() -> None:
    entries = [an_entry(number) for number in range(300)]
    chosen, skipped = choose(
        (a_voice(),), entries, partners("argenta"), History(), now=NOON, last=LAST
    )
    assert len(chosen) == 200
    assert len(skipped) == 100


def test_quiet_hours_and_window_move_to_the_next_opening() -> None:
    window = Window(weekdays=frozenset(range(5)), opens=time(9), closes=time(19))
    configuration = partners("argenta", quiet_hours=QuietHours(begins=time(20), ends=time(9, 30)))
    friday_night = datetime(2027, 5, 14, 20, 0, tzinfo=UTC)
    (one,) = planned(
        an_entry(published_at=friday_night, first_seen_at=friday_night),
        campaigns=(a_voice(window=window),),
        configuration=configuration,
        now=friday_night,
    )
    assert one.due_at == datetime(2027, 5, 17, 7, 30, tzinfo=UTC)


def test_news_that_would_be_stale_at_the_next_opening_is_told() -> None:
    window = Window(weekdays=frozenset({0}), opens=time(9), closes=time(10))
    rule = a_rule(fresh=2 * DAY)
    chosen, skipped = choose(
        (a_voice(rule, window=window),),
        [an_entry()],
        partners("argenta"),
        History(),
        now=NOON,
        last=LAST,
    )
    assert chosen == ()
    assert len(skipped) == 1


def test_a_campaign_that_has_not_begun_or_is_over_passes_nothing_on() -> None:
    future = a_voice(starts=date(2027, 5, 12))
    (one,) = planned(an_entry(), campaigns=(future,))
    assert one.due_at == datetime(2027, 5, 11, 22, 0, tzinfo=UTC)
    assert planned(an_entry(), campaigns=(a_voice(ends=date(2027, 5, 9)),)) == ()


def test_planning_again_keeps_every_moment() -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=DAY))
    entries = [an_entry(number) for number in range(3)]
    first = planned(*entries, campaigns=(a_voice(rule),))
    history = tuple(enqueued(one) for one in first)
    later = NOON + timedelta(hours=3)
    again = planned(*entries, campaigns=(a_voice(rule),), history=history, now=later)
    assert [(one.due_at, one.occasion_local, one.not_after_at) for one in again] == [
        (one.due_at, one.occasion_local, one.not_after_at) for one in first
    ]


def test_a_translation_that_comes_later_does_not_move_the_original() -> None:
    (one,) = planned(an_entry())
    translation = replace(
        enqueued(one, state=DeliveryState.SENT),
        key=amplify_key(one.entry.id, one.occasion, ChannelId("fedi"), Language("en")),
        language=Language("en"),
        due_at=one.due_at + timedelta(minutes=25),
    )
    (again,) = planned(an_entry(), history=(translation, enqueued(one)))
    assert again.due_at == one.due_at


def test_an_entry_that_aged_while_it_waited_keeps_its_moment() -> None:
    (one,) = planned(an_entry())
    (again,) = planned(an_entry(), history=(enqueued(one),), now=NOON + 9 * DAY)
    assert again.due_at == one.due_at


def test_a_newcomer_moves_nobody() -> None:
    rule = a_rule(limit_total=Quota(count=1, period=DAY))
    waiting = planned(an_entry(1), an_entry(2), campaigns=(a_voice(rule),))
    history = tuple(enqueued(one) for one in waiting)
    newcomer = an_entry(1, "bevera", published_at=NOON - 3 * DAY)
    found = planned(an_entry(1), an_entry(2), newcomer, campaigns=(a_voice(rule),), history=history)
    assert ids(found) == ["argenta-001", "argenta-002", "bevera-001"]
    assert [one.due_at for one in found[:2]] == [one.due_at for one in waiting]


def test_what_waits_outside_a_changed_window_moves() -> None:
    night = datetime(2027, 5, 10, 19, 0, tzinfo=UTC)
    (one,) = planned(an_entry(published_at=night + 2 * DAY))
    moved = a_voice(window=Window(opens=time(9), closes=time(12)))
    history = (enqueued(one),)
    (again,) = planned(an_entry(published_at=night + 2 * DAY), campaigns=(moved,), history=history)
    assert again.due_at == datetime(2027, 5, 13, 7, 0, tzinfo=UTC)


def test_an_edit_that_withdrew_it_makes_room_for_a_new_moment() -> None:
    (one,) = planned(an_entry())
    history = (enqueued(one, state=DeliveryState.WITHDRAWN),)
    later = NOON + timedelta(hours=8)
    (again,) = planned(an_entry(), history=history, now=later)
    assert again.due_at == later


@pytest.mark.parametrize(
    ("approve", "campaign", "expected"),
    [
        (Approve.AUTO, Approve.AUTO, False),
        (Approve.FIRST, Approve.AUTO, True),
        (Approve.MANUAL, Approve.AUTO, True),
        (Approve.AUTO, Approve.MANUAL, True),
    ],
)
def test_approval_of_an_unknown_partners_entry(
    approve: Approve, campaign: Approve, expected: bool
) -> None:
    (one,) = planned(an_entry(), campaigns=(a_voice(a_rule(approve=approve), approve=campaign),))
    assert one.needs_approval is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"state": DeliveryState.SENT}, False),
        ({"approved": "hash"}, False),
        ({"state": DeliveryState.HELD, "reason": Reason.APPROVAL}, True),
        ({"state": DeliveryState.WITHDRAWN, "reason": Reason.PERSON}, True),
    ],
    ids=["sent", "approved", "still waiting", "refused"],
)
def test_a_partner_is_trusted_once_one_entry_was(change: dict[str, Any], expected: bool) -> None:
    voice = (a_voice(a_rule(approve=Approve.FIRST)),)
    (first,) = planned(an_entry(1), campaigns=voice)
    history = (enqueued(first, **change),)
    found = planned(
        an_entry(1), an_entry(2), an_entry(1, "bevera"), campaigns=voice, history=history
    )
    needs = {one.entry.id: one.needs_approval for one in found}
    assert needs["argenta-002"] is expected
    assert needs["argenta-001"]  # what was approved stays so only as it was seen
    assert needs["bevera-001"]


BEGINS = datetime(2027, 5, 20, 8, 0, tzinfo=UTC)
WALK = EntryEvent(uid="w", begins_at=BEGINS, zone="Europe/Rome")
THREE_DAYS = an_occasion(Before(span=Span(days=3), at=time(10)))


def test_an_event_is_announced_before_it_begins() -> None:
    (one,) = planned(an_entry(event=WALK), campaigns=(a_voice(a_rule(post=(THREE_DAYS,))),))
    assert one.occasion == "before-3d"
    assert one.own == THREE_DAYS
    assert one.occasion_local == datetime(2027, 5, 17, 10, 0)
    assert one.due_at == datetime(2027, 5, 17, 8, 0, tzinfo=UTC)
    assert one.moves


def test_an_events_day_is_a_day_of_its_own_zone() -> None:
    faro = replace(WALK, zone="Europe/Lisbon")
    (one,) = planned(an_entry(event=faro), campaigns=(a_voice(a_rule(post=(THREE_DAYS,))),))
    assert one.due_at == datetime(2027, 5, 17, 9, 0, tzinfo=UTC)
    assert one.zone == "Europe/Lisbon"


def test_the_time_of_day_survives_a_clock_change() -> None:
    monday = EntryEvent(begins_at=datetime(2027, 11, 1, 9, 0, tzinfo=UTC), zone="Europe/Rome")
    (one,) = planned(
        an_entry(event=monday),
        campaigns=(a_voice(a_rule(post=(THREE_DAYS,))),),
        now=datetime(2027, 10, 20, tzinfo=UTC),
        last=datetime(2027, 12, 1, tzinfo=UTC),
    )
    assert one.due_at == datetime(2027, 10, 29, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("occasion", "name", "due_at"),
    [
        (an_occasion(Before(span=Span(days=2))), "before-2d", datetime(2027, 5, 18, 8, tzinfo=UTC)),
        (
            an_occasion(Before(span=Span(clock=timedelta(hours=6)))),
            "before-6h",
            BEGINS - timedelta(hours=6),
        ),
        (an_occasion(Before(span=Span(days=1)), id="soon"), "soon", BEGINS - DAY),
        (
            an_occasion(After(span=Span(days=1), at=time(9))),
            "after-1d",
            datetime(2027, 5, 21, 7, tzinfo=UTC),
        ),
    ],
    ids=["at ten", "hours", "own id", "after"],
)
def test_occasions_of_an_event(occasion: Any, name: str, due_at: datetime) -> None:
    (one,) = planned(an_entry(event=WALK), campaigns=(a_voice(a_rule(post=(occasion,))),))
    assert (one.occasion, one.due_at) == (name, due_at)


def test_an_event_without_a_rule_for_events_goes_out_as_it_comes() -> None:
    (one,) = planned(an_entry(event=WALK, published_at=NOON - 100 * DAY))
    assert one.occasion == "new"
    assert one.not_after_at <= BEGINS


@pytest.mark.parametrize("status", ["cancelled", "postponed"])
def test_a_cancelled_event_is_told_and_not_announced(status: str) -> None:
    entry = an_entry(event=replace(WALK, status=status))
    chosen, skipped = choose(
        (a_voice(a_rule(post=(THREE_DAYS,))),),
        [entry],
        partners("argenta"),
        History(),
        now=NOON,
        last=LAST,
    )
    assert chosen == ()
    assert [one.reason for one in skipped] == [f"its event was {status}"]


def test_what_may_be_known_already_waits_for_a_person_whatever_the_rule_says() -> None:
    trusted = enqueued(planned(an_entry(1))[0], state=DeliveryState.SENT)
    (ordinary,) = planned(an_entry(2), history=(trusted,))
    (doubtful,) = planned(an_entry(2, review="perhaps not new"), history=(trusted,))
    assert (ordinary.needs_approval, doubtful.needs_approval) == (False, True)


def test_news_of_three_takes_one_turn_of_the_first_whom_the_network_knows() -> None:
    rule = a_rule(limit_partner=Quota(count=1, period=DAY))
    ours = [PartnerId(name) for name in ("stranger", "argenta", "bevera")]
    found = planned(
        an_entry(1, partners=tuple(ours)),
        an_entry(1, "bevera"),
        an_entry(2, first_seen_at=NOON),
        campaigns=(a_voice(rule),),
    )
    assert [(one.partner, one.due_at.day - NOON.day) for one in found] == [
        ("argenta", 0),
        ("bevera", 0),
        ("argenta", 1),
    ]


def test_a_moved_event_moves_what_waits_and_not_what_is_out() -> None:
    voice = (a_voice(a_rule(post=(THREE_DAYS,))),)
    (one,) = planned(an_entry(event=WALK), campaigns=voice)
    later = an_entry(event=replace(WALK, begins_at=BEGINS + 2 * DAY))
    (moved,) = planned(later, campaigns=voice, history=(enqueued(one),))
    assert moved.due_at == one.due_at + 2 * DAY
    (stays,) = planned(later, campaigns=voice, history=(enqueued(one, state=DeliveryState.SENT),))
    assert stays.due_at == one.due_at


def test_an_upcoming_event_of_the_first_poll_is_announced_as_its_time_comes() -> None:
    seeded = an_entry(event=WALK, seeded=True)
    (one,) = planned(seeded, campaigns=(a_voice(a_rule(post=(THREE_DAYS,))),))
    assert one.occasion == "before-3d"
    assert planned(seeded) == ()


def test_a_reminder_never_comes_after_its_event_began() -> None:
    window = Window(weekdays=frozenset({4}), opens=time(9), closes=time(19))
    # Thursday's event, announced on Monday, may only be posted on a Friday.
    assert (
        planned(
            an_entry(event=WALK),
            campaigns=(a_voice(a_rule(post=(THREE_DAYS,)), window=window),),
        )
        == ()
    )


def test_an_occasion_that_had_passed_is_told() -> None:
    chosen, skipped = choose(
        (a_voice(a_rule(post=(THREE_DAYS,))),),
        [an_entry(event=WALK)],
        partners("argenta"),
        History(),
        now=BEGINS - DAY,
        last=LAST,
    )
    assert chosen == ()
    assert "passed" in skipped[0].reason


def test_an_occasion_that_is_a_little_late_keeps_its_moment() -> None:
    rule = a_rule(post=(replace(THREE_DAYS, catch_up=CatchUp.ASK),))
    moment = datetime(2027, 5, 17, 8, 0, tzinfo=UTC)
    (one,) = planned(
        an_entry(event=WALK), campaigns=(a_voice(rule),), now=moment + timedelta(hours=2)
    )
    assert one.due_at == moment
    assert one.catch_up is CatchUp.ASK


def test_a_whole_day_is_announced_on_its_morning() -> None:
    day = EntryEvent(
        begins_at=datetime(2027, 5, 19, 22, 0, tzinfo=UTC), zone="Europe/Rome", all_day=True
    )
    rule = a_rule(post=(an_occasion(Before(span=Span(), at=time(8))),))
    (one,) = planned(an_entry(event=day), campaigns=(a_voice(rule),))
    assert one.due_at == datetime(2027, 5, 20, 6, 0, tzinfo=UTC)


def test_what_lies_beyond_the_plan_is_left_for_later() -> None:
    rule = a_rule(post=(THREE_DAYS,))
    assert planned(an_entry(event=WALK), campaigns=(a_voice(rule),), last=NOON + DAY) == ()


def test_events_keep_to_the_limits_too() -> None:
    rule = a_rule(post=(THREE_DAYS,), limit_partner=Quota(count=1, period=DAY))
    found = planned(an_entry(1, event=WALK), an_entry(2, event=WALK), campaigns=(a_voice(rule),))
    assert [one.due_at.date().day for one in found] == [17, 18]


@given(
    sizes=st.lists(st.integers(0, 6), min_size=3, max_size=3),
    most=st.integers(1, 3),
    total=st.integers(1, 5),
    hours=st.integers(0, 100),
)
def test_no_day_exceeds_its_limits_and_planning_again_changes_nothing(
    sizes: list[int], most: int, total: int, hours: int
) -> None:
    rule = a_rule(
        limit_partner=Quota(count=most, period=DAY), limit_total=Quota(count=total, period=DAY)
    )
    voice = (a_voice(rule, window=Window(opens=time(9), closes=time(19))),)
    entries = [
        an_entry(number, partner)
        for partner, size in zip(("argenta", "bevera", "cervia"), sizes, strict=True)
        for number in range(size)
    ]
    found = planned(*entries, campaigns=voice)
    by_partner = Counter((one.partner, one.due_at.date()) for one in found)
    assert max(by_partner.values(), default=0) <= most
    assert max(Counter(one.due_at.date() for one in found).values(), default=0) <= total
    history = tuple(enqueued(one) for one in found)
    again = planned(*entries, campaigns=voice, history=history, now=NOON + timedelta(hours=hours))
    kept = {one.entry.id: one.due_at for one in again}
    assert {one.entry.id: kept[one.entry.id] for one in found} == {
        one.entry.id: one.due_at for one in found
    }


def test_the_partner_that_is_credited_is_one_the_network_knows() -> None:
    entry = an_entry(partners=(PartnerId("stranger"), PartnerId("bevera")))
    (one,) = planned(entry)
    assert one.partner == "bevera"
