"""What Herald knows of Slack before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.network import Network, Secret, Surroundings
from herald.channels.slack.settings import SlackSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.slack.channel import open_slack  # noqa: PLC0415 - brings a client along

    return open_slack(config, secrets=secrets, around=around)


NETWORK = Network(
    name="slack",
    settings=SlackSettings,
    open=_open,
    secrets=(
        Secret(
            name="bot_token",
            what="the bot's token, with `channel`: it begins with xoxb-",
            needed=False,
        ),
        Secret(
            name="webhook_url",
            what="an incoming webhook's whole address, where there is no `channel`",
            needed=False,
        ),
    ),
)
