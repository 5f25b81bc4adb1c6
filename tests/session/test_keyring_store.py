from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keyring.errors
import pytest

from sfr.sources.salesforce.session import keyring_store
from sfr.sources.salesforce.session.values import Candidate, Reason, Step
from tests.services import require
from tests.session import keyrings
from tests.session.keyrings import FileKeyring
from tests.session.login_server import ORG

HOST = "acme.my.salesforce.com"
SID = f"{ORG}!kept.value"


UseKeyring = Callable[[str], None]


def reason(may_ask: bool = True) -> str:
    (offer,) = keyring_store.offers(HOST, may_ask=may_ask)
    return offer.reason if isinstance(offer, Step) else offer.value


def test_a_value_is_kept_found_and_forgotten_by_host(memory: FileKeyring) -> None:
    assert reason() == Reason.ABSENT
    assert keyring_store.keep(HOST, SID).reason == Reason.OK
    assert memory.kept == {("sfr", HOST): SID}
    assert reason() == SID
    assert keyring_store.forget(HOST).reason == Reason.OK
    assert keyring_store.forget(HOST).reason == Reason.ABSENT


def test_without_a_keyring_nothing_is_kept_anywhere(use_keyring: UseKeyring) -> None:
    use_keyring("keyring.backends.fail.Keyring")
    assert reason() == Reason.NO_KEYRING
    assert keyring_store.keep(HOST, SID).reason == Reason.NO_KEYRING
    assert keyring_store.forget(HOST).reason == Reason.NO_KEYRING


def test_a_keyring_that_keeps_plain_files_is_no_keyring(memory: FileKeyring) -> None:
    plain = type("PlaintextKeyring", (FileKeyring,), {"__module__": "keyrings.alt.file"})()
    keyring.set_keyring(plain)
    assert keyring_store.keep(HOST, SID).reason == Reason.NO_KEYRING
    assert plain.kept == {}


@pytest.mark.parametrize(
    ("error", "expected"),
    [(keyring.errors.KeyringLocked, Reason.LOCKED), (keyring.errors.InitError, Reason.ERROR), (OSError, Reason.ERROR)],
)
def test_a_keyring_that_fails_gives_a_reason_and_no_crash(
    use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch, error: type[Exception], expected: Reason
) -> None:
    monkeypatch.setenv(keyrings.ERROR, f"{error.__module__}.{error.__name__}")
    use_keyring("tests.session.keyrings.FailingKeyring")
    steps = [*keyring_store.offers(HOST, may_ask=True), keyring_store.keep(HOST, SID), keyring_store.forget(HOST)]
    assert [step.reason for step in steps if isinstance(step, Step)] == [expected] * 3
    assert SID not in repr(steps)


def test_a_keyring_that_waits_for_an_answer_gives_the_reason_locked(use_keyring: UseKeyring) -> None:
    use_keyring("tests.session.keyrings.WaitingKeyring")
    (step,) = keyring_store.offers(HOST, may_ask=False, limit_seconds=0.2)
    assert isinstance(step, Step)
    assert (step.reason, step.detail) == (Reason.LOCKED, "it did not answer within 0.2 s")


def test_a_keyring_that_prints_spoils_nothing(use_keyring: UseKeyring) -> None:
    use_keyring("tests.session.keyrings.TalkativeKeyring")
    keyring_store.keep(HOST, SID)
    assert reason() == SID


def test_a_python_that_prints_by_itself_is_an_error_and_no_crash(
    memory: FileKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert reason() == Reason.ERROR
    assert keyring_store.forget(HOST).reason == Reason.ERROR


WITH_A_DAEMON = """
import os, sys
import keyring
from keyring.backends.SecretService import Keyring
from sfr.sources.salesforce.session import keyring_store as store
keyring.set_keyring(Keyring())
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
host, value = "acme.my.salesforce.com", os.environ["KEPT"]
print([store.keep(host, value).reason.value, next(store.offers(host, may_ask=False)).value == value,
       store.forget(host).reason.value, next(store.offers(host, may_ask=False)).reason.value])
import jeepney, secretstorage
bus = secretstorage.dbus_init()
secretstorage.Collection(bus).lock()
print(next(store.offers(host, may_ask=False)).reason.value)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the Secret Service is Linux's keyring")
def test_the_secret_service_keeps_a_value_and_a_locked_one_opens_no_dialog(tmp_path: Path) -> None:
    daemon, bus = shutil.which("gnome-keyring-daemon"), shutil.which("dbus-run-session")
    require(daemon is not None and bus is not None, "gnome-keyring-daemon and dbus-run-session")
    script = f'printf pass | {daemon} --unlock --components=secrets >/dev/null && exec "$@"'
    command = [str(bus), "--", "sh", "-c", script, "sh", sys.executable, "-c", WITH_A_DAEMON]
    changes = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "KEPT": SID}
    variables = os.environ | changes
    done = subprocess.run(command, env=variables, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["['ok', True, 'ok', 'absent']", "locked"], done.stderr


def test_a_value_from_the_keyring_is_offered_as_a_candidate(memory: FileKeyring) -> None:
    keyring_store.keep(HOST, SID)
    (offer,) = keyring_store.offers(HOST, may_ask=False)
    assert isinstance(offer, Candidate)
