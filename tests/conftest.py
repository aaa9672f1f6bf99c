"""The databases and servers that the tests of several rooms run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgresql import PostgreSQL, running_postgresql, why_not
from tests.servers import pds as bluesky_pds
from tests.servers import synapse as matrix_synapse
from tests.servers import wordpress_real
from tests.stores import lay_store

# How long an example takes tells of the machine and what else it does, not of Herald.
settings.register_profile("herald", deadline=None)
settings.load_profile("herald")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what needs Bluesky's own server come last where that is still being installed."""
    if os.environ.get(bluesky_pds.WAIT):
        items.sort(key=_needs_pds)


def _needs_pds(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    variant = getattr(getattr(item, "callspec", None), "id", "")
    return "pds" in names or "pds" in variant.split("-")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give a private PostgreSQL server; where none is installed the test is skipped."""
    if why := why_not():
        pytest.skip(why)
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """Give the address of a database of its own, empty but for Herald's tables."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the address of a file in *tmp_path* that is empty but for Herald's tables."""
    lay_store(tmp_path / "var" / "herald.db")
    return "sqlite:///var/herald.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty store, of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def pds() -> Iterator[bluesky_pds.RealPds]:
    """Give Bluesky's own server; where it is not installed the test is skipped."""
    if why := bluesky_pds.why_not():
        pytest.skip(why)
    with bluesky_pds.running_pds() as server:
        yield server


@pytest.fixture(scope="session")
def synapse() -> Iterator[matrix_synapse.RealSynapse]:
    """Give Matrix' own server; where it is not installed the test is skipped."""
    if why := matrix_synapse.why_not():
        pytest.skip(why)
    with matrix_synapse.running_synapse() as server:
        yield server


@pytest.fixture(scope="session")
def wordpress() -> Iterator[wordpress_real.RealWordPress]:
    """Give WordPress itself; where it is not installed the test is skipped."""
    if why := wordpress_real.why_not():
        pytest.skip(why)
    with wordpress_real.running_wordpress() as site:
        yield site
