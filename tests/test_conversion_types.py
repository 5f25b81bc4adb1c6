from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfr.column_types import ColumnType, read_type
from sfr.conversion import FORMATS
from sfr.conversion.arrow_types import arrow_type, typed_array
from sfr.errors import InvalidReport
from tests.conversions import converted, csv_of, read_back, unpacked

ZONED = "timestamp with time zone"
TYPES = ("integer", "decimal(5,2)", "decimal(38,0)", "float", "boolean", "date", "time", "timestamp", ZONED, "text(3)")
NEARLY = st.text(st.sampled_from("0123456789.-+:TZt eEnaif"), max_size=12)
NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65).map(str), st.decimals(places=3, min_value=-2000, max_value=2000).map(str),
    st.floats().map(str),
    st.sampled_from(["+5", "-.5", "1.", ".", "-", "00123", "1.500", "-0", "1e999", "1E5", "1-2", "",
                     str(2**128), str(2**128 + 150), f"{2**128 + 150}.00", "9" * 38, "9" * 39, "0" * 50 + "1.5"]),
)  # fmt: skip
MOMENTS = st.one_of(
    st.datetimes(timezones=st.none() | st.just(UTC)).map(str), st.dates().map(str), st.times().map(str),
    st.sampled_from(["2026-01-01T10:00", "2026-01-01 10", "2026-01-01 10:00:00.1234567", "2026-01-01 10:00:00+0330",
                     "2026-01-01 10:00:00.120000000", "0000-00-00", "0000-01-01",
                     "0000-01-01 10:00", "2026-02-30", "24:00:00", "2026-01-01 10+00:00"]),
)  # fmt: skip
TEXTS = st.one_of(NEARLY, NUMBERS, MOMENTS, st.sampled_from(["true", "F", "yes", "abc", "äöü€"]), st.none(), st.text())
SALES = [
    ["name", "amount", "count", "day", "at", "open"],
    ["007", "1.5", "3", "2026-02-28", "2026-02-28 10:00:00", "true"],
    ["N/A", "-12345678.90", "-9", "1999-12-31", "2026-02-28T10:00:00.250", "f"],
]
TYPES_OF_SALES = (
    ("amount", "decimal(12,2)"), ("count", "int"), ("day", "date"), ("at", "timestamp"), ("open", "bool"),
)  # fmt: skip


def exact(text: str | None, kind: ColumnType) -> tuple[Any, str]:
    try:
        return kind.value_or_none(text), ""
    except ValueError as why:
        return None, str(why)


@pytest.mark.parametrize("type_name", TYPES)
@given(texts=st.lists(TEXTS, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_column_of_arrow_holds_exactly_what_each_text_is(type_name: str, texts: list[str | None]) -> None:
    kind, told = read_type(type_name), {}

    def note(row: int, text: str, why: ValueError) -> None:
        assert text == texts[row]
        told[row] = str(why)

    found = typed_array(pa.array(texts, pa.string()), kind, note)
    assert found.type == arrow_type(kind)
    expected = [exact(text, kind) for text in texts]
    assert found.to_pylist() == [value for value, _ in expected]
    assert told == {row: why for row, (_, why) in enumerate(expected) if why}


def test_a_slice_of_an_arrow_column_is_looked_at_alone() -> None:
    texts = pa.array(["abc", "1", None, "x"]).slice(1, 2)
    assert typed_array(texts, read_type("int"), lambda *_: pytest.fail("it fits")).to_pylist() == [1, None]


def test_parquet_has_the_types_that_were_named_and_text_for_all_others(tmp_path: Path) -> None:
    facts = converted(csv_of(SALES), tmp_path, "parquet", types=TYPES_OF_SALES)
    types = [str(field.type) for field in pyarrow.parquet.read_schema(facts.path)]
    assert types == ["string", "decimal128(12, 2)", "int64", "date32[day]", "timestamp[us]", "bool"]
    assert read_back(facts.path, "parquet")[1:] == [
        ["007", Decimal("1.50"), 3, date(2026, 2, 28), datetime(2026, 2, 28, 10), True],
        ["N/A", Decimal("-12345678.90"), -9, date(1999, 12, 31), datetime(2026, 2, 28, 10, 0, 0, 250_000), False],
    ]


def test_jsonl_has_numbers_with_all_their_digits_and_dates_as_they_came(tmp_path: Path) -> None:
    rows = [["a", "b", "c", "d"], ["12345678901234567890.10", "+007", "2026-02-28 10:00", "1e5"]]
    types = (("a", "decimal(38,2)"), ("b", "int"), ("c", "timestamp"), ("d", "float"))
    facts = converted(csv_of(rows), tmp_path, "jsonl", types=types)
    text = facts.path.read_text(encoding="utf-8")
    assert text == '{"a": 12345678901234567890.10, "b": 7, "c": "2026-02-28 10:00", "d": 100000.0}\n'
    assert json.loads(text, parse_float=Decimal)["a"] == Decimal("12345678901234567890.10")


def test_a_workbook_has_numbers_and_dates_that_can_be_reckoned_with(tmp_path: Path) -> None:
    facts = converted(csv_of(SALES), tmp_path, "xlsx", types=TYPES_OF_SALES)
    assert read_back(facts.path, "xlsx")[1:] == [
        ["007", 1.5, 3, datetime(2026, 2, 28), datetime(2026, 2, 28, 10), True],
        ["N/A", -12345678.9, -9, datetime(1999, 12, 31), datetime(2026, 2, 28, 10, 0, 0, 250_000), False],
    ]
    assert facts.warnings == ()


def test_what_a_workbook_would_change_stays_text_there_and_that_is_said(tmp_path: Path) -> None:
    rows = [
        ["number", "{at}", "zoned", "time"],
        ["1234567890123456", "2026-01-01 10:00:00.123456", "2026-01-01T10:00:00+02:00", "07:30:00.000001"],
        ["123456789012345", "1899-12-31 00:00", "", "07:30"],
    ]
    types = (("number", "int"), ("{at}", "timestamp"), ("zoned", ZONED), ("time", "time"))
    facts = converted(csv_of(rows), tmp_path, "xlsx", types=types)
    assert read_back(facts.path, "xlsx")[1:] == [rows[1], [123456789012345, "1899-12-31 00:00", "", time(7, 30)]]
    assert facts.changed_cells == 5
    assert facts.warnings == (
        "column 'number': numbers that a workbook would change are texts, in 1 of its cells",
        "column '{at}': dates and times that a workbook would change are texts, in 2 of its cells",
        "column 'zoned': dates and times that a workbook would change are texts, in 1 of its cells",
        "column 'time': dates and times that a workbook would change are texts, in 1 of its cells",
    )


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("records_before", [0, 60_000])
def test_a_value_that_does_not_fit_refuses_the_report_with_its_place(
    tmp_path: Path, format_name: str, records_before: int
) -> None:
    rows = [["name", "amount"], *[["x", "1.25"]] * records_before, ["y", "1.255"], ["z", "abc"]]
    with pytest.raises(InvalidReport) as caught:
        converted(csv_of(rows), tmp_path, format_name, types=(("amount", "decimal(12,2)"),))
    place = f"record {records_before + 1:,}, column 'amount': '1.255'"
    assert caught.value.message == f"{place} has 3 digits behind its point, and decimal(12,2) takes 2"
    assert (caught.value.reason, caught.value.max_attempts) == ("type", 1)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_value_that_does_not_fit_is_kept_by_choice_and_counted(tmp_path: Path, format_name: str) -> None:
    rows = [["a", "b"], *[["1", "2"]] * 200_000, ["x", "3"], ["", "4"], ["y", "5"]]
    if format_name == "xlsx":
        del rows[10:-3]
    content = csv_of(rows)
    facts = converted(content, tmp_path, format_name, types=(("a", "int"), ("b", "int")), misfits="keep")
    became = {"parquet": "so the whole column is text", "xlsx": "kept as text", "jsonl": "kept as text"}
    assert facts.changed_cells == 2
    assert facts.warnings == (
        f"column 'a': 2 values do not fit integer, {became.get(format_name, 'kept unchanged')} "
        f"(the first one: record {len(rows) - 3:,}: 'x' is no whole number)",
    )
    if format_name.startswith("csv"):
        assert unpacked(facts.path, format_name) == content
        return
    ends = {
        "parquet": [["1", 2], ["x", 3], ["", 4], ["y", 5]],
        "jsonl": [[1, 2], ["x", 3], [None, 4], ["y", 5]],
        "xlsx": [[1, 2], ["x", 3], ["", 4], ["y", 5]],
    }
    found = read_back(facts.path, format_name)
    assert found[-4:] == ends[format_name]
    assert len(found) == len(rows)


@pytest.mark.parametrize("format_name", ["parquet", "jsonl", "csv"])
def test_an_empty_cell_of_a_typed_column_holds_no_value_quoted_or_not(tmp_path: Path, format_name: str) -> None:
    facts = converted(b'a,b\n"",x\n1,\n,""\n', tmp_path, format_name, types=(("a", "int"),))
    if format_name != "csv":
        assert read_back(facts.path, format_name)[1:] == [[None, "x"], [1, ""], [None, ""]]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_type_for_a_column_that_is_not_there_is_refused_with_those_there_are(
    tmp_path: Path, format_name: str
) -> None:
    with pytest.raises(InvalidReport, match=r"the column 'amuont'") as caught:
        converted(csv_of([["amount", "b"]]), tmp_path, format_name, types=(("amuont", "int"),))
    assert caught.value.reason == "column"
    assert caught.value.remedy == "Did you mean amount? Its columns are amount, b."


def test_a_type_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidReport, match="column 'a': 'monney' is no type; there are text"):
        converted(b"a\n", tmp_path, "jsonl", types=(("a", "monney"),))


@pytest.mark.parametrize("format_name", ["parquet", "jsonl"])
def test_two_columns_of_one_name_are_refused_where_a_format_cannot_have_them(tmp_path: Path, format_name: str) -> None:
    with pytest.raises(InvalidReport, match="2 columns are called 'a'") as caught:
        converted(b"a,b,a\n1,2,3\n", tmp_path, format_name)
    assert caught.value.reason == "column"


@pytest.mark.parametrize("format_name", ["parquet", "xlsx", "jsonl"])
def test_a_report_without_records_has_its_columns(tmp_path: Path, format_name: str) -> None:
    facts = converted(b"a,b\r\n", tmp_path, format_name, types=(("b", "date"),))
    assert read_back(facts.path, format_name) == ([] if format_name == "jsonl" else [["a", "b"]])


@pytest.mark.parametrize("number", [str(2**128), str(2**128 + 150), f"{2**128 + 150}.00", "9" * 39])
@pytest.mark.parametrize("type_name", ["decimal(12,2)", "decimal(38,0)"])
def test_a_number_of_too_many_digits_never_becomes_another_number(tmp_path: Path, number: str, type_name: str) -> None:
    with pytest.raises(InvalidReport, match="digits before its point"):
        converted(csv_of([["amount", "b"], [number, "1"]]), tmp_path, "parquet", types=(("amount", type_name),))
