"""A CAKE export after failures and crashes: nothing is lost, nothing comes twice, nothing finished is asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.connector import Session, Tools
from sfr.errors import Cancelled, TransientError
from sfr.model import Proof
from sfr.sources.cake.source import Cake as CakeSource
from sfr.testing import Tray
from tests.cake_exports import (
    START,
    at_random,
    config,
    faults,
    fetch,
    fetch_until_done,
    ids,
    ids_of,
    report,
    some,
    table,
    window,
)
from tests.servers.cake import KEY, Cake
from tests.servers.cake_plays import Asked, Fault
from tests.servers.cake_rows import Conversion, row_of

GATEWAY = Fault(status=502, body=b"<html><title>Bad Gateway</title></html>")


@pytest.mark.parametrize("failing", range(6))
@pytest.mark.parametrize("answer", ["json", "xml"])
def test_after_a_failure_it_goes_on_at_the_last_finished_window(failing: int, answer: str) -> None:
    with Cake(some(1440), ends="inclusive", fault=faults(*[None] * failing, GATEWAY)) as server:
        fetched, tray, failures = fetch_until_done(server, report(), answer=answer)
        whole, at_once = fetch(server, report(), answer=answer)
        assert failures == 1
        assert tray.data == at_once.data
        assert fetched == whole
        windows = server.windows[: 6 + 1]
        assert len(set(windows)) == len(windows) - 1  # only the one that failed was asked for twice


def test_a_point_holds_no_secret_and_little_more_than_a_time() -> None:
    with Cake(some(1440)) as server:
        _, tray = fetch(server, report())
        assert [size for _, size in tray.kept] == sorted(size for _, size in tray.kept)
        assert tray.kept[-1][1] == len(tray.data)
        for point, _ in tray.kept:
            assert KEY not in point
            assert len(point) < 600
        assert json.loads(tray.kept[0][0])["at"] == "2025-03-03T00:30:00+00:00"


def test_each_point_ends_with_a_whole_record() -> None:
    with Cake(some(1440)) as server:
        _, tray = fetch(server, report())
        for point, size in tray.kept:
            resumed, again = fetch(server, report(), Tray(bytes(tray.data[:size]), point))
            assert again.data == tray.data
            assert resumed.records == 1440


def test_a_shorter_window_before_the_first_row_leads_to_a_header_all_the_same() -> None:
    slow = Fault(status=504)
    with Cake(some(10), fault=faults(slow)) as server:
        fetched, tray, _ = fetch_until_done(server, report(1))
        assert (len(table(tray)), fetched.records) == (10, 10)
        assert tray.data.startswith(b"event_conversion_id,")


@pytest.mark.parametrize(
    "point",
    ["", "{", "[]", "null", '{"order":"another","at":"2025-03-03T00:30:00+00:00","window_seconds":60}', "\x00"],
)
def test_a_point_of_another_export_or_of_nobody_begins_anew(point: str) -> None:
    with Cake(some(60)) as server:
        fetched, tray = fetch(server, report(1), Tray(b"left over\n" if point else b"", point))
        assert (len(table(tray)), fetched.records) == (60, 60)
        assert b"left over" not in tray.data


def test_other_filters_are_another_export() -> None:
    with Cake(some(60), fault=faults(None, GATEWAY)) as server:
        tray = Tray()
        with pytest.raises(TransientError):
            fetch(server, report(1), tray)
        assert fetch(server, report(1, params=(("campaign_id", "5"),)), tray.resumed())[0].records == 60
        assert server.windows[-2] == server.windows[0]


def test_another_instance_is_another_export() -> None:
    with Cake(some(60), fault=faults(None, GATEWAY)) as staging, Cake(some(60, first_id=9000)) as server:
        tray = Tray()
        with pytest.raises(TransientError):
            fetch(staging, report(1), tray)
        _, tray = fetch(server, report(1), tray.resumed())
        assert ids(tray) == ids_of(server.conversions)


def test_what_was_asked_for_before_it_was_over_is_asked_for_again() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with Cake(some(60, start=now - timedelta(hours=1))) as server:
        _, tray = fetch(server, report(window=window(3, now - timedelta(hours=1))))
        assert datetime.fromisoformat(json.loads(tray.kept[-1][0])["at"]) <= now + timedelta(seconds=30)
        server.change([*server.conversions, *some(30, start=now + timedelta(hours=1), first_id=5000)])
        fetched, tray = fetch(server, report(window=window(3, now - timedelta(hours=1))), tray.resumed())
        assert ids(tray) == ids_of(server.conversions)
        assert "was not over yet" in fetched.warnings[-1]


def test_a_stray_row_does_not_hide_the_border_from_the_next_try() -> None:
    stray = Conversion(7, START + timedelta(minutes=10))
    at_border = Conversion(8, START + timedelta(minutes=30))

    def row(conversion: Conversion) -> dict[str, Any]:
        return row_of(replace(conversion, at=START + timedelta(days=9)) if conversion is stray else conversion)

    with Cake([stray, at_border], ends="inclusive", row=row, fault=faults(None, GATEWAY)) as server:
        fetched, tray, failures = fetch_until_done(server, report(1))
    assert (ids(tray), fetched.records, failures) == ([7, 8], 2, 1)


def test_a_run_that_is_being_stopped_stops_between_two_windows() -> None:
    with Cake(some(1440)) as server:
        tools = Tools("cake", lambda: Session(KEY, 1), stopped=lambda: len(server.asked) >= 3)
        cake, tray = CakeSource(config(server), tools), Tray()
        with pytest.raises(Cancelled):
            cake.fetch(report(), tray)
        cake.close()
        fetched, tray = fetch(server, report(), tray.resumed())
        assert ids(tray) == ids_of(server.conversions)
        assert fetched.records == 1440


def test_an_aborted_fetch_fails_soon_and_can_go_on() -> None:
    with Cake(some(60)) as server:
        cake = CakeSource(config(server), Tools("cake", lambda: Session(KEY, 1)))

        def abort(asked: Asked) -> Fault | None:
            if asked.number == 1:
                cake.abort()
                return Fault(end="silence")
            return None

        server.fault, tray = abort, Tray()
        with pytest.raises(TransientError):
            cake.fetch(report(1), tray)
        cake.close()
        assert fetch(server, report(1), tray.resumed())[0].records == 60


SLIGHT = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLIGHT
@given(
    count=st.integers(0, 300),
    hours=st.sampled_from([0.1, 1.0, 3.0, 26.0]),
    seed=st.integers(0, 10**6),
    limit=st.integers(10, 60),
    most=st.sampled_from([7, 17, 10**6]),
    ends=st.sampled_from(["half-open", "inclusive"]),
    first_row=st.sampled_from([0, 1]),
    failing=st.sets(st.integers(0, 60), max_size=12),
    answer=st.sampled_from(["json", "xml"]),
)
def test_no_conversion_is_lost_or_doubled_whatever_the_times_limits_and_failures(
    count: int,
    hours: float,
    seed: int,
    limit: int,
    most: int,
    ends: str,
    first_row: int,
    failing: set[int],
    answer: str,
) -> None:
    kinds = [GATEWAY, Fault(status=504), Fault(end="reset", after_bytes=200), Fault(status=429)]
    conversions = at_random(count, hours, seed)
    with Cake(
        conversions,
        ends=ends,
        most_rows=most,
        first_row=first_row,
        fault=lambda asked: kinds[asked.number % len(kinds)] if asked.number in failing else None,
    ) as server:
        fetched, tray, _ = fetch_until_done(server, report(30), answer=answer, row_limit=limit)
    assert sorted(ids(tray)) == ids_of(conversions)
    assert (fetched.records, fetched.proof) == (count, Proof.COUNT)
    at_once = [row for row in table(tray) if row["event_conversion_date"] >= (START + timedelta(hours=30)).isoformat()]
    assert at_once == []
