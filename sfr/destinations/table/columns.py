"""Knows which column of a file goes into which column of a table, and what its values are held to on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sfr.column_types import ColumnType, read_types
from sfr.destinations.table.naming import NameRules, listed
from sfr.errors import DeliveryError

MOST_FRACTION_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `type` is what its values are held to, None where the database alone judges. `stored` is the database's own type
    ("" for a column that is to be made), `holds` the kinds that it keeps exactly, none for every kind.
    `fraction_digits` are those of a second, `number_digits` those of a number (0 for any) that it keeps. `required` is
    set where it must have a value, `makes_numbers` where a text that looks like a number becomes one.
    """

    name: str
    type: ColumnType | None = None
    stored: str = ""
    holds: frozenset[str] = frozenset()
    fraction_digits: int = MOST_FRACTION_DIGITS
    number_digits: int = 0
    required: bool = False
    makes_numbers: bool = False

    @property
    def kind(self) -> str:
        return self.type.kind if self.type else "text"


def declared_columns(names: Sequence[str], types: Sequence[tuple[str, str]]) -> list[Column]:
    """The columns of a file as the list declares them; what it does not name is text. Raises DeliveryError."""
    try:
        declared = read_types(types)
    except ValueError as error:
        raise DeliveryError(str(error), reason="types", remedy="Correct `types` of this report in the list.") from error
    return [Column(name, declared.get(name)) for name in names]


def matched(table: str, wanted: Sequence[Column], there: Mapping[str, Column], rules: NameRules) -> list[Column]:
    """The columns of the table that `wanted` go into, in their order. Raises DeliveryError, with the columns, where
    the table has others or cannot keep what is declared."""
    by_key = {rules.key(name): column for name, column in there.items()}
    keys = {rules.key(column.name) for column in wanted}
    missing = [repr(column.name) for column in wanted if rules.key(column.name) not in by_key]
    extra = [repr(column.name) for key, column in by_key.items() if key not in keys]
    said = [f"the table lacks {listed(missing)}"] if missing else []
    said += [f"the report lacks {listed(extra)}"] if extra else []
    if said:
        raise _others(f"table {table} has other columns than the report: {'; '.join(said)}")
    agreed, problems = [], []
    for column in wanted:
        kept = by_key[rules.key(column.name)]
        if column.type and not _keeps(kept, column.type):
            problems.append(f"{kept.name!r} is {kept.stored} there and {column.type.name} in the list")
        agreed.append(replace(kept, type=_narrower(column.type, kept.type)))
    if problems:
        raise _others(f"table {table} has columns of other types than the list: {listed(problems)}")
    return agreed


def _keeps(kept: Column, declared: ColumnType) -> bool:
    return not kept.holds or declared.kind in kept.holds


def _narrower(declared: ColumnType | None, kept: ColumnType | None) -> ColumnType | None:
    """What fits both."""
    if declared is None or kept is None or declared.kind != kept.kind:
        return declared or kept
    if declared.kind == "text":
        lengths = [each.length for each in (declared, kept) if each.length]
        return ColumnType("text", length=min(lengths, default=0))
    if declared.kind == "decimal":
        scale = min(declared.scale, kept.scale)
        before = min(declared.precision - declared.scale, kept.precision - kept.scale)
        return ColumnType("decimal", before + scale, scale)
    return declared


def _others(message: str) -> DeliveryError:
    return DeliveryError(
        message,
        reason="columns",
        remedy="Change the table or the list so that both have the same columns, or name another table; nothing was "
        "written.",
    )
