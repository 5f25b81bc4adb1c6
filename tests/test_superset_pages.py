"""Tables that change while they are read, and limits that a server tells nobody: all rows, each once, or it is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sfr.errors import TransientError
from sfr.model import Fetched, Proof
from sfr.testing import Tray
from tests.servers.superset_faults import STREAM_ERROR, Reply, answering
from tests.servers.superset_table import DATA, Rows, Table, asking, numbered
from tests.superset_fetching import Fetching, rows_of

SIZE = 5_000


def fetch(
    table: Table, limit: int | None = None, *, page_rows: int = 2_000, into: Tray | None = None, **options: Any
) -> tuple[Fetched, Tray]:
    with answering(table.decide) as server:
        return Fetching(server.url, page_rows=page_rows).once("data", into, payload=asking(limit), **options)


def ids_of(tray: Tray) -> list[int]:
    return [int(row[0]) for row in rows_of(tray)[1:]]


@pytest.mark.parametrize("cap", [1_001, 1_777, 3_333])
@pytest.mark.parametrize("limit", [None, 4_999, 20_000])
def test_a_limit_of_the_server_that_looks_like_any_number_cuts_nothing(limit: int | None, cap: int) -> None:
    fetched, tray = fetch(Table(numbered(4_998), cap), limit, page_rows=6_000)
    assert ids_of(tray) == list(range(1, 4_999))
    assert (fetched.proof, fetched.warnings, fetched.doubt) == (Proof.COUNT, (), "")


def test_a_server_that_cannot_count_is_asked_for_the_next_page() -> None:
    fetched, tray = fetch(Table(numbered(4_998), 1_777, miscounted=None), page_rows=6_000)
    assert ids_of(tray) == list(range(1, 4_999))
    assert (fetched.proof, fetched.doubt) == (Proof.COUNT, "")


def test_a_cut_that_nobody_can_tell_is_in_doubt() -> None:
    fetched, tray = fetch(Table(numbered(SIZE), 1_777, miscounted=None), 6_000, page_rows=6_000)
    assert len(ids_of(tray)) == 1_777
    assert "may be a limit of the server" in fetched.doubt


def test_small_charts_cost_one_request_and_longer_ones_a_question_for_a_single_row_more() -> None:
    small = Table(numbered(990))
    assert fetch(small, 1_500)[0].warnings == ()
    assert (len(small.pages), small.counts) == (1, [])
    longer = Table(numbered(1_777))
    assert fetch(longer, 2_000)[0].proof is Proof.COUNT
    assert (len(longer.pages), longer.counts) == (1, [(1, 1_777)])


@pytest.mark.parametrize("limit", [1_000, 3_333])
def test_a_chart_cut_by_its_own_limit_costs_one_row_more_instead_of_a_question(limit: int) -> None:
    table = Table(numbered(SIZE))
    fetched, tray = fetch(table, limit, page_rows=SIZE)
    assert (table.pages, table.counts) == ([(limit + 1, 0)], [])
    assert ids_of(tray) == list(range(1, limit + 1))
    assert (fetched.records, fetched.proof) == (None, Proof.LENGTH)
    assert f"limit of {limit:,}, and there are more" in fetched.warnings[0]


@pytest.mark.parametrize(("miscounted", "proof", "words"), [(0, Proof.COUNT, ""), (None, Proof.LENGTH, "may be")])
def test_a_chart_with_as_many_rows_as_its_limit_is_asked_about(
    miscounted: int | None, proof: Proof, words: str
) -> None:
    table = Table(numbered(2_000), miscounted=miscounted)
    fetched, tray = fetch(table, 2_000)
    assert (table.pages, table.counts) == ([(2_001, 0)], [(1, 2_000)])
    assert (len(ids_of(tray)), fetched.proof) == (2_000, proof)
    assert words in "".join(fetched.warnings)


def test_a_limit_that_is_meant_and_a_result_through_pandas_are_asked_for_as_they_are() -> None:
    meant, shown = Table(numbered(SIZE)), Table(numbered(SIZE))
    fetch(meant, 999)
    fetched, _ = fetch(shown, 2_000, values="shown")
    assert (meant.pages, meant.counts) == ([(999, 0)], [])
    assert (shown.pages, shown.counts) == ([(2_000, 0)], [(1, 2_000)])
    assert "limit of 2,000, and there are more" in fetched.warnings[0]


def test_a_stream_that_never_began_costs_no_row_more_the_other_way() -> None:
    table = Table(numbered(SIZE))

    def decide(method: str, path: str, body: Any) -> Reply | None:
        streamed = path == DATA and body["result_type"] == "query"
        return Reply(STREAM_ERROR) if streamed else table.decide(method, path, body)

    with answering(decide) as server:
        _, tray = Fetching(server.url, page_rows=2_000).once("data", payload=asking(2_000))
    assert (len(ids_of(tray)), table.pages) == (2_000, [(2_000, 0)])


def test_rows_that_come_though_the_limit_was_passed_over_are_all_kept() -> None:
    table = Table(numbered(2_010))

    def decide(method: str, path: str, body: Any) -> Reply | None:
        if path == DATA and not body["queries"][0].get("is_rowcount"):
            body["queries"][0]["row_limit"] = None
        return table.decide(method, path, body)

    with answering(decide) as server:
        _, tray = Fetching(server.url, page_rows=2_000).once("data", payload=asking(2_000))
    assert len(ids_of(tray)) == 2_010


def in_front(rows: Rows) -> None:
    rows.extend(numbered(3, min(rows)[0] - 3))


def behind(rows: Rows) -> None:
    rows.extend(numbered(3, max(rows)[0] + 1))


def nothing(_rows: Rows) -> None: ...


@pytest.mark.parametrize("changes", [[in_front, nothing], [nothing, in_front, nothing], [in_front]])
def test_rows_added_in_front_of_a_page_move_it_and_none_comes_twice(changes: list[Callable[[Rows], None]]) -> None:
    fetched, tray = fetch(Table(numbered(SIZE), changes=changes, for_ever=True))
    assert ids_of(tray) == list(range(1, SIZE + 1))
    assert (fetched.proof, fetched.doubt) == (Proof.LENGTH, "")
    assert "the data changed meanwhile" in fetched.warnings[0]


def test_a_row_that_went_from_a_page_read_already_is_told_and_nothing_is_kept() -> None:
    table = Table(numbered(SIZE), changes=[lambda rows: rows.remove(numbered(1, 7)[0])])
    tray = Tray()
    with pytest.raises(TransientError, match="the row at place 2,000 is no longer there") as caught:
        fetch(table, into=tray)
    assert (caught.value.reason, caught.value.max_attempts) == ("moved", 3)
    assert "unique_by" in caught.value.remedy
    assert (tray.data, tray.kept) == (b"", [])
    fetched, tray = fetch(table, into=tray.resumed())
    assert (len(ids_of(tray)), fetched.proof) == (SIZE - 1, Proof.COUNT)


def test_a_table_that_grows_behind_is_delivered_with_what_was_there_when_it_began() -> None:
    table = Table(numbered(SIZE), changes=[behind], for_ever=True)
    fetched, tray = fetch(table)
    ids = ids_of(tray)
    assert ids == list(range(1, len(ids) + 1))
    assert len(ids) >= SIZE
    assert fetched.proof is Proof.LENGTH
    assert "the data changed meanwhile" in fetched.warnings[0]


def test_rows_that_are_alike_at_a_border_are_in_doubt_once_the_table_grew() -> None:
    alike = [(7, "same")] * 3_000
    fetched, _ = fetch(Table(list(alike)))
    assert (fetched.proof, fetched.records) == (Proof.COUNT, 3_000)
    fetched, _ = fetch(Table(list(alike), changes=[nothing, in_front, nothing]), page_rows=1_000)
    assert "some rows are alike" in fetched.doubt


def test_fewer_rows_than_the_server_counts_are_in_doubt() -> None:
    fetched, _ = fetch(Table(numbered(SIZE), miscounted=2))
    assert (fetched.proof, fetched.records) == (Proof.LENGTH, None)
    assert "counted 5,002" in fetched.doubt


def test_rows_that_went_from_the_end_are_said() -> None:
    table = Table(numbered(SIZE), changes=[nothing, lambda rows: rows.pop(), nothing])
    fetched, tray = fetch(table)
    assert len(ids_of(tray)) == SIZE - 1
    assert (fetched.proof, fetched.doubt) == (Proof.LENGTH, "")
    assert "counted 5,000" in fetched.warnings[0]


def test_a_row_is_known_by_unique_by_where_its_other_columns_change() -> None:
    def rename(rows: Rows) -> None:
        rows[:] = [(number, name + "!") for number, name in rows]

    with pytest.raises(TransientError, match="no longer the same"):
        fetch(Table(numbered(SIZE), changes=[rename], for_ever=True))
    fetched, tray = fetch(Table(numbered(SIZE), changes=[rename], for_ever=True), unique_by=["id"])
    assert ids_of(tray) == list(range(1, SIZE + 1))
    assert fetched.proof is Proof.COUNT


def test_a_charts_own_limit_is_kept_over_pages() -> None:
    fetched, tray = fetch(Table(numbered(SIZE), 1_777), 4_500)
    assert ids_of(tray) == list(range(1, 4_501))
    assert "limit of 4,500, and there are more" in fetched.warnings[0]


@pytest.mark.parametrize(("cap", "doubtful"), [(1_777, True), (9_999, False)])
def test_a_pivot_of_a_part_of_the_rows_is_in_doubt(cap: int, doubtful: bool) -> None:
    fetched, _ = fetch(Table(numbered(SIZE), cap), 9_000, result_type="post_processed")
    assert ("left out rows" in fetched.doubt) is doubtful
    assert fetched.warnings == ()
