"""How an issue that is being sent gets on: how fast, what holds it up, when it is done.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.model.mail_limits import Bound, MailLimit, MailLimits, rate_of
from herald.model.mailing import IssueState, Progress, RecipientState

WATCHED = timedelta(minutes=5)
"""What was sent within this time tells how fast Herald sends."""

_TRIED_SOON = frozenset({RecipientState.CLAIMED, RecipientState.DEFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the store knows of an issue's last minutes."""

    lately: int = 0
    """Copies that were accepted within ``WATCHED``."""
    backlog: tuple[tuple[str, int], ...] = ()
    """How many copies wait, or are tried again, for each domain; those asleep are left out."""
    said: str = ""
    """What a mail server said last that kept a copy waiting."""
    bound: tuple[Bound, ...] = ()
    """What lets nothing more go out now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headway:
    """How one issue gets on, at one moment."""

    at: datetime
    progress: Progress
    pulse: Pulse = field(default_factory=Pulse)
    limits: MailLimits = field(default_factory=MailLimits)
    connections: int = 1
    is_paused: bool = False

    @property
    def key(self) -> str:
        """Return the issue's key."""
        return self.progress.issue.key

    @property
    def needs_a_person(self) -> bool:
        """Tell whether somebody must decide about a copy, or should know that it was not sent."""
        return bool(self.progress.uncertain) or self.progress.count(RecipientState.FAILED) > 0

    @property
    def is_sending(self) -> bool:
        """Tell whether copies go out, or are to."""
        return self.progress.issue.state is IssueState.SENDING

    @property
    def asleep(self) -> int:
        """Return how many copies wait for their readers' morning."""
        return self.progress.asleep(now=self.at)

    @property
    def left(self) -> int:
        """Return how many copies are still to be sent, those that wait for a morning included."""
        waiting = self.progress.count(RecipientState.PENDING)
        return waiting + sum(self.progress.count(state) for state in _TRIED_SOON)

    @property
    def per_hour(self) -> int:
        """Return at what rate copies were accepted lately."""
        started_at = self.progress.issue.started_at or self.at
        watched = min(WATCHED, max(self.at - started_at, timedelta(seconds=10)))
        return round(self.pulse.lately * (timedelta(hours=1) / watched))

    @property
    def configured_per_hour(self) -> int | None:
        """Return the rate that the limits of server and sender allow in the end; None without."""
        return min(
            (round(timedelta(hours=1) / rate_of(limit).pace) for limit in self._common),
            default=None,
        )

    @property
    def done_at(self) -> datetime | None:
        """Return when the last copy is likely to be sent; None where nobody can tell yet."""
        if not self.is_sending or self.is_paused or not self.left:
            return None
        awake = self.left - self.asleep
        ends = [self.at, *(at for at, _ in self.progress.due[-1:])]
        if awake:
            rate = self.per_hour or self.configured_per_hour
            if not rate:
                return None
            ends.append(self.at + timedelta(hours=awake / rate))
        ends += [bound.until for bound in self.pulse.bound]
        ends += [self._domain_done_at(domain, count) for domain, count in self.pulse.backlog]
        if self.progress.next_at is not None:
            ends.append(self.progress.next_at)
        return max(ends)

    @property
    def _common(self) -> tuple[MailLimit, ...]:
        return (*self.limits.relay, *self.limits.sender)

    def _domain_done_at(self, domain: str, count: int) -> datetime:
        limits = [rate_of(limit) for limit in self.limits.of_domain(domain)]
        spans = [rate.pace * max(count - rate.burst, 0) for rate in limits]
        return self.at + max(spans, default=timedelta(0))


def what_binds(headway: Headway) -> tuple[str, ...]:
    """Return in sentences what keeps an issue from going faster, the nearest cause first."""
    if not headway.is_sending or not headway.left:
        return ()
    if headway.is_paused:
        return ("it is paused",)
    if headway.asleep == headway.left:
        return ("all who are left wait for their morning",)
    if headway.pulse.bound:
        return tuple(_told(bound) for bound in headway.pulse.bound)
    return (_of_the_server(headway),)


def _of_the_server(headway: Headway) -> str:
    if headway.pulse.lately:
        over = f"{headway.connections} connections" if headway.connections > 1 else "one connection"
        return f"the mail server takes no more over {over}"
    if headway.pulse.said:
        return f"nothing was taken lately; the mail server said last: {headway.pulse.said}"
    return "nothing went out lately: is Herald running, and its mail server there?"


def _told(bound: Bound) -> str:
    until = f"until {bound.until:%H:%M:%S} UTC"
    match bound.kind:
        case "relay":
            return f"the mail server's limit of {bound.limit}, {until}"
        case "sender":
            return f"the limit of {bound.limit} for {bound.name}, {until}"
        case "rest":
            return f"{bound.name} asked us to slow down, {until}"
        case _:
            return f"the limit of {bound.limit} for {bound.name}, {until}"
