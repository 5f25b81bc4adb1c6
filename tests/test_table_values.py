from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.errors import DeliveryError, InvalidReport
from tests.table_loads import KINDS, Base, base_of

TYPES = (
    ("n", "integer"),
    ("amount", "decimal(12,2)"),
    ("ratio", "float"),
    ("ok", "boolean"),
    ("day", "date"),
    ("at", "timestamp"),
    ("moment", "timestamp with time zone"),
)
HEADER = "id,n,amount,ratio,ok,day,at,moment,txt\n"


@pytest.fixture(params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with base_of(request.param, tmp_path / "staged") as made:
        yield made


def in_python(base: Base, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row as Python has it, where SQLite has texts and MySQL no zones."""
    n, amount, ratio, ok, day, at, moment = row
    if base.dialect == "sqlite":
        amount, day = Decimal(amount), date.fromisoformat(day)
        at, moment = datetime.fromisoformat(at), datetime.fromisoformat(moment)
    if base.dialect == "mysql":
        moment = moment.replace(tzinfo=UTC)
    return n, amount, ratio, bool(ok), day, at, moment


def test_values_arrive_exactly_in_whichever_way_they_are_written(base: Base) -> None:
    lines = (
        "1,-12,1234567890.12,0.1,true,2024-02-29,2026-11-21 07:30:00.123456,2026-11-21T07:30:00Z,a\n"
        '2,"-12","1234567890.12",1e-1,YES,"2024-02-29",2026-11-21T07:30:00.123456,2026-11-21 13:00:00+0530,b\n'
        "3,-0012,+1234567890.120,.1,1,2024-02-29,2026-11-21 07:30:00.123456000,2026-11-21 07:30:00+00,c\n"
    )
    assert base.load(HEADER + lines, types=TYPES).records == 3
    rows = base.rows("SELECT n, amount, ratio, ok, day, at, moment FROM sales")
    moment = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    wanted = (-12, Decimal("1234567890.12"), 0.1, True, date(2024, 2, 29), datetime(2026, 11, 21, 7, 30, 0, 123456))
    assert [in_python(base, row) for row in rows] == [(*wanted, moment)] * 3


def test_no_value_and_the_empty_text_stay_different(base: Base) -> None:
    base.load('a,b,c\n,"",x\n"",,y\n"",z,\n,,\n"q, q",,""\n', null="")
    assert base.rows() == [
        (None, "", "x"),
        ("", None, "y"),
        ("", "z", None),
        (None, None, None),
        ("q, q", None, ""),
    ]


@pytest.mark.parametrize("null", ["\\N", "NULL", "n/a", "-"])
def test_only_the_text_without_quotes_that_was_named_is_no_value(base: Base, null: str) -> None:
    texts = ["\\N", "NULL", "n/a", "-", "", "null"]
    base.load("a,b\n" + "".join(f'{text},"{text}"\n' for text in texts), null=null)
    assert base.rows() == [(None if text == null else text, text) for text in texts]


def test_where_every_text_is_a_value_nothing_is_missing(base: Base) -> None:
    base.load('a,b\n,""\nNULL,\\N\n')
    assert base.rows() == [("", ""), ("NULL", "\\N")]


def test_texts_are_never_taken_for_something_else(base: Base) -> None:
    texts = [
        "00123",
        "1e5",
        "2026-01-01",
        "TRUE",
        " padded ",
        "\\",
        "\\n",
        "%s",
        "'; DROP TABLE sales",
        "?",
        "漢字😀",
        "\\.",
    ]
    base.load("a,b\n" + "".join(f"{text},x\n" for text in texts))
    assert [a for a, _ in base.rows()] == texts


def test_a_quote_within_a_cell_without_quotes_is_a_quote(base: Base) -> None:
    base.load('a,b\n5"" disk,say "hi" now\n"x ""y""",a""b\n')
    assert base.rows() == [('5"" disk', 'say "hi" now'), ('x "y"', 'a""b')]


@pytest.mark.parametrize(
    "content", [b'a;b\r\n1;x\r\n2;"y\r\nz;"\r\n3;w\n\r\n', b'\xef\xbb\xbfa\tb\n1\tx\n2\t"y\r\nz;"\n3\tw']
)
def test_line_ends_marks_and_delimiters_do_not_get_in(base: Base, content: bytes) -> None:
    base.load(content)
    assert base.rows() == [("1", "x"), ("2", "y\r\nz;"), ("3", "w")]


def test_a_single_column_keeps_its_blank_lines_but_those_at_the_end(base: Base) -> None:
    assert base.load('a\nx\n\n"\\."\n\\.\n""\ny\n\n\n').records == 6
    assert [value for (value,) in base.rows()] == ["x", "", "\\.", "\\.", "", "y"]


def test_a_file_that_is_not_utf_8_is_read_as_the_windows_code_page(base: Base) -> None:
    base.load("a,b\nZoë,5 €\n".encode("cp1252"))
    assert base.rows() == [("Zoë", "5 €")]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("n", "12.5", "is no whole number"),
        ("n", "9223372036854775808", "is larger than an integer of 64 bits"),
        ("amount", "1.005", "has 3 digits behind its point"),
        ("amount", "12345678901", "has 11 digits before its point"),
        ("ok", "maybe", "is neither true nor false"),
        ("day", "2025-02-29", "is no day of the calendar"),
        ("day", "today", "is no date"),
        ("at", "2026-11-21 07:30:00Z", "says a zone"),
        ("moment", "2026-11-21 07:30:00", "says no zone"),
        ("ratio", "1e999", "is larger than a float can be"),
        ("n", "", "is no whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_record_and_column(
    base: Base, column: str, value: str, why: str
) -> None:
    text = f"id,{column}\n" + '"one\nof two lines",\\N\n' * 3 + f"x,{value}\n"
    with pytest.raises(InvalidReport) as caught:
        base.load(text, types=TYPES, null="\\N")
    assert caught.value.reason == "type"
    assert f"record 4, column {column!r}" in caught.value.message
    assert why in caught.value.message
    assert base.tables() == []


def test_a_record_far_down_is_counted_rightly(base: Base) -> None:
    text = "id,n\n" + '"a\n""b""",1\n' * 60_000 + "x,?\n" + "y,2\n"
    with pytest.raises(InvalidReport, match="record 60,001, column 'n': '\\?' is no whole number"):
        base.load(text, types=TYPES)


def test_a_text_of_a_limited_length_is_held_to_it(base: Base) -> None:
    base.load('a,b\nüüü,"""x"""\n', types=(("a", "text(3)"), ("b", "varchar(3)")))
    assert base.rows() == [("üüü", '"x"')]
    with pytest.raises(InvalidReport, match="record 1, column 'a': 'üüüü' has 4 characters"):
        base.load("a,b\nüüüü,x\n", types=(("a", "text(3)"),), path="other")


def test_a_type_that_is_none_is_told(base: Base) -> None:
    with pytest.raises(DeliveryError, match="column 'a': 'colour' is no type"):
        base.load("a\n1\n", types=(("a", "colour"),))


CELLS = st.one_of(
    st.sampled_from(["", '"', "\\N", "NULL", "\\", ",", "\n", "\r\n", "'", "0"]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12),
)


@pytest.fixture(params=KINDS, scope="module")
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    with base_of(request.param, tmp_path_factory.mktemp("round") / "staged") as made:
        yield made


@given(
    rows=st.lists(st.tuples(st.none() | CELLS, st.none() | CELLS, st.none() | CELLS), max_size=6),
    null=st.sampled_from(["", "\\N", "NULL"]),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    bare=st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_again(
    lasting: Base, rows: list[tuple[str | None, ...]], null: str, delimiter: str, line_end: str, bare: bool
) -> None:
    def cell(value: str | None) -> str:
        if value is None:
            return null
        plain = bare and value != null and not set(value) & set('"\r\n,;\t|')
        return value if plain else '"' + value.replace('"', '""') + '"'

    lines = ["n,b,c,d".replace(",", delimiter)]
    lines += [delimiter.join([str(number), *map(cell, row)]) for number, row in enumerate(rows)]
    lasting.load(line_end.join(lines) + line_end, null=null, types=(("n", "integer"),))
    assert lasting.rows("SELECT * FROM sales ORDER BY n") == [(number, *row) for number, row in enumerate(rows)]


@given(
    values=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14),
            st.floats(allow_nan=False, allow_infinity=False),
            st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_typed_values_are_read_again_as_they_were(lasting: Base, values: list[tuple[Any, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [("k", "n", "d", "f", "at"), *([k, *v] for k, v in enumerate(values))]
    )
    kinds = (("k", "integer"), ("n", "integer"), ("d", "decimal(20,4)"), ("f", "float"), ("at", "timestamp"))
    lasting.load(text.getvalue(), types=kinds, path="typed")
    found = lasting.rows("SELECT n, d, f, at FROM typed ORDER BY k")
    if lasting.dialect == "sqlite":
        found = [(n, Decimal(d), f, datetime.fromisoformat(at)) for n, d, f, at in found]
    assert found == [tuple(row) for row in values]
