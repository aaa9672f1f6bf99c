"""A newsletter through a real mail server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.mailing.mailing import Mailing
from herald.model.mailing import IssueState, MailServer, RecipientState, Tls
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, a_list, a_planned_issue, sources, subscribe, written
from tests.mailing.postfix import DOMAIN, Postfix, running_postfix, why_not
from tests.mailing.test_faults import KEY, PEOPLE, begun, progress_of, run_sender
from tests.makers import NOON

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is here")


@pytest.fixture(scope="module")
def instance() -> Iterator[Postfix]:
    with running_postfix() as postfix:
        yield postfix


@pytest.fixture
def postfix(instance: Postfix) -> Postfix:
    """Give the instance with its mailbox emptied."""
    for path in (instance.base / "mail").glob("everybody/new/*"):
        path.unlink()
    return instance


async def delivered(postfix: Postfix, count: int) -> list[bytes]:
    """Return the mails once *count* are there and the queue is empty."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        mails = postfix.mails()
        if len(mails) >= count and postfix.queue() == 0:
            return mails
        await asyncio.sleep(0.05)
    return postfix.mails()


def a_room(store: StoredMailing, clock: SetClock, postfix: Postfix) -> Mailing:
    return Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=MailServer(host="127.0.0.1", port=postfix.port, tls=Tls.NONE, connections=2),
        public_url="https://herald.example.org",
        clock=clock,
    )


async def test_everybody_gets_the_letter_as_it_was_written(
    store: StoredMailing, clock: SetClock, postfix: Postfix
) -> None:
    people = [
        (f"p{number}@{DOMAIN}", f"Žiga {number}", ("en", "it")[number % 2]) for number in range(20)
    ]
    await subscribe(
        store,
        *people,
        (f"gone@{DOMAIN}", "", "en"),
        (f"later@{DOMAIN}", "", "en"),
        (f"full@{DOMAIN}", "", "it"),
    )
    mailing = a_room(store, clock, postfix)
    newsletter = written(
        "Dear friends — žlahtni pozdravi 🏛️\n\n.\n\nFrom us", it="Cari amici, è maggio."
    )
    await mailing.sync_issues(
        (a_planned_issue(),), sources(newsletter), until=NOON + timedelta(days=60)
    )
    await mailing.send_due(asyncio.Event())
    progress = await store.progress(KEY)
    assert progress is not None
    assert dict(progress.counts) == {
        RecipientState.ACCEPTED: 20,
        RecipientState.REJECTED: 1,
        RecipientState.DEFERRED: 2,
    }
    mails = [message_from_bytes(mail, policy=default) for mail in await delivered(postfix, 20)]
    recipients = Counter(mail["To"].addresses[0].addr_spec for mail in mails)
    assert recipients == Counter(address for address, _, _ in people)
    for mail in mails:
        assert mail["List-Unsubscribe"].startswith("<https://herald.example.org/u/")
        assert "\n" not in mail["List-Unsubscribe"]
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Return-Path"] == "<news@friends.example.org>"
        text = mail.get_body(("plain",))
        assert text is not None
        words = text.get_content()
        assert ("Cari amici, è maggio." if mail["Content-Language"] == "it" else "🏛️") in words
    links = {mail["List-Unsubscribe"] for mail in mails}
    assert len(links) == 20


async def test_a_killed_sender_leaves_no_one_out_on_a_real_server(
    store: StoredMailing, store_url: str, tmp_path: Path, postfix: Postfix
) -> None:
    await begun(store)
    for moment in (0.15, 0.3, 0.25):
        await run_sender(store_url, tmp_path, postfix.port, kill_after=moment)
    await run_sender(store_url, tmp_path, postfix.port, kill_after=None)
    progress = await progress_of(store)
    accepted = progress.count(RecipientState.ACCEPTED)
    uncertain = progress.count(RecipientState.UNCERTAIN)
    assert accepted + uncertain == PEOPLE
    mails = await delivered(postfix, accepted)
    names = Counter(str(message_from_bytes(mail)["Message-ID"]) for mail in mails)
    assert max(names.values()) == 1
    assert accepted <= len(names) <= PEOPLE
    await store.resolve_uncertain(KEY, resend=True, now=datetime.now(UTC))
    await run_sender(store_url, tmp_path, postfix.port, kill_after=None)
    mails = await delivered(postfix, len(mails) + uncertain)
    assert len({str(message_from_bytes(mail)["Message-ID"]) for mail in mails}) == PEOPLE
    assert (await progress_of(store)).issue.state is IssueState.SENT
