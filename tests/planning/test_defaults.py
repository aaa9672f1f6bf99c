"""What is posted of an item that names no ``post``."""

from datetime import UTC, date, datetime, timedelta

import pytest

from herald.data.sequences import Form, sequence
from herald.model.campaign import Kind, Registration, Series
from herald.model.ids import ItemId, Language
from herald.model.words import Words
from tests.makers import SOMEWHERE, an_item
from tests.planning.plans import (
    ENGLISH,
    MORNING,
    an_english_item,
    every,
    in_english,
    plan_of,
    reasons,
    texts,
    whens,
)

LANGUAGES = ("en", "it", "es", "sl", "pl", "de", "fr", "pt", "lt", "mt", "nl")
NOON = {"begins": datetime(2027, 7, 10, 12, 0), "finishes": datetime(2027, 7, 10, 14, 0)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            an_english_item(kind=Kind.EVENT, **NOON),
            [
                ("before-14d", "2027-06-26T10:00"),
                ("before-3d", "2027-07-07T10:00"),
                ("before-0d", "2027-07-10T10:00"),
                ("after-2d", "2027-07-12T10:00"),
            ],
            id="event",
        ),
        pytest.param(
            an_english_item(
                kind=Kind.PUBLICATION, excerpts=tuple(map(in_english, ("One.", "Two.", "Three.")))
            ),
            [
                ("launch", "2027-05-01T10:00"),
                ("excerpt-1", "2027-05-08T10:00"),
                ("excerpt-2", "2027-05-15T10:00"),
                ("excerpt-3", "2027-05-22T10:00"),
                ("later-30d", "2027-05-31T10:00"),
            ],
            id="publication",
        ),
        pytest.param(
            an_english_item(
                kind=Kind.TRAINING, registration=Registration(closes=date(2027, 7, 1)), **NOON
            ),
            [
                ("launch", "2027-05-01T10:00"),
                ("before-14d-of-registration", "2027-06-17T10:00"),
                ("before-3d-of-registration", "2027-06-28T10:00"),
                ("after-2d", "2027-07-12T10:00"),
            ],
            id="training with registration",
        ),
        pytest.param(
            an_english_item(kind=Kind.TRAINING, **NOON),
            [
                ("launch", "2027-05-01T10:00"),
                ("before-21d", "2027-06-19T10:00"),
                ("before-7d", "2027-07-03T10:00"),
                ("after-2d", "2027-07-12T10:00"),
            ],
            id="training",
        ),
        pytest.param(
            an_english_item(kind=Kind.MEETING, **NOON),
            [("before-7d", "2027-07-03T10:00"), ("after-2d", "2027-07-12T10:00")],
            id="meeting",
        ),
        pytest.param(
            an_english_item(kind=Kind.LOCAL_INITIATIVE, **NOON),
            [
                ("before-7d", "2027-07-03T10:00"),
                ("before-1d", "2027-07-09T10:00"),
                ("after-2d", "2027-07-12T10:00"),
            ],
            id="local initiative",
        ),
        pytest.param(
            an_english_item(kind=Kind.GOOD_PRACTICE),
            [("launch", "2027-05-01T10:00")],
            id="good practice",
        ),
        pytest.param(an_english_item(kind=Kind.NEWS), [("launch", "2027-05-01T10:00")], id="news"),
        pytest.param(an_english_item(post=()), [], id="never"),
    ],
)
def test_each_kind_has_its_sequence(item, expected):
    assert whens(plan_of(item, languages=ENGLISH, ahead=timedelta(days=90))) == expected


def test_the_steps_of_an_event_have_words_of_their_own():
    item = an_english_item(kind=Kind.EVENT, title=in_english("A walk"), **NOON)
    assert texts(plan_of(item, languages=ENGLISH, ahead=timedelta(days=90))) == [
        "A walk",
        "In three days: A walk",
        "Today: A walk",
        "Thank you to everyone who took part: A walk",
    ]


def test_where_a_language_has_no_wording_the_item_speaks_and_the_recap_is_silent():
    item = an_item(
        kind=Kind.EVENT,
        title=Words.of({"eu": "Ibilaldi bat"}),
        text=Words.of({"eu": "Bi ordu."}),
        **NOON,
    )
    plan = plan_of(item, languages=(Language("eu"),), ahead=timedelta(days=90))
    assert texts(plan) == ["Ibilaldi bat\n\nBi ordu."] * 3
    assert reasons(plan) == ["it has no words in eu"]


def test_a_regional_language_uses_the_words_of_its_base():
    item = an_item(kind=Kind.EVENT, title=Words.of({"pt-BR": "Passeio"}), text=Words(), **NOON)
    plan = plan_of(item, languages=(Language("pt-BR"),), ahead=timedelta(days=90))
    assert texts(plan)[2] == "Hoje: Passeio"


def test_a_launch_stays_where_it_was_first_seen():
    later = MORNING + timedelta(days=1, hours=3)
    seen = [("stories/salt-house/launch", MORNING)]
    plan = plan_of(an_english_item(), now=later, seen=seen, languages=ENGLISH)
    assert plan.deliveries == ()
    first = plan_of(an_english_item(), languages=ENGLISH)
    assert first.first_seen == ("stories/salt-house/launch",)
    assert [one.due_at for one in first.deliveries] == [datetime(2027, 5, 1, 8, 0, tzinfo=UTC)]


def test_what_is_seen_after_ten_is_launched_the_next_day():
    plan = plan_of(an_english_item(), now=MORNING + timedelta(hours=5), languages=ENGLISH)
    assert whens(plan) == [("launch", "2027-05-02T10:00")]


def test_a_launch_waits_for_the_campaign():
    plan = plan_of(an_english_item(), languages=ENGLISH, starts=date(2027, 5, 20))
    assert whens(plan) == [("launch", "2027-05-20T10:00")]


def test_a_publication_that_names_its_day_is_launched_on_it():
    item = an_english_item(kind=Kind.PUBLICATION, begins=date(2027, 5, 20))
    assert whens(plan_of(item, languages=ENGLISH))[0] == ("launch", "2027-05-20T10:00")


def test_a_day_post_of_an_event_that_is_over_by_ten_is_left_out():
    item = an_english_item(kind=Kind.EVENT, begins=datetime(2027, 5, 20, 8, 0))
    plan = plan_of(item, languages=ENGLISH)
    assert [one.occasion for one in plan.skipped] == ["before-0d"]


def test_an_event_of_long_ago_is_not_worth_a_word():
    item = an_english_item(kind=Kind.EVENT, begins=datetime(2026, 5, 20, 8, 0))
    plan = plan_of(item, languages=ENGLISH)
    assert (plan.deliveries, plan.skipped, plan.problems) == ((), (), ())


def test_an_item_of_a_series_takes_its_turn_and_has_no_sequence():
    series = Series(id="weekly", kinds=(Kind.NEWS,), every=every("friday"), place=SOMEWHERE)
    plan = plan_of(an_english_item(), languages=ENGLISH, series=(series,), ahead=timedelta(days=8))
    assert [one.occasion for one in plan.deliveries] == ["weekly-2027-05-07"]


def test_an_item_outside_the_series_keeps_its_sequence():
    series = Series(
        id="weekly", kinds=(Kind.GOOD_PRACTICE,), every=every("friday"), place=SOMEWHERE
    )
    plan = plan_of(
        an_english_item(),
        an_english_item(id=ItemId("card"), kind=Kind.GOOD_PRACTICE),
        languages=ENGLISH,
        series=(series,),
        ahead=timedelta(days=8),
    )
    assert [one.occasion for one in plan.deliveries] == ["launch", "weekly-2027-05-07"]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_in_the_data_and_every_wording_in_every_language(kind):
    steps = sequence(kind)
    assert steps
    for step in steps:
        assert step.wording.languages in ((), LANGUAGES)
        assert all("{title}" in text for _, text in step.wording)
        assert step.wording or step.form is not Form.AFTER
