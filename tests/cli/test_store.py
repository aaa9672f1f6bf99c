"""``herald store move``: the way of a whole network from a file to PostgreSQL and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.store.lock import run_lock
from tests.cli.commands import document, herald, is_one_sentence
from tests.folders import a_network, journal
from tests.postgresql import PASSWORD, PostgreSQL
from tests.sources.folder import write

LATER, EVENING = "2027-05-03T08:30Z", "2027-05-03T20:00Z"
OTHER = "sqlite:///var/herald-2.db"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a network that has planned and sent nothing yet."""
    folder = a_network(tmp_path / "network")
    assert herald(folder, "run", "--once").exit_code == 0
    return folder


def keep_in(root: Path, url: str) -> None:
    write(root, ".env", f"HERALD_STORE={url}\n")


def said(root: Path) -> list[str]:
    return sorted(line["language"] for line in journal(root))


def test_a_network_moves_to_postgresql_and_says_what_to_write(
    root: Path, postgresql_url: str
) -> None:
    before = document(herald(root, "outbox", "list", "--json"))
    done = herald(root, "store", "move", postgresql_url)
    assert done.exit_code == 0, done.output
    line = postgresql_url.replace(f":{PASSWORD}", "")
    assert f"\n  store: {line}\n" in done.stdout
    assert "delivery" in done.stdout
    assert "the same on both sides" in done.stdout
    assert "put the whole address into .env as HERALD_STORE" in done.stdout
    assert PASSWORD not in done.output
    for words in (("run", "--once"), ("plan",), ("status",), ("pause",)):
        refused = herald(root, *words)
        assert refused.exit_code == 1
        assert f"this network was moved to {line}" in refused.stderr
        assert is_one_sentence(refused.stderr)
    keep_in(root, postgresql_url)
    assert document(herald(root, "outbox", "list", "--json")) == before
    assert herald(root, "run", "--once", "--plan", now=LATER).exit_code == 0
    assert said(root) == ["en", "it"]


def test_a_network_moves_from_file_to_file_for_programs_to_read(root: Path) -> None:
    told = document(herald(root, "store", "move", OTHER, "--json"))
    assert told["line"] == f"store: {OTHER}"
    assert told["unclear"] == 0
    assert {"table": "instance", "rows": 1} in told["tables"]
    keep_in(root, OTHER)
    assert herald(root, "run", "--once", now=LATER).exit_code == 0
    assert said(root) == ["en", "it"]
    refused = herald(root, "store", "move", "--undo", OTHER)
    assert "was not moved, so there is nothing to take back" in refused.stderr
    keep_in(root, "sqlite:///var/herald.db")
    refused = herald(root, "store", "move", "--undo")
    assert "2 posts were sent from there since" in refused.stderr
    assert herald(root, "run", "--once", now=EVENING).exit_code == 1
    assert said(root) == ["en", "it"]


def test_a_move_is_taken_back_before_anything_was_sent(root: Path) -> None:
    assert herald(root, "store", "move", OTHER).exit_code == 0
    done = herald(root, "store", "move", "--undo")
    assert done.exit_code == 0, done.output
    assert f"sends again, and {OTHER} does not" in done.stdout
    assert herald(root, "run", "--once", now=LATER).exit_code == 0
    assert said(root) == ["en", "it"]


def test_a_move_is_taken_back_only_from_where_it_went(root: Path) -> None:
    assert herald(root, "store", "move", OTHER).exit_code == 0
    (root / "var" / "herald-3.db").touch()
    refused = herald(root, "store", "move", "--undo", "sqlite:///var/herald-3.db")
    assert refused.exit_code == 1
    assert f"was moved to {OTHER}, and sqlite:///var/herald-3.db is another" in refused.stderr
    assert herald(root, "run", "--once", now=LATER).exit_code == 1, "it is still left"
    assert said(root) == []


def test_what_is_not_there_is_not_moved(root: Path) -> None:
    keep_in(root, "sqlite:///var/mistyped.db")
    refused = herald(root, "store", "move", OTHER)
    assert refused.exit_code == 1
    assert "mistyped.db: it is not there. So there is nothing to move" in refused.stderr
    assert not list((root / "var").glob("mistyped*"))
    assert not list((root / "var").glob("herald-2*"))


def test_a_database_that_another_program_uses_is_left_as_it_is(
    root: Path, postgresql: PostgreSQL
) -> None:
    with postgresql.database(template="template0") as url:
        database = url.rpartition("/")[2]
        postgresql.tell("CREATE TABLE guestbook (line text)", database=database)
        refused = herald(root, "store", "move", url)
        assert "it holds tables that are not Herald's: guestbook" in refused.stderr
        there = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert postgresql.tell(there, database=database) == "guestbook"
    assert herald(root, "run", "--once", now=LATER).exit_code == 0


def test_a_store_that_is_lost_is_given_up_and_what_it_sent_is_not_sent_again(root: Path) -> None:
    assert herald(root, "store", "move", OTHER).exit_code == 0
    keep_in(root, OTHER)
    assert herald(root, "run", "--once", now=LATER).exit_code == 0
    keep_in(root, "sqlite:///var/herald.db")
    for path in (root / "var").glob("herald-2*"):
        path.unlink()
    refused = herald(root, "store", "move", "--undo")
    assert "herald-2.db: it is not there" in refused.stderr
    assert "add --lost" in refused.stderr
    assert not list((root / "var").glob("herald-2*"))
    done = herald(root, "store", "move", "--undo", "--lost", now=EVENING)
    assert done.exit_code == 0, done.output
    assert "Make sure that no Herald runs on that one any more" in done.stdout
    herald(root, "run", "--once", now=EVENING)
    assert said(root) == ["en", "it"]


def test_a_network_on_which_a_daemon_runs_is_not_moved(root: Path) -> None:
    with run_lock(root / "var" / "herald.db"):
        refused = herald(root, "store", "move", OTHER)
    assert refused.exit_code == 1
    assert "another Herald runs on it" in refused.stderr
    assert not list((root / "var").glob("herald-2*")), "nothing is left of a move that was refused"


def test_where_to_must_be_said_and_be_empty(root: Path) -> None:
    refused = herald(root, "store", "move", OTHER, "--lost")
    assert "--lost goes only with --undo" in refused.stderr
    for words in ((), ("--lost",)):
        assert herald(root, "store", "move", *words).exit_code == 2
    for url in ("sqlite:///var/herald.db", "mysql://x", "nonsense"):
        refused = herald(root, "store", "move", url)
        assert refused.exit_code == 1
        assert is_one_sentence(refused.stderr)
    assert (root / "var" / "herald.db").is_file()
