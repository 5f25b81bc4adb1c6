"""Knows what a list asks a source before anything is fetched: is it there, which options has it, what is this id."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sfr.catalog.problems import BadCell
from sfr.connector import HavingOptions, Reference, ReferenceProblem, Referring, UsingWindows, Wanted
from sfr.errors import BrokenConnector, ConfigError
from sfr.plugins import source_class
from sfr.settings import Settings
from sfr.similar_names import did_you_mean

log = logging.getLogger("sfr.catalog")

DEFAULT = "salesforce"
UNNAMED = (DEFAULT, "link")  # those that exist without being set up


@dataclass(frozen=True, slots=True)
class Origin:
    """A source by its name; `connector` is its class, or None when that cannot be imported: then its reports fail
    when they are fetched, and no others."""

    name: str
    connector: Any
    notices: tuple[str, ...] = ()

    @property
    def options(self) -> type[BaseModel] | None:
        """What reports of this source may have as options, where it declares any."""
        return self.connector.Options if _keeps(self.connector, HavingOptions) else None

    @property
    def uses_window(self) -> bool:
        """Whether its reports follow their window by themselves; what cannot be imported is not judged."""
        return self.connector is None or _keeps(self.connector, UsingWindows)

    def read(self, wanted: Wanted) -> Reference:
        """What the source makes of what is written. Raises ReferenceProblem."""
        if _keeps(self.connector, Referring):
            return self._referred(wanted)
        if not wanted.text:
            raise ReferenceProblem("id", "", "is empty", "Write what the source calls the report.")
        return Reference(wanted.text, wanted.params, wanted.options)

    def _referred(self, wanted: Wanted) -> Reference:
        """A connector that breaks here costs its own reports, not the list."""
        try:
            found: Reference = self.connector.read_reference(wanted)
        except ReferenceProblem:
            raise
        except Exception as error:
            log.exception("the connector of %s broke while it read a reference", self.name)
            notice = f"the connector of {self.name} broke while it read this ({type(error).__name__}); it will fail"
            return Reference(wanted.text, wanted.params, wanted.options, notices=(notice,))
        return found


@functools.cache
def _keeps(connector: Any, protocol: type) -> bool:
    """Whether a connector keeps a protocol; looked up once, since a list may have many thousand rows."""
    return isinstance(connector, protocol)


def find_origin(text: str, settings: Settings) -> Origin:
    """The source of that name; "" is the default one. Raises BadCell with similar names when there is none."""
    name = text.strip().lower() or DEFAULT
    try:
        kind = settings.source_type(name)
    except ConfigError as error:
        known = sorted({*settings.source_names(), *UNNAMED})
        raise BadCell("is no source that is set up here", did_you_mean(name, known, 2) or error.remedy) from error
    try:
        return Origin(name, source_class(kind))
    except BrokenConnector as error:
        return Origin(name, None, (f"{error.message}; its reports will fail",))
    except ConfigError as error:
        raise BadCell(f"has a type that is not known here: {kind}", error.remedy.capitalize()) from error
