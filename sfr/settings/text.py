"""Knows how the settings are written down for people: `.env.example` and the table of the documentation."""

from __future__ import annotations

import textwrap
from pathlib import Path

from pydantic.fields import FieldInfo

from sfr.settings import Settings, environment_names

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
        comment = "\n".join(textwrap.wrap(_described(field), _WIDTH, initial_indent="# ", subsequent_indent="# "))
        switch = "" if name == "domain" else "# "
        blocks.append(f"{comment}\n{switch}{key}={_default(field) or _example(field)}\n")
    return "\n".join(blocks)


def settings_table() -> str:
    """A Markdown table of every key with its default and description."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for name, key in environment_names().items():
        field = Settings.model_fields[name]
        default = f"`{_default(field)}`" if _default(field) else ""
        lines.append(f"| `{key}` | {default} | {_described(field)} |")
    return "\n".join(lines) + "\n"


def _described(field: FieldInfo) -> str:
    answer = " (yes or no)" if isinstance(field.default, bool) else ""
    return f"{field.description}{answer}"


def _default(field: FieldInfo) -> str:
    value = None if field.default_factory else field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Path):
        return value.as_posix()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _example(field: FieldInfo) -> str:
    return str((field.examples or [""])[0])
