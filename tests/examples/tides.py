"""Tide readings as reports: one station, one window of time, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sfr import sdk

COLUMNS = ("time", "level_cm", "quality")


class TidesConfig(BaseModel):
    """A server and an account's key."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(description="Address of the server", examples=["https://tides.example.com"])
    api_key: SecretStr = Field(description="Key of the account; its page Settings shows it")
    connect_seconds: float = Field(default=15.0, gt=0, description="Longest wait for a connection, in seconds")
    first_byte_seconds: float = Field(default=900.0, gt=0, description="Longest silence of the server, in seconds")


class Tides:
    """Tide readings of a station, all or those of a window of time."""

    Config = TidesConfig
    uses_window = True

    def __init__(self, config: TidesConfig, tools: sdk.Tools) -> None:
        self._url, self._key = config.url.rstrip("/"), config.api_key
        self._client = sdk.Client(sdk.Timeouts(config.connect_seconds, config.first_byte_seconds), turn=tools.turn)

    def check(self) -> None:
        self._get("/v1/stations")

    def list_reports(self, search: str) -> Iterator[sdk.Listed]:
        for station in self._get("/v1/stations")["stations"]:
            if search.casefold() in station["name"].casefold():
                yield sdk.Listed(station["id"], station["name"], kind="station")

    def fetch(self, report: sdk.Report, into: sdk.Sink) -> sdk.Fetched:
        rows = sdk.CsvRows(into, COLUMNS, header=not into.point)
        span = {"from": report.window.start, "to": report.window.end} if report.window else {}
        page = int(into.point or 0)  # so many pages an earlier try has finished
        while True:
            page += 1
            answer = self._get(f"/v1/stations/{quote(report.ref, safe='')}/readings", page=page, **span)
            try:
                rows.write(answer["readings"])
                last, total = answer["pages"], answer["total"]
            except (KeyError, TypeError) as error:
                raise sdk.InvalidReport(f"page {page} is no page of readings", remedy="has the API changed?") from error
            if page >= last:
                return sdk.Fetched(records=total, proof=sdk.Proof.COUNT)
            into.keep(str(page))

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()

    def _get(self, path: str, **query: str | int) -> Any:
        headers = {"X-Api-Key": self._key.get_secret_value()}
        answer = self._client.request("GET", f"{self._url}{path}?{urlencode(query)}", headers=headers)
        if answer.status == 200:
            return answer.json()
        answer.close()
        if answer.status in (401, 403):
            raise sdk.AuthError("the server refuses the key", reason="key", remedy="Get a new one in its settings.")
        if answer.status in (429, 503):
            raise sdk.TransientError("the server is busy", reason="busy", slow_down=True)
        kind = sdk.TransientError if answer.status >= 500 else sdk.ReportError
        raise kind(f"HTTP {answer.status}: {path}", reason="http", remedy="Is the id that of a station?")
