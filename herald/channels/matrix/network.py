"""What Herald knows of Matrix before it opens an account."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.matrix.login import log_in
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.matrix.channel import open_matrix  # noqa: PLC0415 - brings a client along

    return open_matrix(
        config,
        token=secrets["access_token"],
        pictures=around.pictures,
        clock=around.clock,
        contact=around.contact,
    )


NETWORK = Network(
    name="matrix",
    settings=MatrixSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="the access token of Herald's own user",
        ),
    ),
    log_in=log_in,
)
