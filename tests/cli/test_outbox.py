"""``herald outbox``: what waits, and what a person decides about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.cli.test_plan import DELIVERY
from tests.folders import MONDAY, STORIES, a_network

ROW = (DELIVERY - {"change", "note"}) | {
    *("note", "attempts", "next_at", "not_after_at", "sent_at", "remote_id", "url", "error")
}
CAREFUL = STORIES.replace("channels: [trial]", "channels: [trial]\napprove: manual")


def states(root: Path) -> dict[str, str]:
    rows = document(herald(root, "outbox", "list", "--json"))["deliveries"]
    return {f"{row['item']}/{row['language']}": row["state"] for row in rows}


def test_the_document_has_the_keys_that_programs_rely_on(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root, now=MONDAY.replace(hour=8), send=True)
    result = herald(root, "outbox", "list", "--json")
    rows = document(result)["deliveries"]
    assert result.stderr == ""
    assert {frozenset(row) for row in rows} == {frozenset(ROW)}
    sent = rows[0]
    assert (sent["state"], sent["attempts"], sent["sent_at"], sent["remote_id"]) == (
        "sent",
        1,
        "2027-05-03T08:00:00Z",
        sent["key"],
    )
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)


def test_one_delivery_is_shown_with_every_attempt(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    rows = plan_it(root, now=MONDAY.replace(hour=8), send=True)
    key = next(row.key for row in rows if row.state == "sent")
    shown = document(herald(root, "outbox", "show", key[:8], "--json"))
    outcomes = [attempt["outcome"] for attempt in shown["attempts_made"]]
    assert outcomes == ["doubted, then try_again", "sent"]  # due before the store's first use
    assert "The salt house" in herald(root, "outbox", "show", key[:8]).stdout


@pytest.mark.parametrize(
    ("narrow", "left"),
    [
        (("--state", "held"), {"mill/it", "mill/en", "salt-house/en", "salt-house/it"}),
        (("--state", "sent"), set()),
        (("--item", "mill"), {"mill/en", "mill/it"}),
        (("--channel", "elsewhere"), set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_list_can_be_narrowed(tmp_path: Path, narrow: tuple[str, ...], left: set[str]) -> None:
    root = a_network(tmp_path, stories=CAREFUL)
    plan_it(root)
    rows = document(herald(root, "outbox", "list", *narrow, "--json"))["deliveries"]
    assert {f"{row['item']}/{row['language']}" for row in rows} == left


def test_what_waits_for_approval_is_approved_by_key_item_or_campaign(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=CAREFUL)
    rows = plan_it(root)
    assert set(states(root).values()) == {"held"}
    key = next(row.key for row in rows if (row.item, row.language) == ("salt-house", "it"))
    assert herald(root, "outbox", "approve", key[:8]).exit_code == 0
    assert states(root)["salt-house/it"] == "pending"
    herald(root, "outbox", "approve", "--item", "mill")
    assert states(root)["salt-house/en"] == "held"
    herald(root, "outbox", "approve", "--campaign", "stories")
    assert set(states(root).values()) == {"pending"}


def test_a_person_holds_releases_and_withdraws(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    for verb, state in (("hold", "held"), ("release", "pending"), ("withdraw", "withdrawn")):
        decided = document(herald(root, "outbox", verb, "--item", "mill", "--json"))
        assert {row["state"] for row in decided["deliveries"]} == {state}
        assert states(root)["mill/en"] == state
        assert states(root)["salt-house/en"] == "pending"
    plan_it(root)
    assert states(root)["mill/en"] == "withdrawn"


def test_a_decision_that_does_not_fit_is_refused_with_why(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    (key, *_) = [row.key for row in plan_it(root)]
    result = herald(root, "outbox", "approve", key[:8])
    assert result.exit_code == 1
    assert key[:8] in result.stderr + result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("outbox", "approve"), 2),
        (("outbox", "approve", "ffffffff"), 1),
        (("outbox", "show", "zz"), 1),
        (("outbox", "list", "--state", "lost"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_wrong_word_is_one_clear_error(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    root = a_network(tmp_path)
    plan_it(root)
    result = herald(root, *words)
    assert result.exit_code == status
    assert is_one_sentence(result.stderr)
