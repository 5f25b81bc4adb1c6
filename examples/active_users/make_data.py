"""Makes users and finished lessons, the same ones for the same seed, and puts them into the two databases.

    python make_data.py --users 200000 --lessons 5000000 --days 60 --until 2026-11-21

The addresses of the databases are those of `.env` in this folder, or `--users-url` and `--lessons-url`. What is in the
two tables goes. `--until` is the day of the report: lessons are finished on the `--days` days before it, on that
day, and on the one after it, so that a window with a wrong border shows. Corners that reports stumble over are always
there: names with commas, quotes and other alphabets, inactive users who learn, active users who do not, users whom
only the lessons know, and one who finished 130 lessons on one day.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import Connection, create_engine, make_url, text

HERE = Path(__file__).parent
NAMES = ("Ada Lovelace", "Curie, Marie", 'Grace "Amazing" Hopper', "Zoë Müller", "王小明", "अनिल कुमार", "O'Neil", "")
DILIGENT_USER, DILIGENT_LESSONS = 1, 130
STRANGERS = 5  # users whom only the lessons know
BLOCK = 100_000

User = tuple[int, str, str]
Lesson = tuple[int, int, date]  # user, lesson, day


@dataclass(frozen=True)
class Plan:
    """How much of it, and around which day."""

    users: int = 1_000
    lessons: int = 20_000
    days: int = 60
    until: date = date(2026, 11, 21)
    seed: int = 1


def users_of(plan: Plan) -> Iterator[User]:
    """Seven of ten are active; the first one always is."""
    for number in range(1, plan.users + 1):
        name = NAMES[number % len(NAMES)] if number <= 4 * len(NAMES) else f"Learner {number:07d}"
        yield number, name, "inactive" if number % 10 in (3, 6, 9) else "active"


def lessons_of(plan: Plan) -> Iterator[Lesson]:
    """The lessons that are left over when chance has had its share are the corners. Every 50th user never learns."""
    chance = random.Random(plan.seed)
    days = [plan.until + timedelta(days=number) for number in range(-plan.days, 2)]
    corners = list(_corners(plan))
    learners = [number for number in range(1, plan.users + STRANGERS + 1) if number % 50]
    left = max(plan.lessons - len(corners), 0) if learners else 0
    while left:
        count = min(left, BLOCK)
        left -= count
        lessons = chance.choices(range(1, 500), k=count)
        yield from zip(chance.choices(learners, k=count), lessons, chance.choices(days, k=count), strict=True)
    yield from corners


def _corners(plan: Plan) -> Iterator[Lesson]:
    """One day with many lessons, and the borders of the last thirty days from both sides."""
    if plan.users:
        for lesson in range(DILIGENT_LESSONS):
            yield DILIGENT_USER, lesson, plan.until - timedelta(days=1)
    for user in (2, 4, 5, plan.users + 1):
        for days in (31, 30, 1, 0):
            yield user, 7, plan.until - timedelta(days=days)


def fill_users(connection: Connection, users: Iterable[User]) -> None:
    """Into an empty table, in PostgreSQL's own bulk format."""
    for statement in _statements("users.sql"):
        connection.execute(text(statement))
    connection.execute(text("TRUNCATE mindtickle_users"))
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor().copy("COPY mindtickle_users FROM STDIN (FORMAT csv, FORCE_NOT_NULL (user_name))") as copy:
        for block in _blocks(users):
            copy.write(block)


def fill_lessons(connection: Connection, lessons: Iterable[Lesson]) -> None:
    """Into an empty table, from a file that the server is sent."""
    for statement in _statements("lessons.sql"):
        connection.execute(text(statement))
    connection.execute(text("TRUNCATE lesson_completion"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "lessons.csv")
        with file.open("w", encoding="utf-8", newline="") as written:
            written.writelines(_blocks(lessons))
        load = (
            "LOAD DATA LOCAL INFILE :file INTO TABLE lesson_completion CHARACTER SET utf8mb4 FIELDS TERMINATED BY ','"
            " LINES TERMINATED BY '\\n' (user_id, lesson_id, completion_date)"
        )
        connection.execute(text(load), {"file": file.as_posix()})
    connection.execute(text("ANALYZE TABLE lesson_completion"))


def fill(users_url: str, lessons_url: str, plan: Plan) -> None:
    """Make both tables anew."""
    people = create_engine(make_url(users_url).set(drivername="postgresql+psycopg"))
    with people.begin() as connection:
        fill_users(connection, users_of(plan))
    with people.begin() as connection:
        connection.execute(text("ANALYZE mindtickle_users"))
    people.dispose()
    learning = create_engine(make_url(lessons_url).set(drivername="mysql+pymysql"), connect_args={"local_infile": True})
    with learning.begin() as connection:
        fill_lessons(connection, lessons_of(plan))
    learning.dispose()


def _statements(name: str) -> list[str]:
    lines = [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]


def _blocks(rows: Iterable[User] | Iterable[Lesson]) -> Iterator[str]:
    """Lines of CSV, many at a time."""
    block = io.StringIO()
    write = csv.writer(block, lineterminator="\n").writerow
    for row in rows:
        write(row)
        if block.tell() > 1 << 20:
            yield block.getvalue()
            block.seek(0)
            block.truncate()
    yield block.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=Plan.users)
    parser.add_argument("--lessons", type=int, default=Plan.lessons)
    parser.add_argument("--days", type=int, default=Plan.days)
    parser.add_argument("--until", type=date.fromisoformat, default=date.today())
    parser.add_argument("--seed", type=int, default=Plan.seed)
    written = dotenv_values(HERE / ".env")
    for name, key in (("--users-url", "SFR_PEOPLE_URL"), ("--lessons-url", "SFR_LESSONS_URL")):
        parser.add_argument(name, default=written.get(key), required=written.get(key) is None)
    given = parser.parse_args()
    fill(given.users_url, given.lessons_url, Plan(given.users, given.lessons, given.days, given.until, given.seed))
    print(f"{given.users:,} users and {given.lessons:,} lessons are there")


if __name__ == "__main__":
    main()
