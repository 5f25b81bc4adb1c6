"""A header is read in one encoding by everybody: by the scan, by expectations, steps, types and new column names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.csv_records import CsvRecords
from sfr.csv_scan import CsvScan, read_header
from sfr.errors import InvalidReport
from sfr.model import Expectations, Shape, Status
from tests.cleansing import facts_of
from tests.scripted import bring, whole
from tests.test_column_mapping import mapped

NAMES = ("Preis €", "2025–2026", "Kunde’s Nr", "Größe")
CONTENT = ("“id”," + ",".join(NAMES) + "\n1,2 €,3,4,5\n").encode("cp1252")
HOLE = b"5\n" + b"6\x81,2,3,4,5\n"  # 0x81 is nothing in the Windows code page


@pytest.mark.parametrize(
    "wanted",
    [
        {"expected_columns": NAMES},
        {"expect": Expectations(unique=NAMES)},
        {"shape": Shape(steps=(("keep", NAMES),)), "expected_columns": NAMES},
        {"shape": Shape(types=(("Preis €", "text"),), format="jsonl"), "expected_columns": NAMES},
        {"columns": tuple((name, f"{name}!") for name in NAMES), "expected_columns": tuple(f"{n}!" for n in NAMES)},
    ],
)
def test_signs_of_the_windows_code_page_in_a_header_are_found(tmp_path: Path, wanted: dict[str, Any]) -> None:
    outcome = bring(tmp_path, whole(CONTENT), **wanted)
    assert (outcome.status, outcome.records) == (Status.DONE, 1), outcome.error
    assert set(NAMES) <= {name.removesuffix("!") for name in outcome.columns}


@pytest.mark.parametrize("content", [CONTENT, CONTENT + HOLE[2:], "größe,b\n".encode() + b"\xfc,1\n"])
def test_all_who_read_a_header_read_the_same(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    scan = CsvScan()
    scan.feed(content)
    with path.open("rb") as file:
        header = read_header(file).columns
    assert scan.finish().columns == header == CsvRecords(path, facts_of(path), lambda _: None).columns
    assert "Preis €" in header or "größe" in header


def test_a_new_name_that_the_header_s_encoding_cannot_write_is_refused() -> None:
    header = "größe,b\n1,2\n".encode("cp1252")
    assert mapped(header, (("größe", "Preis €"),)) == '"Preis €"\n1\n'.encode("cp1252").replace(b'"', b"")
    with pytest.raises(InvalidReport, match="cannot write the new name '漢字'") as raised:
        mapped(header, (("größe", "漢字"),))
    assert raised.value.reason == "columns"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_names_in_utf_8_are_not_put_above_records_that_are_not(size: int) -> None:
    records = "size,b\ngroß,1\n"
    assert mapped(records.encode(), (("size", "Größe"),), lengths=[size]) == "Größe\ngroß\n".encode()
    assert mapped(records.encode("cp1252"), (("size", "Size"),), lengths=[size]) == "Size\ngroß\n".encode("cp1252")
    with pytest.raises(InvalidReport, match="need UTF-8, and the records are not in it"):
        mapped(records.encode("cp1252"), (("size", "Größe"),), lengths=[size])
