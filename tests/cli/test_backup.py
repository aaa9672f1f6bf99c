"""``herald backup``: what it says, and what it refuses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.commands import AT, document, herald, is_one_sentence, plan_it
from tests.folders import a_network
from tests.sources.folder import write


def deliveries(copy: Path) -> int:
    with closing(sqlite3.connect(copy)) as connection:
        return int(connection.execute("SELECT count(*) FROM delivery").fetchone()[0])


def test_a_copy_is_made_and_told(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network")
    plan_it(root)
    copy = tmp_path / "copy.db"
    result = herald(root, "backup", str(copy))
    assert result.exit_code == 0
    assert f"Copied to {copy}" in result.stdout
    assert "the same disk as the database" in result.stdout
    assert deliveries(copy) == 4


def test_a_copy_is_told_to_programs(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network")
    plan_it(root)
    copy = tmp_path / "copy.db"
    told = document(herald(root, "backup", str(copy), "--json"))
    assert told == {
        "file": str(copy),
        "at": AT.replace("06:00Z", "06:00:00Z"),
        "size": copy.stat().st_size,
        "same_disk": True,
        "private": True,
    }


def test_a_file_that_is_there_is_kept_without_force(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network")
    plan_it(root)
    copy = tmp_path / "copy.db"
    copy.write_text("last year's")
    refused = herald(root, "backup", str(copy))
    assert refused.exit_code == 1
    assert "say --force" in refused.stderr
    assert is_one_sentence(refused.stderr)
    assert copy.read_text() == "last year's"
    assert herald(root, "backup", str(copy), "--force").exit_code == 0
    assert deliveries(copy) == 4


def test_without_a_store_it_says_so_and_makes_none(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network")
    refused = herald(root, "backup", str(tmp_path / "copy.db"))
    assert refused.exit_code == 1
    assert "there is no store yet" in refused.stderr
    assert not (root / "var").exists()


def test_without_a_file_it_is_called_wrongly(tmp_path: Path) -> None:
    assert herald(a_network(tmp_path), "backup").exit_code == 2


def test_on_postgresql_it_names_the_command_that_copies(tmp_path: Path) -> None:
    url = "postgresql://herald:secret@db.example.org/network"
    root = a_network(tmp_path)
    write(root, ".env", f"HERALD_STORE={url}\n")
    refused = herald(root, "backup", "network.dump")
    assert refused.exit_code == 1
    assert "pg_dump --format=custom --no-owner --file='network.dump'" in refused.stderr
    assert "secret" not in refused.stderr
