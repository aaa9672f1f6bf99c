"""Says what a Graph server's refusals mean. Pure.

Codes are those of https://developers.facebook.com/docs/graph-api/guides/error-handling, of
https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
and, for subcodes, what other schedulers met. An answer without Graph's own error object is by
something that stands before the server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.model.delivery import (
    Outcome,
    Refused,
    RefusedScope,
    Throttled,
    TryAgain,
    Unclear,
)

Hindrance = TryAgain | Throttled | Refused
"""Why nothing came of a request that publishes nothing."""

_SAID_MOST = 200
_RATE_WAIT = timedelta(minutes=15)
"""Requests that are refused for their number count as well, so one does not come back at once."""
_LONG_WAIT = timedelta(hours=1)
"""Where a day's quota is used up, or Meta takes the account for a spammer."""


class Trouble(Enum):
    """What kind of refusal an error is."""

    TOKEN = "token"  # noqa: S105 - a word, and no token
    RIGHTS = "rights"
    ACCOUNT = "account"
    VERSION = "version"
    MISSING = "missing"
    RATE = "rate"
    QUOTA = "quota"
    DOUBTFUL = "doubtful"
    PASSING = "passing"
    DUPLICATE = "duplicate"
    NOT_READY = "not ready"
    FETCH = "fetch"
    CONTENT = "content"


_BY_SUBCODE = {
    2207051: Trouble.DOUBTFUL,  # "we restrict certain activity": yet the post was seen live
    2207008: Trouble.DOUBTFUL,  # "temporary error publishing a container"
    2207027: Trouble.NOT_READY,
    2207006: Trouble.NOT_READY,
    4279009: Trouble.NOT_READY,  # Threads does not find a container that it has just made
    2207003: Trouble.FETCH,
    2207052: Trouble.FETCH,
    2207042: Trouble.QUOTA,
    2207050: Trouble.ACCOUNT,
    4279013: Trouble.ACCOUNT,
    1404006: Trouble.ACCOUNT,  # a security check
    1404078: Trouble.ACCOUNT,  # page publishing authorisation
    1404112: Trouble.ACCOUNT,  # limited for some days
    4854002: Trouble.ACCOUNT,  # confirm who you are
    1346003: Trouble.CONTENT,  # "content that people have reported as abusive"
    1404102: Trouble.CONTENT,  # against the community standards
    1390008: Trouble.QUOTA,  # "posting too fast"
    1366046: Trouble.CONTENT,  # a photo that is too large, told under code 1
    1366051: Trouble.DUPLICATE,  # "these photos were already posted"
    1363047: Trouble.PASSING,
    1609010: Trouble.PASSING,
}
_BY_CODE = {
    **dict.fromkeys((102, 190, 2500), Trouble.TOKEN),
    **dict.fromkeys((3, 10, *range(200, 300)), Trouble.RIGHTS),
    25: Trouble.ACCOUNT,
    **dict.fromkeys((12, 2635), Trouble.VERSION),
    **dict.fromkeys((4, 17, 32, 341, 613, *range(80000, 80015)), Trouble.RATE),
    **dict.fromkeys((9, 368), Trouble.QUOTA),
    506: Trouble.DUPLICATE,
    **dict.fromkeys((24, 9007), Trouble.NOT_READY),
    9004: Trouble.FETCH,
    803: Trouble.MISSING,
    **dict.fromkeys((-2, -1, 1, 2), Trouble.PASSING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphError:
    """A refusal in Graph's own form."""

    code: int
    subcode: int
    is_transient: bool
    said: str

    @property
    def trouble(self) -> Trouble:
        """What kind of refusal it is."""
        if self.subcode in _BY_SUBCODE:
            return _BY_SUBCODE[self.subcode]
        if (self.code, self.subcode) == (100, 33):
            return Trouble.MISSING
        by_code = _BY_CODE.get(self.code)
        if by_code is not None:
            return by_code
        return Trouble.PASSING if self.is_transient else Trouble.CONTENT

    @property
    def named(self) -> str:
        """The code as Meta's documentation names it."""
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code)


def read_error(answer: Answer | NoAnswer) -> GraphError | None:
    """Return the error in *answer*; None where there is none in Graph's form."""
    found = answer.read_object().get("error") if isinstance(answer, Answer) else None
    if not isinstance(found, dict) or not isinstance(found.get("code"), int):
        return None
    subcode = found.get("error_subcode")
    return GraphError(
        code=found["code"],
        subcode=subcode if isinstance(subcode, int) else 0,
        is_transient=found.get("is_transient") is True,
        said=_said(found),
    )


def is_missing(answer: Answer | NoAnswer) -> bool:
    """Tell whether the server says that it does not know, or does not show, what was asked for."""
    error = read_error(answer)
    return error is not None and error.trouble in {Trouble.MISSING, Trouble.NOT_READY}


def is_unknown(answer: Answer | NoAnswer) -> bool:
    """Tell whether the server says that it does not know something that the request names."""
    error = read_error(answer)
    return error is not None and error.trouble is Trouble.MISSING


def is_duplicate(answer: Answer | NoAnswer) -> bool:
    """Tell whether a post was refused because the same stands there already."""
    error = read_error(answer)
    return error is not None and error.trouble is Trouble.DUPLICATE


def read_id(answer: Answer | NoAnswer) -> str:
    """Return the id of what a request made; empty where the answer gives none."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return ""
    found = answer.read_object().get("id")
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def hindrance(answer: Answer | NoAnswer, *, network: str, what: str, now: datetime) -> Hindrance:
    """Say what follows when *what* failed, which publishes nothing."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    error = read_error(answer)
    if error is None:
        return _unworded(answer, network=network, what=what, now=now)
    about_all = _of_account(error, answer, network=network, now=now)
    return about_all or _of_request(error, answer, network=network, what=what)


def trouble_publishing(answer: Answer | NoAnswer, *, network: str, now: datetime) -> Outcome:
    """Say what became of a post that was not plainly taken.

    Certain is only a refusal in Graph's own words that is not known to come along with a post:
    Facebook was seen to answer 1 and 2, Instagram 2207051, to posts that it had published.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    error = read_error(answer)
    if answer.is_good or error is None:
        return _perhaps_posted(answer, network=network, now=now)
    about_all = _of_account(error, answer, network=network, now=now)
    return about_all or _of_post(error, answer, network=network)


def _of_request(error: GraphError, answer: Answer, *, network: str, what: str) -> Hindrance:
    why = f"{what}: {network} answers {error.named}, {error.said}"
    match error.trouble:
        case Trouble.DOUBTFUL if error.subcode == 2207051:
            return Throttled(why, _LONG_WAIT, answer.status)
        case Trouble.PASSING | Trouble.DOUBTFUL | Trouble.NOT_READY:
            return TryAgain(why, answer.status)
        case Trouble.FETCH:
            return TryAgain(_not_fetched(why), answer.status)
    return TryAgain(why, answer.status) if answer.status >= 500 else Refused(why, answer.status)


def _of_post(error: GraphError, answer: Answer, *, network: str) -> Outcome:
    why, status = f"{network} answers {error.named}, {error.said}", answer.status
    doubtful = {Trouble.PASSING, Trouble.DOUBTFUL, Trouble.DUPLICATE}
    if error.trouble in doubtful or status >= 500:
        return Unclear(f"{why}: it may have been posted", status)
    if error.trouble is Trouble.NOT_READY:
        return TryAgain(f"{why}: it was not ready", status)
    if error.trouble is Trouble.FETCH:
        return TryAgain(_not_fetched(why), status)
    return Refused(why, status)


def _of_account(
    error: GraphError, answer: Answer, *, network: str, now: datetime
) -> Throttled | Refused | None:
    """Return what concerns every request of the account; None for what is about this one."""
    told = f"{error.named}, {error.said}"
    match error.trouble:
        case Trouble.RATE:
            wait = _regain(answer) or asked_to_wait(answer, now=now) or _RATE_WAIT
            return Throttled(f"{network} asks to wait: {told}", wait, answer.status)
        case Trouble.QUOTA:
            wait = _regain(answer) or asked_to_wait(answer, now=now) or _LONG_WAIT
            return Throttled(f"{network} lets the account post no more for now: {told}", wait)
        case Trouble.TOKEN:
            why = f"{network} refuses the access token (ended, or withdrawn): make a new one"
        case Trouble.RIGHTS:
            why = f"{network} does not allow this access token to post: give it the permissions"
        case Trouble.ACCOUNT:
            why = f"{network} has restricted the account: sign in there and see what it asks for"
        case Trouble.VERSION:
            why = f"{network} no longer answers this version of its interface: update Herald"
        case Trouble.MISSING:
            why = f"{network} does not know this account, or the access token is another's"
        case _:
            return None
    return Refused(f"{why} ({told})", answer.status, RefusedScope.CHANNEL)


def _perhaps_posted(answer: Answer, *, network: str, now: datetime) -> Outcome:
    """Judge an answer to a post without Graph's error: by something before the server, or odd."""
    certain = _before_the_server(answer, network=network, now=now)
    return certain or Unclear(
        f"{network} answered {answer.status}, and may have posted it", answer.status
    )


def _unworded(answer: Answer, *, network: str, what: str, now: datetime) -> Hindrance:
    certain = _before_the_server(answer, network=network, now=now)
    return certain or TryAgain(f"{what}: {network} answered {answer.status}", answer.status)


def _before_the_server(
    answer: Answer, *, network: str, now: datetime
) -> Throttled | Refused | None:
    """Return what an answer that is not Graph's says for certain about every request."""
    status = answer.status
    if status == 429:
        wait = _regain(answer) or asked_to_wait(answer, now=now) or _RATE_WAIT
        return Throttled(f"{network} asks to wait", wait, status)
    if status in {401, 403}:
        why = f"{network} refuses the access token ({status}): make a new one"
        return Refused(why, status, RefusedScope.CHANNEL)
    if status in {301, 308, 404, 405, 410, 501}:
        why = f"what Herald knows as {network}'s interface is not at its address any more"
        return Refused(f"{why} ({status}): update Herald", status, RefusedScope.CHANNEL)
    return None


def _regain(answer: Answer) -> timedelta | None:
    """Return how long the account has to wait; None where the header does not say.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting: minutes, by account and
    kind of use.
    """
    try:
        told = json.loads(answer.headers.get("x-business-use-case-usage", ""))
    except (ValueError, RecursionError):
        return None
    uses = [use for each in told.values() for use in _list(each)] if isinstance(told, dict) else []
    minutes = [
        found
        for use in uses
        if isinstance(use, dict)
        and isinstance(found := use.get("estimated_time_to_regain_access"), int)
    ]
    longest = max(minutes, default=0)
    return timedelta(minutes=min(longest, 7 * 24 * 60)) if longest > 0 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(found: dict[str, Any]) -> str:
    told = (found.get(name) for name in ("error_user_msg", "message"))
    words = next((word for word in told if isinstance(word, str) and word), "no reason given")
    words = "".join(c if c.isprintable() else " " for c in words)
    return " ".join(words.split())[:_SAID_MOST]


def _not_fetched(why: str) -> str:
    return f"{why}: can everybody reach the address in web.public_url?"
