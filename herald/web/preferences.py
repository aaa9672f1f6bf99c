"""A reader's preferences on the web: behind a letter's link, and the way to a stronger one.

A GET never changes anything. Whoever holds a link may use it, so the token in the path is what
protects a form; no other site knows it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from aiohttp import web

from herald.mailing.readers.held import held_file
from herald.mailing.readers.joining_words import joining_language
from herald.mailing.readers.preference_words import preference_words
from herald.mailing.readers.preferences import Choices
from herald.model.ids import Language
from herald.model.joining import Asked
from herald.model.preferences import Held
from herald.web.joining import said_in, source_of
from herald.web.joining_pages import TRAP
from herald.web.pages import accepted_languages
from herald.web.preferences_pages import (
    PREFERENCES_STYLE_HASH,
    ask_page,
    choices_page,
    erased_page,
    gone_page,
    sent_page,
    wait_page,
)

_POLICY = (
    f"default-src 'none'; style-src '{PREFERENCES_STYLE_HASH}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_AGAIN_AFTER = "3600"
_TOO_MANY, _WRONG, _MISSING = 429, 422, 404


class KnowsPreferences(Protocol):
    """Shows and changes what a reader wants."""

    @property
    def is_reachable(self) -> bool:
        """Tell whether the world reaches the pages that a mail could name."""
        ...

    async def look(self, token: str) -> Choices | None:
        """Return what a link opens, changing nothing; None for one that does not work."""
        ...

    async def save(self, token: str, *, language: str, zone: str) -> None:
        """Set language and time zone."""
        ...

    async def leave(self, token: str, name: str) -> None:
        """Leave the list of that name, at once; all lists where there is none."""
        ...

    async def join(self, token: str, name: str, *, network: str) -> Asked | None:
        """Ask by mail whether the reader wants an open list."""
        ...

    async def ask(self, written: str, language: Language, *, network: str) -> Asked:
        """Take down that a link is wanted for an address."""
        ...

    async def ask_owner(self, token: str, *, network: str) -> Asked | None:
        """Take down that the owner of a letter's link wants one of the stronger sort."""
        ...

    async def held(self, token: str) -> Held | None:
        """Return all that is held of an owner, changing nothing."""
        ...

    async def erase(self, token: str) -> bool:
        """Remove all that is held of an owner but the hash."""
        ...

    def now(self) -> datetime:
        """Return the present moment."""
        ...


def add_preference_routes(
    app: web.Application, preferences: KnowsPreferences, *, client_header: str = ""
) -> None:
    """Serve the page that asks for an address, and that of every link.

    *client_header* is where a proxy names who asks; without it only the connection counts.
    """

    async def show_form(request: web.Request) -> web.Response:
        """Show the form that asks for an address."""
        _reachable(preferences)
        return _html(ask_page(_spoken(request)))

    async def ask(request: web.Request) -> web.Response:
        """Owe a mail to an address, known or not."""
        _reachable(preferences)
        said = await said_in(request) or {}
        spoken = _spoken(request)
        written, asked = said.get("email", ""), Asked.TAKEN
        if not said.get(TRAP):
            source = source_of(request, client_header)
            asked = await preferences.ask(written, spoken, network=source)
        match asked:
            case Asked.BAD_ADDRESS:
                return _html(ask_page(spoken, written=written, is_wrong=True), status=_WRONG)
            case Asked.TOO_MANY:
                return _html(wait_page(spoken), status=_TOO_MANY)
            case _:
                return _html(sent_page(spoken))

    async def show(request: web.Request) -> web.Response:
        """Show what a link opens. A link scanner follows this link too."""
        choices = await preferences.look(request.match_info["token"])
        return _shown(request, choices)

    async def change(request: web.Request) -> web.Response:
        """Do what one button of the page asks for."""
        token = request.match_info["token"]
        before = await preferences.look(token)
        if before is None:
            return _shown(request, None)
        said = await said_in(request) or {}
        if said.get("erase") and said.get("sure") and await preferences.erase(token):
            return _html(erased_page(before.spoken))
        try:
            told = await _changed(
                preferences, token, said, before, network=source_of(request, client_header)
            )
        except _TooManyError:
            return _html(wait_page(before.spoken), status=_TOO_MANY)
        return _shown(request, await preferences.look(token), told)

    async def download(request: web.Request) -> web.Response:
        """Give an owner all that is held; reading changes nothing."""
        held = await preferences.held(request.match_info["token"])
        if held is None:
            return _shown(request, None)
        return web.Response(
            body=held_file(held, now=preferences.now()),
            content_type="application/json",
            charset="utf-8",
            headers={"Content-Disposition": 'attachment; filename="herald-data.json"'},
        )

    app.router.add_get("/p", show_form)
    app.router.add_post("/p", ask)
    app.router.add_get("/p/{token}", show)
    app.router.add_post("/p/{token}", change)
    app.router.add_get("/p/{token}/data", download)


class _TooManyError(Exception):
    """Too much is asked from there at present."""


async def _changed(
    preferences: KnowsPreferences,
    token: str,
    said: dict[str, str],
    before: Choices,
    *,
    network: str,
) -> str:
    """Change what a form asks for; return what to tell, of which nothing may have changed."""
    names = {str(each.id): each.name for each in before.lists}
    chosen = said.get("leave") or said.get("join") or ""
    match said:
        case {"leave": name} if name in names:
            await preferences.leave(token, name)
            told = "left"
        case {"leave-all": _}:
            await preferences.leave(token, "")
            told = "left_all"
        case {"join": name} if name in names:
            asked = await preferences.join(token, name, network=network)
            told = "asked_join" if _is_taken(asked) else ""
        case {"save": _}:
            await preferences.save(
                token, language=said.get("language", ""), zone=said.get("zone", "")
            )
            told = "saved"
        case {"send-link": _}:
            asked = await preferences.ask_owner(token, network=network)
            told = "link_sent" if _is_taken(asked) else ""
        case {"erase": _}:
            told = "erase_unsure" if before.is_owner else ""
        case _:
            told = ""
    if not told:
        return ""
    after = await preferences.look(token) if told == "saved" else before
    spoken = after.spoken if after is not None else before.spoken
    return preference_words(spoken)[told].format(list=names.get(chosen, ""))


def _is_taken(asked: Asked | None) -> bool:
    if asked is Asked.TOO_MANY:
        raise _TooManyError
    return asked is Asked.TAKEN


def _reachable(preferences: KnowsPreferences) -> None:
    if not preferences.is_reachable:
        raise web.HTTPNotFound


def _shown(request: web.Request, choices: Choices | None, told: str = "") -> web.Response:
    if choices is None:
        return _html(gone_page(_spoken(request)), status=_MISSING)
    data_link = f"/p/{request.match_info['token']}/data"
    return _html(choices_page(choices, data_link=data_link, told=told))


def _spoken(request: web.Request) -> Language:
    asked_for = [Language(tag[:35]) for tag in request.query.getall("lang", [])[:1] if tag]
    accepted = accepted_languages(request.headers.get("Accept-Language", ""))
    return joining_language(*asked_for, *accepted)


def _html(text: str, *, status: int = 200) -> web.Response:
    answer = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    if status == _TOO_MANY:
        answer.headers["Retry-After"] = _AGAIN_AFTER
    return answer
