"""Looks at a page's token and what it may do, for ``herald doctor``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from herald.channels.answer import Answer, NoAnswer
from herald.channels.linkedin.reading import page_of_posts
from herald.channels.linkedin.rest import Rest
from herald.channels.linkedin.wire import refusal_of_account
from herald.model.account import Finding, Severity

_ROLES = frozenset({"ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR"})
_SOON = timedelta(days=14)
_NEW_TOKEN = "sign in again with herald login"  # noqa: S105 - words


async def examine(rest: Rest, author: str, *, now: datetime) -> tuple[Finding, ...]:
    """Return what is to be said of the account; changes nothing."""
    reads = await _reads(rest, author, now=now)
    return (reads, *await _token(rest, now=now), *await _role(rest, author))


async def _reads(rest: Rest, author: str, *, now: datetime) -> Finding:
    answer = await rest.read("posts", page_of_posts(author, count=1), finds=True)
    if isinstance(answer, NoAnswer):
        return _problem(f"LinkedIn cannot be asked: {answer.why}")
    if answer.is_good:
        return _well("LinkedIn lets Herald read the page's posts: a lost answer is looked up")
    if answer.status == 403:
        what = "the token may not read the page's posts: after a lost answer a person must look"
        return _advice(what, "get a token with r_organization_social as well")
    refusal = refusal_of_account(answer, now=now)
    return _problem(refusal.why if refusal else f"LinkedIn answers {answer.status}", _NEW_TOKEN)


async def _token(rest: Rest, *, now: datetime) -> tuple[Finding, ...]:
    answer = await rest.introspect()
    if answer is None:
        what = "when the token ends is not known: it lives for 60 days"
        return (_advice(what, "give Herald client_id and client_secret, and it can ask"),)
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    if not isinstance(told.get("active"), bool):
        return (_advice("LinkedIn does not say how the token fares", "try later"),)
    if not told["active"]:
        return (_problem("the access token is no longer valid", _NEW_TOKEN),)
    return (*_ending(told, rest, now=now), *_rights(told))


def _ending(told: Mapping[str, object], rest: Rest, *, now: datetime) -> tuple[Finding, ...]:
    ends = told.get("expires_at")
    if not isinstance(ends, int) or not 0 < ends < 10**11:
        return ()
    moment = datetime.fromtimestamp(ends, UTC)
    what = f"the access token ends on {moment:%Y-%m-%d}"
    if rest.keys.can_be_renewed:
        return (_well(f"{what}, and Herald renews it"),)
    return (_problem(what, _NEW_TOKEN) if moment - now < _SOON else _well(what),)


def _rights(told: Mapping[str, object]) -> tuple[Finding, ...]:
    scope = told.get("scope")
    if not isinstance(scope, str) or "w_organization_social" in scope.replace(",", " ").split():
        return ()
    return (_problem("the token may not post on pages", "it needs w_organization_social"),)


async def _role(rest: Rest, author: str) -> tuple[Finding, ...]:
    query = {"q": "roleAssignee", "state": "APPROVED", "count": "100"}
    answer = await rest.read("organizationAcls", query, finds=True)
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    elements = told.get("elements")
    if not isinstance(elements, list):
        return ()
    roles = {
        str(each.get("role"))
        for each in elements
        if isinstance(each, dict) and each.get("organization") == author
    }
    if roles & _ROLES:
        return (_well("the token's owner may post on the page"),)
    remedy = "a super admin of the page makes that person a content admin"
    return (_problem("the token's owner may not post on the page", remedy),)


def _well(what: str) -> Finding:
    return Finding(severity=Severity.WELL, what=what)


def _advice(what: str, remedy: str) -> Finding:
    return Finding(severity=Severity.ADVICE, what=what, remedy=remedy)


def _problem(what: str, remedy: str = "") -> Finding:
    return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)
