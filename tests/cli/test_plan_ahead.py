"""``herald plan --simulate``, as an officer calls it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.cli.commands import document, herald, plan_it
from tests.folders import a_network

RUNS_OUT = """\
campaign: questions
languages: [en]
channels: [trial]
items:
  - id: ask
    kind: news
    title: {en: We ask}
    post:
      - every: friday
        at: "10:00"
        from: 2027-05-07
        texts: [{en: One}, {en: Two}]
"""
WAITS = """\
campaign: careful
languages: [en]
channels: [trial]
approve: manual
items:
  - {id: mill, kind: news, title: {en: The mill}, post: 2027-05-20 10:00}
"""
SERIES = """\
campaign: cards
languages: [en, it]
channels: [trial]
items:
  - {id: one, kind: publication, title: {en: One}, link: "https://example.org/1", licence: CC0}
  - {id: two, kind: publication, title: {en: Two}, link: "https://example.org/2", licence: CC0}
series:
  - {id: weekly, kinds: [publication], every: wednesday, at: "10:00"}
"""
MONTH = ("--until", "2027-06-10")


def fingerprints(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_it_tells_what_goes_out_and_changes_nothing(tmp_path):
    root = a_network(tmp_path)
    plan_it(root)
    before = fingerprints(root)
    told = document(herald(root, "plan", "--simulate", *MONTH, "--trouble", "none", "--json"))
    assert [(one["month"], one["language"], one["count"]) for one in told["sent"]] == [
        ("2027-05", "en", 2),
        ("2027-05", "it", 2),
    ]
    assert fingerprints(root) == before


def test_what_was_sent_already_is_not_sent_again_in_the_year(tmp_path):
    root = a_network(tmp_path)
    now = "2027-05-04T06:00Z"
    plan_it(root)
    first = document(herald(root, "plan", "--simulate", *MONTH, "--json", now=now))
    assert sum(one["count"] for one in first["sent"]) == 2


def test_texts_that_run_out_are_named_with_their_day_and_need_a_person(tmp_path):
    result = herald(a_network(tmp_path, questions=RUNS_OUT), "plan", "--simulate", *MONTH)
    assert result.exit_code == 1
    assert "21 May 2027  questions/ask: the texts of friday are used up" in result.stdout


def test_a_series_that_begins_again_is_told_and_needs_nobody(tmp_path):
    result = herald(
        a_network(tmp_path, cards=SERIES), "plan", "--simulate", *MONTH, "--trouble", "none"
    )
    assert result.exit_code == 0, result.stdout
    assert "19 May 2027  cards/weekly: all 2 cards were posted: one comes again" in result.stdout
    assert "cards: it" in result.stdout


def test_what_nobody_approves_does_not_go_out(tmp_path):
    root = a_network(tmp_path, careful=WAITS)
    given = herald(root, "plan", "--simulate", *MONTH, "--trouble", "none", "--json")
    assert given.exit_code == 0, given.stdout
    never = herald(root, "plan", "--simulate", *MONTH, "--approve-after", "never", "--json")
    assert never.exit_code == 1
    assert [one["why"] for one in document(never)["unsent"]] == ["it was not approved in time"]


def test_the_same_seed_tells_the_same_year(tmp_path):
    root = a_network(tmp_path)
    words = ("plan", "--simulate", *MONTH, "--trouble", "bad", "--json")
    years = [herald(root, *words, "--seed", seed).stdout for seed in ("3", "3")]
    assert years[0] == years[1]


def test_it_fits_a_terminal_of_80_columns(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = herald(a_network(tmp_path, cards=SERIES), "plan", "--simulate", *MONTH)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "May 2027  ████" in result.stdout


def test_what_goes_on_below_a_count_stands_below_its_words(tmp_path, monkeypatch):
    root = a_network(tmp_path, campaigns_cards=SERIES)
    monkeypatch.setenv("COLUMNS", "40")
    lines = herald(root, "plan", "--simulate", *MONTH).stdout.splitlines()
    (first,) = (n for n, line in enumerate(lines) if line.startswith("  trouble: usual"))
    assert lines[first + 1].startswith("  ")


def test_of_a_broken_file_only_what_waits_is_told_and_that_is_said(tmp_path):
    root = a_network(tmp_path)
    plan_it(root)
    path = root / "campaigns" / "stories.yaml"
    path.write_text(path.read_text().replace("items:", "items"))
    shown = herald(root, "plan", "--simulate", *MONTH)
    assert shown.exit_code == 1
    assert "only what waits already" in shown.stdout
    assert "last good plan" not in shown.stderr
    told = document(herald(root, "plan", "--simulate", *MONTH, "--json"))
    assert told["broken"] == ["campaigns/stories.yaml"]
    assert sum(one["count"] for one in told["sent"]) > 0


def test_the_last_day_is_the_one_that_was_asked_for(tmp_path):
    shown = herald(a_network(tmp_path), "plan", "--simulate", *MONTH)
    assert "to 10 June 2027" in shown.stdout


def test_a_machine_without_campaigns_has_no_year_to_tell(tmp_path, postgresql_url):
    root = a_network(tmp_path, config_herald="timezone: UTC\n")
    (root / ".env").write_text(f"HERALD_STORE={postgresql_url}\n")
    (root / "campaigns").rename(root / "aside")
    refused = herald(root, "plan", "--simulate")
    assert refused.exit_code == 1
    assert "There is no campaigns/ in" in refused.stderr


def test_options_that_do_not_go_together_are_refused(tmp_path):
    root = a_network(tmp_path)
    for words in (
        ("--simulate", "--from", "2027-05-05"),
        ("--trouble", "bad"),
        ("--simulate", "--until", "2027-05-01"),
        ("--simulate", "--until", "2099-01-01"),
        ("--simulate", "--approve-after", "soon"),
    ):
        result = herald(root, "plan", *words)
        assert result.exit_code == 2, words
        assert re.search(r"Error: ", result.stderr)
