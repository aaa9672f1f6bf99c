"""One request to a server that officers chose, and how long it asks to be left alone.

It goes the way of posts (``herald.channels.asking``): redirects are not followed, as they would
carry a token, or a signed body, to whoever is named there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.channels.asking import Request, ask
from herald.model.notice import NotNow

ANSWER_WITHIN = 20.0
"""Seconds for the whole of a request."""
ANSWER_MOST = 65_536
"""Bytes of an answer that are read."""
LONGEST_WAIT_ASKED = timedelta(hours=1)


async def request(
    method: str, url: str, *, body: bytes, headers: Mapping[str, str] | None = None, token: str = ""
) -> Answer | NotNow:
    """Send JSON once; trouble on the way is told without the address, which may be a secret."""
    answer = await ask(
        Request(method=method, address=url, body=body, headers=headers or {}),
        user_agent="Herald",
        token=token,
        seconds=ANSWER_WITHIN,
        most=ANSWER_MOST,
    )
    return NotNow(answer.why) if isinstance(answer, NoAnswer) else answer


def wait_asked(answer: Answer, *, now: datetime) -> timedelta | None:
    """Return how long a server asks to be left alone, an hour at most; None where it does not."""
    wait = asked_to_wait(answer, now=now)
    return None if wait is None else min(wait, LONGEST_WAIT_ASKED)
