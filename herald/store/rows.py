"""Turns deliveries into rows and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload, Reason
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    EntryId,
    ItemId,
    Language,
    OccasionId,
    PartnerId,
)
from herald.store.tables import delivery

_SHOWN_ONLY = frozenset({Reason.PAUSED, Reason.AUTH})
"""Reasons that follow from stops when a delivery is shown, and are never written."""


def to_row(value: Delivery) -> dict[str, Any]:
    """Return the columns of a delivery."""
    return {
        "key": value.key,
        "campaign": value.campaign,
        "item": value.item,
        "entry": value.entry or "",
        "occasion": value.occasion,
        "partner": value.partner or "",
        "channel": value.channel,
        "network": value.network,
        "language": value.language,
        "action": value.action.value,
        "part": value.part,
        "occasion_local": value.occasion_local.isoformat(),
        "zone": value.zone,
        "due_at": value.due_at,
        "not_after_at": value.not_after_at,
        "catch_up": value.catch_up.value,
        "moves": value.moves,
        "payload": to_text(value.payload),
        "content_hash": value.content_hash,
        "needs_approval": value.needs_approval,
        "planned_hold": value.planned_hold or "",
        "state": value.state.value,
        "reason": written_reason(value),
        "note": value.note,
        "next_at": value.next_at,
        "attempts": value.attempts,
        "token": value.token,
        "owner": value.owner,
        "lease_ends_at": value.lease_ends_at,
        "first_send_at": value.first_send_at,
        "unclear_at": value.unclear_at,
        "frozen": None if value.frozen is None else to_text(value.frozen),
        "remote_id": value.remote_id,
        "url": value.url,
        "sent_at": value.sent_at,
        "error": value.error,
        "approved": value.approved,
        "released": value.released,
        "translated": value.translated,
        "moved_from": value.moved_from or "",
    }


def from_row(row: Row[Any]) -> Delivery:
    """Return the delivery of a row that has every column of the table."""
    payload = from_text(row.payload)
    return Delivery(
        key=DeliveryKey(row.key),
        campaign=CampaignId(row.campaign),
        item=ItemId(row.item),
        entry=EntryId(row.entry) if row.entry else None,
        occasion=OccasionId(row.occasion),
        partner=PartnerId(row.partner) if row.partner else None,
        channel=ChannelId(row.channel),
        network=row.network,
        language=Language(row.language),
        action=Action(row.action),
        part=row.part,
        occasion_local=datetime.fromisoformat(row.occasion_local),
        zone=row.zone,
        due_at=row.due_at,
        not_after_at=row.not_after_at,
        catch_up=CatchUp(row.catch_up),
        moves=row.moves,
        payload=payload,
        content_hash=row.content_hash,
        needs_approval=row.needs_approval,
        planned_hold=Reason(row.planned_hold) if row.planned_hold else None,
        state=DeliveryState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        note=row.note,
        next_at=row.next_at,
        attempts=row.attempts,
        token=row.token,
        owner=row.owner,
        lease_ends_at=row.lease_ends_at,
        first_send_at=row.first_send_at,
        unclear_at=row.unclear_at,
        frozen=_frozen(row, payload),
        remote_id=row.remote_id,
        url=row.url,
        sent_at=row.sent_at,
        error=row.error,
        approved=row.approved,
        released=row.released,
        translated=row.translated,
        moved_from=DeliveryKey(row.moved_from) if row.moved_from else None,
    )


def from_rows(rows: Sequence[Row[Any]]) -> tuple[Delivery, ...]:
    """Return the deliveries of rows, in their order."""
    return tuple(from_row(row) for row in rows)


def written_reason(value: Delivery) -> str:
    """Return the reason as it is stored: stops are no part of a row."""
    return "" if value.reason is None or value.reason in _SHOWN_ONLY else value.reason.value


def to_text(payload: Payload) -> str:
    """Return *payload* as JSON; equal payloads give equal texts."""
    return json.dumps(asdict(payload), ensure_ascii=True, separators=(",", ":"))


def from_text(text: str) -> Payload:
    """Return the payload that ``to_text`` wrote."""
    values = json.loads(text)
    values["media"] = tuple(Media(**picture) for picture in values["media"])
    return Payload(**values)


async def replace_rows(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Write the rows of *deliveries*, which this transaction has read and locked."""
    if not deliveries:
        return
    rows = [{f"new_{name}": value for name, value in to_row(each).items()} for each in deliveries]
    values: dict[str, Any] = {name[4:]: bindparam(name) for name in rows[0] if name != "new_key"}
    await connection.execute(
        update(delivery).where(delivery.c.key == bindparam("new_key")).values(values), rows
    )


def _frozen(row: Row[Any], payload: Payload) -> Payload | None:
    if row.frozen is None:
        return None
    return payload if row.frozen == row.payload else from_text(row.frozen)


COLUMNS = tuple(delivery.c)
"""Every column of a delivery's row."""
