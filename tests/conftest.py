"""The databases that the tests of several rooms run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql import PostgreSQL, running_postgresql, why_not


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


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty store, of each kind in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return "sqlite:///var/herald.db"
