"""What a report of an SQL source may say: its query, and the query's values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from sfr.sources.sql.joined_options import JoinedOptions, plain_values

Value = str | int | float | bool | None


class SqlOptions(JoinedOptions):
    """SqlOptions of one report."""

    model_config = ConfigDict(extra="forbid")

    query: str | None = Field(
        None,
        description="The query, or the .sql file that it stands in",
        examples=["input/active.sql", "SELECT id, region FROM orders WHERE ordered_at >= :window_start"],
    )
    params: Annotated[dict[str, Value | list[Value]], BeforeValidator(plain_values)] = Field(
        default_factory=dict,
        description="Values of the query's :names that shall be numbers, or true and false; the list's own params are "
        "texts",
        examples=[{"year": 2026, "regions": ["North", "South"]}],
    )

    @property
    def is_joined(self) -> bool:
        """Whether more is asked for than the rows of one query."""
        return bool(self.lookups or self.stage or self.for_each)

    def values(self, pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
        """The values of the query's parameters: those below `options`, and the list's params; several of one name are
        a list."""
        found: dict[str, Any] = dict(self.params)
        for name in dict.fromkeys(name for name, _ in pairs):
            given = [value for each, value in pairs if each == name]
            found[name] = given if len(given) > 1 else given[0]
        return found
