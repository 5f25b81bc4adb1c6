from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.column_types import ColumnType, misfit, read_type, read_types

DECIMAL = "decimal(5,2)"
ZONED = "timestamp with time zone"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("text", "text"), ("STRING", "text"), ("varchar(20)", "text(20)"), ("character  varying", "text"),
        ("int", "integer"), ("BigInt", "integer"), ("number", "decimal(38,9)"), ("numeric( 10 )", "decimal(10,0)"),
        ("Decimal(12, 2)", "decimal(12,2)"), ("double precision", "float"), ("bool", "boolean"), ("date", "date"),
        ("time", "time"), ("datetime", "timestamp"), ("timestamp without time zone", "timestamp"),
        ("timestamptz", ZONED), ("timestamp_tz", ZONED), ("timestamp with time zone", ZONED),
    ],
)  # fmt: skip
def test_a_type_may_be_written_in_any_of_its_usual_names(written: str, name: str) -> None:
    assert read_type(written).name == name
    assert read_type(name) == read_type(written)


@pytest.mark.parametrize("written", ["", "money", "decimal()", "date(3)", "text(0)", "int(4)", "decimal(1,2,3)", "(5)"])
def test_what_is_no_type_is_refused_with_those_there_are(written: str) -> None:
    with pytest.raises(ValueError, match=r"is no type.*there are text, integer, decimal\(12,2\)"):
        read_type(written)


@pytest.mark.parametrize("written", ["decimal(39,2)", "decimal(2,3)", "decimal(0)"])
def test_a_decimal_has_38_digits_at_most(written: str) -> None:
    with pytest.raises(ValueError, match="1 to 38 digits"):
        read_type(written)


def test_a_wrong_type_is_told_with_its_column() -> None:
    assert read_types([("a", "int")]) == {"a": ColumnType("integer")}
    with pytest.raises(ValueError, match=r"column 'b': 'monney' is no type"):
        read_types([("a", "int"), ("b", "monney")])


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("text", " 00123 ", " 00123 "),
        ("text(3)", "äöü", "äöü"),
        ("integer", "00123", 123),
        ("integer", "-9223372036854775808", -(2**63)),
        ("integer", "+5", 5),
        (DECIMAL, "-.5", Decimal("-0.50")),
        (DECIMAL, "1.", Decimal("1.00")),
        (DECIMAL, "999.990000", Decimal("999.99")),
        (DECIMAL, "-0", Decimal("0.00")),
        ("decimal(2,2)", "0.25", Decimal("0.25")),
        ("decimal(3,0)", "007.0", Decimal("7")),
        ("decimal(38,0)", "9" * 38, Decimal("9" * 38)),
        ("float", "1e5", 100_000.0),
        ("float", ".5", 0.5),
        ("boolean", "TRUE", True),
        ("boolean", "f", False),
        ("boolean", "1", True),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("time", "07:30", time(7, 30)),
        ("time", "23:59:59.999999", time(23, 59, 59, 999_999)),
        ("timestamp", "2026-01-01T10:00", datetime(2026, 1, 1, 10)),
        ("timestamp", "2026-01-01 10:00:00.123456000", datetime(2026, 1, 1, 10, 0, 0, 123_456)),
        (ZONED, "2026-01-01 10:00:00+00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (ZONED, "2026-01-01T10:00:00.000-0330", datetime(2026, 1, 1, 10, tzinfo=timezone(-timedelta(hours=3.5)))),
        (ZONED, "2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_text_that_fits_has_one_exact_value(type_name: str, text: str, value: object) -> None:
    found = read_type(type_name).value(text)
    assert (type(found), found) == (type(value), value)
    assert str(found) == str(value)


@pytest.mark.parametrize(
    ("type_name", "text", "why"),
    [
        ("text(2)", "abc", "has 3 characters"),
        ("integer", "", "no whole number"),
        ("integer", "1e5", "no whole number"),
        ("integer", "1.0", "no whole number"),
        ("integer", " 5", "no whole number"),
        ("integer", "5\n", "no whole number"),
        ("integer", "1_000", "no whole number"),
        ("integer", "٣", "no whole number"),
        ("integer", "9223372036854775808", "64 bits"),
        ("integer", "9" * 5_000, "64 bits"),
        (DECIMAL, "1.005", "3 digits behind its point"),
        (DECIMAL, "1234.5", "4 digits before its point"),
        (DECIMAL, ".", "no decimal"),
        (DECIMAL, "1,5", "no decimal"),
        (DECIMAL, "1e2", "no decimal"),
        (DECIMAL, "NaN", "no decimal"),
        ("float", "nan", "no number"),
        ("float", "1e999", "larger than a float"),
        ("boolean", "maybe", "neither true nor false"),
        ("date", "21.11.2026", "no date"),
        ("date", "20261121", "no date"),
        ("date", "2026-02-30", "no day"),
        ("date", "0000-00-00", "no day"),
        ("date", "2026-11-21 00:00:00", "no date"),
        ("time", "24:00:00", "no time of a day"),
        ("time", "10:000", "no time such as"),
        ("timestamp", "2026-01-01", "no timestamp"),
        ("timestamp", "2026-01-01 25:00", "no moment"),
        ("timestamp", "2026-01-01 10:00:00.1234567", "six decimals"),
        ("timestamp", "2026-01-01 10:00:00Z", "says a zone"),
        (ZONED, "2026-01-01 10:00:00", "says no zone"),
        (ZONED, "2026-01-01 10:00:00+25:00", "no moment"),
    ],
)
def test_nothing_is_rounded_cut_or_guessed(type_name: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_type(type_name).value(text)


@given(st.integers(-(2**70), 2**70))
def test_an_integer_fits_as_long_as_it_has_64_bits(number: int) -> None:
    if -(2**63) <= number < 2**63:
        assert read_type("int").value(str(number)) == number
    else:
        with pytest.raises(ValueError):
            read_type("int").value(str(number))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_decimal_keeps_all_its_digits_or_does_not_fit(number: Decimal) -> None:
    text = format(number, "f")
    if number == round(number, 2) and abs(number) < 10**6:
        assert read_type("decimal(8,2)").value(text) == number
    else:
        with pytest.raises(ValueError):
            read_type("decimal(8,2)").value(text)


@given(st.datetimes(timezones=st.none() | st.just(UTC)), st.sampled_from("T "))
def test_a_moment_comes_back_as_it_was(moment: datetime, between: str) -> None:
    kind = ZONED if moment.tzinfo else "timestamp"
    assert read_type(kind).value(moment.isoformat(between)) == moment


@pytest.mark.parametrize("text", ["", "abc"])
def test_an_empty_cell_holds_no_value_where_it_could_hold_no_other(text: str) -> None:
    assert read_type("text").value_or_none(text) == text
    assert read_type("int").value_or_none("") is None
    assert read_type("int").value_or_none(None) is None


@given(st.text(), st.sampled_from(["int", DECIMAL, "float", "bool", "date", "time", "timestamp", ZONED]))
def test_any_text_has_a_value_or_a_reason(text: str, type_name: str) -> None:
    reason = "is fitting"
    try:
        read_type(type_name).value(text)
    except ValueError as error:
        reason = str(error)
    assert reason.startswith(("is ", "has ", "says "))


def test_a_misfit_says_where_it_is_and_shows_no_more_than_a_person_reads() -> None:
    error = misfit(1_234, "amount", "9" * 500, ValueError("is no date"))
    assert error.message == f"record 1,234, column 'amount': '{'9' * 40}…' is no date"
    assert (error.reason, error.max_attempts) == ("type", 1)
