"""What Herald knows of Apprise before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.apprise.settings import AppriseSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.apprise.channel import (  # noqa: PLC0415 - brings all services along
        open_apprise,
    )

    return open_apprise(config, url=secrets["url"])


NETWORK = Network(
    name="apprise",
    settings=AppriseSettings,
    open=_open,
    secrets=(
        Secret(name="url", what="the service's address as Apprise writes it, such as `tgram://…`"),
    ),
)
