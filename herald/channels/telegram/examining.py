"""Reads from Telegram's answers how a bot fares in its chat. Pure."""

from __future__ import annotations

from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.telegram.wire import description, reason
from herald.model.account import Finding, Severity

_RIGHTS = (
    ("can_edit_messages", "correct its posts"),
    ("can_delete_messages", "delete its posts"),
)


def result_of(answer: Answer | NoAnswer) -> dict[str, Any]:
    """Return the object that a method gave; empty when it gave none."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return {}
    found = answer.read_object().get("result")
    return found if isinstance(found, dict) else {}


def not_told(answer: Answer | NoAnswer, *, about: str) -> Finding:
    """Return the finding that Telegram did not tell *about* something."""
    if isinstance(answer, NoAnswer):
        what = f"Telegram does not tell {about}: {answer.why}"
        return Finding(severity=Severity.PROBLEM, what=what, remedy="try again later")
    if answer.status in {401, 404}:
        what = "Telegram refuses the bot token"
        remedy = "ask @BotFather for the token, and put it into .env"
        return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)
    what = f"Telegram does not tell {about} ({answer.status}): {description(answer)}"
    remedy = reason(answer).rpartition(": ")[2] or "try again later"
    return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)


def of_chat(bot: dict[str, Any], chat: dict[str, Any]) -> tuple[Finding, ...]:
    """Return what there is to say about who posts where."""
    kind = "channel" if chat.get("type") == "channel" else "group"
    title = str(chat.get("title") or "")[:100]
    found = [
        Finding(
            severity=Severity.WELL,
            what=f'the bot @{bot.get("username")} posts in the {kind} "{title}"',
        )
    ]
    if not chat.get("username"):
        found.append(
            Finding(
                severity=Severity.ADVICE,
                what=f"the {kind} is private: its posts have no address for everybody",
                remedy="give it a public link in its settings, if it is meant for everybody",
            )
        )
    return tuple(found)


def of_rights(member: dict[str, Any], *, in_channel: bool) -> tuple[Finding, ...]:
    """Return what the bot may and may not do in its chat."""
    status = member.get("status")
    may_post = status in {"creator", "administrator"}
    if in_channel and status == "administrator":
        may_post = member.get("can_post_messages") is True
    elif not in_channel:
        restricted = status == "restricted" and member.get("can_send_messages") is True
        may_post = may_post or status == "member" or restricted
    if not may_post:
        remedy = "make the bot an administrator who may post messages"
        return (
            Finding(severity=Severity.PROBLEM, what="the bot may not post there", remedy=remedy),
        )
    found = [Finding(severity=Severity.WELL, what="the bot may post there")]
    if in_channel and status == "administrator":
        found += [
            Finding(
                severity=Severity.ADVICE,
                what=f"the bot may not always {what}",
                remedy="give it that right among its rights as an administrator",
            )
            for right, what in _RIGHTS
            if member.get(right) is not True
        ]
    return tuple(found)
