"""What Herald knows of Instagram before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.instagram.settings import InstagramSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.instagram.channel import open_instagram  # noqa: PLC0415 - brings aiohttp along

    return open_instagram(config, secrets=secrets, around=around)


NETWORK = Network(
    name="instagram",
    settings=InstagramSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="a long-lived access token with instagram_business_basic and "
            "instagram_business_content_publish",
        ),
        Secret(
            name="access_token_ends",
            what="when the access token ends, written by Herald each time it renews it",
            needed=False,
        ),
    ),
)
