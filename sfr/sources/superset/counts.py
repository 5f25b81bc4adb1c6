"""Asks the server how many rows there are: all of a query, or whether there is one behind those that came.

Fact, tried on Superset 6.1.0: `is_rowcount` counts the rows of the query with its limit and offset, so that a count is
cut by the server's limits as rows are, and one with a limit of 1 costs little.
"""

from __future__ import annotations

from sfr.errors import ReportError, SfrError
from sfr.sources.superset import answers, queries
from sfr.sources.superset.context import Context
from sfr.sources.superset.options import SupersetOptions
from sfr.sources.superset.queries import Query
from sfr.sources.superset.talk import Talk

SUSPICIOUS_LIMIT = 1_000  # a chart with a smaller limit means it: the best ten; no server has a smaller one
_MOST_PARTS = 500  # of a count; some server may leave out the offset
_ROUND_NUMBERS = {2**power + more for power in range(12, 24) for more in (-1, 0)}


def looks_capped(rows: int) -> bool:
    """Is this a number of rows that a server's limit may have made? Many limits look otherwise."""
    return rows > 0 and (rows % 500 == 0 or rows in _ROUND_NUMBERS)


def is_small(rows: int) -> bool:
    """Are these so few that no server's limit made them? Of more, only the server can say whether they are all."""
    return rows < SUSPICIOUS_LIMIT and not looks_capped(rows)


class Counts:
    """One query's rows, as the server counts them."""

    def __init__(self, talk: Talk, context: Context, options: SupersetOptions, query: Query) -> None:
        self._talk, self._context, self._query = talk, context, query
        # What is streamed never comes from the server's cache; a count may, and be that of yesterday.
        self._options = options.model_copy(update={"force": True}) if queries.can_stream(query, options) else options

    def as_asked(self) -> int | None:
        """How many rows the server reads for the query as it is, whatever limits it; None when it cannot say."""
        return self._counted({**self._query, "is_rowcount": True, "orderby": [], "post_processing": []})

    def more_than(self, rows: int) -> bool | None:
        """Is there a row behind so many? None when the server cannot say."""
        counted = self._counted(queries.counting(self._query, rows, limit=1))
        return None if counted is None else counted > 0

    def total(self, first_page: int) -> int | None:
        """How many rows there are; None when the server cannot say. `first_page` is what it gave at once: a count that
        is no larger may have been cut likewise."""
        total = 0
        for _ in range(_MOST_PARTS):
            counted = self._counted(queries.counting(self._query, total))
            if counted is None:
                return None
            total += counted
            if counted == 0 or (counted > first_page and not looks_capped(counted)):
                return total
        return None

    def _counted(self, query: Query) -> int | None:
        try:
            answer = answers.json_of(self._talk.chart_data(self._context.told(query, self._options)))
            return int(answer["result"][0]["data"][0]["rowcount"])
        except (ReportError, KeyError, IndexError, TypeError, ValueError):
            return None
        except SfrError as error:
            if error.reason.startswith(("http-5", "no-json")):
                return None
            raise
