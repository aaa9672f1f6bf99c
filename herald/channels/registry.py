"""Knows the networks: those that Herald brings along, and those that others added.

Another's network is an entry point of the group ``herald.channels`` whose object is a ``Network``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from herald.channels import journal, manual
from herald.channels.bluesky.network import NETWORK as BLUESKY
from herald.channels.mastodon.network import NETWORK as MASTODON
from herald.channels.matrix.network import NETWORK as MATRIX
from herald.channels.network import Network, Secret, Surroundings
from herald.channels.settings import did_you_mean, setting_problems
from herald.errors import ConfigurationBroken
from herald.model.configuration import ChannelConfig
from herald.model.problem import Problem
from herald.ports import Channel

log = logging.getLogger(__name__)

GROUP = "herald.channels"
"""The group of entry points under which others add networks."""

BROUGHT_ALONG: Mapping[str, Network] = {
    network.name: network
    for network in (
        BLUESKY,
        journal.NETWORK,
        manual.NETWORK,
        MASTODON,
        MATRIX,
    )
}


@cache
def networks() -> Mapping[str, Network]:
    """Return every network by its name; one that Herald brings along wins over another's."""
    added = (_loaded(point) for point in entry_points(group=GROUP))
    return {each.name: each for each in added if each is not None} | dict(BROUGHT_ALONG)


def needs_secrets(network: str) -> tuple[Secret, ...]:
    """Return the secrets without which a channel of *network* cannot be opened."""
    known = networks().get(network)
    return tuple(secret for secret in known.secrets if secret.needed) if known else ()


def missing_secrets(config: ChannelConfig, secrets: Mapping[str, str]) -> str:
    """Say which secrets a channel lacks and where to put them; empty where it has all it needs."""
    missing = [
        one.name for one in needs_secrets(config.network) if not secrets.get(one.name, "").strip()
    ]
    if not missing:
        return ""
    prefix = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__"
    variables = " and ".join(f"{prefix}{name.upper()}" for name in missing)
    return f"channel {config.id} cannot sign in to its network: set {variables} in .env"


def check_settings(config: ChannelConfig) -> tuple[Problem, ...]:
    """Return everything that is wrong with a channel's network, name and settings."""
    known = networks().get(config.network)
    if known is None:
        return (_unknown_network(config),)
    secrets = frozenset(secret.name for secret in known.secrets)
    return setting_problems(known.settings, config, secrets=secrets)


def open_channel(
    config: ChannelConfig, *, secrets: Mapping[str, str], around: Surroundings
) -> Channel:
    """Return the configured account, ready to send; nothing is asked of the network yet.

    Raises ``ConfigurationBroken`` with every problem when the settings are unsound or a secret is
    missing.
    """
    if trouble := missing_secrets(config, secrets):
        raise ConfigurationBroken(trouble)
    known = networks().get(config.network)
    if known is None:
        raise ConfigurationBroken(str(_unknown_network(config)))
    return known.open(config, secrets, around)


def _loaded(point: EntryPoint) -> Network | None:
    """Return another's network; None, and a word in the log, for one that cannot be used."""
    try:
        found = point.load()
    except Exception:  # whatever another's module does: the other networks go on
        log.exception(
            "a network that was added cannot be loaded", extra={"entry_point": point.name}
        )
        return None
    if isinstance(found, Network) and found.name == point.name:
        return found
    log.error("an added network is no Network of its name", extra={"entry_point": point.name})
    return None


def _unknown_network(config: ChannelConfig) -> Problem:
    known = networks()
    path = ".".join(part for part in (config.place.path, "network") if part)
    return Problem(
        place=replace(config.place, path=path),
        code="unknown-network",
        message=f'Herald knows no network "{config.network}"',
        hint=did_you_mean(config.network, known)
        or f"it knows {', '.join(sorted(known))}; for any other place write network: manual",
    )
