"""The history as a SQLite file: where it cannot be opened, who locks it, what a kill leaves, how an old one goes on."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfr.errors import ConfigError
from sfr.history import History, HistoryBusy
from sfr.model import Outcome, Run, Status
from tests.histories import bad, good, heard, process, queued, reports, sqlite_url, statements
from tests.history_programs import hold_lock, settle_for_ever

# What the first sfr wrote: schema 1, without the index for the last good run.
VERSION_1 = """
CREATE TABLE sfr_schema_version (version INTEGER NOT NULL, applied_at DOUBLE NOT NULL, PRIMARY KEY (version));
CREATE TABLE sfr_runs (id VARCHAR(100) NOT NULL, started_at DOUBLE NOT NULL, list_name TEXT NOT NULL,
  output TEXT NOT NULL, pid BIGINT NOT NULL, host TEXT NOT NULL, finished_at DOUBLE, exit_code INTEGER,
  PRIMARY KEY (id));
CREATE INDEX sfr_runs_by_start ON sfr_runs (started_at);
CREATE TABLE sfr_jobs (id VARCHAR(120) NOT NULL, run_id VARCHAR(100) NOT NULL, number INTEGER NOT NULL,
  report TEXT NOT NULL, name TEXT NOT NULL, ref TEXT NOT NULL, source TEXT NOT NULL,
  report_key VARCHAR(64) NOT NULL, status VARCHAR(20) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until DOUBLE,
  deaths INTEGER NOT NULL, good_at DOUBLE, location TEXT NOT NULL, bytes BIGINT NOT NULL, records BIGINT,
  columns TEXT NOT NULL, sha256 VARCHAR(64) NOT NULL, proof VARCHAR(20) NOT NULL, started_at DOUBLE,
  finished_at DOUBLE, scope TEXT NOT NULL, reason TEXT NOT NULL, error TEXT NOT NULL, remedy TEXT NOT NULL,
  warnings TEXT NOT NULL, PRIMARY KEY (id));
CREATE UNIQUE INDEX sfr_jobs_in_order ON sfr_jobs (run_id, number);
CREATE INDEX sfr_jobs_by_lease ON sfr_jobs (run_id, lease_until, number);
CREATE TABLE sfr_attempts (run_id VARCHAR(100) NOT NULL, job_number INTEGER NOT NULL, position INTEGER NOT NULL,
  number INTEGER NOT NULL, started_at DOUBLE NOT NULL, seconds DOUBLE NOT NULL, waited_seconds DOUBLE NOT NULL,
  server_seconds DOUBLE NOT NULL, bytes BIGINT NOT NULL, reason TEXT NOT NULL, error TEXT NOT NULL,
  request_id TEXT NOT NULL, PRIMARY KEY (run_id, job_number, position));
INSERT INTO sfr_schema_version VALUES (1, 0.0);
INSERT INTO sfr_runs VALUES ('old', 5.0, 'list.csv', '', 1, 'pc', NULL, NULL);
INSERT INTO sfr_jobs VALUES ('old-00001', 'old', 1, '{"name":"a.csv","ref":"X","later_field":1}', 'a.csv', 'X',
  'salesforce', 'k', 'failed', '', NULL, 0, NULL, '', 0, NULL, '[]', '', 'none', NULL, 9.0, 'job', 'report',
  'not found', '', '[]');
INSERT INTO sfr_attempts VALUES ('old', 1, 0, 1, 6.0, 1.5, 0.0, 0.0, 0, 'report', 'not found', '');
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    with closing(History(sqlite_url(file), owner="me", busy_timeout_seconds=0.1)) as opened:
        yield opened


def asked(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def written(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(sql)


def test_the_file_and_its_folders_are_made_and_survive(tmp_path: Path) -> None:
    file = tmp_path / "not yet" / "ünder" / "history.db"
    with closing(History(sqlite_url(file), owner="me")) as history:
        queued(history)
    assert asked(file, "PRAGMA journal_mode") == [("wal",)]
    with closing(History(sqlite_url(file), owner="you")) as history:
        assert history.counts("r1") == {Status.QUEUED: 3}


def test_a_history_may_live_in_memory() -> None:
    with closing(History("sqlite://", owner="me")) as history:
        queued(history)
        assert len(history.claim("r1", 2, 60, 500.0)) == 2


def test_a_history_of_schema_1_is_carried_forward_with_all_that_is_in_it(file: Path) -> None:
    written(file, VERSION_1)
    with closing(History(sqlite_url(file), owner="me")) as history:
        (result,) = history.results("old")
        assert result.outcome.attempts[0].error == "not found"
        assert [report.name for report in history.unfinished("old")] == ["a.csv"]
        queued(history)
        assert len(history.claim("r1", 3, 60, 500.0)) == 3
    assert asked(file, "SELECT version FROM sfr_schema_version ORDER BY version") == [(1,), (2,), (3,), (4,)]
    assert asked(file, "SELECT name FROM sqlite_master WHERE name = 'sfr_jobs_last_good'")


def test_a_carried_forward_history_has_the_same_tables_as_a_new_one(tmp_path: Path) -> None:
    written(tmp_path / "old.db", VERSION_1)
    shapes = []
    for name in ("old.db", "new.db"):
        History(sqlite_url(tmp_path / name), owner="me").close()
        tables = ("sfr_runs", "sfr_jobs", "sfr_attempts", "sfr_schema_version")
        pragmas = ("table_info", "index_list")
        found = [asked(tmp_path / name, f"PRAGMA {pragma}({table})") for table in tables for pragma in pragmas]
        shapes.append([sorted(row[1:3] for row in rows) for rows in found])
    assert shapes[0] == shapes[1]


def test_a_history_of_a_newer_sfr_is_refused(file: Path) -> None:
    History(sqlite_url(file), owner="me").close()
    written(file, "INSERT INTO sfr_schema_version VALUES (99, 0.0)")
    with pytest.raises(ConfigError, match=r"history\.db has schema 99, this sfr knows schemas up to \d+") as caught:
        History(sqlite_url(file), owner="me")
    assert "update sfr" in caught.value.remedy


def test_a_file_that_is_no_database_is_called_damaged(file: Path) -> None:
    file.write_bytes(b"name,id\n" * 500)
    with pytest.raises(ConfigError, match=r"history\.db is damaged: file is not a database") as caught:
        History(sqlite_url(file), owner="me")
    assert "move the file away" in caught.value.remedy


def test_a_page_gone_bad_is_called_damaged(file: Path) -> None:
    with closing(History(sqlite_url(file), owner="me")) as history:
        queued(history, count=500)
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * (file.stat().st_size - 4096))
    with pytest.raises(ConfigError, match=r"history\.db is damaged"):
        list(History(sqlite_url(file), owner="me").results("r1"))


def test_a_place_under_a_file_cannot_be_written(file: Path) -> None:
    file.write_text("no folder")
    with pytest.raises(ConfigError, match=r"history\.db.{1,5}deep.{1,5}h\.db cannot be written") as caught:
        History(sqlite_url(file / "deep" / "h.db"), owner="me")
    assert "SFR_DATABASE_URL" in caught.value.remedy


def test_a_folder_in_the_place_of_the_file_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: unable to open database file"):
        History(sqlite_url(tmp_path), owner="me")


def test_a_database_that_may_only_be_read_cannot_be_written(file: Path) -> None:
    written(file, "CREATE TABLE mine (x)")
    with pytest.raises(ConfigError, match="cannot be written: attempt to write a readonly database"):
        History(f"sqlite:///file:{file.as_posix()}?mode=ro&uri=true", owner="me")


def test_settling_a_locked_history_says_busy_and_works_after_the_release(history: History, file: Path) -> None:
    queued(history, count=1)
    (job,) = history.claim("r1", 1, 60, 500.0)
    with process(hold_lock, str(file)) as (_, pipe):
        assert heard(pipe) == "locked"
        with pytest.raises(HistoryBusy, match=r"history\.db is locked by another process") as caught:
            history.settle([good(job)])
        assert caught.value.reason == "history-busy"
        assert history.counts("r1") == {Status.RUNNING: 1}, "reading goes on beside a writer"
        pipe.send("let go")
        assert heard(pipe) == "released"
    history.settle([good(job)])
    assert [result.outcome for result in history.results("r1")] == [good(job)]


def test_a_settled_history_waits_for_a_short_lock(file: Path) -> None:
    with closing(History(sqlite_url(file), owner="me", busy_timeout_seconds=30)) as history:
        queued(history, count=1)
        with process(hold_lock, str(file)) as (_, pipe):
            assert heard(pipe) == "locked"
            pipe.send("let go")
            history.close_open("r1", Status.CANCELLED, "cancelled", "", 1.0)
        assert history.counts("r1") == {Status.CANCELLED: 1}


def test_a_new_history_that_is_locked_cannot_be_opened(file: Path) -> None:
    with process(hold_lock, str(file)) as (_, pipe):
        assert heard(pipe) == "locked"
        with pytest.raises(ConfigError, match=r"history\.db is locked by another process") as caught:
            History(sqlite_url(file), owner="me", busy_timeout_seconds=0.1)
    assert not isinstance(caught.value, HistoryBusy)
    assert "close what has it open" in caught.value.remedy


def test_a_locked_history_of_today_can_be_opened_and_read(history: History, file: Path) -> None:
    queued(history)
    with process(hold_lock, str(file)) as (_, pipe):
        assert heard(pipe) == "locked"
        with closing(History(sqlite_url(file), owner="reader", busy_timeout_seconds=0.1)) as reader:
            assert reader.counts("r1") == {Status.QUEUED: 3}


def test_a_process_killed_while_it_settles_leaves_a_readable_history(file: Path) -> None:
    with process(settle_for_ever, sqlite_url(file)) as (child, pipe):
        for _ in range(4):
            heard(pipe)
        child.kill()
        child.join()
    with closing(History(sqlite_url(file), owner="next")) as history:
        results = list(history.results("r1"))
        done = [result for result in results if result.outcome.status is Status.DONE]
        assert len(results) == 300
        assert len(done) >= 120
        assert len(done) % 30 == 0, "a batch is written whole or not at all"
        assert all(result.outcome == good(result.job) for result in done)
        assert len(history.unfinished("r1")) == 300 - len(done)
        assert len(history.claim("r1", 300, 60, 1500.0)) == 300 - len(done)
    assert asked(file, "PRAGMA integrity_check") == [("ok",)]


def test_claiming_reads_along_indexes_and_sorts_nothing(history: History, file: Path) -> None:
    queued(history, count=1)
    with statements() as seen:
        history.claim("r1", 1, 60, 500.0)
    plans = []
    with closing(sqlite3.connect(file)) as connection:
        for statement in seen[1:]:
            arguments = [None] * statement.count("?")
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", arguments)]
    assert any("sfr_jobs_by_lease (run_id=? AND lease_until<?)" in step for step in plans)
    assert any("sfr_jobs_last_good (report_key=?" in step for step in plans)
    assert not any("TEMP B-TREE" in step or "SCAN sfr_jobs" in step for step in plans)


def test_what_is_settled_stays_after_the_process_is_over(history: History, file: Path) -> None:
    history.add_run(Run("r1", 1.0), reports(2))
    history.settle([Outcome("r1-00002", Status.FAILED, error="gone", remedy="look")])
    sql = "SELECT name, status, error FROM sfr_jobs ORDER BY number"
    assert asked(file, sql) == [("sales_1.csv", "queued", ""), ("sales_2.csv", "failed", "gone")]


def test_the_statements_of_the_handbook_work(history: History, file: Path) -> None:
    run_at = time.time()
    history.add_run(Run("r1", run_at), reports(2))
    first, second = history.claim("r1", 2, 60, run_at)
    history.settle([good(first), bad(second)])
    handbook = (Path(__file__).parents[1] / "docs" / "history.md").read_text(encoding="utf-8")
    failed, growth = (asked(file, sql) for sql in re.findall(r"```sql\n(.+?)```", handbook, re.DOTALL))
    assert [row[1:] for row in failed] == [("sales_2.csv", "report", "not found")]
    assert growth == [("sales_1.csv", "r1", 7, 3_000_000_000, 2, 1.5)]
