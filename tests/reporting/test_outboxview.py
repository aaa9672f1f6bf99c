"""What the outbox looks like on a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from herald.model.delivery import DeliveryState, Reason
from herald.reporting.documents import delivery_document
from herald.reporting.outboxview import delivery_view, outbox_view
from tests.makers import a_delivery


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_key_can_be_copied_from_a_narrow_terminal(width: int) -> None:
    delivery = a_delivery()
    shown = StringIO()
    Console(file=shown, width=width).print(outbox_view([delivery]))
    row = shown.getvalue().splitlines()[1]
    assert row.startswith(f"{delivery.key[:8]} ")
    assert delivery.channel in row
    assert f" {delivery.language} " in row


def test_the_words_stand_before_what_they_belong_to() -> None:
    delivery = a_delivery(state=DeliveryState.HELD, reason=Reason.APPROVAL)
    shown = StringIO()
    Console(file=shown, width=200).print(outbox_view([delivery]))
    row = shown.getvalue().splitlines()[1]
    assert row.index(delivery.payload.text.splitlines()[0]) < row.index(delivery.item)


def test_what_a_server_said_is_shown_as_it_is_and_moments_as_people_write_them() -> None:
    delivery = a_delivery(state=DeliveryState.FAILED, error="no [/b] here [red]")
    shown = StringIO()
    document = delivery_document(delivery) | {"attempts_made": []}
    Console(file=shown, width=100).print(delivery_view(document))
    told = shown.getvalue()
    assert "no [/b] here [red]" in told
    assert f"{delivery.not_after_at:%Y-%m-%d %H:%M} UTC" in told
    assert "never after" in told
