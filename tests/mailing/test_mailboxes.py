"""A newsletter the whole way: from an editor's files into 200 mailboxes, and what comes back.

Everything is real but the world: campaign files, the command line, a Postfix that passes letters on
and returns some, a Dovecot with everybody's mailbox, a name server, Herald's own pages.
"""

from __future__ import annotations

import asyncio
import csv
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import aiohttp
import dkim
import pytest
from click.testing import CliRunner, Result

from herald.app import open_app
from herald.cli.main import main
from herald.clock import SetClock
from herald.mailing.bounces.verp import read_bounce_address, read_envelope_id
from herald.model.account import Finding, Severity
from herald.web.app import create_app, serve
from tests.mailing.dkim.makers import a_key, a_pem, as_zone
from tests.mailing.dns.looking import names_of
from tests.mailing.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.mailing.dovecot import why_not as no_dovecot
from tests.mailing.postfix import DOMAIN, Postfix, running_postfix
from tests.mailing.postfix import why_not as no_postfix
from tests.servers.dns import NameServer, Zone

WHY_NOT = no_postfix() or no_dovecot()
pytestmark = [
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "all are here"),
    pytest.mark.slow,
]

PEOPLE = 200
MOVED = 4
"""So many of them are taken by the mail server, and returned a moment later."""
LANGUAGES = ("en", "it", "ka", "mt")
NEWS = f"news@{DOMAIN}"
PUBLIC = "https://herald.museum.internal"

CAMPAIGN = """\
campaign: stories
title: {en: Stories, it: Storie}
timezone: Europe/Rome
languages: [en, it, ka, mt]
channels: [trial]
newsletters:
  - id: monthly
    list: friends
    every: first tuesday
    at: "09:00"
    subject:
      en: "News of {month}: bread, salt & “stone”"
      it: "Notizie di {month} — pane, sale e perché no"
      ka: "ეკომუზეუმების ამბები, {month}"
      mt: "Aħbarijiet ta’ {month} mill-ekomużewijiet"
    approve: manual
    sections:
      - title: {en: Editorial, it: Editoriale, ka: წერილი, mt: Editorjal}
        write: editorial
      - title: {en: Coming up, it: Prossimamente, ka: მალე, mt: Dalwaqt}
        kinds: [event]
        next: 45d
items:
  - id: walk
    kind: event
    title: {en: A walk, it: Una passeggiata, ka: გასეირნება, mt: Mixja}
    text:
      en: Two hours with the people who flood the fields. Wear shoes that may get wet.
      it: Due ore con chi allaga i campi. Scarpe che si possono bagnare.
      ka: ორი საათი მათთან, ვინც მინდვრებს რწყავს.
      mt: Sagħtejn ma’ dawk li jgħarrqu l-għelieqi.
    begins: 2027-05-16 10:00
    finishes: 2027-05-16 12:30
    place: {name: "Argenta", country: IT}
    link: "https://museum.internal/{language}/walk"
    post: [{before: 2d, at: "10:00"}]
"""
WORDS = {
    "en": "Dear friends — in May the doors stand open; 1 < 2 & so on. Žiga says hello 🏛️.",
    "it": "Cari amici, a maggio le porte sono aperte: c’è perché.",
    "ka": "ძვირფასო მეგობრებო, მაისში კარი ღიაა.",
    "mt": "Għeżież ħbieb, f’Mejju l-bibien huma miftuħa.",
}
LISTS = f"""\
friends:
  name: {{en: Friends of ecomuseums, it: Amici degli ecomusei, ka: მეგობრები, mt: Ħbieb}}
  from: {{name: "Ekomużew, “EcoHeritage”", address: {NEWS}}}
  languages: [en, it, ka, mt]
"""
NAMES = ('O\'Neil, "Bo"', "Žiga Ana", "ანა ბერიძე", "Ċikku (Frans)", "", "מרים לוי", "Ana; Bo")


def person(number: int) -> tuple[str, str, str]:
    """Return a reader's address, name and language."""
    user = f"moved{number}" if number < MOVED else f"p{number:03}"
    return f"{user}@{DOMAIN}", NAMES[number % len(NAMES)], LANGUAGES[number % len(LANGUAGES)]


READERS = {address: (name, language) for address, name, language in map(person, range(PEOPLE))}


def herald(folder: Path, now: str, *words: str) -> Result:
    result = CliRunner().invoke(main, ["-C", str(folder), "--now", now, *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def document(result: Result) -> Any:
    return json.loads(result.stdout)


@dataclass
class Story:
    """What happened, for all tests of this module."""

    folder: Path
    dovecot: Dovecot
    first: dict[str, list[bytes]]
    """What lay in each reader's mailbox after the first letter."""
    second: dict[str, list[bytes]]
    back: list[bytes]
    """What lay in the mailbox for what comes back."""
    left_there: list[bytes]
    """What lay there after it was counted."""
    waits: str
    """What kept the letter from going out before it was seen that mails arrive signed."""
    seen: tuple[Finding, ...]
    """What Herald saw of the mail that it sent to itself."""
    counted: dict[str, int]
    progress: dict[str, Any]
    left: str
    """Who pressed the button in the mail program after the first letter."""
    answers: list[int]
    """To a GET, a POST without a body, the POST of RFC 8058, and that once more."""
    key: bytes

    def letters(self) -> Iterator[tuple[str, bytes, EmailMessage]]:
        """Yield each letter that arrived, with whose it is."""
        for address, mails in self.first.items():
            for raw in mails:
                mail = message_from_bytes(raw, policy=default)
                assert isinstance(mail, EmailMessage)
                yield address, raw, mail


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("herald")
    with ExitStack() as stack:
        dovecot = stack.enter_context(running_dovecot())
        moved = ", ".join(
            f"{{ moved{number}@{DOMAIN}=ana@gone.example }}" for number in range(MOVED)
        )
        postfix = stack.enter_context(
            running_postfix(
                f"virtual_transport = lmtp:inet:127.0.0.1:{dovecot.lmtp}\n"
                "recipient_delimiter = +\n"
                f"virtual_alias_maps = inline:{{ {moved} }}\n"
                "default_transport = error:5.1.1 nobody of that name\n"
            )
        )
        _write(folder, postfix, dovecot)
        yield _told(folder, postfix, dovecot)


def _write(folder: Path, postfix: Postfix, dovecot: Dovecot) -> None:
    may = "\n".join(f'  {language}: "{words}"' for language, words in WORDS.items())
    for name, text in {
        "campaigns/stories.yaml": CAMPAIGN,
        "campaigns/newsletters/monthly/2027-05.yaml": f"editorial:\n{may}\n",
        "campaigns/newsletters/monthly/2027-06.yaml": f"editorial:\n{may}\n",
        "config/lists.yaml": LISTS,
        "config/channels.yaml": "trial: {network: journal}\n",
        "config/herald.yaml": (
            f"smtp: {{host: 127.0.0.1, port: {postfix.port}, tls: none, dkim_selector: s1,"
            " dkim_key: keys/dkim.pem}\n"
            f"web: {{public_url: {PUBLIC}}}\n"
            f"bounces:\n  address: bounces@{DOMAIN}\n"
            f"  mailbox: {{host: 127.0.0.1, port: {dovecot.imap}, tls: none,"
            f" user: bounces@{DOMAIN}}}\n"
        ),
        ".env": f"HERALD_BOUNCES__MAILBOX__PASSWORD={PASSWORD}\n",
        "keys/dkim.pem": a_pem(),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(("email", "name", "language"))
        sheet.writerows(map(person, range(PEOPLE)))


def _told(folder: Path, postfix: Postfix, dovecot: Dovecot) -> Story:
    agreed = ("--consent-source", "the museum's desk", "--consent-date", "2026-09-12")
    words = ("lists", "import", "friends", f"{folder}/people.csv", *agreed, "--json")
    imported = document(herald(folder, "2027-04-29T10:00Z", *words))
    assert imported["added"] == PEOPLE
    waits, seen = asyncio.run(_verified(folder, datetime(2027, 5, 3, 10, tzinfo=UTC)))
    _send(folder, "2027-04-30T10:00Z", "2027-05-04", "2027-05-04T07:05Z")
    _delivered(postfix, dovecot, PEOPLE)
    first = {address: dovecot.mails(address) for address in READERS}
    back = dovecot.mails(f"bounces@{DOMAIN}")
    counted = document(herald(folder, "2027-05-04T09:00Z", "newsletter", "bounces", "--json"))
    left_there = dovecot.mails(f"bounces@{DOMAIN}")
    progress = document(herald(folder, "2027-05-04T09:00Z", "newsletter", "progress", "--json"))
    left = f"p{MOVED + 7:03}@{DOMAIN}"
    link = _letter(first[left][0])["List-Unsubscribe"].split(">")[0].strip("<")
    answers, key = asyncio.run(_press(folder, link))
    asyncio.run(_verified(folder, datetime(2027, 5, 29, 10, tzinfo=UTC)))
    _send(folder, "2027-05-30T10:00Z", "2027-06-01", "2027-06-01T07:05Z")
    _delivered(postfix, dovecot, PEOPLE - MOVED + PEOPLE - MOVED - 1)
    return Story(
        folder=folder,
        dovecot=dovecot,
        first=first,
        second={address: dovecot.mails(address) for address in READERS},
        back=back,
        left_there=left_there,
        waits=waits,
        seen=seen,
        counted=counted,
        progress=progress["issues"][0],
        left=left,
        answers=answers,
        key=key,
    )


def _send(folder: Path, planned: str, issue: str, sent: str) -> None:
    herald(folder, planned, "run", "--once")
    approved = herald(folder, planned, "newsletter", "approve", issue, "--json")
    assert approved.exit_code == 0, approved.output
    herald(folder, sent, "run", "--once")


def _delivered(postfix: Postfix, dovecot: Dovecot, count: int) -> None:
    ends = time.monotonic() + 40
    while time.monotonic() < ends:
        if dovecot.count() >= count and postfix.queue() == 0:
            return
        time.sleep(0.05)  # mail servers have no bell to wait for


def _letter(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


async def _verified(folder: Path, now: datetime) -> tuple[str, tuple[Finding, ...]]:
    """Let Herald write to itself through both mail servers, and look at the signature."""
    zone: Zone = {f"s1._domainkey.{DOMAIN} TXT": (as_zone(a_key().record),)}
    async with (
        NameServer(zone).serving() as server,
        open_app(folder, SetClock(now), names=names_of(server)) as app,
    ):
        assert await app.trials.send(NEWS) is None
        waits = await app.trials.why_not(NEWS)
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            await app.newsletters.fetch_bounces()
            trial = await app.trials.last(NEWS)
            if trial is not None and trial.found_at == now:
                break
            await asyncio.sleep(0.1)  # the mail server has no bell to wait for
    assert trial is not None
    return waits, trial.findings


async def _press(folder: Path, link: str) -> tuple[list[int], bytes]:
    """Press the button as a mail provider does, on Herald's own pages."""
    clock = SetClock(datetime(2027, 5, 4, 10, tzinfo=UTC))
    async with open_app(folder, clock) as app:
        runner = await serve(create_app(app.condition.health, app.mailing), "127.0.0.1:0")
        host, port = runner.addresses[0][:2]
        here = link.replace(PUBLIC, f"http://{host}:{port}")
        answers = []
        async with aiohttp.ClientSession() as session:
            one_click = {"List-Unsubscribe": "One-Click"}
            for method, body in (("GET", None), ("POST", one_click), ("POST", one_click)):
                async with session.request(method, here, data=body) as answer:
                    answers.append(answer.status)
        await runner.cleanup()
        return answers, await app.mailing_store.mailing_key()


# ---------------------------------------------------------------------- the letters


def test_everybody_gets_exactly_one_letter_in_their_own_mailbox(story: Story) -> None:
    arrived = {address: len(mails) for address, mails in story.first.items()}
    assert arrived == {address: int("moved" not in address) for address in READERS}
    to = Counter(mail["To"].addresses[0].addr_spec for _, _, mail in story.letters())
    assert to == Counter(address for address in READERS if "moved" not in address)
    names = {mail["Message-ID"] for _, _, mail in story.letters()}
    assert len(names) == PEOPLE - MOVED


SUBJECTS = {
    "en": "News of May: bread, salt & “stone”",
    "it": "Notizie di maggio — pane, sale e perché no",
    "ka": "ეკომუზეუმების ამბები, მაისი",
    "mt": "Aħbarijiet ta’ Mejju mill-ekomużewijiet",
}


def test_each_header_says_what_the_editors_wrote(story: Story) -> None:
    for address, raw, mail in story.letters():
        name, language = READERS[address]
        (sender,), (to,) = mail["From"].addresses, mail["To"].addresses
        assert (sender.display_name, sender.addr_spec) == ("Ekomużew, “EcoHeritage”", NEWS)
        assert (to.display_name, to.addr_spec) == (name, address)
        assert mail["Subject"] == SUBJECTS[language]
        assert mail["Content-Language"] == language
        assert mail["Date"].datetime.date().isoformat() == "2027-05-04"
        assert f"<friends.{DOMAIN}>" in mail["List-Id"]
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["List-Unsubscribe"].startswith(f"<{PUBLIC}/u/")
        assert mail["Auto-Submitted"] == "auto-generated"
        once = ("From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe")
        assert [len(mail.get_all(header, [])) for header in once] == [1] * len(once)
        head = raw.partition(b"\r\n\r\n")[0]
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert head.isascii()
        assert not mail.defects


def test_each_part_is_in_the_readers_language_and_says_the_same(story: Story) -> None:
    for address, _, mail in story.letters():
        language = READERS[address][1]
        assert [part.get_content_type() for part in mail.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        text, html = (part.get_content() for part in mail.iter_parts())
        assert WORDS[language].split(" ")[0] in text
        assert " ".join(WORDS[language].split()) in " ".join(text.split())
        assert re.search(rf'<html[^>]*\blang="{language}"', html)
        assert f"https://museum.internal/{language}/walk" in text
        assert f"https://museum.internal/{language}/walk" in html
        for other in set(LANGUAGES) - {language}:
            assert WORDS[other][:20] not in text + html


def test_the_text_is_for_people_and_holds_nothing_of_the_making(story: Story) -> None:
    for _, _, mail in story.letters():
        text = next(part.get_content() for part in mail.iter_parts())
        assert not re.search(r"</?[a-z][^>]*>|&[a-z#0-9]+;|\{\{|\}\}|\x00|[\ue000-\uf8ff]", text)
        own = mail["List-Unsubscribe"].split(">")[0].strip("<")
        assert text.count(own) == text.count(f"{PUBLIC}/p/") == 1
        assert next(part for part in mail.iter_parts()).get_content_charset() == "utf-8"


def test_nobody_is_told_the_link_of_another(story: Story) -> None:
    links = {address: re.findall(rb"/[up]/[\w.-]{30,}", raw) for address, raw, _ in story.letters()}
    owned = Counter(link for found in links.values() for link in {*found})
    assert max(owned.values()) == 1


def test_herald_has_seen_a_mail_of_its_own_arrive_signed_before(story: Story) -> None:
    assert "has not come back yet" in story.waits
    (seen,) = story.seen
    assert (seen.severity, seen.what) == (Severity.WELL, f"the mail came back signed for {DOMAIN}")


def test_every_signature_is_believed_and_covers_the_way_out(story: Story) -> None:
    record = a_key().record.encode()
    for _, raw, mail in story.letters():
        assert dkim.verify(raw, dnsfunc=lambda *_, **__: record)
        (signature,) = mail.get_all("DKIM-Signature")
        tags = dict(tag.strip().split("=", 1) for tag in signature.split(";") if "=" in tag)
        assert (tags["d"], tags["s"]) == (DOMAIN, "s1")
        covered = {name.strip().lower() for name in tags["h"].split(":")}
        assert {"from", "list-unsubscribe", "list-unsubscribe-post", "list-id"} <= covered


# ---------------------------------------------------------------------- what comes back


def test_each_copy_comes_back_to_an_address_of_its_own_and_is_counted(story: Story) -> None:
    pattern = f"bounces+*@{DOMAIN}"
    senders = [mail["Return-Path"] for _, _, mail in story.letters()]
    copies = {read_bounce_address(sender, pattern, story.key) for sender in senders}
    assert None not in copies
    assert len(copies) == PEOPLE - MOVED
    assert len(story.back) == MOVED
    for raw in story.back:
        (name,) = re.findall(r"Original-Envelope-Id: (.*)", raw.decode())
        copy = read_envelope_id(name, story.key)
        assert copy is not None
        assert copy == read_bounce_address(raw.decode(), pattern, story.key)
    assert story.counted == {"counted": MOVED, "ignored": 0}
    assert story.left_there == []
    assert (story.progress["bounced"], story.progress["complained"]) == (MOVED, 0)
    assert story.progress["counts"] == {"accepted": PEOPLE}


def test_one_press_of_a_button_ends_it_and_a_look_ends_nothing(story: Story) -> None:
    assert story.answers == [200, 200, 200]
    later = {address: len(mails) for address, mails in story.second.items()}
    assert later.pop(story.left) == 1
    assert later == {address: 2 * ("moved" not in address) for address in later}


def test_the_list_tells_who_is_gone_and_why(story: Story) -> None:
    (shown,) = document(herald(story.folder, "2027-06-02T10:00Z", "lists", "show", "--json"))[
        "lists"
    ]
    assert shown["subscribed"] == PEOPLE - MOVED - 1
    assert (shown["left"], shown["bounced"]) == (MOVED + 1, MOVED)
