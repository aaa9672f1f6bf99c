"""Says what to ask of the Bot API, and what its answers mean. Pure.

Texts go out as they are, without a markup of Telegram's: it finds links and hashtags by itself
(https://core.telegram.org/bots/api#sendmessage). The token is a part of every address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.channels.telegram.place import Stands, receipt_of
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

REASONS: Mapping[str, str] = {
    "chat not found": "there is no such chat, or the bot is not in it: check chat in channels.yaml",
    "bot was kicked": "the bot was removed from the chat: add it again",
    "bot is not a member": "the bot is not in the chat: add it",
    "not enough rights": "the bot may not post there: make it an administrator that may",
    "no rights to send": "the bot may not post there: make it an administrator that may",
    "need administrator rights": "the bot may not post there: make it an administrator that may",
    "chat_write_forbidden": "the bot may not post there: make it an administrator that may",
    "chat_admin_required": "the bot may not post there: make it an administrator that may",
    "chat was deleted": "the chat was deleted: write another into channels.yaml",
    "chat was deactivated": "the chat was closed: write another into channels.yaml",
}
"""What refusals that concern every post of the chat mean, by a part of Telegram's words."""
_PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_WRONG_PLACE = frozenset({301, 308, 405, 410, 501})
"""Nothing about the post can cause these: the address, or something before it, is wrong."""
_LONGEST_WAIT = 10**9
_SAID_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One method of the Bot API with its parameters."""

    method: str
    values: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """The names under which the post's pictures go along, in their order."""


def create(
    payload: Payload, *, chat: str, silent: bool, reply_to: Stands | None, kinds: Sequence[str] = ()
) -> Call:
    """Return the one call that makes a post; *kinds* has ``photo`` or ``video`` for each file."""
    values: dict[str, Any] = {"chat_id": chat}
    if silent:
        values["disable_notification"] = True
    if reply_to:
        values["reply_parameters"] = {"message_id": reply_to.ids[0]}
    if not kinds:
        preview = {"link_preview_options": {"url": payload.link}} if payload.link else {}
        return Call(method="sendMessage", values=values | {"text": payload.text} | preview)
    if len(kinds) == 1:
        values["caption"] = payload.text
        return Call(method=f"send{kinds[0].title()}", values=values, files=(kinds[0],))
    names = tuple(f"picture{nth}" for nth in range(len(kinds)))
    album = [
        {"type": kind, "media": f"attach://{name}"} for kind, name in zip(kinds, names, strict=True)
    ]
    album[0]["caption"] = payload.text  # under the first alone it stands under the whole album
    return Call(method="sendMediaGroup", values=values | {"media": album}, files=names)


def edit(payload: Payload, stands: Stands) -> Call:
    """Return the call that replaces a post's words; its pictures stay."""
    values: dict[str, Any] = {"chat_id": stands.chat, "message_id": stands.ids[0]}
    if stands.captioned:
        return Call(method="editMessageCaption", values=values | {"caption": payload.text})
    if payload.link:
        values["link_preview_options"] = {"url": payload.link}
    return Call(method="editMessageText", values=values | {"text": payload.text})


def delete(stands: Stands) -> Call:
    """Return the call that deletes a post: all messages of an album at once."""
    if len(stands.ids) == 1:
        values: dict[str, Any] = {"chat_id": stands.chat, "message_id": stands.ids[0]}
        return Call(method="deleteMessage", values=values)
    values = {"chat_id": stands.chat, "message_ids": list(stands.ids)}
    return Call(method="deleteMessages", values=values)


def outcome_of_create(answer: Answer | NoAnswer, *, now: datetime) -> Outcome:
    """Tell what became of a post.

    Certain are only an answer that is a message, and a refusal by Telegram itself.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    told = answer.read_object()
    if answer.is_good and told.get("ok") is True and (receipt := receipt_of(told.get("result"))):
        return Sent(receipt)
    return trouble(answer, now=now)


def outcome_of_change(answer: Answer | NoAnswer, *, target: Receipt, now: datetime) -> Outcome:
    """Tell what became of an edit or a deletion of *target*; what is already so counts as done."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good and answer.read_object().get("ok") is True:
        return Sent(target)
    said = description(answer).casefold()
    if answer.status == 400 and (
        "message is not modified" in said or "message to delete not found" in said
    ):
        return Sent(target)
    if answer.status == 400 and "message can't be deleted" in said:
        why = "Telegram does not let the bot delete this post: in groups only for 48 hours, "
        return Refused(f"{why}in channels only as an administrator that may post", answer.status)
    return trouble(answer, now=now)


def trouble(answer: Answer, *, now: datetime) -> Outcome:
    """Say what follows from an answer that does not say that it is done."""
    status, said = answer.status, description(answer)
    if status == 429:
        wait = _wait_in(answer) or asked_to_wait(answer, now=now)
        return Throttled(f"Telegram asks to wait{_after(said)}", wait, status)
    if status in {401, 403, 404} or status in _WRONG_PLACE:
        return _refused_channel(answer)
    if status == 400 and any(part in said.casefold() for part in REASONS):
        return _refused_channel(answer)
    if status >= 500 or status < 400 or status in _PERHAPS_DONE:
        why = f"Telegram answered {status}, and may have done it{_after(said)}"
        return Unclear(why, status)
    return Refused(f"Telegram refuses it ({status}){_after(said)}", status)


def moved_to(answer: Answer | NoAnswer) -> int | None:
    """Return the new number of a group that became a supergroup; None when it did not."""
    if isinstance(answer, NoAnswer) or answer.status != 400:
        return None
    parameters = answer.read_object().get("parameters")
    found = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    return found if type(found) is int else None


def description(answer: Answer) -> str:
    """Return Telegram's own words about an error, on one line; else those of what answered."""
    words = answer.read_object().get("description")
    if not isinstance(words, str):
        return answer.said()
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_SAID_MOST]


def reason(answer: Answer) -> str:
    """Return in plain words why a chat refuses, or ''."""
    said = description(answer).casefold()
    return next((why for part, why in REASONS.items() if part in said), "")


def _refused_channel(answer: Answer) -> Refused:
    status, said = answer.status, description(answer)
    is_telegram = answer.read_object().get("ok") is False
    if is_telegram and status in {401, 404}:
        # A token of the wrong shape is no address to Telegram: 404.
        why = "Telegram refuses the bot token: ask @BotFather for a new one"
    elif is_telegram or status in {401, 403}:
        why = reason(answer) or f"Telegram refuses to post ({status})"
        why += f' ("{said}")' if said else ""
    elif there := answer.headers.get("location", ""):
        why = f"the server has moved to {there[:_SAID_MOST]}: write it into channels.yaml"
    else:
        why = f"no Bot API at this address ({status}): check server in channels.yaml"
    return Refused(why, status, RefusedScope.CHANNEL)


def _wait_in(answer: Answer) -> timedelta | None:
    parameters = answer.read_object().get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    good = type(wait) is int and 0 < wait < _LONGEST_WAIT
    return timedelta(seconds=wait) if good and isinstance(wait, int) else None


def _after(said: str) -> str:
    return f": {said}" if said else ""
