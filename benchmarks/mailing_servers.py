"""The mail servers of the benchmark of newsletters, and Postfix's own client to compare with."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.smtp import running_line, running_sink
from tests.mailing.postfix import DOMAIN, running_postfix

SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin:/sbin")
WITHIN = 600.0
"""Seconds after which a run is given up."""
FAR = 0.02
"""Seconds there and back to a mail server in the same country."""

_DISCARDING = "virtual_transport = discard:\n"


@contextmanager
def near_sink() -> Iterator[int]:
    """Run smtp-sink, which takes mails and forgets them; give its port."""
    with running_sink() as port:
        yield port


@contextmanager
def far_sink() -> Iterator[int]:
    """Run smtp-sink behind a line that takes FAR seconds there and back; give its near port."""
    with running_sink() as port, running_line(port, FAR) as near:
        yield near


@contextmanager
def near_queue() -> Iterator[int]:
    """Run a private Postfix that forces every mail to the disk before it answers; give its port.

    What it took it then throws away.
    """
    with running_postfix(also=_DISCARDING) as postfix:
        yield postfix.port


def smtp_source(port: int, *, mails: int, size: int, connections: int) -> float:
    """Return how many mails of *size* bytes a second smtp-source sends over kept connections."""
    assert SOURCE is not None
    command = [SOURCE, "-d", "-s", str(connections), "-m", str(mails), "-l", str(size)]
    command += ["-f", f"news@{DOMAIN}", "-t", f"reader@{DOMAIN}", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=WITHIN)
    return mails / (time.perf_counter() - begun)
