"""What ``herald newsletter progress`` shows, once or for as long as issues are being sent."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from herald.cli.output import a_console

if TYPE_CHECKING:
    from herald.model.bounces import BounceCounts
    from herald.model.headway import Headway

_EVERY = 2.0
"""Seconds between two looks on a terminal."""
_EVERY_LINE = 30.0
"""Seconds between two looks where each leaves lines behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How an issue gets on, and what came back of it."""

    headway: Headway
    back: BounceCounts
    repairs: tuple[tuple[str, int], ...] = ()
    """What can be put right, as sentences, each with how many copies ask for it."""


Look = Callable[[], Awaitable[Sequence[Shown]]]


def progress_lines(found: Sequence[Shown]) -> list[str]:
    """Return what people read of issues that were started."""
    from herald.reporting.headway import headway_lines

    told: list[str] = []
    for one in found:
        told += headway_lines(one.headway)
        if one.back.bounced or one.back.complained:
            told.append(f"  {one.back.bounced} came back, {one.back.complained} complained")
        told += [f"  to put right ({copies}): {text}" for text, copies in one.repairs]
        uncertain = one.headway.progress.uncertain
        told += [f"  uncertain: {copy.address or '(erased)'}: {copy.why}" for copy in uncertain]
        if uncertain:
            told.append(
                "  Let look-up read the mail server's log, or decide: resend- or hold-uncertain."
            )
    return told


def progress_document(one: Shown) -> dict[str, Any]:
    """Return the figures of one issue for programs, without what tells which issue it is."""
    from herald.reporting.documents import instant
    from herald.reporting.headway import headway_document

    progress = one.headway.progress
    return headway_document(one.headway) | {
        "bounced": one.back.bounced,
        "complained": one.back.complained,
        "repairs": [{"text": text, "copies": copies} for text, copies in one.repairs],
        "next_at": instant(progress.next_at),
        "uncertain": [
            {"address": copy.address, "claimed_at": instant(copy.claimed_at), "why": copy.why}
            for copy in progress.uncertain
        ],
    }


async def follow(look: Look, sleep: Callable[[float], Awaitable[None]]) -> Sequence[Shown]:
    """Show what *look* finds again and again until nothing of it is being sent; return the last.

    On a terminal the lines stay in their place; elsewhere they follow each other, without a sign
    that only a terminal understands.
    """
    found = await look()
    if not sys.stdout.isatty():
        click.echo("\n".join(progress_lines(found)))
        while _goes_on(found):
            await sleep(_EVERY_LINE)
            found = await look()
            click.echo("\n".join(progress_lines(found)))
        return found
    from rich.live import Live
    from rich.text import Text

    with Live(Text("\n".join(progress_lines(found))), console=a_console()) as live:
        while _goes_on(found):
            await sleep(_EVERY)
            found = await look()
            live.update(Text("\n".join(progress_lines(found))))
    return found


def _goes_on(found: Sequence[Shown]) -> bool:
    return any(one.headway.is_sending and one.headway.left for one in found)
