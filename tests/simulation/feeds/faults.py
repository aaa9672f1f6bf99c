"""Faults put into Herald's identity on purpose: the promises must notice each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from herald.model.polling import Alias, Credit, Decision, Known, Remember, Revise

Decide = Callable[[Known], Decision]


def forgets_everything(decide: Decide) -> Decide:
    """Let nothing be known: whatever comes back under another id is news again."""
    return lambda known: decide(Known(latest=known.latest))


def knows_ids_alone(decide: Decide) -> Decide:
    """Recognise entries by their id, and by nothing else."""

    def by_ids(known: Known) -> Decision:
        named = set(known.keys.values())
        entries = {id_: one for id_, one in known.entries.items() if id_ in named}
        return decide(replace(known, entries=entries))

    return by_ids


def posts_the_first_poll(decide: Decide) -> Decide:
    """Take everything that a feed shows for news, the first time too."""

    def unseeded(known: Known) -> Decision:
        decision = decide(known)
        intents = tuple(
            replace(one, seeded=False) if isinstance(one, Remember) else one
            for one in decision.intents
        )
        return replace(decision, intents=intents)

    return unseeded


def overlooks_edits(decide: Decide) -> Decide:
    """Follow no entry once it is known: no cancellation, no other date."""
    return _without(decide, Revise)


def shares_no_credit(decide: Decide) -> Decide:
    """Recognise another partner's news and credit nobody for it."""
    return _without(decide, Credit)


def loses_what_is_in_doubt(decide: Decide) -> Decide:
    """Take every third new entry for one that is known."""

    def lost(known: Known) -> Decision:
        decision = decide(known)
        intents = tuple(
            one
            for one in decision.intents
            if isinstance(one, Alias)
            or not (isinstance(one, Remember) and int(one.id, 16) % 3 == 0)
        )
        return replace(decision, intents=intents)

    return lost


def _without(decide: Decide, kind: type) -> Decide:
    def some(known: Known) -> Decision:
        decision = decide(known)
        intents = tuple(one for one in decision.intents if not isinstance(one, kind))
        return replace(decision, intents=intents)

    return some
