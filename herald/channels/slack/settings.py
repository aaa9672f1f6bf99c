"""What ``channels.yaml`` may say about a Slack channel."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_ID = re.compile(r"[CG][A-Z0-9]{8,20}")
_LINK = re.compile(r"https://[\w.-]+\.slack(?:-gov)?\.com/archives/([CG][A-Z0-9]{8,20})/?")


class SlackSettings(NetworkSettings):
    """The settings of a Slack channel."""

    channel: str = Field(
        "", description="the channel's number, such as C0123456789; without it a webhook posts"
    )
    server: str = Field("https://slack.com", description="another Slack, such as slack-gov.com")

    @field_validator("channel")
    @classmethod
    def _is_a_channel(cls, channel: str) -> str:
        """Return the channel's number, also of a link to it."""
        link = _LINK.fullmatch(channel)
        bare = link[1] if link else channel
        if bare and not _ID.fullmatch(bare):
            raise ValueError(
                f"{channel!r} is no channel's number: copy the channel's link, it ends with it"
            )
        return bare

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        return server_address(server, like="https://slack.com")
