"""The witness of the simulated year finds what is broken on purpose.

One part of Herald at a time is made wrong, in an outbox that is otherwise the simulation's own, and
some weeks are lived: what follows must be found. The right outbox lives through the same weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from herald.model.campaign import Campaign
from herald.model.delivery import Claim, Delivery
from herald.model.ids import CampaignId, ChannelId, ItemId
from herald.model.network import Capabilities
from herald.simulating.outbox import ScratchOutbox
from herald.simulating.troubles import Troubles
from herald.sources.load import Loaded
from tests.makers import NOON, a_delivery
from tests.simulation.hindrance import Stops
from tests.simulation.test_year import Lived
from tests.simulation.witness import too_fast, unfair

WEEKS = timedelta(days=24)
SEED = 5
TROUBLES = Troubles(lost_answer=0.15, unavailable=0.05, absence=0.04)
MINUTE = timedelta(minutes=1)


class Blind(ScratchOutbox):
    """Some of what is due is never seen."""

    def _due(
        self, now: datetime, capabilities: Collection[ChannelId]
    ) -> dict[ChannelId, list[Delivery]]:
        due = super()._due(now, capabilities)
        return {name: [row for row in rows if row.key[0] > "7"] for name, rows in due.items()}

    async def is_busy(self, now: datetime) -> bool:
        return bool(self._claimed)


def sees_no_hours(loaded: Loaded) -> Loaded:
    """Read the files as if they named neither windows nor quiet hours."""
    campaigns = tuple(replace(one, window=None) for one in loaded.campaigns)
    return replace(
        loaded,
        campaigns=campaigns,
        configuration=replace(loaded.configuration, quiet_hours=None),
    )


def sees_no_limits(loaded: Loaded) -> Loaded:
    """Read the files as if they set no limit to what is passed on."""
    return replace(loaded, campaigns=tuple(_unlimited(one) for one in loaded.campaigns))


def _unlimited(campaign: Campaign) -> Campaign:
    rules = tuple(replace(rule, limit_partner=None, limit_total=None) for rule in campaign.amplify)
    return replace(campaign, amplify=rules)


def test_an_outbox_that_overlooks_something_is_found_out(tmp_path: Path) -> None:
    lived = Lived(tmp_path, SEED, lasts=WEEKS, troubles=TROUBLES, outbox=Blind())
    assert any("was never tried" in found for found in lived.found), lived.found[:12]


@pytest.mark.parametrize(
    ("see", "follows"),
    [(sees_no_hours, "due in quiet hours"), (sees_no_limits, "entries")],
)
def test_a_plan_that_breaks_a_promise_is_found_out(
    tmp_path: Path, see: Callable[[Loaded], Loaded], follows: str
) -> None:
    lived = Lived(tmp_path, SEED, lasts=WEEKS, troubles=TROUBLES, see=see)
    assert any(follows in found for found in lived.found), lived.found[:12]


def test_the_right_one_lives_through_the_same_weeks(tmp_path: Path) -> None:
    lived = Lived(tmp_path, SEED, lasts=WEEKS, troubles=TROUBLES)
    assert lived.found == []
    assert lived.year.away


def asked(campaign: str, minute: int, *, due: int = 0) -> tuple[datetime, Claim]:
    """Make a request of a campaign that left at a minute."""
    row = a_delivery(
        campaign=CampaignId(campaign), item=ItemId(f"{minute}"), due_at=NOON + due * MINUTE
    )
    return NOON + minute * MINUTE, Claim(delivery=row, token=1, attempt=1)


def test_a_campaign_that_is_passed_again_and_again_is_noticed() -> None:
    sent = [*(asked("loud", minute, due=-5) for minute in (1, 2, 3)), asked("quiet", 4)]
    assert ["3 of one campaign" in found for found in unfair(sent, Stops())] == [True]


def test_campaigns_that_take_turns_are_fair() -> None:
    names = ["loud", "quiet"] * 4
    sent = [asked(name, minute) for minute, name in enumerate(names, 1)]
    assert list(unfair(sent, Stops())) == []


def test_an_account_that_is_asked_too_often_is_noticed() -> None:
    sent = [asked("loud", minute) for minute in (0, 1, 2, 3)]
    channel = sent[0][1].delivery.channel
    slow = {channel: Capabilities(pace=3 * MINUTE, burst=2)}
    swift = {channel: Capabilities(pace=MINUTE, burst=2)}
    assert len(list(too_fast(sent, slow))) == 2
    assert list(too_fast(sent, swift)) == []
