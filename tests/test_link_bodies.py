from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
import zipfile
import zlib
from typing import Any

import pytest
import zstandard

from sfr.errors import ReportError, TransientError
from sfr.model import Proof
from sfr.testing import Tray
from tests.links import CSV, failure, fetch, report, zipped
from tests.servers.files import FileServer, Reply

MEGABYTE = 1 << 20


PACKED = {"gzip": gzip.compress(CSV), "zstd": zstandard.compress(CSV), "zip": zipped(sales=CSV)}


def brotli(data: bytes) -> bytes:
    packed: bytes = pytest.importorskip("brotli").compress(data)
    return packed


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress), ("GZIP ", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)), ("zstd", zstandard.compress), ("br", brotli),
        ("identity", bytes),
    ],
)  # fmt: skip
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_coded_answer_is_unpacked_and_cut_ones_are_noticed(coding: str, pack: Any, framing: str) -> None:
    packed = pack(CSV * 50)
    with FileServer() as server:
        server.put("a", Reply(packed, headers={"Content-Encoding": coding}, framing=framing))
        tray, fetched = fetch(f"{server.url}/a")
        assert bytes(tray.data) == CSV * 50
        ends = framing != "close" or coding in ("deflate", "br")  # of others there may be a further part
        assert fetched.proof is (Proof.LENGTH if ends else Proof.NONE)
        if coding != "identity":
            server.put("a", Reply(packed[:-1], headers={"Content-Encoding": coding}, framing=framing))
            assert failure(f"{server.url}/a").reason == "cut"
            server.put("a", Reply(b"plain, not packed" * 99, headers={"Content-Encoding": coding}, framing=framing))
            assert isinstance(failure(f"{server.url}/a"), TransientError)


@pytest.mark.parametrize("length", ["-1", "unknown"])
def test_a_length_that_is_no_number_proves_nothing(length: str) -> None:
    with FileServer(a=Reply(CSV[:-8], headers={"Content-Length": length}, framing="close")) as server:
        assert fetch(f"{server.url}/a")[1].proof is Proof.NONE


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("address", ["a.csv.gz", "a.csv", "export"])
@pytest.mark.parametrize("framing", ["length", "close"])
def test_a_packed_file_is_known_by_its_first_bytes(kind: str, address: str, framing: str) -> None:
    headers = {"Content-Type": "application/octet-stream", "ETag": '"1"', "Accept-Ranges": "bytes"}
    with FileServer() as server:
        tray, fetched = fetch(server.put(address, Reply(PACKED[kind], headers=headers, framing=framing)))
    assert bytes(tray.data) == CSV
    assert fetched.proof is (Proof.LENGTH if framing == "length" or kind == "zip" else Proof.NONE)
    assert fetched.warnings == ()
    assert not tray.kept


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_ends_between_two_parts_is_not_called_whole(headers: dict[str, str], pack: Any) -> None:
    if headers:
        headers = {"Content-Encoding": "gzip" if pack is gzip.compress else "zstd"}
    first, second = pack(CSV), pack(CSV.partition(b"\n")[2])
    with FileServer() as server:
        for body, framing in ((first, "close"), (first + second, "close"), (first + second, "length")):
            fetched = fetch(server.put("a.csv", Reply(body, headers=headers, framing=framing)))[1]
            assert fetched.proof is (Proof.LENGTH if framing == "length" else Proof.NONE)


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_are_left_alone_where_that_is_asked_or_they_are_wanted_so(kind: str) -> None:
    with FileServer(**{"a.csv": Reply(PACKED[kind]), "a.tar.gz": Reply(PACKED[kind])}) as server:
        for wanted in (
            report(f"{server.url}/a.tar.gz"),
            report(f"{server.url}/a.csv", format="file"),
            report(f"{server.url}/a.tar.gz", unpack="no"),
        ):
            assert bytes(fetch(wanted)[0].data) == PACKED[kind]
        assert bytes(fetch(report(f"{server.url}/a.tar.gz", unpack="yes"))[0].data) == CSV
        assert failure(report(f"{server.url}/a.csv", unpack="no")).reason == "packed"


def test_a_workbook_is_an_archive_that_is_not_opened() -> None:
    book = zipped(**{"xl/workbook.xml": b"<workbook/>"})
    with FileServer(
        **{"a.xlsx": Reply(book), "b.xlsx": Reply(gzip.compress(book)), "c.xlsx": Reply(zipped(**{"in.xlsx": book}))}
    ) as server:
        assert bytes(fetch(f"{server.url}/a.xlsx")[0].data) == book
        assert bytes(fetch(f"{server.url}/b.xlsx")[0].data) == book
        assert bytes(fetch(report(f"{server.url}/c.xlsx", unpack="yes"))[0].data) == book


@pytest.mark.parametrize(
    "packed",
    [
        PACKED["gzip"][:-1], PACKED["gzip"][:-6] + b"\0\0" + PACKED["gzip"][-4:], PACKED["zstd"][:-1],
        PACKED["zip"][:-30], zipped(zipfile.ZIP_STORED, a=CSV).replace(b"Otto", b"Ottx"),
        PACKED["gzip"] + b"garbage", PACKED["zip"][:40], PACKED["zstd"] + b"garbage",
    ],
    ids=["gzip", "gzip sum", "zstd", "zip", "zip sum", "gzip garbage", "zip half", "zstd garbage"],
)  # fmt: skip
def test_a_damaged_file_that_came_whole_is_asked_for_three_times(packed: bytes) -> None:
    with FileServer(a=Reply(packed)) as server:
        error = failure(f"{server.url}/a")
    assert (error.reason, error.max_attempts) == ("cut", 3)


def test_a_packed_file_that_did_not_come_whole_is_asked_for_again_without_end() -> None:
    for kind in PACKED.values():
        with FileServer(a=Reply(kind, cut_after=len(kind) - 3)) as server:
            error = failure(f"{server.url}/a")
        assert (error.reason, error.max_attempts) == ("cut", None)


def test_zeros_behind_a_gzip_file_are_padding_and_several_parts_are_one_file() -> None:
    with FileServer(a=Reply(gzip.compress(CSV) + gzip.compress(b"3,Eve\n") + bytes(512))) as server:
        assert bytes(fetch(f"{server.url}/a")[0].data) == CSV + b"3,Eve\n"
    with FileServer(a=Reply(zstandard.compress(CSV) + zstandard.compress(b"3,Eve\n"))) as server:
        assert bytes(fetch(f"{server.url}/a")[0].data) == CSV + b"3,Eve\n"


class Small(Tray):
    """A tray as the engine has it: with a limit, and without keeping anything."""

    size = 0

    def write(self, data: bytes | memoryview, /) -> int:
        self.size += len(data)
        if self.size > 300 * MEGABYTE:
            raise ReportError("too large", reason="too-large", remedy="raise the limit")
        return len(data)


def bomb(kind: str) -> bytes:
    row = b"1,Anna\n" * 150_000
    if kind == "zip":
        out = io.BytesIO()
        with (
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.csv", "w", force_zip64=True) as member,
        ):
            for _ in range(400):
                member.write(row)
        return out.getvalue()
    packer: Any = zlib.compressobj(1, wbits=31) if kind == "gzip" else zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(row) for _ in range(400)) + packer.flush()


@pytest.mark.parametrize(
    ("kind", "coded"), [("gzip", False), ("zstd", False), ("zip", False), ("gzip", True), ("zstd", True)]
)
def test_a_bomb_ends_at_the_limit_in_little_memory(kind: str, coded: bool) -> None:
    headers = {"Content-Encoding": kind} if coded else {}
    with FileServer(a=Reply(bomb(kind), headers=headers)) as server:
        tracemalloc.start()
        error = failure(f"{server.url}/a", Small())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error.reason == "too-large"
    assert peak < 24 * MEGABYTE


@pytest.mark.parametrize(
    ("module", "coding", "packed"), [("zstandard", "zstd", PACKED["zstd"]), ("brotli", "br", b"x")]
)
def test_a_missing_package_is_named(module: str, coding: str, packed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with FileServer(a=Reply(packed, headers={"Content-Encoding": coding}), b=Reply(packed)) as server:
        error = failure(f"{server.url}/a")
        assert error.reason == "unpacker"
        assert 'python -m pip install "sfr[' in error.remedy
        if module == "zstandard":
            assert "sfr[zstd]" in failure(f"{server.url}/b").remedy
