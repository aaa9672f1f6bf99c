"""What came back comes in by a mailbox or a pipe, and leaves neither before it took effect."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from herald.clock import SetClock
from herald.errors import StoreUnusable
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.mailbox import Mailbox, MailboxTrouble, empty
from herald.mailing.bounces.reading import Seal, read_returned
from herald.mailing.bounces.verp import (
    bounce_address,
    read_bounce_address,
    read_envelope_id,
)
from herald.mailing.mailing import Mailing
from herald.mailing.sending.smtp import NextEnvelope, SmtpMailer
from herald.model.bounces import BounceCounts, BounceKind, CopyOf, Effect
from herald.model.mailing import (
    Accepted,
    MailOutcome,
    MailServer,
    Rejected,
    SubscriptionState,
    Tls,
)
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.bounces.imap_server import ImapServer
from tests.mailing.bounces.makers import COPY, KEY, PATTERN, a_dsn, a_letter
from tests.mailing.makers import (
    FRIENDS,
    PostOffice,
    a_list,
    a_planned_issue,
    sources,
    subscribe,
    written,
)
from tests.mailing.postfix import DOMAIN, running_postfix, why_not
from tests.mailing.test_postfix import delivered
from tests.makers import NOON

ISSUE = "stories/monthly/2027-05-10"
HUGE = a_dsn(name="<2@x>") + b"x" * 1_000_000


def a_box(server: ImapServer, **changes: str) -> Mailbox:
    box = Mailbox(
        host="127.0.0.1", port=server.port, tls=Tls.NONE, user="news@x.org", password="secret"
    )
    return replace(box, **changes)  # type: ignore[arg-type]


async def test_a_mail_leaves_the_box_after_its_effect_and_a_letter_stays() -> None:
    taken: list[bytes] = []

    async def take(raw: bytes) -> Effect:
        assert set(server.box) >= {len(taken) + 1}
        assert not server.box[len(taken) + 1].flags
        taken.append(raw)
        return Effect.IGNORED if b"Thank you" in raw else Effect.COUNTED

    server = ImapServer(a_dsn(), a_letter("Thank you"), HUGE)
    async with server.serving():
        found = await empty(a_box(server), take)
        assert (found.counted, found.ignored) == (2, 1)
        assert [stored.flags for stored in server.box.values()] == [{"\\Seen"}]
        assert (await empty(a_box(server), take)).counted == 0
    assert len(taken) == 3
    assert max(map(len, taken)) < 300_000


async def test_a_mail_stays_unread_while_the_store_is_away() -> None:
    async def take(_: bytes) -> Effect:
        raise StoreUnusable("away")

    server = ImapServer(a_dsn())
    async with server.serving():
        with pytest.raises(StoreUnusable):
            await empty(a_box(server), take)
    assert server.box[1].flags == set()


async def test_nothing_that_others_marked_is_taken_out() -> None:
    async def take(_: bytes) -> Effect:
        return Effect.COUNTED

    server = ImapServer(a_dsn(), uidplus=False)
    async with server.serving():
        await empty(a_box(server), take)
    assert "\\Deleted" in server.box[1].flags
    assert not [said for said in server.said if "EXPUNGE" in said]


@pytest.mark.parametrize(
    ("breaks_at", "changes", "word"),
    [
        ("", {"password": "wrong"}, "AUTHENTICATIONFAILED"),
        ("SELECT", {}, "cannot be read"),
        ("FETCH", {}, "cannot be read"),
        ("STORE", {}, "cannot be read"),
        ("", {"folder": "Žiga"}, "plain ASCII"),
    ],
)
async def test_trouble_with_a_box_is_told_in_words_without_anybodys_address(
    breaks_at: str, changes: dict[str, str], word: str
) -> None:
    async def take(_: bytes) -> Effect:
        return Effect.COUNTED

    server = ImapServer(a_dsn())
    server.breaks_at = breaks_at
    async with server.serving():
        with pytest.raises(MailboxTrouble, match=word) as caught:
            await empty(a_box(server, **changes), take)
    assert "ana@" not in str(caught.value)
    assert "bounces:" in str(caught.value)


class Refuses(PostOffice):
    """Remembers envelope senders; refuses everybody with one answer."""

    def __init__(self, answer: MailOutcome) -> None:
        super().__init__([answer] * 9)
        self.senders: list[str] = []
        self.names: list[str] = []

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Remember the sender."""
        self.senders.append(sender)
        self.names.append(envelope_id)
        return await super().send(sender=sender, recipient=recipient, mail=mail)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Rejected("5.1.1 nobody of that name", 550), SubscriptionState.LEFT),
        (Rejected("5.7.1 we do not like this letter", 550), SubscriptionState.SUBSCRIBED),
        (Rejected("no", 550), SubscriptionState.SUBSCRIBED),
        (Accepted("queued"), SubscriptionState.SUBSCRIBED),
    ],
)
async def test_each_copy_has_an_address_to_come_back_to_and_a_refusal_counts_as_a_bounce(
    database: Store,
    store: StoredMailing,
    clock: SetClock,
    answer: MailOutcome,
    state: SubscriptionState,
) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "en"))
    office = Refuses(answer)
    bounces = Bounces(store=StoredBounces(database), keys=store, pattern=PATTERN, clock=clock)
    mailing = Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=MailServer(connections=1),
        public_url="",
        clock=clock,
        mailer=lambda _: office,
        bounces=bounces,
    )
    until = NOON + timedelta(days=60)
    await mailing.sync_issues((a_planned_issue(),), sources(written()), until=until)
    await mailing.send_due(asyncio.Event())
    (person,) = await store.subscribers(FRIENDS)
    (sender,) = office.senders
    copy = read_bounce_address(sender, PATTERN, await store.mailing_key())
    assert read_envelope_id(office.names.pop(), await store.mailing_key()) == copy
    assert copy is not None
    assert copy.subscription == person.subscription
    assert person.state is state
    is_refused = isinstance(answer, Rejected)
    assert await bounces.counts_of_issue(ISSUE) == BounceCounts(bounced=int(is_refused))


LISTS = "friends: {name: {en: Friends}, from: {name: Eco, address: news@example.org}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "lists.yaml").write_text(LISTS)
    (tmp_path / "config" / "herald.yaml").write_text("bounces: {address: bounces@x.org}\n")
    (tmp_path / "people.csv").write_text("email\nana@example.org\n")
    return tmp_path


def herald(folder: Path, *words: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(
        main, ["-C", str(folder), "--now", "2027-04-30T10:00Z", *words], input=given
    )


def test_a_mail_server_pipes_a_bounce_and_the_list_shows_it(folder: Path) -> None:
    from herald.store.engine import open_store

    async def sign() -> str:
        opened = await open_store("sqlite:///var/herald.db", folder)
        store = StoredMailing(opened)
        (person,) = await store.subscribers(FRIENDS)
        key = await store.mailing_key()
        await opened.close()
        return bounce_address("bounces+*@x.org", CopyOf(subscription=person.subscription), key)

    herald(folder, "lists", "import", "friends", str(folder / "people.csv"))
    to = asyncio.run(sign())
    words = ("newsletter", "bounce", "--to", to, "--json")
    first, again = (herald(folder, *words, given=a_dsn(to="x@x.org", letter="")) for _ in "12")
    assert json.loads(first.stdout) == {"effect": "ended"}
    assert json.loads(again.stdout) == {"effect": "known"}
    shown = json.loads(herald(folder, "lists", "show", "--json").stdout)["lists"][0]
    assert (shown["subscribed"], shown["left"]) == (0, 1)
    assert (shown["bounced"], shown["complained"]) == (1, 0)
    assert "1 could not be reached" in herald(folder, "lists", "show").stdout


def test_a_mail_server_keeps_the_mail_while_herald_cannot_take_it(folder: Path) -> None:
    (folder / "config" / "herald.yaml").write_text("store: sqlite:////proc/nowhere.db\n")
    result = herald(folder, "newsletter", "bounce", given=a_dsn())
    assert result.exit_code == 75
    assert "try again later" in result.stderr


def test_a_mailbox_that_nobody_named_is_asked_for(folder: Path) -> None:
    result = herald(folder, "newsletter", "bounces")
    assert result.exit_code == 1
    assert "name one under bounces:" in result.stderr


def test_an_address_that_takes_nothing_back_is_told_with_its_line(folder: Path) -> None:
    (folder / "config" / "herald.yaml").write_text("bounces: {address: bounces}\n")
    result = herald(folder, "lists", "show")
    assert result.exit_code == 1
    assert "bounces.address: " in result.stderr
    assert "write bounces@example.org" in result.stderr


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is here")
async def test_what_a_real_postfix_returns_is_understood() -> None:
    pattern = f"bounces+*@{DOMAIN}"
    sender = bounce_address(pattern, COPY, KEY)
    # It takes the mail, and finds out afterwards that nobody is there.
    moved = f"virtual_alias_maps = inline:{{ moved@{DOMAIN}=ana@gone.example }}\n"
    with running_postfix(
        moved + "default_transport = error:5.1.1 nobody of that name\n"
    ) as postfix:
        server = MailServer(host="127.0.0.1", port=postfix.port, tls=Tls.NONE)
        mailer = SmtpMailer(server)
        assert await mailer.connect() is None
        letter = b"Subject: x\r\nMessage-ID: <1@x.org>\r\n\r\nHello\r\n"
        await mailer.send(sender=sender, recipient=f"moved@{DOMAIN}", mail=letter)
        await mailer.close()
        (back,) = await delivered(postfix, 1)
    returned = read_returned(back, Seal(key=KEY, pattern=pattern))
    assert returned.copy == COPY
    assert returned.kind is BounceKind.HARD
    assert returned.status == "5.1.1"
    assert "nobody of that name" in returned.diagnostic
