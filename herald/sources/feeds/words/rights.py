"""Finds the licence that an entry or a feed gives, in the many places for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from herald.sources.feeds.markup.spaces import family
from herald.sources.feeds.markup.tree import Element, attribute, local, words


def licence_of(children: Iterable[Element]) -> str:
    """Return the address or else the words of a licence among *children*; "" is no permission.

    An address says more than words: ``rel=license``, Creative Commons' modules, Dublin Core and
    Media RSS come before ``rights``.
    """
    told = list(_told(children))
    addresses = [each for each in told if each.lower().startswith(("http://", "https://"))]
    return next(iter(addresses or told), "")


def licence_address(children: Iterable[Element]) -> str:
    """Return only an address: a feed's "all rights reserved" says nothing of one entry."""
    found = licence_of(children)
    return found if found.lower().startswith(("http://", "https://")) else ""


def _told(children: Iterable[Element]) -> Iterator[str]:
    for child in children:
        match family(child), local(child):
            case (("" | "atom"), "link") if "license" in attribute(child, "rel").lower().split():
                yield attribute(child, "href")
            case (("cc" | "creativecommons"), "license"):
                yield attribute(child, "resource") or words(child)
            case "dcterms", "license":
                yield attribute(child, "resource") or words(child)
            case "media", "license":
                yield attribute(child, "href") or words(child)
            case (("" | "dc" | "dcterms"), ("rights" | "copyright")):
                yield words(child)
            case _:
                pass
