"""What Herald knows of WordPress before it opens a site."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.network import Network, Secret, Surroundings
from herald.channels.wordpress.settings import WordPressSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.wordpress.channel import (  # noqa: PLC0415 - brings a client along
        open_wordpress,
    )

    return open_wordpress(config, password=secrets["app_password"], around=around)


NETWORK = Network(
    name="wordpress",
    settings=WordPressSettings,
    open=_open,
    secrets=(
        Secret(
            name="app_password",
            what="an application password, made in WordPress under Users, Profile",
        ),
    ),
)
