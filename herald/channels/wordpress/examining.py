"""Looks at a site, its user and what that may do, for ``herald doctor``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from herald.channels.answer import Answer, NoAnswer
from herald.channels.wordpress.settings import WordPressSettings
from herald.channels.wordpress.site import Root, Site
from herald.channels.wordpress.wire import read_noisy, read_posts
from herald.model.account import Finding, Severity

_DOUBLE = re.compile(r"-[0-9a-f]{12}-\d+(__trashed)?")
_NEEDED = {
    "edit_posts": "write posts",
    "publish_posts": "publish posts",
    "upload_files": "upload pictures",
    "edit_published_posts": "correct posts",
    "delete_published_posts": "delete posts",
}


async def examine(site: Site, settings: WordPressSettings) -> tuple[Finding, ...]:
    """Return what is to be said of the account; changes nothing."""
    root = await site.root()
    if not isinstance(root, Root):
        return (_problem(f"{settings.site}: {root.why}"),)
    found = [_well(f"{settings.site} is a WordPress site with a REST API")]
    if settings.site.startswith("http://"):
        found.append(_problem("the site has no TLS", "let the web host turn on https"))
    if root.by_query:
        advice = "in WordPress, under Settings, Permalinks, choose another than Plain"
        found.append(_advice("the site has no speaking addresses", advice))
    return (*found, *await _user(site, settings), *await _doubles(site))


async def _user(site: Site, settings: WordPressSettings) -> list[Finding]:
    answer = await site.call("GET", "wp/v2/users/me", query={"context": "edit"})
    told = read_noisy(answer) if isinstance(answer, Answer) and answer.is_good else None
    if not isinstance(told, Mapping):
        return [_not_signed_in(answer, settings)]
    may = told.get("capabilities")
    rights = may if isinstance(may, Mapping) else {}
    needed = dict(_NEEDED)
    if settings.status == "draft":
        del needed["publish_posts"]
    missing = [words for name, words in needed.items() if not rights.get(name)]
    if missing:
        what = f"the user {settings.user} may not {' or '.join(missing)}"
        return [_problem(what, "give it the role of an Editor")]
    found = [_well(f"the user {settings.user} may write, publish, correct and delete posts")]
    if rights.get("manage_options"):
        what = f"the user {settings.user} is an administrator"
        found.append(_advice(what, "make a user for Herald that is an Editor: it needs no more"))
    return found


def _not_signed_in(answer: object, settings: WordPressSettings) -> Finding:
    if isinstance(answer, Answer) and answer.status in {401, 403}:
        what = f"the site does not let {settings.user} sign in ({answer.status})"
        remedy = (
            "make a new application password; if it is refused as well, the web server does not "
            "pass the Authorization header on: ask the web host for that"
        )
        return _problem(what, remedy)
    if isinstance(answer, Answer):
        return _problem(f"the site does not say who signs in ({answer.status})")
    why = answer.why if isinstance(answer, NoAnswer) else str(getattr(answer, "why", ""))
    return _problem(f"the site cannot be asked: {why}")


async def _doubles(site: Site) -> list[Finding]:
    """Tell of posts that WordPress gave another address, as theirs was taken."""
    query = {
        "status": "any",
        "context": "edit",
        "per_page": "100",
        "_fields": "id,slug,link,status",
    }
    answer = await site.call("GET", "wp/v2/posts", query=query)
    posts = read_posts(answer) if isinstance(answer, Answer) else None
    return [
        _problem(f"{post.receipt.url} may be a second copy", "compare them, and delete one")
        for post in posts or ()
        if _DOUBLE.search(post.slug)
    ]


def _well(what: str) -> Finding:
    return Finding(severity=Severity.WELL, what=what)


def _advice(what: str, remedy: str) -> Finding:
    return Finding(severity=Severity.ADVICE, what=what, remedy=remedy)


def _problem(what: str, remedy: str = "") -> Finding:
    return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)
