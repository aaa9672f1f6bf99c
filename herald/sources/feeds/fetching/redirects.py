"""The way from the address that is asked to the one that answers, redirect by redirect."""

from __future__ import annotations

import re

from yarl import URL

REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAME_REQUEST = frozenset({307, 308})
"""Those that ask for the very same request elsewhere, body and all (RFC 9110, section 15.4)."""
_PERMANENT = frozenset({301, 308})
_RAW_BYTE = re.compile("[\udc80-\udcff]")
"""How aiohttp hands on a byte of a header that is no UTF-8."""


class Way:
    """Where a request stands, and how it came there."""

    def __init__(self, start: URL, *, most: int, seconds: float) -> None:
        """Begin at *start*, with at most so many redirects, and so many seconds for requests."""
        self.at = start
        self.seconds_left = seconds
        self._start = start
        self._most = most
        self._seen = {start}
        self.is_permanent = True
        """Every redirect so far says "for good"; so it is without any."""

    @property
    def host(self) -> str:
        """The server that is asked: its name and port, without user and password."""
        return f"{self.at.host}:{self.at.port}"

    @property
    def moved_to(self) -> str:
        """Where every redirect says the document lives for good; empty where one says less.

        Also empty for an address with a password: the new one would be asked without it.
        """
        has_moved = len(self._seen) > 1 and self.is_permanent and self._start.user is None
        return str(self.at.with_fragment(None)) if has_moved else ""

    def follow(self, status: int, location: str) -> str:
        """Go where a redirect leads; return why not, in plain words, or ""."""
        there = _target(self.at, location.strip())
        if isinstance(there, str):
            return there
        if there in self._seen:
            return "the server redirects in a circle; perhaps it expects a cookie"
        if len(self._seen) > self._most:
            return f"the server redirects more than {self._most} times in a row"
        self.is_permanent &= status in _PERMANENT and not is_downgrade(self.at, there)
        self._seen.add(there)
        self.at = there
        return ""


def _target(at: URL, location: str) -> URL | str:
    """Return where *location* leads from *at*, or why nobody goes there."""
    if not location:
        return "the server redirects, but does not say where to"
    try:
        target = URL(_RAW_BYTE.sub(_escaped, location))
        there = at.join(target)
    except ValueError:
        return "the server redirects to something that is no web address"
    refusal = refusal_of(there)
    if not refusal and (target.user is not None or target.password is not None):
        refusal = "a user name or password in an address is not followed"
    return f"the server redirects to {_spelled(there)}: {refusal}" if refusal else there


def refusal_of(url: URL) -> str:
    """Return why *url* is never asked, whoever names it, or ""."""
    if url.scheme not in {"http", "https"}:
        return "only http:// and https:// addresses are fetched"
    return "" if url.host else "the address names no server"


def is_downgrade(before: URL, after: URL) -> bool:
    """Tell whether the way from *before* to *after* gives up encryption."""
    return before.scheme == "https" and after.scheme != "https"


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) - 0xDC00:02X}"


def _spelled(url: URL) -> str:
    shown = str(url.with_user(None) if url.host else url)
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
