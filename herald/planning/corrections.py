"""Finds what was sent and is no longer true, for a person to set right. Pure.

Nothing is edited on a network here. What the files and feeds say now is compared with what they
said when a post was composed, or was corrected last, which its payload keeps (``Payload.facts``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from herald.model.campaign import Campaign, Item, Status
from herald.model.correction import Correction, Untrue
from herald.model.delivery import Action, Delivery, DeliveryState, Payload
from herald.model.feed import Entry, EntryEvent
from herald.model.ids import CampaignId, DeliveryKey, ItemId
from herald.model.wallclock import ONE_DAY, localise
from herald.model.words import EVERY
from herald.planning.references import finishes

READ_FOR = timedelta(days=7)
"""So long after it was sent a post is worth mending in its title or link: hardly anybody reads it
later, while a wrong date matters until that date."""
_SAID_OR_SAYING = frozenset(
    {DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD, DeliveryState.SENT}
)
_WITHOUT_END = ONE_DAY
"""How long an event lasts that tells no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What readers of an entry rely on."""

    title: str
    begins_at: str = ""
    """ISO 8601, UTC; empty where it is no event."""
    place: str = ""
    told: str = ""
    """What a correction has told of it: cancelled or postponed; empty for nothing of that."""
    asked: str = ""
    """What its file asked for as a person corrected it, perhaps in other words (``words_of``)."""


def spelled_facts(entry: Entry, *, told: str = "") -> str:
    """Return the facts of *entry* as a payload keeps them, and what a correction has *told*."""
    facts = _facts(entry)
    return _spelled_facts(replace(facts, told=told))


def _spelled_facts(facts: Facts) -> str:
    further = [facts.told, facts.asked] if facts.told or facts.asked else []
    return json.dumps([facts.title, facts.begins_at, facts.place, *further], ensure_ascii=False)


def answering(facts: str, text: str) -> str:
    """Return *facts*, which a correction keeps, with what its file asked for when it was made."""
    return _spelled_facts(replace(_read(facts) or Facts(title=""), asked=words_of(text)))


def has_answered(payload: Payload, text: str) -> bool:
    """Tell whether *payload* corrects a post whose file asked for *text* even then."""
    said = _read(payload.facts)
    return said is not None and said.asked == words_of(text)


def words_of(text: str) -> str:
    """Return a short name for a text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def corrections(
    campaigns: Sequence[Campaign],
    entries: Iterable[Entry],
    deliveries: Iterable[Delivery],
    *,
    now: datetime,
) -> tuple[Correction, ...]:
    """Return a correction for each sent delivery that says what is true no more, by key.

    Of a thread its first part stands for all. What was corrected since, or is just being corrected,
    counts as it reads after that; what was deleted says nothing.
    """
    news = {entry.id: entry for entry in entries}
    items = {
        (campaign.id, item.id): item
        for campaign in campaigns
        for item in campaign.items
        if item.status is not Status.PLANNED
    }
    found = []
    known = tuple(deliveries)
    last = last_corrections(known)
    for posted in known:
        if posted.state is not DeliveryState.SENT or not posted.is_post:
            continue
        sent = as_it_reads(posted, last.get(posted.key))
        if sent is None:
            continue
        if sent.entry is None:
            found.append(_of_item(sent, items, now=now))
        elif sent.entry in news:
            found.append(_of_entry(sent, news[sent.entry], now=now))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.key))


def last_corrections(deliveries: Iterable[Delivery]) -> dict[DeliveryKey, Delivery]:
    """Return the last correction of each post that has one, sent or on its way."""
    found: dict[DeliveryKey, Delivery] = {}
    for row in deliveries:
        if row.corrects and row.target is not None and row.state in _SAID_OR_SAYING:
            known = found.get(row.target)
            if known is None or _when(known) < _when(row):
                found[row.target] = row
    return found


def as_it_reads(sent: Delivery, correction: Delivery | None) -> Delivery | None:
    """Return *sent* with what readers find there after its last *correction*; None if deleted."""
    if correction is None:
        return sent
    if correction.action is Action.DELETE:
        return None
    return replace(
        sent,
        frozen=correction.frozen or correction.payload,
        sent_at=correction.sent_at or correction.due_at,
    )


def still_read(deliveries: Iterable[Delivery], item: ItemId) -> str:
    """Say where readers still see *item* announced, or "": only a person can set that right."""
    known = [one for one in deliveries if one.item == item]
    last = last_corrections(known)
    sent = Counter(
        one.channel
        for one in known
        if one.state is DeliveryState.SENT and one.is_post and one.key not in last
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
    said = _said(sent)
    if said is not None and said.told == why:
        return None
    return Correction(
        key=sent.key,
        why=why,
        note=f"{_told(sent)}; it is {why}",
        facts=_spelled_facts(Facts(title="", told=why)),
        notice=item.notice.first([sent.language, EVERY]) or "",
    )


def _of_entry(sent: Delivery, entry: Entry, *, now: datetime) -> Correction | None:
    try:
        found = (*_event(sent, entry, now=now), *_words(sent, entry, now=now))
    except OverflowError:
        return None  # its calendar says the year 1 or 9999, which no zone can show
    for why, note in found:
        told = why if why in (Untrue.CANCELLED, Untrue.POSTPONED) else ""
        facts = spelled_facts(entry, told=told)
        return Correction(key=sent.key, why=why, note=f"{_told(sent)}; {note}", facts=facts)
    return None


def _event(sent: Delivery, entry: Entry, *, now: datetime) -> Iterator[tuple[Untrue, str]]:
    """Tell what became of an event as long as somebody might still go there."""
    event, said = entry.content.event, _said(sent)
    if event is None:
        return  # a feed that is silent about an event does not call it off
    before = datetime.fromisoformat(said.begins_at) if said and said.begins_at else None
    if max(_ends(event), before or event.begins_at) <= now:
        return
    told = said.told if said else ""
    if entry.withdrawn or event.status == Untrue.CANCELLED:
        if told != Untrue.CANCELLED:
            yield Untrue.CANCELLED, "its event was cancelled"
    elif event.status == Untrue.POSTPONED:
        if told != Untrue.POSTPONED:
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
    return _read((sent.frozen or sent.payload).facts)


def _read(spelled: str) -> Facts | None:
    if not spelled:
        return None
    title, begins_at, place, *further = json.loads(spelled)
    told, asked = further or ("", "")
    return Facts(title=title, begins_at=begins_at, place=place, told=told, asked=asked)


def _when(correction: Delivery) -> tuple[datetime, int]:
    return correction.due_at, correction.part


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
