"""Knows what a list asks a destination before anything is fetched: is it there, what can it do, what is its path."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfr.catalog.file_names import same_file_key
from sfr.catalog.problems import BadCell
from sfr.connector import Appending, TakingRecords, Updating
from sfr.errors import BrokenConnector, ConfigError
from sfr.plugins import destination_class, destination_types, source_types
from sfr.settings import Settings
from sfr.settings.sources import Written, key_of
from sfr.similar_names import did_you_mean

DEFAULT = "folder"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A destination by its name, with what was written about it by field; `connector` is its class, or None when that
    cannot be imported: then its own reports fail, when they are delivered."""

    name: str
    kind: str
    connector: Any
    fields: dict[str, Written] = field(default_factory=dict)

    @property
    def updates(self) -> frozenset[str]:
        """What it can do to what is there."""
        if isinstance(self.connector, Updating):
            return frozenset(self.connector.updates)
        return frozenset(("replace", "append")) if isinstance(self.connector, Appending) else frozenset(("replace",))

    @property
    def is_folder(self) -> bool:
        return self.kind == DEFAULT

    @property
    def takes_records(self) -> bool:
        return isinstance(self.connector, TakingRecords) and self.connector.takes_records

    @property
    def template(self) -> tuple[str, str]:
        """Its own template for paths, "" for none, and where that is written."""
        declared = getattr(getattr(self.connector, "Config", None), "model_fields", {}).get("path")
        if declared is None or declared.annotation not in (str, str | None):
            return "", ""
        written = self.fields.get("path")
        if written is None:
            default = declared.get_default(call_default_factory=True, validated_data={})
            return default if isinstance(default, str) else "", ""
        return str(written.value).strip(), key_of(self.name, "path")

    def place(self, folder: str, path: str) -> str:
        """A text that is the same for two reports only if they would be at the same place. `folder` is where reports
        go that go to the folder."""
        if not self.is_folder:
            return "\n".join([*self._server, "/".join(filter(None, [self._written("directory").strip("/"), path]))])
        directory = self.fields.get("directory")
        file = Path(str(directory.value) if directory else folder) / path
        return same_file_key(file.parent, file.name)

    @property
    def _server(self) -> list[str]:
        """The same for two names of one server, where its connector says which settings tell that: two reports under
        one path would be one file there."""
        config = getattr(self.connector, "Config", None)
        names: tuple[str, ...] = getattr(config, "place_fields", ())
        usual = {name: config.model_fields[name].default for name in names} if config else {}
        unknown = [name for name in names if name not in self.fields and not isinstance(usual[name], (str, int))]
        if not names or unknown:  # it may stand where only a run looks
            return [self.name]
        return [self.kind, *(self._written(name) or str(usual[name]) for name in names)]

    def _written(self, name: str) -> str:
        return str(self.fields[name].value).strip().rstrip("/") if name in self.fields else ""


class Shelves:
    """The destinations that a list names, each looked up once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, Shelf] = {}

    def find(self, text: str) -> Shelf:
        """The destination of that name; "" is the folder. Raises BadCell with similar names when there is none."""
        name = text.strip().lower() or DEFAULT
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Shelf:
        try:
            declared = self._settings.declared_destination(name)
            return Shelf(name, declared.kind, destination_class(declared.kind), dict(declared.fields))
        except BrokenConnector:
            return Shelf(name, "", None)
        except ConfigError as error:
            if name in self._settings.source_names() and self._settings.source_type(name) in source_types():
                raise BadCell("is a source, and no destination", self._known_names(name)) from error
            if f"{name!r}" not in error.message:  # it has been declared, as something that is not there
                remedy = f"{error.remedy[:1].upper()}{error.remedy[1:]}."
                raise BadCell(f"cannot be used here: {error.message}", remedy) from error
            raise BadCell("is no destination that is set up here", self._known_names(name)) from error

    def _known_names(self, name: str) -> str:
        names = sorted({DEFAULT, *self._settings.destination_names()})
        hint = did_you_mean(name, sorted({*names, *destination_types()}), 2) or f"There are: {', '.join(names)}."
        return f"{hint} A new one begins with {key_of(name, 'type')}=… in .env."
