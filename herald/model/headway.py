"""How an issue that is being sent gets on: how fast, what holds it up, when it is done.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.model.mail_limits import Bound, MailLimit, MailLimits, rate_of
from herald.model.mailing import IssueState, Progress, RecipientState

WATCHED = timedelta(minutes=5)
"""What was sent within this time tells how fast Herald sends."""

_QUIET = timedelta(minutes=1)
"""A server that takes copies takes one within this time; longer, and something else is the matter.
"""

_TRIED_SOON = frozenset({RecipientState.CLAIMED, RecipientState.DEFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the store knows of an issue's last minutes."""

    lately: int = 0
    """Copies that were accepted within ``WATCHED``."""
    last_at: datetime | None = None
    """When the last copy was accepted, however long ago."""
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
    runs: bool | None = None
    """Whether a ``herald run`` lives that could send; None where nobody can tell."""

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
    def quiet_for(self) -> timedelta:
        """Return for how long no copy was accepted."""
        since = self.pulse.last_at or self.progress.issue.started_at or self.at
        return max(self.at - since, timedelta(0))

    @property
    def tried_again_at(self) -> datetime | None:
        """Return when the first copy is tried again where nothing else is left to send by then."""
        progress = self.progress
        awake = self.left - self.asleep
        all_deferred = 0 < awake == progress.count(RecipientState.DEFERRED)
        is_later = progress.next_at is not None and progress.next_at > self.at
        return progress.next_at if all_deferred and is_later else None

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
        if not self.is_sending or self.is_paused or not self.left or self.runs is False:
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
    if headway.runs is False:
        paused = ("it is paused",) if headway.is_paused else ()
        return ("no Herald is running: start herald run", *paused)
    if headway.is_paused:
        return ("it is paused",)
    if headway.asleep == headway.left:
        return ("all who are left wait for their morning",)
    if headway.pulse.bound:
        return tuple(_told(bound) for bound in headway.pulse.bound)
    again = headway.tried_again_at
    return (_deferred(headway, again) if again else _of_the_server(headway),)


def _deferred(headway: Headway, until: datetime) -> str:
    told = f"what is left is deferred, and tried again from {until:%H:%M:%S} UTC on"
    if headway.asleep:
        told += ", or waits for its reader's morning"
    said = headway.pulse.said
    return f"{told}; the mail server said last: {said}" if said else told


def _of_the_server(headway: Headway) -> str:
    minutes = headway.quiet_for // timedelta(minutes=1)
    quiet = f"no copy has been taken for {minutes} minute{'' if minutes == 1 else 's'}"
    if headway.quiet_for >= _QUIET and headway.runs is None:
        return f"{quiet}: is herald run running?"
    if headway.pulse.lately:
        over = f"{headway.connections} connections" if headway.connections > 1 else "one connection"
        return f"the mail server takes no more over {over}"
    if headway.pulse.said:
        return f"nothing was taken lately; the mail server said last: {headway.pulse.said}"
    if headway.quiet_for < _QUIET:
        return "nothing yet: it has only begun"
    return f"{quiet}: is the mail server there?"


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
