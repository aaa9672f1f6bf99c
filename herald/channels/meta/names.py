"""Reads names of accounts on Instagram and Threads, which are the same."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9._]{1,30}")


def account_name(written: str) -> str:
    """Return a name without ``@``, in small letters; raise ValueError in an editor's words."""
    bare = written.removeprefix("@").casefold()
    if _NAME.fullmatch(bare):
        return bare
    what = "is an address and no name" if "/" in bare else "is no account's name"
    raise ValueError(f'{written!r} {what} (write it as in "museo.argenta")')
