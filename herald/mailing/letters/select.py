"""Which items and which partners' entries a section of an issue tells.  Pure.

What an issue had no room for takes turns with what is new in the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import TypeVar

from herald.model.campaign import Campaign, Item, Section, Status
from herald.model.configuration import Partner
from herald.model.delivery import DeliveryState, History
from herald.model.feed import Entry
from herald.model.ids import CampaignId, ItemId, PartnerId
from herald.model.wallclock import day_begins, moment_of

T = TypeVar("T")

_OVER = frozenset({DeliveryState.EXPIRED, DeliveryState.WITHDRAWN, DeliveryState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What earlier issues leave to this one."""

    since: datetime
    """What came later is new."""
    told: frozenset[str] = frozenset()
    left_over: frozenset[str] = frozenset()
    """As in ``IssueContent``."""
    waiting: frozenset[str] = field(init=False)
    """References of what is left over in any language."""

    def __post_init__(self) -> None:
        """Look up once what every entry is asked for."""
        refs = frozenset(one.partition(" ")[2] for one in self.left_over)
        object.__setattr__(self, "waiting", refs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What a section tells, in its order."""

    items: tuple[tuple[Campaign, Item], ...] = ()
    entries: tuple[tuple[PartnerId, Entry], ...] = ()
    """Each with the partner whose turn it was."""


def pick_items(
    section: Section,
    campaigns: tuple[Campaign, ...],
    history: History,
    *,
    begins: datetime,
    ends: datetime | None,
    now: datetime,
    past: Past | None,
) -> tuple[tuple[Campaign, Item], ...]:
    """Return the items of the section's kinds, with *ends* those that begin until then.

    With a *past* only what was first posted after that, and what no earlier issue has told; before
    these what is left over from the last issue.
    """
    if not section.kinds:
        return ()
    posts = _first_posts(history)
    found = [
        (campaign, item)
        for campaign, item in _items(section, campaigns)
        if (ends is None or begins <= _begins(item, begins) <= ends)
        and (past is None or _is_news(campaign, item, posts, now, past))
    ]
    if ends is not None:
        found.sort(key=lambda pair: (_begins(pair[1], begins), pair[0].id, pair[1].id))
    elif past is not None:
        waiting = past.waiting
        found.sort(key=lambda pair: item_ref(*pair) not in waiting)  # what waited comes first
    return tuple(found)


def pick_entries(
    section: Section,
    entries: tuple[Entry, ...],
    partners: Mapping[PartnerId, Partner],
    *,
    begins: datetime,
    ends: datetime | None,
    now: datetime,
    past: Past | None,
) -> tuple[tuple[PartnerId, Entry], ...]:
    """Return the entries of the section's partners, who take turns, each with the latest first.

    With a *past* only what is new; a partner of whom something is left over from the last issue
    comes first, and that takes turns with what is new of the same partner. With *ends*, only
    events that begin until then, the next first.
    """
    if not section.partners:
        return ()
    chosen = _chosen_partners(section, partners)
    waiting = past.waiting if past is not None else frozenset()
    waited: dict[PartnerId, list[Entry]] = {}
    by_partner: dict[PartnerId, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.first_seen_at, entry.id), reverse=True):
        partner = next((name for name in entry.partners if name in chosen), None)
        if partner is None or entry.withdrawn or entry.first_seen_at > now or entry.content.post_of:
            continue
        if not (_is_coming(entry, begins, ends) if ends is not None else not entry.seeded):
            continue
        ref = entry_ref(entry)
        if ref in waiting:
            waited.setdefault(partner, []).insert(0, entry)
        elif past is None or (entry.first_seen_at > past.since and ref not in past.told):
            by_partner.setdefault(partner, []).append(entry)
    queues = [
        [(name, entry) for entry in _in_turn(waited.get(name, []), by_partner.get(name, []))]
        for name in dict.fromkeys((*waited, *by_partner))
    ]
    turns = _in_turn(*queues)
    return turns if ends is None else tuple(sorted(turns, key=lambda pair: _event_begins(pair[1])))


def item_ref(campaign: Campaign, item: Item) -> str:
    """Return what an issue calls an item that it tells."""
    return f"item:{campaign.id}/{item.id}"


def entry_ref(entry: Entry) -> str:
    """Return what an issue calls an entry that it tells."""
    return f"entry:{entry.id}"


def _in_turn(*queues: Sequence[T]) -> tuple[T, ...]:
    """Return the first of each queue, then the second of each."""
    return tuple(one for turn in zip_longest(*queues) for one in turn if one is not None)


def _items(section: Section, campaigns: tuple[Campaign, ...]) -> Iterator[tuple[Campaign, Item]]:
    for campaign in campaigns:
        if campaign.paused or (section.campaigns and campaign.id not in section.campaigns):
            continue
        cards = (card for series in campaign.series for card in series.cards)
        for item in (*campaign.items, *cards):
            if item.kind in section.kinds and item.status is Status.PLANNED:
                yield campaign, item


def _first_posts(history: History) -> dict[tuple[CampaignId, ItemId], datetime | None]:
    """Return when each item was first posted; None for one whose posts are yet to come."""
    posts: dict[tuple[CampaignId, ItemId], datetime | None] = {
        (one.campaign, one.item): one.first_sent_at
        for one in history.earlier
        if one.first_sent_at is not None
    }
    for delivery in history.deliveries:
        if delivery.entry is not None or delivery.state in _OVER:
            continue
        place = (delivery.campaign, delivery.item)
        sent_at, known = delivery.sent_at, posts.get(place)
        if sent_at is None:
            posts.setdefault(place, None)
        else:
            posts[place] = sent_at if known is None else min(sent_at, known)
    return posts


def _is_news(
    campaign: Campaign,
    item: Item,
    posts: Mapping[tuple[CampaignId, ItemId], datetime | None],
    now: datetime,
    past: Past,
) -> bool:
    place = (campaign.id, item.id)
    ref = item_ref(campaign, item)
    if ref in past.waiting:
        return True
    if ref in past.told:
        return False
    if place not in posts:
        # No channel posts it: the newsletter is where it appears.
        return item.post == ()
    posted_at = posts[place]
    return posted_at is not None and past.since < posted_at <= now


def _begins(item: Item, otherwise: datetime) -> datetime:
    """Return when an item begins; one without a beginning never does."""
    if item.begins is None:
        return datetime.min.replace(tzinfo=otherwise.tzinfo)
    if isinstance(item.begins, datetime):
        return moment_of(item.begins, item.zone)
    return day_begins(item.begins, item.zone)


def _chosen_partners(
    section: Section, partners: Mapping[PartnerId, Partner]
) -> frozenset[PartnerId]:
    return frozenset(
        name
        for name, partner in partners.items()
        if not partner.paused
        and any(
            wanted in {"*", name} or wanted.removeprefix("tag:") in partner.tags
            for wanted in section.partners
            if wanted in {"*", name} or wanted.startswith("tag:")
        )
    )


def _is_coming(entry: Entry, begins: datetime, ends: datetime) -> bool:
    event = entry.content.event
    if event is None or event.status in {"cancelled", "postponed"}:
        return False
    return begins <= event.begins_at <= ends


def _event_begins(entry: Entry) -> tuple[datetime, str]:
    event = entry.content.event
    return (event.begins_at if event else entry.first_seen_at, entry.id)
