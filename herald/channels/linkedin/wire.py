"""Says what LinkedIn's answers mean. Pure.

https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from herald.channels.answer import Answer, NoAnswer, asked_to_wait, server_time
from herald.model.delivery import (
    Claim,
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)

_PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_WRONG_PLACE = frozenset({301, 308, 405, 410, 501})
_CHANNEL = RefusedScope.CHANNEL

Hindrance = TryAgain | Throttled | Refused
"""Why nothing was posted."""


def outcome_of_create(answer: Answer | NoAnswer, claim: Claim, *, now: datetime) -> Outcome:
    """Tell what became of a post. Certain are only an answer with its id, and a refusal."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        urn = answer.headers.get("x-restli-id", "")
        why = f"the answer names no post{_said(answer)}"
        return Sent(receipt_of(urn)) if urn.startswith("urn:li:") else Unclear(why, answer.status)
    if refusal := refusal_of_account(answer, now=now):
        return refusal
    if is_duplicate(answer):
        return _duplicate(answer, claim)
    if _is_not_ready(answer):
        why = f"LinkedIn is still preparing a picture{_said(answer)}"
        return TryAgain(why, answer.status)
    return _refused(answer, "post")


def outcome_of_change(
    answer: Answer | NoAnswer, target: Receipt, what: str, *, now: datetime
) -> Outcome:
    """Tell what became of *what*, an edit or a deletion; repeating either changes nothing."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        return Sent(target)
    if is_gone(answer):
        return Refused("the post is no longer on LinkedIn", answer.status)
    return refusal_of_account(answer, now=now) or _refused(answer, what)


def trouble(answer: Answer | NoAnswer, what: str, *, now: datetime) -> Hindrance:
    """Say what follows when *what*, a step before the post, failed. Nothing is posted yet."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    if refusal := refusal_of_account(answer, now=now):
        return refusal
    why = f"{what} ({answer.status}){_said(answer)}"
    if answer.status >= 500 or answer.status < 400 or answer.status in _PERHAPS_DONE:
        return TryAgain(why, answer.status)
    return Refused(why, answer.status)


def refusal_of_account(answer: Answer, *, now: datetime) -> Hindrance | None:
    """Return what concerns every request of the page: quota, credentials, version, address."""
    status, said = answer.status, _said(answer)
    if status == 429:
        return Throttled(f"LinkedIn asks to wait{said}", quota_wait(answer, now=now), status)
    if status == 426 or "NONEXISTENT_VERSION" in said:
        why = f"LinkedIn no longer speaks the version of its interface that Herald asks for{said}"
        return Refused(f"{why}: update Herald", status, _CHANNEL)
    if status == 401:
        why = f"LinkedIn refuses the access token{said}"
        return Refused(f"{why}: sign in again with herald login", status, _CHANNEL)
    if status == 403:
        why = f"LinkedIn does not let this token do that{said}"
        remedy = "it needs w_organization_social, of a person who may post on the page"
        return Refused(f"{why}: {remedy}", status, _CHANNEL)
    if status in _WRONG_PLACE or (status == 404 and not answer.read_object()):
        why = f"LinkedIn's interface is not at this address ({status})"
        return Refused(f"{why}: update Herald, or check server in channels.yaml", status, _CHANNEL)
    return None


def quota_wait(answer: Answer, *, now: datetime) -> timedelta | None:
    """Return how long to wait: as long as is said; for a day's quota until midnight UTC."""
    if wait := asked_to_wait(answer, now=now):
        return wait
    if " DAY " not in f" {answer.said()} ":
        return None
    there = (server_time(answer) or now).astimezone(UTC)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight - there


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether LinkedIn itself says that there is no such post."""
    return isinstance(answer, Answer) and answer.status == 404 and bool(answer.read_object())


def is_duplicate(answer: Answer) -> bool:
    """Tell whether a post was refused because the page has just said the same."""
    told = answer.body.decode("utf-8", "replace").casefold()
    return answer.status in {400, 409, 422} and "duplicate" in told


def receipt_of(urn: str) -> Receipt:
    """Return the id of a post and its address."""
    return Receipt(
        remote_id=urn, url=f"https://www.linkedin.com/feed/update/{quote(urn, safe=':')}"
    )


def _duplicate(answer: Answer, claim: Claim) -> Outcome:
    """Tell an earlier try of this post from another post in the same words.

    LinkedIn also counts what was deleted, for a day or two.
    """
    if claim.attempt > 1 or claim.repeats:
        return Unclear(f"LinkedIn says that it has this post{_said(answer)}", answer.status)
    why = f"the page has just said the same{_said(answer)}"
    return Refused(f"{why}: change the words", answer.status)


def _refused(answer: Answer, what: str) -> Outcome:
    status, said = answer.status, _said(answer)
    if status >= 500 or status < 400 or status in _PERHAPS_DONE:
        return Unclear(f"LinkedIn answered {status}, and may have done it{said}", status)
    return Refused(f"LinkedIn refuses the {what} ({status}){said}", status)


def _is_not_ready(answer: Answer) -> bool:
    told = answer.body.decode("utf-8", "replace")
    waits = ("MEDIA_ASSET_WAITING_UPLOAD", "MEDIA_ASSET_PROCESSING")
    return any(word in told for word in waits) and "PROCESSING_FAILED" not in told


def _said(answer: Answer) -> str:
    told = answer.read_object()
    said, code = answer.said(), told.get("code")
    named = f" ({code})" if isinstance(code, str) and code and code not in said else ""
    return f": {said}{named}" if said or named else ""
