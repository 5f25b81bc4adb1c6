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
