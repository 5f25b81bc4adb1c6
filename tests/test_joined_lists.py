"""What a list says about several databases is understood when it is read, and what cannot work is told then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sfr.connector import Reference, ReferenceProblem, Wanted
from sfr.model import Window
from sfr.sources.sql.options import SqlOptions
from sfr.sources.sql.source import Sql
from tests.joining import NOVEMBER
from tests.lists import refused, settings_with

LOOKUP = {"source": "lessons", "query": "SELECT a FROM t WHERE a IN :keys", "on": {"id": "a"}}
DAILY = {"source": "lessons", "query": "SELECT a FROM t WHERE d = :day", "on": {"id": "a"}}
STAGE = {"l": {"query": "SELECT a FROM t WHERE d = :day"}}
USERS = "SELECT id FROM users"


def read(window: Window | None = None, params: tuple[tuple[str, str], ...] = (), **options: Any) -> Reference:
    return Sql.read_reference(Wanted("", params, options=options, window=window))


def test_the_further_sources_are_named_once_each() -> None:
    own = {"query": "SELECT 1 AS x", "on": {"id": "x"}}
    assert read(query=USERS, lookups=[LOOKUP, own, LOOKUP]).sources == ("lessons",)
    stage = {"a": {"query": "SELECT 1 AS x"}, "b": {"source": "school", "query": "SELECT 1 AS x"}}
    assert read(query="SELECT x FROM a", stage=stage).sources == ("school",)


def test_queries_in_files_are_read_with_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users.sql").write_text(USERS, encoding="utf-8")
    Path("lessons.sql").write_text(str(LOOKUP["query"]), encoding="utf-8")
    found = read(query="users.sql", lookups=[{**LOOKUP, "query": "lessons.sql"}])
    assert (found.options["query"], found.options["lookups"][0]["query"]) == (USERS, LOOKUP["query"])
    staged = read(query="SELECT 1 AS x FROM l", stage={"l": {"query": "users.sql"}})
    assert staged.options["stage"]["l"]["query"] == USERS
    with pytest.raises(ReferenceProblem) as raised:
        read(query=USERS, lookups=[{**LOOKUP, "query": "lesson.sql"}])
    assert (raised.value.column, raised.value.remedy) == ("lookups.0.query", "Did you mean lessons.sql?")


@pytest.mark.parametrize(
    ("options", "window", "column", "words"),
    [
        ({"lookups": [DAILY]}, NOVEMBER, "for_each", "there is no loop over days"),
        ({"lookups": [DAILY], "for_each": "day"}, None, "for_each", "needs a window"),
        ({"lookups": [LOOKUP], "for_each": "day"}, NOVEMBER, "for_each", "no query asks for the day"),
        ({"lookups": [DAILY, DAILY], "for_each": "day"}, NOVEMBER, "lookups", "in several lookups"),
        ({"stage": STAGE, "for_each": {"day": "d"}}, NOVEMBER, "for_each", "the query gives all columns"),
        (
            {"lookups": [{**LOOKUP, "on": {"a": "b", "c": "d"}}]},
            None,
            "lookups.0.query",
            "could be any of several keys",
        ),
        ({"lookups": [{**LOOKUP, "query": "SELECT :what"}]}, None, "params", "has no value"),
        ({"lookups": [{**LOOKUP, "params": {"kind": 1}}]}, None, "params", "no query has a parameter of this name"),
        ({"lookups": [LOOKUP], "params": (("kind", "1"),)}, None, "params", "no query has a parameter of this name"),
        ({"lookups": [{**LOOKUP, "query": "SELECT 1; SELECT 2"}]}, None, "lookups.0.query", "several statements"),
        ({"lookups": [{**LOOKUP, "query": "SELECT :window_start"}]}, None, "window", "this report has no window"),
    ],
)
def test_what_cannot_work_is_told_with_its_place(
    options: dict[str, Any], window: Window | None, column: str, words: str
) -> None:
    with pytest.raises(ReferenceProblem) as raised:
        read(window, query=USERS, **options)
    assert raised.value.column == column
    assert words in raised.value.message
    assert raised.value.remedy


def test_params_of_the_list_go_to_every_query_that_names_them() -> None:
    lookup = {**LOOKUP, "query": "SELECT a FROM t WHERE a IN :keys AND kind = :kind"}
    assert read(params=(("kind", "art"),), query=USERS, lookups=[lookup]).params == (("kind", "art"),)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lookups": [LOOKUP], "stage": {"a": {"query": "x"}}}, "cannot be used together"),
        ({"output": ["id"]}, "output is for reports with lookups"),
        ({"lookups": [LOOKUP], "output": ["id", "id"]}, "names id twice"),
        ({"lookups": [{**LOOKUP, "group": {}}]}, "says neither what to group by"),
        ({"lookups": [{**LOOKUP, "group": {"by": ["x"], "count": "x"}}]}, "two of its columns would be called x"),
        ({"lookups": [{**LOOKUP, "join": "outer"}]}, "'left' or 'inner'"),
        ({"lookups": [{**LOOKUP, "on": {}}]}, "at least 1"),
        ({"stage": {"a b": {"query": "x"}}}, "pattern"),
        ({"stage": {"a": {"query": "x"}}, "memory": "lots"}, "pattern"),
        ({"for_each": "week"}, "'day'"),
    ],
)
def test_options_that_contradict_themselves_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SqlOptions.model_validate({"query": USERS, **options})


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("for_each: week", "key for_each: \"week\" must be 'day' or {day: NAME}."),
        ("for_each: {week: d}", "key for_each: must be 'day' or {day: NAME}."),
        (
            "lookups: [{query: SELECT 1, on: {a: b}, group: {cuont: n}}]",
            "key lookups.0.group.cuont: is no key that is known here. Did you mean count?",
        ),
        (
            "lookups: [{query: SELECT 1, on: {a: b}, group: {avg: n}}]",
            "key lookups.0.group.avg: is no key that is known here. There are: by, count, sum, min, max.",
        ),
    ],
)
def test_a_wrong_word_below_an_option_is_told_once_with_those_that_there_are(
    written: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = {"SFR_DB_TYPE": "sql", "SFR_DB_URL": "sqlite:///data.db"}
    with settings_with(monkeypatch, source) as settings:
        (line,) = refused(
            "list.yaml", f"- name: a\n  source: db\n  query: SELECT 1\n  {written}\n", settings
        ).message.splitlines()
    assert line.startswith(f"list.yaml, report 1 (a), {told}")
