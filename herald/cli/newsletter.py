"""``herald newsletter``: issues before, while and after they are sent."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from herald.cli.arguments import sound_address
from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.newsletter_list import next_few
from herald.cli.output import as_json_option, print_json, run_async
from herald.cli.signing import dkim_key, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from herald.app import App
    from herald.cli.letter_pictures import DraftMedia
    from herald.cli.newsletter_progress import Shown
    from herald.mailing.letters.reminding import Writing
    from herald.model.bounces import Effect
    from herald.model.doubts import Reconciled
    from herald.model.mailing import Edition, Issue

_TODAY = "It is not put together yet: this is how it stands today."
_TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: every mail server keeps the mail."""


@click.group(cls=Group)
def newsletter() -> None:
    """Look at issues, approve them, and see how far they have got.

    \b
    herald newsletter list
    herald newsletter preview ecomuseum-stories/monthly/2027-05-04 --html letter.html
    """


@newsletter.command("list")
@click.option("--all", "is_all", is_flag=True, help="All that are to come, not only the next few.")
@as_json_option
@click.pass_obj
def list_(invocation: Invocation, is_all: bool, as_json: bool) -> None:
    """List the issues that are planned, held, being sent and sent.

    Of each newsletter the next few that are to come are shown; --json lists all. Exit status 1 if
    one of them needs a person.

    \b
    herald newsletter list
    herald newsletter list --all
    """

    async def work() -> tuple[tuple[Issue, ...], dict[str, tuple[datetime, datetime]], bool]:
        from herald.consequences import errors

        async with invocation.open_to_look() as app:
            issues = await app.mailing_store.issues()
            is_broken = not issues and bool(errors(await app.load()))
            return issues, await app.mailing.mornings(), is_broken

    issues, mornings, is_broken = run_async(work())
    if as_json:
        print_json({"issues": [_issue(one) | _span(mornings.get(one.key)) for one in issues]})
    elif is_broken:
        click.echo("There is no issue yet, and some files have errors: `herald check` names them.")
    elif not issues:
        click.echo("There is no issue yet: `herald run --once` plans the next ones.")
    else:
        shown, left_out = (issues, []) if is_all else next_few(issues)
        for one in shown:
            reason = f" ({one.reason.value})" if one.reason else ""
            note = f": {one.note}" if one.note else ""
            when = _local(one) + _mornings(one, mornings.get(one.key))
            click.echo(f"{one.key}  {when}  {one.state.value}{reason}{note}")
        for line in left_out:
            click.echo(line)
    if any(one.state == "held" for one in issues):
        raise SystemExit(1)


@newsletter.command()
@click.argument("issue")
@click.option("--language", default="", help="Only this edition.")
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page here that shows the editions on telephone and desk, light and dark.",
)
@click.option("--open", "is_opened", is_flag=True, help="Show that page in the browser.")
@as_json_option
@click.pass_obj
def preview(
    invocation: Invocation,
    issue: str,
    language: str,
    file: Path | None,
    is_opened: bool,
    as_json: bool,
) -> None:
    """Show an issue as its subscribers will read it.

    ISSUE is its key, or as much of the key's end as names only one (2027-05-04). One that is not
    put together yet is shown as it stands today.

    \b
    herald newsletter preview 2027-05-04 --language it
    herald newsletter preview 2027-05-04 --open
    herald newsletter preview 2027-05-04 --html letter.html
    """

    async def work() -> tuple[Issue, list[Edition], str, str]:
        from herald.cli.letter_pictures import DraftMedia

        async with invocation.open_to_look() as app:
            found, told, media = await _find(app, issue), "", DraftMedia(app.media)
            editions = await app.mailing_store.editions(found.key)
            drafted = None if editions else await app.draft_issue(found.key, media=media)
            if drafted is not None:
                (found, editions), told = drafted, _TODAY
            chosen = [one for one in editions if language in {"", one.language}]
            page = await _page(app, found, chosen, media, note=told) if is_shown else ""
            return found, chosen, told, page

    is_shown = is_opened or file is not None
    found, chosen, told, page = run_async(work())
    if not chosen:
        why = found.note or "it has another language, or is over"
        raise click.ClickException(f"{found.key} has no such edition ({why})")
    if is_opened and file is None:
        file = Path(tempfile.mkdtemp(prefix="herald-")) / "letter.html"
    if file is not None:
        file.write_text(page, encoding="utf-8")
    if as_json:
        document = [
            {"language": one.language, "subject": one.subject, "text": one.text, "html": one.html}
            for one in chosen
        ]
        print_json(_issue(found) | {"is_draft": bool(told), "editions": document})
    elif file is not None:
        click.echo(f"Open {file} in a browser.")
    else:
        for one in chosen:
            click.echo(f"[{one.language}] {one.subject}\n\n{one.text}")
    if is_opened and file is not None:
        click.launch(str(file))
    if told and not as_json:
        click.echo(told, err=True)
    if found.state == "held" and found.note and not as_json:
        click.echo(f"It is held: {found.note}", err=True)


@newsletter.command()
@click.argument("issue")
@as_json_option
@click.pass_obj
def write(invocation: Invocation, issue: str, as_json: bool) -> None:
    """Begin the file for the parts of an issue that somebody writes by hand.

    What stands in it is a comment until it is filled in. A file that is there already is left as
    it is, and what to add to it is shown.

    \b
    herald newsletter write 2027-05-04
    """

    async def work() -> tuple[Issue, Writing | None]:
        from herald.mailing.letters.reminding import writing_of

        async with invocation.open_to_look() as app:
            found = await _find(app, issue)
            return found, writing_of((await app.load()).campaigns, found)

    from herald.mailing.letters.reminding import skeleton

    found, writing = run_async(work())
    if writing is None:
        raise click.ClickException(f"nothing is to be written by hand for {found.key}")
    text, path = skeleton(writing), invocation.folder / writing.file
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if as_json:
        print_json({"file": writing.file, "begun": is_new, "text": text})
    elif is_new:
        click.echo(f"Fill in {writing.file}, by {writing.due_on}.")
    else:
        click.echo(f"{writing.file} is there already. Add to it, by {writing.due_on}:\n\n{text}")


@newsletter.command("test-send")
@click.argument("issue")
@click.argument("address")
@click.option("--language", default="", help="Only this edition.")
@as_json_option
@click.pass_obj
def test_send(
    invocation: Invocation, issue: str, address: str, language: str, as_json: bool
) -> None:
    """Send an issue's editions to one address, to look at them in a mail program.

    Exit status 1 if the mail server did not take one.

    \b
    herald newsletter test-send 2027-05-04 me@example.org
    """

    async def work() -> list[dict[str, Any]]:
        from herald.model.ids import Language
        from herald.model.mailing import Accepted

        sound = sound_address(address)
        async with invocation.open_to_change() as app:
            found = await _find(app, issue)
            wanted = (Language(language),) if language else ()
            there = [one.language for one in await app.mailing_store.editions(found.key)]
            if there and language and language not in there:
                raise click.ClickException(
                    f"{found.key} has no edition in {language!r} (it has: {', '.join(there)})"
                )
            return [
                {
                    "language": edition,
                    "accepted": isinstance(outcome, Accepted),
                    "why": outcome if isinstance(outcome, str) else getattr(outcome, "why", ""),
                }
                for edition, outcome in await app.mailing.test_send(found.key, sound, wanted)
            ]

    sent = run_async(work())
    if as_json:
        print_json({"sent": sent})
    elif not sent:
        click.echo("There is nothing in this issue yet, or its list is not in config/lists.yaml.")
    else:
        for one in sent:
            click.echo(f"[{one['language']}] {'sent' if one['accepted'] else one['why']}")
    if not sent or not all(one["accepted"] for one in sent):
        raise SystemExit(1)


@newsletter.command()
@click.argument("issue")
@as_json_option
@click.pass_obj
def approve(invocation: Invocation, issue: str, as_json: bool) -> None:
    """Agree to an issue as `preview` shows it; any later edit holds it again.

    \b
    herald newsletter approve 2027-05-04
    """

    async def work() -> Issue | str:
        async with invocation.open_to_change() as app:
            return await app.mailing.approve((await _find(app, issue)).key)

    outcome = run_async(work())
    if isinstance(outcome, str):
        raise click.ClickException(f"not approved: {outcome}")
    if as_json:
        print_json(_issue(outcome))
    else:
        click.echo(f"Approved. {outcome.key} goes out at {_local(outcome)}.")


@newsletter.command()
@click.argument("issue", default="")
@click.option("--follow", "is_followed", is_flag=True, help="Go on showing it until all is sent.")
@as_json_option
@click.pass_obj
def progress(invocation: Invocation, issue: str, is_followed: bool, as_json: bool) -> None:
    """Show how many copies were sent, wait, or need a decision, how fast, and when all is done.

    Exit status 1 if a copy needs a decision or could not be delivered.

    \b
    herald newsletter progress
    herald newsletter progress 2027-05-04 --follow
    """
    from herald.cli.newsletter_progress import Shown, follow, progress_document, progress_lines
    from herald.mailing.sending.repairs import repairs_of

    if is_followed and as_json:
        raise click.UsageError("--follow is for people: programs ask again with --json")

    async def work() -> Sequence[Shown]:
        async with invocation.open_to_look() as app:
            key = (await _find(app, issue)).key if issue else ""

            async def look() -> list[Shown]:
                return [
                    Shown(
                        headway=one,
                        back=await app.bounces.counts_of_issue(one.key),
                        repairs=repairs_of(await app.mailing_store.refusals(one.key)),
                    )
                    for one in app.condition.as_run(await app.mailing.headway())
                    if key in {"", one.key}
                ]

            return await follow(look, app.clock.sleep) if is_followed else await look()

    try:
        found = run_async(work())
    except KeyboardInterrupt:
        if is_followed:  # this is how one stops watching
            return
        raise
    if as_json:
        shown = [_issue(one.headway.progress.issue) | progress_document(one) for one in found]
        print_json({"issues": shown})
    elif not found:
        click.echo("This issue has not been started." if issue else "No issue was started yet.")
    elif not is_followed:
        click.echo("\n".join(progress_lines(found)))
    if any(one.headway.needs_a_person for one in found):
        raise SystemExit(1)


@newsletter.command()
@click.option(
    "--to",
    "came_to",
    envvar=["ORIGINAL_RECIPIENT", "RECIPIENT"],
    default="",
    help="The address that the mail came to, if the mail server knows it.",
)
@as_json_option
@click.pass_obj
def bounce(invocation: Invocation, came_to: str, as_json: bool) -> None:
    """Take one mail that came back, from a mail server that pipes it here.

    Exit status 75 if Herald's store is away: the mail server keeps the mail and tries again.

    \b
    herald newsletter bounce < returned.eml
    """
    from herald.errors import HeraldError
    from herald.mailing.bounces.reading import READ_MOST

    pipe = sys.stdin.buffer
    raw = pipe.read(READ_MOST)
    while pipe.read(READ_MOST):
        """A mail server whose pipe is closed too early would take the mail for lost."""

    async def work() -> Effect:
        async with invocation.open_to_change() as app:
            return await app.bounces.take(raw, came_to=came_to)

    try:
        effect = run_async(work())
    except (HeraldError, click.ClickException, OSError) as error:
        click.echo(f"Not taken, try again later: {error}", err=True)
        raise SystemExit(_TRY_AGAIN) from error
    if as_json:
        print_json({"effect": effect.value})


@newsletter.command()
@as_json_option
@click.pass_obj
def bounces(invocation: Invocation, as_json: bool) -> None:
    """Look into the mailbox for what came back, now; a running Herald does so by itself.

    \b
    herald newsletter bounces
    """
    from herald.mailing.bounces.mailbox import Emptied

    async def work() -> Emptied | None:
        async with invocation.open_to_change() as app:
            return await app.newsletters.fetch_bounces()

    found = run_async(work())
    if found is None:
        raise click.ClickException(
            "there is no mailbox to look into: name one under bounces: in config/herald.yaml"
        )
    if as_json:
        print_json({"counted": found.counted, "ignored": found.ignored})
    else:
        click.echo(f"{found.counted} counted and taken out, {found.ignored} left there as read")


@newsletter.command("resend-uncertain")
@click.argument("issue")
@as_json_option
@click.pass_obj
def resend_uncertain(invocation: Invocation, issue: str, as_json: bool) -> None:
    """Send the copies again of which nobody knows whether they arrived.

    Some of those people may get the letter twice.

    \b
    herald newsletter resend-uncertain 2027-05-04
    """
    _resolve(invocation, issue, resend=True, as_json=as_json)


@newsletter.command("hold-uncertain")
@click.argument("issue")
@as_json_option
@click.pass_obj
def hold_uncertain(invocation: Invocation, issue: str, as_json: bool) -> None:
    """Leave the copies alone of which nobody knows whether they arrived.

    Some of those people may not get the letter.

    \b
    herald newsletter hold-uncertain 2027-05-04
    """
    _resolve(invocation, issue, resend=False, as_json=as_json)


@newsletter.command("look-up")
@click.argument("issue")
@click.option(
    "--log",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Read this log (- for what is piped in) in place of the one that smtp: log: names.",
)
@as_json_option
@click.pass_obj
def look_up(invocation: Invocation, issue: str, file: str | None, as_json: bool) -> None:
    """Find out from Postfix's log which doubtful copies it took.

    What it took is noted; what it surely did not take is sent again. Exit status 1 if a copy stays
    in doubt.

    \b
    herald newsletter look-up 2027-05-04
    herald newsletter look-up 2027-05-04 --log mail.log
    journalctl -u 'postfix*' -o short-iso | herald newsletter look-up 2027-05-04 --log -
    """

    async def work() -> Reconciled | str:
        async with invocation.open_to_change() as app:
            found, piped = await _find(app, issue), sys.stdin.buffer
            if file == "-":
                return await app.doubts.read_piped(found, piped)
            return await app.doubts.read(found, path=file or "")

    found = run_async(work())
    if isinstance(found, str):
        raise click.ClickException(found)
    if as_json:
        print_json(_reconciled(found))
    else:
        _tell_reconciled(found)
    if found.open:
        raise SystemExit(1)


def _resolve(invocation: Invocation, issue: str, *, resend: bool, as_json: bool) -> None:
    async def work() -> int:
        async with invocation.open_to_change() as app:
            key = (await _find(app, issue)).key
            return await app.mailing.resolve_uncertain(key, resend=resend)

    count = run_async(work())
    if as_json:
        print_json({"copies": count, "resend": resend})
        return
    told = "will be sent again" if resend else "are left as they are"
    click.echo(f"{count} copies {told}." if count else "No copy is uncertain.")


async def _page(
    app: App, issue: Issue, editions: Sequence[Edition], media: DraftMedia, *, note: str
) -> str:
    """Return the page that shows *editions*, with their pictures inside."""
    from herald.cli.letter_page import letter_page
    from herald.cli.letter_pictures import seen_pictures
    from herald.mailing.sending.senders import list_name
    from herald.model.ids import Language

    mailing_list = (await app.load()).configuration.lists.get(issue.list)
    return letter_page(
        issue,
        editions,
        list_name=list_name(mailing_list, Language("en")) if mailing_list else issue.list,
        note=note,
        pictures=await seen_pictures(editions, media),
    )


async def _find(app: App, written: str) -> Issue:
    """Return the one issue whose key ends in what was written."""
    issues = await app.mailing_store.issues()
    found = [one for one in issues if one.key == written] or [
        one for one in issues if one.key.endswith(written)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(
            f"there is no issue {written!r} (`herald newsletter list` shows them)"
        )
    keys = ", ".join(one.key for one in found)
    raise click.ClickException(f"{written!r} names several issues: {keys}")


def _issue(one: Issue) -> dict[str, Any]:
    from herald.reporting.documents import instant

    return {
        "key": one.key,
        "campaign": one.campaign,
        "newsletter": one.newsletter,
        "list": one.list,
        "due_at": instant(one.due_at),
        "due_local": _local(one),
        "local_time": one.local_time,
        "state": one.state.value,
        "reason": one.reason.value if one.reason else None,
        "note": one.note,
        "languages": list(one.languages),
        "audience": one.audience,
        "approved_at": instant(one.approved_at),
        "started_at": instant(one.started_at),
        "finished_at": instant(one.finished_at),
    }


def _reconciled(found: Reconciled) -> dict[str, Any]:
    return {
        "issue": found.issue,
        "accepted": len(found.accepted),
        "sent_again": len(found.absent),
        "doubtful": len(found.open),
        "why": sorted({why for _, why in found.open}),
        "fault": found.fault,
    }


def _tell_reconciled(found: Reconciled) -> None:
    if found.fault:
        click.echo(f"The log: {found.fault}", err=True)
    if not (found.accepted or found.absent or found.open):
        click.echo("No copy is uncertain.")
        return
    click.echo(f"Taken by the mail server: {len(found.accepted)}")
    click.echo(f"Not taken, and sent again: {len(found.absent)}")
    for why in sorted({why for _, why in found.open}):
        count = sum(one == why for _, one in found.open)
        click.echo(f"Still in doubt: {count} ({why})")


def _local(one: Issue, moment: datetime | None = None) -> str:
    from zoneinfo import ZoneInfo

    return f"{(moment or one.due_at).astimezone(ZoneInfo(one.zone)):%Y-%m-%d %H:%M}"


def _mornings(one: Issue, span: tuple[datetime, datetime] | None) -> str:
    """Say, on the campaign's clock, when the first reader's morning comes and when the last."""
    if span is None:
        return ""
    first, last = (_local(one, moment) for moment in span)
    if first == last:
        return f" on each reader's clock (here {first})"
    return f" on each reader's clock (here from {first} to {last})"


def _span(span: tuple[datetime, datetime] | None) -> dict[str, Any]:
    from herald.reporting.documents import instant

    first, last = span or (None, None)
    return {"first_at": instant(first), "last_at": instant(last)}


newsletter.add_command(verify)
newsletter.add_command(dkim_key)
