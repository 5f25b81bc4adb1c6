"""Knows the names of tables and columns: how a path becomes one, which ones a database takes, how they are quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sfr.errors import DeliveryError

_EXTENSION = re.compile(r"\.(?:csv|txt|tsv|jsonl|json|parquet|xlsx|xls)(?:\.(?:gz|zst|br))?$", re.IGNORECASE)
_EXACT = re.compile(r"[\w$ -]+(?:\.[\w$ -]+)?")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TableName:
    """A table; `schema` is "" where the database's default one is meant, or has none."""

    name: str
    schema: str = ""

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a database says about names. `most` is how long they may be, 0 for any length, counted in bytes or in
    characters; `folds` is set where Id and ID are the same column."""

    quote: str
    most: int = 0
    counts_bytes: bool = False
    folds: bool = False
    has_schemas: bool = True
    refused: str = "\0"  # characters, as they stand in a regular expression
    spaces_at_end: bool = True

    def quoted(self, name: str) -> str:
        """The name as it stands in SQL, with nothing of it read in another way."""
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def listed(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.quoted, names))

    def table(self, table: TableName) -> str:
        return f"{self.quoted(table.schema)}.{self.quoted(table.name)}" if table.schema else self.quoted(table.name)

    def key(self, name: str) -> str:
        """The same for names that the database takes for the same."""
        return name.casefold() if self.folds else name

    def why_not(self, name: str) -> str:
        """What keeps a name from being one here; "" for nothing."""
        length = len(name.encode()) if self.counts_bytes else len(name)
        if not name:
            return "has no name"
        if self.most and length > self.most:
            return f"is too long: {length} {'bytes' if self.counts_bytes else 'characters'} of {self.most}"
        if re.search(f"[{self.refused}]", name):
            return "holds a character that no name may have"
        return "ends with a space" if name.endswith(" ") and not self.spaces_at_end else ""


def table_name(path: str, schema: str, rules: NameRules) -> TableName:
    """The table that a path means.

    `sales` and `archive.sales` are meant as they are. A file's name becomes one: without its extension, in small
    letters, with _ for whatever is no letter and no digit. Raises DeliveryError for what cannot be a table's name.
    """
    if _EXACT.fullmatch(path) and not _EXTENSION.search(path):
        before, _, name = path.rpartition(".")
        found = TableName(name, before or schema)
    else:
        words = re.sub(r"\W+", "_", _EXTENSION.sub("", path).lower())
        found = TableName(words.strip("_"), schema)
    if found.schema and not rules.has_schemas:
        raise _refused(f"{path!r}: this database has no schemas, only tables")
    for what, name in (("table", found.name), ("schema", found.schema)):
        if (name or what == "table") and (why := rules.why_not(name)):
            raise _refused(f"{path!r} cannot be a table: the {what} {name!r} {why}")
    return found


def check_columns(columns: Sequence[str], rules: NameRules) -> None:
    """Raises DeliveryError, with the columns, where their names cannot be those of a table."""
    if not columns:
        raise _columns("nothing came, not even a header, and no table can be made of that")
    wrong = [f"number {number} {rules.why_not(name)}" for number, name in enumerate(columns, 1) if rules.why_not(name)]
    if wrong:
        raise _columns(f"columns that no table can have: {listed(wrong)}")
    seen: dict[str, str] = {}
    for name in columns:
        if (other := seen.setdefault(rules.key(name), name)) != name:
            raise _columns(f"the columns {other!r} and {name!r} are the same one for this database")
    if len(seen) < len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        raise _columns(f"more than one column is called {listed(map(repr, twice))}")


def listed(texts: object) -> str:
    """A few of them, and how many more there are."""
    found = list(texts)  # type: ignore[call-overload]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _refused(message: str) -> DeliveryError:
    return DeliveryError(
        message, reason="table-name", remedy="Write another name for the table: `path` of this place in the list."
    )


def _columns(message: str) -> DeliveryError:
    return DeliveryError(
        message, reason="columns", remedy="Name the columns in the list (`columns`, or the step rename)."
    )
