"""Agreeing to an issue on a page: exactly what was shown, by whoever has the link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from herald.clock import SetClock
from herald.mailing.letters.approving import (
    WORKS_AFTER,
    Approving,
    approval_token,
    approving_words,
    read_approval_token,
)
from herald.mailing.readers.leaving import Leaving
from herald.mailing.tokens import preferences_token, unsubscribe_token
from herald.model.configuration import MailingList
from herald.model.ids import CampaignId, Language, ListId
from herald.model.mailing import Edition, Issue, IssueReason, IssueState, SubscriptionId
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from herald.web.app import create_app
from tests.mailing.makers import EN, FRIENDS, IT, a_list
from tests.makers import NOON

PUBLIC = "https://herald.example.org"
KEY = "stories/monthly/2027-05-10"
EDITIONS = (
    Edition(language=EN, subject="May & <b>more</b>", text="Hello.", html="<p>Hello, dear.</p>"),
    Edition(language=IT, subject="Maggio", text="Ciao.", html='<p class="x">Ciao a tutti.</p>'),
)


def an_issue(**changes: Any) -> Issue:
    values: dict[str, Any] = {
        "key": KEY,
        "campaign": CampaignId("stories"),
        "newsletter": "monthly",
        "list": FRIENDS,
        "local_date": date(2027, 5, 10),
        "zone": "Europe/Rome",
        "due_at": NOON + timedelta(days=2),
        "needs_approval": True,
        "state": IssueState.HELD,
        "reason": IssueReason.APPROVAL,
        "content_hash": "a" * 64,
        "languages": (EN, IT),
        "gathered_at": NOON,
    }
    return Issue(**(values | changes))


@dataclass(slots=True, kw_only=True)
class Site:
    """The public pages on a store, and a clock to be moved."""

    client: TestClient[Any, Any]
    store: StoredMailing
    approving: Approving
    clock: SetClock

    async def put(self, **changes: Any) -> Issue:
        issue = an_issue(**changes)
        assert await self.store.save_issue(issue, was=None, editions=EDITIONS)
        return issue

    async def change(self, **changes: Any) -> Issue:
        was = await self.store.issue(KEY)
        assert was is not None
        changed = replace(was, **changes)
        assert await self.store.save_issue(changed, was=was)
        return changed

    async def path(self) -> str:
        return (await self.approving.link(KEY)).removeprefix(PUBLIC)

    async def get(self, path: str, language: str = "en") -> tuple[int, str]:
        answer = await self.client.get(path, headers={"Accept-Language": language})
        return answer.status, await answer.text()

    async def press(self, path: str) -> tuple[int, str]:
        answer = await self.client.post(path)
        return answer.status, await answer.text()

    async def state(self) -> IssueState:
        issue = await self.store.issue(KEY)
        assert issue is not None
        return issue.state


def lists() -> dict[ListId, MailingList]:
    return {FRIENDS: a_list()}


@pytest.fixture
async def site(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    database = await open_store(sqlite_url, tmp_path)
    store, clock = StoredMailing(database), SetClock(NOON)
    approving = Approving(store=store, lists=lists, public_url=PUBLIC + "/", clock=clock)

    async def health() -> Any:
        raise AssertionError

    leaving = Leaving(store=store, lists=dict, clock=clock)
    app = create_app(health, leaving, approving=approving)
    try:
        async with TestClient(TestServer(app)) as client:
            yield Site(client=client, store=store, approving=approving, clock=clock)
    finally:
        await database.close()


async def test_looking_shows_every_edition_and_changes_nothing(site: Site) -> None:
    was = await site.put()
    path = await site.path()
    for _ in range(3):
        status, page = await site.get(path)
    assert (await site.client.head(path)).status == 200

    assert status == 200
    assert f"Friends of ecomuseums, Monday, 10 May 2027 ({KEY})" in page
    assert page.count("<iframe") == 2
    assert 'sandbox srcdoc="&lt;p&gt;Hello, dear.&lt;/p&gt;"' in page
    assert "<pre" in page
    assert "<b>more" not in page
    assert await site.store.issue(KEY) == was


async def test_the_button_approves_and_says_when_it_goes_out(site: Site) -> None:
    await site.put()
    path = await site.path()
    page = (await site.get(path))[1]
    assert re.findall(r'<form method="post"><button type="submit">([^<]+)</button></form>', page)

    for _ in range(2):
        status, page = await site.press(path)
        assert (status, "Approved" in page) == (200, True)
        assert await site.state() is IssueState.PENDING
    assert "Approved" in (await site.get(path))[1]
    issue = await site.store.issue(KEY)
    assert issue is not None
    assert (issue.approved, issue.approved_at) == ("a" * 64, NOON)


async def test_what_has_changed_since_is_not_approved_and_the_new_is_a_click_away(
    site: Site,
) -> None:
    await site.put()
    old = await site.path()
    await site.change(content_hash="b" * 64)

    for _, page in (await site.get(old), await site.press(old)):
        assert "It has changed since" in page
        assert "<form" not in page
        assert await site.state() is IssueState.HELD
    newer = re.search(r'<p><a href="([^"]+)">', page)
    assert newer is not None
    status, page = await site.press(f"/approve/{newer[1]}")
    assert (status, "Approved" in page) == (200, True)
    assert await site.state() is IssueState.PENDING


async def test_an_issue_that_changes_between_the_look_and_the_word_stays_held(site: Site) -> None:
    was = await site.put()
    path = await site.path()
    proposal = await site.approving.look(path.removeprefix("/approve/"))
    assert proposal is not None
    changed = await site.change(note="it has changed")

    assert not await site.store.save_issue(replace(was, state=IssueState.PENDING), was=was)
    assert await site.store.issue(KEY) == changed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": IssueState.SENDING, "reason": None}, "It is on its way"),
        ({"state": IssueState.SENT, "reason": None}, "It is on its way"),
        ({"state": IssueState.CANCELLED, "reason": None}, "It will not be sent"),
        ({"reason": IssueReason.WRITING, "note": "editorial is not written"}, "editorial is not"),
        ({"content_hash": "", "state": IssueState.PENDING, "reason": None}, "It is not complete"),
    ],
)
async def test_nothing_but_what_waits_is_approved(
    site: Site, changes: dict[str, Any], told: str
) -> None:
    await site.put()
    path = await site.path()
    changed = await site.change(**changes)

    for status, page in (await site.get(path), await site.press(path)):
        assert (status, told in page, "<form" in page) == (200, True, False)
    assert await site.store.issue(KEY) == changed


async def test_a_late_issue_is_said_to_go_out_at_once(site: Site) -> None:
    await site.put(reason=IssueReason.LATE, needs_approval=False, due_at=NOON - timedelta(days=2))
    path = await site.path()

    assert "goes out at once" in (await site.get(path))[1]
    await site.press(path)
    assert await site.state() is IssueState.PENDING


async def test_a_link_that_is_forged_or_too_old_or_for_something_else_opens_nothing(
    site: Site,
) -> None:
    issue = await site.put()
    path = await site.path()
    key, subscription = await site.store.mailing_key(), SubscriptionId("0" * 32)
    wrong = [
        path[:-10] + ("A" if path[-10] != "A" else "B") + path[-9:],
        path[:-10],
        "/approve/x",
        "/approve/" + "A" * 3000,
        "/approve/%00",
        f"/approve/{unsubscribe_token(subscription, key)}",
        f"/approve/{preferences_token(subscription, key)}",
        f"/approve/{approval_token(issue, b'another key')}",
        f"/approve/{approval_token(replace(issue, key='no/such/issue'), key)}",
        f"/u/{path.removeprefix('/approve/')}",
    ]
    for one in wrong:
        assert (await site.get(one))[0] == 404, one
        await site.press(one)
        assert await site.state() is IssueState.HELD, one

    site.clock.jump(issue.due_at + WORKS_AFTER)
    assert (await site.get(path))[0] == 200
    site.clock.jump(issue.due_at + WORKS_AFTER + timedelta(seconds=1))
    assert (await site.get(path))[0] == 404
    assert (await site.press(path))[0] == 404


async def test_the_page_tells_nobody_of_itself(site: Site) -> None:
    await site.put()
    answer = await site.client.get(await site.path())

    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"state": IssueState.PENDING, "reason": None},
        {"reason": IssueReason.WRITING},
        {"state": IssueState.SENT, "reason": None},
    ],
)
async def test_there_is_a_link_only_where_somebody_is_asked(
    site: Site, changes: dict[str, Any]
) -> None:
    await site.put(**changes)

    assert await site.approving.link(KEY) == ""
    assert await site.approving.link("no/such/issue") == ""


async def test_without_a_public_address_there_is_no_link(site: Site) -> None:
    await site.put()

    assert (
        await Approving(store=site.store, lists=lists, public_url="", clock=site.clock).link(KEY)
        == ""
    )


async def test_the_page_speaks_the_officers_language(site: Site) -> None:
    await site.put()

    assert '<html lang="it" dir="ltr">' in (await site.get(await site.path(), "it, en"))[1]
    assert '<html lang="en" dir="ltr">' in (await site.get(await site.path(), "tlh"))[1]


def test_every_language_says_everything() -> None:
    for tag in ("en", "it", "es", "sl", "pl", "de", "fr", "pt"):
        say = approving_words(Language(tag))
        assert set(say) == set(approving_words(EN))
        assert all(say[word].count("{issue}") == 1 for word in say if word in _NAMED)
        assert tag == "en" or say["covers"] != approving_words(EN)["covers"]


_NAMED = {f"{word}_text" for word in ("open", "late", "approved", "changed", "started", "closed")}


def test_a_token_is_the_same_every_time_and_holds_what_it_was_made_for() -> None:
    issue = an_issue()
    token = approval_token(issue, b"key")

    assert token == approval_token(issue, b"key")
    assert read_approval_token(token, b"key", now=NOON) == (KEY, "a" * 64)
