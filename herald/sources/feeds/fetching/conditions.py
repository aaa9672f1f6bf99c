"""What the headers of an answer say about keeping it, and those that ask whether it changed."""

from __future__ import annotations

from collections.abc import Mapping

from multidict import CIMultiDictProxy

from herald.model.polling import Validators
from herald.sources.feeds.fetching.freshness import validators_are_promises

_LONGEST_VALIDATOR = 1_000


def validators_of(headers: Mapping[str, str], caching: Mapping[str, str]) -> Validators:
    """Return what to ask with next time, by an answer's headers and what they say of keeping it.

    A validator that is not text, or far too long, cannot be sent back and is left out.
    """
    if not validators_are_promises(caching):
        return Validators()
    return Validators(
        etag=_verbatim(headers.get("ETag", "")),
        last_modified=_verbatim(headers.get("Last-Modified", "")),
    )


def conditions_of(validators: Validators) -> dict[str, str]:
    """Return the headers that ask only for what has changed; none without validators."""
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def caching_of(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return what is said of keeping the answer; ``Cache-Control`` may come in several headers."""
    told = {name: headers[name] for name in ("Expires", "Date", "Age") if name in headers}
    told["Cache-Control"] = ", ".join(headers.getall("Cache-Control", ()))
    return told


def _verbatim(value: str) -> str:
    try:
        return value if len(value.encode()) <= _LONGEST_VALIDATOR else ""
    except UnicodeEncodeError:
        return ""
