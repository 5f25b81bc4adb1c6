"""Reads the settings once, from the command line, the environment and `.env`; then they are fixed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from sfr.errors import ConfigError
from sfr.settings.env_file import read_env_file
from sfr.settings.fields import PREFIX, Settings, environment_names
from sfr.settings.files import refuse_shared_files
from sfr.settings.sources import Declarations, read_sources_file
from sfr.settings.values import machine_zone, refuse_unknown_names, unknown_keys
from sfr.sources.salesforce.hosts import my_domain_origin

__all__ = ["PREFIX", "Settings", "default_settings", "environment_names", "load_settings"]


def load_settings(
    overrides: Mapping[str, object] = MappingProxyType({}), env_file: Path | None = Path(".env")
) -> Settings:
    """Read the settings: `overrides` (field names, from the command line; None is not given) beat the environment,
    which beats `env_file`.

    Raises ConfigError that names every wrong key with its place, value (no secret's) and remedy.
    """
    refuse_unknown_names(overrides, environment_names())
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    written = read_env_file(env_file)
    try:
        settings = Settings(**{"_env_file": env_file, **given})
    except ValidationError as error:
        wrong = [_describe(detail, given, written) for detail in error.errors(include_url=False)]
        # Without the cause: it holds the values, and one may be a secret.
        raise ConfigError(
            "\n".join(wrong), remedy="Correct the settings; .env.example explains every one of them."
        ) from None
    refuse_shared_files(settings.report_list, settings.final_report_path, settings.log_file)
    path = settings.sources_file
    if path != Settings.model_fields["sources_file"].default and not path.exists():
        raise ConfigError(f"SFR_SOURCES = {path}: there is no such file", remedy="Correct it, or take it away.")
    settings._declarations = Declarations(
        read_sources_file(path), path.as_posix(), written, os.environ, environment_names().values()
    )
    settings._notices = tuple(_notices(settings, given, written))
    return settings


def default_settings(**choices: object) -> Settings:
    """The defaults with `choices` (field names) instead of some; neither the environment nor a file is looked at."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    return Settings(**{"_env_file": None, **defaults, **choices})


def _source_of(name: str, given: Mapping[str, Any], written: Mapping[str, str]) -> tuple[str, str]:
    """Where the value of a field came from, and the value as it was written there."""
    key = environment_names()[name]
    environment = {each.upper(): value for each, value in os.environ.items()}
    places: tuple[tuple[str, Any], ...] = (
        ("command line", given.get(name)),
        ("environment", environment.get(key)),
        (".env", written.get(key)),
    )
    return next(((place, str(value)) for place, value in places if value not in (None, "")), ("default", ""))


def _describe(detail: Any, given: Mapping[str, Any], written: Mapping[str, str]) -> str:
    names = environment_names()
    name = next(name for name, key in names.items() if detail["loc"][0] in (name, key))
    place, value = _source_of(name, given, written)
    field = Settings.model_fields[name]
    secret = "SecretStr" in str(field.annotation) or "@" in value  # user:password@host
    shown = "(hidden)" if secret else f'"{value}"'
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "must").rstrip(".")
    remedy = "" if detail["type"] == "value_error" else f" {field.description}"
    return f"{names[name]} = {shown} ({place}): {message[0].lower()}{message[1:]}.{remedy}"


def _notices(settings: Settings, given: Mapping[str, Any], written: Mapping[str, str]) -> list[str]:
    of_sources = {key.upper() for key in (*written, *os.environ) if settings._declarations.owner_of(key.upper())}
    notices = unknown_keys({*environment_names().values(), *of_sources}, written, os.environ, PREFIX)
    if settings.domain is not None:
        _, changed = my_domain_origin(_source_of("domain", given, written)[1])
        notices += [f"SFDC_DOMAIN: {changed}"] if changed else []
    if "timezone" not in settings.model_fields_set and machine_zone() is None:
        notices.append("SFR_TIMEZONE: this machine does not tell its time zone, so dates are those of UTC")
    return notices
