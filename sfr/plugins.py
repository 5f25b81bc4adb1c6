"""Which name stands for which connector class; classes are imported only when used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sfr.errors import ConfigError

SOURCES = {"salesforce": "sfr.sources.salesforce.source:Salesforce"}
DESTINATIONS = {"folder": "sfr.destinations.folder:Folder"}
REFERENCES = {"salesforce": "sfr.sources.salesforce.reference:read_reference"}


def source_class(kind: str) -> Any:
    """The Source class of that name. Raises ConfigError with the known names."""
    return _load(SOURCES, kind, "source")


def destination_class(kind: str) -> Any:
    """The Destination class of that name. Raises ConfigError with the known names."""
    return _load(DESTINATIONS, kind, "destination")


def reference_reader(kind: str) -> Callable[..., Any]:
    """The function that understands what a person wrote to name a report of that source."""
    reader: Callable[..., Any] = _load(REFERENCES, kind, "source")
    return reader


def _load(table: dict[str, str], kind: str, what: str) -> Any:
    if kind not in table:
        raise ConfigError(f"unknown {what} {kind!r}", remedy=f"known are: {', '.join(sorted(table))}")
    module, name = table[kind].split(":")
    return getattr(import_module(module), name)
