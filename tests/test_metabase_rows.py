"""That the watch over rows refuses every glued error, and no legitimate CSV, however the bytes are parted."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfr.errors import InvalidReport, ReportError
from sfr.sources.metabase.rows import Copied, Rows
from sfr.testing import Tray

TEXT = st.text(alphabet=st.sampled_from('{}[]",:;\t|\\\n\r abstatuserror019é'), max_size=24)
JSON_TEXT = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "error", "a"]) | TEXT, inner)
    ),
    max_leaves=6,
).map(lambda value: json.dumps(value, separators=(",", ":")))
CELLS = JSON_TEXT | TEXT | st.sampled_from(['{"status":"failed","error":"x"}', '{"', '"}', '{ "a": 1}', "{\n"])
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1))
MESSAGES = st.dictionaries(st.sampled_from(["status", "error", "via", "_status", "cause"]), JSON_TEXT, min_size=1)


def as_csv(table: list[list[str]], separator: str, quoting: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(table)  # type: ignore[arg-type]
    return text.getvalue().encode()


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[start:end] for start, end in itertools.pairwise(places))


def copied(data: bytes, cuts: list[int] | None = None) -> tuple[Copied, bytes]:
    tray = Tray()
    return Rows(tray).copy(pieces(data, cuts or [])), bytes(tray.data)


@given(
    TABLES,
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.lists(st.integers(0, 10_000), max_size=6),
)
def test_rows_with_json_in_their_fields_pass_unchanged_and_counted(
    table: list[list[str]], separator: str, quoting: int, cuts: list[int]
) -> None:
    data = as_csv(table, separator, quoting)
    if data.lstrip()[:1] == b"<":
        return
    found, passed = copied(data, cuts)
    assert passed == data
    assert found == Copied(len(data), len(table) - 1)


@given(
    TABLES,
    st.sampled_from(",;\t|"),
    st.integers(0, 10_000),
    MESSAGES,
    st.lists(st.integers(0, 10_000), max_size=6),
    st.booleans(),
)
def test_an_error_glued_anywhere_is_refused(
    table: list[list[str]], separator: str, place: int, message: dict[str, str], cuts: list[int], spaced: bool
) -> None:
    rows = as_csv(table, separator, csv.QUOTE_MINIMAL)
    separators = (", ", ": ") if spaced else (",", ":")
    glued = json.dumps(message, separators=separators).encode()
    with pytest.raises((InvalidReport, ReportError)):
        copied(rows[: place % (len(rows) + 1)] + glued, cuts)


@given(TABLES, st.integers(0, 10_000))
def test_a_line_without_its_end_is_refused(table: list[list[str]], place: int) -> None:
    rows = as_csv(table, ",", csv.QUOTE_MINIMAL)
    part = rows[: place % (len(rows) + 1)]
    if part and not part.endswith(b"\n"):
        with pytest.raises((InvalidReport, ReportError)):
            copied(part)


@given(st.lists(st.integers(0, 10), max_size=4))
def test_a_byte_order_mark_is_left_out_even_in_parts(cuts: list[int]) -> None:
    assert copied(b"\xef\xbb\xbfa\n1\n", cuts)[1] == b"a\n1\n"


def test_an_indented_message_is_found_too() -> None:
    with pytest.raises(InvalidReport, match="no more memory"):
        copied(b"a,b\n1,2\n" + json.dumps({"error": "no more memory"}, indent=2).encode())


def test_memory_stays_flat_over_many_megabytes() -> None:
    class Nowhere(Tray):
        def write(self, data: bytes | memoryview, /) -> int:
            return len(data)

    piece = b'1,"{""a"": ""b""}",x\n' * 10_000
    tracemalloc.start()
    Rows(Nowhere()).copy(iter([b"a,b,c\n", *([piece] * 100)]))
    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes < 12 * len(piece)
