"""Says what to ask of a homeserver, and what its answers mean. Pure.

The names of errors are those of the specification
(https://spec.matrix.org/latest/client-server-api/#standard-error-response); an answer without one
is by something before the homeserver.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, asked_to_wait, said_by
from herald.channels.asking import Request
from herald.model.delivery import (
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)

REASONS: Mapping[str, str] = {
    "M_UNKNOWN_TOKEN": "it refuses the token: make a new one",
    "M_MISSING_TOKEN": "it refuses the token: make a new one",
    "M_USER_DEACTIVATED": "the user no longer exists: make another one",
    "M_USER_LOCKED": "the user is locked: ask who runs the server",
    "M_USER_SUSPENDED": "the user is suspended: ask who runs the server",
    "M_FORBIDDEN": "the user may not write in the room: invite it and let it join",
    "M_NOT_FOUND": "it does not know the room",
    "M_LIMIT_EXCEEDED": "it asks to wait",
    "M_TOO_LARGE": "it is too long for one message",
}
"""What an error means, in words that go on after "the server:"."""
_STOPPED = frozenset(
    {
        "M_UNKNOWN_TOKEN",
        "M_MISSING_TOKEN",
        "M_USER_DEACTIVATED",
        "M_USER_LOCKED",
        "M_USER_SUSPENDED",
        "M_FORBIDDEN",
        "M_GUEST_ACCESS_FORBIDDEN",
    }
)
_WRONG_PLACE = frozenset({301, 308, 405, 410, 501})
"""Nothing about the post can cause these: the address, or something before it, is wrong."""
_LONGEST_WAIT_MS = 10**9


def event_address(server: str, room: str, transaction: str) -> str:
    """Return where a message with this *transaction* is put.

    A repeat by the same device, which is the access token's, is no second message
    (https://spec.matrix.org/latest/client-server-api/#transaction-identifiers).
    """
    return f"{room_address(server, room)}/send/m.room.message/{quote(transaction, safe='')}"


def who_am_i(server: str) -> Request:
    """Return the request that asks whose token it is."""
    return Request(method="GET", address=f"{server}/_matrix/client/v3/account/whoami")


def resolve(server: str, alias: str) -> Request:
    """Return the request that asks which room has the address *alias*."""
    address = f"{server}/_matrix/client/v3/directory/room/{quote(alias, safe='')}"
    return Request(method="GET", address=address)


def encryption(server: str, room: str) -> Request:
    """Return the request that asks whether *room* is encrypted."""
    return Request(method="GET", address=f"{room_address(server, room)}/state/m.room.encryption")


def upload(server: str, content: bytes, *, kind: str, name: str) -> Request:
    """Return the request that uploads a picture."""
    address = f"{server}/_matrix/media/v3/upload"
    return Request(
        method="POST", address=address, query={"filename": name}, body=content, kind=kind
    )


def page_of(server: str, room: str, *, wanted: str, start: str, most: int) -> Request:
    """Return the request for events of *room*, newest first, from *start* on."""
    query = {"dir": "b", "limit": str(most), "filter": wanted, **({"from": start} if start else {})}
    return Request(method="GET", address=f"{room_address(server, room)}/messages", query=query)


def code_of(answer: Answer) -> str:
    """Return the name of the error in *answer*; empty where there is none."""
    found = answer.read_object().get("errcode")
    return found if isinstance(found, str) else ""


def wait_in(told: Mapping[str, object]) -> timedelta | None:
    """Return how long an error's body asks to be left alone; None where it does not say."""
    wait = told.get("retry_after_ms")
    if isinstance(wait, int) and not isinstance(wait, bool) and 0 <= wait < _LONGEST_WAIT_MS:
        return timedelta(milliseconds=wait)
    return None


def is_unencrypted(answer: Answer | NoAnswer) -> bool:
    """Tell whether the server says that the room has no state of encryption."""
    return isinstance(answer, Answer) and answer.status == 404 and code_of(answer) == "M_NOT_FOUND"


def trouble_before(answer: Answer | NoAnswer, *, now: datetime, what: str) -> Outcome:
    """Say what follows when *what* was not learned or not uploaded. Nothing is posted yet."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    if refusal := _refusal_of_account(answer, now=now):
        return refusal
    why = f"{what}: the server answered {answer.status}{said_by(answer)}"
    if answer.status >= 500 or answer.status < 400 or answer.status in PERHAPS_DONE:
        return TryAgain(why, answer.status)
    return Refused(why, answer.status)


def outcome_of(answer: Answer | NoAnswer, *, room: str, via: str, now: datetime) -> Outcome:
    """Tell what became of a post; *via* is a server that knows the room.

    Certain are only an answer that names the event, and a refusal by the homeserver itself.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        event = answer.read_object().get("event_id")
        if isinstance(event, str) and event.startswith("$"):
            return Sent(receipt_of(room, event, via=via))
        return Unclear(f"the answer names no event{said_by(answer)}", answer.status)
    return _refusal_of_account(answer, now=now) or _refusal_of_post(answer)


def receipt_of(room: str, event: str, *, via: str) -> Receipt:
    """Return the id of an event and a link to it, which lets a reader choose a program."""
    asked = f"?via={quote(via, safe='')}" if via else ""
    where = f"{quote(room, safe='!:')}/{quote(event, safe='$:')}"
    return Receipt(remote_id=event, url=f"https://matrix.to/#/{where}{asked}")


def refuses_account(answer: Answer) -> bool:
    """Tell whether a server refuses the token, or what its user may do."""
    return answer.status in {401, 403} or code_of(answer) in _STOPPED


def _refusal_of_account(answer: Answer, *, now: datetime) -> Outcome | None:
    """Return what concerns every request of the account: limits, credentials, rights, address."""
    code, status = code_of(answer), answer.status
    if status == 429 or code == "M_LIMIT_EXCEEDED":
        # The header is newer, the body older: both are said, or either.
        wait = wait_in(answer.read_object()) or asked_to_wait(answer, now=now)
        return Throttled(f"the server asks to wait{said_by(answer)}", wait, status)
    if refuses_account(answer):
        reason = f": {REASONS[code]}" if code in REASONS else ""
        why = f"the server refuses to post ({status}){reason}{_in_brackets(answer)}"
        return Refused(why, status, RefusedScope.CHANNEL)
    wrong = status in _WRONG_PLACE or code == "M_UNRECOGNIZED" or (status == 404 and not code)
    return _wrong_place(answer) if wrong else None


def _refusal_of_post(answer: Answer) -> Outcome:
    status, said = answer.status, said_by(answer)
    if status >= 500 or status < 400 or status in PERHAPS_DONE:
        return Unclear(f"the server answered {status}, and may have posted it{said}", status)
    if status == 404:
        return _wrong_place(answer)
    reason = REASONS.get(code_of(answer), f"the server refuses the post ({status}){said}")
    return Refused(reason, status)


def _wrong_place(answer: Answer) -> Refused:
    there = answer.headers.get("location", "")
    why = f"no Matrix homeserver at this address ({answer.status}): check server in channels.yaml"
    if there:
        why = f"the server has moved to {there[:200]}: write that address into channels.yaml"
    elif code_of(answer) == "M_NOT_FOUND":
        why = "the server does not know the room: check room in channels.yaml"
    return Refused(why, answer.status, RefusedScope.CHANNEL)


def room_address(server: str, room: str) -> str:
    """Return where a room stands on *server*."""
    return f"{server}/_matrix/client/v3/rooms/{quote(room, safe='')}"


def _in_brackets(answer: Answer) -> str:
    said = answer.said()
    return f' ("{said}")' if said else ""
