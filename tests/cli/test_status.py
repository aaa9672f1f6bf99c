"""``herald status``: whether all is well, in words and as a document."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import document, herald, plan_it
from tests.folders import STORIES, a_network
from tests.sources.folder import write

KEYS = {
    *("ok", "at", "overdue", "oldest_overdue_at", "unclear", "failed", "missed", "deliveries"),
    *("tasks", "corrections"),
    *("feeds", "feed_tasks", "stops", "broken", "channels", "newsletters", "sending"),
    *("planning", "disk"),
    "next",
}


def test_all_is_well_before_anything_is_due(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    result = herald(root, "status")
    assert result.exit_code == 0
    assert "All is well." in result.stdout
    assert "Next: 2027-05-03 10:00  trial en  The salt house" in result.stdout
    health = document(herald(root, "status", "--json"))
    assert set(health) == KEYS
    assert health["deliveries"] == [{"state": "pending", "reason": None, "count": 4}]


def test_what_is_overdue_needs_a_person(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    result = herald(root, "status", now="2027-05-03T09:00Z")
    assert result.exit_code == 1
    assert "2 overdue, the oldest since 2027-05-03 10:00" in result.stdout


def test_a_pause_is_shown_with_its_reason_and_needs_nobody(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    herald(root, "pause", "trial", "--because", "the server moves house")
    result = herald(root, "status", now="2027-05-03T09:00Z")
    assert "channel trial" in result.stdout
    assert "the server moves house" in result.stdout
    assert result.exit_code == 0


def test_what_waits_for_a_word_needs_a_person(tmp_path: Path) -> None:
    text = STORIES.replace("channels: [trial]", "channels: [trial]\napprove: manual")
    root = a_network(tmp_path, stories=text)
    plan_it(root)
    result = herald(root, "status")
    assert result.exit_code == 1
    assert "4 wait for your word" in result.stdout


def test_a_broken_file_is_shown_with_its_line(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    write(root, "campaigns/stories.yaml", STORIES.replace("kind: news", "kind: nwes", 1))
    result = herald(root, "status", "--json")
    assert result.exit_code == 1
    assert document(result)["broken"][0].startswith("campaigns/stories.yaml:6")


def test_an_account_without_its_token_is_told_before_anything_is_overdue(tmp_path: Path) -> None:
    fedi = 'fedi: {network: mastodon, server: "https://social.example.org"}\n'
    root = a_network(tmp_path, config_channels=f"trial: {{network: journal}}\n{fedi}")
    told = herald(root, "status")
    assert told.exit_code == 1
    assert "set HERALD_CHANNELS__FEDI__ACCESS_TOKEN in .env" in " ".join(told.stdout.split())
    write(root, ".env", "HERALD_CHANNELS__FEDI__ACCESS_TOKEN=abc\n")
    assert "All is well." in herald(root, "status").stdout


def test_an_account_that_rests_needs_no_token(tmp_path: Path) -> None:
    fedi = 'fedi: {network: mastodon, server: "https://social.example.org", paused: true}\n'
    root = a_network(tmp_path, config_channels=f"trial: {{network: journal}}\n{fedi}")
    assert "ACCESS_TOKEN" not in herald(root, "status").stdout


def test_a_store_that_is_not_there_is_told(tmp_path):
    root = a_network(tmp_path, config_herald="store: sqlite:///varr/herald.db\n")
    shown = herald(root, "status")
    assert shown.exit_code == 0
    assert "Herald has not run here yet" in shown.stdout
    assert "varr/herald.db is not there" in shown.stdout
    assert not (root / "varr").exists()
    plan_it(root)
    assert "has not run here" not in herald(root, "status").stdout
