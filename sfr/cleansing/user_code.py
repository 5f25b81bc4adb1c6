"""Finds, loads and calls a function in a file of the user's, and says what is wrong with it in one line."""

from __future__ import annotations

import ast
import contextvars
import functools
import importlib.metadata
import importlib.util
import itertools
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from sfr.cleansing.plan import Problem
from sfr.errors import ConfigError, ReportError
from sfr.missing_package import missing_package
from sfr.similar_names import did_you_mean

_FORM = "Write it as input/clean.py:sales, a Python file and a function in it that takes a frame and the report."
_REMEDY = "Correct the file and run again with --failed; the log has the whole traceback."
_OLDEST_PANDAS = 3
_numbers = itertools.count(1)
_listening: contextvars.ContextVar[_Lines | None] = contextvars.ContextVar("listening", default=None)


class Function(NamedTuple):
    """A function of the user's: `call` is it, `label` what the list calls it."""

    call: Callable[..., Any]
    label: str
    path: Path


def check_clean(text: str) -> list[Problem]:
    """What is wrong with a function that a list names: the file is read, nothing of it is run."""
    place, _, name = text.rpartition(":")
    path = Path(place).expanduser()
    if not place or not name.isidentifier() or path.suffix != ".py":
        return [Problem(f"{text!r} is no file and function", _FORM)]
    if not path.is_file():
        folder = path.parent
        near = did_you_mean(path.name, (each.name for each in folder.glob("*.py"))) if folder.is_dir() else ""
        return [Problem(f"there is no file {path.absolute()}", near or _FORM)]
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, OSError) as error:
        return [Problem(f"{place} cannot be read: {_in_short(error, path)}", "Correct the file.")]
    return [*_check_function(tree, name, place), *_check_pandas()]


@contextmanager
def loaded(text: str, log: logging.Logger) -> Iterator[Function]:
    """Load the file anew, under a name that no import finds, for as long as the block runs. What it prints goes to the
    log. Raises ReportError, reason `clean`, and ConfigError without pandas, as reading the list does."""
    _need_pandas()
    if problems := check_clean(text):
        raise ReportError(problems[0].message, reason="clean", remedy=problems[0].remedy)
    place, _, name = text.rpartition(":")
    path = Path(place).expanduser()
    module_name = f"_sfr_clean_{next(_numbers)}"
    loader = SourceFileLoader(module_name, str(path))
    spec = importlib.util.spec_from_file_location(module_name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look for the module that they are in
    try:
        with failing_as(text, path, log):
            # Compiled from its text each time: a cached form of a file that has just changed would be the old one.
            exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102  the user's own program
            call = getattr(module, name)
        yield Function(call, text, path)
    finally:
        sys.modules.pop(module_name, None)


@contextmanager
def failing_as(label: str, path: Path, log: logging.Logger) -> Iterator[None]:
    """Run code of the user's: whatever it raises becomes a ReportError with its line, its traceback and what it prints
    go to the log. It cannot change the working directory."""
    lines = _Lines(label, log)
    _divide_output()
    _keep_directory()
    token = _listening.set(lines)
    try:
        yield
    except BaseException as error:  # sys.exit() and KeyboardInterrupt too: a Ctrl-C never gets here, but to the parent
        log.exception("%s has failed", label)
        raise ReportError(f"{label}: {_in_short(error, path)}", reason="clean", remedy=_REMEDY) from error
    finally:
        _listening.reset(token)
        lines.flush()


class _Lines:
    """Collects what is printed, and writes it to the log line by line."""

    def __init__(self, label: str, log: logging.Logger) -> None:
        self._label, self._log, self._rest = label, log, ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._log.info("%s: %s", self._label, line)

    def flush(self) -> None:
        if self._rest:
            self.write("\n")


class _Divided:
    """Stands for standard output or error: what code of the user's writes goes to the log, all else where it went.

    Redirecting would be for all threads of this process, and the next one to end would undo that of another.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        listening = _listening.get()
        if listening is None:
            return self._stream.write(text)
        listening.write(text)
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _divide_output() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Divided):
            setattr(sys, name, _Divided(stream))


@functools.cache
def _keep_directory() -> None:
    """Reports that run beside the user's code, and all after it, have paths that begin at the working directory: it is
    no good to set it back afterwards."""

    def hook(event: str, _given: tuple[object, ...]) -> None:
        if event == "os.chdir" and _listening.get() is not None:
            raise RuntimeError("the working directory is that of all reports; write whole paths instead")

    sys.addaudithook(hook)


def _check_function(tree: ast.Module, name: str, place: str) -> list[Problem]:
    functions = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    if name not in functions:
        hint = did_you_mean(name, functions)
        there = f"It has {', '.join(functions)}." if functions else "It has no functions."
        return [Problem(f"{place} has no function {name}", f"{hint} {there}".lstrip())]
    node, arguments = functions[name], functions[name].args
    most = len(arguments.posonlyargs) + len(arguments.args)
    needed = most - len(arguments.defaults)
    only_by_name = any(default is None for default in arguments.kw_defaults)
    takes_two = needed <= 2 and (most >= 2 or arguments.vararg is not None) and not only_by_name
    if isinstance(node, ast.AsyncFunctionDef) or not takes_two:
        remedy = f"Write it as def {name}(frame, report): … return frame"
        return [Problem(f"{place}:{name} (line {node.lineno}) is no function of a frame and a report", remedy)]
    return []


def _check_pandas() -> list[Problem]:
    try:
        _need_pandas()
    except ConfigError as error:
        return [Problem(error.message, error.remedy)]
    return []


def _need_pandas() -> None:
    """Before its third version, pandas knows no columns of text alone: it would make texts of missing values. Raises
    ConfigError."""
    missing = missing_package("clean", "pandas", "sfr[clean]")
    try:
        version = importlib.metadata.version("pandas")
    except importlib.metadata.PackageNotFoundError:
        raise missing from None
    if int(version.partition(".")[0]) < _OLDEST_PANDAS:
        message = f"clean needs pandas {_OLDEST_PANDAS}, and pandas {version} is installed"
        raise ConfigError(message, reason=missing.reason, remedy=missing.remedy)


def _in_short(error: BaseException, path: Path) -> str:
    """What it is and where, in one line."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{type(error).__name__}: {error.msg} (line {error.lineno})"
    if isinstance(error, SystemExit):
        what = f"it ended the program: sys.exit({error.code!r})"
    else:
        message = " ".join(str(error).split())[:300]
        what = f"{type(error).__name__}: {message}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
    return f"{what} (line {line})" if line else what
