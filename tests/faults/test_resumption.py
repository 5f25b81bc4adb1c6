"""Checks that a long download goes on where it broke off, also after kill -9, and never with what is not its own."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.processes import ROOT, Child, alive, until
from tests.faults.support import Desk
from tests.servers.stalling import StallingServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

_DICE = random.Random(5)
LARGE = b"id,name\n" + b"".join(b"%d,%s\n" % (number, _DICE.randbytes(40).hex().encode()) for number in range(160_000))
STOP_BYTES = 9_000_000  # the source keeps a point every 4 MB
# What was kept is saved each time, and not every ten seconds.
SAVE_AT_ONCE = f"import sys; sys.path.append({str(ROOT)!r}); import sfr.intake; sfr.intake.SAVE_SECONDS = 0.0"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, {}) as desk:
        desk.plant("sitecustomize", SAVE_AT_ONCE)
        yield desk


def write_list(desk: Desk, server: StallingServer, params: str = "", name: str = "large.csv") -> None:
    lines = ["name,id,source,params", f"{name},{server.url},link,{params}"]
    (desk.folder / "input" / "sfdc_reports.csv").write_text("\n".join(lines) + "\n")


def kept_bytes(desk: Desk) -> int:
    """How much of the report is kept for the next run; 0 while nothing is."""
    for mark in (desk.output / ".sfr" / "unfinished").glob("*/point.json"):
        return int(json.loads(mark.read_text())["bytes"])
    return 0


def begun(desk: Desk, server: StallingServer) -> Child:
    """A run that stands still in the middle of the file, two points of which are kept."""
    write_list(desk, server)
    run = desk.start("--processes", "1")
    until(lambda: server.stopped.is_set() and kept_bytes(desk) >= 8_000_000, "the second point")
    return run


def killed(desk: Desk, server: StallingServer) -> int:
    """Kill such a run with -9; returns how much is kept."""
    run = begun(desk, server)
    below = run.children()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    until(lambda: not any(alive(pid) for pid in below), "the end of all its processes")
    server.go_on()
    return kept_bytes(desk)


def went_on(server: StallingServer) -> list[bool]:
    """Which requests asked for a rest of the file."""
    return [bool(wanted) for wanted in server.asked]


def test_a_server_that_hangs_up_again_and_again_is_asked_for_the_rest_each_time(desk: Desk) -> None:
    with StallingServer(LARGE, 5_000_000) as server:
        write_list(desk, server)
        finished = desk.run()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert went_on(server) == [False, *[True] * (len(server.asked) - 1)]
        assert len(server.asked) in (3, 4)
    assert desk.content("large.csv") == LARGE
    outcome = desk.last_run()[1]["large.csv"]
    assert {attempt.reason for attempt in outcome.attempts} == {"cut", ""}
    assert outcome.records == 160_000
    assert not list((desk.output / ".sfr" / "unfinished").iterdir())


def test_a_run_killed_with_9_goes_on_in_the_next_one(desk: Desk) -> None:
    with StallingServer(LARGE, STOP_BYTES, cuts=False) as server:
        kept = killed(desk, server)
        assert kept >= 8_000_000
        finished = desk.run("--failed")
        assert finished.code == 0, finished.stdout + finished.stderr
        assert server.asked == ["", f"bytes={kept - 4096}-"]
    assert desk.content("large.csv") == LARGE
    assert desk.last_run()[1]["large.csv"].bytes == len(LARGE)
    assert desk.parts() == []


def test_a_run_that_was_interrupted_goes_on_in_the_next_one(desk: Desk) -> None:
    with StallingServer(LARGE, STOP_BYTES, cuts=False) as server:
        run = begun(desk, server)
        run.interrupt()
        assert run.wait().code == 130
        server.go_on()
        assert desk.run("--failed").code == 0
        assert went_on(server) == [False, True]
    assert desk.content("large.csv") == LARGE


def test_a_killed_worker_costs_only_what_came_since_the_last_point(desk: Desk) -> None:
    with StallingServer(LARGE, STOP_BYTES, cuts=False) as server:
        run = begun(desk, server)
        (worker,) = run.workers()
        server.stop_after_bytes = None
        os.kill(worker, signal.SIGKILL)
        finished = run.wait()
        assert finished.code == 0, finished.stdout + finished.stderr
        assert went_on(server) == [False, True]
    assert desk.content("large.csv") == LARGE


@pytest.mark.parametrize("change", ["params", "name", "the file at the server", "the bytes that are kept"])
def test_nothing_is_gone_on_with_that_is_not_this_file(desk: Desk, change: str) -> None:
    with StallingServer(LARGE, STOP_BYTES, cuts=False) as server:
        killed(desk, server)
        write_list(
            desk, server, "year=2026" if change == "params" else "", "x.csv" if change == "name" else "large.csv"
        )
        if change == "the file at the server":
            server.body, server.etag = LARGE[:-100_000], '"two"'
            server.body = server.body[: server.body.rfind(b"\n") + 1]
        elif change == "the bytes that are kept":
            (data,) = (desk.output / ".sfr" / "unfinished").glob("*/data")
            content = bytearray(data.read_bytes())
            content[5_000_000] ^= 1
            data.write_bytes(content)
        finished = desk.run()
        assert finished.code == 0, finished.stdout + finished.stderr
        # Of a file that changed, the server decides: it answers the question for the rest with the whole.
        assert went_on(server)[1:] in ([False], [True, False])
        assert (server.asked[1] == "") == (change != "the file at the server")
        assert desk.content("x.csv" if change == "name" else "large.csv") == server.body


def test_what_was_kept_and_never_asked_for_again_is_forgotten(desk: Desk) -> None:
    with StallingServer(LARGE, STOP_BYTES, cuts=False) as server:
        killed(desk, server)
        for path in (desk.output / ".sfr" / "unfinished").iterdir():
            for each in (*path.iterdir(), path):
                os.utime(each, (1_000_000_000, 1_000_000_000))
        assert desk.run().code == 0
        assert went_on(server) == [False, False]
    assert desk.content("large.csv") == LARGE
    assert not list((desk.output / ".sfr" / "unfinished").iterdir())
