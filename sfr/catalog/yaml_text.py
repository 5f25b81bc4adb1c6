"""Knows YAML as people mean it: `00123`, `2026-01-01` and `no` are texts; no key twice, no objects of a program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sfr.catalog.documents import wrong_place
from sfr.catalog.entry import Number
from sfr.errors import ConfigError
from sfr.missing_package import missing_package

_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_MOST_VALUES = 1_000_000  # a few lines of references to references can mean billions


def read_yaml(text: str, path: Path) -> Any:
    """The content of a YAML text: mappings with texts as keys, lists, texts, booleans, None and Numbers.

    Unquoted values mean what they mean in JSON: true, false, null and numbers as JSON writes them (but not 1e5, which
    is a text like everything else). Raises ConfigError with the place of what is wrong, or when PyYAML is missing.
    """
    try:
        import yaml
    except ImportError as error:
        raise missing_package(f"a list in YAML ({path})", "PyYAML", "sfr[yaml]") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise wrong_place(path, text, (line, column), message or "is no YAML", _remedy(text, line)) from error
    except (yaml.YAMLError, ValueError) as error:
        message = " ".join(str(error).split())
        raise ConfigError(f"{path}: {message}", remedy="Save it as plain text in UTF-8.") from error
    return _Tree(text, path).value(node) if node is not None else None


def _remedy(text: str, line: int) -> str:
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "Indent with spaces: YAML takes no tabs."
    if re.search(r":\s+[{%@`]", written) or re.search(r":\s.*:\s", written):
        return "Put the value into quotation marks."
    return "Correct it there, or in the line before; put values with : # { } into quotation marks."


class _Tree:
    """Turns the nodes of one text into values."""

    def __init__(self, text: str, path: Path) -> None:
        self._text, self._path, self._left = text, path, _MOST_VALUES
        self._open: set[int] = set()

    def value(self, node: Any) -> Any:
        """What a node means. Raises ConfigError."""
        self._left -= 1
        if id(node) in self._open or self._left < 0:
            raise self._wrong(node, "refers to itself, or to too much", "Write the values out.")
        if node.id == "scalar":
            return self._scalar(node)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            raise self._wrong(node, f"has the tag {node.tag}, which means nothing here", "Take the tag away.")
        self._open.add(id(node))
        found = [self.value(each) for each in node.value] if node.id == "sequence" else self._mapping(node)
        self._open.discard(id(node))
        return found

    def _scalar(self, node: Any) -> Any:
        begin = self._text[node.start_mark.index : node.start_mark.index + 1]
        if begin == "!" and node.tag not in (f"{_TAG}str", "!"):  # it may ask for an object of a program
            raise self._wrong(node, f"has the tag {node.tag}, which means nothing here", "Take the tag away.")
        if node.style is not None or begin == "!":
            return node.value
        word = node.value.lower()
        if node.value in (word, word.upper(), word.capitalize()) and word in _WORDS:
            return _WORDS[word]
        if _INT.fullmatch(node.value):
            return Number(node.value, int(node.value))
        if _FLOAT.fullmatch(node.value):
            return Number(node.value, float(node.value))
        return node.value

    def _mapping(self, node: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                raise self._wrong(key_node, "is a key that is no text", "Write a word before the colon.")
            key = key_node.value
            if key_node.tag == f"{_TAG}merge":
                merged = {**self._merged(value_node), **merged}
                continue
            if key in found:
                remedy = "Delete one of them, or give it a name of its own."
                raise self._wrong(key_node, f'"{key}" stands twice in one mapping', remedy)
            found[key] = self.value(value_node)
        return {**merged, **found}

    def _merged(self, node: Any) -> dict[str, Any]:
        """What `<<` takes over: of a mapping, or of several, of which the first one wins."""
        several = self.value(node)
        found: dict[str, Any] = {}
        for each in several if isinstance(several, list) else [several]:
            if not isinstance(each, dict):
                raise self._wrong(node, "stands behind << and is no mapping", "Name a mapping there.")
            found = {**each, **found}
        return found

    def _wrong(self, node: Any, message: str, remedy: str) -> ConfigError:
        mark = node.start_mark
        return wrong_place(self._path, self._text, (mark.line + 1, mark.column + 1), message, remedy)
