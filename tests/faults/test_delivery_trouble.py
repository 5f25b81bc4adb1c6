"""Trouble on the way from a database to places: what comes back is waited for, what does not fails by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.delivered import check_all_new
from tests.faults.office import BATCH, SECONDS, Office
from tests.faults.processes import until
from tests.faults.stalling_cleaner import FUNCTION, StallingCleaner
from tests.servers.small_s3 import Fault, SmallS3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.end()


@pytest.fixture
def office_with_bucket(tmp_path: Path) -> Iterator[tuple[Office, SmallS3]]:
    with SmallS3() as bucket:
        office = Office(tmp_path, bucket)
        yield office, bucket
        office.end()


def test_a_bucket_that_refuses_and_comes_back_costs_no_second_download(
    office_with_bucket: tuple[Office, SmallS3],
) -> None:
    office, bucket = office_with_bucket
    bucket.faults["PutObject"] = Fault(503, "SlowDown", times=4)
    finished = office.run()
    assert finished.code == 0, finished.stdout + finished.stderr
    tries = office.outcome("users.parquet")["attempts"]
    assert len(tries) >= 2
    assert [bool(reason) for reason, _ in tries] == [True] * (len(tries) - 1) + [False]
    assert [fetched_bytes > 0 for _, fetched_bytes in tries] == [True] + [False] * (len(tries) - 1)
    check_all_new(office, [1])


def test_a_place_that_is_broken_for_good_fails_the_report_and_the_others_have_it(office: Office) -> None:
    assert office.run().code == 0
    office.begin_generation()
    (office.archive / "old" / "users.parquet").unlink()
    (office.archive / "old" / "users.parquet").mkdir()
    (office.archive / "added.csv").rename(office.folder / "added.csv")
    (office.archive / "added.csv").mkdir()
    finished = office.run()
    assert finished.code == 1, finished.stdout + finished.stderr
    for name in ("users.parquet", "added.csv"):
        told = office.outcome(name)
        assert (told["status"], told["reason"]) == ("failed", "not-writable")
        assert str(office.archive) in told["error"]
        sums = {each["destination"]: each["sha256"] for each in told["deliveries"]}
        assert sums.keys() == {"folder", "warehouse"}
        assert office.ledger()[str(office.output / name)].sha256 == sums["folder"]
    (office.archive / "old" / "users.parquet").rmdir()
    (office.archive / "added.csv").rmdir()
    (office.folder / "added.csv").rename(office.archive / "added.csv")
    found = office.found()
    assert (found.users["warehouse"], found.added["warehouse"]) == (2, [1, 2])

    again = office.run("--failed")
    assert again.code == 0, again.stdout + again.stderr
    check_all_new(office, [1, 2])  # nothing was appended twice


def test_ctrl_c_while_a_file_goes_to_a_bucket_leaves_nothing_half(office_with_bucket: tuple[Office, SmallS3]) -> None:
    office, bucket = office_with_bucket
    assert office.run().code == 0
    before = office.found()
    office.begin_generation()
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait(SECONDS)

    bucket.before["PutObject"] = wait
    run = office.start()
    until(reached.is_set, "an upload", seconds=SECONDS)
    run.interrupt()
    finished = run.wait()
    found = office.found()
    bucket.before.clear()
    go_on.set()
    assert finished.code == 130, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    assert found.sums == before.sums
    assert set(office.statuses()[1].values()) == {"cancelled"}

    again = office.run("--failed")
    assert again.code == 0, again.stdout + again.stderr
    check_all_new(office, [1, 2])


def test_ctrl_c_while_records_are_cleansed_ends_at_once_and_failed_brings_the_report(office: Office) -> None:
    cleaner = StallingCleaner(office.folder)
    query = "SELECT id, generation FROM added ORDER BY id"
    office.write_list(f"- name: slow\n  source: lms\n  query: {query}\n  clean: {FUNCTION}\n")
    run = office.start()
    until(cleaner.is_reached, "the function", seconds=SECONDS)
    run.interrupt()
    finished = run.wait()
    assert finished.code == 130, finished.stdout + finished.stderr
    assert office.names() == set()
    assert not list(office.output.glob(".*.part"))
    cleaner.go_on()
    assert office.run("--failed").code == 0
    assert len((office.output / "slow.csv").read_bytes().splitlines()) == BATCH + 1
    assert office.left_over() == []
