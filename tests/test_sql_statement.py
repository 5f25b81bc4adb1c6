"""Where parameters stand in a query, how lists are written into it, and what lies where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import ReportError
from sfr.sources.sql.statement import check_reads, line_and_column, read_statement

DIALECTS = ("postgresql", "mysql", "sqlite", "mssql", "")


def names(text: str, dialect: str = "postgresql") -> tuple[str, ...]:
    return read_statement(text, dialect).names


def rendered(text: str, dialect: str = "postgresql", **params: object) -> str:
    return read_statement(text, dialect).rendered(params, lambda _name, value: repr(value)).text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_parameters_are_found_where_values_stand_and_nowhere_else(dialect: str) -> None:
    text = "SELECT ':no', \":no\" /* :no */ -- :no\n, x FROM t WHERE a = :one AND b>=:two AND c IN (:one)"
    assert names(text, dialect) == ("one", "two", "one")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT :a::date, b::text, c[1:n], d[(1):n]", ("a",)),
        ("SELECT $$ :no $$, $x$ :no; $$ $x$, :yes", ("yes",)),
        ("SELECT E'\\' :no', 'c:\\', :yes", ("yes",)),
        ("/* one /* two :no */ :no */ SELECT :yes", ("yes",)),
        ("SELECT '12:30:45', :a", ("a",)),
        ("SELECT 'it''s :no', :ä", ("ä",)),
    ],
)
def test_what_only_looks_like_a_parameter_in_postgresql_is_left_alone(text: str, found: tuple[str, ...]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT 'a\\' :no', `:no`, :yes # :no", ("yes",)),
        ("SELECT @x := 1, 5--:a\n", ("a",)),
    ],
)
def test_what_only_looks_like_a_parameter_in_mysql_is_left_alone(text: str, found: tuple[str, ...]) -> None:
    assert names(text, "mysql") == found


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", ["", " \n", "-- nothing\n", "/* nothing */", ";"])
def test_nothing_is_no_query(text: str, dialect: str) -> None:
    with pytest.raises(ReportError, match="empty"):
        read_statement(text, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_statements_are_refused_and_one_may_end_with_a_semicolon(dialect: str) -> None:
    with pytest.raises(ReportError, match="line 2"):
        read_statement("SELECT 1;\nDELETE FROM t", dialect)
    assert read_statement("SELECT ';' ; -- the end\n ;", dialect).texts == ("SELECT ';' ",)


def test_a_list_becomes_several_values_with_or_without_parentheses_of_its_own() -> None:
    assert rendered("a IN :x", x=[1, 2]) == "a IN (1, 2)"
    assert rendered("a IN (:x) OR b", x=[1, 2]) == "a IN (1, 2) OR b"
    assert rendered("a IN ( :x )", x=[1]) == "a IN ( 1 )"
    assert rendered("a IN :x", x="only") == "a IN ('only')"
    assert rendered("a = :x", x="only") == "a = 'only'"


def test_an_empty_list_is_refused_for_there_is_no_sql_for_it() -> None:
    with pytest.raises(ReportError, match=":x is an empty list"):
        rendered("a IN :x", x=[])


@given(st.lists(st.text(alphabet="ab \n", min_size=1, max_size=8), min_size=2, max_size=5), st.text(max_size=20))
def test_every_place_of_the_query_is_found_again_behind_its_values(pieces: list[str], value: str) -> None:
    text = "x" + ":v ".join(pieces)
    found = read_statement(text, "").rendered(
        {"v": value, **dict.fromkeys(("va", "vb"), value)}, lambda _n, v: f"<{v}>"
    )
    for offset, character in enumerate(found.text):
        original = found.original(offset)
        assert 0 <= original <= len(text)
        if not any(begin <= offset < following for begin, following in values_in(found.pieces)):
            assert text[original] == character


def values_in(pieces: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    starts = [piece[0] for piece in pieces]
    return list(zip(starts[1::2], starts[2::2], strict=False))


def test_lines_and_columns_begin_with_one() -> None:
    assert line_and_column("SELECT", 0) == (1, 1)
    assert line_and_column("SELECT\n  x", 9) == (2, 3)


@pytest.mark.parametrize("text", ["SET GLOBAL x = 1", "DELETE FROM t", "/* SELECT */ CALL p()", "1"])
def test_what_does_not_read_is_refused_by_its_first_word(text: str) -> None:
    with pytest.raises(ReportError, match="only what reads"):
        check_reads(read_statement(text, "mysql"))


@pytest.mark.parametrize("text", ["(SELECT 1)", "-- x\nwith a AS (SELECT 1) SELECT * FROM a", "SHOW TABLES"])
def test_what_reads_is_let_through(text: str) -> None:
    check_reads(read_statement(text, "mysql"))


def test_a_file_at_the_server_is_not_written() -> None:
    with pytest.raises(ReportError, match="write a file"):
        check_reads(read_statement("SELECT 1 INTO\nOUTFILE '/tmp/x'", "mysql"))
