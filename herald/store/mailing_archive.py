"""Letters for everybody to read: the queries behind the archive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.archive import Letter
from herald.model.ids import Language, ListId
from herald.model.mailing import STARTED, Edition
from herald.store.engine import Store
from herald.store.mailing_tables import edition, issue, issue_of

_STARTED = tuple(state.value for state in STARTED)


class StoredArchive:
    """The letters in the store; ``herald.ports.ArchiveStore`` is the contract."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def letters(self, mailing_list: ListId, *, after: int, most: int) -> tuple[Letter, ...]:
        """Return letters of a list, the newest first, without the first *after*."""
        wanted = (
            _sent()
            .where(issue.c.list == mailing_list)
            .order_by(issue.c.started_at.desc(), issue.c.key)
            .offset(after)
            .limit(most)
        )
        async with self._store.reading() as connection:
            return await _with_subjects(connection, list(await connection.execute(wanted)))

    async def letter(self, key: str) -> Letter | None:
        """Return one letter; None if there is none, or it is not sent yet."""
        async with self._store.reading() as connection:
            rows = list(await connection.execute(_sent().where(issue.c.key == key)))
            return next(iter(await _with_subjects(connection, rows)), None)

    async def edition(self, key: str, language: Language) -> Edition | None:
        """Return one edition of a letter."""
        wanted = (
            select(edition)
            .join(issue, issue.c.key == edition.c.issue)
            .where(
                edition.c.issue == key,
                edition.c.language == language,
                issue.c.state.in_(_STARTED),
            )
        )
        async with self._store.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            return None
        return Edition(
            language=Language(row.language), subject=row.subject, text=row.text, html=row.html
        )


def _sent() -> Select[Any]:
    return select(issue).where(issue.c.state.in_(_STARTED))


async def _with_subjects(connection: AsyncConnection, rows: list[Row[Any]]) -> tuple[Letter, ...]:
    wanted = (
        select(edition.c.issue, edition.c.language, edition.c.subject)
        .where(edition.c.issue.in_([row.key for row in rows]))
        .order_by(edition.c.issue, edition.c.place)
    )
    subjects: dict[str, list[tuple[Language, str]]] = {}
    for one in await connection.execute(wanted):
        subjects.setdefault(one.issue, []).append((Language(one.language), one.subject))
    return tuple(
        Letter(issue=issue_of(row), subjects=tuple(subjects[row.key]))
        for row in rows
        if row.key in subjects
    )
