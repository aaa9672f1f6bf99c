"""The public pages: short, without scripts, in the reader's language, in light and dark.  Pure.

The one style sheet is allowed by its hash, so that the content security policy can refuse
everything else.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.mailing.phrases import ENGLISH, phrases, phrases_language, spoken_languages
from herald.model.ids import Language

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #22241f; --soft: #575a52;
  --leaf: #14532d; --on-leaf: #ffffff; --ground: #f4f1ea; --rule: #d9d5cb; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #eceae4;
  --soft: #bdb9af; --leaf: #8fd3a8; --on-leaf: #10130f; --ground: #0f1113; --rule: #3a3d40; } }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1.125rem/1.6 Georgia, "Noto Serif", serif; }
main { box-sizing: border-box; max-width: 36rem; margin: 8vh auto; padding: 2.5rem;
  background: var(--paper); border-top: 4px solid var(--leaf); }
h1, h2, h3, p, li, a, button, summary { overflow-wrap: anywhere; }
h1, h2, h3, button { hyphens: auto; hyphenate-limit-chars: 12 4 4; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; font-weight: normal; }
h2 { margin: 2.5rem 0 1rem; font-size: 1.3rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
main > :last-child { margin-bottom: 0; }
a { color: var(--leaf); }
:focus-visible { outline: 3px solid var(--leaf); outline-offset: 3px; }
.soft { color: var(--soft); }
button { font: inherit; max-width: 100%; padding: 0.7em min(1.4em, 5vw);
  border: 2px solid var(--leaf); border-radius: 4px; background: var(--leaf);
  color: var(--on-leaf); cursor: pointer; }
button:hover { text-decoration: underline; }
button.quiet { background: var(--paper); color: var(--leaf); }
@media (max-width: 30rem) { main { margin: 0; min-height: 100vh;
  padding: 1.5rem min(1.5rem, 7vw); } }
@media print { :root { color-scheme: light; } body { background: #ffffff; }
  main { margin: 0; padding: 0; border: 0; } }
"""
"""Of every public page; kept without a single value from outside."""


def style_hash(style: str) -> str:
    """Return what allows *style* in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


STYLE_HASH = style_hash(STYLE)


def question_page(language: Language, list_name: str) -> str:
    """Return the page that asks whether somebody wants to leave; asking changes nothing."""
    say = phrases(language)
    form = (
        '<form method="post">'
        '<input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f'<button type="submit">{escape(say["leave_button"])}</button></form>'
    )
    return page(
        phrases_language(language),
        say["leave_title"],
        [
            f"<p>{escape(say['leave_question'].format(list=list_name))}</p>",
            f'<p class="soft">{escape(say["leave_explain"])}</p>',
            form,
        ],
    )


def left_page(language: Language, list_name: str) -> str:
    """Return the page that confirms that somebody has left."""
    say = phrases(language)
    told = say["left_text"].format(list=list_name) if list_name else say["left_text_bare"]
    return page(
        phrases_language(language),
        say["left_title"],
        [
            f'<p role="status">{escape(told)}</p>',
            f'<p class="soft">{escape(say["left_close"])}</p>',
        ],
    )


def notice_page(language: Language, notice: str) -> str:
    """Return a page for what went wrong: unknown, unclear, missing or broken."""
    say = phrases(language)
    told = [f"<p>{escape(say[f'{notice}_text'])}</p>"]
    return page(phrases_language(language), say[f"{notice}_title"], told)


def accepted_languages(accepted: str) -> tuple[Language, ...]:
    """Return the languages of an Accept-Language header, most wanted first (RFC 9110 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:1000].split(",")):
        tag, _, weight = part.partition(";")
        value = _weight(weight)
        if value > 0:
            wanted.append((-value, place, tag.strip().split("-")[0].casefold()))
    return tuple(Language(tag) for _, _, tag in sorted(wanted))


def preferred_language(accepted: str) -> Language:
    """Choose among Herald's own languages by an Accept-Language header."""
    spoken = spoken_languages()
    return next((tag for tag in accepted_languages(accepted) if tag in spoken), ENGLISH)


def page(spoken: Language, title: str, parts: list[str], *, style: str = STYLE) -> str:
    """Return a whole page; *parts* are HTML, *spoken* is the language of its words."""
    direction = "rtl" if is_right_to_left(spoken) else "ltr"
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(spoken)}" dir="{direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</main>\n</body>\n"
        "</html>\n"
    )


def _weight(written: str) -> float:
    name, _, value = written.strip().partition("=")
    if not written.strip():
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
