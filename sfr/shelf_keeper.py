"""Opens destinations in the parent of all workers, for short questions: would they take a file, and new links."""

from __future__ import annotations

from typing import Any

from sfr.connector import Checking, Linking
from sfr.model import Delivered
from sfr.plugins import destination_class
from sfr.redaction import remember_secrets_of
from sfr.settings import Settings
from sfr.settings.configured import configure_destination


class ShelfKeeper:
    """The destinations that somebody has named, each opened once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[str, Any] = {}

    def check(self, name: str) -> None:
        """Ask a destination whether it would take files, where it can say so. Raises the SfrError that says why not."""
        shelf = self._shelf(name)
        if isinstance(shelf, Checking):
            shelf.check()

    def link(self, delivered: Delivered) -> Delivered:
        """The same with a new link; as it is where its place has none. Raises SfrError."""
        if delivered.destination == "folder":  # which every report has, without a name of its own
            return delivered
        shelf = self._shelf(delivered.destination)
        return shelf.link(delivered) if isinstance(shelf, Linking) else delivered

    def close(self) -> None:
        for shelf in self._opened.values():
            shelf.close()
        self._opened.clear()

    def _shelf(self, name: str) -> Any:
        if name not in self._opened:
            kind, config = configure_destination(self._settings, name)
            remember_secrets_of(config)
            self._opened[name] = destination_class(kind)(config)
        return self._opened[name]
