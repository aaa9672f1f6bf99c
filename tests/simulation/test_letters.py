"""Issues of a simulated year are due when true ones are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from herald.mailing.letters.issues import issue_of
from herald.model.ids import ListId
from herald.model.mailing import Issue, IssueState
from herald.simulating.letters import Letters
from tests.mailing.makers import FRIENDS, a_planned_issue
from tests.makers import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TBILISI_AND_ROME = {FRIENDS: ("Asia/Tbilisi", "Europe/Rome", "Europe/Lisbon")}
"""Two hours before Rome in May, and an hour after it."""


def an_issue(*, local_time: bool) -> Issue:
    made = issue_of(a_planned_issue(local_time=local_time), None)
    return replace(made, content_hash="a" * 64, gathered_at=NOON - 3 * HOUR)


@pytest.mark.parametrize(
    ("local_time", "zones", "begins_at"),
    [
        pytest.param(True, TBILISI_AND_ROME, NOON - 2 * HOUR, id="the first morning"),
        pytest.param(True, {}, NOON, id="nobody said where they live"),
        pytest.param(False, TBILISI_AND_ROME, NOON, id="one moment for all"),
    ],
)
def test_an_issue_on_its_readers_clocks_begins_with_the_first_morning(
    local_time: bool, zones: dict[ListId, tuple[str, ...]], begins_at: datetime
) -> None:
    letters = Letters([an_issue(local_time=local_time)], zones=zones)
    assert letters.next_due(NOON - 5 * HOUR) == begins_at
    letters.send_due(now=begins_at - MINUTE)
    assert [one.state for one in letters.issues()] == [IssueState.PENDING]
    letters.send_due(now=begins_at)
    (sent,) = letters.issues()
    assert (sent.state, sent.started_at) == (IssueState.SENT, begins_at)
