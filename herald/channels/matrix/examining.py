"""Says how Herald's user fares in its room. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request
from herald.channels.findings import advice, clock_findings, problem, well
from herald.channels.matrix.wire import code_of, is_unencrypted, refuses_account, room_address
from herald.model.account import Finding

_POST = "m.room.message"


def state_of(server: str, room: str, kind: str, key: str = "") -> Request:
    """Return the request for one state of *room*."""
    ending = f"/{quote(key, safe='')}" if key else ""
    address = f"{room_address(server, room)}/state/{kind}{ending}"
    return Request(method="GET", address=address)


def profile_of(server: str, user: str) -> Request:
    """Return the request for what *user* says of itself."""
    address = f"{server}/_matrix/client/v3/profile/{quote(user, safe='')}"
    return Request(method="GET", address=address)


def token_findings(answer: Answer | NoAnswer, user: str, *, now: datetime) -> tuple[Finding, ...]:
    """Say whose token it is; *user* is empty where the server does not say."""
    if isinstance(answer, NoAnswer):
        why = f"the server does not answer: {answer.why}"
        return (
            problem(why, "look whether it is up, and whether server in channels.yaml is right"),
        )
    if user:
        found = well(f"the token is valid and belongs to {user}")
        return (found, *clock_findings(answer, now=now))
    if refuses_account(answer):
        what = f"the server refuses the access token ({answer.status})"
        return (problem(what, "make a new one, and put it into .env"),)
    what = f"the server does not say whose token it is: it answered {answer.status}"
    return (problem(what, "look whether server in channels.yaml is right"),)


def room_findings(
    *,
    user: str,
    encryption: Answer | NoAnswer,
    member: Answer | NoAnswer,
    levels: Answer | NoAnswer,
) -> tuple[Finding, ...]:
    """Say whether the user is in the room, may write there, and can be read there."""
    if isinstance(member, NoAnswer):
        return (problem(f"the room cannot be looked at: {member.why}", "try again later"),)
    if member.read_object().get("membership") != "join":
        remedy = "invite it from your own account, and accept the invitation as that user"
        return (problem(f"{user} is not in the room", remedy),)
    return (well(f"{user} is in the room"), *_of_rights(user, levels), *_of_secrecy(encryption))


def profile_findings(answer: Answer | NoAnswer) -> tuple[Finding, ...]:
    """Say what the user's profile lacks; nothing where it cannot be read."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else None
    unknown = isinstance(answer, Answer) and code_of(answer) == "M_NOT_FOUND"
    if told is None and not unknown:
        return ()
    if (told or {}).get("displayname"):
        return ()
    what, remedy = "the user has no name that people see", "give it the name of who runs it"
    return (advice(what, remedy),)


def level_of(levels: dict[str, Any], user: str) -> tuple[int, int]:
    """Return the level that *user* has in a room, and the one that a message needs."""
    has = _level(levels.get("users"), user, levels.get("users_default"))
    needs = _level(levels.get("events"), _POST, levels.get("events_default"))
    return has, needs


def _of_rights(user: str, answer: Answer | NoAnswer) -> Iterator[Finding]:
    levels = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    has, needs = level_of(levels, user)
    if has >= needs:
        yield well(f"{user} may write there")
        return
    what = f"{user} may not write in the room: it has level {has}, a message needs {needs}"
    yield problem(what, "give it the right in the room's settings, under Roles and permissions")


def _of_secrecy(answer: Answer | NoAnswer) -> Iterator[Finding]:
    if is_unencrypted(answer):
        return
    if isinstance(answer, Answer) and answer.is_good:
        remedy = "make a room without encryption, and write it into channels.yaml"
        yield problem("the room is encrypted, and Herald cannot encrypt", remedy)
        return
    yield advice("it could not be learned whether the room is encrypted", "try again later")


def _level(table: object, name: str, usual: object) -> int:
    found = table.get(name) if isinstance(table, dict) else None
    for one in (found, usual):
        if type(one) is int:
            return one
    return 0
