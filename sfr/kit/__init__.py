"""Writes the beginnings of a connector: an installable package whose tests pass as it is."""

from __future__ import annotations

import re
from pathlib import Path

from sfr.atomic import write_text
from sfr.errors import ConfigError

KINDS = ("source", "destination")
MOST_NAME_CHARACTERS = 40

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HERE = Path(__file__).parent


def write_package(name: str, kind: str, parent: Path, version: str) -> Path:
    """Write the package `sfr-NAME` with a connector of that kind into a new folder below `parent`.

    `version` is that of sfr, whose kit the package will ask for. Returns the folder. Raises ConfigError for a name that
    would not do and for a folder that has something in it, DeliveryError where nothing can be written.
    """
    _check_name(name)
    folder = parent / f"sfr-{name}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder} is there already",
            reason="exists",
            remedy="Choose another name or another --folder, or remove it.",
        )
    for place, text in _files(name, kind, version).items():
        write_text(folder / place, text)
    return folder


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) and len(name) <= MOST_NAME_CHARACTERS:
        return
    better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("0123456789-")[:MOST_NAME_CHARACTERS].strip("-")
    raise ConfigError(
        f"{name!r} is no name for a connector",
        reason="name",
        remedy="Small letters, digits and single hyphens, beginning with a letter"
        + (f", such as {better}." if better else "."),
    )


def _files(name: str, kind: str, version: str) -> dict[str, str]:
    """The contents by the place in the package."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 (this is code, and no web page)
        loader=FileSystemLoader(_HERE), undefined=StrictUndefined, keep_trailing_newline=True
    )
    module = f"sfr_{name.replace('-', '_')}"
    words = {
        "name": name,
        "kind": kind,
        "module": module,
        "class_name": "".join(part.capitalize() for part in name.split("-")),
        "settings": name.upper().replace("-", "_"),
        "version": version,
        "next_major": int(version.partition(".")[0]) + 1,
    }
    places = {
        "pyproject.toml": "pyproject.toml.jinja",
        "README.md": "readme.md.jinja",
        f"{module}/__init__.py": "package.py.jinja",
        f"{module}/py.typed": "",
        f"{module}/{kind}.py": f"{kind}.py.jinja",
        f"tests/test_{kind}.py": f"test_{kind}.py.jinja",
    }
    return {
        place: environment.get_template(template).render(words) if template else ""
        for place, template in places.items()
    }
