"""Sending the mails that readers' requests owe: one after the other, over one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from herald.mailing.sending.smtp import Mailer
from herald.model.stop import Stop, StopScope

T = TypeVar("T")


async def send_each(
    claim: Callable[[], Awaitable[T | None]],
    send: Callable[[T, Mailer], Awaitable[bool]],
    *,
    mailer: Callable[[], Mailer],
    stops: Callable[[], Awaitable[Collection[Stop]]],
    stop: asyncio.Event,
) -> None:
    """Let *send* send and settle what *claim* gives, until it gives nothing or *stop* is set.

    *send* tells whether the mail server takes more. Nothing is claimed while all is paused.
    """
    if any(each.scope is StopScope.EVERYTHING for each in await stops()):
        return
    opened: Mailer | None = None
    try:
        while not stop.is_set() and (claimed := await claim()) is not None:
            opened = opened or mailer()
            # Once begun, a mail is sent and settled even if everything else is being stopped.
            task = asyncio.ensure_future(send(claimed, opened))
            try:
                goes_on = await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait({task})
                raise
            if not goes_on:
                return
    finally:
        if opened is not None:
            await opened.close()
