"""What a person may decide about a delivery: each gives the changed row, or a sentence why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from herald.model.delivery import Delivery, DeliveryState, Payload, Reason
from herald.outbox.fingerprint import payload_fingerprint

SECOND_CHANCE = timedelta(hours=6)
"""So long may go out what a person sends again after its moment: as long as ``at_most_late``."""

_BY_HAND = "withdrawn by hand"
_ENDED = {DeliveryState.FAILED, DeliveryState.EXPIRED}
_WAITS_FOR = {
    Reason.APPROVAL: "it waits to be approved: herald outbox approve",
    Reason.UNCLEAR: "it may be out there: look on the network; if it is there, herald outbox"
    " mark-sent; if it certainly is not, herald outbox retry",
    Reason.TRANSLATION: "it waits for a translation: herald outbox translate",
    Reason.VISIBILITY: "it lacks its project's funding statement: see herald check",
    Reason.DRAFT: "it is a draft: take `draft: true` out of its file",
    Reason.WITHDRAWAL: "it left its file together with many others: put the file right, or"
    " herald plan --confirm",
    Reason.PERSON: "somebody held it: herald outbox release",
    Reason.LATE: "it is late, and its file says to ask: herald outbox release",
    Reason.MOVED: "it may repeat what was sent: herald outbox release",
}
_STANDS = {
    DeliveryState.PENDING: "it is waiting for its moment",
    DeliveryState.CLAIMED: "it is being sent",
    DeliveryState.SENT: "it was sent",
    DeliveryState.FAILED: "it failed: herald outbox retry",
    DeliveryState.EXPIRED: "its moment is over: herald outbox retry sends it all the same",
    DeliveryState.WITHDRAWN: "it was withdrawn",
}


def approve(delivery: Delivery, *, now: datetime) -> Delivery | str:
    """Agree to the text, link, media and moment as they stand in *delivery*."""
    if delivery.state is not DeliveryState.HELD or delivery.reason is not Reason.APPROVAL:
        return _why_not(delivery)
    return _sent_on(replace(delivery, approved=delivery.content_hash), now=now)


def hold(delivery: Delivery) -> Delivery | str:
    """Keep *delivery* from going out until somebody releases it."""
    if delivery.state is not DeliveryState.PENDING:
        return _why_not(delivery)
    return replace(delivery, state=DeliveryState.HELD, reason=Reason.PERSON, note="held by hand")


def release(delivery: Delivery, *, now: datetime) -> Delivery | str:
    """Let go out what is late, may be a repeat, or was held by hand."""
    if not _may_be_released(delivery):
        return _why_not(delivery)
    return _sent_on(delivery, now=now)


def withdraw(delivery: Delivery) -> Delivery | str:
    """Drop *delivery* for good; planning brings it back no more."""
    droppable = {DeliveryState.PENDING, DeliveryState.HELD, *_ENDED}
    if delivery.state not in droppable:
        return _why_not(delivery)
    return replace(delivery, state=DeliveryState.WITHDRAWN, reason=Reason.PERSON, note=_BY_HAND)


def retry(delivery: Delivery, *, now: datetime) -> Delivery | str:
    """Send again, from the start, what failed, expired, or certainly is not there.

    Also what a person withdrew; what an edit withdrew would be withdrawn again by the next plan.
    See ``caution`` for what to ask first.  What waits out a failed attempt is tried at once.
    """
    if delivery.state is DeliveryState.PENDING and delivery.next_at > now >= delivery.due_at:
        return replace(delivery, next_at=now)
    unclear = delivery.state is DeliveryState.HELD and delivery.reason is Reason.UNCLEAR
    late = now > delivery.not_after_at
    too_late = late and _may_be_released(delivery)  # tried once, so that it cannot just expire
    ended = delivery.state in {DeliveryState.WITHDRAWN, *_ENDED}
    if not (unclear or too_late or ended):
        return _why_not(delivery)
    if delivery.state is DeliveryState.WITHDRAWN and delivery.reason is not Reason.PERSON:
        return "its files ask for it no more: put it back there, and planning brings it back"
    again = replace(
        delivery,
        next_at=max(now, delivery.due_at),
        not_after_at=now + SECOND_CHANCE if late else delivery.not_after_at,
        attempts=0,
        error="",
        frozen=None,
        first_send_at=None,
        unclear_at=None,
    )
    return _sent_on(again, now=now)


def follow(part: Delivery, lead: Delivery, *, now: datetime) -> Delivery | str:
    """Let a thread's further *part* go out as long as *lead*, which a person sends again, may."""
    until = max(part.not_after_at, lead.not_after_at)
    if part.state is DeliveryState.PENDING and until > part.not_after_at:
        return replace(part, not_after_at=until)
    if part.state is not DeliveryState.EXPIRED or part.frozen is not None:
        return _why_not(part)
    anew = replace(part, next_at=lead.next_at, not_after_at=until, attempts=0, error="")
    return _sent_on(anew, now=now)


def caution(delivery: Delivery) -> str:
    """Return what a person should make sure of before a retry; empty where there is nothing."""
    if delivery.frozen is not None and delivery.state is not DeliveryState.SENT:
        return (
            f"{delivery.key[:8]} may be out there already. Look at {delivery.channel} first: if the"
            " post is there, use herald outbox mark-sent; sending it again would post it twice."
        )
    return ""


def mark_sent(delivery: Delivery, url: str, *, now: datetime) -> Delivery | str:
    """Record that *delivery* is out there after all, at *url* where that is known."""
    if delivery.state is not DeliveryState.HELD and delivery.state not in _ENDED:
        return _why_not(delivery)
    return replace(
        delivery,
        state=DeliveryState.SENT,
        reason=None,
        note="marked as sent by hand",
        sent_at=delivery.first_send_at or now,
        url=url,
        unclear_at=None,
        frozen=delivery.frozen or delivery.payload,
    )


def translate(delivery: Delivery, payload: Payload, *, now: datetime) -> Delivery | str:
    """Put a person's translation in the place of what was planned; it may be typed again."""
    waits = delivery.state in {DeliveryState.PENDING, DeliveryState.HELD}
    if not waits or delivery.planned_hold is not Reason.TRANSLATION:
        return "it does not wait for a translation" if waits else _why_not(delivery)
    if delivery.reason is Reason.UNCLEAR or delivery.frozen is not None:
        return _WAITS_FOR[Reason.UNCLEAR]
    if payload.language != delivery.language:
        return f"it is in {delivery.language}, not in {payload.language}"
    typed = replace(
        delivery,
        payload=payload,
        translated=delivery.translated or payload_fingerprint(delivery.payload),
        approved="",
    )
    if delivery.reason in {Reason.PERSON, Reason.LATE, Reason.MOVED, Reason.WITHDRAWAL}:
        return typed
    return _sent_on(typed, now=now)


def with_title(payload: Payload, title: str) -> Payload:
    """Return *payload* with *title* in its title's place, in its text too; lengths are stale."""
    text = payload.text
    if payload.title and payload.title in text:
        text = text.replace(payload.title, title, 1)
    else:
        text = f"{title}\n{text}"
    return replace(payload, title=title, text=text)


def _may_be_released(delivery: Delivery) -> bool:
    by_hand = {Reason.PERSON, Reason.LATE, Reason.MOVED}
    return delivery.state is DeliveryState.HELD and delivery.reason in by_hand


def _sent_on(delivery: Delivery, *, now: datetime) -> Delivery | str:
    """Return *delivery* on its way; catch-up asks no more about what is late now."""
    if now > delivery.not_after_at:
        return _STANDS[DeliveryState.EXPIRED]
    late = now > delivery.due_at
    return _onward(replace(delivery, released=delivery.released or late))


def _onward(delivery: Delivery) -> Delivery:
    """Return *delivery* pending, or held for what still stands in its way."""
    hold = delivery.planned_hold
    if hold is Reason.TRANSLATION and delivery.translated:
        hold = None
    if hold is None and delivery.needs_approval and delivery.approved != delivery.content_hash:
        hold = Reason.APPROVAL
    state = DeliveryState.PENDING if hold is None else DeliveryState.HELD
    return replace(delivery, state=state, reason=hold, note="")


def _why_not(delivery: Delivery) -> str:
    if delivery.state is DeliveryState.HELD and delivery.reason is not None:
        return _WAITS_FOR.get(delivery.reason, "it is held")
    if delivery.state is DeliveryState.CLAIMED and delivery.unclear_at is not None:
        return "it may be out there, and is being looked up"
    return _STANDS.get(delivery.state, "it is held")
