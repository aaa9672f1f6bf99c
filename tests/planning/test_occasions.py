"""Every form of ``post``, its moment and its identity."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from herald.model.campaign import (
    After,
    Anchored,
    At,
    Before,
    ChannelOverride,
    DayRange,
    Kind,
    KnownDay,
    Location,
    Now,
    Registration,
    Status,
)
from herald.model.ids import ChannelId, ItemId, Language, OccasionId
from herald.model.span import parse_span
from herald.model.words import Words
from tests.makers import an_item, an_occasion
from tests.planning.plans import (
    ENGLISH,
    MORNING,
    an_english_item,
    codes,
    every,
    in_english,
    plan_of,
    reasons,
    texts,
    whens,
)

WALK = {
    "id": ItemId("walk"),
    "kind": Kind.EVENT,
    "begins": datetime(2027, 5, 16, 10, 0),
    "finishes": datetime(2027, 5, 16, 12, 30),
    "registration": Registration(closes=date(2027, 5, 10)),
}


def a_walk(*whens_, **changes):
    post = tuple(when if hasattr(when, "when") else an_occasion(when) for when in whens_)
    return an_english_item(**(WALK | {"post": post} | changes))


def before(span, **changes):
    return Before(span=parse_span(span), **changes)


def after(span, **changes):
    return After(span=parse_span(span), **changes)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param(
            At(local=datetime(2027, 5, 3, 9, 30)), ("2027-05-03T09:30", "2027-05-03T09:30"), id="at"
        ),
        pytest.param(before("14d", at=time(9)), ("before-14d", "2027-05-02T09:00"), id="before"),
        pytest.param(before("2w"), ("before-14d", "2027-05-02T10:00"), id="two weeks are 14 days"),
        pytest.param(before("6h"), ("before-6h", "2027-05-16T04:00"), id="hours are exact"),
        pytest.param(
            before("2d", of="registration"),
            ("before-2d-of-registration", "2027-05-08T10:00"),
            id="registration",
        ),
        pytest.param(
            before("6h", of="registration"),
            ("before-6h-of-registration", "2027-05-10T18:00"),
            id="a bare date closes at its end",
        ),
        pytest.param(
            before("1h", of="finishes"),
            ("before-1h-of-finishes", "2027-05-16T11:30"),
            id="before it finishes",
        ),
        pytest.param(after("2d"), ("after-2d", "2027-05-18T10:00"), id="after it finishes"),
        pytest.param(
            after("1d", of="begins"), ("after-1d-of-begins", "2027-05-17T10:00"), id="after begins"
        ),
        pytest.param(after("90m"), ("after-90m", "2027-05-16T14:00"), id="minutes after"),
        pytest.param(Now(), ("now", "2027-05-01T08:00"), id="now"),
    ],
)
def test_an_occasion_has_a_moment_and_an_identity(when, expected):
    assert whens(plan_of(a_walk(when), languages=ENGLISH)) == [expected]


def test_an_occasion_of_another_item_counts_from_its_beginning():
    other = an_english_item(id=ItemId("party"), begins=datetime(2027, 5, 20, 20, 0), post=())
    plan = plan_of(a_walk(before("1d", of="party")), other, languages=ENGLISH)
    assert whens(plan) == [("before-1d-of-party", "2027-05-19T10:00")]


def test_an_occasion_without_anything_to_count_from_is_told():
    plan = plan_of(an_english_item(post=(an_occasion(before("1d")),)), languages=ENGLISH)
    assert plan.deliveries == ()
    assert codes(plan) == ["no-reference"]


def test_an_editors_own_name_is_the_identity():
    named = an_occasion(before("14d"), id=OccasionId("first-call"))
    assert whens(plan_of(a_walk(named), languages=ENGLISH)) == [("first-call", "2027-05-02T10:00")]


def test_two_occasions_of_one_name_are_posted_once_and_told():
    plan = plan_of(a_walk(before("14d", at=time(9)), before("14d")), languages=ENGLISH)
    assert whens(plan) == [("before-14d", "2027-05-02T09:00")]
    assert codes(plan) == ["same-occasion"]


def test_days_are_counted_on_the_calendar_across_a_clock_change():
    item = a_walk(before("1d", at=time(10)), begins=datetime(2027, 10, 31, 10, 0), finishes=None)
    now = datetime(2027, 10, 20, tzinfo=UTC)
    (delivery,) = plan_of(item, now=now, languages=ENGLISH).deliveries
    assert delivery.due_at == datetime(2027, 10, 30, 8, 0, tzinfo=UTC)
    assert delivery.not_after_at == delivery.due_at + timedelta(hours=6)


def test_only_what_an_edit_can_move_is_marked_so():
    post = (before("14d"), At(local=datetime(2027, 5, 3, 9, 30)), Now(), every("friday"))
    plan = plan_of(a_walk(*post), languages=ENGLISH, ahead=timedelta(days=8))
    assert {one.occasion: one.moves for one in plan.deliveries} == {
        "before-14d": True,
        "2027-05-03T09:30": True,
        "now": False,
        "friday-2027-05-07": False,
    }


# --- reminders and their events


@pytest.mark.parametrize(
    ("begins", "when", "not_after"),
    [
        pytest.param(
            datetime(2027, 5, 16, 10, 0), before("2h"), "2027-05-16T08:00", id="until it begins"
        ),
        pytest.param(
            date(2027, 5, 16), before("1d", at=time(20)), "2027-05-15T22:00", id="until its day"
        ),
        pytest.param(
            date(2027, 5, 16), before("0d", at=time(20)), "2027-05-16T22:00", id="on its day"
        ),
    ],
)
def test_a_reminder_never_goes_out_after_its_event(begins, when, not_after):
    item = a_walk(when, begins=begins, finishes=None)
    (delivery,) = plan_of(item, languages=ENGLISH).deliveries
    assert delivery.not_after_at.isoformat(timespec="minutes") == f"{not_after}+00:00"


def test_a_reminder_at_a_time_after_its_event_is_left_out_and_told():
    plan = plan_of(a_walk(before("0d", at=time(11))), languages=ENGLISH)
    assert plan.deliveries == ()
    assert codes(plan) == ["after-its-event"]


def test_all_languages_of_a_reminder_go_out_before_its_event():
    item = a_walk(
        before("10m"), title=Words.of({"en": "A walk", "it": "Una passeggiata", "pl": "Spacer"})
    )
    plan = plan_of(item, languages=tuple(map(Language, ("en", "it", "pl"))))
    assert [one.due_at.strftime("%H:%M") for one in plan.deliveries] == ["07:50", "07:54", "07:58"]


def test_a_recurrence_of_an_event_ends_with_it():
    plan = plan_of(a_walk(every("day", at=time(11))), languages=ENGLISH)
    assert whens(plan)[-1] == ("day-2027-05-16", "2027-05-16T11:00")


def test_nothing_of_a_cancelled_item_is_planned():
    plan = plan_of(a_walk(before("14d"), status=Status.CANCELLED), languages=ENGLISH)
    assert plan.deliveries == ()


# --- what comes back


def test_a_recurrence_keeps_its_wall_clock_time_across_clock_changes():
    item = an_english_item(post=(an_occasion(every("sunday", at=time(10))),))
    now = datetime(2027, 10, 20, tzinfo=UTC)
    plan = plan_of(item, now=now, ahead=timedelta(days=20), languages=ENGLISH)
    assert [one.due_at.isoformat() for one in plan.deliveries] == [
        "2027-10-24T08:00:00+00:00",
        "2027-10-31T09:00:00+00:00",
        "2027-11-07T09:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        pytest.param(
            "first sunday", ["first-sunday-2027-05-02", "first-sunday-2027-06-06"], id="nth weekday"
        ),
        pytest.param("15", ["15-2027-05-15", "15-2027-06-15"], id="day of the month"),
        pytest.param("31", ["31-2027-05-31"], id="a day that June lacks"),
        pytest.param(
            "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO",
            ["rrule-2027-05-03", "rrule-2027-05-24", "rrule-2027-06-14"],
            id="every third week, from a fixed one",
        ),
    ],
)
def test_a_recurrence_is_known_by_its_name_and_day(rule, days):
    item = an_english_item(post=(an_occasion(every(rule)),))
    plan = plan_of(item, languages=ENGLISH, ahead=timedelta(days=55))
    assert [one.occasion for one in plan.deliveries] == days


def test_an_interval_counts_from_the_campaigns_start():
    item = an_english_item(post=(an_occasion(every("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")),))
    plan = plan_of(item, languages=ENGLISH, starts=date(2027, 5, 10), ahead=timedelta(days=30))
    assert [one.occasion for one in plan.deliveries] == ["rrule-2027-05-10", "rrule-2027-05-24"]


def test_from_until_and_skip_include_their_days():
    when = every(
        "friday",
        first=date(2027, 5, 7),
        last=date(2027, 5, 28),
        skip=(DayRange(first=date(2027, 5, 14), last=date(2027, 5, 21)),),
    )
    plan = plan_of(an_english_item(post=(an_occasion(when),)), languages=ENGLISH)
    assert [one.occasion for one in plan.deliveries] == ["friday-2027-05-07", "friday-2027-05-28"]


def test_a_campaign_posts_on_its_first_and_last_day_and_not_beyond():
    item = an_english_item(post=(an_occasion(every("day")),))
    plan = plan_of(item, languages=ENGLISH, starts=date(2027, 5, 3), ends=date(2027, 5, 4))
    assert [one.occasion for one in plan.deliveries] == ["day-2027-05-03", "day-2027-05-04"]


def test_a_moment_outside_the_campaign_is_left_out_and_told():
    item = an_english_item(post=(an_occasion(At(local=datetime(2027, 5, 9, 10, 0))),))
    plan = plan_of(item, languages=ENGLISH, ends=date(2027, 5, 8))
    assert plan.deliveries == ()
    assert codes(plan) == ["outside-campaign"]


def test_a_count_without_a_first_day_is_told():
    item = an_english_item(post=(an_occasion(every("FREQ=DAILY;COUNT=3")),))
    assert codes(plan_of(item, languages=ENGLISH)) == ["count-without-from"]


# --- texts in turn


def in_turn(**changes):
    when = every("friday", **changes)
    return an_english_item(
        post=(an_occasion(when, texts=tuple(map(in_english, ("A basket.", "A boat.")))),)
    )


def test_texts_take_their_turn_and_the_plan_says_when_they_run_out():
    plan = plan_of(in_turn(first=date(2027, 5, 7)), languages=ENGLISH)
    assert texts(plan) == ["A basket.", "A boat."]
    assert codes(plan) == ["texts-run-out"]
    assert "2027-05-21" in plan.problems[0].message


def test_a_text_keeps_its_day_however_late_the_plan_is_made():
    later = datetime(2027, 5, 12, tzinfo=UTC)
    plan = plan_of(in_turn(first=date(2027, 5, 7)), now=later, languages=ENGLISH)
    assert [(one.occasion, one.payload.text) for one in plan.deliveries] == [
        ("friday-2027-05-14", "A boat.")
    ]


def test_texts_without_a_first_day_count_from_their_first_sight():
    plan = plan_of(in_turn(), languages=ENGLISH)
    assert plan.first_seen == ("stories/salt-house/friday",)
    later = plan_of(
        in_turn(),
        now=datetime(2027, 5, 12, tzinfo=UTC),
        seen=[("stories/salt-house/friday", MORNING)],
        languages=ENGLISH,
    )
    assert texts(later) == ["A boat."]


def test_texts_that_ran_out_long_ago_are_still_told():
    later = datetime(2027, 8, 1, tzinfo=UTC)
    plan = plan_of(in_turn(first=date(2027, 5, 7)), now=later, languages=ENGLISH)
    assert codes(plan) == ["texts-run-out"]


# --- the heritage calendar


def anchored(anchor, **changes):
    spans = {name: parse_span(span) for name, span in changes.items()}
    return an_english_item(post=(an_occasion(Anchored(anchor=anchor, **spans)),))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            anchored("museum_day"), ("museum_day-2027", "2027-05-18T10:00"), id="on the day"
        ),
        pytest.param(
            anchored("museum_day", before="7d"),
            ("museum_day-2027-before-7d", "2027-05-11T10:00"),
            id="before",
        ),
        pytest.param(
            anchored("museum_day", after="2d"),
            ("museum_day-2027-after-2d", "2027-05-20T10:00"),
            id="after",
        ),
        pytest.param(
            anchored("night_of_museums"),
            ("night_of_museums-2027", "2027-05-15T10:00"),
            id="a computed day",
        ),
    ],
)
def test_an_anchored_occasion_follows_the_calendar(item, expected):
    plan = plan_of(item, languages=ENGLISH, ahead=timedelta(days=40))
    assert whens(plan) == [expected]


def test_an_anchored_occasion_comes_back_every_year():
    plan = plan_of(anchored("museum_day"), languages=ENGLISH, ahead=timedelta(days=800))
    assert [one.occasion for one in plan.deliveries] == [
        "museum_day-2027",
        "museum_day-2028",
        "museum_day-2029",
    ]


def test_years_of_the_calendar_outside_the_campaign_are_not_worth_a_word():
    plan = plan_of(
        anchored("museum_day"),
        languages=ENGLISH,
        ends=date(2027, 12, 31),
        ahead=timedelta(days=800),
    )
    assert [one.occasion for one in plan.deliveries] == ["museum_day-2027"]
    assert (plan.skipped, plan.problems) == ((), ())


def test_a_post_before_the_campaign_for_a_day_within_it_is_told():
    plan = plan_of(anchored("museum_day", before="7d"), languages=ENGLISH, starts=date(2027, 5, 15))
    assert codes(plan) == ["outside-campaign"]


def test_a_day_that_nobody_can_compute_is_told_and_its_window_shown():
    plan = plan_of(anchored("museum_week"), languages=ENGLISH)
    assert plan.deliveries == ()
    assert reasons(plan) == [
        "the days of MuseumWeek 2027 cannot be computed (one week in May or June)"
    ]
    assert codes(plan) == ["undated-anchor"]


def test_a_day_that_the_campaign_knows_wins():
    known = KnownDay(anchor="museum_week", first=date(2027, 6, 7), last=date(2027, 6, 13))
    plan = plan_of(anchored("museum_week"), languages=ENGLISH, known_days=(known,))
    assert whens(plan) == [("museum_week-2027", "2027-06-07T10:00")]


def test_a_country_keeps_its_own_days():
    item = anchored("european_heritage_days")
    item = an_english_item(post=item.post, location=Location(name="Arles", country="FR"))
    now = datetime(2027, 9, 1, tzinfo=UTC)
    assert whens(plan_of(item, now=now, languages=ENGLISH)) == [
        ("european_heritage_days-2027", "2027-09-18T10:00")
    ]


def test_what_looks_forward_to_a_day_is_not_posted_on_it():
    item = an_english_item(
        post=(
            an_occasion(
                Anchored(anchor="museum_day", before=parse_span("1d"), at=time(22)),
            ),
        )
    )
    (delivery,) = plan_of(item, languages=ENGLISH).deliveries
    assert delivery.not_after_at == datetime(2027, 5, 17, 22, 0, tzinfo=UTC)


# --- clock changes


@pytest.mark.parametrize(
    ("local", "due"),
    [
        pytest.param(datetime(2027, 3, 28, 2, 30), "2027-03-28T01:30", id="skipped"),
        pytest.param(datetime(2027, 10, 31, 2, 30), "2027-10-31T00:30", id="twice"),
    ],
)
def test_a_moment_at_a_clock_change_is_told(local, due):
    item = an_english_item(post=(an_occasion(At(local=local)),))
    now = datetime(2027, 3, 1, tzinfo=UTC)
    plan = plan_of(item, now=now, ahead=timedelta(days=300), languages=ENGLISH)
    assert plan.deliveries[0].due_at.isoformat(timespec="minutes") == f"{due}+00:00"
    assert plan.deliveries[0].occasion_local == local
    assert codes(plan) == ["clock-change"]


# --- per channel


def test_a_channel_may_have_its_own_moment_text_and_link():
    own = ChannelOverride(
        channel=ChannelId("fedi"),
        at=time(18, 30),
        text=in_english("Come and see."),
        link=Words.of({"*": "https://example.org/{language}/come"}),
    )
    occasion = an_occasion(At(local=datetime(2027, 5, 3, 9, 30)), on_channel=(own,))
    (delivery,) = plan_of(an_english_item(post=(occasion,)), languages=ENGLISH).deliveries
    assert delivery.occasion == "2027-05-03T09:30"
    assert delivery.occasion_local == datetime(2027, 5, 3, 18, 30)
    assert delivery.due_at == datetime(2027, 5, 3, 16, 30, tzinfo=UTC)
    assert delivery.payload.text == "Come and see.\n\nhttps://example.org/en/come"


def test_what_an_item_says_on_a_channel_keeps_its_title():
    own = ChannelOverride(channel=ChannelId("fedi"), text=in_english("Come."))
    item = an_item(on_channel=(own,), post=(an_occasion(Now()),))
    assert texts(plan_of(item, languages=ENGLISH)) == ["The salt house\n\nCome."]


def test_an_occasions_own_text_beats_what_the_item_says_on_a_channel():
    own = ChannelOverride(channel=ChannelId("fedi"), text=in_english("Come."))
    item = an_item(
        on_channel=(own,), post=(an_occasion(Now(), text=in_english("Tomorrow: {title}")),)
    )
    assert texts(plan_of(item, languages=ENGLISH)) == ["Tomorrow: The salt house"]


def test_a_date_for_a_channel_is_for_an_item_that_is_posted_once():
    own = ChannelOverride(channel=ChannelId("fedi"), on=datetime(2027, 5, 9, 11, 0))
    days = [At(local=datetime(2027, 5, day, 10, 0)) for day in (3, 4)]
    once = an_english_item(on_channel=(own,), post=(an_occasion(days[0]),))
    twice = an_english_item(on_channel=(own,), post=tuple(map(an_occasion, days)))
    assert [when for _, when in whens(plan_of(once, languages=ENGLISH))] == ["2027-05-09T11:00"]
    assert [when for _, when in whens(plan_of(twice, languages=ENGLISH))] == [
        "2027-05-03T10:00",
        "2027-05-04T10:00",
    ]


@pytest.mark.parametrize(
    ("begins", "post"),
    [
        pytest.param(date(1, 1, 3), (an_occasion(before("400d")),), id="before the first day"),
        pytest.param(date(9999, 12, 31), (an_occasion(after("1d")),), id="after the last day"),
        pytest.param(date(9999, 12, 31), None, id="in a sequence"),
    ],
)
def test_a_date_at_the_end_of_the_calendar_stops_one_item_and_no_other(begins, post):
    odd = an_english_item(id=ItemId("odd"), kind=Kind.EVENT, begins=begins, post=post)
    plan = plan_of(odd, an_english_item(), languages=ENGLISH)
    assert [one.item for one in plan.deliveries] == ["salt-house"]
    assert [one.item for one in plan.skipped] == ["odd"]
    assert codes(plan) == ["no-such-date"]
