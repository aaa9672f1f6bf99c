"""Says what a receiver's answer means. Pure.

Standard Webhooks: 2xx is a yes, 410 asks never to call again, a redirect is a failure, whatever
else fails is called again under the same id.
"""

from __future__ import annotations

from datetime import datetime

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, asked_to_wait
from herald.model.delivery import (
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import DeliveryKey

MOVED = frozenset({301, 308})
"""Redirects that mean another address, for good."""
_WORD_MOST = 500
"""Characters of the receiver's own id or address for a post: longer ones are not kept."""


def outcome_of(
    answer: Answer | NoAnswer, *, key: DeliveryKey, now: datetime, repeats: bool
) -> Outcome:
    """Tell what became of a call; *repeats* if the receiver takes each id once."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        return Sent(receipt_of(answer, key=key))
    status, said = answer.status, _said(answer)
    wait = asked_to_wait(answer, now=now)
    # A 503 is as good as a 429 only where a second call does no harm.
    if status == 429 or (status == 503 and wait is not None and repeats):
        return Throttled(f"the receiver asks to wait{said}", wait, status)
    if refusal := _refusal_of_channel(answer):
        return refusal
    if status >= 500 or status < 400 or status in PERHAPS_DONE:
        return Unclear(f"the receiver answered {status}, and may have taken it{said}", status)
    return Refused(f"the receiver refuses the post ({status}){said}", status)


def receipt_of(answer: Answer, *, key: DeliveryKey) -> Receipt:
    """Return the receiver's own id and address of a post, where it gives them; else *key*."""
    told = answer.read_object()
    own, url = _word(told.get("id")), _word(told.get("url"))
    is_address = url.startswith(("https://", "http://"))
    return Receipt(remote_id=own or key, url=url if is_address else "")


def _word(value: object) -> str:
    """Return an id or address that can be kept; empty for whatever else a receiver says."""
    word = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return word if word.isprintable() and len(word) <= _WORD_MOST else ""


def _refusal_of_channel(answer: Answer) -> Refused | None:
    """Return what concerns every call: the address, the signature, or that nobody wants more."""
    status, said = answer.status, _said(answer)
    if status == 410:
        why = f"the receiver wants no more calls (410){said}"
    elif status in {401, 403}:
        why = f"the receiver refuses the signature ({status}): is its secret the same?{said}"
    elif status in {404, 405, 501}:
        why = f"no receiver at this address ({status}): check url in channels.yaml"
    elif status in MOVED:
        there = answer.headers.get("location", "")[:200]
        why = f"the receiver has moved to {there}: write that address into channels.yaml"
    else:
        return None
    return Refused(why, status, RefusedScope.CHANNEL)


def _said(answer: Answer) -> str:
    said = answer.said()
    return f": {said}" if said else ""
