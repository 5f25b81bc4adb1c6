"""Fetches conversion exports from a CAKE instance, and gets the key that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sfr.connector import Door, Listed, Reference, Sink, Tools, Wanted
from sfr.errors import AuthError, ConfigError, ReportError
from sfr.model import Fetched, Report
from sfr.sources.cake import classify
from sfr.sources.cake.answers import Envelope
from sfr.sources.cake.calls import Calls
from sfr.sources.cake.columns import Table
from sfr.sources.cake.config import CakeConfig
from sfr.sources.cake.export import Export
from sfr.sources.cake.moments import asked
from sfr.sources.cake.options import CakeOptions
from sfr.sources.cake.order import order_of
from sfr.sources.cake.reference import EXPORT, read_reference
from sfr.sources.cake.window import Asker


class Cake:
    """CAKE: conversions (EventConversions) of any span of time, complete and without duplicates."""

    Config = CakeConfig
    Options = CakeOptions
    uses_window = True

    def __init__(self, config: CakeConfig, tools: Tools) -> None:
        self._config, self._tools = config, tools
        self._calls = Calls(config, tools.turn)

    @staticmethod
    def read_reference(wanted: Wanted) -> Reference:
        return read_reference(wanted)

    @classmethod
    def sign_in(cls, config: CakeConfig, door: Door) -> str:
        """The API key, after one cheap question with it. A user name and password are exchanged for one."""
        with closing(Calls(config)) as calls:
            key = config.api_key.get_secret_value() if config.api_key is not None else _key_of_user(calls, config)
            if key == door.dead:
                raise classify.dead_key()
            with suppress(ReportError):  # the key is good, or CAKE would say so; the reports will tell what is wrong
                _ask_little(calls, config, key)
        return key

    def check(self) -> None:
        try:
            _ask_little(self._calls, self._config, self._tools.session().value)
        except ReportError as error:
            raise ConfigError(error.message, reason=error.reason, remedy=error.remedy) from None

    def list_reports(self, search: str) -> Iterator[Listed]:
        name = "Event conversions"
        if search.lower() in f"{name} {EXPORT}".lower():
            yield Listed(EXPORT, name, kind="export")

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the conversions of the report's window. Raises ReportError for a report without one."""
        order = order_of(report, self._config)
        key = self._tools.session().value
        zone = ZoneInfo(self._config.timezone)
        table = Table(order.options.table, zone, self._calls.currencies(key) if order.options.currencies else {})
        asker = Asker(self._calls, key, self._config, order, table)
        return Export(order, self._config, asker, table, into=into, tools=self._tools).run()

    def abort(self) -> None:
        self._calls.abort()

    def close(self) -> None:
        self._calls.close()


def _key_of_user(calls: Calls, config: CakeConfig) -> str:
    assert config.password is not None
    try:
        key = calls.get_key(config.username, config.password.get_secret_value())
    except ReportError as error:
        raise AuthError(f"CAKE gave no key: {error.message}", reason="login", remedy=error.remedy) from None
    if not key:
        raise classify.wrong_login()
    return key


def _ask_little(calls: Calls, config: CakeConfig, key: str) -> None:
    """At most one conversion of one minute. A refusal without a reason can only mean the key: the rest is ours."""
    now = datetime.now(UTC).replace(microsecond=0)
    zone = ZoneInfo(config.timezone)
    params = {
        "start_date": asked(now - timedelta(minutes=2), zone),
        "end_date": asked(now - timedelta(minutes=1), zone),
        **CakeOptions.model_validate({}).filters(config.version),
        "start_at_row": 0,
        "row_limit": 1,
    }
    try:
        for _ in calls.rows(f"/api/{config.version}/reports.asmx/EventConversions", params, key, Envelope()):
            pass
    except ReportError as error:
        if error.reason == "refused":
            raise classify.refused_key(error.message) from None
        raise
