"""The session value shows up nowhere but where it is kept."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sfr
from sfr.sources.salesforce.session.chain import sign_in, steps_without_asking
from sfr.sources.salesforce.session.values import LoginNeeded, SessionSettings
from tests.session.conftest import Person
from tests.session.keyrings import FileKeyring
from tests.session.login_server import ORG, LoginServer
from tests.session.test_cli_token import install, orgs

SettingsFor = Callable[..., SessionSettings]


@contextmanager
def watched_process_list() -> Iterator[list[str]]:
    """Every command line of every process of this machine, taken again and again."""
    seen: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(file.read_bytes().decode("utf-8", "replace"))
                except OSError:  # ended just now
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_value_is_in_no_log_record_no_message_and_no_process_list(
    org: LoginServer,
    settings_for: SettingsFor,
    memory: FileKeyring,
    home: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    install(home, {"org list auth": orgs(org), "org display": {"accessToken": org.token}})
    old = f"{ORG}!of.yesterday"
    memory.set_password("sfr", org.host, old)
    shown: list[str] = []
    with watched_process_list() as processes:
        person = Person([f"{ORG}!pasted.wrongly", org.sid])
        shown.append(repr(sign_in(settings_for(org), person, org.validate)))
        shown.append(repr(steps_without_asking(settings_for(org, given=old), org.validate)))
        org.valid.clear()
        with pytest.raises(LoginNeeded) as caught:
            sign_in(settings_for(org, browser="firefox"), person, org.validate)
        shown += [repr(caught.value), repr(caught.value.steps), repr(settings_for(org, given=old)), *person.said]
    assert any("fake.py" in line for line in processes)
    assert any(record.name == "sfr.session" for record in caplog.records)
    everything = "\n".join([*shown, *processes, caplog.text, *(str(record.__dict__) for record in caplog.records)])
    for secret in (org.sid, org.token, old, f"{ORG}!"):
        assert secret not in everything


def test_starting_up_loads_no_heavy_library() -> None:
    heavy = ("keyring", "browser_cookie3", "websocket", "requests", "filelock")
    code = f"import sys, sfr.sources.salesforce.session.chain; print([name for name in {heavy} if name in sys.modules])"
    variables = os.environ | {"PYTHONPATH": str(Path(sfr.__file__).parent.parent)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=variables, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
