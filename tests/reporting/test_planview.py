"""The plan on a terminal: what changes, in words, on eighty columns too."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from herald.reporting.planview import MARKS, REASONS, first_line, plan_view


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "campaign": "stories",
        "item": "salt-house",
        "due_at": "2027-05-03T08:00:00Z",
        "due_local": "2027-05-03T10:00:00+02:00",
        "channel": "fedi",
        "language": "en",
        "change": "new",
        "text": "The salt house",
        "length": 14,
        "limit": 500,
        "reason": None,
    } | changes


def shown(*lines: dict[str, Any], width: int = 80, everything: bool = False, **more: Any) -> str:
    document = {"deliveries": list(lines), "skipped": [], "issues": []} | more
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(plan_view(document, everything=everything))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_line_has_time_channel_language_words_and_count() -> None:
    text = shown(a_line(), width=100)
    assert "Monday 3 May 2027" in text
    for word in ("+", "10:00", "fedi", "en", "The salt house", "stories/salt-house", "14/500"):
        assert word in text
    assert text.rstrip().endswith("1 new")


def test_the_words_are_seen_on_a_narrow_terminal_even_of_what_is_held() -> None:
    long = {"campaign": "a-campaign-with-a-long-name", "item": "and-an-item-with-one"}
    text = shown(a_line(reason="draft", text="Thank you all", **long))
    assert "Thank you all" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("change", ["unchanged", "sent"])
def test_what_stays_is_counted_and_shown_when_asked_for(change: str) -> None:
    assert "The salt house" not in shown(a_line(change=change))
    assert f"1 {change}" in shown(a_line(change=change))
    assert "The salt house" in shown(a_line(change=change), everything=True)


def test_why_somebody_should_look_stands_below_what_waits_for_approval() -> None:
    text = shown(a_line(reason="approval", note="perhaps not new: the address"), width=80)
    assert "The salt house" in text
    assert "perhaps not new: the address" in text
    assert "perhaps" not in shown(a_line(reason="approval", note=None))


def test_what_is_no_longer_true_is_told_with_where_to_look() -> None:
    line = {"key": "abc", "note": "“Walk”, sent to fedi; its event was cancelled", "url": None}
    text = shown(corrections=[line, line | {"url": "https://social.example/1"}], width=100)
    assert "yours to correct" in text
    assert "“Walk”, sent to fedi; its event was cancelled" in text
    assert "herald outbox show abc" in text
    assert "https://social.example/1" in text
    assert "correct" not in shown()


def test_every_mark_is_another_sign() -> None:
    signs = [sign for sign, _ in MARKS.values()]
    assert len(set(signs)) == len(signs)


def test_every_reason_has_words() -> None:
    from herald.model.delivery import Reason

    assert REASONS.keys() == {str(reason) for reason in Reason}


def test_markup_in_a_text_is_text() -> None:
    assert "[bold]not bold[/bold]" in shown(a_line(text="[bold]not bold[/bold]"), width=120)


def test_what_is_left_out_is_told_with_its_reason_once() -> None:
    skipped = [
        {"campaign": "stories", "item": "mill", "reason": "it has no words in es"} for _ in range(3)
    ]
    text = shown(skipped=skipped, width=100)
    assert "stories/mill: it has no words in es (3 times)" in text
    assert "3 not posted" in text


def test_an_issue_is_told_with_its_local_day_and_its_languages() -> None:
    issue = {
        "key": "heco/quarterly/2026-12-07",
        "due_at": "2026-12-06T23:30:00Z",
        "languages": ["en", "mt"],
        "state": "held",
    }
    text = shown(issues=[issue])
    assert "Monday 7 December 2026  heco/quarterly  en, mt  (held)" in text


def test_an_empty_plan_says_so() -> None:
    assert "Nothing is planned in this span." in shown()


@pytest.mark.parametrize(
    ("text", "line"),
    [("One\nTwo", "One"), ("\n \n Two ", "Two"), ("", "(no text yet)")],
    ids=["first", "blank lines", "nothing"],
)
def test_the_first_line_is_one_that_says_something(text: str, line: str) -> None:
    assert first_line(text) == line


def test_what_goes_out_at_one_moment_stands_in_the_order_of_accounts() -> None:
    later = {"due_at": "2027-05-03T08:25:00Z", "due_local": "2027-05-03T10:25:00+02:00"}
    lines = [a_line(channel=name, text=f"Part {nth}") for nth, name in enumerate(["sky", "fedi"])]
    lines += [
        a_line(channel="fedi", text="Part 2"),
        a_line(channel="alpha", text="Part 3", **later),
    ]
    told = shown(*lines, width=100)
    assert sorted(range(4), key=lambda nth: told.index(f"Part {nth}")) == [1, 2, 0, 3]
