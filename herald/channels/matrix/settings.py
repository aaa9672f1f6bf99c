"""What ``channels.yaml`` may say about a Matrix room."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_ROOM_ID = re.compile(r"![^\s:]+(?::[^\s:]+(?::\d+)?)?")
"""``!opaque:server``; without a server from room version 12 on."""
_ALIAS = re.compile(r"#[^\s:]+:[^\s:]+(?::\d+)?")
_LIKE = '(write it as in "!AbCdEf:example.org" or "#museum:example.org")'


class MatrixSettings(NetworkSettings):
    """The settings of a Matrix channel."""

    server: str = Field(description='such as server: "https://matrix.example.org"')
    room: str = Field(description='such as room: "#museum:example.org"')

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        return server_address(server, like="https://matrix.example.org")

    @field_validator("room")
    @classmethod
    def _is_a_room(cls, room: str) -> str:
        """Return the room's id or its address."""
        if _ROOM_ID.fullmatch(room) or _ALIAS.fullmatch(room):
            return room
        if not room:
            # An unquoted # begins a comment.
            raise ValueError(f'a room is missing: put it in quotes, "#" begins a comment {_LIKE}')
        if "matrix.to" in room or "://" in room:
            raise ValueError(f"{room!r} is a link to a room: write what stands in it {_LIKE}")
        if room.startswith("@"):
            raise ValueError(f"{room!r} is a person and no room {_LIKE}")
        raise ValueError(f"{room!r} is no room {_LIKE}")
