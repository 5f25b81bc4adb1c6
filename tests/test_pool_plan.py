from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfr.model import Place, Report
from sfr.pool_plan import staging_folders
from sfr.settings.configured import configure_destination
from tests.lists import settings_with


def test_only_folders_are_configured_to_look_for_what_a_crash_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets of other places, perhaps in a keyring, are not asked for."""
    asked: list[str] = []

    def configured(settings: Any, name: str) -> Any:
        asked.append(name)
        return configure_destination(settings, name)

    monkeypatch.setattr("sfr.pool_plan.configure_destination", configured)
    archive = {"SFR_ARCHIVE_TYPE": "folder", "SFR_ARCHIVE_DIRECTORY": str(tmp_path / "archive")}
    places = tuple(map(Place, ("folder", "archive", "lake", "gone")))
    with settings_with(monkeypatch, archive, {"SFR_LAKE_TYPE": "s3", "SFR_LAKE_BUCKET": "reports"}) as settings:
        assert staging_folders(settings, [Report("a.csv", "1", places=places)]) == {tmp_path / "archive"}
    assert asked == ["archive"]
