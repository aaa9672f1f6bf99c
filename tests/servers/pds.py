"""Bluesky's own server (PDS), where it is installed: accounts on it, and what they hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.servers.bluesky import PASSWORD

PLACE = "HERALD_PDS"
"""Names the folder in which it was installed, as ``.ci/pds`` does."""
NODE = "HERALD_PDS_NODE"
"""Names the Node (22 or newer) to run it with, where that is not the machine's own."""
WAIT = "HERALD_PDS_WAIT"
"""Says how many seconds to wait for ``ready`` or ``failed`` to appear there, while it is built."""
_START_SECONDS = 60.0
_COLLECTS_NOTHING = (
    "--no-memory-reducer",
    "--min-semi-space-size=256",
    "--max-semi-space-size=256",
    "--initial-old-space-size=1024",
)
"""Its database (better-sqlite3 12) brings Node 24 down where a statement of it is collected while
no script runs (RemoveEnvironmentCleanupHook, env is null). A test's server ends long before it has
filled so much room, of which it takes what it uses."""
_ask = build_opener(ProxyHandler({}))


def why_not() -> str:
    """Say why the server cannot be started here; empty where it can. Waits if it is being built."""
    place = os.environ.get(PLACE, "")
    if not place:
        return f"{PLACE} names no folder with Bluesky's own server"
    if why := _not_built(Path(place), float(os.environ.get(WAIT) or 0)):
        return why
    if not (Path(place) / "node_modules" / "@atproto" / "pds").is_dir():
        return f"there is no @atproto/pds in {place}"
    return "" if _node() else "there is no Node"


def _not_built(place: Path, patience: float) -> str:
    until = time.monotonic() + patience
    while patience and not (place / "ready").exists():
        failed = (place / "failed").exists()
        if failed or time.monotonic() > until:
            log = place / "log"
            last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
            ending = "failed" if failed else f"took more than {patience:.0f} seconds"
            return f"the installation of Bluesky's own server {ending}: {' | '.join(last)}"
        time.sleep(0.2)  # a process of its own: there is nothing to wait on
    return ""


@dataclass(frozen=True)
class Account:
    """An account on the server, and a look at what it holds."""

    address: str
    handle: str
    did: str
    token: str

    def posts(self) -> list[dict[str, Any]]:
        """Return its posts, oldest first."""
        asked = {"repo": self.did, "collection": "app.bsky.feed.post", "reverse": "true"}
        told = _call(self.address, "com.atproto.repo.listRecords", query=asked)
        return [one["value"] for one in told["records"]]

    def app_password(self) -> str:
        """Return a new app password."""
        method = "com.atproto.server.createAppPassword"
        told = _call(self.address, method, body={"name": "Herald"}, token=self.token)
        return str(told["password"])

    def rename(self, handle: str) -> None:
        """Give it another handle."""
        method = "com.atproto.identity.updateHandle"
        _call(self.address, method, body={"handle": handle}, token=self.token)


@dataclass
class RealPds:
    """The server."""

    address: str
    directory: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def account(self) -> Account:
        """Return a new account with nothing on it."""
        handle = f"museum{next(self._numbers)}.test"
        wanted = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
        told = _call(self.address, "com.atproto.server.createAccount", body=wanted)
        return Account(self.address, handle, str(told["did"]), str(told["accessJwt"]))


@contextmanager
def running_pds() -> Iterator[RealPds]:
    """Run the server until the end of the block; raise RuntimeError where it does not start."""
    script = Path(__file__).with_suffix(".mjs").read_text(encoding="utf-8")
    with (
        tempfile.TemporaryDirectory(prefix="herald-pds-") as kept,
        subprocess.Popen(
            [_node(), *_COLLECTS_NOTHING, "--input-type=module", "--eval", script],
            cwd=os.environ[PLACE],
            env={"TMPDIR": kept, **{n: os.environ[n] for n in ("PATH", "HOME") if n in os.environ}},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        patience = threading.Timer(_START_SECONDS, process.kill)
        patience.start()
        try:
            ports = _ports(process)
            patience.cancel()
            base = "http://127.0.0.1:"
            yield RealPds(f"{base}{ports['pds']}", f"{base}{ports['plc']}")
        finally:
            patience.cancel()
            process.kill()


def _ports(process: subprocess.Popen[str]) -> dict[str, int]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("READY "):
            # What it logs later has nowhere to pile up.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return {name: int(port) for name, port in json.loads(line[6:]).items()}
    raise RuntimeError("Bluesky's own server did not start")


def _node() -> str:
    return os.environ.get(NODE) or shutil.which("node") or ""


def _call(
    address: str,
    method: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    token: str = "",
) -> dict[str, Any]:
    url = f"{address}/xrpc/{method}" + (f"?{urlencode(query)}" if query else "")
    spelled = None if body is None else json.dumps(body).encode()
    request = Request(url, data=spelled)  # noqa: S310 - a server on loopback
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with _ask.open(request, timeout=20) as answer:
        told = json.loads(answer.read() or b"{}")
    assert isinstance(told, dict)
    return told
