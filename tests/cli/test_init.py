"""``herald init``: an example that works, and that never destroys anything."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from herald.sources.schemas import SCHEMAS


def herald(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("now", ["2026-11-20", "2027-01-04", "2027-06-01", "2031-12-31"])
def test_the_example_passes_check_without_a_word(tmp_path: Path, now: str) -> None:
    root = tmp_path / "new"
    assert herald("--now", now, "init", str(root)).exit_code == 0
    result = herald("-C", str(root), "check")
    assert result.exit_code == 0
    assert result.output == "All good: 1 campaign, 3 items, 2 languages\n"


@pytest.mark.parametrize("now", ["2027-06-01", "2031-12-31"])
def test_the_examples_days_lie_ahead_on_the_same_weekdays(tmp_path: Path, now: str) -> None:
    herald("--now", now, "init", str(tmp_path))
    text = (tmp_path / "campaigns/first-steps.yaml").read_text(encoding="utf-8")
    days = [date.fromisoformat(day) for day in re.findall(r"\d{4}-\d{2}-\d{2}", text)]
    assert all(day > date.fromisoformat(now) for day in days)
    assert days[0].strftime("%A") == "Tuesday"


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "config" / "herald.yaml"
    mine.parent.mkdir()
    mine.write_text("mine")
    result = herald("init", str(tmp_path))
    assert result.exit_code == 0
    assert mine.read_text() == "mine"
    assert "kept     config/herald.yaml" in result.output
    assert "written  config/channels.yaml" in result.output


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    herald("init", str(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = herald("init", str(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert "written" not in result.output


def test_it_says_what_to_do_next(tmp_path: Path) -> None:
    output = herald("init", str(tmp_path / "net")).output
    assert f" -C {tmp_path / 'net'} check" in output


def test_secrets_and_memory_are_kept_out_of_git(tmp_path: Path) -> None:
    herald("init", str(tmp_path))
    ignored = (tmp_path / ".gitignore").read_text().split()
    assert {"/.env", "/secrets/", "/var/"} <= set(ignored)


def test_every_yaml_file_names_a_schema_that_is_there(tmp_path: Path) -> None:
    herald("init", str(tmp_path))
    for path in tmp_path.rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").split("\n")[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert found is not None, path
        assert (path.parent / found[1]).is_file()
    written = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert written == {f"{name}.schema.json" for name in SCHEMAS}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = herald("init", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert "cannot write" in result.output
