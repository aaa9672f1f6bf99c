"""``herald run`` as a real process: ready, watching, stopped, killed, started again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from herald.app import open_app
from herald.clock import SetClock, SystemClock
from herald.daemon import SCHEDULED, one_at_a_time
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.folders import a_network, journal
from tests.running import HERALD, a_free_port, local, running, surroundings, until
from tests.servers.mastodon import MASTODON, TOKEN, MastodonServer, serving
from tests.sources.folder import write

HERALD_YAML = "timezone: UTC\n"


def posts(*names: str, ago: timedelta = timedelta(minutes=5)) -> str:
    """Return a campaign whose posts were due a while ago."""
    due = local(datetime.now(UTC), -ago)
    items = "".join(
        f"  - {{id: {name}, kind: news, title: {{en: {name} is here}}, post: {due}}}\n"
        for name in names
    )
    return f"campaign: stories\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"


def a_folder(root: Path, text: str, **more: str) -> Path:
    return a_network(root, stories=text, config_herald=HERALD_YAML, **more)


async def used_since_yesterday(root: Path) -> Path:
    """Let Herald have begun on the folder a day ago: what was due since is sent unasked."""
    yesterday = SetClock(datetime.now(UTC) - timedelta(days=1))
    async with open_app(root, yesterday, channels=True) as app:
        await app.instance.recognise(now=yesterday.now())
    return root


def said(root: Path) -> Counter[str]:
    return Counter(line["item"] for line in journal(root))


async def test_it_becomes_ready_answers_health_and_sends_what_is_due(tmp_path):
    root = a_folder(tmp_path, posts("bell"))
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        await until(lambda: said(root) == {"bell": 1}, told=lambda: daemon.log)
        status, health = await daemon.health()
        assert (status, health["ok"], health["overdue"]) == (200, True, 0)
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
        assert "herald has stopped" in daemon.log
        assert "Traceback" not in daemon.log


async def test_it_plans_a_changed_file_and_keeps_the_plan_of_a_broken_one(tmp_path):
    root = a_folder(tmp_path, posts("bell"))
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        write(root, "campaigns/stories.yaml", posts("bell", "boat"))
        await until(lambda: said(root) == {"bell": 1, "boat": 1}, told=lambda: daemon.log)

        write(root, "campaigns/stories.yaml", posts("bell", "boat").replace("news", "nwes"))
        await daemon.says("a broken file keeps its last good plan: campaigns/stories.yaml:5")
        status, health = await daemon.health()
        assert status == 503
        assert "stories.yaml:5" in health["broken"][0]

        write(root, "campaigns/stories.yaml", posts("bell", "boat", "bread"))
        await until(lambda: said(root)["bread"] == 1, told=lambda: daemon.log)
        assert (await daemon.health())[0] == 200
    assert set(said(root).values()) == {1}


async def test_a_second_daemon_is_refused_in_a_sentence(tmp_path):
    root = a_folder(tmp_path, posts("bell"))
    async with running(root) as first, running(root) as second:
        await until(
            lambda: "ready" in first.log + second.log and "Error" in first.log + second.log,
            told=lambda: first.log + second.log,
        )
        winner, loser = (first, second) if "ready" in first.log else (second, first)
        assert await loser.ended() == 1
        assert f"another Herald runs on it (process {winner.process.pid}," in loser.log
        assert "Traceback" not in loser.log
        winner.tell(signal.SIGTERM)
        assert await winner.ended() == 0


async def test_an_address_that_is_taken_is_told_in_a_sentence(tmp_path):
    root = a_folder(tmp_path / "one", posts("bell"))
    other = a_folder(tmp_path / "other", posts("bell"))
    port = a_free_port()
    async with running(root, port=port) as first:
        await first.says("herald is ready")
        async with running(other, port=port) as second:
            assert await second.ended() == 1
            assert f"127.0.0.1:{port}" in second.log
            assert "Traceback" not in second.log


async def test_killed_and_started_again_it_repeats_and_loses_nothing(tmp_path):
    names = [f"item-{nth}" for nth in range(60)]
    root = a_folder(tmp_path, posts(*names))
    for enough in (1, 20, 40):
        async with running(root) as daemon:
            await until(lambda enough=enough: len(journal(root)) >= enough, told=lambda: daemon.log)
            daemon.tell(signal.SIGKILL)
            await daemon.ended()
    async with running(root) as daemon:
        await until(lambda: len(said(root)) == len(names), told=lambda: daemon.log, within=60)
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
    assert said(root) == dict.fromkeys(names, 1)


async def test_health_is_red_while_something_is_overdue_for_want_of_a_token(tmp_path):
    root = a_folder(
        tmp_path,
        posts("bell", ago=timedelta(hours=1)),
        config_channels='trial: {network: mastodon, server: "https://social.example.org"}\n',
    )
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        status, health = await daemon.health()
        assert (status, health["ok"], health["overdue"]) == (503, False, 1)
        assert any("trial" in line and "ACCESS_TOKEN" in line for line in health["channels"])


@pytest.mark.parametrize("place", [".env", "secrets/channels__trial__access_token"])
async def test_a_new_token_is_used_after_resume_without_a_restart(tmp_path, place):
    def keep(token: str) -> None:
        name = "HERALD_CHANNELS__TRIAL__ACCESS_TOKEN=" if place == ".env" else ""
        write(tmp_path, place, f"{name}{token}\n")

    async with serving(MASTODON, SystemClock()) as server:
        channel = f'trial: {{network: mastodon, server: "{server.address}"}}\n'
        root = a_folder(tmp_path, posts("bell"), config_channels=channel)
        await used_since_yesterday(root)
        keep("revoked")
        async with running(root) as daemon:
            await daemon.says("channel stopped")
            keep(TOKEN)
            await daemon.says("secrets changed")
            told = await asyncio.to_thread(
                subprocess.run,
                [*HERALD, "-C", str(root), "resume", "trial"],
                env=surroundings(),
                capture_output=True,
                text=True,
                check=True,
            )
            assert "goes on" in told.stdout
            await daemon.says("delivery sent")
    assert len(server.statuses) == 1


# ---------------------------------------------------------------- while something is being sent


class SlowServer(MastodonServer):
    """Keeps a post waiting until it is let through."""

    async def _made(self, request: web.Request) -> web.Response:
        await self._released.wait()
        return await super()._made(request)


@asynccontextmanager
async def a_slow_network(root: Path) -> AsyncIterator[tuple[Path, SlowServer]]:
    server = SlowServer(MASTODON, SystemClock())
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.address = f"http://{host}:{port}"
        channel = f'trial: {{network: mastodon, server: "{server.address}"}}\n'
        folder = a_folder(root, posts("bell", "boat"), config_channels=channel)
        yield await used_since_yesterday(folder), server
    finally:
        server.release()
        await runner.cleanup()


TOKEN_OF_TRIAL = {"HERALD_CHANNELS__TRIAL__ACCESS_TOKEN": TOKEN}


def posted(server: MastodonServer) -> int:
    return server.counted("POST", "/api/v1/statuses")


async def test_asked_to_stop_it_finishes_what_is_being_sent_and_claims_no_more(tmp_path):
    async with (
        a_slow_network(tmp_path) as (root, server),
        running(root, **TOKEN_OF_TRIAL) as daemon,
    ):
        await until(lambda: posted(server) >= 1, told=lambda: daemon.log)
        begun = posted(server)
        daemon.tell(signal.SIGTERM)
        await daemon.says("stopping: finishing what is being sent")
        server.release()
        assert await daemon.ended() == 0
        assert len(server.statuses) == posted(server) == begun
        store = await open_store("sqlite:///var/herald.db", root)
        try:
            rows = await StoredOutbox(store).list_deliveries()
        finally:
            await store.close()
        assert Counter(str(row.state) for row in rows)["sent"] == begun
        assert "Traceback" not in daemon.log


async def test_a_second_signal_ends_it_at_once(tmp_path):
    async with (
        a_slow_network(tmp_path) as (root, server),
        running(root, **TOKEN_OF_TRIAL) as daemon,
    ):
        await until(lambda: posted(server) >= 1, told=lambda: daemon.log)
        daemon.tell(signal.SIGTERM)
        await daemon.says("stopping: finishing what is being sent")
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 130
        assert "second signal: ending at once" in daemon.log


# ---------------------------------------------------------------- cron


@pytest.mark.parametrize(
    ("file", "content", "status"),
    [
        pytest.param("campaigns/more.yaml", "", 1, id="a broken file"),
        pytest.param("campaigns/README.txt", "nothing", 0, id="all is well"),
    ],
)
def test_one_pass_for_cron_ends_with_whether_a_person_is_needed(tmp_path, file, content, status):
    root = a_folder(tmp_path, posts("bell"))
    write(root, file, content)
    for _ in range(2):
        done = subprocess.run(
            [*HERALD, "-C", str(root), "run", "--once"],
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
    assert said(root) == {"bell": 1}


async def test_a_bell_that_rings_on_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    begun, rung = asyncio.Event(), asyncio.Event()
    may_end, rings = asyncio.Event(), list[str]()

    async def slow() -> None:
        rings.append("slow")
        begun.set()
        await may_end.wait()

    alone = one_at_a_time(slow)

    async def ring() -> None:
        await alone()
        if begun.is_set():
            rings.append("on")
        if rings.count("on") == 3:
            rung.set()

    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=SCHEDULED)
    scheduler.add_job(ring, "interval", seconds=0.05)
    scheduler.start()
    try:
        await asyncio.wait_for(rung.wait(), 10)
        assert rings == ["slow", "on", "on", "on"]
        may_end.set()
    finally:
        scheduler.shutdown(wait=False)
    assert not [line for line in caplog.messages if "maximum number" in line]
    async with asyncio.timeout(10):
        while rings.count("slow") < 2:  # once it is done it rings again
            await asyncio.sleep(0)
            await alone()
