"""What can go wrong with one request, whatever the network, and where it is put."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tests.everywhere.networks import ROADS, Road
from tests.everywhere.world import World
from tests.servers import webhook
from tests.servers.faulty import Ending, Fault, an_answer
from tests.servers.mastodon import BEHAVIOURS

_PAGE = b"<h1>Told by a gateway</h1>"


class Trouble(StrEnum):
    """What goes wrong."""

    REFUSED = "refused"
    THROTTLED = "asked to wait"
    LOST_BEFORE = "answer lost, not done"
    LOST_AFTER = "answer lost, done"
    ERROR_AFTER = "500, done"
    GATEWAY_AFTER = "504, done"
    SLOW = "no answer in time, done"
    WRONG_JSON = "200 and other JSON, done"
    TOKEN = "token no longer valid"
    PICTURE_REFUSED = "picture refused"
    PICTURE_LATE = "picture not ready"


class Kind(StrEnum):
    """What a delivery is."""

    PICTURE = "post with a picture"
    PLAIN = "post without"
    PART = "next part of a thread"
    EDIT = "edit"
    DELETE = "deletion"


ON_THE_WAY: Mapping[Trouble, Fault] = {
    Trouble.LOST_BEFORE: Fault(gives_head=0, ending=Ending.RESET),
    Trouble.LOST_AFTER: Fault(lands=True, gives_head=0, ending=Ending.RESET),
    Trouble.ERROR_AFTER: Fault(lands=True, answer=an_answer(500, _PAGE, kind="text/html")),
    Trouble.GATEWAY_AFTER: Fault(lands=True, answer=an_answer(504, _PAGE, kind="text/html")),
    Trouble.SLOW: Fault(lands=True, gives_head=0, ending=Ending.HANG),
    Trouble.WRONG_JSON: Fault(lands=True, answer=an_answer(200, b'{"unexpected": [true]}')),
}
"""Those that need no word of the network's own."""


def _told(status: int, body: object, **headers: str) -> Fault:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(answer=an_answer(status, json.dumps(body).encode(), headers=spelled))


def _graph(code: int) -> Fault:
    error = {"message": "No", "type": "OAuthException", "code": code, "fbtrace_id": "A6LJ"}
    return _told(400, {"error": error})


_FEDIVERSE = [each.name for each in BEHAVIOURS]
_META = ("facebook", "instagram", "threads")
REFUSALS: Mapping[str, Fault] = {
    **dict.fromkeys(_FEDIVERSE, _told(422, {"error": "Validation failed"})),
    **dict.fromkeys(_META, _graph(100)),
    "bluesky": _told(400, {"error": "InvalidRequest", "message": "Invalid record"}),
    "matrix": _told(400, {"errcode": "M_BAD_JSON", "error": "Bad"}),
    "telegram": _told(400, {"ok": False, "error_code": 400, "description": "Bad Request: no"}),
    "discord": _told(400, {"code": 50035, "message": "Invalid Form Body"}),
    "slack": _told(200, {"ok": False, "error": "msg_too_long"}),
    "slack webhook": Fault(answer=an_answer(400, b"invalid_blocks", kind="text/html")),
    "linkedin": _told(422, {"message": "No", "status": 422, "code": "INVALID_VALUE"}),
    "wordpress": _told(400, {"code": "rest_invalid_param", "message": "No"}),
    "webhook": _told(422, {"message": "no"}),
    "apprise": _told(422, {"message": "no"}),
    "screen": _told(422, {"error": "no"}),
}
"""No, in each network's own words."""
_LATER = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 30"}
THROTTLES: Mapping[str, Fault] = {
    **dict.fromkeys(_META, _graph(4)),
    "bluesky": _told(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}),
    "matrix": _told(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 30_000}),
    "telegram": _told(429, _LATER | {"parameters": {"retry_after": 30}}),
    "discord": _told(429, {"message": "You are being rate limited.", "retry_after": 30.5}),
    "slack": _told(429, {"ok": False, "error": "ratelimited"}, Retry_After="30"),
}
"""Not now, in the words of those that have their own."""
_THROTTLED = _told(429, {"error": "Too many requests"}, Retry_After="30")


def road_of(name: str, kind: Kind) -> Road | None:
    """Return the request by which a delivery is made, edited or deleted."""
    roads = ROADS[name]
    if roads is None:
        return None
    return {Kind.EDIT: roads.edit, Kind.DELETE: roads.delete}.get(kind, roads.create)


def can_meet(world: World, kind: Kind, trouble: Trouble) -> bool:
    """Tell whether that can happen to such a delivery on that network."""
    roads = ROADS[world.name]
    if roads is None:  # where there are only files no answer is lost, but Herald itself can die
        return trouble in {Trouble.LOST_BEFORE, Trouble.LOST_AFTER}
    match trouble:
        case Trouble.PICTURE_REFUSED:
            return kind is Kind.PICTURE and roads.media is not None
        case Trouble.PICTURE_LATE:
            return kind is Kind.PICTURE and _lateness(world) is not None
    return True


def spoil(world: World, kind: Kind, trouble: Trouble) -> None:
    """Put *trouble*, which can be met, before the next delivery."""
    name = world.name
    roads, road = ROADS[name], road_of(name, kind)
    if roads is None or world.way is None or road is None:
        world.given.dies_before = trouble is Trouble.LOST_BEFORE
        world.given.dies_after = trouble is Trouble.LOST_AFTER
        return
    match trouble:
        case Trouble.TOKEN:
            _take_token(world)
        case Trouble.PICTURE_LATE:
            where, what, looks = _lateness(world) or (None, "", 0)
            setattr(where, what, looks)
        case Trouble.PICTURE_REFUSED if roads.media:
            world.way.spoil_every(*roads.media, REFUSALS[name])
        case Trouble.REFUSED:
            world.way.spoil(*road, REFUSALS[name])
        case Trouble.THROTTLED:
            world.way.spoil(*road, THROTTLES.get(name, _THROTTLED))
        case _:
            world.way.spoil(*road, ON_THE_WAY[trouble])


def mend(world: World) -> None:
    """Let everything be well again, as when a person has put a new token into ``.env``."""
    if world.way is not None:
        world.way.mend()
    if world.good_secrets is not None:
        world.place.secrets, world.good_secrets = world.good_secrets, None
        world.open()


def _take_token(world: World) -> None:
    world.good_secrets = dict(world.place.secrets)
    first, value = next(iter(world.place.secrets.items()))
    wrong = webhook.SECRET.replace("A", "B") if world.name == "webhook" else f"{value[:-1]}X"
    world.place.secrets = {**world.place.secrets, first: wrong}
    world.open()


def _lateness(world: World) -> tuple[Any, str, int] | None:
    """Return where a server is told how long it works on a picture; None where none says so."""
    server: Any = getattr(world.place, "server", None)
    if world.name in {"instagram", "threads"}:
        return server.rules, "looks_until_ready", 6
    if world.name == "mastodon":
        return server, "looks_until_ready", 6
    if world.name == "slack":
        return server, "posts_until_ready", 1
    return (server, "looks_until_ready", 4) if world.name == "linkedin" else None
