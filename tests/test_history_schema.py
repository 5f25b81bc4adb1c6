"""What a history of schema 2 becomes, and what schema 3 knows: further files, versions, the file of last time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from sfr.history import History
from sfr.history.rows import report_key
from sfr.model import Job, Outcome, Report, Run, Status, Window
from tests.histories import bad, good, outcomes, own_database, queued, reports, sqlite_url
from tests.test_history_files import VERSION_1

pytest_plugins = ("tests.history_fixtures",)

OTHERS = (("/reports/sales-zwei.csv", "ab" * 32), ("/reports/naïve 文件.csv", "cd" * 32))
VERSION = '1a2b:{"etag": "\\"one\\""}'


def known(job: Job) -> Outcome:
    return replace(good(job), others=OTHERS, validator=VERSION)


def test_further_files_and_the_version_come_back(history: History) -> None:
    queued(history, count=2)
    first, second = history.claim("r1", 2, 60, 500.0)
    history.settle([known(first), bad(second)])
    assert outcomes(history) == [known(first), bad(second)]


def test_a_job_knows_the_file_of_the_last_good_run_and_no_other(history: History) -> None:
    queued(history, count=1)
    history.settle([known(job) for job in history.claim("r1", 1, 60, 500.0)])
    queued(history, "r2", count=1, started_at=200.0)
    history.settle([bad(job) for job in history.claim("r2", 1, 60, 600.0)])
    queued(history, "r3", count=2, started_at=300.0)
    first, second = history.claim("r3", 2, 60, 700.0)
    assert (first.previous_location, first.previous_sha256) == ("/reports/sales_1.csv", "ab" * 32)
    assert (first.previous_validator, first.previous_records, first.previous_columns) == (VERSION, 7, ("Id", "Name"))
    assert (second.previous_location, second.previous_sha256, second.previous_validator) == ("", "", "")


def test_all_of_a_report_survives_the_queue(history: History) -> None:
    report = Report(
        "a.csv",
        "1",
        "bi",
        options={"payload": {"filters": [{"col": "ä", "val": None}]}, "limit": 5, "deep": [[1.5, True]]},
        window=Window("2026-11-20T00:00:00+01:00", "2026-11-21T00:00:00+01:00", "Europe/Berlin"),
        columns=(("id", "Nr"),),
        other_columns="keep",
        expected_columns=("Nr",),
        update="append",
        many=True,
    )
    history.add_run(Run("r1", 1.0), [report])
    (job,) = history.claim("r1", 1, 60, 500.0)
    assert job.report == report
    assert history.unfinished("r1") == [report]


def version_2(file: Path) -> str:
    """A SQLite file as the sfr before wrote it, with a good job in it."""
    (report,) = reports(1)
    old = {
        name: value for name, value in report.to_dict().items() if name not in ("options", "window", "update", "many")
    }
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(VERSION_1)
        connection.execute("CREATE INDEX sfr_jobs_last_good ON sfr_jobs (report_key, good_at)")
        connection.execute("INSERT INTO sfr_schema_version VALUES (2, 0.0)")
        connection.execute(
            "INSERT INTO sfr_jobs SELECT 'old-00002', 'old', 2, ?, 'sales_1.csv', ref, source, ?, 'done', '', NULL, 0,"
            " 9.0, '/reports/sales_1.csv', 5, 3, '[\"Id\"]', 'ff', 'footer', 8.0, 9.0, '', '', '', '', '[]'"
            " FROM sfr_jobs",
            (json.dumps(old), report_key(report)),
        )
        connection.commit()
    return sqlite_url(file)


def test_a_file_of_schema_2_goes_on_with_all_that_is_in_it(tmp_path: Path) -> None:
    url = version_2(tmp_path / "history.db")
    with closing(History(url, owner="me")) as history:
        failed, done = outcomes(history, "old")
        assert (failed.error, failed.others, failed.validator) == ("not found", (), "")
        assert (done.status, done.records, done.others, done.validator) == (Status.DONE, 3, (), "")
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        assert (job.previous_records, job.previous_columns, job.previous_validator) == (3, ("Id",), "")
        history.settle([known(job)])
        assert outcomes(history) == [known(job)]
    with closing(History(url, owner="again")) as history:
        assert outcomes(history) == [known(job)]


@pytest.fixture(params=["postgresql", "mysql"])
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with own_database(request.param) as address:
        yield address


def test_a_server_of_schema_2_gets_the_new_columns_and_keeps_its_rows(server_url: str) -> None:
    with closing(History(server_url, owner="me")) as history:
        queued(history, "old", count=1)
        history.settle([good(job) for job in history.claim("old", 1, 60, 500.0)])
    engine = create_engine(server_url)
    fresh = {column["name"]: str(column["type"]) for column in inspect(engine).get_columns("sfr_jobs")}
    with engine.begin() as connection:
        for name in ("others", "validator"):
            connection.execute(text(f"ALTER TABLE sfr_jobs DROP COLUMN {name}"))
        connection.execute(text("DELETE FROM sfr_schema_version WHERE version > 2"))
    with closing(History(server_url, owner="me")) as history:
        assert [outcome.records for outcome in outcomes(history, "old")] == [7]
        queued(history, count=1)
        (job,) = history.claim("r1", 1, 60, 500.0)
        assert job.previous_records == 7
        long = replace(known(job), validator="v" * 100_000)
        history.settle([long])
        assert outcomes(history) == [long]
    assert {column["name"]: str(column["type"]) for column in inspect(engine).get_columns("sfr_jobs")} == fresh
    engine.dispose()


def test_a_migration_that_ended_between_two_columns_is_taken_up_again(tmp_path: Path) -> None:
    url = version_2(tmp_path / "history.db")
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        connection.execute("ALTER TABLE sfr_jobs ADD COLUMN others TEXT")
        connection.commit()
    with closing(History(url, owner="me")) as history:
        assert len(outcomes(history, "old")) == 2


@pytest.mark.parametrize(
    ("report", "key"),
    [
        (
            Report("sales.csv", "00O5g000004Kx2bEAC", folder="/reports", params=(("pv0", "x"),)),
            "e855298cc07974663902aff3b5d13bd0cebe464bd6487fb97990e701163e691d",
        ),
        (
            Report("s_2026-11-21.csv", "00O5g000004Kx2bEAC", template="s_{today}\n00O5g000004Kx2bEAC\n\n"),
            "7ab7b684edfcf01b5154357767c310317b1d228f29436fcff8bcd5defc93c6ac",
        ),
    ],
)
def test_reports_of_earlier_versions_are_known_by_the_same_key(report: Report, key: str) -> None:
    """Or every warning about what differs from the last run would be lost with an update."""
    assert report_key(report) == key


def test_options_tell_reports_apart_that_no_list_has_written() -> None:
    plain = Report("a.csv", "1", "bi")
    keys = {report_key(replace(plain, options=options)) for options in ({}, {"limit": 1}, {"limit": 2})}
    assert len(keys) == 3
