"""What is kept of a long report is gone on from by the same account, for the same query, soon, and not otherwise."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sfr.errors import TransientError
from sfr.model import Proof
from sfr.sources.superset.point import FRESH_SECONDS, Point, read
from sfr.testing import Tray
from tests.servers.superset_faults import Faults, Reply, answering
from tests.servers.superset_table import DATA, Table, asking, numbered
from tests.superset_fetching import Fetching, rows_of

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()


class Failing(Table):
    """Fails once, at the third page."""

    failed = False

    def decide(self, method: str, path: str, body: Any) -> Reply | None:
        if path == DATA and len(self.pages) == 2 and not self.failed:
            self.failed = True
            return Reply(b"down", 502, "text/html")
        return super().decide(method, path, body)


def fail(table: Failing, server: Faults, **settings: Any) -> Tray:
    tray = Tray()
    with pytest.raises(TransientError):
        Fetching(server.url, page_rows=2_000, **settings).once("data", tray, payload=asking(None))
    assert len(tray.kept) == 2
    return tray.resumed()


def go_on(server: Faults, tray: Tray, **settings: Any) -> None:
    fetched, tray = Fetching(server.url, page_rows=2_000, **settings).once("data", tray, payload=asking(None))
    assert fetched.proof is Proof.COUNT
    assert [int(row[0]) for row in rows_of(tray)[1:]] == list(range(1, 5_001))


def test_after_a_failure_only_the_rest_is_asked_for() -> None:
    table = Failing(numbered(5_000))
    with answering(table.decide) as server:
        go_on(server, fail(table, server))
    assert [offset for _, offset in table.pages] == [0, 1_999, 3_998]


@pytest.mark.parametrize(
    "settings", [{"username": "reader"}, {"api_key": "sst_another"}], ids=["another account", "another key"]
)
def test_another_account_begins_anew(settings: dict[str, Any]) -> None:
    table = Failing(numbered(5_000))
    with answering(lambda *asked: table.decide(*asked) or _me(asked[1])) as server:
        go_on(server, fail(table, server), **settings)
    assert [offset for _, offset in table.pages] == [0, 1_999, 0, 1_999, 3_998]


def _me(path: str) -> Reply | None:
    return Reply(b"{}", kind="application/json") if path == "/api/v1/me/" else None


def test_another_server_begins_anew() -> None:
    table = Failing(numbered(5_000))
    with answering(table.decide) as server, answering(table.decide) as other:
        go_on(other, fail(table, server))
    assert [offset for _, offset in table.pages] == [0, 1_999, 0, 1_999, 3_998]


@pytest.mark.parametrize("age_seconds", [FRESH_SECONDS + 5, 25 * 3600.0, -3600.0])
def test_what_was_kept_long_ago_is_forgotten(age_seconds: float) -> None:
    table = Failing(numbered(5_000))
    with answering(table.decide) as server:
        tray = fail(table, server)
        then = time.time() - age_seconds
        tray.point = json.dumps({**json.loads(tray.point), "begun_at": then, "kept_at": then})
        go_on(server, tray)
    assert [offset for _, offset in table.pages] == [0, 1_999, 0, 1_999, 3_998]


def point(begun_at: float, kept_at: float) -> Point:
    return Point("q", begun_at, kept_at, 5, 5, 1, "streamed", "id\n", "b", 0, twins=False, counted=9)


@pytest.mark.parametrize(
    ("begun_hours", "kept_hours", "now_hours", "good"),
    [
        (0, 0, 0.4, True),
        (0, 3, 3.4, True),  # a long report that failed late
        (0, 0, 0.6, False),
        (-30, 0, 0.1, False),  # the pages of two days
        (0, 0, -0.1, False),
    ],
)
def test_a_point_is_for_half_an_hour_and_for_its_day(
    begun_hours: float, kept_hours: float, now_hours: float, good: bool
) -> None:
    kept = point(NOON + begun_hours * 3600, NOON + kept_hours * 3600)
    found = read(kept.text(), "q", NOON + now_hours * 3600)
    assert found == (kept if good else None)
    assert read(kept.text(), "another", NOON) is None


def test_midnight_ends_a_point() -> None:
    midnight = datetime(2026, 3, 4, tzinfo=UTC).timestamp()
    assert read(point(midnight - 60, midnight - 60).text(), "q", midnight + 60) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json", '{"rows": 1, "query": "of an older version"}'])
def test_a_text_that_is_no_point_is_none(text: str) -> None:
    assert read(text, "q", NOON) is None


def test_no_key_is_in_a_point() -> None:
    table = Failing(numbered(5_000))
    with answering(lambda *asked: table.decide(*asked) or _me(asked[1])) as server:
        kept = fail(table, server, api_key="sst_quite-secret").point
    assert "sst_" not in kept
