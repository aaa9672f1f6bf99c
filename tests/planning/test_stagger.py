"""Languages one after the other."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import At, Window
from herald.model.ids import Language
from herald.model.wallclock import localise
from herald.model.words import Words
from herald.planning.stagger import spread
from tests.makers import an_item, an_occasion
from tests.model.test_wallclock import ZONES
from tests.planning.plans import plan_of

NINE = datetime(2027, 5, 3, 9, 0, tzinfo=UTC)
FIVE = tuple(Language(tag) for tag in ("en", "it", "es", "sl", "pl"))


@pytest.mark.parametrize(
    ("room", "languages", "minutes"),
    [
        pytest.param(timedelta(hours=8), 3, [0, 25, 50], id="there is room"),
        pytest.param(timedelta(hours=1), 4, [0, 19, 38, 57], id="it shrinks to whole minutes"),
        pytest.param(timedelta(minutes=10), 3, [0, 4, 8], id="the end itself is too late"),
        pytest.param(timedelta(minutes=1), 3, [0, 29 / 60, 58 / 60], id="then to seconds"),
        pytest.param(timedelta(0), 3, [0, 0, 0], id="no room"),
        pytest.param(timedelta(hours=-1), 2, [0, 0], id="already over"),
        pytest.param(timedelta(hours=8), 1, [0], id="one language"),
    ],
)
def test_languages_follow_each_other_before_the_end(room, languages, minutes):
    due = spread(NINE, ends_at=NINE + room, languages=languages, stagger=timedelta(minutes=25))
    assert [(one - NINE) / timedelta(minutes=1) for one in due] == minutes


def in_five(local, **changes):
    words = Words.of(dict.fromkeys(FIVE, "A house"))
    return an_item(
        title=words, text=Words(), post=(an_occasion(At(local=local), **changes),), zone="UTC"
    )


def clocks(plan):
    return {one.language: one.due_at.strftime("%H:%M") for one in plan.deliveries}


def test_a_language_keeps_its_place_whichever_others_are_missing():
    item = an_item(
        title=Words.of({"en": "House", "sl": "Hiša"}),
        text=Words(),
        zone="UTC",
        post=(an_occasion(At(local=datetime(2027, 5, 3, 9, 0))),),
    )
    assert clocks(plan_of(item, languages=FIVE, zone="UTC")) == {"en": "09:00", "sl": "10:15"}


def test_all_languages_stay_in_the_window():
    window = Window(opens=time(9), closes=time(10))
    plan = plan_of(in_five(datetime(2027, 5, 3, 9, 0)), languages=FIVE, zone="UTC", window=window)
    assert list(clocks(plan).values()) == ["09:00", "09:14", "09:28", "09:42", "09:56"]


def test_what_is_urgent_goes_out_at_once_in_every_language():
    item = in_five(datetime(2027, 5, 3, 9, 0), urgent=True)
    assert set(clocks(plan_of(item, languages=FIVE, zone="UTC")).values()) == {"09:00"}


@given(
    local=st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)),
    zone=st.sampled_from(ZONES),
    stagger=st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_stagger_never_changes_the_day_and_keeps_the_lead_on_time(local, zone, stagger):
    words = Words.of(dict.fromkeys(FIVE, "A house"))
    item = an_item(title=words, text=Words(), zone=zone, post=(an_occasion(At(local=local)),))
    plan = plan_of(
        item,
        languages=FIVE,
        zone=zone,
        stagger=stagger,
        now=datetime(2025, 12, 1, tzinfo=UTC),
        ahead=timedelta(days=1200),
    )
    by_language = {one.language: one for one in plan.deliveries}
    lead = localise(by_language[FIVE[0]].due_at, zone)
    assert lead >= local
    assert {localise(one.due_at, zone).date() for one in plan.deliveries} == {lead.date()}
    assert [by_language[tag].due_at for tag in FIVE] == sorted(
        one.due_at for one in plan.deliveries
    )
