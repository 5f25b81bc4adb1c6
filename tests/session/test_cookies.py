from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import lz4.block  # type: ignore[import-untyped]
import pytest

from sfr.sources.salesforce.session import cookies
from sfr.sources.salesforce.session.values import Candidate, Reason, SessionSettings, Step
from tests.session.cookie_files import add_cookie, chromium_profile, v10
from tests.session.login_server import ORG

HOST = "acme.my.salesforce.com"
SID = f"{ORG}!from.the.browser"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="writes the files of Linux browsers")


@pytest.fixture
def settings(tmp_path: Path, home: Path) -> SessionSettings:
    return SessionSettings(HOST, f"https://{HOST}", None, "chromium", None, None, True, tmp_path / "state")


def reasons(offers: Iterator[Candidate | Step]) -> list[str]:
    return [offer.reason if isinstance(offer, Step) else f"value {offer.value}" for offer in offers]


def test_without_the_browser_the_reason_is_not_installed(settings: SessionSettings) -> None:
    assert reasons(cookies.offers(settings)) == [Reason.NOT_INSTALLED]


def test_a_store_without_sid_gives_the_reason_absent(settings: SessionSettings, home: Path) -> None:
    file = chromium_profile(home)
    add_cookie(file, HOST, v10(HOST, SID), name="other")
    assert reasons(cookies.offers(settings)) == [Reason.ABSENT]


def test_a_value_is_decrypted(settings: SessionSettings, home: Path, session_bus: None) -> None:
    add_cookie(chromium_profile(home), HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings)) == [f"value {SID}"]


def test_a_sid_of_the_whole_domain_is_taken_but_none_of_lookalike_hosts(
    settings: SessionSettings, home: Path, session_bus: None
) -> None:
    file = chromium_profile(home)
    for host in (
        f"{HOST}.evil.example",
        f"x{HOST}",
        "acme-my.salesforce.com",
        "acme.lightning.force.com",
        ".salesforce.com",
    ):
        add_cookie(file, host, v10(host, f"{SID}.wrong"))
    add_cookie(file, f".{HOST}", v10(f".{HOST}", SID))
    assert reasons(cookies.offers(settings)) == [f"value {SID}"]


def test_the_newest_of_several_profiles_and_channels_comes_first(
    settings: SessionSettings, home: Path, session_bus: None
) -> None:
    for number, (name, updated) in enumerate([("Default", 2), ("Profile 1", 3), ("Odd name", 1)]):
        add_cookie(chromium_profile(home, name, "google-chrome"), HOST, v10(HOST, f"{SID}{number}"), updated=updated)
    add_cookie(chromium_profile(home, "Default", "google-chrome-beta"), HOST, v10(HOST, f"{SID}9"), updated=9)
    chrome = replace(settings, browser="chrome")
    assert reasons(cookies.offers(chrome)) == [f"value {SID}{number}" for number in (9, 1, 0, 2)]


def test_a_chosen_profile_is_the_only_one(settings: SessionSettings, home: Path, session_bus: None) -> None:
    add_cookie(chromium_profile(home), HOST, v10(HOST, f"{SID}0"), updated=5)
    add_cookie(chromium_profile(home, "Profile 1"), HOST, v10(HOST, SID))
    chosen = replace(settings, browser_profile="person of profile 1")
    assert reasons(cookies.offers(chosen)) == [f"value {SID}"]


def test_an_unknown_profile_is_named_with_those_there_are(settings: SessionSettings, home: Path) -> None:
    chromium_profile(home)
    (step,) = cookies.offers(replace(settings, browser_profile="Work"))
    assert step == Step("chromium cookies", Reason.ABSENT, "no profile 'Work', there are: Default")


def test_the_profile_of_our_own_window_is_read_as_well(
    settings: SessionSettings, home: Path, session_bus: None
) -> None:
    file = chromium_profile(home)
    add_cookie(file, HOST, v10(HOST, SID))
    shutil.move(home / ".config" / "chromium", settings.window_directory)
    assert f"value {SID}" in reasons(cookies.offers(settings))


def test_an_app_bound_value_is_not_touched(settings: SessionSettings, home: Path) -> None:
    add_cookie(chromium_profile(home), HOST, b"v20" + bytes(60))
    assert reasons(cookies.offers(settings)) == [Reason.APP_BOUND]


def test_an_unknown_protection_gives_the_reason_no_key(
    settings: SessionSettings, home: Path, session_bus: None
) -> None:
    add_cookie(chromium_profile(home), HOST, b"v12" + bytes(60))
    assert reasons(cookies.offers(settings)) == [Reason.NO_KEY]


@pytest.mark.parametrize("address", [None, "", "disabled:", "unix:path=/nonexistent"])
def test_a_missing_session_bus_gives_the_reason_no_key(
    settings: SessionSettings, home: Path, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    add_cookie(chromium_profile(home), HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings)) == [Reason.NO_KEY]


def test_a_locked_store_gives_the_reason_locked_and_its_neighbour_is_read(
    settings: SessionSettings, home: Path, session_bus: None
) -> None:
    locked, free = chromium_profile(home), chromium_profile(home, "Profile 1")
    for file in (locked, free):
        add_cookie(file, HOST, v10(HOST, SID))
    with closing(sqlite3.connect(locked, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert reasons(cookies.offers(settings)) == [Reason.LOCKED, f"value {SID}"]


@pytest.mark.parametrize("content", [b"", b"junk" * 5000, b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_no_cookie_store_is_an_error_and_no_crash(
    settings: SessionSettings, home: Path, content: bytes
) -> None:
    chromium_profile(home).write_bytes(content)
    assert reasons(cookies.offers(settings)) == [Reason.ERROR]


def test_a_broken_neighbour_row_changes_nothing(settings: SessionSettings, home: Path, session_bus: None) -> None:
    file = chromium_profile(home)
    add_cookie(file, HOST, b"v10broken", name="other")
    add_cookie(file, HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings)) == [f"value {SID}"]


def test_a_broken_sid_row_gives_the_reason_no_key(settings: SessionSettings, home: Path, session_bus: None) -> None:
    add_cookie(chromium_profile(home), HOST, b"v10broken")
    assert reasons(cookies.offers(settings)) == [Reason.NO_KEY]


def test_a_reader_that_takes_too_long_is_ended(settings: SessionSettings, home: Path) -> None:
    add_cookie(chromium_profile(home), HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings, limit_seconds=0)) == [Reason.TIMEOUT]


def test_a_python_that_prints_by_itself_is_an_error_and_no_crash(
    settings: SessionSettings, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    add_cookie(chromium_profile(home), HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings)) == [Reason.ERROR]


def test_no_copy_stays_behind(
    settings: SessionSettings, home: Path, session_bus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    add_cookie(chromium_profile(home), HOST, v10(HOST, SID))
    assert reasons(cookies.offers(settings)) == [f"value {SID}"]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_firefox_gives_its_value_without_any_key(settings: SessionSettings, home: Path) -> None:
    profile = home / ".mozilla" / "firefox" / "abcd.default-release"
    profile.mkdir(parents=True)
    with closing(sqlite3.connect(profile / "cookies.sqlite")) as store, store:
        store.execute("CREATE TABLE moz_cookies (host, path, isSecure, expiry, name, value, isHttpOnly)")
    firefox = replace(settings, browser="firefox")
    assert reasons(cookies.offers(firefox)) == [Reason.ABSENT]
    write_session_store(profile, {"host": HOST, "path": "/", "secure": True, "name": "sid", "value": SID})
    assert reasons(cookies.offers(firefox)) == [f"value {SID}"]


def write_session_store(profile: Path, *entries: dict[str, object]) -> None:
    """Firefox keeps session cookies here, in LZ4 with a head of its own."""
    (profile / "sessionstore-backups").mkdir()
    content = b"mozLz40\0" + lz4.block.compress(json.dumps({"cookies": entries}).encode())
    (profile / "sessionstore-backups" / "recovery.jsonlz4").write_bytes(content)
