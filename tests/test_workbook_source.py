"""What a workbook is made of: the files that its reports have delivered, unchanged, and what is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sfr.binding import Binding, mates, with_workbooks
from sfr.checksum import sha256_of
from sfr.connector import Tools
from sfr.model import Delivered, Job, Outcome, Proof, Report, Result, Shape, Status
from sfr.sources.workbook import Workbook, WorkbookConfig
from sfr.workbooks import Sheet
from tests.conversions import sheets_of
from tests.scripted import bring

BOOK = Report("weekly.xlsx", "", source="workbook", format="xlsx", folder="out")


def member(name: str, **shape: Any) -> Report:
    return Report(name, "1", folder="out", shape=Shape(**{"workbook": "Weekly.xlsx", **shape}))


def sheet(folder: Path, name: str, content: str, **known: Any) -> Sheet:
    path = folder / f"{name}.csv"
    path.write_text(content)
    return Sheet(name, str(path), sha256_of(path), **{"records": content.count("\n") - 1, **known})


def bound(folder: Path, *sheets: Sheet, stopped: bool = False) -> Outcome:
    workbook = Workbook(WorkbookConfig(), Tools("workbook", lambda: None, stopped=lambda: stopped))  # type: ignore[arg-type, return-value]
    options = {"sheets": [each.to_dict() for each in sheets]}
    return bring(folder, workbook, name="weekly.xlsx", source="workbook", format="xlsx", options=options)


def test_the_records_of_all_sheets_are_told_and_proven(tmp_path: Path) -> None:
    done = bound(
        tmp_path, sheet(tmp_path, "a", "x\n1\n2\n", types=(("x", "int"),)), sheet(tmp_path, "b", "y\nN\n", null="N")
    )
    assert (done.status, done.records, done.proof, done.warnings) == (Status.DONE, 3, Proof.COUNT, ())
    assert sheets_of(tmp_path / "weekly.xlsx") == {"a": [["x"], [1], [2]], "b": [["y"], [""]]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "weekly.xlsx"]


def test_a_workbook_with_a_sheet_that_nothing_proves_is_unverified(tmp_path: Path) -> None:
    done = bound(tmp_path, sheet(tmp_path, "a", "x\n1\n"), sheet(tmp_path, "b", "y\n1\n", proven=False))
    assert (done.status, done.error) == (Status.UNVERIFIED, "nothing proves that these of its sheets are whole: b")


def test_a_file_that_is_another_one_by_now_is_no_sheet(tmp_path: Path) -> None:
    one = sheet(tmp_path, "a", "x\n1\n")
    Path(one.path).write_text("x\n2\n")
    done = bound(tmp_path, one)
    assert (done.status, done.reason) == (Status.FAILED, "changed-on-disk")
    assert not (tmp_path / "weekly.xlsx").exists()
    Path(one.path).unlink()
    assert bound(tmp_path, one).status is Status.FAILED
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_fits_no_type_leaves_the_workbook_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "weekly.xlsx").write_bytes(b"old")
    done = bound(tmp_path, sheet(tmp_path, "a", "x\n?\n", types=(("x", "int"),)))
    assert (done.status, done.reason) == (Status.FAILED, "type")
    assert (tmp_path / "weekly.xlsx").read_bytes() == b"old"


def test_a_run_that_is_being_stopped_binds_nothing(tmp_path: Path) -> None:
    assert bound(tmp_path, sheet(tmp_path, "a", "x\n1\n"), stopped=True).status is Status.CANCELLED
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_workbook_without_sheets_says_how_it_gets_some(tmp_path: Path) -> None:
    done = bound(tmp_path)
    assert (done.status, done.reason) == (Status.FAILED, "sheets")
    assert "Write workbook: weekly.xlsx for its reports" in done.remedy


def test_each_workbook_that_has_no_row_gets_a_job_once() -> None:
    reports = [member("a.csv"), member("b.csv", workbook="weekly.xlsx"), member("c.csv", workbook="c.xlsx")]
    first, second = with_workbooks(reports)[3:]
    assert (first.name.casefold(), first.folder, first.source, first.format) == (
        "weekly.xlsx",
        "out",
        "workbook",
        "xlsx",
    )
    assert second.name == "c.xlsx"
    assert with_workbooks([*reports[:2], BOOK]) == [*reports[:2], BOOK]


def test_a_workbook_waits_for_its_reports_and_gets_their_files_in_their_order() -> None:
    jobs = {"1": BOOK, "2": member("a.csv", sheet="First", null="-"), "3": member("b.csv"), "4": Report("d.csv", "1")}
    binding = Binding(jobs)
    book, a, b = (Job(job_id, "run", 1, jobs[job_id]) for job_id in ("1", "2", "3"))
    files = (Delivered("/b.csv", records=1, null=r"\N"), Delivered("/b..more.csv", records=7))
    binding.note(
        Result(
            b, Outcome("3", Status.UNVERIFIED, "/b.csv", records=1, deliveries=files, others=(("/b..more.csv", "s"),))
        )
    )
    assert (binding.waits(book), binding.why_not(book), binding.waits(a)) == (True, None, False)
    binding.note(Result(a, Outcome("2", Status.DONE, "/a.csv", records=2, deliveries=(Delivered("/a.csv"),))))
    assert (binding.waits(book), binding.why_not(book)) == (False, None)
    first, second, more = map(Sheet.from_dict, binding.bound(book).report.options["sheets"])
    assert (first.name, first.null, first.records, first.proven) == ("First", "-", 2, True)
    assert (second.name, second.null, second.records, second.proven) == ("b", r"\N", 1, False)
    assert (more.name, more.path, more.records, more.sha256) == ("more", "/b..more.csv", 7, "s")
    assert binding.bound(a) is a


def test_all_that_did_not_come_is_named() -> None:
    jobs = {"1": BOOK, "2": member("a.csv"), "3": member("b.csv")}
    binding = Binding(jobs)
    book, a, b = (Job(job_id, "run", 1, report) for job_id, report in jobs.items())
    for job in (a, b):
        binding.note(Result(job, Outcome(job.id, Status.FAILED)))
    error = binding.why_not(book)
    assert error is not None
    assert error.message == "it was left as it is: a.csv, b.csv did not come"


def test_what_stands_in_one_workbook_is_fetched_again_together() -> None:
    others = [BOOK, member("a.csv"), member("b.csv"), Report("d.csv", "1", folder="out")]
    results = [
        Result(Job(str(number), "run", number, each), Outcome(str(number), Status.DONE))
        for number, each in enumerate(others)
    ]
    assert [each.name for each in mates([BOOK], results)] == ["weekly.xlsx", "a.csv", "b.csv"]
    assert [each.name for each in mates([others[1]], results)] == ["a.csv", "weekly.xlsx", "b.csv"]
    assert mates([others[3]], results) == [others[3]]
