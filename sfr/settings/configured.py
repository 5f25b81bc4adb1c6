"""Knows how what was written about a named source, or destination, becomes the configuration its connector asks for."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from sfr.errors import BrokenConnector, ConfigError
from sfr.plugins import destination_class, source_class
from sfr.settings import Settings
from sfr.settings.kept_secrets import kept_secrets
from sfr.settings.sources import Declared, Written, is_destination, key_of

# What says whose account it is; no other source may have it, and least of all a stranger's connector.
_OF_SALESFORCE = frozenset({"domain", "sid"})
# How sfr talks to any server and asks people; the other general settings are not about sources.
_FOR_ALL = frozenset(
    [
        *("connect_seconds", "first_byte_seconds", "stall_seconds", "timezone", "allow_bad_ids"),
        *("login", "login_seconds", "browser", "browser_profile", "browser_path"),
    ]
)


class Limits(BaseModel):
    """What every source may be held to, whatever its type."""

    model_config = ConfigDict(frozen=True)

    concurrency: int | None = Field(
        None, ge=1, le=1000, description="Reports in flight at a time. Not set: SFR_CONCURRENCY."
    )
    requests_per_second: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Requests a second. Not set: SFR_REQUESTS_PER_SECOND."
    )
    jitter_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Longest pause, drawn by chance, between the beginnings of two reports: polite to a small server.",
    )


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """A named source that may be opened: its type, the configuration of its connector, and its limits."""

    name: str
    kind: str
    config: Any
    limits: Limits


def configure(settings: Settings, name: str) -> ConfiguredSource:
    """The source of that name, ready to be opened.

    Raises ConfigError with a line for every missing, misspelt or wrong setting, BrokenConnector when its connector
    cannot be imported.
    """
    declared = settings.declared(name)
    if declared.name == "salesforce" and "domain" not in declared.fields:
        settings.require_domain()
    config, limits = _configured(settings, declared, source_class(declared.kind), "source")
    return ConfiguredSource(declared.name, declared.kind, config, limits)


def configure_destination(settings: Settings, name: str) -> tuple[str, Any]:
    """Type and configuration of the destination of that name. Raises as `configure`."""
    declared = settings.declared_destination(name)
    config, _ = _configured(settings, declared, destination_class(declared.kind), "destination")
    return declared.kind, config


def _configured(settings: Settings, declared: Declared, connector: Any, what: str) -> tuple[Any, Limits]:
    model = model_of(connector, declared.kind)
    secrets = [name for name, field in model.model_fields.items() if is_secret(field)]
    kept = kept_secrets(settings, declared, secrets)
    own = {each: written for each, written in declared.fields.items() if each not in Limits.model_fields} | kept
    shared = {each: written for each, written in declared.fields.items() if each in Limits.model_fields}
    problems = [*_unknown_fields(declared, model), *_secrets_in_files(declared, model)]
    inherited = _inherited(settings, declared, model)
    config, wrong = _built(model, declared, own, inherited)
    limits, wrong_limits = _built(Limits, declared, shared, {})
    if problems := [*problems, *wrong, *wrong_limits]:
        remedy = f"`sfr connectors {declared.kind}` explains every setting of this type of {what}."
        raise ConfigError("\n".join(problems), remedy=remedy)
    return config, limits


def model_of(connector: Any, kind: str) -> type[BaseModel]:
    """The settings that a connector declares. Raises BrokenConnector when it declares none."""
    model = getattr(connector, "Config", None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return model
    raise BrokenConnector(
        f"the connector {kind} declares no settings", remedy="its class needs a pydantic model called Config"
    )


def build_options(model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """A model from values as people write them in one line: JSON where the field holds more than a text."""
    return model.model_validate({name: _read(model.model_fields.get(name), value) for name, value in values.items()})


def _inherited(settings: Settings, declared: Declared, model: type[BaseModel]) -> dict[str, Any]:
    """What the general settings say about fields of the same name, where somebody has set them."""
    own = declared.name == declared.kind == "salesforce"
    names = _FOR_ALL | _OF_SALESFORCE if own else _FOR_ALL
    given = names & settings.model_fields_set & model.model_fields.keys()
    return {name: getattr(settings, name) for name in sorted(given)}


def _built(
    model: type[BaseModel], declared: Declared, fields: Mapping[str, Written], inherited: Mapping[str, Any]
) -> tuple[Any, list[str]]:
    given = {name: written.value for name, written in fields.items() if name in model.model_fields}
    try:
        return build_options(model, {**inherited, **given}), []
    except ValidationError as error:
        return None, [_told(declared, fields, model, detail) for detail in error.errors(include_url=False)]


def _told(declared: Declared, fields: Mapping[str, Written], model: type[BaseModel], detail: Any) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    key = key_of(declared.name, name) if name else f"{_what(declared)} {declared.name}"
    about = model.model_fields[name].description or "" if name in model.model_fields else ""
    if detail["type"] == "missing" and is_secret(model.model_fields[name]):
        return f"{key} is not set: {_how_to_set(declared, [name])}. {about}".rstrip()
    if detail["type"] == "missing":
        return f"{key} is not set. {about}".rstrip()
    message = " ".join(detail["msg"].removeprefix("Value error, ").replace("Input should", "must").rstrip(".").split())
    message = f"{message if message[:2].isupper() else message[:1].lower() + message[1:]}."
    secrets = [each for each, field in model.model_fields.items() if is_secret(field)]
    if not name and secrets and not fields.keys() & set(secrets):
        return f"{key}: {message} None of its secrets is set: {_how_to_set(declared, secrets)}."
    written, field = fields.get(name), model.model_fields.get(name)
    if written is None or field is None:
        return f"{key}: {message}"
    shown = "(hidden)" if is_secret(field) or "@" in str(written.value) else f'"{written.value}"'
    place = f"{_shown_key(declared, name, written)} = {shown}" + ("" if written.is_in_table else f" ({written.place})")
    return f"{place}: {message} {about}".rstrip()


def _what(declared: Declared) -> str:
    return "destination" if is_destination(declared.kind) else "source"


def _how_to_set(declared: Declared, secrets: Sequence[str]) -> str:
    """Every way to give a secret, in short; the first of several stands for them."""
    if declared.kind == "salesforce":
        return "`sfr login` gets a session"
    places = f"or write {key_of(declared.name, secrets[0])} into .env, or into the environment"
    others = f" (or {', '.join(secrets[1:])})" if secrets[1:] else ""
    return f"`sfr credentials set {declared.name}.{secrets[0]}`{others}, {places}"


def _shown_key(declared: Declared, name: str, written: Written) -> str:
    """What the field is called where it was written."""
    return f"{written.place} {name}" if written.is_in_table else key_of(declared.name, name)


def _unknown_fields(declared: Declared, model: type[BaseModel]) -> list[str]:
    known = [*model.model_fields, *Limits.model_fields]
    problems = []
    for name, written in declared.fields.items():
        if name in known:
            continue
        close = difflib.get_close_matches(name, known, n=1)
        meant = close[0] if close and written.is_in_table else key_of(declared.name, close[0]) if close else ""
        hint = f"did you mean {meant}?" if close else f"there are: {', '.join(known)}"
        shown = _shown_key(declared, name, written) + ("" if written.is_in_table else f" ({written.place})")
        problems.append(f"{shown} is no setting of a {_what(declared)} of type {declared.kind}; {hint}")
    return problems


def _secrets_in_files(declared: Declared, model: type[BaseModel]) -> list[str]:
    """A file of sources is shared and committed; secrets stay in the environment or `.env`."""
    return [
        f"{written.place} {name} is a secret and belongs into .env, as {key_of(declared.name, name)}=…"
        for name, written in declared.in_file.items()
        if name in model.model_fields and is_secret(model.model_fields[name])
    ]


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds a secret, by itself or in what it holds."""
    return "Secret" in str(field.annotation)


def _read(field: FieldInfo | None, value: Any) -> Any:
    """A mapping or list that was written as JSON in one line; everything else as it is."""
    takes_more = field is not None and any(
        word in str(field.annotation) for word in ("dict", "list", "tuple", "Mapping")
    )
    if isinstance(value, str) and takes_more and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
