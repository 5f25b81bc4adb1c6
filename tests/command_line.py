"""Types commands as a person would: real processes in a folder of their own, free of this machine's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfr.demo.org import DEMO_SID
from sfr.sources.salesforce.ids import checksum

ROOT = Path(__file__).parents[1]
MAIN = (sys.executable, str(ROOT / "main.py"))
MODULE = (sys.executable, "-m", "sfr")
PATIENCE_SECONDS = 60

_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PATHEXT", "COMSPEC", "VIRTUAL_ENV")


def report_id(number: int) -> str:
    """A report id of 18 characters."""
    body = f"00O5g00000Cli{number:02d}"
    return body + checksum(body)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


class Person:
    """Somebody in `folder` whose environment names the org and the session; nobody reads along at a terminal."""

    def __init__(self, folder: Path, domain: str = "") -> None:
        self.folder = folder
        self.output = folder / "output"
        home = folder / "home"
        home.mkdir(parents=True)
        self.environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "LOCALAPPDATA": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".state"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "160",
            "SFR_PROCESSES": "1",
            "SFR_LOGIN": "no",
            "SFDC_DOMAIN": domain,
            "SFR_SID": DEMO_SID if domain else "",
        }

    def types(self, *arguments: str, program: Iterable[str] = MAIN, answer: str = "", **changes: str) -> Ended:
        """Run a command to its end; `answer` is its standard input, `changes` environment variables ("" takes away)."""
        environment = {name: value for name, value in (self.environment | changes).items() if value}
        done = subprocess.run(
            [*program, *arguments],
            cwd=self.folder,
            env=environment,
            input=answer,
            capture_output=True,
            encoding=environment["PYTHONIOENCODING"],
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def writes_list(self, *lines: str, place: str = "input/sfdc_reports.csv") -> Path:
        """Write a list with these lines below the header."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["name,id,path,params,tags,min_rows", *lines]) + "\n", encoding="utf-8")
        return path

    def files(self) -> list[str]:
        """The names of the reports that have arrived."""
        return sorted(path.name for path in self.output.rglob("*.csv"))

    def log(self) -> str:
        return (self.output / ".sfr" / "sfr.log").read_text(encoding="utf-8")
