"""Lines as Postfix writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from herald.mailing.sending.maillog.reading import MailLog, Told, Wanted
from tests.makers import NOON

SENDER = "bounces+abc@example.org"
NAME = "a" * 40


def wanted(copy: int = 1, **changes: object) -> Wanted:
    """Make a copy that is looked for, with an envelope sender of its own."""
    values = {
        "copy": copy,
        "sender": SENDER,
        "name": NAME,
        "since": NOON - timedelta(hours=1),
    }
    return Wanted(**(values | changes))  # type: ignore[arg-type]  # a maker takes what it is given


def line(said: str, *, at: datetime = NOON, program: str = "postfix/qmgr[7]") -> bytes:
    """Make a line as rsyslog writes it."""
    return f"{at.isoformat()} mail {program}: {said}\n".encode()


def client(queue_id: str = "4jX", *, at: datetime = NOON, smtpd: int = 9) -> bytes:
    """Make the line with which a mail begins."""
    return line(f"{queue_id}: client=localhost[::1]", at=at, program=f"postfix/smtpd[{smtpd}]")


def header(queue_id: str = "4jX", *, name: str = NAME, at: datetime = NOON) -> bytes:
    """Make the line that tells that a header was read."""
    said = f"{queue_id}: message-id=<{name}@example.org>"
    return line(said, at=at, program="postfix/cleanup[8]")


def queued(queue_id: str = "4jX", *, sender: str = SENDER, at: datetime = NOON) -> bytes:
    """Make the line that proves that a mail was taken."""
    return line(f"{queue_id}: from=<{sender}>, size=291, nrcpt=1 (queue active)", at=at)


def cut(*, at: datetime = NOON, smtpd: int = 9) -> bytes:
    """Make the line that tells that a connection ended before the final dot."""
    said = "lost connection after DATA (39 bytes) from localhost[::1]"
    return line(said, at=at, program=f"postfix/smtpd[{smtpd}]")


def told(*lines: bytes, of: Iterable[Wanted] = (wanted(),)) -> Told:
    """Read lines, and return what they tell."""
    reading = MailLog(tuple(of), near=NOON, zone=UTC)
    for each in lines:
        reading.take(each)
    return reading.told()
