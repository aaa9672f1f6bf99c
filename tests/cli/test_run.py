"""``herald run --once`` and its usage, as cron calls it; the daemon has tests of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.commands import herald, is_one_sentence
from tests.folders import STORIES, a_network, journal
from tests.running import HERALD, surroundings
from tests.sources.folder import write


def once(
    root: Path, *words: str, now: str = "2027-05-03T08:00Z"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HERALD, "-C", str(root), "--now", now, "run", "--once", *words],
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_pass_prints_one_document_and_logs_elsewhere(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    done = once(root, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(found) == {"sent", "later", "failed", "expired", "held", "unclear", "health"}
    assert found["sent"] == len(journal(root)) == 1
    assert "delivery sent" in done.stderr


def test_a_pass_with_nothing_to_do_says_so(tmp_path: Path) -> None:
    done = once(a_network(tmp_path), now="2027-05-03T06:00Z")
    assert (done.returncode, done.stdout) == (0, "Nothing was due.\n")


def test_a_broken_file_ends_with_one_after_all_else_was_sent(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, broken="campaign: [\n")
    done = once(root)
    assert done.returncode == 1
    assert "herald status" in done.stdout
    assert len(journal(root)) == 1


def test_a_channel_without_its_token_is_told_and_others_send(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    write(
        root,
        "config/channels.yaml",
        "trial: {network: journal}\n"
        'fedi: {network: mastodon, server: "https://social.example.org"}\n',
    )
    done = once(root)
    assert done.returncode == 1
    assert "fedi" in done.stderr
    assert len(journal(root)) == 1
    assert "Traceback" not in done.stderr


def test_a_document_goes_with_one_pass_only(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "run", "--json")
    assert result.exit_code == 2
    assert is_one_sentence(result.stderr)


def test_what_is_paused_is_not_said_to_be_not_due(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    herald(root, "run", "--once", now="2027-05-02T06:00Z")
    herald(root, "pause", "trial")
    told = herald(root, "run", "--once", now="2027-05-03T09:00Z").stdout
    assert "Nothing was sent: 4 wait for a resume." in told
