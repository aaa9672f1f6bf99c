"""Reads what several commands take behind their names: days, and addresses."""

from __future__ import annotations

from datetime import date, datetime

import click

Span = tuple[date | None, date | None]
"""First and last day, both included; None where the command's own default holds."""


def span_of(first: str, last: str) -> Span:
    """Read ``--from`` and ``--until``; raise BadParameter for what is no day, or runs backwards."""
    begins, ends = _day(first, "--from"), _day(last, "--until")
    if begins is not None and ends is not None and ends < begins:
        raise click.BadParameter(f"{last} lies before --from {first}", param_hint="--until")
    return begins, ends


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no day (write 2027-05-31)", param_hint=option
        ) from error


def sound_address(written: str) -> str:
    """Return a mail address as Herald keeps it; raise ClickException for what is none."""
    from herald.mailing.addresses import BadAddress, read_address

    try:
        return read_address(written)
    except BadAddress as error:
        raise click.ClickException(f"{written!r} is no address: {error}") from error
