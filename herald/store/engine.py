"""Opens the store: one SQLite file, or a PostgreSQL database, migrated to this version.

    store = await open_store("sqlite:///var/herald.db", folder)
    async with store.writing() as connection:
        await connection.execute(...)
    found = await store.write(what_a_transaction_does)

Every transaction is short and holds no network call.  On SQLite a writing transaction takes the
write lock when it begins (a reading one that turns to writing could fail as busy), and is fsynced
before ``writing()`` returns: WAL with ``synchronous=NORMAL`` may forget a claim at power loss, and
a forgotten claim is a second post.

PostgreSQL has many writers, at READ COMMITTED: what is read to be changed is locked, in the order
of keys, and what SQLite's one writer gives for free is asked for (``herald.store.alone``).
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from herald.errors import StoreUnusable
from herald.store.footing import Footing
from herald.store.migrate import migrate
from herald.store.onethread import OneThread

BUSY_MILLISECONDS = 5000
"""How long a transaction waits for another process's; each lasts milliseconds."""

_PRAGMAS = (
    # first, so that the others wait too
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # KiB; with the usual 2000 the indexes of 100,000 deliveries do not fit, and adding is slow
    "PRAGMA cache_size=-16000",
)
_FEW_PAGES = "PRAGMA cache_size=-2000"
TRIES = 5
"""So often is a transaction begun that others take back, before that is told as trouble."""
ANSWER_WITHIN = 60.0
"""Seconds after which a PostgreSQL that says nothing to a statement is given up."""
CONNECTED_WITHIN = 10.0
"""Seconds after which a PostgreSQL that cannot be reached is given up."""

_OWNER_ONLY = 0o600
_READING = "herald_reading"
_OF_SSL = {"sslmode": "ssl", "ssl": "ssl"}
"""What may stand behind the ``?`` of an address, and what asyncpg calls it."""
_TAKEN_BACK = ("40001", "40P01")
"""PostgreSQL's codes for a transaction that it took back for another one's sake."""

# Why SQLite refused (https://www.sqlite.org/rescode.html), and what the operator does about it.
_REMEDIES = {
    "SQLITE_NOTADB": "it is no database: move it away, or give another address as store",
    "SQLITE_CORRUPT": "it is damaged: put back a backup",
    "SQLITE_READONLY": "it cannot be written: check the owner and rights of the file and folder",
    "SQLITE_CANTOPEN": "it cannot be opened: check the owner and rights of the file and folder",
    "SQLITE_PERM": "it cannot be opened: check the owner and rights of the file and folder",
    "SQLITE_FULL": "the disk is full: make room; nothing was lost",
    "SQLITE_IOERR_WRITE": "the disk takes no more: make room, check your quota; nothing was lost",
    # the index that is made beside the file when it is opened
    "SQLITE_IOERR_SHMSIZE": "the disk takes no more: make room, check your quota; nothing was lost",
    "SQLITE_IOERR": "the disk does not answer: check it; the store must not lie on a network drive",
    "SQLITE_BUSY": "another program holds it: close what else has it open",
    "SQLITE_LOCKED": "another program holds it: close what else has it open",
}

# Why PostgreSQL refused (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_REMEDIES_OF_SERVER = {
    "28": "it refuses the user or the password: write the right ones in the address",
    "3D000": "the server has no database of that name: make it (createdb), or write another one",
    "42501": "its user may not do that: make that user the owner of the database",
    "25006": "it takes no changes (a standby?): write the address of the one that does",
    "53100": "the server's disk is full: make room; nothing was lost",
    "53300": "the server has too many connections: raise its max_connections",
    "57P03": "the server is starting or stopping: it is tried again",
    "57P": "the server ended the connection: it is tried again",
    "08": "the connection was lost: it is tried again",
    "40": "others changed the same again and again: it is tried again",
}

T = TypeVar("T")
First = Callable[[AsyncConnection], Awaitable[None]]
"""Looks at a database before anything is made in it, and raises what speaks against it."""


class _TakenBack(StoreUnusable):
    """Another transaction stood in the way of this one: do the whole of it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An open store, its tables as this version knows them."""

    engine: AsyncEngine
    place: str
    """The file, or the server's address without its password: for messages."""
    path: Path | None = None
    """The SQLite file; None on PostgreSQL."""
    footing: Footing | None = None
    """Notices on SQLite that the files are no more what was opened."""
    writer: asyncio.Lock | None = None
    """Lets this process's writers queue on SQLite, whose own waiting is to sleep and try again."""
    when_reading: Mapping[str, Any] = field(default_factory=lambda: {_READING: True})
    """What makes a transaction see one moment's state."""
    foreign: tuple[type[Exception], ...] = ()
    """What the driver raises past SQLAlchemy, as while it connects."""
    thread: OneThread | None = None
    """Writes to SQLite without a hop for every statement."""

    async def write(self, do: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Return what *do* gives in a transaction of its own, durable once this returns.

        Where the database takes it back because of another one, as two that wait for each other,
        the whole of it is done again: *do* reads again, and changes nothing but its connection.
        """
        for _ in range(TRIES - 1):
            with suppress(_TakenBack):
                return await self._write(do)
        return await self._write(do)

    async def write_at_once(self, do: Callable[[Connection], T]) -> T:
        """Return what *do* gives in a transaction of its own, durable once this returns.

        *do* only talks to the database, and changes nothing but its connection: on SQLite it runs
        in a thread, on PostgreSQL perhaps more than once. Raises StoreUnusable.
        """
        if self.thread is None:
            return await self.write(lambda connection: connection.run_sync(do))

        def checked(connection: Connection) -> T:
            self.check_footing()
            return do(connection)

        with _translated(self.place, self.foreign):
            async with self.writer or nullcontext():
                return await self.thread.write(checked)

    async def _write(self, do: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.writing() as connection:
            return await do(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that is durable once this block was left.

        An exception takes everything back. Raises StoreUnusable when the database cannot write.
        """
        with _translated(self.place, self.foreign):
            async with self.writer or nullcontext(), self.engine.begin() as connection:
                self.check_footing()
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment's state and waits for no writer."""
        with _translated(self.place, self.foreign):
            async with self.engine.connect() as connection:
                await connection.execution_options(**self.when_reading)
                async with connection.begin():
                    self.check_footing()
                    yield connection

    def translated(self) -> AbstractContextManager[None]:
        """Give a block in which the driver's exceptions become StoreUnusable."""
        return _translated(self.place, self.foreign)

    def check_footing(self) -> None:
        """Raise StoreUnusable where a SQLite store's files were taken away or replaced."""
        if self.footing is not None:
            self.footing.check()

    async def verify(self) -> None:
        """Read every page of a SQLite file; raise StoreUnusable when one is damaged.

        Takes about a second per 100 MB, so it is for starting a daemon, not for every command.
        """
        if self.path is None:
            return
        async with self.reading() as connection:
            found = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one()
        if found != "ok":
            raise StoreUnusable(f"{self.place}: it is damaged: put back a backup ({found})")

    async def close(self) -> None:
        """Give back every connection."""
        if self.thread is not None:
            await self.thread.close()
        await self.engine.dispose()


async def open_store(
    url: str,
    folder: Path,
    *,
    first: First | None = None,
) -> Store:
    """Open the store at *url*, relative to *folder*, made and migrated where needed.

    What *first* raises about a database leaves it without Herald's tables. Raises StoreUnusable
    when it cannot be read or written, and StoreTooNew when a later Herald wrote it.
    """
    path = sqlite_path(url, folder)
    store = _sqlite(path, folder) if path is not None else _postgresql(_parsed(url))

    async def prepared(connection: AsyncConnection) -> None:
        if first is not None:
            await first(connection)
        await connection.run_sync(migrate, store.place)

    try:
        await store.write(prepared)
    except BaseException:
        await store.close()
        raise
    return store


def sqlite_path(url: str, folder: Path) -> Path | None:
    """Return the file of the SQLite store at *url*, whether it is there or not; None for others."""
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if parsed.database in {None, "", ":memory:"}:
        raise StoreUnusable(
            "store: SQLite needs a file, else everything is forgotten at the end"
            " (write sqlite:///var/herald.db)"
        )
    return folder / str(parsed.database)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnusable(
            f"store: {url!r} is no address (write sqlite:///var/herald.db, or postgresql://…)"
        ) from error
    except ValueError as error:  # not quoted here: what is read as a port may be a password's end
        raise StoreUnusable(
            "store: what follows the last : of the address is no port's number"
            " (write postgresql://USER:PASSWORD@SERVER:5432/DATABASE;"
            f" {_SPELLED})"
        ) from error
    if "@" in (parsed.host or ""):  # half of a password, which no message may show
        raise StoreUnusable(f"store: the address has an @ too many ({_SPELLED})")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreUnusable(
            f"store: {parsed.get_backend_name()!r} is not supported"
            " (write sqlite:///var/herald.db, or postgresql://…)"
        )
    return parsed


_SPELLED = "a password spells @ as %40, / as %2F, : as %3A and % as %25"


def _sqlite(path: Path, folder: Path) -> Store:
    _make_file(path, folder)
    arguments = {"isolation_level": None, "timeout": BUSY_MILLISECONDS / 1000}
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)), connect_args=arguments
    )
    beside = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={**arguments, "check_same_thread": False},
    )
    footing = Footing(path)
    for each in (engine.sync_engine, beside):
        event.listen(each, "connect", _prepare)
        event.listen(each, "begin", _begin)
        footing.watch(each)
    event.listen(beside, "connect", _keep_few_pages)
    return Store(
        engine=engine,
        place=str(path),
        path=path,
        footing=footing,
        writer=asyncio.Lock(),
        thread=OneThread(beside),
    )


def _make_file(path: Path, folder: Path) -> None:
    """Make the file before SQLite does, so that nobody else can read it even for a moment."""
    if not folder.is_dir():
        raise StoreUnusable(f"{folder}: there is no such folder (give one with -C)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY))
        path.chmod(_OWNER_ONLY)
    except IsADirectoryError as error:
        raise StoreUnusable(f"{path}: this is a folder, and should be a file") from error
    except OSError as error:
        raise StoreUnusable(
            f"{path}: it cannot be written: {error.strerror}"
            " (check the owner and rights of the file and folder)"
        ) from error


def _prepare(connection: Any, record: object) -> None:
    try:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()
    except BaseException:
        connection.close()  # else its thread would stay, one for each try on a disk that is gone
        raise


def _keep_few_pages(connection: Any, record: object) -> None:
    """Let the thread's connection, which changes a few rows at a time, not hold half the file.

    With 50,000 recipients that is 14 MB less, and no turn takes longer.
    """
    connection.execute(_FEW_PAGES)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Store:
    if find_spec("asyncpg") is None:
        raise StoreUnusable(
            "store: PostgreSQL needs asyncpg (pip install 'herald-heritage[postgresql]')"
        )
    import asyncpg  # noqa: PLC0415 - an extra, which only this store needs

    place = url.render_as_string(hide_password=True)
    unknown = sorted(url.query.keys() - _OF_SSL.keys())
    if unknown:
        raise StoreUnusable(f"{place}: {unknown[0]!r} is not known (only sslmode is)")
    engine = create_async_engine(
        url.set(
            drivername="postgresql+asyncpg",
            query={_OF_SSL[name]: value for name, value in url.query.items()},
        ),
        pool_pre_ping=True,  # the server may have been started anew since a connection was used
        connect_args={
            "server_settings": {
                "synchronous_commit": "on",
                "application_name": "herald",
                # A plan for whatever values come reads the whole table where nearly all rows wait.
                "plan_cache_mode": "force_custom_plan",
            },
            "timeout": CONNECTED_WITHIN,
            "command_timeout": ANSWER_WITHIN,
        },
    )
    return Store(
        engine=engine,
        place=place,
        # READ COMMITTED would show each statement another moment
        when_reading={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        # the last: of a connection that was broken off in the middle of a question
        foreign=(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    )


@contextmanager
def _translated(place: str, foreign: tuple[type[Exception], ...]) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _TAKEN_BACK:
            raise _TakenBack(f"{place}: {_told(error.orig)}") from error
        raise StoreUnusable(f"{place}: {_told(error.orig)}") from error
    except foreign as error:
        raise StoreUnusable(f"{place}: {_told(error)}") from error
    except (PoolTimeout, OSError) as error:
        raise StoreUnusable(f"{place}: the database does not answer: {_silent(error)}") from error


def _silent(error: Exception) -> str:
    """Say why nothing came from the server."""
    match error:
        case ConnectionRefusedError():
            return "nothing listens at that address and port: is the server started?"
        case socket.gaierror():
            return "there is no server of that name"
        case _:
            return str(error) or f"nothing came within {CONNECTED_WITHIN:.0f} seconds"


def _told(error: BaseException | None) -> str:
    state = getattr(error, "sqlstate", None)
    if not state and "performing authentication" in str(error):
        # asyncpg stumbles over a password that is not there, and has no code for that
        return "it asks for a password: write one into the address or into ~/.pgpass"
    if state:
        for code, remedy in _REMEDIES_OF_SERVER.items():
            if state.startswith(code):
                return f"{remedy} ({error})"
    name = getattr(error, "sqlite_errorname", "")
    if not name and isinstance(error, sqlite3.DatabaseError):
        name = "SQLITE_CORRUPT"
    for code, remedy in _REMEDIES.items():
        if name.startswith(code):
            return remedy
    return f"the database refused: {error}"
