"""Checks what becomes of blank lines at the end of a single column, and of answers without anything in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.connector import Sink
from sfr.model import Fetched, Proof, Status
from tests.scripted import DATA, HEADER, bring, left, rows, whole

ONE = b"a\n1\n\n2\n\n\n"
MAPPINGS = [(), (("a", "a"),)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def nothing(into: Sink) -> Fetched:
    assert into.point == ""
    return Fetched(records=0, proof=Proof.COUNT)


@pytest.mark.parametrize("columns", MAPPINGS, ids=["plain", "mapped"])
def test_blank_lines_at_the_end_of_a_single_column_are_told_and_stay(
    folder: Path, columns: tuple[tuple[str, str], ...]
) -> None:
    outcome = bring(folder, whole(ONE), columns=columns)
    assert (outcome.status, outcome.records) == (Status.DONE, 3)
    assert [text for text in outcome.warnings if "its last 2 lines are blank" in text]
    assert (folder / "sales.csv").read_bytes().replace(b'""', b"") == ONE


@pytest.mark.parametrize("columns", MAPPINGS, ids=["plain", "mapped"])
@pytest.mark.parametrize("counted", [3, 5])
def test_a_source_that_has_counted_says_whether_they_are_records(
    folder: Path, columns: tuple[tuple[str, str], ...], counted: int
) -> None:
    outcome = bring(folder, whole(ONE, records=counted, proof=Proof.COUNT), columns=columns)
    assert (outcome.status, outcome.records, outcome.warnings) == (Status.DONE, counted, ())
    assert (folder / "sales.csv").read_bytes().replace(b'""', b"") == ONE


@pytest.mark.parametrize("columns", MAPPINGS, ids=["plain", "mapped"])
def test_another_count_is_refused(folder: Path, columns: tuple[tuple[str, str], ...]) -> None:
    outcome = bring(folder, whole(ONE, records=4, proof=Proof.COUNT), columns=columns)
    assert (outcome.status, outcome.reason, left(folder)) == (Status.FAILED, "count", [])


def test_several_columns_and_a_last_line_end_have_no_such_doubt(folder: Path) -> None:
    for data in (DATA + b"\n\n", b"a\n1\n", b"a\n1", b"a\n"):
        assert bring(folder, whole(data)).warnings == ()


def test_an_empty_answer_gets_the_header_of_last_time(folder: Path) -> None:
    first = bring(folder, whole(DATA))
    second = bring(folder, nothing, after=first)
    assert (second.status, second.records, second.columns) == (Status.DONE, 0, ("id", "name"))
    assert (folder / "sales.csv").read_bytes() == HEADER
    assert "nothing came, not even a header" in second.warnings[0]
    third = bring(folder, nothing, after=second)
    assert (third.status, (folder / "sales.csv").read_bytes()) == (Status.DONE, HEADER)


def test_an_empty_answer_keeps_the_separator_of_the_file_that_is_there(folder: Path) -> None:
    first = bring(folder, whole(b"id;name\n1;2\n"))
    bring(folder, nothing, after=first)
    assert (folder / "sales.csv").read_bytes() == b"id;name\n"


def test_an_empty_answer_has_the_columns_that_the_list_names(folder: Path) -> None:
    mapping = (("id", "Nr"), ("name", "Name"))
    outcome = bring(folder, nothing, columns=mapping)
    assert (outcome.status, (folder / "sales.csv").read_bytes()) == (Status.DONE, b"Nr,Name\n")
    bring(folder, nothing, columns=mapping, excel=True)
    assert (folder / "sales.csv").read_bytes() == b'\xef\xbb\xbf"Nr","Name"\n'


def test_an_empty_answer_without_any_past_is_an_empty_file(folder: Path) -> None:
    outcome = bring(folder, nothing)
    assert (outcome.status, outcome.records, (folder / "sales.csv").read_bytes()) == (Status.DONE, 0, b"")
    assert bring(folder, nothing, format="json", name="a.json", after=bring(folder, whole(DATA))).bytes == 0


def test_nothing_is_appended_by_an_empty_answer(folder: Path) -> None:
    first = bring(folder, whole(HEADER + rows(1, 2)), update="append")
    bring(folder, nothing, update="append", after=first)
    assert (folder / "sales.csv").read_bytes() == HEADER + rows(1, 2)
