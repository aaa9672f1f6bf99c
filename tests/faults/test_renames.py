"""Names in files are changed after a post went out: a new name is no reason to say it again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from herald.app import open_app
from herald.clock import SetClock
from herald.model.delivery import Reason
from tests.folders import MONDAY, a_network, journal, many_items

HOUR = timedelta(hours=1)
WHOLE = many_items(30, day=3)
"""One post a minute, from noon on."""
AFTER_SIX = MONDAY + 4 * HOUR + timedelta(minutes=5, seconds=30)


async def lived(folder: Path, clock: SetClock, until: datetime) -> Counter[str | None]:
    """Run Herald on *folder* until a moment; return why what is held is held."""
    async with open_app(folder, clock, channels=True) as app:
        await app.begin()
        await app.replan_if_sound()
        if until > clock.now():
            clock.jump(until)
        await app.worker.drain()
        return Counter(row.reason for row in await app.store.list_deliveries())


def reword(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def said(folder: Path) -> Counter[str]:
    """Count what the account's two names said together."""
    return Counter(line["text"] for name in ("trial", "paper") for line in journal(folder, name))


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([("many", "campaign: many", "campaign: lots")], id="campaign"),
        pytest.param([("many", "id: item-", "id: number-")], id="items"),
        pytest.param([("many", "en", "en-GB")], id="language"),
        pytest.param([("many", "[trial]", "[paper]"), ("", "trial:", "paper:")], id="channel"),
    ],
)
async def test_what_was_sent_and_bears_a_new_name_waits_for_a_person(tmp_path, edits):
    root = a_network(tmp_path, many=WHOLE)
    clock = SetClock(MONDAY)
    await lived(root, clock, AFTER_SIX)
    assert said(root).total() == 6
    for name, old, new in edits:
        file = f"campaigns/{name}.yaml" if name else "config/channels.yaml"
        reword(root / file, old, new)
    held = await lived(root, clock, AFTER_SIX + HOUR)
    assert held[Reason.MOVED] == 6
    assert said(root) == Counter(f"Number {nth}" for nth in range(30))


async def test_a_new_account_beside_the_old_one_still_says_what_is_late(tmp_path):
    root = a_network(tmp_path, many=WHOLE)
    clock = SetClock(MONDAY)
    await lived(root, clock, AFTER_SIX)
    reword(root / "campaigns/many.yaml", "[trial]", "[trial, paper]")
    reword(root / "config/channels.yaml", "trial:", "paper: {network: journal}\ntrial:")
    await lived(root, clock, AFTER_SIX + HOUR)
    assert len(journal(root, "paper")) == 30


async def test_a_campaign_renamed_and_renamed_back_says_nothing_twice(tmp_path):
    """So many leave their file that they are kept; under the other name some go out meanwhile."""
    root = a_network(tmp_path, many=WHOLE)
    clock = SetClock(MONDAY)
    await lived(root, clock, MONDAY)
    reword(root / "campaigns/many.yaml", "campaign: many", "campaign: lots")
    await lived(root, clock, AFTER_SIX)
    assert said(root).total() == 6
    reword(root / "campaigns/many.yaml", "campaign: lots", "campaign: many")
    await lived(root, clock, AFTER_SIX + HOUR)
    assert said(root) == Counter(f"Number {nth}" for nth in range(30))
