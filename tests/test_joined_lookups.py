"""Rows joined with those of another database are the ones that SQL would give, and what finds nothing is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.errors import InvalidReport, ReportError, SfrError
from tests.joining import Kept, Sources

PEOPLE = "CREATE TABLE people (id, name)"
MARKS = "CREATE TABLE marks (person INTEGER, subject, mark)"
ALL = "SELECT id, name FROM people ORDER BY id"
BY_KEYS = "SELECT person, subject, mark FROM marks WHERE person IN :keys ORDER BY subject"


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    found = Sources(tmp_path)
    found.add("people", PEOPLE, {"people": [(1, "Ada"), (2, 'Grace, "G"'), (3, ""), (4, None)]})
    found.add("school", MARKS, {"marks": [(1, "art", "2"), (1, "sport", "1.50"), (2, "art", None), (9, "art", "3")]})
    return found


def lookup(**changes: Any) -> dict[str, Any]:
    return {"source": "school", "query": BY_KEYS, "on": {"id": "person"}, **changes}


def test_a_left_join_keeps_rows_without_a_match_and_says_how_many(sources: Sources) -> None:
    found = sources.fetch(query=ALL, lookups=[lookup()])
    assert found.text == (
        "id,name,subject,mark\n"
        "1,Ada,art,2\n"
        "1,Ada,sport,1.50\n"
        '2,"Grace, ""G""",art,\n'
        '3,"",,\n'  # an empty name, and no marks
        "4,,,\n"
    )
    assert found.fetched.records == 5
    assert found.fetched.warnings == ("lookup 1 (school): nothing there for 2 of 4 rows",)


def test_an_inner_join_leaves_them_out_and_says_how_many(sources: Sources) -> None:
    found = sources.fetch(query=ALL, lookups=[lookup(join="inner")])
    assert [row[0] for row in found.rows] == ["1", "1", "2"]
    assert found.fetched.warnings == ("lookup 1 (school): nothing there for 2 of 4 rows, which were left out",)


def test_equal_keys_on_both_sides_multiply_as_in_sql(sources: Sources) -> None:
    sources.change("people", "INSERT INTO people VALUES (1, 'Ada again')")
    found = sources.fetch(query=ALL, lookups=[lookup(join="inner")])
    assert sorted(row[1:3] for row in found.rows if row[0] == "1") == [
        ("Ada", "art"), ("Ada", "sport"), ("Ada again", "art"), ("Ada again", "sport"),
    ]  # fmt: skip


def test_a_key_that_is_null_is_equal_to_nothing(sources: Sources) -> None:
    sources.change("people", "INSERT INTO people VALUES (NULL, 'nobody')")
    sources.change("school", "INSERT INTO marks VALUES (NULL, 'art', '6')")
    for query in (BY_KEYS, "SELECT person, subject, mark FROM marks"):
        found = sources.fetch(query=ALL, lookups=[lookup(query=query)])
        assert [row for row in found.rows if row[1] == "nobody"] == [("", "nobody", "", "")]


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5])
def test_the_size_of_a_batch_changes_nothing(sources: Sources, batch: int) -> None:
    assert sources.fetch(query=ALL, lookups=[lookup(batch=batch)]) == sources.fetch(query=ALL, lookups=[lookup()])


def test_a_lookup_without_keys_is_read_once_for_all_rows(sources: Sources) -> None:
    whole = sources.fetch(query=ALL, lookups=[lookup(query="SELECT person, subject, mark FROM marks ORDER BY subject")])
    assert whole == sources.fetch(query=ALL, lookups=[lookup()])


@pytest.mark.parametrize(
    ("key", "other", "match", "is_equal"),
    [
        ("1", "1", "text", True),
        ("1", "1   ", "text", True),  # as a column of type char pads it
        ("1", " 1", "text", False),
        ("1", "1.00", "text", False),
        ("1", "1.00", "number", True),
        ("-0", "0.0", "number", True),
        ("01", "1", "text", False),
        ("01", "+1", "number", True),
        ("1.5", "1.50", "number", True),
        ("1.5", "15", "number", False),
        ("Straße", "STRASSE", "caseless", True),
        ("Ada", "ada", "text", False),
    ],
)
def test_keys_are_equal_as_match_says(sources: Sources, key: str, other: str, match: str, is_equal: bool) -> None:
    sources.change("people", f"INSERT INTO people VALUES ('{key}', 'wanted')")
    sources.add("others", "CREATE TABLE others (person, what)", {"others": [(other, "found")]})
    given = {"source": "others", "query": "SELECT person, what FROM others", "on": {"id": "person"}, "join": "inner"}
    found = sources.fetch(query=ALL, lookups=[{**given, "match": match}])
    assert (("wanted", "found") in [row[1:] for row in found.rows]) is is_equal


def test_keys_that_the_database_finds_equal_and_we_do_not_are_told(sources: Sources) -> None:
    sources.change("people", "INSERT INTO people VALUES ('ada', 'small')")
    sources.change("school", "INSERT INTO marks VALUES ('ADA', 'art', '1')")
    query = "SELECT person, mark FROM marks WHERE lower(person) IN :keys"
    found = sources.fetch(query=ALL, lookups=[lookup(query=query)])
    assert any("'ADA': is `match: number` or `match: caseless` meant?" in text for text in found.fetched.warnings)


def test_several_keys_are_bound_column_by_column_and_equal_only_together(sources: Sources) -> None:
    sources.add("rooms", "CREATE TABLE rooms (who INTEGER, name, room)", {"rooms": [(1, "Ada", "a"), (1, "Bob", "b")]})
    sources.change("people", "INSERT INTO people VALUES (2, 'Ada')")
    query = "SELECT who, name, room FROM rooms WHERE who IN :keys_who AND name IN :keys_name"
    on = {"id": "who", "name": "name"}
    found = sources.fetch(query=ALL, lookups=[{"source": "rooms", "query": query, "on": on, "join": "inner"}])
    assert found.text == "id,name,room\n1,Ada,a\n"


def test_a_lookup_is_grouped_here_and_exactly(sources: Sources) -> None:
    for mark in ("0.1", "0.2", "99999999999999999999.01"):
        sources.change("school", f"INSERT INTO marks VALUES (1, 'music', '{mark}')")
    group = {
        "by": ["subject"],
        "count": "marks",
        "sum": {"total": "mark"},
        "min": {"best": "mark"},
        "max": {"worst": "mark"},
    }
    found = sources.fetch(query=ALL, lookups=[lookup(group=group)])
    assert found.header == "id,name,subject,marks,total,best,worst"
    assert sorted(found.rows) == [
        ("1", "Ada", "art", "1", "2", "2", "2"),
        ("1", "Ada", "music", "3", "99999999999999999999.31", "0.1", "99999999999999999999.01"),
        ("1", "Ada", "sport", "1", "1.50", "1.50", "1.50"),
        ("2", 'Grace, "G"', "art", "1", "", "", ""),
        ("3", "", "", "0", "", "", ""),
        ("4", "", "", "0", "", "", ""),
    ]


@pytest.mark.parametrize("keys", [("1", "1 "), ("1", 1)])
def test_equal_keys_are_one_group_however_they_are_written(sources: Sources, keys: tuple[Any, Any]) -> None:
    sources.add("log", "CREATE TABLE log (person, what)", {"log": [(key, "x") for key in keys]})
    for query in ("SELECT person FROM log", "SELECT person, what FROM log"):
        for group in ({"count": "times"}, {"by": ["what"], "count": "times"}):
            if "by" in group and "what" not in query:
                continue
            given = {"source": "log", "query": query, "on": {"id": "person"}, "group": group, "join": "inner"}
            assert [row[-1] for row in sources.fetch(query=ALL, lookups=[given]).rows] == ["2"]


def test_a_sum_of_what_is_no_number_is_refused_by_name(sources: Sources) -> None:
    with pytest.raises(InvalidReport, match=r"group\.sum\.total: 'art' is no number"):
        sources.fetch(query=ALL, lookups=[lookup(group={"sum": {"total": "subject"}})])


def test_lookups_follow_one_another(sources: Sources) -> None:
    sources.add("plan", "CREATE TABLE plan (subject, room)", {"plan": [("art", "A1"), ("sport", "hall")]})
    second = {"source": "plan", "query": "SELECT subject AS s, room FROM plan", "on": {"subject": "s"}, "join": "inner"}
    found = sources.fetch(query=ALL, lookups=[lookup(join="inner"), second], output=["room", "id"])
    assert found.text == "room,id\nA1,1\nhall,1\nA1,2\n"


def test_a_report_without_any_rows_is_its_header(sources: Sources) -> None:
    sources.change("people", "DELETE FROM people")
    found = sources.fetch(query=ALL, lookups=[lookup(group={"count": "marks"})], output=["name", "marks"])
    assert (found.text, found.fetched.records, found.fetched.warnings) == ("name,marks\n", 0, ())


@pytest.mark.parametrize(
    ("query", "changes", "words"),
    [
        (ALL, {"on": {"ident": "person"}}, "lookup 1 (school): on: there is no column ident"),
        (ALL, {"on": {"id": "persn"}}, "lookup 1 (school): on: there is no column persn"),
        (ALL, {"group": {"by": ["nope"]}}, "lookup 1 (school): group: there is no column nope"),
        (ALL, {"group": {"sum": {"x": "nope"}}}, "lookup 1 (school): group: there is no column nope"),
        ("SELECT id, name, name AS id FROM people", {}, "query: two columns are called id"),
        ("SELECT id, name AS subject FROM people", {}, "lookup 1 (school): it adds a column subject"),
        (ALL, {"group": {"count": "name"}}, "lookup 1 (school): it adds a column name"),
        (ALL, {"query": "SELECT person FROM mark"}, "lookup 1 (school): no such table: mark"),
        ("SELECT id FROM peeple", {}, "query: no such table: peeple"),
    ],
)
def test_what_is_wrong_with_columns_is_one_message_before_anything_is_written(
    sources: Sources, query: str, changes: dict[str, Any], words: str
) -> None:
    sink = Kept()
    with pytest.raises(SfrError) as raised:
        sources.fetch(query=query, lookups=[lookup(**changes)], into=sink)
    assert words in raised.value.message
    assert raised.value.remedy
    assert not sink.data


def test_an_unknown_column_of_the_output_is_told_with_those_there_are(sources: Sources) -> None:
    with pytest.raises(ReportError, match="output: there is no column marc") as raised:
        sources.fetch(query=ALL, lookups=[lookup()], output=["id", "marc"])
    assert "mark?" in raised.value.remedy
    assert "id, name, subject, mark" in raised.value.remedy


def test_no_more_rows_are_kept_than_allowed(sources: Sources) -> None:
    query = "SELECT person, subject FROM marks"
    with pytest.raises(ReportError, match=r"lookup 1 \(school\): gives more than 3 rows at a time"):
        sources.fetch(query=ALL, lookups=[lookup(query=query)], keep_rows=3)
    assert sources.fetch(query=ALL, lookups=[lookup(query=query)], keep_rows=4).rows
