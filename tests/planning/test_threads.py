"""A long text is planned as parts that answer each other, and goes on as it began."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from herald.model.campaign import Approve, At, ChannelOverride, Image, Multilingual, Thread
from herald.model.delivery import DeliveryState, Reason
from herald.model.ids import ChannelId, ItemId, OccasionId, campaign_key
from herald.model.network import Capabilities
from herald.model.words import Words
from herald.outbox.reconcile import reconcile
from herald.reporting.documents import plan_document
from tests.makers import an_occasion
from tests.planning.plans import (
    ENGLISH,
    MORNING,
    an_english_item,
    as_delivered,
    codes,
    in_english,
    plan_of,
    reasons,
    texts,
)

THREADS = Capabilities(limit=200, threads=True, media_most=1)
LONG = "Neighbours restored a salt store and teach there. " * 9
FEDI = ChannelId("fedi")


def a_long_item(text: str = LONG, **changes):
    post = (an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),)
    values = {"text": in_english(text), "thread": Thread.PLAIN, "post": post}
    return an_english_item(**(values | changes))


def planned(item, *, limits=THREADS, **changes):
    return plan_of(item, limits=limits, languages=ENGLISH, **changes)


def test_each_part_is_a_delivery_that_answers_the_one_before():
    plan = planned(a_long_item())

    parts = sorted(plan.deliveries, key=lambda one: one.part)
    keys = [
        campaign_key(one.campaign, one.item, one.occasion, FEDI, one.language, part=one.part)
        for one in parts
    ]
    assert [one.part for one in parts] == [0, 1, 2]
    assert [one.key for one in parts] == keys
    assert [one.target for one in parts] == [None, keys[0], keys[1]]
    assert [one.thread for one in parts] == [None, keys[0], keys[0]]
    assert len({one.due_at for one in parts}) == 1
    assert len({one.not_after_at for one in parts}) == 1


def test_the_parts_say_everything():
    plan = planned(a_long_item(title=Words()))

    said = " ".join(one.payload.text for one in sorted(plan.deliveries, key=lambda one: one.part))
    assert said == LONG.strip()
    assert all(one.payload.length <= 200 for one in plan.deliveries)


def test_link_and_picture_go_with_the_first_part():
    picture = Image(file="media/salt.jpg", alt=in_english("Three people"))
    plan = planned(
        a_long_item(link=Words.in_every_language("https://example.org/salt"), image=picture)
    )

    first, *others = sorted(plan.deliveries, key=lambda one: one.part)
    assert (first.payload.link, len(first.payload.media)) == ("https://example.org/salt", 1)
    assert {(one.payload.link, one.payload.media) for one in others} == {("", ())}


def test_where_a_channel_has_no_threads_the_text_is_shortened():
    (only,) = planned(a_long_item(), limits=replace(THREADS, threads=False)).deliveries

    assert only.payload.text.endswith("…")


def test_without_the_word_a_text_is_shortened():
    (only,) = planned(a_long_item(thread=None)).deliveries

    assert only.payload.text.endswith("…")


def test_the_closest_word_on_threads_counts():
    override = ChannelOverride(channel=FEDI, thread=Thread.NUMBERED)
    when = At(local=datetime(2027, 5, 3, 10, 0))
    numbered = a_long_item(post=(an_occasion(when, on_channel=(override,)),))
    never = a_long_item(post=(an_occasion(when, thread=Thread.NO),))

    assert any("(1/3)" in text for text in texts(planned(numbered)))
    assert len(planned(never).deliveries) == 1


def test_a_text_of_too_many_parts_is_left_out_with_a_warning():
    plan = planned(a_long_item(LONG * 10))

    assert not plan.deliveries
    assert codes(plan) == ["too-long"]
    assert reasons(plan) == ["a thread on fedi has at most 15 parts, and this text needs more"]


def test_an_edit_before_its_time_makes_another_thread():
    waiting = as_delivered(planned(a_long_item()), state=DeliveryState.PENDING)

    plan = planned(a_long_item("A shorter text."), past=waiting)

    assert [one.part for one in plan.deliveries] == [0]


def test_a_thread_that_has_begun_goes_on_in_its_words():
    first, *others = as_delivered(planned(a_long_item()), state=DeliveryState.PENDING)
    first, *others = sorted((first, *others), key=lambda one: one.part)
    past = (replace(first, state=DeliveryState.SENT), *others)

    plan = planned(a_long_item("Something else. " * 60), past=past, now=MORNING + timedelta(days=2))

    kept = {one.key: one.payload.text for one in plan.deliveries if one.part}
    assert kept == {one.key: one.payload.text for one in others}


def test_a_thread_that_has_begun_goes_on_though_the_word_is_gone():
    rows = as_delivered(planned(a_long_item()), state=DeliveryState.PENDING)
    past = [replace(one, state=DeliveryState.SENT) if not one.part else one for one in rows]

    plan = planned(a_long_item(thread=None), past=past)

    assert sorted(one.part for one in plan.deliveries) == [0, 1, 2]


def test_a_post_that_went_out_alone_gets_no_further_parts():
    past = as_delivered(planned(a_long_item(thread=None)))

    plan = planned(a_long_item(), past=past)

    assert [one.part for one in plan.deliveries if one.key != past[0].key] == []


def test_a_thread_that_was_sent_stands_outside_the_span():
    past = as_delivered(planned(a_long_item()))

    plan = planned(a_long_item(), past=past, now=MORNING + timedelta(days=9))

    assert not plan.deliveries
    assert {one.key for one in plan.standing} == {one.key for one in past}


def test_an_approval_is_for_the_whole_thread():
    before = planned(a_long_item())
    after = planned(a_long_item(LONG.strip() + " Come."))

    hashes = {one.part: one.content_hash for one in before.deliveries}
    assert len(set(hashes.values())) == 1
    assert all(hashes[one.part] != one.content_hash for one in after.deliveries)


@pytest.mark.parametrize(
    "edited",
    [
        a_long_item(LONG.strip() + " Come."),
        a_long_item(LONG.replace("Neighbours", "Friends", 1)),
        a_long_item(post=(an_occasion(At(local=datetime(2027, 5, 3, 11, 0))),)),
    ],
    ids=["the last part", "the first part", "the hour"],
)
def test_an_edit_of_one_part_of_an_approved_thread_holds_all_of_them(edited):
    asked = {"approve": Approve.MANUAL, "now": MORNING}
    keeps = {"id": OccasionId("walk")}
    items = [
        replace(item, post=tuple(replace(one, **keeps) for one in item.post))
        for item in (a_long_item(), edited)
    ]
    before = planned(items[0], **asked)
    rows = [step.after for step in reconcile(before, (), now=MORNING).steps]
    agreed = [
        replace(row, approved=row.content_hash, state=DeliveryState.PENDING, reason=None)
        for row in rows
    ]
    same = reconcile(before, agreed, now=MORNING).steps
    assert {step.state for step in same} == {DeliveryState.PENDING}

    after = planned(items[1], past=agreed, **asked)
    steps = reconcile(after, agreed, now=MORNING).steps

    assert len(steps) == len(rows) == 3
    assert {(step.state, step.reason) for step in steps} == {(DeliveryState.HELD, Reason.APPROVAL)}


def test_the_plan_lists_the_parts_of_each_thread_in_their_order():
    items = [a_long_item(id=ItemId(name)) for name in ("boat", "hay", "salt", "walk")]
    plan = plan_of(*items, limits=THREADS, languages=ENGLISH)

    lines = plan_document(plan, reconcile(plan, (), now=MORNING), {}, {})["deliveries"]

    found = [(line["item"], line.get("part", 0)) for line in lines]
    assert [part for _, part in found] == [0, 1, 2] * 4
    assert [[item] * 3 for item, part in found if part == 0] == [
        [item for item, _ in found[at : at + 3]] for at in range(0, 12, 3)
    ]


def test_the_plan_lists_one_language_of_a_thread_after_the_other():
    long = Words.of({"en": LONG, "it": LONG, "sl": LONG})
    plan = plan_of(
        replace(a_long_item(), text=long),
        limits=THREADS,
        languages=("en", "it", "sl"),
        multilingual=Multilingual.THREAD,
    )

    lines = plan_document(plan, reconcile(plan, (), now=MORNING), {}, {})["deliveries"]

    assert [(line["language"], line.get("part", 0)) for line in lines] == [
        (language, part) for language in ("en", "it", "sl") for part in (0, 1, 2)
    ]


def test_a_draft_holds_every_part():
    when = At(local=datetime(2027, 5, 3, 10, 0))
    plan = planned(a_long_item(post=(an_occasion(when, draft=True),), id=ItemId("walk")))

    assert {one.hold for one in plan.deliveries} == {Reason.DRAFT}
