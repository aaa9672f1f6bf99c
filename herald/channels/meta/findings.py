"""Puts what an account's server answers into findings for ``herald doctor``. Pure."""

from __future__ import annotations

from datetime import datetime

from herald.channels.answer import Answer, NoAnswer
from herald.channels.meta.errors import read_error
from herald.channels.meta.token import RENEW_BEFORE
from herald.model.account import Finding, Severity
from herald.model.delivery import Refused, Throttled, TryAgain


def troubled(answer: Answer | NoAnswer, what: str) -> Finding:
    """Return that *what* failed, in the server's words."""
    if isinstance(answer, NoAnswer):
        return Finding(
            severity=Severity.PROBLEM, what=f"{what}: {answer.why}", remedy="try again later"
        )
    error = read_error(answer)
    said = f"{error.named}, {error.said}" if error else f"the server answered {answer.status}"
    remedy = "make a new access token with all permissions that the manual names: herald login"
    return Finding(severity=Severity.PROBLEM, what=f"{what}: {said}", remedy=remedy)


def hindered(why: TryAgain | Throttled | Refused) -> Finding:
    """Return why an account could not be looked at."""
    remedy = "mend that, then herald resume" if isinstance(why, Refused) else "try again later"
    return Finding(severity=Severity.PROBLEM, what=why.why, remedy=remedy)


def of_token(ends_at: datetime | None, *, now: datetime) -> Finding:
    """Return how long an access token still lives."""
    if ends_at is None:
        what = "nobody knows yet when the access token ends"
        remedy = "Herald asks when it posts; a token lives 60 days, so make a new one in time"
        return Finding(severity=Severity.ADVICE, what=what, remedy=remedy)
    days = (ends_at - now).days
    if ends_at - now < RENEW_BEFORE:
        what = f"the access token ends in {max(days, 0)} days, and was not renewed"
        remedy = "make a new one, and give it with herald login"
        return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)
    return Finding(severity=Severity.WELL, what=f"the access token lives for {days} more days")


def of_quota(left: int | None, *, network: str) -> Finding:
    """Return how much may still be published today."""
    if left is None:
        what = f"{network} does not tell how many posts are left today"
        return Finding(severity=Severity.ADVICE, what=what)
    if left == 0:
        what = f"{network} takes no further post today"
        return Finding(severity=Severity.PROBLEM, what=what, remedy="wait: it counts 24 hours")
    return Finding(severity=Severity.WELL, what=f"{network} takes {left} more posts today")
