"""What a person decides: about deliveries, pauses and tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from herald.composing.counting import length
from herald.errors import HeraldError
from herald.model.delivery import FIRST_REPLY, Delivery, DeliveryState
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.outbox import decisions
from herald.outbox.threads import is_of_plans
from herald.ports import Clock, OutboxStore
from herald.reporting.health import MANUAL

_OF_THREADS = frozenset({"approve", "withdraw", "retry"})
Decided = tuple[tuple[Delivery, ...], tuple[tuple[DeliveryKey, str], ...]]
"""What was changed; and the key of each that was not, with why."""


class NotDecided(HeraldError):
    """A decision cannot be carried out; the sentence says why and what else to do."""


class Desk:
    """Carries out decisions, each as one short transaction on the outbox."""

    def __init__(self, store: OutboxStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, prefix: str) -> Delivery:
        """Return the one delivery whose key begins with *prefix*; else raise NotDecided."""
        found = await self._store.list_deliveries(prefix=prefix.strip().lower())
        if not found:
            raise NotDecided(f"No delivery's key begins with {prefix!r}: see herald outbox list.")
        if len(found) > 1:
            some = ", ".join(row.key[: len(prefix) + 4] for row in found[:5])
            raise NotDecided(
                f"{len(found)} keys begin with {prefix!r} ({some} …): type more of it."
            )
        return found[0]

    async def decide(
        self,
        verb: str,
        *,
        keys: tuple[str, ...] = (),
        campaign: str = "",
        item: str = "",
        sure: bool = False,
    ) -> Decided:
        """Apply *verb* to the named deliveries, or to all of a campaign or an item it applies to.

        What is approved, withdrawn or sent again by its key takes the rest of its thread along.
        A retry of what may be out there needs *sure*: a person has looked.
        """
        if keys:
            rows = [await self.find(key) for key in keys]
        else:
            rows = list(await self._store.list_deliveries(campaign=campaign, item=item))
        changed, refused = [], []
        for row in rows:
            caution = "" if sure or verb != "retry" else decisions.caution(row)
            after = f"{caution} Sure? Add --sure." if caution else self._apply(verb, row)
            if isinstance(after, Delivery) and not await self._store.decide(after, was=row):
                after = "it has just moved on: look again"
            if isinstance(after, Delivery):
                changed.append(after)
                changed += await self._rest_of_thread(verb, after) if keys else ()
            else:
                refused.append((row.key, after))
        return tuple(changed), tuple(refused)

    async def _rest_of_thread(self, verb: str, lead: Delivery) -> tuple[Delivery, ...]:
        """Do the same to the parts that follow *lead*: a thread is one post to who decides."""
        if verb not in _OF_THREADS or not is_of_plans(lead):
            return ()
        first = lead.thread or lead.key
        rows = await self._store.list_deliveries(
            campaign=lead.campaign, item=lead.item, channel=lead.channel
        )
        parts = [row for row in rows if row.thread == first and lead.part < row.part < FIRST_REPLY]
        changed = []
        for row in sorted(parts, key=lambda row: row.part):
            after = (
                decisions.follow(row, lead, now=self._clock.now())
                if verb == "retry"
                else self._apply(verb, row)
            )
            if isinstance(after, Delivery) and await self._store.decide(after, was=row):
                changed.append(after)
        return tuple(changed)

    def _apply(self, verb: str, row: Delivery) -> Delivery | str:
        now = self._clock.now()
        verbs: dict[str, Callable[[], Delivery | str]] = {
            "approve": lambda: decisions.approve(row, now=now),
            "hold": lambda: decisions.hold(row),
            "release": lambda: decisions.release(row, now=now),
            "withdraw": lambda: decisions.withdraw(row),
            "retry": lambda: decisions.retry(row, now=now),
        }
        return verbs[verb]()

    async def mark_sent(self, key: str, url: str) -> Delivery:
        """Record that a delivery is out there after all."""
        row = await self.find(key)
        return await self._write(row, decisions.mark_sent(row, url, now=self._clock.now()))

    async def translate(
        self, key: str, language: str, text: str, *, capabilities: Capabilities
    ) -> Delivery:
        """Put the typed *text* in the place of a title that waits for its translation."""
        row = await self.find(key)
        if row.language.casefold() != language.casefold():
            raise NotDecided(f"{row.key[:8]} is to be in {row.language}, not in {language}.")
        payload = decisions.with_title(row.payload, text.strip())
        counted = length(payload.text, capabilities)
        if capabilities.limit is not None and counted > capabilities.limit:
            raise NotDecided(
                f"With this title the post counts {counted}, and {row.channel} takes"
                f" {capabilities.limit}: type a shorter one."
            )
        payload = replace(payload, language=row.language, length=counted)
        return await self._write(row, decisions.translate(row, payload, now=self._clock.now()))

    async def _write(self, row: Delivery, after: Delivery | str) -> Delivery:
        if isinstance(after, str):
            raise NotDecided(f"{row.key[:8]}: {after}")
        if not await self._store.decide(after, was=row):
            raise NotDecided(f"{row.key[:8]} has just moved on: look again.")
        return after

    async def close_task(self, task: str, url: str) -> str:
        """Record where a person has posted what Herald prepared; tell it in a sentence."""
        row = await self.find(task)
        if row.network != MANUAL:
            raise NotDecided(f"{row.key[:8]} goes to {row.channel} by itself: there is no task.")
        if row.state is not DeliveryState.SENT:
            raise NotDecided(f"{row.key[:8]} is {row.state}: it was not handed to anybody yet.")
        if not await self._store.set_url(row.key, url, now=self._clock.now()):
            raise NotDecided(f"{row.key[:8]} has just moved on: look again.")
        again = " (it was recorded before; the new link stands)" if row.url else ""
        return f"Done: {row.campaign}/{row.item} on {row.channel} is at {url}{again}"

    async def pause(self, scope: str, name: str, *, because: str) -> str:
        """Stop everything, a channel, a partner or a campaign; tell it in a sentence."""
        await self._store.stop(
            Stop(
                scope=StopScope(scope),
                name=name,
                origin=StopOrigin.PERSON,
                because=because,
                since=self._clock.now(),
            )
        )
        return f"{_called(scope, name)} is paused."

    async def resume(self, scope: str, name: str) -> str:
        """End a pause, and a channel's stop after a refused sign-in; tell what holds now."""
        ended = await self._store.resume(scope, name)
        stops = await self._store.stops()
        what = _called(scope, name)
        if any((stop.scope, stop.name) == (scope, name) for stop in stops):
            return f"{what} is still paused by `paused: true` in its file: take that line out."
        told = f"{what} goes on." if ended else f"{what} was not paused."
        return " ".join((told, *_still_paused(scope, stops)))


def _still_paused(scope: str, stops: Sequence[Stop]) -> tuple[str, ...]:
    """Tell what keeps posts back although a pause has ended, and the words that end it too."""
    if scope != StopScope.EVERYTHING:
        everything = any(stop.scope is StopScope.EVERYTHING for stop in stops)
        return ("But everything is paused: herald resume.",) if everything else ()
    others = dict.fromkeys(_called(stop.scope, stop.name) for stop in stops)
    if not others:
        return ()
    return (f"Still paused on their own: {', '.join(others)} (herald status says why).",)


def _called(scope: str, name: str) -> str:
    return "Everything" if scope == StopScope.EVERYTHING else f"{scope.capitalize()} {name}"
