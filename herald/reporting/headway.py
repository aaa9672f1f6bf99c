"""How newsletters get on, in words for people and as a document for programs."""

from __future__ import annotations

from typing import Any

from herald.model.headway import Headway, what_binds
from herald.model.mail_limits import spelled
from herald.model.mailing import RecipientState
from herald.reporting.documents import instant, local_instant

_WORDS = (
    (RecipientState.ACCEPTED, "sent"),
    (RecipientState.CLAIMED, "on their way"),
    (RecipientState.DEFERRED, "deferred"),
    (RecipientState.REJECTED, "rejected"),
    (RecipientState.UNCERTAIN, "uncertain"),
    (RecipientState.HELD, "held"),
    (RecipientState.FAILED, "failed"),
    (RecipientState.SUPPRESSED, "had left"),
    (RecipientState.CANCELLED, "erased"),
)


def headway_lines(headway: Headway) -> tuple[str, ...]:
    """Return what people should know of an issue that is being sent or was, the figures first."""
    issue, told = headway.progress.issue, [_figures(headway)]
    if headway.is_sending and headway.left:
        told.append(f"  {_rates(headway)}")
        told += [f"  held up by: {why}" for why in what_binds(headway)]
        told.append(f"  done: {_when_done(headway)}")
    return (f"{issue.key}  {issue.state.value}", *told)


def headway_document(headway: Headway) -> dict[str, Any]:
    """Return the same for programs; rates are copies in an hour."""
    counts = {str(state): count for state, count in headway.progress.counts}
    return {
        "counts": counts,
        "waiting": _waiting(headway),
        "asleep": headway.asleep,
        "per_hour": headway.per_hour if headway.is_sending else None,
        "configured_per_hour": headway.configured_per_hour,
        "binds": list(what_binds(headway)),
        "done_at": instant(headway.done_at),
    }


def _figures(headway: Headway) -> str:
    progress = headway.progress
    told = [
        f"{count} {word}"
        for state, word in _WORDS
        if (count := progress.count(state)) or state is RecipientState.ACCEPTED
    ]
    if waiting := _waiting(headway):
        told.append(f"{waiting} waiting")
    if headway.asleep:
        told.append(f"{headway.asleep} waiting for their morning")
    return f"  {', '.join(told)} (of {progress.issue.audience})"


def _waiting(headway: Headway) -> int:
    return headway.progress.count(RecipientState.PENDING) - headway.asleep


def _rates(headway: Headway) -> str:
    told = f"{headway.per_hour} an hour lately"
    limits = headway.limits
    named = [f"{spelled(one)} for the mail server" for one in limits.relay]
    named += [f"{spelled(one)} for a sender" for one in limits.sender]
    named += [f"{spelled(one)} for {name}" for name, several in limits.domains for one in several]
    return f"{told}; allowed: {', '.join(named)}" if named else told


def _when_done(headway: Headway) -> str:
    done_at = headway.done_at
    if done_at is None:
        return "nobody can tell yet"
    zone = headway.progress.issue.zone
    return f"about {local_instant(done_at, zone)[:16].replace('T', ' ')} ({zone})"
