from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from sfr.destinations.table import mysql_bulk
from sfr.destinations.table.destination import Table, TableConfig
from sfr.destinations.table.mysql_names import loading_of, replaced_of
from sfr.destinations.table.naming import TableName
from sfr.errors import DeliveryError, InvalidReport, SfrError
from tests.services import require
from tests.table_loads import Base, base_of

OLD, NEW = "id,txt\n1,one\n2,two\n", "id,txt\n2,TWO\n3,three\n"
ALL_OLD, ALL_NEW = [("1", "one"), ("2", "two")], [("2", "TWO"), ("3", "three")]
READ = "SELECT id, txt FROM sales ORDER BY id"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
    with base_of("mysql", tmp_path / "staged") as made:
        yield made


def test_what_does_not_fit_is_no_warning_but_an_error_with_its_record(base: Base) -> None:
    base.run("CREATE TABLE sales (id VARCHAR(20), colour ENUM('red', 'blue'), born YEAR)")
    for record, word in (("x,green,2020", "colour"), ("x,red,seventy", "born"), (f"{'x' * 21},red,2020", "id")):
        with pytest.raises(InvalidReport, match=f"record 2.*{word}"):
            base.load(f"id,colour,born\n1,blue,1999\n{record}\n")
    assert base.rows() == []


def test_the_record_is_right_in_a_later_part_too(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_bulk, "PART_BYTES", 1)
    monkeypatch.setattr("sfr.destinations.table.records.BLOCK_BYTES", 64)
    base.run("CREATE TABLE sales (id VARCHAR(20), colour ENUM('red', 'blue'))")
    text = "id,colour\n" + "".join(f"{n},red\n" for n in range(99))
    base.load(text)
    assert base.rows("SELECT COUNT(*) FROM sales") == [(99,)]
    with pytest.raises(InvalidReport, match="record 100: "):
        base.load(f"{text}99,green\n")
    assert base.rows("SELECT COUNT(*) FROM sales") == [(99,)]


def test_the_parts_of_a_load_leave_no_files(base: Base) -> None:
    base.load(OLD)
    with pytest.raises(InvalidReport):
        base.load("id,txt\n1,x\n", types=(("txt", "integer"),), path="other")
    assert not list(base.folder.glob(".load*"))


def test_a_table_with_triggers_or_foreign_keys_keeps_them(base: Base) -> None:
    base.run(
        "CREATE TABLE owners (id VARCHAR(20) PRIMARY KEY)",
        "INSERT INTO owners VALUES ('1'), ('2'), ('3')",
        "CREATE TABLE sales (id VARCHAR(20), txt VARCHAR(20), FOREIGN KEY (id) REFERENCES owners (id))",
        "CREATE TRIGGER louder BEFORE INSERT ON sales FOR EACH ROW SET NEW.txt = CONCAT(NEW.txt, '!')",
    )
    for text in (OLD, NEW):
        base.load(text)
    assert base.rows(READ) == [("2", "TWO!"), ("3", "three!")]
    with pytest.raises(DeliveryError, match="foreign key constraint"):
        base.load("id,txt\n9,x\n")
    assert base.rows(READ) == [("2", "TWO!"), ("3", "three!")]
    with pytest.raises(DeliveryError, match="cannot be replaced together"):
        base.table().deliver([base.parcel(OLD), base.parcel(OLD, path="other")])


def test_a_table_that_cannot_roll_back_is_only_replaced(base: Base) -> None:
    base.run("CREATE TABLE sales (id VARCHAR(20) PRIMARY KEY, txt VARCHAR(20)) ENGINE=MyISAM")
    base.load(OLD)
    for how in ({"update": "append"}, {"update": "upsert", "identity": ("id",)}):
        with pytest.raises(DeliveryError, match="MyISAM") as caught:
            base.load(NEW, **how)
        assert caught.value.remedy == "ALTER TABLE sales ENGINE=InnoDB"
    assert base.rows(READ) == ALL_OLD


def test_grants_stay_with_a_table_that_is_replaced(base: Base) -> None:
    base.load(OLD)
    # "localhost" too: the nameless user of a fresh server is nearer to a client there than one of everywhere
    users = ("sfr_test_grantee", "sfr_test_grantee@localhost")
    for user in users:
        base.run(f"CREATE OR REPLACE USER {user}", f"GRANT SELECT ON sales TO {user}")
    try:
        base.load(NEW)
        url = make_url(base.url).set(username="sfr_test_grantee")
        reader = Base("mysql", url.render_as_string(hide_password=False), base.folder)
        assert reader.rows(READ) == ALL_NEW
        reader.engine.dispose()
    finally:
        base.run(f"DROP USER {', '.join(users)}")


def test_what_a_dead_load_left_goes_and_what_a_dead_server_left_comes_back(base: Base) -> None:
    base.load(OLD)
    table = TableName("sales", str(base.engine.url.database))
    loading, replaced = loading_of(table).name, replaced_of(table).name
    base.run(*(f"CREATE TABLE {name} (x INT)" for name in (loading, replaced, "sfr_loading_mine")))
    base.load(NEW)
    assert base.tables() == ["sales", "sfr_loading_mine"]
    base.run(f"RENAME TABLE sales TO {replaced}")
    with pytest.raises(DeliveryError, match="the report lacks 'txt'"):
        base.load("id\n1\n")
    assert base.rows(READ) == ALL_NEW


def test_keys_of_text_are_told_to_the_letter(base: Base) -> None:
    text = 'id,txt\na,1\nA,2\n"a ",3\nä,4\n'
    base.load(text, update="upsert", identity=("id",))
    base.load(text, update="upsert", identity=("id",))
    assert len(base.rows()) == 4
    with pytest.raises(InvalidReport, match=r"record 1, column 'id': .* has 256 characters"):
        base.load(f"id,txt\n{'x' * 256},1\n", update="upsert", identity=("id",))


def test_the_other_driver_does_the_same(base: Base) -> None:
    require(importlib.util.find_spec("MySQLdb") is not None, "the package mysqlclient")
    url = make_url(base.url).set(drivername="mysql+mysqldb").render_as_string(hide_password=False)
    for by_file in (True, False):
        table = Table(TableConfig(url=SecretStr(url), local_infile=by_file))
        for update in ("upsert", "upsert", "replace"):
            text = 'id,txt\n1,\n2,""\n3,"a\\""b"\n'
            parcel = base.parcel(text, null="", update=update, identity=("id",), path=f"t{by_file}")
            assert table.deliver([parcel])[0].records == 3
        assert base.rows(f"SELECT * FROM t{by_file}") == [("1", None), ("2", ""), ("3", 'a\\"b')]
        with pytest.raises(InvalidReport):
            table.deliver([base.parcel("id,txt\n1,x\n", types=(("txt", "date"),), path="wrong")])
        assert "wrong" not in base.tables()


@pytest.mark.parametrize(
    ("columns", "told"),
    [("id INT, txt TEXT CHARSET utf8mb4, CHECK (id < 2)", "failed for"), ("id INT, txt TEXT CHARSET latin1", "`txt`")],
)
def test_what_is_wrong_with_a_record_is_told_without_names_that_nobody_has_seen(
    tmp_path: Path, columns: str, told: str
) -> None:
    with base_of("mysql", tmp_path / "staged") as base:
        base.run(f"CREATE TABLE sales ({columns})")
        with pytest.raises(SfrError) as caught:
            base.load("id,txt\n2,語\n")
        assert told in caught.value.message
        assert "sfr_loading" not in caught.value.message
