"""Garbage waits while many rows are read, and no longer."""

from __future__ import annotations

import gc

import pytest

from herald.store.collecting import uncollected


def test_nothing_is_collected_within_the_block_and_all_is_afterwards() -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_made_within_the_block_is_not_young_afterwards() -> None:
    with uncollected():
        made = [[number] for number in range(100_000)]
    young, _, _ = gc.get_count()
    assert young < len(made)


def test_an_error_lets_garbage_be_collected_again() -> None:
    with pytest.raises(ValueError, match="no"), uncollected():
        raise ValueError("no")
    assert gc.isenabled()


def test_who_had_turned_collecting_off_finds_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
