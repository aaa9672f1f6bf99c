"""Carries one request to a server that speaks Mastodon's API.

With ``channels.asking`` and not with Mastodon.py, which would form-encode a post, follow a redirect
with it, and hide whether it had left this machine when the connection failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request, ask, hidden
from herald.channels.mastodon.reading import Account

ANSWER_SECONDS = 45.0
"""From the first byte to the last, connecting included."""
READING_SECONDS = 20.0
"""For one answer to a question."""
_READ_MOST = 4_000_000
"""Bytes; a page of 40 notifications has less than one million."""


async def post(
    account: Account, request: Request, *, seconds: float = ANSWER_SECONDS
) -> Answer | NoAnswer:
    """Send *request* once; never again, whatever comes back."""
    answer = await ask(
        request,
        user_agent=account.user_agent,
        token=account.token,
        seconds=seconds,
        most=_READ_MOST,
    )
    return hidden(answer, [account.token])


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server as one account asks and tells it."""

    account: Account
    seconds: float = ANSWER_SECONDS
    """For the answer to what changes something."""
    reading_seconds: float = READING_SECONDS

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Answer | NoAnswer:
        """Ask for what stands at *path*; nothing changes."""
        address = f"{self.account.server}{path}"
        request = Request(method="GET", address=address, query=query or {})
        return await post(self.account, request, seconds=self.reading_seconds)

    async def tell(self, request: Request) -> Answer | NoAnswer:
        """Send what changes something, once."""
        return await post(self.account, request, seconds=self.seconds)
