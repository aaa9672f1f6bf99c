"""What stands in deploy/: a unit that systemd takes and finds tight, and a container file."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herald.cli.main import main
from tests.folders import a_network
from tests.running import a_free_port, running

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "herald.service"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
INSTALLED = "/opt/herald/.venv/bin/herald"
TIGHT = 20
"""Tenths on systemd's scale of exposure, from 0 to 100; an ordinary service has 96."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


def directives(section: str) -> list[tuple[str, str]]:
    """Return the lines of a section of the unit, in their order."""
    found, here = [], ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append((name, value))
    return found


def service() -> dict[str, str]:
    return dict(directives("Service"))


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Give the unit with a program that is there: systemd looks for it."""
    text = UNIT.read_text(encoding="utf-8").replace(INSTALLED, sys.executable)
    path = tmp_path / "herald.service"
    path.write_text(text, encoding="utf-8")
    return path


@needs_systemd
def test_systemd_understands_every_line_of_the_unit(unit):
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_the_unit_tight(unit):
    told = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--no-pager",
            "--offline=true",
            f"--threshold={TIGHT}",
            unit,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_unit_runs_a_command_that_there_is():
    program, *words = shlex.split(service()["ExecStart"])
    assert program == INSTALLED
    assert words == ["-C", service()["WorkingDirectory"], "run"]
    assert service()["WorkingDirectory"] == f"/var/lib/{service()['StateDirectory']}"


def test_the_unit_lets_herald_do_its_work():
    told = service()
    assert told["Type"] == "notify"
    assert told["Restart"] == "on-failure"
    families = told["RestrictAddressFamilies"].split()
    assert {"AF_INET", "AF_INET6", "AF_UNIX"} <= set(families), "feeds, and systemd's own socket"
    denied = [value for name, value in directives("Service") if name == "SystemCallFilter"]
    assert denied == ["@system-service", "~@privileged"], "parsers fork, run and limit themselves"


def test_no_secret_is_in_the_environment_of_the_unit():
    assert not [value for name, value in directives("Service") if name == "Environment"]


# ---------------------------------------------------------------- the container


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the container file, continued lines joined."""
    lines = [
        line
        for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def last(word: str) -> str:
    return [rest for name, rest in instructions() if name == word][-1]


def test_the_container_file_has_only_instructions_that_there_are():
    known = "FROM WORKDIR RUN COPY ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD"
    assert {name for name, _ in instructions()} <= set(known.split())
    assert instructions()[0][0] == "FROM"


def test_everything_that_is_copied_into_the_image_is_there():
    copied = [rest.split() for name, rest in instructions() if name == "COPY"]
    sources = [path for words in copied if "--from=build" not in words for path in words[:-1]]
    assert sources
    assert [path for path in sources if not (ROOT / path).exists()] == []


def test_what_the_package_is_built_from_is_copied():
    copied = {path for name, rest in instructions() if name == "COPY" for path in rest.split()}
    assert {"pyproject.toml", "README.md", "LICENSE", "herald", "campaigns", "config"} <= copied


def test_what_is_installed_is_pinned_by_hash_and_names_no_index():
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert ["--require-hashes" in each or "--no-deps ." in each for each in installs] == [True] * 2
    assert not [each for each in installs if "index" in each or "://" in each]
    pinned = (ROOT / "requirements" / "herald.txt").read_text(encoding="utf-8")
    assert "://" not in pinned
    python = re.search(r"with Python (3\.\d+)", pinned)
    assert python is not None
    bases = [rest for name, rest in instructions() if name == "FROM"]
    assert all(f"python:{python[1]}-slim" in base for base in bases)


def test_it_does_not_run_as_root():
    assert int(last("USER")) > 0


def test_its_command_is_one_of_heralds():
    program, *options = json.loads(last("ENTRYPOINT"))
    (command,) = json.loads(last("CMD"))
    assert program == "/opt/herald/bin/herald"
    assert options == ["-C", last("WORKDIR")] == ["-C", last("VOLUME")]
    assert main.get_command(main.make_context("herald", [*options, command]), command) is not None


async def test_its_health_check_passes_while_herald_answers_whatever_it_says(tmp_path):
    check = last("HEALTHCHECK")
    program, *words = json.loads(check[check.index("[") :])
    assert program == "/opt/herald/bin/python"

    async def passes(port: int) -> bool:
        here = [word.replace("8460", str(port)) for word in words]
        assert here != words
        asked = await asyncio.create_subprocess_exec(
            sys.executable, *here, stderr=asyncio.subprocess.DEVNULL
        )
        return await asked.wait() == 0

    broken = a_network(tmp_path, stories="campaign: [", config_herald="timezone: UTC\n")
    async with running(broken) as daemon:
        await daemon.says("herald is ready")
        assert (await daemon.health())[0] == 503
        assert await passes(daemon.port)
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
    assert not await passes(a_free_port())
