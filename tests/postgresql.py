"""A private PostgreSQL on a loopback port: own folder, own databases; nothing leaves it."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from herald.store.engine import open_store
from tests.running import a_free_port

USER, PASSWORD = "herald", "no-secret"
PATIENCE = 60
"""True seconds after which a server that should have started or stopped is a failure."""
_TEMPLATE = "template_of_herald"
_UNPRIVILEGED = ("postgres", "nobody")
"""Whom the server runs as where the tests run as root, which PostgreSQL refuses."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # The tests kill processes, not the machine: what the kernel has is safe.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "deadlock_timeout": "100ms",
    "log_min_messages": "fatal",
    "log_min_error_statement": "fatal",
}


def _programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed, where Debian or PATH has it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return Path(there).resolve().parent if there else None


def _version(program: Path) -> float:
    name = program.parents[1].name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


PROGRAMS = _programs()


def why_not() -> str:
    """Return why PostgreSQL cannot be started here; empty when it can."""
    if PROGRAMS is None or not (PROGRAMS / "initdb").exists():
        return "PostgreSQL is not installed"
    return ""


@dataclass
class PostgreSQL:
    """A server that runs."""

    base: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What is set otherwise than for tests."""
    _made: int = field(default=0)

    def address(self, database: str) -> str:
        """Return the address of a database, as ``store`` in herald.yaml has it."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, *, template: str = _TEMPLATE) -> Iterator[str]:
        """Give the address of a new database, of Herald's tables unless another one is named."""
        self._made += 1
        name = f"herald_{self._made}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.address(name)
        finally:
            self.tell(f"DROP DATABASE {name} WITH (FORCE)")

    def tell(self, statement: str, *, database: str = "postgres") -> str:
        """Execute one statement as the owner of everything; return the values that it gives."""
        assert PROGRAMS is not None
        done = subprocess.run(
            [PROGRAMS / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env={
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGUSER": USER,
                "PGPASSWORD": PASSWORD,
                "PGDATABASE": database,
            },
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def disconnect(self, database: str) -> int:
        """End every connection to *database*, as a failing network does; return how many."""
        ended = self.tell(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            database=database,
        )
        return int(ended)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        chosen = _SETTINGS | self.settings
        settings = [f"--{name}={value}" for name, value in chosen.items()]
        assert PROGRAMS is not None
        with (self.base / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", self.base / "data", "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_owner(),
            )
        ready = [PROGRAMS / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        ends = time.monotonic() + PATIENCE
        while subprocess.run(ready, check=False, timeout=PATIENCE).returncode != 0:
            assert time.monotonic() < ends, (self.base / "log").read_text()
            assert self.process.poll() is None, (self.base / "log").read_text()

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: orderly, or with SIGQUIT at once, as a crash does."""
        if self.process is not None:
            self.process.send_signal(sign)
            self.process.wait(PATIENCE)
            self.process = None

    def crash(self) -> None:
        """Let the server crash, and start it again."""
        self.stop(signal.SIGQUIT)
        self.start()


@contextmanager
def running_postgresql(**settings: str) -> Iterator[PostgreSQL]:
    """Start a private server with *settings* of its own, and stop exactly that one at the end."""
    base = Path(tempfile.mkdtemp(prefix="herald-postgresql-"))
    server = PostgreSQL(base, a_free_port(), settings=settings)
    try:
        _make_cluster(base)
        server.start()
        try:
            _make_template(server)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def a_tool(server: PostgreSQL, *command: str | Path, said: str | None = None) -> str:
    """Run one of PostgreSQL's programs on *server*, given *said*; return what it prints."""
    assert PROGRAMS is not None
    where = ("-h", "127.0.0.1", "-p", str(server.port), "-U", USER)
    done = subprocess.run(
        [PROGRAMS / command[0], *where, *command[1:]],
        env={"PGPASSWORD": PASSWORD},
        input=said,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
        **_owner(),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _owner() -> dict[str, Any]:
    """Return whom a program of PostgreSQL is to run as."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in _UNPRIVILEGED if name in names)
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _make_cluster(base: Path) -> None:
    assert PROGRAMS is not None
    base.chmod(0o755)
    secret, data = base / "password", base / "data"
    secret.write_text(PASSWORD)
    data.mkdir()
    owner = _owner()
    if owner:
        for path in (secret, data):
            shutil.chown(path, owner["user"], owner["group"])
    settings = ("--auth=password", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    made = subprocess.run(
        [PROGRAMS / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", *settings],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
        **owner,
    )
    assert made.returncode == 0, made.stderr


def _make_template(server: PostgreSQL) -> None:
    """Let Herald make its tables once; every test's database is a copy."""
    server.tell(f"CREATE DATABASE {_TEMPLATE}")

    async def migrate() -> None:
        await (await open_store(server.address(_TEMPLATE), server.base)).close()

    with ThreadPoolExecutor(1) as beside:  # a test's event loop may be about
        beside.submit(asyncio.run, migrate()).result(PATIENCE)
