"""The page on which an officer agrees to an issue: it shows every edition as it would be sent.

A GET never changes anything. The token is all the right that there is: no sign-in and no cookie.
"""

from __future__ import annotations

from html import escape
from typing import Protocol

from aiohttp import web

from herald.composing.cleaning import is_right_to_left
from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.mailing.letters.approving import (
    Proposal,
    Standing,
    approving_language,
    approving_words,
)
from herald.mailing.sending.senders import list_name
from herald.model.ids import Language
from herald.model.mailing import Edition, IssueReason
from herald.web.pages import STYLE, accepted_languages, page

APPROVING_STYLE = (
    STYLE
    + """
main { max-width: 44rem; }
iframe { box-sizing: border-box; width: 100%; height: 36rem; border: 1px solid var(--soft);
  background: var(--paper); }
summary { cursor: pointer; padding: 0.5rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9rem; }
"""
)

# The letters stand in frames without any right of their own, which inherit this policy; they carry
# their style in attributes, as mail programs want it, which no hash allows.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class TakesApprovals(Protocol):
    """Reads the tokens of links to agree with, and takes the word of who follows one."""

    async def look(self, token: str) -> Proposal | None:
        """Return what a link is about, changing nothing; None for one that does not work."""
        ...

    async def approve(self, token: str) -> Proposal | None:
        """Agree to exactly what the link was made for; repeating it changes nothing."""
        ...


def add_approving_routes(app: web.Application, approving: TakesApprovals) -> None:
    """Serve the page behind the links in officers' notices."""

    async def look(request: web.Request) -> web.Response:
        """Show what would be agreed to. A link scanner follows this link too."""
        return _answer(request, await approving.look(request.match_info["token"]))

    async def approve(request: web.Request) -> web.Response:
        """Take the word of whoever pressed the button."""
        return _answer(request, await approving.approve(request.match_info["token"]))

    app.router.add_get("/approve/{token}", look)
    app.router.add_post("/approve/{token}", approve)


def approving_page(proposal: Proposal, language: Language) -> str:
    """Return the page of a link that works, in one of the languages of ``approving_words``."""
    say = approving_words(language)
    issue, standing = proposal.issue, proposal.standing
    is_late = standing is Standing.OPEN and issue.reason is IssueReason.LATE
    text = say["late_text" if is_late else f"{standing}_text"]
    told = text.format(
        issue=_named(proposal, language),
        when=spell(issue.due_at, language, issue.zone),
        note=issue.note,
    )
    role = ' role="status"' if standing is Standing.APPROVED else ""
    parts = [f"<p{role}>{escape(told)}</p>"]
    if standing is Standing.CHANGED:
        parts.append(f'<p><a href="{escape(proposal.newer)}">{escape(say["changed_link"])}</a></p>')
    if standing is Standing.OPEN:
        parts += [
            f'<p class="soft">{escape(say["covers"])}</p>',
            f'<form method="post"><button type="submit">{escape(say["button"])}</button></form>',
        ]
    parts += [_shown(edition, language) for edition in proposal.editions]
    return page(language, say[f"{standing}_title"], parts, style=APPROVING_STYLE)


def _named(proposal: Proposal, language: Language) -> str:
    """Return an issue as an officer calls it, and its key, which commands want."""
    issue, mailing_list = proposal.issue, proposal.mailing_list
    name = list_name(mailing_list, language) if mailing_list is not None else issue.newsletter
    return f"{name}, {spell(issue.local_date, language)} ({issue.key})"


def expired_page(language: Language) -> str:
    """Return the page for a link that is forged, cut off or too old, which are not told apart."""
    say = approving_words(language)
    told = [f"<p>{escape(say['expired_text'])}</p>"]
    return page(language, say["expired_title"], told, style=APPROVING_STYLE)


def _shown(edition: Edition, reader: Language) -> str:
    tag = edition.language
    direction = "rtl" if is_right_to_left(tag) else "ltr"
    tongue = f'lang="{escape(tag)}" dir="{direction}"'
    name = escape(language_name(tag, reader))
    subject = escape(edition.subject)
    as_text = escape(approving_words(reader)["as_text"])
    return (
        f"<h2>{name}: <bdi {tongue}>{subject}</bdi></h2>"
        f'<iframe title="{name}: {subject}" sandbox srcdoc="{escape(edition.html)}"></iframe>'
        f"<details><summary>{as_text} ({name})</summary>"
        f"<pre {tongue}>{escape(edition.text)}</pre></details>"
    )


def _answer(request: web.Request, proposal: Proposal | None) -> web.Response:
    language = approving_language(*accepted_languages(request.headers.get("Accept-Language", "")))
    shown = expired_page(language) if proposal is None else approving_page(proposal, language)
    answer = web.Response(
        text=shown,
        status=404 if proposal is None else 200,
        content_type="text/html",
        charset="utf-8",
    )
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
