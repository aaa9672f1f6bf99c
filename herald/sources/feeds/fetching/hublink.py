"""Where a feed's changes can be subscribed to, by the ``Link`` headers of its server (RFC 8288).

aiohttp reads these headers too, but as one relation per link, by its spelling, and fails on an
address that it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from yarl import URL

from herald.model.feed import HubLink

_MOST = 8_192
"""Characters of all headers that are read: a server may send a million."""
_PARAMETER = r"""[^\s=;,<>"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?"""
_LINK = re.compile(rf"<([^<>]*)>((?:\s*;\s*{_PARAMETER})*)")
_REL = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))""", re.IGNORECASE)


def hub_of(headers: Sequence[str], *, base: URL) -> HubLink | None:
    """Return the first hub that the ``Link`` *headers* name; None without one.

    The topic is empty where they leave it to the document.
    """
    named: dict[str, str] = {}
    for target, parameters in _LINK.findall(", ".join(headers)[:_MOST]):
        relations = _REL.search(parameters)
        url = _absolute(target, base=base)
        if relations and url:
            for relation in (relations[1] or relations[2] or "").lower().split():
                named.setdefault(relation, url)
    return HubLink(hub=named["hub"], topic=named.get("self", "")) if "hub" in named else None


def _absolute(target: str, *, base: URL) -> str:
    try:
        url = base.join(URL(target.strip()))
    except ValueError:
        return ""
    return str(url) if url.scheme in {"http", "https"} and url.host else ""
