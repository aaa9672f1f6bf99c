"""The public pages: leaving a list, and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from aiohttp.test_utils import TestClient, TestServer

from herald.clock import SetClock
from herald.errors import StoreUnusable
from herald.mailing.letters.issues import issue_of
from herald.mailing.readers.leaving import Leaving
from herald.mailing.readers.lists import find_hash
from herald.mailing.tokens import unsubscribe_token
from herald.model.ids import Language
from herald.model.mailing import (
    Edition,
    RecipientState,
    SubscriptionId,
    SubscriptionState,
    SuppressionReason,
)
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from herald.web.app import create_app, serve
from herald.web.pages import left_page, notice_page, preferred_language, question_page
from tests.mailing.makers import FRIENDS, a_list, a_planned_issue, claim_copy, subscribe
from tests.makers import NOON

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A health report that is as it was made."""

    ok: bool

    def document(self) -> dict[str, Any]:
        return {"ok": self.ok}


@dataclass(slots=True, kw_only=True)
class Site:
    """The application on a store, and the way to it."""

    client: TestClient[Any, Any]
    store: StoredMailing
    token: str

    async def state(self) -> SubscriptionState:
        (person,) = await self.store.subscribers(FRIENDS)
        return person.state


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = await open_store("sqlite:///herald.db", tmp_path)
    try:
        store = StoredMailing(database)
        await subscribe(store, ("ana@friends.example.org", "Ana <Ñ>", "it"))
        (person,) = await store.subscribers(FRIENDS)
        leaving = Leaving(store=store, lists=lambda: {FRIENDS: a_list()}, clock=SetClock(NOON))

        async def health() -> Report:
            return Report(ok=True)

        async with TestClient(TestServer(create_app(health, leaving))) as client:
            token = unsubscribe_token(person.subscription, await store.mailing_key())
            yield Site(client=client, store=store, token=token)
    finally:
        await database.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_only_a_post_changes_anything(site: Site, method: str) -> None:
    answer = await site.client.request(method, f"/u/{site.token}", data=ONE_CLICK)
    assert answer.status in {200, 405}
    assert await site.state() is SubscriptionState.SUBSCRIBED


async def test_the_page_asks_in_the_subscribers_language(site: Site) -> None:
    answer = await site.client.get(f"/u/{site.token}", headers={"Accept-Language": "pl"})
    page = await answer.text()
    assert '<html lang="it" dir="ltr">' in page
    assert "Amici degli ecomusei" in page
    assert "ana@friends.example.org" not in page
    assert "Ñ" not in page


def a_form(kind: str) -> FormData:
    form = FormData(default_to_multipart=kind == "multipart")
    form.add_field("List-Unsubscribe", "One-Click")
    return form


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
async def test_one_click_is_effective_at_once_and_repeats_harmlessly(site: Site, kind: str) -> None:
    for _ in range(2):
        answer = await site.client.post(
            f"/u/{site.token}", data=a_form(kind), allow_redirects=False
        )
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
        assert "Iscrizione annullata" in await answer.text()
        assert await site.state() is SubscriptionState.LEFT


async def test_after_leaving_the_page_says_so_and_asks_nothing(site: Site) -> None:
    await site.client.post(f"/u/{site.token}", data=ONE_CLICK)
    page = await (await site.client.get(f"/u/{site.token}")).text()
    assert "Iscrizione annullata" in page
    assert "<form" not in page


async def test_an_erased_persons_link_still_answers_kindly(site: Site) -> None:

    known = await find_hash(site.store, "ana@friends.example.org")
    await site.store.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    answer = await site.client.post(
        f"/u/{site.token}", data=ONE_CLICK, headers={"Accept-Language": "sl"}
    )
    assert answer.status == 200
    assert "Odjavljeni ste" in await answer.text()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a" * 4000,
        "%00",
        "..%2F..%2Fetc",
        unsubscribe_token(SubscriptionId("ab" * 16), b"another key of 32 bytes........."),
    ],
    ids=["short", "long", "nul", "path", "signed by another"],
)
async def test_a_forged_link_reveals_nothing(site: Site, method: str, token: str) -> None:
    answer = await site.client.request(
        method, f"/u/{token}", data=ONE_CLICK if method == "POST" else None
    )
    assert answer.status == 404
    assert "Friends" not in await answer.text()
    assert await site.state() is SubscriptionState.SUBSCRIBED


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"List-Unsubscribe=No", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"rubbish", "multipart/form-data", 400),
        (b"rubbish", "multipart/form-data; boundary=x", 400),
        (b"\xff\xfe=%ff", "application/x-www-form-urlencoded; charset=utf-8", 400),
        (b"a=1", "application/x-www-form-urlencoded; charset=nonsense", 400),
        (b"x=" + b"y" * 20_000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_a_body_that_is_no_one_click_changes_nothing(
    site: Site, body: bytes, kind: str, status: int
) -> None:
    answer = await site.client.post(f"/u/{site.token}", data=body, headers={"Content-Type": kind})
    assert answer.status == status
    assert await site.state() is SubscriptionState.SUBSCRIBED


async def test_a_copy_that_waits_is_not_sent_to_one_who_left(site: Site) -> None:

    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=Language("en"), subject="s", text="t", html="h")
    await site.store.save_issue(issue, was=None, editions=[edition])
    assert await site.store.freeze_audience(issue, lambda _: Language("en"), now=NOON) == 1
    await site.client.post(f"/u/{site.token}", data=ONE_CLICK)
    progress = await site.store.progress(issue.key)
    assert progress is not None
    assert progress.counts == ((RecipientState.SUPPRESSED, 1),)
    assert (
        await claim_copy(site.store, issue.key, owner="o", now=NOON, lease=timedelta(minutes=1))
        is None
    )


@pytest.mark.parametrize("path", ["/u/x", "/nothing", "/healthz", "/u/", "/"])
async def test_every_answer_is_guarded(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
async def test_health_is_a_colour_and_a_document(site: Site, ok: bool, status: int) -> None:
    async def health() -> Report:
        return Report(ok=ok)

    leaving = Leaving(store=site.store, lists=dict, clock=SetClock(NOON))
    runner = await serve(create_app(health, leaving), "127.0.0.1:0")
    try:
        host, port = runner.addresses[0][:2]
        async with ClientSession() as session, session.get(f"http://{host}:{port}/healthz") as got:
            assert (got.status, await got.json()) == (status, {"ok": ok})
            assert "Python" not in got.headers.get("Server", "")
    finally:
        await runner.cleanup()


async def test_what_breaks_inside_shows_nothing(site: Site) -> None:
    async def health() -> Report:
        raise RuntimeError("secret path /srv")

    leaving = Leaving(store=site.store, lists=dict, clock=SetClock(NOON))
    async with TestClient(TestServer(create_app(health, leaving))) as client:
        answer = await client.get("/healthz")
        assert answer.status == 500
        assert "secret" not in await answer.text()


async def test_health_is_bad_while_the_store_cannot_even_be_read(site: Site) -> None:
    async def health() -> Report:
        raise StoreUnusable("/srv/secret/herald.db: the disk is full")

    leaving = Leaving(store=site.store, lists=dict, clock=SetClock(NOON))
    async with TestClient(TestServer(create_app(health, leaving))) as client:
        answer = await client.get("/healthz")
        assert answer.status == 503
        told = await answer.json()
        assert told["ok"] is False
        assert "its log says why" in told["store"]
        assert "secret" not in told["store"]


async def test_figures_say_that_all_is_not_well_while_the_store_cannot_be_read(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def unread() -> Any:
        raise StoreUnusable("/srv/secret/herald.db: the disk is full")

    leaving = Leaving(store=site.store, lists=dict, clock=SetClock(NOON))
    app = create_app(unread, leaving, figures=unread)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/metrics")
        told = await answer.text()
    assert answer.status == 200, "Prometheus keeps nothing of any other answer"
    assert "\nherald_ok 0\n" in told
    assert "herald_build_info" in told, "its absence means that Herald is down"
    assert "secret" not in told
    assert caplog.text == "", "the log is no place to tell it at every question"


async def test_a_page_that_needs_the_store_is_told_in_one_line_while_it_is_away(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        async def look(self, token: str) -> Any:
            raise StoreUnusable("/srv/secret/herald.db: the disk is full")

        async def leave(self, token: str) -> Any:
            raise StoreUnusable("/srv/secret/herald.db: the disk is full")

    async def health() -> Any:
        raise AssertionError

    async with TestClient(TestServer(create_app(health, Away()))) as client:
        answer = await client.get("/u/token")
        assert answer.status == 503
        assert "secret" not in await answer.text()
    assert [each.exc_info for each in caplog.records] == [None]


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    "page",
    [
        question_page(Language("pl"), '"><script>x</script>'),
        left_page(Language("de"), "<b>"),
        left_page(Language("et"), ""),
        *(
            notice_page(Language("fr"), name)
            for name in ("unknown", "unclear", "missing", "broken")
        ),
    ],
)
def test_a_page_is_accessible_and_runs_nothing(page: str) -> None:
    tags = _Tags(page).seen
    names = [name for name, _ in tags]
    assert dict(tags)["html"]["lang"] in {"pl", "de", "en", "fr"}
    assert names.count("h1") == names.count("title") == names.count("main") == 1
    assert not {"script", "img", "link", "b", "iframe"} & set(names)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("it", "it"),
        ("et, sl;q=0.8, en;q=0.9", "en"),
        ("pt-BR,pt;q=0.9", "pt"),
        ("it;q=0, es", "es"),
        ("*", "en"),
        ("it;q=x,;;;==,", "en"),
        ("de;q=0.1, fr;q=0.2", "fr"),
    ],
)
def test_the_readers_language_is_understood(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language
