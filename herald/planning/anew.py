"""Says anew what was sent: in the words that files and feeds give now, for a correction. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from herald.composing.counting import length
from herald.composing.fitting import shorten
from herald.data.corrected import word_for
from herald.model.campaign import Campaign, Item, Status
from herald.model.configuration import Configuration
from herald.model.correction import Correction, Untrue
from herald.model.delivery import Action, Delivery, DeliveryState, History, Payload
from herald.model.feed import Entry
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId
from herald.model.network import Capabilities
from herald.planning.plan import make_plan

_MOVED_BY = timedelta(days=400)
"""An event is moved by no more than a year, as a rule: so far its occasions are looked for."""


def composed_anew(
    sent: Iterable[Delivery],
    campaigns: Sequence[Campaign],
    configuration: Configuration,
    *,
    entries: Sequence[Entry],
    history: History,
    capabilities: Mapping[ChannelId, Capabilities],
) -> dict[DeliveryKey, Payload]:
    """Return what each of *sent* would say now; nothing of what its files hold no more.

    What was called off is composed as if it was not: what to say of it instead is for ``reworded``.
    """
    wanted: dict[CampaignId, list[Delivery]] = defaultdict(list)
    for row in sent:
        wanted[row.campaign].append(row)
    found: dict[DeliveryKey, Payload] = {}
    for campaign in campaigns:
        if rows := wanted.get(campaign.id):
            found |= _of_campaign(
                campaign,
                rows,
                configuration,
                entries=entries,
                history=history,
                capabilities=capabilities,
            )
    return found


def reworded(
    correction: Correction, sent: Delivery, composed: Payload | None, *, limits: Capabilities
) -> Payload | None:
    """Return what *sent*, as it reads now, is to say by *correction*; None where nobody knows.

    What was called off keeps its words behind those that say so; the rest says what is *composed*.
    """
    before = sent.frozen or sent.payload
    facts = correction.facts or before.facts
    if correction.why in (Untrue.CANCELLED, Untrue.POSTPONED):
        lead = correction.notice or word_for(correction.why, sent.language)
        text = _led_by(lead, before, limits) if lead else None
        return None if text is None else measured(replace(before, text=text, facts=facts), limits)
    if composed is None or composed.text == before.text:
        return None
    said = replace(before, text=composed.text, title=composed.title, link=composed.link)
    return measured(replace(said, mentions=composed.mentions, facts=facts), limits)


def measured(payload: Payload, limits: Capabilities) -> Payload:
    """Return *payload* with its length as its channel counts it."""
    return replace(payload, length=length(payload.text, limits), limit=limits.limit)


def _led_by(lead: str, before: Payload, limits: Capabilities) -> str | None:
    """Return *lead* and as much of what was said as fits; the link at least, if there was one."""

    def fits(text: str) -> bool:
        return fits_in(text, limits, has_media=bool(before.media))

    whole = f"{lead}\n\n{before.text}"
    if fits(whole):
        return whole
    tail = f"\n\n{before.link}" if before.link else ""
    short = shorten(before.text, lambda some: fits(f"{lead}\n\n{some}{tail}"))
    if short and before.link not in short:
        return f"{lead}\n\n{short}{tail}"
    return f"{lead}{tail}" if fits(f"{lead}{tail}") else None


def fits_in(text: str, limits: Capabilities, *, has_media: bool = False) -> bool:
    """Tell whether a channel takes so long a text."""
    limit = limits.limit
    if has_media and limits.limit_with_media is not None:
        limit = limits.limit_with_media
    if limits.bytes_most is not None and len(text.encode()) > limits.bytes_most:
        return False
    return limit is None or length(text, limits) <= limit


def _of_campaign(
    campaign: Campaign,
    sent: Sequence[Delivery],
    configuration: Configuration,
    *,
    entries: Sequence[Entry],
    history: History,
    capabilities: Mapping[ChannelId, Capabilities],
) -> dict[DeliveryKey, Payload]:
    """Plan as on the day of the first of *sent*, as if they were still to go out."""
    items, news = {row.item for row in sent}, {row.entry for row in sent if row.entry}
    now = min(row.due_at for row in sent)
    keys = {row.key for row in sent}
    again = {row.key: row for row in (*_threads_of(sent, history), *sent)}
    waiting = [_as_if_waiting(row) for row in again.values()]
    others = [row for row in history.deliveries if row.key not in again]
    plan = make_plan(
        [replace(campaign, items=tuple(_asked_for(item, items) for item in campaign.items))],
        configuration,
        entries=[entry for entry in entries if entry.id in news],
        history=replace(history, deliveries=(*others, *waiting)),
        capabilities=capabilities,
        now=now,
        first=now,
        last=max(row.due_at for row in sent) + _MOVED_BY,
    )
    planned = (*plan.standing, *plan.deliveries)
    return {each.key: each.payload for each in planned if each.key in keys}


def _threads_of(sent: Sequence[Delivery], history: History) -> Iterator[Delivery]:
    """Yield all parts of the threads of *sent*: a text is divided as a whole."""
    threads = {row.thread or row.key for row in sent}
    for row in history.deliveries:
        is_part = row.action is Action.CREATE and not row.corrects
        if is_part and (row.thread or row.key) in threads:
            yield row


def _asked_for(item: Item, names: set[ItemId]) -> Item:
    """Return *item* as it is still planned; without its posts if it is not asked for."""
    if item.id not in names:
        return replace(item, post=())
    return replace(item, status=Status.PLANNED)


def _as_if_waiting(row: Delivery) -> Delivery:
    return replace(row, state=DeliveryState.PENDING, frozen=None, first_send_at=None, sent_at=None)
