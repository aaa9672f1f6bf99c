"""Where Meta's interfaces are and which version of them is asked, read from ``graph.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFacts:
    """One network's interface, and how well that is known."""

    server: str
    version: str
    """Such as ``v25.0``: the first part of every path."""
    confidence: str
    source: str
    as_of: str
    """Month, such as ``2026-11``."""


@cache
def graph_facts() -> dict[str, GraphFacts]:
    """Return the facts of Facebook, Instagram and Threads, by the network's name."""
    written = files(__package__).joinpath("graph.toml").read_text(encoding="utf-8")
    return {name: GraphFacts(**table) for name, table in tomllib.loads(written).items()}
