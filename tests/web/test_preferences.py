"""Preferences on the web: what a letter's link may do, and what only a fresh link may."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from herald.clock import SetClock
from herald.mailing.phrases import letter_languages
from herald.mailing.readers.joining import Joining
from herald.mailing.readers.leaving import Leaving
from herald.mailing.readers.lists import find_hash
from herald.mailing.readers.preference_words import preference_words
from herald.mailing.readers.preferences import Preferences
from herald.mailing.tokens import (
    confirm_token,
    owner_token,
    preferences_token,
    unsubscribe_token,
)
from herald.model.ids import ListId
from herald.model.joining import SignUpId
from herald.model.mailing import (
    Deferred,
    MailServer,
    Rejected,
    SubscriptionState,
    SuppressionReason,
    Uncertain,
)
from herald.model.preferences import LinkId
from herald.model.words import Words
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_joining import StoredJoining
from herald.store.mailing_preferences import StoredPreferences
from herald.store.mailing_tables import preference_link, subscriber
from herald.web.app import create_app
from herald.web.preferences import add_preference_routes
from tests.mailing.makers import EN, FRIENDS, IT, PostOffice, a_list, subscribe
from tests.makers import NOON

ANA, BO = "ana@friends.example.org", "bo@friends.example.org"
PUBLIC = "https://herald.example.org"
OPEN, CLOSED, OTHER = ListId("open"), ListId("closed"), ListId("other")


@dataclass(slots=True, kw_only=True)
class Site:
    """The pages on a store, the post office, and a clock to be moved."""

    client: TestClient[Any, Any]
    people: StoredMailing
    preferences: Preferences
    joining: Joining
    store: StoredPreferences
    database: Store
    office: PostOffice
    clock: SetClock

    async def letter_link(self, address: str = ANA) -> str:
        """Return the link that stands in every letter."""
        known = await find_hash(self.people, address)
        first, *_ = await self.people.find_subscriptions(known)
        return f"/p/{preferences_token(first, await self.people.mailing_key())}"

    async def fresh_link(self, address: str = ANA) -> str:
        """Ask for a link, and return the one that was mailed."""
        await self.ask(address)
        ((_, mail),) = await self.send()
        return link_in(mail)

    async def ask(self, address: str, **headers: str) -> tuple[int, str]:
        answer = await self.client.post("/p", data={"email": address}, headers=headers)
        return answer.status, await answer.text()

    async def post(self, link: str, **fields: str) -> tuple[int, str]:
        said = {name.replace("_", "-"): value for name, value in fields.items()}
        answer = await self.client.post(link, data=said)
        return answer.status, await answer.text()

    async def get(self, link: str) -> tuple[int, str]:
        answer = await self.client.get(link)
        return answer.status, await answer.text()

    async def send(self) -> list[tuple[str, bytes]]:
        before = len(self.office.mails)
        await self.preferences.send_owed(asyncio.Event())
        return self.office.mails[before:]

    async def states(self, address: str = ANA) -> dict[str, str]:
        reader = await self.store.reader(await find_hash(self.people, address))
        return {str(tie.list): tie.state.value for tie in reader.ties} if reader else {}


def link_in(mail: bytes) -> str:
    read = email.message_from_bytes(mail, policy=email.policy.default)
    found = re.search(rf"{PUBLIC}(/p/\S+)", read.get_content())
    assert found is not None
    return found[1]


@pytest.fixture
async def site(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    database = await open_store(sqlite_url, tmp_path)
    lists = {
        FRIENDS: a_list(),
        OTHER: a_list(id=OTHER, name=Words.of({"en": "Other <i>things</i>"})),
        OPEN: a_list(id=OPEN, name=Words.of({"en": "Open letters"}), is_open=True),
        CLOSED: a_list(id=CLOSED, name=Words.of({"en": "Board only"})),
    }
    people, office, clock = StoredMailing(database), PostOffice(), SetClock(NOON)
    joining = Joining(
        store=StoredJoining(database),
        mailing_key=people.mailing_key,
        lists=lambda: lists,
        server=MailServer(),
        public_url=PUBLIC,
        clock=clock,
        mailer=lambda _: office,
    )
    store = StoredPreferences(database)
    preferences = Preferences(
        store=store,
        people=people,
        joining=joining,
        lists=lambda: lists,
        mailer=lambda: office,
        public_url=PUBLIC,
        clock=clock,
    )

    async def health() -> Any:
        raise AssertionError

    leaving = Leaving(store=people, lists=lambda: lists, clock=clock)
    app = create_app(health, leaving, joining=joining)
    add_preference_routes(app, preferences, client_header="X-Forwarded-For")
    for list_id in (FRIENDS, OTHER):
        await subscribe(people, (ANA, "Ana", "en"), list_id=list_id)
    try:
        async with TestClient(TestServer(app)) as client:
            yield Site(
                client=client,
                people=people,
                preferences=preferences,
                joining=joining,
                store=store,
                database=database,
                office=office,
                clock=clock,
            )
    finally:
        await database.close()


async def test_a_letters_link_shows_lists_and_hides_the_address(site: Site) -> None:
    status, page = await site.get(await site.letter_link())
    assert status == 200
    assert "Friends of ecomuseums" in page
    assert "Other &lt;i&gt;things" in page
    assert "Open letters" in page
    assert "Board only" not in page, "a closed list is not named to those who are not on it"
    assert ANA not in page
    assert "Ana<" not in page
    assert "a…@friends.example.org" in page
    assert 'name="erase"' not in page
    assert "/data" not in page


async def test_language_and_zone_are_changed_and_the_page_follows(site: Site) -> None:
    link = await site.letter_link()
    for _ in range(2):
        status, page = await site.post(link, save="yes", language="it", zone="Europe/Rome")
        assert (status, "Salvato." in page, 'lang="it" dir="ltr"' in page) == (200, True, True)
    reader = await site.store.reader(await find_hash(site.people, ANA))
    assert reader is not None
    assert (reader.language, reader.zone) == (IT, "Europe/Rome")


@pytest.mark.parametrize(
    ("language", "zone"),
    [("xx", "Mars/Base"), ("", "../../etc/passwd"), ("it\r\nBcc: x", "Europe/Rome\x00")],
)
async def test_what_is_not_offered_is_not_taken(site: Site, language: str, zone: str) -> None:
    await site.post(await site.letter_link(), save="yes", language=language, zone=zone)
    reader = await site.store.reader(await find_hash(site.people, ANA))
    assert reader is not None
    assert (reader.language, reader.zone) == (EN, "")


async def test_one_list_is_left_or_all_and_twice_is_as_once(site: Site) -> None:
    link = await site.letter_link()
    for _ in range(2):
        status, page = await site.post(link, leave="friends")
        assert (status, "You have left “Friends of ecomuseums”." in page) == (200, True)
        assert await site.states() == {"friends": "left", "other": "subscribed"}
    for _ in range(2):
        await site.post(link, leave_all="yes")
        assert await site.states() == {"friends": "left", "other": "left"}


async def test_a_list_that_is_not_the_readers_is_not_left_and_a_closed_one_not_joined(
    site: Site,
) -> None:
    link = await site.letter_link()
    await subscribe(site.people, (BO, "Bo", "en"), list_id=CLOSED)
    for fields in ({"leave": "closed"}, {"join": "closed"}, {"leave": "nothing"}, {}):
        status, _ = await site.post(link, **fields)
        assert status == 200
    assert await site.states(BO) == {"closed": "subscribed"}
    await site.joining.send_owed(asyncio.Event())
    assert site.office.mails == []
    assert await site.states() == {"friends": "subscribed", "other": "subscribed"}


async def test_joining_by_a_forwarded_link_only_asks_the_owner(site: Site) -> None:
    status, page = await site.post(await site.letter_link(), join="open")
    assert (status, "Once you have confirmed" in page) == (200, True)
    assert "open" not in await site.states()
    await site.joining.send_owed(asyncio.Event())
    assert [to for to, _ in site.office.mails] == [ANA]


async def test_a_letters_link_neither_reveals_nor_destroys(site: Site) -> None:
    link = await site.letter_link()
    status, page = await site.get(f"{link}/data")
    assert (status, ANA in page) == (404, False)
    await site.post(link, erase="yes", sure="yes")
    assert await site.states() == {"friends": "subscribed", "other": "subscribed"}


async def test_the_owner_sees_everything_by_a_link_that_was_mailed(site: Site) -> None:
    status, page = await site.post(await site.letter_link(), send_link="yes")
    assert (status, "on its way to your address" in page) == (200, True)
    ((to, mail),) = await site.send()
    assert to == ANA
    fresh = link_in(mail)
    _, page = await site.get(fresh)
    assert ANA not in page
    assert f'href="{fresh}/data"' in page

    answer = await site.client.get(f"{fresh}/data")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    document = json.loads(await answer.text())
    assert document["person"]["address"] == ANA
    assert [one["list"] for one in document["subscriptions"]] == ["friends", "other"]
    assert document["requests"][0]["for"] == "a link to the preferences"


async def test_a_fresh_link_works_for_an_hour(site: Site) -> None:
    fresh = await site.fresh_link()
    site.clock.advance(timedelta(minutes=59))
    assert (await site.get(f"{fresh}/data"))[0] == 200
    site.clock.advance(timedelta(minutes=1))
    for link in (fresh, f"{fresh}/data"):
        assert (await site.get(link))[0] == 404
    await site.post(fresh, erase="yes", sure="yes")
    assert await site.states() != {}
    await site.send()
    async with site.database.reading() as connection:
        assert (await connection.execute(select(preference_link))).all() == []


async def test_erasing_wants_a_tick_and_leaves_a_fingerprint_alone(site: Site) -> None:
    fresh = await site.fresh_link()
    status, page = await site.post(fresh, erase="yes")
    assert (status, "Nothing was erased" in page) == (200, True)
    status, page = await site.post(fresh, erase="yes", sure="yes")
    assert (status, "Everything is erased" in page) == (200, True)
    assert (await site.post(fresh, erase="yes", sure="yes"))[0] == 404
    assert await site.states() == {}
    async with site.database.reading() as connection:
        for table in (subscriber, preference_link):
            assert (await connection.execute(select(table))).all() == []
    report = await subscribe(site.people, (ANA, "Ana", "en"))
    assert "was erased" in report.rows[0].why


async def test_every_address_gets_the_same_answer_and_only_readers_a_mail(site: Site) -> None:
    await subscribe(site.people, ("cy@friends.example.org", "", "it"))
    known = await find_hash(site.people, "cy@friends.example.org")
    await site.people.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    answers = {await site.ask(to) for to in (ANA, BO, "cy@friends.example.org", ANA.upper())}
    assert len(answers) == 1
    assert [to for to, _ in await site.send()] == [ANA]
    async with site.database.reading() as connection:
        kept = (await connection.execute(select(preference_link.c.address))).scalars().all()
    assert kept == [ANA], "an address of nobody is forgotten as soon as it is looked at"


async def test_the_mail_speaks_the_readers_language_whoever_asks(site: Site) -> None:
    await site.post(await site.letter_link(), save="yes", language="it", zone="")
    await site.ask(ANA, **{"Accept-Language": "de"})
    ((_, mail),) = await site.send()
    read = email.message_from_bytes(mail, policy=email.policy.default)
    assert read["Content-Language"] == "it"
    assert read["Subject"] == "Il tuo collegamento: cambia o lascia le tue lettere"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["From"].addresses[0].addr_spec == "news@friends.example.org"


async def test_nobody_gets_many_links_whatever_strangers_ask(site: Site) -> None:
    sent = 0
    for _ in range(60):
        for _ in range(3):
            assert (await site.ask(ANA))[0] == 200
            sent += len(await site.send())
        site.clock.advance(timedelta(hours=12))
    assert 10 <= sent <= 20, "ten in a month, of which two may be touched"


async def test_one_part_of_the_internet_is_told_to_wait(site: Site) -> None:
    for number in range(20):
        here = f"192.0.2.{number}"
        assert (await site.ask(f"p{number}@example.org", **{"X-Forwarded-For": here}))[0] == 200
    answer = await site.client.post(
        "/p", data={"email": ANA}, headers={"X-Forwarded-For": "192.0.2.99"}
    )
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")
    assert (await site.ask(ANA, **{"X-Forwarded-For": "203.0.113.7"}))[0] == 200


@pytest.mark.parametrize(
    "written", ["", "ana", "a\r\nBcc: x@y.org@z.org", "x" * 9000, 'a"><script>@example.org']
)
async def test_what_is_no_address_is_said_beside_the_field(site: Site, written: str) -> None:
    status, page = await site.ask(written)
    assert (status, 'aria-invalid="true"' in page, "<script" in page) == (422, True, False)


async def test_what_fills_the_trap_gets_no_mail(site: Site) -> None:
    honest = await site.ask(BO)
    answer = await site.client.post("/p", data={"email": ANA, "website": "x"})
    assert (answer.status, await answer.text()) == honest
    assert await site.send() == []


@pytest.mark.parametrize(
    ("answer", "again"),
    [(Deferred("later"), 1), (Rejected("no", 550), 0), (Uncertain("no answer"), 0)],
    ids=["deferred", "rejected", "uncertain"],
)
async def test_a_link_is_sent_again_only_if_it_was_surely_not_taken(
    site: Site, answer: Any, again: int
) -> None:
    site.office.answers = [answer]
    await site.ask(ANA)
    assert await site.send() == []
    site.clock.advance(timedelta(minutes=5))
    assert len(await site.send()) == again


async def test_a_crash_while_sending_costs_the_mail_and_never_doubles_it(site: Site) -> None:
    await site.ask(ANA)
    assert await site.store.claim_link(now=NOON) is not None
    assert await site.send() == []
    await site.ask(ANA)
    assert await site.send() == [], "it may be on its way"
    site.clock.advance(timedelta(hours=1))
    await site.ask(ANA)
    assert len(await site.send()) == 1


async def test_a_token_serves_its_purpose_alone(site: Site) -> None:
    key = await site.people.mailing_key()
    known = await find_hash(site.people, ANA)
    tie, *_ = await site.people.find_subscriptions(known)
    stranger = b"another key of 32 bytes........."
    letter = preferences_token(tie, key)
    for token in (
        unsubscribe_token(tie, key),
        confirm_token(SignUpId(tie), key),
        owner_token(LinkId(tie), key),
        preferences_token(tie, stranger),
        letter[:-1],
        letter + "a",
        letter.swapcase(),
        "x" * 5000,
        "%00",
        "é",
    ):
        for path in (f"/p/{token}", f"/p/{token}/data"):
            assert (await site.get(path))[0] == 404
        assert (await site.post(f"/p/{token}", leave_all="yes"))[0] == 404
    for path in (f"/u/{letter}", f"/join/{letter}"):
        assert (await site.get(path))[0] == 404
    await site.client.post(f"/u/{letter}", data={"List-Unsubscribe": "One-Click"})
    assert set((await site.states()).values()) == {SubscriptionState.SUBSCRIBED.value}


@pytest.mark.parametrize("path", ["/p", "/p/x", "/p/x/data"])
async def test_every_page_is_guarded(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in await answer.text()


def test_every_language_has_all_words_with_the_same_places() -> None:
    english = preference_words(EN)
    for tag in set(letter_languages()) - {EN}:
        own = preference_words(tag)
        assert {name for name in english if own[name] == english[name]} == set(), tag
        for name, text in english.items():
            assert sorted(re.findall(r"{\w+}", own[name])) == sorted(re.findall(r"{\w+}", text))
