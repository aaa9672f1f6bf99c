"""``herald outbox correct``: a person sets right what was sent and is no longer true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.folders import MONDAY, STORIES, a_network, journal
from tests.sources.folder import write

NINE = MONDAY.replace(hour=8, minute=50)
LATER = MONDAY.replace(hour=10)
AT = "2027-05-03T09:00Z"
TYPO = STORIES.replace("{en: Neighbours restored it.", "{en: The neighbours restored it.")
WALK = """\
campaign: stories
languages: [en, it]
channels: [trial]
items:
  - id: walk
    kind: event
    title: {en: A walk, it: Una passeggiata}
    text: {en: Two hours., it: Due ore.}
    begins: 2027-05-20 10:00
    place: {name: Argenta, country: IT}
    post: 2027-05-03 10:00
"""
CALLED_OFF = WALK.replace(
    "    post:", "    status: cancelled\n    notice: {en: Too much rain.}\n    post:"
)


def correct(root: Path, *words: str, now: str = AT) -> Any:
    return herald(root, "outbox", "correct", *words, now=now)


def proposals(root: Path, now: str = AT) -> list[dict[str, Any]]:
    return list(document(correct(root, "--json", now=now))["corrections"])


def sent_with(root: Path, before: str, after: str) -> dict[str, str]:
    """Send what *before* says, change the file to *after*; return the keys by language."""
    a_network(root, stories=before)
    rows = plan_it(root, now=NINE, send=True)
    write(root, "campaigns/stories.yaml", after)
    return {row.language: row.key for row in rows if row.state == "sent"}


def states(root: Path) -> list[tuple[str, str]]:
    rows = document(herald(root, "outbox", "list", "--json"))["deliveries"]
    return sorted((row["action"], row["state"]) for row in rows if "action" in row)


def test_nothing_is_proposed_while_everything_is_true(tmp_path: Path) -> None:
    sent_with(tmp_path, STORIES, STORIES)
    result = correct(tmp_path)
    assert (result.exit_code, result.stdout) == (
        0,
        "Nothing that was sent is known to be untrue.\n",
    )


def test_a_typo_is_listed_with_the_old_and_the_new_words(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, TYPO)
    (one,) = proposals(tmp_path)
    assert (one["key"], one["why"], one["way"]) == (keys["en"], "edited", "edit")
    assert "Neighbours restored it." in one["text"]
    assert "The neighbours restored it." in one["new_text"]
    shown = correct(tmp_path).stdout
    assert "Neighbours restored it." in shown
    assert "The neighbours restored it." in shown
    assert f"{keys['en'][:8]}  trial en" in shown


def test_a_post_is_edited_once_and_no_more_proposed(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, TYPO)
    assert correct(tmp_path, keys["en"][:8], "--yes").exit_code == 0
    assert proposals(tmp_path) == []
    again = correct(tmp_path, keys["en"][:8], "--yes", "--text", "Something else")
    assert again.exit_code == 1
    assert "on its way already" in again.stderr
    plan_it(tmp_path, now=LATER, send=True)
    assert states(tmp_path) == [("edit", "sent")]
    assert proposals(tmp_path) == []
    line = journal(tmp_path)[-1]
    assert (line["action"], line["target"]) == ("edit", keys["en"])
    assert "The neighbours restored it." in line["text"]
    shown = herald(tmp_path, "outbox", "show", keys["en"])
    assert "edited by" in shown.stdout
    # the same words again are no second correction
    same = correct(tmp_path, keys["en"], "--yes", "--text", line["text"])
    assert same.exit_code == 1
    assert "corrected so already" in same.stderr
    assert states(tmp_path) == [("edit", "sent")]


def test_corrections_survive_planning_and_the_year_beside_it(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, TYPO)
    correct(tmp_path, keys["en"], "--yes")
    plan_it(tmp_path, now=LATER)
    write(tmp_path, "campaigns/stories.yaml", STORIES.split("items:")[0] + "items: []\n")
    plan_it(tmp_path, now=LATER)
    assert states(tmp_path) == [("edit", "pending")]
    assert herald(tmp_path, "plan", now=AT).exit_code == 0


def test_nothing_is_done_where_nobody_sits_and_nobody_agreed(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, TYPO)
    result = correct(tmp_path, keys["en"])
    assert result.exit_code == 1
    assert "The neighbours restored it." in result.stdout
    assert "add --yes" in result.stderr
    asked = correct(tmp_path, keys["en"], "--json")
    assert asked.exit_code == 1
    assert document(asked)["enqueued"] is None
    assert states(tmp_path) == []


def test_what_was_called_off_is_said_before_the_old_words(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, WALK, CALLED_OFF)
    said = {one["language"]: one["new_text"] for one in proposals(tmp_path)}
    assert said["en"].startswith("Too much rain.\n\nA walk")
    assert said["it"].startswith("Annullato.\n\nUna passeggiata")
    status = herald(tmp_path, "status", now=AT)
    assert "2 sent and no longer true: herald outbox correct" in status.stdout
    for key in keys.values():
        correct(tmp_path, key, "--yes")
    assert document(herald(tmp_path, "status", "--json", now=AT))["corrections"] == 0
    plan_it(tmp_path, now=LATER, send=True)
    assert proposals(tmp_path) == []
    plan = document(herald(tmp_path, "plan", "--json", now=AT))
    assert plan["corrections"] == []
    # postponed is another matter than cancelled
    later = CALLED_OFF.replace("status: cancelled", "status: postponed")
    write(tmp_path, "campaigns/stories.yaml", later)
    assert {one["why"] for one in proposals(tmp_path)} == {"postponed"}


def test_a_person_may_answer_in_own_words(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, STORIES)
    made = document(correct(tmp_path, keys["en"], "--reply", "--text", "At 11!", "--yes", "--json"))
    assert (made["way"], made["enqueued"]["action"], made["enqueued"]["target"]) == (
        "reply",
        "reply",
        keys["en"],
    )
    plan_it(tmp_path, now=LATER, send=True)
    assert journal(tmp_path)[-1]["text"] == "At 11!"
    assert states(tmp_path) == [("reply", "sent")]
    assert correct(tmp_path, keys["en"], "--reply", "--text", "At 11!", "--yes").exit_code == 1
    assert correct(tmp_path, keys["en"], "--reply", "--text", "At 12!", "--yes").exit_code == 0


def test_own_words_answer_what_the_file_asked_for(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, STORIES, TYPO)
    assert correct(tmp_path, keys["en"], "--text", "In my own words.", "--yes").exit_code == 0
    plan_it(tmp_path, now=LATER, send=True)
    assert proposals(tmp_path) == []
    write(tmp_path, "campaigns/stories.yaml", TYPO.replace("restored it.", "restored all of it."))
    (one,) = proposals(tmp_path)
    assert one["text"] == "In my own words."


def test_a_deleted_post_shows_as_deleted_and_needs_no_more(tmp_path: Path) -> None:
    keys = sent_with(tmp_path, WALK, CALLED_OFF)
    assert correct(tmp_path, keys["en"], "--delete", "--yes").exit_code == 0
    plan_it(tmp_path, now=LATER, send=True)
    shown = document(herald(tmp_path, "outbox", "show", keys["en"], "--json"))
    assert (shown["state"], shown["url"], shown["note"]) == (
        "sent",
        None,
        "it was deleted on its network",
    )
    assert [one["action"] for one in shown["corrected_by"]] == ["delete"]
    assert [one["language"] for one in proposals(tmp_path)] == ["it"]
    assert "deleted" in correct(tmp_path, keys["en"], "--text", "Hello", "--yes").stderr


@pytest.mark.parametrize(
    ("which", "words", "told"),
    [
        ("mill", (), "was not sent"),
        ("salt-house", (), "knows no new words"),
        ("salt-house", ("--edit", "--text", "x" * 30), ""),
    ],
    ids=["pending", "nothing new", "possible"],
)
def test_what_cannot_be_corrected_is_said_in_a_sentence(
    tmp_path: Path, which: str, words: tuple[str, ...], told: str
) -> None:
    sent_with(tmp_path, STORIES, STORIES)
    rows = document(herald(tmp_path, "outbox", "list", "--json"))["deliveries"]
    key = next(row["key"] for row in rows if (row["item"], row["language"]) == (which, "en"))
    result = correct(tmp_path, key, *words, "--yes")
    assert result.exit_code == (1 if told else 0)
    assert told in result.stderr
    assert not told or is_one_sentence(result.stderr)


def test_a_network_that_takes_less_says_how_much(tmp_path: Path) -> None:
    channels = "trial: {network: journal, like: bluesky}\n"
    a_network(tmp_path, stories=STORIES, config_channels=channels)
    rows = plan_it(tmp_path, now=NINE, send=True)
    key = next(row.key for row in rows if row.state == "sent")
    result = correct(tmp_path, key, "--reply", "--text", "x" * 400, "--yes")
    assert "400 are too many" in result.stderr


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    a_network(tmp_path)
    assert correct(tmp_path, "--yes").exit_code == 2
    assert correct(tmp_path, "3fa9", "--delete", "--text", "x").exit_code == 2
    assert "No delivery" in correct(tmp_path, "3fa9", "--yes").stderr


LONG = " ".join(f"Sentence {nth} tells of the salt house and its neighbours." for nth in range(24))
THREAD = f"""\
campaign: stories
languages: [en]
channels: [trial]
items:
  - id: salt-house
    kind: news
    title: {{en: The salt house}}
    text: {{en: "{LONG}"}}
    thread: true
    post: 2027-05-03 10:00
"""


def test_of_a_thread_the_part_with_the_typo_is_corrected(tmp_path: Path) -> None:
    a_network(
        tmp_path, stories=THREAD, config_channels="trial: {network: journal, like: mastodon}\n"
    )
    plan_it(tmp_path, now=NINE, send=True)
    lines = journal(tmp_path)
    assert len(lines) > 2
    assert [line.get("target") for line in lines] == [None, *(line["key"] for line in lines[:-1])]
    write(
        tmp_path, "campaigns/stories.yaml", THREAD.replace("Sentence 9 tells", "Sentence 9 sings")
    )
    (one,) = proposals(tmp_path)
    assert "Sentence 9 tells" in one["text"]
    assert "Sentence 9 sings" in one["new_text"]
    assert correct(tmp_path, one["key"], "--yes").exit_code == 0
    plan_it(tmp_path, now=LATER, send=True)
    assert journal(tmp_path)[-1]["target"] == one["key"]
    assert len(journal(tmp_path)) == len(lines) + 1
    assert proposals(tmp_path) == []
    shown = herald(tmp_path, "outbox", "list").stdout
    assert shown.index("(2)") < shown.index("(3)") < shown.index("(edit)")
