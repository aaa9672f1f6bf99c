"""Where web sites keep feeds and calendars that their pages do not name, by what made the site.

Each path was seen in the wild or is its system's own; ``why`` is what a person reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A path at which a system usually answers."""

    path: str
    """Against the site's first page; a bare ``?…`` against the page that was asked for."""
    is_calendar: bool = False
    why: str


EVENTS_CALENDAR_SIGN = "/wp-json/tribe/events/v1/events?per_page=1"
"""Answers on every WordPress with The Events Calendar, whatever its pages are called."""
EVENTS_CALENDAR = "/?post_type=tribe_events&ical=1&eventDisplay=list"
"""Its calendar by type: /events/ is translated on many sites."""

_RSS, _CALENDAR = "where {} keeps its news feed", "where {} keeps its calendar"


def _news(system: str, *paths: str) -> tuple[Spot, ...]:
    return tuple(Spot(path=path, why=_RSS.format(system)) for path in paths)


def _calendar(system: str, *paths: str) -> tuple[Spot, ...]:
    return tuple(Spot(path=path, is_calendar=True, why=_CALENDAR.format(system)) for path in paths)


SYSTEMS: tuple[tuple[str, tuple[Spot, ...]], ...] = (
    ("wordpress", _news("WordPress", "/feed/", "/?feed=rss2")),
    ("drupal", _news("Drupal", "/rss.xml")),
    ("joomla", _news("Joomla", "?format=feed&type=rss", "/index.php?format=feed&type=rss")),
    ("typo3", _news("TYPO3's news", "?type=9818", "/feed.rss")),
    ("blogger", _news("Blogger", "/feeds/posts/default")),
    ("squarespace", _news("Squarespace", "?format=rss", "/blog?format=rss")),
    ("wix", _news("Wix", "/blog-feed.xml")),
    ("plone", _news("Plone", "/RSS", "/news/RSS")),
    ("hugo", _news("Hugo", "/index.xml")),
    ("jekyll", _news("Jekyll", "/feed.xml")),
    ("ghost", _news("Ghost", "/rss/")),
    ("localist", (*_calendar("Localist", "/calendar.ics"), *_news("Localist", "/calendar.xml"))),
)
"""By a word of the page's generator, lower case."""

USUAL: tuple[Spot, ...] = (
    *_news("many a site", "/feed/", "/rss.xml", "/feed.xml", "/rss", "/atom.xml", "/index.xml"),
    *_news("many a site", "/feed.json"),
    *_calendar("many a site", "/calendar.ics", "/events/?ical=1"),
)
"""For a site that does not say what made it; the likeliest first."""


def spots_of(generator: str) -> tuple[Spot, ...]:
    """Return where to look on a site of this generator: its system's paths alone if it is known."""
    said = generator.casefold()
    found = (spots for system, spots in SYSTEMS if system in said)
    return next(found, USUAL)


def is_wordpress(generator: str) -> bool:
    """Tell whether a page says that WordPress made it; its shops and builders name themselves."""
    said = generator.casefold()
    return any(word in said for word in ("wordpress", "elementor", "woocommerce", "the events cal"))


def address_of(spot: Spot, page: str) -> str:
    """Return the address of a spot on the site of *page*."""
    if spot.path.startswith("?"):
        return page.partition("#")[0].partition("?")[0] + spot.path
    return urljoin(home_of(page), spot.path)


def home_of(page: str) -> str:
    """Return the address of a site's first page."""
    parts = urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}/"
