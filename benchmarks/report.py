"""Knows how results are shown: a line while it runs, and results.md and results.json at the end."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from results import Result, Results
from startup import Startup
from targets import Target, targets
from workloads import TITLES

MEGABYTE = 1_000_000
COSTS = ("wall s", "min–max", "× curl", "× sfrout", "CPU s", "PSS MB", "RSS MB", "processes")
HEADINGS = ("tool", *COSTS, "right", "exit")


@dataclass(frozen=True)
class Findings:
    """All that one run of the benchmark found out; `missing` are tools that did not start, with the reason."""

    about: dict[str, str]
    missing: dict[str, str]
    results: Results
    startup: Startup | None


def line_of(result: Result) -> str:
    """One result as a line for the terminal, with the tool's last words when something was wrong."""
    cost = result.cost
    line = (
        f"  {result.round}. {result.peer:<23} {cost.wall_seconds:8.2f} s  CPU {cost.cpu_seconds:7.2f} s  "
        f"PSS {cost.peak_pss_bytes / MEGABYTE:7.0f} MB  RSS {cost.peak_rss_bytes / MEGABYTE:7.0f} MB  "
        f"{result.right}/{result.total} right  exit {cost.exit_code}"
    )
    if cost.timed_out:
        line += "  TIMED OUT"
    if cost.left_behind:
        line += f"  {cost.left_behind} PROCESSES LEFT BEHIND"
    if result.is_good:
        return line
    return f"{line}\n     last words: {result.last_words or 'none'}"


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _row(results: Results, workload: str, peer: str) -> list[str]:
    """Medians over all rounds, good or not: a row with wrong files says so in its last two columns."""
    own = results.of(workload, peer)
    walls = [result.cost.wall_seconds for result in own]
    exits = sorted({"timed out" if result.cost.timed_out else str(result.cost.exit_code) for result in own})
    return [
        peer,
        _number(statistics.median(walls)),
        f"{min(walls):.2f}–{max(walls):.2f}",
        _number(results.ratio(workload, peer, "curl (8 in flight)")),
        _number(results.ratio(workload, peer, "sfrout (all in flight)"), 3),
        _number(statistics.median(result.cost.cpu_seconds for result in own)),
        _number(statistics.median(result.cost.peak_pss_bytes for result in own) / MEGABYTE, 0),
        _number(statistics.median(result.cost.peak_rss_bytes for result in own) / MEGABYTE, 0),
        str(max(result.cost.peak_processes for result in own)),
        f"{min(result.right for result in own)}/{own[0].total}",
        ", ".join(exits),
    ]


def _table(headings: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "|---" + "|---:" * (len(headings) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _workload_section(results: Results, workload: str) -> Iterator[str]:
    peers = results.peers(workload)
    rounds = max(result.round for result in results.all if result.workload == workload)
    yield f"\n## {workload}: {TITLES[workload]}\n"
    yield f"Rounds: {rounds}; medians. A ratio is the median of the rounds' ratios, where both had the right files.\n"
    yield from _table(HEADINGS, [_row(results, workload, peer) for peer in peers])
    wrong = [result for peer in peers for result in results.of(workload, peer) if not result.is_good]
    for result in wrong:
        yield f"\nNot good: {result.peer}, round {result.round}, last words: `{result.last_words or 'none'}`"


def _target_section(found: list[Target]) -> Iterator[str]:
    if not found:
        return
    yield "\n## Targets\n"
    rows = [[target.text, _number(target.value), _number(target.limit), target.verdict] for target in found]
    yield from _table(("target", "measured", "limit", "verdict"), rows)


def _startup_section(started: Startup | None) -> Iterator[str]:
    if started is None:
        return
    yield "\n## Start-up\n"
    if started.exit_code:
        yield f"`main.py --help` failed with exit code {started.exit_code}."
        return
    yield (
        f"`main.py --help` {started.help_seconds:.3f} s, `import requests` {started.import_seconds:.3f} s, "
        f"ratio {started.ratio:.2f} (10 runs in turns, medians)."
    )


def _lines(findings: Findings) -> Iterator[str]:
    results = findings.results
    yield "# Benchmark results\n"
    yield "Written by `python benchmarks/run.py`; what is measured, and how, is in [README.md](README.md).\n"
    yield from (f"- {name}: {text}" for name, text in findings.about.items())
    for key, reason in findings.missing.items():
        yield f"\n**{key} was left out:** {reason}"
    yield from _target_section(targets(results, findings.startup))
    for workload in dict.fromkeys(result.workload for result in results.all):
        yield from _workload_section(results, workload)
    yield from _startup_section(findings.startup)


def write(findings: Findings, markdown: Path, raw: Path) -> None:
    """Print the report, write it to `markdown`, and every single measurement to `raw` as JSON."""
    text = "\n".join(_lines(findings)) + "\n"
    print("\n" + text)
    markdown.write_text(text, "utf-8")
    content = {
        "about": findings.about,
        "missing": findings.missing,
        "results": [asdict(result) for result in findings.results.all],
        "startup": asdict(findings.startup) if findings.startup else None,
    }
    raw.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
