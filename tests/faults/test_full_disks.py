"""Fills the disks that a run writes to, one after the other: each time one clear message, and no half file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.office import SECONDS, Office
from tests.faults.processes import Child, Finished, until
from tests.faults.small_disks import fill, small_disk
from tests.faults.stalling_cleaner import FUNCTION, StallingCleaner
from tests.faults.test_stopping import END_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OLD = b"the file of yesterday\n"
# About 5 MB of CSV, out of nothing, which cannot be packed much.
MANY = (
    "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 60000) "
    "SELECT id, hex(randomblob(40)) AS words FROM n"
)
FORMATS = ("jsonl", "parquet", "xlsx", "csv.gz", "csv.zst")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.end()


def file_of(name: str) -> str:
    return f"{name}.{name if name in FORMATS else 'csv'}"


def test_a_full_disk_fails_a_report_with_one_message_wherever_it_strikes(office: Office) -> None:
    strikes = {  # megabytes of the disk that the report grows on, and what is asked for
        "fetched": (2, ""),
        "cleansed": (6, "  steps: [{sort: [-id]}]\n"),
        **{name: (6, f"  format: {name}\n") for name in FORMATS},
        "copied": (2, ""),
    }
    entries: list[str] = []
    places: dict[str, str] = {}
    with ExitStack() as disks:
        for name, (megabytes, more) in strikes.items():
            disk = disks.enter_context(small_disk(office.folder / name, megabytes))
            place = name.replace(".", "_")
            places |= {f"SFR_{place.upper()}_TYPE": "folder", f"SFR_{place.upper()}_DIRECTORY": str(disk)}
            where = f"[{place}, folder]" if name == "copied" else place
            entries.append(f'- name: {name}\n  source: lms\n  query: "{MANY}"\n  destination: {where}\n{more}')
            (disk / file_of(name)).write_bytes(OLD)
        office.write_list("".join(entries))
        finished = office.run(**places)
        assert finished.code == 1, finished.stdout + finished.stderr
        assert "Traceback" not in finished.stdout + finished.stderr
        for name in strikes:
            folder = office.folder / name
            told = office.outcome(file_of(name))
            assert (told["status"], told["reason"], len(told["attempts"])) == ("failed", "disk-full", 1), told["error"]
            assert told["error"] == f"{folder}: the disk is full"
            assert [path.read_bytes() for path in folder.iterdir()] == [OLD]
    # The other place of the last one has its file, and the ledger knows no more than that.
    assert {row.location for row in office.ledger().values()} == {str(office.output / "copied.csv")}
    assert office.left_over() == []


NO_ROOM = "cannot be kept on this disk"
ADDED = "SELECT generation, id FROM added ORDER BY id"


@contextmanager
def no_room(office: Office, update: str) -> Iterator[tuple[Child, Path]]:
    """A run whose report comes when there is no room left for what it writes down; and what takes the room."""
    cleaner = StallingCleaner(office.folder)
    office.write_list(f"- {{name: added, source: lms, query: '{ADDED}', clean: '{FUNCTION}', update: {update}}}\n")
    office.output.mkdir()
    with small_disk(office.output / ".sfr", megabytes=1) as disk:
        run = office.start()
        until(cleaner.is_reached, "the function", seconds=SECONDS)
        filler = fill(disk)
        cleaner.go_on()
        until(lambda: NO_ROOM in run.stdout, "a word about the history", seconds=SECONDS)
        assert run.running
        yield run, filler


def check_told(finished: Finished) -> None:
    """What is full is said, once for the history and once for the log, and not by tracebacks."""
    assert "Traceback" not in finished.stdout + finished.stderr
    assert finished.stdout.count(NO_ROOM) == 1
    assert finished.stderr.count("sfr.log cannot be written") == 1


def test_a_history_whose_disk_is_full_is_waited_for_and_written_when_there_is_room(office: Office) -> None:
    with no_room(office, "replace") as (run, filler):
        filler.unlink()
        finished = run.wait(SECONDS)
        assert finished.code == 0, finished.stdout + finished.stderr
        check_told(finished)
        assert office.statuses()[1] == {"added.csv": "done"}
        assert office.found().added == {str(office.output / "added.csv"): [1]}
        assert "nothing to do" in office.run("--failed").stdout


def test_a_history_that_stays_full_is_given_up_on_ctrl_c_and_failed_brings_the_report(office: Office) -> None:
    with no_room(office, "replace") as (run, filler):
        run.interrupt()
        finished = run.wait(END_SECONDS)
        assert finished.code == 1, finished.stdout + finished.stderr
        check_told(finished)
        assert "free some space" in finished.stderr
        assert office.statuses()[1] == {"added.csv": "running"}
        filler.unlink()
        again = office.run("--failed")
        assert again.code == 0, again.stdout + again.stderr
        assert office.statuses()[1] == {"added.csv": "done"}
        assert office.found().added == {str(office.output / "added.csv"): [1]}
        assert office.left_over() == []


def test_an_append_that_cannot_be_remembered_is_not_done_and_says_which_disk_is_full(office: Office) -> None:
    with no_room(office, "append") as (run, filler):
        filler.unlink()
        finished = run.wait(SECONDS)
        assert finished.code == 1, finished.stdout + finished.stderr
        check_told(finished)
        told = office.outcome("added.csv")
        assert (told["status"], told["reason"]) == ("failed", "disk-full")
        assert told["error"].startswith(str(office.output / ".sfr"))
        assert office.names() == set()
        assert office.run("--failed").code == 0
        assert office.found().added == {str(office.output / "added.csv"): [1]}
