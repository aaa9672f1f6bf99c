"""Who writes ``unsubscribe`` and a token leaves; a machine that quotes it does not."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from email import message_from_bytes
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.clock import SetClock
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.leaving_mail import read_leaving
from herald.mailing.mailing import Mailing
from herald.mailing.tokens import preferences_token, unsubscribe_token
from herald.model.bounces import Effect
from herald.model.mailing import MailServer, SubscriptionId, SubscriptionState
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.bounces.makers import PATTERN
from tests.mailing.makers import (
    FRIENDS,
    PostOffice,
    a_list,
    a_planned_issue,
    sources,
    subscribe,
    written,
)
from tests.makers import NOON

KEY = b"k" * 32
ANA = SubscriptionId("0123456789abcdef" * 2)
TOKEN = unsubscribe_token(ANA, KEY)


def a_mail(subject: str, *headers: str, body: str = "") -> bytes:
    head = ["From: Ana <ana@example.org>", "To: news@example.org", f"Subject: {subject}", *headers]
    return "\r\n".join([*head, "", body]).encode()


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(f"unsubscribe {TOKEN}"),
        a_mail(f"Unsubscribe {TOKEN}"),
        a_mail(f"  unsubscribe   {TOKEN} "),
        a_mail(f"unsubscribe\r\n {TOKEN}"),
        a_mail(f"unsubscribe+{TOKEN}"),
        a_mail(f"=?utf-8?Q?unsubscribe_{TOKEN.replace('_', '=5F')}?="),
        a_mail(f"unsubscribe {TOKEN}", "Auto-Submitted: no", body="This mail was sent for you."),
        a_mail(f"unsubscribe {TOKEN}", "Auto-Submitted: auto-generated"),
        a_mail(f"unsubscribe {TOKEN}").replace(b"\r\n", b"\n"),
    ],
    ids=["plain", "capital", "spaces", "folded", "plus", "encoded", "no", "program", "lf"],
)
def test_a_mail_of_the_letters_own_link_leaves(mail: bytes) -> None:
    assert read_leaving(mail, KEY) == ANA


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(f"Re: unsubscribe {TOKEN}"),
        a_mail(f"Automatic reply: unsubscribe {TOKEN}"),
        a_mail(f"unsubscribe {TOKEN} (out of office)"),
        a_mail(f"unsubscribe {TOKEN}", "Auto-Submitted: auto-replied (vacation)"),
        a_mail(f"unsubscribe {TOKEN}", "Precedence: auto_reply"),
        a_mail(f"unsubscribe {TOKEN}", "X-Autoreply: yes"),
        a_mail(f"unsubscribe {TOKEN}", "Return-Path: <>"),
        a_mail(f"unsubscribe {TOKEN}", "Content-Type: multipart/report; boundary=x"),
        a_mail(f"unsubscribe {TOKEN}", f"Subject: unsubscribe {TOKEN}"),
        a_mail("Hello", body=f"> Subject: unsubscribe {TOKEN}\r\n> unsubscribe {TOKEN}"),
        a_mail("Hello", f"In-Reply-To: <unsubscribe {TOKEN}>"),
        a_mail(f"unsubscribe {TOKEN[:-1]}"),
        a_mail(f"unsubscribe {preferences_token(ANA, KEY)}"),
        a_mail(f"unsubscribe {unsubscribe_token(ANA, b'j' * 32)}"),
        a_mail("unsubscribe"),
        b"",
        b"\xff" * 1000,
    ],
)
def test_answers_of_machines_and_forged_tokens_leave_nothing(mail: bytes) -> None:
    assert read_leaving(mail, KEY) is None


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_without_an_error(raw: bytes) -> None:
    assert read_leaving(b"Subject: " + raw, KEY) is None


async def test_a_mail_ends_one_subscription_once(
    database: Store, store: StoredMailing, clock: SetClock
) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "en"), ("bo@example.org", "Bo", "en"))
    bounces = Bounces(store=StoredBounces(database), keys=store, pattern="", clock=clock)
    ana, _ = await store.subscribers(FRIENDS)
    token = unsubscribe_token(ana.subscription, await store.mailing_key())
    mail = a_mail(f"unsubscribe {token}")
    assert [await bounces.take(mail) for _ in range(2)] == [Effect.LEFT, Effect.LEFT]
    states = [one.state for one in await store.subscribers(FRIENDS)]
    assert states == [SubscriptionState.LEFT, SubscriptionState.SUBSCRIBED]
    lost = unsubscribe_token(ANA, await store.mailing_key())
    assert await bounces.take(a_mail(f"unsubscribe {lost}")) is Effect.UNKNOWN


@pytest.mark.parametrize("public_url", ["", "https://herald.example.org"])
async def test_the_mail_that_a_letter_offers_to_leave_by_comes_to_herald_and_is_honoured(
    database: Store, store: StoredMailing, clock: SetClock, public_url: str
) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "en"))
    office = PostOffice()
    bounces = Bounces(store=StoredBounces(database), keys=store, pattern=PATTERN, clock=clock)
    mailing = Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=MailServer(connections=1),
        public_url=public_url,
        clock=clock,
        mailer=lambda _: office,
        bounces=bounces,
    )
    until = NOON + timedelta(days=60)
    await mailing.sync_issues((a_planned_issue(),), sources(written()), until=until)
    await mailing.send_due(asyncio.Event())
    ((_, letter),) = office.mails
    (link,) = re.findall(r"<(mailto:[^>]*)>", message_from_bytes(letter)["List-Unsubscribe"])
    offered = urlsplit(link)

    assert offered.path == "bounces@news.example.org"
    assert await bounces.expects(offered.path)
    (subject,) = parse_qs(offered.query)["subject"]
    assert await bounces.take(a_mail(subject), came_to=offered.path) is Effect.LEFT
