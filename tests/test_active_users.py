"""The example `examples/active_users`, as its README says, on a real PostgreSQL and a real MySQL or MariaDB."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from tests.command_line import Ended, Person
from tests.histories import own_database

pytestmark = pytest.mark.slow


EXAMPLE = Path(__file__).parents[1] / "examples" / "active_users"
Row = tuple[str, ...]


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("active_users_data", EXAMPLE / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make_data = _loaded()


class Office:
    """Somebody with the example in a folder, and both databases full."""

    def __init__(self, folder: Path, people: str, lessons: str) -> None:
        self.people = people
        self.plan = make_data.Plan(users=300, lessons=6000, until=datetime.now(ZoneInfo("Asia/Kolkata")).date())
        make_data.fill(people, lessons, self.plan)
        self.person = Person(folder)
        for name in ("reports.yaml", "active_users.sql"):
            shutil.copy(EXAMPLE / name, folder)
        self.person.environment |= {
            "SFR_PEOPLE_TYPE": "sql",
            "SFR_PEOPLE_URL": people,
            "SFR_LESSONS_TYPE": "sql",
            "SFR_LESSONS_URL": lessons,
        }

    def run(self) -> tuple[Ended, str]:
        """How the command ended, and the one file that came of it."""
        ended = self.person.types("reports.yaml")
        (name,) = self.person.files()
        return ended, (self.person.output / name).read_text(encoding="utf-8")

    def expected(self) -> list[Row]:
        """The report, computed in another way: by counting the data as it was made."""
        days = [self.plan.until - timedelta(days=number) for number in range(30, 0, -1)]
        counts = Counter((user, day) for user, _, day in make_data.lessons_of(self.plan))
        active = [user for user in make_data.users_of(self.plan) if user[2] == "active"]
        rows = [
            (str(number), name, str(counts[number, day]), day.isoformat())
            for day in days
            for number, name, _ in active
            if counts[number, day]
        ]
        return rows + [
            (str(number), name, "0", "") for number, name, _ in active if not any(counts[number, day] for day in days)
        ]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with own_database("postgresql") as people, own_database("mysql") as lessons:
        yield Office(tmp_path_factory.mktemp("active_users"), people, lessons)


@pytest.fixture(scope="module")
def answer(office: Office) -> tuple[Ended, str]:
    """One run, which several tests look at."""
    return office.run()


def rows_of(report: str) -> list[Row]:
    return [tuple(row) for row in csv.reader(report.splitlines())]


def test_the_report_is_the_one_that_counting_by_hand_gives(office: Office, answer: tuple[Ended, str]) -> None:
    ended, report = answer
    assert ended.code == 0, ended.stdout + ended.stderr
    header, *rows = rows_of(report)
    assert header == ("user_id", "user_name", "lessons_completed", "completion_date")
    assert rows == office.expected()
    assert max(int(row[2]) for row in rows) >= make_data.DILIGENT_LESSONS > 128


def test_the_days_of_the_report_are_the_thirty_before_today(office: Office, answer: tuple[Ended, str]) -> None:
    until = office.plan.until
    days = [until - timedelta(days=number) for number in range(30, 0, -1)]
    found = [row for row in rows_of(answer[1])[1:] if row[0] in ("2", "4", "5")]
    # The three have lessons on both sides of both borders, so that these days are there and no others.
    assert {row[3] for row in found} <= {day.isoformat() for day in days}
    for number in ("2", "4", "5"):
        assert {days[0].isoformat(), days[-1].isoformat()} <= {row[3] for row in found if row[0] == number}


def test_inactive_users_and_strangers_are_left_out_and_idle_ones_come_once(
    office: Office, answer: tuple[Ended, str]
) -> None:
    ended, report = answer
    rows = rows_of(report)[1:]
    numbers = [int(row[0]) for row in rows]
    assert not [number for number in numbers if number % 10 in (3, 6, 9) or number > office.plan.users]
    assert [row for row in rows if row[0] == "50"] == [("50", "Learner 0000050", "0", "")]
    assert {row[1] for row in rows} >= {"王小明", 'Grace "Amazing" Hopper', "O'Neil", "Curie, Marie", ""}
    assert "of 210 rows" in ended.stdout


def test_without_any_active_user_the_report_is_its_header(office: Office) -> None:
    engine = create_engine(office.people)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mindtickle_users SET active_status = 'inactive'"))
    try:
        ended, report = office.run()
    finally:
        with engine.begin() as connection:
            make_data.fill_users(connection, make_data.users_of(office.plan))
        engine.dispose()
    assert (ended.code, report) == (0, "user_id,user_name,lessons_completed,completion_date\n")


def test_an_unknown_source_of_a_lookup_is_told_before_anything_starts(office: Office) -> None:
    ended = office.person.types("reports.yaml", SFR_LESSONS_TYPE="", SFR_LESSONS_URL="")
    assert ended.code == 2
    assert "there is no source 'lessons'" in ended.stdout + ended.stderr
