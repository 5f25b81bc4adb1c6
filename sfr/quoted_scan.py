"""Counts the records of a CSV whose every field is quoted, from the places of its quotes alone.

In such a file the quotes alternate: one opens a field, the next closes it. Between a closing and the next opening one
stands a delimiter or a line end, or nothing where a quote inside a field was doubled. So the distances between them
tell all, and they are computed for a whole block at once.
"""

from __future__ import annotations

import numpy as np

_QUOTE, _LINE_FEED, _CARRIAGE_RETURN = 0x22, 0x0A, 0x0D
_DOUBLED, _ONE_BYTE, _TWO_BYTES = 1, 2, 3


def count_whole_records(block: bytes | bytearray, width: int, delimiter: int) -> tuple[int, int] | None:
    """How many records of `width` fields `block` begins with, and how many bytes they are; None when unsure.

    `block` must begin where a record begins. The last record is left out: its line end may be the end of the file.
    None means that something is not as in a well-formed file of this kind; where and what is for `CsvScan` to find.
    """
    text = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    closing, opening = quotes[1::2], quotes[2::2]
    closing = closing[: len(opening)]
    if not len(opening) or quotes[0] != 0:
        return None if block[:1] != b'"' else (0, 0)
    distance = opening - closing
    real = distance != _DOUBLED
    closing, opening, distance = closing[real], opening[real], distance[real]
    between = text[closing + 1]
    ends = np.flatnonzero(between != delimiter)
    if not _well_formed(text, closing, distance, between, ends):
        return None
    if not len(ends):
        return 0, 0
    if ends[0] != width - 1 or (np.diff(ends) != width).any():
        return None
    return len(ends), int(opening[ends[-1]])


def _well_formed(
    text: np.ndarray, closing: np.ndarray, distance: np.ndarray, between: np.ndarray, ends: np.ndarray
) -> bool:
    """Whether only delimiters, LF and CRLF stand between fields."""
    at_end = between[ends]
    if (at_end == _LINE_FEED).all():
        return bool((distance == _ONE_BYTE).all())
    if not (at_end == _CARRIAGE_RETURN).all() or not (text[closing[ends] + 2] == _LINE_FEED).all():
        return False
    expected = np.full(len(distance), _ONE_BYTE)
    expected[ends] = _TWO_BYTES
    return bool((distance == expected).all())
