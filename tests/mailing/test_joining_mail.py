"""Joining through the whole of Herald: a mail server, the commands, and what they tell."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from herald.app import App, open_app
from herald.cli.main import main
from herald.clock import SetClock
from herald.model.ids import Language
from herald.model.joining import Asked, CameFrom
from herald.model.stop import Stop, StopScope
from tests.makers import NOON
from tests.servers.mail import Rude, ScriptedMailServer

ANA = "ana@example.org"
LISTS = """\
friends:
  name: {en: Friends}
  from: {name: EcoHeritage, address: news@example.org}
  languages: [en, it]
  subscribe: open
  controller: EcoHeritage, Via Roma 1, Argenta
  privacy: "https://example.org/privacy"
"""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedMailServer]:
    async with ScriptedMailServer().serving() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: ScriptedMailServer) -> Path:
    smtp = f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: none}}\n"
    web = 'web: {public_url: "https://herald.example.org"}\n'
    for name, text in {
        "config/lists.yaml": LISTS,
        "config/channels.yaml": "{}\n",
        "config/herald.yaml": smtp + web,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


async def herald(folder: Path, *words: str) -> Result:
    def run() -> Result:
        return CliRunner().invoke(main, ["-C", str(folder), "--now", NOON.isoformat(), *words])

    return await asyncio.to_thread(run)


async def told(folder: Path, *words: str) -> Any:
    return json.loads((await herald(folder, *words, "--json")).stdout)


async def ask(app: App) -> Asked:
    friends = app.joining.open_list("friends")
    assert friends is not None
    return await app.joining.ask(
        friends, ANA, Language("it"), came_from=CameFrom.PAGE, network="203.0.113.0/24"
    )


async def test_the_commands_tell_who_waits_and_what_proves_consent(
    folder: Path, server: ScriptedMailServer
) -> None:
    async with open_app(folder, SetClock(NOON)) as app:
        assert await ask(app) is Asked.TAKEN
        await app.newsletters.send_confirmations()
        mail = message_from_bytes(server.taken[0], policy=policy.default)
        link = re.search(r"https://herald.example.org/join/(\S+)", mail.get_content())
        assert link is not None
        assert (
            "asked to join and not confirmed yet: 1"
            in (await herald(folder, "lists", "show")).output
        )
        assert (await herald(folder, "lists", "consent", ANA)).exit_code == 1

        shown = await app.joining.look(link[1])
        assert shown is not None
        await app.joining.confirm(link[1], shown.text.digest)

    (friends,) = (await told(folder, "lists", "show"))["lists"]
    assert (friends["subscribed"], friends["pending"]) == (1, 0)
    (proof,) = (await told(folder, "lists", "consent", ANA))["consents"]
    assert (proof["list"], proof["language"], proof["asked_on"]) == ("friends", "it", "page")
    assert proof["message_id"] == mail["Message-ID"]
    assert "EcoHeritage, Via Roma 1, Argenta" in proof["text"]
    words = (await herald(folder, "lists", "consent", ANA)).output
    assert mail["Message-ID"] in words
    assert "https://example.org/privacy" in words
    await herald(folder, "lists", "erase", ANA, "--yes")
    assert (await told(folder, "lists", "consent", ANA))["consents"] == []


async def test_a_mail_that_was_asked_for_survives_a_restart_and_is_sent_once(
    folder: Path, server: ScriptedMailServer
) -> None:
    async with open_app(folder, SetClock(NOON)) as app:
        await ask(app)
    for _ in range(2):
        async with open_app(folder, SetClock(NOON)) as app:
            await app.newsletters.send_confirmations()
    assert len(server.taken) == 1


async def test_a_mail_whose_answer_was_never_read_is_not_sent_again(
    folder: Path, server: ScriptedMailServer
) -> None:
    server.replies["dot"] = Rude.CLOSES
    async with open_app(folder, SetClock(NOON)) as app:
        await ask(app)
        await app.newsletters.send_confirmations()
        server.replies["dot"] = b"250 queued"
        await app.newsletters.send_confirmations()
    assert len(server.taken) == 1


async def test_nothing_leaves_while_herald_is_paused(
    folder: Path, server: ScriptedMailServer
) -> None:
    async with open_app(folder, SetClock(NOON)) as app:
        await ask(app)
        await app.store.stop(Stop(scope=StopScope.EVERYTHING, since=NOON))
        await app.newsletters.send_confirmations()
    assert server.taken == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("  privacy: javascript:alert(1)\n", "this is no web address"),
        ("  subscribe: yes\n", "subscribe"),
    ],
)
async def test_what_cannot_be_meant_is_told_with_its_line(
    folder: Path, line: str, fault: str
) -> None:
    name = line.partition(":")[0]
    kept = "".join(one for one in LISTS.splitlines(True) if not one.startswith(f"{name}:"))
    (folder / "config" / "lists.yaml").write_text(kept + line, encoding="utf-8")
    answer = await herald(folder, "check")
    assert answer.exit_code == 1
    assert fault in answer.output
    assert "config/lists.yaml" in answer.output
