"""Checks what is delivered where records are cleansed or converted on their way, and several places want them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from sfr.connector import Sink
from sfr.destinations.folder import Folder, FolderConfig
from sfr.destinations.table.config import TableConfig
from sfr.destinations.table.destination import Table
from sfr.model import Fetched, Place, Proof, Shape, Status
from tests.scripted import DATA, HEADER, bring, rows, whole

FOOTER = b'\n\n"Sales"\n"Copyright (c)"\n'
BOTH = (Place("folder"), Place("warehouse", "sales"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def shelves(folder: Path) -> list[object]:
    database = folder.parent / "warehouse.db"
    return [Folder(FolderConfig(directory=folder)), Table(TableConfig.model_validate({"url": f"sqlite:///{database}"}))]


def in_table(folder: Path, name: str) -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(folder.parent / "warehouse.db")) as database:
        return list(database.execute(f"SELECT * FROM {name}"))


def test_a_cleaner_that_was_changed_is_asked_again_though_the_source_says_unchanged(folder: Path) -> None:
    cleaner = folder.parent / "clean.py"

    def unless_unchanged(into: Sink) -> Fetched:
        return Fetched(unchanged=True) if into.validator else whole(DATA, validator="v1")(into)

    shape = Shape(clean=f"{cleaner}:all_of")
    cleaner.write_text("def all_of(frame, report):\n    return frame\n")
    first = bring(folder, unless_unchanged, shape=shape)
    cleaner.write_text("def all_of(frame, report):\n    return frame.head(1)\n")
    second = bring(folder, unless_unchanged, shape=shape, after=first)
    assert (second.status, second.records) == (Status.DONE, 1)
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 1)


def test_an_empty_answer_gets_the_header_that_cleansing_gave_the_last_time(folder: Path) -> None:
    shape = Shape(steps=(("rename", {"id": "number"}), ("drop", ["name"])))
    first = bring(folder, whole(DATA), shape=shape)
    second = bring(folder, lambda _: Fetched(records=0, proof=Proof.COUNT), shape=shape, after=first)
    assert (second.status, second.records, second.columns) == (Status.DONE, 0, ("number",))
    assert (folder / "sales.csv").read_bytes() == b"number\n"


def test_the_header_that_a_list_prescribes_is_cleansed_as_always(folder: Path) -> None:
    wanted = {"columns": (("id", "Id"), ("name", "Name")), "shape": Shape(steps=(("rename", {"Id": "number"}),))}
    first = bring(folder, whole(DATA), **wanted)
    second = bring(folder, lambda _: Fetched(records=0, proof=Proof.COUNT), after=first, **wanted)
    assert (first.columns, second.columns, second.status) == (("number", "Name"), ("number", "Name"), Status.DONE)


def test_a_workbook_of_several_files_costs_a_table_none_of_their_records(folder: Path) -> None:
    def two(into: Sink) -> Fetched:
        into.another("more").write(HEADER + rows(7, 9))
        return whole(DATA)(into)

    outcome = bring(
        folder, two, name="sales.xlsx", shape=Shape(format="xlsx"), destination=shelves(folder), places=BOTH
    )
    assert outcome.status is Status.DONE
    assert [each.records for each in outcome.deliveries] == [9, 6, 3]
    assert outcome.records == 9
    assert (len(in_table(folder, "sales")), len(in_table(folder, "sales_more"))) == (6, 3)
    assert "the report came as 2 files, which are its sheets: also more (3 records)" in outcome.warnings
    with closing(openpyxl.load_workbook(folder / "sales.xlsx")) as book:
        assert [sheet.max_row for sheet in book.worksheets] == [7, 4]
    assert not list((folder.parent / "reports-private").rglob("*.part"))


def test_no_footer_is_taken_for_records(folder: Path) -> None:
    with_footer = whole(DATA, trailer=FOOTER)
    typed = bring(folder, with_footer, keep_footer=True, shape=Shape(types=(("id", "integer"),)))
    assert (typed.status, (folder / "sales.csv").read_bytes()) == (Status.DONE, DATA)
    loaded = bring(folder, with_footer, keep_footer=True, destination=shelves(folder), places=BOTH)
    assert (loaded.status, len(in_table(folder, "sales"))) == (Status.DONE, 6)
    for outcome in (typed, loaded):
        assert [text for text in outcome.warnings if "the footer is not kept" in text]
    plain = bring(folder, with_footer, keep_footer=True, name="plain.csv")
    assert plain.warnings == ()


def test_rows_without_a_value_at_the_end_of_one_column_reach_a_table(folder: Path) -> None:
    counted = whole(b'a\nx\n\n""\n\n\n', records=5, null="", proof=Proof.COUNT)
    outcome = bring(folder, counted, destination=shelves(folder), places=BOTH)
    assert (outcome.status, outcome.records) == (Status.DONE, 5)
    assert in_table(folder, "sales") == [("x",), (None,), ("",), (None,), (None,)]


def test_what_is_kept_aside_is_called_a_csv_whatever_it_should_have_become(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    shape = Shape(format="parquet", types=(("name", "integer"),))
    outcome = bring(folder, whole(DATA), name="sales.parquet", shape=shape)
    assert (outcome.status, outcome.reason) == (Status.FAILED, "type")
    assert "sales.csv" in outcome.remedy
    assert "sales.parquet" not in outcome.remedy
