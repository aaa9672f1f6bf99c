"""Time zones as people call them: by country, and by city where a country has several."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from babel.core import get_global
from babel.dates import get_timezone_location

from herald.composing.locales import locale_of
from herald.model.ids import Language

_NOWHERE = "001"
"""The territory of zones that belong to no country, such as Etc/GMT+1."""


@lru_cache(maxsize=32)
def zone_names(reader: Language) -> tuple[tuple[str, str], ...]:
    """Return every zone of a country with its name as *reader* calls it, by name."""
    locale = locale_of(reader)
    territories = {
        zone: code for zone, code in get_global("zone_territories").items() if code != _NOWHERE
    }
    zones_of = Counter(territories.values())
    named = []
    for zone, code in territories.items():
        country = str(locale.territories.get(code, code))
        city = str(get_timezone_location(zone, locale=locale, return_city=True))
        named.append((zone, f"{country} – {city}" if zones_of[code] > 1 else country))
    return tuple(sorted(named, key=lambda pair: (pair[1].casefold(), pair[0])))


def zone_name(zone: str, reader: Language) -> str:
    """Return a zone's name as *reader* calls it, or its own."""
    usual = str(get_global("zone_aliases").get(zone, zone))
    return next((name for known, name in zone_names(reader) if known in {zone, usual}), zone)
