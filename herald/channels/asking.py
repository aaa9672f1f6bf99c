"""Carries one request to a server and brings back its answer, whatever it is.

Each request has a connection of its own, so that one that ends without an answer is never a kept
connection that the server was just closing. Nothing is followed elsewhere, and no surrounding
setting puts a proxy in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from urllib.parse import quote

import aiohttp
from yarl import URL

from herald import __version__
from herald.channels.answer import Answer, NoAnswer

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 30.0
"""From the first byte to the last, connecting included."""
BODY_MOST = 2_000_000
"""Bytes of an answer that are read where a caller asks for no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without its token."""

    method: str
    address: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers that the network's interface asks for."""
    is_spelled: bool = False
    """The address is sent letter by letter as it is, ``%3A`` included; it has its query in it."""


async def ask(
    request: Request,
    *,
    user_agent: str,
    token: str = "",
    seconds: float = ANSWER_SECONDS,
    most: int = BODY_MOST,
) -> Answer | NoAnswer:
    """Send *request* once, and never again, whatever comes back; *seconds* are for all of it.

    Of an answer longer than *most* bytes only its beginning is brought back.
    """
    timeout = aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds / 2))
    headers = {"User-Agent": user_agent, "Accept": "application/json", **request.headers}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if request.body is not None:
        headers["Content-Type"] = request.kind
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
                middlewares=(_once,),
            ) as session,
            session.request(
                request.method,
                URL(request.address, encoded=True) if request.is_spelled else request.address,
                params=request.query,
                data=None if request.body is None else BytesIO(request.body),
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            return await _read(response, most)
    except _Broken as broken:
        return _no_answer(broken.error, seconds)
    except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
        return _no_answer(error, seconds)


def hidden(answer: Answer | NoAnswer, secrets: Iterable[str]) -> Answer | NoAnswer:
    """Return *answer* without *secrets*, which some servers repeat in pages and addresses."""
    if isinstance(answer, NoAnswer):
        return answer
    spelled = {form for one in secrets if one for form in (one, quote(one, safe=""))}

    def hide(text: str) -> str:
        for secret in spelled:
            text = text.replace(secret, "***")
        return text

    headers = {name: hide(value) for name, value in answer.headers.items()}
    try:
        body = hide(answer.body.decode(json.detect_encoding(answer.body))).encode()
    except UnicodeError:
        body = b""  # no text: nothing of it is ever read or shown
    return replace(answer, headers=headers, body=body)


def user_agent(contact: str) -> str:
    """Return ``Herald/VERSION (+CONTACT)``: who asks, and whom a web master may turn to."""
    said = "".join(c for c in contact if c.isascii() and c.isprintable() and c not in "()")[:200]
    return f"Herald/{__version__}{f' (+{said})' if said else ''}"


async def multipart(
    fields: Mapping[str, str], files: Iterable[tuple[str, str, str, bytes]] = ()
) -> tuple[bytes, str]:
    """Return a form's body and content type; a file is (field, name, media type, bytes)."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for name, filename, kind, content in files:
        form.add_field(name, content, filename=filename, content_type=kind)
    made = form()
    return await made.as_bytes(), made.headers["Content-Type"]


class _Broken(Exception):
    """A request that ended without an answer, in words on which aiohttp does not act."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET or a PUT a second time by itself when the first was cut."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken(error) from error


def _no_answer(error: Exception, seconds: float) -> NoAnswer:
    # Both are children of errors that may come after sending: they are matched first.
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NoAnswer(f"the server cannot be reached: {_name(error)}", reached=False)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return NoAnswer(f"the server's address is no address: {_name(error)}", reached=False)
    if isinstance(error, TimeoutError):
        return NoAnswer(f"no answer within {seconds:g} seconds")
    return NoAnswer(f"the connection broke before the answer was whole: {_name(error)}")


async def _read(response: aiohttp.ClientResponse, most: int) -> Answer:
    body = b""
    async for part in response.content.iter_chunked(65_536):
        body += part
        if len(body) > most:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status, headers=headers, body=body)


def _name(error: BaseException) -> str:
    """Return the kind of an error; its text may hold addresses, never needed here."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    reason = getattr(cause, "strerror", None)
    return f"{type(error).__name__}{f', {reason}' if reason else ''}"
