"""Deals many values out to several statements, for databases bound what one may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 500
"""Keys or rows in one statement."""


def batches(values: Sequence[T], most: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Yield *values* in their order, at most so many at a time; nothing where there are none."""
    for first in range(0, len(values), most):
        yield values[first : first + most]
