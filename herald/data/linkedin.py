"""Where LinkedIn's interface is and which version of it is spoken, read from ``linkedin.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInFacts:
    """What Herald knows of LinkedIn's interface."""

    api: str
    oauth: str
    upload_hosts: tuple[str, ...]
    """Domains on which, and below which, pictures may be asked for."""
    version: str
    """Year and month."""
    source: str
    as_of: str


@cache
def linkedin_facts() -> LinkedInFacts:
    """Return the facts."""
    written = files(__package__).joinpath("linkedin.toml").read_text(encoding="utf-8")
    table = tomllib.loads(written)
    return LinkedInFacts(**{**table, "upload_hosts": tuple(table["upload_hosts"])})
