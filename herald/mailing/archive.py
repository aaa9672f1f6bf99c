"""Where a letter stands for everybody to read once it was sent.  Pure."""

from __future__ import annotations

from herald.model.configuration import MailingList
from herald.model.ids import Language


def archive_url(public_url: str, mailing_list: MailingList, key: str, language: Language) -> str:
    """Return the stable address of one edition of the issue *key*; empty where there is none."""
    if not public_url or not mailing_list.has_archive:
        return ""
    return f"{public_url.rstrip('/')}/letters/{key}/{language}"
