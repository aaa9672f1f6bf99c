"""An issue as it would be put together now, long before that is done; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from herald.mailing.letters.gather import Sources
from herald.mailing.letters.pictures import LetterPictures
from herald.mailing.letters.preparing import follow_plan
from herald.model.mailing import Edition, Issue
from herald.model.plan import PlannedIssue
from herald.ports import MailingStore


async def draft(
    planned: PlannedIssue,
    sources: Sources,
    known: Sequence[Issue],
    *,
    now: datetime,
    public_url: str = "",
    pictures: LetterPictures | None = None,
) -> tuple[Issue, tuple[Edition, ...]] | None:
    """Return an issue that lies ahead with its editions, as they would be by *now*.

    *known* is every issue there is; without *pictures* those of files are left out. None where the
    issue has been started, or is over.
    """
    paper = _Paper(known)
    await follow_plan(
        # Of the store it needs what stands below, and nothing else.
        cast("MailingStore", paper),
        [planned],
        sources,
        until=now,
        now=now,
        public_url=public_url,
        pictures=pictures,
    )
    return paper.drafts.get(planned.key)


class _Paper:
    """Takes down what would be written of issues."""

    def __init__(self, known: Sequence[Issue]) -> None:
        self._known = tuple(known)
        self.drafts: dict[str, tuple[Issue, tuple[Edition, ...]]] = {}

    async def issues(self) -> tuple[Issue, ...]:
        """Return every issue there is."""
        return self._known

    async def save_issue(
        self, changed: Issue, *, was: Issue | None, editions: Sequence[Edition] | None = None
    ) -> bool:
        """Keep what would be written."""
        self.drafts[changed.key] = (changed, tuple(editions or ()))
        return True
