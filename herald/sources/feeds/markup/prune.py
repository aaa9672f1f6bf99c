"""Cuts from a tree what no feed needs and feedparser would take minutes for.

It looks up every attribute and every category among all the others: quadratic in both.
"""

from __future__ import annotations

from herald.sources.feeds.markup.extras import is_entry
from herald.sources.feeds.markup.tree import Element

MOST_CHILDREN = 1_000
"""Elements in one element, its entries not counted."""
MOST_ATTRIBUTES = 100


def prune(root: Element) -> bool:
    """Take out of the tree what goes beyond its limits; tell whether there was any."""
    was_cut = False
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if len(element) > MOST_CHILDREN:
            surplus = [child for child in element if not is_entry(child)][MOST_CHILDREN:]
            for child in surplus:
                element.remove(child)
            was_cut = was_cut or bool(surplus)
        if len(element.attrib) > MOST_ATTRIBUTES:
            for name in list(element.attrib)[MOST_ATTRIBUTES:]:
                del element.attrib[name]
            was_cut = True
    return was_cut
