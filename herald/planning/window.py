"""When posting is welcome: a campaign's window and the quiet hours, on the campaign's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from herald.model.campaign import Campaign, Window
from herald.model.configuration import Configuration, QuietHours
from herald.model.wallclock import ONE_DAY, localise, moment_of

_DAYS_AHEAD = 8
"""A window comes back every week: what does not open within that never opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The hours in which a campaign posts by itself."""

    window: Window | None
    quiet: QuietHours | None
    zone: str

    @property
    def is_always(self) -> bool:
        """Tell whether no moment is outside."""
        return self.window is None and self.quiet is None

    def holds(self, moment: datetime) -> bool:
        """Tell whether *moment* is inside the window and outside quiet hours."""
        return self.is_always or self._holds(localise(moment, self.zone))

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return *moment* if it is inside, else the first one after it that is, or None."""
        if self.holds(moment):
            return moment
        local = localise(moment, self.zone)
        starts = {self.window.opens if self.window else time.min, time.min}
        if self.quiet is not None:
            starts.add(self.quiet.ends)
        for ahead in range(_DAYS_AHEAD + 1):
            day = local.date() + ahead * ONE_DAY
            for start in sorted(starts):
                candidate = datetime.combine(day, start)
                opened = moment_of(candidate, self.zone)
                if opened > moment and self._holds(candidate):
                    return opened
        return None

    def closes_after(self, moment: datetime) -> datetime | None:
        """Return when the opening that holds *moment* ends; None if *moment* is outside, or never.

        What lies beyond the end of the next day is of no interest, and is None too.
        """
        if self.is_always or not self.holds(moment):
            return None
        local = localise(moment, self.zone)
        ends = {time.min}
        if self.window is not None and self.window.closes is not None:
            ends.add(self.window.closes)
        if self.quiet is not None:
            ends.add(self.quiet.begins)
        for ahead in range(3):
            for end in sorted(ends):
                candidate = datetime.combine(local.date() + ahead * ONE_DAY, end)
                if candidate > local and not self._holds(candidate):
                    return moment_of(candidate, self.zone)
        return None

    def _holds(self, local: datetime) -> bool:
        return _in_window(local, self.window) and not _is_quiet(local.time(), self.quiet)


def opening(campaign: Campaign, configuration: Configuration) -> Opening:
    """Return when *campaign* posts by itself."""
    return Opening(window=campaign.window, quiet=configuration.quiet_hours, zone=campaign.zone)


def _in_window(local: datetime, window: Window | None) -> bool:
    if window is None:
        return True
    clock, today = local.time(), local.weekday()
    if window.closes is None:
        return today in window.weekdays and clock >= window.opens
    if window.opens < window.closes:
        return today in window.weekdays and window.opens <= clock < window.closes
    # Past midnight it is still the evening of the day before that counts.
    yesterday = (today - 1) % 7
    return (today in window.weekdays and clock >= window.opens) or (
        yesterday in window.weekdays and clock < window.closes
    )


def _is_quiet(clock: time, quiet: QuietHours | None) -> bool:
    if quiet is None:
        return False
    if quiet.begins <= quiet.ends:
        return quiet.begins <= clock < quiet.ends
    return clock >= quiet.begins or clock < quiet.ends
