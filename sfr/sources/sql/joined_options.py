"""What a report may say about further databases: lookups for its rows, a stage of several queries, a loop over days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

Name = Annotated[str, StringConstraints(min_length=1)]
StagedName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Size = Annotated[str, StringConstraints(pattern=r"^\d+ ?(MB|GB)$")]

_VALUES = (str, int, float, date, Decimal, type(None))


def plain_values(params: Any) -> Any:
    """One message for a value that fits none of the kinds there are; raises ValueError."""
    for name, value in params.items() if isinstance(params, dict) else ():
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(each, _VALUES) for each in listed):
            raise ValueError(f"{name} is no text, number, true or false, nor a list of such values")
        if not listed:
            raise ValueError(f"{name} is an empty list, and there is no SQL for that")
    return params


def one_loop(value: Any) -> Any:
    """One message for what is no loop, instead of one for each form that it could have; raises ValueError."""
    named = isinstance(value, dict) and set(value) == {"day"} and isinstance(value["day"], str) and value["day"]
    if not (named or value is None or value == "day" or isinstance(value, EachDay)):
        raise ValueError("must be 'day' or {day: NAME}")
    return value


Params = Annotated[dict[str, Any], BeforeValidator(plain_values)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Group(BaseModel):
    """How the rows of a lookup become one for each key and each value of the columns `by`."""

    model_config = _STRICT

    by: list[Name] = Field([], description="Columns beside the key; a lookup of a day is grouped by the day anyhow")
    count: Name | None = Field(None, description="The column that says how many rows it were", examples=["lessons"])
    sum: dict[Name, Name] = Field({}, description="New column and the one whose numbers are added up, exactly")
    min: dict[Name, Name] = Field({}, description="New column and the one whose smallest value it gets")
    max: dict[Name, Name] = Field({}, description="New column and the one whose largest value it gets")

    @model_validator(mode="after")
    def _names_differ(self) -> Group:
        names = [*self.by, *([self.count] if self.count else []), *self.sum, *self.min, *self.max]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two of its columns would be called {twice[0]}")
        if not names:
            raise ValueError("says neither what to group by nor what to count, sum, min or max")
        return self


class Lookup(BaseModel):
    """A query in this or another database whose rows are joined to those that are there already."""

    model_config = _STRICT

    source: Name | None = Field(None, description="The source that is asked; not set: the report's own")
    query: Name = Field(description="Its query; :keys stands for the keys of the rows at hand")
    params: Params = Field({}, description="Further values of the query")
    on: dict[Name, Name] = Field(
        min_length=1, description="Column of the rows, and the column of the lookup that must be equal to it"
    )
    join: Literal["left", "inner"] = Field("left", description="What becomes of rows without a match: left keeps them")
    match: Literal["text", "number", "caseless"] = Field(
        "text",
        description="When keys are equal: as text but for spaces behind it; as numbers (1 and 1.00); "
        "or as text of any letter case",
    )
    batch: int = Field(2000, ge=1, le=50_000, description="How many rows are looked up at a time, where :keys is used")
    group: Group | None = Field(None, description="Makes one row of all that have the same key")


class Staged(BaseModel):
    """One query whose rows become a table of the stage."""

    model_config = _STRICT

    source: Name | None = Field(None, description="The source that is asked; not set: the report's own")
    query: Name = Field(description="Its query")
    params: Params = Field({}, description="Further values of the query")
    types: dict[Name, Name] = Field(
        {}, description="Columns and their types in DuckDB, such as bigint or decimal(12,2); all others are text"
    )


class EachDay(BaseModel):
    """The loop over the days of the window."""

    model_config = _STRICT

    day: Name = Field(description="The column that gets the day", examples=["completion_date"])


class JoinedOptions(BaseModel):
    """The options of reports that are read from several databases, or day by day."""

    lookups: list[Lookup] = Field([], description="Queries whose rows are joined to those of `query`, in this order")
    output: list[Name] = Field(
        [], description="The columns of a report with lookups, in this order; not set: all of them"
    )
    keep_rows: int = Field(
        500_000, ge=1, description="The most rows that are kept in memory at a time; more are an error"
    )
    stage: dict[StagedName, Staged] = Field(
        {}, description="Tables, each the rows of a query in some source; `query` is then asked of them, by DuckDB"
    )
    memory: Size = Field("128 MB", description="What DuckDB may take for the stage; what is more goes to the disk")
    for_each: Annotated[Literal["day"] | EachDay | None, BeforeValidator(one_loop)] = Field(
        None,
        description="day: for each day of the window, which queries know as :day, :day_start and :day_end; "
        "{day: NAME} puts it into a column too",
    )

    @field_validator("output")
    @classmethod
    def _no_name_twice(cls, names: list[str]) -> list[str]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names {twice[0]} twice")
        return names

    @model_validator(mode="after")
    def _fit_together(self) -> JoinedOptions:
        if self.stage and self.lookups:
            raise ValueError("stage and lookups cannot be used together: join the tables of the stage in the query")
        if self.output and not self.lookups:
            raise ValueError("output is for reports with lookups; let the query select its columns in their order")
        return self
