"""A real Superset in trouble: tokens that end, limits, killed workers; what was read is kept, no row twice."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from sfr.errors import TransientError
from sfr.model import Proof
from sfr.testing import Tray
from tests.servers import superset
from tests.servers.superset_seed import ROWS
from tests.superset_fetching import Fetching, rows_of

pytestmark = pytest.mark.slow


def assert_each_row_once(tray: Tray) -> None:
    assert sorted(int(row[0]) for row in rows_of(tray)[1:]) == list(range(1, ROWS + 1))


class WaitingForExpiry(Tray):
    """Keeps its first point only once the token has ended."""

    fetching: Fetching

    def keep(self, point: str) -> None:
        access = json.loads(self.fetching.session.value)["access"]
        claims = json.loads(base64.urlsafe_b64decode(access.split(".")[1] + "=="))
        while not self.kept and time.time() <= claims["exp"]:
            time.sleep(0.1)
        super().keep(point)


def test_a_token_that_ends_mid_run_is_renewed_and_the_report_goes_on(tmp_path: Path) -> None:
    with superset.running(tmp_path, jwt_seconds=2) as server:
        fetching = Fetching(server.url)
        tray = WaitingForExpiry()
        tray.fetching = fetching
        fetched, whole = fetching.until_done(server.ids["whole"], tray)
    assert fetching.renewals >= 1
    assert fetched.proof is Proof.COUNT
    assert_each_row_once(whole)


class Killing(Tray):
    """Kills the server's workers when the second page has begun to come."""

    server: superset.Superset
    killed = False

    def write(self, data: bytes | memoryview, /) -> int:
        if self.kept and not self.killed:
            self.killed = True
            self.server.kill_workers()
        return super().write(data)


def test_a_worker_killed_mid_answer_costs_one_page(tmp_path: Path) -> None:
    with superset.running(tmp_path) as server:
        fetching = Fetching(server.url)
        tray = Killing()
        tray.server = server
        with pytest.raises(TransientError) as caught:
            fetching.once(server.ids["whole"], tray)
        assert caught.value.reason in ("cut", "connection")
        assert len(tray.kept) == 1
        fetched, whole = fetching.until_done(server.ids["whole"], tray.resumed())
    assert (fetched.records, fetched.proof) == (ROWS, Proof.COUNT)
    assert_each_row_once(whole)


def test_a_query_that_outlasts_the_servers_patience_may_be_tried_again(tmp_path: Path) -> None:
    long = "with recursive n as (select 1 as i union all select i + 1 from n where i < 300000000) select max(i) from n"
    with (
        superset.running(tmp_path, worker_class="sync", timeout_seconds=2) as server,
        pytest.raises(TransientError) as caught,
    ):
        Fetching(server.url).once("sql", sql=long, database=server.ids["database"])
    assert caught.value.reason in ("connection", "cut")


def ask_again_and_again(fetching: Fetching, chart: int) -> None:
    for _ in range(8):
        fetching.once(chart)


def test_too_many_requests_ask_everybody_to_slow_down(tmp_path: Path) -> None:
    with superset.running(tmp_path, rate="6 per minute") as server:
        fetching = Fetching(server.url)
        with pytest.raises(TransientError) as caught:
            ask_again_and_again(fetching, server.ids["small"])
    assert caught.value.reason == "throttled"
    assert caught.value.slow_down
    assert caught.value.retry_after_seconds is None


@pytest.mark.parametrize("most_rows", [99_999, 30_001])
def test_a_limit_of_any_number_cuts_nothing(tmp_path: Path, most_rows: int) -> None:
    with superset.running(tmp_path, most_rows=most_rows) as server:
        for chart, values in (("whole", "raw"), ("whole", "shown"), ("unordered", "raw")):
            fetched, tray = Fetching(server.url, page_rows=100_000).once(server.ids[chart], values=values)
            header, *rows = rows_of(tray)
            assert sorted(int(row[header.index("id")]) for row in rows) == list(range(1, ROWS + 1))
            assert (fetched.records, fetched.proof) == (ROWS, Proof.COUNT)


def test_a_server_that_gives_less_at_once_than_asked_for_still_gives_all(tmp_path: Path) -> None:
    with superset.running(tmp_path, most_rows=30_000) as server:
        fetched, tray = Fetching(server.url).once(server.ids["whole"])
        assert (fetched.records, fetched.proof, len(tray.kept)) == (ROWS, Proof.COUNT, 6)
        assert_each_row_once(tray)
        _, fifty = Fetching(server.url).once(server.ids["fifty"])  # 30,000 came at first
        assert [int(row[0]) for row in rows_of(fifty)[1:]] == list(range(1, 50_001))
