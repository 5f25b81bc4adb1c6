"""Knows which settings of which sources and destinations are secrets that can be kept, by what people call them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sfr.errors import ConfigError
from sfr.plugins import destination_class, destination_types, source_class, source_types
from sfr.settings.configured import is_secret, model_of
from sfr.settings.fields import Settings, environment_names
from sfr.settings.kept_secrets import server_of
from sfr.settings.sources import Declared, key_of
from sfr.similar_names import did_you_mean

_WRITTEN = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*")
_HOW = "Write NAME.FIELD, such as bi.password; the value is asked for, or read with --stdin."


@dataclass(frozen=True, slots=True)
class SecretField:
    """`name` is NAME.FIELD, `key` the setting that beats what is kept, `server` whom the secret is for; `elsewhere` is
    where the settings have it already: environment, .env, or ""."""

    name: str
    key: str
    server: str
    elsewhere: str


def read_name(text: str) -> str:
    """NAME.FIELD as it is kept. Raises ConfigError without the text, which may be the secret itself."""
    if not _WRITTEN.fullmatch(name := text.strip().lower()):
        raise ConfigError("that is no name of a secret", reason="credentials", remedy=_HOW)
    return name


def find_secret(settings: Settings, name: str) -> SecretField:
    """The secret that NAME.FIELD stands for. Raises ConfigError that says what there is: no such source or field, a
    field that is no secret, a secret that is kept elsewhere."""
    owner, _, field = name.partition(".")
    if owner in ("sfr", "sfdc"):
        raise _general(field)
    declared, connector = _declared(settings, owner)
    model = model_of(connector, declared.kind)
    secrets = [each for each, about in model.model_fields.items() if is_secret(about)]
    if field not in secrets:
        raise _no_secret(declared, field, model, secrets)
    if declared.kind == "salesforce":
        message = f"{name}: a session of Salesforce ends after hours, so it is not kept here"
        raise ConfigError(message, reason="credentials", remedy="`sfr login` gets one and keeps it in the keyring.")
    written = declared.fields.get(field)
    return SecretField(name, key_of(owner, field), server_of(declared, secrets), written.place if written else "")


def _declared(settings: Settings, name: str) -> tuple[Declared, Any]:
    """What was declared under the name, or is called by its type, and the class of its connector."""
    if name in settings.source_names() or name in source_types():
        declared = settings.declared(name)
        return declared, source_class(declared.kind)
    if name in settings.destination_names() or name in destination_types():
        declared = settings.declared_destination(name)
        return declared, destination_class(declared.kind)
    raise unknown_name(settings, name)


def unknown_name(settings: Settings, name: str) -> ConfigError:
    """The error for a name that no source and no destination has."""
    known = sorted({*settings.source_names(), *settings.destination_names()})
    hint = did_you_mean(name, known)
    there = f"There are: {', '.join(known)}. A new one begins with a line {key_of(name, 'type')}=superset in .env."
    message = f"there is no source or destination {name!r}"
    return ConfigError(message, reason="unknown-name", remedy=f"{hint} {there}".lstrip())


def _no_secret(declared: Declared, field: str, model: type[BaseModel], secrets: list[str]) -> ConfigError:
    there = (
        f"Its secrets: {', '.join(f'{declared.name}.{each}' for each in secrets)}." if secrets else "It has no secrets."
    )
    if field in model.model_fields:
        message = f"{declared.name}.{field} is no secret"
        place = (
            f"Write {key_of(declared.name, field)}=… into .env, or {field} below [{declared.name}] in the TOML file."
        )
        return ConfigError(message, reason="credentials", remedy=f"{place} {there}")
    message = f"{declared.name} (type {declared.kind}) has no setting {field!r}"
    hint = did_you_mean(field, secrets)
    return ConfigError(message, reason="credentials", remedy=f"{hint} {there}".lstrip())


def _general(field: str) -> ConfigError:
    """The general settings are read before anything else, by every command, so they stay where they are."""
    key = environment_names().get(field, f"SFR_{field.upper()}")
    remedy = f"{key} belongs into the environment or .env."
    if field == "database_url":
        remedy += " The password may stay out of it: PostgreSQL's drivers read ~/.pgpass."
    return ConfigError(f"{key} is a general setting, and those are not kept here", reason="credentials", remedy=remedy)
