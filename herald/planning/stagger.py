"""Languages one after the other on one account: the lead on time, the others a little later."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


def spread(
    due_at: datetime, *, ends_at: datetime, languages: int, stagger: timedelta
) -> tuple[datetime, ...]:
    """Return the moment of each of *languages*, the first at *due_at*, all before *ends_at*.

    The distance is *stagger*, or as much less as is needed, in whole minutes while there is one
    for each, else in whole seconds.
    """
    step = min(stagger, _widest(ends_at - due_at, languages))
    return tuple(due_at + position * step for position in range(languages))


def _widest(room: timedelta, languages: int) -> timedelta:
    if languages <= 1 or room <= timedelta(0):
        return timedelta(0)
    widest = (room - timedelta.resolution) // (languages - 1)
    unit = _MINUTE if widest >= _MINUTE else _SECOND
    return widest // unit * unit
