from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sfr.connector import Carrying, Checking, TakingRecords, Updating
from sfr.errors import DeliveryError, InvalidReport, SfrError
from tests.table_loads import JOB, KINDS, Base, base_of, shown_url

OLD, NEW = "id,txt\n1,one\n2,two\n", "txt,id\nTWO,2\nthree,3\n"
ALL_OLD, ALL_NEW = [("1", "one"), ("2", "two")], [("2", "TWO"), ("3", "three")]
READ = "SELECT id, txt FROM sales ORDER BY id"
KEYED = {"update": "upsert", "identity": ("id",)}


@pytest.fixture(params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        yield made


def refusal(base: Base, text: str, **values: object) -> SfrError:
    with pytest.raises((DeliveryError, InvalidReport)) as caught:
        base.load(text, **values)
    assert caught.value.remedy
    return caught.value


def test_it_is_what_it_says_it_is(base: Base) -> None:
    table = base.table()
    assert isinstance(table, Carrying)
    assert isinstance(table, Checking)
    assert isinstance(table, Updating)
    assert isinstance(table, TakingRecords)
    table.check()


def test_a_load_says_where_its_rows_are_and_how_many(base: Base) -> None:
    done = base.load(OLD, sha256="ab" * 32)
    assert done.location == f"{shown_url(base)}sales"
    assert (done.records, done.kind, done.sha256, done.warnings) == (2, "table", "ab" * 32, ())


def test_replace_leaves_only_the_new_rows_and_takes_columns_by_name(base: Base) -> None:
    base.load(OLD)
    for _ in range(2):
        base.load(NEW)
        assert base.rows(READ) == ALL_NEW
    assert base.load("id,txt\n").records == 0
    assert base.rows(READ) == []
    assert base.tables() == ["sales"]


def test_replace_keeps_what_hangs_on_the_table(base: Base) -> None:
    base.load(OLD, types=(("txt", "text(20)"),))
    base.run("CREATE VIEW seen AS SELECT id FROM sales", "CREATE INDEX by_txt ON sales (txt)")
    base.load(NEW, types=(("txt", "text(20)"),))
    assert sorted(base.rows("SELECT id FROM seen")) == [("2",), ("3",)]
    base.run("DROP INDEX by_txt" + (" ON sales" if base.dialect == "mysql" else ""))


def test_append_adds_behind_and_only_once_for_each_job(base: Base) -> None:
    base.load(OLD, update="append")
    again = base.load(OLD, update="append")
    assert again.records == 2
    assert again.warnings == (f"this job had added its 2 records to {_shown(base)} already: nothing was added",)
    assert base.rows(READ) == ALL_OLD
    base.load("id,txt\n3,three\n", update="append", job_id="r2-0001")
    assert base.rows(READ) == [*ALL_OLD, ("3", "three")]
    loads = base.rows("SELECT job_id, table_name, records FROM sfr_loads ORDER BY job_id")
    assert loads == [(JOB, "sales", 2), ("r2-0001", "sales", 1)]


def test_a_job_may_append_to_several_tables_and_to_one_that_was_made_anew(base: Base) -> None:
    base.load(OLD, update="append")
    base.load(OLD, update="append", path="other")
    base.run("DROP TABLE sales")
    base.load(OLD, update="append")
    assert base.rows(READ) == ALL_OLD
    assert len(base.rows("SELECT * FROM other")) == 2


def test_upsert_changes_rows_by_their_key_and_adds_the_others(base: Base) -> None:
    assert base.load(OLD, **KEYED).records == 2
    for _ in range(2):
        assert base.load(NEW, **KEYED).records == 2
        assert base.rows(READ) == [("1", "one"), ("2", "TWO"), ("3", "three")]
    assert base.tables() == ["sales"]


def test_upsert_by_several_columns_and_with_nothing_else(base: Base) -> None:
    keys = {"update": "upsert", "identity": ("b", "a"), "types": (("a", "integer"),)}
    base.load("a,b\n1,x\n1,y\n", **keys)
    assert base.load("a,b\n1,y\n2,x\n", **keys).records == 2
    assert base.rows("SELECT a, b FROM sales ORDER BY a, b") == [(1, "x"), (1, "y"), (2, "x")]


def test_a_key_that_comes_twice_is_named_with_its_records(base: Base) -> None:
    base.load(OLD, **KEYED)
    text = 'id,txt\n7,a\n8,"b\nb"\n7,c\n9,d\n7,e\n8,f\n'
    error = refusal(base, text, **KEYED)
    assert error.message == "the same key comes more than once: id='7' (records 1 and 5); id='8' (records 2 and 6)"
    assert base.rows(READ) == ALL_OLD


def test_keys_are_the_same_when_their_values_are(base: Base) -> None:
    types = (("id", "integer"),)
    error = refusal(base, "id,txt\n7,a\n007,b\n", types=types, **KEYED)
    assert error.message == "the same key comes more than once: id='7' (records 1 and 2)"
    base.load("id,txt\na,1\nA,2\na ,3\n", path="texts", **KEYED)
    assert len(base.rows("SELECT * FROM texts")) == 3


def test_a_key_without_a_value_is_refused(base: Base) -> None:
    for _ in range(2):
        error = refusal(base, "id,txt\n1,x\n,y\n,z\n", null="", **KEYED)
        assert error.message.startswith("record 2 has no value in id, and so no key to be found by (1 more record")
        base.load(OLD, **KEYED)
    assert base.rows(READ) == ALL_OLD


@pytest.mark.parametrize(
    ("identity", "words"),
    [((), "needs columns that tell one row from another"), (("key",), "the report has no column 'key'")],
)
def test_an_upsert_needs_columns_that_are_there(base: Base, identity: tuple[str, ...], words: str) -> None:
    assert words in refusal(base, OLD, update="upsert", identity=identity).message


def test_an_upsert_needs_a_unique_index_on_exactly_its_key(base: Base) -> None:
    base.run("CREATE TABLE sales (id VARCHAR(20), txt VARCHAR(20), UNIQUE (id, txt))")
    assert "has no unique index on id" in refusal(base, OLD, **KEYED).message
    base.run("CREATE UNIQUE INDEX the_key ON sales (id)")
    base.load(OLD, **KEYED)
    base.load(NEW, **KEYED)
    assert base.rows(READ) == [("1", "one"), ("2", "TWO"), ("3", "three")]


def test_an_upsert_never_takes_a_row_for_the_same_by_another_index(base: Base) -> None:
    base.run("CREATE TABLE sales (id VARCHAR(20) PRIMARY KEY, txt VARCHAR(20) UNIQUE)")
    base.load(OLD, **KEYED)
    error = refusal(base, "id,txt\n9,one\n", **KEYED)
    assert error.reason == "constraint"
    assert base.rows(READ) == ALL_OLD


def test_other_columns_are_named_and_nothing_is_written(base: Base) -> None:
    base.load(OLD)
    error = refusal(base, "id,name,age\n1,x,2\n")
    assert error.message == (
        f"table {_shown(base)} has other columns than the report: the table lacks 'name', 'age'; the report lacks 'txt'"
    )
    assert base.rows(READ) == ALL_OLD


def test_a_table_of_other_types_than_the_list_is_named(base: Base) -> None:
    base.run("CREATE TABLE sales (id INTEGER, txt VARCHAR(20))")
    error = refusal(base, OLD, types=(("id", "date"),))
    assert "'id' is int" in error.message.lower()
    assert "and date in the list" in error.message


def test_values_are_held_to_the_types_of_a_table_that_is_there(base: Base) -> None:
    base.run("CREATE TABLE sales (id INTEGER, amount DECIMAL(6,2))")
    base.load("id,amount\n1,2.50\n")
    for text in ("id,amount\n1,2.505\n", "id,amount\nx,2\n", "id,amount\n1.5,2\n"):
        error = refusal(base, text)
        assert error.reason == "type"
        assert "record 1, column" in error.message
    assert [(i, float(a)) for i, a in base.rows()] == [(1, 2.5)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a,,b", "number 2 has no name"),
        ("a,b,a", "more than one column is called 'a'"),
    ],
)
def test_columns_that_no_table_can_have_are_named(base: Base, header: str, words: str) -> None:
    assert words in refusal(base, f"{header}\n1,2,3\n").message


def test_names_that_are_too_long_or_fall_together_are_told(base: Base) -> None:
    if base.dialect == "postgresql":
        assert "number 1 is too long: 64 bytes of 63" in refusal(base, "ü" * 32 + ",b\n1,2\n").message
        base.load("Id,ID\n1,2\n")
        return
    assert "the columns 'Id' and 'ID' are the same one" in refusal(base, "Id,ID\n1,2\n").message
    if base.dialect == "mysql":
        assert "number 1 is too long: 65 characters of 64" in refusal(base, "a" * 65 + ",b\n1,2\n").message


def test_names_are_taken_exactly(base: Base) -> None:
    names = ["select", "Größe in %", 'x "y"', "a;--", "`b`", "1", "%s", "values (%s)", "?", ":c", "{d}"]
    text = ",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n" + ",".join("v" * len(names)) + "\n"
    for update in ("replace", "append", "upsert"):
        base.load(text, update=update, identity=("Größe in %",), path=f"odd table {update}")
        assert base.rows(f"SELECT COUNT(*) FROM {base.quoted(f'odd table {update}')}") == [(1,)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Active Users 2026-11-21.csv", "active_users_2026_11_21"),
        ("crm/Sales (EU).csv.gz", "crm_sales_eu"),
        ("Umsätze.xlsx", "umsätze"),
        ("ExactName", "ExactName"),
    ],
)
def test_a_file_name_becomes_a_table_name(base: Base, path: str, name: str) -> None:
    base.load(OLD, path=path)
    assert base.tables() == [name]


def test_a_schema_is_named_before_the_table(base: Base, tmp_path: Path) -> None:
    if base.dialect == "sqlite":
        assert "has no schemas" in refusal(base, OLD, path="archive.sales").message
        return
    if base.dialect == "mysql":
        assert "there is no database" in refused_check(base)
        return
    base.run("CREATE SCHEMA archive")
    assert base.load(OLD, path="archive.sales").key == "archive.sales"
    base.table(schema_name="archive").deliver([base.parcel(NEW, path="sales")])
    assert base.rows("SELECT id, txt FROM archive.sales ORDER BY id") == ALL_NEW
    assert "there is no schema" in refused_check(base)


def refused_check(base: Base) -> str:
    with pytest.raises(DeliveryError) as caught:
        base.table(schema_name="missing").check()
    return caught.value.message


def test_a_table_is_made_only_where_that_is_allowed(base: Base) -> None:
    with pytest.raises(DeliveryError, match="there is no table"):
        base.table(create=False).deliver([base.parcel(OLD)])
    assert base.tables() == []


def test_a_view_is_not_loaded_into(base: Base) -> None:
    base.load(OLD, path="under")
    base.run("CREATE VIEW sales AS SELECT * FROM under")
    assert "is no table but" in refusal(base, OLD).message


def test_a_table_that_others_refer_to_is_not_replaced(base: Base) -> None:
    base.run(
        "CREATE TABLE sales (id VARCHAR(20) PRIMARY KEY, txt VARCHAR(20))",
        "CREATE TABLE parts (sale VARCHAR(20), FOREIGN KEY (sale) REFERENCES sales (id) ON DELETE CASCADE)",
    )
    base.load(OLD, **KEYED)
    base.run("INSERT INTO parts VALUES ('1')")
    assert refusal(base, NEW).reason == "referred-to"
    base.load(NEW, **KEYED)
    assert base.rows("SELECT sale FROM parts") == [("1",)]


def test_only_records_are_taken_and_not_into_our_own_table(base: Base) -> None:
    assert "this is parquet" in refusal(base, OLD, format="parquet").message
    assert "remembered" in refusal(base, OLD, path="sfr_loads").message
    parcels = [base.parcel(OLD), base.parcel(NEW)]
    with pytest.raises(DeliveryError, match="more than one file"):
        base.table().deliver([replace(each, path="sales.csv") for each in parcels])


def _shown(base: Base) -> str:
    if base.dialect == "sqlite":
        return "sales"
    return "public.sales" if base.dialect == "postgresql" else f"{base.engine.url.database}.sales"
