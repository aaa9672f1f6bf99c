"""What follows from one attempt to hand over a copy.  Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import assert_never

from herald.model.mail_limits import is_throttling
from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    RecipientClaim,
    RecipientState,
    RecipientVerdict,
    Rejected,
    RelayTrouble,
    Uncertain,
)

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_JITTER = timedelta(minutes=4)
"""Copies that were asked to wait together had better not come back together."""
GIVE_UP_AFTER = timedelta(hours=24)
"""From the first attempt on; a letter that is a day late is better left."""

_QUEUED = re.compile(r"\b(?:queued as|id=)\s?([0-9A-Za-z-]{5,40})(?![0-9A-Za-z-])")


def judge_mail(
    claim: RecipientClaim, outcome: MailOutcome, *, now: datetime, chance: float
) -> RecipientVerdict:
    """Return what is written to the recipient's row.

    *chance* is at least 0 and less than 1, freshly drawn: retries of many copies that failed
    together must not come back together (full jitter).
    """
    match outcome:
        case Accepted(reply, code):
            return RecipientVerdict(
                state=RecipientState.ACCEPTED,
                attempts=claim.attempts + 1,
                code=code,
                reply=reply,
                queue_id=queue_id(reply),
            )
        case Rejected(why, code):
            return RecipientVerdict(
                state=RecipientState.REJECTED, attempts=claim.attempts + 1, code=code, reply=why
            )
        case Uncertain(why):
            return RecipientVerdict(
                state=RecipientState.UNCERTAIN, attempts=claim.attempts + 1, reply=why
            )
        case Deferred(why, code) if is_throttling(code, why):
            # They will have it, only not so fast: no attempt is used up, and nothing is given up.
            return RecipientVerdict(
                state=RecipientState.DEFERRED,
                attempts=claim.attempts,
                next_at=now + FIRST_WAIT + LONGEST_JITTER * chance,
                code=code,
                reply=why,
                slows_down=True,
            )
        case Deferred(why, code):
            return _deferred(claim, why, code, now, chance)
        case RelayTrouble(why, code):
            # Not this recipient's fault: no attempt is used up.
            return RecipientVerdict(
                state=RecipientState.DEFERRED,
                attempts=claim.attempts,
                next_at=now + FIRST_WAIT,
                code=code,
                reply=why,
            )
        case _:
            assert_never(outcome)


def queue_id(reply: str) -> str:
    """Return what a server calls the mail that it took; empty where it does not say so.

    Postfix and Exim say it each in their own way, and their logs name the mail by it.
    """
    found = _QUEUED.search(reply)
    return found.group(1) if found else ""


def wait_before(attempt: int, chance: float) -> timedelta:
    """Return how long to wait before a retry; *attempt* counts from 1.

    Full jitter between a second and a ceiling that doubles from a minute to an hour.
    """
    doublings: int = min(max(attempt, 1) - 1, 10)
    ceiling = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    return max(timedelta(seconds=1), ceiling * chance)


def _deferred(
    claim: RecipientClaim, why: str, code: int | None, now: datetime, chance: float
) -> RecipientVerdict:
    attempts = claim.attempts + 1
    if now - claim.first_at >= GIVE_UP_AFTER:
        return RecipientVerdict(
            state=RecipientState.FAILED,
            attempts=attempts,
            code=code,
            reply=f"not accepted within 24 hours: {why}",
        )
    return RecipientVerdict(
        state=RecipientState.DEFERRED,
        attempts=attempts,
        next_at=now + wait_before(attempts, chance),
        code=code,
        reply=why,
    )
