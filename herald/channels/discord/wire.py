"""Says what to ask of a Discord webhook, and what its answers mean. Pure.

https://discord.com/developers/docs/resources/webhook; the numbers of errors are those of
https://discord.com/developers/docs/topics/opcodes-and-status-codes. The webhook's address is a
secret as a whole, and a part of every request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.channels.asking import Request
from herald.channels.prepared import Prepared
from herald.channels.secret_address import secret_address
from herald.composing.escaping import discord
from herald.model.delivery import (
    Outcome,
    Payload,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)

REASONS: Mapping[int, str] = {
    10003: "there is no such thread: check thread in channels.yaml",
    10015: "the webhook was deleted: make a new one",
    40058: "a forum takes posts in a thread alone: name one in channels.yaml",
    50027: "the webhook's address is not right: copy it again",
    160005: "the thread is locked: open it, or name another one",
    220001: "a forum takes posts in a thread alone: name one in channels.yaml",
    220003: "the webhook's channel has no threads: take thread out of channels.yaml",
}
"""What refusals that concern every post of the webhook mean."""
UNKNOWN_MESSAGE = 10008
_PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_WRONG_PLACE = frozenset({301, 308, 404, 405, 410, 501})
"""Nothing about the post can cause these: the address, or something before it, is wrong."""
_PATH = re.compile(r"/api(?:/v\d+)?/webhooks/(\d+)/([A-Za-z0-9_-]+)")
_LONGEST_WAIT = 10**9
_SAID_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook. Its address is a secret: it is never shown."""

    address: str
    secret: str
    """The part without which the rest is of no use."""

    def __repr__(self) -> str:
        return "Hook(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The channel that a webhook posts in."""

    guild: str = ""
    channel: str = ""
    name: str = ""
    """The webhook's own."""


def read_hook(address: str) -> Hook:
    """Return the webhook at *address*; raise ValueError in words that never show it."""
    like = "https://discord.com/api/webhooks/"
    origin, path = secret_address(address, like=like)
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"it is no webhook's address: copy it again ({like}...)")
    origin = origin.replace("discordapp.com", "discord.com")  # its name until 2020
    return Hook(address=f"{origin}/api/v10/webhooks/{found[1]}/{found[2]}", secret=found[2])


def about(hook: Hook) -> Request:
    """Return the question where the webhook posts."""
    return Request(method="GET", address=hook.address)


def create(payload: Payload, pictures: Sequence[Prepared]) -> dict[str, Any]:
    """Return what is said of a new post; its files are named ``files[0]`` and so on.

    Nobody is ever called, whatever the text says.
    """
    body: dict[str, Any] = {"content": discord(payload.text), "allowed_mentions": {"parse": []}}
    if pictures:
        body["attachments"] = [
            {"id": nth, "filename": one.name, **({"description": one.alt} if one.alt else {})}
            for nth, one in enumerate(pictures)
        ]
    return body


def edit(payload: Payload) -> bytes:
    """Return the body that replaces a post's words; its pictures stay."""
    return json.dumps(
        {"content": discord(payload.text), "allowed_mentions": {"parse": []}}
    ).encode()


def message(hook: Hook, remote_id: str, *, method: str, thread: str) -> Request:
    """Return the request for one message of the webhook."""
    return Request(
        method=method, address=f"{hook.address}/messages/{remote_id}", query=in_thread(thread)
    )


def in_thread(thread: str) -> dict[str, str]:
    """Return the query that names a thread."""
    return {"thread_id": thread} if thread else {}


def read_where(answer: Answer | NoAnswer) -> Where | None:
    """Return where a webhook posts; None when *answer* does not say it."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return None
    told = answer.read_object()
    if not isinstance(told.get("id"), str):
        return None
    guild, channel, name = (told.get(one) for one in ("guild_id", "channel_id", "name"))
    return Where(guild=_number(guild), channel=_number(channel), name=str(name or "")[:100])


def outcome_of_create(
    answer: Answer | NoAnswer, *, where: Where | None, thread: str, now: datetime
) -> Outcome:
    """Tell what became of a post.

    Certain are only an answer that is a message, and a refusal by Discord itself.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    told = answer.read_object()
    if answer.is_good and (remote_id := _number(told.get("id"))):
        channel = _number(told.get("channel_id")) or thread or (where.channel if where else "")
        guild = where.guild if where else ""
        url = f"https://discord.com/channels/{guild}/{channel}/{remote_id}"
        return Sent(Receipt(remote_id=remote_id, url=url if guild and channel else ""))
    return trouble(answer, now=now)


def outcome_of_change(answer: Answer | NoAnswer, *, target: Receipt, now: datetime) -> Outcome:
    """Tell what became of an edit of *target*."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good and answer.read_object().get("id") == target.remote_id:
        return Sent(target)
    if is_gone(answer):
        return Refused("the post is no longer on Discord", answer.status)
    return trouble(answer, now=now)


def outcome_of_delete(answer: Answer | NoAnswer, *, target: Receipt, now: datetime) -> Outcome:
    """Tell what became of a deletion of *target*; what is gone already counts as done."""
    if isinstance(answer, Answer) and (answer.status == 204 or is_gone(answer)):
        return Sent(target)
    return outcome_of_change(answer, target=target, now=now)


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether Discord says that it has no such message of the webhook."""
    return isinstance(answer, Answer) and code_of(answer) == UNKNOWN_MESSAGE


def trouble(answer: Answer, *, now: datetime) -> Outcome:
    """Say what follows from an answer that does not say that it is done."""
    status, code, said = answer.status, code_of(answer), said_by(answer)
    if status == 429:
        wait = _wait_in(answer) or asked_to_wait(answer, now=now)
        return Throttled(f"Discord asks to wait{_after(said)}", wait, status)
    if code in REASONS:
        return Refused(f"Discord: {REASONS[code]}", status, RefusedScope.CHANNEL)
    if status in {401, 403}:
        why = f"Discord refuses the webhook ({status}){_after(said)}"
        return Refused(why, status, RefusedScope.CHANNEL)
    if status in _WRONG_PLACE:
        return _wrong_place(answer)
    if status >= 500 or status < 400 or status in _PERHAPS_DONE:
        why = f"Discord answered {status}, and may have done it{_after(said)}"
        return Unclear(why, status)
    return Refused(f"Discord refuses the post ({status}){_after(said)}", status)


def code_of(answer: Answer) -> int:
    """Return the number of the error in *answer*; 0 where there is none."""
    code = answer.read_object().get("code")
    return code if type(code) is int else 0


def said_by(answer: Answer) -> str:
    """Return Discord's own words about an error, the first detail included."""
    detail = _first_detail(answer.read_object().get("errors"))
    return ": ".join(part for part in (answer.said(), detail) if part)


def _first_detail(errors: object) -> str:
    """Return the first words in a tree of errors, such as about ``content``."""
    if isinstance(errors, dict):
        return next((said for one in errors.values() if (said := _first_detail(one))), "")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        words = errors[0].get("message")
        return words[:_SAID_MOST] if isinstance(words, str) else ""
    return ""


def _wrong_place(answer: Answer) -> Refused:
    there = answer.headers.get("location", "")
    why = f"no webhook of Discord's at this address ({answer.status}): copy it again"
    if there:
        why = f"the webhook has moved ({answer.status}): copy its address again"
    return Refused(why, answer.status, RefusedScope.CHANNEL)


def _wait_in(answer: Answer) -> timedelta | None:
    wait = answer.read_object().get("retry_after")
    if isinstance(wait, int | float) and not isinstance(wait, bool) and 0 < wait < _LONGEST_WAIT:
        return timedelta(seconds=wait)
    return None


def _number(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else ""


def _after(said: str) -> str:
    return f": {said}" if said else ""
