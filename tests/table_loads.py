"""What the tests of tables share: a database of each kind, parcels, and looks into tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url

from sfr.connector import Parcel
from sfr.csv_scan import CsvScan
from sfr.destinations.table.destination import Table, TableConfig
from tests.histories import own_database, sqlite_url

KINDS = (
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("postgresql", "mysql", "mysql by insert")),
    pytest.param("sqlite"),
)
JOB = "r1-0001"


class Base:
    """An empty database of one kind, and files to load into it."""

    def __init__(self, kind: str, url: str, folder: Path) -> None:
        self.kind, self.url, self.folder = kind, url, folder
        self.dialect = kind.partition(" ")[0]
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def config(self, **settings: Any) -> TableConfig:
        if self.kind.endswith("insert"):
            settings = {"local_infile": False, **settings}
        return TableConfig(**{"url": SecretStr(self.url), "lock_seconds": 2.0, **settings})

    def table(self, **settings: Any) -> Table:
        return Table(self.config(**settings))

    def parcel(self, text: str | bytes, **values: Any) -> Parcel:
        """A proven CSV, as sfr hands it over."""
        content = text.encode() if isinstance(text, str) else text
        staged = self.folder / f"{len(list(self.folder.iterdir()))}.part"
        staged.write_bytes(content)
        scan = CsvScan()
        scan.feed(content)
        facts = scan.finish()
        known = {"columns": facts.columns, "delimiter": facts.delimiter, "records": facts.records, "path": "sales"}
        return Parcel(staged, **{**known, "bytes": len(content), "job_id": JOB, **values})

    def load(self, text: str | bytes, **values: Any) -> Any:
        (done,) = self.table().deliver([self.parcel(text, **values)])
        return done

    def rows(self, statement: str = "SELECT * FROM sales") -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def run(self, *statements: str) -> None:
        with self.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def tables(self) -> list[str]:
        names = {
            "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
            "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
            "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        }
        return sorted(name for (name,) in self.rows(names[self.dialect]) if name != "sfr_loads")

    def quoted(self, name: str) -> str:
        return f"`{name}`" if self.dialect == "mysql" else f'"{name}"'


@contextmanager
def base_of(kind: str, folder: Path) -> Iterator[Base]:
    with ExitStack() as stack:
        folder.mkdir(exist_ok=True)
        dialect = kind.partition(" ")[0]
        if dialect == "sqlite":
            url = sqlite_url(folder.parent / "tables.db")
        else:
            url = stack.enter_context(own_database(dialect))
        base = Base(kind, url, folder)
        stack.callback(base.engine.dispose)
        yield base


def shown_url(base: Base) -> str:
    """Where its tables are said to be, up to their names."""
    url = make_url(base.url)
    if base.dialect == "sqlite":
        return f"sqlite:{url.database}#"
    schema = "public." if base.dialect == "postgresql" else ""
    return f"{base.dialect}://{url.host}:{url.port}/{url.database}/{schema}"
