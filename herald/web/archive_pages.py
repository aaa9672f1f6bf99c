"""The public pages of letters: the letter itself with a bar above it, and a list's index.  Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.mailing.letters.archive import (
    LETTERS_AT_ONCE,
    archive_language,
    archive_url,
    archive_words,
    list_url,
)
from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK
from herald.mailing.phrases import letter_phrases
from herald.mailing.readers.joining_words import letter_language
from herald.mailing.sending.senders import list_name
from herald.model.archive import Letter
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.mailing import Edition
from herald.web.pages import STYLE, style_hash

ARCHIVE_STYLE = (
    STYLE
    + """
nav ul { list-style: none; margin: 0 0 1.5rem; padding: 0; }
nav li { display: inline-block; margin-inline-end: 1.25rem; }
.letters { list-style: none; margin: 0 0 1.5rem; padding: 0; }
.letters > li { margin: 0; padding: 1rem 0; border-top: 1px solid var(--rule); }
.letters p { margin: 0; }
.letters p:first-child { font-size: 1.25rem; line-height: 1.35; margin: 0 0 0.25rem; }
"""
)

ARCHIVE_STYLE_HASH = style_hash(ARCHIVE_STYLE)

_BAR_STYLE = """
.archive-bar { box-sizing: border-box; max-width: 640px; margin: 0 auto; padding: 14px 40px;
  font: 16px/1.6 Verdana, "Noto Sans", sans-serif; color: #22241f; background: #f4f1ea; }
.archive-bar ul { list-style: none; margin: 0; padding: 0; }
.archive-bar li { display: inline-block; margin-inline-end: 18px; }
.archive-bar a { color: #14532d; }
.archive-bar a:focus-visible { outline: 3px solid #14532d; outline-offset: 2px; }
body { overflow-wrap: anywhere; }
@media (max-width: 480px) { .archive-bar { padding: 14px 20px; } }
@media print {
  :root { color-scheme: light; }
  .archive-bar { display: none; }
  body, table, td { background: #ffffff !important; color: #22241f !important; }
  table { width: 100% !important; max-width: none !important; }
  a { color: #14532d !important; }
  h1, h2, h3 { break-after: avoid; }
  img { break-inside: avoid; }
}
@media screen and (prefers-color-scheme: dark) {
  .archive-bar { color: #eceae4; background: #16181b; }
  .archive-bar a { color: #8fd3a8; }
  .archive-bar a:focus-visible { outline-color: #8fd3a8; }
}
"""

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_MAIN = re.compile(r"<main\b|role=[\"']?main", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One page of a list's index."""

    mailing_list: MailingList
    public_url: str
    language: Language
    """Of the page; one that ``archive_language`` gave."""
    letters: tuple[Letter, ...]
    page: int = 1
    has_more: bool = False


def shelf_url(shelf: Shelf, *, language: Language | None = None, page: int = 1) -> str:
    """Return the address of a page of the index in one language."""
    number = f"&page={page}" if page > 1 else ""
    chosen = language or shelf.language
    return f"{list_url(shelf.public_url, shelf.mailing_list)}?lang={chosen}{number}"


def feed_url(public_url: str, mailing_list: MailingList, language: Language) -> str:
    """Return the address of the Atom feed of one language of a list."""
    return f"{list_url(public_url, mailing_list)}/{language}.atom"


def letter_page(
    edition: Edition, letter: Letter, mailing_list: MailingList, *, public_url: str
) -> str:
    """Return the page of one edition: the letter as it was sent, with nothing of any reader's.

    What an edition has for each reader alone becomes a way to the list for everybody.
    """
    language = edition.language
    shown = _for_everybody(edition, letter, mailing_list, public_url=public_url)
    opened = _BODY.search(shown)
    begins = opened.end() if opened else 0
    ends = shown.rfind("</body>") if opened else len(shown)
    inside = shown[begins:ends]
    if not _MAIN.search(inside):
        inside = f"<main>{inside}</main>"
    bar = _bar(letter, mailing_list, language, public_url=public_url)
    head = _letter_head(letter, mailing_list, language, public_url=public_url)
    # What is printed is light, however its reader likes pages.
    styled = shown[:begins].replace("@media (prefers-", "@media screen and (prefers-")
    before = styled.replace("</head>", f"{head}</head>", 1)
    return before + bar + inside + shown[ends:]


def shelf_page(shelf: Shelf) -> str:
    """Return the index of a list's letters in the reader's language."""
    spoken = shelf.language
    say = archive_words(spoken)
    title = say["title"].format(list=list_name(shelf.mailing_list, spoken))
    letters = [_row(shelf, one) for one in shelf.letters[:LETTERS_AT_ONCE]]
    parts = [
        _languages_of_shelf(shelf),
        f'<ul class="letters">{"".join(letters)}</ul>' if letters else f"<p>{say['none']}</p>",
        _turning(shelf),
        _ways(shelf),
    ]
    direction = "rtl" if is_right_to_left(spoken) else "ltr"
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(spoken)}" dir="{direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{_shelf_head(shelf)}"
        f"<style>{ARCHIVE_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _for_everybody(
    edition: Edition, letter: Letter, mailing_list: MailingList, *, public_url: str
) -> str:
    """Return the letter's HTML without a mark of a reader's own, and with when it was sent."""
    letter_words, spoken = letter_phrases(edition.language)  # of the letter's foot
    say = archive_words(spoken)
    index = list_url(public_url, mailing_list)
    join = _join_url(mailing_list, public_url, edition.language)
    way_in = (join, say["subscribe"]) if join else (index, say["all_letters"])
    shown = _without_link_here(edition.html, letter, edition.language)
    shown = _link_instead(shown, UNSUBSCRIBE_MARK, *way_in)
    shown = _link_instead(shown, PREFERENCES_MARK, index, say["all_letters"])
    sent = say["sent"].format(
        list=list_name(mailing_list, spoken), date=spell(letter.issue.local_date, spoken)
    )
    before, after = (escape(part) for part in letter_words["why"].split("{list}"))
    why = re.compile(re.escape(before) + r"[^<>]{0,500}?" + re.escape(after))
    return why.sub(_as_it_is(escape(sent)), shown)


def _without_link_here(html: str, letter: Letter, language: Language) -> str:
    """Leave out the line that leads from a mail to this very page."""
    here = re.escape(escape(f"/letters/{letter.issue.key}/{language}"))
    line = re.compile(
        rf"<p\b[^>]*>\s*<a\b[^>]*\bhref=[\"'][^\"'>]*{here}[\"'][^>]*>[^<]*</a>\s*</p>",
        re.IGNORECASE,
    )
    return line.sub("", html)


def _link_instead(html: str, mark: str, url: str, words: str) -> str:
    """Let every link to *mark* lead to *url*, in *words*; no mark stays, wherever it stood."""
    link = re.compile(
        rf"(<a\b[^>]*?\bhref=[\"']){re.escape(mark)}([\"'][^>]*>).*?(</a>)",
        re.IGNORECASE | re.DOTALL,
    )
    shown = link.sub(lambda found: _linked(found, escape(url), escape(words)), html)
    return shown.replace(mark, escape(url))


def _linked(found: re.Match[str], url: str, words: str) -> str:
    return f"{found[1]}{url}{found[2]}{words}{found[3]}"


def _as_it_is(text: str) -> Callable[[re.Match[str]], str]:
    """Return what puts in *text* whatever backslashes are in it."""
    return lambda _: text


def _letter_head(
    letter: Letter, mailing_list: MailingList, language: Language, *, public_url: str
) -> str:
    def url(tag: Language) -> str:
        return escape(archive_url(public_url, mailing_list, letter.issue.key, tag))

    alternates = "".join(
        f'<link rel="alternate" hreflang="{escape(tag)}" href="{url(tag)}">\n'
        for tag in letter.languages
    )
    return (
        f'<link rel="canonical" href="{url(language)}">\n{alternates}'
        f'<link rel="alternate" hreflang="x-default" href="{url(letter.languages[0])}">\n'
        f"{_feed_link(public_url, mailing_list, language)}<style>{_BAR_STYLE}</style>\n"
    )


def _bar(letter: Letter, mailing_list: MailingList, language: Language, *, public_url: str) -> str:
    spoken = archive_language(language)
    say = archive_words(spoken)
    index = f"{list_url(public_url, mailing_list)}?lang={spoken}"
    links = [_link(index, say["all_letters"])]
    links += [
        _language_link(archive_url(public_url, mailing_list, letter.issue.key, tag), tag)
        for tag in letter.languages
        if tag != language
    ]
    if join := _join_url(mailing_list, public_url, language):
        links.append(_link(join, say["subscribe"]))
    direction = "rtl" if is_right_to_left(spoken) else "ltr"
    return (
        f'<nav class="archive-bar" lang="{escape(spoken)}" dir="{direction}"'
        f' aria-label="{escape(say["about"])}">{_listed(links)}</nav>'
    )


def _shelf_head(shelf: Shelf) -> str:
    here = escape(shelf_url(shelf, page=shelf.page))
    spoken = dict.fromkeys(archive_language(tag) for tag in shelf.mailing_list.languages)
    alternates = "".join(
        f'<link rel="alternate" hreflang="{escape(tag)}"'
        f' href="{escape(shelf_url(shelf, language=tag, page=shelf.page))}">\n'
        for tag in spoken
    )
    index = escape(list_url(shelf.public_url, shelf.mailing_list))
    default = f'<link rel="alternate" hreflang="x-default" href="{index}">\n'
    feeds = "".join(
        _feed_link(shelf.public_url, shelf.mailing_list, tag)
        for tag in shelf.mailing_list.languages
    )
    return f'<link rel="canonical" href="{here}">\n{alternates}{default}{feeds}'


def _languages_of_shelf(shelf: Shelf) -> str:
    others = dict.fromkeys(archive_language(tag) for tag in shelf.mailing_list.languages)
    others.pop(shelf.language, None)
    links = [_language_link(shelf_url(shelf, language=tag), tag) for tag in others]
    label = archive_words(shelf.language)["languages"]
    return f'<nav aria-label="{escape(label)}">{_listed(links)}</nav>' if links else ""


def _row(shelf: Shelf, letter: Letter) -> str:
    """Return one letter of the index: its subject in the reader's language if it has one."""
    chosen = _edition_language(shelf, letter)
    subject = dict(letter.subjects)[chosen]
    tongue = "" if chosen == shelf.language else _tongue(chosen)
    url = archive_url(shelf.public_url, shelf.mailing_list, letter.issue.key, chosen)
    others = [
        _language_link(
            archive_url(shelf.public_url, shelf.mailing_list, letter.issue.key, tag), tag
        )
        for tag in letter.languages
        if tag != chosen
    ]
    also = f"<p>{' · '.join(others)}</p>" if others else ""
    day = letter.issue.local_date
    return (
        f'<li><p><a href="{escape(url)}"{tongue}>{escape(subject)}</a></p>'
        f'<p class="soft"><time datetime="{day.isoformat()}">'
        f"{escape(spell(day, shelf.language))}</time></p>{also}</li>"
    )


def _edition_language(shelf: Shelf, letter: Letter) -> Language:
    same = (tag for tag in letter.languages if archive_language(tag) == shelf.language)
    return next(same, letter.languages[0])


def _turning(shelf: Shelf) -> str:
    say = archive_words(shelf.language)
    links = []
    if shelf.page > 1:
        links.append(_link(shelf_url(shelf, page=shelf.page - 1), say["newer"]))
        links.append(escape(say["page"].format(number=shelf.page)))
    if shelf.has_more:
        links.append(_link(shelf_url(shelf, page=shelf.page + 1), say["older"]))
    return f'<nav aria-label="{escape(say["pages"])}">{_listed(links)}</nav>' if links else ""


def _ways(shelf: Shelf) -> str:
    """Return the ways to hear of the next letter."""
    say = archive_words(shelf.language)
    mine = letter_language(shelf.mailing_list, shelf.language)
    feed = feed_url(shelf.public_url, shelf.mailing_list, mine)
    links = [_link(feed, say["feed"])]
    if join := _join_url(shelf.mailing_list, shelf.public_url, shelf.language):
        links.insert(0, _link(join, say["subscribe"]))
    return "<p>" + " · ".join(links) + "</p>"


def _join_url(mailing_list: MailingList, public_url: str, language: Language) -> str:
    if not mailing_list.is_open:
        return ""
    return f"{public_url}/lists/{mailing_list.id}?lang={language}"


def _feed_link(public_url: str, mailing_list: MailingList, language: Language) -> str:
    name = escape(list_name(mailing_list, language))
    url = escape(feed_url(public_url, mailing_list, language))
    return (
        f'<link rel="alternate" type="application/atom+xml" title="{name}"'
        f' hreflang="{escape(language)}" href="{url}">\n'
    )


def _language_link(url: str, tag: Language) -> str:
    name = escape(language_name(tag, tag))
    return f'<a href="{escape(url)}" hreflang="{escape(tag)}"{_tongue(tag)}>{name}</a>'


def _tongue(tag: Language) -> str:
    direction = "rtl" if is_right_to_left(tag) else "ltr"
    return f' lang="{escape(tag)}" dir="{direction}"'


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words)}</a>'


def _listed(links: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{one}</li>" for one in links) + "</ul>"
