from __future__ import annotations

from typing import Any

import pytest

from sfr.checks import changes_since, check_expectations
from sfr.csv_scan import CsvFacts
from sfr.errors import InvalidReport
from sfr.model import Expectations, Job, Report


def facts(records: int = 10, columns: tuple[str, ...] = ("Id", "Name")) -> CsvFacts:
    return CsvFacts(columns, records, ",")


def job(**known: Any) -> Job:
    return Job("j", "r", 1, Report("a.csv", "00O"), **known)


@pytest.mark.parametrize(
    ("wanted", "records", "reason"),
    [
        ({}, 0, ""),
        ({"min_records": 10}, 10, ""),
        ({"min_records": 10}, 9, "too-few"),
        ({"min_records": 0}, 0, ""),
        ({"may_be_empty": False}, 0, "no-records"),
        ({"may_be_empty": False}, 1, ""),
        ({"min_records": 1, "may_be_empty": False}, 0, "too-few"),
        ({"expect": Expectations(max_records=10)}, 10, ""),
        ({"expect": Expectations(max_records=9)}, 10, "too-many"),
        ({"expect": Expectations(max_records=0)}, 0, ""),
        ({"expected_columns": ("Name", "Id")}, 10, ""),
        ({"expected_columns": ("Name", "name")}, 10, "columns"),
        ({"expected_columns": ("name",), "min_records": 11}, 10, "too-few"),
    ],
)
def test_a_report_with_other_records_or_columns_than_the_list_wants_is_invalid(
    wanted: dict[str, Any], records: int, reason: str
) -> None:
    report = Report("a.csv", "00O", **wanted)
    if not reason:
        check_expectations(report, facts(records))
        return
    with pytest.raises(InvalidReport) as caught:
        check_expectations(report, facts(records))
    assert (caught.value.reason, caught.value.max_attempts) == (reason, 1)
    assert caught.value.remedy


def test_everything_that_the_list_misses_is_told_at_once() -> None:
    report = Report("a.csv", "00O", min_records=11, expected_columns=("name", "id"))
    with pytest.raises(InvalidReport) as caught:
        check_expectations(report, facts(10))
    assert caught.value.message == (
        "10 records came, the list wants at least 11; the columns name, id are missing; there are Id, Name"
    )


@pytest.mark.parametrize(
    ("before", "now", "warned"),
    [(None, 0, False), (0, 0, False), (10, 5, False), (10, 4, True), (1, 0, True), (10, 1000, False)],
)
def test_a_fall_by_more_than_half_is_a_warning(before: int | None, now: int, warned: bool) -> None:
    assert bool(changes_since(job(previous_records=before), facts(now))) is warned


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ((), None),
        (("Id", "Name"), None),
        (("Name", "Id"), "their order"),
        (("Id", "Name", "City"), "gone City"),
        (("Id",), "new Name"),
        (("Id", "Owner"), "gone Owner; new Name"),
        (("Id", "Name", "Name"), "their order"),
    ],
)
def test_changed_columns_are_a_warning_that_names_them(before: tuple[str, ...], words: str | None) -> None:
    warnings = changes_since(job(previous_columns=before), facts())
    assert warnings == ((f"columns changed since the last run: {words}",) if words else ())


def test_both_changes_are_told() -> None:
    known = job(previous_columns=("Id",), previous_records=1_000_000)
    assert len(changes_since(known, facts(7))) == 2
    assert changes_since(known, facts(7))[1] == "7 records, 1,000,000 in the last run"
