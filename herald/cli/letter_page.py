"""The page that shows an issue to its editors: on telephone and desk, light and dark.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.model.ids import Language
from herald.model.mailing import Edition, Issue

_ENGLISH = Language("en")
_SCHEMES, _WIDTHS = ("light", "dark"), ("desk", "phone")
_STYLE = """
:root { color-scheme: light dark; --link: #14532d; --paper: #ffffff; --ground: #f4f1ea;
  --ink: #22241f; --soft: #575a52; --rule: #d9d5cb; }
@media (prefers-color-scheme: dark) { :root { --link: #8fd3a8; --paper: #16181b;
  --ground: #0f1113; --ink: #eceae4; --soft: #bdb9af; --rule: #3a3d40; } }
html { background: var(--ground); color: var(--ink); }
body { font: 1rem/1.5 Georgia, "Noto Serif", serif; margin: 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1, h2, h3, p { overflow-wrap: anywhere; margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.25; font-weight: normal; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 1rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
.soft, figcaption { color: var(--soft); font: 0.875rem/1.5 Verdana, "Noto Sans", sans-serif; }
header { background: var(--paper); border-top: 4px solid var(--link); padding: 1.5rem; }
header > * + * { margin-top: 0.75rem; }
.missing { border-inline-start: 4px solid #a11212; padding-inline-start: 0.75rem;
  max-width: 48rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { display: inline-block; margin-inline-end: 1.25rem; }
section { padding: 2rem 1.5rem; border-top: 1px solid var(--rule); }
.frames, .pair { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
figure { margin: 0; max-width: 100%; }
figcaption { margin: 0 0 0.3rem; }
iframe { box-sizing: border-box; display: block; max-width: 100%; height: 48rem;
  border: 1px solid #767676; }
.desk { width: min(42rem, calc(100vw - 3rem)); }
.phone { width: min(375px, calc(100vw - 3rem)); }
.light { background: #ffffff; color-scheme: light; }
.dark { background: #16181b; color-scheme: dark; }
pre { box-sizing: border-box; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 48rem;
  margin: 0; padding: 1.25rem; background: var(--paper); border: 1px solid var(--rule); }
.text { margin-top: 1.5rem; }
"""
_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_OFFERED = re.compile(r"light dark")
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"


def letter_page(
    issue: Issue,
    editions: Sequence[Edition],
    *,
    list_name: str,
    note: str = "",
    pictures: Mapping[str, str] | None = None,
) -> str:
    """Return a page that shows every edition four times, with its text part below.

    *note* is said above them, beside what holds the issue. *pictures* says what stands here for
    addresses of the letter that cannot be reached yet. No edition can run a script there.
    """
    notes = [text for text in (note, issue.note) if text]
    told = "".join(f'<p class="missing">{escape(text)}</p>' for text in notes)
    day = spell(issue.local_date, _ENGLISH)
    title = escape(f"{list_name}: {day}" if list_name else day)
    when = escape(f"Goes out: {spell(issue.due_at, _ENGLISH, issue.zone)} ({issue.zone})")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header>\n"
        f'<h1>{title}</h1>\n<p class="soft">{escape(issue.key)}<br>{when}</p>\n{told}\n'
        f"{_languages(editions)}</header>\n<main>\n"
        + "\n".join(_shown(one, pictures or {}) for one in editions)
        + "\n</main>\n</body>\n</html>\n"
    )


def in_scheme(html: str, scheme: str) -> str:
    """Return a letter as it looks to somebody who likes *scheme*, "light" or "dark".

    A frame without any right does not take the scheme of what stands around it in every browser,
    so it is written into the letter's own styles.
    """
    head, ends, body = html.partition("</head>")
    head = _ASKED.sub(lambda asked: _ALWAYS if asked[1].lower() == scheme else _NEVER, head)
    return _OFFERED.sub(scheme, head) + ends + body


def _languages(editions: Sequence[Edition]) -> str:
    if len(editions) < 2:
        return ""
    links = "".join(
        f'<li><a href="#{escape(one.language)}">{_name(one.language)}</a></li>' for one in editions
    )
    return f'<nav aria-label="Languages"><ul>{links}</ul></nav>\n'


def _shown(edition: Edition, pictures: Mapping[str, str]) -> str:
    name, tag = _name(edition.language), escape(edition.language)
    direction = "rtl" if is_right_to_left(edition.language) else "ltr"
    tongue = f'lang="{tag}" dir="{direction}"'
    html = edition.html
    for url, seen in pictures.items():
        html = html.replace(f'src="{escape(url)}"', f'src="{escape(seen)}"')
    frames = "".join(_pair(html, name, scheme) for scheme in _SCHEMES)
    return (
        f'<section aria-labelledby="{tag}">'
        f'<h2 id="{tag}">{name}: <bdi {tongue}>{escape(edition.subject)}</bdi></h2>'
        f'<div class="frames">{frames}</div>'
        f'<h3 class="text">As plain text ({name})</h3>'
        f"<pre {tongue}>{escape(edition.text)}</pre></section>"
    )


def _pair(html: str, name: str, scheme: str) -> str:
    """Return the frames of one scheme, which stay side by side where there is room."""
    inside = escape(in_scheme(html, scheme))
    figures = "".join(
        f"<figure><figcaption>{width}, {scheme}</figcaption>"
        f'<iframe class="{width} {scheme}" title="{name}, {width}, {scheme}" sandbox'
        f' srcdoc="{inside}"></iframe></figure>'
        for width in _WIDTHS
    )
    return f'<div class="pair">{figures}</div>'


def _name(language: Language) -> str:
    return escape(language_name(language, _ENGLISH))
