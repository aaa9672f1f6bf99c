"""``herald notify``: whether officers can be reached, and what they would be told now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.output import as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.model.notice import Telling, Way


@click.command()
@click.option("--test", is_flag=True, help="Send a test by every way, and say what came of each.")
@as_json_option
@click.pass_obj
def notify(invocation: Invocation, test: bool, as_json: bool) -> None:
    """Show who is told what needs somebody, and what would be told now.

    Sends nothing without --test. Exit status 1 if nobody can be told, or a test did not arrive.

    \b
    herald notify
    herald notify --test
    """
    document = run_async(_test(invocation) if test else _show(invocation))
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_lines(document)))
    if not document["ways"] or document["lacking"] or any(w.get("why") for w in document["ways"]):
        raise SystemExit(1)


async def _test(invocation: Invocation) -> dict[str, Any]:
    async with invocation.open_to_look() as app:
        came_of, ways = await app.officers.test()
    return {
        "ways": [_way(way, telling) for way, telling in came_of],
        "lacking": list(ways.lacking),
    }


async def _show(invocation: Invocation) -> dict[str, Any]:
    async with invocation.open_to_look() as app:
        preview, ways = await app.preview_for_officers()
    return {
        "ways": [{"way": each.way.label, "language": each.way.language} for each in ways.ready],
        "lacking": list(ways.lacking),
        "text": preview,
    }


def _way(way: Way, telling: Telling) -> dict[str, Any]:
    from herald.model.notice import Told

    why = None if isinstance(telling, Told) else telling.why
    return {"way": way.label, "language": way.language, "told": why is None, "why": why}


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [_line(way) for way in document["ways"]]
    lines += [f"✗ {why}" for why in document["lacking"]]
    if not document["ways"]:
        lines.append(_nobody(named=bool(document["lacking"])))
    if text := document.get("text"):
        lines += ["", text.rstrip()]
    return lines


def _nobody(*, named: bool) -> str:
    if named:
        return "Nobody is told until this is mended in config/herald.yaml or in .env."
    return "Nobody is told: name somebody under officers: in config/herald.yaml."


def _line(way: dict[str, Any]) -> str:
    tells = f"is told ({way['language']})"
    told = {True: "the test is on its way", None: tells}.get(way.get("told"))
    return f"✓ {way['way']}: {told}" if told else f"✗ {way['way']}: {way['why']}"
