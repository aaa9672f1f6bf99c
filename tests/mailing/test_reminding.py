"""When officers hear of a text that is due, and of an issue that had nothing to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from herald.mailing.letters.gather import unwritten
from herald.mailing.letters.reminding import TOLD_FOR, skeleton, told, writing_of
from herald.model.campaign import Campaign, Newsletter, Section
from herald.model.health import OutboxHealth
from herald.model.ids import CampaignId
from herald.model.mailing import Issue, IssueReason, IssueState
from herald.model.notice import Kind, NewsletterTrouble, Occasion, Way
from herald.model.problem import Place
from herald.model.span import parse_span
from herald.model.words import Words
from herald.reporting.concerns import Situation, concerns_of
from herald.reporting.health import Health
from herald.reporting.notices import Notice
from herald.reporting.noticetext import text_of
from tests.mailing.makers import EN, FRIENDS, IT, a_newsletter, a_planned_issue
from tests.makers import NOON, a_campaign

ROME = ZoneInfo("Europe/Rome")
KEY = "stories/monthly/2027-05-10"
EDITORIAL = Section(title=Words.of({"en": "Editorial"}), write="editorial", due=parse_span("5d"))
FILE = "campaigns/newsletters/monthly/2027-05.yaml"


def a_letter(*sections: Section, **changes: Any) -> Newsletter:
    return a_newsletter(
        *(sections or (EDITORIAL,)), place=Place(file="campaigns/stories.yaml"), **changes
    )


def a_held(newsletter: Newsletter, **changes: Any) -> Issue:
    """Make an issue that is held for whatever its newsletter lacks."""
    values: dict[str, Any] = {
        "key": KEY,
        "campaign": CampaignId("stories"),
        "newsletter": "monthly",
        "list": FRIENDS,
        "local_date": date(2027, 5, 10),
        "zone": "Europe/Rome",
        "due_at": NOON,
        "needs_approval": True,
        "state": IssueState.HELD,
        "reason": IssueReason.WRITING,
        "note": "; ".join(unwritten(newsletter, a_planned_issue())),
        "languages": (EN, IT),
    }
    return Issue(**(values | changes))


def hears(issue: Issue, newsletter: Newsletter, at: datetime) -> tuple[NewsletterTrouble, ...]:
    trouble = NewsletterTrouble(issue=issue.key, code="writing", message=f"missing: {issue.note}")
    campaign: Campaign = a_campaign(newsletters=(newsletter,))
    troubles = (trouble,) if issue.reason is IssueReason.WRITING else ()
    return told(troubles, (issue,), (campaign,), now=at)


@pytest.mark.parametrize(
    ("at", "is_told"),
    [
        pytest.param(datetime(2027, 4, 20, 12, tzinfo=ROME), False, id="weeks before"),
        pytest.param(datetime(2027, 5, 4, 23, 59, tzinfo=ROME), False, id="the evening before"),
        pytest.param(datetime(2027, 5, 5, 0, 0, tzinfo=ROME), True, id="on the day it is due"),
        pytest.param(datetime(2027, 5, 12, 12, tzinfo=ROME), True, id="long after"),
    ],
)
def test_a_text_is_asked_for_when_it_is_due(at: datetime, is_told: bool) -> None:
    newsletter = a_letter()

    assert bool(hears(a_held(newsletter), newsletter, at)) is is_told


def test_a_text_without_a_day_is_due_five_days_before() -> None:
    newsletter = a_letter(replace(EDITORIAL, due=None))
    issue = a_held(newsletter)

    assert not hears(issue, newsletter, NOON - timedelta(days=6))
    assert hears(issue, newsletter, NOON - timedelta(days=5))


def test_what_else_is_missing_is_told_at_once() -> None:
    newsletter = a_letter()
    issue = a_held(newsletter)
    lacking = replace(issue, note=f"{issue.note}; item mill is not translated into it")

    assert hears(lacking, newsletter, NOON - timedelta(days=30))


def test_the_first_of_several_texts_says_when() -> None:
    early = replace(EDITORIAL, write="interview", due=parse_span("10d"))
    newsletter = a_letter(EDITORIAL, early)
    writing = writing_of((a_campaign(newsletters=(newsletter,)),), a_held(newsletter))

    assert writing is not None
    assert (writing.parts, writing.due_on) == (("editorial", "interview"), date(2027, 4, 30))
    assert writing.file == FILE


def test_what_is_written_is_not_asked_for() -> None:
    words = (("2027-05", (("editorial", Words.of({"en": "Hello"})),)),)
    newsletter = a_letter(written=words)

    assert writing_of((a_campaign(newsletters=(newsletter,)),), a_held(newsletter)) is None
    assert writing_of((), a_held(newsletter)) is None, "the newsletter is gone"


def test_a_skeleton_changes_nothing_until_somebody_fills_it_in() -> None:
    newsletter = a_letter()
    writing = writing_of((a_campaign(newsletters=(newsletter,)),), a_held(newsletter))
    assert writing is not None
    text = skeleton(writing)

    assert yaml.safe_load(text) is None
    filled = "\n".join(line.removeprefix("#") for line in text.splitlines()[2:])
    assert yaml.safe_load(filled) == {"editorial": {"en": "…\n", "it": "…"}}


def test_an_officer_reads_what_to_write_and_where() -> None:
    newsletter = a_letter()
    (trouble,) = hears(a_held(newsletter), newsletter, NOON - timedelta(days=5))
    health = Health(at=NOON, outbox=OutboxHealth())
    (concern,) = concerns_of(Situation(health=health, newsletters=(trouble,)))
    notice = Notice(occasion=Occasion.ALERT, new=(concern,))
    said = text_of(notice, Way(name="mail:a", label="mail", greets="Ana"), zone="UTC")

    assert f"* The newsletter {KEY} waits for its text." in said
    assert f"      herald newsletter write {KEY}\n" in said
    assert f"  To be copied into {FILE}:\n      # For the issue of 2027-05-10" in said
    assert "      #editorial:\n      #  en: |\n" in said
    assert "It would go out: Monday, 10 May 2027" in said


def test_that_nothing_was_said_is_told_once_and_for_some_days() -> None:
    newsletter = a_letter()
    silent = a_held(newsletter, state=IssueState.EMPTY, reason=None, finished_at=NOON)
    (trouble,) = hears(silent, newsletter, NOON)
    health = Health(at=NOON, outbox=OutboxHealth())
    (concern,) = concerns_of(Situation(health=health, newsletters=(trouble,)))

    assert (trouble.code, concern.kind, concern.commands) == ("empty", Kind.NEWSLETTER, ())
    assert hears(silent, newsletter, NOON + TOLD_FOR - timedelta(seconds=1)) == (trouble,)
    assert hears(silent, newsletter, NOON + TOLD_FOR) == ()
