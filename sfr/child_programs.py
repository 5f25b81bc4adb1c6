"""How a program beside ours is run: without our secrets in its environment, with a time limit for its whole family."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import sfr


class TooSlow(Exception):
    """The program did not end within its limit; it and its children are gone."""


def environment(**changes: str) -> dict[str, str]:
    """Our environment without our own settings (`SFR_SID` is one of them), with `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SFR_")}
    return kept | changes


def run_module(
    module: str,
    arguments: Sequence[str] = (),
    *,
    limit_seconds: float,
    given: bytes = b"",
    changes: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, bytes]:
    """As `run`, for a module of ours in a Python of its own, with `changes` to its environment."""
    places = [str(Path(sfr.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    variables = environment(PYTHONPATH=os.pathsep.join(filter(None, places))) | dict(changes)
    command = [sys.executable, "-P", "-m", module, *arguments]
    return run(command, limit_seconds=limit_seconds, variables=variables, given=given)


def run(
    arguments: Sequence[str], *, limit_seconds: float, variables: Mapping[str, str], given: bytes = b""
) -> tuple[int, bytes]:
    """Exit code and standard output of a program whose complaints are dropped. `given` is its input, where no other
    program can see it.

    Raises TooSlow, or OSError when it cannot be started.
    """
    process = subprocess.Popen(
        arguments,
        env=dict(variables),
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    with process:
        try:
            output, _ = process.communicate(given or None, timeout=max(0.0, limit_seconds))
        except BaseException as error:
            _end_family(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TooSlow from None
            raise
    return process.returncode, output


def _end_family(process: subprocess.Popen[bytes]) -> None:
    """A grandchild (node behind sf.cmd, security behind browser-cookie3) would hold the pipe and hang us."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S607
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended by itself just now
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
