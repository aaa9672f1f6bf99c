"""The page that shows an issue to its editors: on telephone and desk, light and dark.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.locales import language_name
from herald.model.ids import Language
from herald.model.mailing import Edition, Issue

_FRAMES = (("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark"))
_STYLE = """
:root { color-scheme: light dark; --link: #14532d; --paper: #ffffff;
  --ink: #22241f; }
@media (prefers-color-scheme: dark) { :root { --link: #8fd3a8; --paper: #16181b; --ink: #eceae4; } }
html { background: var(--paper); color: var(--ink); }
a { color: var(--link); }
h1, h2, p { overflow-wrap: anywhere; }
body { background: var(--paper); font: 1rem/1.5 "Noto Sans", sans-serif; margin: 0 auto;
  padding: 1.5rem; max-width: 90rem; }
.missing { border-inline-start: 4px solid #a11212; padding: 0.5rem 1rem; }
.frames { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
figure { margin: 0; max-width: 100%; }
figcaption { margin: 0 0 0.3rem; }
iframe { box-sizing: border-box; max-width: 100%; height: 44rem; border: 1px solid #767676; }
.desk { width: min(42rem, calc(100vw - 3rem)); }
.phone { width: min(375px, calc(100vw - 3rem)); }
.light { color-scheme: light; background: #ffffff; }
.dark { color-scheme: dark; background: #16181b; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 48rem; }
nav a { margin-inline-end: 1rem; }
h2 { margin-top: 3rem; }
"""


def letter_page(issue: Issue, editions: Sequence[Edition], *, note: str = "") -> str:
    """Return a page that shows every edition four times, with its text part below.

    *note* is said above them, beside what holds the issue. No edition can run a script there.
    """
    notes = [text for text in (note, issue.note) if text]
    told = "".join(f'<p class="missing">{escape(text)}</p>' for text in notes)
    links = "".join(
        f'<a href="#{escape(one.language)}">{_name(one.language)}</a>' for one in editions
    )
    title = escape(issue.key)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n{told}\n<nav aria-label="Languages">{links}</nav>\n'
        + "\n".join(_shown(one) for one in editions)
        + "\n</main>\n</body>\n</html>\n"
    )


def _shown(edition: Edition) -> str:
    name = _name(edition.language)
    direction = "rtl" if is_right_to_left(edition.language) else "ltr"
    tongue = f'lang="{escape(edition.language)}" dir="{direction}"'
    frames = "".join(
        f"<figure><figcaption>{width}, {scheme}</figcaption>"
        f'<iframe class="{width} {scheme}" title="{name}, {width}, {scheme}" sandbox'
        f' srcdoc="{escape(edition.html)}"></iframe></figure>'
        for width, scheme in _FRAMES
    )
    return (
        f'<section aria-labelledby="{escape(edition.language)}">'
        f'<h2 id="{escape(edition.language)}">{name}: '
        f"<bdi {tongue}>{escape(edition.subject)}</bdi></h2>"
        f'<div class="frames">{frames}</div>'
        f"<h3>As plain text ({name})</h3><pre {tongue}>{escape(edition.text)}</pre></section>"
    )


def _name(language: Language) -> str:
    return escape(language_name(language, Language("en")))
