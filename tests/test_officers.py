"""Officers are told: the joined house on a real folder, real servers, a clock that moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.stop import Stop, StopScope
from tests.folders import MONDAY, a_network
from tests.running import a_free_port
from tests.servers.officers import (
    ROOM,
    SECRET,
    TOKEN,
    Homeserver,
    Receiver,
    a_homeserver,
    a_receiver,
)
from tests.sources.folder import write

MINUTE = timedelta(minutes=1)
TOMORROW = datetime(2027, 5, 4, 5, 30, tzinfo=UTC)
"""7:30 in Rome."""

FOR_APPROVAL = """\
campaign: stories
languages: [en, it]
channels: [trial]
approve: manual
items:
  - id: mill
    kind: news
    title: {en: The mill, it: Il mulino}
    post: 2027-05-05 10:00
"""
BROKEN = "campaign: other\nitems: [\n"
SOUND = "campaign: other\nlanguages: [en]\nchannels: [trial]\nitems: []\n"


@dataclass
class House:
    """A network whose officers are told in a room, at a webhook, and by a mail that never goes."""

    root: Path
    clock: SetClock
    room: Homeserver
    hook: Receiver

    @asynccontextmanager
    async def open(self) -> AsyncIterator[App]:
        async with open_app(self.root, self.clock, channels=True, alone=True) as app:
            await app.begin()
            await app.replan_if_sound()
            yield app

    async def live(self, app: App, minutes: int) -> list[str]:
        """Look every minute; return the first lines of what the room was told."""
        before = len(self.room.texts)
        for _ in range(minutes):
            await app.tell_officers()
            self.clock.advance(MINUTE)
        return [said.splitlines()[0] for said in self.room.texts[before:]]


@asynccontextmanager
async def a_house(root: Path, store_url: str) -> AsyncIterator[House]:
    async with a_homeserver() as room, a_receiver() as hook:
        settings = f"""\
timezone: Europe/Rome
store: {store_url.partition("://")[0]}://
officers: [{{name: Ana, email: "ana@museo.localhost", languages: [en]}}]
smtp: {{host: 127.0.0.1, port: {a_free_port()}, tls: none}}
notify:
  digest: "07:30"
  at_once: [approval, broken-file, failed]
  matrix: {{server: "{room.url}", room: "{ROOM}"}}
  webhook: {{url: "{hook.url}"}}
"""
        a_network(root, config_herald=settings, stories=FOR_APPROVAL)
        secrets = {
            "STORE": store_url,
            "NOTIFY__MATRIX__ACCESS_TOKEN": TOKEN,
            "NOTIFY__WEBHOOK__SECRET": SECRET,
        }
        lines = "".join(f"HERALD_{name}={value}\n" for name, value in secrets.items())
        write(root, ".env", lines)
        yield House(root, SetClock(MONDAY), room, hook)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, "sqlite:///var/herald.db") as house:
        yield house


async def test_what_waits_for_approval_is_told_once_on_every_way_that_works(house, caplog):
    async with house.open() as app:
        assert await house.live(app, 30) == [
            "Herald: stories / mill waits for approval, for trial (posts: 2)"
        ]
        (said,) = house.hook.taken.values()
        assert [one["kind"] for one in said["data"]["concerns"]] == ["approval"]
        assert house.hook.taken.keys() == house.room.transactions.keys()
    down = [record for record in caplog.records if "cannot be told" in record.message]
    assert [record.way for record in down] == ["mail to Ana"]


async def test_a_restart_tells_nothing_again(house):
    async with house.open() as app:
        assert len(await house.live(app, 5)) == 1
    async with house.open() as app:
        assert await house.live(app, 30) == []


async def test_a_broken_file_is_told_when_it_stays_so_and_not_while_it_is_written(house):
    async with house.open() as app:
        await house.live(app, 18)
        write(house.root, "campaigns/other.yaml", BROKEN)
        assert await house.live(app, 9) == []
        write(house.root, "campaigns/other.yaml", SOUND)
        assert await house.live(app, 9) == []
        write(house.root, "campaigns/other.yaml", BROKEN)
        (said,) = await house.live(app, 20)
        assert "campaigns/other.yaml is broken" in said
        assert "herald check" in house.room.texts[-1]


async def test_the_summary_of_the_day_tells_what_is_open_and_then_that_it_is_done(house):
    async with house.open() as app:
        await house.live(app, 5)
        house.clock.jump(TOMORROW)
        assert await house.live(app, 30) == ["Herald, the day's summary: 1 open"]
        assert "Still open:" in house.room.texts[-1]
    async with house.open() as app:
        assert await house.live(app, 3) == []
        (row, *_) = await app.store.list_deliveries()
        await app.desk.decide("approve", campaign=row.campaign)
        await house.live(app, 3)
        house.clock.jump(TOMORROW + timedelta(days=1))
        await app.replan()
        assert await house.live(app, 5) == ["Herald, the day's summary: nothing open any more"]
        house.clock.jump(datetime(2027, 5, 5, 8, 30, tzinfo=UTC))
        await app.worker.drain()
        house.clock.jump(TOMORROW + timedelta(days=2))
        assert await house.live(app, 5) == []


async def test_officers_are_told_while_everything_is_paused(house):
    async with house.open() as app:
        await app.store.stop(Stop(scope=StopScope.EVERYTHING, since=MONDAY))
        assert len(await house.live(app, 5)) == 1


async def test_a_way_that_was_down_hears_it_when_it_is_back_and_the_others_did_at_once(house):
    async with house.open() as app:
        house.room.faults.extend([502] * 3)
        assert await house.live(app, 4) == []
        assert len(house.hook.taken) == 1
        assert len(await house.live(app, 10)) == 1
        assert len(house.hook.taken) == 1


async def test_a_pass_that_cron_starts_tells_what_came_up_and_the_next_one_nothing(house):
    for _ in range(3):
        async with open_app(house.root, house.clock, channels=True, alone=True) as app:
            await app.run_once(asyncio.Event())
        house.clock.advance(10 * MINUTE)
    assert len(house.room.texts) == len(house.hook.taken) == 1


async def test_a_database_that_cannot_be_used_is_told_once_from_memory(house):
    async with house.open() as app:
        await house.live(app, 5)
        async with app.database.writing() as connection:
            await connection.execute(text("DROP TABLE notice_turn"))
        assert await house.live(app, 5) == []  # it may be restarting
        house.room.faults.append(503)
        told = await house.live(app, 20)
        assert told == ["Herald: The database cannot be used: nothing goes out until it can"]
        assert len(house.hook.taken) == 2


async def test_nothing_told_holds_a_secret(house):
    write(
        house.root,
        "campaigns/other.yaml",
        "campaign: other\nlanguages: [en]\nchannels: [trial]\nitems:\n"
        '  - {id: a, kind: news, title: A, link: "htps://user:hunter2@example.org/"}\n'
        '  - {id: b, kind: news, title: B, post: "subscriber@friends.example.org"}\n',
    )
    async with house.open() as app:
        await house.live(app, 25)
    said = " ".join(house.room.texts) + str(house.hook.taken)
    assert "campaigns/other.yaml" in said
    for secret in (TOKEN, SECRET, "hunter2", "subscriber@friends", "no-secret"):
        assert secret not in said


async def test_of_two_processes_on_one_database_exactly_one_tells(tmp_path, postgresql_url):
    async with a_house(tmp_path, postgresql_url) as house:
        house.room.faults.append(502)
        async with house.open() as one, house.open() as other:
            for _ in range(8):
                await asyncio.gather(one.tell_officers(), other.tell_officers())
                house.clock.advance(MINUTE)
        assert len(house.room.texts) == len(house.hook.taken) == 1
        # the first try, and the one after the fault
        assert (house.room.requests, house.hook.requests) == (2, 1)


async def test_when_the_process_that_tells_is_gone_another_one_goes_on(tmp_path, postgresql_url):
    async with a_house(tmp_path, postgresql_url) as house:
        async with house.open() as one:
            await house.live(one, 1)
        async with house.open() as other:
            assert len(await house.live(other, 10)) == 1
        assert house.hook.requests == 1
