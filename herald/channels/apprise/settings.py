"""What ``channels.yaml`` may say about a service that Apprise reaches."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from herald.channels.settings import NetworkSettings


class AppriseSettings(NetworkSettings):
    """The settings of an Apprise channel; its address is a secret."""

    title: Literal["true", "false"] = Field(
        "false",
        description="the post's title is sent as well, where the service has a place for one",
    )
