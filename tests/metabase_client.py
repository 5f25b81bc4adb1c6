"""A Metabase source at a small server, for tests."""

from __future__ import annotations

from typing import Any

from sfr.connector import Session, Sink, Tools, Wanted
from sfr.model import Fetched, Report
from sfr.sources.metabase.config import MetabaseConfig
from sfr.sources.metabase.source import Metabase as Source
from sfr.testing import Tray
from tests.servers.metabase import KEY, Metabase


def config_at(server: Metabase, **settings: Any) -> MetabaseConfig:
    return MetabaseConfig(
        url=server.url, **{"api_key": KEY, "connect_seconds": 5, "first_byte_seconds": 20, **settings}
    )


def source_at(server: Metabase, session: str = KEY, **settings: Any) -> Source:
    return Source(config_at(server, **settings), Tools("mb", session=lambda: Session(session, 1)))


def report_of(text: str, *params: tuple[str, str], **options: Any) -> Report:
    """As the catalog makes it of a list's line."""
    found = Source.read_reference(Wanted(text, params, options))
    return Report("orders.csv", found.ref, "mb", found.params, options=found.options, many=found.many)


def fetch(
    server: Metabase,
    text: str = "",
    *params: tuple[str, str],
    into: Sink | None = None,
    session: str = KEY,
    source: Source | None = None,
    **options: Any,
) -> tuple[Fetched, Tray]:
    """Fetch the first question, or what `text` names."""
    sink = into or Tray()
    report = report_of(text or str(server.cards[0].id), *params, **options)
    fetched = (source or source_at(server, session)).fetch(report, sink)
    return fetched, sink if isinstance(sink, Tray) else Tray()
