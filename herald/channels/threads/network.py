"""What Herald knows of Threads before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.network import Network, Secret, Surroundings
from herald.channels.threads.settings import ThreadsSettings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.threads.channel import open_threads  # noqa: PLC0415 - brings aiohttp along

    return open_threads(config, secrets=secrets, around=around)


NETWORK = Network(
    name="threads",
    settings=ThreadsSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="a long-lived access token with threads_basic and threads_content_publish",
        ),
        Secret(
            name="access_token_ends",
            what="when the access token ends, written by Herald each time it renews it",
            needed=False,
        ),
    ),
)
