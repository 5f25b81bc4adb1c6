"""Compares sfr with plain parallel `requests` calls on a real Superset, and looks at its memory while it pages.

    python benchmarks/superset.py [--rounds 3] [--charts 50] [--concurrency 8]

It starts the Superset of the tests (installed at the first run) and prints a table; nothing is written.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import Measurement, adopt_orphans, measure
from peers import CHECKOUT, environment_with

from tests.servers.superset import password_of, running

TIMEOUT_SECONDS = 900.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 3), ("charts", 50), ("concurrency", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch), workers=2) as server:
        bench = Bench(server.url, Path(scratch), arguments.concurrency)
        small, large = str(server.ids["fifty"]), str(server.ids["whole"])
        walls: dict[str, list[float]] = {"saved": [], "streamed": [], "sfr": []}
        for number in range(arguments.rounds + 1):
            for way, times in walls.items():
                found = (
                    bench.sfr([small] * arguments.charts) if way == "sfr" else bench.peer(way, small, arguments.charts)
                )
                if number:  # round 0 warms the server
                    times.append(found.wall_seconds)
                print(
                    f"round {number}  {way:8}  {found.wall_seconds:6.2f} s  {found.peak_pss_bytes / 1e6:5.0f} MB",
                    flush=True,
                )
        medians = {way: statistics.median(times) for way, times in walls.items()}
        print("medians ", {way: round(seconds, 2) for way, seconds in medians.items()})
        print(f"sfr / best of requests: {medians['sfr'] / min(medians['saved'], medians['streamed']):.2f}")
        for name, chart, rows in (("120 rows", str(server.ids["small"]), ""), ("200,000 rows", large, "rows=all")):
            found = bench.sfr([chart], rows)
            print(f"one chart of {name}: {found.wall_seconds:.2f} s, peak {found.peak_pss_bytes / 1e6:.0f} MB PSS")


class Bench:
    """Runs a tool into an empty folder and measures all of its processes together."""

    def __init__(self, url: str, scratch: Path, concurrency: int) -> None:
        self._url, self._scratch, self._concurrency = url, scratch, concurrency

    def sfr(self, charts: list[str], params: str = "") -> Measurement:
        folder = self._empty()
        with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [[f"{number}.csv", chart, "bi", params] for number, chart in enumerate(charts)]
            csv.writer(file).writerows([["name", "id", "source", "params"], *rows])
        settings = {
            "SFR_BI_TYPE": "superset",
            "SFR_BI_URL": self._url,
            "SFR_BI_USERNAME": "admin",
            "SFR_BI_PASSWORD": password_of("admin"),
            "SFR_CONCURRENCY": str(self._concurrency),
        }
        return self._measured([sys.executable, str(CHECKOUT / "main.py"), "list.csv", "--quiet"], folder, settings)

    def peer(self, way: str, chart: str, times: int) -> Measurement:
        folder = self._empty()
        peer = str(CHECKOUT / "benchmarks" / "superset_peer.py")
        command = [sys.executable, peer, way, self._url, chart, str(folder), str(times), str(self._concurrency)]
        return self._measured(command, folder, {"SUPERSET_PASSWORD": password_of("admin")})

    def _empty(self) -> Path:
        folder = self._scratch / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        os.sync()
        return folder

    def _measured(self, command: list[str], folder: Path, settings: dict[str, str]) -> Measurement:
        log = self._scratch / "log"
        found = measure(
            command, environment=environment_with(settings), folder=folder, log=log, timeout_seconds=TIMEOUT_SECONDS
        )
        if found.exit_code:
            raise SystemExit(
                f"{' '.join(command[:3])} ended with {found.exit_code}:\n{log.read_text('utf-8', 'replace')}"
            )
        return found


if __name__ == "__main__":
    main()
