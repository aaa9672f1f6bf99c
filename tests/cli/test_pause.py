"""Stopping and going on from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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


def herald(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), *words], catch_exceptions=False)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    CliRunner().invoke(main, ["init", str(tmp_path)], catch_exceptions=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("trail",), "did you mean trial?"),
        (("--partner", "nobody"), "there are: our-museum"),
        (("--campaign", "first-step"), "did you mean first-steps?"),
    ],
)
def test_a_misspelt_pause_pauses_nothing_and_says_so(
    words: tuple[str, ...], meant: str, network: Path
) -> None:
    paused = herald(network, "pause", *words)
    assert paused.exit_code == 2
    assert "nothing was paused" in paused.stderr
    assert meant in paused.stderr
    assert "Paused" not in herald(network, "status").stdout


def test_while_a_file_is_broken_what_it_may_name_is_paused(network: Path) -> None:
    (network / "campaigns" / "other.yaml").write_text("campaign: [", encoding="utf-8")
    paused = herald(network, "pause", "--campaign", "other")
    assert paused.exit_code == 0
    assert "is it spelled right?" in paused.stderr
    assert "campaign other" in herald(network, "status").stdout


def test_a_channel_that_goes_on_below_a_pause_of_everything_is_told(network: Path) -> None:
    herald(network, "pause")
    herald(network, "pause", "trial")
    told = herald(network, "resume", "trial").stdout
    assert "Channel trial goes on. But everything is paused: herald resume." in told


def test_what_stays_paused_when_everything_goes_on_is_named(network: Path) -> None:
    herald(network, "pause")
    herald(network, "pause", "trial")
    herald(network, "pause", "--partner", "our-museum")
    told = herald(network, "resume").stdout
    assert "Everything goes on. Still paused on their own: Channel trial, Partner our-museum" in (
        told
    )
