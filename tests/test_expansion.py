"""Checks what becomes of references that stand for several reports: names, order, failures, and another try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sfr.connector import Listed, Reference, Session
from sfr.demo.behaviours import Csv
from sfr.errors import AuthError, ReportError, TransientError
from sfr.expansion import MOST_TRIES, Expansion
from sfr.interruption import Interruption
from sfr.model import Report, Status
from sfr.progress.plain import PlainProgress
from sfr.session_keeper import SessionKeeper
from sfr.transfer import RetryPolicy
from tests.faults.support import Desk
from tests.installed import install

QUICK = RetryPolicy(first_wait_seconds=0.001, longest_wait_seconds=0.002)
DASHBOARD = Report("Sales.csv", "dashboard/7", "bi", folder="/reports", template="Sales\ndashboard/7", many=True)


class Bi:
    """A source whose dashboard has these charts; `failures` come first, each instead of an answer."""

    def __init__(self, *charts: tuple[str, str], failures: tuple[BaseException, ...] = ()) -> None:
        self.charts, self.failures, self.asked = charts, list(failures), 0

    def expand(self, report: Report) -> Iterator[tuple[Listed, Reference]]:
        self.asked += 1
        for ref, name in self.charts:
            if self.failures:
                raise self.failures.pop(0)
            yield Listed(ref, name), Reference(f"chart/{ref}", (("dashboard", "7"),), {"limit": 5})


class Front:
    """The part of the reception that is asked."""

    def __init__(self, source: Any) -> None:
        self.source = source

    @contextmanager
    def opened(self, name: str, session: Session) -> Iterator[Any]:
        yield self.source


def expanded(source: Any, *reports: Report, lines: list[str] | None = None, signed_in: bool = True) -> list[Report]:
    watcher = PlainProgress((lines if lines is not None else []).append)
    sessions = SessionKeeper(lambda _source, _dead: "session", QUICK, watcher)
    if signed_in:
        sessions.first("bi", Interruption())
    front: Any = Front(source)
    return Expansion(front, sessions, QUICK, watcher, Interruption()).of(reports or [DASHBOARD])


def names(reports: list[Report]) -> list[str]:
    return [report.name for report in reports]


def test_a_dashboard_becomes_its_charts_in_their_order() -> None:
    lines: list[str] = []
    found = expanded(Bi(("1", "By month"), ("2", "By region: EMEA/APAC")), lines=lines)
    assert names(found) == ["Sales - By month.csv", "Sales - By region- EMEA-APAC.csv"]
    first = found[0]
    assert (first.ref, first.params, first.options, first.many) == (
        "chart/1",
        (("dashboard", "7"),),
        {"limit": 5},
        False,
    )
    assert (first.source, first.folder) == ("bi", "/reports")
    assert len({report.template for report in found}) == 2
    assert any("Sales.csv: 2 reports" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{chart.name}.csv", ["By month.csv", "By month (2).csv"]),
        ("{chart.id}_{chart.name}.csv", ["1_By month.csv", "2_by MONTH.csv"]),
        ("all.csv", ["all - By month.csv", "all - by MONTH (2).csv"]),
    ],
)
def test_names_come_from_the_template_and_none_comes_twice(name: str, expected: list[str]) -> None:
    source = Bi(("1", "By month"), ("2", "by MONTH"))
    found = names(expanded(source, Report(name, "d", "bi", many=True)))
    assert [each.casefold() for each in found] == [each.casefold() for each in expected]


def test_what_somebody_named_keeps_its_name_wherever_it_stands() -> None:
    source = Bi(("1", "a"), ("2", "b"))
    board = Report("{chart.name}.csv", "d", "bi", folder="/x", many=True)
    mine, elsewhere = Report("a.csv", "1", "org", folder="/x"), Report("b.csv", "1", "org", folder="/y")
    found = expanded(source, board, mine, elsewhere, board)
    assert names(found) == ["a (2).csv", "b.csv", "a.csv", "b.csv", "a (3).csv", "b (2).csv"]


@pytest.mark.parametrize(
    "error", [ReportError("no such dashboard"), AuthError("dead"), KeyError("x"), SystemExit(3)], ids=repr
)
def test_a_dashboard_that_cannot_be_had_stays_to_fail_by_its_own_name(error: BaseException) -> None:
    other = Report("o.csv", "1", "org")
    source, lines = Bi(("1", "a"), failures=(error,)), list[str]()
    assert expanded(source, DASHBOARD, other, lines=lines) == [DASHBOARD, other]
    assert source.asked == 1
    assert any("Sales.csv: " in line for line in lines)


def test_a_server_out_of_reach_is_asked_some_times_and_no_part_is_taken_twice() -> None:
    away = TransientError("no connection", reason="down")
    source = Bi(("1", "a"), ("2", "b"), failures=(away, away))
    assert names(expanded(source)) == ["Sales - a.csv", "Sales - b.csv"]
    source = Bi(("1", "a"), failures=(away,) * 99)
    assert expanded(source) == [DASHBOARD]
    assert source.asked == MOST_TRIES


@pytest.mark.parametrize("source", [Bi(), object()], ids=["no charts", "no source of several"])
def test_what_stands_for_nothing_stays_as_it_is(source: Any) -> None:
    assert expanded(source) == [DASHBOARD]


def test_without_a_session_nobody_is_asked() -> None:
    source = Bi(("1", "a"))
    assert expanded(source, signed_in=False) == [DASHBOARD]
    assert source.asked == 0


CONNECTOR = '''
import pathlib
from pydantic import BaseModel
from sfr.connector import Listed, Reference
from sfr.errors import ReportError
from sfr.model import Fetched, Proof

class Config(BaseModel):
    url: str = ""

class Boards:
    """Dashboards out of nothing."""
    Config = Config
    def __init__(self, config, tools):
        self.config = config
    @staticmethod
    def read_reference(wanted):
        return Reference(wanted.text, many=wanted.text.startswith("board"))
    def expand(self, report):
        there = pathlib.Path(self.config.url)
        if not there.exists():
            raise ReportError("the dashboard is being rebuilt", reason="not-found")
        for number in there.read_text().split():
            yield Listed(number, f"Chart {number}"), Reference(number)
    def check(self): pass
    def fetch(self, report, into):
        if report.many:
            raise ReportError(f"{report.ref} stands for several reports", reason="many")
        into.write(f"a\\n{report.ref}\\n".encode())
        return Fetched(proof=Proof.LENGTH)
    def abort(self): pass
    def close(self): pass
'''


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, {"org.csv": Csv(rows=20)}) as desk:
        desk.plant("connector_boards", CONNECTOR)
        install(tmp_path / "planted", "sfr-boards", {"boards": "connector_boards:Boards"})
        lines = [f"org.csv,{desk.ids['org.csv']},", "Sales,board/7,boards", "Chart 1.csv,9,boards"]
        text = "\n".join(["name,id,source", *lines, "{chart.name},board/8,boards"]) + "\n"
        (tmp_path / "input" / "sfdc_reports.csv").write_text(text)
        yield desk


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_dashboard_fails_by_its_name_and_failed_expands_it_again(desk: Desk) -> None:
    there = desk.folder / "charts"
    plan = desk.run("--dry-run", SFR_BOARDS_URL=str(there))
    assert plan.code == 0, plan.stderr
    assert "board/7" in plan.stdout
    assert "Chart 2" not in plan.stdout

    first = desk.run(SFR_BOARDS_URL=str(there))
    assert first.code == 1, first.stdout + first.stderr
    outcomes = desk.last_run()[1]
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "org.csv": Status.DONE,
        "Chart 1.csv": Status.DONE,
        "Sales.csv": Status.FAILED,
        "{chart.name}.csv": Status.FAILED,
    }
    assert "the dashboard is being rebuilt" in first.stdout + first.stderr

    there.write_text("2 3")
    again = desk.run("--failed", SFR_BOARDS_URL=str(there))
    assert again.code == 0, again.stdout + again.stderr
    outcomes = desk.last_run()[1]
    charts = ["Chart 2.csv", "Chart 3.csv", "Sales - Chart 2.csv", "Sales - Chart 3.csv"]
    assert sorted(outcomes) == charts
    assert desk.content("Sales - Chart 3.csv") == b"a\n3\n"
    assert "nothing to do" in desk.run("--failed", SFR_BOARDS_URL=str(there)).stdout


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_chart_does_not_take_the_name_of_a_report_of_the_list(desk: Desk) -> None:
    there = desk.folder / "charts"
    there.write_text("1")
    assert desk.run(SFR_BOARDS_URL=str(there)).code == 0
    assert set(desk.last_run()[1]) == {"org.csv", "Chart 1.csv", "Chart 1 (2).csv", "Sales - Chart 1.csv"}
    assert desk.content("Chart 1.csv") == b"a\n9\n"
