"""``herald newsletter verify`` and ``dkim-key``: whether mails arrive signed, and with what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.findings import lines_of
from herald.cli.output import as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.app import App
    from herald.model.trial import Trial

_EVERY = 2.0
"""Seconds after which it is looked again whether a mail came back."""
_OWNER_ONLY = 0o600


@click.command()
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for the mails to come back.",
)
@as_json_option
@click.pass_obj
def verify(invocation: Invocation, wait: int, as_json: bool) -> None:
    """Send a mail to Herald itself, and tell whether its signature survives the way.

    Herald does so before an issue, where config/herald.yaml names smtp.dkim_selector and
    bounces.address. Exit status 1 if mails do not arrive signed as they should.

    \b
    herald newsletter verify
    herald newsletter verify --wait 300
    """

    async def work() -> dict[str, Trial | None]:
        async with invocation.open_to_change() as app:
            if not app.trials.is_wanted:
                raise click.ClickException(
                    "nothing is to be verified: config/herald.yaml needs smtp: {dkim_selector: ...}"
                    " for the name of the key that signs, and bounces: {address: ...} for where the"
                    " mail comes back to"
                )
            return await _tried(app, wait)

    found = run_async(work())
    now = invocation.moment()
    if as_json:
        print_json({"senders": [_as_json(sender, trial) for sender, trial in found.items()]})
    else:
        click.echo("\n\n".join(_shown(sender, trial) for sender, trial in found.items()))
    if not all(trial is not None and trial.is_proof(now=now) for trial in found.values()):
        raise SystemExit(1)


@click.command("dkim-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--selector", default="herald", show_default=True, help="The name of the key.")
@click.option(
    "--ed25519",
    is_flag=True,
    help="A short key, which some receivers do not know yet; usual is RSA with 2048 bits.",
)
@as_json_option
@click.pass_obj
def dkim_key(
    invocation: Invocation, file: Path, selector: str, ed25519: bool, as_json: bool
) -> None:
    """Make a key with which Herald signs mail, and show the DNS record for it.

    Only where your mail server does not sign. FILE must not be there yet; nobody else can read it.

    \b
    herald newsletter dkim-key keys/dkim.pem
    """
    from herald.mailing.dkim.keys import SigningKey, new_key, read_key

    pem = new_key("ed25519" if ed25519 else "rsa")
    key = read_key(pem.decode(), selector=selector, folder=invocation.folder)
    assert isinstance(key, SigningKey)  # noqa: S101  # it was made a line above
    path = invocation.folder / file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError as error:
        raise click.ClickException(f"{path} is there already: name another file") from error
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as written:
        written.write(pem)
    if as_json:
        print_json({"file": str(file), "selector": selector, "record": key.record})
        return
    click.echo(f"Written: {path}\n")
    click.echo(f"1. Add this TXT record at {selector}._domainkey. and the domain of your sender:\n")
    click.echo(f"   {key.record}\n")
    click.echo("2. Write into config/herald.yaml, under smtp:\n")
    click.echo(f"   dkim_selector: {selector}\n   dkim_key: {file}\n")
    click.echo("3. When the record can be seen: herald newsletter verify")


async def _tried(app: App, wait: int) -> dict[str, Trial | None]:
    """Send a trial for each sender, and wait until all are back, or for so many seconds."""
    away = [sender for sender in app.files.list_senders() if await app.trials.send(sender) is None]
    ends = app.clock.monotonic() + wait
    while away and app.clock.monotonic() < ends:
        await app.newsletters.fetch_bounces()
        away = [sender for sender in away if not _is_back(await app.trials.last(sender))]
        if away:
            await app.clock.sleep(_EVERY)
    return {sender: await app.trials.last(sender) for sender in app.files.list_senders()}


def _is_back(trial: Trial | None) -> bool:
    return trial is not None and trial.found_at is not None and trial.found_at >= trial.asked_at


def _shown(sender: str, trial: Trial | None) -> str:
    lines = [line for one in (trial.findings if trial else ()) for line in lines_of(one)]
    if not _is_back(trial) and (not lines or (trial is not None and trial.found_at is not None)):
        lines.append(_NOT_BACK)
    return "\n".join([sender, *(f"  {line}" for line in lines)])


_NOT_BACK = (
    "! the mail has not come back yet: if it does not within minutes, look that bounces: in "
    "config/herald.yaml says how mail comes back to Herald"
)


def _as_json(sender: str, trial: Trial | None) -> dict[str, Any]:
    from herald.reporting.documents import instant

    return {
        "sender": sender,
        "asked_at": instant(trial.asked_at) if trial else None,
        "found_at": instant(trial.found_at) if trial else None,
        "findings": [
            {"severity": str(one.severity), "what": one.what, "remedy": one.remedy or None}
            for one in (trial.findings if trial else ())
        ],
    }
