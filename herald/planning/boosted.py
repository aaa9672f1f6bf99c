"""Partners' own posts in the plan, to be boosted on the network where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from herald.composing.foreign import defuse, web_link
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Action, Payload
from herald.model.ids import ChannelId, ItemId, amplify_key
from herald.model.plan import PlannedDelivery
from herald.planning.amplify import Chosen
from herald.planning.amplify_once import (
    NOTHING_BARRED,
    UNKNOWN,
    Once,
    channels_of,
    is_understood,
)
from herald.planning.deliveries import Result, Standing
from herald.planning.horizon import Horizon
from herald.planning.moment import left_out, warning
from herald.planning.payloads import Composer, content_hash, fingerprint
from herald.planning.records import Records
from herald.planning.variants import Fate, fate


def boosted(
    chosen: Chosen,
    configuration: Configuration,
    composer: Composer,
    *,
    horizon: Horizon,
    records: Records,
    once: Once = NOTHING_BARRED,
) -> Iterator[Result]:
    """Yield a boost of the post that *chosen* is for each channel on its network, but for *once*.

    A channel of another network is passed over: there its partner's articles may be posted.
    """
    for name in channels_of(chosen):
        channel = configuration.channels.get(name)
        if channel is None:
            place, code = chosen.rule.place, "unknown-channel"
            yield warning(place, code, f"the channel {name} is not in config/channels.yaml")
        elif channel.network == chosen.entry.content.post_of:
            why = once.get((chosen.entry.id, name, Action.BOOST), "") or _objection(
                chosen, channel, composer
            )
            yield from _boost(chosen, channel, why, horizon=horizon, records=records)


def _objection(chosen: Chosen, channel: ChannelConfig, composer: Composer) -> str:
    """Say why *channel* does not boost the post, or ""."""
    link = chosen.entry.content.link
    if web_link(link) != link:
        return "its address is none that a browser opens"
    if Action.BOOST not in composer.limits(channel).actions:
        return f"{channel.id} cannot boost"
    if not is_understood(chosen.entry, channel):
        return f"{channel.id} does not speak {chosen.entry.language}"
    return ""


def _boost(
    chosen: Chosen, channel: ChannelConfig, why: str, *, horizon: Horizon, records: Records
) -> Iterator[Result]:
    # Not the post's language, which its feed may tell otherwise tomorrow: it is one boost for ever.
    key = amplify_key(chosen.entry.id, chosen.occasion, channel.id, UNKNOWN, action=Action.BOOST)
    known = records.by_key.get(key)
    belongs = fate(
        chosen.due_at,
        chosen.not_after_at,
        known,
        horizon,
        moves=chosen.moves,
        catch_up=chosen.catch_up,
    )
    if belongs is Fate.LATE:
        why = why or "it is late, and what is late is to be left out (catch_up: skip)"
    if why:
        if horizon.keeps(chosen.due_at, chosen.not_after_at):
            yield _left_out(chosen, why, channel.id)
        return
    if belongs not in (Fate.WANTED, Fate.STANDING):
        return
    payload = _payload(chosen)
    delivery = PlannedDelivery(
        key=key,
        campaign=chosen.campaign.id,
        item=ItemId(chosen.entry.id),
        entry=chosen.entry.id,
        occasion=chosen.occasion,
        partner=chosen.partner,
        channel=channel.id,
        network=channel.network,
        language=chosen.entry.language,
        action=Action.BOOST,
        occasion_local=chosen.occasion_local,
        zone=chosen.zone,
        due_at=chosen.due_at,
        not_after_at=chosen.not_after_at,
        catch_up=chosen.catch_up,
        moves=chosen.moves,
        payload=payload,
        needs_approval=chosen.needs_approval,
        note=chosen.entry.review,
        content_hash=content_hash(fingerprint(payload), chosen.due_at),
    )
    yield Standing(delivery=delivery) if belongs is Fate.STANDING else delivery


def _payload(chosen: Chosen) -> Payload:
    """Return the address that is boosted; the words are for who looks at the plan, never sent."""
    content = chosen.entry.content
    return Payload(
        text=defuse(content.summary or content.title),
        language=chosen.entry.language,
        link=content.link,
    )


def _left_out(chosen: Chosen, reason: str, channel: ChannelId) -> Result:
    return left_out(
        chosen.campaign,
        ItemId(chosen.entry.id),
        reason,
        occasion=chosen.occasion,
        channel=channel,
    )
