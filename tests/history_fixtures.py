"""A history on each of the three databases, for test modules that name this file in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfr.history import History
from tests.histories import emptied, own_database, sqlite_url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with own_database("postgresql") as url:
        yield url


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    with own_database("mysql") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "deep" / "history.db")
    return emptied(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def history(url: str) -> Iterator[History]:
    with closing(History(url, owner="me")) as opened:
        yield opened


@pytest.fixture
def other(url: str, history: History) -> Iterator[History]:
    with closing(History(url, owner="other")) as opened:
        yield opened
