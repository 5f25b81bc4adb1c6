"""A program that does a run's work in one process, again and again, and is killed in it at the step it is told.

Each line that it reads is an order, each line that it writes says how far that came. The work is done in a forked
child, so that it costs no start of Python.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
import pickle
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sfr import plugins
from sfr.app import App
from sfr.atomic import sync_folders_of
from sfr.catalog import read_list
from sfr.cli.terminal import Terminal
from sfr.connector import Session, Tools
from sfr.history import History
from sfr.model import Job, Report, Run
from sfr.pool.places import Shelves
from sfr.pool.worker import Setup
from sfr.pool_plan import plan_pool
from sfr.reception import Reception
from sfr.settings import Settings, load_settings
from sfr.staging import sweep
from sfr.transfer import RetryPolicy, Transfer
from tests.faults import server_steps
from tests.faults.deadly_steps import Steps
from tests.surroundings import Room

LIST = Path("input/list.yaml")
WAREHOUSE = os.environ.get("SFR_WAREHOUSE_URL", "")
DRIVERS = {
    "postgresql": ("psycopg", "sfr.destinations.table.postgresql"),
    "mysql+pymysql": ("pymysql", "sfr.destinations.table.mysql"),
}
AHEAD = (  # so that the children need not
    *(
        "pandas",
        "pyarrow.parquet",
        "boto3",
        "s3transfer.manager",
        "sqlalchemy.dialects.sqlite",
        "sfr.conversion.parquet",
    ),
    *("sfr.destinations.s3.destination", "sfr.destinations.table.destination", "sfr.destinations.table.sqlite"),
)


class Counting:
    """Writes the steps of this process into `shown`, a line each, which its parent sees, and ends it at step `last`."""

    def __init__(self, shown: mmap.mmap, last: int | None) -> None:
        self._shown, self._last, self._steps = shown, last, 0

    def __call__(self, name: str) -> None:
        self._steps += 1
        self._shown.write(f"{name}\n".encode())
        if self._steps == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    settings = load_settings()
    for module in (*AHEAD, *DRIVERS.get(urlsplit(WAREHOUSE).scheme, ())):
        import_module(module)
    setup_of(settings, read_list(LIST, settings, App(settings, Terminal(silent=True)).now(), lambda _text: None))
    for line in sys.stdin:
        order = json.loads(line)
        shown = mmap.mmap(-1, 1 << 20)
        child = os.fork()
        if child == 0:
            sys.stdout = sys.stderr
            try:
                work(settings, order, shown)
            finally:
                os._exit(1)  # an exception was told already
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": status, "steps": shown[:].rstrip(b"\0").decode().splitlines()}), flush=True)


def work(settings: Settings, order: dict[str, Any], shown: mmap.mmap) -> None:
    """What a run does between its lock and its last word, with its workers' part in this process."""
    app = App(settings, Terminal(silent=True))
    if order["failed"]:
        _, reports = app.unfinished(unverified=False)
    else:
        reports = read_list(LIST, settings, app.now(), lambda _text: None)
    setup = setup_of(settings, reports)
    for folder in (settings.output.absolute(), Path(os.environ["SFR_ARCHIVE_DIRECTORY"]), setup.private / "staging"):
        sweep(folder, ours=folder.is_relative_to(settings.output.absolute()))
    failed = 0
    counting = Counting(shown, order["last"])
    if WAREHOUSE.startswith("sqlite"):
        Steps(str(Path.cwd()), counting).begin()
    else:
        server_steps.hear(WAREHOUSE, counting)
    with app.history() as history:
        run = Run(order["run"], time.time(), output=str(settings.output))
        history.add_run(run, reports)
        for job in history.claim(run.id, 10, 900.0, time.time()):
            failed += not finished(history, setup, job)
        history.finish_run(run.id, int(bool(failed)), time.time())
    os._exit(int(bool(failed)))


def setup_of(settings: Settings, reports: list[Report]) -> Setup:
    reception = Reception(settings, Terminal(silent=True))
    reception.expect(dict.fromkeys(report.source for report in reports))
    return plan_pool(settings, reception, reports, RetryPolicy()).setup


def finished(history: History, setup: Setup, job: Job) -> bool:
    """Do one job and write down how it ended, as the engine does."""
    kind, packed = setup.sources[job.report.source]
    source = plugins.source_class(kind)(pickle.loads(packed), Tools(job.report.source, lambda: Session("", 1)))
    shelves = Shelves(setup, os.getpid()).of(job)
    outcome = Transfer(job, source, shelves, RetryPolicy(max_attempts=1), Room(), private=setup.private).run()
    if outcome.error:
        print(f"{job.report.name}: {outcome.error}", file=sys.stderr)
    sync_folders_of(each.location for each in outcome.deliveries if "://" not in each.location)
    history.settle([outcome])
    return not outcome.error


if __name__ == "__main__":
    main()
