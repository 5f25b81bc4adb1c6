"""A program that fetches many tiny reports and prints what that cost: memory of its processes, SQL statements."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sfr
from sfr.model import Report, Result, Run, Snapshot

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STEP = 500


class Meter:
    """A Watcher that looks at memory and statements after 100 reports, and then after each `STEP`."""

    def __init__(self) -> None:
        self.settled_reports = self.statements = 0
        self.marks: list[dict[str, Any]] = []

    def count_statement(self, *_: object) -> None:
        self.statements += 1

    def settled(self, result: Result) -> None:
        self.settled_reports += 1
        if self.settled_reports == 100 or self.settled_reports % STEP == 0:
            self.mark()

    def mark(self) -> None:
        self.marks.append(
            {"reports": self.settled_reports, "statements": self.statements, "kilobytes": [*map(resident, family())]}
        )

    def begin(self, run: Run, names: dict[str, str]) -> None: ...
    def update(self, running: Sequence[Snapshot]) -> None: ...
    def notice(self, text: str) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def end(self) -> None: ...


def family() -> list[int]:
    """This process and its children, oldest first."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [os.getpid(), *map(int, children)]


def resident(pid: int) -> int:
    """Resident memory of a process in kilobytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES // 1000


def main(url: str, output: str, count: int) -> None:
    """Fetch and print the marks as JSON; the last one is taken after the summary was written."""
    from sqlalchemy import Engine, event

    meter = Meter()
    event.listen(Engine, "before_cursor_execute", meter.count_statement)
    reports = [Report(name=f"report{number:05d}.csv", ref=f"00O5g00000{number:05d}") for number in range(count)]
    result = sfr.run(reports, domain=url, session=os.environ["TEST_SESSION"], watcher=meter, output=output)
    meter.mark()
    json.dump({"exit_code": result.exit_code, "marks": meter.marks}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
