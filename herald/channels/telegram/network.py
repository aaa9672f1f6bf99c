"""What Herald knows of Telegram before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.network import Network, Secret, Surroundings
from herald.channels.telegram.settings import TelegramSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.telegram.channel import open_telegram  # noqa: PLC0415 - brings a client along

    return open_telegram(config, token=secrets["bot_token"], around=around)


NETWORK = Network(
    name="telegram",
    settings=TelegramSettings,
    open=_open,
    secrets=(
        Secret(
            name="bot_token",
            what="the token that @BotFather gave for the bot",
        ),
    ),
)
