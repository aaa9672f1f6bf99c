"""What an issue has no room for: the next one tells it, in each language, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.letters.gather import gather
from herald.mailing.letters.issues import news_begins, what_came_before
from herald.model.campaign import Item, Kind, Section
from herald.model.feed import Entry
from herald.model.ids import CampaignId, EntryId, ItemId, Language, PartnerId
from herald.model.mailing import Issue, IssueContent, IssueState
from herald.model.words import Words
from tests.mailing.makers import (
    EN,
    FRIENDS,
    IT,
    a_newsletter,
    a_planned_issue,
    an_entry,
    sources,
)
from tests.mailing.test_gather import of
from tests.makers import NOON, a_campaign, an_item

ARGENTA, HOP = PartnerId("argenta"), PartnerId("hop")
TITLE = Words.of({"it": "Notizie"})


def partners_news(**changes: Any) -> Section:
    values: dict[str, Any] = {"title": TITLE, "partners": ("*",), "since_last": True}
    return Section(**(values | changes))


def news(name: str, hours: int, *, partner: PartnerId = ARGENTA, language: Language = IT) -> Entry:
    """Make an entry that came so many hours before noon."""
    return an_entry(
        id=EntryId(name),
        title=name,
        partners=(partner,),
        language=language,
        first_seen_at=NOON - timedelta(hours=hours),
    )


class Year:
    """One newsletter, issue after issue, with a week between them."""

    def __init__(self, section: Section) -> None:
        self.newsletter = a_newsletter(section)
        self.issues: list[Issue] = []
        self.week = 0

    def blank(self, now: datetime) -> Issue:
        """Make an issue that is sent at *now*, and says nothing."""
        return Issue(
            key=f"stories/monthly/{now.date()}",
            campaign=CampaignId("stories"),
            newsletter="monthly",
            list=FRIENDS,
            local_date=now.date(),
            zone="Europe/Rome",
            due_at=now,
            needs_approval=False,
            state=IssueState.SENT,
            gathered_at=now,
        )

    def next(self, *entries: Entry) -> IssueContent:
        """Gather and send the next issue."""
        now = NOON + timedelta(weeks=self.week)
        blank = self.blank(now)
        planned = a_planned_issue(key=blank.key, local_date=blank.local_date, due_at=now)
        past = what_came_before(self.issues, blank)
        found = gather(
            self.newsletter,
            planned,
            of(self.newsletter, entries=entries),
            now=now,
            since=past.gathered_at,
            told=past.told,
            left_over=past.left_over,
        )
        self.issues.append(replace(blank, told=found.told, left_over=found.left_over))
        self.week += 1
        return found


def titles(content: IssueContent, language: Language = IT) -> list[str]:
    return [
        entry.title
        for edition in content.editions
        if edition.language == language
        for section in edition.sections
        for entry in section.entries
    ]


def test_what_most_cuts_off_stands_in_the_next_issue_and_only_there() -> None:
    year = Year(partners_news(most=2))
    entries = (news("a", 1), news("b", 2), news("c", 3))

    assert titles(year.next(*entries)) == ["a", "b"]
    assert titles(year.next(*entries)) == ["c"]
    assert titles(year.next(*entries)) == []


def test_what_waited_takes_turns_with_what_is_new() -> None:
    year = Year(partners_news(most=2))
    old = (news("a", 1), news("b", 2), news("c", 3), news("d", 4))
    week = -7 * 24
    new = (news("x", week + 1), news("y", week + 2))
    year.next(*old)

    assert titles(year.next(*old, *new)) == ["d", "x"], "of what waited the oldest first"
    assert titles(year.next(*old, *new)) == ["c", "y"]


def test_a_partner_whose_news_waited_comes_before_others() -> None:
    year = Year(partners_news(most=1))
    week = -7 * 24
    entries = (news("a", 1), news("h", 2, partner=HOP))

    assert titles(year.next(*entries)) == ["a"]
    assert titles(year.next(*entries, news("new", week + 1))) == ["h"]


def test_each_language_tells_what_it_had_no_room_for_itself() -> None:
    year = Year(partners_news(most=1))
    both = (news("new it", 1), news("old en", 2, language=EN))
    first = year.next(*both)
    assert (titles(first, EN), titles(first, IT)) == (["old en"], ["new it"])
    assert first.left_over == ("it entry:old en",)

    second = year.next(*both)
    assert (titles(second, EN), titles(second, IT)) == ([], ["old en"])


def test_a_section_that_is_always_too_full_does_not_fall_behind_for_ever() -> None:
    year = Year(partners_news(most=2))
    entries: list[Entry] = []
    for week in range(8):
        entries += [news(f"{week}-{n}", -7 * 24 * week + 1 + n) for n in range(6)]
        told = titles(year.next(*entries))
        assert len(told) == 2
        assert any(title.startswith(f"{week}-") for title in told), "something of this week"
        assert all(int(title[0]) >= week - 2 for title in told)


def test_items_wait_as_entries_do() -> None:
    def practice(name: str) -> Item:
        return an_item(
            id=ItemId(name), kind=Kind.GOOD_PRACTICE, title=Words.of({"en": name}), post=()
        )

    section = Section(title=TITLE, kinds=(Kind.GOOD_PRACTICE,), since_last=True, most=1)
    newsletter = a_newsletter(section)
    campaign = a_campaign(practice("one"), practice("two"), newsletters=(newsletter,))
    everything = sources(newsletter, campaigns=(campaign,))
    first = gather(newsletter, a_planned_issue(), everything, now=NOON, since=None)
    second = gather(
        newsletter,
        a_planned_issue(),
        everything,
        now=NOON,
        since=NOON,
        told=frozenset(first.told),
        left_over=frozenset(first.left_over),
    )

    assert (titles(first, EN), titles(second, EN)) == (["one"], ["two"])


def test_a_partner_may_tell_so_much_and_no_more() -> None:
    year = Year(partners_news(most_per_partner=2))
    entries = (*(news(f"a{n}", n) for n in range(1, 9)), news("h", 20, partner=HOP))

    assert titles(year.next(*entries)) == ["a1", "h", "a2"]
    assert titles(year.next(*entries)) == [], "a partner's own limit is meant, and nothing waits"


@given(st.lists(st.integers(0, 4), min_size=2, max_size=6), st.integers(1, 4))
def test_nothing_is_told_twice_and_what_there_is_room_for_is_told(
    counts: list[int], most: int
) -> None:
    year = Year(partners_news(most=most))
    entries: list[Entry] = []
    told: list[str] = []
    for week, count in enumerate([*counts, 0, 0, 0, 0]):
        entries += [news(f"{week}-{n}", -7 * 24 * week + 1 + n) for n in range(count)]
        told += titles(year.next(*entries))

    assert len(told) == len(set(told))
    if max(counts) <= most:
        assert len(told) == sum(counts)


@pytest.mark.parametrize(
    ("days", "campaign", "begins"),
    [
        pytest.param((), "stories", 60, id="before the first issue"),
        pytest.param((7, 14, 21), "stories", 60, id="weekly"),
        pytest.param((90, 180, 270), "stories", 180, id="quarterly: what is left over, too"),
        pytest.param((90,), "stories", 90, id="after the first issue"),
        pytest.param((700, 800), "stories", 400, id="silent for years"),
        pytest.param((90, 180), "no-more", 60, id="of a newsletter that is gone"),
    ],
)
def test_news_is_looked_for_back_to_where_the_next_issue_begins(
    days: tuple[int, ...], campaign: str, begins: int
) -> None:
    issues = [
        replace(
            Year(partners_news()).blank(NOON),
            key=f"x/{ago}",
            campaign=CampaignId(campaign),
            gathered_at=NOON - timedelta(days=ago),
        )
        for ago in days
    ]
    known = (a_campaign(newsletters=(a_newsletter(),)),)
    found = news_begins(known, issues, now=NOON, at_least=timedelta(days=60))

    assert found == NOON - timedelta(days=begins)
