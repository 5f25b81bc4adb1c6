"""Workbooks of several reports, as real runs deliver them: to every place, whole or not at all, again if need be."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.faults.office import Office
from tests.servers.small_s3 import Fault, SmallS3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SECONDS = 60.0

WEEKLY = "output/weekly_2.xlsx"
LIST: list[dict[str, Any]] = [
    {
        "name": "weekly_2",
        "source": "workbook",
        "destination": ["folder", {"destination": "lake", "path": "{source}/{name}.{format}"}],
    },
    {"name": "users", "source": "lms", "query": "SELECT id FROM users WHERE id < 2", "workbook": "weekly_2.xlsx"},
    {
        "name": "added",
        "source": "lms",
        "query": "SELECT 'a' AS a, NULL AS b",
        "workbook": "weekly_2.xlsx",
        "sheet": "B",
    },
]
SHEETS = {"users": [("id",), ("0",), ("1",)], "B": [("a", "b"), ("a", None)]}
KEY = "workbook/weekly_2.xlsx"


@pytest.fixture
def bucket() -> Iterator[SmallS3]:
    with SmallS3() as bucket:
        yield bucket


@pytest.fixture
def office(tmp_path: Path, bucket: SmallS3) -> Iterator[Office]:
    office = Office(tmp_path, bucket)
    write(office, LIST)
    yield office
    office.end()


def write(office: Office, entries: list[dict[str, Any]]) -> None:
    office.write_list(json.dumps(entries))


def sheets_in(content: bytes | None) -> dict[str, list[tuple[Any, ...]]]:
    assert content is not None
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_a_workbook_goes_to_its_places_like_any_report(office: Office, bucket: SmallS3) -> None:
    finished = office.run("input/list.yaml", "--json")
    assert finished.code == 0, finished.stdout + finished.stderr
    content = (office.folder / WEEKLY).read_bytes()
    assert sheets_in(content) == SHEETS
    assert bucket.content(KEY) == content
    book, *_ = json.loads(finished.stdout)["results"]
    assert (book["status"], book["records"], book["bytes"]) == ("done", 3, len(content))
    here, lake = book["deliveries"]
    assert (here["link"], lake["link"].partition("?")[0]) == ("", f"{bucket.url}/reports/{KEY}")
    rows = office.ledger()
    for place in (str(office.folder / WEEKLY), f"s3://reports/{KEY}"):
        assert (rows[place].records, rows[place].sha256) == (3, book["sha256"])
    assert office.left_over() == []


def test_a_summary_counts_no_record_twice(office: Office) -> None:
    finished = office.run()
    assert "3 records ·" in finished.stdout
    assert "weekly_2.xlsx" in finished.stdout


def test_a_workbook_without_a_row_of_its_own_goes_into_the_folder_of_its_reports(office: Office) -> None:
    write(office, LIST[1:])
    assert office.run().code == 0
    assert office.names() == {WEEKLY, "output/users.csv", "output/added.csv"}
    assert sheets_in((office.folder / WEEKLY).read_bytes()) == SHEETS


def test_a_place_that_is_busy_gets_its_workbook_and_no_report_is_asked_for_again(
    office: Office, bucket: SmallS3
) -> None:
    bucket.faults["PutObject"] = Fault(503, "SlowDown", times=6)
    finished = office.run()
    assert finished.code == 0, finished.stdout + finished.stderr
    assert sheets_in(bucket.content(KEY)) == SHEETS
    assert len(office.outcome("weekly_2.xlsx")["attempts"]) > 1
    assert [len(office.outcome(name)["attempts"]) for name in ("users.csv", "added.csv")] == [1, 1]


def test_a_place_that_refuses_a_workbook_keeps_no_other_from_it_and_failed_brings_it(
    office: Office, bucket: SmallS3
) -> None:
    bucket.faults["PutObject"] = Fault(403, "AccessDenied")
    finished = office.run()
    assert finished.code == 1, finished.stdout + finished.stderr
    told = office.outcome("weekly_2.xlsx")
    assert (told["status"], [each["destination"] for each in told["deliveries"]]) == ("failed", ["folder"])
    assert office.statuses()[1] == {"weekly_2.xlsx": "failed", "users.csv": "done", "added.csv": "done"}
    assert KEY not in bucket.objects
    assert list(office.ledger()).count(f"s3://reports/{KEY}") == 0
    bucket.faults.clear()
    finished = office.run("--failed")
    assert finished.code == 0, finished.stdout + finished.stderr
    assert sheets_in(bucket.content(KEY)) == SHEETS
    assert set(office.statuses()[1].values()) == {"done"}
    assert office.left_over() == []


def test_a_workbook_stays_as_it_is_while_one_of_its_reports_is_missing(office: Office, bucket: SmallS3) -> None:
    assert office.run().code == 0
    before = bucket.content(KEY)
    with closing(sqlite3.connect(office.folder / "lms.db")) as database, database:
        database.execute("ALTER TABLE users RENAME TO away")
    finished = office.run()
    assert finished.code == 1
    told = office.outcome("weekly_2.xlsx")
    assert (told["status"], told["reason"]) == ("failed", "sheets")
    assert told["error"] == "it was left as it is: users.csv did not come"
    assert (office.folder / WEEKLY).read_bytes() == bucket.content(KEY) == before
    with closing(sqlite3.connect(office.folder / "lms.db")) as database, database:
        database.execute("ALTER TABLE away RENAME TO users")
        database.execute("UPDATE users SET id = 7 WHERE id = 1")
    assert office.run("--failed").code == 0
    assert sheets_in(bucket.content(KEY)) == {**SHEETS, "users": [("id",), ("0",)]}


def test_what_a_source_writes_for_no_value_is_an_empty_cell(office: Office) -> None:
    assert office.run(SFR_LMS_NULL=r"\N").code == 0
    assert (office.output / "added.csv").read_bytes().splitlines()[1] == rb"a,\N"
    assert sheets_in((office.folder / WEEKLY).read_bytes()) == SHEETS


def test_who_asks_for_a_workbook_gets_all_its_reports(office: Office) -> None:
    finished = office.run("input/list.yaml", "weekly_2")
    assert finished.code == 0, finished.stdout + finished.stderr
    assert set(office.statuses()[1]) == {"weekly_2.xlsx", "users.csv", "added.csv"}


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["the worker", "the run"])
def test_a_process_that_dies_on_the_way_to_a_place_leaves_the_old_workbook_or_the_new_one(
    office: Office, bucket: SmallS3, whom: str
) -> None:
    assert office.run().code == 0
    before = bucket.content(KEY)
    office.begin_generation()
    with closing(sqlite3.connect(office.folder / "lms.db")) as database, database:
        database.execute("DELETE FROM users WHERE id = 1")

    def die() -> None:
        bucket.before.clear()
        for pid in [run.pid] if whom == "the run" else run.workers():
            os.kill(pid, signal.SIGKILL)

    bucket.before["PutObject"] = die
    run = office.start()
    finished = run.wait(SECONDS)
    new = {**SHEETS, "users": [("id",), ("0",)]}
    if whom == "the run":
        assert bucket.content(KEY) in (before, (office.folder / WEEKLY).read_bytes())
        finished = office.run("--failed")
    assert finished.code == 0, finished.stdout + finished.stderr
    assert sheets_in(bucket.content(KEY)) == sheets_in((office.folder / WEEKLY).read_bytes()) == new
    assert office.left_over() == []


@pytest.mark.slow
def test_a_run_that_is_stopped_has_cancelled_its_workbook_and_failed_brings_it(office: Office, bucket: SmallS3) -> None:
    def stop() -> None:
        bucket.before.clear()
        run.interrupt()
        run.wait(SECONDS)

    bucket.before["PutObject"] = stop
    run = office.start()
    assert run.wait(SECONDS).code == 130
    assert office.statuses()[1]["weekly_2.xlsx"] == "cancelled"
    assert office.run("--failed").code == 0
    assert sheets_in(bucket.content(KEY)) == SHEETS
    assert office.left_over() == []
