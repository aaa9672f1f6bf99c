"""What Herald says to people who want to join a list, in their languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from herald.mailing.phrases import ENGLISH
from herald.mailing.sending.senders import list_name
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.joining import ConsentText


@cache
def _all_words() -> dict[str, dict[str, str]]:
    text = (files("herald.mailing.readers") / "joining_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def joining_words(language: Language) -> Mapping[str, str]:
    """Return what is said in *language*, in its base language, or in English."""
    known = _all_words()
    return known["en"] | known.get(_base(language), {})


def joining_language(*wanted: Language) -> Language:
    """Return the first of *wanted* in which ``joining_words`` answers, or English."""
    spoken = (Language(_base(each)) for each in wanted if _base(each) in _all_words())
    return next(spoken, ENGLISH)


def language_to(mailing_list: MailingList, *wanted: Language) -> Language:
    """Return the language in which Herald speaks to somebody about a list.

    Of *wanted* the first that it speaks; else English, if the list is written in it too, for who
    asks for Finnish will rather read that than Maltese; else a language of the list. Who asks for
    none gets the list's first.
    """
    own = mailing_list.languages
    first = () if wanted else own[:1]
    english = (ENGLISH,) if ENGLISH in own else ()
    return joining_language(*wanted, *first, *english, *own)


def consent_text(mailing_list: MailingList, language: Language) -> ConsentText:
    """Return what somebody agrees to by joining; any change of its words makes a new version."""
    spoken = joining_language(language)
    say = joining_words(spoken)
    sender = f"{mailing_list.sender_name}, {mailing_list.sender_address}"
    controller = mailing_list.controller.first((spoken, *mailing_list.languages)) or sender
    lines = (
        say["agree"].format(list=list_name(mailing_list, spoken)),
        say["kept"],
        say["responsible"].format(controller=controller),
    )
    privacy = mailing_list.privacy.first((spoken, *mailing_list.languages)) or ""
    whole = "\n".join([spoken, *lines, privacy])
    return ConsentText(
        language=spoken, lines=lines, privacy=privacy, digest=sha256(whole.encode()).hexdigest()
    )


def letter_language(mailing_list: MailingList, *wanted: Language) -> Language:
    """Return the first of *wanted* that a list is written in, else the list's first."""
    there: Sequence[Language] = mailing_list.languages or (ENGLISH,)
    for each in wanted:
        for tag in (each.casefold(), _base(each)):
            found = next((one for one in there if one.casefold() == tag), None)
            if found is not None:
                return found
    return there[0]


def _base(language: str) -> str:
    return language.partition("-")[0].casefold()
