"""What ``channels.yaml`` may say about a Bluesky account."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Bluesky's app wraps a handle in marks of direction, which come along when it is copied."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]){_LABEL}")
"""A handle, in small letters (https://atproto.com/specs/handle)."""
_LIKE = '(write it as in "museum.bsky.social")'


class BlueskySettings(NetworkSettings):
    """The settings of a Bluesky channel."""

    handle: str = Field(description="such as handle: museum.bsky.social")
    server: str = Field(
        "", description="the account's own server (PDS); without it Herald asks where the handle is"
    )

    @field_validator("handle")
    @classmethod
    def _is_a_handle(cls, handle: str) -> str:
        """Return the handle without ``@``, in small letters."""
        bare = _INVISIBLE.sub("", handle).removeprefix("@").casefold()
        if HANDLE.fullmatch(bare):
            return bare
        if "/" in bare:
            raise ValueError(f"{handle!r} is an address and no handle {_LIKE}")
        if "@" in bare:
            raise ValueError(f"{handle!r} is no handle of Bluesky, which has no @ inside {_LIKE}")
        if "." not in bare and HANDLE.fullmatch(f"{bare}.bsky.social"):
            raise ValueError(f'{handle!r} is half a handle: did you mean "{bare}.bsky.social"?')
        raise ValueError(f"{handle!r} is no handle {_LIKE}")

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        return server and server_address(server, like="https://bsky.social")
