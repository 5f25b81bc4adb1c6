"""Knows which reports of a list are meant by a name, perhaps with `*` in it, or by a tag, in any letter case."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from sfr.catalog.dates import undated
from sfr.catalog.file_names import known_extension
from sfr.errors import ConfigError
from sfr.model import WORKBOOK, Report

MOST_SHOWN = 20

_NO_TYPE = "report"  # what every report is that has no type of its own


def select(reports: Iterable[Report], patterns: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Report]:
    """The reports that one of `patterns` names and that have one of `tags`, in any letter case; nothing given selects
    everything.

    A report is named by its file name or its name in the list, with or without dates and extension, and by parts of it
    (`sales_*`); or else by its type. The reports of one workbook come together. Raises ConfigError with the names there
    are when a pattern names no report, with similar ones when no report has a tag, and when no report fits both.
    """
    found = list(reports)
    named = [_named(found, pattern) for pattern in patterns]
    for pattern, some in zip(patterns, named, strict=True):
        if not some:
            raise ConfigError(f"no report is called {pattern}", remedy=known_names(found, pattern))
    for tag in tags:
        if not any(_has_tag(report, tag) for report in found):
            raise _no_tag(tag, [tag for report in found for tag in report.tags])
    by_name = {number for some in named for number in some} if patterns else set(range(len(found)))
    wanted = {number for number in by_name if not tags or any(_has_tag(found[number], tag) for tag in tags)}
    if (patterns or tags) and not wanted:
        raise ConfigError("no report has both such a name and such a tag", remedy="Leave one of them out.")
    books = {book_of(found[number]) for number in wanted} - {None}
    return [report for number, report in enumerate(found) if number in wanted or book_of(report) in books]


def names_some(reports: Sequence[Report], pattern: str) -> bool:
    """Whether `pattern` names any of the reports, as `select` understands it."""
    return bool(_named(reports, pattern))


def known_names(reports: Sequence[Report], wanted: str) -> str:
    """What somebody may have meant: all names when they are few, otherwise similar ones and how many there are."""
    names = list(dict.fromkeys([*map(_shown_name, reports), *(Path(book).stem for book in _books(reports))]))
    spelling = {_folded(each): name for report, name in _with_names(reports) for each in [*_names(report), name]}
    close = [spelling[each] for each in difflib.get_close_matches(_folded(wanted), spelling, n=3)]
    hint = f"Did you mean {' or '.join(dict.fromkeys(close))}? " if close else ""
    if len(names) <= MOST_SHOWN:
        return f"{hint}There {'is' if len(names) == 1 else 'are'}: {', '.join(names)}."
    return f"{hint}There are {len(names)} reports; --dry-run shows them."


def _with_names(reports: Sequence[Report]) -> list[tuple[Report, str]]:
    return [(report, _shown_name(report)) for report in reports]


def _shown_name(report: Report) -> str:
    """The shortest name that a report goes by, which is the same every day."""
    return min(_names(report), key=len)


def _names(report: Report) -> list[str]:
    """All that a report is called: its file, and what the list says, also without dates, each without and with the
    file's extension."""
    written = report.template.partition("\n")[0] or report.name
    extension = known_extension(report.name)
    plain = written.removesuffix(known_extension(written))
    stems = (report.name.removesuffix(extension), plain, undated(plain) or plain)
    return [*stems, Path(report.name).stem, *(f"{stem}{extension}" for stem in stems)]


def _books(reports: Sequence[Report]) -> list[str]:
    """The workbooks that reports are sheets of, also those that have no row of their own."""
    return list(dict.fromkeys(report.shape.workbook for report in reports if report.shape.workbook))


def _named(reports: Sequence[Report], pattern: str) -> list[int]:
    """The places of the reports that a pattern names; a workbook is named by its file, and stands for its sheets."""
    books = {book for book in _books(reports) if _matches([book, Path(book).stem], pattern)}
    by_name = [
        number
        for number, report in enumerate(reports)
        if report.shape.workbook in books or _matches(_names(report), pattern)
    ]
    return by_name or [
        number for number, report in enumerate(reports) if _folded(report.type) == _folded(pattern) != _NO_TYPE
    ]


def _matches(names: Iterable[str], pattern: str) -> bool:
    wanted = _folded(pattern)
    return any(wanted == name or fnmatchcase(name, wanted) for name in map(_folded, names))


def book_of(report: Report) -> tuple[str, str] | None:
    """What is the same for a workbook and for all reports that are its sheets; None for others."""
    name = report.name if report.source == WORKBOOK else report.shape.workbook
    return (report.folder, name.casefold()) if name else None


def _has_tag(report: Report, tag: str) -> bool:
    return _folded(tag) in map(_folded, report.tags)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _no_tag(wanted: str, known: Sequence[str]) -> ConfigError:
    spelling = {_folded(tag): tag for tag in known}
    close = [spelling[each] for each in difflib.get_close_matches(_folded(wanted), spelling, n=3)]
    shown = f"Did you mean {' or '.join(dict.fromkeys(close))}?" if close else "See --dry-run for what is on the list."
    return ConfigError(f"no report has the tag {wanted}", remedy=shown)
