from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from sfr.destinations.table.destination import Table, TableConfig
from sfr.destinations.table.naming import NameRules, table_name
from sfr.testing import DestinationContract
from tests.table_loads import Base, base_of


class TableContract(DestinationContract):
    """A table holds records and no bytes: it is looked at as the CSV that its rows make."""

    connector = Table
    kind = ""

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> Iterator[None]:
        with base_of(self.kind, tmp_path / "staged") as self.base:
            yield

    base: Base

    def config(self) -> TableConfig:
        return self.base.config()

    def content(self, name: str) -> bytes | None:
        table = table_name(name, "", NameRules('"')).name
        try:
            rows = self.base.rows(f"SELECT a, b FROM {self.base.quoted(table)}")
        except DBAPIError:
            return None
        return b"a,b\n" + b"".join(f"{a},{b}\n".encode() for a, b in rows)

    def unreachable(self) -> BaseModel | None:
        url = make_url(self.base.url)
        if self.kind == "sqlite":
            return TableConfig(url=SecretStr(f"sqlite:///{self.base.folder}/missing/tables.db"))
        wrong = url.set(username="nobody", password="wrong-secret", database="missing")
        return TableConfig(url=SecretStr(wrong.render_as_string(hide_password=False)))

    def test_a_large_and_an_empty_file_arrive_whole(self) -> None:
        """What has no columns makes no table."""
        self._fails(lambda: self._put(self.opened(), "a.csv", b""))

    def test_the_same_name_replaces(self) -> None:
        for content in (b"a,b\n1,2\n3,4\n", b"a,b\n5,6\n"):
            self._put(self.opened(), "a.csv", content)
        assert self.content("a.csv") == b"a,b\n5,6\n"

    def test_a_put_that_fails_leaves_the_old_file(self) -> None:
        """The same is asked of `deliver`, with columns."""


@pytest.mark.slow
class TestTableInPostgreSQL(TableContract):
    kind = "postgresql"


@pytest.mark.slow
class TestTableInMySQL(TableContract):
    kind = "mysql"


@pytest.mark.slow
class TestTableInSQLite(TableContract):
    kind = "sqlite"


del TableContract, DestinationContract  # they are not for collecting
