"""Holds runs to one exit code for every login that is refused: at a source, at a destination, whatever these are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.faults.office import Office
from tests.histories import own_database
from tests.servers.small_s3 import Fault, SmallS3

pytestmark = pytest.mark.slow

SECRET = "not-the-pass-word"
LIST = """
- name: good
  source: lms
  query: SELECT id FROM users
- name: delivered
  source: lms
  query: SELECT id FROM users
  destination: [folder, {destination: warehouse, path: users}, {destination: lake, path: users.csv}]
"""


@pytest.fixture
def bucket() -> Iterator[SmallS3]:
    with SmallS3() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, bucket: SmallS3) -> Iterator[Office]:
    office = Office(tmp_path / "office", bucket)
    office.write_list(LIST)
    yield office
    office.end()


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a database, with a user that it does not know."""
    with own_database("postgresql") as url:
        yield make_url(url).set(username="nobody", password=SECRET).render_as_string(hide_password=False)


def test_a_table_whose_database_refuses_the_login_ends_the_run_with_3(office: Office, stranger: str) -> None:
    finished = office.run(SFR_WAREHOUSE_URL=stranger)
    assert finished.code == 3, finished.stdout + finished.stderr
    told = office.outcome("delivered.csv")
    assert (told["status"], told["reason"]) == ("failed", "destination-login")
    assert told["remedy"] == "check user and password in the url of its settings"
    assert "login needed. postgresql nobody@" in finished.stderr
    assert "check user and password in the url of its settings. Then `" in finished.stderr
    assert "sfr login" not in finished.stderr
    assert SECRET not in finished.stdout + finished.stderr
    assert office.outcome("good.csv")["status"] == "done"
    assert (office.output / "delivered.csv").exists(), "the other places have got it"


def test_a_bucket_that_refuses_the_keys_ends_the_run_with_3_and_one_without_the_right_with_1(
    office: Office, bucket: SmallS3
) -> None:
    for code, reason, ends in (
        ("InvalidAccessKeyId", "destination-login", 3),
        ("AccessDenied", "no-permission", 1),
    ):
        bucket.faults["PutObject"] = Fault(403, code)
        finished = office.run()
        assert (finished.code, office.outcome("delivered.csv")["reason"]) == (ends, reason), finished.stderr


def test_a_source_whose_database_refuses_the_login_ends_the_run_with_3(office: Office, stranger: str) -> None:
    assert office.run(SFR_LMS_URL=stranger).code == 3


def test_the_check_of_a_destination_that_refuses_the_login_ends_with_3(office: Office, stranger: str) -> None:
    finished = office.run("connectors", "check", "warehouse", SFR_WAREHOUSE_URL=stranger)
    assert finished.code == 3, finished.stdout + finished.stderr
    assert "check user and password" in finished.stdout
