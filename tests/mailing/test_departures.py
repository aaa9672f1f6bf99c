"""Files of other providers, and the people who left there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from herald.mailing.readers.departures import foresee_away, keep_away
from herald.mailing.readers.lists import find_hash, import_rows
from herald.mailing.readers.spreadsheet import Row, UnreadableFile, read_spreadsheet
from herald.model.ids import ListId
from herald.model.mailing import EVERY_LIST, Fate, SubscriptionState, SuppressionReason
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, subscribe
from tests.makers import NOON

ANA, BO, CY = "ana@example.org", "bo@example.org", "cy@example.org"
MAILCHIMP = (
    '"Email Address","First Name","Last Name",Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
    "CONFIRM_TIME,LAST_CHANGED,LANGUAGE,TIMEZONE\n"
    'ana@example.org,Aino,Mäki,"Katu 1, Turku",3,"2021-03-04 10:11:12",192.0.2.1,'
    '"2021-03-04 10:20:00","2024-01-01 00:00:00",fi,Europe/Helsinki\n'
    "bo@example.org,Bo,,,2,,,,2024-01-01 00:00:00,,\n"
)


def rows_of(text: str) -> tuple[Row, ...]:
    return read_spreadsheet(text.encode()).rows


def test_mailchimps_file_is_read_as_it_is() -> None:
    first, second = rows_of(MAILCHIMP)
    assert (first.email, first.name, first.language) == (ANA, "Aino Mäki", "fi")
    assert (first.zone, first.consent_given) == ("Europe/Helsinki", "2021-03-04T10:20:00")
    assert (second.name, second.consent_given, second.departed) == ("Bo", "", "")


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("EMAIL;PRENOM;NOM", "a@x.org;Zoé;Camilleri", "Zoé Camilleri"),
        ("EMAIL;NOM;PRENOM", "a@x.org;Camilleri;Zoé", "Zoé Camilleri"),
        ("EMAIL;FIRSTNAME;LASTNAME", "a@x.org;Zoé;", "Zoé"),
        ("Email,Nome,Cognome", "a@x.org,Ada,Rossi", "Ada Rossi"),
        ("Sähköposti;Etunimi;Sukunimi;Kieli", "a@x.org;Aino;Mäki;fi", "Aino Mäki"),
        ("ელფოსტა;სახელი;გვარი;ენა", "a@x.org;ნინო;ბერიძე;ka", "ნინო ბერიძე"),
        ("Email,Name,First name,Last name", "a@x.org,Aino Mäki,Aino,Mäki", "Aino Mäki"),
    ],
)
def test_a_name_in_parts_is_put_together(header: str, cells: str, name: str) -> None:
    (row,) = rows_of(f"{header}\n{cells}\n")
    assert (row.email, row.name) == ("a@x.org", name)


def test_a_postal_address_is_no_mail_address() -> None:
    (row,) = rows_of("Indirizzo,E-mail\nVia Roma 1,a@x.org\n")
    assert row.email == "a@x.org"
    (row,) = rows_of("Address,Name\na@x.org,Ana\n")
    assert row.email == "a@x.org"
    with pytest.raises(UnreadableFile, match="two columns hold the email"):
        rows_of("Email,E-mail\na@x.org,b@x.org\n")


@pytest.mark.parametrize(
    ("dates", "read"),
    [
        (["31.12.2024", "3.4.2021"], ["2024-12-31", "2021-04-03"]),
        (["31/12/2024", "03/04/2021"], ["2024-12-31", "2021-04-03"]),
        (["12/31/2024 9:05", "03/04/2021 10:11"], ["2024-12-31T09:05:00", "2021-03-04T10:11:00"]),
        (["03/04/2021"], ["03/04/2021"]),
        (["31/12/2024", "12/31/2024"], ["31/12/2024", "12/31/2024"]),
        (["30-06-2024 10:11:12"], ["2024-06-30T10:11:12"]),
        (["2024-06-30 10:11:12 UTC"], ["2024-06-30T10:11:12"]),
        (["31.2.2024"], ["31.2.2024"]),
    ],
)
def test_dates_are_read_as_the_whole_file_shows(dates: list[str], read: list[str]) -> None:
    rows = rows_of("email,consent date\n" + "".join(f"a@x.org,{date}\n" for date in dates))
    assert [row.consent_given for row in rows] == read


async def test_a_date_that_may_be_two_is_refused_by_name(store: StoredMailing) -> None:
    sheet = read_spreadsheet(b"email,consent date\nana@example.org,03/04/2021\n")
    report = await import_rows(store, FRIENDS, sheet, source="x", now=NOON)
    assert "may be two dates" in report.rows[0].why


@pytest.mark.parametrize(
    ("header", "gone", "there"),
    [
        ("email,UNSUB_TIME", "2024-05-06 07:08:09", ""),
        ("email,CLEAN_TIME", "2024-05-06 07:08:09", ""),
        ("email,status", "blocklisted", "enabled"),
        ("email,Stato", "disiscritto", "iscritto"),
        ("email,Unsubscribed", "TRUE", "FALSE"),
        ("email,state", "left", "subscribed"),
    ],
)
async def test_whom_the_file_calls_gone_is_kept_away_and_never_imported(
    store: StoredMailing, header: str, gone: str, there: str
) -> None:
    sheet = read_spreadsheet(f"{header}\n{ANA},{gone}\n{BO},{there}\n".encode())
    away = await keep_away(store, FRIENDS, sheet, now=NOON)
    assert [row.fate for row in away.rows] == [Fate.KEPT_AWAY, Fate.STAYS]
    report = await import_rows(
        store, ListId("other"), sheet, source="x", given="2024-01-01", now=NOON
    )
    assert [row.fate for row in report.rows] == [Fate.REFUSED, Fate.ADDED]
    assert "the person has left" in report.rows[0].why


def test_a_state_that_nobody_knows_is_told_and_takes_nobody_away() -> None:
    sheet = read_spreadsheet(b"email,state\na@x.org,Ohio\n")
    assert not sheet.tells_who_left
    assert "does not know, and takes for nothing: Ohio" in sheet.notes[0]


async def test_a_bare_list_of_addresses_keeps_all_of_them_away(store: StoredMailing) -> None:
    await subscribe(store, (BO, "Bo", "en"))
    sheet = read_spreadsheet(f"{ANA}\nBO@example.org\nbroken\n{ANA}\n".encode())
    fates = [Fate.KEPT_AWAY, Fate.TAKEN_OFF, Fate.REFUSED, Fate.ALREADY_THERE]
    assert [row.fate for row in (await foresee_away(store, FRIENDS, sheet)).rows] == fates
    assert await store.suppressed(FRIENDS) == 0
    assert [row.fate for row in (await keep_away(store, FRIENDS, sheet, now=NOON)).rows] == fates
    assert await store.suppressed(FRIENDS) == 2
    (bo,) = await store.subscribers(FRIENDS)
    assert (bo.state, bo.left_at) == (SubscriptionState.LEFT, NOON)
    again = await keep_away(store, FRIENDS, sheet, now=NOON)
    assert again.count(Fate.ALREADY_THERE) == 3
    report = await subscribe(store, (ANA, "Ana", "en"))
    assert "left this list" in report.rows[0].why


async def test_who_bounced_is_kept_off_every_list_and_other_lists_stay(
    store: StoredMailing, database: Store
) -> None:
    other = ListId("partners")
    await subscribe(store, (ANA, "Ana", "en"))
    await subscribe(store, (ANA, "Ana", "en"), (CY, "Cy", "en"), list_id=other)
    only_here = read_spreadsheet(f"{CY}\n".encode())
    await keep_away(store, FRIENDS, only_here, now=NOON)
    states = {one.address: one.state for one in await store.subscribers(other)}
    assert states[CY] is SubscriptionState.SUBSCRIBED
    sheet = read_spreadsheet(f"{ANA}\n".encode())
    await keep_away(store, EVERY_LIST, sheet, reason=SuppressionReason.BOUNCED, now=NOON)
    for found in (FRIENDS, other):
        states = {one.address: one.state for one in await store.subscribers(found)}
        assert states[ANA] is SubscriptionState.LEFT
    report = await subscribe(store, (ANA, "Ana", "en"), list_id=ListId("third"))
    assert "could not be reached" in report.rows[0].why
    assert await find_hash(store, ANA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = (
        "friends:\n  name: {en: Friends}\n  languages: [en]\n"
        "  from: {name: EcoHeritage, address: news@example.org}\n"
    )
    for name, text in {
        "config/lists.yaml": lists,
        "config/channels.yaml": "{}\n",
        "people.csv": MAILCHIMP,
        "gone.csv": "Email Address,UNSUB_TIME\nana@example.org,2024-05-06 07:08:09\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def herald(folder: Path, *words: str, answer: str = "") -> Result:
    chosen = ["-C", str(folder), "--now", NOON.isoformat(), *words]
    return CliRunner().invoke(main, chosen, input=answer)


def shown(folder: Path) -> Any:
    return json.loads(herald(folder, "lists", "show", "--json").stdout)["lists"][0]


def test_before_people_are_taken_off_herald_asks(folder: Path) -> None:
    herald(folder, "lists", "import", "friends", str(folder / "people.csv"))
    words = ("lists", "suppress", "friends", str(folder / "gone.csv"))
    report = folder / "report.csv"
    tried = herald(folder, *words, "--dry-run", "--report", str(report))
    assert "0 kept away, 1 taken off" in tried.stdout
    assert "Nothing was changed." in tried.stdout
    assert next(csv.DictReader(report.read_text("utf-8-sig").splitlines()))["fate"] == "taken off"
    refused = herald(folder, *words, answer="n\n")
    assert (refused.exit_code, shown(folder)["subscribed"]) == (1, 1)
    assert "1 of them receive letters now" in refused.stdout
    agreed = herald(folder, *words, "--yes")
    assert (agreed.exit_code, shown(folder)["subscribed"]) == (0, 0)
    told = json.loads(herald(folder, *words, "--json").stdout)
    assert (told["already_kept_away"], told["taken_off"], told["everywhere"]) == (1, 0, False)


def test_who_bounced_elsewhere_is_written_to_on_no_list(folder: Path) -> None:
    words = ("lists", "suppress", "friends", str(folder / "gone.csv"), "--because", "bounced")
    told = json.loads(herald(folder, *words, "--json").stdout)
    assert (told["kept_away"], told["everywhere"]) == (1, True)
    assert shown(folder)["suppressed"] == 1
