"""What Herald knows of Mastodon before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.mastodon.login import log_in
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.mastodon.channel import open_mastodon  # noqa: PLC0415 - brings a client along

    return open_mastodon(
        config,
        token=secrets["access_token"],
        pictures=around.pictures,
        clock=around.clock,
        contact=around.contact,
    )


NETWORK = Network(
    name="mastodon",
    settings=MastodonSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="an access token, made under Preferences, Development, New application",
        ),
    ),
    log_in=log_in,
)
