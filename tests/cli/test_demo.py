"""``herald demo``: the main job, from the shipped example to a journal and pages to open."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.commands import herald, is_one_sentence
from tests.running import HERALD, surroundings

EXAMPLE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demo once; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "try"
    done = subprocess.run(
        [*HERALD, "demo", str(folder)],
        cwd=EXAMPLE,
        env=surroundings(COLUMNS="160"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return folder, done.stdout


def lines_of(folder: Path) -> list[dict[str, str]]:
    path = folder / "var" / "journal" / "fedi.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_tells_what_went_out_and_what_comes_next(shown: tuple[Path, str]) -> None:
    folder, text = shown
    for words in ("What went out", "Passed on from partners", "Next 60 days", "newsletter preview"):
        assert words in text
    assert str(folder / "preview.html") in text


def test_what_it_points_to_exists(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    assert "What comes next" in (folder / "preview.html").read_text(encoding="utf-8")
    assert (folder / "var" / "journal" / "fedi.html").exists()


def test_posts_went_out_in_five_languages_each_once(shown: tuple[Path, str]) -> None:
    sent = lines_of(shown[0])
    assert {line["language"] for line in sent} == {"en", "it", "es", "sl", "pl"}
    assert set(Counter(line["key"] for line in sent).values()) == {1}


def test_every_partner_was_passed_on(shown: tuple[Path, str]) -> None:
    sent = lines_of(shown[0])
    partners = {line["partner"] for line in sent if line["campaign"] == "partner-voices"}
    assert len(partners) == 5


def test_the_command_that_it_proposes_works(shown: tuple[Path, str]) -> None:
    folder, text = shown
    found = re.search(r"--now (\S+) plan", text)
    assert found is not None
    result = herald(folder, "plan", now=found[1])
    assert result.exit_code == 0
    assert "unchanged" in result.stdout
    stories = folder / "campaigns" / "rice-field-walk.yaml"
    stories.write_text(stories.read_text("utf-8").replace("Grazie a chi", "Mille grazie a chi"))
    edited = herald(folder, "plan", now=found[1])
    assert "Mille grazie" in edited.stdout
    stories.write_text(stories.read_text("utf-8").replace("kind: event", "kind: evnet"))
    assert 'did you mean "event"?' in herald(folder, "check", now=found[1]).stdout


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    result = herald(EXAMPLE, "demo", str(tmp_path))
    assert result.exit_code == 1
    assert is_one_sentence(result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
