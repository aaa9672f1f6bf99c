"""The languages of a post stand apart, answer each other, or share one post; never twice."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import At, MissingTranslation, Multilingual, Thread
from herald.model.delivery import DeliveryState, Reason
from herald.model.ids import ChannelId, Language, campaign_key
from herald.model.network import Capabilities
from herald.model.words import EVERY, Words
from tests.makers import a_channel, an_item, an_occasion
from tests.planning.plans import (
    MORNING,
    a_configuration,
    as_delivered,
    codes,
    plan_of,
    texts,
)

EN, IT, SL = LANGUAGES = tuple(Language(tag) for tag in ("en", "it", "sl"))
WIDE = Capabilities(limit=500, threads=True)
TITLES = {"en": "The salt house", "it": "La casa del sale", "sl": "Solna hiša"}
APART, THREAD, COMBINED = Multilingual


def an_item_in_three(**changes):
    values = {
        "title": Words.of(TITLES),
        "text": Words(),
        "link": Words.of({EVERY: "https://example.org/{language}/salt"}),
        "hashtags": Words.of({EVERY: "Ecomuseums", "it": "Ecomusei", "sl": "Ekomuzeji"}),
        "post": (an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),),
    }
    return an_item(**(values | changes))


def planned(mode, *, item=None, limits=WIDE, **changes):
    return plan_of(
        item or an_item_in_three(),
        **({"limits": limits, "languages": LANGUAGES, "multilingual": mode} | changes),
    )


def key(language, part=0):
    (one,) = plan_of(an_item_in_three(), languages=(EN,)).deliveries
    return campaign_key(one.campaign, one.item, one.occasion, one.channel, language, part=part)


def by_language(plan):
    return {one.language: one for one in plan.deliveries if not one.part}


# --- thread


def test_the_other_languages_answer_the_leading_one_at_once():
    found = by_language(planned(THREAD))

    assert {one.target for one in found.values()} == {None, key(EN)}
    assert (found[EN].target, found[EN].thread) == (None, None)
    assert (found[IT].target, found[IT].thread) == (key(EN), key(EN))
    assert (found[SL].target, found[SL].thread) == (key(EN), key(EN))
    assert len({one.due_at for one in found.values()}) == 1


def test_without_threads_each_language_has_its_post_in_its_turn():
    plan = planned(THREAD, limits=replace(WIDE, threads=False))

    assert {one.target for one in plan.deliveries} == {None}
    assert len({one.due_at for one in plan.deliveries}) == 3


def test_where_the_leading_language_is_not_spoken_the_next_leads():
    channel = a_channel(languages=(IT, SL))
    found = by_language(planned(THREAD, configuration=a_configuration(channel)))

    assert (found[IT].target, found[SL].target) == (None, key(IT))


def test_a_long_answer_is_a_thread_in_the_thread():
    long = Words.of({tag: f"{title}. " * 20 for tag, title in TITLES.items()})
    item = an_item_in_three(text=long, thread=Thread.PLAIN)

    plan = planned(THREAD, item=item, limits=replace(WIDE, limit=200))

    second = next(one for one in plan.deliveries if (one.language, one.part) == (IT, 1))
    assert (second.target, second.thread) == (key(IT), key(EN))


def test_a_language_that_waits_for_its_translation_keeps_no_other_back():
    item = an_item_in_three(title=Words.of({"it": "La casa del sale", "sl": "Solna hiša"}))
    plan = planned(THREAD, item=item, missing_translation=MissingTranslation.HOLD)

    found = by_language(plan)
    assert found[EN].hold is Reason.TRANSLATION
    assert (found[IT].target, found[EN].target) == (None, key(IT))


def test_what_leads_already_goes_on_leading():
    sent = [row for row in as_delivered(planned(THREAD)) if row.language == EN]

    found = by_language(planned(THREAD, past=sent, languages=(IT, EN, SL)))

    assert found[IT].target == found[SL].target == key(EN)


# --- combined


def test_one_post_says_it_in_every_language():
    (only,) = planned(COMBINED).deliveries

    assert (only.key, only.language, only.payload.language) == (key(EN), EN, EN)
    assert only.payload.also == (IT, SL)
    assert only.payload.text == (
        "The salt house\n\nIT: La casa del sale\n\nSL: Solna hiša\n\n"
        "https://example.org/en/salt\n\n#Ecomuseums #Ecomusei #Ekomuzeji"
    )


def test_a_code_does_not_turn_the_direction_of_its_line():
    item = an_item_in_three(title=Words.of({"en": "The salt house", "ar": "بيت الملح"}))

    (only,) = planned(COMBINED, item=item, languages=(EN, Language("ar"))).deliveries

    assert "\n\n\u2068AR:\u2069 بيت الملح\n\n" in only.payload.text


def test_a_channel_that_speaks_one_language_gets_that_alone():
    channel = a_channel(languages=(IT,))
    (only,) = planned(COMBINED, configuration=a_configuration(channel)).deliveries

    assert (only.language, only.payload.also) == (IT, ())
    assert "IT:" not in only.payload.text


def test_what_does_not_fit_goes_out_one_by_one_with_a_warning():
    plan = planned(COMBINED, limits=replace(WIDE, limit=60))

    assert set(by_language(plan)) == set(LANGUAGES)
    assert codes(plan) == ["not-combined"]
    assert len({one.due_at for one in plan.deliveries}) == 3


def test_a_network_that_marks_one_language_takes_a_post_in_several():
    plan = planned(COMBINED, limits=replace(WIDE, languages_most=1))

    (only,) = plan.deliveries
    assert (only.language, only.payload.also) == (EN, (IT, SL))
    assert codes(plan) == []


def test_a_missing_translation_waits_beside_the_others():
    item = an_item_in_three(title=Words.of({"en": "The salt house", "it": "La casa del sale"}))
    found = by_language(planned(COMBINED, item=item, missing_translation=MissingTranslation.HOLD))

    assert found[EN].payload.also == (IT,)
    assert found[SL].hold is Reason.TRANSLATION


# --- from one to another


def test_a_language_that_went_out_inside_a_post_is_not_said_again():
    sent = as_delivered(planned(COMBINED))

    for mode in Multilingual:
        assert set(by_language(planned(mode, past=sent))) == {EN}


def test_a_language_that_went_out_by_itself_is_not_said_again_inside_a_post():
    sent = [row for row in as_delivered(planned(APART)) if row.language == EN]

    found = by_language(planned(COMBINED, past=sent))

    assert set(found) == set(LANGUAGES)
    assert {one.payload.also for one in found.values()} == {()}


def test_a_language_whose_lead_left_the_campaign_is_not_said_again():
    sent = as_delivered(planned(COMBINED))

    assert set(by_language(planned(APART, past=sent, languages=(IT,)))) == set()


def test_what_waits_follows_the_word_of_today():
    waiting = as_delivered(planned(APART), state=DeliveryState.PENDING)

    (only,) = planned(COMBINED, past=waiting).deliveries

    assert only.payload.also == (IT, SL)


def test_a_combined_post_that_was_refused_may_go_out_apart():
    refused = as_delivered(planned(COMBINED), state=DeliveryState.FAILED)

    assert set(by_language(planned(APART, past=refused))) == set(LANGUAGES)


@given(
    modes=st.lists(st.sampled_from(list(Multilingual)), min_size=2, max_size=4),
    sending=st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_no_change_of_mind_says_anything_twice(modes, sending):
    rows = {}
    said = []
    for step, (mode, most) in enumerate(zip(modes, sending, strict=False)):
        plan = planned(mode, limits=WIDE, past=rows.values(), now=MORNING + timedelta(hours=step))
        rows = {k: row for k, row in rows.items() if row.state is DeliveryState.SENT}
        for row in as_delivered(plan, state=DeliveryState.PENDING):
            rows.setdefault(row.key, row)
        able = [
            row
            for row in rows.values()
            if row.state is DeliveryState.PENDING
            and (row.target is None or row.target in said_keys(rows))
        ]
        for row in able[:most]:
            rows[row.key] = replace(row, state=DeliveryState.SENT, frozen=row.payload)
            said += [row.payload.language, *row.payload.also]

    assert len(said) == len(set(said))


def said_keys(rows):
    return {row.key for row in rows.values() if row.state is DeliveryState.SENT}


def test_planning_apart_is_as_ever():
    assert texts(planned(APART)) == texts(
        plan_of(an_item_in_three(), limits=WIDE, languages=LANGUAGES)
    )
    assert {one.channel for one in planned(APART).deliveries} == {ChannelId("fedi")}
