"""Joining a list on the web: who asks, what is answered, and what changes."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from herald.clock import SetClock
from herald.mailing.phrases import letter_languages
from herald.mailing.readers.joining import Joining
from herald.mailing.readers.joining_words import joining_words, language_to
from herald.mailing.readers.leaving import Leaving
from herald.mailing.readers.lists import find_hash
from herald.mailing.tokens import confirm_token, unsubscribe_token
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.joining import SignUpId
from herald.model.mailing import (
    Deferred,
    MailServer,
    Rejected,
    SubscriptionId,
    SuppressionReason,
    Uncertain,
)
from herald.model.words import Words
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_joining import StoredJoining
from herald.web.app import create_app
from herald.web.joining import network_of
from tests.mailing.makers import EN, FRIENDS, IT, PostOffice, a_list, subscribe
from tests.makers import NOON

ANA, BO = "ana@friends.example.org", "bo@friends.example.org"
PUBLIC = "https://herald.example.org"
SECRETS = ListId("secrets")


@dataclass(slots=True, kw_only=True)
class Site:
    """The application on a store, the post office, and a clock to be moved."""

    client: TestClient[Any, Any]
    people: StoredMailing
    joining: Joining
    store: StoredJoining
    database: Store
    office: PostOffice
    clock: SetClock
    lists: dict[ListId, MailingList] = field(default_factory=dict)

    async def ask(self, address: str = ANA, **fields: str) -> tuple[int, str]:
        answer = await self.client.post("/lists/friends", data={"email": address, **fields})
        return answer.status, await answer.text()

    async def send(self) -> list[tuple[str, bytes]]:
        before = len(self.office.mails)
        await self.joining.send_owed(asyncio.Event())
        return self.office.mails[before:]

    async def link(self, address: str = ANA) -> str:
        await self.ask(address)
        ((_, mail),) = await self.send()
        return link_in(mail)

    async def button(self, path: str) -> tuple[int, str]:
        page = await (await self.client.get(path)).text()
        found = re.search(r'name="text" value="([0-9a-f]{64})"', page)
        answer = await self.client.post(path, data={"text": found[1] if found else ""})
        return answer.status, await answer.text()

    async def addresses(self) -> list[str]:
        found = await self.people.subscribers(FRIENDS)
        return [one.address for one in found if one.state == "subscribed"]


def link_in(mail: bytes) -> str:
    read = email.message_from_bytes(mail, policy=email.policy.default)
    found = re.search(rf"{PUBLIC}(/join/\S+)", read.get_content())
    assert found is not None
    return found[1]


@pytest.fixture
async def site(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    database = await open_store(sqlite_url, tmp_path)
    lists = {
        FRIENDS: a_list(
            is_open=True,
            controller=Words.of({"en": "EcoHeritage, Via Roma 1, Argenta"}),
            privacy=Words.of({"en": "https://example.org/privacy?a=1&b=2"}),
        ),
        SECRETS: a_list(id=SECRETS),
    }
    people, store, office = StoredMailing(database), StoredJoining(database), PostOffice()
    clock = SetClock(NOON)
    joining = Joining(
        store=store,
        mailing_key=people.mailing_key,
        lists=lambda: lists,
        server=MailServer(),
        public_url=PUBLIC,
        clock=clock,
        mailer=lambda _: office,
    )

    async def health() -> Any:
        raise AssertionError

    app = create_app(
        health,
        Leaving(store=people, lists=lambda: lists, clock=clock),
        joining=joining,
        client_header="X-Forwarded-For",
    )
    try:
        async with TestClient(TestServer(app)) as client:
            yield Site(
                client=client,
                people=people,
                joining=joining,
                store=store,
                database=database,
                office=office,
                clock=clock,
                lists=lists,
            )
    finally:
        await database.close()


async def test_somebody_joins_by_form_mail_and_button(site: Site) -> None:
    assert (await site.ask(language="it"))[0] == 200
    ((recipient, mail),) = await site.send()
    read = email.message_from_bytes(mail, policy=email.policy.default)
    assert (recipient, read["To"]) == (ANA, ANA)
    assert read["Subject"] == "Conferma, per favore: Amici degli ecomusei"
    assert (read["Auto-Submitted"], read["Content-Language"]) == ("auto-generated", "it")
    assert read["List-Unsubscribe"] is None, "whoever reads it is on no list"
    assert await site.addresses() == []

    status, page = await site.button(link_in(mail))
    assert (status, "Iscrizione confermata" in page) == (200, True)
    assert await site.addresses() == [ANA]
    known = await find_hash(site.people, ANA)
    (proof,) = await site.store.proofs(known)
    assert proof.message_id == read["Message-ID"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_only_the_button_joins(site: Site, method: str) -> None:
    link = await site.link()
    answer = await site.client.request(method, link, data={"text": "x"})
    assert answer.status in {200, 405}
    assert await site.addresses() == []
    get = await site.client.request(method, "/lists/friends", params={"email": BO})
    assert get.status in {200, 405}
    assert await site.send() == []


async def test_every_address_gets_the_same_answer_and_a_mail(site: Site) -> None:
    await subscribe(
        site.people, *((f"{name}@friends.example.org", "", "en") for name in ("ana", "bo", "cy"))
    )
    (_, left, erased) = await site.people.subscribers(FRIENDS)
    await site.people.leave(left.subscription, now=NOON)
    await site.people.erase(
        await find_hash(site.people, erased.address), reason=SuppressionReason.ERASED, now=NOON
    )
    answers = {
        await site.ask(f"{name}@friends.example.org") for name in ("ana", "bo", "cy", "new", "new")
    }
    assert len(answers) == 1
    mails = await site.send()
    assert sorted(to.partition("@")[0] for to, _ in mails) == ["ana", "bo", "cy", "new"]
    assert await site.addresses() == [ANA]


async def test_nobody_gets_many_mails_whatever_strangers_ask(site: Site) -> None:
    sent = 0
    for _ in range(2 * 31):
        for _ in range(2):
            assert (await site.ask())[0] == 200
        sent += len(await site.send())
        site.clock.advance(timedelta(hours=12))
    assert 6 <= sent <= 12, "six in a month, of which two may be touched"


async def test_one_part_of_the_internet_is_told_to_wait_and_others_are_not(site: Site) -> None:
    def header(last: str) -> dict[str, str]:
        return {"X-Forwarded-For": f"192.0.2.{last}, 198.51.100.{last}"}

    for number in range(20):
        answer = await site.client.post(
            "/lists/friends",
            data={"email": f"p{number}@friends.example.org"},
            headers=header(str(number)),
        )
        assert answer.status == 200
    late = await site.client.post("/lists/friends", data={"email": BO}, headers=header("99"))
    assert (late.status, late.headers["Retry-After"]) == (429, "3600")
    other = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    answer = await site.client.post("/lists/friends", data={"email": BO}, headers=other)
    assert answer.status == 200
    site.clock.advance(timedelta(hours=1))
    answer = await site.client.post("/lists/friends", data={"email": ANA}, headers=header("1"))
    assert answer.status == 200


@pytest.mark.parametrize(
    ("peer", "named", "network"),
    [
        ("203.0.113.9", None, "203.0.113.0/24"),
        ("127.0.0.1", None, ""),
        ("127.0.0.1", "203.0.113.9", "203.0.113.0/24"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.0/24"),
        ("127.0.0.1", "203.0.113.9, rubbish", ""),
        ("127.0.0.1", "", ""),
        ("203.0.113.9", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", None, "203.0.113.0/24"),
        (None, None, ""),
    ],
)
def test_who_asks_is_known_by_the_proxys_own_word_alone(
    peer: str | None, named: str | None, network: str
) -> None:
    assert network_of(peer, named) == network


async def test_what_fills_the_trap_is_answered_alike_and_forgotten(site: Site) -> None:
    honest = await site.ask(BO)
    assert await site.ask(website="https://spam.example") == honest
    assert [to for to, _ in await site.send()] == [BO]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "ana@",
        "a b@c.example",
        'ana@example.org"><script>',
        "a\r\nBcc: x@y.z@c.org",
        "x" * 5000,
        "a@b@c",
        "ana@example.org,bo@example.org",
    ],
)
async def test_what_is_no_address_is_said_beside_the_field(site: Site, address: str) -> None:
    status, page = await site.ask(address, lang="de")
    assert status == 422
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="email-wrong explain"' in page
    assert joining_words(Language("de"))["bad_address"] in page
    assert "<script" not in page
    assert await site.send() == []


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a" * 4000,
        "%00",
        confirm_token(SignUpId("ab" * 16), b"another key of 32 bytes........."),
    ],
    ids=["short", "long", "nul", "signed by another"],
)
async def test_a_forged_link_gets_the_page_of_one_that_is_too_old(site: Site, token: str) -> None:
    link = await site.link()
    site.clock.advance(timedelta(days=7, seconds=1))
    old = await site.client.get(link)
    for method in ("GET", "POST"):
        answer = await site.client.request(
            method, f"/join/{token}", data={"text": ""} if method == "POST" else None
        )
        assert (answer.status, await answer.text()) == (old.status, await old.text())
    await site.button(link)
    assert await site.addresses() == []


async def test_a_link_for_leaving_does_not_join_and_one_for_joining_does_not_leave(
    site: Site,
) -> None:
    key = await site.people.mailing_key()
    link = await site.link()
    request = link.removeprefix("/join/").partition(".")[0]
    leaving = unsubscribe_token(SubscriptionId(request), key)
    assert (await site.client.get(f"/join/{leaving}")).status == 404
    assert (await site.client.get(link.replace("/join/", "/u/"))).status == 404


async def test_a_link_works_once_and_says_so_kindly_until_its_owner_leaves(site: Site) -> None:
    link = await site.link()
    await site.button(link)
    for _ in range(2):
        status, page = await site.button(link)
        assert (status, "You are subscribed" in page) == (200, True)
    (person,) = await site.people.subscribers(FRIENDS)
    await site.people.leave(person.subscription, now=NOON)
    assert (await site.button(link))[0] == 404
    assert await site.addresses() == []


async def test_words_that_changed_are_shown_before_anybody_agrees_to_them(site: Site) -> None:
    link = await site.link()
    page = await (await site.client.get(link)).text()
    old = re.search(r'name="text" value="([0-9a-f]{64})"', page)
    assert old is not None
    site.lists[FRIENDS] = a_list(is_open=True, controller=Words.of({"en": "Somebody else"}))
    answer = await site.client.post(link, data={"text": old[1]})
    assert "Somebody else" in await answer.text()
    assert await site.addresses() == []
    await site.button(link)
    assert await site.addresses() == [ANA]


@pytest.mark.parametrize("path", ["/lists/secrets", "/lists/nothing", "/lists/..%2Ffriends"])
async def test_a_closed_list_is_as_one_that_is_not_there(site: Site, path: str) -> None:
    missing = await (await site.client.get("/lists/none-such")).text()
    for answer in (
        await site.client.get(path),
        await site.client.post(path, data={"email": ANA}),
    ):
        assert (answer.status, await answer.text()) == (404, missing)
    assert await site.send() == []


async def test_requests_are_erased_when_nobody_confirms_them(site: Site) -> None:
    await site.link()
    site.clock.advance(timedelta(days=7, seconds=1))
    await site.send()
    file = Path(site.database.place).parent
    assert await site.store.pending(FRIENDS, since=NOON - timedelta(days=99)) == 0
    assert file.is_dir()


@pytest.mark.parametrize(
    ("answer", "mails"),
    [
        (Deferred("later"), 1),
        (Rejected("no such person", 550), 0),
        (Uncertain("no answer"), 0),
    ],
    ids=["deferred", "rejected", "uncertain"],
)
async def test_a_mail_is_sent_again_only_if_it_was_surely_not_taken(
    site: Site, answer: Any, mails: int
) -> None:
    site.office.answers = [answer]
    await site.ask()
    assert await site.send() == []
    site.clock.advance(timedelta(minutes=5))
    assert len(await site.send()) == mails


async def test_a_mail_waits_while_the_mail_server_is_away(site: Site) -> None:
    await site.ask()
    site.office.is_shut = True
    assert await site.send() == []
    site.office.is_shut = False
    site.clock.advance(timedelta(minutes=5))
    assert len(await site.send()) == 1
    assert await site.send() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"email": "ana@friends.example.org", "language": "it"}', "application/json", 202),
        (b'{"email": "ana"}', "application/json", 422),
        (b'{"email": 7}', "application/json", 422),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"email": "' + b"y" * 20_000 + b'"}', "application/json", 413),
        (b"email=ana", "text/plain", 415),
        (b"rubbish", "multipart/form-data; boundary=x", 415),
    ],
)
async def test_a_websites_program_is_answered_in_figures(
    site: Site, body: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind, "Origin": "https://museum.example.org"}
    answer = await site.client.post("/lists/friends", data=body, headers=headers)
    assert answer.status == status
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(await site.send()) == (1 if status == 202 else 0)


@pytest.mark.parametrize("path", ["/lists/friends", "/join/x", "/lists/none"])
async def test_every_page_is_guarded_and_remembers_nobody(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in await answer.text()


@pytest.mark.parametrize(
    ("query", "accepted", "spoken"),
    [
        ("?lang=pl", "it", '<html lang="pl" dir="ltr">'),
        ("", "ja, ar;q=0.9", '<html lang="ar" dir="rtl">'),
        ("", "mt", '<html lang="mt" dir="ltr">'),
        ("?lang=%3Cb%3E", "", '<html lang="en" dir="ltr">'),
    ],
)
async def test_the_page_speaks_the_visitors_language(
    site: Site, query: str, accepted: str, spoken: str
) -> None:
    answer = await site.client.get(f"/lists/friends{query}", headers={"Accept-Language": accepted})
    assert spoken in await answer.text()


@pytest.mark.parametrize(
    ("written_in", "wanted", "spoken"),
    [
        (("sv", "mt", "en"), ("sv",), "en"),
        (("sv", "mt", "en"), ("lv", "it"), "it"),
        (("sv", "mt", "en"), (), "en"),
        (("it", "en"), (), "it"),
        (("eu", "es"), ("eu",), "es"),
        (("sv", "lv"), ("sv",), "en"),
    ],
)
def test_who_asks_for_a_language_that_herald_lacks_is_not_answered_in_a_third(
    written_in: tuple[str, ...], wanted: tuple[str, ...], spoken: str
) -> None:
    mailing_list = a_list(languages=tuple(Language(tag) for tag in written_in))
    assert language_to(mailing_list, *(Language(tag) for tag in wanted)) == spoken


def test_every_language_has_all_words_with_the_same_places() -> None:
    english = joining_words(EN)
    for tag in set(letter_languages()) - {EN}:
        own = joining_words(tag)
        assert {name for name in english if own[name] == english[name]} == set(), tag
        for name, text in english.items():
            assert re.findall(r"{\w+}", own[name]) == re.findall(r"{\w+}", text), (tag, name)


async def test_letters_come_in_a_language_of_the_list(site: Site) -> None:
    page = await (await site.client.get("/lists/friends?lang=it-CH")).text()
    assert '<option value="it" lang="it" selected>italiano</option>' in page
    link = await site.link()
    await site.button(link)
    (person,) = await site.people.subscribers(FRIENDS)
    assert person.language in {EN, IT}
