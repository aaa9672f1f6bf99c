"""How an item or an entry is told to the readers of one edition.  Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from herald.composing.cleaning import clean, clean_line
from herald.composing.credits import credit_of
from herald.composing.dates import interval, month, spell
from herald.composing.templates import Names, substitute
from herald.model.campaign import Campaign, Item, MissingTranslation
from herald.model.configuration import Partner
from herald.model.feed import Entry
from herald.model.ids import Language, PartnerId
from herald.model.mailing import ContentEntry, LetterPicture
from herald.model.words import EVERY, Words

SUMMARY_MOST = 280
"""Characters of a partner's summary: enough to decide whether to read on, and a quotation."""

TEXT_MOST = 700
"""Characters of an item's text; the rest is behind the link."""

TITLE_MOST = 200
"""Characters of a title: a longer one is a mistake of a feed, and would fill a telephone."""

LINK_MOST = 900
"""Characters of a link: a line of a mail has 998 (RFC 5322), and a link cannot be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom an edition speaks to, and what stands in for words that are missing."""

    language: Language
    lead: Language
    missing: MissingTranslation
    partners: Mapping[PartnerId, Partner]

    def choose(self, words: Words, lead: Language | None = None) -> tuple[str, Language] | None:
        """Return the text for this reader and its language; None where it is left out."""
        own = words.get(self.language)
        if own is not None:
            return own, self.language
        if self.missing is MissingTranslation.SKIP:
            return None
        return self.always(words, lead) if words else None

    def always(self, words: Words, lead: Language | None = None) -> tuple[str, Language]:
        """Return a text that must stand somewhere: in the lead language, else in the first."""
        for tag in (self.language, lead or self.lead, self.lead):
            text = words.get(tag)
            if text is not None:
                return text, tag
        return next(((text, tag) for tag, text in words if tag != EVERY), ("", self.language))


def tell_item(campaign: Campaign, item: Item, reader: Reader) -> ContentEntry | None:
    """Return an item in a reader's language, or what stands in for it; None if nothing does."""
    chosen = reader.choose(item.title or item.text, campaign.lead)
    if chosen is None:
        return None
    heading, language = chosen
    link = substitute(item.link.get(language) or "", Names(language=language))
    when = ""
    if item.begins is not None:
        when = interval(item.begins, item.finishes, reader.language, item.zone)
    place = item.location.name if item.location else ""
    names = Names(
        title=heading if item.title else "",
        link=link,
        partner=_partner_name(item.partner, reader),
        begins=spell(item.begins, language, item.zone) if item.begins else "",
        finishes=spell(item.finishes, language, item.zone) if item.finishes else "",
        place=place,
        month=month(item.begins, language) if item.begins else "",
        year=str(item.begins.year) if item.begins else "",
        language=language,
    )
    title = clean_line(substitute(heading, names)) if item.title else ""
    text = _shortened(clean(substitute(item.text.get(language) or "", names)), TEXT_MOST)
    return ContentEntry(
        ref=f"item:{campaign.id}/{item.id}",
        title=_shortened(title, TITLE_MOST) or _shortened(clean_line(text), 80),
        text=text if title else "",
        link=_safe(link),
        language=language,
        when=when,
        place=place,
        credit=names.partner,
        picture=_picture(item, language),
    )


def tell_entry(entry: Entry, reader: Reader) -> ContentEntry | None:
    """Return a partner's entry: in its own language, or to all readers if that is the lead."""
    stands_in = entry.language == reader.lead and reader.missing is MissingTranslation.LEAD
    if entry.language != reader.language and not stands_in:
        return None
    content, event = entry.content, entry.content.event
    title = clean_line(content.title)
    summary = _shortened(clean_line(content.summary), SUMMARY_MOST)
    if not (title or summary):
        return None
    when = ""
    if event is not None:
        zone = event.zone or "UTC"
        begins = event.begins_at.astimezone(ZoneInfo(zone))
        when = spell(begins.date() if event.all_day else begins, reader.language, zone)
    return ContentEntry(
        ref=f"entry:{entry.id}",
        title=_shortened(title, TITLE_MOST) or _shortened(summary, 80),
        text=summary if title else "",
        link=_safe(content.link),
        language=entry.language,
        when=when,
        place=clean_line(event.place) if event else "",
        credit=_partner_name(entry.partners[0] if entry.partners else None, reader),
    )


def _partner_name(name: PartnerId | None, reader: Reader) -> str:
    partner = reader.partners.get(name) if name is not None else None
    return clean_line(reader.always(partner.name)[0]) if partner else ""


def _picture(item: Item, language: Language) -> LetterPicture | None:
    """Return a picture with its description; one that nobody described is left out."""
    image = item.image
    if image is None or image.withheld or image.media_type.startswith("video/"):
        return None
    url = _safe(image.url)
    alt = clean_line(image.alt.get(language) or "")
    if not (url or image.sha256) or not (alt or image.decorative):
        return None
    return LetterPicture(
        url=url,
        file=image.file,
        sha256=image.sha256,
        media_type=image.media_type,
        alt="" if image.decorative else alt,
        is_decorative=image.decorative,
        language=language,
        credit=credit_of(image.credit, image.licence, language).text,
    )


def _shortened(text: str, most: int) -> str:
    """Cut *text* at a word where it is too long; a text that fits keeps its lines."""
    if len(text) <= most:
        return text
    cut = textwrap.shorten(text, most, placeholder="…")
    return cut if len(cut) > 1 else f"{text[: most - 1]}…"  # one endless word


def _safe(link: str) -> str:
    """Return a web address, or nothing: partners' links are hostile until they are seen to be."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    link = "".join(link.split())
    return link if len(link) <= LINK_MOST else ""
