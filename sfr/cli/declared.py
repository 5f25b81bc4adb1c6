"""Reads what connectors declare, so that people and programs can be told: types, settings, options of reports."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sfr import plugins, wording
from sfr.connector import HavingOptions
from sfr.errors import ConfigError, SfrError
from sfr.settings import Settings, environment_names
from sfr.settings.configured import Limits, is_secret
from sfr.settings.sources import key_of
from sfr.similar_names import did_you_mean


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a connector, or an option of its reports. `default` is a text; "" is none."""

    key: str
    field: str
    required: bool
    secret: bool
    default: str
    description: str
    examples: tuple[str, ...]

    @property
    def value(self) -> str:
        """What holds where nobody says anything."""
        words = ["required"] if self.required else [self.default] if self.default else []
        return ", ".join([*words, *(["secret"] if self.secret else [])]) or "-"

    @property
    def meaning(self) -> str:
        """The description, with an example."""
        example = f" Such as {self.examples[0]}" if self.examples and self.examples[0] not in ("", self.default) else ""
        return wording.sentence(self.description) + example

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Connector:
    """A type of source or destination; `problem` says why it cannot be used."""

    name: str
    kind: str
    package: str
    help: str = ""
    settings: tuple[Setting, ...] = ()
    options: tuple[Setting, ...] = ()
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def connectors_of(kind: str) -> list[Connector]:
    """Every source, or destination, that is there; one that cannot be imported says so."""
    types = plugins.source_types() if kind == "source" else plugins.destination_types()
    ours = plugins.SOURCES if kind == "source" else plugins.DESTINATIONS
    return [_connector(name, kind) for name in sorted(types, key=lambda name: (name not in ours, name))]


def find_connector(name: str, settings: Settings) -> Connector:
    """The type of that name, or the type of the source of that name. Raises ConfigError with the nearest name."""
    wanted = name.strip().lower()
    if wanted in plugins.source_types():
        return _connector(wanted, "source")
    if wanted in plugins.destination_types():
        return _connector(wanted, "destination")
    if wanted in settings.source_names():
        return _connector(settings.source_type(wanted), "source")
    known = sorted({*plugins.source_types(), *plugins.destination_types(), *settings.source_names()})
    remedy = f"{did_you_mean(wanted, known)} There are: {', '.join(known)}.".lstrip()
    raise ConfigError(f"there is no type or source {name!r}", remedy=remedy)


def common_settings(name: str = "<name>") -> tuple[Setting, ...]:
    """What every source may be told."""
    return tuple(_settings(Limits, lambda field: _key(name, field)))


def _connector(name: str, kind: str) -> Connector:
    package = _packages(f"sfr.{kind}s").get(name, "built in")
    try:
        found: Any = plugins.source_class(name) if kind == "source" else plugins.destination_class(name)
        config: type[BaseModel] = found.Config
        settings = tuple(_settings(config, lambda field: _key(name, field)))
        options = (
            tuple(_settings(found.Options, partial(_option_key, found.Options)))
            if isinstance(found, HavingOptions)
            else ()
        )
        first = (inspect.getdoc(found) or "").partition("\n")[0]
    except SfrError as error:
        return Connector(name, kind, package, problem=error.message)
    except Exception as error:  # whatever a stranger's class lacks
        return Connector(name, kind, package, problem=f"declares no settings: {type(error).__name__}: {error}")
    return Connector(name, kind, package, first, settings, options)


def _packages(group: str) -> dict[str, str]:
    """The installed package of each type that is not built in."""
    return {entry.name: f"{entry.dist.name} {entry.dist.version}" for entry in entry_points(group=group) if entry.dist}


def _settings(model: type[BaseModel], key: Any) -> Iterable[Setting]:
    for name, field in model.model_fields.items():
        if field.exclude:  # the engine sets it
            continue
        yield Setting(
            key=key(name),
            field=name,
            required=field.is_required(),
            secret=is_secret(field),
            default=_default(field),
            description=field.description or "",
            examples=tuple(_written(example) for example in field.examples or ()),
        )


def _option_key(model: type[BaseModel], name: str) -> str:
    """What an option is called in a list; a field has another name where pydantic needs its own one itself."""
    return model.model_fields[name].alias or name


def _written(value: Any) -> str:
    """As a person would write it into a list or a setting."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _default(field: FieldInfo) -> str:
    if field.is_required() or is_secret(field):
        return ""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ("", (), [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _key(name: str, field: str) -> str:
    """What a setting is called in the environment; some of Salesforce's were there before there were others."""
    if name == "salesforce" and field in environment_names():
        return environment_names()[field]
    return f"SFR_<NAME>_{field.upper()}" if name == "<name>" else key_of(name, field)
