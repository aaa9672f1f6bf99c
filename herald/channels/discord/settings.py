"""What ``channels.yaml`` may say about a Discord channel."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings

_ID = re.compile(r"\d{15,20}")
_LINK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/channels/\d+/(?P<id>\d{15,20})/?")


class DiscordSettings(NetworkSettings):
    """The settings of a Discord channel."""

    thread: str = Field(
        "", description="the number of a thread of the webhook's channel, in which all posts stand"
    )

    @field_validator("thread")
    @classmethod
    def _is_a_thread(cls, thread: str) -> str:
        """Return the thread's number, also of a link to it."""
        link = _LINK.fullmatch(thread)
        bare = link["id"] if link else thread
        if bare and not _ID.fullmatch(bare):
            raise ValueError(f"{thread!r} is no thread: copy its link, it ends with its number")
        return bare
