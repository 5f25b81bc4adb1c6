"""Which name stands for which connector class: ours, and those of installed packages; imported only when used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sfr.errors import BrokenConnector, ConfigError
from sfr.model import WORKBOOK

SOURCES = {
    "salesforce": "sfr.sources.salesforce.source:Salesforce",
    "superset": "sfr.sources.superset.source:Superset",
    "metabase": "sfr.sources.metabase.source:Metabase",
    "cake": "sfr.sources.cake.source:Cake",
    "link": "sfr.sources.link.source:Link",
    "sql": "sfr.sources.sql.source:Sql",
    WORKBOOK: "sfr.sources.workbook:Workbook",
}
DESTINATIONS = {
    "folder": "sfr.destinations.folder:Folder",
    "sftp": "sfr.destinations.sftp:Sftp",
    "smb": "sfr.destinations.smb:Smb",
    "azure": "sfr.destinations.azure:Azure",
    "gcs": "sfr.destinations.gcs:Gcs",
    "s3": "sfr.destinations.s3.destination:S3",
    "table": "sfr.destinations.table.destination:Table",
}

log = logging.getLogger("sfr.plugins")


def source_types() -> dict[str, str]:
    """Every type of source with the place of its class, `module:Class`."""
    return {**_installed("sfr.sources"), **SOURCES}


def destination_types() -> dict[str, str]:
    """Every type of destination with the place of its class, `module:Class`."""
    return {**_installed("sfr.destinations"), **DESTINATIONS}


def source_class(kind: str) -> Any:
    """The Source class of that type. Raises ConfigError with the known names, BrokenConnector when it cannot be
    imported."""
    return _load(SOURCES, "sfr.sources", kind, "source")


def destination_class(kind: str) -> Any:
    """The Destination class of that type. Raises as `source_class`."""
    return _load(DESTINATIONS, "sfr.destinations", kind, "destination")


def _load(ours: Mapping[str, str], group: str, kind: str, what: str) -> Any:
    place = ours.get(kind) or _installed(group).get(kind)
    if place is None:
        known = sorted({*ours, *_installed(group)})
        raise ConfigError(f"unknown type of {what} {kind!r}", remedy=f"known are: {', '.join(known)}")
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever a stranger's module does while it is imported
        log.exception("the connector %s (%s) cannot be imported", kind, place)
        raise BrokenConnector(
            f"the connector {kind} cannot be imported: {type(error).__name__}: {error}",
            remedy=f"the log has the details; is the package of {module.partition('.')[0]} whole and up to date?",
        ) from error


def _installed(group: str) -> dict[str, str]:
    """What installed packages offer; looking it up takes a while, so only for names that are not ours."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for package in distributions():  # one by one: entry_points() fails for all where one has damaged metadata
        try:
            entries = package.entry_points.select(group=group)
        except Exception:
            log.warning("the entry points of an installed package cannot be read", exc_info=True)
            continue
        for entry in entries:
            found.setdefault(entry.name.lower(), entry.value)  # the first on the path counts, as for imports
    return found
