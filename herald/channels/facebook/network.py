"""What Herald knows of Facebook Pages before it opens one."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.facebook.settings import FacebookSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.facebook.channel import open_facebook  # noqa: PLC0415 - brings aiohttp

    return open_facebook(config, token=secrets["access_token"], around=around)


NETWORK = Network(
    name="facebook",
    settings=FacebookSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="the Page's own access token, with pages_manage_posts and pages_read_engagement",
        ),
    ),
)
