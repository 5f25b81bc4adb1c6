"""Knows the sources that a user has named: their types and settings, from the environment, `.env` and a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfr.errors import ConfigError
from sfr.plugins import SOURCES, destination_class, destination_types, source_types
from sfr.server_address import origin_of
from sfr.similar_names import did_you_mean

PREFIX = "SFR_"
ALWAYS_THERE = ("salesforce", "link")

_TYPE_KEY = re.compile(rf"{PREFIX}(?P<name>[A-Z][A-Z0-9_]*)_TYPE")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Written:
    """A value as somebody wrote it, and where."""

    value: Any = field(repr=False)
    place: str

    @property
    def is_in_table(self) -> bool:
        """Whether it stands in the TOML file, where fields go by their own names."""
        return "[" in self.place


@dataclass(frozen=True, slots=True)
class Declared:
    """A source as it was declared: its type, and what was written about each field, by the field's name.

    `in_file` is what the TOML file says, also where the environment beats it.
    """

    name: str
    kind: str
    fields: Mapping[str, Written] = field(default_factory=dict)
    in_file: Mapping[str, Written] = field(default_factory=dict)


class Declarations:
    """All sources of this user. `known_keys` are those of the general settings, which belong to no source."""

    def __init__(
        self,
        toml: Mapping[str, Mapping[str, Any]],
        toml_place: str,
        written: Mapping[str, str],
        environment: Mapping[str, str],
        known_keys: Iterable[str],
    ) -> None:
        known = set(known_keys)
        env_file = {key: Written(value, ".env") for key, value in written.items()}
        in_environment = {key.upper(): Written(value, "environment") for key, value in environment.items() if value}
        places = {**env_file, **in_environment}
        self._keys = {key: place for key, place in places.items() if key.startswith(PREFIX) and key not in known}
        self._toml, self._toml_place = toml, toml_place
        self._destinations: tuple[str, ...] = ()
        self._known_fields: dict[str, dict[str, Written]] = {}
        self._kinds = {name: str(table.get("type") or name).strip().lower() for name, table in toml.items()}
        for key, place in self._keys.items():
            if match := _TYPE_KEY.fullmatch(key):
                name = self._name_of(match["name"])
                self._kinds[name] = str(place.value).strip().lower()
        self._refuse_taken_names(known)
        self._kinds |= {name: name for name in ALWAYS_THERE if name not in self._kinds}
        self._imply(SOURCES)
        if any(self.owner_of(key) is None for key in self._keys):
            self._imply(source_types())  # these must be looked up, which takes a while
        if any(self.owner_of(key) is None for key in self._keys):
            self._destinations = tuple(destination_types())

    def _refuse_taken_names(self, known: Collection[str]) -> None:
        """Raise ConfigError for a name that means something else already."""
        for name, kind in self._kinds.items():
            if name in SOURCES and kind != name:
                message = f"the source {name} has the type {kind}, and {name} is a type itself"
                raise ConfigError(
                    message, remedy=f"Give it another name, such as {PREFIX}MY_{name.upper()}_TYPE={kind}."
                )
            for key in known:
                if key.startswith(_prefix(name)):
                    message = f"no source can be called {name}: {key} is a setting of its own"
                    raise ConfigError(message, remedy="Choose another name.")

    def _imply(self, kinds: Iterable[str]) -> None:
        """A key such as SFR_CAKE_URL that belongs to no other source makes one with the name of its type."""
        for kind in sorted(kinds, key=len, reverse=True):
            if any(key.startswith(_prefix(kind)) and self.owner_of(key) is None for key in self._keys):
                self._kinds[kind] = kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Declarations) and self._given() == other._given()

    def _given(self) -> tuple[Any, ...]:
        return self._keys, self._toml, self._toml_place, self._kinds, self._destinations

    __hash__ = None  # type: ignore[assignment]

    @property
    def names(self) -> tuple[str, ...]:
        """Every source that has a name, whether or not its settings are right."""
        return tuple(sorted(name for name, kind in self._kinds.items() if not is_destination(kind)))

    @property
    def destination_names(self) -> tuple[str, ...]:
        """Every destination that has a name, whether or not its settings are right."""
        return tuple(sorted(name for name, kind in self._kinds.items() if is_destination(kind)))

    def find(self, name: str) -> Declared:
        """The source of that name. Raises ConfigError with similar names when there is none."""
        wanted = name.strip().lower()
        kind = self._kinds.get(wanted)
        if kind is None:
            types = source_types()
            if wanted not in types:
                raise _unknown(name, [*self._kinds, *types])
            kind = wanted
        if wanted in self._toml and kind == wanted and wanted not in source_types():
            message = f"{self._toml_place}, [{wanted}] has no type"
            raise ConfigError(message, remedy=f'Write a line such as type = "superset" below [{wanted}].')
        return Declared(wanted, kind, self._fields(wanted), self._in_file(wanted))

    def find_destination(self, name: str) -> Declared:
        """The destination of that name: declared like a source, or of the type of that name. Raises ConfigError."""
        wanted = name.strip().lower()
        kind = self._kinds.get(wanted, wanted)
        destination_class(kind)
        return Declared(wanted, kind, self._fields(wanted), self._in_file(wanted))

    def owner_of(self, key: str) -> str | None:
        """The source that an environment key such as SFR_BI_URL belongs to; the longest fitting name has it."""
        owners = [name for name in (*self._kinds, *self._destinations) if key.startswith(_prefix(name))]
        return max(owners, key=len, default=None)

    def address_of(self, name: str) -> str:
        """The `url` of a source, "" where it has none."""
        written = self._fields(name).get("url")
        return str(written.value) if written is not None else ""

    def owner_of_address(self, url: str) -> str | None:
        """The source whose own `url` has the scheme, host and port of this one."""
        wanted = origin_of(url)
        for name in self.names:
            if wanted and origin_of(self.address_of(name)) == wanted:
                return name
        return None

    def _in_file(self, name: str) -> dict[str, Written]:
        table = self._toml.get(name, {})
        place = f"{self._toml_place}, [{name}]"
        return {each.lower(): Written(value, place) for each, value in table.items() if each.lower() != "type"}

    def _fields(self, name: str) -> dict[str, Written]:
        """What was written about a source; looked up once, since each line of a list asks."""
        if name not in self._known_fields:
            self._known_fields[name] = self._looked_up(name)
        return self._known_fields[name]

    def _looked_up(self, name: str) -> dict[str, Written]:
        fields = self._in_file(name)
        for key, written in self._keys.items():
            if key.startswith(_prefix(name)) and self.owner_of(key) in (name, None):
                fields[key.removeprefix(_prefix(name)).lower()] = written
        fields.pop("type", None)
        return fields

    def _name_of(self, capitals: str) -> str:
        """The name as the TOML file spells it, where a hyphen is possible."""
        return next((name for name in self._toml if _prefix(name) == f"{PREFIX}{capitals}_"), capitals.lower())


def read_sources_file(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of `input/sources.toml`, by name; no file gives none. Raises ConfigError when it is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", remedy="Save it as a UTF-8 text file.") from error
    except tomllib.TOMLDecodeError as error:
        remedy = 'A source is a table: [bi], then lines such as type = "superset" and url = "https://bi.example.com".'
        raise ConfigError(f"{path}: {error}", remedy=remedy) from error
    keys: dict[str, str] = {}
    for name, table in content.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} stands outside of a table", remedy=f"Put it below a line [{name}].")
        if not _NAME.fullmatch(name):
            remedy = "Use small letters, digits, - and _, beginning with a letter."
            raise ConfigError(f"{path}: [{name}] is no name for a source", remedy=remedy)
        if (other := keys.setdefault(_prefix(name), name)) != name:
            message = f"{path}: [{other}] and [{name}] would have the same keys, {_prefix(name)}…, in .env"
            raise ConfigError(message, remedy="Choose another name for one of them.")
    return content


def key_of(name: str, field_name: str) -> str:
    """What a field of a named source is called in the environment."""
    return f"{_prefix(name)}{field_name.upper()}"


def _prefix(name: str) -> str:
    return f"{PREFIX}{re.sub(r'[^A-Z0-9]', '_', name.upper())}_"


def is_destination(kind: str) -> bool:
    """Whether a type is one of destinations alone."""
    return kind not in SOURCES and kind in destination_types() and kind not in source_types()


def _unknown(name: str, known: Iterable[str]) -> ConfigError:
    names = sorted(set(known))
    hint = did_you_mean(name.lower(), names)
    capitals = re.sub(r"[^A-Z0-9]", "_", name.upper()) or "NAME"
    there = f"There are: {', '.join(names)}. A new one begins with {PREFIX}{capitals}_TYPE=superset in .env."
    return ConfigError(f"there is no source {name!r}", remedy=f"{hint} {there}".lstrip())
