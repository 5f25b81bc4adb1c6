"""What `history links` says of links that are of no use any more: the file was replaced, or their time is over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.command_line import Person
from tests.servers.small_s3 import SmallS3

pytestmark = pytest.mark.slow


REPLACED = "! another file has taken its place since, and the link leads to that one"
REPORT = {"name": "users", "source": "lms", "query": "SELECT id FROM users", "destination": ["lake"]}


@pytest.fixture
def bucket() -> Iterator[SmallS3]:
    with SmallS3() as server:
        yield server


@pytest.fixture
def person(tmp_path: Path, bucket: SmallS3) -> Person:
    """Somebody whose list has a report of a database, which goes into a bucket."""
    someone = Person(tmp_path / "home")
    someone.environment |= {
        "SFR_LMS_TYPE": "sql",
        "SFR_LMS_URL": "sqlite:///lms.db",
        "SFR_LAKE_TYPE": "s3",
        "SFR_LAKE_BUCKET": "reports",
        "SFR_LAKE_ENDPOINT_URL": bucket.url,
        "SFR_LAKE_ACCESS_KEY_ID": "AKIAOFTHETESTS000001",
        "SFR_LAKE_SECRET_ACCESS_KEY": "a-secret-of-the-tests/+1",
    }
    (someone.folder / "input").mkdir()
    (someone.folder / "input" / "reports.json").write_text(json.dumps([REPORT]), encoding="utf-8")
    return someone


def run(person: Person, user: int) -> str:
    """Deliver the report with one user; returns the run's id."""
    with closing(sqlite3.connect(person.folder / "lms.db")) as database:
        database.executescript(
            f"DROP TABLE IF EXISTS users; CREATE TABLE users (id); INSERT INTO users VALUES ({user})"
        )
    ended = person.types("--json")
    assert ended.code == 0, ended.stderr
    return str(ended.json()["run"]["id"])


def test_links_to_a_file_that_a_later_run_has_replaced_say_so(person: Person) -> None:
    older = run(person, 1)
    assert "!" not in person.types("history", "links", older).stdout
    newer = run(person, 2)
    assert REPLACED in person.types("history", "links", older).stdout
    (told,) = person.types("history", "links", older, "--json").json()
    assert f"! {told['warnings'][0]}" == REPLACED
    assert REPLACED in person.types("history", "links", older, "--renew").stdout
    assert "!" not in person.types("history", "links", newer).stdout


def test_a_renewed_link_to_what_another_program_has_put_there_says_so(person: Person, bucket: SmallS3) -> None:
    only = run(person, 1)
    stored = bucket.objects["users.csv"]
    stored.content = b"something else"
    stored.headers = {name: value for name, value in stored.headers.items() if "meta" not in name.lower()}
    assert REPLACED in person.types("history", "links", only, "--renew").stdout


def test_a_link_whose_time_is_over_is_not_shown_as_a_good_one(person: Person) -> None:
    person.environment["SFR_LAKE_LINK_SECONDS"] = "604800"
    only = run(person, 1)
    assert "(until " in person.types("history", "links", only).stdout
    with closing(sqlite3.connect(person.output / ".sfr" / "history.db")) as history, history:
        changed = "UPDATE sfr_jobs SET deliveries = json_set(deliveries, '$[0].link_expires_at', 1000000000.0)"
        history.execute(changed)
    for command in (("history", "links", only), ("history", only)):
        shown = person.types(*command).stdout
        assert "(ended 2001-09-09" in shown
        assert "(until " not in shown
