"""Knows the error messages that feed generators publish as if they were news."""

from __future__ import annotations

import re

from herald.model.feed import ParsedEntry

_ERROR = re.compile(r"Bridge returned error \d+!")
"""RSS-Bridge, with a fresh id every day."""


def is_error_item(entry: ParsedEntry) -> bool:
    """Tell whether *entry* is an error message in disguise."""
    return _ERROR.match(entry.title) is not None
