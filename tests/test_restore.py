"""A database that was put back from a copy: nothing that was sent after the copy is sent again."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.store.backup import back_up
from tests.folders import a_network, journal, many_items
from tests.postgresql import a_tool
from tests.running import HERALD, local, running, surroundings, until
from tests.servers.mastodon import MASTODON, TOKEN, Canned, MastodonServer, serving
from tests.sources.folder import write

NOON = datetime(2027, 5, 6, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ITEMS = 10


@dataclass(frozen=True, kw_only=True)
class Network:
    """A folder whose posts go to a journal, to a server, and to one that tells nothing back."""

    root: Path
    clock: SetClock
    seen: MastodonServer
    blind: MastodonServer

    @property
    def store(self) -> Path:
        return self.root / "var" / "herald.db"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[App]:
        """Run Herald, as the only one there, until the block is left."""
        async with open_app(self.root, self.clock, channels=True, alone=True, plans=True) as app:
            await app.begin()
            await app.replan_if_sound()
            yield app

    def put_back(self, copy: Path) -> None:
        """Put a copy in the store's place, as the manual says."""
        aside = self.store.parent / "damaged"
        aside.mkdir()
        for path in self.store.parent.glob("herald.db*"):
            path.rename(aside / path.name)
        shutil.copyfile(copy, self.store)

    def said(self) -> dict[str, Counter[str]]:
        """Return what each place holds."""
        return {
            "trial": Counter(line["text"] for line in journal(self.root)),
            "seen": Counter(each.text for each in self.seen.statuses),
            "blind": Counter(each.text for each in self.blind.statuses),
        }


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    clock = SetClock(NOON - MINUTE)
    async with serving(MASTODON, clock) as seen, serving(MASTODON, clock) as blind:
        refused = Canned(status=403, body='{"error": "outside of the scopes"}', times=10_000)
        blind.can("GET", "/api/v1/accounts/1001/statuses", refused)
        channels = "trial: {network: journal}\n" + "".join(
            f'{name}: {{network: mastodon, server: "{server.address}"}}\n'
            for name, server in (("seen", seen), ("blind", blind))
        )
        campaign = many_items(ITEMS).replace("[trial]", "[trial, seen, blind]")
        root = a_network(
            tmp_path / "network",
            many=campaign,
            config_herald="timezone: UTC\n",
            config_channels=channels,
        )
        secrets = (f"HERALD_CHANNELS__{name}__ACCESS_TOKEN={TOKEN}\n" for name in ("SEEN", "BLIND"))
        write(root, ".env", "".join(secrets))
        yield Network(root=root, clock=clock, seen=seen, blind=blind)


async def live_until(app: App, clock: SetClock, moment: datetime) -> None:
    await app.worker.drain()
    while (due := await app.next_due(moment)) is not None:
        clock.advance(due - clock.now())
        await app.worker.drain()
    if clock.now() < moment:
        clock.advance(moment - clock.now())


async def outbox(app: App, channel: str) -> list[Delivery]:
    return list(await app.store.list_deliveries(channel=channel))


def numbers(*items: int) -> dict[str, int]:
    return {f"Number {nth}": 1 for nth in items}


async def copied_and_sent_on(network: Network, copy: Path, *, until: datetime) -> None:
    """Send three of the items, copy the store, and send what is due until then."""
    async with network.running() as app:
        await live_until(app, network.clock, NOON + 2.5 * MINUTE)
        back_up(network.store, copy, at=network.clock.now())
        await live_until(app, network.clock, until)


async def test_what_was_sent_after_the_copy_is_not_sent_again(network, tmp_path):
    await copied_and_sent_on(network, tmp_path / "copy.db", until=NOON + 60 * MINUTE)
    before = network.said()
    assert before == dict.fromkeys(("trial", "seen", "blind"), numbers(*range(ITEMS)))
    network.put_back(tmp_path / "copy.db")
    async with network.running() as app:
        await app.worker.drain()
        assert network.said() == before
        for channel in ("trial", "seen"):
            assert {row.state for row in await outbox(app, channel)} == {DeliveryState.SENT}
        held = [row for row in await outbox(app, "blind") if row.state is DeliveryState.HELD]
        assert len(held) == 7
        assert {row.reason for row in held} == {Reason.UNCLEAR}
        assert all("put back from a copy" in row.note for row in held)
    async with network.running() as app:
        await app.worker.drain()
    assert network.said() == before


async def test_what_was_not_yet_sent_goes_out_once_and_on_time(network, tmp_path):
    await copied_and_sent_on(network, tmp_path / "copy.db", until=NOON + 4.5 * MINUTE)
    network.put_back(tmp_path / "copy.db")
    network.clock.advance(MINUTE)  # number 5 falls due while nobody runs
    async with network.running() as app:
        await app.worker.drain()
        assert network.said()["trial"]["Number 5"] == network.said()["seen"]["Number 5"] == 1
        await live_until(app, network.clock, NOON + 60 * MINUTE)
        for channel in ("trial", "seen"):
            assert network.said()[channel] == numbers(*range(ITEMS))
        states = Counter(row.state for row in await outbox(app, "blind"))
    assert network.said()["blind"] == numbers(0, 1, 2, 3, 4, *range(6, ITEMS))
    assert states == {DeliveryState.SENT: 7, DeliveryState.HELD: 3}


async def test_what_was_written_and_sent_after_the_copy_is_not_sent_again(network, tmp_path):
    await copied_and_sent_on(network, tmp_path / "copy.db", until=NOON + 60 * MINUTE)
    news = "  - {id: late, kind: news, title: {en: Flood}, post: 2027-05-06 13:00}\n"
    file = network.root / "campaigns" / "many.yaml"
    write(network.root, "campaigns/many.yaml", file.read_text() + news)
    async with network.running() as app:
        await live_until(app, network.clock, NOON + 61 * MINUTE)
    before = network.said()
    assert before["blind"]["Flood"] == 1
    network.put_back(tmp_path / "copy.db")
    async with network.running() as app:
        await app.worker.drain()
    assert network.said() == before


async def test_what_a_person_sends_on_after_the_copy_was_put_back_is_looked_up_too(
    network, tmp_path
):
    write(
        network.root,
        "campaigns/many.yaml",
        (network.root / "campaigns" / "many.yaml").read_text() + "approve: manual\n",
    )
    async with network.running() as app:
        back_up(network.store, tmp_path / "copy.db", at=network.clock.now())
        await app.desk.decide("approve", campaign="many")
        await live_until(app, network.clock, NOON + 30 * MINUTE)
    before = network.said()
    assert before["seen"] == numbers(*range(ITEMS))
    network.put_back(tmp_path / "copy.db")
    async with network.running() as app:
        await app.desk.decide("approve", campaign="many")
        await app.worker.drain()
    assert network.said() == before


async def test_a_person_may_send_what_is_held_and_it_goes_out_once(network, tmp_path):
    await copied_and_sent_on(network, tmp_path / "copy.db", until=NOON + 4.5 * MINUTE)
    network.put_back(tmp_path / "copy.db")
    network.clock.advance(MINUTE)
    async with network.running() as app:
        await app.worker.drain()
        held = {row.payload.text: row for row in await outbox(app, "blind") if row.reason}
        await app.desk.decide("retry", keys=(held["Number 5"].key,), sure=True)
        await app.desk.mark_sent(held["Number 4"].key, "https://social.example.org/@us/4")
        await app.worker.drain()
        assert network.said()["blind"]["Number 5"] == 1
        still = [row for row in await outbox(app, "blind") if row.reason is Reason.UNCLEAR]
        assert [row.payload.text for row in still] == ["Number 3"]
    assert network.said()["blind"]["Number 4"] == 1


async def test_ordinary_restarts_hold_nothing_and_look_nothing_up(network):
    for nth in range(4):
        async with network.running() as app:
            await app.worker.drain()
        network.clock.jump(NOON + 3 * nth * MINUTE)
    async with network.running() as app:
        await live_until(app, network.clock, NOON + 30 * MINUTE)
        assert {row.state for row in await app.store.list_deliveries()} == {DeliveryState.SENT}
    assert network.seen.counted("GET", "/api/v1/accounts/1001/statuses") == 0
    assert network.said() == dict.fromkeys(("trial", "seen", "blind"), numbers(*range(ITEMS)))


async def test_a_store_that_was_taken_away_is_not_begun_anew_by_posting_again(network):
    async with network.running() as app:
        await live_until(app, network.clock, NOON + 60 * MINUTE)
    before = network.said()
    network.store.unlink()
    async with network.running() as app:
        await app.worker.drain()
    assert network.said() == before


async def test_on_postgresql_a_dump_that_was_put_back_sends_nothing_again(
    network, postgresql, tmp_path
):
    """As the manual says: a new database from the dump, under the old one's name."""
    with postgresql.database(template="template0") as url:
        write(network.root, ".env", f"{(network.root / '.env').read_text()}HERALD_STORE={url}\n")
        name = url.rpartition("/")[2]
        async with network.running() as app:
            await live_until(app, network.clock, NOON + 2.5 * MINUTE)
            a_tool(postgresql, "createdb", f"{name}_copy", "-T", "template0")
            dump = a_tool(postgresql, "pg_dump", "-d", name)
            a_tool(postgresql, "psql", "-qd", f"{name}_copy", said=dump)
            await live_until(app, network.clock, NOON + 4.5 * MINUTE)
        before = network.said()
        assert before == dict.fromkeys(("trial", "seen", "blind"), numbers(*range(5)))
        postgresql.tell(f"DROP DATABASE {name} WITH (FORCE)")
        postgresql.tell(f"ALTER DATABASE {name}_copy RENAME TO {name}")
        async with network.running() as app:
            await app.worker.drain()
        network.clock.advance(10 * MINUTE)  # nobody else can be sending any more
        async with network.running() as app:
            await live_until(app, network.clock, NOON + 60 * MINUTE)
            held = [row for row in await outbox(app, "blind") if row.state is DeliveryState.HELD]
        for channel in ("trial", "seen"):
            assert network.said()[channel] == numbers(*range(ITEMS))
        assert set(network.said()["blind"].values()) == {1}
        assert {row.payload.text for row in held} >= {"Number 3", "Number 4"}


async def test_a_real_daemon_that_is_killed_and_put_back_from_its_backup_repeats_nothing(tmp_path):
    def posts(*names: str) -> str:
        due = local(datetime.now(UTC), timedelta(minutes=-5))
        items = "".join(
            f"  - {{id: {name}, kind: news, title: {{en: {name}}}, post: {due}}}\n"
            for name in names
        )
        return f"campaign: stories\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"

    def said() -> Counter[str]:
        return Counter(line["item"] for line in journal(root))

    root = a_network(tmp_path / "one", stories=posts("bell"), config_herald="timezone: UTC\n")
    copy, names = tmp_path / "copy.db", ("bell", *(f"boat-{nth}" for nth in range(4)))
    async with running(root) as daemon:
        await until(lambda: said() == {"bell": 1}, told=lambda: daemon.log)
        backing_up = await asyncio.create_subprocess_exec(
            *HERALD, "-C", str(root), "backup", str(copy), env=surroundings()
        )
        assert await backing_up.wait() == 0
        write(root, "campaigns/stories.yaml", posts(*names))
        await until(lambda: said() == dict.fromkeys(names, 1), told=lambda: daemon.log)
        daemon.tell(signal.SIGKILL)
        await daemon.ended()
    for path in (root / "var").glob("herald.db*"):
        path.unlink()
    shutil.copyfile(copy, root / "var" / "herald.db")
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        assert "is a copy that herald backup made" in daemon.log
        await until(lambda: sent(root) == len(names), told=lambda: daemon.log)
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
    assert said() == dict.fromkeys(names, 1)


def sent(root: Path) -> int:
    with closing(sqlite3.connect(root / "var" / "herald.db")) as connection:
        found = connection.execute("SELECT count(*) FROM delivery WHERE state = 'sent'")
        return int(found.fetchone()[0])


@pytest.mark.parametrize("lost", ["the folder of the store", "another address as store"])
async def test_an_empty_memory_says_nothing_again(network: Network, lost: str) -> None:
    """A volume that is not mounted; a store that was deleted; another name in the configuration."""
    async with network.running() as app:
        network.clock.advance(5 * MINUTE + timedelta(seconds=30))
        await app.worker.drain()
    said = network.said()
    assert said["seen"].total() > 0
    if lost == "the folder of the store":
        journal_folder = network.root / "var" / "journal"
        journal_folder.rename(network.root / "journal")
        shutil.rmtree(network.root / "var")
        (network.root / "var").mkdir()
        (network.root / "journal").rename(journal_folder)
    else:
        with (network.root / "config" / "herald.yaml").open("a", encoding="utf-8") as file:
            file.write("store: sqlite:///var/another.db\n")
    async with network.running() as app:
        network.clock.advance(HOUR)
        await app.worker.drain()
        rows = await app.store.list_deliveries()
    assert max(network.said()["seen"].values()) == 1
    assert network.said()["seen"].total() == ITEMS
    assert max(network.said()["trial"].values()) == 1
    assert not [row for row in rows if row.reason is Reason.UNCLEAR], (
        "a new network waits for nobody"
    )
