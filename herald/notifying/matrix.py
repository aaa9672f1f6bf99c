"""Telling a Matrix room.

A message's id is its transaction's, so that the homeserver takes a repeat for the first one
(https://spec.matrix.org/latest/client-server-api/#transaction-identifiers).
"""

from __future__ import annotations

import json
from datetime import datetime

from herald.channels.answer import Answer
from herald.channels.matrix.wire import REASONS, event_address, wait_in
from herald.model.notice import Message, NotNow, Telling, Told
from herald.notifying.posting import LONGEST_WAIT_ASKED, request, wait_asked

BODY_MOST = 30_000
"""Bytes of a message; an event has room for 65,536 with all that belongs to it."""

_CUT = "\n…\n"


class ByMatrix:
    """Sends to one room as the user whom the token belongs to."""

    def __init__(self, server: str, room: str, token: str) -> None:
        self._server = server.rstrip("/")
        self._room = room
        self._token = token

    async def tell(self, message: Message, *, now: datetime) -> Telling:
        """Send the message's text; a repeat within the same sign-in is no second one."""
        # m.text and not m.notice, of which many programs tell nobody
        content = {"msgtype": "m.text", "body": _fitted(f"{message.subject}\n\n{message.body}")}
        answer = await request(
            "PUT",
            event_address(self._server, self._room, message.id),
            body=json.dumps(content).encode(),
            token=self._token,
        )
        return answer if isinstance(answer, NotNow) else told_by(answer, now=now)


def told_by(answer: Answer, *, now: datetime) -> Telling:
    """Return what a homeserver's answer means; what it refuses may be mended, and is tried again.

    https://spec.matrix.org/latest/client-server-api/#standard-error-response
    """
    said = answer.read_object()
    if answer.is_good and isinstance(said.get("event_id"), str):
        return Told()
    if answer.is_good:
        return NotNow("the address of the server answers, but it is no Matrix homeserver")
    why = REASONS.get(str(said.get("errcode")), f"it answered {answer.status}")
    wait = wait_in(said)
    return NotNow(
        why, wait_asked(answer, now=now) if wait is None else min(wait, LONGEST_WAIT_ASKED)
    )


def _fitted(text: str) -> str:
    if len(text.encode()) <= BODY_MOST:
        return text
    return text.encode()[:BODY_MOST].decode(errors="ignore") + _CUT
