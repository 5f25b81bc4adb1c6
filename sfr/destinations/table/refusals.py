"""Says why a table that is there is not the one to load into, in the same words for every database."""

from __future__ import annotations

from sfr.errors import DeliveryError


def no_table(shown: str, kind: str = "a view or the like") -> DeliveryError:
    """What has that name is of another kind."""
    return DeliveryError(
        f"{shown} is no table but {kind}", reason="no-table", remedy="Name a table: `path` of this place in the list."
    )


def referred_to(shown: str, other: str) -> DeliveryError:
    """To delete its rows would break, or delete, rows of another table."""
    return DeliveryError(
        f"table {shown}: rows of {other} refer to its rows, so that these cannot be replaced",
        reason="referred-to",
        remedy="Write update=upsert, or take the foreign key away.",
    )


def inherited(shown: str, other: str) -> DeliveryError:
    """Who reads the table reads the rows of its heirs too, and who deletes them deletes more than what is replaced."""
    return DeliveryError(
        f"table {shown}: {other} inherits from it, and its rows would be deleted too",
        reason="inherited",
        remedy="Write update=append or update=upsert, or name a table from which none inherits.",
    )


def rows_stayed(shown: str) -> DeliveryError:
    """To add new rows to those that stayed would be no replacing."""
    return DeliveryError(
        f"table {shown}: rows stayed there when all were deleted, so that they cannot be replaced; nothing was changed",
        reason="rows-stayed",
        remedy="Does a trigger or a rule of the table keep them? Write update=upsert, or take it away.",
    )
