"""Which feeds the configuration names: one per URL, with every partner that lists it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from herald.model.configuration import FeedConfig, Partner
from herald.model.ids import FeedId, Language
from herald.model.polling import WantedFeed
from herald.sources.feeds.identity.identify import feed_id


def wanted_feeds(partners: Iterable[Partner]) -> tuple[WantedFeed, ...]:
    """Return the feeds of *partners*; what several say of one URL, the first says."""
    found: dict[FeedId, WantedFeed] = {}
    for partner in partners:
        for config in partner.feeds:
            id_ = feed_id(config.url)
            if id_ not in found:
                found[id_] = _wanted(id_, partner, config)
            elif partner.id not in found[id_].partners:
                both = (*found[id_].partners, partner.id)
                found[id_] = replace(found[id_], partners=both)
    return tuple(found.values())


def _wanted(id_: FeedId, partner: Partner, config: FeedConfig) -> WantedFeed:
    return WantedFeed(
        id=id_,
        url=config.url,
        partners=(partner.id,),
        licence=config.licence,
        pubdate=config.pubdate,
        event_pages=config.event_pages,
        seed=config.seed,
        every=config.every,
        language=config.language,
        partner_language=_language(partner, config),
        posts_of=config.posts_of,
    )


def _language(partner: Partner, config: FeedConfig) -> Language | None:
    """Return what a feed is written in that does not tell: one account speaks many languages."""
    if config.posts_of and len(partner.languages) > 1:
        return None
    return partner.languages[0] if partner.languages else None
