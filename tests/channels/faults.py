"""What can go wrong between an account and its network, for the tests of every channel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from herald.errors import PictureUnusable
from herald.model.delivery import Claim, Media, Outcome, Receipt, Refused, RefusedScope
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.model.picture import Picture
from tests.channels.kept import PICTURE
from tests.makers import NOON, a_delivery, a_payload
from tests.servers.faulty import Ending, an_answer
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.mastodon import Canned, Fault

PATIENCE_SECONDS = 10.0
"""How long the tests' channel waits for an answer that comes."""
IMPATIENCE_SECONDS = 0.5
"""How long it waits for one that never comes."""
DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL


class AsTheyAre:
    """Pictures whose bytes are their descriptions."""

    async def picture(self, media: Media, limits: Capabilities) -> Picture:
        """Return the description as bytes, so that a test can tell pictures apart."""
        if media.file.endswith(".pdf"):
            raise PictureUnusable(f"{media.file} is no picture: save it as JPEG or PNG")
        return Picture(content=media.alt.encode() or PICTURE, media_type="image/jpeg")

    async def address(self, picture: Picture) -> str:
        """Return no address."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned | None = None
    at: str = ""
    """The end of the path before which a canned answer is put; '': where a post is made."""
    outcome: str
    scope: str = ""
    posts: int = 0
    text: str = "The salt house"
    pictures: int = 0
    content: bytes = b""


def page(status: int, **headers: str) -> Canned:
    """Make the answer of something that stands before the server."""
    return Canned(status=status, body="<h1>No</h1>", headers=headers, times=9)


def told(status: int, body: object, **headers: str) -> Canned:
    """Make an answer in JSON."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status=status, body=json.dumps(body), headers=spelled, times=9)


RUDE = {
    "nothing": Case(outcome="Sent", posts=1),
    "lost reply": Case(fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "dropped before": Case(fault=Fault.DROPPED_BEFORE, outcome="Unclear"),
    "500 after": Case(fault=Fault.ERROR_AFTER, outcome="Unclear", posts=1),
    "500 before": Case(fault=Fault.ERROR_BEFORE, outcome="Unclear"),
    "504 after": Case(fault=Fault.GATEWAY_TIMEOUT_AFTER, outcome="Unclear", posts=1),
    "504 before": Case(fault=Fault.GATEWAY_TIMEOUT_BEFORE, outcome="Unclear"),
    "hang after": Case(fault=Fault.HANG_AFTER, outcome="Unclear", posts=1),
    "hang before": Case(fault=Fault.HANG_BEFORE, outcome="Unclear"),
    "cut answer": Case(fault=Fault.CUT_AFTER, outcome="Unclear", posts=1),
    "page for JSON": Case(fault=Fault.PAGE_AFTER, outcome="Unclear", posts=1),
    "other JSON": Case(fault=Fault.OTHER_JSON_AFTER, outcome="Unclear", posts=1),
    "503": Case(fault=page(503), outcome="Unclear"),
    "408": Case(fault=page(408), outcome="Unclear"),
    "302": Case(fault=page(302, Location="https://else.example.org/"), outcome="Unclear"),
    "307": Case(fault=page(307, Location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=page(301, Location="https://x.org"), outcome="Refused", scope=CHANNEL),
    "not there": Case(fault=page(404), outcome="Refused", scope=CHANNEL),
    "no such method": Case(fault=page(405), outcome="Refused", scope=CHANNEL),
    "a stranger's 429": Case(fault=page(429, **{"Retry-After": "90"}), outcome="Throttled"),
}
"""What every network can do to a post, whatever it is."""

WAYS = {
    "refused before a byte": (OnTheWay(reads=0, ending=Ending.CLOSE), 0),
    "half a request": (OnTheWay(reads=0.5, ending=Ending.RESET), 0),
    "whole request, nothing said": (OnTheWay(lands=True, gives_head=0), 1),
    "reset after it landed": (OnTheWay(lands=True, gives_head=0, ending=Ending.RESET), 1),
    "half a head": (OnTheWay(lands=True, gives_head=0.5), 1),
    "half an answer": (OnTheWay(lands=True, gives=0.5), 1),
    "silence": (OnTheWay(lands=True, gives_head=0, ending=Ending.HANG), 1),
    "a drip": (OnTheWay(lands=True, bytes_a_second=20), 1),
    "another's 500": (OnTheWay(lands=True, answer=an_answer(500, b"{}")), 1),
    "another's page": (OnTheWay(lands=True, answer=an_answer(200, b"<p>", kind="text/html")), 1),
    "no answer at all": (OnTheWay(lands=True, answer=b"HTTP/9 what\r\n\r\n"), 1),
}
"""What can break on the way of a post, and how many posts are there then."""


def patience(fault: object) -> float:
    """Return how long an answer is worth waiting for."""
    hangs = isinstance(fault, OnTheWay) and (fault.ending is Ending.HANG or fault.bytes_a_second)
    never = fault in (Fault.HANG_AFTER, Fault.HANG_BEFORE)
    return IMPATIENCE_SECONDS if hangs or never else PATIENCE_SECONDS


def kind_of(outcome: Outcome) -> tuple[str, str]:
    """Return an outcome's name, and for a refusal what it is about."""
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


def a_claim(*, target: Receipt | None = None, root: Receipt | None = None, **changes: Any) -> Claim:
    """Make a claim whose first send is a minute after it was due, at noon."""
    names = ("text", "media", "language", "link", "title", "mentions")
    payload = a_payload(**{name: changes.pop(name) for name in names if name in changes})
    values = {"language": payload.language, **changes}
    values.setdefault("first_send_at", NOON + timedelta(minutes=1))
    if target:
        values.setdefault("target", DeliveryKey("earlier"))
    delivery = a_delivery(payload=payload, frozen=payload, **values)
    return Claim(delivery=delivery, token=1, attempt=1, target=target, root=root)
