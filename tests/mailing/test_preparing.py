"""An issue is gathered at every planning, and given its shape only when it says something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from herald.mailing.letters.gather import Sources
from herald.mailing.letters.marks import PREFERENCES_MARK
from herald.mailing.letters.preparing import Shaped, follow_plan
from herald.model.campaign import Approve, Newsletter, Section
from herald.model.configuration import Configuration, Partner
from herald.model.ids import EntryId, PartnerId
from herald.model.mailing import Issue, IssueReason, IssueState
from herald.model.plan import PlannedIssue
from herald.model.problem import Place
from herald.model.words import Words
from herald.store.mailing import StoredMailing
from tests.mailing.makers import (
    FRIENDS,
    a_list,
    a_newsletter,
    a_planned_issue,
    an_entry,
    sources,
    written,
)
from tests.makers import NOON

KEY = "stories/monthly/2027-05-10"
JUNE = "stories/monthly/2027-06-07"
DAY = timedelta(days=1)
LATER = NOON + 2 * DAY
ARGENTA = Partner(
    id=PartnerId("argenta"),
    name=Words.of({"it": "Argenta"}),
    country="IT",
    languages=(),
    place=Place(file="config/partners.yaml"),
)
NEWS = Section(title=Words.of({"en": "News"}), partners=("*",), since_last=True)


class Planning:
    """Planning again and again, each time with the shapes of the time before."""

    def __init__(self, store: StoredMailing, *planned: PlannedIssue) -> None:
        self.store = store
        self.planned = planned
        self.shaped: Mapping[str, Shaped] = {}

    async def plan(self, everything: Sources, *, later: timedelta = timedelta(0)) -> Issue:
        now = NOON - DAY + later
        ahead = [one for one in self.planned if one.due_at > now]
        self.shaped = await follow_plan(
            self.store, ahead, everything, until=now + 60 * DAY, now=now, shaped=self.shaped
        )
        found = await self.store.issue(KEY)
        assert found is not None
        return found


def news(*ids: str, newsletter: Newsletter) -> Sources:
    """Make sources with entries, each first seen a day after the one before."""
    entries = tuple(
        an_entry(id=EntryId(name), title=name, first_seen_at=NOON + (nth - 2) * DAY)
        for nth, name in enumerate(ids)
    )
    configuration = Configuration(lists={FRIENDS: a_list()}, partners={ARGENTA.id: ARGENTA})
    return sources(newsletter, entries=entries, configuration=configuration)


async def test_an_issue_that_says_the_same_keeps_its_shape(store: StoredMailing) -> None:
    planning = Planning(store, a_planned_issue())
    first = await planning.plan(sources(written()))
    shape = planning.shaped[KEY]
    again = await planning.plan(sources(written()), later=timedelta(hours=3))
    assert planning.shaped[KEY] is shape
    assert again == replace(first, gathered_at=NOON - DAY + timedelta(hours=3))
    assert await store.editions(KEY) == shape.editions


@pytest.mark.parametrize("changed", ["words", "name of the list"])
async def test_whatever_changes_is_seen_in_the_shape(store: StoredMailing, changed: str) -> None:
    planning = Planning(store, a_planned_issue())
    first = await planning.plan(sources(written()))
    if changed == "words":
        everything = sources(written("Good day."))
    else:
        renamed = a_list(name=Words.of({"en": "Friends of the mill"}))
        everything = sources(written(), configuration=Configuration(lists={FRIENDS: renamed}))
    again = await planning.plan(everything)
    assert again.content_hash != first.content_hash
    assert await store.editions(KEY) == planning.shaped[KEY].editions


async def test_a_late_issue_takes_in_news_until_the_next_one_is_due(store: StoredMailing) -> None:
    newsletter = a_newsletter(NEWS, approve=Approve.MANUAL)
    june = a_planned_issue(key=JUNE, due_at=LATER, approve=Approve.MANUAL)
    planning = Planning(store, a_planned_issue(approve=Approve.MANUAL), june)
    every = news("one", "two", "three", "four", "five", "six", newsletter=newsletter)
    told = [len((await planning.plan(every, later=days * DAY)).told) for days in range(6)]
    assert told == [2, 3, 4, 5, 5, 5]


async def test_an_issue_that_nobody_approves_is_at_last_left_alone(store: StoredMailing) -> None:
    newsletter = a_newsletter(NEWS, approve=Approve.MANUAL)
    june = a_planned_issue(key=JUNE, due_at=LATER, approve=Approve.MANUAL)
    planning = Planning(store, a_planned_issue(approve=Approve.MANUAL), june)
    await planning.plan(news("one", newsletter=newsletter))
    rest = await planning.plan(news("one", newsletter=newsletter), later=4 * DAY)
    assert (rest.state, rest.reason) == (IssueState.HELD, IssueReason.APPROVAL)
    shape = planning.shaped[KEY]
    # by then there is more news, all of it later than the next issue's moment
    every = news("one", *map(str, range(2, 30)), newsletter=newsletter)
    fresh = tuple(one for one in every.entries if one.id == "one" or one.first_seen_at > LATER)
    assert await planning.plan(replace(every, entries=fresh), later=20 * DAY) == rest
    assert planning.shaped[KEY] is shape


async def test_a_letter_with_a_fault_is_held_with_all_its_faults_and_can_be_looked_at(
    store: StoredMailing,
) -> None:
    planning = Planning(store, a_planned_issue())
    faulty = "Look [here](https://x.example.org) and [https://y.example.org](https://y.example.org)"
    issue = await planning.plan(sources(written(faulty)))
    assert (issue.state, issue.reason) == (IssueState.HELD, IssueReason.WRITING)
    assert "“here” to https://x.example.org does not say where it leads" in issue.note
    assert "“https://y.example.org” are only its address" in issue.note
    assert "[en" in issue.note
    assert [edition.language for edition in await store.editions(KEY)] == list(issue.languages)
    mended = await planning.plan(sources(written("Look at [the mill](https://x.example.org).")))
    assert (mended.state, mended.note) == (IssueState.PENDING, "")


async def test_a_letter_leads_to_the_pages_that_there_are(store: StoredMailing) -> None:
    everything = sources(written())
    for has_archive in (False, True):
        lists = {FRIENDS: a_list(has_archive=has_archive)}
        shaped = await follow_plan(
            store,
            [a_planned_issue()],
            replace(everything, configuration=Configuration(lists=lists)),
            until=NOON + DAY,
            now=NOON - DAY,
            public_url="https://herald.example.org",
        )
        html = shaped[KEY].editions[0].html
        assert PREFERENCES_MARK in html
        assert (f"https://herald.example.org/letters/{KEY}/en" in html) is has_archive


async def test_the_foot_says_who_answers_for_the_readers_data(store: StoredMailing) -> None:
    planning = Planning(store, a_planned_issue())
    await planning.plan(sources(written()))
    assert "EcoHeritage, news@friends.example.org" in planning.shaped[KEY].editions[0].text
    said = a_list(controller=Words.of({"en": "Ecomuseo, Via Roma 1"}))
    await planning.plan(sources(written(), configuration=Configuration(lists={FRIENDS: said})))
    assert "Ecomuseo, Via Roma 1" in planning.shaped[KEY].editions[0].text
