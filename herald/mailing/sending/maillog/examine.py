"""Looking at a mail server's log: whether it can be read, and whose it is."""

from __future__ import annotations

import asyncio
from datetime import datetime

from herald.mailing.dns.said import problem, well
from herald.mailing.sending.maillog.files import local_zone, read_files
from herald.mailing.sending.maillog.reading import MailLog
from herald.model.account import Finding


async def examine_log(path: str, *, host: str, since: datetime, now: datetime) -> Finding:
    """Tell whether a log can settle doubts; Herald connected to the server *host* after *since*."""
    log = MailLog((), near=now, zone=local_zone())
    fault = await asyncio.to_thread(read_files, path, log, since=since, now=now)
    if fault:
        return problem(
            f"the mail server's log: {fault}",
            "compare smtp: {log: ...} in config/herald.yaml, and let Herald's user read the file"
            " (on Debian: adduser herald adm)",
        )
    last = log.told().last
    if last is not None and since <= last.latest and last.earliest <= now:
        return well(f"{path} tells what the mail server does")
    return problem(
        f"{path} does not tell that Herald has just connected to {host}",
        "name the log of that very server in smtp: {log: ...}; if it is, compare the time zones of"
        " the log and of Herald's machine",
    )
