"""What a load says is in a table is in it: no old row beside the new ones, no value made up or changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfr.errors import DeliveryError, InvalidReport, SfrError
from tests.table_loads import KINDS, Base, base_of

NEW = "id,txt\n1,new\n2,new\n"
KEYED: dict[str, Any] = {"update": "upsert", "identity": ("id",)}
KEEPING = (
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TRIGGER keep BEFORE DELETE ON sales FOR EACH ROW EXECUTE FUNCTION keep()",
)
NO_DELETING = ("CREATE RULE keep AS ON DELETE TO sales DO INSTEAD NOTHING",)
IGNORING = ("CREATE TRIGGER keep BEFORE DELETE ON sales BEGIN SELECT RAISE(IGNORE); END",)


@pytest.fixture(params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        yield made


def refusal(base: Base, text: str, **values: Any) -> SfrError:
    """What a load fails with."""
    with pytest.raises(SfrError) as caught:
        base.load(text, **values)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("kind", "statements"), [("postgresql", KEEPING), ("postgresql", NO_DELETING), ("sqlite", IGNORING)]
)
def test_a_table_that_keeps_its_rows_is_not_replaced(kind: str, statements: tuple[str, ...], tmp_path: Path) -> None:
    with base_of(kind, tmp_path / "staged") as base:
        base.run("CREATE TABLE sales (id TEXT, txt TEXT)", "INSERT INTO sales VALUES ('9', 'old')", *statements)
        error = refusal(base, NEW)
        assert (type(error), error.reason) == (DeliveryError, "rows-stayed")
        assert base.rows() == [("9", "old")]


def test_rows_of_heirs_are_not_deleted_with_those_of_their_table(tmp_path: Path) -> None:
    with base_of("postgresql", tmp_path / "staged") as base:
        base.run(
            "CREATE TABLE sales (id TEXT, txt TEXT)",
            "CREATE TABLE own (more TEXT) INHERITS (sales)",
            "INSERT INTO own VALUES ('9', 'old', 'precious')",
        )
        error = refusal(base, NEW)
        assert error.reason == "inherited"
        assert "own inherits from it" in error.message
        assert base.rows("SELECT * FROM own") == [("9", "old", "precious")]


def test_a_table_that_keeps_its_versions_keeps_them_when_it_is_replaced(tmp_path: Path) -> None:
    with base_of("mysql", tmp_path / "staged") as base:
        if "MariaDB" not in str(base.rows("SELECT VERSION()")):
            pytest.skip("only MariaDB has such tables")
        base.run("CREATE TABLE sales (id INT, txt TEXT) WITH SYSTEM VERSIONING", "INSERT INTO sales VALUES (9, 'old')")
        base.load(NEW)
        assert base.rows() == [(1, "new"), (2, "new")]
        assert (9, "old") in base.rows("SELECT id, txt FROM sales FOR SYSTEM_TIME ALL")


@pytest.mark.parametrize("kind", ["mysql", "mysql by insert"])
@pytest.mark.parametrize("values", [{}, {"update": "append"}, KEYED], ids=["replace", "append", "upsert"])
def test_a_zero_stays_a_zero_in_a_column_that_counts_by_itself(
    kind: str, values: dict[str, Any], tmp_path: Path
) -> None:
    with base_of(kind, tmp_path / "staged") as base:
        base.run("CREATE TABLE sales (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, txt TEXT)")
        base.load("id,txt\n0,zero\n5,five\n", **values)
        assert base.rows("SELECT * FROM sales ORDER BY id") == [(0, "zero"), (5, "five")]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("mysql", "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"),
        ("mysql by insert", "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"),
        ("mysql", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP"),
        ("sqlite", "INTEGER PRIMARY KEY"),
    ],
)
def test_nothing_is_made_up_where_a_value_is_missing(kind: str, column: str, tmp_path: Path) -> None:
    with base_of(kind, tmp_path / "staged") as base:
        base.run(f"CREATE TABLE sales (id {column}, txt TEXT)")
        first = "1970-02-01 00:00:00Z" if "STAMP" in column else "7"
        error = refusal(base, f"id,txt\n{first},a\n,b\n", null="")
        assert type(error) is InvalidReport
        assert error.message.startswith("record 2, column 'id': it has no value")
        assert base.rows() == []


@pytest.mark.parametrize("values", [{}, {"update": "append"}, KEYED], ids=["replace", "append", "upsert"])
@pytest.mark.parametrize("conflict", ["REPLACE", "IGNORE"])
def test_no_record_goes_for_another_one_because_the_table_would_have_it_so(
    values: dict[str, Any], conflict: str, tmp_path: Path
) -> None:
    with base_of("sqlite", tmp_path / "staged") as base:
        base.run(f"CREATE TABLE sales (id TEXT UNIQUE, txt TEXT UNIQUE ON CONFLICT {conflict})")
        base.run("INSERT INTO sales VALUES ('9', 'old')")
        error = refusal(base, "id,txt\n1,old\n2,old\n", **values)
        assert error.reason == "constraint"
        assert base.rows() == [("9", "old")]


@pytest.mark.parametrize("text", ["0012", "1.10", "1e3", " 7", "+5", "-0", ".5", "9223372036854775808", '"00"'])
@pytest.mark.parametrize("types", [(), (("id", "text(30)"),)], ids=["no types", "text"])
def test_a_text_that_a_column_would_make_a_number_of_is_refused(
    text: str, types: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    with base_of("sqlite", tmp_path / "staged") as base:
        base.run("CREATE TABLE sales (id STRING, txt TEXT)")
        error = refusal(base, f"id,txt\nAB-1,a\n{text},b\n", types=types)
        assert error.message.startswith("record 2, column 'id': ")
        assert "a column of the type STRING takes for a number" in error.message
        assert base.rows() == []


def test_all_other_texts_go_into_such_a_column_as_they_are(tmp_path: Path) -> None:
    with base_of("sqlite", tmp_path / "staged") as base:
        base.run("CREATE TABLE sales (id STRING, txt TEXT)")
        texts = ["A1", "", "2026-01-01", "1_000", "0x10", "1 2", "-", "--1"]
        base.load("id,txt\n" + "".join(f"{text},a\n" for text in texts))
        assert base.rows("SELECT id FROM sales") == [(text,) for text in texts]
