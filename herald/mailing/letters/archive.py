"""Where a letter stands for everybody to read once it is being sent, and what stands there.

An edition is the same for all its readers: what is each reader's own is put in when it is sent. So
nothing here is personal, and the erasure of a person changes nothing here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from herald.mailing.phrases import ENGLISH
from herald.model.archive import Letter
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.mailing import Edition
from herald.ports import ArchiveStore

LETTERS_AT_ONCE = 20
"""Letters of one page of the index, and of a feed."""


def archive_url(public_url: str, mailing_list: MailingList, key: str, language: Language) -> str:
    """Return the stable address of one edition of the issue *key*; empty where there is none."""
    if not public_url or not mailing_list.has_archive:
        return ""
    return f"{public_url.rstrip('/')}/letters/{key}/{language}"


def list_url(public_url: str, mailing_list: MailingList) -> str:
    """Return the address of the index of a list's letters; empty where there is none."""
    if not public_url or not mailing_list.has_archive:
        return ""
    return f"{public_url.rstrip('/')}/letters/{mailing_list.id}"


class Archive:
    """The letters of lists whose archive is open."""

    def __init__(
        self,
        *,
        store: ArchiveStore,
        lists: Callable[[], Mapping[ListId, MailingList]],
        public_url: str,
    ) -> None:
        """Join the room's parts; without *public_url* no link leads here, and nothing is open."""
        self._store = store
        self._lists = lists
        self.public_url = public_url.rstrip("/")

    def open_list(self, name: str) -> MailingList | None:
        """Return a list whose letters everybody may read; None for others and for none."""
        found = self._lists().get(ListId(name)) if self.public_url else None
        return found if found is not None and found.has_archive else None

    async def letters(self, mailing_list: MailingList, *, page: int) -> tuple[Letter, ...]:
        """Return one page's letters, the newest first, and one more if there is a next page."""
        after = (page - 1) * LETTERS_AT_ONCE
        return await self._store.letters(mailing_list.id, after=after, most=LETTERS_AT_ONCE + 1)

    async def letter(self, key: str) -> tuple[MailingList, Letter] | None:
        """Return a letter with its list; None if not everybody may read it."""
        found = await self._store.letter(key) if self.public_url else None
        mailing_list = self.open_list(found.issue.list) if found is not None else None
        return (mailing_list, found) if mailing_list is not None and found is not None else None

    async def edition(self, letter: Letter, language: Language) -> Edition | None:
        """Return one edition of a letter."""
        return await self._store.edition(letter.issue.key, language)


@cache
def _all_words() -> dict[str, dict[str, str]]:
    text = (files("herald.mailing.letters") / "archive_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def archive_words(language: Language) -> Mapping[str, str]:
    """Return what is said in *language*, in its base language, or in English."""
    known = _all_words()
    return known["en"] | known.get(_base(language), {})


def archive_language(*wanted: Language) -> Language:
    """Return the first of *wanted* in which ``archive_words`` answers, or English."""
    spoken = (Language(_base(each)) for each in wanted if _base(each) in _all_words())
    return next(spoken, ENGLISH)


def _base(language: str) -> str:
    return language.partition("-")[0].casefold()
