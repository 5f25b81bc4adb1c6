"""Knows how a workbook (.xlsx, ECMA-376) is packed: a zip file whose sheets are streamed into it, row by row.

Nothing waits in memory or in files beside it, as it would with the writers there are; and no text is taken for markup.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO
from xml.sax.saxutils import quoteattr

TEXT, HEADER, DATE, TIME, TIMESTAMP, TIMESTAMP_WITH_MILLISECONDS, FIRST_NUMBER = range(1, 8)
MOST_DECIMALS = 15

_FORMATS = (
    "General", "@", "@", "yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd hh:mm:ss.000",
    "0", *(f"0.{'0' * decimals}" for decimals in range(1, MOST_DECIMALS + 1)),
)  # fmt: skip
_FIRST_OWN_FORMAT = 164  # the smaller numbers are the program's own
_SAME_TIME = (1980, 1, 1, 0, 0, 0)  # so that the same content is the same file
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class WorkbookFile:
    """A workbook that is being written to the open file `into`."""

    def __init__(self, into: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED)
        self.names: list[str] = []

    @contextmanager
    def sheet(self, name: str) -> Iterator[IO[bytes]]:
        """A further sheet, whose rows are to be written as XML, in UTF-8. Its first row stays in view."""
        self.names.append(name)
        chosen = ' tabSelected="1"' if len(self.names) == 1 else ""
        with self._part(f"xl/worksheets/sheet{len(self.names)}.xml") as part:
            part.write(
                f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{chosen} workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
                "</sheetView></sheetViews><sheetData>".encode()
            )
            yield part
            part.write(b"</sheetData></worksheet>")

    def abandon(self) -> None:
        """Leave it as it is, which is no workbook. Else it would be ended, and written to, whenever it is forgotten."""
        with suppress(OSError):  # what made it fail is told already
            self._zip.close()

    def close(self) -> None:
        """Write what holds the sheets together."""
        numbers = range(1, len(self.names) + 1)
        self._write("xl/workbook.xml", _workbook(self.names))
        self._write("xl/styles.xml", _styles())
        sheets = [(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        self._write("xl/_rels/workbook.xml.rels", _relations([*sheets, ("rIdStyles", "styles", "styles.xml")]))
        self._write("_rels/.rels", _relations([("rId1", "officeDocument", "xl/workbook.xml")]))
        self._write("[Content_Types].xml", _content_types(numbers))
        self._zip.close()

    def _part(self, path: str) -> IO[bytes]:
        entry = zipfile.ZipInfo(path, _SAME_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return self._zip.open(entry, "w")

    def _write(self, path: str, xml: str) -> None:
        with self._part(path) as part:
            part.write(f"{_XML}{xml}".encode())


def _workbook(names: Iterable[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(names, 1)
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets></workbook>"
    )


def _relations(targets: Iterable[tuple[str, str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for name, kind, target in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _content_types(sheets: Iterable[int]) -> str:
    parts = [("workbook", "sheet.main"), ("styles", "styles")]
    parts += [(f"worksheets/sheet{number}", "worksheet") for number in sheets]
    overrides = "".join(
        f'<Override PartName="/xl/{path}.xml" ContentType="{_CONTENT}.{kind}+xml"/>' for path, kind in parts
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _styles() -> str:
    """The formats of cells, in the order of their numbers above."""
    formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in enumerate(_FORMATS, _FIRST_OWN_FORMAT)
    )
    cells = "".join(
        f'<xf numFmtId="{_FIRST_OWN_FORMAT + number if number else 0}" fontId="{int(number == HEADER)}" fillId="0" '
        'borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
        for number in range(len(_FORMATS))
    )
    font = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMATS)}">{formats}</numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/>'
        '</fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(_FORMATS)}">{cells}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
