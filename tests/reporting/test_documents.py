"""Moments, pictures and reasons as programs read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from herald.model.correction import Correction, Untrue
from herald.model.delivery import DeliveryState, Media, Reason
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.reporting.documents import (
    delivery_document,
    instant,
    local_instant,
    media_document,
    of_campaign,
    plan_document,
    preview_document,
)
from tests.makers import NOON, a_delivery, a_payload


@pytest.mark.parametrize(
    ("moment", "spelled"),
    [
        pytest.param(NOON, "2027-05-10T12:00:00Z", id="UTC"),
        pytest.param(NOON.replace(microsecond=999_999), "2027-05-10T12:00:00Z", id="to the second"),
        pytest.param(
            datetime(2027, 5, 10, 14, tzinfo=timezone(timedelta(hours=2))),
            "2027-05-10T12:00:00Z",
            id="from another offset",
        ),
        pytest.param(None, None, id="absent"),
    ],
)
def test_a_moment_is_utc_with_z(moment: datetime | None, spelled: str | None) -> None:
    assert instant(moment) == spelled


@pytest.mark.parametrize(
    ("moment", "spelled"),
    [
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "2027-03-28T01:59:00+01:00"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "2027-03-28T03:00:00+02:00"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "2027-10-31T02:30:00+02:00"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "2027-10-31T02:30:00+01:00"),
    ],
    ids=["before spring", "after spring", "first in autumn", "second in autumn"],
)
def test_a_local_moment_tells_its_offset(moment: datetime, spelled: str) -> None:
    assert local_instant(moment, "Europe/Rome") == spelled


@pytest.mark.parametrize(
    ("media", "document"),
    [
        (Media(file="a.png", alt="A"), {"file": "a.png", "alt": "A"}),
        (Media(url="https://e.org/a.png"), {"url": "https://e.org/a.png", "alt": ""}),
    ],
    ids=["a file", "a link"],
)
def test_a_picture_is_a_file_or_a_link(media: Media, document: dict[str, str]) -> None:
    assert media_document(media) == document


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (DeliveryState.HELD, "approval"),
        (DeliveryState.PENDING, "approval"),
        (DeliveryState.SENT, None),
        (DeliveryState.WITHDRAWN, None),
    ],
)
def test_only_what_waits_has_a_reason(state: DeliveryState, told: str | None) -> None:
    assert delivery_document(a_delivery(state=state, reason=Reason.APPROVAL))["reason"] == told


def test_what_was_sent_is_shown_as_it_was_sent() -> None:
    row = a_delivery(payload=a_payload(text="new"), frozen=a_payload(text="sent"))
    assert delivery_document(row)["text"] == "sent"


def test_deliveries_stand_in_the_order_of_moment_and_key_and_a_preview_leaves_the_gone_out() -> (
    None
):
    rows = [
        a_delivery(item="late", due_at=NOON + timedelta(hours=1)),
        a_delivery(item="gone"),
        a_delivery(item="soon"),
    ]
    steps = tuple(
        Step(
            change=Change.WITHDRAWN if row.item == "gone" else Change.SENT,
            key=row.key,
            planned=None,
            state=row.state,
        )
        for row in rows
    )
    document = plan_document(
        Plan(made_at=NOON, first=NOON, last=NOON + timedelta(days=1)),
        Reconciliation(steps=steps, hash="abc", withdrawals=1),
        {row.key: row for row in rows},
        {},
    )
    order = [(line["due_at"], line["key"]) for line in document["deliveries"]]
    assert order == sorted(order)
    assert document["hash"] == "abc"
    shown = preview_document(document)["deliveries"]
    assert [line["item"] for line in shown] == ["soon", "late"]
    assert all(len(line["parts"]) == 1 for line in shown)


def test_a_correction_names_what_was_sent_and_why_it_is_untrue():
    row = a_delivery(url="https://social.example/1", sent_at=NOON)
    untrue = Correction(key=row.key, why=Untrue.CANCELLED, note="its event was cancelled")
    plan = Plan(made_at=NOON, first=NOON, last=NOON, corrections=(untrue,))
    document = plan_document(
        plan, Reconciliation(steps=(), hash="", withdrawals=0), {row.key: row}, {}
    )
    (line,) = document["corrections"]
    assert (line["key"], line["why"], line["url"]) == (row.key, "cancelled", row.url)
    assert line["note"] == "its event was cancelled"
    assert line["text"] == row.payload.text
    assert of_campaign(document, "another")["corrections"] == []
    assert of_campaign(document, row.campaign)["corrections"] == [line]


def test_a_delivery_says_why_it_stands_where_it_stands():
    assert delivery_document(a_delivery(note="perhaps not new"))["note"] == "perhaps not new"
    assert delivery_document(a_delivery())["note"] is None
