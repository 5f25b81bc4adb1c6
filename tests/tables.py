"""Made-up tables for the tests of bytes: every cell that misleads a careless reader, cut into pieces of any size."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

BOM = b"\xef\xbb\xbf"
_TROUBLE = (
    'say "no"', '"', '""', "a,b;c\td|e", "\n", "\r\n", "\n\n\n", 'near"\n\n"Example Trading Ltd"\nreally', "漢字", "é",
    "", " ", "=1+1", "-5", "Confidential Information - Do Not Distribute", "<html>", "{}", "\ufeff", "x\n\n",
)  # fmt: skip
_LETTERS = st.text(st.sampled_from('ab"",;\t|\n\r é漢'), max_size=6)
_ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
cells = st.one_of(st.sampled_from(_TROUBLE), _LETTERS, _ANY)


@dataclass(frozen=True)
class Table:
    """Rows with the header first, and how they are written."""

    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    line_end: str = "\n"
    bom: bool = False

    @property
    def records(self) -> int:
        return len(self.rows) - 1

    @property
    def content(self) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, quoting=csv.QUOTE_ALL, lineterminator=self.line_end).writerows(
            self.rows
        )
        return (BOM if self.bom else b"") + text.getvalue().encode()


@st.composite
def tables(draw: st.DrawFn, most_rows: int = 6, most_columns: int = 4) -> Table:
    width = draw(st.integers(1, most_columns))
    rows = draw(st.lists(st.tuples(*[cells] * width), min_size=1, max_size=most_rows))
    return Table(
        tuple(rows), draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans())
    )


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def pieces(content: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    """`content` in pieces of the given lengths, over and over."""
    position, turn = 0, 0
    while position < len(content):
        length = lengths[turn % len(lengths)]
        yield content[position : position + length]
        position, turn = position + length, turn + 1


def parsed(content: bytes, delimiter: str) -> list[list[str]] | None:
    """What Python's own strict reader sees; None when it refuses. Blank lines at the end are not counted."""
    text = content.removeprefix(BOM).decode("utf-8", "replace")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    while rows and not rows[-1]:
        rows.pop()
    return rows
