"""Knows which places a list names for a report, what the report is called there, and what happens to what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfr.catalog.columns import names_of, read_update
from sfr.catalog.dates import Moment
from sfr.catalog.entry import Entry, is_text, text_of
from sfr.catalog.expected import columns_of, read_columns
from sfr.catalog.path_templates import Named, check_several, check_table, file_path, filled_path, table_name
from sfr.catalog.problems import BadCell, shorten
from sfr.catalog.shapes import Wrong
from sfr.catalog.shelves import Shelf, Shelves
from sfr.model import Place
from sfr.similar_names import did_you_mean

Columns = tuple[str, ...]

_KEYS = ("destination", "path", "update", "identity")
_REMEDY = "Write the name of a destination, or a mapping with destination, path, update and identity."


@dataclass(frozen=True, slots=True)
class Wished:
    """A place as somebody wrote it; `key` begins the names of its keys where it is a mapping, "" where it is a text."""

    destination: str
    path: str = ""
    update: str = ""
    identity: Columns = ()
    key: str = ""

    def column(self, name: str) -> str:
        """What the list calls one of its values."""
        if self.key:
            return f"{self.key}.{name}"
        return "destination_path" if name == "path" else name


@dataclass(frozen=True, slots=True)
class Found:
    """A place that was understood, the list's name for its path, what tells it from all others, what happens to what is
    there, whether several reports may go there, and whether it is on this machine."""

    place: Place
    column: str
    key: str
    update: str
    is_shared: bool
    is_local: bool


class Placement:
    """Reads the places of one report. All that is wrong goes to `wrong`, what is wrong with a setting to `misset`."""

    def __init__(self, entry: Entry, shelves: Shelves, wrong: Wrong, misset: Wrong) -> None:
        self._entry, self._shelves, self._wrong, self._misset = entry, shelves, wrong, misset
        self.update = self._update("update", entry.cell("update"))

    def read(self, named: Named, given: str, seen: Moment, folder: str) -> list[Found]:
        """The places of a report that comes as `given` and goes by default into `folder`, an absolute one."""
        identity = self._identity()
        found: list[Found] = []
        upserts = False
        for wished in self._wished():
            shelf = self._shelf(wished)
            chosen = self._update(wished.column("update"), wished.update) if wished.update else self.update
            columns = wished.identity or (identity if chosen == "upsert" else ())
            upserts = upserts or chosen == "upsert" or shelf is None  # of that nobody knows
            if shelf is None:
                continue
            self._check_update(wished, shelf, chosen, columns, (given, named.format))
            path = self._path(wished, shelf, named, seen)
            if path is not None:
                place = Place(shelf.name, path, chosen if wished.update else "", columns)
                key = shelf.place(folder, path or named.file)
                if self._is_repeated(wished, key, found):
                    continue
                is_shared = shelf.takes_records and chosen != "replace"
                found.append(Found(place, wished.column("path"), key, chosen, is_shared, shelf.is_folder))
        if identity and not upserts:
            remedy = "Write update: upsert, or leave this out."
            self._wrong("identity", ";".join(identity), "is of use with upsert alone", remedy)
        return found

    def _wished(self) -> list[Wished]:
        given = self._entry.more.get("destination")
        if given is None:
            return self._of_cells(names_of(self._entry.cell("destination")) or [""])
        several = given if isinstance(given, list) else [given]
        if several and all(map(is_text, several)):
            return self._of_cells(list(map(text_of, several)))
        if "destination_path" in {**self._entry.cells, **self._entry.more}:
            self._wrong("destination_path", "", "is given beside places", "Write path into each of them.")
        if not several:
            self._wrong("destination", "", "names no place", _REMEDY)
        keys = [f"destination.{number}" for number in range(1, len(several) + 1)]
        wished = zip(keys if isinstance(given, list) else ["destination"], several, strict=True)
        return [each for key, value in wished for each in self._of_mapping(key, value)]

    def _of_cells(self, names: Sequence[str]) -> list[Wished]:
        paths = self._entry.more.get("destination_path")
        if paths is None:
            paths = self._entry.cell("destination_path").split(";")
        if not isinstance(paths, list) or not all(map(is_text, paths)):
            self._wrong("destination_path", "", "is neither a path nor a list of them", "Write a path for each place.")
            paths = [""]
        texts = [text_of(path) for path in paths]
        if texts != [""] and len(texts) != len(names):
            message = f"has {len(texts)} paths, and there are {len(names)} destinations"
            remedy = "Write as many, with semicolons between them; nothing between two stands for the usual path."
            self._wrong("destination_path", ";".join(texts), message, remedy)
            texts = [""]
        texts = texts if len(texts) == len(names) else [""] * len(names)
        return [Wished(name, path) for name, path in zip(names, texts, strict=True)]

    def _of_mapping(self, key: str, value: Any) -> Iterator[Wished]:
        if is_text(value):
            yield Wished(text_of(value), key=key)
            return
        if not isinstance(value, Mapping):
            self._wrong(key, "", "is no place", _REMEDY)
            return
        for name in value:
            if name not in _KEYS:
                hint = did_you_mean(str(name).lower(), _KEYS) or f"There are {', '.join(_KEYS)}."
                self._wrong(f"{key}.{name}", "", "is no key that is known here", hint)
        texts = {}
        for name in _KEYS[:3]:
            text = value.get(name)
            if text is not None and not is_text(text):
                self._wrong(f"{key}.{name}", "", "is no text", "Write a text, in quotation marks.")
            texts[name] = text_of(text) if is_text(text) else ""
        if not texts["destination"]:
            self._wrong(f"{key}.destination", "", "is missing", "Write the name of the destination.")
            return
        identity = columns_of(value["identity"], f"{key}.identity", self._wrong) if value.get("identity") else ()
        yield Wished(texts["destination"], texts["path"], texts["update"], identity, key)

    def _shelf(self, wished: Wished) -> Shelf | None:
        try:
            return self._shelves.find(wished.destination)
        except BadCell as error:
            self._wrong(wished.column("destination"), wished.destination, error.message, error.remedy)
            return None

    def _update(self, column: str, text: str) -> str:
        try:
            return read_update(text)
        except BadCell as error:
            self._wrong(column, text, error.message, error.remedy)
            return "replace"

    def _identity(self) -> Columns:
        return read_columns(self._entry, "identity", self._wrong) if "identity" in self._given() else ()

    def _given(self) -> set[str]:
        return {*(key for key, text in self._entry.cells.items() if text), *self._entry.more}

    def _check_update(
        self, wished: Wished, shelf: Shelf, update: str, identity: Columns, formats: tuple[str, str]
    ) -> None:
        """Told is what the destination cannot do, and what cannot be done to such a file."""
        column, (given, made) = wished.column("update"), formats
        if not wished.update:
            column = "update"
        if shelf.connector is not None and update not in shelf.updates:
            can = " or ".join(sorted(shelf.updates))
            self._wrong(column, update, f"is nothing that {shelf.name} can do with what is there", f"Write {can}.")
        elif shelf.takes_records and given != "csv":
            message = f"takes records, and this report comes as {given}"
            self._wrong(wished.column("destination"), shelf.name, message, "Ask its source for CSV.")
        elif update == "append" and not shelf.takes_records and made != "csv":
            message = f"is for CSV files, and this report comes as {made}"
            self._wrong(column, update, message, "Write replace, or leave it out.")
        elif update == "upsert" and not identity:
            remedy = "Write the columns that tell a record from all others, such as identity: [user_id]."
            self._wrong(wished.column("identity"), "", "is missing, and upsert goes by it", remedy)
        elif wished.identity and update != "upsert":
            remedy = "Write update: upsert, or leave this out."
            self._wrong(wished.column("identity"), ";".join(identity), "is of use with upsert alone", remedy)

    def _path(self, wished: Wished, shelf: Shelf, named: Named, seen: Moment) -> str | None:
        """The path there; "" for the report's own name, None where it is wrong and has been told."""
        template, setting = (wished.path, "") if wished.path else shelf.template
        written_here = bool(wished.path)
        try:
            if not template:
                return table_name(named) if shelf.takes_records else ""
            is_as_it_is = self._entry.literal and written_here
            path = template if is_as_it_is else filled_path(template, named, seen)
            check_several(path, named)
            return check_table(path) if shelf.takes_records else file_path(path, named)
        except BadCell as error:
            wrong = self._misset if setting else self._wrong
            column = setting or wished.column("path")
            wrong(column, shorten(template), error.message, error.remedy)
            return None

    def _is_repeated(self, wished: Wished, key: str, found: Sequence[Found]) -> bool:
        is_repeated = any(each.key == key for each in found)
        if is_repeated:
            remedy = "Name it once, or give it another path."
            self._wrong(wished.column("destination"), wished.destination, "is the same place as an earlier one", remedy)
        return is_repeated
