"""A real Apache Superset for the tests: installed once into a cache, then started in seconds, with knobs to provoke.

`TEST_SUPERSET_HOME` says where it is kept (about 0.9 GB), `TEST_SUPERSET_PYTHON` with which Python 3.10–3.12 it runs.
The versions are frozen in superset_versions.txt: Superset 6.1.0 as published does not ask for rich and cachetools,
which it imports, and does not start with flask-caching 2.5.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import requests
from filelock import FileLock

from tests.servers import superset_seed
from tests.servers.listening import free_port
from tests.services import require

HERE = Path(__file__).parent
VERSIONS = HERE / "superset_versions.txt"
SETTINGS = HERE / "superset_settings.py"
PACKAGES = ("apache-superset==6.1.0", "rich", "cachetools", "flask-caching==2.3.1")
START_SECONDS = 90
_OURS = "TEST_SUPERSET_"


@dataclass(frozen=True)
class Superset:
    """A running server. `ids` are the numbers of what `superset_seed` made."""

    url: str
    ids: dict[str, int]
    process: subprocess.Popen[bytes]

    def kill_workers(self) -> None:
        """As the system does when memory runs out; the server starts new ones."""
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        for child in children:
            os.kill(int(child), 9)

    def api_key(self) -> str:
        """A new key of the administrator."""
        login = {"username": "admin", "password": password_of("admin"), "provider": "db"}
        with requests.Session() as session:
            told = session.post(f"{self.url}/api/v1/security/login", json=login, timeout=60).json()
            session.headers["Authorization"] = f"Bearer {told['access_token']}"
            token = session.get(f"{self.url}/api/v1/security/csrf_token/", timeout=60).json()["result"]
            session.headers["X-CSRFToken"] = token
            answer = session.post(f"{self.url}/api/v1/security/api_keys/", json={"name": "for a test"}, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["result"]["key"])


def password_of(name: str) -> str:
    """The password of one of the accounts admin, reader, looker, nobody."""
    return superset_seed.PASSWORD_OF.format(name)


@contextmanager
def running(
    folder: Path, *, worker_class: str = "gthread", timeout_seconds: int = 120, **knobs: Any
) -> Iterator[Superset]:
    """A server with a copy of the prepared data in `folder`.

    `knobs`: workers (1), jwt_seconds, rate ("3 per second"), most_rows (SQL_MAX_ROW). Skips the test where none can
    be had.
    """
    prepared = prepare()
    shutil.copy(prepared / "metadata.db", folder / "metadata.db")
    ids = json.loads((prepared / "ids.json").read_text(encoding="utf-8"))
    with _server(folder, worker_class, timeout_seconds, knobs) as (url, process):
        yield Superset(url, ids, process)


@functools.cache
def prepare() -> Path:
    """The folder with filled metadata, made if it is not there yet."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        with FileLock(home() / "lock", timeout=900):
            _install()
            return _prepared()
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", None) or b""
        require(False, f"no Superset can be had: {error} {told[-600:].decode('utf-8', 'replace')}")
        raise


def home() -> Path:
    """Where it is kept between runs."""
    return Path(os.environ.get("TEST_SUPERSET_HOME") or platformdirs.user_cache_path("sfr-tests") / "superset")


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def _programs() -> Path:
    return home() / f"venv-{_digest(VERSIONS)}" / "bin"


def _install() -> None:
    done = _programs().parent / "complete"
    if done.exists():
        return
    shutil.rmtree(_programs().parent, ignore_errors=True)
    _run([_python(), "-m", "venv", str(_programs().parent)])
    _run([str(_programs() / "pip"), "install", "--quiet", "--constraint", str(VERSIONS), *PACKAGES])
    done.touch()


def _python() -> str:
    if named := os.environ.get("TEST_SUPERSET_PYTHON"):
        return named
    if sys.version_info < (3, 13):
        return sys.executable
    found = next(filter(None, map(shutil.which, ("python3.12", "python3.11", "python3.10"))), None)
    require(found is not None, "Superset 6.1 needs Python 3.10 to 3.12: name one in TEST_SUPERSET_PYTHON")
    return str(found)


def _prepared() -> Path:
    folder = home() / f"data-{_digest(VERSIONS, SETTINGS, Path(superset_seed.__file__))}"
    if (folder / "ids.json").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    table = folder / "shop.db"
    superset_seed.make_table(table)
    environment = _environment(folder, {})
    person = ("--firstname", "Test", "--lastname", "Test")
    for words in (
        ("db", "upgrade"),
        ("fab", "create-admin", "--username", "admin", *person, "--email", "admin@example.com"),
        ("init",),
        ("fab", "create-user", "--role", "Gamma", "--username", "nobody", *person, "--email", "nobody@example.com"),
    ):
        password = ("--password", password_of(words[words.index("--username") + 1])) if "--username" in words else ()
        _run([str(_programs() / "superset"), *words, *password], environment)
    with _server(folder, "gthread", 120, {}) as (url, _):
        ids = superset_seed.Filling(url).fill(table)
    (folder / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
    return folder


def _environment(folder: Path, knobs: dict[str, Any]) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SUPERSET_", _OURS, "FLASK_"))},
        **{f"{_OURS}{name.upper()}": str(value) for name, value in knobs.items()},
        f"{_OURS}METADATA": str(folder / "metadata.db"),
        "SUPERSET_CONFIG_PATH": str(SETTINGS),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset.app:create_app()",
    }


@contextmanager
def _server(
    folder: Path, worker_class: str, timeout_seconds: int, knobs: dict[str, Any]
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [str(_programs() / "gunicorn"), "--preload", "--workers", str(knobs.pop("workers", 1))]
    command += ["--threads", "8"] * (worker_class == "gthread")  # with threads, gunicorn takes sync for gthread
    command += ["--worker-class", worker_class, "--timeout", str(timeout_seconds), "--graceful-timeout", "2"]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}", "superset.app:create_app()"]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=_environment(folder, knobs), stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}", process, folder / "server.log")
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGQUIT)  # gunicorn waits for nobody then
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise OSError(f"Superset did not start: {end}")


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)
