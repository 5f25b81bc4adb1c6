"""Destinations as lists need them, which only say what they can do; and what real ones say when they refuse a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from sfr import plugins
from sfr.errors import SfrError
from sfr.testing import declared


class LakeConfig(BaseModel):
    """A bucket."""

    bucket: str = Field(description="Which one")
    path: str = Field("", description="What files are called there")


class Lake:
    """A bucket: files, replaced whole."""

    Config = LakeConfig
    updates: ClassVar[frozenset[str]] = frozenset(("replace",))


class WarehouseConfig(BaseModel):
    """A database."""

    path: str = Field("", description="Which table")


class Warehouse:
    """A database: records, in tables."""

    Config = WarehouseConfig
    updates: ClassVar[frozenset[str]] = frozenset(("replace", "append", "upsert"))
    takes_records: ClassVar[bool] = True


class DrawerConfig(BaseModel):
    """A connector that was written before there were paths: its own setting of that name is something else."""

    path: list[str] = Field([], description="Folders")


class Drawer:
    """A place that takes files by their names."""

    Config = DrawerConfig


KINDS = {"lakes": f"{__name__}:Lake", "warehouses": f"{__name__}:Warehouse", "drawers": f"{__name__}:Drawer"}
SETTINGS = {
    "SFR_LAKE_TYPE": "lakes",
    "SFR_LAKE_BUCKET": "reports",
    "SFR_WAREHOUSE_TYPE": "warehouses",
    "SFR_DRAWER_TYPE": "drawers",
    "SFR_ARCHIVE_TYPE": "folder",
    "SFR_ARCHIVE_DIRECTORY": "archive",
}


def known() -> dict[str, str]:
    """The types of destinations, with these beside ours."""
    return {**plugins.DESTINATIONS, **KINDS}


def refusal_of(shelf: Any, config: BaseModel, staged: Path) -> SfrError:
    """What a delivery by the class `shelf` fails with, which its check must find out too: one line that tells no secret
    and has a remedy."""
    found = []
    for ask in (lambda: shelf(config).put(staged, "a.csv"), shelf(config).check):
        with pytest.raises(SfrError) as caught:
            ask()
        error = declared.check_error(caught.value, declared.secrets_of(config))
        assert error.remedy
        assert "\n" not in f"{error.message}{error.remedy}"
        found.append((type(error), error.reason))
    assert found[0] == found[1]
    return error
