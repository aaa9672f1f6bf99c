"""How many copies may go out now, kept in the transaction that claims them.

    lanes = gate.open(connection, now=now)   # before any row is locked
    if lanes.take(sender, domain): …         # of each copy to be claimed
    spend(connection, lanes)

So what was sent is counted through every restart, and by all processes on one database together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.mail_limits import (
    LONGEST_REST,
    Bound,
    MailLimit,
    MailLimits,
    Rate,
    next_rest,
    rate_of,
    spelled,
)
from herald.store import pace
from herald.store.alone import Guarded, alone_in
from herald.store.mailing_tables import mail_pace, recipient

_RELAY, _SENDER, _DOMAIN, _REST, _FORGET = "relay", "sender", "domain", "rest", "forget"


class Lanes:
    """What may be claimed in one transaction; every copy that is taken leaves less."""

    def __init__(
        self, limits: MailLimits, tats: Mapping[str, datetime], *, relay: str, now: datetime
    ) -> None:
        """Weigh *limits* against *tats*, the stored paces by name; *relay* names the account."""
        self._limits, self._relay, self._now = limits, relay, now
        self._tats = {name: min(tat, now + _longest(name)) for name, tat in tats.items()}
        # Only a clock that was set back leaves a moment that lies further ahead.
        self._changed = {name for name, tat in self._tats.items() if tat != tats[name]}
        self._rests = {
            name.partition(" ")[2]: tat
            for name, tat in self._tats.items()
            if name.startswith(f"{_REST} ") and now < tat
        }
        paced = {domain for name in tats if (domain := _domain_of(name))}
        self._barred = {domain for domain in paced if not self._room(self._of_domain(domain))}
        self._barred |= set(self._rests)

    @property
    def barred_domains(self) -> frozenset[str]:
        """Return the domains to which nothing may be claimed now."""
        return frozenset(self._barred)

    def free(self, sender: str) -> int:
        """Return the most copies that may be claimed of *sender*, whatever their domains."""
        return self._room(self._of_sender(sender))

    def opens_at(self, sender: str) -> datetime:
        """Return when the next copy may be claimed, as far as the relay and the sender go."""
        opens = (self._opens(row, rate) for row, rate in self._of_sender(sender).items())
        return max(opens, default=self._now)

    def reopens_at(self, sender: str, domains: Collection[str]) -> datetime | None:
        """Return when the first copy of *sender* to one of *domains* may be claimed; None: now."""
        opens = [self._domain_opens(domain) for domain in domains]
        first = max(self.opens_at(sender), min(opens, default=self._now))
        return first if first > self._now else None

    def binding(self, senders: Collection[str] = ()) -> tuple[Bound, ...]:
        """Return what lets nothing more go out now, and until when: relay, senders, domains."""
        found = self._full(_RELAY, self._relay, self._limits.relay)
        for sender in sorted(senders):
            found += self._full(_SENDER, sender, self._limits.sender)
        for domain in sorted(self._barred):
            found += self._full(_DOMAIN, domain, self._limits.of_domain(domain))
            if until := self._rests.get(domain):
                found.append(Bound(kind=_REST, name=domain, until=until))
        return tuple(found)

    def take(self, sender: str, domain: str) -> bool:
        """Take one copy to *domain*; False, changing nothing, where a limit does not let it."""
        theirs = self._of_domain(domain)
        rates = self._of_sender(sender) | theirs
        if domain in self._barred or not self._room(rates):
            return False
        for row, rate in rates.items():
            tat = self._tat(row, rate)
            self._tats[row] = pace.after_sends(1, tat, rate, now=self._now)
            self._changed.add(row)
        if theirs and not self._room(theirs):
            self._barred.add(domain)
        return True

    def changed(self) -> tuple[dict[str, object], ...]:
        """Return the rows to write, in one order whoever writes."""
        return tuple({"name": name, "tat": self._tats[name]} for name in sorted(self._changed))

    def _of_sender(self, sender: str) -> dict[str, Rate]:
        of_relay = _named(_RELAY, self._relay, self._limits.relay)
        return of_relay | _named(_SENDER, sender, self._limits.sender)

    def _of_domain(self, domain: str) -> dict[str, Rate]:
        return _named(_DOMAIN, domain, self._limits.of_domain(domain))

    def _room(self, rates: Mapping[str, Rate]) -> int:
        now = self._now
        free = (pace.slots(self._tat(row, rate), rate, now=now) for row, rate in rates.items())
        return min(free, default=pace.UNLIMITED)

    def _full(self, kind: str, name: str, limits: tuple[MailLimit, ...]) -> list[Bound]:
        rows = _named(kind, name, limits).items()
        return [
            Bound(kind=kind, name=name, limit=spelled(limit), until=self._opens(row, rate))
            for limit, (row, rate) in zip(limits, rows, strict=True)
            if not self._room({row: rate})
        ]

    def _domain_opens(self, domain: str) -> datetime:
        opens = [self._opens(row, rate) for row, rate in self._of_domain(domain).items()]
        return max([self._now, *opens, self._rests.get(domain, self._now)])

    def _opens(self, row: str, rate: Rate) -> datetime:
        tat = self._tat(row, rate)
        return max(self._now, (tat or self._now) - rate.pace * (rate.burst - 1))

    def _tat(self, row: str, rate: Rate) -> datetime | None:
        """Return a stored moment, no further ahead than the limit, which may be new, allows."""
        tat = self._tats.get(row)
        return None if tat is None else min(tat, self._now + rate.pace * rate.burst)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What one process lets through."""

    limits: MailLimits = field(default_factory=MailLimits)
    relay: str = ""
    """The account at the mail server."""

    def open(self, connection: Connection, *, now: datetime) -> Lanes:
        """Return what may be claimed at *now*; where there are limits, no one else claims then."""
        if self.limits.is_any:
            alone_in(connection, Guarded.LETTERS)
        return self.look(connection, now=now)

    def look(self, connection: Connection, *, now: datetime) -> Lanes:
        """Return what might be claimed at *now*, for those who claim nothing."""
        return Lanes(self.limits, _tats(connection, now), relay=self.relay, now=now)


def spend(connection: Connection, lanes: Lanes) -> None:
    """Write what was taken."""
    _write(connection, lanes.changed())


def rest_domain(connection: Connection, domain: str, *, now: datetime) -> None:
    """Leave a domain alone for a while that asked for it, longer if it asks again and again."""
    if not domain:
        return
    alone_in(connection, Guarded.LETTERS)
    names = (f"{_REST} {domain}", f"{_FORGET} {domain}")
    wanted = select(mail_pace).where(mail_pace.c.name.in_(names))
    known = {row.name: row.tat for row in connection.execute(wanted)}
    moments = next_rest(known.get(names[0]), known.get(names[1]), now=now)
    _write(connection, [{"name": name, "tat": at} for name, at in zip(names, moments, strict=True)])


def rest_domains(
    connection: Connection, recipients: Collection[int], *, now: datetime
) -> dict[int, str]:
    """Leave alone the domains of copies for which it was asked; return them by copy."""
    wanted = select(recipient.c.id, recipient.c.domain).where(recipient.c.id.in_(recipients))
    domains = {row.id: row.domain for row in connection.execute(wanted)}
    for domain in sorted(set(domains.values())):
        rest_domain(connection, domain, now=now)
    return domains


async def forget_paces(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove what binds nobody any more, the lengths of old rests included."""
    await connection.execute(delete(mail_pace).where(mail_pace.c.tat <= now - 2 * LONGEST_REST))


def _tats(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return every pace that may bind; whatever is not told has earned back what was sent."""
    wanted = select(mail_pace).where(mail_pace.c.tat > now)
    return {row.name: row.tat for row in connection.execute(wanted)}


def _write(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    written: Any = dialect.insert(mail_pace)
    connection.execute(
        written.on_conflict_do_update(
            index_elements=[mail_pace.c.name], set_={"tat": written.excluded.tat}
        ),
        list(rows),
    )


def _named(kind: str, name: str, limits: tuple[MailLimit, ...]) -> dict[str, Rate]:
    """Return the rates of one thing by the names of their rows; the period tells them apart.

    Not the count: who changes that need not begin anew.
    """
    return {
        f"{kind} {name} {round(limit.period.total_seconds())}": rate_of(limit) for limit in limits
    }


def _longest(row: str) -> timedelta:
    """Return how far ahead a row may lie: a limit's period, or the longest rest and its memory."""
    kind, _, rest = row.partition(" ")
    if kind in {_REST, _FORGET}:
        return 2 * LONGEST_REST
    return timedelta(seconds=int(rest.rpartition(" ")[2]))


def _domain_of(row: str) -> str:
    kind, _, rest = row.partition(" ")
    return rest.rpartition(" ")[0] if kind == _DOMAIN else ""
