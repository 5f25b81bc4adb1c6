"""What the command line does about a session: given, refused, missing, kept; nobody can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.demo.behaviours import Csv
from sfr.demo.org import DEMO_SID, OrgProcess
from tests.command_line import Person, report_id

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def org() -> Iterator[OrgProcess]:
    with OrgProcess({report_id(1): Csv(rows=2), report_id(2): Csv(rows=2)}) as org:
        yield org


@pytest.fixture
def person(tmp_path: Path, org: OrgProcess) -> Person:
    found = Person(tmp_path / "desk", org.url)
    found.writes_list(f"sales,{report_id(1)}", f"cases,{report_id(2)}")
    return found


@pytest.mark.parametrize("given", ["environment", "standard input"])
def test_a_session_that_the_org_refuses_needs_a_login(person: Person, given: str) -> None:
    dead = "00D000000000001!dead.session.value"
    if given == "environment":
        ended = person.types(SFR_SID=dead)
    else:
        ended = person.types("--sid-stdin", answer=f"{dead}\n", SFR_SID="")
    assert ended.code == 3
    assert "login needed" in ended.stderr
    assert "dead.session" not in ended.stdout + ended.stderr + person.log()
    results = person.types("history", "last", "--json").json()["results"]
    assert [result["outcome"]["status"] for result in results] == ["skipped", "skipped"]


def test_a_session_of_another_shape_is_a_wrong_setting(person: Person, org: OrgProcess) -> None:
    before = len(org.requests())
    ended = person.types(SFR_SID="junk.value")
    assert (ended.code, ended.stdout) == (2, "")
    assert "SFR_SID" in ended.stderr
    assert "junk.value" not in ended.stderr
    assert person.types("--sid-stdin", answer="", SFR_SID="").code == 2
    assert len(org.requests()) == before


def test_a_session_is_read_from_standard_input(person: Person) -> None:
    assert person.types("--sid-stdin", "--quiet", answer=f"{DEMO_SID}\r\n", SFR_SID="").code == 0
    assert person.files() == ["cases.csv", "sales.csv"]


def test_check_shows_each_place_and_whether_a_session_is_there(person: Person) -> None:
    there = person.types("check")
    assert there.code == 0
    assert "1. SFR_SID" in there.stdout
    assert "a session is there" in there.stdout
    missing = person.types("check", SFR_SID="")
    assert missing.code == 3
    assert "keyring" in missing.stdout
    assert "disabled" in missing.stdout


def test_login_without_anybody_to_ask_ends_at_once(person: Person) -> None:
    for arguments in (("login",), ("login", "--no-login"), ("--scheduled",)):
        ended = person.types(*arguments, SFR_SID="", SFR_LOGIN="")
        assert ended.code == 3, ended
        assert "`python main.py login`" in ended.stderr


def test_logout_without_a_keyring_says_so(person: Person) -> None:
    ended = person.types("logout", "--all")
    assert ended.code == 0
    assert "the session of 127.0.0.1" in ended.stdout
