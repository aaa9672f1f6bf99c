"""When posting is welcome, and what becomes of what falls outside."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import At, Kind, Series, Window
from herald.model.configuration import QuietHours
from herald.model.ids import ItemId
from herald.model.wallclock import localise, moment_of
from herald.planning.window import Opening
from tests.makers import SOMEWHERE, a_channel, an_occasion
from tests.planning.plans import (
    ENGLISH,
    a_configuration,
    an_english_item,
    codes,
    every,
    in_english,
    plan_of,
    reasons,
    whens,
)

OFFICE = Window(weekdays=frozenset(range(5)), opens=time(9), closes=time(19))
NIGHT = QuietHours(begins=time(20), ends=time(8, 30))
MONDAY = date(2027, 5, 3)


def at(clock, days=0):
    return moment_of(datetime.combine(MONDAY, time.fromisoformat(clock)), "Europe/Rome") + (
        timedelta(days=days)
    )


def opening(window=None, quiet=None):
    return Opening(window=window, quiet=quiet, zone="Europe/Rome")


@pytest.mark.parametrize(
    ("opened", "moment", "inside"),
    [
        pytest.param(opening(), at("03:00"), True, id="always"),
        pytest.param(opening(OFFICE), at("09:00"), True, id="it opens"),
        pytest.param(opening(OFFICE), at("08:59"), False, id="before it opens"),
        pytest.param(opening(OFFICE), at("19:00"), False, id="it closes"),
        pytest.param(opening(OFFICE), at("10:00", days=5), False, id="on Saturday"),
        pytest.param(opening(quiet=NIGHT), at("20:00"), False, id="the night begins"),
        pytest.param(opening(quiet=NIGHT), at("08:29"), False, id="still night"),
        pytest.param(opening(quiet=NIGHT), at("08:30"), True, id="the night is over"),
        pytest.param(
            opening(Window(weekdays=frozenset({0}), opens=time(22), closes=time(2))),
            at("01:00", days=1),
            True,
            id="Monday's evening lasts into Tuesday",
        ),
        pytest.param(
            opening(Window(weekdays=frozenset({0}), opens=time(22), closes=time(2))),
            at("01:00"),
            False,
            id="Sunday's evening was none",
        ),
        pytest.param(opening(Window(opens=time(9))), at("23:59"), True, id="open until midnight"),
    ],
)
def test_a_moment_is_inside_or_outside(opened, moment, inside):
    assert opened.holds(moment) is inside


def test_the_next_opening_of_a_friday_evening_is_monday_morning():
    assert opening(OFFICE, NIGHT).next_opening(at("19:30", days=4)) == at("09:00", days=7)


def test_a_window_inside_quiet_hours_never_opens():
    never = opening(Window(opens=time(22), closes=time(23)), NIGHT)
    assert never.next_opening(at("10:00")) is None


@given(
    opens=st.times(),
    closes=st.none() | st.times(),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    begins=st.times(),
    ends=st.times(),
    moment=st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)),
)
def test_openings_begin_inside_and_end_outside(opens, closes, weekdays, begins, ends, moment):
    opened = opening(
        Window(weekdays=weekdays, opens=opens, closes=closes),
        QuietHours(begins=begins, ends=ends),
    )
    start = opened.next_opening(moment.replace(tzinfo=UTC))
    if start is None:
        return
    assert start >= moment.replace(tzinfo=UTC)
    assert opened.holds(start)
    end = opened.closes_after(start)
    assert end is None or (end > start and not opened.holds(end))


def test_the_officers_moment_is_kept_and_told():
    item = an_english_item(post=(an_occasion(At(local=datetime(2027, 5, 8, 10, 0))),))
    plan = plan_of(item, languages=ENGLISH, window=OFFICE)
    assert whens(plan) == [("2027-05-08T10:00", "2027-05-08T10:00")]
    assert codes(plan) == ["outside-window"]


def test_what_is_urgent_needs_no_warning():
    item = an_english_item(post=(an_occasion(At(local=datetime(2027, 5, 8, 10, 0)), urgent=True),))
    assert codes(plan_of(item, languages=ENGLISH, window=OFFICE)) == []


def test_a_recurring_occurrence_outside_is_left_out_and_listed():
    item = an_english_item(post=(an_occasion(every("day", at=time(10))),))
    plan = plan_of(item, languages=ENGLISH, window=OFFICE, ahead=timedelta(days=7))
    assert [one.occasion for one in plan.deliveries] == [
        f"day-2027-05-0{day}" for day in range(3, 8)
    ]
    assert [one.occasion for one in plan.skipped] == ["day-2027-05-01", "day-2027-05-02"]


def test_texts_take_no_turn_on_days_that_are_left_out():
    words = tuple(map(in_english, ("A basket.", "A boat.")))
    daily = every("day", at=time(10), first=date(2027, 5, 1))
    item = an_english_item(post=(an_occasion(daily, texts=words),))
    plan = plan_of(item, languages=ENGLISH, window=OFFICE)
    assert [(one.occasion, one.payload.text) for one in plan.deliveries] == [
        ("day-2027-05-03", "A basket."),
        ("day-2027-05-04", "A boat."),
    ]


def test_herald_moves_its_own_posts_to_the_next_opening():
    item = an_english_item(
        kind=Kind.EVENT, begins=datetime(2027, 5, 25, 10, 0), finishes=datetime(2027, 5, 25, 12, 0)
    )
    plan = plan_of(item, languages=ENGLISH, window=OFFICE)
    assert whens(plan) == [
        ("before-14d", "2027-05-11T10:00"),
        ("before-3d", "2027-05-24T09:00"),
        ("before-0d", "2027-05-25T10:00"),
        ("after-2d", "2027-05-27T10:00"),
    ]


def test_herald_never_moves_its_own_posts_past_the_event():
    item = an_english_item(
        kind=Kind.EVENT, begins=datetime(2027, 5, 23, 10, 0), finishes=datetime(2027, 5, 23, 12, 0)
    )
    plan = plan_of(item, languages=ENGLISH, window=OFFICE)
    assert "before-0d" not in [one.occasion for one in plan.deliveries]
    assert "before-0d" in [one.occasion for one in plan.skipped]


def test_a_series_moves_to_the_next_opening_within_its_lateness():
    night = QuietHours(begins=time(20), ends=time(12))
    configuration = a_configuration(a_channel(), quiet_hours=night)
    series = Series(id="weekly", kinds=(Kind.NEWS,), every=every("monday"), place=SOMEWHERE)
    plan = plan_of(
        an_english_item(),
        languages=ENGLISH,
        series=(series,),
        configuration=configuration,
        ahead=timedelta(days=7),
    )
    assert whens(plan) == [("weekly-2027-05-03", "2027-05-03T12:00")]


def test_a_series_day_that_opens_too_late_takes_no_card():
    series = Series(id="daily", kinds=(Kind.NEWS,), every=every("day"), place=SOMEWHERE)
    cards = [an_english_item(id=ItemId(name)) for name in ("one", "two")]
    plan = plan_of(
        *cards, languages=ENGLISH, series=(series,), window=OFFICE, ahead=timedelta(days=4)
    )
    assert [(one.occasion, one.item) for one in plan.deliveries] == [
        ("daily-2027-05-03", "one"),
        ("daily-2027-05-04", "two"),
    ]
    assert set(reasons(plan)) == {"it lies outside the window or in quiet hours"}


def test_quiet_hours_are_on_the_campaigns_clock():
    item = an_english_item(zone="Asia/Tokyo", post=(an_occasion(every("monday", at=time(10))),))
    configuration = a_configuration(a_channel(), quiet_hours=NIGHT)
    plan = plan_of(item, languages=ENGLISH, configuration=configuration, ahead=timedelta(days=7))
    assert localise(moment_of(datetime(2027, 5, 3, 10), "Asia/Tokyo"), "Europe/Rome").hour == 3
    assert plan.deliveries == ()
    assert [one.occasion for one in plan.skipped] == ["monday-2027-05-03"]
