"""``herald done``: closing the task of a manual channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.folders import MONDAY, STORIES, a_network

PAGE = "https://www.facebook.com/ecoheritage/posts/1"
CHANNELS = "trial: {network: manual, label: The page, languages: [en]}\n"


def a_task(root: Path) -> str:
    a_network(root, stories=STORIES, config_channels=CHANNELS)
    rows = plan_it(root, now=MONDAY.replace(hour=8), send=True)
    return next(row.key for row in rows if row.state == "sent")


def test_a_task_stands_in_status_until_it_is_done(tmp_path: Path) -> None:
    key = a_task(tmp_path)
    assert [task["key"] for task in document(herald(tmp_path, "status", "--json"))["tasks"]] == [
        key
    ]
    assert f"herald done {key[:8]}" in herald(tmp_path, "status").stdout
    done = herald(tmp_path, "done", key[:8], PAGE)
    assert done.exit_code == 0
    assert PAGE in done.stdout
    assert document(herald(tmp_path, "status", "--json"))["tasks"] == []
    (sent,) = document(herald(tmp_path, "outbox", "list", "--state", "sent", "--json"))[
        "deliveries"
    ]
    assert sent["url"] == PAGE


def test_doing_it_again_corrects_the_link_and_says_so(tmp_path: Path) -> None:
    key = a_task(tmp_path)
    herald(tmp_path, "done", key[:8], PAGE)
    again = herald(tmp_path, "done", key[:8], PAGE + "2")
    assert again.exit_code == 0
    assert "recorded before" in again.stdout


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("ffff", PAGE), 1, id="no such task"),
        pytest.param(("{key}", "posts/1"), 2, id="no web address"),
        pytest.param(("{key}",), 2, id="no link at all"),
    ],
)
def test_a_wrong_word_is_one_clear_error(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    key = a_task(tmp_path)
    result = herald(tmp_path, "done", *(word.format(key=key[:8]) for word in words))
    assert result.exit_code == status
    assert is_one_sentence(result.stderr)


def test_what_was_not_handed_over_yet_is_no_task(tmp_path: Path) -> None:
    a_network(tmp_path, stories=STORIES, config_channels=CHANNELS)
    (key, *_) = [row.key for row in plan_it(tmp_path)]
    result = herald(tmp_path, "done", key[:8], PAGE)
    assert result.exit_code == 1
    assert "pending" in result.stderr
