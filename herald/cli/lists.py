"""``herald lists``: who receives the newsletters."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from herald.cli.arguments import sound_address
from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.mailing.readers.lists import ImportReport
    from herald.mailing.readers.spreadsheet import Spreadsheet
    from herald.model.bounces import BounceCounts
    from herald.model.configuration import MailingList
    from herald.model.joining import Proof
    from herald.model.mailing import RowReport, Subscriber
    from herald.store.mailing import StoredMailing

_SHOWN = 50
"""Refused rows, and notes on others, shown on a terminal; ``--json`` shows all."""


@click.group(cls=Group)
def lists() -> None:
    """See, bring in and let go the subscribers of mailing lists.

    \b
    herald lists show
    herald lists import friends people.csv
    herald lists suppress friends unsubscribed.csv
    """


@lists.command()
@click.argument("name", metavar="[LIST]", default="")
@as_json_option
@click.pass_obj
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Show how many subscribers the lists have, in which languages.

    \b
    herald lists show friends
    """

    async def work() -> list[dict[str, Any]]:
        async with invocation.open_to_change() as app:
            store, bounces = app.mailing_store, app.bounces
            known = {str(one.id): one for one in (await app.load()).configuration.lists.values()}
            chosen = [_list_of(known, name)] if name else list(known.values())
            return [
                _summary(
                    one,
                    await store.subscribers(one.id),
                    await store.suppressed(one.id),
                    await bounces.counts_of_list(one.id),
                )
                | {"pending": await app.joining.pending(one.id)}
                for one in chosen
            ]

    found = run_async(work())
    if as_json:
        print_json({"lists": found})
        return
    if not found:
        click.echo("There is no list yet: write one into config/lists.yaml.")
    for one in found:
        click.echo(
            f"{one['list']}: {one['subscribed']} subscribed, {one['left']} left,"
            f" {one['suppressed']} never written to again"
        )
        if one["waiting"]:
            click.echo(f"  imported without a known consent, and not confirmed: {one['waiting']}")
        if one["pending"]:
            click.echo(f"  asked to join and not confirmed yet: {one['pending']}")
        if one["bounced"] or one["complained"]:
            click.echo(
                f"  of those who left: {one['bounced']} could not be reached,"
                f" {one['complained']} complained"
            )
        for language in one["languages"]:
            click.echo(f"  {language['language'] or 'no language'}: {language['subscribed']}")


@lists.command("import")
@click.argument("name", metavar="LIST")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Tell what would happen, and change nothing.")
@click.option(
    "--report",
    "report_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of every row into this CSV file.",
)
@click.option("--consent-source", default="", help="Where people agreed whose row does not say.")
@click.option("--consent-date", default="", help="When they agreed: 2026-09-12.")
@click.option("--ask", is_flag=True, help="Ask those by mail of whom no consent is known.")
@as_json_option
@click.pass_obj
def import_(invocation: Invocation, /, name: str, file: Path, as_json: bool, **said: Any) -> None:
    """Add the people of a CSV file to a list.

    The first row names the columns: email, name, language, zone, consent source, consent date.
    Whoever has left the list or was erased stays away. Importing a file again changes nothing.

    Whoever agreed at no known time waits, and receives nothing. With --ask they get one mail, once,
    and receive the list after confirming.

    Exit status 1 if a row was refused.

    \b
    herald lists import friends people.csv --dry-run --report report.csv
    herald lists import friends people.csv
    herald lists import friends paper.csv --consent-date 2026-09-12 --consent-source "the fair"
    """
    from herald.mailing.readers.lists import report_rows

    sheet = _sheet(file)
    report, asked = run_async(_import(invocation, name, sheet, f"file {file.name}", said))
    if said["report_to"] is not None:
        _write_report(said["report_to"], report_rows(report))
    if as_json:
        print_json(_import_document(report) | {"asked": asked, "dry_run": said["dry_run"]})
    else:
        _tell_import(report, file)
        _tell_waiting(report, asked, said)
    if any(row.fate == "refused" for row in report.rows):
        raise SystemExit(1)


@lists.command()
@click.argument("name", metavar="LIST")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--because",
    type=click.Choice(["left", "bounced", "complained"]),
    default="left",
    help="Why they are gone; whoever bounced or complained is written to on no list.",
)
@click.option("--everywhere", is_flag=True, help="On every list, not on this one alone.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen, and change nothing.")
@click.option(
    "--report",
    "report_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of every row into this CSV file.",
)
@click.option("--yes", is_flag=True, help="Do not ask before taking people off the list.")
@as_json_option
@click.pass_obj
def suppress(invocation: Invocation, /, name: str, file: Path, as_json: bool, **said: Any) -> None:
    """Keep away the people of a CSV file, who have left at another provider.

    No import brings them in, and whoever is on the list is taken off; only the person can come
    back. Of the addresses nothing is kept but a fingerprint.

    If the file says who has left, as an export of a whole list does (status, UNSUB_TIME, ...), the
    others stay.

    Exit status 1 if a row was refused.

    \b
    herald lists suppress friends unsubscribed.csv --dry-run
    herald lists suppress friends unsubscribed.csv
    herald lists suppress friends cleaned.csv --because bounced
    """
    from herald.mailing.readers.lists import report_rows
    from herald.model.mailing import Fate

    report = run_async(_suppress(invocation, name, _sheet(file), {**said, "as_json": as_json}))
    if said["report_to"] is not None:
        _write_report(said["report_to"], report_rows(report))
    if as_json:
        print_json(_departures_document(report, name) | {"dry_run": said["dry_run"]})
    else:
        _tell_refused(report, file)
        click.echo(
            f"{name}: {report.count(Fate.KEPT_AWAY)} kept away, {report.count(Fate.TAKEN_OFF)}"
            f" taken off, {report.count(Fate.ALREADY_THERE)} already kept away,"
            f" {report.count(Fate.STAYS)} have not left, {report.count(Fate.REFUSED)} refused"
        )
        if said["dry_run"]:
            click.echo("Nothing was changed.")
    if report.count(Fate.REFUSED):
        raise SystemExit(1)


@lists.command()
@click.argument("name", metavar="[LIST]", default="")
@click.option("--all", "everybody", is_flag=True, help="Also those who have left.")
@click.option("--person", metavar="ADDRESS", default="", help="All that is held of one person.")
@as_json_option
@click.pass_obj
def export(invocation: Invocation, name: str, everybody: bool, person: str, as_json: bool) -> None:
    """Print a list as CSV, which an import reads back; or all that is held of one person.

    With --person it is JSON: what people get who ask for their data (GDPR, article 15).

    \b
    herald lists export friends > friends.csv
    herald lists export --person ana@example.org > ana.json
    """
    if bool(name) == bool(person):
        raise click.ClickException("name a list, or a person with --person")
    if person:
        click.echo(run_async(_held(invocation, person)), nl=False)
        return

    async def work() -> tuple[Subscriber, ...]:
        async with _opened(invocation) as (store, known):
            found = await store.subscribers(_list_of(known, name).id)
            return tuple(one for one in found if everybody or one.state != "left")

    found = run_async(work())
    if as_json:
        print_json({"list": name, "subscribers": [_person(one) for one in found]})
        return
    from herald.mailing.readers.lists import export_rows

    # As bytes: a terminal of an old encoding must not cost anybody a letter of the name.
    click.echo(export_rows(found).encode(), nl=False)


@lists.command()
@click.argument("address")
@click.option("--list", "name", default="", help="Only this list (default: every list).")
@as_json_option
@click.pass_obj
def unsubscribe(invocation: Invocation, address: str, name: str, as_json: bool) -> None:
    """Take somebody off a list who wrote to you instead of using the link.

    \b
    herald lists unsubscribe ana@example.org
    """

    async def work() -> int:
        from herald.mailing.readers.lists import find_hash

        async with _opened(invocation) as (store, known):
            chosen = _list_of(known, name).id if name else None
            left = 0
            for subscription in await store.find_subscriptions(
                await find_hash(store, sound_address(address))
            ):
                person = await store.subscriber(subscription)
                if person is not None and chosen in {None, person.list}:
                    left += await store.leave(subscription, now=invocation.moment())
            return left

    left = run_async(work())
    if as_json:
        print_json({"left": left})
    else:
        told = f"Taken off {left} {'list' if left == 1 else 'lists'}."
        click.echo(told if left else "This address is on no such list.")
    if not left:
        raise SystemExit(1)


@lists.command()
@click.argument("address")
@as_json_option
@click.pass_obj
def consent(invocation: Invocation, address: str, as_json: bool) -> None:
    """Show what proves that somebody agreed: when, to which words, asked by which mail.

    Exit status 1 if nothing proves it, as for people who came from a file.

    \b
    herald lists consent ana@example.org
    """

    async def work() -> tuple[Proof, ...]:
        from herald.mailing.readers.lists import find_hash

        async with invocation.open_to_change() as app:
            known = await find_hash(app.mailing_store, sound_address(address))
            return await app.joining_store.proofs(known)

    found = run_async(work())
    if as_json:
        print_json({"consents": [_proof(one) for one in found]})
    for one in () if as_json else found:
        _tell_proof(one)
    if not found:
        if not as_json:
            click.echo("Nobody of this address has confirmed anything here.")
        raise SystemExit(1)


@lists.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_obj
def erase(invocation: Invocation, address: str, yes: bool, as_json: bool) -> None:
    """Remove all that is known of a person, on every list.

    Only a hash of the address stays, so that no import brings the person back.

    \b
    herald lists erase ana@example.org
    """
    if not yes and not as_json:
        click.confirm(f"Remove all that is known of {address}?", abort=True)

    async def work() -> bool:
        from herald.mailing.readers.lists import find_hash
        from herald.model.mailing import SuppressionReason

        async with _opened(invocation) as (store, _):
            known = await find_hash(store, sound_address(address))
            return await store.erase(
                known, reason=SuppressionReason.ERASED, now=invocation.moment()
            )

    was_known = run_async(work())
    if as_json:
        print_json({"erased": was_known, "suppressed": True})
    elif was_known:
        click.echo("Erased. No import brings this address back.")
    else:
        click.echo("Nothing was known of this address. No import will bring it in from now on.")


@asynccontextmanager
async def _opened(
    invocation: Invocation,
) -> AsyncIterator[tuple[StoredMailing, dict[str, MailingList]]]:
    """Give the store of the mailing room, and the lists as the files have them."""
    async with invocation.open_to_change() as app:
        loaded = await app.load()
        yield (
            app.mailing_store,
            {str(name): one for name, one in loaded.configuration.lists.items()},
        )


async def _held(invocation: Invocation, address: str) -> bytes:
    from herald.mailing.readers.held import held_file
    from herald.mailing.readers.lists import find_hash

    async with invocation.open_to_change() as app:
        known = await find_hash(app.mailing_store, sound_address(address))
        held = await app.preference_store.held(known)
        return held_file(held, now=invocation.moment())


async def _import(
    invocation: Invocation, name: str, sheet: Spreadsheet, source: str, said: dict[str, Any]
) -> tuple[ImportReport, int]:
    """Import or foresee; return what became of the rows, and how many people are asked."""
    from herald.mailing.readers.lists import foresee_rows, import_rows, read_consent_date

    try:
        given = read_consent_date(said["consent_date"].strip())
    except ValueError as error:
        raise click.ClickException(f"--consent-date: {error}") from error
    async with invocation.open_to_change() as app:
        lists = (await app.load()).configuration.lists
        chosen = _list_of({str(known): one for known, one in lists.items()}, name)
        if said["ask"] and not app.settings.web.public_url:
            raise click.ClickException(
                "--ask: no link leads back: say in config/herald.yaml where the world reaches"
                ' Herald\'s pages, web: {public_url: "https://..."}'
            )
        about: dict[str, Any] = {
            "source": said["consent_source"].strip() or source,
            "given": given,
            "tell": _tell_progress,
        }
        if said["dry_run"]:
            found = await foresee_rows(
                app.mailing_store, chosen.id, sheet, now=app.clock.now(), **about
            )
            return found, 0
        now = invocation.moment()
        report = await import_rows(app.mailing_store, chosen.id, sheet, now=now, **about)
        asked = await app.joining.invite(chosen, report.hashes) if said["ask"] else 0
        return report, asked


def _sheet(file: Path) -> Spreadsheet:
    from herald.mailing.readers.spreadsheet import UnreadableFile, read_spreadsheet

    try:
        return read_spreadsheet(file.read_bytes())
    except (UnreadableFile, OSError) as error:
        raise click.ClickException(f"{file}: {error}") from error


async def _suppress(
    invocation: Invocation, name: str, sheet: Spreadsheet, said: dict[str, Any]
) -> ImportReport:
    """Keep people away or foresee it; ask before anybody is taken off."""
    from herald.mailing.readers.departures import foresee_away, keep_away
    from herald.model.mailing import EVERY_LIST, Fate, SuppressionReason

    reason = SuppressionReason(said["because"])
    async with _opened(invocation) as (store, known):
        chosen = _list_of(known, name).id
        where = EVERY_LIST if said["everywhere"] or reason is not SuppressionReason.LEFT else chosen
        foreseen = await foresee_away(store, where, sheet)
        if said["dry_run"]:
            return foreseen
        gone = foreseen.count(Fate.TAKEN_OFF)
        if gone and not said["yes"] and not said["as_json"]:
            click.confirm(
                f"{gone} of them receive letters now, and would not any more until they come back"
                " by themselves. Take them off?",
                abort=True,
            )
        return await keep_away(store, where, sheet, reason=reason, now=invocation.moment())


def _tell_progress(done: int, rows: int) -> None:
    """Tell whoever sits at a terminal how far it is, on one line that goes away."""
    if sys.stderr.isatty():
        end = "\r\x1b[K" if done >= rows else ""
        click.echo(f"\r{done:,} of {rows:,} rows{end}", err=True, nl=False)


def _write_report(file: Path, text: str) -> None:
    try:
        # With a mark, for without it Excel takes UTF-8 for something else.
        file.write_text(text, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise click.ClickException(f"{file}: the report cannot be written: {error}") from error


def _list_of(known: dict[str, MailingList], name: str) -> MailingList:
    if name in known:
        return known[name]
    there = ", ".join(sorted(known)) or "none"
    raise click.ClickException(
        f"there is no list {name!r} in config/lists.yaml (there is: {there})"
    )


def _summary(
    one: MailingList, subscribers: tuple[Subscriber, ...], suppressed: int, back: BounceCounts
) -> dict[str, Any]:
    from collections import Counter

    there = [person for person in subscribers if person.state == "subscribed"]
    languages = Counter(person.language for person in there)
    return {
        "list": one.id,
        "subscribed": len(there),
        "left": sum(person.state == "left" for person in subscribers),
        "waiting": sum(person.state == "pending" for person in subscribers),
        "suppressed": suppressed,
        "bounced": back.bounced,
        "complained": back.complained,
        "without_consent_date": sum(not person.consent.given for person in there),
        "languages": [
            {"language": language, "subscribed": count}
            for language, count in sorted(languages.items(), key=lambda pair: str(pair[0] or ""))
        ],
    }


def _import_document(report: ImportReport) -> dict[str, Any]:
    from herald.model.mailing import Fate

    return {
        "list": report.list,
        "added": report.count(Fate.ADDED),
        "pending": report.count(Fate.PENDING),
        "already_there": report.count(Fate.ALREADY_THERE),
        "refused": report.count(Fate.REFUSED),
        "notes": list(report.notes),
        "rows": _row_documents(report),
    }


def _departures_document(report: ImportReport, name: str) -> dict[str, Any]:
    from herald.model.mailing import Fate

    return {
        "list": name,
        "everywhere": not report.list,
        "kept_away": report.count(Fate.KEPT_AWAY),
        "taken_off": report.count(Fate.TAKEN_OFF),
        "already_kept_away": report.count(Fate.ALREADY_THERE),
        "not_left": report.count(Fate.STAYS),
        "refused": report.count(Fate.REFUSED),
        "notes": list(report.notes),
        "rows": _row_documents(report),
    }


def _row_documents(report: ImportReport) -> list[dict[str, Any]]:
    return [
        {"line": row.line, "address": row.address, "fate": row.fate.value, "why": row.why}
        for row in report.rows
    ]


def _tell_refused(report: ImportReport, file: Path) -> None:
    """Tell what was noticed, which rows are refused and why, and what is to be known of others."""
    from herald.model.mailing import Fate

    for note in report.notes:
        click.echo(f"{file}: {note}", err=True)
    refused = [row for row in report.rows if row.fate is Fate.REFUSED]
    _tell_rows(file, [(row, row.why) for row in refused])
    _tell_rows(file, [(row, f"note: {row.note}") for row in report.rows if row.note])


def _tell_import(report: ImportReport, file: Path) -> None:
    from herald.model.mailing import Fate

    _tell_refused(report, file)
    waiting = report.count(Fate.PENDING)
    click.echo(
        f"{report.list}: {report.count(Fate.ADDED)} added,"
        + (f" {waiting} waiting," if waiting else "")
        + f" {report.count(Fate.ALREADY_THERE)} already there,"
        f" {report.count(Fate.REFUSED)} refused"
    )


def _tell_rows(file: Path, told: Sequence[tuple[RowReport, str]]) -> None:
    for row, words in told[:_SHOWN]:
        click.echo(f"{file}:{row.line}: {row.address or '(no address)'}: {words}", err=True)
    if len(told) > _SHOWN:
        click.echo(f"… and {len(told) - _SHOWN} more (--json shows all)", err=True)


def _tell_waiting(report: ImportReport, asked: int, said: dict[str, Any]) -> None:
    from herald.model.mailing import Fate

    if said["dry_run"]:
        click.echo("Nothing was changed.")
    elif asked:
        click.echo(f"Asked by mail: {asked}, one every two seconds while herald run is running.")
    elif report.count(Fate.PENDING) and not said["ask"]:
        click.echo(
            "Who waits receives nothing, for nothing says when they agreed. Name the date in the"
            " file (consent date) or with --consent-date, or let Herald ask them with --ask."
        )


def _person(one: Subscriber) -> dict[str, Any]:
    from herald.reporting.documents import instant

    return {
        "address": one.address,
        "name": one.name,
        "language": one.language,
        "state": one.state.value,
        "since": instant(one.since),
        "left_at": instant(one.left_at),
        "consent": {"source": one.consent.source, "given": one.consent.given},
    }


def _proof(one: Proof) -> dict[str, Any]:
    from herald.reporting.documents import instant

    return {
        "list": one.list,
        "language": one.language,
        "asked_on": one.came_from.value,
        "asked_at": instant(one.asked_at),
        "confirmed_at": instant(one.confirmed_at),
        "message_id": one.message_id,
        "text": one.text,
        "text_version": one.digest,
    }


def _tell_proof(one: Proof) -> None:
    click.echo(f"{one.list}: confirmed {one.confirmed_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"  asked {one.asked_at:%Y-%m-%d %H:%M:%S} UTC ({one.came_from.value})")
    click.echo(f"  by the mail {one.message_id or '(its reply was never read)'}")
    click.echo(f"  to these words ({one.language}, version {one.digest[:12]}):")
    for line in one.text.splitlines():
        click.echo(f"    {line}")
