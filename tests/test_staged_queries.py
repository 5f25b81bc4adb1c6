"""A query over staged tables: every value exact, the memory bounded, nothing left behind, nothing else to be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.errors import ReportError, SfrError
from tests.joining import NOVEMBER, Kept, Sources

VALUES = "CREATE TABLE t (id INTEGER, v)"
STAGE = {"t": {"source": "other", "query": "SELECT id, v FROM t"}}
COPY = "SELECT id, v FROM t ORDER BY CAST(id AS int)"


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    found = Sources(tmp_path)
    found.add("people", "CREATE TABLE people (id INTEGER, name)", {"people": [(1, "Ada"), (2, "Bo")]})
    found.add("other", VALUES)
    return found


def left_behind() -> list[str]:
    return sorted(path.name for path in Path(tempfile.gettempdir()).iterdir())


def test_tables_of_several_sources_are_joined_in_one_query(sources: Sources) -> None:
    sources.change("other", "INSERT INTO t VALUES (1, 'x'), (1, 'y'), (3, 'z')")
    stage = {**STAGE, "p": {"query": "SELECT id, name FROM people WHERE id < :most", "params": {"most": 9}}}
    query = "SELECT p.name, count(t.id) AS things FROM p LEFT JOIN t USING (id) GROUP BY ALL ORDER BY ALL"
    found = sources.fetch(query=query, stage=stage)
    assert (found.text, found.fetched.records) == ("name,things\nAda,2\nBo,0\n", 2)
    assert left_behind() == []


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.none(), max_size=8))
def test_texts_and_nulls_come_through_a_stage_as_they_are(sources: Sources, texts: list[str | None]) -> None:
    (sources.folder / "other.db").unlink()
    sources.add("other", VALUES, {"t": list(enumerate(texts))})
    staged = sources.fetch(query=COPY, stage=STAGE)
    assert [row[1] for row in staged.rows] == ["" if text is None else text for text in texts]
    sources.configs["people"] = sources.configs["other"]
    # DuckDB also quotes what begins like a comment, and with less need.
    if not any(text and ("#" in text or "'" in text) for text in texts):
        assert staged.text == sources.fetch(query="SELECT id, v FROM t ORDER BY id").text


def test_values_with_types_are_calculated_with_exactly(sources: Sources) -> None:
    sources.change("other", "INSERT INTO t VALUES (1, '0.10'), (2, '0.20'), (3, '12345678901234567890.05'), (4, NULL)")
    stage = {"t": {**STAGE["t"], "types": {"v": "decimal(38,2)", "id": "bigint"}}}
    found = sources.fetch(query="SELECT sum(v) AS total, max(id) AS last FROM t", stage=stage)
    assert found.text == "total,last\n12345678901234567890.35,4\n"


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("1.005", "decimal(12,2)", "v: 1.005 would be rounded to decimal(12,2)"),
        ("1e-3", "decimal(12,2)", "would be rounded"),
        ("1.5", "bigint", "v: 1.5 would be rounded to bigint"),
        ("abc", "bigint", "stage.t: "),
        ("12345", "decimal(4,2)", "stage.t: "),
        ("99999999999", "integer", "stage.t: "),
        ("1", "nonsense", "stage.t: "),
        ("1", "int); drop table t; --", "is no type"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused_and_never_rounded(
    sources: Sources, value: str, kind: str, words: str
) -> None:
    sources.change("other", f"INSERT INTO t VALUES (1, '{value}')")
    with pytest.raises(ReportError) as raised:
        sources.fetch(query=COPY, stage={"t": {**STAGE["t"], "types": {"v": kind}}})
    assert words in raised.value.message
    assert left_behind() == []


@pytest.mark.parametrize(("value", "kind"), [("1.500", "decimal(12,2)"), ("7.00", "bigint"), ("-3", "integer")])
def test_a_value_that_loses_nothing_fits(sources: Sources, value: str, kind: str) -> None:
    sources.change("other", f"INSERT INTO t VALUES (1, '{value}')")
    assert sources.fetch(query=COPY, stage={"t": {**STAGE["t"], "types": {"v": kind}}}).fetched.records == 1


@pytest.mark.parametrize(
    ("query", "stage", "words"),
    [
        ("SELECT nope FROM t", {}, 'query: Binder Error: Referenced column "nope" not found'),
        ("SELECT id, v AS id FROM t", {}, "the report: its query gives two columns called id"),
        ("DROP TABLE t", {}, "query: "),
        (COPY, {"types": {"nope": "int"}}, "stage.t.types: there is no column nope"),
        (COPY, {"query": "SELECT id, v FROM tt"}, "stage.t: no such table: tt"),
        ("SELECT * FROM read_csv('/etc/passwd')", {}, "query: Permission Error"),
        ("SELECT * FROM '/etc/passwd'", {}, "query: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(sources: Sources, query: str, stage: dict[str, Any], words: str) -> None:
    sink = Kept()
    with pytest.raises(SfrError) as raised:
        sources.fetch(query=query, stage={"t": {**STAGE["t"], **stage}}, into=sink)
    assert words in raised.value.message
    assert raised.value.remedy
    assert (bytes(sink.data), left_behind()) == (b"", [])


def test_each_day_has_a_stage_of_its_own_rows(sources: Sources) -> None:
    sources.change("other", "INSERT INTO t VALUES (1, '2026-11-01'), (2, '2026-11-01'), (1, '2026-11-03')")
    stage = {
        "p": {"query": "SELECT id, name FROM people"},
        "t": {**STAGE["t"], "query": "SELECT id FROM t WHERE v = :day"},
    }
    query = "SELECT CAST(:day AS text) AS day, name FROM p JOIN t USING (id) ORDER BY name"
    sink = Kept()
    found = sources.fetch(NOVEMBER, sink, query=query, stage=stage, for_each="day")
    assert found.text == "day,name\n2026-11-01,Ada\n2026-11-01,Bo\n2026-11-03,Ada\n"
    assert found.fetched.records == 3
    assert len(sink.points) == 3
    again = Kept(sink.points[1], data=sink.data[: sink.data.index(b"2026-11-03")])
    assert sources.fetch(NOVEMBER, again, query=query, stage=stage, for_each="day") == found


@pytest.mark.slow
def test_what_takes_more_than_its_memory_goes_to_the_disk(sources: Sources) -> None:
    sources.add("many", "CREATE TABLE m (a, b)", {"m": [(number, f"{number:0100d}") for number in range(30_000)]})
    query = "SELECT x.a, y.b FROM m x JOIN (SELECT * FROM m, range(30)) y ON x.a = y.a ORDER BY y.b DESC, x.a"
    stage = {"m": {"source": "many", "query": "SELECT a, b FROM m"}}
    assert sources.fetch(query=query, stage=stage, memory="96 MB").fetched.records == 900_000
    assert left_behind() == []


KILLED = """
import signal, os, sys, tempfile
from sfr.sources.sql.stage_folder import stage_folder
tempfile.tempdir = sys.argv[1]
with stage_folder() as folder:
    (folder / "spilled").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no kill there")
def test_what_a_killed_process_left_goes_with_the_next_stage(sources: Sources) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, tempfile.gettempdir()], check=False, cwd=Path(__file__).parents[1]
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(left_behind()) == 1
    sources.fetch(query=COPY, stage=STAGE)
    assert left_behind() == []
