"""Checks that a source which never asks where an earlier try ended delivers its file once, not behind a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.connector import Sink
from sfr.errors import AuthError, TransientError
from sfr.model import Fetched, Proof, Report, Status
from sfr.testing import Tray
from tests.scripted import DATA, HEADER, Scripted, bring, kept, left, rows, until_row, whole
from tests.surroundings import Room

MAPPED = (("name", "Name"), ("id", "Nr"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


class Careless(Scripted):
    """Keeps points, and never looks at them."""

    def __init__(self, *, writes: bool = True) -> None:
        super().__init__(whole(DATA))
        self.tries, self.writes = 0, writes

    def fetch(self, report: Report, into: Sink) -> Fetched:
        self.tries += 1
        if self.tries == 1:
            into.write(HEADER + rows(1, 3))
            into.keep("3")
            raise TransientError("reset", reason="reset")
        if not self.writes:
            return Fetched(records=0, proof=Proof.COUNT)
        into.write(DATA)
        return Fetched(proof=Proof.LENGTH)


@pytest.mark.parametrize("columns", [(), MAPPED], ids=["as it comes", "with other columns"])
def test_who_writes_without_asking_for_the_point_begins_anew(
    folder: Path, columns: tuple[tuple[str, str], ...]
) -> None:
    outcome = bring(folder, Careless(), columns=columns)
    assert (outcome.status, outcome.records) == (Status.DONE, 6), outcome.error
    content = (folder / "sales.csv").read_bytes()
    assert content == DATA if not columns else content.count(b"Name,Nr") == 1
    assert kept(folder) == []


def test_who_writes_nothing_at_all_is_not_given_what_was_there(folder: Path) -> None:
    outcome = bring(folder, Careless(writes=False))
    assert (outcome.status, outcome.records, outcome.bytes) == (Status.DONE, 0, 0)


def test_another_process_that_does_not_ask_begins_anew_too(folder: Path) -> None:
    bring(folder, until_row(3, AuthError("dead")), room=Room())

    class Blind(Scripted):
        def fetch(self, report: Report, into: Sink) -> Fetched:
            return self.steps[0](into)

    assert bring(folder, Blind(whole(DATA))).records == 6
    assert left(folder) == ["sales.csv"]


def test_the_tray_of_tests_does_the_same() -> None:
    careless, asking = Tray(b"id\n1\n", "1"), Tray(b"id\n1\n", "1")
    careless.write(b"id\n")
    assert (bytes(careless.data), careless.point) == (b"id\n", "")
    assert asking.point == "1"
    asking.write(b"2\n")
    assert bytes(asking.data) == b"id\n1\n2\n"
    asking.another("x").write(b"1")
    asking.restart()
    assert asking.others == {}
