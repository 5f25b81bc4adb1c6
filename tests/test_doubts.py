"""Checks files of which nobody can be sure: what is delivered as unverified, and what is not asked for without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfr.model import Proof, Status
from tests.scripted import DATA, Scripted, bring, left, whole

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
SPREADSHEET = (
    b'<?xml version="1.0"?><Workbook xmlns="x"><Worksheet ss:Name="a"><Table></Table></Worksheet></Workbook>\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "reports"
    place.mkdir()
    return place


def test_a_doubt_of_the_source_is_told_and_not_asked_about_again(folder: Path) -> None:
    source = Scripted(whole(DATA, doubt="as many rows as it gives at most", validator="v1"))
    outcome = bring(folder, source)
    assert (outcome.status, outcome.proof, len(source.points)) == (Status.UNVERIFIED, Proof.LENGTH, 1)
    assert (outcome.error, outcome.validator) == ("as many rows as it gives at most", "")
    assert (folder / "sales.csv").read_bytes() == DATA


def test_a_doubt_counts_for_what_shows_by_its_form_that_it_is_whole_too(folder: Path) -> None:
    outcome = bring(folder, whole(b"[]", doubt="the first page only", proof=Proof.NONE), format="json", name="a.json")
    assert (outcome.status, outcome.error) == (Status.UNVERIFIED, "the first page only")


@pytest.mark.parametrize(
    ("data", "proof", "status", "tries"),
    [
        (OLE, Proof.LENGTH, Status.DONE, 1),
        (OLE, Proof.NONE, Status.UNVERIFIED, 2),
        (SPREADSHEET, Proof.LENGTH, Status.DONE, 1),
        (SPREADSHEET, Proof.NONE, Status.DONE, 1),
    ],
)
def test_workbooks_of_all_kinds_may_be_called_xls(
    folder: Path, data: bytes, proof: Proof, status: Status, tries: int
) -> None:
    source = Scripted(whole(data, proof=proof))
    outcome = bring(folder, source, format="xls", name="a.xls")
    assert (outcome.status, len(source.points)) == (status, tries), outcome.error
    assert (folder / "a.xls").read_bytes() == data


@pytest.mark.parametrize(
    ("form", "data"),
    [
        *(("xls", SPREADSHEET[:-5]), ("xls", b"<table><tr>"), ("xlsx", b"PK\x03\x04 half"), ("json", b'{"a": ')),
        ("csv", b"a,b\n1,2\n3"),
    ],
)
def test_what_has_come_whole_and_is_cut_all_the_same_is_not_asked_for_without_end(
    folder: Path, form: str, data: bytes
) -> None:
    source = Scripted(whole(data))
    outcome = bring(folder, source, format=form, name=f"a.{form}")
    assert (outcome.status, outcome.reason, left(folder)) == (Status.FAILED, "cut", [])
    assert len(source.points) == 10


@pytest.mark.parametrize("proof", [Proof.LENGTH, Proof.NONE])
@pytest.mark.parametrize("data", [b"a,b\r1,2\r3,4\r", b"a\r1\r2", b'"a","b"\r"1","2"\r', b"\xef\xbb\xbfa,b\r1,2\r" * 9])
def test_lines_that_end_in_carriage_returns_alone_are_told_as_such(folder: Path, data: bytes, proof: Proof) -> None:
    source = Scripted(whole(data, proof=proof))
    outcome = bring(folder, source)
    assert (outcome.status, outcome.reason, len(source.points)) == (Status.FAILED, "line-ends", 2)
    assert "line feeds" in outcome.remedy


def test_carriage_returns_within_quotes_or_before_line_feeds_are_fine(folder: Path) -> None:
    for data in (b'"a\rb",c\r\n1,2\r\n', b"a,b\r\n1,2\r\n", b'a,b\n"1\r2",3\n', b"a,b\r"):
        assert bring(folder, whole(data)).status is Status.DONE
