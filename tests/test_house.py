"""The house tests itself: its style, its types, the direction of its imports, its manual."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from herald.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:|#)([^)#]+)")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _reference() -> ModuleType:
    place = ROOT / "docs" / "reference" / "build.py"
    spec = importlib.util.spec_from_file_location("build_reference", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(["ruff", "check", "."], id="lint"),
        pytest.param(["ruff", "format", "--check", "."], id="format"),
        pytest.param(["mypy"], id="types"),
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


@pytest.mark.parametrize("page", sorted(_reference().PAGES))
def test_a_generated_reference_page_says_what_the_code_says(page: str) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == _reference().PAGES[page](), "run: python docs/reference/build.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_every_command_of_the_manual_exists() -> None:
    named = {
        match
        for page in PAGES
        for match in re.findall(
            r"(?m)(?:^|`|bin/)herald(?: -C \S+)?(?: --now \S+)? ([a-z]+)\b",
            page.read_text(encoding="utf-8"),
        )
    }
    assert named - COMMANDS.keys() <= {"works", "on"}


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
