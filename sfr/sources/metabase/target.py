"""Knows what can be downloaded from a Metabase, how it is written in a list, and under which paths of its API it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
QUERY = "query"

_ID = rf"(?:{UUID}|\d+)"
_REF = re.compile(
    rf"(?P<public>public/)?(?:dashboard:(?P<dashboard>{_ID})(?P<one>/dashcard:(?P<dashcard>\d+)/card:(?P<inner>\d+))?"
    rf"|(?:card|question|model|metric):(?P<card>{_ID}))"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A question (`card`), a dashboard, a card on a dashboard, or with nothing set a query of one's own.

    Public ones are known by a UUID, the others by a number.
    """

    card: str = ""
    dashboard: str = ""
    dashcard: str = ""
    public: bool = False

    @classmethod
    def read(cls, ref: str) -> Self | None:
        """From a reference as `ref` writes it; None for anything else."""
        if ref == QUERY:
            return cls()
        found = _REF.fullmatch(ref)
        if found is None:
            return None
        card, dashboard = found["card"] or found["inner"] or "", found["dashboard"] or ""
        target = cls(card, dashboard, found["dashcard"] or "", bool(found["public"]))
        return target if target.sound else None

    @property
    def sound(self) -> bool:
        """Does the kind of its id fit?"""
        return ("-" in (self.dashboard or self.card)) == self.public

    @property
    def many(self) -> bool:
        """Is it a whole dashboard?"""
        return bool(self.dashboard) and not self.card

    @property
    def ref(self) -> str:
        """How it stands in the list and in the history."""
        parts = [f"dashboard:{self.dashboard}"] if self.dashboard else []
        parts += [f"dashcard:{self.dashcard}"] if self.dashcard else []
        parts += [f"card:{self.card}"] if self.card else []
        return "/".join(["public", *parts] if self.public else parts) or QUERY

    @property
    def about_path(self) -> str:
        """Where the question or the dashboard is described."""
        kind, number = ("dashboard", self.dashboard) if self.dashboard else ("card", self.card)
        return f"/api/{'public/' if self.public else ''}{kind}/{number}"

    @property
    def csv_path(self) -> str:
        """Where its rows are."""
        if not self.card:
            return "/api/dataset/csv"
        if not self.dashboard:
            return f"{self.about_path}/query/csv"
        middle = "" if self.public else "/query"  # the public route has none
        return f"{self.about_path}/dashcard/{self.dashcard}/card/{self.card}{middle}/csv"
