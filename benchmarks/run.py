"""Runs the whole benchmark with one command and writes benchmarks/results.md: `python benchmarks/run.py --help`."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import machine
import report
import servers
import startup
import workloads
from measure import adopt_orphans, measure
from peers import KINDS, Order, Peer, available, environment_with, made_up_sid
from results import Result, Results

HERE = Path(__file__).resolve().parent
PARTS = ("A", "B", "C", "flat", "start")
FLAT_ROUNDS = 1


def _choices(allowed: tuple[str, ...]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = [part.strip() for part in text.split(",") if part.strip()]
        for part in chosen:
            if part not in allowed:
                raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(allowed)}")
        return chosen

    return parse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare sfr with curl and sfrout on this machine.")
    parser.add_argument("--only", type=_choices(PARTS), default=list(PARTS), metavar="A,B,C,flat,start")
    parser.add_argument("--peers", type=_choices(tuple(KINDS)), default=list(KINDS), metavar="curl,sfr,sfrout")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per workload (default 3)")
    parser.add_argument("--timeout", type=float, default=900, help="seconds after which a tool is ended (default 900)")
    parser.add_argument("--python", default=sys.executable, help="interpreter with sfr's requirements (default: this)")
    parser.add_argument("--scratch", type=Path, help="folder the tools write to (default benchmarks/work/scratch)")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="folder for data and logs")
    parser.add_argument("--results", type=Path, default=HERE / "results.md", help="where the report goes")
    parser.add_argument("--keep-data", action="store_true", help="keep the 2.4 GB of generated reports")
    return parser.parse_args()


@contextlib.contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    """An empty folder, gone afterwards, and nothing of it left to be written when the next tool starts."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.sync()


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""


class Bench:
    """One session of measuring: where things lie, which servers run, what has been found."""

    def __init__(self, arguments: argparse.Namespace, urls: dict[str, str]) -> None:
        self.arguments = arguments
        self.urls = urls
        self.sid = made_up_sid()
        self.scratch = arguments.scratch or arguments.work / "scratch"
        self.logs = arguments.work / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.results: list[Result] = []

    def run(self, workload: workloads.Workload, peers: list[Peer], rounds: int) -> None:
        print(f"\n{workload.key}: {workloads.TITLES[workload.key]}", flush=True)
        takers = [peer for peer in peers if workload.key in peer.workloads]
        workloads.warm(workload)
        os.sync()
        if workload.server == "nginx" and takers:
            # A virtual machine gets memory from its host at first touch: whoever comes first would pay for all.
            print(f"{report.line_of(self._once(workload, takers[0], 0))}  (warm-up, does not count)", flush=True)
        for number in range(1, rounds + 1):
            for peer in takers:
                result = self._once(workload, peer, number)
                self.results.append(result)
                print(report.line_of(result), flush=True)

    def _once(self, workload: workloads.Workload, peer: Peer, number: int) -> Result:
        log = self.logs / f"{workload.key}-{peer.name.replace(' ', '-')}-{number}.log"
        with _fresh(self.scratch) as scratch:
            output, work = scratch / "output", scratch / "work"
            output.mkdir()
            work.mkdir()
            call = peer.call(Order(workload, self.urls[workload.server], output, work, self.sid))
            cost = measure(
                call.command,
                environment=environment_with(call.environment),
                folder=work,
                log=log,
                timeout_seconds=self.arguments.timeout,
            )
            right = sum(peer.is_right(output / f"{wanted.name}.csv", wanted) for wanted in workload.reports)
        return Result(workload.key, peer.name, number, right, len(workload.reports), cost, _last_words(log))


def _measure_all(arguments: argparse.Namespace, peers: list[Peer]) -> list[Result]:
    data = arguments.work / "data"
    wanted = workloads.load(data)
    with servers.nginx(arguments.work / "nginx", data) as fast, servers.slow(data) as slow:
        bench = Bench(arguments, {"nginx": fast, "slow": slow})
        for key in ("A", "B", "C"):
            if key in arguments.only:
                bench.run(wanted[key], peers, arguments.rounds)
        for key in workloads.FLAT if "flat" in arguments.only else ():
            bench.run(wanted[key], peers, FLAT_ROUNDS)
    return bench.results


def main() -> int:
    arguments = _arguments()
    if not sys.platform.startswith("linux"):
        print("The benchmark reads /proc and needs Linux.", file=sys.stderr)
        return 2
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    adopt_orphans()
    peers, missing = available(arguments.peers, arguments.work, arguments.python)
    for key, reason in missing.items():
        print(f"{key} is left out: {reason}", file=sys.stderr)
    try:
        about = machine.describe(arguments)
        results = _measure_all(arguments, peers) if set(arguments.only) != {"start"} else []
    except servers.Missing as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if not arguments.keep_data:
            shutil.rmtree(arguments.work / "data", ignore_errors=True)
    started = startup.measure_startup(arguments.python) if "start" in arguments.only else None
    findings = report.Findings(about, missing, Results(results), started)
    report.write(findings, arguments.results, arguments.work / "results.json")
    return 0 if peers and not missing and all(result.is_good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
