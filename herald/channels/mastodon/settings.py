"""What ``channels.yaml`` may say about a Mastodon account."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address


class MastodonSettings(NetworkSettings):
    """The settings of a Mastodon channel."""

    server: str = Field(description='such as server: "https://social.example.org"')
    visibility: Literal["public", "unlisted", "private"] = Field(
        "public", description="who sees the posts; private means followers only"
    )
    content_warning: str = Field("", description="stands before every post, which is then folded")

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        return server_address(server, like="https://social.example.org")
