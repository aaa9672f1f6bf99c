"""Several real ``herald run`` on one PostgreSQL, each in a folder of its own as on its machine."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from tests.folders import a_network, journal
from tests.postgresql import PostgreSQL
from tests.running import Running, local, running, until
from tests.sources.folder import write

POSTS = 150
CONFIG = "timezone: UTC\n"

LOOKING = """
import sys
def heard(event, told):
    if event in ("open", "os.listdir", "os.scandir") and "machine/campaigns" in str(told[0]):
        print("LOOKED", event, told[0], file=sys.stderr, flush=True)
sys.addaudithook(heard)
from herald.cli.main import main
main()
"""
"""Herald with every look into campaigns/ told, whatever makes it."""


def posts(*names: str) -> str:
    """Return a campaign whose posts were due a while ago."""
    due = local(datetime.now(UTC), -timedelta(minutes=5))
    items = "".join(
        f"  - {{id: {name}, kind: news, title: {{en: {name} is here}}, post: {due}}}\n"
        for name in names
    )
    return f"campaign: stories\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"


def a_planner(root: Path, *names: str) -> Path:
    return a_network(root, stories=posts(*names), config_herald=CONFIG)


def a_sender(root: Path) -> Path:
    """Make a folder without campaigns/."""
    write(root, "config/herald.yaml", CONFIG)
    write(root, "config/channels.yaml", "trial: {network: journal}\n")
    return root


def said(*roots: Path) -> Counter[str]:
    return Counter(line["item"] for root in roots for line in journal(root))


async def all_say(daemons: Sequence[Running], words: str) -> None:
    for daemon in daemons:
        await daemon.says(words)


async def stop(daemon: Running) -> None:
    daemon.tell(signal.SIGTERM)
    assert await daemon.ended() == 0, daemon.log
    assert "Traceback" not in daemon.log


async def test_machines_share_the_posts_and_the_planner_is_replaced_when_it_dies(
    postgresql: PostgreSQL, postgresql_url: str, tmp_path: Path
) -> None:
    names = [f"item-{nth}" for nth in range(POSTS)]
    first, second = a_planner(tmp_path / "1", *names), a_planner(tmp_path / "2", *names, "boat")
    senders = [a_sender(tmp_path / "3"), a_sender(tmp_path / "4")]
    everywhere = (first, second, *senders)
    store = {"HERALD_STORE": postgresql_url}
    async with (
        running(senders[0], **store) as one,
        running(senders[1], **store) as two,
        running(first, "--plan", **store) as planner,
    ):
        everybody = [one, two, planner]

        def log() -> str:
            return "\n----\n".join(each.log for each in everybody)

        await all_say(everybody, "herald is ready")
        async with running(second, "--plan", **store) as standby:
            everybody.append(standby)
            await standby.says("herald is ready")
            await until(lambda: said(*everywhere).total() >= POSTS, told=log)
            assert said(*everywhere) == dict.fromkeys(names, 1)
            assert "this Herald plans from now on" not in standby.log

            planner.tell(signal.SIGKILL)
            await planner.ended()
            assert "boat" not in said(*everywhere)
            # as if two minutes had passed
            database = postgresql_url.rpartition("/")[2]
            postgresql.tell("UPDATE planner SET lease_ends_at = 0", database=database)
            await standby.says("this Herald plans from now on")
            await until(lambda: said(*everywhere)["boat"] == 1, told=log)
            for daemon in (one, two, standby):
                assert (await daemon.health())[0] == 200, log()

            write(first, "campaigns/stories.yaml", posts(*names, "boat", "bread"))
            async with running(first, "--plan", **store) as again:
                await again.says("herald is ready")
                await stop(standby)
                # at once: the turn was given back
                await until(lambda: said(*everywhere)["bread"] == 1, told=lambda: again.log)
                await stop(again)
        await stop(one)
        await stop(two)
    assert sum(said(*senders).values()) > 0
    assert set(said(*everywhere).values()) == {1}


async def test_who_does_not_plan_never_looks_into_campaigns(
    postgresql_url: str, tmp_path: Path
) -> None:
    looking = (sys.executable, "-c", LOOKING)
    sender, planner = (
        a_planner(tmp_path / name / "machine", item)
        for name, item in (("1", "ghost"), ("2", "bell"))
    )
    write(sender, "campaigns/broken.yaml", "campaign: {")
    store = {"HERALD_STORE": postgresql_url}
    async with (
        running(sender, herald=looking, **store) as blind,
        running(planner, "--plan", herald=looking, **store) as seeing,
    ):
        await all_say((blind, seeing), "herald is ready")
        await until(lambda: said(sender, planner)["bell"] == 1, told=lambda: seeing.log)
        write(sender, "campaigns/stories.yaml", posts("another"))
        write(sender, "config/partners.yaml", "{}\n")
        await blind.says("files changed")
        status, health = await blind.health()
        assert (status, health["broken"]) == (200, [])
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(f"http://127.0.0.1:{blind.port}/metrics") as answer,
        ):
            assert answer.status == 200
        watched = _watched(blind.process.pid)
        assert (sender / "config").stat().st_ino in watched
        assert (sender / "campaigns").stat().st_ino not in watched
        await stop(blind)
        assert "stories.yaml" not in blind.log
        assert "LOOKED" not in blind.log
        assert "LOOKED" in seeing.log  # or the test would see nothing
        await stop(seeing)
    assert said(sender, planner) == {"bell": 1}


def _watched(process: int) -> set[int]:
    """Return the inodes that a process watches (see proc(5), inotify)."""
    found = set()
    for opened in Path(f"/proc/{process}/fdinfo").iterdir():
        told = opened.read_text(encoding="ascii")
        lines = [line for line in told.splitlines() if line.startswith("inotify")]
        found |= {
            int(word.removeprefix("ino:"), 16)
            for line in lines
            for word in line.split()
            if word.startswith("ino:")
        }
    return found
