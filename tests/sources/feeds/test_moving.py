"""When a feed's address is taken to have moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.ids import FeedId
from herald.model.polling import Feed, Move, WantedFeed
from herald.sources.feeds.fetching.moving import is_given_up, moved
from tests.sources.feeds.documents import NOW

HOUR = timedelta(hours=1)
OLD = "https://old.example/feed"
NEW = "https://new.example/feed"
NEWER = "https://newer.example/feed"


def a_feed(*, url: str = OLD, adopted: str = "", move: Move | None = None) -> Feed:
    wanted = WantedFeed(id=FeedId("f"), url=url, partners=())
    return Feed(wanted=wanted, next_check_at=NOW, adopted=adopted, move=move)


def after(feed: Feed, seen: list[str], *, apart: timedelta) -> Feed:
    """Return *feed* after polls that led to the addresses *seen*."""
    for number, target in enumerate(seen):
        move, adopted = moved(feed, target, now=NOW + number * apart)
        feed = replace(feed, move=move, adopted=adopted)
    return feed


@pytest.mark.parametrize(
    ("seen", "hours", "adopted"),
    [
        ([NEW] * 10, 8, NEW),
        ([NEW] * 9, 24, ""),
        ([NEW] * 10, 7.9, ""),
        ([NEW] * 73, 1, NEW),
        ([NEW] * 72, 1, ""),
        ([NEW] * 9 + [""] + [NEW] * 9, 24, ""),
        ([NEW] * 9 + [NEWER] + [NEW] * 9, 24, ""),
        ([NEW] * 9 + [""] + [NEW] * 10, 24, NEW),
        ([NEW, NEWER] * 20, 24, ""),
        ([""] * 20, 24, ""),
        ([OLD] * 20, 24, ""),
        (["http://new.example/feed"] * 20, 24, ""),
    ],
    ids=[
        "ten polls over three days",
        "nine polls",
        "ten polls in less than three days",
        "hourly for three days",
        "hourly for less",
        "a direct answer between",
        "another target between",
        "proven after a direct answer",
        "to and fro",
        "never moved",
        "back to itself",
        "without encryption",
    ],
)
def test_an_address_is_adopted_once_the_move_has_proven_itself(
    seen: list[str], hours: float, adopted: str
) -> None:
    assert after(a_feed(), seen, apart=hours * HOUR).adopted == adopted


def test_a_feed_without_encryption_may_move_to_one_with_it() -> None:
    feed = a_feed(url="http://old.example/feed")
    assert after(feed, [OLD] * 10, apart=8 * HOUR).adopted == OLD


def test_from_an_adopted_address_a_further_move_counts_anew() -> None:
    feed = after(a_feed(), [NEW] * 10, apart=8 * HOUR)
    assert feed.move is None
    assert feed.address == NEW
    assert after(feed, [NEWER] * 9, apart=24 * HOUR).adopted == NEW
    assert after(feed, [NEWER] * 10, apart=8 * HOUR).adopted == NEWER


def test_a_direct_answer_of_the_adopted_address_keeps_it() -> None:
    feed = after(a_feed(), [NEW] * 10 + [""] * 3, apart=8 * HOUR)
    assert feed.adopted == NEW
    assert feed.move is None


def test_a_site_that_moves_back_is_asked_as_configured() -> None:
    feed = after(a_feed(adopted=NEW), [OLD] * 10, apart=8 * HOUR)
    assert feed.adopted == ""
    assert feed.address == OLD


def test_a_clock_that_was_set_back_proves_nothing() -> None:
    move = Move(to=NEW, since=NOW, polls=40)
    assert moved(a_feed(move=move), NEW, now=NOW - 100 * HOUR)[1] == ""


@given(
    targets=st.lists(st.sampled_from(["", OLD, NEW, NEWER, "http://new.example/feed"])),
    hours=st.floats(0.25, 48),
)
def test_what_is_adopted_was_led_to_ten_times_in_a_row_and_is_encrypted(
    targets: list[str], hours: float
) -> None:
    feed, row = a_feed(), [""]
    for number, target in enumerate(targets):
        row = [*row, target] if target == row[-1] else [target]
        move, adopted = moved(feed, target, now=NOW + number * hours * HOUR)
        if adopted != feed.adopted:
            assert len(row) >= 10
            assert adopted == (target if target != OLD else "")
        assert not adopted.startswith("http:")
        feed = replace(feed, move=move, adopted=adopted)


@pytest.mark.parametrize(
    ("adopted", "errors", "gone", "given_up"),
    [
        (NEW, 4, False, False),
        (NEW, 5, False, True),
        (NEW, 6, False, True),
        (NEW, 1, True, True),
        ("", 50, False, False),
        ("", 1, True, False),
    ],
)
def test_an_adopted_address_is_given_up_after_five_failures_or_when_it_is_gone(
    adopted: str, errors: int, gone: bool, given_up: bool
) -> None:
    assert is_given_up(a_feed(adopted=adopted), errors=errors, gone=gone) is given_up
