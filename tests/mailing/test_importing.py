"""Importing by the command, and asking those of whom no consent is known."""

from __future__ import annotations

import asyncio
import csv
import json
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from herald.clock import SetClock
from herald.mailing.readers.joining import Joining
from herald.mailing.readers.lists import ImportReport, find_hash, import_rows
from herald.mailing.readers.spreadsheet import read_spreadsheet
from herald.model.configuration import MailingList
from herald.model.mailing import MailServer, SubscriptionState
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_joining import StoredJoining
from herald.store.mailing_preferences import StoredPreferences
from tests.mailing.makers import FRIENDS, PostOffice, a_list
from tests.makers import NOON

ANA, BO = "ana@example.org", "bo@example.org"
PUBLIC = "https://herald.example.org"


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


def joining_of(
    database: Store, clock: SetClock, office: PostOffice, mailing_list: MailingList
) -> Joining:
    return Joining(
        store=StoredJoining(database),
        mailing_key=StoredMailing(database).mailing_key,
        lists=lambda: {FRIENDS: mailing_list},
        server=MailServer(),
        public_url=PUBLIC,
        clock=clock,
        mailer=lambda _: office,
    )


async def bring(store: StoredMailing, *rows: str) -> ImportReport:
    sheet = read_spreadsheet("\n".join(["email,language,consent date", *rows, ""]).encode())
    return await import_rows(store, FRIENDS, sheet, source="file old.csv", now=NOON)


async def test_who_waits_is_asked_once_and_joins_by_confirming(
    database: Store, store: StoredMailing, clock: SetClock, office: PostOffice
) -> None:
    closed = a_list()
    joining = joining_of(database, clock, office, closed)
    for asked in (2, 0):
        report = await bring(store, f"{ANA},it,", f"{BO},,", "cy@example.org,,2020-01-01")
        assert await joining.invite(closed, report.hashes) == asked
    clock.advance(timedelta(minutes=1))
    await joining.send_owed(asyncio.Event())
    mails = {to: message_from_bytes(mail, policy=policy.default) for to, mail in office.mails}
    assert sorted(mails) == [ANA, BO]
    assert "non sa quando hai dato il consenso" in mails[ANA].get_content()
    token = mails[ANA].get_content().split("/join/")[1].split()[0]

    shown = await joining.look(token)
    assert shown is not None
    await joining.confirm(token, shown.text.digest)
    states = {one.address: one.state for one in await store.subscribers(FRIENDS)}
    assert states[ANA] is SubscriptionState.SUBSCRIBED
    assert states[BO] is SubscriptionState.PENDING
    held = await StoredPreferences(database).held(await find_hash(store, ANA))
    assert [proof.came_from.value for proof in held.proofs] == ["import"]

    # The request is over after a week; nobody is asked a second time.
    clock.advance(timedelta(days=8))
    await joining.send_owed(asyncio.Event())
    report = await bring(store, f"{BO},,")
    assert await joining.invite(closed, report.hashes) == 0


async def test_invitations_go_one_after_the_other_and_whoever_asks_himself_comes_first(
    database: Store, store: StoredMailing, clock: SetClock, office: PostOffice
) -> None:
    mailing_list = a_list(is_open=True)
    joining = joining_of(database, clock, office, mailing_list)
    report = await bring(store, *(f"p{number:04}@example.org,," for number in range(1200)))
    assert await joining.invite(mailing_list, report.hashes) == 1200
    await joining.send_owed(asyncio.Event())
    assert len(office.mails) == 1
    clock.advance(timedelta(seconds=20))
    await joining.send_owed(asyncio.Event())
    assert len(office.mails) == 11


async def test_who_leaves_by_then_is_not_asked(
    database: Store, store: StoredMailing, clock: SetClock, office: PostOffice
) -> None:
    joining = joining_of(database, clock, office, a_list())
    report = await bring(store, f"{ANA},,")
    await joining.invite(a_list(), report.hashes)
    (person,) = await store.subscribers(FRIENDS)
    await store.leave(person.subscription, now=NOON)
    clock.advance(timedelta(minutes=1))
    await joining.send_owed(asyncio.Event())
    assert office.mails == []


async def test_without_pages_nobody_can_be_asked(
    database: Store, store: StoredMailing, clock: SetClock
) -> None:
    joining = Joining(
        store=StoredJoining(database),
        mailing_key=store.mailing_key,
        lists=lambda: {FRIENDS: replace(a_list())},
        server=MailServer(),
        public_url="",
        clock=clock,
    )
    report = await bring(store, f"{ANA},,")
    assert await joining.invite(a_list(), report.hashes) == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = (
        "friends:\n  name: {en: Friends}\n  languages: [en]\n"
        "  from: {name: EcoHeritage, address: news@example.org}\n"
    )
    people = "email,name,consent date\nana@example.org,=1+1,\nbad,Bo,\nbo@example.org,,2026-09-12\n"
    for name, text in {
        "config/lists.yaml": lists,
        "config/channels.yaml": "{}\n",
        "people.csv": people,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def herald(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), "--now", NOON.isoformat(), *words])


def told(folder: Path, *words: str) -> Any:
    return json.loads(herald(folder, *words).stdout)


def test_a_dry_run_writes_a_report_and_nothing_else(folder: Path) -> None:
    report = folder / "report.csv"
    people = str(folder / "people.csv")
    words = ("lists", "import", "friends", people, "--report", str(report))
    answer = herald(folder, *words, "--dry-run")
    assert answer.exit_code == 1
    assert "1 added, 1 waiting, 0 already there, 1 refused" in answer.stdout
    assert "Nothing was changed." in answer.stdout
    assert told(folder, "lists", "show", "--json")["lists"][0]["subscribed"] == 0
    assert report.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(report.read_text("utf-8-sig").splitlines()))
    assert [(row["line"], row["fate"]) for row in rows] == [
        ("2", "pending"),
        ("3", "refused"),
        ("4", "added"),
    ]
    answer = herald(folder, *words)
    assert "--ask" in answer.stdout
    (shown,) = told(folder, "lists", "show", "--json")["lists"]
    assert (shown["subscribed"], shown["waiting"]) == (1, 1)


def test_rows_that_were_taken_with_a_remark_are_told_apart_from_refused_ones(folder: Path) -> None:
    (folder / "people.csv").write_text(
        "email,zone,consent date,phone\n"
        "ana@example.org,Mars/Phobos,2026-09-12,1\n"
        "bo@example.org,Venus,,2\n"
        "bad,Europe/Rome,,3\n"
    )
    answer = herald(folder, "lists", "import", "friends", str(folder / "people.csv"))

    lines = [line.partition("people.csv")[2] for line in answer.stderr.splitlines()]
    assert lines[0].startswith(": ")
    assert "phone" in lines[0]
    assert [line.partition(": no ")[0] for line in lines[1:2]] == [":4: bad"]
    assert [line.partition(" time zone")[0] for line in lines[2:]] == [
        ":2: ana@example.org: note: taken without a",
        ":3: bo@example.org: note: taken without a",
    ]
    assert "1 added, 1 waiting, 0 already there, 1 refused" in answer.stdout


def test_asking_needs_pages_and_a_date_is_a_date(folder: Path) -> None:
    people = str(folder / "people.csv")
    answer = herald(folder, "lists", "import", "friends", people, "--ask")
    assert "public_url" in answer.stderr
    answer = herald(folder, "lists", "import", "friends", people, "--consent-date", "soon")
    assert "2026-11-30" in answer.stderr
    found = told(
        folder, "lists", "import", "friends", people, "--consent-date", "2026-01-01", "--json"
    )
    assert (found["added"], found["pending"], found["refused"]) == (2, 0, 1)


def test_all_that_is_held_of_a_person_is_printed(folder: Path) -> None:
    herald(folder, "lists", "import", "friends", str(folder / "people.csv"))
    held = told(folder, "lists", "export", "--person", "BO@example.org")
    assert held["person"]["address"] == BO
    assert held["subscriptions"][0]["consent_given"] == "2026-09-12"
    assert herald(folder, "lists", "export").exit_code == 1
    both = herald(folder, "lists", "export", "friends", "--person", BO)
    assert "name a list, or a person" in both.stderr
    nobody = told(folder, "lists", "export", "--person", "nobody@example.org")
    assert (nobody["person"]["address"], nobody["subscriptions"]) == ("", [])
