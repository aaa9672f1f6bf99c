"""The shipped example is sound, complete in its languages, and can be planned all its life."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from herald.app import open_app
from herald.channels.registry import BROUGHT_ALONG
from herald.clock import SetClock
from herald.data.calendar import observances
from herald.results import Compared
from herald.sources.load import Loaded, load

EXAMPLE = Path(__file__).parents[1]
LANGUAGES = {"en", "it", "es", "sl", "pl"}


@pytest.fixture
def loaded() -> Loaded:
    return load(EXAMPLE, anchors=frozenset(observances()), networks=frozenset(BROUGHT_ALONG))


@pytest.fixture
async def year(tmp_path: Path) -> Compared:
    """Plan a year and a half of the example, seen before it begins."""
    for name in ("campaigns", "config"):
        shutil.copytree(EXAMPLE / name, tmp_path / name)
    async with open_app(tmp_path, SetClock(datetime(2026, 11, 30, tzinfo=UTC))) as app:
        return await app.compare(first=date(2026, 11, 30), last=date(2027, 12, 31))


def test_nothing_is_wrong_with_it(loaded: Loaded) -> None:
    assert [str(problem) for problem in loaded.problems] == []


def test_its_stories_are_told_in_five_languages(loaded: Loaded) -> None:
    stories = next(one for one in loaded.campaigns if one.id == "ecomuseum-stories")
    for item in stories.items:
        assert {tag for tag, _ in item.title.pairs} == LANGUAGES, item.id
        assert {tag for tag, _ in item.text.pairs} == LANGUAGES, item.id


def test_every_picture_is_there_and_described_in_the_languages_of_its_posts(year: Compared) -> None:
    pictures = {
        (delivery.item, delivery.language): media
        for delivery in year.plan.deliveries
        for media in delivery.payload.media
    }
    assert {language for _, language in pictures} == LANGUAGES
    for where, media in pictures.items():
        assert media.sha256, where
        assert media.alt, where
        assert (EXAMPLE / media.file).is_file()


def test_every_post_of_it_fits_and_carries_its_statement(year: Compared) -> None:
    for delivery in year.plan.deliveries:
        payload = delivery.payload
        assert payload.limit is None or payload.length <= payload.limit
        assert "Erasmus+" in payload.text, (delivery.item, delivery.language)
    assert not [line for line in year.plan.skipped if "sensible" in line.reason]


def test_nothing_but_drafts_is_held(year: Compared) -> None:
    held = {(delivery.item, delivery.hold) for delivery in year.plan.deliveries if delivery.hold}
    assert {reason for _, reason in held} == {"draft"}


def test_every_card_of_the_table_has_its_turn(loaded: Loaded, year: Compared) -> None:
    stories = next(one for one in loaded.campaigns if one.id == "ecomuseum-stories")
    cards = {card.id for series in stories.series for card in series.cards}
    assert cards
    assert cards <= {delivery.item for delivery in year.plan.deliveries}


def test_a_letter_is_planned_every_month(year: Compared) -> None:
    months = {issue.local_date.month for issue in year.plan.issues}
    assert months == set(range(1, 13))


def test_no_two_posts_have_one_key(year: Compared) -> None:
    keys = [delivery.key for delivery in year.plan.deliveries]
    assert len(keys) == len(set(keys))
