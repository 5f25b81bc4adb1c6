"""The CSV of records: what needs quotes gets them, and NULL is never the empty text."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.csv_scan import read_header
from sfr.sources.sql import csv_text
from sfr.sources.sql.csv_text import Numbers

VALUES = st.none() | st.text(alphabet='ab,"\n\r \\N.é😀', max_size=6)


def lines_of(rows: list[tuple[str | None, ...]], null: str = "") -> str:
    return csv_text.block(list(zip(*rows, strict=True)), null)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=20), st.sampled_from(["", "\\N", "a"]))
def test_what_is_written_is_read_again_whatever_it_holds(rows: list[tuple[str | None, ...]], null: str) -> None:
    text = lines_of(rows, null)
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read == [[null if value is None else value for value in row] for row in rows]


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20), st.sampled_from(["", "\\N", "a"]))
def test_each_value_is_written_as_it_would_be_alone(rows: list[tuple[str | None, ...]], null: str) -> None:
    def field(value: str | None) -> str:
        if value is None:
            return null
        quoted = value == null or any(special in value for special in ',"\r\n')
        return '"' + value.replace('"', '""') + '"' if quoted else value

    assert lines_of(rows, null) == "".join(",".join(map(field, row)) + "\n" for row in rows)


def test_null_and_the_empty_text_differ() -> None:
    assert lines_of([("a", None, "")]) == 'a,,""\n'
    assert lines_of([("a", None, "\\N"), ("b", "", "c")], "\\N") == 'a,\\N,"\\N"\nb,,c\n'


def test_a_single_column_is_written_as_copy_does_it() -> None:
    assert lines_of([("a",), (None,), ("",), ("\\.",)]) == 'a\n\n""\n"\\."\n'


@pytest.mark.parametrize("null", ["", "7"])
def test_numbers_need_no_quotes_unless_they_look_like_the_marker(null: str) -> None:
    written = csv_text.block([Numbers(["7", "8"]), ["a", "b"]], null)
    assert written == ('"7",a\n8,b\n' if null else "7,a\n8,b\n")


def test_names_of_columns_are_written_by_the_same_rules() -> None:
    assert csv_text.header(["a", "b,c", ""], "") == 'a,"b,c",""\n'


@given(st.lists(st.text(alphabet='a,;|\t" ', min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
def test_no_reader_takes_the_letters_of_a_name_for_the_delimiter(names: list[str]) -> None:
    found = read_header(io.BytesIO(csv_text.header(names, "").encode()))
    assert (found.columns, found.delimiter) == (tuple(names), "," if len(names) > 1 else "")
