"""One request to a server that officers chose, and what its answer means.

Redirects are not followed: they would carry a token, or a signed body, to whoever is named there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from herald.model.notice import NotNow

ANSWER_WITHIN = 20.0
"""Seconds for the whole of a request."""
ANSWER_MOST = 65_536
"""Bytes of an answer that are read."""
LONGEST_WAIT_ASKED = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the server took it."""
        return 200 <= self.status < 300


async def request(
    method: str, url: str, *, body: bytes, headers: Mapping[str, str]
) -> Answer | NotNow:
    """Make one request; trouble on the way is told without the address, which may be a secret."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    try:
        async with (
            aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), raise_for_status=False
            ) as session,
            session.request(
                method, url, data=body, headers=dict(headers), allow_redirects=False
            ) as response,
        ):
            return Answer(
                status=response.status,
                body=await response.content.read(ANSWER_MOST),
                retry_after=_retry_after(response.headers.get("Retry-After", "")),
            )
    except TimeoutError:
        return NotNow(f"it did not answer within {ANSWER_WITHIN:.0f} seconds")
    except aiohttp.InvalidURL:
        return NotNow("its address cannot be used")
    except aiohttp.ClientConnectorError as error:
        return NotNow(f"it cannot be reached: {error.os_error.strerror or 'no connection'}")
    except (aiohttp.ClientError, OSError) as error:
        return NotNow(f"the connection failed: {type(error).__name__}")


def _retry_after(value: str) -> timedelta | None:
    if not value.isascii() or not value.isdigit():
        return None
    return min(timedelta(seconds=int(value[:6])), LONGEST_WAIT_ASKED)
