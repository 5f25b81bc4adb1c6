"""Checks what a source writes into: further files, points that are kept, and when nothing is gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sfr import intake
from sfr.connector import Sink
from sfr.errors import AuthError, DeliveryError, InvalidReport, ReportError, SfrError, TransientError
from sfr.model import Fetched, Proof, Status
from tests.scripted import DATA, HEADER, Scripted, bring, kept, left, rows, the_rest, until_row, whole
from tests.surroundings import Room, sha256


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def reset() -> TransientError:
    return TransientError("reset", reason="reset")


def test_the_next_try_goes_on_from_the_point_that_was_kept(folder: Path) -> None:
    source = Scripted(until_row(2, reset()), until_row(4, reset()), the_rest)
    outcome = bring(folder, source)
    assert source.points == ["", "2", "4"]
    assert (folder / "sales.csv").read_bytes() == DATA
    assert (outcome.status, outcome.records, outcome.sha256) == (Status.DONE, 6, sha256(DATA))
    assert (left(folder), kept(folder)) == (["sales.csv"], [])


def test_another_process_goes_on_where_the_last_one_was_told_to_end(folder: Path) -> None:
    first = bring(folder, until_row(3, AuthError("dead")))
    assert (first.status, left(folder)) == (Status.SKIPPED, [])
    assert kept(folder) == ["data", "point.json"]
    source = Scripted(the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == ["3"]
    assert (folder / "sales.csv").read_bytes() == DATA


def test_a_session_that_ends_again_and_again_is_no_failure_while_the_report_comes_further(folder: Path) -> None:
    steps = [until_row(number, AuthError("dead")) for number in range(1, 6)]
    room = Room(logins=[lambda: "next"] * 6)
    assert bring(folder, Scripted(*steps, the_rest), room=room).status is Status.DONE
    assert (folder / "sales.csv").read_bytes() == DATA


def test_tries_that_come_further_are_no_failures_in_a_row(folder: Path) -> None:
    steps = [until_row(number, TransientError("cut", reason="cut", max_attempts=2)) for number in range(1, 6)]
    assert bring(folder, Scripted(*steps, the_rest)).status is Status.DONE


def test_tries_that_come_no_further_are_bounded(folder: Path) -> None:
    source = Scripted(until_row(3, TransientError("cut", reason="cut", max_attempts=4)))
    outcome = bring(folder, source)
    assert (outcome.status, outcome.reason) == (Status.FAILED, "cut")
    assert source.points == ["", "3", "3", "3"]


def test_a_file_that_changes_while_it_is_read_is_bounded_too(folder: Path) -> None:
    """The point differs each time, and none is further than the one before."""
    names = iter(range(100))

    def step(into: Sink) -> Fetched:
        if into.point:
            into.restart()
        into.write(HEADER)
        into.keep(f"version {next(names)}")
        raise TransientError("cut", reason="cut", max_attempts=3)

    source = Scripted(step)
    assert bring(folder, source).status is Status.FAILED
    assert len(source.points) <= 5


@pytest.mark.parametrize(
    "error", [InvalidReport("a web page", max_attempts=2), ReportError("no query", max_attempts=2)]
)
def test_nothing_is_gone_on_with_after_an_answer_that_was_wrong(folder: Path, error: SfrError) -> None:
    source = Scripted(until_row(3, error), the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == ["", ""]


def test_nothing_is_gone_on_with_when_the_file_turns_out_wrong(folder: Path) -> None:
    def miscounted(into: Sink) -> Fetched:
        into.write(HEADER + rows(1, 3))
        into.keep("3")
        return Fetched(records=4, proof=Proof.COUNT)

    source = Scripted(miscounted, the_rest)
    assert bring(folder, source).status is Status.DONE
    assert source.points == ["", ""]


def test_a_count_that_never_fits_ends_in_a_refusal_and_no_file(folder: Path) -> None:
    outcome = bring(folder, whole(DATA, records=7))
    assert (outcome.status, outcome.reason, left(folder)) == (Status.FAILED, "count", [])
    assert "counted 7 records, the file has 6" in outcome.error


def test_two_answers_that_are_compared_do_not_share_their_beginning(folder: Path) -> None:
    def unproven(into: Sink) -> Fetched:
        into.write(HEADER + rows(1, 3))
        into.keep("3")
        into.write(rows(4, 6))
        return Fetched()

    source = Scripted(unproven)
    assert bring(folder, source).status is Status.UNVERIFIED
    assert source.points == ["", ""]


def test_a_shelf_that_refuses_after_a_point_was_kept_is_told_as_such(folder: Path) -> None:
    class Refusing:
        def put(self, staged: Path, name: str) -> str:
            raise DeliveryError("the shelf is full", reason="disk-full")

    def step(into: Sink) -> Fetched:
        into.write(DATA)
        into.keep("6")
        return Fetched(proof=Proof.LENGTH)

    outcome = bring(folder, step, destination=Refusing())
    assert (outcome.status, outcome.reason) == (Status.FAILED, "disk-full")


@pytest.mark.parametrize(("every_seconds", "there"), [(0.0, True), (1000.0, False)])
def test_points_are_saved_while_the_fetch_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, every_seconds: float, there: bool
) -> None:
    monkeypatch.setattr(intake, "SAVE_SECONDS", every_seconds)
    seen: list[bool] = []

    def step(into: Sink) -> Fetched:
        into.write(HEADER + rows(1, 3))
        into.keep("3")
        seen.append(bool(kept(folder)))
        return whole(rows(4, 6))(into)

    assert bring(folder, step).status is Status.DONE
    assert (seen, kept(folder)) == ([there], [])


def test_a_columns_mapping_goes_on_with_the_same_columns(folder: Path) -> None:
    mapped = {"columns": (("name", "Name"), ("id", "Nr"))}
    source = Scripted(until_row(3, reset()), the_rest)
    assert bring(folder, source, **mapped).status is Status.DONE
    assert source.points == ["", "3"]
    expected = b"Name,Nr\n" + b"".join(b"name %d,%d\n" % (number, number) for number in range(1, 7))
    assert (folder / "sales.csv").read_bytes() == expected


def test_what_is_gone_on_with_is_no_answer_of_the_server(folder: Path) -> None:
    """Or a server that thinks for long would be taken for one that stands still."""
    bring(folder, until_row(3, AuthError("dead")))
    room = Room()
    phases: list[str] = []

    def step(into: Sink) -> Fetched:
        phases.append(room.shown[-1][0].value)
        return the_rest(into)

    outcome = bring(folder, step, room=room)
    assert (phases, outcome.status) == (["server"], Status.DONE)


def test_a_run_that_is_stopped_while_it_takes_over_leaves_no_partial_file(folder: Path) -> None:
    bring(folder, until_row(3, AuthError("dead")))
    again: Callable[[Sink], Fetched] = the_rest
    assert bring(folder, again, room=Room(stopped=True)).status is Status.CANCELLED
    assert left(folder) == []
    assert kept(folder) == ["data", "point.json"]


def test_with_further_files_nothing_is_gone_on_with(folder: Path) -> None:
    """What is in them was not kept: a try that went on would deliver less than the whole."""

    def step(into: Sink) -> Fetched:
        into.write(HEADER + rows(1, 3))
        into.another("two").write(HEADER + rows(1, 1))
        into.keep("3")
        if len(source.points) == 1:
            raise reset()
        return Fetched(proof=Proof.LENGTH)

    source = Scripted(step)
    outcome = bring(folder, source)
    assert source.points == ["", ""]
    assert left(folder) == ["sales..two.csv", "sales.csv"]
    assert len(outcome.others) == 1


def test_a_new_beginning_forgets_further_files_also_behind_a_columns_mapping(folder: Path) -> None:
    def step(into: Sink) -> Fetched:
        into.write(HEADER + rows(1, 3))
        into.another("two").write(HEADER + rows(1, 3))
        into.restart()
        into.write(DATA)
        into.another("two").write(HEADER + rows(1, 1))
        return Fetched(proof=Proof.LENGTH)

    for mapping in ((), (("name", "Name"), ("id", "Nr"))):
        outcome = bring(folder, step, columns=mapping)
        assert (outcome.status, outcome.records) == (Status.DONE, 6), outcome.error
        assert (folder / "sales..two.csv").read_bytes().count(b"\n") == 2
