"""A join over two real servers gives the rows that its words promise, whatever their order, collations and types."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from sfr.errors import InvalidReport, TransientError
from sfr.model import Window
from sfr.sources.sql.config import SqlConfig
from tests.histories import own_database
from tests.joining import Answered, Kept, Sources
from tests.sql_databases import carry_out

# Twice each, some equal in one database and not in the other.
KEYS = ("a", "A", "á", "a ", "b", "", " ", None, "01", "1", "1.0", "ß", "x'y", "\\", "%", "é😀", "77")
NUMBERS = ("1", "1.0", "01", "+1", "1e2", "100.00", "1E+2", "-0", "0", "0.10", ".1", "x", None, "9007199254740993")
DECIMALS = ("1", "100", "0", "0.1", "9007199254740992", "9007199254740993", None)
Equal = Callable[[str], object]


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with own_database("postgresql") as postgresql, own_database("mysql") as mysql:
        carry_out(mysql, "ALTER DATABASE CHARACTER SET utf8mb4")  # a server may have another one of its own
        yield {"postgresql": postgresql, "mysql": mysql}


def filled(url: str, table: str, kind: str, keys: Sequence[str | None], seed: int) -> list[tuple[str | None, str]]:
    """Make a table with each key twice, in an order that nobody knows; its rows."""
    rows = [(key, f"{table} {place}") for place, key in enumerate([*keys, *keys])]
    random.Random(seed).shuffle(rows)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        connection.execute(text(f"CREATE TABLE {table} (k {kind}, v varchar(40))"))
        connection.execute(
            text(f"INSERT INTO {table} VALUES (:k, :v)"), [{"k": key, "v": value} for key, value in rows]
        )
    engine.dispose()
    return rows


def sources_of(urls: dict[str, str], own: str, other: str) -> Sources:
    sources = Sources.__new__(Sources)
    sources.configs = {"people": SqlConfig(url=urls[own]), "school": SqlConfig(url=urls[other])}
    return sources


def joined(sources: Sources, condition: str, join: str = "left", **lookup: Any) -> Answered:
    step = {"source": "school", "query": f"SELECT k AS id, v AS found FROM r WHERE {condition}", "on": {"k": "id"}}
    return sources.fetch(query="SELECT k, v FROM l", lookups=[{**step, "join": join, **lookup}])


def expected(left: Sequence[Any], right: Sequence[Any], equal: Equal) -> list[tuple[str, str]]:
    found = []
    for key, value in left:
        hits = [other for k, other in right if None not in (k, key) and equal(k) == equal(key)]
        found += [(value, hit) for hit in hits or [""]]
    return sorted(found)


def number(value: str) -> object:
    try:
        return Decimal(value if not value.startswith(".") else "nothing")
    except InvalidOperation:
        return value


@pytest.mark.parametrize("batch", [1, 5, 2000])
@pytest.mark.parametrize(
    ("own", "other", "match", "condition"),
    [
        ("postgresql", "mysql", "text", "k IN :keys"),
        ("postgresql", "mysql", "caseless", "k IN :keys"),
        ("mysql", "postgresql", "text", "rtrim(k) IN :keys"),
        ("mysql", "postgresql", "caseless", "lower(rtrim(k)) IN :keys"),
        ("mysql", "mysql", "caseless", "k IN :keys"),
        ("postgresql", "postgresql", "caseless", "upper(rtrim(k)) IN :keys"),
        ("postgresql", "mysql", "text", "1 = 1"),
        ("mysql", "postgresql", "number", "true"),
    ],
)
def test_texts_find_all_that_is_equal_and_nothing_else(
    urls: dict[str, str], own: str, other: str, match: str, condition: str, batch: int
) -> None:
    left = filled(urls[own], "l", "varchar(40)", KEYS, batch)
    right = filled(urls[other], "r", "varchar(40)", KEYS, batch + 1)
    equal: dict[str, Equal] = {
        "text": lambda value: value.rstrip(" "),
        "number": lambda value: number(value.rstrip(" ")),
        "caseless": lambda value: value.rstrip(" ").casefold(),
    }
    answer = joined(sources_of(urls, own, other), condition, match=match, batch=batch)
    assert sorted(row[1:] for row in answer.rows) == expected(left, right, equal[match])


@pytest.mark.parametrize("match", ["text", "caseless"])
def test_a_text_with_spaces_behind_it_finds_its_like_where_they_count(urls: dict[str, str], match: str) -> None:
    filled(urls["mysql"], "l", "varchar(40)", ["a ", "b"], 1)
    filled(urls["postgresql"], "r", "varchar(40)", ["a ", "b  "], 2)
    answer = joined(sources_of(urls, "mysql", "postgresql"), "k IN :keys", match=match)
    assert sorted({row[1:] for row in answer.rows if row[0] == "a "}) == [
        (f"l {a}", f"r {b}") for a in (0, 2) for b in (0, 2)
    ]


@pytest.mark.parametrize(("own", "other"), [("postgresql", "mysql"), ("mysql", "postgresql")])
@pytest.mark.parametrize("kind", ["decimal(30,4)", "double precision"])
def test_numbers_are_found_however_they_are_written(urls: dict[str, str], own: str, other: str, kind: str) -> None:
    inexact = kind.startswith("double")
    keys = [key for key in NUMBERS if key not in (("x",) if other == "postgresql" else ())]
    held = [key for key in DECIMALS if not (inexact and (key or "").startswith("9007"))]
    left = filled(urls[own], "l", "varchar(40)", keys, 1)
    right = filled(urls[other], "r", kind, held, 2)
    answer = joined(sources_of(urls, own, other), "k IN :keys", match="number", batch=3)
    assert sorted(row[1:] for row in answer.rows) == expected(left, right, number)


@pytest.mark.parametrize("own", ["postgresql", "mysql"])
@pytest.mark.parametrize("kind", ["real", "double precision"])
def test_each_database_s_own_way_to_write_a_float_is_one_number(urls: dict[str, str], own: str, kind: str) -> None:
    other = {"postgresql": "mysql", "mysql": "postgresql"}[own]
    keys = ["1e20", "1e-7", "123456", "0.5"]
    left = filled(urls[own], "l", kind.replace("real", "float" if own == "mysql" else "real"), keys, 1)
    right = filled(urls[other], "r", "double precision", keys, 2)
    answer = joined(sources_of(urls, own, other), "k IN :keys", match="number", join="inner")
    assert sorted(row[1:] for row in answer.rows) == expected(left, right, number)


def test_an_order_that_changes_between_two_tries_gives_no_row_twice_and_loses_none(urls: dict[str, str]) -> None:
    days = ("2026-11-01", "2026-11-02", "2026-11-03")
    left = filled(urls["postgresql"], "l", "varchar(40)", [str(number) for number in range(50)], 1)
    right = filled(urls["mysql"], "r", "varchar(40)", [f"{number}" for number in range(0, 50, 3)], 2)
    sources = sources_of(urls, "postgresql", "mysql")
    broken = {"on": False}
    window = Window(f"{days[0]}T00:00:00+00:00", "2026-11-04T00:00:00+00:00", "UTC")
    options = {
        "query": "SELECT k, v FROM l ORDER BY random()",
        "for_each": {"day": "day"},
        "lookups": [
            {
                "source": "school",
                "query": "SELECT k AS id, v AS found FROM r WHERE :day > '2026-11-01' AND k IN :keys",
                "on": {"k": "id"},
                "batch": 7,
            }
        ],
    }

    class Failing(Kept):
        def keep(self, point: str) -> None:
            super().keep(point)
            if len(self.points) == 2 and not broken["on"]:
                broken["on"] = True
                raise TransientError("gone")

    first = Failing()
    with pytest.raises(TransientError):
        sources.fetch(window, first, **options)
    answer = sources.fetch(window, first.next_try(), **options)
    matched = [(value, hit, day) for value, hit in expected(left, right, str) if hit for day in days[1:]]
    nowhere = [(value, "", "") for value, hit in expected(left, right, str) if not hit]
    assert sorted(row[1:] for row in answer.rows) == sorted(matched + nowhere)
    assert answer.fetched.records == len(matched + nowhere)


def test_the_smallest_and_largest_of_a_group_do_not_depend_on_the_order(urls: dict[str, str]) -> None:
    texts = ["1", "1.0", "01", "2", "2.00"]
    found = set()
    for seed in range(4):
        filled(urls["postgresql"], "l", "varchar(40)", ["x"], seed)
        engine = create_engine(urls["mysql"])
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS r"))
            connection.execute(text("CREATE TABLE r (k varchar(40), v varchar(40))"))
            values = random.Random(seed).sample(texts, len(texts))
            connection.execute(text("INSERT INTO r VALUES ('x', :v)"), [{"v": value} for value in values])
        engine.dispose()
        group = {"min": {"low": "found"}, "max": {"high": "found"}}
        answer = joined(sources_of(urls, "postgresql", "mysql"), "k IN :keys", group=group)
        found |= {row[2:] for row in answer.rows}
    assert found == {("01", "2.00")}


@pytest.mark.parametrize(
    ("values", "words"),
    [(["1_000"], "'1_000' is no number"), (["1e300", "1e-300"], "more than 200 digits"), (["١"], "is no number")],
)
def test_what_cannot_be_added_exactly_is_refused(urls: dict[str, str], values: list[str], words: str) -> None:
    filled(urls["postgresql"], "l", "varchar(40)", ["x"], 1)
    engine = create_engine(urls["mysql"])
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS r"))
        connection.execute(text("CREATE TABLE r (k varchar(40), v varchar(40))"))
        connection.execute(text("INSERT INTO r VALUES ('x', :v)"), [{"v": value} for value in values])
    engine.dispose()
    with pytest.raises(InvalidReport, match=words):
        joined(sources_of(urls, "postgresql", "mysql"), "k IN :keys", group={"sum": {"total": "found"}})


@pytest.mark.parametrize("other", ["postgresql", "mysql"])
@pytest.mark.parametrize("match", ["text", "caseless", "number"])
@pytest.mark.parametrize("group", [None, {"count": "n"}, {"max": {"last": "found"}}])
def test_what_a_row_finds_does_not_depend_on_the_rows_beside_it(
    urls: dict[str, str], other: str, match: str, group: dict[str, Any] | None
) -> None:
    keys = ["a", "a ", "A", "a  ", "ß", "SS", "ss", "1", "01", "1.0", "001", None, ""]
    filled(urls["postgresql"], "l", "varchar(40)", keys, 1)
    filled(urls[other], "r", "varchar(40)", [key for key in keys if key != "1"], 2)
    sources = sources_of(urls, "postgresql", other)
    results = [
        sorted(joined(sources, "k IN :keys", match=match, batch=batch, group=group).rows) for batch in (1, 2, 3, 2000)
    ]
    assert results[1:] == results[:-1]


def test_of_several_keys_each_is_told_that_only_the_database_finds_equal(urls: dict[str, str]) -> None:
    filled(urls["postgresql"], "l", "varchar(40)", ["Ada"], 1)
    filled(urls["mysql"], "r", "varchar(40)", ["ADA"], 1)
    lookup = {
        "source": "school",
        "query": "SELECT k AS id, REPLACE(v, 'r', 'l') AS same FROM r WHERE k IN :keys_id AND 'x' NOT IN :keys_same",
        "on": {"k": "id", "v": "same"},
    }
    answer = sources_of(urls, "postgresql", "mysql").fetch(query="SELECT k, v FROM l", lookups=[lookup])
    assert [text for text in answer.fetched.warnings if "such as 'ADA'" in text and "match: caseless" in text]
    found = sources_of(urls, "postgresql", "mysql").fetch(
        query="SELECT k, v FROM l", lookups=[{**lookup, "match": "caseless", "join": "inner"}]
    )
    assert (len(found.rows), found.fetched.warnings) == (2, ())
