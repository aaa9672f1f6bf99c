"""GET and HEAD change nothing, on any page that Herald serves to the world."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from herald import daemon
from herald.app import App, open_app
from herald.clock import SetClock
from herald.mailing.readers.lists import find_hash
from herald.mailing.tokens import (
    confirm_token,
    owner_token,
    preferences_token,
    unsubscribe_token,
)
from herald.model.ids import Language, ListId
from herald.model.joining import CameFrom, SignUpId
from herald.model.preferences import LinkId
from herald.store.mailing_tables import preference_link, sign_up
from herald.store.tables import metadata
from tests.mailing.makers import subscribe
from tests.makers import NOON

ANA = "ana@example.org"
LISTS = """\
friends:
  name: {en: Friends}
  from: {name: EcoHeritage, address: news@example.org}
  languages: [en]
  subscribe: open
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    web_settings = 'web: {public_url: "https://herald.example.org", listen: "127.0.0.1:0"}\n'
    for name, text in {
        "config/lists.yaml": LISTS,
        "config/channels.yaml": "{}\n",
        "config/herald.yaml": web_settings,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    async with open_app(tmp_path, SetClock(NOON)) as opened:
        await subscribe(opened.mailing_store, (ANA, "Ana", "en"), list_id=ListId("friends"))
        yield opened


async def all_rows(app: App) -> dict[str, list[Any]]:
    """Return every row of every table."""
    rows = {}
    async with app.database.reading() as connection:
        for table in metadata.sorted_tables:
            found = [tuple(row) for row in await connection.execute(select(table))]
            rows[table.name] = sorted(found, key=repr)
    return rows


async def tokens(app: App) -> list[str]:
    """Return a genuine token of every sort, each of which could do something."""
    people = app.mailing_store
    known = await find_hash(people, ANA)
    (tie,) = await people.find_subscriptions(known)
    friends = app.joining.open_list("friends")
    assert friends is not None
    language = Language("en")
    await app.joining.ask(friends, "bo@example.org", language, came_from=CameFrom.PAGE, network="")
    await app.preferences.ask(ANA, language, network="")
    claimed = await app.preference_store.claim_link(now=NOON)
    assert claimed is not None
    await app.preference_store.link_sent(claimed, now=NOON)
    async with app.database.reading() as connection:
        request = await connection.scalar(select(sign_up.c.id))
        link = await connection.scalar(select(preference_link.c.id))
    key = await people.mailing_key()
    return [
        unsubscribe_token(tie, key),
        preferences_token(tie, key),
        confirm_token(SignUpId(str(request)), key),
        owner_token(LinkId(str(link)), key),
    ]


@asynccontextmanager
async def served(app: App) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(daemon.pages_of(app))) as client:
        yield client


def paths(pages: web.Application, words: list[str]) -> set[str]:
    """Return every way to fill in every path that the application knows."""
    found = set()
    for route in pages.router.routes():
        assert route.resource is not None
        pattern = route.resource.canonical
        for word in words:
            found.add(re.sub(r"\{[^}]*\}", word, pattern))
    return found


async def test_reading_changes_nothing_on_any_page(app: App) -> None:
    words = [*await tokens(app), "friends", "x"]
    before = await all_rows(app)
    pages = daemon.pages_of(app)
    every = paths(pages, words)
    assert {"/p", "/lists/friends", f"/u/{words[0]}", f"/p/{words[3]}/data"} <= every
    async with served(app) as client:
        seen = set()
        for path in sorted(every):
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = await client.request(
                    method,
                    path,
                    params={"leave": "friends", "erase": "yes", "sure": "yes", "email": ANA},
                    data={"List-Unsubscribe": "One-Click", "leave-all": "yes", "erase": "yes"},
                )
                assert answer.status < 500 or path == "/healthz", (method, path)
                seen.add((method, answer.status))
    assert ("GET", 200) in seen
    await asyncio.sleep(0)
    assert await all_rows(app) == before


async def test_the_same_walk_would_notice_a_change(app: App) -> None:
    token, *_ = await tokens(app)
    before = await all_rows(app)
    async with served(app) as client:
        await client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
    assert await all_rows(app) != before
