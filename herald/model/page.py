"""What a web page says about feeds and events: for reading an entry's page, and for discovery."""

from __future__ import annotations

from dataclasses import dataclass

from herald.model.feed import EntryEvent
from herald.model.ids import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A link on a page that may lead to a feed or a calendar."""

    url: str
    """Absolute, http or https."""
    type: str = ""
    """The media type that the page names, lower case; empty for an ordinary link."""
    title: str = ""
    is_declared: bool = True
    """The page's head names it as its feed (``rel="alternate"``); otherwise it is a plain link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvent:
    """A schema.org Event of a page (JSON-LD)."""

    event: EntryEvent
    title: str = ""
    url: str = ""
    """Absolute; empty where it names none."""
    language: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """A web page as far as Herald reads one: plain text, absolute links, nothing executed."""

    url: str
    title: str = ""
    shown_title: str = ""
    """What the page wants to be called where it is shared (Open Graph); empty where it says none.
    """
    description: str = ""
    image: str = ""
    """The address of the picture with which it wants to be shared."""
    image_alt: str = ""
    language: Language | None = None
    licence: str = ""
    """Of ``rel="license"``."""
    generator: str = ""
    """What made the page, by its own word: WordPress 6.8, Localist, ..."""
    links: tuple[FeedLink, ...] = ()
    """In the order of the page, each URL once."""
    events: tuple[PageEvent, ...] = ()
