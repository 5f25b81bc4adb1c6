"""Knows how the settings are written down for people: `.env.example` and the table of the documentation."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sfr.plugins import source_class
from sfr.settings import Settings, environment_names
from sfr.settings.configured import Limits
from sfr.settings.sources import key_of

EXAMPLE_NAMES = {"bi": "superset", "mb": "metabase", "cake": "cake", "files": "link", "acme": "salesforce"}

_WIDTH = 100
_OPENING = """\
# Copy this file to .env and take the # away from what you change.
# The environment beats this file, and the command line beats both.
# A path may be written as it is: C:\\reports\\daily
"""


def env_example() -> str:
    """The text of `.env.example`: every key with its description, and its default or an example."""
    blocks = [_OPENING]
    for name, key in environment_names().items():
        field = Settings.model_fields[name]
        comment = "\n".join(_comment(_described(field)))
        switch = "" if name == "domain" else "# "
        blocks.append(f"{comment}\n{switch}{key}={_default(field) or _example(field)}\n")
    sources = (_source_block(name, kind) for name, kind in EXAMPLE_NAMES.items())
    limits = ["# Any source may have limits of its own.", *_switched_off("bi", Limits)]
    return "\n".join([*blocks, *sources, "\n".join(limits) + "\n"])


def _source_block(name: str, kind: str) -> str:
    """A source of a type under the name of an example, each of its settings switched off."""
    connector = source_class(kind)
    about = (inspect.getdoc(connector) or "").splitlines()[0]
    opening = _comment(f"A source of type {kind}, called {name} here. {about}")
    return "\n".join([*opening, f"# {key_of(name, 'type')}={kind}", *_switched_off(name, connector.Config)]) + "\n"


def _switched_off(name: str, model: type[BaseModel]) -> Iterator[str]:
    for field_name, field in model.model_fields.items():
        yield from _comment(_described(field))
        yield f"# {key_of(name, field_name)}={_default(field) or _example(field)}"


def settings_table() -> str:
    """A Markdown table of every key with its default and description."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for name, key in environment_names().items():
        field = Settings.model_fields[name]
        default = f"`{_default(field)}`" if _default(field) else ""
        lines.append(f"| `{key}` | {default} | {_described(field)} |")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _described(field: FieldInfo) -> str:
    answer = " (yes or no)" if isinstance(field.default, bool) else ""
    return f"{field.description}{answer}"


def _default(field: FieldInfo) -> str:
    value = None if field.default_factory or field.default is PydanticUndefined else field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Path):
        return value.as_posix()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _example(field: FieldInfo) -> str:
    example = (field.examples or [""])[0]
    return example if isinstance(example, str) else json.dumps(example)
