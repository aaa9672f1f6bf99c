"""Knows the networks: those that Herald brings along, and those that others added.

Another's network is an entry point of the group ``herald.channels`` whose object is a ``Network``.
One that cannot be used stands in the way of its own channels alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from herald.channels import journal, manual
from herald.channels.apprise.network import NETWORK as APPRISE
from herald.channels.bluesky.network import NETWORK as BLUESKY
from herald.channels.discord.network import NETWORK as DISCORD
from herald.channels.facebook.network import NETWORK as FACEBOOK
from herald.channels.instagram.network import NETWORK as INSTAGRAM
from herald.channels.linkedin.network import NETWORK as LINKEDIN
from herald.channels.mastodon.network import NETWORK as MASTODON
from herald.channels.matrix.network import NETWORK as MATRIX
from herald.channels.network import Network, Secret, Surroundings
from herald.channels.settings import NetworkSettings, did_you_mean, setting_problems
from herald.channels.slack.network import NETWORK as SLACK
from herald.channels.telegram.network import NETWORK as TELEGRAM
from herald.channels.threads.network import NETWORK as THREADS
from herald.channels.webhook.network import NETWORK as WEBHOOK
from herald.channels.wordpress.network import NETWORK as WORDPRESS
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken
from herald.model.configuration import ChannelConfig
from herald.model.network import Capabilities
from herald.model.problem import Place, Problem, Severity
from herald.ports import Channel

log = logging.getLogger(__name__)

GROUP = "herald.channels"
"""The group of entry points under which others add networks."""

BROUGHT_ALONG: Mapping[str, Network] = {
    network.name: network
    for network in (
        APPRISE,
        BLUESKY,
        DISCORD,
        FACEBOOK,
        INSTAGRAM,
        journal.NETWORK,
        LINKEDIN,
        manual.NETWORK,
        MASTODON,
        MATRIX,
        SLACK,
        TELEGRAM,
        THREADS,
        WEBHOOK,
        WORDPRESS,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What others' packages add."""

    networks: Mapping[str, Network] = field(default_factory=dict)
    trouble: Mapping[str, str] = field(default_factory=dict)
    """Why the network of that name is not used, or Herald's own in its place."""


def networks() -> Mapping[str, Network]:
    """Return every network that can be used, by its name."""
    return {**_added().networks, **BROUGHT_ALONG}


def network_names() -> frozenset[str]:
    """Return the names of all networks, also of those that were added and cannot be used.

    A file that names one of these is sound: its other channels go on.
    """
    return frozenset(networks()) | frozenset(_added().trouble)


def usual_capabilities(network: str) -> Capabilities:
    """Return the limits of *network* as long as no account has told its own."""
    known = networks().get(network)
    usual = known.usual if known else None
    return capabilities_of(network) if usual is None else usual


def read_added(points: Iterable[EntryPoint]) -> Added:
    """Return the networks that *points* add; of two with one name the first package's counts.

    Whatever is wrong with one of them is logged, and told to whoever uses it.
    """
    found: dict[str, Network] = {}
    trouble: dict[str, str] = {}
    for point in sorted(points, key=lambda point: (point.name, _package(point))):
        loaded: Network | str
        if point.name in BROUGHT_ALONG:
            loaded = "Herald has one of its own, which is used"
        elif point.name in found:
            loaded = "another package has added one of that name, which is used"
        else:
            loaded = _loaded(point)
        if isinstance(loaded, Network):
            found[point.name] = loaded
            trouble.pop(point.name, None)
            continue
        why = f"the package {_package(point)} adds a network {point.name!r}: {loaded}"
        trouble.setdefault(point.name, why)
        log.error(why)
    return Added(networks=found, trouble=trouble)


@cache
def _added() -> Added:
    return read_added(entry_points(group=GROUP))


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
        return (_unusable(config),)
    secrets = frozenset(secret.name for secret in known.secrets)
    found = setting_problems(known.settings, config, secrets=secrets)
    return (*_passed_over(config), *found)


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
        raise ConfigurationBroken(str(_unusable(config)))
    try:
        return known.open(config, secrets, around)
    except ConfigurationBroken:
        raise
    except Exception as error:
        # Said by whoever opens channels, once; the rest is for the network's makers.
        log.debug("a network cannot open an account", exc_info=True, extra={"channel": config.id})
        told = f"channel {config.id}: a fault in the network {config.network!r}"
        raise ConfigurationBroken(f"{told} ({type(error).__name__})") from error


def _loaded(point: EntryPoint) -> Network | str:
    """Return another's network; why it cannot be used in place of one that cannot."""
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever another's module does
        return f"it cannot be loaded ({type(error).__name__}: {error})"
    if not isinstance(found, Network):
        return f"{point.value} is no Network"
    settings: object = found.settings
    if not (isinstance(settings, type) and issubclass(settings, NetworkSettings)):
        return f"the settings of {point.value} are no NetworkSettings"
    if found.name != point.name:
        return f"{point.value} is named {found.name!r}"
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module


def _passed_over(config: ChannelConfig) -> tuple[Problem, ...]:
    """Warn where another's network bears the name of the one that is used."""
    why = _added().trouble.get(config.network)
    if why is None:
        return ()
    return (
        Problem(
            place=_place_of_network(config),
            severity=Severity.WARNING,
            code="network-passed-over",
            message=why,
            hint="take that package away, or ask its makers for another name",
        ),
    )


def _unusable(config: ChannelConfig) -> Problem:
    """Say why a channel's network cannot be used: as a rule there is none of that name."""
    if why := _added().trouble.get(config.network):
        return Problem(
            place=_place_of_network(config),
            code="network-unusable",
            message=why,
            hint="install that package anew, or a version that is made for this Herald",
        )
    known = networks()
    return Problem(
        place=_place_of_network(config),
        code="unknown-network",
        message=f'Herald knows no network "{config.network}"',
        hint=did_you_mean(config.network, known)
        or f"it knows {', '.join(sorted(known))}; for any other place write network: manual",
    )


def _place_of_network(config: ChannelConfig) -> Place:
    path = ".".join(part for part in (config.place.path, "network") if part)
    return replace(config.place, path=path)
