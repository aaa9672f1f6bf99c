"""Which mail domains one provider keeps, read from ``mail_domains.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def counted_domain(address_or_domain: str) -> str:
    """Return the domain at which letters to an address are counted: its provider's first one.

    In lower case and IDNA form, as addresses are kept.
    """
    domain = address_or_domain.rpartition("@")[2].strip().rstrip(".").lower()
    return _providers().get(domain, domain)


@cache
def _providers() -> Mapping[str, str]:
    written = files(__package__).joinpath("mail_domains.toml").read_text(encoding="utf-8")
    groups: list[list[str]] = tomllib.loads(written)["providers"]
    return {domain: group[0] for group in groups for domain in group}
