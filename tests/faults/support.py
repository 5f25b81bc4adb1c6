"""A folder in which `python main.py` runs against a real org, and what it leaves there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from sfr.demo.behaviours import Behaviour
from sfr.demo.org import DEMO_SID, OrgProcess
from sfr.history import History
from sfr.model import Outcome, Run
from tests.faults.processes import PATIENCE_SECONDS, Child, Finished, start_main

Reports = Mapping[str, Behaviour | Sequence[Behaviour]]


def report_id(number: int) -> str:
    """A report id of 15 characters."""
    return f"00O5g00000{number:05d}"


def _begun_at(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0


class Desk:
    """A folder with a list of reports, and the org that has them; a context manager.

    `reports` maps file names to behaviours; they get the ids `report_id(1)`, `report_id(2)` … in this order.
    """

    def __init__(self, folder: Path, reports: Reports, **org_options: Any) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.names = list(reports)
        self.ids = {name: report_id(number) for number, name in enumerate(reports, 1)}
        self.org = OrgProcess({self.ids[name]: behaviour for name, behaviour in reports.items()}, **org_options)
        self._children: list[Child] = []
        self.write_list(self.names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        self.org.stop()

    def write_list(self, names: Sequence[str], paths: Mapping[str, str] | None = None) -> None:
        """Make `input/sfdc_reports.csv` of these reports, in this order."""
        lines = [f"{name},{self.ids[name]},{(paths or {}).get(name, '')}" for name in names]
        place = self.folder / "input" / "sfdc_reports.csv"
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n".join(["name,id,path", *lines]) + "\n", encoding="utf-8")

    def environment(self, **changes: str) -> dict[str, str]:
        """What a run gets: nothing of this machine's homes, browsers and keyrings. An empty change takes a name out."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {
            name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if name in os.environ
        }
        mine = {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "LOCALAPPDATA": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".state"),
            "XDG_DATA_HOME": str(home / ".data"),
            "PYTHONPATH": str(self.folder / "planted"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "SFDC_DOMAIN": self.org.url,
            "SFR_SID": DEMO_SID,
            "COLUMNS": "200",
        }
        return {name: value for name, value in {**kept, **mine, **changes}.items() if value}

    def plant(self, module: str, source: str) -> None:
        """Let the runs from now on find a module of the test's; one named `sitecustomize` is imported by itself."""
        place = self.folder / "planted" / f"{module}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(source, encoding="utf-8")

    def start(self, *arguments: str, **changes: str) -> Child:
        """Start `python main.py` with these arguments; `changes` are environment variables."""
        self._children.append(start_main(self.folder, arguments, self.environment(**changes), len(self._children)))
        return self._children[-1]

    def run(self, *arguments: str, seconds: float = PATIENCE_SECONDS, **changes: str) -> Finished:
        """Run `python main.py` to its end."""
        return self.start(*arguments, **changes).wait(seconds)

    def part(self, name: str) -> Path:
        """The file that this report is written to just now: a killed worker's lies about until the run ends."""
        found = sorted(self.output.glob(f".{name}.sfr-*.part"), key=_begun_at)
        return found[-1] if found else self.output / f".{name}.part"

    def parts(self) -> list[str]:
        """The partial files that lie about."""
        return [path.name for path in self.output.rglob(".*.part")]

    def content(self, name: str) -> bytes:
        return (self.output / name).read_bytes()

    def grown(self, name: str, more_than_bytes: int = 0) -> bool:
        """Whether so much of a report has come already."""
        try:
            return self.part(name).stat().st_size > more_than_bytes
        except OSError:
            return False

    def log(self) -> str:
        path = self.output / ".sfr" / "sfr.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def statuses(self) -> dict[str, str]:
        """How the reports of the newest run stand, as another program sees the history; {} before it exists."""
        newest = "select id from sfr_runs order by started_at desc limit 1"
        try:
            with closing(sqlite3.connect(self.output / ".sfr" / "history.db", timeout=10)) as database:
                return dict(database.execute(f"select name, status from sfr_jobs where run_id = ({newest})"))
        except sqlite3.OperationalError:
            return {}

    def last_run(self) -> tuple[Run, dict[str, Outcome]]:
        """The newest run, and its outcomes by file name."""
        history = History(f"sqlite:///{(self.output / '.sfr' / 'history.db').as_posix()}", owner="test")
        with closing(history):
            run = history.last_run()
            assert run is not None
            return run, {result.job.report.name: result.outcome for result in history.results(run.id)}
