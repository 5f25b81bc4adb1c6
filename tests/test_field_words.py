"""What a person reads when lists, servers or surroundings are odd: one clear line that does no harm to a terminal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfr.catalog import read_list
from sfr.errors import ConfigError, TransientError
from sfr.history import History
from sfr.http import Client, Timeouts
from sfr.redaction import RedactingFormatter
from sfr.settings import default_settings
from sfr.transfer import RetryPolicy
from tests.command_line import ROOT, Person, report_id
from tests.surroundings import Room, transfer
from tests.wire import Wire

NOW = datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
TITLE_COMMAND = "\x1b]0;owned\x07"


def refusal(tmp_path: Path, content: bytes) -> ConfigError:
    """What is said about a list of these bytes."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_list(path, default_settings(), NOW)
    return caught.value


@pytest.mark.parametrize("content", [b"", b"\n\n", b"name,id\n"])
def test_a_list_without_reports_is_to_be_filled_not_saved_again(tmp_path: Path, content: bytes) -> None:
    assert "a line for each report" in refusal(tmp_path, content).remedy


@pytest.mark.parametrize(
    "content", ["name,id\na,b\n".encode("utf-16-le"), "name,id\na,b\n".encode("utf-32"), b"\x89PNG\r\n\x1a\n\0\0\0\x0d"]
)
def test_a_list_that_is_no_text_is_not_taken_for_one_with_missing_columns(tmp_path: Path, content: bytes) -> None:
    assert "this is no text" in refusal(tmp_path, content).message


def test_a_list_that_is_a_folder_comes_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_list(tmp_path, default_settings(), NOW)
    assert caught.value.remedy == "Name a CSV file that your account may read."


def test_commands_to_the_terminal_in_a_list_are_not_passed_on_to_it(tmp_path: Path) -> None:
    person = Person(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "list.csv").write_text(f"name,id\n{TITLE_COMMAND}x,{report_id(1)}\n", encoding="utf-8")
    ended = person.types("list.csv")
    assert ended.code == 2
    assert "control character U+001B" in ended.stderr
    assert not {"\x1b", "\x07"} & set(ended.stderr + ended.stdout)
    assert b"\x1b" not in (person.output / ".sfr" / "sfr.log").read_bytes()


def test_a_log_line_holds_no_commands_to_a_terminal_and_keeps_its_traceback_lines() -> None:
    record = logging.LogRecord("sfr", logging.INFO, __file__, 1, f"{TITLE_COMMAND}a\nb\tc\x9b2J", None, None)
    assert RedactingFormatter("%(message)s").format(record) == "]0;owneda\nb\tc2J"


def test_an_answer_that_is_no_http_is_told_in_one_harmless_line() -> None:
    with (
        Wire(f"{TITLE_COMMAND}hello\r\n\r\n".encode()) as wire,
        closing(Client(Timeouts(connect_seconds=5, read_seconds=5))) as client,
        pytest.raises(TransientError) as caught,
    ):
        client.request("GET", wire.url)
    assert caught.value.message.isprintable()
    assert "owned" in caught.value.message


def test_a_refused_connection_is_told_without_our_own_class_names() -> None:
    with closing(Client(Timeouts(connect_seconds=5))) as client, pytest.raises(TransientError) as caught:
        client.request("GET", "http://127.0.0.1:9/")
    assert "Noting" not in caught.value.message
    assert "refused" in caught.value.message.lower()


def test_without_any_standard_input_a_session_is_missing_and_nothing_breaks(tmp_path: Path) -> None:
    person = Person(tmp_path, "http://127.0.0.1:9")
    code = "import sys; sys.stdin = None; from sfr.__main__ import main; sys.exit(main())"
    ended = person.types("--sid-stdin", program=(sys.executable, "-c", code))
    assert ended.code == 2
    assert "nothing came on standard input" in ended.stderr


class PausedRoom(Room):
    """Where the server has asked everybody to wait for an hour."""

    def enter(self, source: str) -> float:
        return 3600.0


def test_a_deadline_within_a_pause_of_the_server_says_so(tmp_path: Path) -> None:
    policy = RetryPolicy(deadline_at=datetime.now(UTC).timestamp() + 60)
    outcome = transfer("http://127.0.0.1:9", tmp_path, PausedRoom(), policy)
    assert (outcome.reason, outcome.attempts) == ("deadline", ())
    assert "the server asked everybody for a pause" in outcome.error


def test_a_database_password_with_an_at_sign_is_refused_without_showing_a_part_of_it() -> None:
    with pytest.raises(ConfigError) as caught:
        History("postgresql://user:top@secret@127.0.0.1:9/db", owner="test")
    assert caught.value.remedy.startswith("write %40")
    assert "secret" not in caught.value.message


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names there are Unicode in every setting")
def test_a_name_that_the_system_cannot_write_is_refused_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"name,id\n売上,{report_id(1)}\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "--dry-run", str(path)],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"this system's settings allow in no file name" in ended.stderr
