"""Knows the text of a query as far as binding needs it: strings, comments, where it ends, where its `:names` stand."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sfr.errors import ReportError

_PLAIN, _DOUBLE = r"'(?:[^']|'')*'", r'"(?:[^"]|"")*"'
# What is no place for a parameter, for each kind of database. Comments of PostgreSQL may hold others.
_SKIPPED = {
    "postgresql": r"(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|" + f"{_PLAIN}|{_DOUBLE}"
    r"|(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)|--[^\n]*|(?P<nested>/\*)",
    "mysql": r"'(?:[^'\\]|\\.|'')*'"
    + r'|"(?:[^"\\]|\\.|"")*"'
    + r"|`(?:[^`]|``)*`|--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*.*?\*/",
    "sqlite": f"{_PLAIN}|{_DOUBLE}" + r"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/",
    "mssql": f"{_PLAIN}|{_DOUBLE}" + r"|\[(?:[^\]]|\]\])*\]|--[^\n]*|/\*.*?\*/",
    "": f"{_PLAIN}|{_DOUBLE}" + r"|--[^\n]*|/\*.*?\*/",
}
# Not in `x::date`, `a[1:n]`, `@x := 1`, nor behind a backslash.
_NAME = r"(?<![:\w\\\])]):(?P<name>[^\W\d]\w*)"
_WORD = re.compile(r"[^\W\d]\w*")
_READING = ("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN")
_IN = re.compile(r"\bIN\s*\Z", re.IGNORECASE)
_LISTS = (list, tuple, set, frozenset)
_TO_FILE = re.compile(r"\bINTO\s+(OUTFILE|DUMPFILE)\b", re.IGNORECASE)
_NESTED = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A statement with its values written in; `pieces` are pairs of an offset there and the offset it had before."""

    text: str
    pieces: tuple[tuple[int, int], ...]

    def original(self, offset: int) -> int:
        """The offset in the query, as somebody wrote it, of what stands at `offset` here."""
        begin, before = max(piece for piece in self.pieces if piece[0] <= max(offset, 0))
        following = [piece[1] for piece in self.pieces if piece[0] > begin]
        return min(before + offset - begin, *following) if following else before + offset - begin


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: `texts` stand around `names`, the parameters in their order, so there is one text more.
    `opening` is its first word, in capitals."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    opening: str = ""

    def rendered(self, params: Mapping[str, Any], render: Callable[[str, Any], str]) -> Rendered:
        """The statement with what `render` makes of each parameter's name and value; a list is rendered value by
        value, in parentheses of its own unless it stands in some. Raises ReportError for an empty list."""
        pieces, text, offset = [(0, 0)], self.texts[0], len(self.texts[0])
        for number, name in enumerate(self.names):
            after = self.texts[number + 1]
            pieces.append((len(text), offset))
            value, alone = params[name], not (text.rstrip().endswith("(") and after.lstrip().startswith(")"))
            if _IN.search(text) and not isinstance(value, _LISTS):
                value = [value]  # a list of the report that has one value only
            text += _written(name, value, render, in_parentheses=alone)
            offset += len(name) + 1
            pieces.append((len(text), offset))
            text, offset = text + after, offset + len(after)
        return Rendered(text, tuple(pieces))


def _written(name: str, value: Any, render: Callable[[str, Any], str], *, in_parentheses: bool) -> str:
    if not isinstance(value, _LISTS):
        return render(name, value)
    if not value:
        raise ReportError(
            f":{name} is an empty list, and there is no SQL for that", reason="params", remedy="Give it a value."
        )
    listed = ", ".join(render(f"{name}__{number}", each) for number, each in enumerate(value))
    return f"({listed})" if in_parentheses else listed


def read_statement(text: str, dialect: str) -> Statement:
    """The one statement in `text`, without what ends it. Raises ReportError where there is none, or several."""
    texts, names, begin, end, opening = [], [], 0, None, ""
    for found in _tokens(text, dialect):
        if not opening and (word := _WORD.match(text, found.start())):
            opening = word[0].upper()
        if found[0] == ";":
            end = found.start() if end is None else end
        elif end is not None:
            raise ReportError(
                f"it holds several statements; the second one begins in line {line_and_column(text, found.start())[0]}",
                reason="sql",
                remedy="Write one query to a report.",
            )
        elif found["name"]:
            texts.append(text[begin : found.start()])
            names.append(found["name"])
            begin = found.end()
    last = text[begin:end]
    if not names and not any(_tokens(last, dialect)):
        raise ReportError("the query is empty", reason="sql", remedy="Write a query that reads: SELECT …")
    return Statement((*texts, last), tuple(names), opening)


def check_reads(statement: Statement) -> None:
    """For databases where not every statement heeds the transaction that is to be read in (SET GLOBAL, FLUSH). Raises
    ReportError."""
    if statement.opening not in _READING:
        message = f"it begins with {statement.opening or 'no word'}, and only what reads is allowed here"
        raise ReportError(message, reason="read-only", remedy="Begin with SELECT or WITH.")
    if any(map(_TO_FILE.search, statement.texts)):
        message = "it would write a file at the server, and only what reads is allowed here"
        raise ReportError(message, reason="read-only", remedy="Take INTO OUTFILE out: sfr writes the file.")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Both from 1 on, of what stands at an offset."""
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _tokens(text: str, dialect: str) -> Iterator[re.Match[str]]:
    """Parameters, semicolons, and all else that is no blank and no comment."""
    position, pattern = 0, _pattern(dialect)
    while found := pattern.search(text, position):
        position = found.end()
        if found["skipped"]:
            if "nested" in pattern.groupindex and found["nested"]:
                position = _behind_comment(text, position)
            if found["skipped"][0] in "-/#":
                continue
        yield found


@functools.cache
def _pattern(dialect: str) -> re.Pattern[str]:
    skipped = _SKIPPED.get(dialect, _SKIPPED[""])
    return re.compile(rf"(?P<skipped>{skipped})|{_NAME}|;|(?P<rest>[^\s;])", re.DOTALL)


def _behind_comment(text: str, position: int) -> int:
    depth = 1
    for found in _NESTED.finditer(text, position):
        depth += 1 if found[0] == "/*" else -1
        if not depth:
            return found.end()
    return len(text)
