from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services import require

SCRIPT = """
import sys, time
from rich.console import Console
from sfr.model import Phase, Run, Snapshot
from sfr.progress.live import LiveProgress

watcher = LiveProgress(Console())
names = {f"job{n}": f"売上報告書_東京支店_{n}_{'long_' * 20}.csv" for n in range(30)}
started = time.time()
watcher.begin(Run("r", started), names)

def show(seconds):
    until = time.time() + seconds
    while time.time() < until:
        watcher.update([Snapshot(job, Phase.SERVER, started) for job in names])
        time.sleep(0.1)

show(1.5)
watcher.pause()
answer = input("PASTE> ")
watcher.resume()
watcher.notice(f"got {answer}")
while not input_arrived():
    show(0.2)
watcher.end()
print("SUMMARY")
input()
"""


def _screen(socket: str) -> list[str]:
    done = subprocess.run(["tmux", "-L", socket, "capture-pane", "-p"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _until(socket: str, true: Callable[[list[str]], bool]) -> list[str]:
    deadline = time.monotonic() + 20
    while not true(lines := _screen(socket)):
        assert time.monotonic() < deadline, "\n".join(lines)
        time.sleep(0.05)
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("width", [80, 140])
def test_in_a_real_terminal_the_picture_pauses_for_a_question_and_leaves_no_rest(tmp_path: Path, width: int) -> None:
    require(shutil.which("tmux") is not None, "tmux")
    flag = tmp_path / "go"
    script = tmp_path / "show.py"
    script.write_text(
        SCRIPT.replace("input_arrived()", f"__import__('os').path.exists({str(flag)!r})"), encoding="utf-8"
    )
    socket = f"sfr-test-{os.getpid()}-{width}"
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")},
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "LC_ALL": "C.UTF-8",
        "TERM": "screen-256color",
    }
    size = ["-x", str(width), "-y", "14"]
    command = ["tmux", "-u", "-L", socket, "-f", os.devnull, "new-session", "-d", *size, sys.executable, str(script)]
    subprocess.run(command, env=environment, check=True)
    try:
        lines = _until(socket, lambda lines: any("more" in line for line in lines))
        assert sum("server is preparing" in line for line in lines) == 10
        assert sum("0/30" in line for line in lines) == 1
        lines = _until(socket, lambda lines: any("PASTE>" in line for line in lines))
        assert [line for line in lines if line] == ["PASTE>"]
        subprocess.run(["tmux", "-L", socket, "send-keys", "abc", "Enter"], check=True)
        lines = _until(socket, lambda lines: "got abc" in lines and any("more" in line for line in lines))
        flag.touch()
        lines = _until(socket, lambda lines: "SUMMARY" in lines)
        assert [line for line in lines if line][-2:] == ["got abc", "SUMMARY"]
        assert not any("preparing" in line for line in lines)
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False)
