"""Builds the requests of the AT Protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping

from herald.channels.asking import Request


def asking(address: str, method: str, **query: str) -> Request:
    """Return the request for a query of the AT Protocol, such as ``com.atproto.repo.getRecord``."""
    return Request(method="GET", address=f"{address}/xrpc/{method}", query=query)


def telling(address: str, method: str, body: Mapping[str, object] | None = None) -> Request:
    """Return the request for a procedure, with *body* as JSON."""
    said = None if body is None else json.dumps(body).encode()
    return Request(method="POST", address=f"{address}/xrpc/{method}", body=said)
