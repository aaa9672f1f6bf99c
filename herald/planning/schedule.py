"""From a moment to the time at which its first language is due, inside what is welcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.campaign import Campaign, ChannelOverride, Item
from herald.model.problem import Problem
from herald.model.wallclock import day_ends, describe, localise, resolve
from herald.planning.moment import Moment, Scene, Timing, at_most_late, warning
from herald.planning.stagger import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When an occasion takes place on some channels."""

    local: datetime
    """The occasion on the wall clock of its zone, naive, as it stands in the file."""
    due_at: datetime
    """UTC; of the language that leads."""
    ends_at: datetime
    """All languages are due before this: the end of the local day, of the window, the event."""
    bound: datetime | None
    """Nothing is sent at or after this."""
    late: timedelta
    warnings: tuple[Problem, ...] = ()

    def not_after(self, due_at: datetime) -> datetime:
        """Return until when a variant that is due at *due_at* may go out."""
        latest = due_at + self.late
        return latest if self.bound is None else min(latest, self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why an occasion has no time, in words for the editor."""

    local: datetime
    at: datetime
    reason: str
    code: str = ""
    """Of the warning it deserves; empty where listing it is enough."""


def schedule(
    moment: Moment, item: Item, scene: Scene, *, channel: ChannelOverride | None = None
) -> Slot | Unfit:
    """Return when *moment* takes place, with a channel's own time where *channel* has one."""
    local = _local(moment, channel)
    at, change = resolve(local, moment.zone)
    if channel is None or local == moment.local:
        at = moment.at
    if unfit := _outside_its_life(moment, local, at, scene.campaign):
        return unfit
    late = at_most_late(moment.occasion, item, scene.campaign)
    due_at = _opened(moment, at, late, scene)
    if due_at is None:
        return Unfit(local=local, at=at, reason="it lies outside the window or in quiet hours")
    warnings = []
    if change is not None:
        place = moment.occasion.place
        warnings.append(warning(place, "clock-change", describe(change, local, moment.zone)))
    if moment.timing is Timing.EXPLICIT and not moment.occasion.urgent:
        warnings.extend(_outside_the_window(moment, local, at, scene))
    return Slot(
        local=local,
        due_at=due_at,
        ends_at=_end(moment, due_at, scene),
        bound=moment.bound,
        late=late,
        warnings=tuple(warnings),
    )


def stagger(slot: Slot, moment: Moment, campaign: Campaign, languages: int) -> tuple[datetime, ...]:
    """Return when each language's position is due; all at once where the occasion is urgent."""
    if moment.occasion.urgent:
        return (slot.due_at,) * languages
    return spread(slot.due_at, ends_at=slot.ends_at, languages=languages, stagger=campaign.stagger)


def _local(moment: Moment, channel: ChannelOverride | None) -> datetime:
    if channel is None:
        return moment.local
    if channel.on is not None:
        return channel.on
    if channel.at is not None:
        return datetime.combine(moment.local.date(), channel.at)
    return moment.local


def _outside_its_life(
    moment: Moment, local: datetime, at: datetime, campaign: Campaign
) -> Unfit | None:
    explicit = moment.timing is Timing.EXPLICIT
    if moment.bound is not None and at >= moment.bound:
        reason = "it would come when what it announces has begun or is over"
        return Unfit(local=local, at=at, reason=reason, code="after-its-event" if explicit else "")
    day = local.date()
    if campaign.starts is not None and day < campaign.starts:
        reason = f"it lies before the campaign starts ({campaign.starts})"
    elif campaign.ends is not None and day > campaign.ends:
        reason = f"it lies after the campaign ends ({campaign.ends})"
    else:
        return None
    return Unfit(local=local, at=at, reason=reason, code="outside-campaign" if explicit else "")


def _opened(moment: Moment, at: datetime, late: timedelta, scene: Scene) -> datetime | None:
    """Return when the moment takes place in view of the window; None where it cannot."""
    if moment.timing is Timing.EXPLICIT or moment.occasion.urgent or scene.opening.holds(at):
        return at
    if moment.timing is Timing.RECURRING:
        return None
    opened = scene.opening.next_opening(at)
    if opened is None or (moment.bound is not None and opened >= moment.bound):
        return None
    if moment.timing is Timing.SERIES and opened > at + late:
        return None
    return opened


def _outside_the_window(
    moment: Moment, local: datetime, at: datetime, scene: Scene
) -> list[Problem]:
    if scene.opening.holds(at):
        return []
    return [
        warning(
            moment.occasion.place,
            "outside-window",
            f"{moment.id}: {local:%Y-%m-%d %H:%M} lies outside the window or in quiet hours;"
            " it is kept, as you wrote it",
            "move it, or say `urgent: true`",
        )
    ]


def _end(moment: Moment, due_at: datetime, scene: Scene) -> datetime:
    day = localise(due_at, moment.zone).date()
    ends = [day_ends(day, moment.zone)]
    if moment.bound is not None:
        ends.append(moment.bound)
    closes = scene.opening.closes_after(due_at)
    if closes is not None:
        ends.append(closes)
    return min(ends)
