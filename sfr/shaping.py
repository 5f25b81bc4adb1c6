"""Makes of proven files what is to be delivered: cleansed, held to what is expected of them, converted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sfr.atomic import delivery_error
from sfr.csv_scan import CsvFacts
from sfr.errors import DeliveryError, InvalidReport, ReportError
from sfr.intake import Intake
from sfr.model import Fetched, Job, Shape
from sfr.staging import StagedFile

if TYPE_CHECKING:
    from sfr.conversion import Conversion

_KEPT_AS_IT_IS = ("", "csv")
_NO_FOOTER = "the footer is not kept: steps, types, another format, a table and appending take records alone"

log = logging.getLogger("sfr.shaping")


class Made:
    """A file that is to be delivered, and what it was made of. `label` tells a further file of the same report.

    `csv` are its records as CSV, where the file itself is in another format and a place wants records; `null` is the
    text in them that stands for no value. `records` are those of all its sheets, None where they are not known.
    """

    def __init__(self, file: StagedFile, facts: CsvFacts | None, label: str, given: str, null: str | None) -> None:
        self.facts, self.label, self.format, self.null = facts, label, given, null
        self.counted: int | None = None  # by the source, where nobody here looks for records
        self.path, self.bytes, self.sha256 = file.path, file.bytes, file.sha256
        self.self_evident = file.self_evident
        self.csv: Path | None = None
        self.further: list[Made] = []  # whose records are sheets of this file too
        self.warnings: list[str] = []

    @property
    def records(self) -> int | None:
        if self.facts is None:
            return self.counted
        return self.facts.records + sum(each.records or 0 for each in self.further)

    def becomes(self, path: Path, size_bytes: int, sha256: str, *, keep: bool = False) -> None:
        """Another file now; the old one goes unless it is to be kept."""
        if keep and self.csv is None:
            self.csv = self.path
        elif path != self.path:
            self.path.unlink(missing_ok=True)
        self.path, self.bytes, self.sha256 = path, size_bytes, sha256

    def discard(self) -> None:
        """Remove what is left of it."""
        for path in (self.path, self.csv):
            if path is not None:
                with suppress(OSError):  # swept at the next start
                    path.unlink(missing_ok=True)
        for each in self.further:
            each.discard()


class Shaping:
    """The way of one job's files from proven to finished. `stage` says where a file of a name may grow, `aside` is the
    folder for those that are not what was expected, `keep_csv` whether a place wants records."""

    def __init__(
        self,
        job: Job,
        stage: Callable[[str], Path],
        progress: Callable[[int], None],
        *,
        aside: Path | None,
        keep_csv: bool,
    ) -> None:
        self._job, self._report, self._shape = job, job.report, job.report.shape
        self._stage, self._progress = stage, progress
        self._aside, self._keep_csv = aside, keep_csv
        self._is_one_workbook = self._has_known_header = False

    def finish(self, intake: Intake, fetched: Fetched, facts: Iterable[CsvFacts | None]) -> list[Made]:
        """The files to deliver, the main one first. Raises InvalidReport or ReportError for what they are not, and
        DeliveryError where there is no room for them; nothing is left behind then, beside what was kept aside."""
        has_footer = self._report.keep_footer and bool(fetched.trailer)
        keeps_footer = has_footer and self._is_plain and not self._appends
        if keeps_footer:
            intake.main.append(fetched.trailer)
        self._has_known_header = intake.has_known_header
        labels = ("", *intake.others)
        null = fetched.null if self._shape.null is None else self._shape.null
        made = [
            Made(file, found, label, self._report.format, null)
            for file, found, label in zip(intake.files, facts, labels, strict=True)
        ]
        if has_footer and not keeps_footer:
            made[0].warnings.append(_NO_FOOTER)
        made[0].counted = fetched.records
        self._is_one_workbook = self._shape.format == "xlsx" and len(made) > 1
        try:
            for file in intake.files:
                file.finish_writing()
            for each in made:
                self._make(each)
            return self._as_one_workbook(made) if self._is_one_workbook else made
        except BaseException:
            for each in made:
                each.discard()
            raise

    @property
    def _appends(self) -> bool:
        return any((place.update or self._report.update) != "replace" for place in self._report.places)

    @property
    def _is_plain(self) -> bool:
        """Whether nobody looks for records in the file any more."""
        shape = self._shape
        is_made_of = shape.steps or shape.clean or shape.types or shape.workbook or self._keep_csv
        return shape.format in _KEPT_AS_IT_IS and not is_made_of

    def _make(self, made: Made) -> None:
        if made.facts is None:
            if self._shape != Shape():
                raise ReportError(
                    f"it came as {made.format}, and only CSV can be cleansed or converted",
                    reason="format",
                    remedy="Ask the source for CSV, or take format, types, steps and clean out of the list.",
                )
        else:
            try:
                self._cleanse(made, made.facts)
                self._check(made, made.facts)
                self._convert(made, made.facts)
            except ReportError as error:
                self._keep_aside(made, error)
                raise
        _check_size(made.path, made.bytes)

    def _cleanse(self, made: Made, facts: CsvFacts) -> None:
        if not (self._shape.steps or self._shape.clean) or (self._has_known_header and not made.label):
            return
        from sfr.cleansing import cleanse

        found = cleanse(made.path, self._stage(self._report.name), self._report, facts, made.null, self._progress, log)
        made.becomes(found.path, found.bytes, found.sha256)
        made.facts = found.facts
        made.warnings.extend(found.warnings)

    def _check(self, made: Made, facts: CsvFacts) -> None:
        if made.label:  # the list speaks of the report itself
            return
        from sfr import expectations

        expectations.check(made.path, self._report, made.facts or facts, made.null, time.time(), self._progress)

    def _convert(self, made: Made, facts: CsvFacts) -> None:
        facts = made.facts or facts
        if self._report.excel and self._shape.format in _KEPT_AS_IT_IS:
            self._for_excel(made, facts)
        if self._is_one_workbook or (self._shape.format in _KEPT_AS_IT_IS and not self._shape.types):
            return
        from sfr.conversion import convert

        wanted = self._wanted(facts, made.null)
        done = convert(made.path, self._stage(self._report.name), wanted, self._progress)
        made.becomes(done.path, done.bytes, done.sha256, keep=self._keep_csv)
        made.format = wanted.format
        made.warnings.extend(done.warnings)

    def _wanted(self, facts: CsvFacts, null: str | None) -> Conversion:
        from sfr.conversion import Conversion

        shape = self._shape
        if not facts.columns:
            message = f"nothing came, not even a header, and that cannot be made a file of {shape.format or 'types'}"
            raise InvalidReport(message, reason="no-header", remedy="Does the report have columns at its source?")
        return Conversion(
            format=shape.format or "csv",
            types=shape.types,
            misfits=shape.misfits,
            null=null,
            delimiter=facts.delimiter,
            columns=facts.columns,
            records=facts.records,
            sheet=shape.sheet,
        )

    def _for_excel(self, made: Made, facts: CsvFacts) -> None:
        from sfr.conversion import for_excel

        done = for_excel(made.path, self._stage(self._report.name), facts.delimiter, facts.records)
        made.becomes(done.path, done.bytes, done.sha256, keep=self._keep_csv)
        if done.changed_cells:
            made.warnings.append(f"{done.changed_cells:,} formula cells made harmless for Excel")

    def _as_one_workbook(self, made: list[Made]) -> list[Made]:
        """Several files of one report are the sheets of one workbook."""
        from sfr.workbooks import build_workbook

        main = made[0]
        first = self._shape.sheet or Path(self._report.name).stem
        sheets = [(each.label or first, each.path, self._wanted(_facts_of(each), each.null)) for each in made]
        done = build_workbook(sheets, self._stage(self._report.name), self._progress)
        main.becomes(done.path, done.bytes, done.sha256, keep=self._keep_csv)
        main.format = "xlsx"
        main.warnings = [text for each in made for text in each.warnings] + list(done.warnings)
        also = ", ".join(f"{each.label} ({_facts_of(each).records:,} records)" for each in made[1:])
        main.warnings.append(f"the report came as {len(made)} files, which are its sheets: also {also}")
        main.further = made[1:]
        if not self._keep_csv:
            for each in main.further:
                each.discard()
        return [main]

    def _keep_aside(self, made: Made, error: ReportError) -> None:
        """What is not what was expected is kept for whoever looks into it, and the error says where."""
        if self._aside is not None:
            from sfr.quarantine import keep_aside

            name = self._report.name
            if self._shape.format not in _KEPT_AS_IT_IS:  # what is kept is the CSV that came before the format
                name = f"{name.removesuffix(f'.{self._shape.format}')}.csv"
            place = keep_aside(self._aside, made.csv or made.path, name, error.message)
            if place is not None:
                error.remedy = f"{error.remedy} The file is kept aside: {place}".lstrip()


def _facts_of(made: Made) -> CsvFacts:
    assert made.facts is not None
    return made.facts


def _check_size(path: Path, size_bytes: int) -> None:
    """What lies there is what was written, and nobody took it away or wrote into it. Raises DeliveryError."""
    try:
        found_bytes = path.stat().st_size
    except OSError as error:
        raise delivery_error(path, error) from error
    if found_bytes != size_bytes:
        raise DeliveryError(
            f"{path}: {size_bytes:,} bytes were written and {found_bytes:,} are there",
            reason="changed-on-disk",
            remedy="See what else writes into this folder, and whether its disk or network share is sound.",
            max_attempts=3,
        )
