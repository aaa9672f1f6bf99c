"""A Herald that only sends: run as a process of its own, so that it can be killed.

python sending_process.py STORE FOLDER PORT
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from herald.clock import SystemClock
from herald.mailing.mailing import Mailing
from herald.model.mailing import MailServer, Tls
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, a_list


async def send(store: str, folder: Path, port: int) -> None:
    """Send what is due; end by itself when nothing is left."""
    database = await open_store(store, folder)
    mailing = Mailing(
        store=StoredMailing(database),
        lists=lambda: {FRIENDS: a_list()},
        server=MailServer(host="127.0.0.1", port=port, tls=Tls.NONE, connections=3),
        public_url="https://herald.example.org",
        clock=SystemClock(),
    )
    await mailing.recover()
    sys.stdout.write("sending\n")
    sys.stdout.flush()
    await mailing.send_due(asyncio.Event())
    await database.close()


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
