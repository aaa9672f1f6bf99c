"""How the languages of one moment stand together on one account: apart, as answers, or in one post.

What has gone out in a language stands, whatever the campaign says now: a language that was said is
not said again, neither by itself nor inside a post with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from herald.composing.language import Choice
from herald.model.campaign import Multilingual
from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import DeliveryKey, Language
from herald.planning.records import had_its_turn

_CAME_TO_NOTHING = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the languages of one moment on one channel."""

    by_language: Mapping[Language, Delivery]
    """The first part of each language's own post."""
    in_others: frozenset[Language] = frozenset()
    """Languages that went out inside another one's post."""

    def has_said(self, language: Language) -> bool:
        """Tell whether *language* has a post of its own that is out, or that a person stopped."""
        row = self.by_language.get(language)
        return row is not None and is_said(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """The posts of one moment on one channel."""

    choices: tuple[Choice, ...]
    """Each a post of its own."""
    also: tuple[Choice, ...] = ()
    """Languages that stand in the first one's post, behind it."""
    root: Language | None = None
    """The language whose post all others answer; None where they stand apart."""

    @property
    def at_once(self) -> bool:
        """Tell whether there is no stagger between the languages."""
        return bool(self.also) or self.root is not None


def is_said(row: Delivery) -> bool:
    """Tell whether *row* reached its network or may have, or a person withdrew it."""
    return had_its_turn(row) and row.state not in _CAME_TO_NOTHING


def said_in(row: Delivery) -> tuple[Language, ...]:
    """Return the further languages of a post that holds several."""
    return (row.frozen or row.payload).also


def arrange(
    choices: Sequence[Choice], told: Told, wanted: Multilingual, *, has_threads: bool
) -> Arrangement:
    """Return how *choices*, the leading language first, go out on a channel.

    ``also`` tells what may stand together; whether it has room is for the caller to see.
    """
    left = tuple(
        choice
        for choice in choices
        if choice.language not in told.in_others or told.has_said(choice.language)
    )
    apart = Arrangement(choices=left)
    if len(left) <= 1:
        return apart
    if wanted is Multilingual.COMBINED:
        return apart if len(left) < len(choices) else _combined(left, told)
    if wanted is Multilingual.THREAD and has_threads:
        return replace(apart, root=_root(left, told))
    return apart


def _combined(choices: tuple[Choice, ...], told: Told) -> Arrangement:
    """Put together what has words, unless a part of it is out by itself already."""
    ready = tuple(choice for choice in choices if not choice.hold)
    if len(ready) <= 1 or any(told.has_said(choice.language) for choice in choices):
        return Arrangement(choices=choices)
    waiting = tuple(choice for choice in choices if choice.hold)
    return Arrangement(choices=(ready[0], *waiting), also=ready[1:])


def _root(choices: tuple[Choice, ...], told: Told) -> Language:
    """Return the language that the others answer: the one that is out, else the leading one.

    One that waits for its translation, or that came to nothing, would keep all others back.
    """
    for choice in choices:
        row = told.by_language.get(choice.language)
        if row is not None and row.state is DeliveryState.SENT and row.target is None:
            return choice.language
    able = [choice.language for choice in choices if not (choice.hold or _is_over(choice, told))]
    return next(iter(able), choices[0].language)


def _is_over(choice: Choice, told: Told) -> bool:
    row = told.by_language.get(choice.language)
    over = _CAME_TO_NOTHING | {DeliveryState.WITHDRAWN}
    return row is not None and row.state in over


def answered(root: DeliveryKey | None, key: DeliveryKey) -> DeliveryKey | None:
    """Return what the delivery of *key* answers: the root of its thread, unless it is that."""
    return None if root == key else root
