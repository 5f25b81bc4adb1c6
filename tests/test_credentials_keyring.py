"""The credentials in a real Secret Service: kept, found and locked, by the command as it is typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import Person
from tests.services import require

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the Secret Service is Linux's keyring"),
]

SECRET = "hunter2-s3cret-token"

# Runs inside of the bus, where the keyring is: commands one after the other, and what became of each.
STEPS = """
import subprocess, sys
main = [sys.executable, sys.argv[1], "credentials"]

def types(*words, given=""):
    done = subprocess.run([*main, *words], input=given, capture_output=True, text=True)
    print(done.returncode, done.stdout.strip() or done.stderr.strip(), flush=True)

types("set", "files.bearer_token", "--stdin", given=sys.argv[2])
types("check")
import secretstorage
bus = secretstorage.dbus_init()
found = list(secretstorage.search_items(bus, {"service": "sfr-credentials"}))
print([(item.get_attributes()["username"], item.get_secret().decode() == sys.argv[2]) for item in found], flush=True)
collection = secretstorage.Collection(bus)
collection.lock()
types("check")
types("set", "files.password", "--stdin", given=sys.argv[2])
types("remove", "files.bearer_token")
"""


def test_a_secret_is_kept_in_the_secret_service_and_a_locked_one_is_told(tmp_path: Path) -> None:
    daemon, bus = shutil.which("gnome-keyring-daemon"), shutil.which("dbus-run-session")
    require(daemon is not None and bus is not None, "gnome-keyring-daemon and dbus-run-session")
    person = Person(tmp_path / "desk")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    person.environment |= {
        "SFR_FILES_TYPE": "link",
        "SFR_FILES_URL": "https://files.example.com",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
    }
    script = f'printf pass | {daemon} --unlock --components=secrets >/dev/null && exec "$@"'
    main = Path(__file__).parents[1] / "main.py"
    command = [str(bus), "--", "sh", "-c", script, "sh", sys.executable, "-c", STEPS, str(main), SECRET]
    environment = {name: value for name, value in person.environment.items() if value}
    done = subprocess.run(
        command, env=environment, cwd=person.folder, check=False, capture_output=True, text=True, timeout=110
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "0 files.bearer_token is kept in the keyring", done
    assert lines[2].split() == ["0", "ok", "files.bearer_token", "keyring"]
    assert lines[3] == "[('files.bearer_token', True)]"
    said = "\n".join(lines[4:])
    assert said.startswith("2 FAILED  files.bearer_token")
    assert "files.password was not kept: the keyring is locked" in said
    assert "files.bearer_token is still there: the keyring is locked" in said
    kept = os.linesep.join(path.read_text(errors="replace") for path in person.folder.rglob("*") if path.is_file())
    assert SECRET not in kept
