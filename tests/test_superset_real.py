"""A real Superset: what comes of charts, payloads and queries, whole and in one dialect."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from sfr.errors import ReportError
from sfr.model import Proof, Window
from sfr.testing import Tray
from tests.servers import superset
from tests.servers.superset_seed import COLUMNS, REMARKS, ROWS
from tests.superset_fetching import Fetching, rows_of

pytestmark = pytest.mark.slow
DAY = Window("2026-01-02T00:00:00+01:00", "2026-01-03T00:00:00+01:00", "Europe/Berlin")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[superset.Superset]:
    with superset.running(tmp_path_factory.mktemp("superset")) as found:
        yield found


@pytest.fixture
def fetching(server: superset.Superset) -> Fetching:
    return Fetching(server.url)


def payload(server: superset.Superset, **query: Any) -> dict[str, Any]:
    source = {"id": server.ids["dataset"], "type": "table"}
    return {"datasource": source, "queries": [{"columns": ["id", "city"], **query}], "result_format": "json"}


@pytest.mark.parametrize("chart", ["whole", "unordered"])
def test_all_rows_come_past_the_servers_limits_each_one_once(server: superset.Superset, chart: str) -> None:
    fetched, tray = Fetching(server.url, page_rows=70_000).once(server.ids[chart])
    header, *rows = rows_of(tray)
    ids = sorted(int(row[header.index("id")]) for row in rows)
    assert ids == list(range(1, ROWS + 1))
    assert (fetched.records, fetched.proof, fetched.warnings) == (ROWS, Proof.COUNT, ())
    assert len(tray.kept) == 2


def test_values_are_those_of_the_database_also_where_a_column_has_gaps(
    server: superset.Superset, fetching: Fetching
) -> None:
    _, tray = fetching.once(server.ids["whole"])
    header, *rows = rows_of(tray)
    assert header == COLUMNS
    assert {row[5] for row in rows} == {"", *map(str, range(9))}  # pieces: never 1.0
    assert {row[6] for row in rows} == {remark or "" for remark in REMARKS}  # no ' before =2+3, one backslash
    assert b"\r" not in tray.data


class Forgetting(Tray):
    """Forgets what it is given."""

    def write(self, data: bytes | memoryview, /) -> int:
        return len(data)


def test_memory_stays_flat_while_a_long_chart_streams(server: superset.Superset, fetching: Fetching) -> None:
    fetching.once(server.ids["small"], Forgetting())
    tracemalloc.start()
    try:
        fetched, _ = fetching.once(server.ids["whole"], Forgetting())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fetched.records == ROWS
    assert peak_bytes < 3_000_000  # of more than 10 MB that came


def test_a_chart_that_is_cut_by_its_own_row_limit_says_so(server: superset.Superset, fetching: Fetching) -> None:
    fetched, tray = fetching.once(server.ids["fifty"])
    assert len(rows_of(tray)) == 50_001
    assert "limit of 50,000, and there are more" in fetched.warnings[0]
    assert "rows=all" in fetched.warnings[0]
    assert fetching.once(server.ids["fifty"], rows="all")[0].records == ROWS


def test_a_payload_without_a_limit_gets_every_row(server: superset.Superset, fetching: Fetching) -> None:
    fetched, tray = fetching.once("", payload=payload(server))
    assert (fetched.records, len(rows_of(tray))) == (ROWS, ROWS + 1)


def test_each_query_of_a_chart_becomes_a_file(server: superset.Superset, fetching: Fetching) -> None:
    _, tray = fetching.once(server.ids["two"])
    assert len(rows_of(tray)) == 11
    assert list(tray.others) == ["query-2"]
    assert rows_of(tray.others["query-2"])[0] == ["city", "total"]


def test_queries_that_need_each_other_come_in_an_archive_and_are_unpacked(
    server: superset.Superset, fetching: Fetching
) -> None:
    _, tray = fetching.once(server.ids["shares"])
    header, *rows = rows_of(tray)
    assert sum(float(row[header.index("share")]) for row in rows) == pytest.approx(1)
    assert rows_of(tray.others["query-2"])[0] == ["total"]


def test_a_pivot_comes_as_shown_when_asked_for(server: superset.Superset, fetching: Fetching) -> None:
    _, tray = fetching.once(server.ids["pivot"], result_type="post_processed")
    assert rows_of(tray)[0] == ["", "total 0", "total 1"]
    assert rows_of(fetching.once(server.ids["pivot"])[1])[0] == ["city", "paid", "total"]


def test_superset_may_write_the_values_as_its_own_button_does(server: superset.Superset, fetching: Fetching) -> None:
    _, tray = fetching.once(server.ids["small"], values="shown")
    assert {"'=2+3", "'@name", "back\\\\slash"} <= {row[6] for row in rows_of(tray)}


def test_filters_reach_the_database(server: superset.Superset, fetching: Fetching) -> None:
    params = (("city", "Oslo"), ("city", "大阪"), ("paid", "1"))
    _, tray = fetching.once(server.ids["whole"], params=params)
    found = {(row[2], row[7]) for row in rows_of(tray)[1:]}
    assert found == {("Oslo", "1"), ("大阪", "1")}


def test_a_value_that_the_stream_trips_over_comes_the_other_way(server: superset.Superset, fetching: Fetching) -> None:
    _, tray = fetching.once(server.ids["whole"], filters={"remark": ":x"})
    assert rows_of(tray) == [COLUMNS]  # an empty result is a header


@pytest.mark.parametrize("options", [{"params": (("ctiy", "Oslo"),)}, {"filters": {"ctiy": ["Oslo"]}}])
def test_an_unknown_filter_column_is_refused_instead_of_sending_every_row(
    server: superset.Superset, fetching: Fetching, options: dict[str, Any]
) -> None:
    with pytest.raises(ReportError, match="no column ctiy") as caught:
        fetching.once(server.ids["whole"], **options)
    assert caught.value.reason == "unknown-filter"


def test_a_window_narrows_a_chart_by_its_datasets_date_column(server: superset.Superset, fetching: Fetching) -> None:
    _, tray = fetching.once(server.ids["whole"], window=DAY)
    placed = [row[1] for row in rows_of(tray)[1:]]
    assert (len(placed), min(placed), max(placed)) == (1440, "2026-01-02 00:00:00", "2026-01-02 23:59:00")


def test_a_window_takes_the_place_of_the_charts_own_range(server: superset.Superset, fetching: Fetching) -> None:
    own = {"col": "placed_at", "op": "TEMPORAL_RANGE", "val": "2026-01-05 : 2026-01-06"}
    for query in ({"filters": [own]}, {"granularity": "placed_at", "time_range": "2026-01-05 : 2026-01-06"}):
        _, tray = fetching.once("data", payload=payload(server, **query), window=DAY)
        assert [int(row[0]) for row in rows_of(tray)[1:]] == list(range(1440, 2880))


def test_a_time_range_that_superset_would_ignore_is_refused(server: superset.Superset, fetching: Fetching) -> None:
    with pytest.raises(ReportError, match="does not understand the time range 'lsat week'"):
        fetching.once(server.ids["whole"], time_range="lsat week")


def test_a_payloads_traps_are_told(server: superset.Superset, fetching: Fetching) -> None:
    asked = payload(server, columns=["city"], metrics=[], time_range="Last week")
    fetched, tray = fetching.once("/api/v1/chart/data", payload=asked)
    assert len(rows_of(tray)) == 6
    assert ["metrics: []" in fetched.warnings[0], "no granularity" in fetched.warnings[1]] == [True, True]


@pytest.mark.parametrize(
    ("chart", "message"), [("wrong", "no_such_column"), ("unsaved", "saved without its query"), (99, "404")]
)
def test_a_chart_that_cannot_be_had_says_why(
    server: superset.Superset, fetching: Fetching, chart: Any, message: str
) -> None:
    with pytest.raises(ReportError, match=message) as caught:
        fetching.once(server.ids.get(chart, chart))
    assert caught.value.remedy


def test_a_query_of_sql_lab_keeps_its_own_limit(server: superset.Superset, fetching: Fetching) -> None:
    sql = "select id, remark from orders order by id limit 11"
    fetched, tray = fetching.once("sql", sql=sql, database=server.ids["database"], schema="main")
    assert [row[0] for row in rows_of(tray)] == ["id", *map(str, range(1, 12))]
    assert (fetched.records, fetched.proof, fetched.warnings) == (11, Proof.COUNT, ())


def test_a_query_of_sql_lab_says_when_its_rows_are_cut(server: superset.Superset, fetching: Fetching) -> None:
    fetched, tray = fetching.once("sql", sql="select id from orders", database=server.ids["database"])
    assert len(rows_of(tray)) == 100_001
    assert "at most (100,000)" in fetched.warnings[0]


@pytest.mark.parametrize(
    ("sql", "message"), [("select nope from orders", "nope"), ("delete from orders", "does not allow for DDL/DML")]
)
def test_a_wrong_query_says_what_the_database_says(
    server: superset.Superset, fetching: Fetching, sql: str, message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        fetching.once("sql", sql=sql, database=server.ids["database"])


def test_a_wrong_database_is_told(server: superset.Superset, fetching: Fetching) -> None:
    with pytest.raises(ReportError, match="no database 99") as caught:
        fetching.once("sql", sql="select 1", database=99)
    assert caught.value.reason == "no-database"


def test_a_query_with_a_colon_comes_through_the_other_export(server: superset.Superset, fetching: Fetching) -> None:
    sql = "select id from orders where remark like ':x%' or id < 3"
    assert rows_of(fetching.once("sql", sql=sql, database=server.ids["database"])[1]) == [["id"], ["1"], ["2"]]
