"""How lists point at SQL reports: what is understood, what is refused before anything starts, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.model import Window
from sfr.sources.sql.reference import read_reference
from sfr.sources.sql.tables import parts_of, query_for

WINDOW = Window("2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", "Europe/Berlin")
SERVER = "postgresql://me:secret@host/db"


def read(
    text: str = "", query: str | None = None, params: tuple[tuple[str, str], ...] = (), **more: object
) -> Reference:
    options = {"query": query} if query is not None else {}
    return read_reference(Wanted(text, params, options, server=SERVER, **more))  # type: ignore[arg-type]


def problem(*arguments: object, **more: object) -> ReferenceProblem:
    with pytest.raises(ReferenceProblem) as raised:
        read(*arguments, **more)  # type: ignore[arg-type]
    return raised.value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    return tmp_path / "input"


def test_a_query_in_a_file_is_read_when_the_list_is(folder: Path) -> None:
    (folder / "active.sql").write_text("\ufeffSELECT 1 AS a -- ä\n", encoding="utf-8")
    for found in (read(query="input/active.sql"), read("input/active.sql")):
        assert found.ref == "input/active.sql"
        assert found.options["query"] == "SELECT 1 AS a -- ä\n"


def test_a_query_that_was_read_once_is_not_looked_for_again(folder: Path) -> None:
    found = read("input/active.sql", "SELECT 1 AS a")
    assert (found.ref, found.options["query"]) == ("input/active.sql", "SELECT 1 AS a")


def test_a_file_that_is_not_there_is_told_with_its_place_and_its_neighbour(folder: Path) -> None:
    (folder / "active.sql").write_text("SELECT 1 AS a", encoding="utf-8")
    found = problem(query="input/activ.sql")
    assert found.column == "query"
    assert str(folder / "activ.sql") in found.message
    assert "active.sql" in found.remedy


def test_a_file_that_is_no_text_is_told(folder: Path) -> None:
    (folder / "x.sql").write_bytes(b"SELECT '\xff'")
    assert "cannot be read" in problem(query="input/x.sql").message


def test_parameters_without_values_and_values_without_parameters_are_told_before_anything_starts() -> None:
    assert problem("", "SELECT :a AS a").value == ":a"
    found = problem("", "SELECT :region AS a", (("regoin", "North"),))
    assert (found.column, found.value, found.remedy) == ("params", ":region", "Did you mean regoin?")
    assert problem("", "SELECT 1 AS a", (("b", "1"),)).value == "b"
    assert read("", "SELECT :a AS a", (("a", "1"), ("a", "2"))).params == (("a", "1"), ("a", "2"))


def test_the_ends_of_a_window_need_a_window() -> None:
    query = "SELECT 1 AS a WHERE :window_start < now()"
    assert problem("", query).column == "window"
    assert read("", query, window=WINDOW).ref == "query"
    assert read("", query, (("window_start", "2026-01-01"),)).ref == "query"


def test_a_file_that_does_not_use_the_window_is_a_notice(folder: Path) -> None:
    (folder / "x.sql").write_text("SELECT 1 AS a", encoding="utf-8")
    assert "window does nothing" in read("input/x.sql", window=WINDOW).notices[0]
    assert not read("", "SELECT 1 AS a", window=WINDOW).notices


@pytest.mark.parametrize(
    ("text", "query", "column"),
    [
        ("", None, "id"),
        ("12", None, "id"),
        ("", "", "query"),
        ("", "SELECT 1; SELECT 2", "query"),
        ("table:", None, "id"),
        ("table:a.b.c", None, "id"),
        ("table:a b", None, ""),
        ("table:a", "SELECT 1", "id"),
        ("12", "SELECT 1", "id"),
        ("input/a.sql", "input/b.sql", "id"),
    ],
)
def test_what_is_no_report_is_told_in_its_column(text: str, query: str | None, column: str) -> None:
    if column:
        assert problem(text, query).column == column
    else:
        assert read(text, query).ref == text


@pytest.mark.parametrize(
    ("ref", "dialect", "query"),
    [
        ("table:orders", "postgresql", 'SELECT * FROM "orders"'),
        ("table:sales.orders", "mysql", "SELECT * FROM `sales`.`orders`"),
        ('table:"my.odd ""one"""."t"', "sqlite", 'SELECT * FROM "my.odd ""one"""."t"'),
        ("table:a]b", "mssql", "SELECT * FROM [a]]b]"),
        ("table:a`; DROP TABLE t", "mysql", "SELECT * FROM `a``; DROP TABLE t`"),
    ],
)
def test_the_name_of_a_table_is_quoted_and_never_more_than_a_name(ref: str, dialect: str, query: str) -> None:
    assert parts_of(ref) is not None
    assert query_for(ref, dialect) == query
