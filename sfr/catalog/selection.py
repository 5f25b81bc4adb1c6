"""Knows which reports of a list are meant by a name with `*` in it, or by a tag, in whatever letter case."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from sfr.errors import ConfigError
from sfr.model import Report


def select(reports: Iterable[Report], patterns: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Report]:
    """The reports whose name fits one of `patterns` (`sales_*`, with or without the extension) and that have one of
    `tags`, in any letter case; nothing given selects everything.

    Raises ConfigError with similar names when a pattern or tag fits no report, or no report fits both.
    """
    found = list(reports)
    for pattern in patterns:
        if not any(_fits(report, pattern) for report in found):
            raise _nothing("report is called", pattern, [report.name for report in found])
    for tag in tags:
        if not any(_has_tag(report, tag) for report in found):
            raise _nothing("report has the tag", tag, [tag for report in found for tag in report.tags])
    selected = [
        report
        for report in found
        if (not patterns or any(_fits(report, pattern) for pattern in patterns))
        and (not tags or any(_has_tag(report, tag) for tag in tags))
    ]
    if (patterns or tags) and not selected:
        raise ConfigError("no report has both such a name and such a tag", remedy="Leave one of them out.")
    return selected


def _fits(report: Report, pattern: str) -> bool:
    names = (_folded(report.name), _folded(Path(report.name).stem))
    return any(fnmatchcase(name, _folded(pattern)) for name in names)


def _has_tag(report: Report, tag: str) -> bool:
    return _folded(tag) in map(_folded, report.tags)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _nothing(what: str, wanted: str, known: Sequence[str]) -> ConfigError:
    spelling = {_folded(Path(name).stem): name for name in known} | {_folded(name): name for name in known}
    close = [spelling[each] for each in difflib.get_close_matches(_folded(wanted), spelling, n=3)]
    shown = f"Did you mean {' or '.join(dict.fromkeys(close))}?" if close else "See --dry-run for what is on the list."
    return ConfigError(f"no {what} {wanted}", remedy=shown)
