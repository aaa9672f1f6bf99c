"""Chooses which partner entries are passed on, and when: fairly, within limits, and only once.

An entry that stands in the outbox keeps its moment, so that planning again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from herald.model.campaign import Amplify, Approve, Campaign, CatchUp, Occasion
from herald.model.configuration import Configuration, Partner
from herald.model.delivery import Action, Delivery, DeliveryState, History, Reason
from herald.model.feed import Entry
from herald.model.ids import EntryId, ItemId, Language, OccasionId, PartnerId
from herald.model.plan import Skipped
from herald.planning.amplify_match import asks_for
from herald.planning.amplify_place import Candidate, Key, Placed, in_turn, place
from herald.planning.amplify_room import Room
from herald.planning.amplify_same import as_one
from herald.planning.amplify_when import Wanted, is_off, wanted_moments
from herald.planning.corrections import still_read
from herald.planning.records import index
from herald.planning.window import Opening, opening

_SETTLED = frozenset(
    {DeliveryState.SENT, DeliveryState.CLAIMED, DeliveryState.FAILED, DeliveryState.EXPIRED}
)
Trusted = Mapping[tuple[PartnerId, bool], frozenset[EntryId]]
"""Entries by partner, those that were boosted apart from those that were posted."""
_NOT_COUNTED = frozenset({DeliveryState.WITHDRAWN, DeliveryState.FAILED, DeliveryState.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An entry that is passed on at one occasion; its channels and words are found elsewhere."""

    entry: Entry
    partner: PartnerId
    """Who is credited first and counts against the limit: the first that the network knows."""
    campaign: Campaign
    rule: Amplify
    occasion: OccasionId
    own: Occasion | None
    """The occasion of the rule's ``post`` that applies; None for an entry that goes as it comes."""
    occasion_local: datetime
    """Naive, in ``zone``: before window, quiet hours and limits moved it."""
    zone: str
    due_at: datetime
    not_after_at: datetime
    catch_up: CatchUp
    moves: bool
    """The moment depends on when the event begins."""
    needs_approval: bool


def choose(
    campaigns: Sequence[Campaign],
    entries: Iterable[Entry],
    configuration: Configuration,
    history: History,
    *,
    now: datetime,
    last: datetime,
) -> tuple[tuple[Chosen, ...], tuple[Skipped, ...]]:
    """Return what is passed on before *last*, in the order of its moments, and what is not.

    What is too old to be news is left out without a word; what was asked for and has no room, or
    comes too late, is told.
    """
    entries = as_one(entries)
    past = _past(history, {entry.id: entry.language for entry in entries})
    trusted = _trusted(history)
    assigned = _assigned(campaigns, entries, configuration)
    others = frozenset(entry.id for _, _, its in assigned for entry in its)
    chosen: list[Chosen] = []
    skipped: list[Skipped] = []
    for campaign, rule, its_entries in assigned:
        opened = opening(campaign, configuration)
        candidates = list(_candidates(campaign, rule, its_entries, configuration, now=now))
        kept, new = _split(candidates, past, opened, now=now)
        unknown = others - {entry.id for entry in its_entries}
        room = _room(campaign, rule, past, without={one.key for one in new}, not_of=unknown)
        placed, unplaced = place(room, opened, in_turn(new, _served(past)), now=now)
        called_off = _cancelled(campaign, its_entries, history, now=now)
        skipped.extend((*called_off, *unplaced))
        chosen.extend(_chosen(one, trusted) for one in (*kept, *placed) if one.due_at < last)
    chosen.sort(key=lambda one: (one.due_at, one.entry.id, one.occasion))
    return tuple(chosen), tuple(skipped)


def _past(history: History, spoken: Mapping[EntryId, Language]) -> dict[Key, Delivery]:
    """Return one delivery for each entry and occasion that has a moment: its channels share it.

    A translation is due later than the entry's own language, which therefore comes first.
    """

    def precedence(delivery: Delivery) -> tuple[bool, bool, bool, datetime, str]:
        own = delivery.entry is not None and spoken.get(delivery.entry) == delivery.language
        is_settled, is_out = delivery.state in _SETTLED, delivery.state not in _NOT_COUNTED
        return not own, not is_settled, not is_out, delivery.due_at, delivery.key

    found: dict[Key, Delivery] = {}
    for delivery in index(history).by_key.values():
        if delivery.entry is None:
            continue
        key = (delivery.entry, delivery.occasion)
        if key not in found or precedence(delivery) < precedence(found[key]):
            found[key] = delivery
    return found


def _trusted(history: History) -> Trusted:
    """Return the entries of each partner that were sent, or that a person approved.

    Who trusts a website has not seen the account yet, whose name may be mistyped: each for itself.
    """
    found: dict[tuple[PartnerId, bool], set[EntryId]] = defaultdict(set)
    for delivery in history.deliveries:
        if delivery.entry is None or delivery.partner is None:
            continue
        if delivery.state is DeliveryState.SENT or delivery.approved:
            kind = (delivery.partner, delivery.action is Action.BOOST)
            found[kind].add(delivery.entry)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def _assigned(
    campaigns: Sequence[Campaign], entries: Iterable[Entry], configuration: Configuration
) -> tuple[tuple[Campaign, Amplify, list[Entry]], ...]:
    """Give each entry to the first rule that asks for it, campaigns by name: it is posted once."""
    rules: list[tuple[Campaign, Amplify, list[Entry]]] = [
        (campaign, rule, [])
        for campaign in sorted(campaigns, key=lambda one: one.id)
        for rule in campaign.amplify
    ]
    for entry in entries:
        for _, rule, its_entries in rules:
            if asks_for(rule, entry, configuration.partners):
                its_entries.append(entry)
                break
    return tuple(rules)


def _candidates(
    campaign: Campaign,
    rule: Amplify,
    entries: Iterable[Entry],
    configuration: Configuration,
    *,
    now: datetime,
) -> Iterator[Candidate]:
    for entry in entries:
        partner = _first_partner(entry, configuration.partners)
        if partner is None:
            continue
        for wanted in _distinct(wanted_moments(entry, campaign, rule, now=now)):
            yield Candidate(
                entry=entry, partner=partner, wanted=wanted, campaign=campaign, rule=rule
            )


def _first_partner(entry: Entry, partners: Mapping[PartnerId, Partner]) -> PartnerId | None:
    return next((one for one in entry.partners if one in partners), None)


def _distinct(moments: Iterable[Wanted]) -> Iterable[Wanted]:
    """Drop a second occasion of one name: it would have the first one's key."""
    return {wanted.occasion: wanted for wanted in reversed(tuple(moments))}.values()


def _split(
    candidates: Iterable[Candidate],
    past: Mapping[Key, Delivery],
    opened: Opening,
    *,
    now: datetime,
) -> tuple[list[Placed], list[Candidate]]:
    """Part what has its moment from what needs one."""
    kept, new = [], []
    for candidate in candidates:
        delivery = past.get(candidate.key)
        if delivery is None or not _keeps_its_moment(delivery, candidate.wanted, opened, now=now):
            new.append(candidate)
            continue
        wanted, bound = candidate.wanted, candidate.wanted.bound
        kept.append(
            Placed(
                candidate=candidate,
                # What was sent before its event moved is seen to have been for another day.
                local=wanted.local if wanted.is_exact else delivery.occasion_local,
                zone=wanted.zone if wanted.is_exact else delivery.zone,
                due_at=delivery.due_at,
                not_after_at=(
                    delivery.not_after_at if bound is None else min(delivery.not_after_at, bound)
                ),
            )
        )
    return kept, new


def _keeps_its_moment(
    delivery: Delivery, wanted: Wanted, opened: Opening, *, now: datetime
) -> bool:
    """Tell whether *delivery* stands: what is out does; what waits, while its reasons hold."""
    if not wanted.is_exact and _was_not_looked_at(delivery, now=now):
        return False
    if delivery.state in _SETTLED or delivery.state is DeliveryState.WITHDRAWN:
        return True
    if wanted.is_exact and (delivery.occasion_local, delivery.zone) != (wanted.local, wanted.zone):
        return False  # the event was moved
    if wanted.bound is not None and delivery.due_at >= wanted.bound:
        return False
    return delivery.due_at <= now or opened.holds(delivery.due_at)


def _was_not_looked_at(delivery: Delivery, *, now: datetime) -> bool:
    """Tell whether *delivery* was over before anybody approved it.

    Its moment was only when Herald saw it. Somebody who looks once a day, or after a weekend, must
    find it while it is news: so it gets another moment, and waits for approval again.
    """
    if now <= delivery.not_after_at or delivery.frozen is not None or delivery.released:
        return False
    if delivery.state is DeliveryState.HELD:
        return delivery.reason is Reason.APPROVAL
    asks = delivery.needs_approval and delivery.approved != delivery.content_hash
    return delivery.state is DeliveryState.EXPIRED and asks


def _room(
    campaign: Campaign,
    rule: Amplify,
    past: Mapping[Key, Delivery],
    *,
    without: AbstractSet[Key],
    not_of: AbstractSet[EntryId],
) -> Room:
    """Return the room that is left under *rule* by what went out and what waits.

    What another rule asks for counts there; what no rule asks for any more counts everywhere in
    its campaign, as its readers saw it.
    """
    room = Room(rule=rule, zone=campaign.zone)
    for key, delivery in past.items():
        if key in without or key[0] in not_of or delivery.campaign != campaign.id:
            continue
        if delivery.state not in _NOT_COUNTED:
            room.take(delivery.partner or PartnerId(""), delivery.due_at)
    return room


def _served(past: Mapping[Key, Delivery]) -> dict[PartnerId, datetime]:
    """Return when each partner had its last turn."""
    served: dict[PartnerId, datetime] = {}
    for delivery in past.values():
        if delivery.partner is not None and delivery.state not in _NOT_COUNTED:
            before = served.get(delivery.partner, delivery.due_at)
            served[delivery.partner] = max(delivery.due_at, before)
    return served


def _cancelled(
    campaign: Campaign, entries: Iterable[Entry], history: History, *, now: datetime
) -> Iterator[Skipped]:
    for entry in entries:
        event = entry.content.event
        if event is None or event.begins_at <= now or not is_off(entry):
            continue
        status = "postponed" if event.status == "postponed" else "cancelled"
        item = ItemId(entry.id)
        reason = f"its event was {status}{still_read(history.deliveries, item)}"
        yield Skipped(campaign=campaign.id, item=item, reason=reason)


def _chosen(placed: Placed, trusted: Trusted) -> Chosen:
    candidate = placed.candidate
    wanted = candidate.wanted
    return Chosen(
        entry=candidate.entry,
        partner=candidate.partner,
        campaign=candidate.campaign,
        rule=candidate.rule,
        occasion=wanted.occasion,
        own=wanted.own,
        occasion_local=placed.local,
        zone=placed.zone,
        due_at=placed.due_at,
        not_after_at=placed.not_after_at,
        catch_up=wanted.catch_up,
        moves=wanted.is_exact,
        needs_approval=_needs_approval(candidate, trusted),
    )


def _needs_approval(candidate: Candidate, trusted: Trusted) -> bool:
    """Tell whether a person must agree; a partner is trusted by another entry than this one.

    What may be no news is looked at, however much its partner is trusted.
    """
    if candidate.entry.review:
        return True
    if Approve.MANUAL in (candidate.rule.approve, candidate.campaign.approve):
        return True
    if candidate.rule.approve is Approve.AUTO:
        return False
    known = trusted.get((candidate.partner, candidate.rule.boost), frozenset())
    return not known - {candidate.entry.id}
