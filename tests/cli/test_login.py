"""``herald login``: at a terminal, on a server without a browser, with typing mistakes."""

from __future__ import annotations

import asyncio
import os
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from herald.settings import load_settings
from herald.vault import keep_secret, readable_by_others
from tests.cli.commands import herald
from tests.folders import a_network
from tests.servers.oauth import TOKEN, a_sign_in_server

PATIENCE = 30.0

Answer = Callable[[str], str | None]
"""Given what the screen shows, returns what the person types now; None to wait for more."""


def at_a_terminal(root: Path, *words: str, answer: Answer) -> tuple[int, str]:
    """Run a command at a terminal of its own; return its exit status and what was shown."""
    screen, keyboard = os.openpty()
    code = "from herald.cli.main import main; main()"
    # A session of its own whose terminal this is: passwords are read from there.
    child = subprocess.Popen(
        ["setsid", "-w", "-c", sys.executable, "-c", code, "-C", str(root), *words],
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        env={name: value for name, value in os.environ.items() if "DISPLAY" not in name},
    )
    os.close(keyboard)
    shown, until = "", time.monotonic() + PATIENCE
    try:
        while time.monotonic() < until:
            ready, _, _ = select.select([screen], [], [], 0.2)
            if ready:
                try:
                    some = os.read(screen, 65_536)
                except OSError:  # the other end is closed
                    break
                shown += some.decode().replace("\r", "")
            elif (typed := answer(shown)) is not None:
                os.write(screen, f"{typed}\n".encode())
        else:
            child.kill()
        return child.wait(PATIENCE), shown
    finally:
        os.close(screen)


def typing(**answers: str) -> Answer:
    """Answer each prompt once, by the word that it begins with."""
    left = dict(answers)

    def answer(shown: str) -> str | None:
        last = shown.rsplit("\n", 1)[-1]
        for word in tuple(left):
            if last.lower().startswith(word) and last.rstrip().endswith(":"):
                return left.pop(word)
        return None

    return answer


def test_a_password_is_kept_unseen_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    channels = "sky: {network: bluesky, handle: museo.localhost, server: 'http://127.0.0.1:9'}\n"
    root = a_network(tmp_path, config_channels=channels)
    status, shown = at_a_terminal(root, "login", "sky", answer=typing(app_password="abcd-efgh"))
    path = root / "secrets" / "channels__sky__app_password"
    assert status == 0, shown
    assert path.read_text() == "abcd-efgh\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "abcd-efgh" not in shown
    assert "cannot be reached" in shown, "the account was tried at once"
    assert load_settings(root).secrets_of("sky")["app_password"].get_secret_value() == "abcd-efgh"


async def test_without_a_browser_the_address_at_the_end_is_pasted(tmp_path: Path) -> None:
    async with a_sign_in_server() as server:
        channels = f"my-fedi: {{network: mastodon, server: '{server.address}'}}\n"
        root = a_network(tmp_path, config_channels=channels)

        def answer(shown: str) -> str | None:
            page = re.search(r"^(http://127\.\S+/oauth/authorize\?\S+)$", shown, re.MULTILINE)
            asked = shown.rstrip().endswith("Address:")
            return server.comes_back(page[1]) if page and asked else None

        status, shown = await _in_a_thread(root, "login", "my-fedi", "--paste", answer=answer)
    assert status == 0, shown
    kept = root / "secrets" / "channels__my_fedi__access_token"
    assert kept.read_text() == f"{TOKEN}\n"
    assert TOKEN not in shown


async def test_an_address_of_another_sign_in_is_refused(tmp_path: Path) -> None:
    async with a_sign_in_server() as server:
        channels = f"fedi: {{network: mastodon, server: '{server.address}'}}\n"
        root = a_network(tmp_path, config_channels=channels)
        answer = typing(address="http://localhost:8461/?code=stolen&state=another")
        status, shown = await _in_a_thread(root, "login", "fedi", "--paste", answer=answer)
    assert status == 1
    assert "belongs to another sign-in" in shown
    assert "Traceback" not in shown
    assert not (root / "secrets").exists()


async def _in_a_thread(root: Path, *words: str, answer: Answer) -> tuple[int, str]:
    return await asyncio.to_thread(at_a_terminal, root, *words, answer=answer)


def test_where_nobody_can_answer_it_says_what_else_to_do(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "login", "trial")
    assert result.exit_code == 2
    assert "run it on a terminal" in result.stderr


@pytest.mark.parametrize(
    ("channel", "said"),
    [("trail", 'did you mean "trial"?'), ("zzz", "there are trial")],
)
def test_a_misspelt_channel_is_told(channel: str, said: str, tmp_path: Path) -> None:
    status, shown = at_a_terminal(a_network(tmp_path), "login", channel, answer=typing())
    assert status == 2
    assert said in shown


def test_a_channel_without_a_secret_needs_none(tmp_path: Path) -> None:
    status, shown = at_a_terminal(a_network(tmp_path), "login", "trial", answer=typing())
    assert status == 0
    assert "needs no secret" in shown


def test_a_newer_secret_takes_the_place_of_an_older_one_whole(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    keep_secret(root, "my-fedi", "access_token", "older")  # type: ignore[arg-type]
    path = keep_secret(root, "my-fedi", "access_token", "newer")  # type: ignore[arg-type]
    assert path.read_text() == "newer\n"
    assert sorted(one.name for one in path.parent.iterdir()) == [
        ".gitignore",
        "channels__my_fedi__access_token",
    ]


def test_secrets_that_others_may_read_are_found(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    kept = keep_secret(root, "fedi", "access_token", "x")  # type: ignore[arg-type]
    assert readable_by_others(root) == ()
    (root / ".env").write_text("HERALD_SMTP__PASSWORD=x\n")
    (root / ".env").chmod(0o644)
    kept.chmod(0o640)
    assert readable_by_others(root) == (root / ".env", kept)
