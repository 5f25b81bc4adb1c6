"""Knows the tables and views of a database, and how one is pointed at: `table:orders`, `table:sales.orders`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sfr.connector import Listed
from sfr.database_address import DatabaseAddress

PREFIX = "table:"
_PART = r'(?:[^".\s][^".]*|"(?:[^"]|"")+")'
_NAME = re.compile(rf"(?:({_PART})\.)?({_PART})")
_OWN_SCHEMAS = ("information_schema", "performance_schema", "mysql", "sys", "INFORMATION_SCHEMA")
_QUOTES = {"mysql": ("`", "`"), "mssql": ("[", "]")}


def parts_of(ref: str) -> tuple[str, str] | None:
    """Schema ("" for the usual one) and name that a reference means; None where it means none."""
    found = _NAME.fullmatch(ref.removeprefix(PREFIX).strip())
    if not ref.startswith(PREFIX) or found is None:
        return None
    return _bare(found[1] or ""), _bare(found[2])


def query_for(ref: str, dialect: str) -> str:
    """A query for all that is in the table."""
    begin, end = _QUOTES.get(dialect, ('"', '"'))
    names = [f"{begin}{part.replace(end, end * 2)}{end}" for part in parts_of(ref) or () if part]
    return f"SELECT * FROM {'.'.join(names)}"  # noqa: S608  quoted, and read only


def listed(address: DatabaseAddress, search: str) -> Iterator[Listed]:
    """The tables and views whose name holds `search`; those that the database keeps for itself are left out."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.pool import NullPool

    engine = create_engine(address.parsed(), poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        inspector = inspect(connection)
        usual = inspector.default_schema_name
        for schema in inspector.get_schema_names():
            is_own = schema in _OWN_SCHEMAS
            if is_own or (address.dialect == "mysql" and schema != usual):  # there, schemas are the other databases
                continue
            found = [(name, "table") for name in inspector.get_table_names(schema)]
            found += [(name, "view") for name in inspector.get_view_names(schema)]
            for name, kind in found:
                if search.casefold() in name.casefold():
                    yield Listed(_ref("" if schema == usual else schema, name), name, schema, kind)


def _ref(schema: str, name: str) -> str:
    return PREFIX + ".".join(_quoted(part) for part in (schema, name) if part)


def _quoted(part: str) -> str:
    return part if re.fullmatch(r"\w+", part) else '"' + part.replace('"', '""') + '"'


def _bare(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
