"""``herald plan``: what a person and a program get to see, and how mistakes are told."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.folders import MONDAY, STORIES, a_network, many_items
from tests.running import HERALD, surroundings, unprivileged
from tests.sources.folder import write

DELIVERY = {
    *("key", "campaign", "item", "occasion", "partner", "channel", "network", "language"),
    *("due_at", "due_local", "state", "change", "text", "link", "media", "length", "limit"),
    *("reason", "note"),
}
SKIPPED = {"campaign", "item", "occasion", "channel", "language", "reason"}
ISSUE = {"newsletter", "campaign", "key", "due_at", "local_time", "languages", "state"}

LETTERS = """\
campaign: letters
languages: [en]
channels: [trial]
items:
  - {id: half, kind: news, title: {it: Solo italiano}, post: 2027-05-04 10:00}
newsletters:
  - id: monthly
    list: friends
    every: first tuesday
    subject: {en: News}
    sections: [{title: {en: Events}, kinds: [event], next: 45d}]
"""
LISTS = "friends: {name: Friends, from: {name: Us, address: us@example.org}, languages: [en]}\n"


def test_the_document_has_the_keys_that_programs_rely_on(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, letters=LETTERS, config_lists=LISTS)
    result = herald(root, "plan", "--json")
    plan = document(result)
    assert (result.exit_code, result.stderr) == (0, "")
    told = {"deliveries", "skipped", "issues", "corrections"}
    assert set(plan) == {"now", "from", "until", "hash"} | told
    assert {frozenset(line) for line in plan["deliveries"]} == {frozenset(DELIVERY)}
    assert {frozenset(line) for line in plan["skipped"]} == {frozenset(SKIPPED)}
    assert {frozenset(line) for line in plan["issues"]} == {frozenset(ISSUE)}


def test_the_values_are_spelled_as_the_manual_says(tmp_path: Path) -> None:
    plan = document(herald(a_network(tmp_path), "plan", "--json"))
    assert plan["now"] == plan["from"] == "2027-05-03T06:00:00Z"
    first = plan["deliveries"][0]
    assert {name: first[name] for name in sorted(DELIVERY - {"key"})} == {
        "campaign": "stories",
        "change": "new",
        "channel": "trial",
        "due_at": "2027-05-03T08:00:00Z",
        "due_local": "2027-05-03T10:00:00+02:00",
        "item": "salt-house",
        "language": "en",
        "limit": None,
        "link": None,
        "media": [],
        "network": "journal",
        "note": None,
        "occasion": "2027-05-03T10:00",
        "partner": None,
        "reason": None,
        "state": "pending",
        "text": "The salt house\n\nNeighbours restored it.",
        "length": len("The salt house\n\nNeighbours restored it."),
    }
    order = [(line["due_at"], line["key"]) for line in plan["deliveries"]]
    assert order == sorted(order)


def test_each_way_to_differ_from_what_waits_has_its_word(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root, now=MONDAY + timedelta(hours=2, minutes=5), send=True)
    edited = STORIES.replace("I vicini", "Gli amici").replace("it: Il mulino", "es: El molino")
    write(root, "campaigns/stories.yaml", edited.replace("[en, it]", "[en, it, es]"))
    plan = document(herald(root, "plan", "--json", now="2027-05-03T08:10Z"))
    found = {(line["item"], line["language"]): line["change"] for line in plan["deliveries"]}
    assert found == {
        ("salt-house", "en"): "sent",
        ("salt-house", "it"): "changed",
        ("mill", "en"): "unchanged",
        ("mill", "it"): "withdrawn",
        ("mill", "es"): "new",
    }


def test_planning_on_the_command_line_writes_nothing(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    herald(root, "plan")
    assert document(herald(root, "outbox", "list", "--json")) == {"deliveries": []}


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("preview",),
        ("check",),
        ("status",),
        ("outbox", "list"),
        ("feeds", "list"),
        ("newsletter", "list"),
        ("newsletter", "progress"),
    ],
    ids=" ".join,
)
def test_looking_makes_no_store(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = a_network(tmp_path)
    before = sorted(root.rglob("*"))
    assert herald(root, *words).exit_code == 0
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("words", [("plan",), ("preview",), ("check",), ("outbox", "list")])
def test_one_may_look_into_a_folder_that_may_not_be_written(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    folders = (root / "var", root)
    for folder in folders:
        folder.chmod(0o500)
    command = unprivileged(*HERALD, "-C", str(root), "--now", f"{MONDAY:%Y-%m-%dT%H:%MZ}")
    result = subprocess.run(
        (*command, *words, "--json"),
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    for folder in folders:
        folder.chmod(0o700)
    assert result.returncode == 0, result.stderr
    if words == ("plan",):
        changes = {line["change"] for line in json.loads(result.stdout)["deliveries"]}
        assert changes == {"unchanged"}


def test_a_span_is_of_whole_days_and_both_are_included(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan = document(herald(root, "plan", "--from", "2027-05-05", "--until", "2027-05-05", "--json"))
    assert {line["item"] for line in plan["deliveries"]} == {"mill"}
    assert (plan["from"], plan["until"]) == ("2027-05-04T22:00:00Z", "2027-05-05T22:00:00Z")


def test_one_campaign_can_be_looked_at_alone(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, other=many_items(3, campaign="other"))
    plan = document(herald(root, "plan", "--campaign", "other", "--json"))
    assert {line["campaign"] for line in plan["deliveries"]} == {"other"}


def test_a_campaign_that_does_not_exist_is_told(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "plan", "--campaign", "storeis")
    assert result.exit_code != 0
    assert "storeis" in result.stderr
    assert "stories" in result.stderr


def test_a_mass_withdrawal_shows_its_hash_and_is_confirmed_with_it(tmp_path: Path) -> None:
    root = a_network(tmp_path, many=many_items(20))
    plan_it(root)
    write(root, "campaigns/many.yaml", many_items(1))
    shown = herald(root, "plan")
    agreed = document(herald(root, "plan", "--json"))["hash"]
    assert f"herald plan --confirm {agreed}" in shown.stdout
    assert shown.exit_code == 1
    assert "19 deliveries would be withdrawn" in " ".join(shown.stdout.split())
    mistaken = herald(root, "plan", "--confirm", agreed[:8])
    assert mistaken.exit_code == 1
    assert f"{agreed[:8]} is not the hash of this plan" in mistaken.stderr
    assert f"herald plan --confirm {agreed}" in mistaken.stdout
    confirmed = herald(root, "plan", "--confirm", agreed)
    assert confirmed.exit_code == 0
    rows = document(herald(root, "outbox", "list", "--json"))["deliveries"]
    assert [row["state"] for row in rows].count("withdrawn") == 19


def test_a_broken_campaign_is_told_on_standard_error_and_the_rest_is_planned(
    tmp_path: Path,
) -> None:
    root = a_network(tmp_path, stories=STORIES, broken="campaign: broken\nchanels: [trial]\n")
    result = herald(root, "plan", "--json")
    assert result.exit_code == 1
    assert 'did you mean "channels"?' in result.stderr
    assert len(document(result)["deliveries"]) == 4


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        pytest.param("config/channels.yaml", "trial: {netwrok: journal}\n", "network", id="a typo"),
        pytest.param("config/herald.yaml", "timezone: [\n", "herald.yaml:", id="half a file"),
        pytest.param("config/herald.yaml", "timezone: Europe/Rom\n", "Europe/Rome", id="a zone"),
    ],
)
def test_broken_configuration_is_one_clear_error(
    tmp_path: Path, file: str, content: str, told: str
) -> None:
    root = a_network(tmp_path)
    write(root, file, content)
    result = herald(root, "plan")
    assert result.exit_code == 1
    assert told in result.stderr
    assert is_one_sentence(result.stderr)
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan", "--from", "31/05/2027"), id="a day of another kind"),
        pytest.param(("plan", "--until", "2027-02-30"), id="a day that is none"),
        pytest.param(("plan", "--from", "2027-05-09", "--until", "2027-05-01"), id="backwards"),
        pytest.param(("preview", "--until", "soon"), id="preview"),
    ],
)
def test_a_bad_day_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = herald(a_network(tmp_path), *words)
    assert result.exit_code == 2
    assert is_one_sentence(result.stderr)


def test_a_moment_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "plan", now="tomorrow")
    assert result.exit_code == 2
    assert "2027-05-09T10:00Z" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("preview",),
        ("outbox", "list"),
        ("outbox", "approve", "--all"),
        ("status",),
        ("pause",),
        ("resume",),
        ("done", "3fa9", "https://example.org/1"),
        ("run", "--once"),
        ("run",),
    ],
    ids=" ".join,
)
def test_in_a_folder_that_is_none_of_its_own_it_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = herald(tmp_path, *words)
    assert result.exit_code == 1
    assert is_one_sentence(result.stderr)
    assert "herald init" in result.stderr
    assert list(tmp_path.iterdir()) == []
