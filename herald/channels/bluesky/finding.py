"""Finds the server of an account: handle to DID, DID to document, document to server. Pure.

As https://atproto.com/specs/handle and https://atproto.com/specs/did say it. A document counts only
if it names the handle itself: else a handle could point at somebody else's account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from herald.channels.answer import Answer
from herald.channels.asking import Request
from herald.channels.bluesky.asking import asking
from herald.channels.settings import server_address

_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_WEB = re.compile(r"did:web:(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]{1,2000}(?<![:%])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directories:
    """Whom to ask where an account is, and where accounts are if nobody knows."""

    handles: str = "https://public.api.bsky.app"
    dids: str = "https://plc.directory"
    usual: str = "https://bsky.social"


def ask_for_did(server: str, handle: str) -> Request:
    """Return the question which account *handle* belongs to."""
    return asking(server, "com.atproto.identity.resolveHandle", handle=handle)


def read_did(answer: Answer) -> str:
    """Return the DID in the answer; empty when there is none."""
    did = answer.read_object().get("did") if answer.is_good else None
    return did if isinstance(did, str) and _DID.fullmatch(did) else ""


def ask_for_document(did: str, directories: Directories) -> Request | None:
    """Return the question for the document of *did*; None for a kind that the network lacks."""
    if _PLC.fullmatch(did):
        return Request(method="GET", address=f"{directories.dids}/{did}")
    if web := _WEB.fullmatch(did):
        return Request(method="GET", address=f"https://{web['host']}/.well-known/did.json")
    return None


def read_server(answer: Answer, *, did: str, handle: str) -> str:
    """Return the server in the document of *did*; empty if it has none or is not about *handle*."""
    document = answer.read_object() if answer.is_good else {}
    names = document.get("alsoKnownAs")
    services = document.get("service")
    if document.get("id") != did or not isinstance(names, list) or not isinstance(services, list):
        return ""
    if f"at://{handle}" not in {name.casefold() for name in names if isinstance(name, str)}:
        return ""
    return next((found for one in services if (found := _server(one, did))), "")


def _server(service: Any, did: str) -> str:
    if not isinstance(service, dict) or service.get("type") != "AtprotoPersonalDataServer":
        return ""
    if service.get("id") not in {"#atproto_pds", f"{did}#atproto_pds"}:
        return ""
    address = service.get("serviceEndpoint")
    try:
        found = server_address(address, like="") if isinstance(address, str) else ""
    except ValueError:
        return ""
    return found if urlsplit(found).netloc else ""
