"""A payload as the store keeps it."""

from __future__ import annotations

import pytest

from herald.store.rows import from_text, to_text
from tests.makers import a_payload


@pytest.mark.parametrize("facts", ["", '["Festa", "2027-05-20T16:00:00+00:00", "Argenta"]'])
def test_a_payload_is_read_as_it_was_written(facts: str) -> None:
    payload = a_payload(facts=facts)
    assert from_text(to_text(payload)) == payload


def test_a_payload_without_facts_is_written_as_ever() -> None:
    assert "facts" not in to_text(a_payload())
