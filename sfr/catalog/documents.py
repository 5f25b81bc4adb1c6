"""Knows what people write into JSON and YAML files: reads them with each number as written, and no key twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sfr.catalog.entry import Number
from sfr.catalog.options import is_too_deep, json_remedy
from sfr.catalog.problems import shorten
from sfr.catalog.table import decode, read_bytes
from sfr.errors import ConfigError

SUFFIXES = (".json", ".yaml", ".yml")

_JSON_TOKEN = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[][{}]')


def read_document(path: Path) -> Any:
    """The content of a JSON or YAML file: mappings, lists, texts, booleans, None, and each number as a Number.

    Raises ConfigError when it cannot be read, with the line, the column and the text of what is wrong in it.
    """
    data = read_bytes(path)
    try:
        text = decode(data)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}", remedy="Save it as a text file in UTF-8.") from error
    if not text.strip():
        raise ConfigError(f"{path}: is empty", remedy="Write a report: its name, id and source.")
    try:
        document = _read_json(text, path) if path.suffix.lower() == ".json" else _read_yaml(text, path)
        if is_too_deep(document):
            raise RecursionError
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply", remedy="Make it flatter.") from error
    return document


def _read_yaml(text: str, path: Path) -> Any:
    from sfr.catalog.yaml_text import read_yaml

    return read_yaml(text, path)


def wrong_place(path: Path, text: str, place: tuple[int, int], message: str, remedy: str) -> ConfigError:
    """An error about one place of a file, line and column counted from 1, with the text of its line."""
    line, column = place
    lines = text.splitlines()
    shown = f": {shorten(lines[line - 1])}" if 0 < line <= len(lines) and lines[line - 1].strip() else ""
    return ConfigError(f"{path}, line {line}, column {column}: {message}{shown}", remedy=remedy)


def _read_json(text: str, path: Path) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_int=lambda written: Number(written, int(written)),
            parse_float=lambda written: Number(written, float(written)),
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        remedy = json_remedy(text, error.pos)
        raise wrong_place(path, text, (error.lineno, error.colno), error.msg, remedy) from error
    except _Doubled as error:
        place = _place_of_double(text)
        remedy = "Delete one of them, or give it a name of its own."
        raise wrong_place(path, text, place, f'"{error}" stands twice in one object', remedy) from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}", remedy="Correct it.") from error


class _Doubled(ValueError):
    """A key that stands twice."""


def _without_doubles(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Doubled(key)
        found[key] = value
    return found


def _place_of_double(text: str) -> tuple[int, int]:
    """Where a key stands for the second time in its object, as line and column; the parser does not tell."""
    objects: list[set[str]] = []
    for token in _JSON_TOKEN.finditer(text):
        if token[0] in "{[":
            objects.append(set())
        elif token[0] in "}]":
            objects.pop()
        elif token["key"]:
            if token["key"] in objects[-1]:
                start = token.start()
                return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
            objects[-1].add(token["key"])
    return 1, 1  # two spellings of one key, such as "a" and "\\u0061"


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
