"""Letters on the web: each with an address of its own, an index, and a feed, for everybody.

Nothing here is personal and nothing changes anything, so pages may be kept, found and passed on.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Protocol

from aiohttp import ETag, web

from herald.mailing.letters.archive import LETTERS_AT_ONCE, archive_language, archive_url
from herald.mailing.phrases import ENGLISH
from herald.model.archive import Letter
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.mailing import Edition
from herald.web.archive_feed import atom_feed
from herald.web.archive_pages import ARCHIVE_STYLE_HASH, Shelf, letter_page, shelf_page
from herald.web.pages import accepted_languages

_KEEP = "public, max-age=300"
"""Five minutes: a letter stays as it is, but its list may close."""
_PAGE_MOST = 10_000
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed changed that has no entry yet."""

_INDEX_POLICY = (
    f"default-src 'none'; style-src '{ARCHIVE_STYLE_HASH}'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
# A letter carries its style in attributes, as mail programs want it, which no hash allows; the
# words in it are escaped, and nothing that a style could send away stands on the page.
_LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class ShowsLetters(Protocol):
    """Finds letters that everybody may read."""

    @property
    def public_url(self) -> str:
        """Return the address that the pages are reached at, without a slash at its end."""
        ...

    def open_list(self, name: str) -> MailingList | None:
        """Return a list whose letters everybody may read; None for others and for none."""
        ...

    async def letters(self, mailing_list: MailingList, *, page: int) -> tuple[Letter, ...]:
        """Return one page's letters, the newest first, and one more if there is a next page."""
        ...

    async def letter(self, key: str) -> tuple[MailingList, Letter] | None:
        """Return a letter with its list; None if not everybody may read it."""
        ...

    async def edition(self, letter: Letter, language: Language) -> Edition | None:
        """Return one edition of a letter."""
        ...


def add_archive_routes(app: web.Application, archive: ShowsLetters) -> None:
    """Serve the letters of lists whose archive is open; a GET or HEAD is all that there is."""

    async def shelf(request: web.Request) -> web.StreamResponse:
        """Show one page of a list's letters."""
        mailing_list = _open(request, archive)
        number = _page(request)
        letters = await archive.letters(mailing_list, page=number)
        if number > 1 and not letters:
            raise web.HTTPNotFound
        page = shelf_page(
            Shelf(
                mailing_list=mailing_list,
                public_url=archive.public_url,
                language=_spoken(request, mailing_list),
                letters=letters[:LETTERS_AT_ONCE],
                page=number,
                has_more=len(letters) > LETTERS_AT_ONCE,
            )
        )
        answer = _answer(request, page.encode(), "text/html", _INDEX_POLICY)
        answer.headers["Vary"] = "Accept-Language"
        return answer

    async def latest(request: web.Request) -> web.StreamResponse:
        """Lead to the newest letter, in the reader's language if it has one."""
        mailing_list = _open(request, archive)
        newest = next(iter(await archive.letters(mailing_list, page=1)), None)
        if newest is None:
            raise web.HTTPNotFound
        language = _best(newest.languages, _wanted(request))
        url = archive_url(archive.public_url, mailing_list, newest.issue.key, language)
        headers = {"Location": url, "Cache-Control": "no-cache", "Vary": "Accept-Language"}
        return web.Response(status=302, headers=headers)

    async def feed(request: web.Request) -> web.StreamResponse:
        """Give the feed of one language."""
        mailing_list = _open(request, archive)
        language = _one_of(mailing_list.languages, request.match_info["language"])
        found = []
        for letter in (await archive.letters(mailing_list, page=1))[:LETTERS_AT_ONCE]:
            edition = await archive.edition(letter, language)
            if edition is not None:
                found.append((letter, edition))
        document = atom_feed(
            mailing_list, language, found, public_url=archive.public_url, otherwise=_NEVER
        )
        return _answer(request, document, "application/atom+xml", "default-src 'none'")

    async def letter(request: web.Request) -> web.StreamResponse:
        """Show one edition of a letter."""
        said = request.match_info
        found = await archive.letter(f"{said['campaign']}/{said['newsletter']}/{said['date']}")
        if found is None:
            raise web.HTTPNotFound
        mailing_list, one = found
        edition = await archive.edition(one, _one_of(one.languages, said["language"]))
        if edition is None:
            raise web.HTTPNotFound
        page = letter_page(edition, one, mailing_list, public_url=archive.public_url)
        return _answer(request, page.encode(), "text/html", _LETTER_POLICY)

    app.router.add_get("/letters/{list}", shelf)
    app.router.add_get("/letters/{list}/latest", latest)
    app.router.add_get("/letters/{list}/{language}.atom", feed)
    app.router.add_get("/letters/{campaign}/{newsletter}/{date}/{language}", letter)


def _open(request: web.Request, archive: ShowsLetters) -> MailingList:
    found = archive.open_list(request.match_info["list"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _page(request: web.Request) -> int:
    written = request.query.get("page", "1")
    if not (written.isascii() and written.isdecimal()) or not 1 <= int(written[:9]) <= _PAGE_MOST:
        raise web.HTTPNotFound
    return int(written)


def _one_of(languages: tuple[Language, ...], written: str) -> Language:
    found = next((tag for tag in languages if tag.casefold() == written.casefold()), None)
    if found is None:
        raise web.HTTPNotFound
    return found


def _wanted(request: web.Request) -> tuple[Language, ...]:
    asked_for = request.query.get("lang", "")[:35]
    accepted = accepted_languages(request.headers.get("Accept-Language", ""))
    return (Language(asked_for), *accepted) if asked_for else accepted


def _best(there: tuple[Language, ...], wanted: tuple[Language, ...]) -> Language:
    """Return the language of *there* that is wanted most, else the first."""
    bases = {tag.partition("-")[0].casefold(): tag for tag in reversed(there)}
    mine = (bases.get(tag.partition("-")[0].casefold()) for tag in wanted)
    return next((tag for tag in mine if tag is not None), there[0])


def _spoken(request: web.Request, mailing_list: MailingList) -> Language:
    wanted, own = _wanted(request), mailing_list.languages
    # Who asks for a language that Herald lacks will rather read English than the list's first.
    english = (ENGLISH,) if wanted and ENGLISH in own else ()
    return archive_language(*wanted, *english, *own)


def _answer(request: web.Request, body: bytes, kind: str, policy: str) -> web.Response:
    """Return a page that may be kept and found, or only that it has not changed."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    known = request.if_none_match or ()
    if any(one.value in {tag, "*"} for one in known):
        answer = web.Response(status=304)
    else:
        answer = web.Response(body=body, content_type=kind, charset="utf-8")
    answer.etag = ETag(tag)
    answer.headers["Cache-Control"] = _KEEP
    answer.headers["Content-Security-Policy"] = policy
    answer.headers["X-Robots-Tag"] = "all"
    return answer
