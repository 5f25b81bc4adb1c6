"""Windows of a CAKE export: how long they are, what happens to full and slow ones, what is counted and dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sfr.errors import TransientError
from sfr.model import Proof
from sfr.testing import Tray
from tests.cake_exports import MINUTE, START, faults, fetch, fetch_until_done, ids, ids_of, report, some, window
from tests.servers.cake import Cake
from tests.servers.cake_plays import REQUIRED, Asked, Fault
from tests.servers.cake_rows import Conversion

SECOND = timedelta(seconds=1)


def minutes(server: Cake) -> list[float]:
    return [asked.seconds / 60 for asked in server.asked]


def test_a_day_is_asked_for_in_growing_windows_with_times_always_given_and_comes_whole() -> None:
    with Cake(some(1440)) as server:
        fetched, tray = fetch(server, report())
        assert ids(tray) == ids_of(server.conversions)
        assert (fetched.proof, fetched.records, fetched.warnings) == (Proof.COUNT, 1440, ())
        assert minutes(server) == [30, 60, 120, 240, 480, 510]
        assert server.windows[0] == ("03/03/2025 00:00:00", "03/03/2025 00:30:00")
        assert server.windows[-1][1] == "03/04/2025 00:00:00"
        assert all(after[0] == before[1] for before, after in zip(server.windows, server.windows[1:], strict=False))
        assert all(asked.params.keys() >= REQUIRED for asked in server.asked)


def test_windows_do_not_grow_beyond_the_longest() -> None:
    with Cake() as server:
        fetched, tray = fetch(server, report(24 * 5), longest_window_minutes=120)
        assert (fetched.records, fetched.proof) == (0, Proof.COUNT)
        assert tray.data.count(b"\n") == 1
        assert max(minutes(server)) == 120


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_full_window_is_halved_until_it_fits_and_nothing_is_lost(answer: str) -> None:
    with Cake(some(180, timedelta(seconds=20))) as server:
        fetched, tray = fetch(server, report(1), answer=answer, row_limit=40)
        assert ids(tray) == ids_of(server.conversions)
        assert fetched.records == 180
        assert minutes(server)[:3] == [30, 15, 7.5]


def test_a_server_that_sends_fewer_rows_than_the_limit_and_than_it_counts_is_noticed() -> None:
    with Cake(some(60), most_rows=10) as server:
        fetched, tray = fetch(server, report(1))
        assert ids(tray) == ids_of(server.conversions)
        assert fetched.records == 60


@pytest.mark.parametrize("first_row", [0, 1])
@pytest.mark.parametrize("answer", ["json", "xml"])
def test_a_crowded_minute_is_paged_whatever_number_the_first_row_has(answer: str, first_row: int) -> None:
    crowd = [Conversion(number, START + timedelta(milliseconds=500 * (number % 7))) for number in range(5000, 5137)]
    with Cake(crowd, first_row=first_row) as server:
        fetched, tray = fetch(server, report(1), answer=answer, row_limit=20)
        assert sorted(ids(tray)) == ids_of(crowd)
        assert (fetched.records, fetched.warnings) == (137, ())
        paged = [asked for asked in server.asked if int(asked.params["start_at_row"])]
        assert {asked.seconds for asked in paged} == {60}
        assert {asked.params["sort_field"] for asked in paged} == {"event_conversion_id"}


def test_exactly_as_many_rows_as_the_limit_in_the_shortest_window_are_not_doubted_for_ever() -> None:
    with Cake([Conversion(number, START) for number in range(20)]) as server:
        fetched, tray = fetch(server, report(1), row_limit=20, first_window_minutes=1)
        assert (fetched.records, sorted(ids(tray))) == (20, list(range(20)))


def test_rows_that_move_between_two_pages_are_noticed() -> None:
    crowd = [Conversion(number, START + SECOND) for number in range(100, 160)]
    with Cake(crowd) as server:

        def arrive(asked: Asked) -> None:
            if int(asked.params["start_at_row"]):
                server.change([Conversion(number, START) for number in range(5)] + crowd)

        server.fault = arrive
        with pytest.raises(TransientError) as caught:
            fetch(server, report(1), row_limit=20, first_window_minutes=1)
        assert caught.value.reason == "moved"


@pytest.mark.parametrize("answer", ["json", "xml"])
def test_rows_at_borders_that_come_twice_are_dropped_and_counted(answer: str) -> None:
    with Cake(some(121, 10 * MINUTE), ends="inclusive") as server:
        fetched, tray = fetch(server, report(20), answer=answer, longest_window_minutes=60)
        assert ids(tray) == list(range(1000, 1120))  # the one at the very end belongs to the next export
        assert (fetched.proof, fetched.records) == (Proof.COUNT, 120)
        assert fetched.warnings == ("20 duplicate conversions (same event_conversion_id) were dropped",)


def test_a_duplicate_within_an_answer_is_dropped_and_counted() -> None:
    with Cake([*some(10), Conversion(1004, START + 7 * MINUTE)]) as server:
        fetched, tray = fetch(server, report(1))
        assert ids(tray) == list(range(1000, 1010))
        assert fetched.records == 10
        assert "1 duplicate" in fetched.warnings[0]


def test_a_duplicate_far_from_the_border_of_the_window_before_is_dropped() -> None:
    with Cake([*some(10), Conversion(1004, START + 50 * MINUTE)]) as server:
        fetched, tray = fetch(server, report(1))
        assert ids(tray) == list(range(1000, 1010))
        assert fetched.records == 10


@pytest.mark.parametrize("row_count", [3, 11])
def test_another_count_than_the_rows_that_came_is_an_error_that_passes(row_count: int) -> None:
    wrong = Fault(row_count=row_count)
    with Cake(some(10), fault=faults(wrong if row_count < 10 else None, then=wrong)) as server:
        with pytest.raises(TransientError) as caught:
            fetch(server, report(1), longest_window_minutes=30, shortest_window_minutes=30)
        assert caught.value.reason == "count"
        server.fault = faults()
        assert fetch(server, report(1))[0].records == 10


def test_without_any_count_nothing_is_claimed_to_be_proven() -> None:
    with Cake(some(10), tells_count=False) as server:
        fetched, tray = fetch(server, report(1))
        assert (len(ids(tray)), fetched.proof, fetched.records) == (10, Proof.NONE, None)
        assert "did not say how many" in fetched.warnings[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        Fault(end="silence"),
        Fault(end="silence", after_bytes=300),
        Fault(status=504, body=b"<html>Gateway Timeout</html>"),
        Fault(status=500, body=b'{"Message":"Timeout expired. The timeout period elapsed","StackTrace":""}'),
        Fault(end="reset"),
        Fault(end="reset", after_bytes=700),
        Fault(end="close", after_bytes=700),
    ],
    ids=["silence", "silence within", "504", "SQL timeout", "reset", "cut", "clean close"],
)
def test_a_window_that_takes_too_long_is_shorter_at_the_next_try(fault: Fault) -> None:
    with Cake(some(60), fault=lambda asked: fault if asked.seconds > 10 * 60 else None) as server:
        fetched, tray, failures = fetch_until_done(server, report(1), first_byte_seconds=0.5, longest_window_minutes=30)
        assert ids(tray) == ids_of(server.conversions)
        assert (fetched.records, fetched.proof) == (60, Proof.COUNT)
        assert minutes(server)[:3] == [30, 15, 7.5]
        assert failures >= 2


def test_a_pause_that_is_asked_for_does_not_shorten_the_window() -> None:
    with Cake(some(60), fault=faults(Fault(status=429))) as server:
        tray = Tray()
        with pytest.raises(TransientError):
            fetch(server, report(1), tray)
        assert tray.kept == []


def test_the_shortest_window_is_not_shortened() -> None:
    with Cake(fault=lambda _asked: Fault(status=504)) as server:
        tray = Tray()
        with pytest.raises(TransientError) as caught:
            fetch(server, report(1), tray, first_window_minutes=1)
        assert (caught.value.reason, tray.kept) == ("timeout", [])


def test_a_wrong_zone_in_the_settings_is_told() -> None:
    with Cake(some(60, start=START - 60 * MINUTE), zone="America/New_York") as server:
        fetched, _ = fetch(server, report(1), timezone="UTC")
        assert fetched.records == 0
        server.change(some(60, start=START + timedelta(hours=5)))
        fetched, _ = fetch(server, report(1), timezone="UTC")
        assert fetched.records == 60
        assert "60 conversions are dated outside" in fetched.warnings[0]
        assert "TIMEZONE" in fetched.warnings[0]


def test_a_window_that_is_not_over_yet_is_told() -> None:
    with Cake() as server:
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
        fetched, _ = fetch(server, report(window=window(1, tomorrow)))
        assert fetched.warnings == ("the window was not over yet: later conversions are missing",)
