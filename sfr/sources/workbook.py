"""The connector for workbooks: its reports are the other reports of the run, whose records become sheets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.connector import Reference, ReferenceProblem, Sink, Tools, Wanted
from sfr.errors import Cancelled, ReportError
from sfr.model import Fetched, Proof, Report
from sfr.part_names import part_name
from sfr.workbooks import Sheet, build_workbook, conversion_of

_PIECE_BYTES = 1 << 20


class WorkbookConfig(BaseModel):
    """Nothing is to be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Workbook:
    """A workbook whose sheets are reports of the same list: those that name it as their `workbook`."""

    Config = WorkbookConfig

    def __init__(self, config: WorkbookConfig, tools: Tools) -> None:
        self._config, self._tools = config, tools

    @staticmethod
    def read_reference(wanted: Wanted) -> Reference:
        """A workbook is known by its name alone. Raises ReferenceProblem."""
        for column, value in (("id", wanted.text), ("params", "&".join(map("=".join, wanted.params)))):
            if value:
                message = "is nothing that a workbook has: its sheets are the reports that name it"
                raise ReferenceProblem(column, value, message, "Leave it out.")
        return Reference("", format="xlsx")

    def check(self) -> None:
        """Nobody is to be asked."""

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the workbook of the sheets that the run has given it (`options`, as JSON of `Sheet`)."""
        sheets = [Sheet.from_dict(each) for each in report.options.get("sheets", ())]
        if not sheets:
            raise ReportError(
                "no report of this run is one of its sheets",
                reason="sheets",
                remedy=f"Write workbook: {report.name} for its reports, with the same path; its source is workbook.",
            )
        _check_unchanged(sheets)
        warnings = self._bind(sheets, report, into)
        doubted = [sheet.name for sheet in sheets if not sheet.proven]
        return Fetched(
            records=sum(sheet.records or 0 for sheet in sheets),
            proof=Proof.COUNT,
            warnings=warnings,
            doubt=f"nothing proves that these of its sheets are whole: {', '.join(doubted)}" if doubted else "",
        )

    def _bind(self, sheets: Sequence[Sheet], report: Report, into: Sink) -> tuple[str, ...]:
        """The form of a workbook wants a file in which one can go back. It grows where partial files are swept."""
        folder = Path(report.folder)
        beside = folder if folder.is_dir() else Path(sheets[0].path).parent
        partial = beside / part_name(report.name, os.getpid())
        try:
            wanted = [(sheet.name, Path(sheet.path), conversion_of(sheet)) for sheet in sheets]
            done = build_workbook(wanted, partial, self._go_on)
            with partial.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    into.write(piece)
        except OSError as error:
            raise delivery_error(partial, error) from error
        finally:
            with suppress(OSError):  # swept at the next start
                partial.unlink(missing_ok=True)
        return done.warnings

    def _go_on(self, _read_bytes: int) -> None:
        if self._tools.stopped():
            raise Cancelled("the run was stopped")

    def abort(self) -> None:
        """It asks by itself whether the run is being stopped."""

    def close(self) -> None:
        """Nothing is held open."""


def _check_unchanged(sheets: Sequence[Sheet]) -> None:
    for sheet in sheets:
        try:
            is_same = not sheet.sha256 or sha256_of(Path(sheet.path)) == sheet.sha256
        except OSError as error:
            raise delivery_error(Path(sheet.path), error) from error
        if not is_same:
            raise ReportError(
                f"{sheet.path} is not the file that this run has put there",
                reason="changed-on-disk",
                remedy="See what else writes into this folder, and run again with --failed.",
            )
