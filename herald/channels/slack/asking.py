"""Asks Slack's methods as an app's bot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request, ask, hidden

READING_SECONDS = 15.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """An app's bot. Its token is a secret: it is never shown."""

    server: str
    token: str
    user_agent: str
    seconds: float = ANSWER_SECONDS

    def __repr__(self) -> str:
        return f"Bot(server={self.server!r})"

    async def read(self, method: str, **query: str) -> Answer | NoAnswer:
        """Return the answer to what changes nothing."""
        request = Request(method="GET", address=self._of(method), query=query)
        return await self._asked(request, seconds=min(self.seconds, READING_SECONDS))

    async def change(self, method: str, body: Mapping[str, Any]) -> Answer | NoAnswer:
        """Return the answer to what changes something, asked in JSON."""
        said = json.dumps(dict(body)).encode()
        kind = "application/json; charset=utf-8"
        request = Request(method="POST", address=self._of(method), body=said, kind=kind)
        return await self._asked(request, seconds=self.seconds)

    async def fill_in(self, method: str, form: Mapping[str, str]) -> Answer | NoAnswer:
        """Return the answer to a form: not every method reads JSON."""
        kind = "application/x-www-form-urlencoded"
        request = Request(
            method="POST", address=self._of(method), body=urlencode(form).encode(), kind=kind
        )
        return await self._asked(request, seconds=self.seconds)

    async def upload(self, address: str, content: bytes, *, kind: str) -> Answer | NoAnswer:
        """Return the answer to an upload, to where Slack said; the token does not go there."""
        request = Request(method="POST", address=address, body=content, kind=kind)
        answer = await ask(request, user_agent=self.user_agent, seconds=self.seconds)
        return hidden(answer, [self.token])

    def _of(self, method: str) -> str:
        return f"{self.server}/api/{method}"

    async def _asked(self, request: Request, *, seconds: float) -> Answer | NoAnswer:
        answer = await ask(
            request, user_agent=self.user_agent, token=self.token, seconds=seconds, most=8_000_000
        )
        return hidden(answer, [self.token])
