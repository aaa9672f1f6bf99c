"""What Postfix's log says of the copies that are asked about.  Pure, and in little memory.

Postfix took a mail for good when its queue manager says so::

    postfix/qmgr[1]: 4jXSTs5vW0zPXQZ: from=<bounces+x@example.org>, size=9, nrcpt=1 (queue active)

The line before it, ``postfix/cleanup[2]: 4jXSTs5vW0zPXQZ: message-id=<...>``, is no proof: Postfix
writes it when it has read the header, and throws the mail away if the connection ends before the
final dot (seen with Postfix 3.7: it writes "lost connection after DATA", which may stand before
the line of the header).  So a header of which nothing else is told leaves a copy in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from herald.mailing.sending.maillog.stamps import Stamp, read_stamp

_POSTFIX = re.compile(rb"\S+ [\w.-]+(?:/[\w.-]+)*/(\w+)\[(\d+)\]: ", re.ASCII)
_QUEUED = re.compile(rb"([0-9A-Za-z]+): from=<([^>]*)>, .*\(queue active\)\s*$", re.ASCII)
_HEADER = re.compile(rb"([0-9A-Za-z]+): message-id=<([0-9a-f]{40})@", re.ASCII)
_CLIENT = re.compile(rb"([0-9A-Za-z]+): client=", re.ASCII)
_REFUSED = re.compile(rb"([0-9A-Za-z]+): (?:milter-)?reject: ", re.ASCII)
_CUT = re.compile(rb"(?:lost connection|timeout) after DATA(?: content)? \(\d+ bytes\) ", re.ASCII)
"""Only before the final dot does Postfix count the bytes."""
_LOST = re.compile(
    rb"\S+ (?:rsyslogd|imjournal|imuxsock|systemd-journald|journal|syslogd|syslog-ng)\b"
    rb".*(?:\blost\b|\bdrop|[Ss]uppressed)",
    re.ASCII,
)
"""What those who write logs say when there was too much for them."""

_BACK = timedelta(hours=2)
"""Lines are a little out of order, and an hour when summer ends; more is a clock set anew."""
_CUT_MOST = 10_000
"""Queue ids of cut connections that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A copy that is looked for."""

    copy: int
    sender: str
    """The envelope sender that no other mail has; empty where all copies have the same."""
    name: str
    """Its Message-ID before the @: 40 hexadecimal digits."""
    since: datetime
    """It cannot have been sent before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a log says."""

    first: Stamp | None = None
    """Of the first line that Postfix wrote; None if there is none."""
    last: Stamp | None = None
    taken: Mapping[int, str]
    """Copies that Postfix took, with the queue id of each."""
    seen: Mapping[int, Stamp]
    """When a copy is first spoken of, whatever became of it."""
    unfinished: Collection[int]
    """Copies whose header was read, and of which no end is told."""
    unsound_until: datetime | None = None
    """Up to then lines were lost, or the clock was wrong; None where nothing shows that."""


class MailLog:
    """Reads a log's lines in their order, oldest first."""

    def __init__(self, wanted: Collection[Wanted], *, near: datetime, zone: tzinfo) -> None:
        """Look for *wanted*; see ``read_stamp`` about *near* and *zone*."""
        self._senders = {one.sender.lower().encode(): one for one in wanted if one.sender}
        self._names = {one.name.encode(): one for one in wanted}
        self._zone = zone
        self._near = near
        self._first: Stamp | None = None
        self._last: Stamp | None = None
        self._highest: Stamp | None = None
        self._unsound_until: datetime | None = None
        self._taken: dict[int, str] = {}
        self._seen: dict[int, Stamp] = {}
        self._open: dict[bytes, int] = {}
        """Queue ids of copies whose header was read."""
        self._unfinished: set[int] = set()
        self._talks: dict[bytes, bytes] = {}
        """What each process that listens to a client is writing to: its number, a queue id."""
        self._cut: dict[bytes, None] = {}
        """Queue ids of what was cut short, in the order in which they were."""
        self._stamped: tuple[bytes, Stamp] | None = None
        """How the last line's moment was written, and what it is."""

    def turn_to(self, near: datetime) -> None:
        """Begin another file, whose last line was written at *near*."""
        self._near = near
        self._stamped = None

    def take(self, line: bytes) -> None:
        """Read the next line; one that is none of Postfix's changes nothing."""
        found = self._stamp(line)
        if found is None:
            return
        stamp, rest = found
        postfix = _POSTFIX.match(rest)
        if postfix is None:
            if _LOST.match(rest):
                self._doubt_until(stamp.latest)
            return
        self._note(stamp)
        said = rest[postfix.end() :]
        match postfix[1]:
            case b"qmgr":
                self._queue(said, stamp)
            case b"cleanup":
                self._header(said, stamp)
            case b"smtpd":
                self._client(postfix[2], said)

    def told(self) -> Told:
        """Return what was told up to now."""
        unfinished = self._unfinished | set(self._open.values())
        return Told(
            first=self._first,
            last=self._last,
            taken=dict(self._taken),
            seen=dict(self._seen),
            unfinished=frozenset(unfinished - self._taken.keys()),
            unsound_until=self._unsound_until,
        )

    def _stamp(self, line: bytes) -> tuple[Stamp, bytes] | None:
        """Return when a line was written, and its rest; many in a row are of the same second."""
        if self._stamped is not None and line.startswith(self._stamped[0]):
            return self._stamped[1], line[len(self._stamped[0]) :]
        found = read_stamp(line, near=self._near, zone=self._zone)
        if found is None:
            return None
        stamp, end = found
        self._stamped = (line[:end], stamp)
        return stamp, line[end:]

    def _note(self, stamp: Stamp) -> None:
        self._first = self._first or stamp
        self._last = stamp
        if self._highest is None or stamp.latest > self._highest.latest:
            self._highest = stamp
        elif stamp.latest < self._highest.earliest - _BACK:
            self._doubt_until(self._highest.latest)

    def _doubt_until(self, moment: datetime) -> None:
        self._unsound_until = max(self._unsound_until or moment, moment)

    def _queue(self, said: bytes, stamp: Stamp) -> None:
        found = _QUEUED.match(said)
        if found is None:
            return
        copy = self._open.pop(found[1], None)
        one = self._senders.get(found[2].lower())
        if one is not None and stamp.latest >= one.since:
            copy = one.copy
        if copy is not None:
            self._seen.setdefault(copy, stamp)
            self._taken.setdefault(copy, found[1].decode())

    def _header(self, said: bytes, stamp: Stamp) -> None:
        if refused := _REFUSED.match(said):
            self._open.pop(refused[1], None)
            return
        found = _HEADER.match(said)
        one = self._names.get(found[2]) if found is not None else None
        if found is None or one is None or stamp.latest < one.since:
            return
        self._seen.setdefault(one.copy, stamp)
        if found[1] not in self._cut:
            self._open[found[1]] = one.copy

    def _client(self, number: bytes, said: bytes) -> None:
        if begun := _CLIENT.match(said):
            self._talks[number] = begun[1]
            self._cut.pop(begun[1], None)
            if (reused := self._open.pop(begun[1], None)) is not None:
                self._unfinished.add(reused)
        elif refused := _REFUSED.match(said):
            # A refused recipient does not end a mail, one that is refused whole does.
            if b" END-OF-MESSAGE " in said:
                self._open.pop(refused[1], None)
        elif _CUT.match(said) and (queue_id := self._talks.get(number)) is not None:
            self._open.pop(queue_id, None)
            self._cut[queue_id] = None
            if len(self._cut) > _CUT_MOST:
                del self._cut[next(iter(self._cut))]
        elif said.startswith(b"disconnect from "):
            self._talks.pop(number, None)
