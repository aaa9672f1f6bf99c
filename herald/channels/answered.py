"""What all networks make of what people write to an account."""

from __future__ import annotations

from datetime import datetime

from herald.model.account import Reply

PRIVATE = "1 private message"
"""Stands for the text of what its author meant for nobody else to read."""


def private_message(id_: str, *, at: datetime) -> Reply:
    """Return a private message as it may be told: that there is one, not by whom nor what."""
    return Reply(id=id_, author="", text=PRIVATE, at=at)
