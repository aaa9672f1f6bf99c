"""Every network with a way to it on which things can go wrong, seen from outside."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from herald.channels.journal_file import journal_path, read_journal
from herald.channels.manual import packs_folder
from herald.channels.network import Network
from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.ids import ChannelId
from herald.ports import Channel
from tests.channels.kept import surroundings
from tests.contracts.places import Held, Illustrated, Place
from tests.contracts.places_wordpress import read_page
from tests.contracts.test_channels import a_place
from tests.makers import NOON, a_channel
from tests.servers import graph, slack, telegram
from tests.servers.faulty import FaultyWay
from tests.servers.mastodon import BEHAVIOURS

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "herald-screen"
_ON_LOOPBACK = re.compile(r"127\.0\.0\.1:\d+")
Road = tuple[str, str]
"""The method of a request and the beginning of its path."""


@dataclass(frozen=True, kw_only=True)
class Roads:
    """By which request a network is told what."""

    create: Road
    edit: Road | None = None
    delete: Road | None = None
    media: Road | None = None
    """A picture goes ahead of the post; None where it goes with it."""


_MASTODON = "/api/v1/statuses"
_BLUESKY = "/xrpc/com.atproto.repo"
_MATRIX = "/_matrix/client/v3/rooms/"
_TELEGRAM = f"/bot{telegram.TOKEN}"
_DISCORD = "/api/v10/webhooks/"
_WORDPRESS = "/wp-json/wp/v2"
_INSTAGRAM, _THREADS = f"/v25.0/{graph.ACCOUNT}", f"/v1.0/{graph.ACCOUNT}"

_FEDIVERSE = Roads(
    create=("POST", _MASTODON),
    edit=("PUT", _MASTODON),
    delete=("DELETE", _MASTODON),
    media=("POST", "/api/v2/media"),
)
ROADS: Mapping[str, Roads | None] = {
    **dict.fromkeys((each.name for each in BEHAVIOURS), _FEDIVERSE),
    "bluesky": Roads(
        create=("POST", f"{_BLUESKY}.putRecord"),
        delete=("POST", f"{_BLUESKY}.deleteRecord"),
        media=("POST", f"{_BLUESKY}.uploadBlob"),
    ),
    "matrix": Roads(
        create=("PUT", _MATRIX),
        edit=("PUT", _MATRIX),
        delete=("PUT", _MATRIX),
        media=("POST", "/_matrix/media"),
    ),
    "telegram": Roads(
        create=("POST", f"{_TELEGRAM}/send"),
        edit=("POST", f"{_TELEGRAM}/edit"),
        delete=("POST", f"{_TELEGRAM}/delete"),
    ),
    "facebook": Roads(
        create=("POST", f"/v25.0/{graph.PAGE}/feed"),
        edit=("POST", f"/v25.0/{graph.PAGE}_"),
        delete=("DELETE", f"/v25.0/{graph.PAGE}_"),
        media=("POST", f"/v25.0/{graph.PAGE}/photos"),
    ),
    "instagram": Roads(
        create=("POST", f"{_INSTAGRAM}/media_publish"),
        media=("POST", f"{_INSTAGRAM}/media"),
    ),
    "threads": Roads(
        create=("POST", f"{_THREADS}/threads_publish"),
        delete=("DELETE", "/v1.0/18"),
        media=("POST", f"{_THREADS}/threads"),
    ),
    "linkedin": Roads(
        create=("POST", "/rest/posts"),
        edit=("POST", "/rest/posts/"),
        delete=("DELETE", "/rest/posts/"),
        media=("PUT", "/upload/"),
    ),
    "wordpress": Roads(
        create=("POST", f"{_WORDPRESS}/posts"),
        edit=("POST", f"{_WORDPRESS}/posts/"),
        delete=("DELETE", f"{_WORDPRESS}/posts/"),
        media=("POST", f"{_WORDPRESS}/media"),
    ),
    "discord": Roads(
        create=("POST", _DISCORD), edit=("PATCH", _DISCORD), delete=("DELETE", _DISCORD)
    ),
    "slack": Roads(
        create=("POST", "/api/chat.postMessage"),
        edit=("POST", "/api/chat.update"),
        delete=("POST", "/api/chat.delete"),
        media=("POST", "/api/files.getUploadURLExternal"),
    ),
    "slack webhook": Roads(create=("POST", slack.HOOK)),
    "webhook": Roads(create=("POST", "/hook"), edit=("POST", "/hook"), delete=("POST", "/hook")),
    "apprise": Roads(create=("POST", "/hook")),
    "screen": Roads(create=("PUT", "/posts/")),
    "journal": None,
    "manual": None,
}
"""Every network, persona of one, and manner of using one; no roads where there are only files."""


class SlackHookPlace(Place):
    """A channel on Slack, by an incoming webhook."""

    keeps_language = False
    keeps_descriptions = False
    can_be_asked = False

    def __init__(
        self, server: slack.SlackServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"webhook_url": server.hook}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [Held(one.shown, None, ()) for one in self.server.messages]

    def gone(self) -> Channel:
        raise NotImplementedError


class ScreenPlace(Place):
    """The manual's example of a network that others add, which is not installed here."""

    repeats_are_safe = True

    def __init__(
        self, screen: Any, network: Network, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"access_token": _example("test_screen").OPENS_IT}
        self._network, self.server = network, screen
        super().__init__(config, folder, clock)

    def _opened(self, config: ChannelConfig, folder: Path) -> Channel:
        around = surroundings(folder, self.clock, media=self.media)
        channel: Channel = self._network.open(config, self.secrets, around)
        return channel

    def held(self) -> list[Held]:
        return [
            Held(one["text"], one["language"], tuple(each["alt"] for each in one["pictures"]))
            for one in self.server.posts.values()
        ]

    def gone(self) -> Channel:
        raise NotImplementedError


@cache
def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"everywhere_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def opened_place(name: str, folder: Path) -> AsyncIterator[Place]:
    """Open the network of that name, persona or manner, with a channel called ``here``."""
    clock, id_ = SetClock(NOON), ChannelId("here")
    behaviour = next((each for each in BEHAVIOURS if each.name == name), None)
    if name == "slack webhook":
        async with slack.serving(clock) as server:
            yield SlackHookPlace(server, a_channel(id=id_, network="slack"), folder, clock)
    elif name == "screen":
        async with _example("test_screen").showing() as screen:
            settings = {"server": screen.address}
            config = a_channel(id=id_, network="screen", settings=settings)
            network = _example("herald_screen").NETWORK
            yield ScreenPlace(screen, network, config, folder, clock)
    else:
        network = "mastodon" if behaviour else name
        async with a_place(network, behaviour, folder) as place:
            yield place


@asynccontextmanager
async def on_the_way(place: Place) -> AsyncIterator[FaultyWay | None]:
    """Put a way between *place* and its server, so that all that is said takes it."""
    told = " ".join((*map(str, place.config.settings.values()), *place.secrets.values()))
    found = _ON_LOOPBACK.search(told)
    if found is None:
        yield None
        return
    there = found[0]
    async with FaultyWay(f"http://{there}").serving() as way:
        here = way.address.removeprefix("http://")

        def moved(values: Mapping[str, Any]) -> dict[str, Any]:
            return {name: str(value).replace(there, here) for name, value in values.items()}

        place.config = replace(place.config, settings=moved(place.config.settings))
        place.secrets = moved(place.secrets)
        server = getattr(place, "server", None)
        for name in ("address", "host"):
            if isinstance(getattr(type(server), name, None), property):
                continue
            if there in getattr(server, name, ""):
                setattr(server, name, way.address)
        yield way


def plain(channel: Channel) -> Channel:
    """Return the channel itself, where a place had put a picture to every post."""
    return channel._channel if isinstance(channel, Illustrated) else channel


def shown(name: str, place: Any) -> list[str]:
    """Return what readers find, the oldest first: edits made, and without what was deleted."""
    if name == "matrix":
        return _shown_in_a_room(place.server.messages)
    if name == "webhook":
        return _shown_by_a_receiver(place.receiver.published)
    if name == "wordpress":
        live = [post for post in place.server.posts if post.status == "publish"]
        return [read_page(post.content).text for post in live]
    if name == "journal":
        lines = read_journal(journal_path(place.folder, place.config.id))
        return _after_all((one.action, one.key, one.target, one.text) for one in lines)
    if name == "manual" and not packs_folder(place.folder, place.config.id).is_dir():
        return []
    return [one.text for one in place.held()]


def _shown_in_a_room(events: list[dict[str, Any]]) -> list[str]:
    texts: dict[str, str] = {}
    for event in events:
        content = event["content"]
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            texts[relation["event_id"]] = content["m.new_content"]["body"]
        elif content:
            texts[event["event_id"]] = content["body"].partition("\n\n\U0001f5bc")[0]
    return list(texts.values())


def _shown_by_a_receiver(published: list[dict[str, Any]]) -> list[str]:
    return _after_all(
        (one["action"], one["id"], (one["target"] or {}).get("id", ""), one["text"])
        for one in published
    )


def _after_all(told: Iterable[tuple[str, str, str, str]]) -> list[str]:
    """Return what is there after everything was done: action, own key, target's key and text."""
    texts: dict[str, str] = {}
    for action, key, target, text in told:
        if action == "delete":
            texts.pop(target, None)
        else:
            texts[target if action == "edit" else key] = text
    return list(texts.values())
