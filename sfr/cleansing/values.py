"""Knows what a value is compared as: a text as its bytes, anything else by the type that the list gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sfr import column_types
from sfr.column_types import ColumnType, shown
from sfr.csv_records import Rows
from sfr.errors import InvalidReport

Value = bytes | column_types.Value


class Misfit(Exception):
    """A value does not fit the type that it shall be compared as."""

    def __init__(self, column: str, text: str, why: ValueError) -> None:
        super().__init__(f"column {column!r}: {shown(text)} {why}")


class Reader:
    """Reads the values of `column` as `wanted`. Nothing, and for other types than text the empty text, is None.

    `kept_misfits` counts values that do not fit and are taken for None, where `keep_misfits` asks for that; else they
    raise Misfit.
    """

    def __init__(self, column: str, wanted: ColumnType, *, keep_misfits: bool = False) -> None:
        self._column, self._wanted, self._keep_misfits = column, wanted, keep_misfits
        self.is_text = wanted.kind == "text"
        self.kept_misfits = 0

    def __call__(self, text: bytes | None) -> Value | None:
        if self.is_text:
            return text
        if not text:
            return None
        try:
            return self._wanted.value(text.decode())
        except ValueError as error:
            if self._keep_misfits:
                self.kept_misfits += 1
                return None
            raise Misfit(self._column, text.decode(), error) from error

    def warnings(self, label: str) -> tuple[str, ...]:
        """What is to be told of misfits; `label` is the step's."""
        if not self.kept_misfits:
            return ()
        return (
            f"{label}: taken for missing in {self._column!r}, since they are no {self._wanted.name}: "
            f"{self.kept_misfits:,} values",
        )


def refusal(label: str, passed: int, rows: Rows, read: Callable[[Sequence[bytes]], object]) -> InvalidReport:
    """The error for the first of `rows` that `read` raises Misfit for; `passed` records came before these."""
    for number, row in enumerate(rows, passed + 1):
        try:
            read(row)
        except Misfit as misfit:
            return InvalidReport(
                f"{label}: record {number:,} of those that reach it, {misfit}",
                reason="type",
                remedy="Correct `as` (or `types`) in the list, mend the source, or write misfits: keep.",
                max_attempts=1,
            )
    raise AssertionError("no record raises what one of them has raised")
