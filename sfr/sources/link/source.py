"""The connector for files with an address: what it promises to the rest of sfr, put together from its parts."""

from __future__ import annotations

from contextlib import closing

from sfr.connector import Sink, Tools
from sfr.errors import AuthError, ConfigError, ReportError
from sfr.http import Client, Timeouts
from sfr.model import Fetched, Report
from sfr.sources.link import reference
from sfr.sources.link.addresses import host_of, remember_secrets_in
from sfr.sources.link.asking import Ask, ask_for, follow
from sfr.sources.link.config import LinkConfig
from sfr.sources.link.one_file import OneFile
from sfr.sources.link.options import LinkOptions


class Link:
    """Any file with an address: CSV, JSON, a workbook, a zip; public, or behind a password, a token or a header."""

    Config = LinkConfig
    Options = LinkOptions
    read_reference = staticmethod(reference.read_reference)

    def __init__(self, config: LinkConfig, tools: Tools) -> None:
        self._config, self._tools = config, tools
        self._client = Client(Timeouts(config.connect_seconds, config.first_byte_seconds), turn=tools.turn)

    def check(self) -> None:
        """Ask for `url`, where there is one. Raises AuthError when credentials are refused or a login is wanted,
        ConfigError when it redirects to where we do not go.

        With GET, as servers answer HEAD in other ways. That nothing lies at a folder's own address, or that it may
        not be listed, is no fault.
        """
        if not self._config.url:
            return
        ask = Ask("GET", self._config.url, self._config.credentials())
        try:
            answer, _ = follow(self._client, ask, lambda _url: {})
        except ReportError as error:
            kind = AuthError if error.reason == "login" else ConfigError
            raise kind(error.message, reason=error.reason, remedy=error.remedy) from None
        with closing(answer):
            if answer.status in (401, 407):
                raise AuthError(
                    f"{host_of(ask.url)} refuses " + ("the credentials" if ask.secrets else "us without credentials"),
                    reason="credentials",
                    remedy="correct username and password, bearer_token or headers in the settings of this source",
                )

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the file to `into`, and further files of an archive beside it."""
        options = LinkOptions.model_validate(report.options)
        ask = ask_for(self._config, report.ref, report.params, options)
        remember_secrets_in([*ask.query(), *report.params])
        return OneFile(self._client, self._tools, report, options, ask).bring(into)

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()
