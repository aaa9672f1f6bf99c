"""Opens a channel on Slack: by a bot where ``channel`` is set, else by an incoming webhook."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.asking import user_agent
from herald.channels.network import Surroundings
from herald.channels.secret_address import secret_address
from herald.channels.settings import read_settings
from herald.channels.slack.asking import Bot
from herald.channels.slack.bot import SlackBot
from herald.channels.slack.settings import SlackSettings
from herald.channels.slack.webhook import SlackWebhook
from herald.errors import ConfigurationBroken
from herald.model.configuration import ChannelConfig


def open_slack(
    config: ChannelConfig, *, secrets: Mapping[str, str], around: Surroundings
) -> SlackBot | SlackWebhook:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(SlackSettings, config)
    who = user_agent(around.contact)
    if not settings.channel:
        url = _secret("webhook_url", config, secrets, why="it has no channel")
        try:
            origin, path = secret_address(url, like="https://hooks.slack.com/services/")
        except ValueError as error:
            raise ConfigurationBroken(f"channel {config.id}: webhook_url: {error}") from None
        return SlackWebhook(config.id, origin + path, user_agent=who, clock=around.clock)
    token = _secret("bot_token", config, secrets, why="it has a channel")
    if not (token.startswith("xox") and token.isascii() and token.isprintable()) or " " in token:
        raise ConfigurationBroken(
            f"channel {config.id}: the bot token is none: copy the one that begins with xoxb-"
        )
    bot = Bot(server=settings.server, token=token, user_agent=who)
    return SlackBot(config.id, settings.channel, bot, pictures=around.pictures, clock=around.clock)


def _secret(name: str, config: ChannelConfig, secrets: Mapping[str, str], *, why: str) -> str:
    if found := secrets.get(name, "").strip():
        return found
    variable = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__{name.upper()}"
    raise ConfigurationBroken(
        f"channel {config.id} cannot sign in to its network: set {variable} in .env, as {why}"
    )
