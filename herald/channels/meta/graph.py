"""Asks one of Meta's Graph servers as one account. The token never stands in an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden, multipart
from herald.data.graph import graph_facts
from herald.errors import ConfigurationBroken

READING_SECONDS = 20.0
"""For one answer to what publishes nothing."""

File = tuple[str, str, str, bytes]
"""Field, name, media type and content."""


class Graph:
    """One account's way to its server. The token is a secret: it is never shown."""

    def __init__(
        self, network: str, *, token: str, user_agent: str, server: str = "", seconds: float = 0
    ) -> None:
        """Ask as *token*; *server* in place of Meta's own, *seconds* for what publishes."""
        facts = graph_facts()[network]
        self.server = server or facts.server
        self.version = facts.version
        self.token = token
        self._user_agent = user_agent
        self._seconds = seconds or ANSWER_SECONDS
        self._secrets = {token}

    def take(self, token: str) -> None:
        """Ask as *token* from now on; what older ones were stays hidden."""
        self._secrets.add(token)
        self.token = token

    async def get(self, path: str, query: Mapping[str, str]) -> Answer | NoAnswer:
        """Return the answer to a question that changes nothing."""
        return await self._ask("GET", self._at(path), query=query)

    async def renew(self, grant: str) -> Answer | NoAnswer:
        """Ask for a token in place of this one; the answer holds it, and is never shown.

        Nothing is hidden in it: the network may give the same token once more.
        """
        query = {"grant_type": grant}
        address = f"{self.server}/refresh_access_token"
        request = Request(method="GET", address=address, query=query)
        return await ask(
            request, user_agent=self._user_agent, token=self.token, seconds=READING_SECONDS
        )

    async def post(self, path: str, fields: Mapping[str, str]) -> Answer | NoAnswer:
        """Send a form once."""
        kind = "application/x-www-form-urlencoded"
        return await self._ask("POST", self._at(path), urlencode(fields).encode(), kind)

    async def upload(
        self, path: str, fields: Mapping[str, str], files: Iterable[File]
    ) -> Answer | NoAnswer:
        """Send a form with files once."""
        body, kind = await multipart(fields, files)
        return await self._ask("POST", self._at(path), body, kind)

    async def delete(self, path: str) -> Answer | NoAnswer:
        """Ask once that something be deleted."""
        return await self._ask("DELETE", self._at(path))

    def _at(self, path: str) -> str:
        return f"{self.server}/{self.version}/{path}"

    async def _ask(
        self,
        method: str,
        address: str,
        body: bytes | None = None,
        kind: str = "",
        *,
        query: Mapping[str, str] | None = None,
    ) -> Answer | NoAnswer:
        request = Request(method=method, address=address, query=query or {}, body=body, kind=kind)
        seconds = min(self._seconds, READING_SECONDS) if method == "GET" else self._seconds
        answer = await ask(request, user_agent=self._user_agent, token=self.token, seconds=seconds)
        return hidden(answer, self._secrets)


def sound_token(channel: str, token: str) -> str:
    """Return *token* without space around it; raise ConfigurationBroken if it can be none."""
    token = token.strip()
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    raise ConfigurationBroken(
        f"channel {channel}: the access token has characters that no token has: copy it again"
    )
