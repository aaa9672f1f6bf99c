"""The Atom feed of a list's letters in one language (RFC 4287).  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

from herald.mailing.letters.archive import archive_url, list_url
from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK
from herald.mailing.phrases import letter_phrases
from herald.mailing.sending.senders import list_name
from herald.model.archive import Letter
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.mailing import Edition
from herald.web.archive_pages import feed_url

_ATOM = "http://www.w3.org/2005/Atom"
_SUMMARY_MOST = 600
"""Characters of the letter that a reader of feeds sees at once."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, even escaped (XML 1.0 section 2.2)."""

_RULE = re.compile(r"^[-=]{3,}$")


def atom_feed(
    mailing_list: MailingList,
    language: Language,
    letters: Sequence[tuple[Letter, Edition]],
    *,
    public_url: str,
    otherwise: datetime,
) -> bytes:
    """Return the feed of *letters*, the newest first.

    *otherwise* is when a feed without a letter changed last: there is no other moment to tell.
    """
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": language})
    here = feed_url(public_url, mailing_list, language)
    _text(feed, "id", here)
    _text(feed, "title", list_name(mailing_list, language))
    moments = [letter.issue.started_at for letter, _ in letters if letter.issue.started_at]
    _text(feed, "updated", _moment(max(moments, default=otherwise)))
    author = ElementTree.SubElement(feed, "author")
    _text(author, "name", mailing_list.sender_name)
    _link(feed, rel="self", type="application/atom+xml", href=here)
    index = f"{list_url(public_url, mailing_list)}?lang={language}"
    _link(feed, rel="alternate", type="text/html", href=index)
    _text(feed, "generator", "Herald")
    for letter, edition in letters:
        _entry(feed, mailing_list, letter, edition, public_url=public_url, otherwise=otherwise)
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def entry_id(public_url: str, letter: Letter, language: Language) -> str:
    """Return the name of an edition that never changes (RFC 4151): not its address, which may."""
    host = (urlsplit(public_url).hostname or "localhost").encode("idna").decode()
    day = letter.issue.local_date.isoformat()
    return f"tag:{host},{day}:letters/{letter.issue.key}/{language}"


def _entry(
    feed: ElementTree.Element,
    mailing_list: MailingList,
    letter: Letter,
    edition: Edition,
    *,
    public_url: str,
    otherwise: datetime,
) -> None:
    entry = ElementTree.SubElement(feed, "entry")
    _text(entry, "id", entry_id(public_url, letter, edition.language))
    _text(entry, "title", edition.subject)
    sent_at = _moment(letter.issue.started_at or otherwise)
    _text(entry, "published", sent_at)
    _text(entry, "updated", sent_at)
    url = archive_url(public_url, mailing_list, letter.issue.key, edition.language)
    _link(entry, rel="alternate", type="text/html", hreflang=edition.language, href=url)
    for tag in letter.languages:
        if tag != edition.language:
            other = archive_url(public_url, mailing_list, letter.issue.key, tag)
            _link(entry, rel="related", type="text/html", hreflang=tag, href=other)
    _text(entry, "summary", _summary(edition, f"/letters/{letter.issue.key}/{edition.language}"))


def _summary(edition: Edition, here: str) -> str:
    """Return how a letter begins, without its foot, in which each reader's own links stand.

    *here* is how the letter's own address ends: the line that leads there says nothing.
    """
    body = edition.text.partition("\n-- \n")[0]
    said, _ = letter_phrases(edition.language)
    online = f"{said['read_online']}:"
    lines = [
        line.strip()
        for line in body.splitlines()[1:]
        if UNSUBSCRIBE_MARK not in line
        and PREFERENCES_MARK not in line
        and not _RULE.match(line.strip())
        and line.strip() not in {edition.subject, online}
        and not line.strip().endswith(here)
    ]
    told = " ".join(line for line in lines if line)
    if len(told) <= _SUMMARY_MOST:
        return told
    return told[:_SUMMARY_MOST].rpartition(" ")[0] + " …"


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("", text)


def _link(parent: ElementTree.Element, **attributes: str) -> None:
    ElementTree.SubElement(parent, "link", attributes)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
