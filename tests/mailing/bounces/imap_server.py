"""A mailbox on loopback that speaks as much of IMAP as is needed to empty it (RFC 3501, 4315)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.servers.conversing import conversing


@dataclass
class Stored:
    """One mail in the box."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """One user, one folder; what it was asked stands in ``said``."""

    def __init__(self, *mails: bytes, uidplus: bool = True) -> None:
        self.box = {number: Stored(raw) for number, raw in enumerate(mails, 1)}
        self.capabilities = "IMAP4rev1 UIDPLUS" if uidplus else "IMAP4rev1"
        self.said: list[str] = []
        self.port = 0
        self.breaks_at = ""
        """It hangs up when it is told this."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ImapServer]:
        """Listen on a free port."""
        async with conversing(self._talk) as self.port:
            yield self

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        while line := (await reader.readline()).decode():
            tag, _, rest = line.strip().partition(" ")
            self.said.append(rest)
            if self.breaks_at and self.breaks_at in rest:
                break
            for answer in self._answers(rest):
                writer.write(answer if answer.endswith(b"\r\n") else answer + b"\r\n")
            good = not (rest.startswith("LOGIN") and '"secret"' not in rest)
            ending = "OK done" if good else "NO [AUTHENTICATIONFAILED] ana@example.org is unknown"
            writer.write(f"{tag} {ending}\r\n".encode())
            await writer.drain()
            if rest == "LOGOUT":
                break
        writer.close()

    def _answers(self, said: str) -> list[bytes]:
        words = said.split()
        match words[:2]:
            case ["CAPABILITY", *_]:
                # Dovecot, too, tells strangers no more than they need to log in.
                is_in = any(one.startswith("LOGIN") for one in self.said)
                return [f"* CAPABILITY {self.capabilities if is_in else 'IMAP4rev1'}".encode()]
            case ["SELECT", *_]:
                return [f"* {len(self.box)} EXISTS".encode()]
            case ["UID", "SEARCH"]:
                found = [uid for uid, mail in self.box.items() if not mail.flags]
                return [("* SEARCH " + " ".join(map(str, found))).encode()]
            case ["UID", "FETCH"]:
                most = re.search(r"<0\.(\d+)>", said)
                assert most is not None
                raw = self.box[int(words[2])].raw[: int(most.group(1))]
                head = f"* 1 FETCH (UID {words[2]} BODY[]<0> {{{len(raw)}}}\r\n".encode()
                return [head + raw + b")"]
            case ["UID", "STORE"]:
                self.box[int(words[2])].flags |= set(re.findall(r"\\\w+", said))
            case ["UID", "EXPUNGE"]:
                del self.box[int(words[2])]
            case ["LOGOUT", *_]:
                return [b"* BYE"]
        return []
