"""Knows what the words before the options mean: a list, names of its reports, or a command that was misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfr.catalog import default_list, known_names, names_some, select
from sfr.errors import ConfigError
from sfr.model import Report
from sfr.settings import Settings


@dataclass(frozen=True, slots=True)
class Named:
    """A list, or None for the default one, and the names of the reports that are meant, none for all of them.

    `doubtful` is the first word where it may have been meant as a list or as a command; `command` is the one it
    resembles, "" for none.
    """

    report_list: str | None = None
    names: tuple[str, ...] = ()
    doubtful: str = ""
    command: str = ""

    @classmethod
    def of(cls, words: Sequence[str], commands: Sequence[str]) -> Named:
        """What was typed: a file is a list, everything else the name of a report."""
        if not words:
            return cls()
        first, *others = words
        if Path(first).expanduser().exists():
            return cls(first, tuple(others))
        close = difflib.get_close_matches(first, commands, n=1)
        return cls(None, tuple(words), first, close[0] if close else "")

    def check(self, settings: Settings) -> None:
        """Raises ConfigError when there is no list in which the names could stand."""
        path = default_list(settings)
        if self.doubtful and not self._may_be_a_list and not path.exists():
            message = (
                f"{self.doubtful!r} is neither a command nor a file, and there is no list {path} to name a report of"
            )
            raise ConfigError(message, remedy=self._meant("See --help for the commands."))

    def reports(self, settings: Settings, read: Callable[[Path], list[Report]]) -> tuple[list[Report], str]:
        """The reports that are meant, and where they stand. Raises ConfigError for a name that none has."""
        path = default_list(settings)
        if self._may_be_a_list and not path.exists():
            path = Path(self.doubtful)  # which is not there, and reading it says what to do
        found = read(path)
        if self.doubtful and not names_some(found, self.doubtful):
            raise self._unknown(found, path)
        return select(found, self.names) if self.names else found, str(path)

    @property
    def _may_be_a_list(self) -> bool:
        return bool(Path(self.doubtful).suffix)

    def _unknown(self, found: Sequence[Report], path: Path) -> ConfigError:
        known = known_names(found, self.doubtful)
        if self._may_be_a_list:
            return ConfigError(
                f"the list {self.doubtful} does not exist, nor has {path} a report of this name", remedy=known
            )
        message = f"{self.doubtful!r} is neither a command, nor a file, nor a report of {path}"
        return ConfigError(message, remedy=self._meant(known))

    def _meant(self, otherwise: str) -> str:
        return f"Did you mean the command {self.command}? {otherwise}" if self.command else otherwise
