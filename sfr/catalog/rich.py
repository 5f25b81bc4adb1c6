"""Knows how reports stand in a JSON or YAML list: the same words as a CSV list has, and the options of their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sfr.catalog.columns import HEADERS, LIST_KEYS
from sfr.catalog.entry import Cells, Entry, Pairs, is_text, text_of
from sfr.catalog.problems import BadCell, Problem, shorten
from sfr.catalog.row import Row
from sfr.catalog.table import normalise_header
from sfr.similar_names import did_you_mean

_DOCUMENT_KEYS = ("defaults", "reports")
_EXPECT_KEYS = {
    "min_rows": "min_rows",
    "min_records": "min_rows",
    "max_rows": "max_rows",
    "max_records": "max_rows",
    "may_be_empty": "may_be_empty",
    "columns": "columns",
    "types": "expect.types",
    "unique": "unique",
    "newest": "newest",
}
# What may be, or always is, more than a text; it is understood where what it says is known.
_MORE = frozenset(["destination", "destination_path", "identity", "clean", "unique"])
_ALWAYS_MORE = frozenset(["types", "null", "steps", "expect.types", "newest"])
# Where both the defaults and a report have one of these, each keeps what the other does not name.
_JOINED = ("options", "params", "expect")
_SHAPE = "Write a list of reports, or a mapping with the keys reports and, if you like, defaults."

Values = dict[str, Any]


def rows_of_document(document: Any) -> tuple[list[Row], list[Problem]]:
    """The rows of a list of reports, or of `{defaults, reports}`, and what is wrong beside them."""
    if isinstance(document, list):
        return [_row(number, each, {}) for number, each in enumerate(document, 1)], []
    if not isinstance(document, dict):
        return [], [Problem(None, "", _shown(document), "is no list of reports", _SHAPE)]
    problems = [
        Problem(None, key, "", "is no key that is known here", _near(key, _DOCUMENT_KEYS) or _SHAPE)
        for key in document
        if key not in _DOCUMENT_KEYS
    ]
    reports, defaults = document.get("reports"), document.get("defaults") or {}
    if not isinstance(defaults, dict):
        problems.append(Problem(None, "defaults", _shown(defaults), "is no mapping", "Write keys and values below it."))
        defaults = {}
    if not isinstance(reports, list):
        if "reports" in document or not problems:
            problems.append(Problem(None, "reports", "", "is no list of reports", _SHAPE))
        return [], problems
    return [_row(number, each, defaults) for number, each in enumerate(reports, 1)], problems


def _row(number: int, report: Any, defaults: Values) -> Row:
    if not isinstance(report, dict):
        message = "is no report: it must be a mapping"
        problem = Problem(number, "", _shown(report), message, "Write keys and values, such as name and id.")
        return Row(number, Entry({}), [problem])
    return _Reading(number).row(report, defaults)


class _Reading:
    """Reads one report, collecting what is wrong with it."""

    def __init__(self, number: int) -> None:
        self._number, self._problems, self._cells, self._more = number, list[Problem](), Cells(), Values()

    def row(self, report: Values, defaults: Values) -> Row:
        values = _joined(self._keyed(defaults), self._keyed(report))
        options = self._options(values)
        columns, expected = self._columns(values, options), self._expected(values.pop("expect", None))
        params = self._params(values.pop("params", None))
        for key, value in values.items():
            self._cell(key, value)
        entry = Entry(self._cells, params, options, self._more, columns, expected_columns=expected)
        name = self._cells.get("name", "")
        wrong = [
            Problem(each.line, each.column, each.value, each.message, each.remedy, name) for each in self._problems
        ]
        return Row(self._number, entry, wrong)

    def _keyed(self, report: Values) -> Values:
        """The report with the keys of lists under their one name; all others are left to the source."""
        found: Values = {}
        for key, value in report.items():
            plain = normalise_header(key)
            name = HEADERS.get(plain, plain if plain in LIST_KEYS else key)
            if name in found:
                self._wrong(key, "", f"is the same key as another one: {name}", "Delete one of them.")
            elif value is not None:
                found[name] = value
        return found

    def _options(self, values: Values) -> Values:
        """What `options` holds, and all that is none of the list's own keys."""
        given = values.pop("options", None) or {}
        if not isinstance(given, dict):
            self._wrong("options", _shown(given), "is no mapping", "Write the options of the source below it.")
            given = {}
        options = dict(given)
        for key in [key for key in values if key not in HEADERS.values() and key not in LIST_KEYS]:
            if key in options:
                self._wrong(key, "", "is given twice, also below options", "Delete one of them.")
            options[key] = values.pop(key)
        return options

    def _columns(self, values: Values, options: Values) -> Pairs:
        columns = values.pop("columns", None)
        if columns is None:
            return ()
        if isinstance(columns, str):  # some sources have an option of this name
            options.setdefault("columns", columns)
            return ()
        pairs = self._pairs_of_columns(columns)
        names = [new for _, new in pairs]
        for new in {name for name in names if names.count(name) > 1}:
            self._wrong("columns", new, "would be the name of two columns", "Choose another name for one of them.")
        return pairs

    def _pairs_of_columns(self, columns: Any) -> Pairs:
        remedy = "Write pairs of a column's name and the name that it shall get, or a list of names to be kept."
        if isinstance(columns, list):
            columns = {text_of(each): each for each in columns if is_text(each)} if all(map(is_text, columns)) else None
        if not isinstance(columns, dict) or not columns:
            self._wrong("columns", "", "says nothing of columns", remedy)
            return ()
        pairs = []
        for old, new in columns.items():
            name = old if new is None else text_of(new) if is_text(new) else ""
            if not name.strip():
                self._wrong(f"columns.{old}", _shown(new), "is no name for a column", remedy)
            pairs.append((old, name))
        return tuple(pairs)

    def _expected(self, expect: Any) -> tuple[str, ...]:
        if expect is None:
            return ()
        known = ", ".join(key for key in _EXPECT_KEYS if not key.endswith("records"))
        if not isinstance(expect, dict):
            self._wrong("expect", _shown(expect), "is no mapping", f"There are {known}.")
            return ()
        for key, value in expect.items():
            name = _EXPECT_KEYS.get(normalise_header(key))
            if name is None:
                remedy = _near(key, _EXPECT_KEYS) or f"There are {known}."
                self._wrong(f"expect.{key}", "", "is no key that is known here", remedy)
            elif name in self._cells or name in self._more:
                self._wrong(f"expect.{key}", "", "is given twice", "Delete one of them.")
            elif name != "columns" and value is not None:
                self._cell(name, value)
        columns = expect.get("columns") or []
        if not isinstance(columns, list) or not all(map(is_text, columns)):
            self._wrong("expect.columns", _shown(columns), "is no list of names", "Write each column's name.")
            return ()
        return tuple(map(text_of, columns))

    def _params(self, params: Any) -> Pairs | None:
        if params is None or is_text(params):
            self._cells["params"] = text_of(params) if params is not None else ""
            return None
        if not isinstance(params, dict):
            remedy = "Write name=value&name=value, or a mapping of names and values."
            self._wrong("params", _shown(params), "is neither a text nor a mapping", remedy)
            return ()
        return tuple(self._pairs(params))

    def _pairs(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in params.items():
            for each in value if isinstance(value, list) else [value]:
                if each is None or isinstance(each, bool) or is_text(each):
                    yield name, "" if each is None else text_of(each)
                else:
                    self._wrong(f"params.{name}", _shown(each), "is no text", _quote(each))

    def _cell(self, key: str, value: Any) -> None:
        """The value of one of the list's own keys: as the text that a CSV list would have, or as it is."""
        if key in _ALWAYS_MORE or (key in _MORE and isinstance(value, (list, dict))):
            self._more[key] = value
            return
        try:
            self._cells[key] = _cell_text(key, value)
        except BadCell as error:
            self._wrong(key, _shown(value), error.message, error.remedy)

    def _wrong(self, key: str, value: str, message: str, remedy: str) -> None:
        self._problems.append(Problem(self._number, key, value, message, remedy))


def _cell_text(key: str, value: Any) -> str:
    if key == "tags" and isinstance(value, list) and all(map(is_text, value)):
        return ";".join(map(text_of, value))
    if key == "may_be_empty" and isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bool) or not is_text(value):
        raise BadCell("is no text", _quote(value))
    return text_of(value)


def _joined(defaults: Values, report: Values) -> Values:
    found = {**defaults, **report}
    for key in _JOINED:
        if isinstance(defaults.get(key), dict) and isinstance(report.get(key), dict):
            found[key] = {**defaults[key], **report[key]}
    return found


def _shown(value: Any) -> str:
    return shorten(text_of(value)) if is_text(value) or isinstance(value, bool) else ""


def _quote(value: Any) -> str:
    if isinstance(value, dict):
        return 'Put it into quotation marks: "{…}", for in YAML a brace begins a mapping.'
    return "Write a text, in quotation marks." if not isinstance(value, list) else "Write one text."


def _near(key: str, known: Any) -> str:
    return did_you_mean(normalise_header(key), known)
