"""What a list expects of the values of a report is held against every record before it is delivered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr import expectations, repeats
from sfr.csv_scan import CsvFacts
from sfr.errors import Cancelled, InvalidReport
from sfr.model import Expectations, Report, Window
from tests.cleansing import facts_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def check(
    folder: Path, content: str | bytes, null: str | None = None, window: Window | None = None, **expect: Any
) -> None:
    path = folder / "staged.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    counts = {key: expect.pop(key) for key in ("min_records", "may_be_empty", "expected_columns") if key in expect}
    report = Report("sales.csv", "00O", window=window, expect=Expectations(**expect), **counts)
    try:
        expectations.check(path, report, facts_of(path), null, NOW, lambda _: None)
    finally:
        assert [each.name for each in folder.iterdir()] == ["staged.csv"]


def refusal(folder: Path, content: str | bytes, **expect: Any) -> InvalidReport:
    with pytest.raises(InvalidReport) as caught:
        check(folder, content, **expect)
    assert caught.value.max_attempts == 1
    assert caught.value.remedy
    return caught.value


def test_nothing_expected_reads_nothing(tmp_path: Path) -> None:
    report = Report("a.csv", "x")
    expectations.check(tmp_path / "is not there", report, CsvFacts(("a",), 5, ","), None, NOW, lambda _: None)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", ["1", "-5", "", "007"]),
        ("decimal(5,2)", ["1.5", "999.99", '""']),
        ("date", ["2026-11-21", ""]),
        ("text(3)", ["abc", "äöü", ""]),
        ("boolean", ["true", "no"]),
    ],
)
def test_values_of_their_type_pass_and_so_does_no_value(tmp_path: Path, kind: str, values: list[str]) -> None:
    content = "id,v\n" + "".join(f"1,{value}\n" for value in values)
    check(tmp_path, content, types=(("v", kind),))
    check(tmp_path, content + "1,\\N\n", null="\\N", types=(("v", kind),))


def test_the_first_value_that_does_not_fit_is_told_and_how_many_more(tmp_path: Path) -> None:
    error = refusal(tmp_path, "id,v\n1,5\n2,N/A\n3,x\n", types=(("v", "integer"),))
    assert error.message == "record 2, column 'v': 'N/A' is no whole number, and 1 more of this column"
    assert error.reason == "type"


def test_a_quoted_mark_is_a_value(tmp_path: Path) -> None:
    error = refusal(tmp_path, 'id,v\n1,\\N\n2,"\\N"\n', null="\\N", types=(("v", "integer"),))
    assert error.message == "record 2, column 'v': '\\\\N' is no whole number"


@pytest.mark.parametrize(
    ("content", "null", "columns", "words"),
    [
        ("a,b\n1,2\n1,3\n", None, ("a", "b"), ""),
        ("a,b\n1,2\n2,2\n", None, ("a",), ""),
        ('a,b\n1,2\n"1",3\n', None, ("a",), "records 1 and 2 have the same a, '1'"),
        ("a,b\n1,2\n5,5\n1,3\n1,4\n", None, ("a",), "records 1 and 3 have the same a, '1', and 1 more repeat others"),
        ("a,b\n1,2\n2,2\n1,2\n", None, ("b", "a"), "records 1 and 3 have the same b and a, '2', '1'"),
        ("a,b\n,2\n,3\n", "", ("a",), "records 1 and 2 have the same a, no value"),
        ('a,b\n,2\n"",3\n', "", ("a",), ""),
        ('a,b\n,2\n"",3\n', None, ("a",), "records 1 and 2 have the same a, ''"),
        ("a,b\nab,c\na,bc\n", None, ("a", "b"), ""),
    ],
)
def test_no_two_records_have_the_same_key(
    tmp_path: Path, content: str, null: str | None, columns: tuple[str, ...], words: str
) -> None:
    if not words:
        check(tmp_path, content, null=null, unique=columns)
        return
    error = refusal(tmp_path, content, null=null, unique=columns)
    assert (error.message, error.reason) == (words, "not-unique")


@given(keys=st.lists(st.integers(0, 30), max_size=40), most=st.integers(0, 10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_key_of_many_records_is_judged_as_one_of_few(tmp_path: Path, keys: list[int], most: int) -> None:
    content = "key,x\n" + "".join(f"{key},x\n" for key in keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "MOST_IN_MEMORY", most)
        patch.setattr("sfr.csv_records.BLOCK_BYTES", 8)
        second = next((place for place, key in enumerate(keys) if key in keys[:place]), None)
        if second is None:
            check(tmp_path, content, unique=("key",))
            return
        error = refusal(tmp_path, content, unique=("key",))
    first = keys.index(keys[second])
    assert error.message.startswith(f"records {first + 1} and {second + 1} have the same key, '{keys[second]}'")
    more = len(keys) - len(set(keys)) - 1
    assert (f", and {more} more repeat others" in error.message) is bool(more)


BERLIN = Window("2026-11-01T00:00:00+01:00", "2026-11-21T00:00:00+01:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "hours", "passes"),
    [
        ("2026-11-21 11:00:00", 1, True),
        ("2026-11-21T10:59:59", 1, False),
        ("2026-11-21 12:30:00+01:00", 1, True),
        ("2026-11-21 12:30:00+0200", 1, False),
        ("2026-11-21T11:30:00Z", 1, True),
        ("2026-11-20", 12, True),  # it may have been the last moment of that day
        ("2026-11-20", 11, False),
        ("2026-11-21", 1, True),
        ("2026-11-22 11:00:00", 1, True),  # a clock that is ahead
        ("2026-11-23 12:00:01", 1, False),  # no evidence of anything
        ("9999-12-31", 1, False),
    ],
)
def test_the_newest_value_is_not_older_than_asked_for(tmp_path: Path, value: str, hours: int, passes: bool) -> None:
    content = f"id,created\n1,2020-01-01\n2,{value}\n3,\n"
    if passes:
        check(tmp_path, content, newest=("created", hours * HOUR))
    else:
        assert refusal(tmp_path, content, newest=("created", hours * HOUR)).reason == "too-old"


def test_a_time_without_a_zone_is_one_of_the_window_s_zone(tmp_path: Path) -> None:
    content = "created,x\n2026-11-21 12:00:00,1\n"
    check(tmp_path, content, newest=("created", 0.5 * HOUR))
    error = refusal(tmp_path, content, window=BERLIN, newest=("created", 0.5 * HOUR))
    assert error.message == (
        "the newest 'created' is 2026-11-21 12:00:00, 60 minutes ago; the list wants one of the last 30 minutes"
    )


def test_a_newest_value_that_cannot_be_read_or_is_missing_is_told(tmp_path: Path) -> None:
    error = refusal(tmp_path, "id,created\n1,2026-11-21\n2,21.11.2026\n", newest=("created", HOUR))
    assert error.message == "record 2, column 'created': '21.11.2026' is no date such as 2026-11-21"
    assert error.reason == "type"
    error = refusal(tmp_path, "id,created\n1,\n", newest=("created", HOUR))
    assert error.message == "no record has a date in 'created' that could be the newest"


def test_a_report_without_records_has_no_values_to_judge(tmp_path: Path) -> None:
    check(tmp_path, "a,b\n", unique=("a",), types=(("b", "integer"),), newest=("a", HOUR))


@pytest.mark.parametrize(
    "expect",
    [{"unique": ("Key",)}, {"types": (("Key", "integer"),)}, {"newest": ("Key", HOUR)}, {"expected_columns": ("Key",)}],
)
def test_a_column_that_is_expected_and_not_there_is_told(tmp_path: Path, expect: dict[str, Any]) -> None:
    error = refusal(tmp_path, "key,x\n1,2\n", **expect)
    assert (error.message, error.reason) == ("the column Key is missing; there are key, x", "columns")


def test_a_column_that_is_missing_hides_nothing_about_the_others(tmp_path: Path) -> None:
    types = (("gone", "integer"), ("key", "integer"))
    error = refusal(tmp_path, "key,x\na,1\nb,1\n", types=types, unique=("x",), newest=("gone", HOUR))
    assert error.reason == "columns"
    assert "the column gone is missing" in error.message
    assert "record 1, column 'key': 'a' is no whole number, and 1 more" in error.message
    assert error.message.endswith("records 1 and 2 have the same x, '1'")


def test_a_key_in_two_columns_of_one_name_is_not_clear(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a,a\n1,2\n", unique=("a",))
    assert error.message == "there are 2 columns called a"


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        "id,v,created\n1,x,2020-01-01\n1,2,2020-01-01\n",
        min_records=3,
        types=(("v", "integer"),),
        unique=("id",),
        newest=("created", HOUR),
    )
    told = error.message.split("; ")
    assert told[0] == "2 records came, the list wants at least 3"
    assert told[1] == "record 1, column 'v': 'x' is no whole number"
    assert told[2] == "records 1 and 2 have the same id, '1'"
    assert told[3].startswith("the newest 'created' is 2020-01-01, 2,516 days ago")
    assert error.reason == "too-few"


def test_other_encodings_delimiters_and_quotes_are_read(tmp_path: Path) -> None:
    content = '"Größe";"Nr"\r\n"ä;""b""";"1"\r\n"x\ny";"z"\r\n'.encode("cp1252")
    error = refusal(tmp_path, content, types=(("Nr", "integer"), ("Größe", "text(3)")))
    assert (
        error.message == "record 2, column 'Nr': 'z' is no whole number; record 1, column 'Größe': 'ä;\"b\"' has 5 "
        "characters, and text(3) takes 3"
    )


def test_a_run_that_is_being_stopped_stops_here_too(tmp_path: Path) -> None:
    path = tmp_path / "staged.csv"
    path.write_text("a,b\n1,2\n")
    report = Report("a.csv", "x", expect=Expectations(unique=("a",)))
    with pytest.raises(Cancelled):
        expectations.check(path, report, facts_of(path), None, NOW, _stopped)


def _stopped(_: int) -> None:
    raise Cancelled("stopped")


def test_the_age_of_the_newest_value_is_counted_from_now(tmp_path: Path) -> None:
    path = tmp_path / "staged.csv"
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    path.write_text(f"a,b\n{moment:%Y-%m-%d %H:%M:%S},2\n")
    report = Report("a.csv", "x", expect=Expectations(newest=("a", 26 * HOUR)))
    later = (moment + timedelta(hours=26)).timestamp()
    expectations.check(path, report, facts_of(path), None, later, lambda _: None)
    with pytest.raises(InvalidReport, match="26 hours ago; the list wants one of the last 26 hours"):
        expectations.check(path, report, facts_of(path), None, later + 1, lambda _: None)
