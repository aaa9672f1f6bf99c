"""What a simulated year came to, for an officer: what goes out, and what needs a hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.campaign import Campaign
from herald.model.delivery import LATE_AFTER, Delivery, DeliveryState, Reason
from herald.model.ids import ItemId, PartnerId
from herald.model.mailing import Issue, IssueState
from herald.simulating.troubles import Level
from herald.simulating.year import Year

S = DeliveryState
SILENT_FOR = timedelta(days=60)
"""A campaign that says nothing for so long before the end has run dry."""
_MOST_BUSY = 5
_WORDLESS = "it has no words in "
_RAN_OUT = "its texts run out"
_BEFORE = "was over when it was first seen"
"""Of planning's reasons: those that this page tells in a place of their own."""
_MEANT = frozenset({Reason.DRAFT, Reason.PERSON, Reason.PAUSED})
"""Why something waits because a person wanted it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dry:
    """A campaign, or a part of it, that has nothing new to say from a day on."""

    campaign: str
    item: str
    on: date
    what: str
    """texts, cards or silent."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A delivery whose moment came in the year, and that did not go out."""

    row: Delivery
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A delivery that went out later than it was due."""

    row: Delivery
    by: timedelta
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A year ahead."""

    begins: datetime
    until: datetime
    zone: str
    seed: int
    level: Level
    broken: tuple[str, ...] = ()
    """Files that could not be read: of theirs only what waited already is here."""
    approve_after: timedelta | None
    a_week: Mapping[PartnerId, float]
    """Entries that each partner is assumed to publish a week."""
    sent: tuple[Delivery, ...]
    late: tuple[Late, ...]
    unsent: tuple[Unsent, ...]
    approvals: Mapping[str, int]
    """How many posts of each campaign asked for an approval."""
    dry: tuple[Dry, ...]
    wordless: Mapping[tuple[str, str], int]
    """Posts that a language does not get, by campaign and language."""
    left_out: Mapping[tuple[str, str, str], int]
    """Other things that files ask for and that are not posted: campaign, item and why."""
    issues: tuple[Issue, ...]
    faults: Mapping[str, int]
    away: tuple[tuple[datetime, datetime], ...]

    @property
    def needs_a_person(self) -> bool:
        """Tell whether something would not go out that a person could save."""
        return bool(
            self.unsent
            or any(one.what == "texts" for one in self.dry)
            or any(issue.state is IssueState.HELD for issue in self.issues)
        )

    def months(self) -> dict[tuple[str, str], Counter[str]]:
        """Return how much goes out by channel and language, and in which months."""
        table: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in self.sent:
            table[row.channel, row.language][f"{self._day(row):%Y-%m}"] += 1
        return dict(sorted(table.items()))

    def busiest(self) -> list[tuple[date, int]]:
        """Return the days on which most goes out, the busiest first."""
        days = Counter(self._day(row) for row in self.sent)
        return sorted(days.items(), key=lambda one: (-one[1], one[0]))[:_MOST_BUSY]

    def _day(self, row: Delivery) -> date:
        moment = row.sent_at or row.due_at
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def document(self) -> dict[str, Any]:
        """Return what ``herald plan --simulate --json`` prints."""
        return {
            "begins": _z(self.begins),
            "until": _z(self.until),
            "seed": self.seed,
            "trouble": self.level.value,
            "broken": list(self.broken),
            "approve_after_days": None if self.approve_after is None else self.approve_after.days,
            "entries_a_week": {name: round(rate, 2) for name, rate in self.a_week.items()},
            "sent": [
                {"month": month, "channel": channel, "language": language, "count": count}
                for (channel, language), months in self.months().items()
                for month, count in sorted(months.items())
            ],
            "busiest": [{"day": day.isoformat(), "count": count} for day, count in self.busiest()],
            "dry": [
                {
                    "campaign": one.campaign,
                    "item": one.item,
                    "what": one.what,
                    "on": one.on.isoformat(),
                    "note": one.note,
                }
                for one in self.dry
            ],
            "late": [
                _line(one.row) | {"sent_at": _z(one.row.sent_at), "why": one.why}
                for one in self.late
            ],
            "unsent": [
                _line(one.row)
                | {"state": one.row.state.value, "reason": one.row.reason, "why": one.why}
                for one in self.unsent
            ],
            "approvals": [
                {"campaign": name, "count": count} for name, count in self.approvals.items()
            ],
            "missing_words": [
                {"campaign": campaign, "language": language, "count": count}
                for (campaign, language), count in self.wordless.items()
            ],
            "left_out": [
                {"campaign": campaign, "item": item, "reason": reason, "count": count}
                for (campaign, item, reason), count in self.left_out.items()
            ],
            "issues": [
                {
                    "newsletter": issue.newsletter,
                    "campaign": issue.campaign,
                    "key": issue.key,
                    "due_at": _z(issue.due_at),
                    "languages": list(issue.languages),
                    "state": issue.state.value,
                    "reason": issue.reason,
                    "note": issue.note or None,
                }
                for issue in self.issues
            ],
            "faults": dict(self.faults),
            "away": [{"from": _z(begin), "until": _z(end)} for begin, end in self.away],
        }


def outlook_of(
    year: Year,
    rows: Iterable[Delivery],
    campaigns: Sequence[Campaign],
    *,
    begins: datetime,
    zone: str,
    seed: int,
    level: Level,
    a_week: Mapping[PartnerId, float],
) -> Outlook:
    """Sum up a year that was lived, and that began at *begins*."""
    until = year.clock.now()
    ordered = sorted(rows, key=lambda row: (row.due_at, row.key))
    sent = tuple(row for row in ordered if row.state is S.SENT and _since(row, begins))
    due = [row for row in ordered if begins <= row.due_at < until]
    return Outlook(
        begins=begins,
        until=until,
        zone=zone,
        seed=seed,
        level=level,
        approve_after=year.assumptions.approve_after,
        a_week=a_week,
        sent=sent,
        late=tuple(_late(sent, year)),
        unsent=tuple(_unsent(due, year)),
        approvals=dict(Counter(row.campaign for row in due if row.needs_approval)),
        dry=tuple(
            sorted(_dry(year, ordered, campaigns, until), key=lambda one: (one.on, one.campaign))
        ),
        wordless=_wordless(year),
        left_out=_left_out(year),
        issues=tuple(one for one in year.house.letters.issues() if begins <= one.due_at < until),
        faults=year.fault_counts(),
        away=tuple(year.away),
    )


def _since(row: Delivery, begins: datetime) -> bool:
    return row.sent_at is not None and row.sent_at >= begins


def _late(sent: Iterable[Delivery], year: Year) -> Iterable[Late]:
    for row in sent:
        at = row.sent_at or row.due_at
        if at - row.due_at <= LATE_AFTER:
            continue
        if any(begin <= at and end >= row.due_at for begin, end in year.away):
            why = "Herald was off"
        elif row.attempts > 1 or row.error:
            why = "the network did not take it at once"
        else:
            why = "its account had to wait: the network takes only so much at a time"
        yield Late(row=row, by=at - row.due_at, why=why)


def _unsent(due: Iterable[Delivery], year: Year) -> Iterable[Unsent]:
    for row in due:
        if row.planned_hold is Reason.DRAFT:
            continue  # shown and never sent, as its file says
        match row.state:
            case S.EXPIRED:
                why = _why_expired(row, year)
            case S.FAILED:
                why = row.error or "the network refused it"
            case S.HELD if row.reason not in _MEANT:
                why = row.note or row.error
            case _:
                continue
        yield Unsent(row=row, why=why)


def _why_expired(row: Delivery, year: Year) -> str:
    if row.planned_hold is Reason.TRANSLATION:
        return "its translation was not there in time"
    if row.needs_approval and row.approved != row.content_hash:
        return "it was not approved in time"
    if any(begin <= row.not_after_at and end >= row.due_at for begin, end in year.away):
        return "Herald was off until it was too late"
    return row.error or row.note or "its moment is over"


def _dry(
    year: Year, ordered: Sequence[Delivery], campaigns: Sequence[Campaign], until: datetime
) -> Iterable[Dry]:
    yield from _out_of_texts(year)
    for campaign in campaigns:
        own = [row for row in ordered if row.campaign == campaign.id and row.state is not S.EXPIRED]
        for series in campaign.series:
            yield from _out_of_cards(campaign, series.id, own)
        yield from _silent(campaign, own, until)


def _out_of_texts(year: Year) -> Iterable[Dry]:
    for skipped in year.skipped:
        if skipped.reason.startswith(_RAN_OUT) and skipped.occasion is not None:
            yield Dry(
                campaign=skipped.campaign,
                item=skipped.item,
                on=date.fromisoformat(skipped.occasion[-10:]),
                what="texts",
                note=f"the texts of {skipped.occasion[:-11]} are used up",
            )


def _out_of_cards(campaign: Campaign, series: str, own: Sequence[Delivery]) -> Iterable[Dry]:
    """Say when a series begins again, if any of its cards is posted a second time."""
    seen: dict[ItemId, str] = {}
    for row in own:
        if row.occasion[:-11] != series or not row.occasion.startswith(f"{series}-"):
            continue
        if seen.setdefault(row.item, row.occasion) != row.occasion:
            yield Dry(
                campaign=campaign.id,
                item=series,
                on=row.occasion_local.date(),
                what="cards",
                note=f"all {len(seen)} cards were posted: {row.item} comes again",
            )
            return


def _silent(campaign: Campaign, own: Sequence[Delivery], until: datetime) -> Iterable[Dry]:
    """Say after which day a campaign that is not over says nothing more."""
    waits_for_news = bool(campaign.amplify)
    if not own or waits_for_news or (campaign.ends and campaign.ends <= until.date()):
        return
    last = max(row.due_at for row in own)
    if until - last > SILENT_FOR:
        day = last.astimezone(ZoneInfo(campaign.zone)).date()
        note = "its last post; nothing after it is planned"
        yield Dry(campaign=campaign.id, item="", on=day, what="silent", note=note)


def _wordless(year: Year) -> dict[tuple[str, str], int]:
    found = Counter(
        (str(skipped.campaign), str(skipped.language))
        for skipped in year.skipped
        if skipped.reason.startswith(_WORDLESS)
    )
    return dict(sorted(found.items()))


def _left_out(year: Year) -> dict[tuple[str, str, str], int]:
    told = (_WORDLESS, _RAN_OUT)
    found = Counter(
        (str(skipped.campaign), str(skipped.item), skipped.reason)
        for skipped in year.skipped
        if not skipped.reason.startswith(told) and _BEFORE not in skipped.reason
    )
    return dict(found)


def _line(row: Delivery) -> dict[str, Any]:
    return {
        "key": row.key,
        "campaign": row.campaign,
        "item": row.item,
        "occasion": row.occasion,
        "partner": row.partner,
        "channel": row.channel,
        "language": row.language,
        "due_at": _z(row.due_at),
    }


def _z(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
