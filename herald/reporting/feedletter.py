"""A friendly mail to a partner about its feed: for a person to read, change and send.  Pure.

Nobody is blamed and nothing is urgent: the reader runs a museum, and the feed is a favour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from herald.composing.locales import locale_of
from herald.data.feed_letters import letter_language, letter_words
from herald.model.advice import Advice
from herald.model.ids import Language
from herald.model.polling import Feed
from herald.reporting.posttext import plain

MOST_HINTS = 3
"""Who asks for more gets nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What somebody may send to a partner."""

    language: Language
    subject: str
    body: str
    """Plain text, a paragraph a line."""

    def document(self) -> dict[str, str]:
        """Return what ``herald feeds letter --json`` prints."""
        return {"language": self.language, "subject": self.subject, "body": self.body}


def letter_of_trouble(
    feed: Feed, *, language: Language | None, zone: str, remedy: str = "", contact: str = ""
) -> Letter:
    """Return a letter that says since when a feed cannot be read, what is seen, what to do.

    *remedy* is for a web master and in English, as the finding is.
    """
    tongue = letter_language(language)
    say = letter_words(tongue)
    since = _day(feed.trouble_since or feed.checked_at, tongue, zone)
    return _letter(
        tongue,
        say["subject_trouble"],
        (
            say["intro_trouble"],
            feed.address,
            say["since_trouble"].format(since=since),
            "\n".join(part for part in (_quoted(feed.trouble), remedy) if part),
            say["gone"] if feed.gone else say["ask"],
            *(() if feed.gone else (say["check"], say["no_hurry"])),
        ),
        contact=contact,
    )


def letter_of_hints(
    address: str, hints: Sequence[Advice], *, language: Language | None, contact: str = ""
) -> Letter:
    """Return a letter with the most useful of *hints*, the most important first."""
    tongue = letter_language(language)
    say = letter_words(tongue)
    told = [
        "\n".join(part for part in (f"{number}. {plain(hint.message)}", hint.how) if part)
        for number, hint in enumerate(hints[:MOST_HINTS], start=1)
    ]
    return _letter(
        tongue,
        say["subject_hints"],
        (say["intro_hints"], address, say["hints"], *told, say["hints_end"]),
        contact=contact,
    )


def _letter(language: Language, subject: str, paragraphs: Iterable[str], *, contact: str) -> Letter:
    say = letter_words(language)
    parts = (say["greeting"], *paragraphs, say["thanks"], contact)
    return Letter(
        language=language, subject=subject, body="\n\n".join(part for part in parts if part)
    )


def _quoted(finding: str) -> str:
    return f'"{plain(finding)}"'


def _day(moment: datetime | None, language: Language, zone: str) -> str:
    """Spell the day only, without its name, which many languages would have to bend."""
    if moment is None:
        return "…"
    local = moment.astimezone(ZoneInfo(zone)).date()
    return str(format_date(local, "long", locale_of(language)))
