"""Knows how the options of a report are held to what its connector declares, and how what is wrong is told."""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sfr.catalog.columns import HEADERS, LIST_KEYS
from sfr.catalog.entry import Number, Pairs, plain
from sfr.catalog.problems import BadCell, shorten
from sfr.similar_names import did_you_mean

Model = type[BaseModel]

# What a JSON or YAML list knows beside the columns of a CSV list.

_MOST_LEVELS = 100


class BadOption(BadCell):
    """One option is wrong; `key` is its path, such as `payload.queries.0`, and `value` is fit to be shown."""

    def __init__(self, key: str, value: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.key, self.value = key, value


def split_params(params: Pairs, model: Model | None) -> tuple[Pairs, dict[str, Any]]:
    """The params that are to be sent, and those whose names are options of the connector.

    A name that comes twice gives a list.
    """
    known = _fields(model)
    options: dict[str, Any] = {}
    for name, value in params:
        if name in known:
            earlier = options.get(name)
            several = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
            options[name] = value if earlier is None else several
    return tuple(pair for pair in params if pair[0] not in known), options


def ready(options: Mapping[str, Any], model: Model | None) -> tuple[dict[str, Any], list[BadOption]]:
    """The options as JSON values: numbers as texts where a text is wanted, texts of JSON as what they hold."""
    known, values, problems = _fields(model), {}, []
    for name, value in options.items():
        try:
            values[name] = _ready(name, value, known.get(name))
        except BadOption as error:
            problems.append(error)
    return values, problems


def hold_to(model: Model | None, options: dict[str, Any]) -> tuple[dict[str, Any], list[BadOption]]:
    """The options as `model` understands them, as JSON values, and all that is wrong with them."""
    known = _fields(model)
    unknown = [_unknown(name, known) for name in options if name not in known]
    if model is None:
        return options, unknown
    try:
        # Only what was given: the connector fills in its defaults itself, and newer versions may have better ones.
        held = model.model_validate({name: value for name, value in options.items() if name in known})
    except ValidationError as error:
        return options, [*unknown, *_told(error, model)]
    return held.model_dump(mode="json", exclude_unset=True, by_alias=True), unknown


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises BadCell with the line and column of what is wrong."""
    try:
        value = json.loads(text, parse_constant=_no_number)
        if is_too_deep(value):
            raise RecursionError
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1 : error.lineno]
        shown = f": {shorten(line[0])}" if line and "\n" in text else ""
        message = f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}{shown}"
        raise BadCell(message, json_remedy(text, error.pos)) from error
    except RecursionError as error:
        raise BadCell("is nested too deeply", "Make it flatter.") from error
    except ValueError as error:
        raise BadCell(f"is no JSON: {error}", "Correct it.") from error
    return value


def is_too_deep(value: Any) -> bool:
    """Whether lists and mappings stand in each other so deeply that what goes through them could fail at it."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        if not level:
            return False
        level = [
            inner
            for each in level
            if isinstance(each, (list, dict))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def json_remedy(text: str, position: int) -> str:
    """What is likely meant where a JSON text cannot be understood at `position`."""
    before, after = text[:position].rstrip(), text[position:].lstrip()
    if before.endswith(",") and after[:1] in ("]", "}"):
        return "Take away the comma behind the last value."
    if after[:1] in ("#", "/"):
        return "JSON has no comments; take it away."
    if after[:1] in ("'", "“", "”", "‘", "„"):
        return 'Write straight double quotation marks: "…".'
    if after[:1] in ('"', "{", "[") and before[-1:] not in ("", ",", ":", "[", "{"):
        return "A comma is missing before it."
    return "Correct it there, or a little before."


def _ready(name: str, value: Any, field: FieldInfo | None) -> Any:
    kinds = _kinds(field.annotation) if field is not None else set()
    if isinstance(value, Number) and "text" in kinds and "number" not in kinds:
        return value.text
    if not isinstance(value, str):
        return plain(value)
    looks_like_json = value.lstrip()[:1] in ("{", "[")
    only_containers = bool(kinds) and kinds <= {"list", "mapping", "nothing"}
    if only_containers and "list" in kinds and not looks_like_json:
        return [value]
    if only_containers or ("anything" in kinds and "text" not in kinds and looks_like_json):
        try:
            return parse_json(value)
        except BadCell as error:
            raise BadOption(name, shorten(value), error.message, error.remedy) from error
    return value


def _kinds(annotation: Any) -> set[str]:
    """What a field takes: text, number, list, mapping, nothing, anything."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return set().union(*map(_kinds, get_args(annotation)))
    kind = origin or annotation
    if kind is None or kind is types.NoneType:
        return {"nothing"}
    if not isinstance(kind, type):
        return {"anything"}
    if issubclass(kind, (int, float)):
        return {"number"}
    if issubclass(kind, str) or "Secret" in kind.__name__:
        return {"text"}
    if issubclass(kind, (Sequence, set, frozenset)):
        return {"list"}
    return {"mapping"} if issubclass(kind, (Mapping, BaseModel)) else {"anything"}


@functools.cache
def _fields(model: Model | None) -> dict[str, FieldInfo]:
    """The fields of a model by every name that they may be given by."""
    if model is None:
        return {}
    fields: dict[str, FieldInfo] = {}
    by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        aliases: Iterable[Any] = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names = [each for each in aliases if isinstance(each, str)]
        fields |= dict.fromkeys([name, *names] if by_name or not names else names, field)
    return fields


def _unknown(name: str, known: Iterable[str]) -> BadOption:
    if name in LIST_KEYS and name != "columns":
        return BadOption(name, "", "is a key of the list, and no option", "Write it beside options, not below.")
    if name == "columns":
        remedy = "Write pairs of a column's name and the name that it shall get: {region: Region}."
        return BadOption(name, "", "is a text, and must say what becomes of each column", remedy)
    names = [*known, *dict.fromkeys(HEADERS.values()), *LIST_KEYS]
    hint = did_you_mean(name.casefold(), names, 2)
    options = f"Options of its source: {', '.join(known)}." if known else "Its source has no options."
    return BadOption(name, "", "is no key that is known here", hint or options)


def _told(error: ValidationError, model: Model) -> Iterator[BadOption]:
    known = _fields(model)
    for detail in error.errors(include_url=False):
        path = ".".join(map(str, detail["loc"])) or "options"
        field = known.get(str(detail["loc"][0])) if detail["loc"] else None
        about = f"{field.description.rstrip('.')}." if field is not None and field.description else ""
        if detail["type"] == "missing":
            yield BadOption(path, "", "is missing", about or "Write it.")
            continue
        if detail["type"] == "extra_forbidden":
            *above, name = map(str, detail["loc"])
            there = _keys_below(model, above)
            hint = did_you_mean(name.casefold(), there, 2)
            yield BadOption(path, "", "is no key that is known here", hint or f"There are: {', '.join(there)}.")
            continue
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "must").rstrip(".")
        hidden = model.model_config.get("hide_input_in_errors") and len(detail["loc"]) > 1
        shown = "" if hidden else _shown(detail["input"], field)
        yield BadOption(path, shown, message[:1].lower() + message[1:], about or "Correct it.")


def _keys_below(model: Model, path: Iterable[str]) -> list[str]:
    """The keys of what `path` leads to; numbers, and names that are no keys, lead into lists and mappings."""
    for name in path:
        field = _fields(model).get(name)
        inner = _models_in(field.annotation) if field is not None else ()
        model = next(iter(inner), model)
    return list(_fields(model))


def _models_in(annotation: Any) -> Iterator[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _shown(value: Any, field: FieldInfo | None) -> str:
    if field is not None and "Secret" in str(field.annotation):
        return "(hidden)"
    return shorten(str(value)) if isinstance(value, (str, int, float)) else ""


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
