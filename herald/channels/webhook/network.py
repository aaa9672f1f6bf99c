"""What Herald knows of webhooks before it opens one."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.network import Network, Secret, Surroundings
from herald.channels.webhook.settings import WebhookSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.webhook.channel import open_webhook  # noqa: PLC0415 - brings aiohttp along

    return open_webhook(config, secret=secrets["secret"], around=around)


NETWORK = Network(
    name="webhook",
    settings=WebhookSettings,
    open=_open,
    secrets=(
        Secret(
            name="secret",
            what="`whsec_` and what signs the calls, in Base64; the receiver has the same",
        ),
    ),
)
