"""Checks the ledger of delivered files on each database: a row per place, true after any order of crashes."""

from __future__ import annotations

import datetime
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from sfr.history import History
from sfr.history.ledger import report_id, write
from sfr.model import Delivered, Job, Outcome, Report, Status
from tests.histories import bad, good, outcomes, own_database, queued, sqlite_url

pytest_plugins = ("tests.history_fixtures",)

LINK = "https://s3.example.com/lake/a.csv?X-Amz-Signature=abc"
AT_S3 = Delivered("s3://lake/a.csv", "lake", "s3", "lake", "a.csv", 5, 1, "ab" * 32, LINK, 90_000.0)
AT_HOME = Delivered("/reports/a.csv", "folder", bytes=5, records=1, sha256="ab" * 32)


def delivered(job: Job, *places: Delivered, at: float = 86_399.0) -> Outcome:
    return replace(good(job, at), deliveries=places)


@pytest.fixture(autouse=True)
def empty_ledger(url: str) -> None:
    History(url, owner="before").close()
    ask(url, "DELETE FROM reports_generated")


def ask(url: str, statement: str) -> list[Any]:
    engine = create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows


def ledger(url: str) -> list[Any]:
    return ask(url, "SELECT * FROM reports_generated ORDER BY s3_bucket DESC, run_id")


def settle(history: History, run_id: str, *places: Delivered, started_at: float = 100.0) -> Outcome:
    queued(history, run_id, count=1, started_at=started_at)
    (job,) = history.claim(run_id, 1, 60, 500.0)
    outcome = delivered(job, *places)
    history.settle([outcome])
    return outcome


def test_every_delivered_file_is_a_row_that_names_it(history: History, url: str) -> None:
    outcome = settle(history, "r1", AT_S3, AT_HOME)
    assert outcomes(history) == [outcome]
    there, here = ledger(url)
    assert (there.s3_object_key, there.s3_bucket, there.download_link) == ("a.csv", "lake", LINK)
    assert (there.location, there.destination, there.run_id, there.job_id) == (
        "s3://lake/a.csv",
        "lake",
        "r1",
        "r1-00001",
    )
    assert (there.report_type, there.report_name, there.source) == ("sales_1", "sales_1.csv", "salesforce")
    assert (there.records, there.bytes, there.sha256, there.link_expires_at) == (1, 5, "ab" * 32, 90_000.0)
    assert str(there.report_date) == "1970-01-01"
    assert (here.s3_object_key, here.s3_bucket, here.download_link) == ("/reports/a.csv", "", "")
    assert uuid.UUID(str(there.report_id)) == report_id(AT_S3)


def test_a_row_names_its_run_whatever_the_job_is_called(url: str) -> None:
    report = Report("a.csv", "1")
    with closing(History(url, owner="me")) as history, history._database.writing() as connection:
        write(connection, [("r-1", report, Outcome("j", Status.DONE, deliveries=(AT_S3,)))], "UTC")
    assert [(row.run_id, row.job_id) for row in ledger(url)] == [("r-1", "j")]


def test_buckets_of_one_name_at_two_servers_have_a_row_each(history: History, url: str) -> None:
    settle(history, "r1", AT_S3, replace(AT_S3, destination="mirror", sha256="ef" * 32))
    assert {(row.destination, row.sha256) for row in ledger(url)} == {("lake", "ab" * 32), ("mirror", "ef" * 32)}


def test_a_run_that_replaces_a_file_updates_its_row(history: History, url: str) -> None:
    settle(history, "r1", AT_S3)
    settle(history, "r2", replace(AT_S3, sha256="cd" * 32, link="https://new"), started_at=200.0)
    (row,) = ledger(url)
    assert (row.run_id, row.sha256, row.download_link) == ("r2", "cd" * 32, "https://new")


def test_settling_twice_leaves_one_row(history: History, url: str) -> None:
    outcome = settle(history, "r1", AT_S3)
    history.settle([outcome])
    assert len(ledger(url)) == 1


def test_a_job_that_failed_at_a_later_place_has_rows_for_the_places_that_have_its_file(
    history: History, url: str
) -> None:
    queued(history, count=2)
    first, second = history.claim("r1", 2, 60, 500.0)
    history.settle([replace(bad(first), deliveries=(AT_S3,)), bad(second)])
    assert [row.location for row in ledger(url)] == ["s3://lake/a.csv"]
    assert [outcome.status for outcome in outcomes(history)] == [Status.FAILED] * 2


def test_an_outcome_that_is_dropped_leaves_no_row(history: History, other: History, url: str) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    other.claim("r1", 1, 60, 600.0)
    history.settle([delivered(job, AT_S3)])
    assert ledger(url) == []


def test_a_new_link_stands_in_both_places(history: History, url: str) -> None:
    outcome = settle(history, "r1", AT_S3, AT_HOME)
    renewed = replace(outcome, deliveries=(replace(AT_S3, link="https://new", link_expires_at=99.0), AT_HOME))
    history.renew_links(renewed)
    assert outcomes(history) == [renewed]
    assert [(row.download_link, row.link_expires_at) for row in ledger(url)] == [("https://new", 99.0), ("", None)]


def test_the_day_is_that_of_the_zone(url: str) -> None:
    with closing(History(url, owner="me", zone="Pacific/Auckland")) as history:
        settle(history, "r1", AT_S3)
    assert [str(row.report_date) for row in ledger(url)] == ["1970-01-02"]


def test_the_table_of_an_older_report_generator_gets_our_columns_and_keeps_its_rows(tmp_path: Path) -> None:
    older = (
        "CREATE TABLE reports_generated (report_id {uuid} PRIMARY KEY, s3_object_key varchar(255) NOT NULL,"
        " s3_bucket varchar(255) NOT NULL, report_date date NOT NULL, report_type varchar(255) NOT NULL,"
        " download_link text NOT NULL)"
    )
    row = "INSERT INTO reports_generated VALUES ('{id}', 'k', 'b', '2020-01-01', 'customer_x', 'https://old')"
    with own_database("postgresql") as server:
        for place, kind in ((server, "uuid"), (sqlite_url(tmp_path / "history.db"), "char(32)")):
            ask(place, older.format(uuid=kind))
            ask(place, row.format(id=uuid.UUID(int=7).hex))
            with closing(History(place, owner="me")) as history:
                settle(history, "r1", AT_S3)
            new, old = ledger(place)
            assert (old.s3_object_key, str(old.report_date), old.location) == (
                "k",
                str(datetime.date(2020, 1, 1)),
                None,
            )
            assert new.location == "s3://lake/a.csv"


def test_it_is_known_which_files_of_a_run_a_later_one_has_replaced(history: History) -> None:
    older = settle(history, "r1", AT_S3, AT_HOME)
    assert history.replaced(older) == frozenset()
    newer = settle(history, "r2", AT_S3)
    assert history.replaced(older) == {AT_S3.location}
    assert history.replaced(newer) == frozenset()
