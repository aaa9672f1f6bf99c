"""What was sent and is no longer true, with the words that would set it right, for a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from herald.desk import NotDecided
from herald.model.campaign import Status
from herald.model.configuration import Configuration
from herald.model.correction import Correction, Untrue
from herald.model.delivery import Delivery, DeliveryState, History, Payload
from herald.model.feed import Entry
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.outbox.correcting import Way, correcting, is_possible, way_for, why_not
from herald.outbox.threads import is_of_plans
from herald.planning.anew import composed_anew, fits_in, measured, reworded
from herald.planning.corrections import (
    READ_FOR,
    answering,
    as_it_reads,
    corrections,
    has_answered,
    last_corrections,
)
from herald.planning.reach import reach_of
from herald.ports import Clock, OutboxStore
from herald.sources.load import Loaded

REMEMBER_ENTRIES = timedelta(days=60)
"""Of older entries only events that lie ahead are looked at, as by planning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One sent post, what is wrong with it, and what it would say."""

    sent: Delivery
    reads: Payload
    """What readers find there now."""
    why: Correction | None = None
    """None where only a person knows."""
    composed: Payload | None = None
    """What its file asks for now."""
    payload: Payload | None = None
    """What it would say; None where a person must type it."""
    way: Way | None = None
    """How; None where its network can do nothing."""
    obstacle: str = ""
    """Why it cannot be corrected so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Everything that proposals are made of, read once."""

    loaded: Loaded
    history: History
    entries: tuple[Entry, ...]
    capabilities: Mapping[ChannelId, Capabilities]
    now: datetime

    def limits(self, channel: ChannelId) -> Capabilities:
        return self.capabilities.get(channel, Capabilities())

    def composed(self, sent: Sequence[Delivery]) -> dict[DeliveryKey, Payload]:
        return composed_anew(
            sent,
            self.loaded.campaigns,
            self.loaded.configuration,
            entries=self.entries,
            history=self.history,
            capabilities=self.capabilities,
        )


class Corrections:
    """Proposes corrections, and enqueues those that a person agrees to."""

    def __init__(
        self,
        *,
        load: Callable[[], Awaitable[Loaded]],
        entries: Callable[[datetime], Awaitable[tuple[Entry, ...]]],
        capabilities: Callable[[Configuration], Awaitable[Mapping[ChannelId, Capabilities]]],
        store: OutboxStore,
        clock: Clock,
    ) -> None:
        self._load = load
        self._entries = entries
        self._capabilities = capabilities
        self._store = store
        self._clock = clock
        self._planned: tuple[Correction, ...] | None = None
        self._planned_at: datetime | None = None

    def planned(self, found: tuple[Correction, ...], *, at: datetime) -> None:
        """Remember what planning *found*: so nobody reads the past again to count it."""
        self._planned, self._planned_at = found, at

    async def count(self) -> int:
        """Return how many posts are no longer true by files and feeds, and wait for a person."""
        if self._planned is None or self._planned_at is None:
            return await self._counted()
        keys = [one.key for one in self._planned]
        made = last_corrections(await self._store.following(keys))
        since = self._planned_at
        return sum(key not in made or made[key].due_at <= since for key in keys)

    async def _counted(self) -> int:
        """Count without planning: of the past only what can be untrue is read."""
        loaded, now = await self._load(), self._clock.now()
        entries = await self._entries(now - REMEMBER_ENTRIES)
        called_off = [
            (campaign.id, item.id)
            for campaign in loaded.campaigns
            for item in campaign.items
            if item.status is not Status.PLANNED
        ]
        sent = await self._store.sent_of(called_off, [entry.id for entry in entries])
        following = await self._store.following([row.key for row in sent])
        rows = {row.key: row for row in (*sent, *following)}
        return len(corrections(loaded.campaigns, entries, rows.values(), now=now))

    async def proposals(self) -> tuple[Proposal, ...]:
        """Return every post that is no longer true, or whose file has other words by now."""
        known = await self._known()
        rows = {row.key: row for row in known.history.deliveries}
        last = last_corrections(known.history.deliveries)
        found = {one.key: one for one in _untrue(known)}
        lately = [
            row for row in rows.values() if _may_be_edited(row, known.now) and row.key not in found
        ]
        composed = known.composed([*(rows[key] for key in found), *lately])
        for row in lately:
            reads = as_it_reads(row, last.get(row.key))
            if reads is not None and (edited := _edited(reads, composed.get(row.key))):
                found[row.key] = edited
        return tuple(
            _proposal(rows[key], found[key], composed.get(key), last, known)
            for key in sorted(found, key=lambda key: (rows[key].due_at, key))
        )

    async def proposal(self, sent: Delivery, *, way: Way | None, text: str) -> Proposal:
        """Return what would become of *sent* by a person's word, or by what is known of it.

        Raises NotDecided where it cannot be corrected at all.
        """
        if obstacle := why_not(sent):
            raise NotDecided(f"{obstacle}.")
        known = await self._known()
        rows = (*known.history.deliveries, *await self._store.following([sent.key]))
        last = last_corrections(rows)
        why = next((one for one in _untrue(known) if one.key == sent.key), None)
        reads = as_it_reads(sent, last.get(sent.key))
        if reads is None:
            raise NotDecided(f"{sent.key[:8]} was deleted on its network, or is being deleted.")
        composed = None if way is Way.DELETE else known.composed([sent]).get(sent.key)
        why = why or _edited(reads, composed)
        found = _proposal(sent, why, composed, last, known, way=way)
        before, limits = found.reads, known.limits(sent.channel)
        if way is Way.DELETE:
            return replace(found, payload=before)
        if text:
            facts = why.facts if why is not None else before.facts
            payload = measured(replace(before, text=text, facts=facts), limits)
            found = replace(found, payload=payload)
            if not fits_in(text, limits, has_media=bool(before.media)):
                too_long = f"{payload.length} are too many for {sent.channel}: it takes"
                return replace(found, obstacle=f"{too_long} {limits.limit}")
        if found.payload is None and not found.obstacle:
            nothing = "Herald knows no new words for it: type them with --text"
            return replace(found, obstacle=nothing)
        return found

    async def correct(self, proposal: Proposal) -> Delivery:
        """Enqueue what *proposal* says; raise NotDecided, in a sentence, if that cannot be."""
        if proposal.obstacle or proposal.way is None or proposal.payload is None:
            raise NotDecided(f"{proposal.obstacle or 'it cannot be corrected'}.")
        sent, payload = proposal.sent, proposal.payload
        if proposal.composed is not None and sent.entry is None:
            facts = answering(payload.facts, proposal.composed.text)
            payload = replace(payload, facts=facts)
        if proposal.way is Way.REPLY:
            payload = replace(payload, media=())  # the picture is there already
        rows = await self._store.list_deliveries(item=sent.item, channel=sent.channel)
        made = correcting(sent, payload, proposal.way, rows=rows, now=self._clock.now())
        if isinstance(made, str):
            raise NotDecided(f"{made}.")
        if not await self._store.add(made):
            raise NotDecided(
                f"{sent.key[:8]} is just being corrected by somebody else: look again."
            )
        return made

    async def _known(self) -> _Known:
        loaded, now = await self._load(), self._clock.now()
        entries = await self._entries(now - REMEMBER_ENTRIES)
        reach = reach_of(
            loaded.campaigns, loaded.configuration, entries, now=now, first=now, last=now
        )
        return _Known(
            loaded=loaded,
            history=await self._store.history_within(reach),
            entries=entries,
            capabilities=await self._capabilities(loaded.configuration),
            now=now,
        )


def _untrue(known: _Known) -> tuple[Correction, ...]:
    return corrections(
        known.loaded.campaigns, known.entries, known.history.deliveries, now=known.now
    )


def _may_be_edited(row: Delivery, now: datetime) -> bool:
    """Tell whether a typo in *row* is still worth mending; a person's own words stay."""
    return (
        row.state is DeliveryState.SENT
        and row.entry is None
        and is_of_plans(row)
        and not row.translated
        and bool(row.remote_id)
        and now - (row.sent_at or row.due_at) <= READ_FOR
    )


def _edited(reads: Delivery, composed: Payload | None) -> Correction | None:
    """Tell that the words of an item were changed since it was sent."""
    before = reads.frozen or reads.payload
    if composed is None or reads.entry is not None or composed.text == before.text:
        return None
    if has_answered(before, composed.text):
        return None  # in a person's words, perhaps
    note = f"{reads.item}, sent to {reads.channel}: its file has other words now"
    return Correction(key=reads.key, why=Untrue.EDITED, note=note, facts=before.facts)


def _proposal(
    sent: Delivery,
    why: Correction | None,
    composed: Payload | None,
    last: Mapping[DeliveryKey, Delivery],
    known: _Known,
    *,
    way: Way | None = None,
) -> Proposal:
    limits = known.limits(sent.channel)
    reads = as_it_reads(sent, last.get(sent.key)) or sent
    obstacle = why_not(sent)
    if way is not None:
        obstacle = obstacle or is_possible(way, sent, limits)
    else:
        chosen = way_for(sent, limits)
        if isinstance(chosen, Way):
            way = chosen
        else:
            obstacle = obstacle or chosen
    return Proposal(
        sent=sent,
        reads=reads.frozen or reads.payload,
        why=why,
        composed=composed,
        payload=reworded(why, reads, composed, limits=limits) if why is not None else None,
        way=way,
        obstacle=obstacle,
    )
