"""Knows what the figures depend on: processor, memory, file system, versions, load at the start."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from peers import CHECKOUT
from servers import nginx_path


def _said(*command: str) -> str:
    """First line a command prints, on either stream; "unknown" when it cannot be asked."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return "unknown"
    if done.returncode:
        return "unknown"
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "")


def _field(path: str, pattern: str) -> str:
    found = re.search(pattern, Path(path).read_text("utf-8"))
    return found[1].strip() if found else "unknown"


def _sfrout_versions(work: Path) -> str:
    names = "pandas", "numpy", "aiohttp"
    code = f"from importlib.metadata import version; print(*(f'{{name}} {{version(name)}}' for name in {names}))"
    return _said(str(work / "sfrout-venv" / "bin" / "python"), "-c", code)


def describe(arguments: argparse.Namespace) -> dict[str, str]:
    """Name → text, in the order it is printed."""
    file_system = _said("stat", "-f", "-c", "%T", str(arguments.scratch or arguments.work))
    memory_kilobytes = int(_field("/proc/meminfo", r"MemTotal:\s*(\d+)"))
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{_field('/proc/cpuinfo', r'model name.*?:(.*)')}, {os.cpu_count()} cores",
        "memory": f"{memory_kilobytes / 1024**2:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}, files on {file_system}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "sfr": f"commit {_said('git', '-C', str(CHECKOUT), 'describe', '--always', '--dirty')}, "
        f"{_said(arguments.python, '--version')}",
        "curl": " ".join(_said("curl", "--version").split()[:2]),
        "sfrout": f"0.0.27 with {_sfrout_versions(arguments.work)}",
        "nginx": _said(nginx_path(), "-v").removeprefix("nginx version: "),
    }
