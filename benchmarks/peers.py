"""Knows the tools that are compared: how each is installed, how it is called, and what file it should leave."""

from __future__ import annotations

import csv
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import check
from servers import Missing
from workloads import FLAT, Report, Workload

CHECKOUT = Path(__file__).resolve().parent.parent
SFROUT = "sfrout==0.0.27"


@dataclass(frozen=True)
class Order:
    """What a tool is asked: these reports, from there, into that folder. `work` is for its lists and settings."""

    workload: Workload
    url: str
    output: Path
    work: Path
    sid: str = field(repr=False)


@dataclass(frozen=True)
class Call:
    """A command line and what to add to the environment."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Peer:
    """A tool in one setting. `key` is what `--peers` selects, `is_right` tells whether the file of a report is."""

    key: str
    name: str
    workloads: tuple[str, ...]
    call: Callable[[Order], Call]
    is_right: Callable[[Path, Report], bool]


def made_up_sid() -> str:
    """A value of the right shape, new for every run, so that nothing in the repository looks like a session."""
    return f"00D5e000000{'0' * 4}!{secrets.token_hex(48)}"


def environment_with(additions: dict[str, str]) -> dict[str, str]:
    """Ours without what could change a tool's behaviour: proxies, and settings of a real sfr."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("SFR_", "SFDC_", "REPORT_", "FINAL_REPORT_"))
    }
    return ours | additions


def _report_list(order: Order) -> Path:
    path = order.work / "reports.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["report_file_name", "report_id", "report_path", "optional_export_params"])
        writer.writerows([report.name, report.id, "", ""] for report in order.workload.reports)
    return path


def curl_path() -> str:
    found = shutil.which("curl")
    if found is None:
        raise Missing("curl is missing. Install it (Debian: apt-get install curl).")
    return found


def _curl(in_flight: int, *more: str) -> Callable[[Order], Call]:
    def call(order: Order) -> Call:
        path = order.work / "curl.conf"
        lines = [f'header = "Cookie: sid={order.sid}"']
        for report in order.workload.reports:
            lines.append(f'url = "{order.url}/{report.id}?isdtp=p1&export=1&enc=UTF-8&xf=csv"')
            lines.append(f'output = "{order.output / report.name}.csv"')
        path.write_text("\n".join(lines), "utf-8")
        options = ["--disable", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", str(in_flight)]
        return Call([curl_path(), *options, *more, "--config", str(path)])

    return call


def sfrout_python(work: Path) -> Path:
    """The interpreter of sfrout's own virtual environment, made at the first call.

    Raises Missing when Python 3.11 or the package index is not there. pandas 1.5 has no wheel for a later Python,
    and numpy 2 breaks it, which sfrout's own requirements do not say.
    """
    python = work / "sfrout-venv" / "bin" / "python"
    if (work / "sfrout-venv" / "ready").exists():
        return python
    base = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if base is None:
        raise Missing("sfrout needs Python 3.11, and there is no python3.11 on the PATH.")
    print(f"Installing {SFROUT} in its own virtual environment …", flush=True)
    shutil.rmtree(work / "sfrout-venv", ignore_errors=True)
    for command in (
        [base, "-m", "venv", str(work / "sfrout-venv")],
        [str(python), "-m", "pip", "install", "--quiet", SFROUT, "pandas~=1.5.3", "numpy<2"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"sfrout could not be installed: {done.stderr.strip()[-300:]}")
    (work / "sfrout-venv" / "ready").touch()
    return python


def _sfrout(python: Path) -> Callable[[Order], Call]:
    def call(order: Order) -> Call:
        shim = Path(__file__).with_name("sfrout_peer.py")
        command = [str(python), str(shim), f"{order.url}/", str(_report_list(order)), "--path", str(order.output)]
        return Call(command, {"BENCHMARK_SID": order.sid})

    return call


def _sfr(python: str, in_flight: int | None) -> Callable[[Order], Call]:
    def call(order: Order) -> Call:
        command = [
            python,
            str(CHECKOUT / "main.py"),
            str(_report_list(order)),
            "--quiet",
            "--output",
            str(order.output),
        ]
        if in_flight is not None:
            command += ["--concurrency", str(in_flight)]
        return Call(command, {"SFDC_DOMAIN": order.url, "SFR_SID": order.sid})

    return call


def _probe(command: list[str], what: str) -> None:
    """Call once unmeasured: shows whether the tool starts at all, and compiles its modules."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Missing(f"{what} does not start (exit code {done.returncode}): {last}")


def _curls(_: Path, __: str) -> list[Peer]:
    _probe([curl_path(), "--version"], "curl")
    # Without --parallel-immediate curl sends one request alone first, to see whether it can share its connection:
    # two seconds more where the server thinks for two seconds.
    immediate = "--parallel-immediate"
    return [
        Peer("curl", "curl (8 in flight)", ("A", "B", *FLAT), _curl(8), check.is_raw_copy),
        Peer("curl", "curl (8 in flight)", ("C",), _curl(8, immediate), check.is_raw_copy),
        Peer("curl", "curl (100 in flight)", ("C",), _curl(100, immediate), check.is_raw_copy),
    ]


def _sfrs(_: Path, python: str) -> list[Peer]:
    _probe([python, str(CHECKOUT / "main.py"), "--help"], "sfr")
    return [
        Peer("sfr", "sfr", ("A", "B", "C", *FLAT), _sfr(python, None), check.is_body),
        Peer("sfr", "sfr --concurrency 100", ("C",), _sfr(python, 100), check.is_body),
    ]


def _sfrouts(work: Path, _: str) -> list[Peer]:
    python = sfrout_python(work)
    _probe([str(python), "-c", "import sfrout.app.cli"], "sfrout")
    # Not the 1 GB report: by its own growth (about nine times the report) that would need 10 GB.
    return [
        Peer("sfrout", "sfrout (all in flight)", ("A", "B", "C", "F27", "F272"), _sfrout(python), check.has_right_rows)
    ]


KINDS: dict[str, Callable[[Path, str], list[Peer]]] = {"curl": _curls, "sfr": _sfrs, "sfrout": _sfrouts}


def available(keys: list[str], work: Path, python: str) -> tuple[list[Peer], dict[str, str]]:
    """The tools that start, in the order asked for, and the reasons of those that do not."""
    found: list[Peer] = []
    missing: dict[str, str] = {}
    for key in keys:
        try:
            found += KINDS[key](work, python)
        except (Missing, subprocess.TimeoutExpired) as error:
            missing[key] = str(error)
    return found, missing
