"""From a moment to its deliveries: what goes out, what is left out, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from herald.composing.language import Choice
from herald.composing.threads import MOST_PARTS
from herald.model.campaign import Approve, Image, Item, Multilingual
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Delivery, Reason
from herald.model.ids import DeliveryKey, Language, campaign_key
from herald.model.plan import PlannedDelivery, Skipped
from herald.model.problem import Place, Problem
from herald.model.wallclock import ONE_DAY
from herald.planning.moment import Moment, Scene, Timing, left_out, warning
from herald.planning.payloads import Composer, Post, content_hash
from herald.planning.records import is_waiting
from herald.planning.references import finishes
from herald.planning.schedule import Slot, Unfit, schedule
from herald.planning.together import Arrangement, arrange
from herald.planning.variants import (
    Fate,
    Variant,
    catch_up,
    channel_ids,
    fate,
    routing,
    time_override,
    told,
    variants,
)
from herald.planning.wording import Script, script


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A delivery that stands in the files, outside the span of the plan."""

    delivery: PlannedDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something whose first sight the store is to remember."""

    name: str


Result = PlannedDelivery | Standing | Seen | Skipped | Problem

_ON_ITS_WAY = frozenset({Fate.WANTED, Fate.STANDING})


def deliveries(
    moment: Moment,
    item: Item,
    scene: Scene,
    *,
    configuration: Configuration,
    composer: Composer,
) -> Iterator[Result]:
    """Yield what *moment* of *item* wants of each channel, and what it leaves out and why."""
    if _is_far_ahead(moment, item, scene):
        return
    found: list[Variant] = []
    unfit: dict[str, Unfit] = {}
    for channel_id in channel_ids(moment, item, scene.campaign):
        channel = configuration.channels.get(channel_id)
        if channel is None:
            yield _unknown_channel(channel_id, scene)
            continue
        slot = schedule(moment, item, scene, channel=time_override(moment, item, channel_id))
        if isinstance(slot, Unfit):
            unfit.setdefault(slot.reason, slot)
        elif slot.due_at < scene.horizon.last or item.id in scene.past.items:
            there, said = _on_channel(moment, item, scene, channel, slot, composer=composer)
            found.extend(there)
            yield from said
    for variant in found:
        if variant.fate in _ON_ITS_WAY:
            yield from _planned(variant, moment, item, scene, composer)
        for part in variant.begun:
            yield from _continued(part, variant, moment, item, scene)
    yield from _too_late(found, moment, item, scene)
    yield from _unfit(tuple(unfit.values()), moment, item, scene)


def _is_far_ahead(moment: Moment, item: Item, scene: Scene) -> bool:
    """Tell whether nothing of *moment* can lie in the span: most of a year's moments do not.

    A channel's own date could bring it nearer, and what history knows must be seen to stand.
    """
    return (
        moment.at >= scene.horizon.last + ONE_DAY
        and item.id not in scene.past.items
        and not (moment.occasion.on_channel or item.on_channel)
    )


def _on_channel(
    moment: Moment,
    item: Item,
    scene: Scene,
    channel: ChannelConfig,
    slot: Slot,
    *,
    composer: Composer,
) -> tuple[tuple[Variant, ...], tuple[Skipped | Problem, ...]]:
    """Return the variants of one channel, and a word on what it does not get as was wished."""
    words = script(moment, item, channel.id)
    routed = routing(moment, item, scene.campaign, channel, words)
    arranged, apart = _arranged(routed.choices, words, moment, item, scene, channel, slot, composer)
    there = tuple(
        variants(
            moment,
            item,
            scene,
            channel=channel,
            slot=slot,
            script=words,
            arranged=arranged,
        )
    )
    if not scene.horizon.keeps(slot.due_at, slot.not_after(slot.due_at)):
        return there, ()
    missing = tuple(
        left_out(
            scene.campaign,
            item.id,
            f"it has no words in {language}",
            occasion=moment.id,
            channel=channel.id,
            language=language,
        )
        for language in routed.missing
    )
    return there, (*missing, *apart)


def _arranged(
    choices: tuple[Choice, ...],
    words: Script,
    moment: Moment,
    item: Item,
    scene: Scene,
    channel: ChannelConfig,
    slot: Slot,
    composer: Composer,
) -> tuple[Arrangement, tuple[Problem, ...]]:
    """Return how the languages of *moment* stand together, and why not as the campaign wishes."""
    wanted = scene.campaign.multilingual
    if wanted is Multilingual.PER_LANGUAGE and not scene.records.combined:
        return Arrangement(choices=choices), ()  # as nearly always, and soon
    known = told(moment, item, scene, channel, choices)
    limits = composer.limits(channel)
    arranged = arrange(choices, known, wanted, has_threads=limits.threads)
    if not arranged.also:
        return arranged, ()
    together = (arranged.choices[0], *arranged.also)
    if composer.together(words, item, together, channel, slot.local) is None:
        what = f"{item.id}: its languages have no room in one post on {channel.id}"
        return Arrangement(choices=choices), (_not_combined(what, moment.occasion.place),)
    return arranged, ()


def _not_combined(what: str, place: Place) -> Problem:
    return warning(
        place,
        "not-combined",
        f"{what}: they go out one by one there",
        "leave it so, or say `multilingual: thread`, which keeps them together",
    )


def _planned(
    variant: Variant, moment: Moment, item: Item, scene: Scene, composer: Composer
) -> Iterator[Result]:
    slot = variant.slot
    known = scene.records.by_key.get(variant.key)
    if variant.fate is Fate.STANDING and known is not None and not is_waiting(known):
        yield Standing(delivery=_over(variant, moment, item, scene, known))
        return
    image = variant.script.image
    if image is not None and image.withheld:
        yield _skip(image.withheld, moment, item, scene, variant)
        return
    shown = composer.shown(image, variant.channel)
    if image is not None and shown is None:
        yield _without_video(image, item, variant, composer)
    if shown is None and composer.limits(variant.channel).media_needed:
        yield from _without_picture(variant, moment, item, scene)
        return
    post = _post(variant, item, composer)
    parts = _parts(variant, moment, item, scene, post)
    if variant.fate is Fate.STANDING:
        yield from (Standing(delivery=part) for part in parts)
        return
    yield from slot.warnings
    if post.statement.warning:
        yield warning(composer.funder, "statement", post.statement.warning)
    if not post.fits:
        yield from _too_long(variant, moment, item, scene, post)
        return
    for trouble in post.troubles:
        message = f"{item.id}, {variant.choice.words}: {trouble.what}"
        yield warning(moment.occasion.place, trouble.code, message, trouble.remedy)
    if moment.seen:
        yield Seen(name=moment.seen)
    yield from parts


def _post(variant: Variant, item: Item, composer: Composer) -> Post:
    channel, local = variant.channel, variant.slot.local
    if variant.also:
        together = (variant.choice, *variant.also)
        post = composer.together(variant.script, item, together, channel, local)
        if post is not None:
            return post
    return composer.post(variant.script, item, variant.choice, channel, local)


def _parts(
    variant: Variant, moment: Moment, item: Item, scene: Scene, post: Post
) -> tuple[PlannedDelivery, ...]:
    """Return a delivery for each part, chained by keys; of a thread that has begun only the first.

    What is approved is the whole: a change of one part asks again for all.
    """
    placed = _placed(variant, moment, item, scene)
    placed["hold"] = _hold(variant, moment, post)
    placed["content_hash"] = content_hash(post.fingerprint, variant.due_at)
    root = variant.root
    parts = [PlannedDelivery(**placed, payload=post.payload, target=root, thread=root)]
    if variant.is_begun:
        return tuple(parts)
    before = variant.key
    for part, payload in enumerate(post.further, start=1):
        placed["key"] = _key(variant, moment, item, scene, part)
        thread = root or variant.key
        parts.append(
            PlannedDelivery(**placed, payload=payload, part=part, target=before, thread=thread)
        )
        before = placed["key"]
    return tuple(parts)


def _key(variant: Variant, moment: Moment, item: Item, scene: Scene, part: int) -> DeliveryKey:
    spot = (scene.campaign.id, item.id, moment.id, variant.channel.id)
    return campaign_key(*spot, variant.choice.language, part=part)


def _continued(
    row: Delivery, variant: Variant, moment: Moment, item: Item, scene: Scene
) -> Iterator[Result]:
    """Yield a further part of a thread that has begun, in the words in which it began.

    Other words would not follow from the part that readers have.
    """
    late = catch_up(moment, item, scene.campaign)
    belongs = fate(row.due_at, row.not_after_at, row, scene.horizon, moves=row.moves, catch_up=late)
    if belongs not in _ON_ITS_WAY:
        return
    placed = _placed(variant, moment, item, scene)
    kept = ("key", "occasion_local", "zone", "due_at", "not_after_at", "part", "target", "thread")
    placed |= {name: getattr(row, name) for name in (*kept, "payload", "content_hash")}
    part = PlannedDelivery(**placed, hold=row.planned_hold)
    yield part if belongs is Fate.WANTED else Standing(delivery=part)


def _over(
    variant: Variant, moment: Moment, item: Item, scene: Scene, known: Delivery
) -> PlannedDelivery:
    """Return what its file still holds of *known*, in the words in which that came to its end.

    What it would say today is of no use, and to compose it of everything that ever went out was
    most of the work of planning again.
    """
    return PlannedDelivery(
        **_placed(variant, moment, item, scene),
        payload=known.payload,
        target=known.target,
        thread=known.thread,
        hold=known.planned_hold,
        content_hash=known.content_hash,
    )


def _placed(variant: Variant, moment: Moment, item: Item, scene: Scene) -> dict[str, Any]:
    """Return where and when a delivery goes out, as the fields of one that is planned."""
    campaign = scene.campaign
    return {
        "key": variant.key,
        "campaign": campaign.id,
        "item": item.id,
        "occasion": moment.id,
        "partner": item.partner,
        "channel": variant.channel.id,
        "network": variant.channel.network,
        "language": variant.choice.language,
        "occasion_local": variant.slot.local,
        "zone": moment.zone,
        "due_at": variant.due_at,
        "not_after_at": variant.slot.not_after(variant.due_at),
        "catch_up": catch_up(moment, item, campaign),
        "moves": moment.moves,
        "needs_approval": campaign.approve is not Approve.AUTO,
    }


def _hold(variant: Variant, moment: Moment, post: Post) -> Reason | None:
    """Return why it may not go out as it is; what a person decides on first comes first."""
    if moment.occasion.draft:
        return Reason.DRAFT
    if post.statement.required and not post.statement.text:
        return Reason.VISIBILITY
    return Reason.TRANSLATION if variant.choice.hold else None


def _too_long(
    variant: Variant, moment: Moment, item: Item, scene: Scene, post: Post
) -> Iterator[Result]:
    channel, language, payload = variant.channel.id, variant.choice.language, post.payload
    reason = (
        f"a thread on {channel} has at most {MOST_PARTS} parts, and this text needs more"
        if post.is_endless
        else f"nothing sensible is left of it within the {payload.limit} that {channel} takes"
        f" ({payload.length} are needed)"
    )
    yield _skip(reason, moment, item, scene, variant)
    yield warning(
        moment.occasion.place,
        "too-long",
        f"{item.id}, {moment.id}, {language}: {reason}",
        f"write a shorter text, or one for this channel under on_channel: {channel}",
    )


def _without_picture(
    variant: Variant, moment: Moment, item: Item, scene: Scene
) -> Iterator[Result]:
    reason = f"{variant.channel.id} takes no post without a picture"
    yield _skip(reason, moment, item, scene, variant)
    yield warning(
        moment.occasion.place,
        "no-picture",
        f"{item.id}, {moment.id}: {reason}",
        "give it one in image:, or leave the channel out in channels:",
    )


def _without_video(image: Image, item: Item, variant: Variant, composer: Composer) -> Problem:
    channel, limits = variant.channel.id, composer.limits(variant.channel)
    told = f"no {image.media_type}" if limits.video_types else "no video"
    if image.media_type in limits.video_types and limits.video_bytes is not None:
        told = f"videos of up to {limits.video_bytes:,} bytes, and this has {image.video_bytes:,}"
    return warning(
        item.place,
        "no-video",
        f"{item.id}: {channel} takes {told} from Herald: what is posted there goes without it",
        f"give it a picture with on_channel: {{{channel}: {{image: ...}}}}",
    )


def _too_late(
    found: Sequence[Variant], moment: Moment, item: Item, scene: Scene
) -> Iterator[Result]:
    """Say what was over before it was seen: in one word where that is so on every channel."""
    for variant in found:
        if variant.fate is Fate.LATE:
            reason = "its moment is over, and what is late is to be left out (catch_up: skip)"
            yield _skip(reason, moment, item, scene, variant)
    past = [variant for variant in found if variant.fate is Fate.PAST]
    if not past or not _is_worth_a_word(moment, item, scene):
        return
    spelled = past[0].slot.local.strftime("%Y-%m-%d %H:%M")
    reason = f"its moment, {spelled}, was over when it was first seen"
    if len(past) == len(found):
        yield left_out(scene.campaign, item.id, reason, occasion=moment.id)
    else:
        yield from (_skip(reason, moment, item, scene, variant) for variant in past)
    if moment.timing is Timing.EXPLICIT:
        yield warning(
            moment.occasion.place,
            "past",
            f"{item.id}, {moment.id}: {reason}",
            "give it a moment that is to come, or take it out",
        )


def _is_worth_a_word(moment: Moment, item: Item, scene: Scene) -> bool:
    """Tell whether somebody asked for exactly this moment, or would still expect it."""
    if moment.timing is Timing.EXPLICIT:
        return True
    end = finishes(item)
    over = end is not None and end.at <= scene.horizon.now
    return moment.timing is Timing.DEFAULT and not over


def _unfit(unfit: Sequence[Unfit], moment: Moment, item: Item, scene: Scene) -> Iterator[Result]:
    for one in unfit:
        late = moment.timing is Timing.EXPLICIT and scene.horizon.spans(one.at)
        if not (scene.horizon.holds(one.at) or late):
            continue
        yield left_out(scene.campaign, item.id, one.reason, occasion=moment.id)
        if one.code:
            message = f"{item.id}, {moment.id} ({one.local:%Y-%m-%d %H:%M}): {one.reason}"
            yield warning(moment.occasion.place, one.code, message, "it will not be posted")


def _skip(reason: str, moment: Moment, item: Item, scene: Scene, variant: Variant) -> Skipped:
    language: Language = variant.choice.language
    return left_out(
        scene.campaign,
        item.id,
        reason,
        occasion=moment.id,
        channel=variant.channel.id,
        language=language,
    )


def _unknown_channel(channel_id: str, scene: Scene) -> Problem:
    return warning(
        scene.campaign.place,
        "unknown-channel",
        f"the channel {channel_id} is not in config/channels.yaml",
        "nothing goes there until it is",
    )
