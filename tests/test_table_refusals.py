"""What a database may answer instead of taking records: each has a name, a remedy, and a verdict on trying again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url

from sfr.destinations.table.destination import Table, TableConfig
from sfr.errors import AuthError, DeliveryError, SfrError, TransientError
from sfr.testing import declared
from tests.histories import sqlite_url
from tests.table_loads import Base, base_of

OLD, NEW = "id,txt\n1,old\n", "id,txt\n2,new\n"
KEYED: dict[str, Any] = {"update": "upsert", "identity": ("id",)}
UPDATES: tuple[dict[str, Any], ...] = ({"update": "replace"}, {"update": "append", "job_id": "r2-0001"}, KEYED)


@pytest.fixture(params=("postgresql", "mysql"))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        made.load(OLD, **KEYED)
        yield made


def is_old(base: Base) -> bool:
    return base.rows() == [("1", "old")]


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"username": "nobody", "password": "the-wrong-one"}, AuthError, "password"),
        ({"host": "127.0.0.1", "port": 1}, TransientError, "unreachable"),
        ({"host": "no-such-host.invalid"}, TransientError, "unreachable"),
        ({"database": "no_such_database"}, DeliveryError, "no-database"),
    ],
)
def test_a_database_that_lets_nobody_in_says_why(
    server: Base, changes: dict[str, Any], kind: type[SfrError], reason: str
) -> None:
    url = make_url(server.url).set(**changes)
    config = TableConfig(url=SecretStr(url.render_as_string(hide_password=False)))
    table = Table(config)
    for action in (table.check, lambda: table.deliver([server.parcel(NEW)])):
        with pytest.raises(SfrError) as caught:
            action()
        error = declared.check_error(caught.value, ("the-wrong-one", *declared.secrets_of(config)))
        assert (type(error), error.reason, bool(error.remedy)) == (kind, reason, True)
        assert error.max_attempts == (None if kind is TransientError else 1)
        assert error.message.startswith(f"{shown(url)}: ")
        assert "\n" not in error.message
    assert "the-wrong-one" not in repr(table)


def test_a_schema_that_is_not_there_is_told_with_its_database(server: Base) -> None:
    config = TableConfig(url=SecretStr(server.url), schema_name="no_such_schema")
    with pytest.raises(DeliveryError, match=r"there is no .* 'no_such_schema'") as caught:
        Table(config).check()
    assert caught.value.message.startswith(f"{shown(make_url(server.url))}: ")
    assert caught.value.reason == {"postgresql": "no-schema", "mysql": "no-database"}[server.dialect]


def shown(url: Any) -> str:
    """How people are told of a database."""
    return f"{url.get_backend_name()} {url.username}@{url.host}:{url.port}/{url.database}"


def test_a_user_who_may_only_read_is_told(server: Base) -> None:
    user, url = "sfr_test_reader", make_url(server.url)
    if server.dialect == "postgresql":
        server.run(f"DROP ROLE IF EXISTS {user}", f"CREATE ROLE {user} LOGIN", f"GRANT SELECT ON sales TO {user}")
    else:
        server.run(f"CREATE OR REPLACE USER {user}", f"GRANT SELECT ON sales TO {user}")
    reader = url.set(username=user).render_as_string(hide_password=False)
    try:
        for how in UPDATES:
            with pytest.raises(DeliveryError) as caught:
                Table(TableConfig(url=SecretStr(reader))).deliver([server.parcel(NEW, **how)])
            assert caught.value.reason == "no-permission"
        assert is_old(server)
    finally:
        if server.dialect == "postgresql":
            server.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")
        else:
            server.run(f"DROP USER {user}")


def test_a_server_that_may_only_be_read_is_told(tmp_path: Path) -> None:
    with base_of("postgresql", tmp_path / "staged") as base:
        base.load(OLD)
        name = base.engine.url.database
        base.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(DeliveryError) as caught:
            base.table().deliver([base.parcel(NEW)])
        assert caught.value.reason == "read-only"
        with pytest.raises(DeliveryError, match="can only be read"):
            base.table().check()
        assert is_old(base)


def test_an_sqlite_file_that_is_none_or_lies_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and long enough to be looked at " * 20, encoding="utf-8")
    for file in (tmp_path / "text.db", tmp_path / "missing" / "tables.db"):
        with pytest.raises(DeliveryError) as caught:
            Table(TableConfig(url=SecretStr(sqlite_url(file)))).check()
        assert caught.value.remedy


@pytest.mark.parametrize(
    "url", ["", "warehouse", "mssql+pyodbc://host/database", "oracle://h/d", "sqlite://", "mysql://h"]
)
def test_an_address_that_is_none_is_refused_before_anything_starts(url: str) -> None:
    with pytest.raises(ValidationError):
        TableConfig(url=SecretStr(url))


def test_a_schema_that_the_list_names_and_that_is_not_there_is_told_as_one(server: Base) -> None:
    with pytest.raises(DeliveryError) as caught:
        server.load(NEW, path="no_such_schema.sales")
    assert caught.value.reason == {"postgresql": "no-schema", "mysql": "no-database"}[server.dialect]
    assert "no_such_schema" in caught.value.message
