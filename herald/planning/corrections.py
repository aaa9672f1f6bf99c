"""Finds what was sent and is no longer true, for a person to set right. Pure.

Nothing is edited on a network here. What the files and feeds say now is compared with what they
said when a post was composed, which its payload keeps (``Payload.facts``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.campaign import Campaign, Item, Status
from herald.model.correction import Correction, Untrue
from herald.model.delivery import Action, Delivery, DeliveryState
from herald.model.feed import Entry, EntryEvent
from herald.model.ids import CampaignId, ItemId
from herald.model.wallclock import ONE_DAY, localise
from herald.planning.references import finishes

READ_FOR = timedelta(days=7)
"""So long after it was sent a post is worth mending in its title or link: hardly anybody reads it
later, while a wrong date matters until that date."""
_WITHOUT_END = ONE_DAY
"""How long an event lasts that tells no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What readers of an entry rely on."""

    title: str
    begins_at: str = ""
    """ISO 8601, UTC; empty where it is no event."""
    place: str = ""


def spelled_facts(entry: Entry) -> str:
    """Return the facts of *entry* as a payload keeps them."""
    facts = _facts(entry)
    return json.dumps([facts.title, facts.begins_at, facts.place], ensure_ascii=False)


def corrections(
    campaigns: Sequence[Campaign],
    entries: Iterable[Entry],
    deliveries: Iterable[Delivery],
    *,
    now: datetime,
) -> tuple[Correction, ...]:
    """Return a correction for each sent delivery that says what is true no more, by key."""
    news = {entry.id: entry for entry in entries}
    items = {
        (campaign.id, item.id): item
        for campaign in campaigns
        for item in campaign.items
        if item.status is not Status.PLANNED
    }
    found = []
    for sent in deliveries:
        if sent.state is not DeliveryState.SENT or sent.action is not Action.CREATE:
            continue
        if sent.entry is None:
            found.append(_of_item(sent, items, now=now))
        elif sent.entry in news:
            found.append(_of_entry(sent, news[sent.entry], now=now))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.key))


def still_read(deliveries: Iterable[Delivery], item: ItemId) -> str:
    """Say where readers still see *item* announced, or "": only a person can set that right."""
    sent = Counter(
        one.channel
        for one in deliveries
        if one.item == item and one.state is DeliveryState.SENT and one.action is Action.CREATE
    )
    if not sent:
        return ""
    places = ", ".join(f"{count} on {channel}" for channel, count in sorted(sent.items()))
    look = f"herald outbox list --state sent --item {item}"
    return f"; what was sent is still to be read, and yours to correct: {places} ({look})"


def _of_item(
    sent: Delivery, items: Mapping[tuple[CampaignId, ItemId], Item], *, now: datetime
) -> Correction | None:
    """Correct what announced an item that an editor called off, until it would have been over."""
    item = items.get((sent.campaign, sent.item))
    end = finishes(item) if item is not None else None
    if item is None or (end is not None and end.at <= now):
        return None
    why = Untrue(item.status.value)
    return Correction(key=sent.key, why=why, note=f"{_told(sent)}; it is {why}")


def _of_entry(sent: Delivery, entry: Entry, *, now: datetime) -> Correction | None:
    for why, note in (*_event(sent, entry, now=now), *_words(sent, entry, now=now)):
        return Correction(key=sent.key, why=why, note=f"{_told(sent)}; {note}")
    return None


def _event(sent: Delivery, entry: Entry, *, now: datetime) -> Iterator[tuple[Untrue, str]]:
    """Tell what became of an event as long as somebody might still go there."""
    event, said = entry.content.event, _said(sent)
    if event is None:
        return  # a feed that is silent about an event does not call it off
    before = datetime.fromisoformat(said.begins_at) if said and said.begins_at else None
    if max(_ends(event), before or event.begins_at) <= now:
        return
    if entry.withdrawn or event.status == Untrue.CANCELLED:
        yield Untrue.CANCELLED, "its event was cancelled"
    elif event.status == Untrue.POSTPONED:
        yield Untrue.POSTPONED, "its event was postponed"
    elif said and before is not None and before != event.begins_at:
        was, will = _spelled(before, event, sent), _spelled(event.begins_at, event, sent)
        yield Untrue.MOVED, f"its event was to begin on {was}, and now begins on {will}"
    elif said and said.begins_at and not _alike(said.place, event.place):
        yield Untrue.MOVED, f"its event was to be at “{said.place}”, and now is at “{event.place}”"


def _words(sent: Delivery, entry: Entry, *, now: datetime) -> Iterator[tuple[Untrue, str]]:
    said, link = _said(sent), (sent.frozen or sent.payload).link
    if now - (sent.sent_at or sent.due_at) > READ_FOR:
        return
    if said and not _alike(said.title, entry.content.title):
        yield Untrue.EDITED, f"its title was “{said.title}”, and now is “{entry.content.title}”"
    elif link and entry.content.link and _bare(link) != _bare(entry.content.link):
        yield Untrue.EDITED, f"its link was {link}, and now is {entry.content.link}"


def _facts(entry: Entry) -> Facts:
    event = entry.content.event
    return Facts(
        title=entry.content.title,
        begins_at=event.begins_at.isoformat() if event else "",
        place=event.place if event else "",
    )


def _said(sent: Delivery) -> Facts | None:
    """Return what its entry said when *sent* was composed; None for what older versions sent."""
    spelled = (sent.frozen or sent.payload).facts
    if not spelled:
        return None
    title, begins_at, place = json.loads(spelled)
    return Facts(title=title, begins_at=begins_at, place=place)


def _told(sent: Delivery) -> str:
    day = localise(sent.sent_at or sent.due_at, sent.zone)
    said = _said(sent)
    what = f"“{said.title}”" if said and said.title else sent.item
    return f"{what}, sent to {sent.channel} on {day:%Y-%m-%d %H:%M}"


def _ends(event: EntryEvent) -> datetime:
    return event.finishes_at or event.begins_at + _WITHOUT_END


def _spelled(moment: datetime, event: EntryEvent, sent: Delivery) -> str:
    local = localise(moment, event.zone or sent.zone)
    return f"{local:%Y-%m-%d}" if event.all_day else f"{local:%Y-%m-%d %H:%M}"


def _alike(one: str, other: str) -> bool:
    """Tell whether two names differ by no more than capitals and spaces, or one is not told."""
    mine, theirs = "".join(one.casefold().split()), "".join(other.casefold().split())
    return not mine or not theirs or mine == theirs


def _bare(link: str) -> str:
    """Return *link* without what leads to the same page: scheme, query, fragment, last slash.

    Trackers come and go in a query; where a query names the page, its title tells.
    """
    return link.partition("://")[2].partition("#")[0].partition("?")[0].rstrip("/").casefold()
