"""How long planning takes: campaigns of 20 items in 4 languages, as the daemon plans and a year.

An item has 19 deliveries in a year, on the average.

Run ``python -m benchmarks.planning``; ``--small`` takes a tenth of it.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

from herald.model.campaign import (
    After,
    Anchored,
    At,
    Before,
    Campaign,
    Every,
    Item,
    Kind,
    Location,
    Occasion,
    Registration,
    Series,
    When,
    Window,
)
from herald.model.configuration import ChannelConfig, Configuration, Project, QuietHours
from herald.model.delivery import History
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, ProjectId
from herald.model.network import Capabilities, Count
from herald.model.problem import Place
from herald.model.recurrence import parse_recurrence
from herald.model.span import parse_span
from herald.model.words import EVERY, Words
from herald.planning.plan import make_plan

ITEMS = 20
NOW = datetime(2027, 1, 1, 6, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
DAEMON = timedelta(days=60)
"""So far ahead the daemon plans."""
PLACE = Place(file="campaigns/benchmark.yaml")
LANGUAGES = tuple(Language(tag) for tag in ("en", "it", "sl", "pl"))
FEDI = ChannelId("fedi")
ZONES = ("Europe/Rome", "Europe/Lisbon", "Europe/Ljubljana", "Europe/Warsaw", "Europe/Vilnius")


def main() -> None:
    """Plan, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the campaigns")
    sizes = (10, 100) if parser.parse_args().small else (10, 100, 1000)
    print(
        f"{'campaigns':>9} {'days':>5} {'deliveries':>10} {'seconds':>8} {'per second':>10}"
        f" {'peak MiB':>8}"
    )
    for size in sizes:
        campaigns = tuple(a_campaign(number) for number in range(size))
        for span in (DAEMON, YEAR):
            begun = time.perf_counter()
            deliveries = plan_ahead(campaigns, span)
            took = time.perf_counter() - begun
            print(
                f"{size:>9} {span.days:>5} {deliveries:>10} {took:>8.2f} {deliveries / took:>10.0f}"
                f" {peak_mebibytes():>8.0f}",
                flush=True,
            )


def plan_ahead(campaigns: tuple[Campaign, ...], span: timedelta) -> int:
    """Plan *span* from now and return how many deliveries it has."""
    plan = make_plan(
        campaigns,
        configuration(),
        history=History(),
        capabilities={FEDI: Capabilities(count=Count.MASTODON, limit=500, media_most=4)},
        now=NOW,
        first=NOW,
        last=NOW + span,
    )
    return len(plan.deliveries)


def peak_mebibytes() -> float:
    """Return the most memory that this process has had (``ru_maxrss`` is in KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def configuration() -> Configuration:
    """Return one Mastodon account, quiet hours and a funded project."""
    project = Project(
        id=ProjectId("eco"), name="Eco", grant="2020-1-ES01-KA204-082769", place=PLACE
    )
    return Configuration(
        zone="Europe/Rome",
        quiet_hours=QuietHours(begins=time_of_day(20, 0), ends=time_of_day(8, 30)),
        channels={FEDI: ChannelConfig(id=FEDI, network="mastodon", place=PLACE)},
        projects={project.id: project},
    )


def a_campaign(number: int) -> Campaign:
    """Make a campaign of 20 items, with a window, hashtags and a weekly series."""
    weekly = Every(recurrence=parse_recurrence("wednesday"), at=time_of_day(10, 0))
    return Campaign(
        id=CampaignId(f"campaign-{number}"),
        project=ProjectId("eco"),
        zone=ZONES[number % len(ZONES)],
        languages=LANGUAGES,
        channels=(FEDI,),
        hashtags=Words.of({EVERY: "Ecomuseums", "it": "Ecomusei"}),
        starts=date(2026, 12, 1),
        ends=date(2027, 12, 31),
        window=Window(opens=time_of_day(9, 0), closes=time_of_day(19, 0)),
        items=tuple(an_item(number, place) for place in range(ITEMS)),
        series=(Series(id="weekly", kinds=(Kind.GOOD_PRACTICE,), every=weekly, place=PLACE),),
        place=PLACE,
    )


def an_item(campaign: int, place: int) -> Item:
    """Make an event, a news item, or a good practice that takes its turn in the series."""
    kind = (Kind.EVENT, Kind.NEWS, Kind.GOOD_PRACTICE, Kind.EVENT)[place % 4]
    begins = datetime(2027, 1, 20, 10, 30) + timedelta(days=(campaign + 17 * place) % 340)
    an_event = kind is Kind.EVENT
    return Item(
        id=ItemId(f"item-{place}"),
        kind=kind,
        title=Words.of({tag: f"A walk through the rice fields, {tag}" for tag in LANGUAGES}),
        text=Words.of(
            {tag: f"Two hours with those who flood them. {tag} " * 3 for tag in LANGUAGES}
        ),
        link=Words.of({EVERY: f"https://example.org/{{language}}/{campaign}/{place}"}),
        begins=begins if an_event else None,
        finishes=begins + timedelta(hours=2) if an_event else None,
        zone=ZONES[campaign % len(ZONES)],
        location=Location(name="Argenta", country="IT") if an_event else None,
        registration=Registration(closes=begins.date() - timedelta(days=6)) if an_event else None,
        post=_post(kind, begins, place),
        place=PLACE,
    )


def _post(kind: Kind, begins: datetime, place: int) -> tuple[Occasion, ...] | None:
    if kind is Kind.GOOD_PRACTICE:
        return None
    if kind is Kind.EVENT:
        thanks = Words.of(dict.fromkeys(LANGUAGES, "Thank you: {title}"))
        return (
            _on(Before(span=parse_span("14d"), at=time_of_day(9, 0))),
            _on(Before(span=parse_span("2d"), of="registration")),
            _on(After(span=parse_span("2d")), text=thanks),
        )
    if place % 8 == 1:
        return (_on(At(local=begins)), _on(Anchored(anchor="museum_day", before=parse_span("7d"))))
    texts = tuple(Words.of({tag: f"Object {n}, {tag}" for tag in LANGUAGES}) for n in range(4))
    friday = Every(
        recurrence=parse_recurrence("friday"),
        at=time_of_day(12, 0),
        first=date(2027, 3, 5),
        last=date(2027, 3, 26),
    )
    return (_on(friday, texts=texts),)


def _on(when: When, *, text: Words | None = None, texts: tuple[Words, ...] = ()) -> Occasion:
    return Occasion(when=when, text=text or Words(), texts=texts, place=PLACE)


if __name__ == "__main__":
    main()
