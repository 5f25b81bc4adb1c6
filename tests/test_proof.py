"""What a transfer does with an answer that came whole: proves it, compares it, converts it, and says what is odd."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sfr.demo.behaviours import Behaviour, Csv, CutMidStream, Export, GatewayError, LocaleCsv, Nasty, NotFound
from sfr.model import Status
from tests.surroundings import download, sha256

GOOD = Csv(rows=50)
BOUNDARY = CutMidStream("boundary", report=GOOD)
LONGER = CutMidStream("boundary", report=GOOD, fraction=0.8)
UNPROVEN = Csv(rows=50, footer="none")


@pytest.mark.parametrize(
    ("answers", "kept", "status"),
    [
        ([UNPROVEN], UNPROVEN.data(), Status.UNVERIFIED),
        ([Csv(rows=0, footer="none")], Csv(rows=0).data(), Status.UNVERIFIED),
        ([LocaleCsv(footer="none")], LocaleCsv().data(), Status.UNVERIFIED),
        ([BOUNDARY, GOOD], GOOD.data(), Status.DONE),
        ([BOUNDARY, BOUNDARY, GOOD], BOUNDARY.sent(), Status.UNVERIFIED),
        ([BOUNDARY, LONGER, GOOD], GOOD.data(), Status.DONE),
        ([BOUNDARY, LONGER, LONGER], LONGER.sent(), Status.UNVERIFIED),
        ([LONGER, BOUNDARY, LONGER], LONGER.sent(), Status.UNVERIFIED),
        ([LONGER, BOUNDARY, BOUNDARY, LONGER], LONGER.sent(), Status.UNVERIFIED),
        ([UNPROVEN, NotFound(), UNPROVEN], None, Status.FAILED),
        ([UNPROVEN, GatewayError(), CutMidStream(), UNPROVEN], UNPROVEN.data(), Status.UNVERIFIED),
        ([Csv(rows=50 + number, footer="none") for number in range(9)], None, Status.FAILED),
    ],
    ids=[
        "the same twice", "no records", "another delimiter", "a better one", "cut twice at one place",
        "longer, then proven", "the longer one twice", "a shorter one between", "shorter ones between",
        "gone meanwhile", "failures between", "always another",
    ],
)  # fmt: skip
def test_an_answer_that_nothing_proves_is_compared_with_the_next(
    answers: Sequence[Behaviour], kept: bytes | None, status: Status, tmp_path: Path
) -> None:
    result = download(answers, tmp_path)
    assert (result.outcome.status, result.file) == (status, kept)
    assert result.leftovers == []
    if kept is not None:
        assert result.outcome.sha256 == sha256(kept)
        assert bool(result.outcome.error) == (status is Status.UNVERIFIED)
    elif result.outcome.reason == "unproven":
        assert result.asked == 6


@pytest.mark.parametrize("report", [Nasty(), Nasty(one_column=True, bom=True), LocaleCsv(), Csv(footer="totals")])
def test_a_kept_footer_makes_the_file_what_the_server_sent(report: Export, tmp_path: Path) -> None:
    result = download(report, tmp_path, keep_footer=True)
    assert result.file == report.body()
    assert result.outcome.sha256 == sha256(report.body())
    assert result.outcome.records == download(report, tmp_path).outcome.records


def test_a_file_for_excel_has_a_mark_and_harmless_formulas_and_the_summary_says_so(tmp_path: Path) -> None:
    report = Nasty()
    result = download(report, tmp_path, excel=True)
    expected = report.data()
    for cell in (b"=1+1", b"@SUM(A1)", b"\ttab"):
        expected = expected.replace(b'"' + cell + b'"', b"\"'" + cell + b'"')
    assert result.file == b"\xef\xbb\xbf" + expected
    assert b'"-5"' in expected
    assert result.outcome.warnings == ("3 formula cells made harmless for Excel",)
    assert result.outcome.sha256 == sha256(result.file)
    assert result.outcome.bytes == len(result.file)
    assert not result.leftovers


def test_a_file_for_excel_keeps_its_footer_if_wanted_and_its_only_mark(tmp_path: Path) -> None:
    report = Csv(bom=True)
    result = download(report, tmp_path, excel=True, keep_footer=True)
    assert result.file == report.body()


def test_an_export_in_latin_letters_becomes_readable_for_excel(tmp_path: Path) -> None:
    result = download(LocaleCsv(), tmp_path, excel=True)
    assert result.file == b"\xef\xbb\xbf" + LocaleCsv().data().decode("latin-1").encode()
    assert result.outcome.columns == ("Name", "Betrag", "Fälligkeit")


@pytest.mark.parametrize(
    ("rows", "wanted", "reason"),
    [
        (0, {}, ""),
        (0, {"may_be_empty": False}, "no-records"),
        (5, {"may_be_empty": False, "min_records": 5}, ""),
        (5, {"min_records": 6}, "too-few"),
    ],
)
def test_the_list_says_how_many_records_are_enough(
    rows: int, wanted: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    result = download(Csv(rows=rows), tmp_path, **wanted)
    assert (result.outcome.reason, result.asked) == (reason, 1)
    assert result.outcome.status is (Status.FAILED if reason else Status.DONE)
    assert not result.leftovers


def test_what_differs_from_the_last_run_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    known: dict[str, Any] = {"previous_records": 200, "previous_columns": ("Account ID", "City")}
    result = download(Csv(rows=99, columns=2), tmp_path, **known)
    assert result.outcome.status is Status.DONE
    assert result.outcome.warnings == (
        "columns changed since the last run: gone City; new Account Name",
        "99 records, 200 in the last run",
    )
    assert (result.outcome.records, result.outcome.columns) == (99, ("Account ID", "Account Name"))
