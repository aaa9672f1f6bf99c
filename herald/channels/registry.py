"""Knows the networks: which there are, what each asks for, and how an account on one is opened.

A network is one module (or package) and one branch in each function below. The entry-point group
``herald.channels`` is reserved for networks that others write: an entry point of that group will
name an object with the three functions of this module (``check_settings``, ``needs_secrets``,
``open_channel``), and its name will be the word after ``network:``. Until then a network of your
own is a ``manual`` channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.journal import JournalSettings, open_journal
from herald.channels.manual import ManualSettings, open_manual
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.settings import did_you_mean, setting_problems
from herald.errors import ConfigurationBroken
from herald.model.configuration import ChannelConfig
from herald.model.problem import Problem
from herald.ports import Channel, Clock, MediaStore

NETWORKS: frozenset[str] = frozenset({"bluesky", "journal", "manual", "mastodon", "matrix"})
"""What may stand after ``network:``."""
_SECRETS = {
    "bluesky": ("app_password",),
    "mastodon": ("access_token",),
    "matrix": ("access_token",),
}


def needs_secrets(network: str) -> tuple[str, ...]:
    """Return the names of the secrets without which a channel of *network* cannot be opened."""
    return _SECRETS.get(network, ())


def missing_secrets(config: ChannelConfig, secrets: Mapping[str, str]) -> str:
    """Say which secrets a channel lacks and where to put them; empty where it has all it needs."""
    missing = [name for name in needs_secrets(config.network) if not secrets.get(name, "").strip()]
    if not missing:
        return ""
    prefix = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__"
    variables = " and ".join(f"{prefix}{name.upper()}" for name in missing)
    return f"channel {config.id} cannot sign in to its network: set {variables} in .env"


def check_settings(config: ChannelConfig) -> tuple[Problem, ...]:
    """Return everything that is wrong with a channel's network, name and settings."""
    match config.network:
        case "bluesky":
            return setting_problems(BlueskySettings, config)
        case "journal":
            return setting_problems(JournalSettings, config)
        case "manual":
            return setting_problems(ManualSettings, config)
        case "mastodon":
            return setting_problems(MastodonSettings, config)
        case "matrix":
            return setting_problems(MatrixSettings, config)
    return (_unknown_network(config),)


def open_channel(
    config: ChannelConfig,
    *,
    secrets: Mapping[str, str],
    folder: Path,
    media: MediaStore,
    clock: Clock,
    contact: str = "",
) -> Channel:
    """Return the configured account, ready to send; nothing is asked of the network yet.

    *folder* is the one that holds ``campaigns/`` and ``config/``; *contact* is the address that a
    web master may turn to, told in the User-Agent. Raises ``ConfigurationBroken`` with every
    problem when the settings are unsound or a secret is missing.
    """
    _refuse_missing_secrets(config, secrets)
    match config.network:
        case "bluesky":
            # Brings aiohttp along, which check and plan need not wait for.
            from herald.channels.bluesky.channel import open_bluesky  # noqa: PLC0415

            return open_bluesky(
                config, password=secrets["app_password"], media=media, clock=clock, contact=contact
            )
        case "journal":
            return open_journal(config, folder=folder, clock=clock)
        case "manual":
            return open_manual(config, folder=folder, media=media)
        case "mastodon":
            from herald.channels.mastodon.channel import open_mastodon  # noqa: PLC0415

            return open_mastodon(
                config, token=secrets["access_token"], media=media, clock=clock, contact=contact
            )
        case "matrix":
            from herald.channels.matrix.channel import open_matrix  # noqa: PLC0415

            return open_matrix(
                config, token=secrets["access_token"], media=media, clock=clock, contact=contact
            )
    raise ConfigurationBroken(str(_unknown_network(config)))


def _refuse_missing_secrets(config: ChannelConfig, secrets: Mapping[str, str]) -> None:
    if trouble := missing_secrets(config, secrets):
        raise ConfigurationBroken(trouble)


def _unknown_network(config: ChannelConfig) -> Problem:
    path = ".".join(part for part in (config.place.path, "network") if part)
    return Problem(
        place=replace(config.place, path=path),
        code="unknown-network",
        message=f'Herald knows no network "{config.network}"',
        hint=did_you_mean(config.network, NETWORKS)
        or f"it knows {', '.join(sorted(NETWORKS))}; for any other place write network: manual",
    )
