"""Delivers the finished files of one report to one place, each kind of destination in its own way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from sfr.append_journal import Appended, AppendJournal, Joining
from sfr.atomic import delivery_error
from sfr.checksum import sha256_of
from sfr.connector import Appending, Carrying, Parcel, Staging, TakingRecords, Together, Updating
from sfr.csv_scan import CsvScan
from sfr.errors import AuthError, DeliveryError, InvalidReport, ReportError
from sfr.intake import Intake
from sfr.model import Delivered, Job, Place
from sfr.shaping import Made

LOGIN_REFUSED = "destination-login"  # the reason of every report whose place does not accept the login in its settings
_LONGEST_NAME_BYTES = 245  # what file systems hold, with room for a copy called `name (1)`
_PACKED = (".gz", ".zst")
_PIECE_BYTES = 1 << 20


class Placing:
    """One place of a job, and the destination opened for it. `stage` says where a copy may grow for a destination that
    is no folder of this machine, `journals` is the folder for what is remembered of appends."""

    def __init__(
        self,
        job: Job,
        place: Place,
        shelf: Any,
        *,
        stage: Callable[[str], Path],
        journals: Path | None,
        progress: Callable[[int], None],
    ) -> None:
        self._job, self._report, self._place = job, job.report, place
        self._shelf, self._stage, self._journals = shelf, stage, journals
        self._progress = progress
        self._update = place.update or job.report.update
        # Whose records they are: what the job of a run that died has appended, the one that goes on with it has, too.
        self._appender = job.report.continues or job.id

    @property
    def name(self) -> str:
        return self._place.destination

    @property
    def takes_records(self) -> bool:
        return isinstance(self._shelf, TakingRecords) and self._shelf.takes_records

    @property
    def consumes(self) -> bool:
        """Whether delivering may take the files away."""
        return not isinstance(self._shelf, Carrying)

    def refuse(self, intake: Intake) -> None:
        """Raises ReportError for what this place cannot take all or nothing."""
        if self._update == "replace":
            return
        can = self._shelf.updates if isinstance(self._shelf, Updating) else _updates_of(self._shelf)
        if self._update not in can:
            do = "append to them" if self._update == "append" else f"{self._update} into them"
            why = f"this destination can only replace files, not {do}"
        elif self._report.format != "csv":
            why = f"records cannot be appended to a file of the format {self._report.format}"
        elif intake.others:
            why = "the report came as several files, which cannot be appended"
        else:
            return
        raise ReportError(why, reason="append", remedy="Write update=replace for this report.")

    def deliver(self, made: Sequence[Made], *, may_consume: bool) -> list[Delivered]:
        """Where each of the files is now. They stay as they are unless they may be consumed.

        Raises DeliveryError, or TransientError where trying again may help."""
        try:
            every = [one for each in made for one in (each, *(each.further if self.takes_records else ()))]
            if isinstance(self._shelf, Carrying):
                found = self._shelf.deliver([self._parcel(each) for each in every])
            elif self._update == "append":
                found = [self._append(made[0])]
            else:
                found = self._put(made, may_consume=may_consume)
        except AuthError as error:  # it speaks of this place, and must not cost the source its session
            raise DeliveryError(error.message, reason=LOGIN_REFUSED, remedy=error.remedy) from error
        return [
            replace(each, destination=self.name, null=one.null if one.format.startswith("csv") else None)
            for each, one in zip(found, every, strict=True)
        ]

    def path_of(self, label: str) -> str:
        """What the file with that label is called at this place."""
        return named(self._place.path or self._report.name, label)

    def _parcel(self, made: Made) -> Parcel:
        job, shape = self._job, self._report.shape
        as_records = self.takes_records and made.csv is not None
        staged = made.csv if as_records and made.csv else made.path
        return Parcel(
            staged=staged,
            path=self.path_of(made.label),
            format="csv" if as_records else made.format,
            bytes=staged.stat().st_size if as_records else made.bytes,
            records=made.facts.records if as_records and made.facts else made.records,
            sha256=sha256_of(staged) if as_records else made.sha256,
            columns=made.facts.columns if made.facts else (),
            delimiter=made.facts.delimiter if made.facts else ",",
            types=shape.types,
            null=made.null,
            update=self._update,
            identity=self._place.identity,
            run_id=job.run_id,
            job_id=self._appender,
            report=self._report.name,
            source=self._report.source,
            progress=self._progress,
        )

    def _put(self, made: Sequence[Made], *, may_consume: bool) -> list[Delivered]:
        names = [self.path_of(each.label) for each in made]
        bring = self._beside if may_consume else self._copy
        paths = [bring(each, name) for each, name in zip(made, names, strict=True)]
        try:
            places = self._put_all(list(zip(paths, names, strict=True)))
        finally:
            for each, path in zip(made, paths, strict=True):  # a destination that is no folder has its copy now
                if path != each.path:
                    _forget(path)
        return [
            Delivered(place, bytes=each.bytes, records=each.records, sha256=each.sha256)
            for place, each in zip(places, made, strict=True)
        ]

    def _put_all(self, files: list[tuple[Path, str]]) -> list[str]:
        if len(files) == 1:
            return [self._shelf.put(*files[0])]
        if not isinstance(self._shelf, Together):
            raise DeliveryError(
                f"the report came as {len(files)} files, and this destination cannot take them all or none",
                reason="several-files",
                remedy="Deliver this report into a folder, or ask its source for one file.",
            )
        return self._shelf.put_all(files)

    def _beside(self, made: Made, name: str) -> Path:
        """The file where a rename brings it to its place: itself, its second name, or a copy on another disk."""
        if not isinstance(self._shelf, Staging):
            return made.path
        target = self._shelf.staging(name)
        if target.parent == made.path.parent:
            return made.path
        try:
            target.hardlink_to(made.path)
        except OSError:
            return self._copy(made, name)
        return target

    def _copy(self, made: Made, name: str) -> Path:
        target = self._shelf.staging(name) if isinstance(self._shelf, Staging) else self._stage(PurePath(name).name)
        try:
            shutil.copyfile(made.path, target)
        except OSError as error:
            _forget(target)
            raise delivery_error(target, error) from error
        return target

    def _append(self, made: Made) -> Delivered:
        """The records go into a copy, so that another try begins with what came."""
        name = self.path_of(made.label)
        copy = self._copy(made, name)
        warnings: tuple[str, ...] = ()
        shelf: Any = self._shelf
        try:
            if isinstance(self._shelf, Joining) and self._journals is not None:
                warnings = self._join(self._shelf, AppendJournal(self._journals, self._shelf.place(name)), made, copy)
                place = str(shelf.put(copy, name))
            else:
                place = str(shelf.append(copy, name))
        finally:
            _forget(copy)
        added = Delivered(place, bytes=made.bytes, records=made.records, sha256=made.sha256, warnings=warnings)
        with suppress(OSError):  # no file of this machine: what was added is told
            return _as_it_lies(added, Path(place))
        return added

    def _join(self, shelf: Joining, journal: AppendJournal, made: Made, copy: Path) -> tuple[str, ...]:
        """Join the records and what is there. What this very job, or the one that it continues, has put there is taken
        back."""
        name = self.path_of(made.label)
        last = journal.last()
        repeated = last is not None and last.job_id == self._appender
        begin = shelf.join(copy, name, last.begin if last is not None and repeated else None)
        try:
            size_bytes, sha256 = copy.stat().st_size, sha256_of(copy)
        except OSError as error:
            raise delivery_error(shelf.place(name), error) from error
        journal.write(Appended(self._appender, made.sha256, begin, size_bytes, sha256))
        if last is not None and not repeated and last.records_sha256 == made.sha256 and begin < size_bytes:
            return ("the same records were added last time: if that was this very report, they are doubled",)
        return ()


def named(name: str, label: str) -> str:
    """The name of a further file, short enough for every file system; `name` may have folders before it.

    No list may name a report with two dots in a row, and no label has a dot: so it is never another report's file.
    """
    if not label:
        return name
    folders, slash, leaf = name.rpartition("/")
    extension = "".join(PurePath(leaf).suffixes[-2:]) if leaf.endswith(_PACKED) else PurePath(leaf).suffix
    end = f"..{label}{extension}"
    room_bytes = _LONGEST_NAME_BYTES - len(end.encode())
    stem = leaf.removesuffix(extension)
    if len(stem.encode()) > room_bytes:
        told_apart = f"-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"
        cut = stem.encode()[: max(room_bytes - len(told_apart), 1)]
        stem = cut.decode(errors="ignore").rstrip(". ") + told_apart
    return f"{folders}{slash}{stem}{end}"


def _updates_of(shelf: Any) -> frozenset[str]:
    return frozenset(("replace", "append")) if isinstance(shelf, Appending) else frozenset(("replace",))


def _as_it_lies(added: Delivered, path: Path) -> Delivered:
    """What is known of the whole file, with what was there before. Raises OSError."""
    scan, records = CsvScan(), None
    with path.open("rb") as file, suppress(InvalidReport):  # somebody else may have written what was there
        while piece := file.read(_PIECE_BYTES):
            scan.feed(piece)
        records = scan.finish().records
    return replace(added, bytes=path.stat().st_size, records=records, sha256=sha256_of(path))


def _forget(path: Path) -> None:
    with suppress(OSError):  # swept at the next start
        path.unlink(missing_ok=True)
