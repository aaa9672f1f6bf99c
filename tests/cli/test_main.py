"""``herald`` itself: what a slip of the pen, a poor terminal or a lost folder comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from herald.cli.main import COMMANDS, main
from tests.cli.commands import herald, is_one_sentence
from tests.folders import a_network
from tests.running import HERALD, surroundings

GHASRI = """\
campaign: stories
languages: [mt]
channels: [trial]
items:
  - {id: oven, kind: news, title: {mt: Il-forn ta' Għasri}, post: 2027-05-03 10:00}
"""


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["outbx"], "outbox"), (["outbox", "aprove"], "approve"), (["lists", "imprt"], "import")],
    ids=" ".join,
)
def test_a_mistyped_command_is_told_the_nearest(words: list[str], meant: str) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert f"did you mean {meant}?" in result.stderr


def test_a_command_like_no_other_is_told_where_all_stand() -> None:
    result = CliRunner().invoke(main, ["qqq"])
    assert result.exit_code == 2
    assert "--help lists them" in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "--now", "2027-05-09T10:00Z"], "herald --now … plan"),
        (["outbox", "list", "-C", "."], "herald -C … outbox"),
        (["plan", "--nwo", "2027-05-09T10:00Z"], "No such option"),
    ],
    ids=["--now", "-C", "another"],
)
def test_what_stands_behind_its_command_is_told_where_it_belongs(
    words: list[str], told: str
) -> None:
    result = CliRunner().invoke(main, words, prog_name="herald")
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize("group", ["", "outbox", "feeds", "lists", "newsletter"])
def test_help_cuts_no_sentence_short(group: str) -> None:
    told = CliRunner().invoke(main, [group, "--help"] if group else ["--help"]).stdout
    assert "..." not in told.split("Commands:")[1]


def test_help_names_every_command() -> None:
    told = CliRunner().invoke(main, ["--help"]).stdout
    assert all(f"\n  {name} " in told for name in COMMANDS)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = CliRunner().invoke(main, ["demo", str(tmp_path / "taken" / "below")])
    assert result.exit_code == 1
    assert is_one_sentence(result.stderr)
    assert str(tmp_path / "taken" / "below") in result.stderr


def run(root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a real process, as encodings belong to one."""
    return subprocess.run(
        [*HERALD, "-C", str(root), "--now", "2027-05-03T06:00Z", *words],
        env=surroundings(**{"COLUMNS": ""} | more),
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_an_old_terminal_gets_question_marks_and_no_traceback(
    encoding: str, tmp_path: Path
) -> None:
    result = run(a_network(tmp_path, stories=GHASRI), "plan", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert b"G?asri" in result.stdout
    assert b"Traceback" not in result.stderr


def test_json_loses_no_letter_in_an_old_encoding(tmp_path: Path) -> None:
    result = run(a_network(tmp_path, stories=GHASRI), "plan", "--json", PYTHONIOENCODING="latin-1")
    assert "Għasri" in json.loads(result.stdout.decode("latin-1"))["deliveries"][0]["text"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name files in Unicode")
def test_where_file_names_have_no_unicode_the_way_out_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, "check", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 2
    assert b"PYTHONUTF8=1" in result.stderr


def test_json_is_written_as_it_reads_where_the_terminal_can_show_it(tmp_path: Path) -> None:
    assert "Għasri" in herald(a_network(tmp_path, stories=GHASRI), "plan", "--json").stdout


def test_a_pipe_gets_whole_lines_without_colours(tmp_path: Path) -> None:
    long = "A title that is a good deal longer than any title should be, and still is read"
    root = a_network(tmp_path, stories=GHASRI.replace("Il-forn ta' Għasri", f'"{long}"'))
    result = run(root, "plan")
    assert long.encode() in result.stdout
    assert b"\x1b" not in result.stdout + result.stderr


def test_a_width_that_was_asked_for_holds_in_a_pipe(tmp_path: Path) -> None:
    result = run(a_network(tmp_path, stories=GHASRI), "plan", COLUMNS="60")
    assert max(map(len, result.stdout.decode().splitlines())) <= 60
