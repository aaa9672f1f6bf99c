"""Makes the delivery that corrects a sent one, or tells in a sentence why it cannot be. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from herald.model.campaign import CatchUp
from herald.model.delivery import (
    FIRST_REPLY,
    Action,
    Delivery,
    DeliveryState,
    Payload,
    Reason,
)
from herald.model.ids import DeliveryKey, amplify_key, campaign_key
from herald.model.network import Capabilities
from herald.model.wallclock import localise
from herald.outbox.fingerprint import payload_fingerprint

AT_MOST_LATE = timedelta(hours=48)
"""So long a correction is tried: late is better than none."""

_WAITING = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD})


class Way(StrEnum):
    """How a sent post is set right."""

    EDIT = "edit"
    REPLY = "reply"
    DELETE = "delete"


def why_not(sent: Delivery) -> str:
    """Tell why nothing that was sent can be corrected here; empty where it can."""
    short = sent.key[:8]
    unclear = sent.state is DeliveryState.HELD and sent.reason is Reason.UNCLEAR
    if sent.corrects:
        return f"{short} is a correction itself: correct the post that it corrected"
    if sent.state is DeliveryState.CLAIMED or unclear:
        return (
            f"{short} is being sent, or may be out there or not: wait until that is known, then"
            f" correct it (herald outbox show {short})"
        )
    if sent.state is not DeliveryState.SENT:
        return f"{short} was not sent ({sent.state}): there is nothing to correct on the network"
    if not sent.remote_id:
        return (
            f"{short} was marked as sent by hand, so Herald does not know its id on {sent.channel}:"
            " correct it there by hand"
        )
    return ""


def way_for(sent: Delivery, limits: Capabilities) -> Way | str:
    """Return how *sent* is best corrected on its network, or why it cannot be."""
    if Action.EDIT in limits.actions:
        return Way.EDIT
    if limits.threads:
        return Way.REPLY
    return f"{sent.channel} can neither edit a post nor answer it: correct it there by hand"


def is_possible(way: Way, sent: Delivery, limits: Capabilities) -> str:
    """Tell why *way* is not open on the network of *sent*; empty where it is."""
    able = {
        Way.EDIT: Action.EDIT in limits.actions,
        Way.DELETE: Action.DELETE in limits.actions,
        Way.REPLY: limits.threads,
    }
    verbs = {
        Way.EDIT: "edit a sent post",
        Way.DELETE: "delete a sent post",
        Way.REPLY: "answer a post",
    }
    return "" if able[way] else f"{sent.channel} cannot {verbs[way]}: do it there by hand"


def corrections_at(sent: Delivery, rows: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Return the corrections among *rows* in the place of *sent*, oldest first, whatever part."""
    place = _place(sent)
    found = (row for row in rows if row.corrects and _place(row) == place)
    return tuple(sorted(found, key=lambda row: (row.due_at, row.part)))


def correcting(
    sent: Delivery, payload: Payload, way: Way, *, rows: Sequence[Delivery], now: datetime
) -> Delivery | str:
    """Return the delivery that corrects *sent*, or why not; *rows* are all of its item.

    The same correction is made once: what stands, waits or failed is named instead.
    """
    before = corrections_at(sent, rows)
    of_it = [row for row in before if row.target == sent.key]
    if obstacle := _obstacle(sent, payload, way, of_it):
        return obstacle
    action = _ACTIONS[way]
    same = [row for row in before if row.action is action]
    first = FIRST_REPLY if way is Way.REPLY else 0
    part = max((row.part + 1 for row in same), default=first)
    return Delivery(
        key=_key(sent, action, part),
        campaign=sent.campaign,
        item=sent.item,
        entry=sent.entry,
        occasion=sent.occasion,
        partner=sent.partner,
        channel=sent.channel,
        network=sent.network,
        language=sent.language,
        action=action,
        part=part,
        target=sent.key,
        thread=(sent.thread or sent.key) if way is Way.REPLY else None,
        occasion_local=localise(now, sent.zone).replace(tzinfo=None),
        zone=sent.zone,
        due_at=now,
        next_at=now,
        not_after_at=now + AT_MOST_LATE,
        catch_up=CatchUp.POST,
        moves=sent.moves,  # so that what reads the past finds it beside its post
        payload=payload,
        content_hash=payload_fingerprint(payload),
    )


def _obstacle(sent: Delivery, payload: Payload, way: Way, of_it: Sequence[Delivery]) -> str:
    """Tell why *sent* needs no further correction, or cannot have one yet."""
    last = of_it[-1] if of_it else None
    waits = next((row for row in of_it if row.state in _WAITING), None)
    deleted = any(row.action is Action.DELETE and row.state is DeliveryState.SENT for row in of_it)
    if deleted:
        return f"{sent.key[:8]} was deleted on its network"
    if waits is not None:
        return (
            f"a correction of {sent.key[:8]} is on its way already: {waits.key[:8]}, {waits.state}"
            f" (herald outbox show {waits.key[:8]}; herald outbox withdraw takes it back)"
        )
    text = payload.text
    if last is not None and last.action is _ACTIONS[way] and (last.payload.text == text):
        if last.state is DeliveryState.SENT:
            return f"{sent.key[:8]} was corrected so already, by {last.key[:8]}"
        if last.state in (DeliveryState.FAILED, DeliveryState.EXPIRED):
            return (
                f"this correction was tried, and {last.state}: herald outbox retry {last.key[:8]}"
            )
    reads = next(
        (
            row.payload.text
            for row in reversed(of_it)
            if row.action is Action.EDIT and row.state is DeliveryState.SENT
        ),
        (sent.frozen or sent.payload).text,
    )
    if way is Way.EDIT and reads == text:
        return f"{sent.key[:8]} says exactly that already"
    return ""


_ACTIONS = {Way.EDIT: Action.EDIT, Way.DELETE: Action.DELETE, Way.REPLY: Action.CREATE}


def _place(row: Delivery) -> tuple[object, ...]:
    return row.campaign, row.item, row.entry, row.occasion, row.channel, row.language


def _key(sent: Delivery, action: Action, part: int) -> DeliveryKey:
    place = (sent.occasion, sent.channel, sent.language)
    if sent.entry is not None:
        return amplify_key(sent.entry, *place, action=action, part=part)
    return campaign_key(sent.campaign, sent.item, *place, action=action, part=part)
