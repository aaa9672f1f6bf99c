"""Herald's side of the benchmark of newsletters: the real room on a real store.

``python -m benchmarks.mailing_herald STORE FOLDER PORT COPIES CONNECTIONS`` is a sender's process:
it freezes an audience, sends every copy, and prints how that went as JSON.  It loads nothing
else, for what it holds is measured, too.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import memory, peak_memory
from herald.clock import SystemClock
from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK
from herald.mailing.mailing import Mailing
from herald.model.configuration import MailingList
from herald.model.ids import CampaignId, Language, ListId
from herald.model.mailing import (
    Edition,
    Issue,
    IssueState,
    MailServer,
    RecipientState,
    Tls,
    WhenUncertain,
)
from herald.model.problem import Place
from herald.model.words import Words
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing

_EN = Language("en")
_LINKS = f'<a href="{UNSUBSCRIBE_MARK}">Leave</a> <a href="{PREFERENCES_MARK}">Choose</a>'
_TEXT = f"Dear friends, here is what is new.\n\n{UNSUBSCRIBE_MARK}\n{PREFERENCES_MARK}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one sending came to."""

    copies: int
    accepted: int
    freezing: float
    """Seconds."""
    sending: float
    """Seconds from the first claim to the last settled copy."""
    before: int
    """Bytes of the process before the audience was frozen: Herald itself and its libraries."""
    frozen: int
    """The most bytes up to the first claim."""
    peak: int
    """The most bytes that the process has held."""

    @property
    def rate(self) -> float:
        """Copies a second."""
        return self.copies / self.sending


def list_of(people: int) -> ListId:
    """Return the list that has so many readers."""
    return ListId(f"readers-{people}")


def _a_list(people: int) -> MailingList:
    return MailingList(
        id=list_of(people),
        name=Words.of({"en": "Friends"}),
        sender_name="EcoHeritage",
        sender_address="news@friends.example.org",
        languages=(_EN,),
        place=Place(file="config/lists.yaml"),
    )


async def send(
    url: str, folder: Path, port: int, *, copies: int, connections: int, size: int
) -> Sent:
    """Send one issue to everybody on a list."""
    opened = await open_store(url, folder)
    store = StoredMailing(opened)
    now = datetime.now(UTC)
    key = f"benchmark/issue/{now:%Y%m%d%H%M%S%f}"
    mailing = Mailing(
        store=store,
        lists=lambda: {list_of(copies): _a_list(copies)},
        server=MailServer(host="127.0.0.1", port=port, tls=Tls.NONE, connections=connections),
        public_url="https://herald.example.org",
        clock=SystemClock(),
    )
    issue = Issue(
        key=key,
        campaign=CampaignId("benchmark"),
        newsletter="issue",
        list=list_of(copies),
        local_date=now.date(),
        zone="UTC",
        due_at=now,
        needs_approval=False,
        when_uncertain=WhenUncertain.ASK,
        local_time=False,
    )
    await store.save_issue(issue, was=None, editions=[an_edition(size)])
    before, begun = memory(), time.perf_counter()
    await store.freeze_audience(issue, lambda _: _EN, now=now)
    frozen, frozen_peak = time.perf_counter(), peak_memory()
    await mailing.send_due(asyncio.Event())
    ended = time.perf_counter()
    progress = await store.progress(key)
    assert progress is not None
    assert progress.issue.state is IssueState.SENT, progress.counts
    accepted = progress.count(RecipientState.ACCEPTED)
    assert accepted == copies, f"{accepted} of {copies} copies were sent"
    await opened.close()
    return Sent(
        copies=copies,
        accepted=accepted,
        freezing=frozen - begun,
        sending=ended - frozen,
        before=before,
        frozen=frozen_peak,
        peak=peak_memory(),
    )


def an_edition(size: int) -> Edition:
    """Make an edition whose mails have about *size* bytes."""
    return Edition(language=_EN, subject="What is new", text=_TEXT, html="".join(_html(size)))


def _html(size: int) -> Iterator[str]:
    yield '<!DOCTYPE html><html lang="en"><title>What is new</title><body>'
    line = "<p>There is a festival of rice at the mill of Argenta, and bread for all.</p>\n"
    yield line * max(0, (size - 2_600) // len(line))
    yield f"{_LINKS}</body></html>\n"


if __name__ == "__main__":
    place, where, to, many, lines, bytes_of = sys.argv[1:]
    came_to = asyncio.run(
        send(
            place,
            Path(where),
            int(to),
            copies=int(many),
            connections=int(lines),
            size=int(bytes_of),
        )
    )
    print(json.dumps(asdict(came_to)))
