"""How files are put in place and commands are run so that a failure in the middle leaves nothing behind."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sfr.errors import ConfigError

Command = tuple[str, ...]

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class File:
    """A text file to put in place, with its line ends as they shall be on disk."""

    path: Path
    text: str
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Steps:
    """An installation: `files` are put in place, then `commands` run in order.

    A command in `tolerated` may refuse. When anything else fails, `undo_commands` run, the files are put back as
    they were, and `restore_commands` run; what these say is not reported, since the first failure is the one to know.
    """

    files: tuple[File, ...]
    commands: tuple[Command, ...]
    tolerated: frozenset[Command] = frozenset()
    undo_commands: tuple[Command, ...] = ()
    restore_commands: tuple[Command, ...] = ()

    def preview(self) -> str:
        """Every file with its path and content, then the commands."""
        files = [f"# file {file.path}\n{file.text}" for file in self.files]
        commands = "".join(f"{readable(argv)}\n" for argv in self.commands)
        return "\n".join([*(text.replace("\r\n", "\n") for text in files), f"# commands\n{commands}"])

    def install(self) -> None:
        """Do it all or nothing; raises ConfigError."""
        with contextlib.ExitStack() as undo:
            undo.callback(_run_quietly, self.restore_commands)
            for file in self.files:
                _place(file, undo)
            undo.callback(_run_quietly, self.undo_commands)
            for argv in self.commands:
                run = attempt if argv in self.tolerated else call
                run(argv)
            undo.pop_all()


def call(argv: Command, stdin: bytes = b"") -> str:
    """Run a command to its end and return what it printed; raises ConfigError with its own words when it refuses."""
    done = attempt(argv, stdin)
    if done.returncode != 0:
        said = " ".join(decoded(done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
        raise ConfigError(f"{readable(argv)} refused: {said}", remedy="mend what it names, then schedule again")
    return decoded(done.stdout)


def attempt(argv: Command, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command that may refuse; raises ConfigError only when it is missing or hangs."""
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except OSError as error:
        raise ConfigError(
            f"{argv[0]} could not be started: {error.strerror}", remedy="install it, or choose another clock: --with"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"{readable(argv)} did not answer within {_TIMEOUT_SECONDS} s") from error


def decoded(output: bytes) -> str:
    """What a system command printed; on Windows such commands speak the console's old code page."""
    return output.decode("oem" if sys.platform == "win32" else "utf-8", "replace")


def readable(argv: Command) -> str:
    """A command line for people."""
    return subprocess.list2cmdline(argv) if sys.platform == "win32" else shlex.join(argv)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it; raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def discard(path: Path) -> None:
    """Remove a file if it is there; raises ConfigError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be removed: {error.strerror}", remedy="remove it by hand") from error


def _place(file: File, undo: contextlib.ExitStack) -> None:
    make_folder(file.path.parent)
    try:
        previous = file.path.read_bytes() if file.path.exists() else None
        undo.callback(_put_back, file.path, previous)
        file.path.write_bytes(file.text.encode(file.encoding))
    except OSError as error:
        raise _cannot_write(file.path, error) from error


def _put_back(path: Path, previous: bytes | None) -> None:
    with contextlib.suppress(OSError):  # the failure that led here is the one to report
        if previous is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(previous)


def _run_quietly(commands: tuple[Command, ...]) -> None:
    for argv in commands:
        with contextlib.suppress(ConfigError):  # the failure that led here is the one to report
            attempt(argv)


def _cannot_write(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{path} cannot be written: {error.strerror}", remedy="check the rights and the free space")
