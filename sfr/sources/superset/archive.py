"""Unpacks the archive with which Superset answers several queries at once: one file for each of them."""

from __future__ import annotations

import tempfile
import zipfile
import zlib

from sfr.connector import Sink
from sfr.errors import InvalidReport
from sfr.http import Answer
from sfr.sources.superset.page import Page

MEMORY_BYTES = 8 << 20
_PIECE_BYTES = 1 << 18


def unpack(answer: Answer, into: Sink) -> None:
    """Write the first member to `into`, the others beside it as query-2 and so on. Raises InvalidReport for damage."""
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as packed:  # its directory stands at its end
        for piece in answer.pieces():
            packed.write(piece)
        try:
            with zipfile.ZipFile(packed) as archive:
                for number, member in enumerate(sorted(archive.namelist(), key=_number), 1):
                    _copy(archive, member, into if number == 1 else into.another(f"query-{number}"))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise InvalidReport(f"the archive is damaged: {error}", reason="cut", max_attempts=None) from None


def _copy(archive: zipfile.ZipFile, member: str, into: Sink) -> None:
    page = Page(into)
    with archive.open(member) as body:  # its checksum is compared at the end
        while piece := body.read(_PIECE_BYTES):
            page.write(piece)
    page.finish()


def _number(member: str) -> int:
    """query_2.csv → 2."""
    return int("".join(filter(str.isdecimal, member.partition(".")[0])) or 0)
