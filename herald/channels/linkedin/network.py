"""What Herald knows of LinkedIn before it opens a page."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.linkedin.login import log_in
from herald.channels.linkedin.settings import LinkedInSettings
from herald.channels.network import Network, Secret, Surroundings
from herald.model.configuration import ChannelConfig
from herald.ports import Channel


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> Channel:
    from herald.channels.linkedin.channel import (  # noqa: PLC0415 - brings a client along
        open_linkedin,
    )

    return open_linkedin(config, secrets=secrets, around=around)


NETWORK = Network(
    name="linkedin",
    settings=LinkedInSettings,
    open=_open,
    secrets=(
        Secret(
            name="access_token",
            what="a token with w_organization_social and, to read back, r_organization_social",
        ),
        Secret(
            name="refresh_token",
            what="renews the access token, where LinkedIn gave one along with it",
            needed=False,
        ),
        Secret(name="client_id", what="the app's Client ID, for renewing tokens", needed=False),
        Secret(
            name="client_secret", what="the app's Client Secret, for renewing tokens", needed=False
        ),
    ),
    log_in=log_in,
)
