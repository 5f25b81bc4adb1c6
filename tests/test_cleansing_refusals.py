"""Columns that are not there, values that do not fit, runs that are stopped: one clear message, and nothing left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.cleansing import cleanse
from sfr.errors import Cancelled, DeliveryError, InvalidReport, ReportError
from sfr.model import Report, Shape
from tests.cleansing import LOG, facts_of, run, text_after

TABLE = "Id,Name,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n4,Ann,\n"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (("rename", {"Nmae": "x"}), "step 1 (rename): there is no column 'Nmae'"),
        (("drop", ["x"]), "step 1 (drop): there is no column 'x'"),
        (("keep", ["id"]), "step 1 (keep): there is no column 'id'"),
        (("filter", {"column": "x", "empty": True}), "step 1 (filter): there is no column 'x'"),
        (("dedupe", ["Id", "x"]), "step 1 (dedupe): there is no column 'x'"),
        (("sort", ["-x"]), "step 1 (sort): there is no column 'x'"),
        (("rename", {"Id": "Name"}), "step 1 (rename): two columns would be called 'Name'"),
        (("drop", ["Id", "Name", "Amount"]), "step 1 (drop): no column is left"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, step: tuple[str, Any], words: str
) -> None:
    with pytest.raises(InvalidReport) as caught:
        run(tmp_path, TABLE, step)
    assert (caught.value.message, caught.value.reason, caught.value.max_attempts) == (words, "columns", 1)
    if "no column '" in words:
        assert "There are: Id, Name, Amount." in caught.value.remedy
    if "Nmae" in words:
        assert "Did you mean Name?" in caught.value.remedy
    assert not (tmp_path / "target.csv").exists()


def test_of_two_columns_of_one_name_none_is_meant(tmp_path: Path) -> None:
    with pytest.raises(InvalidReport, match="there are 2 columns called 'a'"):
        run(tmp_path, "a,a\n1,2\n", ("drop", ["a"]))
    assert text_after(tmp_path, "a,a,b\n1,2,3\n", ("drop", ["b"])) == "a,a\n1,2\n"


def test_a_value_that_is_no_number_is_told_with_its_record(tmp_path: Path) -> None:
    step = ("sort", [{"column": "Amount", "as": "integer"}])
    with pytest.raises(InvalidReport) as caught:
        run(tmp_path, "Id,Amount\n1,5\n2,N/A\n", step)
    assert caught.value.message == (
        "step 1 (sort): record 2 of those that reach it, column 'Amount': 'N/A' is no whole number"
    )
    assert (caught.value.reason, caught.value.max_attempts) == ("type", 1)


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        (("sort", [{"column": "-Amount", "as": "integer"}]), "312"),
        (("filter", {"column": "Amount", "above": 1, "as": "integer"}), "13"),
        (("filter", {"column": "Amount", "not_equals": 5, "as": "integer"}), "23"),
    ],
)
def test_misfits_that_are_kept_count_as_missing_ones_and_are_told(
    tmp_path: Path, step: tuple[str, Any], kept: str
) -> None:
    found = run(tmp_path, "Id,Amount\n1,5\n2,N/A\n3,7\n", step, misfits="keep")
    assert "".join(line[0] for line in found.path.read_text().splitlines()[1:]) == kept
    told = f"step 1 ({step[0]}): taken for missing in 'Amount', since they are no integer: 1 values"
    assert found.warnings[-1] == told


def test_steps_that_nobody_has_checked_fail_their_report_alone(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="step 1 \\(explode\\) is no step that is known here") as caught:
        run(tmp_path, TABLE, ("explode", ["Id"]))
    assert (caught.value.reason, caught.value.max_attempts) == ("steps", 1)


def test_a_run_that_is_being_stopped_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "source.csv", tmp_path / "target.csv"
    source.write_text(TABLE)

    def stop(_: int) -> None:
        raise Cancelled("stopped")

    report = Report("a.csv", "x", shape=Shape(steps=(("sort", ["Id"]),)))
    with pytest.raises(Cancelled):
        cleanse(source, target, report, facts_of(source), None, stop, LOG)
    assert list(tmp_path.iterdir()) == [source]


def test_a_folder_that_cannot_be_written_is_a_delivery_error(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text(TABLE)
    report = Report("a.csv", "x", shape=Shape(steps=(("drop", ["Id"]),)))
    with pytest.raises(DeliveryError):
        cleanse(source, tmp_path / "no" / "target.csv", report, facts_of(source), None, lambda _: None, LOG)


def test_a_file_that_has_lost_records_since_it_was_proven_is_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "source.csv", tmp_path / "target.csv"
    source.write_text(TABLE)
    facts = facts_of(source)
    source.write_text(TABLE[:-4])
    report = Report("a.csv", "x", shape=Shape(steps=(("drop", ["Id"]),)))
    with pytest.raises(InvalidReport):
        cleanse(source, target, report, facts, None, lambda _: None, LOG)
    source.write_text(TABLE.removesuffix("4,Ann,\n"))
    with pytest.raises(InvalidReport, match="4 records were proven, and 3 are there"):
        cleanse(source, target, report, facts, None, lambda _: None, LOG)
    assert list(tmp_path.iterdir()) == [source]
