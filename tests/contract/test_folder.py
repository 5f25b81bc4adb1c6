from __future__ import annotations

from pathlib import Path

import pytest

from sfr.destinations.folder import Folder, FolderConfig
from sfr.testing import DestinationContract


class TestFolder(DestinationContract):
    connector = Folder

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "shelf"
        self.folder.mkdir()

    def config(self) -> FolderConfig:
        return FolderConfig(directory=self.folder)

    def content(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def unreachable(self) -> FolderConfig:
        return FolderConfig(directory=self.folder / "missing")
