from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from sfr.model import Phase, Snapshot, Status
from sfr.progress.live import LiveProgress
from sfr.progress.picture import Picture
from sfr.progress.plain import PlainProgress
from sfr.progress.tally import Tally
from sfr.terminal_text import Signs, cut_end, cut_middle
from sfr.watcher import Watcher
from tests import runs


def snapshots(count: int, *, attempt: int = 1, received: int = 5_000_000) -> list[Snapshot]:
    phases = list(Phase)
    return [
        Snapshot(
            f"job{n}", phases[n % 4], runs.START, received, attempt, "asked for a pause (503)" if n % 4 == 0 else ""
        )
        for n in range(count)
    ]


def picture(names: list[str], width: int, height: int, encoding: str = "utf-8", attempt: int = 1) -> list[str]:
    tally = Tally({f"job{n}": name for n, name in enumerate(names)}, runs.START)
    tally.update(snapshots(len(names), attempt=attempt), runs.START + 42)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, height=height, force_terminal=True, color_system=None)
    console.print(Picture(tally, Signs.of(console.encoding), runs.START + 42), end="")
    stream.flush()
    return stream.buffer.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("width", [40, 80, 140])
def test_each_running_report_has_one_line_that_fits(width: int) -> None:
    lines = picture([f"{n}_{runs.NAMES[n % 4]}" for n in range(12)], width, 30)
    assert len(lines) == 13
    assert max(map(cell_len, lines)) < width


@given(st.lists(st.text(min_size=1, max_size=130), min_size=1, max_size=6), st.integers(30, 150))
def test_no_name_makes_the_picture_wrap(names: list[str], width: int) -> None:
    lines = picture(names, width, 20, attempt=2)
    assert len(lines) == len(names) + 1
    assert max(map(cell_len, lines)) < width


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_is_never_longer_than_asked(text: str, cells: int) -> None:
    assert cell_len(cut_middle(text, cells)) <= max(cells, 1)
    assert cell_len(cut_end(text, cells)) <= max(cells, 1)


def test_a_hundred_reports_on_a_low_terminal_end_in_a_count_of_the_rest() -> None:
    lines = picture([f"report {n}.csv" for n in range(100)], 80, 12)
    assert len(lines) < 12
    assert lines[-1].strip() == "+92 more"


def test_the_phases_are_told_in_plain_words() -> None:
    text = "\n".join(picture(["a.csv", "b.csv", "c.csv", "d.csv"], 140, 20, attempt=3))
    assert "try 3 · waiting 42 s: asked for a pause (503)" in text
    assert "server is preparing 0:42" in text
    assert "5.0 MB · 119 kB/s" in text
    assert "checking and saving" in text
    assert "0/4 · 20.0 MB" in text


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii"])
def test_an_old_console_gets_characters_it_can_show(encoding: str) -> None:
    lines = picture(list(runs.NAMES), 80, 20, encoding=encoding)
    assert len(lines) == 5
    assert "?" in lines[2]


def test_a_name_with_terminal_commands_is_harmless() -> None:
    assert "\x1b" not in "".join(picture(["\x1b[2Jgone\r\n.csv"], 80, 20))


def live(width: int = 80) -> tuple[LiveProgress, io.StringIO]:
    stream = io.StringIO()
    return LiveProgress(Console(file=stream, width=width), clock=lambda: runs.START + 42), stream


def test_failures_warnings_and_retries_stay_above_and_successes_do_not() -> None:
    watcher, stream = live()
    watcher.begin(runs.run(), {"job1": "a.csv", "job2": "b.csv", "job3": "c.csv", "job4": "d.csv"})
    watcher.update([Snapshot("job4", Phase.WAITING, runs.START, note="server asked for a pause (503)")])
    watcher.update([Snapshot("job4", Phase.SERVER, runs.START, attempt=2)])
    watcher.update([Snapshot("job4", Phase.SERVER, runs.START, attempt=2)])
    watcher.settled(runs.result(1))
    watcher.settled(runs.result(2, status=Status.FAILED, error="no permission " * 20))
    watcher.settled(runs.result(3, warnings=("columns changed: + Region",)))
    watcher.end()
    lines = stream.getvalue().splitlines()
    assert [line for line in lines if "d.csv" in line] == ["↻ d.csv  try 2 after: server asked for a pause (503)"]
    assert not any("a.csv" in line for line in lines)
    assert sum("b.csv" in line and cell_len(line) < 80 for line in lines) == 1
    assert "! c.csv  columns changed: + Region" in lines


def test_only_some_of_many_retries_are_told() -> None:
    tally = Tally({"job1": "a.csv"}, runs.START)
    told = [
        retry.attempt
        for attempt in range(1, 101)
        for retry in tally.update([Snapshot("job1", Phase.SERVER, runs.START, attempt=attempt)], runs.START + attempt)
    ]
    assert told == [2, 3, 5, 10, 20, 50, 100]


def test_received_bytes_are_counted_once_over_tries_and_settling() -> None:
    tally = Tally({"job1": "a.csv"}, runs.START)
    for second, attempt, received in ((1, 1, 3_000), (2, 1, 5_000), (3, 2, 0), (4, 2, 4_000)):
        tally.update([Snapshot("job1", Phase.TRANSFER, runs.START, received, attempt)], runs.START + second)
    assert tally.received_bytes == 9_000
    assert tally.bytes_per_second == 9_000 / 4
    tally.settle(runs.result(1, bytes=6_000))
    assert tally.received_bytes == 11_000


def test_what_is_read_again_to_be_converted_has_come_once() -> None:
    tally = Tally({"job1": "a.csv.gz"}, runs.START)
    steps = ((Phase.TRANSFER, 5_000), (Phase.FINISHING, 2_000), (Phase.FINISHING, 5_000), (Phase.FINISHING, 1_000))
    for second, (phase, read) in enumerate(steps, 1):
        tally.update([Snapshot("job1", phase, runs.START, read)], runs.START + second)
    tally.settle(runs.result(1, bytes=1_000))
    assert (tally.received_bytes, tally.kept_bytes) == (5_000, 1_000)
    tally.settle(runs.result(2, status=Status.FAILED, bytes=700))
    assert tally.kept_bytes == 1_000


def test_while_somebody_is_asked_nothing_is_written_and_afterwards_nothing_is_lost() -> None:
    lines: list[str] = []
    livening, stream = live()
    watchers: list[tuple[Watcher, Callable[[], str]]] = [
        (livening, stream.getvalue),
        (PlainProgress(lines.append), lambda: "\n".join(lines)),
    ]
    for watcher, written in watchers:
        watcher.begin(runs.run(), {"job1": "a.csv"})
        watcher.pause()
        before = written()
        watcher.notice("the session was renewed")
        watcher.settled(runs.result(1, status=Status.FAILED, error="not found"))
        assert written() == before
        watcher.resume()
        assert "the session was renewed" in written()
        assert "not found" in written()
        watcher.end()


def plain(*, quiet: bool = False) -> tuple[PlainProgress, list[str], list[float]]:
    lines: list[str] = []
    now = [runs.START]
    return PlainProgress(lines.append, quiet=quiet, clock=lambda: now[0]), lines, now


def test_plain_lines_tell_each_ended_report_and_the_totals() -> None:
    watcher, lines, _ = plain()
    watcher.begin(runs.run(), {"job1": "a.csv", "job2": "b\nforged.csv"})
    watcher.settled(runs.result(1))
    watcher.settled(runs.result(2, status=Status.FAILED, error="not found"))
    watcher.end()
    assert lines == [
        "run 20261121-070000-ab12: 2 reports",
        "done: a.csv: 12,345 records, 12.0 MB in 4.2 s",
        "failed: b forged.csv: not found",
        "of 2 reports 1 done, 1 failed; 12.0 MB in 0.0 s",
    ]


def test_a_sign_of_life_comes_at_most_every_half_minute() -> None:
    watcher, lines, now = plain()
    watcher.begin(runs.run(), {f"job{n}": f"{n}.csv" for n in range(4)})
    for tenth in range(650):
        now[0] = runs.START + tenth / 10
        watcher.update(snapshots(4))
    beats = [line for line in lines if "running" in line]
    assert len(beats) == 2
    assert "4 running; 20.0 MB" in beats[0]
    assert "longest: 0.csv, 30 s, waiting 30 s: asked for a pause (503)" in beats[0]


def test_quiet_leaves_what_is_not_done_and_the_last_line() -> None:
    watcher, lines, now = plain(quiet=True)
    watcher.begin(runs.run(), {"job1": "a.csv", "job2": "b.csv"})
    watcher.notice("the session was renewed")
    now[0] += 100
    watcher.update([Snapshot("job1", Phase.TRANSFER, runs.START, 5_000_000)])
    watcher.settled(runs.result(1))
    watcher.settled(runs.result(2, status=Status.FAILED, error="not found"))
    watcher.end()
    assert lines == ["failed: b.csv: not found", "of 2 reports 1 done, 1 failed; 12.0 MB in 1 min 40 s"]
