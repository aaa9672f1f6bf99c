"""Names that must exist elsewhere, and moments that lie where nothing should be posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from herald.model.campaign import After, Anchored, At, Before, Campaign, Item, Occasion, Window
from herald.model.configuration import QuietHours
from herald.model.problem import Problem, Severity
from herald.sources.campaigns.scope import Mention, Named
from herald.sources.config.load import Config, file_of
from herald.sources.problems import did_you_mean

_FILES = {
    Named.CHANNEL: "channels",
    Named.PARTNER: "partners",
    Named.TAG: "partners",
    Named.PROJECT: "projects",
    Named.LIST: "lists",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist, by what they name; what is absent is not checked."""

    names: Mapping[Named, frozenset[str]]
    missing: frozenset[str]

    @classmethod
    def of(cls, config: Config, *, anchors: frozenset[str], campaigns: Iterable[str]) -> Known:
        """Gather them; a file that never was sound makes no name unknown."""
        has = config.configuration
        names: dict[Named, frozenset[str]] = {
            Named.CHANNEL: frozenset(has.channels),
            Named.PARTNER: frozenset(has.partners),
            Named.TAG: frozenset(tag for one in has.partners.values() for tag in one.tags),
            Named.PROJECT: frozenset(has.projects),
            Named.LIST: frozenset(has.lists),
            Named.ANCHOR: anchors,
            Named.CAMPAIGN: frozenset(campaigns),
        }
        known = {what: of for what, of in names.items() if _FILES.get(what) not in config.unknown}
        return cls(known, config.missing)


def unknown_names(mentions: Iterable[Mention], known: Known) -> Iterator[Problem]:
    """Yield a problem for each name that does not exist."""
    for mention in mentions:
        names = known.names.get(mention.what)
        if names is None or mention.name in names:
            continue
        yield Problem(
            place=mention.place,
            code=f"unknown-{mention.what.name.lower()}",
            message=f'there is no {mention.what} "{mention.name}"',
            hint=_remedy(mention, names, known.missing),
        )


def _remedy(mention: Mention, names: frozenset[str], missing: frozenset[str]) -> str:
    near = did_you_mean(mention.name, names)
    name = _FILES.get(mention.what)
    if near.startswith("did") or name is None:
        return near
    return f"{file_of(name)} does not exist" if name in missing else f"add it to {file_of(name)}"


def note_moments(campaign: Campaign, quiet: QuietHours | None) -> Iterator[Problem]:
    """Yield a warning for each moment that its author put outside window or quiet hours."""
    if campaign.window is None and quiet is None:
        return
    for item in campaign.items:
        for occasion in item.post or ():
            if not occasion.urgent and (why := _objection(occasion, item, campaign, quiet)):
                yield Problem(
                    place=occasion.place,
                    severity=Severity.WARNING,
                    code="outside-hours",
                    message=why,
                    hint="it is posted then all the same; urgent: true says that this is meant",
                )


def _objection(occasion: Occasion, item: Item, campaign: Campaign, quiet: QuietHours | None) -> str:
    moment: datetime | None = None
    match occasion.when:
        case At(local=local):
            if item.zone != campaign.zone:
                aware = local.replace(tzinfo=ZoneInfo(item.zone))
                local = aware.astimezone(ZoneInfo(campaign.zone)).replace(tzinfo=None)
            moment, at = local, local.time()
        case Before(at=time() as at) | After(at=time() as at) | Anchored(at=time() as at):
            if item.zone != campaign.zone:
                return ""
        case _:
            return ""
    if quiet is not None and _is_between(at, quiet.begins, quiet.ends):
        return f"{at:%H:%M} lies in the quiet hours, {quiet.begins:%H:%M} to {quiet.ends:%H:%M}"
    if campaign.window is not None and not _is_open(campaign.window, at, moment):
        return f"{at:%H:%M} lies outside the campaign's window"
    return ""


def _is_open(window: Window, at: time, moment: datetime | None) -> bool:
    if moment is not None and moment.weekday() not in window.weekdays:
        return False
    return _is_between(at, window.opens, window.closes or time(0, 0))


def _is_between(at: time, first: time, last: time) -> bool:
    """Tell whether *at* is in a span of the day that may go past midnight."""
    if first < last:
        return first <= at < last
    return at >= first or at < last
