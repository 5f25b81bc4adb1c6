from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.cleansing import cleanse
from sfr.csv_scan import CsvFacts
from sfr.model import Report, Shape
from tests.cleansing import LOG, facts_of, run, text_after

TABLE = "Id,Name,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n4,Ann,\n"


@pytest.mark.parametrize(
    ("step", "after"),
    [
        (("rename", {"Id": "id"}), "id,Name,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n4,Ann,\n"),
        (("rename", {"Id": "Name", "Name": "Id"}), "Name,Id,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n4,Ann,\n"),
        (("rename", {"Id": "Nummer (€)"}), '"Nummer (€)",Name,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n4,Ann,\n'),
        (("drop", ["Name"]), "Id,Amount\n1,10\n2,9\n3,100\n4,\n"),
        (("drop", "Name"), "Id,Amount\n1,10\n2,9\n3,100\n4,\n"),
        (("keep", ["Amount", "Id"]), "Amount,Id\n10,1\n9,2\n100,3\n,4\n"),
        (("keep", ["Name"]), 'Name\nAnn\nBob\n""\nAnn\n'),
        (("dedupe", ["Name"]), "Id,Name,Amount\n1,Ann,10\n2,Bob,9\n3,,100\n"),
        (("dedupe", []), TABLE),
        (("sort", ["Amount"]), "Id,Name,Amount\n4,Ann,\n1,Ann,10\n3,,100\n2,Bob,9\n"),
        (("sort", ["-Amount"]), "Id,Name,Amount\n2,Bob,9\n3,,100\n1,Ann,10\n4,Ann,\n"),
        (("sort", [{"column": "-Amount", "as": "integer"}]), "Id,Name,Amount\n3,,100\n1,Ann,10\n2,Bob,9\n4,Ann,\n"),
        (("sort", [{"column": "Amount", "as": "integer"}]), "Id,Name,Amount\n2,Bob,9\n1,Ann,10\n3,,100\n4,Ann,\n"),
        (("sort", ["Name", "-Id"]), "Id,Name,Amount\n3,,100\n4,Ann,\n1,Ann,10\n2,Bob,9\n"),
    ],
)
def test_a_step_does_what_it_is_called(tmp_path: Path, step: tuple[str, Any], after: str) -> None:
    assert text_after(tmp_path, TABLE, step) == after


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"column": "Name", "equals": "Ann"}, "14"),
        ({"column": "Name", "not_equals": "Ann"}, "23"),
        ({"column": "Name", "in": ["Bob", ""]}, "23"),
        ({"column": "Name", "not_in": ["Bob", ""]}, "14"),
        ({"column": "Name", "contains": "n"}, "14"),
        ({"column": "Name", "starts_with": "B"}, "2"),
        ({"column": "Name", "matches": "^.o"}, "2"),
        ({"column": "Name", "empty": True}, "3"),
        ({"column": "Name", "empty": "no"}, "124"),
        ({"column": "Amount", "above": "10"}, "23"),  # as texts, 9 comes behind 100
        ({"column": "Amount", "above": 10, "as": "integer"}, "3"),
        ({"column": "Amount", "at_least": 10, "as": "integer"}, "13"),
        ({"column": "Amount", "below": "10.5", "as": "decimal(5,1)"}, "12"),
        ({"column": "Amount", "at_least": 9, "at_most": 10, "as": "integer"}, "12"),
        ({"column": "Amount", "equals": "010", "as": "integer"}, "1"),
        ({"column": "Amount", "equals": 10}, "1"),
        ({"column": "Amount", "not_equals": 10, "as": "integer"}, "234"),
        ({"column": "Amount", "starts_with": "1", "as": "integer"}, "13"),
        ([{"column": "Name", "equals": "Ann"}, {"column": "Amount", "empty": True}], "4"),
    ],
)
def test_a_filter_keeps_the_records_that_meet_all_conditions(tmp_path: Path, condition: Any, kept: str) -> None:
    found = run(tmp_path, TABLE, ("filter", condition))
    assert "".join(line[0] for line in found.path.read_text().splitlines()[1:]) == kept
    assert found.facts == CsvFacts(("Id", "Name", "Amount"), len(kept), ",")
    assert found.warnings == (f"step 1 (filter): {4 - len(kept)} of 4 records left out",)


def test_steps_follow_each_other_and_each_says_what_it_left_out(tmp_path: Path) -> None:
    steps = (
        ("rename", {"Name": "who"}),
        ("filter", {"column": "who", "empty": False}),
        ("dedupe", ["who"]),
        ("sort", ["-who"]),
        ("keep", ["who"]),
    )
    found = run(tmp_path, TABLE, *steps)
    assert found.path.read_text() == "who\nBob\nAnn\n"
    assert found.warnings == (
        "step 2 (filter): 1 of 4 records left out",
        "step 3 (dedupe): 1 of 3 records left out",
    )
    assert found.bytes == found.path.stat().st_size
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()


def test_a_type_that_the_list_declares_is_what_values_are_compared_as(tmp_path: Path) -> None:
    types = (("Amount", "integer"),)
    assert text_after(tmp_path, TABLE, ("sort", ["-Amount"]), types=types).splitlines()[1] == "3,,100"
    steps = ("filter", {"column": "Amount", "above": 10})
    assert text_after(tmp_path, TABLE, steps, types=types) == "Id,Name,Amount\n3,,100\n"


NULLS = 'id,name\n1,\n2,""\n3,x\n4,\n'


@pytest.mark.parametrize(
    ("step", "null", "kept"),
    [
        (("dedupe", ["name"]), "", "123"),
        (("dedupe", ["name"]), None, "13"),
        (("sort", ["name"]), "", "2314"),
        (("sort", ["-name"]), "", "3214"),  # no value comes last either way
        (("sort", ["name"]), None, "1243"),
        (("filter", {"column": "name", "equals": ""}), "", "2"),
        (("filter", {"column": "name", "not_equals": "x"}), "", "124"),
        (("filter", {"column": "name", "contains": ""}), "", "23"),
        (("filter", {"column": "name", "empty": True}), "", "124"),
    ],
)
def test_no_value_is_not_the_empty_text(tmp_path: Path, step: tuple[str, Any], null: str | None, kept: str) -> None:
    lines = text_after(tmp_path, NULLS, step, null=null).splitlines()[1:]
    assert "".join(line[0] for line in lines) == kept
    assert set(lines) <= set(NULLS.splitlines())


def test_a_mark_for_no_value_is_one_only_without_quotes(tmp_path: Path) -> None:
    content = 'id;name\n1;\\N\n2;"\\N"\n3;\n'
    step = ("filter", {"column": "name", "empty": False})
    assert text_after(tmp_path, content, step, null="\\N") == 'id;name\n2;"\\N"\n'


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_quotes_delimiter_line_ends_and_mark_stay(tmp_path: Path, mark: bytes, line_end: str, delimiter: str) -> None:
    rows = ["Id|name|x", '1|"a\nb""c"|', '2|"|"|""', "3|x|\u20ac"]
    content = mark + "".join(row + line_end for row in rows).replace("|", delimiter).encode()
    assert run(tmp_path, content, ("sort", ["Id"])).path.read_bytes() == content


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1"])
def test_what_comes_out_is_utf_8(tmp_path: Path, encoding: str) -> None:
    content = "Größe,id\nübermäßig,1\nklein,2\n"
    step = ("filter", {"column": "Größe", "contains": "ß"})
    found = run(tmp_path, content.encode(encoding), step)
    assert found.path.read_text("utf-8") == "Größe,id\nübermäßig,1\n"
    assert found.facts.columns == ("Größe", "id")


def test_blank_lines_behind_the_last_record_are_none(tmp_path: Path) -> None:
    assert text_after(tmp_path, "a,b\n1,2\n\n\n", ("drop", ["b"])) == "a\n1\n"
    assert text_after(tmp_path, "a\n1\n\n2\n\n\n", ("sort", ["a"])) == 'a\n""\n1\n2\n'


def test_a_report_without_a_header_stays_what_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.touch()
    report = Report("a.csv", "x", shape=Shape(steps=(("drop", ["gone"]),)))
    facts = CsvFacts((), 0, ",")
    found = cleanse(source, tmp_path / "target.csv", report, facts, None, lambda _: None, LOG)
    assert (found.path.read_bytes(), found.facts, found.warnings) == (b"", facts, ())


def test_a_header_alone_gets_its_columns(tmp_path: Path) -> None:
    assert text_after(tmp_path, "a,b\n", ("keep", ["b", "a"]), ("sort", ["a"]), ("dedupe", [])) == "b,a\n"


def test_the_bytes_that_were_read_are_told(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("a,b\n" + "1,2\n" * 200_000)
    told: list[int] = []
    report = Report("a.csv", "x", shape=Shape(steps=(("drop", ["a"]),)))
    cleanse(source, tmp_path / "target.csv", report, facts_of(source), None, told.append, LOG)
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == source.stat().st_size


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_stands_in_the_cells_comes_through(
    tmp_path: Path, rows: list[tuple[str, str, str]], quoting: Any
) -> None:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n", quoting=quoting).writerows([("x", "y", "z"), *rows])
    steps = (("rename", {"x": "a"}), ("keep", ["z", "a", "y"]), ("sort", ["-a", "z"]), ("dedupe", []))
    found = run(tmp_path, made.getvalue(), *steps)
    wanted = sorted(rows, key=lambda row: row[2].encode())
    wanted.sort(key=lambda row: row[0].encode(), reverse=True)
    read = list(csv.reader(io.StringIO(found.path.read_bytes().decode(), newline="")))
    assert read == [["z", "a", "y"], *(list(row) for row in dict.fromkeys((z, x, y) for x, y, z in wanted))]


def test_no_value_stays_no_value_where_one_column_is_left(tmp_path: Path) -> None:
    found = run(tmp_path, 'a,b\nx,1\n,2\n"",3\n,4\n,5\n', ("keep", ["a"]), null="")
    assert found.path.read_bytes() == b'a\nx\n\n""\n\n\n'
    assert (found.facts.records, found.facts.blank_lines) == (5, 0)


@pytest.mark.parametrize("records", ["", "1,2,3\n"])
def test_the_name_of_a_lone_column_is_never_taken_for_several(tmp_path: Path, records: str) -> None:
    found = run(tmp_path, f"a;b,c,d\n{records}", ("keep", ["a;b"]))
    assert found.path.read_text() == '"a;b"\n' + records[:1] + records[-1:]
    assert (found.facts.columns, found.facts.records) == (("a;b",), len(records[:1]))
