"""Stopping and going on from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from herald.cli.main import main


@pytest.mark.parametrize(
    ("words", "again"),
    [
        ((), "herald resume"),
        (("trial",), "herald resume trial"),
        (("--partner", "our-museum"), "herald resume --partner our-museum"),
        (("--campaign", "first-steps"), "herald resume --campaign first-steps"),
    ],
)
def test_a_pause_says_how_to_go_on(words: tuple[str, ...], again: str, tmp_path: Path) -> None:
    folder = ["-C", str(tmp_path)]
    CliRunner().invoke(main, ["init", str(tmp_path)], catch_exceptions=False)
    paused = CliRunner().invoke(main, [*folder, "pause", *words], catch_exceptions=False)
    assert f"`{again}`" in paused.stdout
    assert paused.stderr == ""
    resumed = CliRunner().invoke(main, [*folder, *again.split()[1:]], catch_exceptions=False)
    assert "goes on" in resumed.stdout


def test_a_pause_of_what_the_files_do_not_name_is_told(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path)], catch_exceptions=False)
    paused = CliRunner().invoke(main, ["-C", str(tmp_path), "pause", "trail"])
    assert "no channel trail" in paused.stderr
