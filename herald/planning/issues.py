"""The issues of newsletters that fall in the plan's span."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from herald.model.campaign import DEFAULT_AT, Campaign, Newsletter
from herald.model.configuration import Configuration
from herald.model.ids import Language
from herald.model.plan import PlannedIssue
from herald.model.wallclock import moment_of
from herald.planning import recurring
from herald.planning.horizon import Horizon


def issues(
    campaign: Campaign, configuration: Configuration, horizon: Horizon
) -> Iterator[PlannedIssue]:
    """Yield every issue of the newsletters of *campaign*; one that is a little late stays in."""
    for newsletter in campaign.newsletters:
        first, last = horizon.days(campaign.zone, late=campaign.at_most_late, waiting=None)
        at = DEFAULT_AT if newsletter.every.at is None else newsletter.every.at
        for day in recurring.days(newsletter.every, campaign, first=first, last=last):
            due_at = moment_of(datetime.combine(day, at), campaign.zone)
            if not horizon.keeps(due_at, due_at + campaign.at_most_late):
                continue
            yield PlannedIssue(
                key=f"{campaign.id}/{newsletter.id}/{day}",
                campaign=campaign.id,
                newsletter=newsletter.id,
                list=newsletter.list,
                local_date=day,
                zone=campaign.zone,
                due_at=due_at,
                languages=_languages(newsletter, campaign, configuration),
                approve=newsletter.approve,
                when_uncertain=newsletter.when_uncertain,
                local_time=newsletter.local_time,
            )


def _languages(
    newsletter: Newsletter, campaign: Campaign, configuration: Configuration
) -> tuple[Language, ...]:
    """Return the languages of the list; those of the campaign where the list names none."""
    known = configuration.lists.get(newsletter.list)
    return known.languages if known is not None and known.languages else campaign.languages
