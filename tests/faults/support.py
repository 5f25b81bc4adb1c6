"""Starts `python main.py` as a real process in a folder of its own against a real org, and looks at what it leaves."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sfr.demo.behaviours import Behaviour
from sfr.demo.org import DEMO_SID, OrgProcess
from sfr.history import History
from sfr.model import Outcome, Run
from tests.services import require

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0

Reports = Mapping[str, Behaviour | Sequence[Behaviour]]


def until(reached: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Poll until `reached` returns something true, and return that; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.02)
    return found


def report_id(number: int) -> str:
    """A report id of 15 characters."""
    return f"00O5g00000{number:05d}"


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Child:
    """A running `python main.py …`, the leader of a process group, as a terminal would start it."""

    def __init__(self, popen: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self.popen, self._stdout, self._stderr = popen, stdout, stderr
        self.pid = popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(encoding="utf-8")

    @property
    def stdout(self) -> str:
        return self._stdout.read_text(encoding="utf-8")

    def wait(self, seconds: float = PATIENCE_SECONDS) -> Finished:
        """Its end. Fails when it does not end within `seconds`."""
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:.0f} s; {self.stderr[-2000:]}") from None
        return Finished(code, self._stdout.read_text(encoding="utf-8"), self.stderr)

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends the signal to every process of the group."""
        os.killpg(self.pid, signal.SIGINT)

    def end(self) -> None:
        """Clear away whatever is left, for a test that fails."""
        if self.running:
            self.popen.kill()
        self.popen.wait()

    def children(self) -> list[int]:
        """All processes that it started and that live, oldest first."""
        require(Path("/proc/self/stat").exists(), "/proc, to see processes")
        found = [(start, pid) for pid in _pids() for start, parent in _descent(pid) if parent == self.pid]
        return [pid for _, pid in sorted(found)]

    def workers(self) -> list[int]:
        """Its worker processes; the one that they share and multiprocessing's own tracker are not among them."""
        return [pid for pid in self._spawned() if not _listens(pid)]

    def shared(self) -> list[int]:
        """The process that the workers share, once it listens."""
        return [pid for pid in self._spawned() if _listens(pid)]

    def worker_with(self, part: Path) -> int | None:
        """The worker that has this file open."""
        return next((pid for pid in self.workers() if str(part) in _open_files(pid)), None)

    def _spawned(self) -> list[int]:
        return [pid for pid in self.children() if b"spawn_main" in _read(f"/proc/{pid}/cmdline")]


def start_main(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], number: int) -> Child:
    """Start `python main.py` in a folder; what it says goes into `stdout-NUMBER` and `stderr-NUMBER` there."""
    stdout, stderr = folder / f"stdout-{number}", folder / f"stderr-{number}"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        popen = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    return Child(popen, stdout, stderr)


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


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not buried yet does not."""
    return any(True for _ in _descent(pid))


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _descent(pid: int) -> list[tuple[int, int]]:
    """Start time and parent of a process, in a list; an empty one when it has ended (proc_pid_stat(5))."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return [(int(fields[19]), int(fields[1]))] if fields and fields[0] != b"Z" else []


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # it has just ended
        return b""


def _open_files(pid: int) -> set[str]:
    """What the descriptors of a process point to: files by their path, sockets as `socket:[inode]`."""
    found = set()
    with suppress(OSError):  # it has just ended, or closed one
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.add(str(entry.readlink()))
    return found


def _listens(pid: int) -> bool:
    """Whether it accepts connections on a Unix socket, as the sharing process does (flag 0x10000, unix(7))."""
    rows = [row.split() for row in _read("/proc/net/unix").decode().splitlines()[1:]]
    listening = {f"socket:[{row[6]}]" for row in rows if int(row[3], 16) & 0x10000}
    return bool(listening & _open_files(pid))
