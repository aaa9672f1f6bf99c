"""What Herald knows of Bluesky before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.bluesky.channel import open_bluesky  # noqa: PLC0415 - brings a client along

    return open_bluesky(
        config,
        password=secrets["app_password"],
        pictures=around.pictures,
        cards=around.cards,
        clock=around.clock,
        contact=around.contact,
    )


NETWORK = Network(
    name="bluesky",
    settings=BlueskySettings,
    open=_open,
    secrets=(
        Secret(
            name="app_password",
            what="an app password, made under Settings, Privacy and security, App passwords",
        ),
    ),
)
