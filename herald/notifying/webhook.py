"""Telling a webhook, signed after Standard Webhooks."""

from __future__ import annotations

from datetime import datetime

from herald.channels.signing import signed_headers
from herald.model.notice import Message, NotNow, Telling, Told
from herald.notifying.posting import request, wait_asked


class ByWebhook:
    """Posts to one address."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url = url
        self._key = key

    async def tell(self, message: Message, *, now: datetime) -> Telling:
        """Post the message's JSON; whoever knows its id already answers the same."""
        body = message.body.encode()
        headers = signed_headers(self._key, name=message.id, body=body, now=now)
        answer = await request("POST", self._url, body=body, headers=headers)
        if isinstance(answer, NotNow):
            return answer
        if answer.is_good:
            return Told()
        if 300 <= answer.status < 400:
            return NotNow("it answers with another address, which is not followed: write that one")
        return NotNow(f"it answered {answer.status}", wait_asked(answer, now=now))
