"""What impatient people do: no traceback, nothing written that was not asked for, and the right remedy."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sfr.catalog import append_rows, read_list
from sfr.cli.declared import find_connector
from sfr.errors import ConfigError, DeliveryError, SfrError, TransientError
from sfr.http import Client, Timeouts
from sfr.import_config import import_config
from sfr.settings import load_settings
from tests.command_line import ROOT, Person
from tests.lists import NOW, SUPERSET, settings_with

ROW = {"name": "Sales", "id": "chart:12", "source": "bi"}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def refused(path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Why a list is not read."""
    monkeypatch.chdir(path.parent)
    path.write_text(content, encoding="utf-8")
    with settings_with(monkeypatch, SUPERSET) as settings, pytest.raises(SfrError) as caught:
        read_list(Path(path.name), settings, NOW)
    return caught.value.message


@pytest.mark.parametrize("levels", [150, 500, 100_000])
@pytest.mark.parametrize("before", ["", '[{"name": "a", "id": "data", "source": "bi", "payload": '])
def test_a_list_that_is_nested_deeply_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, levels: int, before: str
) -> None:
    text = before + "[" * levels + "]" * levels + ("}]" if before else "")
    assert refused(tmp_path / "list.json", text, monkeypatch) == "list.json: is nested too deeply"


def test_yaml_that_is_nested_deeply_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path / "list.yaml", "[" * 20_000, monkeypatch) == "list.yaml: is nested too deeply"


def test_a_payload_that_is_a_text_and_nested_deeply_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = '{\\"a\\": ' + "[" * 500 + "]" * 500 + "}"
    message = refused(tmp_path / "l.json", f'[{{"name": "a", "source": "bi", "payload": "{payload}"}}]', monkeypatch)
    assert message.startswith("l.json, report 1 (a), key payload: ")
    assert "is nested too deeply. Make it flatter." in message


@pytest.mark.parametrize("name", ["list.json", "list.yaml"])
@pytest.mark.parametrize("content", ["", " \n", "\ufeff"])
def test_an_empty_list_is_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    assert refused(tmp_path / name, content, monkeypatch) == f"{name}: is empty"


def test_no_list_is_written_into_what_is_called_a_workbook(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="workbook"):
        append_rows(tmp_path / "list.xlsx", [ROW])
    assert not list(tmp_path.iterdir())


def test_a_read_only_list_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,id\n", encoding="utf-8")
    path.chmod(0o444)
    with pytest.raises(DeliveryError, match="read-only"):
        append_rows(path, [ROW])
    assert path.read_text(encoding="utf-8") == "name,id\n"


def test_a_config_with_an_indented_line_below_a_key_without_a_value_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[LOGIN]\npassword\n  dear-secret\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not to be understood") as caught:
        import_config(tmp_path / "config.ini", tmp_path)
    assert "dear-secret" not in str(caught.value)


def _refuse_in_plain_words(server: socket.socket) -> None:
    with suppress(OSError), server.accept()[0] as connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        while connection.recv(65536):
            pass


def test_https_to_a_server_that_speaks_http_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server, closing(Client(Timeouts(5, 10))) as client:
        threading.Thread(target=_refuse_in_plain_words, args=(server,), daemon=True).start()
        with pytest.raises(TransientError) as caught:
            client.request("GET", f"https://127.0.0.1:{server.getsockname()[1]}/")
    assert "does not speak https" in caught.value.message
    assert "http://" in caught.value.remedy


def test_a_file_of_sources_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().source_names()
    monkeypatch.setenv("SFR_SOURCES", "elsewhere.toml")
    with pytest.raises(ConfigError, match=r"SFR_SOURCES = elsewhere\.toml: there is no such file"):
        load_settings()


def test_an_option_is_shown_as_it_is_written_in_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys = [option.key for option in find_connector("superset", load_settings()).options]
    assert "schema" in keys
    assert "db_schema" not in keys


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("SFR_BI_URL=https://bi.example.com", "a source needs its type too: SFR_BI_TYPE=…"),
        ("SFR_MY-BI_TYPE=superset", "write SFR_MY_BI_TYPE"),
    ],
)
def test_the_check_of_sources_tells_of_settings_that_nothing_reads(person: Person, line: str, hint: str) -> None:
    (person.folder / ".env").write_text(f"{line}\n", encoding="utf-8")
    assert hint in person.types("connectors", "check").stderr


def test_a_quiet_run_that_never_reaches_its_server_says_so(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    told = person.types(
        *("--report", "x,bi:1", "--quiet", "--deadline", "2s"),
        SFR_BI_TYPE="superset",
        SFR_BI_URL=f"http://127.0.0.1:{free}",
        SFR_BI_USERNAME="ana",
        SFR_BI_PASSWORD="dear-secret",
    )
    assert told.code == 1
    assert told.stderr.startswith("sfr: nothing was fetched: no connection")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a full disk")
def test_a_full_disk_under_the_output_is_told_in_one_sentence(person: Person) -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "connectors"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=person.folder,
            check=False,
        )
    assert told.returncode == 1
    assert told.stderr.splitlines()[0] == "sfr: the output cannot be written: the disk is full"
    assert "Traceback" not in told.stderr
