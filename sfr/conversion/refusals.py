"""The refusals that several formats share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sfr.errors import InvalidReport


def refuse_equal_names(columns: Sequence[str], what: str) -> None:
    """Raises InvalidReport where two columns have one name; `what` cannot hold both."""
    name, times = Counter(columns).most_common(1)[0]
    if times > 1:
        raise InvalidReport(
            f"{times} columns are called {name!r}, and {what} cannot have two of one name",
            reason="column",
            remedy="Rename or drop them, with columns or steps in the list, or take the report as CSV.",
            max_attempts=1,
        )
