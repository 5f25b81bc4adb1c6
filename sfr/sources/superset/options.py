"""What a report of a Superset source may say beyond its chart: each option declared once, with its words for people."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | int | float | bool | None


class SupersetOptions(BaseModel):
    """SupersetOptions of a Superset report."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    payload: dict[str, Any] | None = Field(
        None,
        description="A request body of /api/v1/chart/data, as developer tools show it, instead of a chart",
        examples=[{"datasource": {"id": 1, "type": "table"}, "queries": [{"columns": ["id", "region"]}]}],
    )
    sql: str | None = Field(
        None, description="A query for SQL Lab, instead of a chart", examples=["select id, region from orders"]
    )
    database: int | None = Field(None, description="With sql: the number of the database in Superset", examples=[1])
    db_schema: str | None = Field(
        None, alias="schema", description="With sql: the schema that tables are looked up in", examples=["public"]
    )
    result_type: Literal["full", "results", "post_processed", "samples", "drill_detail"] = Field(
        "full", description="full: the chart's rows; post_processed: the pivot as shown; samples: rows of its dataset"
    )
    values: Literal["raw", "shown"] = Field(
        "raw",
        description="raw: what the database holds; shown: as Superset's own CSV button writes it, with column labels "
        "and a ' before what a spreadsheet takes for a formula",
    )
    rows: Literal["chart", "all"] = Field(
        "chart", description="chart: as many as the chart's row limit says; all: every row there is"
    )
    unique_by: list[str] = Field(
        default_factory=list,
        description="Columns that tell rows apart, to order pages by; without it the chart's columns are taken",
        examples=[["id"]],
    )
    force: bool = Field(False, description="Have the server ask its database even if it has a cached answer")
    time_range: str | None = Field(
        None,
        description="Instead of the chart's own time range",
        examples=["Last week", "2026-01-01T00:00:00 : 2026-02-01T00:00:00"],
    )
    time_column: str | None = Field(
        None,
        description="The date column of time_range and of the report's window; without it the chart's own",
        examples=["ordered_at"],
    )
    filters: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict,
        description="Column and the value or values that its rows must have, beside the chart's own filters",
        examples=[{"region": ["North", "South"], "paid": 1}],
    )


NAMES = frozenset(field.alias or name for name, field in SupersetOptions.model_fields.items())
