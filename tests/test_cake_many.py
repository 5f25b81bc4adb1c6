"""A CAKE export of many conversions, in a process of its own, whose memory is looked at."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cake_exports import START, some
from tests.servers.cake import Cake
from tests.servers.cake_rows import few_columns

resource = pytest.importorskip("resource", reason="only Unix says how much memory a process had")

PROGRAM = """
import resource, sys
from sfr.connector import Session, Tools
from sfr.model import Report, Window
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.source import Cake

class Counting:
    point = validator = ""
    lines = 0
    def write(self, data):
        self.lines += bytes(data).count(b"\\n")
        return len(data)
    def keep(self, point): ...

url, key, start, end, answer = sys.argv[1:]
sink = Counting()
config = CakeConfig.model_validate({"url": url, "api_key": key, "answer": answer})
source = Cake(config, Tools("cake", lambda: Session(key, 1)))
fetched = source.fetch(Report("a.csv", "conversions", window=Window(start, end, "UTC")), sink)
print(fetched.records, sink.lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def export(server: Cake, hours: float, answer: str) -> tuple[int, int, int]:
    """How many records and lines there were, and the most memory in KiB."""
    end = (START + timedelta(hours=hours)).isoformat()
    command = [sys.executable, "-c", PROGRAM, server.url, "KEY-5ecret", START.isoformat(), end, answer]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True, timeout=110
    )
    records, lines, kibibytes = map(int, done.stdout.split())
    return records, lines, kibibytes


@pytest.mark.parametrize("answer", ["json", "xml"])
@pytest.mark.slow
def test_two_hundred_thousand_conversions_need_no_more_memory_than_twenty_thousand(answer: str) -> None:
    every = timedelta(milliseconds=360)  # 10,000 in an hour
    with Cake(some(200_000, every), row=few_columns, ends="inclusive") as server:
        records, lines, few = export(server, 2, answer)
        assert (records, lines) == (20_000, 20_001)
        records, lines, many = export(server, 20, answer)
        assert (records, lines) == (200_000, 200_001)
        assert many - few < 8 * 1024
