"""Writes CSV as it is, packed or not, after a look at the values whose types are named."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

from sfr.conversion.csv_rows import CsvRows
from sfr.conversion.typed_cells import TypedCells
from sfr.errors import DeliveryError
from sfr.missing_package import missing_package

_COPY_BYTES = 1 << 19
_GZIP_LEVEL = 6
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # with the header of gzip, in which zlib writes neither name nor time


def write_csv(csv: CsvRows, into: BinaryIO, format_name: str, typed: TypedCells) -> None:
    """Copy the file byte for byte into one of the format csv, csv.gz or csv.zst. The same content gives the same file:
    no name and no time go into it. What was written is read (unpacked) again and compared.

    Raises InvalidReport for a misfit that is refused, DeliveryError when what was written is not what was to be.
    """
    if typed.kinds:
        for number, row in enumerate(csv.rows(), 1):
            typed.check(number, row)
    copied = _copied(csv, into, _packer(format_name, csv.source.stat().st_size))
    into.seek(0)
    with _unpacking(into, format_name) as unpacked:
        if hashlib.file_digest(unpacked, "sha256").digest() != copied:
            raise DeliveryError(
                f"what was written as {format_name} reads otherwise",
                reason="damaged",
                remedy="See whether the disk or network share of this folder is sound.",
                max_attempts=3,
            )


def _copied(csv: CsvRows, into: BinaryIO, packer: Any) -> bytes:
    """The checksum of all that was copied."""
    checksum, read_bytes = hashlib.sha256(), 0
    with csv.source.open("rb") as file:
        while data := file.read(_COPY_BYTES):
            checksum.update(data)
            into.write(packer.compress(data) if packer else data)
            read_bytes += len(data)
            csv.progress(read_bytes)
    if packer:
        into.write(packer.flush())
    return checksum.digest()


def _packer(format_name: str, size_bytes: int) -> Any:
    """None where nothing is packed."""
    if format_name == "csv":
        return None
    if format_name == "csv.gz":
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return _zstandard().ZstdCompressor(write_checksum=True).compressobj(size_bytes)


def _unpacking(into: BinaryIO, format_name: str) -> AbstractContextManager[Any]:
    if format_name == "csv":
        return nullcontext(into)
    if format_name == "csv.gz":
        return gzip.GzipFile("", "rb", fileobj=into)
    stream: AbstractContextManager[Any] = _zstandard().ZstdDecompressor().stream_reader(into, closefd=False)
    return stream


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise missing_package("the format csv.zst", "zstandard", "sfr[zstd]") from None
    return zstandard
