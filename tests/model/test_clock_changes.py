"""Every clock change of thirty zones in ten years, against an oracle that shares no code.

``dateutil`` reads the zones' files with a reader of its own, and turns moments into local times;
which moments a clock shows a local time at is then a matter of looking at every one of them.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from dateutil import tz

from herald.model.wallclock import Gap, Overlap, day_begins, day_ends, moment_of, resolve

ZONES = (
    *("Europe/Rome", "Europe/Madrid", "Europe/Ljubljana", "Europe/Warsaw", "Europe/Athens"),
    *("Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Atlantic/Azores"),
    *("Europe/Malta", "Europe/Vilnius", "Europe/Chisinau", "Europe/Istanbul", "Europe/Kyiv"),
    *("Atlantic/Canary", "Atlantic/Reykjavik", "America/Nuuk", "America/New_York"),
    *("America/Asuncion", "America/Havana", "America/Sao_Paulo", "Africa/Casablanca"),
    *("Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Asia/Kolkata"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Antarctica/Troll", "UTC"),
)
FIRST, LAST = datetime(2021, 1, 1), datetime(2031, 1, 1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEP = timedelta(minutes=15)
"""Every offset that a zone had in these years is a multiple of it."""
AROUND = timedelta(hours=30)
"""A clock change never moves the clocks further than a day."""


def shown(moment: datetime, zone: tz.tzfile) -> datetime:
    """Return what the clocks of *zone* show, by the oracle."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def changes(zone: tz.tzfile) -> list[datetime]:
    """Return the moments (naive, UTC) at which the clocks of *zone* change, to a quarter hour."""
    moments = [FIRST + nth * 6 * HOUR for nth in range(int((LAST - FIRST) / (6 * HOUR)))]
    offsets = [shown(moment, zone) - moment for moment in moments]
    found = []
    for (begin, before), (end, after) in pairwise(zip(moments, offsets, strict=True)):
        if before != after:
            steps = (begin + nth * STEP for nth in range(int((end - begin) / STEP) + 1))
            found.append(next(one for one in steps if shown(one, zone) - one == after))
    return found


@pytest.mark.parametrize("name", ZONES)
def test_every_quarter_of_an_hour_about_every_clock_change_means_what_the_clocks_show(name):
    zone = tz.gettz(name)
    for change in changes(zone):
        moments = [
            change + nth * STEP for nth in range(int(-2 * AROUND / STEP), int(2 * AROUND / STEP))
        ]
        when = defaultdict(list)
        for moment in moments:
            when[shown(moment, zone)].append(moment)
        before, after = shown(change - STEP, zone) - change + STEP, shown(change, zone) - change
        middle = change + max(before, after)
        for nth in range(int(-AROUND / STEP), int(AROUND / STEP)):
            local = middle + nth * STEP
            moment, odd = resolve(local, name)
            found = when[local]
            assert moment.replace(tzinfo=None) == (found[0] if found else local - before)
            match len(found):
                case 0:
                    assert odd == Gap(shown=local - before + after)
                case 1:
                    assert odd is None
                case _:
                    assert odd == Overlap()


def test_the_years_hold_enough_clock_changes_to_show_something():
    counts = {name: len(changes(tz.gettz(name))) for name in ZONES}
    assert sum(counts.values()) > 400
    assert counts["UTC"] == 0
    assert counts["Europe/Rome"] == 20
    assert counts["Africa/Casablanca"] >= 18


@pytest.mark.parametrize("name", ZONES)
def test_a_daily_occasion_comes_once_on_every_day_of_ten_years_and_in_order(name):
    days = [date(2021, 1, 1) + nth * DAY for nth in range(3652)]
    for hour, minute in ((0, 0), (2, 30), (23, 45)):
        moments = [moment_of(datetime(*day.timetuple()[:3], hour, minute), name) for day in days]
        pauses = {later - earlier for earlier, later in pairwise(moments)}
        assert min(pauses) >= 22 * HOUR
        assert max(pauses) <= 26 * HOUR


@pytest.mark.parametrize("name", ZONES)
def test_days_follow_one_another_without_a_hole(name):
    days = [date(2021, 1, 1) + nth * DAY for nth in range(3652)]
    assert all(day_ends(one, name) == day_begins(one + DAY, name) for one in days)
    assert all(
        20 * HOUR <= day_ends(one, name) - day_begins(one, name) <= 28 * HOUR for one in days
    )
