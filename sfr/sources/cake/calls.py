"""Speaks to the web service of a CAKE instance: one operation, its parameters, and the rows of what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sfr.errors import InvalidReport
from sfr.http import Client, Timeouts
from sfr.sources.cake import classify
from sfr.sources.cake.answers import Envelope, Row, rows_of
from sfr.sources.cake.config import CakeConfig

CURRENCIES = "/api/1/get.asmx/Currencies"
GET_KEY = "/api/1/get.asmx/GetAPIKey"


class Calls:
    """One instance. Everything is sent by POST, so that no key stands in an address: as JSON, which is answered in
    JSON inside of `d`, or as a form, which is answered in XML."""

    def __init__(self, config: CakeConfig, turn: Callable[[], None] = lambda: None) -> None:
        self._origin, self._json = config.url, config.answer == "json"
        self._client = Client(Timeouts(config.connect_seconds, config.first_byte_seconds), turn=turn)

    def rows(self, path: str, params: Mapping[str, Any], key: str, envelope: Envelope) -> Iterator[Row]:
        """The rows of an answer as they arrive; `envelope` is complete and judged when they end."""
        yield from self._read(path, {"api_key": key, **params}, key, envelope)
        if envelope.succeeded is False:
            raise classify.unsuccessful(str(envelope.fields.get("message") or ""), key)
        if not envelope.has_rows and envelope.succeeded is None:
            raise InvalidReport("the answer holds no conversions and no success", reason="format", max_attempts=3)

    def get_key(self, username: str, password: str) -> str:
        """The API key of a user; "" where CAKE does not know that user with that password."""
        envelope = Envelope()
        for _ in self._read(GET_KEY, {"username": username, "password": password}, password, envelope):
            pass
        return envelope.value.strip()

    def currencies(self, key: str) -> dict[str, str]:
        """Each currency's id and its code."""
        found = self.rows(CURRENCIES, {}, key, Envelope())
        return {str(row.get("currency_id")): str(row.get("currency_abbr") or "").strip() for row in found}

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()

    def _read(self, path: str, params: Mapping[str, Any], secret: str, envelope: Envelope) -> Iterator[Row]:
        answer = (
            self._client.request("POST", self._origin + path, json=dict(params))
            if self._json
            else self._client.request("POST", self._origin + path, form={k: str(v) for k, v in params.items()})
        )
        try:
            if answer.status != 200:
                body = answer.read(classify.PAGE_LIMIT_BYTES)
                raise classify.by_status(answer.status, answer.headers, body, secret)
            yield from rows_of(answer.pieces(), envelope)
        finally:
            answer.close()
