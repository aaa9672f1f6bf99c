"""A moment: one occasion of one item, dated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from herald.model.campaign import DEFAULT_AT, Campaign, Item, Occasion
from herald.model.ids import ChannelId, ItemId, Language, OccasionId
from herald.model.plan import Skipped
from herald.model.problem import Place, Problem, Severity
from herald.model.wallclock import day_begins, moment_of
from herald.model.words import Words
from herald.planning.horizon import Horizon
from herald.planning.records import Past, Records
from herald.planning.window import Opening


class Timing(StrEnum):
    """Who chose a moment, and so what the window and quiet hours do to it."""

    EXPLICIT = "explicit"
    """The officer: it is kept, with a warning."""
    RECURRING = "recurring"
    """A rule: outside, it is left out."""
    SERIES = "series"
    """A series: it moves to the next opening, never past ``at_most_late``."""
    DEFAULT = "default"
    """Herald: it moves to the next opening, never past its event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One dated occasion, before windows, stagger and channels."""

    id: OccasionId
    occasion: Occasion
    local: datetime
    """As it stands in the file: naive, in ``zone``."""
    zone: str
    at: datetime
    """The same moment in UTC, after the rules for clock changes."""
    timing: Timing = Timing.EXPLICIT
    moves: bool = False
    """It is absolute or relative: an edit can move it."""
    bound: datetime | None = None
    """It makes no sense at or after this: the event it announces has begun, or is over."""
    text: Words = field(default_factory=Words)
    """The occasion's own text, or the one whose turn it is."""
    wording: Words = field(default_factory=Words)
    """Herald's own words for a default post; the item's where a language has none."""
    needs_wording: bool = False
    """It says nothing without its wording (a recap)."""
    seen: str = ""
    """The name under which its first sight is remembered; empty where the file gives the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What planning one campaign looks at."""

    campaign: Campaign
    horizon: Horizon
    records: Records
    past: Past
    items: Mapping[ItemId, Item]
    """Its items and the cards of its series."""
    country: Mapping[ItemId, str] = field(default_factory=dict)
    """Where an item belongs, for the national days of the calendar."""
    opening: Opening

    def days(self, occasion: Occasion, item: Item) -> tuple[date, date]:
        """Return the local days on which a moment of *occasion* can matter in the plan."""
        late = at_most_late(occasion, item, self.campaign)
        return self.horizon.days(item.zone, late=late, waiting=self.past.waiting_since)

    def first_sight(self, seen: str) -> datetime:
        """Return when *seen* was first planned, or now; never before 10:00 of the first day."""
        first = self.records.first_seen.get(seen, self.horizon.now)
        starts, zone = self.campaign.starts, self.campaign.zone
        if starts is None or first >= day_begins(starts, zone):
            return first
        return moment_of(datetime.combine(starts, DEFAULT_AT), zone)


Finding = Moment | Skipped | Problem


def at_most_late(occasion: Occasion, item: Item, campaign: Campaign) -> timedelta:
    """Return how late a post of *occasion* may still go out: the closest word counts."""
    for late in (occasion.at_most_late, item.at_most_late):
        if late is not None:
            return late
    return campaign.at_most_late


def left_out(
    campaign: Campaign,
    item: ItemId,
    reason: str,
    *,
    occasion: OccasionId | None = None,
    channel: ChannelId | None = None,
    language: Language | None = None,
) -> Skipped:
    """Say that something of *item* will not be posted, and why."""
    return Skipped(
        campaign=campaign.id,
        item=item,
        occasion=occasion,
        channel=channel,
        language=language,
        reason=reason,
    )


def warning(place: Place, code: str, message: str, hint: str = "") -> Problem:
    """Tell the editor something that only planning can see."""
    return Problem(place=place, severity=Severity.WARNING, code=code, message=message, hint=hint)
