"""A mail that Herald sends to itself, to see what becomes of its signature on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.account import Finding, Severity

HOLDS_FOR = timedelta(days=30)
"""What was seen so long ago is looked at anew: keys are exchanged, and servers set up otherwise."""
RENEWED_AFTER = timedelta(days=23)
"""Early enough that a proof does not end before the next one is there."""
ASKED_AGAIN_AFTER = timedelta(hours=1)
"""A trial that did not come back, or came back badly, is sent again after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The last trial of one sender's way through the mail server."""

    asked_at: datetime
    """When it was sent."""
    found_at: datetime | None = None
    """When it came back; None while it is awaited."""
    findings: tuple[Finding, ...] = ()
    """What was seen, or why it could not be sent."""

    def is_proof(self, *, now: datetime) -> bool:
        """Tell whether it shows that mails arrive signed as they should."""
        is_sound = not any(each.severity is Severity.PROBLEM for each in self.findings)
        return self.found_at is not None and is_sound and self.found_at + HOLDS_FOR > now

    def is_to_be_repeated(self, *, now: datetime) -> bool:
        """Tell whether it is time for another one."""
        if self.asked_at + ASKED_AGAIN_AFTER > now:
            return False
        if not self.is_proof(now=now):
            return True
        return self.found_at is not None and self.found_at + RENEWED_AFTER <= now
