"""A desk for the session tests: a home directory without browsers, a keyring in a file, a person who answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keyring
import keyring.core
import pytest

from sfr.sources.salesforce.session.values import SessionSettings
from tests.services import require
from tests.session import keyrings
from tests.session.keyrings import FileKeyring
from tests.session.login_server import LoginServer

ROOT = Path(__file__).parents[2]
BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""


@dataclass
class Person:
    """Answers hidden questions from a list; `heard` runs at each text."""

    answers: list[str] = field(default_factory=list)
    interactive: bool = True
    said: list[str] = field(default_factory=list)
    heard: Callable[[str], None] = lambda text: None

    def say(self, text: str) -> None:
        self.said.append(text)
        self.heard(text)

    def hidden(self, prompt: str) -> str:
        assert self.interactive
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, and no `sf` on the PATH."""
    directory = tmp_path / "home"
    directory.mkdir()
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(directory))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory / ".config"))
    monkeypatch.setenv("LOCALAPPDATA", str(directory / "AppData" / "Local"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.defpath]))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if sys.platform == "darwin":
        pytest.skip("the Keychain of macOS would be asked for real")
    return directory


@pytest.fixture
def use_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Make a keyring the one of this process and of its children; its name is that of its class."""
    before = keyring.get_keyring()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(keyrings.FILE, str(tmp_path / "keyring.json"))

    def use(name: str) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        keyring.set_keyring(keyring.core.load_keyring(name))

    yield use
    keyring.set_keyring(before)


@pytest.fixture
def memory(use_keyring: Callable[[str], None]) -> FileKeyring:
    use_keyring("tests.session.keyrings.FileKeyring")
    backend = keyring.get_keyring()
    assert isinstance(backend, FileKeyring)
    return backend


@pytest.fixture
def org() -> Iterator[LoginServer]:
    with LoginServer() as server:
        yield server


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., SessionSettings]:
    """Settings for a server, with changes by name."""

    def build(server: LoginServer, **changes: object) -> SessionSettings:
        values: dict[str, object] = {
            "host": server.host,
            "origin": server.origin,
            "given": None,
            "browser": "chromium",
            "browser_profile": None,
            "browser_path": None,
            "login": True,
            "state_directory": tmp_path / "state",
        }
        return SessionSettings(**(values | changes))  # type: ignore[arg-type]

    return build


@pytest.fixture
def session_bus(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A D-Bus session without any keyring on it, as on a Linux desktop with Chromium's basic store."""
    program = shutil.which("dbus-daemon")
    require(program is not None, "dbus-daemon (Debian: dbus)")
    configuration = tmp_path / "bus.conf"
    configuration.write_text(BUS_CONFIGURATION)
    command = [str(program), f"--config-file={configuration}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdout is not None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
        yield
        bus.terminate()
