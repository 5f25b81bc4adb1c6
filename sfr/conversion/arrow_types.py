"""Gives an Arrow column of texts its type: as fast as pyarrow casts, and exactly as `ColumnType.value` reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyarrow import compute

from sfr.column_types import MOST_DIGITS, ColumnType

Note = Callable[[int, str, ValueError], None]  # row in the array, text, and why it does not fit

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
# Where a text has no other characters than these, a cast takes what `ColumnType.value` takes, or fails.
_CHARACTERS = {
    "integer": b"-0123456789",
    "decimal": b"-.0123456789",
    "float": b"+-.0123456789eE",
    "date": b"-0123456789",
    "timestamp": b"-:. T0123456789",
}
_SHORTEST_TIMESTAMP = len("2026-11-21 07:30")  # pyarrow would take a day, or an hour, alone
_NO_YEAR = "0000"  # is one to pyarrow, and to hardly anybody who reads the file


def arrow_type(kind: ColumnType) -> pa.DataType:
    """How the type is called there."""
    return pa.decimal128(kind.precision, kind.scale) if kind.kind == "decimal" else _TYPES[kind.kind]


def typed_array(texts: pa.StringArray, kind: ColumnType, note: Note) -> pa.Array:
    """The values of `texts`. One that does not fit is told to `note`, and is nothing in the result if that returns."""
    found = _cast(texts, kind)
    if found is None and kind.kind != "text":
        texts = compute.if_else(compute.equal(texts, ""), None, texts)
        found = _cast(texts, kind)
    return _one_by_one(texts, kind, note) if found is None else found


def _cast(texts: pa.StringArray, kind: ColumnType) -> pa.Array | None:
    """The values, None where pyarrow refuses them or could take what it should not."""
    if not _is_plain(texts, kind):
        return None
    try:
        found = texts.cast(arrow_type(kind))
    except pa.ArrowInvalid:
        return None
    is_finite = kind.kind != "float" or compute.all(compute.is_finite(found)).as_py() is not False
    return found if is_finite else None


def _is_plain(texts: pa.StringArray, kind: ColumnType) -> bool:
    """Whether pyarrow may be asked."""
    if kind.kind == "text":
        return (compute.max(compute.utf8_length(texts)).as_py() or 0) <= kind.length
    characters = _CHARACTERS.get(kind.kind)
    if characters is None or _bytes_of(texts).translate(None, characters):
        return False
    lengths = compute.min_max(compute.binary_length(texts)).as_py()
    if kind.kind == "decimal":  # of more digits than it holds pyarrow takes the last bits, and makes another number
        return (lengths["max"] or 0) <= MOST_DIGITS
    if kind.kind in ("date", "timestamp") and compute.any(compute.starts_with(texts, _NO_YEAR)).as_py():
        return False
    return kind.kind != "timestamp" or lengths["min"] is None or lengths["min"] >= _SHORTEST_TIMESTAMP


def _bytes_of(texts: pa.StringArray) -> bytes:
    """All texts behind each other."""
    _, ends, data = texts.buffers()
    if data is None or not len(texts):
        return b""
    positions = memoryview(ends).cast("i")
    return bytes(memoryview(data)[positions[texts.offset] : positions[texts.offset + len(texts)]])


def _one_by_one(texts: pa.StringArray, kind: ColumnType, note: Note) -> pa.Array:
    """Each different text once."""
    encoded = texts.dictionary_encode()
    values: list[Any] = []
    misfits: dict[int, ValueError] = {}
    for index, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(kind.value_or_none(text))
        except ValueError as why:
            misfits[index] = why
            values.append(None)
    if misfits:
        _tell(encoded, misfits, note)
    return pa.array(values, arrow_type(kind)).take(encoded.indices)


def _tell(encoded: pa.DictionaryArray, misfits: dict[int, ValueError], note: Note) -> None:
    texts = encoded.dictionary
    for row, index in enumerate(encoded.indices.to_pylist()):
        if index in misfits:
            note(row, texts[index].as_py(), misfits[index])
