"""The limits of each network, read from ``networks.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from herald.model.delivery import Action
from herald.model.network import Capabilities, Count, Handle, Proof

_SECONDS = frozenset({"settle_window", "repeat_within", "timeout", "pace", "host_pace"})
_ABOUT_THE_FACTS = frozenset({"confidence", "source", "as_of"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """A network's usual limits, and how well they are known."""

    capabilities: Capabilities
    confidence: str
    source: str
    as_of: str
    """Month, such as ``2026-11``."""
    proofs: tuple[Proof, ...] = ()
    """By what it lets Herald tell one post from two; of networks that Herald posts on itself."""


def capabilities_of(network: str) -> Capabilities:
    """Return the usual limits of *network*; without any limit for one that is not known."""
    facts = network_facts().get(network)
    return facts.capabilities if facts else Capabilities()


@cache
def network_facts() -> dict[str, NetworkFacts]:
    """Return the facts of every network that is known."""
    written = files(__package__).joinpath("networks.toml").read_text(encoding="utf-8")
    return {name: _facts(table) for name, table in tomllib.loads(written).items()}


def _facts(table: dict[str, Any]) -> NetworkFacts:
    values = {name: _value(name, value) for name, value in table.items()}
    about = {name: str(values.pop(name)) for name in _ABOUT_THE_FACTS}
    proofs = tuple(Proof(name) for name in values.pop("proofs", ()))
    return NetworkFacts(capabilities=Capabilities(**values), proofs=proofs, **about)


def _value(name: str, value: Any) -> Any:
    read = _READ.get(name)
    return value if read is None else read(value)


def _ratio(value: tuple[float, float]) -> tuple[float, float]:
    narrowest, widest = value
    return (float(narrowest), float(widest))


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_SECONDS, lambda value: timedelta(seconds=value)),
    "actions": lambda value: frozenset(Action(one) for one in value),
    "media_ratio": _ratio,
    "count": Count,
    "handle": Handle,
    "media_types": frozenset,
    "video_types": frozenset,
}
"""How a value is read, where it is not just as TOML gives it."""
