"""Checks what is delivered of a report: several files at once, files that are unchanged, forms, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfr.connector import Sink
from sfr.model import Fetched, Outcome, Proof, Result, Status
from sfr.staging import sweep
from sfr.summary import write_manifest
from tests.runs import result
from tests.scripted import DATA, HEADER, Scripted, Step, bring, left, rows, whole
from tests.surroundings import sha256

OLD = b"what was there before\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def several(*labels: str, proof: Proof = Proof.LENGTH, validator: str = "") -> Step:
    """The report, and beside it one file for each label, which holds its place in the row."""

    def step(into: Sink) -> Fetched:
        into.write(DATA)
        for number, label in enumerate(labels, 1):
            into.another(label).write(HEADER + rows(number, number))
        return Fetched(proof=proof, validator=validator)

    return step


def test_further_files_lie_beside_the_report_and_are_told(folder: Path) -> None:
    outcome = bring(folder, several("query 2", "totals/ä"))
    assert left(folder) == ["sales..query-2.csv", "sales..totals-ä.csv", "sales.csv"]
    assert outcome.location == str(folder / "sales.csv")
    second, third = HEADER + rows(1, 1), HEADER + rows(2, 2)
    assert outcome.others == (
        (str(folder / "sales..query-2.csv"), sha256(second)),
        (str(folder / "sales..totals-ä.csv"), sha256(third)),
    )
    assert outcome.warnings[0] == "came as 3 files: also sales..query-2.csv, sales..totals-ä.csv"
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_the_manifest_has_a_line_for_each_file(folder: Path) -> None:
    outcome = bring(folder, several("two"))
    ended: Result = replace(result(), outcome=outcome)
    write_manifest([ended], folder / "SHA256SUMS")
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert lines == [f"{outcome.sha256}  sales.csv", f"{outcome.others[0][1]}  sales..two.csv"]


@pytest.mark.parametrize(
    "labels",
    [("a/b", "a b", "a-b"), ("A", "a"), ("", "...", "/"), ("x" * 300, "x" * 301), ("ä" * 200, "ä" * 201)],
    ids=["the same when cleaned", "letter case", "nothing left", "long", "long in bytes"],
)
def test_no_label_takes_the_file_of_another(folder: Path, labels: tuple[str, ...]) -> None:
    outcome = bring(folder, several(*labels), name=f"{'n' * 200}.csv")
    assert outcome.status is Status.DONE, outcome.error
    assert [Path(place).read_bytes() for place, _ in outcome.others] == [
        HEADER + rows(number, number) for number in range(1, len(labels) + 1)
    ]
    assert len({name.casefold() for name in left(folder)}) == len(labels) + 1


def test_the_same_label_is_the_same_file(folder: Path) -> None:
    def step(into: Sink) -> Fetched:
        into.write(DATA)
        into.another("a").write(HEADER)
        into.another("a").write(rows(1, 1))
        return Fetched(proof=Proof.LENGTH)

    outcome = bring(folder, step)
    assert [Path(place).read_bytes() for place, _ in outcome.others] == [HEADER + rows(1, 1)]


def test_a_further_file_that_is_cut_keeps_all_of_them_away(folder: Path) -> None:
    def step(into: Sink) -> Fetched:
        into.write(DATA)
        into.another("two").write(b'id,name\n1,"half')
        return Fetched(proof=Proof.LENGTH)

    (folder / "sales.csv").write_bytes(OLD)
    source = Scripted(step, several("two"))
    assert bring(folder, source).status is Status.DONE
    assert len(source.points) == 2
    assert left(folder) == ["sales..two.csv", "sales.csv"]


@pytest.mark.parametrize("old", [True, False], ids=["replaced", "new"])
def test_where_one_of_several_cannot_be_delivered_all_are_as_before(folder: Path, old: bool) -> None:
    (folder / "sales..two.csv").mkdir()  # in the place of the last file
    if old:
        for name in ("sales.csv", "sales..one.csv"):
            (folder / name).write_bytes(OLD)
    outcome = bring(folder, several("one", "two"))
    assert (outcome.status, outcome.reason) == (Status.FAILED, "not-writable")
    assert left(folder) == (["sales..one.csv", "sales..two.csv", "sales.csv"] if old else ["sales..two.csv"])
    assert not old or {(folder / name).read_bytes() for name in ("sales.csv", "sales..one.csv")} == {OLD}


def test_several_files_without_proof_are_compared_all_of_them(folder: Path) -> None:
    first, second = several("two", proof=Proof.NONE), several("two", "three", proof=Proof.NONE)
    source = Scripted(first, second, second)
    outcome = bring(folder, source)
    assert (outcome.status, len(source.points), len(outcome.others)) == (Status.UNVERIFIED, 3, 2)
    assert left(folder) == ["sales..three.csv", "sales..two.csv", "sales.csv"]


@pytest.mark.parametrize(
    ("form", "data", "asked", "status"),
    [
        ("file", b"\x00anything", 2, Status.UNVERIFIED),
        ("json", b'{"a": 1}', 1, Status.DONE),
        ("xls", b"<table></table>", 1, Status.DONE),
    ],
)
def test_what_has_no_form_of_its_own_is_asked_for_twice(
    folder: Path, form: str, data: bytes, asked: int, status: Status
) -> None:
    source = Scripted(whole(data, proof=Proof.NONE))
    outcome = bring(folder, source, format=form, name=f"a.{form}")
    assert (len(source.points), outcome.status) == (asked, status)
    assert (outcome.proof is Proof.NONE) == (status is Status.UNVERIFIED)


def unchanged(into: Sink) -> Fetched:
    """As a server that answers 304 if we say what we have, and sends everything otherwise."""
    if into.validator == "v1":
        return Fetched(unchanged=True, validator="v1", proof=Proof.LENGTH)
    return whole(DATA, validator="v1")(into)


def test_an_unchanged_file_is_done_with_the_facts_of_last_time(folder: Path) -> None:
    first = bring(folder, unchanged)
    inode = (folder / "sales.csv").stat().st_ino
    again = bring(folder, unchanged, after=first)
    same = ("status", "location", "bytes", "records", "columns", "sha256", "validator")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]
    assert "unchanged since the last run" in again.warnings[0]
    assert (folder / "sales.csv").stat().st_ino == inode
    assert left(folder) == ["sales.csv"]


def edited(folder: Path, what: str) -> dict[str, Any]:
    """Do something to the file, or to what is wanted of it."""
    file = folder / "sales.csv"
    if what == "deleted":
        file.unlink()
    elif what == "edited":
        file.write_bytes(DATA.replace(b"name 1", b"name X"))
    elif what == "moved":
        file.replace(folder / "moved.csv")
    changes: dict[str, dict[str, Any]] = {
        "another name": {"name": "today.csv"},
        "another folder": {"folder": str(folder / "deep")},
        "for Excel": {"excel": True},
        "other columns": {"columns": (("id", "Nr"),)},
        "appended": {"update": "append"},
    }
    return changes.get(what, {})


@pytest.mark.parametrize(
    "what",
    ["deleted", "edited", "moved", "another name", "another folder", "for Excel", "other columns", "appended"],
)
def test_a_file_that_is_not_there_as_it_is_wanted_is_downloaded_anew(folder: Path, what: str) -> None:
    first = bring(folder, unchanged)
    source = Scripted(unchanged)
    again = bring(folder, source, after=first, **edited(folder, what))
    assert (again.status, source.validators) == (Status.DONE, [""])


@pytest.mark.parametrize("brought", [several("two", validator="v1"), whole(DATA, proof=Proof.NONE, validator="v1")])
def test_what_was_several_files_or_never_proven_is_not_called_unchanged_later(folder: Path, brought: Step) -> None:
    assert bring(folder, brought).validator == ""


def test_what_the_list_expects_now_holds_for_an_unchanged_file_too(folder: Path) -> None:
    first = bring(folder, unchanged)
    again = bring(folder, unchanged, after=first, min_records=1000)
    assert (again.status, again.reason) == (Status.FAILED, "too-few")


def test_a_source_that_calls_a_missing_file_unchanged_is_not_believed(folder: Path) -> None:
    outcome = bring(folder, lambda _into: Fetched(unchanged=True, validator="v1"))
    assert (outcome.status, outcome.reason, left(folder)) == (Status.FAILED, "unchanged", [])


class Far:
    """A destination that is no folder: it copies what it is given."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}

    def put(self, staged: Path, name: str) -> str:
        self.there[name] = staged.read_bytes()
        return f"far://{name}"


class FarTogether(Far):
    """One that takes several at once."""

    def put_all(self, files: Sequence[tuple[Path, str]]) -> list[str]:
        return [self.put(staged, name) for staged, name in files]


def test_a_destination_far_away_leaves_nothing_behind_here(folder: Path) -> None:
    far = FarTogether()
    outcome = bring(folder, several("two"), destination=far, excel=True)
    assert (outcome.status, sorted(far.there)) == (Status.DONE, ["sales..two.csv", "sales.csv"])
    staging = folder.parent / "reports-private" / "staging"
    assert [path for path in staging.iterdir() if path.is_file()] == []
    assert sweep(staging, ours=True) == 0


def test_expectations_that_cannot_be_checked_are_told(folder: Path) -> None:
    source = Scripted(whole(b'{"a": 1}'))
    for expected in ({"min_records": 10}, {"may_be_empty": False}, {"expected_columns": ("a",)}):
        assert "not checked" in bring(folder, source, format="json", name="a.json", **expected).warnings[0]
    assert bring(folder, source, format="json", name="a.json").warnings == ()
