"""Says how an account on a server with Mastodon's API fares. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.findings import advice, clock_findings, problem, quota_findings, well
from herald.channels.markup import plain_text
from herald.channels.mastodon.wire import refuses_token
from herald.model.account import Finding
from herald.model.network import Capabilities

NEEDED = {
    "write:statuses": "post",
    "write:media": "upload pictures",
    "read:accounts": "know whose token it is",
    "read:statuses": "look whether a post arrived",
}
"""What a token must be allowed, and what for."""
USEFUL = {
    "read:search": "find the posts of partners that are to be boosted",
    "read:notifications": "tell what people answer",
}


def account_findings(answer: Answer | NoAnswer, *, now: datetime) -> tuple[Finding, ...]:
    """Say whose token it is, and what the account's profile lacks."""
    if isinstance(answer, NoAnswer):
        why = f"the server does not answer: {answer.why}"
        return (
            problem(why, "look whether it is up, and whether server in channels.yaml is right"),
        )
    told = answer.read_object()
    if not answer.is_good or not told.get("id"):
        return (_unreadable(answer),)
    name = str(told.get("acct") or told.get("username") or told["id"])
    findings = [well(f"the token is valid and belongs to @{name}"), *_of_profile(told)]
    return (*findings, *quota_findings(answer), *clock_findings(answer, now=now))


def profile_text(answer: Answer | NoAnswer) -> str | None:
    """Return what the account's profile says, plain; None when *answer* holds no account."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    return _said_in(told) if told.get("id") else None


def scope_findings(answer: Answer | NoAnswer) -> tuple[Finding, ...]:
    """Say what the token may not do; nothing where the server does not tell.

    Mastodon tells from 4.3 on.
    """
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    scopes = told.get("scopes")
    if not isinstance(scopes, list) or not scopes:
        return ()
    return tuple(_of_scopes({one for one in scopes if isinstance(one, str)}))


def limit_findings(limits: Capabilities) -> tuple[Finding, ...]:
    """Say what a post has room for."""
    room = f"{limits.limit:,} characters" if limits.limit else "any number of characters"
    pictures = f"{limits.media_most} pictures" + (", at least one" if limits.media_needed else "")
    return (well(f"a post has room for {room} and {pictures}"),)


def _unreadable(answer: Answer) -> Finding:
    if refuses_token(answer):
        what = f"the server refuses the access token ({answer.status})"
        remedy = "make a new one with the permission read:accounts, and put it into .env"
        return problem(what, remedy)
    what = f"the server does not say whose token it is: it answered {answer.status}"
    return problem(what, "look whether server in channels.yaml is right, and try again later")


def _of_profile(told: dict[str, Any]) -> Iterator[Finding]:
    if told.get("moved"):
        what = "the account has moved to another server"
        yield problem(what, "make a token there, and write its server into channels.yaml")
    if told.get("suspended"):
        yield problem("the account is suspended", "ask who runs the server")
    if told.get("bot") is False:
        yield advice(
            "the account is not marked as automated",
            "mark it (Preferences, Profile) if nobody chooses the single posts; else say in its"
            " profile that some posts are scheduled",
        )
    if not _said_in(told):
        yield advice(
            "the profile says nothing about the account",
            "say in it who runs the account and who funds it",
        )


def _said_in(told: dict[str, Any]) -> str:
    """Return what an account says of itself, its fields included."""
    fields = told.get("fields")
    named = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
    texts = [told.get("note"), *(one.get(part) for one in named for part in ("name", "value"))]
    plain = (plain_text(one) for one in texts if isinstance(one, str))
    return "\n".join(text for text in plain if text)


def _of_scopes(scopes: set[str]) -> Iterator[Finding]:
    def lacks(wanted: str) -> bool:
        return wanted not in scopes and wanted.partition(":")[0] not in scopes

    for wanted, why in NEEDED.items():
        if lacks(wanted):
            remedy = f"make a new token with the permission {wanted}"
            yield problem(f"the token may not {why}", remedy)
    for wanted, why in USEFUL.items():
        if lacks(wanted):
            remedy = f"if that is wanted, make a new token with the permission {wanted}"
            yield advice(f"the token may not {why}", remedy)
    # To read all that the account may see is what ``herald login`` asks for.
    if more := sorted(scopes - set(NEEDED) - set(USEFUL) - {"read", "profile"}):
        yield advice(
            f"the token may do more than Herald needs: {', '.join(more)}",
            "a token with fewer permissions does less harm when it is lost",
        )
