"""Checks that further files of a report take nobody's place, and come all of them or none, wherever they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.catalog.file_names import check_name
from sfr.catalog.problems import BadCell
from sfr.connector import Sink
from sfr.model import Fetched, Proof, Status
from tests.scripted import DATA, HEADER, Step, bring, left, rows, whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def with_file(label: str, number: int = 1) -> Step:
    def step(into: Sink) -> Fetched:
        into.write(DATA)
        into.another(label).write(HEADER + rows(number, number))
        return Fetched(proof=Proof.LENGTH)

    return step


def test_a_further_file_does_not_take_the_place_of_another_report(folder: Path) -> None:
    bring(folder, whole(HEADER + rows(9, 9)), name="sales-2.csv")
    bring(folder, with_file("2"), name="sales.csv")
    assert (folder / "sales-2.csv").read_bytes() == HEADER + rows(9, 9)
    with pytest.raises(BadCell):  # no list can name a report as a further file is named
        check_name("sales..2.csv")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("sales.csv", "2-x"), ("sales-2.csv", "x")),
        (("a.b", "x"), ("a", "x.b")),
        ((f"{'n' * 230}1.csv", "x" * 20), (f"{'n' * 230}2.csv", "x" * 20)),
        (("sales.csv", "..2"), ("sales", ".2.csv")),
    ],
)
def test_further_files_of_two_reports_never_have_the_same_name(
    folder: Path, one: tuple[str, str], other: tuple[str, str]
) -> None:
    for number, (name, label) in enumerate((one, other), 1):
        outcome = bring(folder, with_file(label, number), name=name, format="csv")
        assert outcome.status is Status.DONE
    assert len(left(folder)) == 4
    assert all(len(name.encode()) <= 255 for name in left(folder))


class OneByOne:
    """A destination that takes one file at a time, and refuses some."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}

    def put(self, staged: Path, name: str) -> str:
        self.there[name] = staged.read_bytes()
        return name


def test_a_destination_that_takes_one_file_at_a_time_is_given_none_of_several(folder: Path) -> None:
    shelf: Any = OneByOne()
    outcome = bring(folder, with_file("2"), destination=shelf)
    assert (outcome.status, outcome.reason, shelf.there) == (Status.FAILED, "several-files", {})
    assert "2 files" in outcome.error
    assert bring(folder, whole(DATA), destination=shelf).status is Status.DONE
