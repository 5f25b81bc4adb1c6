"""The sources that are in use: configured once, signed in to for all workers, and opened in this process if need be."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sfr.connector import Asker, Door, Session, SigningIn, Source, Tools
from sfr.errors import BrokenConnector, ConfigError, SfrError
from sfr.kept_sessions import KeptSession, state_directory
from sfr.plugins import source_class
from sfr.redaction import remember_secret, remember_secrets_of
from sfr.settings import Settings
from sfr.settings.configured import ConfiguredSource, configure

log = logging.getLogger("sfr.reception")

OwnSignIns = Mapping[str, Callable[[str], str]]


class Reception:
    """Every source that somebody named. `own` are sign-ins of a program, which replace those of the connectors.

    `configured` are the sources that can be opened, `broken` those whose connector cannot even be imported.
    """

    def __init__(self, settings: Settings, asker: Asker, own: OwnSignIns = MappingProxyType({})) -> None:
        self._settings, self._asker, self._own = settings, asker, own
        self.configured: dict[str, ConfiguredSource] = {}
        self.broken: dict[str, SfrError] = {}

    def expect(self, names: Iterable[str]) -> None:
        """Configure these sources. Raises ConfigError with everything that is wrong with any of them."""
        problems: list[ConfigError] = []
        for name in names:
            if name in self.configured or name in self.broken:
                continue
            try:
                found = configure(self._settings, name)
                _check_travels(found)
                remember_secrets_of(found.config)
                self.configured[name] = found
            except BrokenConnector as error:
                self.broken[name] = error
            except ConfigError as error:
                problems.append(error)
        if len(problems) == 1:
            raise problems[0]
        if problems:
            text = "\n".join(error.message for error in problems)
            raise ConfigError(text, remedy="\n".join(dict.fromkeys(error.remedy for error in problems)))

    def sign_in(self, source: str, dead: str) -> str:
        """A session of this source, "" where it needs none. Implements `SignIn`."""
        if source in self._own:
            return self._own[source](dead)
        configured = self.configured[source]
        opener: Any = source_class(configured.kind)
        if not isinstance(opener, SigningIn):
            return ""
        value = self._asked(opener, configured, dead)
        remember_secret(value)
        return value

    @contextmanager
    def opened(self, source: str, session: Session) -> Iterator[Any]:
        """The source, opened here, in the parent of all workers; for short questions only."""
        configured = self.configured[source]
        tools = Tools(source, lambda: session, log=logging.getLogger(f"sfr.source.{source}"))
        opened: Source = source_class(configured.kind)(configured.config, tools)
        try:
            yield opened
        finally:
            opened.close()

    def _asked(self, opener: SigningIn, configured: ConfiguredSource, dead: str) -> str:
        account = configured.config.model_dump_json(include={"url", "username", "domain"})
        kept = KeptSession(state_directory(), configured.name, account)
        try:
            value = opener.sign_in(configured.config, Door(dead, self._asker, kept.get, kept.keep))
            if not isinstance(value, str):
                raise TypeError(f"sign_in gave a {type(value).__name__} where a text was due")
        except SfrError:
            raise
        except (Exception, SystemExit) as error:
            log.exception("%s: signing in failed unexpectedly", configured.name)
            text = f"unexpected {type(error).__name__} while signing in"
            raise SfrError(text, reason="bug", remedy="the log has the details") from error
        return value


def _check_travels(source: ConfiguredSource) -> None:
    """A configuration goes to the workers. Raises BrokenConnector for one that cannot."""
    try:
        pickle.dumps(source.config)
    except Exception as error:  # whatever a stranger's model holds
        log.exception("the configuration of %s cannot be sent to workers", source.name)
        raise BrokenConnector(
            f"the configuration of {source.name} cannot be sent to other processes: {type(error).__name__}",
            remedy="its connector may keep only plain values in its Config",
        ) from error
