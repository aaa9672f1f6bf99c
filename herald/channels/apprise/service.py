"""The one home of the library Apprise: opens a service, and asks it once to publish.

Apprise waits for servers without giving way to others, so each call has a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

_SAID_MOST = 200
"""Characters of Apprise's own words that are kept."""
_BETWEEN = re.compile(r"[^\w.+-]+")
_SECRET_LEAST = 6
"""Characters; shorter parts of an address are words, and no secrets."""


class NotInstalled(Exception):
    """The library is not there."""


class UnknownAddress(Exception):
    """No service of Apprise understands the address."""


class Service(Protocol):
    """What the channel asks of a service."""

    name: str
    """What Apprise calls it."""
    length: int
    """Most characters of a text."""
    has_title: bool

    def publish(self, text: str, title: str) -> str | None:
        """Publish once, and wait for it; None if it is there, else what Apprise says."""
        ...


class AppriseService:
    """A service behind one address, with everything off that would call it twice."""

    def __init__(self, opened: Apprise, plugin: NotifyBase, *, url: str) -> None:
        self._opened = opened
        words = {part for part in _BETWEEN.split(unquote(url)) if len(part) >= _SECRET_LEAST}
        self.secrets = sorted(words - {str(plugin.host)}, key=len, reverse=True)
        """What is taken out of Apprise's words."""
        self.name = str(plugin.service_name)
        self.length = plugin.body_maxlen
        self.has_title = plugin.title_maxlen > 0

    def publish(self, text: str, title: str) -> str | None:
        """Publish once, and wait for it; None if it is there, else what Apprise says."""
        from apprise import NotifyFormat  # noqa: PLC0415 - slow, and not always there

        told = self._opened.notify(body=text, title=title, body_format=NotifyFormat.TEXT.value)
        if told:
            return None
        said = " ".join(" ".join(entry.message.split()) for entry in told.logs())
        for secret in self.secrets:
            said = said.replace(secret, "***")
        return "".join(c for c in said if c.isprintable())[:_SAID_MOST]


def open_service(url: str) -> AppriseService:
    """Return the service behind *url*; raise NotInstalled or UnknownAddress."""
    try:
        import apprise  # noqa: PLC0415 - slow, and not always there
    except ImportError as error:
        raise NotInstalled from error
    # Nothing is written to the disk.
    asset = apprise.AppriseAsset(
        async_mode=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    # Its log names addresses, and repeats what is told in the end.
    logging.getLogger("apprise").propagate = False
    plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise UnknownAddress
    # The address itself may ask for each of these.
    plugin.retry = 0
    plugin.optional = False
    plugin.redirects = False
    plugin.overflow_mode = apprise.OverflowMode.UPSTREAM
    opened = apprise.Apprise(asset=asset)
    opened.add(plugin)
    return AppriseService(opened, plugin, url=url)


async def in_thread(call: Callable[[], str | None], *, name: str) -> str | None:
    """Return what *call* returns, from a thread that nobody waits for at the end.

    A service that hangs keeps neither other channels nor the end of Herald waiting.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str | None] = loop.create_future()

    def settle(result: str | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = call()
        except Exception as raised:  # noqa: BLE001 - handed to who waits
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
