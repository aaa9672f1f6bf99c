"""``herald doctor``: looks at everything outside Herald that it depends on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.findings import lines_of
from herald.cli.output import as_json_option, print_json, run_async
from herald.model.ids import ChannelId

if TYPE_CHECKING:
    from herald.doctor import Examination


@click.command()
@click.argument("channel", nargs=-1)
@as_json_option
@click.pass_obj
def doctor(invocation: Invocation, channel: tuple[str, ...], as_json: bool) -> None:
    """Look at accounts, mail server, web address, disk and clock, and say what to do.

    It signs in everywhere and changes nothing. Exit status 1 if something keeps posts from going
    out, or soon will. Name channels to look at these alone.

    \b
    herald doctor
    herald doctor fedi bluesky
    """
    found = run_async(_examine(invocation, tuple(ChannelId(name) for name in channel)))
    if as_json:
        print_json({"examinations": [_as_json(each) for each in found]})
    else:
        click.echo("\n\n".join(_shown(each) for each in found))
    if any(finding.severity == "problem" for each in found for finding in each.findings):
        raise SystemExit(1)


async def _examine(invocation: Invocation, only: tuple[ChannelId, ...]) -> tuple[Examination, ...]:
    from herald import doctor as rooms
    from herald.channels.settings import did_you_mean
    from herald.settings import load_settings

    settings = load_settings(invocation.folder)
    loaded = await asyncio.to_thread(rooms.read_folder, invocation.folder)
    known = loaded.configuration.channels
    for name in only:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}"
            raise click.UsageError(f"config/channels.yaml has no channel {name!r} ({hint}).")
    channels = rooms.examine_channels(loaded, settings, folder=invocation.folder, only=only)
    if only:
        return await channels
    rest = asyncio.gather(
        rooms.examine_mail(loaded, settings, folder=invocation.folder), rooms.examine_web(settings)
    )
    found, others = await asyncio.gather(channels, rest)
    machine = rooms.examine_machine(settings, folder=invocation.folder)
    return (*found, *(each for each in others if each is not None), machine)


def _shown(examination: Examination) -> str:
    lines = [line for finding in examination.findings for line in lines_of(finding)]
    return "\n".join([examination.of, *(f"  {line}" for line in lines)])


def _as_json(examination: Examination) -> dict[str, Any]:
    return {
        "of": examination.of,
        "findings": [
            {"severity": str(one.severity), "what": one.what, "remedy": one.remedy or None}
            for one in examination.findings
        ],
    }
