"""One of many Heralds on a PostgreSQL plans; on a clock that tests move, without any waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from herald.app import App, open_app
from herald.clock import SetClock
from herald.errors import ConfigurationBroken, NotItsTurn
from herald.model.delivery import DeliveryState
from herald.turn import LEASE, RENEW_AFTER
from tests.folders import MONDAY, STORIES, a_network, journal
from tests.sources.folder import write
from tests.test_app import VOICES, a_partner_site, an_entry

Opening = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(MONDAY)


@pytest.fixture
def opening(postgresql_url: str, clock: SetClock) -> Opening:
    @asynccontextmanager
    async def open_one(root: Path, *, plans: bool) -> AsyncIterator[App]:
        write(root, ".env", f"HERALD_STORE={postgresql_url}\n")
        async with open_app(root, clock, channels=True, alone=True, plans=plans) as app:
            await app.begin()
            yield app

    return open_one


def without_campaigns(root: Path, **files: str) -> Path:
    """Make the folder of a machine that only sends."""
    a_network(root, **files)
    for path in (root / "campaigns").iterdir():
        path.unlink()
    (root / "campaigns").rmdir()
    return root


async def items(app: App) -> set[str]:
    return {row.item for row in await app.store.list_deliveries()}


async def test_who_does_not_plan_sends_what_another_one_planned(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    planner, sender = a_network(tmp_path / "a"), without_campaigns(tmp_path / "b")
    async with opening(planner, plans=True) as one, opening(sender, plans=False) as two:
        await two.replan_if_sound()
        assert await items(two) == set()
        await one.replan_if_sound()
        clock.advance(timedelta(hours=3))
        await two.worker.drain()
        assert len(journal(sender)) == 2
        assert journal(planner) == []
        await one.replanning.take_turn()
        health = await two.condition.health()
        assert (health.ok, health.broken) == (True, ())


async def test_campaign_files_beside_who_does_not_plan_concern_nobody(
    opening: Opening, tmp_path: Path
) -> None:
    planner = a_network(tmp_path / "a")
    other = a_network(tmp_path / "b", other=STORIES.replace("stories", "other"), broken="{")
    async with opening(planner, plans=True) as one, opening(other, plans=False) as two:
        await one.replan_if_sound()
        await two.replan_if_sound()
        await two.poll_and_replan()
        assert {row.campaign for row in await two.store.list_deliveries()} == {"stories"}
        assert (await two.condition.health()).broken == ()


async def test_planning_waits_for_its_turn_and_follows_who_stops(
    opening: Opening, tmp_path: Path
) -> None:
    first = a_network(tmp_path / "a")
    second = a_network(tmp_path / "b", stories=STORIES.replace("mill", "tide-mill"))
    async with opening(second, plans=True) as two:
        async with opening(first, plans=True) as one:
            await one.replan_if_sound()
            await two.replan_if_sound()
            assert not two.turn.is_ours
            assert await items(two) == {"salt-house", "mill"}
        await two.replan_if_sound()
        assert two.turn.is_ours
        waiting = await two.store.list_deliveries(states=(DeliveryState.PENDING,))
        assert {row.item for row in waiting} == {"salt-house", "tide-mill"}


async def test_a_planner_that_was_replaced_writes_nothing_and_goes_on_sending(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    first, second = a_network(tmp_path / "a"), a_network(tmp_path / "b")
    async with opening(first, plans=True) as one, opening(second, plans=True) as two:
        await one.replan_if_sound()
        clock.jump(clock.now() + LEASE)  # for one of them no time has passed
        await two.replan_if_sound()
        assert two.turn.is_ours
        write(first, "campaigns/stories.yaml", STORIES.replace("mill", "ghost"))
        assert one.turn.is_ours  # so it believes
        with pytest.raises(NotItsTurn):
            await one.replan()
        await one.replan_if_sound()
        assert not one.turn.is_ours
        assert await items(two) == {"salt-house", "mill"}
        clock.advance(timedelta(hours=3))
        assert (await one.worker.drain()).sent == 2


async def test_a_turn_is_renewed_long_before_its_lease_ends(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    first, second = a_network(tmp_path / "a"), a_network(tmp_path / "b")
    async with opening(first, plans=True) as one, opening(second, plans=True) as two:
        for _ in range(10):
            await one.replanning.take_turn()
            await two.replanning.take_turn()
            clock.advance(RENEW_AFTER)
        assert (one.turn.is_ours, two.turn.is_ours) == (True, False)


async def test_a_person_confirms_a_plan_though_another_one_has_the_turn(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    root = a_network(tmp_path)
    async with opening(root, plans=True) as one:
        await one.replan_if_sound()
        async with open_app(root, clock) as person:
            await person.replan(confirmed="nothing")
        assert await one.turn.make_sure()


async def test_what_any_of_them_hears_from_a_feed_is_planned_without_a_notification(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    entries = [an_entry("Il sale vecchio", 2)]
    async with a_partner_site(entries) as url:
        config = {
            "config_herald": "timezone: Europe/Rome\nfeeds: {allow_private: true}\n",
            "config_partners": f"saline: {{name: Saline, feeds: [{{url: '{url}'}}]}}\n",
        }
        planner = a_network(tmp_path / "a", voices=VOICES, **config)
        poller = without_campaigns(tmp_path / "b", config_herald=config["config_herald"])
        async with opening(planner, plans=True) as one, opening(poller, plans=False) as two:
            await two.poll_and_replan()
            assert await two.feeds.health(now=clock.now()) == ()
            await one.replan_if_sound()
            await one.poll_and_replan()  # which feeds there are is for the planner to say
            assert await one.replanning.plan_news()
            entries.insert(0, an_entry("Il sale nuovo", 4))
            clock.advance(timedelta(hours=30))
            assert not await one.replanning.plan_news()
            await two.poll_and_replan()
            assert await items(one) == set()
            assert await one.replanning.plan_news()
            assert len(await items(one)) == 1
            assert not await one.replanning.plan_news()


async def test_it_is_told_when_nobody_plans(
    opening: Opening, tmp_path: Path, clock: SetClock
) -> None:
    root = a_network(tmp_path)
    async with opening(root, plans=False) as sender:
        health = await sender.condition.health()
        assert not health.ok
        assert health.planning.startswith("nobody has planned yet: start herald run --plan")
        async with opening(root, plans=True) as planner:
            await planner.replan_if_sound()
            assert (await sender.condition.health()).planning == ""
        assert (await sender.condition.health()).planning == ""
        clock.advance(timedelta(hours=2))
        assert (await sender.condition.health()).planning.startswith(
            "nobody plans since 2027-05-03 06:00"
        )


async def test_planning_without_campaign_files_is_refused(opening: Opening, tmp_path: Path) -> None:
    root = without_campaigns(tmp_path)
    with pytest.raises(ConfigurationBroken, match="--plan reads campaigns/, and there is none"):
        async with opening(root, plans=True):
            pass
