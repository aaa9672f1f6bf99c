"""Herald writes to itself before it writes to others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dkim
import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from herald.clock import SetClock
from herald.mailing.bounces.counting import Bounces
from herald.mailing.dkim.examine import examine_signing
from herald.mailing.dkim.judging import Expected, judge_signatures
from herald.mailing.dkim.keys import KeyFault, read_key
from herald.mailing.dkim.signing import signing
from herald.mailing.dkim.trials import Trials, TriedWay
from herald.mailing.dkim.verifying import Flaw, Signature
from herald.mailing.dns.lookup import Names
from herald.mailing.mailing import Mailing
from herald.model.account import Severity
from herald.model.bounces import Effect
from herald.model.mailing import IssueState, MailServer, RelayTrouble
from herald.model.trial import HOLDS_FOR, RENEWED_AFTER
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_trials import StoredTrials
from tests.mailing.bounces.makers import a_dsn
from tests.mailing.dkim.makers import AT, NEWS, a_key, a_pem, as_zone
from tests.mailing.dns.looking import MUSEUM, WrittenNames, names_of
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
from tests.servers.dns import Fault, NameServer, Zone

PATTERN = f"bounces+*@{MUSEUM}"
ZONE: Zone = {f"{AT} TXT": (as_zone(a_key().record),)}


class House:
    """The mailing room with one list, a mail server in memory, and the way back."""

    def __init__(
        self,
        database: Store,
        clock: SetClock,
        names: Names,
        *,
        selector: str = "s1",
        host: str = "mail.museum.internal",
    ) -> None:
        self.clock = clock
        self.office = PostOffice()
        self.store = StoredMailing(database)
        server = MailServer(host=host, connections=1)
        mailer = signing(lambda _: self.office, a_key())
        self.trials = Trials(
            way=TriedWay(
                server=server,
                selector=selector,
                key=a_key(),
                returns_to=PATTERN,
                public_url="https://herald.museum.internal",
            ),
            store=StoredTrials(database),
            keys=self.store.mailing_key,
            senders=lambda: ("others@museum.internal", NEWS),
            names=names,
            mailer=mailer,
            clock=clock,
        )
        self.bounces = Bounces(
            store=StoredBounces(database),
            keys=self.store,
            pattern=PATTERN,
            clock=clock,
            is_trial=self.trials.judge,
        )
        self.mailing = Mailing(
            store=self.store,
            lists=lambda: {FRIENDS: a_list(sender_address=NEWS)},
            server=server,
            public_url="https://herald.museum.internal",
            clock=clock,
            mailer=mailer,
            bounces=self.bounces,
            trials=self.trials,
        )

    async def come_back(self, change: Callable[[bytes], bytes] = lambda mail: mail) -> Effect:
        """Let the last mail that left come back, changed as hops change it."""
        return await self.bounces.take(change(self.office.mails[-1][1]))

    async def why(self) -> str:
        """Return what is told of the issue that waits."""
        concerns = await self.mailing.concerns()
        return " ".join(one.message for one in concerns if one.code == "signature")


async def planned(house: House) -> None:
    await subscribe(house.store, ("ana@example.org", "Ana", "en"))
    until = NOON + timedelta(days=60)
    await house.mailing.sync_issues((a_planned_issue(),), sources(written()), until=until)


async def state(house: House) -> IssueState:
    (issue,) = await house.store.issues()
    return issue.state


async def test_an_issue_waits_until_a_mail_to_herald_itself_came_back_signed(
    database: Store, clock: SetClock
) -> None:
    async with NameServer(ZONE).serving() as server:
        house = House(database, clock, names_of(server))
        await planned(house)
        await house.mailing.send_due(asyncio.Event())
        assert await state(house) is IssueState.PENDING
        ((to, trial),) = house.office.mails
        assert to.startswith("bounces+")
        assert b"List-Unsubscribe-Post" in trial
        assert "has not come back yet" in await house.why()
        await house.mailing.send_due(asyncio.Event())
        assert len(house.office.mails) == 1  # it asks once an hour
        assert await house.come_back() is Effect.TRIAL
        assert await house.why() == ""
        await house.mailing.send_due(asyncio.Event())
        assert await state(house) is IssueState.SENT
        assert [to for to, _ in house.office.mails[1:]] == ["ana@example.org"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b"tries whether", b"tried whether", "headers were changed", id="subject"),
        pytest.param(b"Nobody needs", b"[Advert] Nobody needs", "was changed after", id="footer"),
        pytest.param(b"=E2=80=94", b"-", "was changed after", id="converted"),
        pytest.param(b"DKIM-Signature:", b"X-Was:", "without a DKIM signature", id="taken off"),
        pytest.param(b" s=s1;", b" s=s7;", "no DKIM key at s7._domainkey", id="another selector"),
        pytest.param(b" d=museum.internal", b" d=esp.internal", "not for museum", id="a provider"),
    ],
)
async def test_what_is_wrong_with_a_signature_is_told_with_what_to_do(
    database: Store, clock: SetClock, old: bytes, new: bytes, words: str
) -> None:
    async with NameServer(ZONE).serving() as server:
        house = House(database, clock, names_of(server))
        await planned(house)
        await house.trials.send(NEWS)
        assert old in house.office.mails[-1][1]
        await house.come_back(lambda mail: mail.replace(old, new))
        assert words in await house.why()
        assert "herald newsletter verify" in await house.why()
        await house.mailing.send_due(asyncio.Event())
        assert await state(house) is IssueState.PENDING
        # It is put right, and found out within an hour.
        clock.advance(timedelta(hours=1))
        await house.mailing.send_due(asyncio.Event())
        await house.come_back()
        assert await house.why() == ""


async def test_a_trial_that_somebody_made_up_proves_nothing(
    database: Store, clock: SetClock
) -> None:
    house = House(database, clock, WrittenNames({f"{AT} TXT": (a_key().record,)}))
    await house.trials.send(NEWS)
    ((to, trial),) = house.office.mails
    forged = "bounces+" + "a" * 49 + f"@{MUSEUM}"
    assert await house.come_back(lambda mail: mail.replace(to.encode(), forged.encode())) is (
        Effect.IGNORED
    )
    # One that left another way says nothing of this one.
    other = House(database, clock, WrittenNames({}), host="elsewhere.internal")
    assert await other.bounces.take(trial) is not Effect.TRIAL
    assert "has not come back" in await house.trials.why_not(NEWS)
    assert "is sent first" in await other.trials.why_not(NEWS)


async def test_a_proof_ends_and_is_renewed_before_it_does(database: Store, clock: SetClock) -> None:
    house = House(database, clock, WrittenNames({f"{AT} TXT": (a_key().record,)}))
    await house.trials.send(NEWS)
    await house.come_back()
    await house.trials.see_to(NEWS)
    assert len(house.office.mails) == 1
    clock.advance(RENEWED_AFTER)
    await house.trials.see_to(NEWS)
    assert len(house.office.mails) == 2
    assert await house.trials.why_not(NEWS) == ""  # the old one holds until the new one is there
    clock.advance(HOLDS_FOR - RENEWED_AFTER)
    assert "too old" in await house.trials.why_not(NEWS)
    await house.come_back()
    assert await house.trials.why_not(NEWS) == ""


async def test_another_selector_or_relay_is_tried_anew(database: Store, clock: SetClock) -> None:
    names = WrittenNames({f"{AT} TXT": (a_key().record,)})
    house = House(database, clock, names)
    await house.trials.send(NEWS)
    await house.come_back()
    for other in (
        House(database, clock, names, selector="s2"),
        House(database, clock, names, host="x"),
    ):
        assert await other.trials.why_not(NEWS) != ""
    assert await House(database, clock, names, selector="").trials.why_not(NEWS) == ""


async def test_names_that_cannot_be_looked_up_end_no_proof(
    database: Store, clock: SetClock
) -> None:
    zone: Zone = dict(ZONE)
    async with NameServer(zone).serving() as server:
        house = House(database, clock, names_of(server))
        await house.trials.send(NEWS)
        await house.come_back()
        zone[f"{AT} TXT"] = Fault.FAILS
    async with NameServer(zone).serving() as server:
        away = House(database, clock, names_of(server))
        clock.advance(RENEWED_AFTER)
        await away.trials.send(NEWS)
        await away.come_back()
        assert await away.trials.why_not(NEWS) == ""
        clock.advance(HOLDS_FOR)
        await away.trials.send(NEWS)
        await away.come_back()
        assert "could not be looked up" in await away.trials.why_not(NEWS)


async def test_a_mail_that_does_not_leave_or_arrive_is_told(
    database: Store, clock: SetClock
) -> None:
    house = House(database, clock, WrittenNames({}))
    house.office.is_shut = True
    fault = await house.trials.send(NEWS)
    assert fault is not None
    assert "it is shut" in await house.trials.why_not(NEWS)
    house.office.is_shut = False
    await house.trials.send(NEWS)
    to = house.office.mails[-1][0]
    assert await house.bounces.take(a_dsn(to=to, letter="")) is Effect.TRIAL
    assert "could not be delivered: 5.1.1" in await house.trials.why_not(NEWS)


# ---------------------------------------------------------------------- judging


WHOLE = ("from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post")
EXPECTED = Expected(domain=MUSEUM, selector="s1", headers=frozenset(WHOLE))


def a_signature(
    *signed: str, domain: str = MUSEUM, selector: str = "s1", flaw: Flaw | None = None
) -> Signature:
    return Signature(domain=domain, selector=selector, signed=signed or WHOLE, flaw=flaw)


@pytest.mark.parametrize(
    ("found", "severities", "words"),
    [
        ([a_signature()], "well", "signed for museum.internal"),
        ([a_signature(*WHOLE[:-1])], "well problem", "List-Unsubscribe-Post"),
        ([a_signature(*WHOLE[:5])], "well problem", "List-Unsubscribe and List-Unsubscribe-Post"),
        ([a_signature("from", *WHOLE[5:])], "well advice", "does not cover To, Subject"),
        ([a_signature(selector="s2")], "well advice", "dkim_selector: s2"),
        ([a_signature(domain="esp.example")], "problem", "says nothing about you"),
        ([a_signature(domain="esp.example"), a_signature()], "well", "museum"),
        ([a_signature(flaw=Flaw.BODY), a_signature()], "well", "museum"),
        ([a_signature(flaw=Flaw.SHORT)], "problem", "cannot be used"),
        ([], "problem", "dkim-key"),
    ],
)
def test_each_signature_says_what_is_to_be_done(
    found: list[Signature], severities: str, words: str
) -> None:
    findings = judge_signatures(found, EXPECTED)
    assert " ".join(one.severity for one in findings) == severities
    assert any(words in one.what + one.remedy for one in findings)
    assert all(one.remedy or one.severity is Severity.WELL for one in findings)


async def test_a_signature_of_the_same_organisation_counts_unless_the_domain_is_strict(
    database: Store, clock: SetClock
) -> None:
    for dmarc, is_proof in (("v=DMARC1; p=none", True), ("v=DMARC1; p=none; adkim=s", False)):
        clock.advance(timedelta(hours=2))
        names = WrittenNames(
            {
                "s1._domainkey.internal TXT": (a_key().record,),
                "_dmarc.internal TXT": (dmarc,),
            }
        )
        house = House(database, clock, names)
        # The mail is signed anew, for the domain above.
        await house.trials.send(NEWS)
        body = house.office.mails[-1][1].partition(b"\r\nFrom:")[2]
        bare = b"From:" + body
        signed = dkim.sign(bare, b"s1", b"internal", a_pem().encode(), include_headers=_names(bare))
        assert await house.bounces.take(signed + bare) is Effect.TRIAL
        assert (await house.trials.why_not(NEWS) == "") == is_proof


def _names(mail: bytes) -> list[bytes]:
    head = mail.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0] for line in head if not line[:1].isspace()]


# ---------------------------------------------------------------------- doctor and commands


async def test_doctor_compares_the_key_that_signs_with_the_one_that_is_published() -> None:
    names = WrittenNames({f"{AT} TXT": (a_key().record,)})
    (sound,) = await examine_signing(names, (MUSEUM, "x.example"), a_key())
    assert sound.severity is Severity.WELL
    _, other = await examine_signing(names, (MUSEUM,), a_key("ed25519"))
    assert "not the other half" in other.what
    assert a_key("ed25519").record in other.remedy
    _, missing = await examine_signing(WrittenNames({}), (MUSEUM,), a_key())
    assert f"Add this TXT record at {AT}" in missing.remedy
    weak, *_ = await examine_signing(names, (), a_key(bits=1024))
    assert weak.severity is Severity.ADVICE
    (fault,) = await examine_signing(names, (MUSEUM,), KeyFault("it is broken"))
    assert fault.severity is Severity.PROBLEM


async def test_mail_that_was_to_be_signed_does_not_leave_unsigned() -> None:
    office = PostOffice()
    mailer = signing(lambda _: office, KeyFault("no such file"))(MailServer())
    trouble = await mailer.connect()
    assert isinstance(trouble, RelayTrouble)
    assert "no such file" in trouble.why
    assert isinstance(
        await mailer.send(sender="a@x.org", recipient="b@x.org", mail=b"x"), RelayTrouble
    )
    signs = signing(lambda _: office, a_key())(MailServer())
    assert isinstance(
        await signs.send(sender="a@x.org", recipient="b@x.org", mail=b"x"), RelayTrouble
    )
    assert office.mails == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "lists.yaml").write_text(
        "friends: {name: {en: Friends}, from: {name: Eco, address: news@example.org}}\n"
    )
    return tmp_path


def herald(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), "--now", "2027-04-30T10:00Z", *words])


def test_a_new_key_signs_with_the_record_that_is_shown(folder: Path) -> None:
    shown = herald(folder, "newsletter", "dkim-key", "keys/dkim.pem", "--selector", "may")
    assert shown.exit_code == 0
    path = folder / "keys" / "dkim.pem"
    assert path.stat().st_mode & 0o077 == 0
    key = read_key("keys/dkim.pem", selector="may", folder=folder)
    assert not isinstance(key, KeyFault)
    assert key.record in shown.stdout
    assert key.bits == 2048
    again = herald(folder, "newsletter", "dkim-key", "keys/dkim.pem")
    assert again.exit_code == 1
    assert "there already" in again.stderr
    short = herald(folder, "newsletter", "dkim-key", "short.pem", "--ed25519", "--json")
    assert json.loads(short.stdout)["record"].startswith("v=DKIM1; k=ed25519; p=")


def test_verifying_says_what_it_takes_and_what_goes_wrong(folder: Path) -> None:
    asked = herald(folder, "newsletter", "verify")
    assert asked.exit_code == 1
    assert "dkim_selector" in asked.stderr
    (folder / "config" / "herald.yaml").write_text(
        "smtp: {host: 127.0.0.1, port: 9, tls: none, dkim_selector: s1}\n"
        "bounces: {address: bounces@example.org}\n"
    )
    tried = herald(folder, "newsletter", "verify")
    assert tried.exit_code == 1
    assert "✗ the mail server did not take the mail" in tried.stdout
    (found,) = json.loads(herald(folder, "newsletter", "verify", "--json").stdout)["senders"]
    assert (found["sender"], found["found_at"]) == ("news@example.org", None)


def test_a_key_in_herald_yaml_itself_is_refused(folder: Path) -> None:
    (folder / "config" / "herald.yaml").write_text('smtp: {dkim_key: "-----BEGIN X"}\n')
    result = herald(folder, "lists", "show")
    assert result.exit_code == 1
    assert "a secret must not stand in this file" in result.stderr
