"""Knows how a wrong list is told: every problem with its place, value and remedy, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sfr.errors import ConfigError

_SHOWN_LENGTH = 80


class BadCell(ValueError):
    """One value of a list is wrong: why, and what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message, self.remedy = message, remedy


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a list; `line` is where its row starts in the file, or which report of the list it is,
    counted from 1. `name` is the report's, where a number alone is hard to find."""

    line: int | None
    column: str
    value: str
    message: str
    remedy: str
    name: str = ""


class ListError(ConfigError):
    """A list was refused as a whole; `problems` are all its problems, the message has one line for each."""

    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, place: str, problems: Iterable[Problem], counted: str = "line") -> ListError:
        """Build from the name of the list and its problems; they are put in the order of their lines."""
        ordered = sorted(problems, key=lambda problem: problem.line or 0)
        error = cls("\n".join(describe(place, problem, counted) for problem in ordered))
        error.problems = tuple(ordered)
        return error


def describe(place: str, problem: Problem, counted: str = "line") -> str:
    """One line of text: "input/x.csv, line 7, column id: "00O1" has 4 characters …. Paste the address."."""
    where = [place]
    if problem.line is not None:
        name = f" ({shorten(problem.name)})" if problem.name and counted == "report" else ""
        where.append(f"{counted} {problem.line}{name}")
    if problem.column:
        where.append(f"{'key' if counted == 'report' else 'column'} {problem.column}")
    value = f'"{shorten(problem.value)}" ' if problem.value else ""
    return f"{', '.join(where)}: {value}{problem.message.rstrip('.')}. {problem.remedy}".rstrip()


def shorten(value: str) -> str:
    """A value as one line that is not too long to be shown."""
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN_LENGTH else f"{line[: _SHOWN_LENGTH - 1]}…"
