"""Cards that take their turn."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import At, Kind, Series, Status
from herald.model.delivery import DeliveryState, Reason
from herald.model.ids import ChannelId, ItemId, OccasionId
from herald.model.words import Words
from tests.makers import SOMEWHERE, a_delivery, an_occasion
from tests.planning.plans import (
    ENGLISH,
    MORNING,
    an_english_item,
    codes,
    every,
    in_english,
    plan_of,
    texts,
)

LATE_ON = datetime(2027, 3, 3, 11, tzinfo=UTC)
"""Two hours after the first Wednesday's moment."""

WEEKLY = Series(
    id="weekly",
    kinds=(Kind.GOOD_PRACTICE,),
    every=every("wednesday", at=time(10)),
    place=SOMEWHERE,
)


def a_card(name, **changes):
    return an_english_item(
        **({"id": ItemId(name), "kind": Kind.GOOD_PRACTICE, "title": in_english(name)} | changes)
    )


def turns(plan):
    return [(one.occasion.removeprefix("weekly-2027-"), one.item) for one in plan.deliveries]


def posted(card, day, **changes):
    return a_delivery(
        **(
            {
                "item": ItemId(card),
                "occasion": OccasionId(f"weekly-2027-{day}"),
                "due_at": datetime.fromisoformat(f"2027-{day}T08:00+00:00"),
                "state": DeliveryState.SENT,
            }
            | changes
        )
    )


def planned(*cards, days=29, series=WEEKLY, **changes):
    return plan_of(
        *cards, languages=ENGLISH, series=(series,), ahead=timedelta(days=days), **changes
    )


def test_cards_take_their_turn_in_the_order_of_the_file_and_begin_again():
    assert turns(planned(a_card("a"), a_card("b"))) == [
        ("05-05", "a"),
        ("05-12", "b"),
        ("05-19", "a"),
        ("05-26", "b"),
    ]


def test_cards_of_a_table_come_after_the_items():
    series = Series(
        id="weekly",
        kinds=(Kind.GOOD_PRACTICE,),
        every=WEEKLY.every,
        cards=(a_card("row"),),
        place=SOMEWHERE,
    )
    assert turns(planned(a_card("a"), days=15, series=series)) == [("05-05", "a"), ("05-12", "row")]


def test_the_next_card_is_the_one_posted_longest_ago():
    past = [posted("a", "04-28"), posted("b", "04-21")]
    assert turns(planned(a_card("a"), a_card("b"), past=past, days=15)) == [
        ("05-05", "b"),
        ("05-12", "a"),
    ]


def test_a_new_card_comes_first_wherever_it_stands():
    past = [posted("a", "04-28"), posted("b", "04-21")]
    cards = (a_card("a"), a_card("b"), a_card("new"))
    assert turns(planned(*cards, past=past, days=8)) == [("05-05", "new")]


def test_what_waits_is_no_past():
    waiting = posted("b", "05-05", state=DeliveryState.PENDING)
    assert turns(planned(a_card("a"), a_card("b"), past=[waiting], days=8)) == [("05-05", "a")]


def test_a_day_keeps_the_card_that_was_sent_on_it():
    now = datetime(2027, 5, 5, 9, 0, tzinfo=UTC)
    plan = planned(
        a_card("a"),
        a_card("b"),
        past=[posted("b", "05-05")],
        now=now,
        first=datetime(2027, 5, 5, tzinfo=UTC),
        days=10,
    )
    assert turns(plan) == [("05-05", "b"), ("05-12", "a")]


def test_a_day_whose_card_left_the_file_is_over():
    now = datetime(2027, 5, 5, 9, 0, tzinfo=UTC)
    plan = planned(a_card("a"), past=[posted("gone", "05-05")], now=now, days=10)
    assert turns(plan) == [("05-12", "a")]


def test_a_card_that_a_person_withdrew_had_its_turn():
    withdrawn = posted("a", "05-05", state=DeliveryState.WITHDRAWN, reason=Reason.PERSON)
    plan = planned(a_card("a"), a_card("b"), past=[withdrawn], days=15)
    # The plan still names it: the outbox keeps it withdrawn, and no other card steps in.
    assert turns(plan) == [("05-05", "a"), ("05-12", "b")]


def test_a_card_in_doubt_had_its_turn():
    unclear = posted("a", "04-28", state=DeliveryState.HELD, reason=Reason.UNCLEAR)
    assert turns(planned(a_card("a"), a_card("b"), past=[unclear], days=8)) == [("05-05", "b")]


def test_a_plan_for_later_counts_the_turns_until_then():
    whole = planned(a_card("a"), a_card("b"), a_card("c"), days=60)
    later = planned(
        a_card("a"), a_card("b"), a_card("c"), first=MORNING + timedelta(days=20), days=40
    )
    assert turns(later) == turns(whole)[3:]


def test_a_cancelled_card_and_one_that_is_never_posted_take_no_turn():
    cards = (a_card("off", status=Status.CANCELLED), a_card("never", post=()), a_card("a"))
    assert turns(planned(*cards, days=15)) == [("05-05", "a"), ("05-12", "a")]


def test_an_event_is_no_card_once_it_is_over():
    series = Series(id="weekly", kinds=(Kind.EVENT,), every=WEEKLY.every, place=SOMEWHERE)
    soon = a_card("soon", kind=Kind.EVENT, begins=datetime(2027, 5, 6, 12, 0))
    late = a_card("late", kind=Kind.EVENT, begins=datetime(2027, 6, 6, 12, 0))
    assert turns(planned(soon, late, days=22, series=series)) == [
        ("05-05", "soon"),
        ("05-12", "late"),
        ("05-19", "late"),
    ]


def test_a_series_without_cards_is_told():
    assert codes(planned()) == ["no-cards"]


def test_a_series_may_have_words_and_channels_of_its_own():
    series = Series(
        id="weekly",
        kinds=WEEKLY.kinds,
        every=WEEKLY.every,
        text=in_english("A good practice a week: {title}"),
        channels=(ChannelId("fedi"),),
        place=SOMEWHERE,
    )
    assert texts(planned(a_card("a"), days=8, series=series)) == ["A good practice a week: a"]


@given(count=st.integers(1, 6), weeks=st.integers(0, 20))
def test_no_card_has_two_turns_before_every_card_had_one(count, weeks):
    cards = [a_card(f"card-{number}") for number in range(count)]
    order = [item for _, item in turns(planned(*cards, days=7 * weeks))]
    for start in range(0, len(order), count):
        turn = order[start : start + count]
        assert len(set(turn)) == len(turn)


def test_a_row_of_a_table_takes_its_turn_though_it_has_no_posts_of_its_own():
    series = Series(
        id="weekly",
        kinds=(Kind.GOOD_PRACTICE,),
        every=WEEKLY.every,
        cards=(a_card("row", post=()),),
        place=SOMEWHERE,
    )
    assert turns(planned(a_card("item"), days=15, series=series)) == [
        ("05-05", "item"),
        ("05-12", "row"),
    ]


def test_a_card_with_a_moment_of_its_own_waits_until_the_others_had_their_turn():
    own = an_occasion(At(local=datetime(2027, 5, 11, 9, 30)))
    assert [
        turn
        for turn in turns(planned(a_card("a", post=(own,)), a_card("b"), a_card("c")))
        if turn[1] != "a" or not turn[0].startswith("2027")
    ] == [("05-05", "b"), ("05-12", "c"), ("05-19", "b"), ("05-26", "a")]


def test_a_late_day_whose_card_still_waits_deals_no_other_card_and_shifts_no_other_day():
    cards = [a_card(name) for name in ("a", "b", "c")]
    before = turns(planned(*cards, now=LATE_ON))
    assert before[0] == ("03-03", "a")
    waiting = posted("a", "03-03", state=DeliveryState.HELD, reason=Reason.LATE)
    assert turns(planned(*cards, now=LATE_ON, past=[waiting])) == before


def test_a_late_day_is_planned_until_its_last_language_is_over():
    words = Words.of({"en": "The mill", "it": "Il mulino"})
    cards = [a_card(name, title=words) for name in ("a", "b")]
    due = datetime(2027, 3, 3, 9, tzinfo=UTC)
    waiting = posted("a", "03-03", due_at=due, state=DeliveryState.PENDING)
    plan = plan_of(
        *cards,
        series=(WEEKLY,),
        now=due + timedelta(hours=6, minutes=10),
        ahead=timedelta(days=9),
        past=[waiting],
    )
    assert turns(plan)[0] == ("03-03", "a")
    assert plan.deliveries[0].language == "it"
