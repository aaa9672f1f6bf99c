"""The pages of joining a list: in the visitor's language, without scripts or cookies.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.locales import language_name
from herald.mailing.readers.joining import CONFIRM_WITHIN, Invitation
from herald.mailing.readers.joining_words import joining_words
from herald.model.ids import Language
from herald.model.joining import ConsentText
from herald.web.pages import STYLE, page, style_hash

TRAP = "website"
"""A field that people do not see, and that programs fill in."""

JOINING_STYLE = (
    STYLE
    + """
label { display: block; margin: 0 0 0.3rem; }
input, select { box-sizing: border-box; width: 100%; margin: 0 0 1.25rem; padding: 0.6em;
  font: inherit; color: var(--ink); background: var(--paper); border: 2px solid var(--soft);
  border-radius: 4px; }
input[aria-invalid] { border-color: var(--wrong); border-width: 3px; }
:root { --wrong: #a11212; }
@media screen and (prefers-color-scheme: dark) { :root { --wrong: #ff9d94; } }
.wrong { color: var(--wrong); margin: 0 0 0.5rem; }
.trap { display: none; }
"""
)

JOINING_STYLE_HASH = style_hash(JOINING_STYLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpForm:
    """What the page of an open list shows."""

    list_name: str
    language: Language
    """Of the page; one that ``joining_language`` gave."""
    letters: tuple[Language, ...]
    """Languages that the list is written in."""
    chosen: Language
    """The language of letters that is offered first."""
    text: ConsentText
    written: str = ""
    """The address as it was written."""
    is_wrong: bool = False
    """No mail reaches the address that was written."""


def sign_up_page(form: SignUpForm) -> str:
    """Return the page with the form; after a mistake it says what is wrong, beside the field."""
    say = joining_words(form.language)
    trap = (
        f'<div class="trap"><label for="{TRAP}">{escape(say["join_trap"])}</label>'
        f'<input id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
    )
    parts = [
        f'<p id="explain">{escape(say["join_explain"])}</p>',
        '<form method="post">',
        *_address_field(form, say["join_email"], say["bad_address"]),
        *_language_field(form, say["join_language"]),
        trap,
        f'<input type="hidden" name="lang" value="{escape(form.language)}">',
        f'<p><button type="submit">{escape(say["join_button"])}</button></p>',
        "</form>",
        *_agreement(form.text, say["privacy"], without_first=True),
    ]
    return _page(form.language, say["join_title"].format(list=form.list_name), parts)


def asked_page(language: Language) -> str:
    """Return the page that answers every request alike, whosever the address is."""
    say = joining_words(language)
    told = f'<p role="status">{escape(say["asked_text"])}</p>'
    return _page(language, say["asked_title"], [told])


def too_many_page(language: Language) -> str:
    """Return the page for somebody from where too much is asked."""
    say = joining_words(language)
    return _page(language, say["many_title"], [f"<p>{escape(say['many_text'])}</p>"])


def confirm_page(invitation: Invitation) -> str:
    """Return the page that asks for consent, or says that it was given; showing changes nothing."""
    say = joining_words(invitation.language)
    if invitation.has_joined:
        told = say["confirmed_text"].format(list=invitation.list_name)
        part = f'<p role="status">{escape(told)}</p>'
        return _page(invitation.language, say["confirmed_title"], [part])
    parts = [
        *_agreement(invitation.text, say["privacy"]),
        '<form method="post">',
        f'<input type="hidden" name="text" value="{invitation.text.digest}">',
        f'<button type="submit">{escape(say["confirm_button"])}</button>',
        "</form>",
    ]
    return _page(invitation.language, say["confirm_title"], parts)


def expired_page(language: Language) -> str:
    """Return the page for a link that is forged, used up or too old: they are told apart nowhere.

    *language* is the visitor's, for nobody knows whose link it was.
    """
    say = joining_words(language)
    told = say["expired_text"].format(days=CONFIRM_WITHIN.days)
    return _page(language, say["expired_title"], [f"<p>{escape(told)}</p>"])


def _address_field(form: SignUpForm, label: str, wrong: str) -> list[str]:
    described = "explain"
    error: list[str] = []
    marks = ""
    if form.is_wrong:
        error = [f'<p class="wrong" id="email-wrong" role="alert">{escape(wrong)}</p>']
        described = "email-wrong explain"
        marks = ' aria-invalid="true" autofocus'
    field = (
        '<input id="email" name="email" type="email" required maxlength="254" dir="ltr"'
        f' autocomplete="email" aria-describedby="{described}"{marks}'
        f' value="{escape(form.written[:254])}">'
    )
    return [f'<label for="email">{escape(label)}</label>', *error, field]


def _language_field(form: SignUpForm, label: str) -> list[str]:
    if len(form.letters) < 2:
        return []
    options = "".join(
        f'<option value="{escape(tag)}" lang="{escape(tag)}"{_direction(tag)}'
        f"{' selected' if tag == form.chosen else ''}>{escape(language_name(tag, tag))}</option>"
        for tag in form.letters
    )
    return [
        f'<label for="language">{escape(label)}</label>',
        f'<select id="language" name="language">{options}</select>',
    ]


def _agreement(text: ConsentText, privacy: str, *, without_first: bool = False) -> list[str]:
    """Return what is agreed to; on the first page nobody agrees to anything yet."""
    lines: Sequence[str] = text.lines[1:] if without_first else text.lines
    shown = [f'<p class="{"soft" if without_first else "said"}">{escape(one)}</p>' for one in lines]
    if text.privacy:
        shown.append(f'<p><a href="{escape(text.privacy)}">{escape(privacy)}</a></p>')
    return shown


def _direction(tag: Language) -> str:
    return ' dir="rtl"' if is_right_to_left(tag) else ""


def _page(language: Language, title: str, parts: list[str]) -> str:
    return page(language, title, parts, style=JOINING_STYLE)
