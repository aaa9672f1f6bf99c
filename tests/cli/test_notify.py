"""``herald notify``: who is told, what they would hear now, and whether it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.commands import document, herald, plan_it
from tests.folders import a_network
from tests.running import a_free_port
from tests.servers.officers import ROOM, SECRET, TOKEN, a_homeserver, a_receiver
from tests.sources.folder import write

APPROVE = """\
campaign: stories
languages: [en]
channels: [trial]
approve: manual
items:
  - {id: mill, kind: news, title: {en: The mill}, post: 2027-05-05 10:00}
"""
OFFICER = "officers: [{name: Ana, email: ana@museo.localhost, languages: [it]}]\n"


def smtp(port: int) -> str:
    return f"smtp: {{host: 127.0.0.1, port: {port}, tls: none}}\n"


def test_without_anybody_to_tell_it_says_what_to_write(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "notify")
    assert result.exit_code == 1
    assert "name somebody under officers:" in result.stdout


def test_an_example_that_nobody_changed_is_no_way(tmp_path: Path) -> None:
    config = "officers: [{name: Ana, email: ana@news.example.org}]\n"
    result = herald(a_network(tmp_path, config_herald=config), "notify")
    assert result.exit_code == 1
    assert "✗ mail to Ana: ana@news.example.org is an example" in result.stdout
    assert "name somebody" not in result.stdout, "somebody is named"


def test_the_address_of_a_room_is_told_from_its_id(tmp_path: Path) -> None:
    matrix = '{server: "https://example.org", room: "#museum:example.org"}'
    root = a_network(tmp_path, config_herald=f"notify: {{matrix: {matrix}}}\n")
    result = herald(root, "check")
    assert '"#museum:example.org" is the room\'s address, not its internal id' in result.stdout


def test_it_shows_what_a_summary_would_say_and_sends_nothing(tmp_path: Path) -> None:
    config = f"timezone: Europe/Rome\n{OFFICER}{smtp(a_free_port())}"
    root = a_network(tmp_path, config_herald=config, stories=APPROVE)
    plan_it(root)
    result = herald(root, "notify")
    assert result.exit_code == 0
    assert "✓ mail to Ana: is told (it)" in result.stdout
    assert "stories / mill attende l’approvazione, per trial." in result.stdout
    assert "herald outbox approve" in result.stdout
    told = document(herald(root, "notify", "--json"))
    assert told["ways"] == [{"way": "mail to Ana", "language": "it"}]
    assert "attende l’approvazione" in told["text"]


def test_a_test_says_of_every_way_what_came_of_it(tmp_path: Path) -> None:
    @asynccontextmanager
    async def servers() -> AsyncIterator[Path]:
        async with AsyncExitStack() as stack:
            room = await stack.enter_async_context(a_homeserver())
            hook = await stack.enter_async_context(a_receiver())
            config = (
                f"{OFFICER}{smtp(a_free_port())}notify:\n"
                f'  matrix: {{server: "{room.url}", room: "{ROOM}"}}\n'
                f'  webhook: {{url: "{hook.url}"}}\n'
            )
            root = a_network(tmp_path, config_herald=config)
            write(
                root,
                ".env",
                f"HERALD_NOTIFY__MATRIX__ACCESS_TOKEN={TOKEN}\n"
                f"HERALD_NOTIFY__WEBHOOK__SECRET={SECRET}\n",
            )
            yield root
            assert room.texts[0].startswith("Herald: una prova")
            assert [told["type"] for told in hook.taken.values()] == ["herald.test"]

    async def work() -> None:
        async with servers() as root:
            result = await asyncio.to_thread(herald, root, "notify", "--test")
            assert result.exit_code == 1
            first, *others = result.stdout.splitlines()
            assert first.startswith("✗ mail to Ana: the mail server takes no mail")
            assert others == [
                "✓ Matrix room: the test is on its way",
                "✓ webhook: the test is on its way",
            ]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("notify: {at_once: [failed]}\n", "there is nobody to tell"),
        (
            f'notify: {{matrix: {{server: "https://m.example.org", room: "{ROOM}"}}}}\n',
            "give it as HERALD_NOTIFY__MATRIX__ACCESS_TOKEN",
        ),
        (
            'notify: {webhook: {url: "https://m.example.org/hook"}}\n',
            "give it as HERALD_NOTIFY__WEBHOOK__SECRET",
        ),
    ],
)
def test_check_warns_of_ways_that_cannot_be_used(tmp_path: Path, config: str, told: str) -> None:
    result = herald(a_network(tmp_path, config_herald=config), "check")
    assert result.exit_code == 0
    assert result.stdout.startswith("config/herald.yaml\n  1:")
    assert told in result.stdout


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            f'notify: {{matrix: {{server: "http://m.example.org", room: "{ROOM}"}}}}\n',
            "write https://",
        ),
        (
            'notify: {matrix: {server: "https://m.example.org", room: "#r:example.org"}}\n',
            "it begins with !",
        ),
        (
            'notify: {webhook: {url: "https://m.example.org", secret: whsec_x}}\n',
            "HERALD_NOTIFY__WEBHOOK__SECRET",
        ),
        (
            'notify: {matrix: {server: "https://m.example.org", access_token: syt_x}}\n',
            "HERALD_NOTIFY__MATRIX__ACCESS_TOKEN",
        ),
        ("notify: {at_once: [fialed]}\n", "failed"),
    ],
)
def test_check_refuses_what_is_unsafe_or_no_way(tmp_path: Path, config: str, told: str) -> None:
    result = herald(a_network(tmp_path, config_herald=config), "check")
    assert result.exit_code == 1
    assert told in result.stdout


def test_the_secret_of_a_way_that_was_taken_out_harms_nothing(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    write(root, ".env", f"HERALD_NOTIFY__MATRIX__ACCESS_TOKEN={TOKEN}\n")
    assert herald(root, "check").exit_code == 0


def test_a_sender_can_be_named(tmp_path: Path) -> None:
    from herald.settings import load_settings

    config = 'notify: {from: "a@museo.localhost", at_once: failed}\n'
    root = a_network(tmp_path, config_herald=config)
    assert load_settings(root, {}).notify.from_ == "a@museo.localhost"
    changed = load_settings(root, {"HERALD_NOTIFY__FROM": "b@museo.localhost"})
    assert (changed.notify.from_, changed.notify.at_once) == ("b@museo.localhost", ("failed",))
