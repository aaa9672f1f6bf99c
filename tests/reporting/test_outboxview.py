"""What the outbox looks like on a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from herald.reporting.outboxview import outbox_view
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
