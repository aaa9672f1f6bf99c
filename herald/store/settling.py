"""What a verdict makes of a claimed delivery's row. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from herald.model.delivery import Delivery, DeliveryState
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict

_OUTCOMES: dict[type, str] = {
    Done: "sent",
    Retry: "try_again",
    Park: "throttled",
    Fail: "refused",
    Expire: "expired",
    Doubt: "unclear",
    Hold: "held",
    StopChannel: "refused",
}


def outcome_of(verdict: Verdict) -> str:
    """Return the word by which an attempt remembers *verdict*."""
    return _OUTCOMES[type(verdict)]


def settled(  # noqa: PLR0911 - one return for each verdict
    row: Delivery, verdict: Verdict, *, now: datetime
) -> Delivery:
    """Return *row*, which is claimed, as *verdict* leaves it: free of its worker and its lease."""
    match verdict:
        case Done(receipt):
            return _freed(
                row,
                state=DeliveryState.SENT,
                remote_id=receipt.remote_id,
                url=receipt.url,
                sent_at=now,
                unclear_at=None,
                error="",
            )
        case Retry(at=at, why=why, thaw=thaw):
            return _pending(_freed(row, next_at=at, error=why), thaw=thaw)
        case Park(why=why, thaw=thaw) | StopChannel(why=why, thaw=thaw):
            if row.unclear_at is not None:
                # a look-up was turned away: nothing is known yet
                return _freed(row, note=row.note, error=why)
            uncounted = _freed(row, attempts=max(row.attempts - 1, 0), error=why)
            return _pending(uncounted, thaw=thaw)
        case Fail(why=why):
            return _thawed(_freed(row, state=DeliveryState.FAILED, error=why))
        case Expire(why=why):
            return _thawed(_freed(row, state=DeliveryState.EXPIRED, error=why))
        case Doubt(why=why):
            return _freed(row, unclear_at=row.unclear_at or now, note=row.note, error=why)
        case Hold(reason, why):
            note = f"{row.note}; {why}" if row.note else why  # why it was in doubt at all
            return _freed(row, state=DeliveryState.HELD, reason=reason, note=note, error=why)
        case _:
            assert_never(verdict)


def _freed(row: Delivery, **changes: Any) -> Delivery:
    """Return *row* without its worker and its lease, and with *changes*."""
    free: dict[str, Any] = {"owner": "", "lease_ends_at": None, "reason": None, "note": ""}
    return replace(row, **(free | changes))


def _pending(row: Delivery, *, thaw: bool) -> Delivery:
    waiting = replace(row, state=DeliveryState.PENDING, unclear_at=None)
    return _thawed(waiting) if thaw else waiting


def _thawed(row: Delivery) -> Delivery:
    """Return *row* as if never sent: its send was proven unpublished, so edits reach it again."""
    return replace(row, frozen=None, first_send_at=None, unclear_at=None)
