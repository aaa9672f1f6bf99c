"""Joining a list on the web: the page, a form or program of a website's own, and the mail's link.

A GET never changes anything. No cookie is set and no other site may read an answer (no CORS), yet
any site's form may post here: all that can come of it is one mail to one address.
"""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Protocol

from aiohttp import web

from herald.mailing.readers.joining import Invitation
from herald.mailing.readers.joining_words import (
    consent_text,
    joining_language,
    language_to,
    letter_language,
)
from herald.mailing.sending.senders import list_name
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.joining import Asked, CameFrom
from herald.web.joining_pages import (
    JOINING_STYLE_HASH,
    TRAP,
    SignUpForm,
    asked_page,
    confirm_page,
    expired_page,
    sign_up_page,
    too_many_page,
)
from herald.web.pages import accepted_languages

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_JSON = "application/json"
_POLICY = (
    f"default-src 'none'; style-src '{JOINING_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_AGAIN_AFTER = "3600"
_STATUS = {Asked.TAKEN: 202, Asked.BAD_ADDRESS: 422, Asked.TOO_MANY: 429}


class TakesSignUps(Protocol):
    """Takes requests to join lists, and confirms them."""

    def open_list(self, name: str) -> MailingList | None:
        """Return a list that anybody may join; None if it is closed or there is none."""
        ...

    async def ask(
        self,
        mailing_list: MailingList,
        written: str,
        language: Language,
        *,
        came_from: CameFrom,
        network: str,
    ) -> Asked:
        """Take down that an address wants to join."""
        ...

    async def look(self, token: str) -> Invitation | None:
        """Return what a link is about, changing nothing; None for one that does not work."""
        ...

    async def confirm(self, token: str, digest: str) -> Invitation | None:
        """Subscribe whoever follows a link; repeating it changes nothing."""
        ...


def add_joining_routes(
    app: web.Application, joining: TakesSignUps, *, client_header: str = ""
) -> None:
    """Serve the pages of open lists and of confirmation.

    *client_header* is where a proxy names who asks; without it only the connection counts.
    """

    async def show(request: web.Request) -> web.Response:
        """Show the form of an open list."""
        return _html(sign_up_page(_form(request, _open(request, joining))))

    async def ask(request: web.Request) -> web.Response:
        """Take a request, as a form or as JSON."""
        mailing_list = _open(request, joining)
        by_program = request.content_type == _JSON
        said = await said_in(request)
        if said is None:
            return _odd(request, by_program=by_program)
        form = _form(request, mailing_list, said)
        asked = Asked.TAKEN
        if not said.get(TRAP):
            asked = await joining.ask(
                mailing_list,
                said.get("email", ""),
                form.chosen,
                came_from=CameFrom.API if by_program else CameFrom.PAGE,
                network=source_of(request, client_header),
            )
        return _told(asked) if by_program else _shown(asked, form, said.get("email", ""))

    async def look(request: web.Request) -> web.Response:
        """Show what would be confirmed. A link scanner follows this link too."""
        return _answer(request, await joining.look(request.match_info["token"]))

    async def confirm(request: web.Request) -> web.Response:
        """Subscribe whoever pressed the button."""
        said = await said_in(request) or {}
        token = request.match_info["token"]
        return _answer(request, await joining.confirm(token, said.get("text", "")))

    app.router.add_get("/lists/{list}", show)
    app.router.add_post("/lists/{list}", ask)
    app.router.add_get("/join/{token}", look)
    app.router.add_post("/join/{token}", confirm)


def network_of(peer: str | None, named: str | None) -> str:
    """Return the part of the internet that asks: /24 or /48; empty where it is unknown.

    *named* is what the proxy's header says, whose last address is the proxy's own word, or None
    where no header is trusted. Behind a proxy on this machine that names nobody it is unknown.
    """
    written = (named.rpartition(",")[2] if named is not None else peer or "").strip()
    try:
        address: IPv4Address | IPv6Address = ip_address(written.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    size = 24 if isinstance(address, IPv4Address) else 48
    return str(ip_network((address, size), strict=False))


def source_of(request: web.Request, client_header: str) -> str:
    """Return the part of the internet that a request comes from; empty where it is unknown."""
    return network_of(request.remote, _named(request, client_header))


def _named(request: web.Request, header: str) -> str | None:
    if not header:
        return None
    values = request.headers.getall(header, [])
    return values[-1] if values else ""


def _open(request: web.Request, joining: TakesSignUps) -> MailingList:
    found = joining.open_list(request.match_info["list"])
    if found is None:
        raise web.HTTPNotFound
    return found


async def said_in(request: web.Request) -> dict[str, str] | None:
    """Return the fields of a body that are text; None for a body that is no form and no JSON."""
    try:
        if request.content_type == _JSON:
            fields: Any = json.loads(await request.text())
        elif request.content_type in _FORMS:
            fields = await request.post()
        else:
            return None
        return {str(name): one for name, one in fields.items() if isinstance(one, str)}
    except (ValueError, AssertionError, LookupError, AttributeError, RecursionError):
        return None


def _form(
    request: web.Request, mailing_list: MailingList, said: dict[str, str] | None = None
) -> SignUpForm:
    said = said or {}
    asked_for = [said.get("lang", ""), request.query.get("lang", "")]
    accepted = accepted_languages(request.headers.get("Accept-Language", ""))
    wanted = (*(Language(tag[:35]) for tag in asked_for if tag), *accepted)
    spoken = language_to(mailing_list, *wanted)
    letters = Language(said.get("language", "")[:35])
    return SignUpForm(
        list_name=list_name(mailing_list, spoken),
        language=spoken,
        letters=mailing_list.languages,
        chosen=letter_language(mailing_list, letters, *wanted),
        text=consent_text(mailing_list, spoken),
    )


def _shown(asked: Asked, form: SignUpForm, written: str) -> web.Response:
    match asked:
        case Asked.BAD_ADDRESS:
            wrong = replace(form, written=written, is_wrong=True)
            return _html(sign_up_page(wrong), status=_STATUS[asked])
        case Asked.TOO_MANY:
            return _html(too_many_page(form.language), status=_STATUS[asked])
        case _:
            return _html(asked_page(form.language))


def _told(asked: Asked) -> web.Response:
    answer = web.json_response({"asked": asked.value}, status=_STATUS[asked])
    if asked is Asked.TOO_MANY:
        answer.headers["Retry-After"] = _AGAIN_AFTER
    return answer


def _odd(request: web.Request, *, by_program: bool) -> web.Response:
    if by_program:
        return web.json_response({"asked": "not understood"}, status=400)
    return _html(expired_page(_spoken(request)), status=415)


def _answer(request: web.Request, invitation: Invitation | None) -> web.Response:
    if invitation is None:
        return _html(expired_page(_spoken(request)), status=404)
    return _html(confirm_page(invitation))


def _spoken(request: web.Request) -> Language:
    return joining_language(*accepted_languages(request.headers.get("Accept-Language", "")))


def _html(text: str, *, status: int = 200) -> web.Response:
    answer = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    if status == _STATUS[Asked.TOO_MANY]:
        answer.headers["Retry-After"] = _AGAIN_AFTER
    return answer
