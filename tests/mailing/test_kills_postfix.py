"""A sender that is killed while a real Postfix takes its letters, and that Postfix's own log."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from herald.model.mailing import WhenUncertain
from tests.mailing.killed import Life
from tests.mailing.killing import BETWEEN, Killer, begin
from tests.mailing.maillog.makers import line
from tests.mailing.postfix import Postfix, running_postfix, why_not
from tests.mailing.test_kills import CLEAN, CONNECTIONS, PATTERN, SEED, named

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is here")

PEOPLE = 300
KILLS = 4
OFTEN = 0.01


class Looking:
    """Looks at what a Postfix took; its clock is the machine's."""

    def __init__(self, postfix: Postfix) -> None:
        self.ahead = timedelta()
        self._postfix = postfix

    @property
    def log(self) -> bytes:
        return (self._postfix.base / "log").read_bytes()

    @property
    def taken(self) -> Counter[str]:
        """Return what lies in its mailboxes."""
        return Counter(
            str(message_from_bytes(mail)["Message-ID"]) for mail in self._postfix.mails()
        )

    async def reach(self, count: int) -> None:
        """Wait until so many mails more were taken."""
        awaited = self._count() + count
        while self._count() < awaited:  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(OFTEN)

    async def quiet(self) -> None:
        """Wait until nothing is in its queue, and no more comes into it."""
        count = -1
        while self._postfix.queue() or count != self._count():
            count = self._count()
            await asyncio.sleep(0.2)

    def _count(self) -> int:
        return self.log.count(b"(queue active)")


@pytest.mark.parametrize("pattern", [PATTERN, ""], ids=["own senders", "one sender for all"])
async def test_with_the_log_of_a_real_server_nobody_is_left_out_doubled_or_held(
    sqlite_url: str, tmp_path: Path, pattern: str
) -> None:
    await begin(sqlite_url, tmp_path, PEOPLE, when_uncertain=WhenUncertain.ASK)
    log = tmp_path / "mail.log"
    with running_postfix() as postfix:
        looking = Looking(postfix)
        life = Life(
            store=sqlite_url,
            folder=str(tmp_path),
            port=postfix.port,
            connections=CONNECTIONS,
            pattern=pattern,
        )
        killer = Killer(life, looking, people=PEOPLE, seed=SEED, between=timedelta())
        await killer.kill(KILLS)
        await killer.live()
        begun = datetime.now(UTC)
        # A log that began long before, and to which others have written since.
        before = line("daemon started", at=begun - timedelta(hours=1), program="postfix/master[1]")
        after = line("statistics", at=begun + BETWEEN / 2, program="postfix/anvil[2]")
        log.write_bytes(before + looking.log + after)
        late = replace(life, log=str(log))
        later = Killer(late, looking, people=PEOPLE, seed=SEED)
        found = await later.finish(sqlite_url, tmp_path)
    assert killer.kills > 0
    assert named(found) == CLEAN
