"""Salesforce as a source; what it needs to talk to an org is imported when it does, since lists are read without."""

from __future__ import annotations

from collections.abc import Iterator

from sfr.connector import Door, Listed, Reference, Sink, Tools, Wanted
from sfr.model import Fetched, Report
from sfr.sources.salesforce import reference
from sfr.sources.salesforce.config import SalesforceConfig


class Salesforce:
    """Salesforce reports through the web export, with the session of your own browser."""

    Config = SalesforceConfig

    def __init__(self, config: SalesforceConfig, tools: Tools) -> None:
        from sfr.sources.salesforce.export import Export

        self._export = Export(config, tools)

    @staticmethod
    def read_reference(wanted: Wanted) -> Reference:
        return reference.read_reference(wanted)

    @classmethod
    def sign_in(cls, config: SalesforceConfig, door: Door) -> str:
        from sfr.sources.salesforce.access import Access

        return Access(config, door.asker).session(door.dead)

    def check(self) -> None:
        self._export.check()

    def fetch(self, report: Report, into: Sink) -> Fetched:
        return self._export.fetch(report, into)

    def list_reports(self, search: str) -> Iterator[Listed]:
        return self._export.list_reports(search)

    def abort(self) -> None:
        self._export.abort()

    def close(self) -> None:
        self._export.close()
