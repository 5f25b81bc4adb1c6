"""What a report from Metabase may say beside its id and params, and how a payload of other downloaders is read."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_QUERY_KEYS = {"database", "type", "native", "query", "stages", "lib/type"}
_FLAGS = ("format_rows", "pivot_results")
_WITHOUT_MEANING = {"csv_include_bom", "visualization_settings", "ignore_cache", "dashboard_id", "collection_preview"}

Given = list[dict[str, Any]] | dict[str, Any]


class MetabaseOptions(BaseModel):
    """Options of one report."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field("", description="A native query to run instead of a saved question; needs database")
    database: int | None = Field(
        None, description="The database's number, as in its address /admin/databases/2", examples=[2]
    )
    parameters: Given = Field(
        default_factory=dict,
        description="Values by name, or Metabase's own parameter objects (type, target, value)",
        examples=[{"country": ["DE", "FR"], "since": "{window.start}"}],
    )
    payload: dict[str, Any] = Field(
        default_factory=dict,
        description="The body of an existing request: a query for /api/dataset/csv, or parameters of a question",
        examples=[{"query": {"database": 2, "type": "native", "native": {"query": "select 1 as one"}}}],
    )
    format_rows: bool | None = Field(None, description="As the setting format_rows, for this report alone")
    pivot_results: bool | None = Field(None, description="yes: a pivot table as it is shown, not its plain rows")
    address_host: str = Field("", description="The host in the address that was given; refused when it is another one")

    @model_validator(mode="before")
    @classmethod
    def _unpack_payload(cls, data: Any) -> Any:
        """Move what a payload says about parameters and flags to the options of that name, which go before it."""
        if not isinstance(data, dict) or not isinstance(data.get("payload"), dict) or not data["payload"]:
            return data
        payload, options = dict(data["payload"]), dict(data)
        query = _query_of(payload)
        for flag in _FLAGS:
            if flag in payload and options.get(flag) is None:
                options[flag] = payload[flag]
        if query is None and not options.get("parameters"):
            rest = {key: value for key, value in payload.items() if key not in {*_FLAGS, *_WITHOUT_MEANING}}
            options["parameters"] = rest.pop("parameters", None) or rest
        options["payload"] = {"query": query} if query is not None else {}
        return options

    @field_validator("parameters", mode="before")
    @classmethod
    def _read_parameters(cls, value: Any) -> Any:
        if isinstance(value, str):  # as a form sends them
            try:
                return json.loads(value or "{}")
            except ValueError:
                raise ValueError("is a text that holds no JSON") from None
        return {} if value is None else value

    @model_validator(mode="after")
    def _one_query(self) -> MetabaseOptions:
        if self.sql and self.database is None:
            raise ValueError("sql needs database, the number of the database that it shall run in")
        if self.sql and self.payload:
            raise ValueError("sql and a payload with a query exclude each other")
        return self

    @property
    def query(self) -> dict[str, Any] | None:
        """The ad-hoc query, as Metabase takes it; None where a saved question is wanted."""
        if self.sql:
            return {"database": self.database, "type": "native", "native": {"query": self.sql}}
        query = self.payload.get("query")
        return query if isinstance(query, dict) else None


def _query_of(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The query in the body of a request to /api/dataset/csv; the body itself may be one."""
    if payload.get("database") is not None and payload.keys() & {"native", "query", "stages"}:
        return {key: value for key, value in payload.items() if key in {*_QUERY_KEYS, "parameters"}}
    query = payload.get("query")
    if isinstance(query, str):
        try:
            query = json.loads(query)
        except ValueError:
            query = None
        if not isinstance(query, dict):
            raise ValueError("payload.query is SQL text; write it as the option sql, with database")  # noqa: TRY004  for pydantic
    if query is not None and not isinstance(query, dict):
        raise ValueError("payload.query must be an object")
    return query
