"""Sends the one request that makes a post.

With aiohttp and not with Mastodon.py, which would form-encode it, follow a redirect with it, and
hide whether it had left this machine when the connection failed. A connection of its own is never
a kept-alive one that the server is just closing.
"""

from __future__ import annotations

import asyncio

import aiohttp

from herald.channels.answer import Answer, NoAnswer
from herald.channels.mastodon.reading import Account
from herald.channels.mastodon.wire import CreateRequest

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 45.0
"""From the first byte to the last, connecting included."""
_BODY_MOST = 2_000_000
"""Bytes; a status is a few thousand."""


async def post(
    account: Account, request: CreateRequest, *, seconds: float = ANSWER_SECONDS
) -> Answer | NoAnswer:
    """Send *request* once; never again, whatever comes back."""
    timeout = aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds / 2))
    headers = {
        "Authorization": f"Bearer {account.token}",
        "User-Agent": account.user_agent,
        "Accept": "application/json",
        **dict(request.headers),
    }
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
            ) as session,
            session.post(
                f"{account.server}/api/v1/statuses",
                data=request.body,
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            return await _read(response, account)
    # Both are children of errors that may come after sending: they are matched first.
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return NoAnswer(f"the server cannot be reached: {_name(error)}", reached=False)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        return NoAnswer(f"the server's address is no address: {_name(error)}", reached=False)
    except TimeoutError:
        return NoAnswer(f"no answer within {seconds:g} seconds")
    except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
        return NoAnswer(f"the connection broke before the answer was whole: {_name(error)}")


async def _read(response: aiohttp.ClientResponse, account: Account) -> Answer:
    body = b""
    async for part in response.content.iter_chunked(65_536):
        body += part
        if len(body) > _BODY_MOST:
            break
    return account.heard(response.status, response.headers, body)


def _name(error: BaseException) -> str:
    """Return the kind of an error; its text may hold addresses, never needed here."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    reason = getattr(cause, "strerror", None)
    return f"{type(error).__name__}{f', {reason}' if reason else ''}"
