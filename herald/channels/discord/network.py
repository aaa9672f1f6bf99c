"""What Herald knows of Discord before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.discord.settings import DiscordSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.discord.channel import open_discord  # noqa: PLC0415 - brings a client along

    return open_discord(config, webhook_url=secrets["webhook_url"], around=around)


NETWORK = Network(
    name="discord",
    settings=DiscordSettings,
    open=_open,
    secrets=(
        Secret(
            name="webhook_url",
            what="the webhook's whole address, copied under Integrations, Webhooks",
        ),
    ),
)
