"""Every command on a store that PostgreSQL keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import document, herald, is_one_sentence
from tests.folders import a_network, journal
from tests.postgresql import PASSWORD, PostgreSQL
from tests.running import surroundings

LATER = "2027-05-03T08:30Z"
"""After the first post of the small network."""


@pytest.fixture
def root(tmp_path: Path, postgresql_url: str) -> Path:
    """Give a folder whose store is named where secrets belong."""
    keep_in(tmp_path, postgresql_url)
    return a_network(tmp_path)


def keep_in(folder: Path, url: str) -> None:
    (folder / ".env").write_text(f"HERALD_STORE={url}\n", encoding="utf-8")


def test_the_example_is_checked_planned_sent_and_shown(tmp_path: Path, postgresql_url: str) -> None:
    folder = tmp_path / "network"
    assert herald(tmp_path, "init", str(folder)).exit_code == 0
    keep_in(folder, postgresql_url)
    for words in (
        ("check",),
        ("plan",),
        ("run", "--once", "--plan"),
        ("status",),
        ("outbox", "list"),
        ("feeds", "list"),
        ("plan",),
    ):
        done = herald(folder, *words)
        assert done.exit_code == 0, (words, done.output)
        assert PASSWORD not in done.output
    assert document(herald(folder, "outbox", "list", "--json"))["deliveries"]
    assert not list(folder.rglob("*.db*"))  # neither a file nor a lock beside one


def test_what_is_due_is_sent_once_however_often_herald_runs(root: Path) -> None:
    for _ in range(2):
        assert herald(root, "run", "--once", "--plan", now=LATER).exit_code == 0
    assert sorted(line["language"] for line in journal(root)) == ["en", "it"]
    rows = document(herald(root, "outbox", "list", "--state", "sent", "--json"))["deliveries"]
    assert [row["attempts"] for row in rows] == [1, 1]


def test_what_a_person_decides_is_kept(root: Path) -> None:
    assert herald(root, "run", "--once", "--plan").exit_code == 0
    assert herald(root, "pause", "trial", "--because", "a strike").exit_code == 0
    assert herald(root, "run", "--once", "--plan", now=LATER).exit_code == 0
    assert journal(root) == []
    assert herald(root, "resume", "trial").exit_code == 0
    assert herald(root, "run", "--once", "--plan", now=LATER).exit_code == 0
    assert len(journal(root)) == 2


def test_a_campaign_is_paused_from_a_machine_that_has_no_campaign_files(root: Path) -> None:
    assert herald(root, "run", "--once", "--plan").exit_code == 0
    (root / "campaigns").rename(root / "elsewhere")
    misspelt = herald(root, "pause", "--campaign", "storys")
    assert misspelt.exit_code == 2
    assert "did you mean stories?" in misspelt.output
    assert herald(root, "pause", "--campaign", "stories").exit_code == 0
    herald(root, "run", "--once", now=LATER)
    assert journal(root) == []


@pytest.mark.parametrize("words", [("status",), ("check",), ("run", "--once"), ("outbox", "list")])
def test_a_store_that_cannot_be_reached_is_told_in_a_sentence(
    root: Path, postgresql: PostgreSQL, words: tuple[str, ...]
) -> None:
    good = postgresql.address("postgres")
    for url, told in (
        (good.replace(PASSWORD, "wrong-word"), "refuses the user or the password"),
        (postgresql.address("absent"), "no database of that name"),
        (good.replace(str(postgresql.port), "1"), "does not answer"),
    ):
        keep_in(root, url)
        done = herald(root, *words)
        assert done.exit_code == 1
        assert told in done.stderr
        assert is_one_sentence(done.stderr)
        assert "wrong-word" not in done.output


def test_a_password_in_the_configuration_is_refused(root: Path, postgresql_url: str) -> None:
    (root / "config" / "herald.yaml").write_text(f"store: {postgresql_url}\n", encoding="utf-8")
    done = herald(root, "check")
    assert done.exit_code == 1
    assert "a secret must not stand in this file" in done.output
    assert PASSWORD not in done.output


def test_without_the_driver_it_is_told_what_to_install(root: Path) -> None:
    without = "import sys; sys.modules['asyncpg'] = None; from herald.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "-C", str(root), "status"],
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'herald-heritage[postgresql]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_machine_without_campaign_files_shows_and_decides_but_plans_nothing(
    root: Path, tmp_path_factory: pytest.TempPathFactory, postgresql_url: str
) -> None:
    assert herald(root, "run", "--once", "--plan", now="2027-05-03T07:45Z").exit_code == 0
    other = a_network(tmp_path_factory.mktemp("other"))
    keep_in(other, postgresql_url)
    (other / "campaigns" / "stories.yaml").unlink()
    (other / "campaigns").rmdir()
    for words in (("status",), ("outbox", "list"), ("pause", "trial"), ("resume", "trial")):
        done = herald(other, *words)
        assert done.exit_code == 0, (words, done.output)
    for words in (("plan",), ("plan", "--confirm", "3fa9"), ("run", "--once", "--plan")):
        done = herald(other, *words)
        assert done.exit_code == 1, (words, done.output)
        assert "campaigns/" in done.stderr
    assert herald(other, "run", "--once", now=LATER).exit_code == 0
    assert len(journal(other)) == 2
