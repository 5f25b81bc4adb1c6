"""The command `credentials`, typed as a person would: what it keeps, says, refuses, and never shows."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import Person
from tests.credential_places import holding, types_at_a_terminal
from tests.servers.files import Asked, FileServer, Reply
from tests.services import require

pytestmark = pytest.mark.slow


SECRET = "hunter2-s3cret-token"
MASTER = "the-master-key-of-this-person"
POSIX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="wants a terminal of Linux")

# Imported by every Python that starts: what it was called with, and what its environment held then.
WITNESS = """
import os, pathlib, sys
text = repr(sys.orig_argv) + repr(sorted(os.environ.items()))
pathlib.Path(os.environ["WITNESSED"], f"{os.getpid()}.txt").write_text(text)
"""


def answer(asked: Asked) -> Reply:
    if asked.headers.get("Authorization") != f"Bearer {SECRET}":
        return Reply(b"no", 401)
    if asked.path == "/told":
        return Reply(f"wrong: {SECRET}".encode(), 400, {"Content-Type": "text/plain"})
    return Reply(b"id,name\n1,Anna\n", headers={"Content-Type": "text/csv"})


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(good=answer, told=answer) as server:
        yield server


@pytest.fixture
def person(tmp_path: Path, server: FileServer) -> Person:
    found = Person(tmp_path / "desk")
    found.environment |= {"SFR_FILES_TYPE": "link", "SFR_FILES_URL": server.url}
    return found


def keep(person: Person, **changes: str) -> None:
    ended = person.types("credentials", "set", "files.bearer_token", "--stdin", answer=f"{SECRET}\r\n", **changes)
    assert ended.code == 0, ended


def test_a_kept_secret_opens_the_source_and_is_written_nowhere(person: Person, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "witnessed").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITNESS, encoding="utf-8")
    person.environment |= {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), person.environment["PYTHONPATH"]]),
        "WITNESSED": str(tmp_path / "witnessed"),
        "FINAL_REPORT_PATH": "final.csv",
    }
    keep(person)
    list_file = person.folder / "list.csv"
    list_file.write_text("name,id,source\ngood,good,files\ntold,told,files\n", encoding="utf-8")
    ended = person.types(str(list_file), "--max-attempts", "1", "--json")
    results = {each["report"]["name"]: each for each in ended.json()["results"]}
    assert results["good.csv"]["status"] == "done", ended
    assert results["told.csv"]["status"] == "failed"
    said = [ended, person.types("history", "last"), person.types("credentials", "list", "--json")]
    assert SECRET not in "".join(each.stdout + each.stderr for each in said)
    assert holding(tmp_path, SECRET) == []
    assert len(list((tmp_path / "witnessed").iterdir())) >= 3


def test_kept_values_are_listed_tried_and_removed(person: Person) -> None:
    assert "nothing is kept yet" in person.types("credentials", "list").stdout
    keep(person)
    (listed,) = person.types("credentials", "list", "--json").json()
    assert (listed["name"], listed["store"]) == ("files.bearer_token", "encrypted file")
    assert listed["for"] == f"link {person.environment['SFR_FILES_URL']}"
    assert "files.bearer_token  encrypted file" in person.types("credentials", "list").stdout
    tried = person.types("credentials", "check")
    assert (tried.code, tried.stdout.split()) == (0, ["ok", "files.bearer_token", "encrypted", "file"])
    wrong = person.types("credentials", "remove", "files.bearer_tokn")
    assert (wrong.code, "Did you mean files.bearer_token?" in wrong.stderr) == (2, True)
    assert person.types("credentials", "remove", "files.bearer_token").code == 0
    gone = person.types("credentials", "remove", "files.bearer_token")
    assert (gone.code, "Nothing is kept." in gone.stderr) == (2, True)


def test_a_wrong_master_key_is_told_before_anything_starts(person: Person) -> None:
    keep(person, SFR_MASTER_KEY=MASTER)
    (person.folder / "list.csv").write_text("name,id,source\ngood,good,files\n", encoding="utf-8")
    person.environment["SFR_MASTER_KEY"] = "another-key-that-is-long-enough"
    for command in (["list.csv"], ["list.csv", "--dry-run"], ["credentials", "check"]):
        ended = person.types(*command)
        assert ended.code == 2
        assert "files.bearer_token cannot be read" in ended.stderr
        assert "SFR_MASTER_KEY" in ended.stderr
        assert MASTER not in ended.stdout + ended.stderr
    assert json.loads(person.types("credentials", "check", "--json").stdout)[0]["ok"] is False
    assert person.types("list.csv", SFR_FILES_BEARER_TOKEN=SECRET).code == 0


def test_the_key_is_changed_with_the_old_one_on_standard_input(person: Person) -> None:
    keep(person, SFR_MASTER_KEY=MASTER)
    person.environment["SFR_MASTER_KEY"] = "another-key-that-is-long-enough"
    assert person.types("credentials", "rotate", "--stdin", answer="not-the-old-key-of-all\n").code == 2
    ended = person.types("credentials", "rotate", "--stdin", answer=f"{MASTER}\n")
    assert (ended.code, ended.stdout) == (0, "1 value is sealed anew; the key: SFR_MASTER_KEY\n")
    assert person.types("credentials", "check").code == 0
    assert person.types("credentials", "rotate").code == 2


def test_what_counts_is_said_where_a_value_stands_in_two_places(person: Person) -> None:
    (person.folder / ".env").write_text("SFR_FILES_BEARER_TOKEN=older\n", encoding="utf-8")
    ended = person.types("credentials", "set", "files.bearer_token", "--stdin", answer=SECRET)
    assert "SFR_FILES_BEARER_TOKEN in .env is not used any more" in ended.stderr
    ended = person.types(
        "credentials", "set", "files.bearer_token", "--stdin", answer=SECRET, SFR_FILES_BEARER_TOKEN="x"
    )
    assert "is in the environment, and that counts" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("set",), "", "which one?"),
        (("set", "files.bearer_token", SECRET), "", "never given on the command line"),
        (("set", f"files.bearer_token={SECRET}"), "", "no name of a secret"),
        (("set", "files.bearer_token"), SECRET, "nobody can be asked here"),
        (("set", "files.bearer_token", "--stdin"), "\n", "nothing was given"),
        (("set", "files.url", "--stdin"), SECRET, "no secret"),
        (("list", "files"), "", "too many words"),
        (("rotate",), "", "there is no encrypted file"),
    ],
)
def test_misuse_ends_with_2_keeps_nothing_and_repeats_no_secret(
    person: Person, arguments: tuple[str, ...], given: str, said: str
) -> None:
    ended = person.types("credentials", *arguments, answer=given)
    assert (ended.code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert SECRET not in ended.stderr
    assert holding(person.folder, SECRET) == []
    assert person.types("credentials", "list", "--json").json() == []


def test_bytes_that_are_no_text_are_refused(person: Person) -> None:
    ended = person.types(
        "credentials", "set", "files.bearer_token", "--stdin", answer="é", PYTHONIOENCODING="iso-8859-1"
    )
    assert (ended.code, "no UTF-8" in ended.stderr) == (2, True)


@POSIX
def test_a_value_is_asked_for_at_a_terminal_and_not_shown(person: Person) -> None:
    require(shutil.which("setsid") is not None, "setsid (Debian: util-linux)")
    ended = types_at_a_terminal(person, "credentials", "set", "files.bearer_token", answer=SECRET)
    assert ended.code == 0, ended
    assert "files.bearer_token (not shown): " in ended.stdout
    assert "is kept in the encrypted file" in ended.stdout
    assert SECRET not in ended.stdout
    assert person.types("connectors", "check", "files").code in (0, 1)  # its address has no page of its own
    assert holding(person.folder, SECRET) == []


@POSIX
def test_an_empty_answer_changes_nothing(person: Person) -> None:
    require(shutil.which("setsid") is not None, "setsid (Debian: util-linux)")
    ended = types_at_a_terminal(person, "credentials", "set", "files.bearer_token", answer="")
    assert (ended.code, "nothing was given" in ended.stdout) == (2, True)
    assert person.types("credentials", "list", "--json").json() == []
