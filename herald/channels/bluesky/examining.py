"""Says how an account on Bluesky fares. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.bluesky.finding import read_did
from herald.channels.bluesky.wire import Hindrance, Session, is_absent
from herald.channels.findings import advice, clock_findings, problem, quota_findings, well
from herald.model.account import Finding
from herald.model.delivery import Refused
from herald.model.network import Capabilities

PROFILES = "app.bsky.actor.profile"


class Scope(StrEnum):
    """What a session may do, by the password that began it."""

    APP = "com.atproto.appPass"
    PRIVILEGED = "com.atproto.appPassPrivileged"
    WHOLE = "com.atproto.access"


def sign_in_finding(trouble: Hindrance) -> Finding:
    """Say why the account could not sign in."""
    remedy = "try again later"
    if isinstance(trouble, Refused):
        remedy = "make a new app password, put it into .env, and look at handle in channels.yaml"
    return problem(trouble.why, remedy)


def password_findings(session: Session) -> tuple[Finding, ...]:
    """Say what kind of password signed in: the token names it, where it is one that can be read."""
    match scope_of(session.access):
        case Scope.APP:
            return (well("it signs in with an app password"),)
        case Scope.PRIVILEGED:
            what = "the app password may read and write direct messages"
            return (advice(what, "make one without access to direct messages"),)
        case Scope.WHOLE:
            what = "it signs in with the account's own password"
            remedy = "make an app password: the account's own can change and delete the account"
            return (advice(what, remedy),)
    return ()


def scope_of(token: str) -> str:
    """Return what a session's token may do, in the protocol's word; empty where it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        told = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    scope = told.get("scope") if isinstance(told, dict) else None
    return scope if isinstance(scope, str) else ""


def account_findings(
    answer: Answer | NoAnswer, *, handle: str, now: datetime
) -> tuple[Finding, ...]:
    """Say whose account it is, and what the server says along with it."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        why = answer.why if isinstance(answer, NoAnswer) else f"it answered {answer.status}"
        return (problem(f"the server does not tell whose account it is: {why}", "try again later"),)
    told = answer.read_object()
    findings = [well(f"the password is valid and belongs to @{told.get('handle') or handle}")]
    named = str(told.get("handle") or "").casefold()
    if named and named != handle:
        what = f"the account is called @{named} now, and channels.yaml says {handle}"
        findings.append(advice(what, "write the new handle into channels.yaml"))
    return (*findings, *quota_findings(answer), *clock_findings(answer, now=now))


def handle_findings(answer: Answer | NoAnswer, *, handle: str, did: str) -> tuple[Finding, ...]:
    """Say whether the handle leads to the account."""
    if isinstance(answer, NoAnswer) or answer.status >= 500 or answer.status == 429:
        return (advice(f"it could not be looked up where {handle} leads", "try again later"),)
    found = read_did(answer)
    if found == did:
        return (well(f"{handle} leads to the account"),)
    what = f"{handle} leads to another account" if found else f"{handle} leads nowhere"
    remedy = "look at the handle in Bluesky's settings, and at the entry in your domain"
    return (problem(what, remedy),)


def profile_findings(answer: Answer | NoAnswer) -> tuple[Finding, ...]:
    """Say what the account's profile lacks; nothing where it cannot be read."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    profile = told.get("value")
    if is_absent(answer):
        profile = {}
    return tuple(_of_profile(profile)) if isinstance(profile, dict) else ()


def limit_findings(limits: Capabilities) -> tuple[Finding, ...]:
    """Say what a post has room for."""
    room = f"{limits.limit:,} characters" if limits.limit else "any number of characters"
    return (well(f"a post has room for {room} and {limits.media_most} pictures"),)


def _of_profile(profile: dict[str, Any]) -> Iterator[Finding]:
    labels = profile.get("labels")
    values = labels.get("values") if isinstance(labels, dict) else None
    own = [one.get("val") for one in values or [] if isinstance(one, dict)]
    if "bot" not in own:
        yield advice(
            "the account is not marked as automated",
            "mark it if nobody chooses the single posts; else say in its profile that some posts"
            " are scheduled",
        )
    if not str(profile.get("description") or "").strip():
        yield advice(
            "the profile says nothing about the account",
            "say in it who runs the account and who funds it",
        )
