"""The pages on which readers change their letters: in their language, without scripts.  Pure."""

from __future__ import annotations

from html import escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.locales import language_name
from herald.composing.zone_names import zone_name, zone_names
from herald.mailing.readers.preference_words import preference_words
from herald.mailing.readers.preferences import Choices, ListChoice
from herald.model.ids import Language
from herald.model.mailing import SubscriptionState
from herald.web.joining_pages import JOINING_STYLE, TRAP
from herald.web.pages import page, style_hash

PREFERENCES_STYLE = (
    JOINING_STYLE
    + """
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 1rem 0; border-top: 1px solid var(--rule); }
h3 { margin: 0; font-size: 1.125rem; line-height: 1.4; }
li p { margin: 0 0 0.75rem; color: var(--soft); }
.told { border-inline-start: 4px solid var(--leaf); padding-inline-start: 0.75rem; }
.sure { display: flex; gap: 0.75rem; align-items: flex-start; }
.sure input { flex: none; width: 1.5rem; height: 1.5rem; margin: 0.15rem 0 0;
  accent-color: var(--leaf); }
.sure label { margin: 0; }
.gap { margin: 0; padding-top: 1rem; border-top: 1px solid var(--rule); }
"""
)

PREFERENCES_STYLE_HASH = style_hash(PREFERENCES_STYLE)


def choices_page(choices: Choices, *, data_link: str, told: str = "") -> str:
    """Return the page of one reader; *told* is what has just happened, *data_link* the download."""
    say = preference_words(choices.spoken)
    about = escape(say["about"]).replace(
        "{address}", f'<bdi dir="ltr">{escape(choices.hidden_address)}</bdi>'
    )
    parts = [
        *([f'<p class="told" role="status">{escape(told)}</p>'] if told else []),
        f'<p class="soft">{about}</p>',
        f"<h2>{escape(say['lists'])}</h2>",
        '<form method="post">',
        "<ul>",
        *(_list_item(each, choices.spoken) for each in choices.lists),
        "</ul>",
        *_leave_all(choices, say["leave_all"]),
        "</form>",
        *_settings(choices),
        f"<h2>{escape(say['personal'])}</h2>",
        *(_owners_part(choices.spoken, data_link) if choices.is_owner else _others(choices.spoken)),
    ]
    return _page(choices.spoken, say["title"], parts)


def ask_page(language: Language, *, written: str = "", is_wrong: bool = False) -> str:
    """Return the page that asks for an address; after a mistake it says so beside the field."""
    say = preference_words(language)
    error, described, marks = "", "explain", ""
    if is_wrong:
        error = f'<p class="wrong" id="email-wrong" role="alert">{escape(say["bad_address"])}</p>'
        described, marks = "email-wrong explain", ' aria-invalid="true" autofocus'
    parts = [
        f'<p id="explain">{escape(say["ask_explain"])}</p>',
        '<form method="post">',
        f'<label for="email">{escape(say["join_email"])}</label>',
        error,
        (
            '<input id="email" name="email" type="email" required maxlength="254" dir="ltr"'
            f' autocomplete="email" aria-describedby="{described}"{marks}'
            f' value="{escape(written[:254])}">'
        ),
        f'<div class="trap"><label for="{TRAP}">{escape(say["join_trap"])}</label>',
        f'<input id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>',
        f'<p><button type="submit">{escape(say["ask_button"])}</button></p>',
        "</form>",
    ]
    return _page(language, say["ask_title"], parts)


def sent_page(language: Language) -> str:
    """Return the page that answers every address alike."""
    say = preference_words(language)
    told = f'<p role="status">{escape(say["sent_text"])}</p>'
    return _page(language, say["asked_title"], [told])


def wait_page(language: Language) -> str:
    """Return the page for somebody from where too much is asked."""
    say = preference_words(language)
    return _page(language, say["many_title"], [f"<p>{escape(say['many_text'])}</p>"])


def gone_page(language: Language) -> str:
    """Return the page for a link that is forged, too old, or of somebody who was erased."""
    say = preference_words(language)
    parts = [
        f"<p>{escape(say['gone_text'])}</p>",
        f'<p><a href="/p">{escape(say["again"])}</a></p>',
    ]
    return _page(language, say["gone_title"], parts)


def erased_page(language: Language) -> str:
    """Return the page that tells that everything is erased."""
    say = preference_words(language)
    told = f'<p role="status">{escape(say["erased_text"])}</p>'
    return _page(language, say["erased_title"], [told])


def _list_item(one: ListChoice, spoken: Language) -> str:
    say = preference_words(spoken)
    words = {
        SubscriptionState.SUBSCRIBED: "on",
        SubscriptionState.PENDING: "waiting",
        SubscriptionState.LEFT: "off",
    }
    buttons = []
    if one.may_join and one.state is not SubscriptionState.SUBSCRIBED:
        buttons.append(_button("join", one, say["join"]))
    if one.state is not SubscriptionState.LEFT:
        buttons.append(_button("leave", one, say["leave"]))
    told = f"<h3>{escape(one.name)}</h3><p>{escape(say[words[one.state]])}</p>"
    return f"<li>{told}{' '.join(buttons)}</li>"


def _button(name: str, one: ListChoice, words: str) -> str:
    # A name from left to right keeps its own marks around it in a line from right to left.
    shown = escape(words).replace("{list}", f"<bdi>{escape(one.name)}</bdi>")
    return (
        f'<button type="submit" class="quiet" name="{name}" value="{escape(one.id)}">{shown}'
        "</button>"
    )


def _leave_all(choices: Choices, words: str) -> list[str]:
    there = [one for one in choices.lists if one.state is not SubscriptionState.LEFT]
    if len(there) < 2:
        return []
    button = '<button type="submit" class="quiet" name="leave-all" value="yes">'
    return [f'<p class="gap">{button}{escape(words)}</button></p>']


def _settings(choices: Choices) -> list[str]:
    say = preference_words(choices.spoken)
    return [
        f"<h2>{escape(say['settings'])}</h2>",
        '<form method="post">',
        f'<label for="language">{escape(say["language"])}</label>',
        f'<select id="language" name="language">{_languages(choices)}</select>',
        f'<label for="zone">{escape(say["zone"])}</label>',
        f'<select id="zone" name="zone" aria-describedby="zone-explain">{_zones(choices)}</select>',
        f'<p class="soft" id="zone-explain">{escape(say["zone_explain"])}</p>',
        f'<p><button type="submit" name="save" value="yes">{escape(say["save"])}</button></p>',
        "</form>",
    ]


def _languages(choices: Choices) -> str:
    offered = choices.languages
    if choices.language is not None and choices.language not in offered:
        offered = (choices.language, *offered)
    return "".join(
        f'<option value="{escape(tag)}" lang="{escape(tag)}"'
        f"{_direction(tag)}"
        f"{' selected' if tag == choices.language else ''}>"
        f"{escape(language_name(tag, tag))}</option>"
        for tag in offered
    )


def _zones(choices: Choices) -> str:
    say = preference_words(choices.spoken)
    named = list(zone_names(choices.spoken))
    if choices.zone and choices.zone not in dict(named):
        named.insert(0, (choices.zone, zone_name(choices.zone, choices.spoken)))
    return "".join(
        f'<option value="{escape(zone)}"{" selected" if zone == choices.zone else ""}>'
        f"{escape(name)}</option>"
        for zone, name in [("", say["zone_none"]), *named]
    )


def _others(spoken: Language) -> list[str]:
    say = preference_words(spoken)
    return [
        f'<p class="soft">{escape(say["personal_explain"])}</p>',
        '<form method="post">',
        '<button type="submit" class="quiet" name="send-link" value="yes">',
        f"{escape(say['send_link'])}</button></form>",
    ]


def _owners_part(spoken: Language, data_link: str) -> list[str]:
    say = preference_words(spoken)
    return [
        f'<p><a href="{escape(data_link)}">{escape(say["download"])}</a></p>',
        f'<p class="soft" id="erase-explain">{escape(say["erase_explain"])}</p>',
        '<form method="post" aria-describedby="erase-explain">',
        '<p class="sure"><input type="checkbox" id="sure" name="sure" value="yes" required>',
        f'<label for="sure">{escape(say["erase_sure"])}</label></p>',
        '<button type="submit" class="quiet" name="erase" value="yes">',
        f"{escape(say['erase'])}</button></form>",
    ]


def _direction(tag: Language) -> str:
    return ' dir="rtl"' if is_right_to_left(tag) else ""


def _page(language: Language, title: str, parts: list[str]) -> str:
    return page(language, title, parts, style=PREFERENCES_STYLE)
