"""The house tests itself: its style, its types, the direction of its imports, its helps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from herald.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(["ruff", "check", "."], id="lint"),
        pytest.param(["ruff", "format", "--check", "."], id="format"),
        pytest.param(["mypy"], id="types"),
        pytest.param(["mypy", "-p", "docs.reference"], id="types of the manual"),
        pytest.param(["importlinter.cli", "lint-imports"], id="imports"),
    ],
)
def test_the_code_keeps_the_house_rules(tool: list[str]) -> None:
    command = (
        [sys.executable, "-c", "from importlinter.cli import lint_imports; lint_imports()"]
        if tool[0].startswith("importlinter")
        else [sys.executable, "-m", *tool]
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_command_has_an_example_in_its_help() -> None:
    from click import Context

    from herald.cli.main import main

    context = Context(main)
    without = [
        name
        for name in COMMANDS
        if (command := main.get_command(context, name)) is None or "\b" not in (command.help or "")
    ]
    assert not without


def test_the_version_is_told_without_loading_the_house() -> None:
    script = (
        "import sys; sys.argv=['herald','--version']\n"
        "from herald.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy','aiohttp','pydantic','mastodon','feedparser','rich','babel'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert told.splitlines()[-1] == "[]"
