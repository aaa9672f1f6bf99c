"""What Herald knows of Slack before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from herald.channels.login import Asking, ask_for
from herald.channels.network import Network, Secret, Surroundings
from herald.channels.settings import read_settings
from herald.channels.slack.settings import SlackSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.slack.channel import open_slack  # noqa: PLC0415 - brings a client along

    return open_slack(config, secrets=secrets, around=around)


_BOT_TOKEN = Secret(
    name="bot_token",
    what="the bot's token, with `channel`: it begins with xoxb-",
    needed=False,
)
_WEBHOOK_URL = Secret(
    name="webhook_url",
    what="an incoming webhook's whole address, where there is no `channel`",
    needed=False,
)


async def _log_in(config: ChannelConfig, asking: Asking) -> Mapping[str, str]:
    """Ask for the one secret that the settings make use of."""
    by_bot = read_settings(SlackSettings, config).channel
    wanted = replace(_BOT_TOKEN if by_bot else _WEBHOOK_URL, needed=True)
    return await ask_for((wanted,), asking)


NETWORK = Network(
    name="slack",
    settings=SlackSettings,
    open=_open,
    secrets=(_BOT_TOKEN, _WEBHOOK_URL),
    log_in=_log_in,
)
