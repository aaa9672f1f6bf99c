"""What Herald knows of a network before any account on it is opened.

Whoever adds a network makes one ``Network`` and names it in an entry point of the group
``herald.channels`` (docs/how-to/add-a-network.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from herald.channels.login import LogIn
from herald.channels.settings import NetworkSettings
from herald.model.configuration import ChannelConfig
from herald.model.network import Capabilities
from herald.ports import Cards, Channel, Clock, MediaStore, Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Something that an account needs and that stands in no file of ``config/``."""

    name: str
    """As in ``HERALD_CHANNELS__FEDI__ACCESS_TOKEN``, in small letters."""
    what: str
    """For people: what it is and where one gets it."""
    needed: bool = True
    """Without it the account cannot be opened."""


KeepSecret = Callable[[str, str], Awaitable[None]]
"""Keeps a secret of the account, by name, which its network gave it in place of an older one."""


async def keep_nothing(name: str, value: str) -> None:
    """Keep no secret: for one that lives no longer than its process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an account is given to work with."""

    folder: Path
    """The one that holds ``campaigns/`` and ``config/``."""
    media: MediaStore
    pictures: Pictures
    clock: Clock
    cards: Cards | None = None
    """Reads linked pages; None where a post's own title must do."""
    contact: str = ""
    """The address that a web master may turn to, told in the User-Agent."""
    keep_secret: KeepSecret = keep_nothing


Open = Callable[[ChannelConfig, Mapping[str, str], Surroundings], Channel]
"""Returns the account, ready to send, given its configuration and secrets.

Nothing is asked of the network yet. Raises ``herald.errors.ConfigurationBroken`` with every problem
when the settings are unsound. It imports what it needs when it is called: reading and checking
files need not wait for that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network on which channels can be."""

    name: str
    """The word after ``network:``."""
    settings: type[NetworkSettings]
    """What ``channels.yaml`` may say about an account, with a description for each."""
    open: Open
    secrets: tuple[Secret, ...] = ()
    usual: Capabilities | None = None
    """The limits as long as no account has told its own; None: those of ``networks.toml``."""
    log_in: LogIn | None = None
    """Obtains the secrets with a person's help (``herald login``); None: each is asked for."""
