"""People come from a file, and leave for good."""

from __future__ import annotations

import asyncio
import csv
import io
import time

import pytest

from herald.mailing.addresses import BadAddress, hash_address, read_address
from herald.mailing.readers.lists import (
    export_rows,
    find_hash,
    foresee_rows,
    import_rows,
    report_rows,
)
from herald.mailing.readers.spreadsheet import UnreadableFile, read_language, read_spreadsheet
from herald.model.bounces import BounceKind, CopyOf, ReturnedMail
from herald.model.ids import ListId
from herald.model.mailing import Fate, SubscriptionState, SuppressionReason
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, subscribe
from tests.makers import NOON


@pytest.mark.parametrize(
    ("content", "names"),
    [
        pytest.param("email,name\na@x.org,Žiga\n".encode(), ["Žiga"], id="utf-8"),
        pytest.param("email,name\na@x.org,Žiga\n".encode("utf-8-sig"), ["Žiga"], id="bom"),
        pytest.param("email;name\r\na@x.org;Žiga\r\n".encode(), ["Žiga"], id="semicolon, crlf"),
        pytest.param("email\tname\na@x.org\tŽiga\n".encode("utf-16"), ["Žiga"], id="utf-16, tab"),
        pytest.param("E-Mail,Nome\na@x.org,Niccolò\n".encode("latin-1"), ["Niccolò"], id="latin-1"),
        pytest.param(b"\n\nE_mail , Name\na@x.org,Ana\n\n", ["Ana"], id="blank lines"),
        pytest.param('Imię,"Adres e-mail"\nZoë,a@x.org\n'.encode(), ["Zoë"], id="polish header"),
        pytest.param(b'email,name\n"a@x.org","Ana, the 3rd"\n', ["Ana, the 3rd"], id="quoted"),
        pytest.param(b"email,name\na@x.org\n", [""], id="short row"),
        pytest.param(b"sep=;\r\nemail;name\r\na@x.org;Ana\r\n", ["Ana"], id="excel's sep"),
        pytest.param("email,name\na@x.org,Žiga\n".encode("utf-16-le"), ["Žiga"], id="utf-16-le"),
        pytest.param("email,name\na@x.org,Žiga\n".encode("utf-16-be"), ["Žiga"], id="utf-16-be"),
        pytest.param(b"email;name\na@x.org;Nicc\xf2l\x92\n", ["Niccòl’"], id="cp1252, excel"),
        pytest.param("البريد الإلكتروني,الاسم\na@x.org,آنا\n".encode(), ["آنا"], id="arabic"),
        pytest.param("Indirizz elettroniku,Isem\na@x.org,Ċ\n".encode(), ["Ċ"], id="maltese"),
        pytest.param("Endereço de e-mail,Nome\na@x.org,Zé\n".encode(), ["Zé"], id="portuguese"),
        pytest.param("E-poštni naslov,Ime\na@x.org,Ž\n".encode(), ["Ž"], id="slovene"),
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(content: bytes, names: list[str]) -> None:
    rows = read_spreadsheet(content).rows
    assert [row.name for row in rows] == names
    assert [row.email for row in rows] == ["a@x.org"]


def test_a_file_that_is_not_utf_8_is_read_with_a_word_of_warning() -> None:
    assert "Windows-1252" in read_spreadsheet("email,name\na@x.org,è\n".encode("cp1252")).notes[0]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\n \n", "empty", id="blank"),
        pytest.param(b"name,language\nAna,en\n", "no column is called email", id="no address"),
        pytest.param(b"email,e-mail\na@x.org,b@x.org\n", "two columns", id="twice"),
        pytest.param(b"PK\x03\x04\x00\x00", "save the spreadsheet as CSV", id="xlsx"),
        pytest.param(b"\xff\xfee\x00m", "broken UTF-16", id="half a utf-16 file"),
        pytest.param(b'email,name\n"' + b"x" * 200_000, "not closed", id="endless cell"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_a_remedy(content: bytes, word: str) -> None:
    with pytest.raises(UnreadableFile, match=word):
        read_spreadsheet(content)


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [("EN", "en"), ("pt_br", "pt-BR"), ("sr-latn", "sr-Latn"), ("", ""), (" it ", "it")],
)
def test_a_language_is_spelled_as_usual(tag: str, spelled: str) -> None:
    assert read_language(tag) == spelled


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Ana@Example.ORG", "Ana@example.org"),
        ("ana@bücher.example.de", "ana@xn--bcher-kva.example.de"),
        (" o'neil+news@example.org ", "o'neil+news@example.org"),
    ],
)
def test_an_address_is_read_as_a_mail_server_wants_it(written: str, address: str) -> None:
    assert read_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ana",
        "ana@",
        "ana@example",
        "a@x.org, b@x.org",
        "Ana <a@x.org>",
        "a@x.org\r\nBcc: b@x.org",
        "a\u200bna@x.org",
        "žiga@example.org",
        "a@x.org\x00",
        "a" * 65 + "@x.org",
    ],
)
def test_what_mail_does_not_reach_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        read_address(written)


def test_an_address_is_known_again_whatever_its_case() -> None:
    key = b"k" * 32
    assert hash_address("Ana@Example.org", key) == hash_address("ana@example.ORG", key)
    assert hash_address("a.na@example.org", key) != hash_address("ana@example.org", key)
    assert hash_address("ana@example.org", key) != hash_address("ana@example.org", b"j" * 32)


async def test_every_row_is_accounted_for(store: StoredMailing) -> None:
    content = (
        "email,name,language\n"
        "ana@example.org,Ana,es\n"
        "nobody,Nobody,en\n"
        "ANA@example.org,Ana again,es\n"
        '"eve@example.org","Eve\nBcc: all@example.org",en\n'
        "bo@example.org,Bo,english!\n"
    )
    sheet = read_spreadsheet(content.encode())
    report = await import_rows(store, FRIENDS, sheet, source="file", given="2027-01-02", now=NOON)
    assert [(row.line, row.fate) for row in report.rows] == [
        (2, Fate.ADDED),
        (3, Fate.REFUSED),
        (4, Fate.REFUSED),
        (5, Fate.REFUSED),
        (7, Fate.REFUSED),
    ]
    assert "no address" in report.rows[1].why
    assert "line 2" in report.rows[2].why
    assert "line break" in report.rows[3].why
    assert "no language" in report.rows[4].why
    assert [person.address for person in await store.subscribers(FRIENDS)] == ["ana@example.org"]


async def test_importing_again_changes_nothing(store: StoredMailing) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    before = await store.subscribers(FRIENDS)
    report = await subscribe(store, ("ana@example.org", "Ana", "es"))
    assert [(row.fate, row.why) for row in report.rows] == [(Fate.ALREADY_THERE, "")]
    assert await store.subscribers(FRIENDS) == before


async def test_a_name_and_a_language_follow_the_file(store: StoredMailing) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    report = await subscribe(store, ("ana@example.org", "", "it"))
    (person,) = await store.subscribers(FRIENDS)
    assert (person.name, person.language) == ("Ana", "it")
    assert report.rows[0].why == "language changed"


async def test_who_has_left_is_never_brought_back(store: StoredMailing) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    (person,) = await store.subscribers(FRIENDS)
    await store.leave(person.subscription, now=NOON)
    report = await subscribe(store, ("Ana@EXAMPLE.org", "Ana", "es"))
    assert report.rows[0].fate is Fate.REFUSED
    assert "left this list on 2027-05-10" in report.rows[0].why
    (still,) = await store.subscribers(FRIENDS)
    assert still.state is SubscriptionState.LEFT


async def test_leaving_one_list_leaves_the_others(store: StoredMailing) -> None:
    other = ListId("partners")
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    await subscribe(store, ("ana@example.org", "Ana", "es"), list_id=other)
    (person,) = await store.subscribers(FRIENDS)
    await store.leave(person.subscription, now=NOON)
    (there,) = await store.subscribers(other)
    assert there.state is SubscriptionState.SUBSCRIBED


async def test_an_erased_person_leaves_a_hash_that_no_import_passes(store: StoredMailing) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    known = await find_hash(store, "ANA@example.org")
    assert await store.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    assert await store.subscribers(FRIENDS) == ()
    for list_id in (FRIENDS, ListId("partners")):
        report = await subscribe(store, ("ana@example.org", "Ana", "es"), list_id=list_id)
        assert report.rows[0].fate is Fate.REFUSED
        assert await store.subscribers(list_id) == ()


async def test_one_who_was_never_there_can_be_kept_away(store: StoredMailing) -> None:
    known = await find_hash(store, "ana@example.org")
    assert not await store.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    report = await subscribe(store, ("ana@example.org", "Ana", "es"))
    assert report.rows[0].fate is Fate.REFUSED


async def test_consent_is_kept_as_it_was_noted(store: StoredMailing) -> None:
    content = "email,consent source,consent date\na@x.org,fair in Argenta,2025-09-01\nb@x.org,,\n"
    sheet = read_spreadsheet(content.encode())
    await import_rows(store, FRIENDS, sheet, source="file people.csv", now=NOON)
    first, second = await store.subscribers(FRIENDS)
    assert (first.consent.source, first.consent.given) == ("fair in Argenta", "2025-09-01")
    assert (second.consent.source, second.consent.given) == ("file people.csv", "")


async def test_an_export_is_read_back_by_an_import(store: StoredMailing) -> None:
    await subscribe(store, ("ana@example.org", "=SUM(A1)", "es"), ("bo@example.org", "Bo", ""))
    text = export_rows(await store.subscribers(FRIENDS))
    assert "'=SUM(A1)" in text
    rows = read_spreadsheet(text.encode()).rows
    other = ListId("copy")
    await import_rows(store, other, read_spreadsheet(text.encode()), source="x", now=NOON)
    assert len(rows) == 2
    names = [(one.address, one.name, one.language) for one in await store.subscribers(other)]
    assert names == [("ana@example.org", "=SUM(A1)", "es"), ("bo@example.org", "Bo", None)]


async def test_ten_thousand_rows_take_seconds(store: StoredMailing) -> None:
    rows = "\n".join(f"p{number}@example.org,Person {number},it" for number in range(10_000))
    sheet = read_spreadsheet(f"email,name,language\n{rows}\n".encode())
    told: list[tuple[int, int]] = []
    began = time.monotonic()
    report = await import_rows(
        store,
        FRIENDS,
        sheet,
        source="file",
        given="2027-01-02",
        now=NOON,
        tell=lambda done, rows: told.append((done, rows)),
    )
    assert report.count(Fate.ADDED) == 10_000
    assert time.monotonic() - began < 20
    assert told[-1] == (10_000, 10_000)


async def came(store: StoredMailing, content: str, given: str = "") -> list[tuple[Fate, str]]:
    """Import a file, and return what became of its rows."""
    sheet = read_spreadsheet(content.encode())
    report = await import_rows(store, FRIENDS, sheet, source="file", given=given, now=NOON)
    return [(row.fate, row.why) for row in report.rows]


async def test_who_is_not_known_to_agree_waits_until_a_file_says_when(
    store: StoredMailing,
) -> None:
    ((fate, why),) = await came(store, "email\nana@example.org\n")
    assert fate is Fate.PENDING
    assert "receives nothing" in why
    (person,) = await store.subscribers(FRIENDS)
    assert person.state is SubscriptionState.PENDING
    assert (await came(store, "email\nana@example.org\n"))[0] == (Fate.PENDING, "waits already")

    assert (await came(store, "email,consent date\nana@example.org,2026-09-12\n"))[0][
        0
    ] is Fate.ADDED
    (person,) = await store.subscribers(FRIENDS)
    assert person.state is SubscriptionState.SUBSCRIBED
    assert (person.consent.source, person.consent.given) == ("file", "2026-09-12")
    # A later file without the date takes nothing away.
    assert (await came(store, "email\nana@example.org\n"))[0] == (Fate.ALREADY_THERE, "")


async def test_whoever_imports_may_vouch_for_a_whole_file(store: StoredMailing) -> None:
    content = "email,consent date\nana@example.org,\nbo@example.org,2020-01-01\n"
    await came(store, content, given="2026-09-12")
    ana, bo = await store.subscribers(FRIENDS)
    assert (ana.consent.given, bo.consent.given) == ("2026-09-12", "2020-01-01")


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED])
@pytest.mark.parametrize("date", ["", "2027-05-01"], ids=["no date", "date"])
async def test_who_complained_or_cannot_be_reached_is_not_brought_back(
    store: StoredMailing, database: Store, reason: SuppressionReason, date: str
) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "en"))
    (person,) = await store.subscribers(FRIENDS)
    kind = BounceKind.COMPLAINT if reason is SuppressionReason.COMPLAINED else BounceKind.HARD
    await StoredBounces(database).record_bounce(
        ReturnedMail(kind=kind, copy=None, fingerprint="f" * 64),
        CopyOf(subscription=person.subscription),
        lambda _: reason,
        now=NOON,
    )
    content = f"email,consent date\nANA@example.org,{date}\n"
    ((fate, why),) = await came(store, content)
    assert fate is Fate.REFUSED
    assert "only the person can come back" in why
    (person,) = await store.subscribers(FRIENDS)
    assert person.state is SubscriptionState.LEFT


async def test_a_pending_person_who_left_stays_away(store: StoredMailing) -> None:
    await came(store, "email\nana@example.org\n")
    (person,) = await store.subscribers(FRIENDS)
    await store.leave(person.subscription, now=NOON)
    assert (await came(store, "email\nana@example.org\n", given="2027-01-01"))[0][0] is Fate.REFUSED


async def test_what_would_become_of_a_file_is_told_without_changing_anything(
    store: StoredMailing,
) -> None:
    await subscribe(store, ("ana@example.org", "Ana", "es"))
    before = await store.subscribers(FRIENDS)
    content = "email,name,consent date\nana@example.org,Anna,\nbo@example.org,Bo,2027-01-01\nx,,\n"
    sheet = read_spreadsheet(content.encode())
    foreseen = await foresee_rows(store, FRIENDS, sheet, source="file")
    assert await store.subscribers(FRIENDS) == before
    done = await import_rows(store, FRIENDS, sheet, source="file", now=NOON)
    assert foreseen == done


async def test_the_same_address_is_found_across_the_whole_file_however_it_is_written(
    store: StoredMailing,
) -> None:
    filler = "".join(f"p{number}@example.org\n" for number in range(2500))
    content = f"email\nana@bücher.example.org\n{filler}ANA@XN--BCHER-KVA.example.org\n"
    *_, (fate, why) = await came(store, content)
    assert (fate, why) == (Fate.REFUSED, "the same address stands on line 2")


async def test_the_report_of_every_row_opens_in_a_spreadsheet_without_a_formula(
    store: StoredMailing,
) -> None:
    content = 'email\n"=HYPERLINK(""x"")"\nana@example.org\n'
    sheet = read_spreadsheet(content.encode())
    report = await foresee_rows(store, FRIENDS, sheet, source="file")
    rows = list(csv.reader(io.StringIO(report_rows(report))))
    assert rows[0] == ["line", "address", "fate", "why"]
    assert rows[1][:3] == ["2", '\'=HYPERLINK("x")', "refused"]
    assert rows[2][:3] == ["3", "ana@example.org", "pending"]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ('"ana b"@example.org', "Quoting"),
        ("žiga@example.org", "not plain ASCII"),
        ("ana@пример", "no address"),
        ("ana@example.org\x00", "invisible"),
        ("ana@[127.0.0.1]", "no address"),
    ],
)
async def test_an_odd_address_gets_a_clear_answer(
    store: StoredMailing, written: str, word: str
) -> None:
    cell = written.replace('"', '""')
    ((fate, why),) = await came(store, f'email\n"{cell}"\n')
    assert fate is Fate.REFUSED
    assert word in why


async def test_the_key_is_made_once(store: StoredMailing) -> None:
    key = await store.mailing_key()
    assert len(key) == 32
    assert await store.mailing_key() == key


def test_columns_that_are_not_read_are_named_once_with_what_may_have_been_meant() -> None:
    sheet = read_spreadsheet(
        b"email,phone,consent dat,langauge,emails,consent\na@x.org,1,,,,fair\n"
    )
    (note,) = sheet.notes
    assert note == (
        "columns that Herald does not use: phone, consent dat (did you mean consent date?),"
        " langauge (did you mean language?), emails"
    )
    assert sheet.rows[0].consent_source == "fair"


async def test_the_key_is_read_while_another_writes(store: StoredMailing, database: Store) -> None:
    key = await store.mailing_key()
    async with database.writing(), asyncio.timeout(5):
        assert await store.mailing_key() == key


async def test_all_who_ask_for_the_key_first_get_the_same(store: StoredMailing) -> None:
    assert len(set(await asyncio.gather(*(store.mailing_key() for _ in range(8))))) == 1


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("suomi", "fi"),
        ("Finnish", "fi"),
        ("italiano", "it"),
        ("DEUTSCH", "de"),
        ("ქართული", "ka"),
        ("pt_br", "pt-BR"),
        ("it", "it"),
    ],
)
def test_a_language_is_known_by_its_name(written: str, tag: str) -> None:
    assert read_language(written) == tag


def test_a_word_that_is_no_language_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValueError, match="'martian' is no language"):
        read_language("martian")
