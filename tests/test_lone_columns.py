"""No value and the empty text stay two things where the list leaves a single column of a report, as do its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.column_mapping import MappedSink
from sfr.connector import Session, Tools, Wanted
from sfr.model import Outcome, Shape, Status
from sfr.sources.sql.source import Sql
from sfr.testing import Tray
from tests.scripted import bring, whole
from tests.sql_databases import KINDS, config_of, database_of

ROWS = b'id,note\n1,\n2,""\n3,x\n4,\n5,\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def brought(folder: Path, data: bytes, **wanted: Any) -> tuple[Outcome, bytes]:
    outcome = bring(folder, whole(data), columns=(("note", "Note"),), **wanted)
    return outcome, (folder / "sales.csv").read_bytes()


def test_where_an_empty_field_says_no_value_it_stays_one(folder: Path) -> None:
    outcome, data = brought(folder, ROWS, shape=Shape(null=""))
    assert data == b'Note\n\n""\nx\n\n\n'
    assert (outcome.status, outcome.records, outcome.warnings) == (Status.DONE, 5, ())


def test_elsewhere_it_is_an_empty_text_and_no_blank_line(folder: Path) -> None:
    outcome, data = brought(folder, ROWS)
    assert data == b'Note\n""\n""\nx\n""\n""\n'
    assert outcome.records == 5


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_last_record_without_value_and_line_end_is_one(folder: Path, line_end: bytes) -> None:
    outcome, data = brought(folder, line_end.join([b"id,note", b"1,x", b"2,"]), shape=Shape(null=""))
    assert data == line_end.join([b"Note", b"x", b"", b""])
    assert outcome.records == 2


def test_a_mapping_gives_a_single_column_as_it_came() -> None:
    tray = Tray()
    sink = MappedSink(tray, (("note", "Note"),), null="")
    sink.write(b'note\n\n""\nx\n\n')
    sink.finish()
    assert bytes(tray.data) == b'Note\n\n""\nx\n\n'


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_s_null_and_empty_text_stay_apart(kind: str, folder: Path, tmp_path: Path) -> None:
    statements = ("CREATE TABLE t (id int, note varchar(9))", "INSERT INTO t VALUES (1, NULL), (2, ''), (3, NULL)")
    with database_of(kind, tmp_path, *statements) as url:
        source = Sql(config_of(url), Tools("db", lambda: Session("", 1)))
        reference = Sql.read_reference(Wanted("", options={"query": "SELECT id, note FROM t ORDER BY id"}))
        outcome = bring(folder, source, ref=reference.ref, options=reference.options, columns=(("note", "Note"),))
    assert (folder / "sales.csv").read_bytes() == b'Note\n\n""\n\n'
    assert (outcome.status, outcome.records) == (Status.DONE, 3)
