"""A plan that looks back no further than it must is the plan that looks at everything.

Now and then in a life, and as if it were weeks, months and years later, the plan and its comparison
with the outbox are made twice: of every delivery there ever was, and of what ``history_within`` and
``concerned_by`` give. ``HERALD_PAST_EVERY=1`` compares every plan.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from herald.app import REMEMBER_ENTRIES
from herald.consequences import concerned, planned_span
from herald.mailing.letters.select import _first_posts
from herald.model.delivery import History
from herald.model.plan import Plan
from herald.outbox.reconcile import reconcile
from herald.planning.plan import make_plan
from herald.planning.reach import reach_of
from tests.simulation.life import Life

LATER = tuple(timedelta(days=days) for days in (0, 12, 45, 500))
EVERY = int(os.environ.get("HERALD_PAST_EVERY", "16"))
"""One plan in so many is compared."""


class Remembering(Life):
    """A life that compares what it remembers with what it could."""

    planned = 0
    left_out = 0

    async def replan(self, *, confirmed: str = ""):
        """Plan as ever; then compare."""
        compared = await super().replan(confirmed=confirmed)
        self.planned += 1
        if self.planned % EVERY == 0:
            for later in LATER:
                await self.compare_at(self.clock.now() + later)
        return compared

    async def compare_at(self, now: datetime) -> None:
        """Note a broken promise where the two plans differ."""
        app = self.app
        loaded = await app.load()
        entries = await app.feeds.entries(now - REMEMBER_ENTRIES)
        first, last = planned_span(ZoneInfo(loaded.configuration.zone), now, None, None)
        if self.dice.random() < 0.2:
            first -= timedelta(days=self.dice.randrange(60))
        span = {"now": now, "first": first, "last": last}
        reach = reach_of(loaded.campaigns, loaded.configuration, entries, **span)
        full = await app.store.history()
        within = await app.store.history_within(reach)
        self.left_out += len(full.deliveries) - len(within.deliveries)
        capabilities = await app.capabilities(loaded.configuration)

        def planned(history: History) -> Plan:
            return make_plan(
                loaded.campaigns,
                loaded.configuration,
                entries=entries,
                history=history,
                capabilities=capabilities,
                **span,
            )

        plan = planned(full)
        if planned(within) != plan:
            self.promises.broken(f"another plan at {now}: {differences(plan, planned(within))}")
        everything = concerned(full.deliveries, loaded)
        rows = concerned(await app.store.concerned_by(plan), loaded)
        wanted, found = (reconcile(plan, each, now=now) for each in (everything, rows))
        if wanted != found:
            self.promises.broken(f"another comparison at {now}")
        items = {(one.campaign, item) for one in reach.campaigns for item, _ in one.items}
        posts, posted = _first_posts(full), _first_posts(within)
        if any(posts.get(place) != posted.get(place) for place in items):
            self.promises.broken(f"another first post at {now}")


def differences(plan: Plan, other: Plan) -> str:
    """Say in which fields two plans differ, and in what."""
    told = []
    for name in Plan.__slots__:
        one, two = getattr(plan, name), getattr(other, name)
        if one != two:
            lost = [each for each in one if each not in two] if isinstance(one, tuple) else one
            more = [each for each in two if each not in one] if isinstance(two, tuple) else two
            told.append(f"{name}: without {lost}, with {more}"[:2000])
    return "; ".join(told)
