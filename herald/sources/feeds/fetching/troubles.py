"""Why a fetch brought nothing, in words for whoever looks after the feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from herald.sources.feeds.fetching.addresses import MARK

_STATUSES: Mapping[int, str] = {
    202: "the server puts Herald off instead of sending the document (202)",
    204: "the server sent no document (204)",
    205: "the server sent no document (205)",
    206: "the server sent only a part of the document (206)",
    304: "the server says that nothing has changed (304), though the whole document was asked for",
    401: "the server does not let Herald in (401)",
    403: "the server does not let Herald in (403)",
    404: "there is no document at this address (404)",
    406: "the server has the document only in another form (406)",
    410: "the server says that this document is gone for ever (410)",
    429: "the server asked Herald to come back later (429)",
    451: "the server may not show this document for legal reasons (451)",
    503: "the server asked Herald to come back later (503)",
}

_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError),
        "the server's certificate is not valid",
    ),
    ((aiohttp.ClientConnectorDNSError,), "there is no server of this name"),
    ((aiohttp.ClientConnectorError,), "the server cannot be reached"),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError),
        "the server closed the connection before it had answered",
    ),
    (
        (aiohttp.ClientPayloadError,),
        "the document broke off",
    ),
    ((aiohttp.InvalidURL,), "the address cannot be used"),
)
"""The first that fits tells."""


def of_status(status: int) -> str:
    """Say what an answer that brings no document means."""
    return _STATUSES.get(status, f"the server answered with an error ({status})")


def of_lateness(error: TimeoutError, *, connect: float, read: float, total: float) -> str:
    """Say which time, in seconds, was over."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"the server could not be reached within {connect:g} seconds"
    if isinstance(error, aiohttp.SocketTimeoutError):
        return f"the server sent nothing for {read:g} seconds"
    return f"the server took longer than {total:g} seconds"


def of_fault(error: Exception) -> str:
    """Say what broke on the way to the server and back."""
    if MARK in str(error):
        return "the address leads into a private network, which feeds.allow_private does not allow"
    if any(isinstance(one, ContentEncodingError) for one in _behind(error)):
        return "the document is packed in a way that cannot be unpacked"
    told = (words for kinds, words in _FAULTS if isinstance(error, kinds))
    return next(told, "the server's answer is not proper HTTP")


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and what led to it: aiohttp's wrapping depends on which packet shows it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
