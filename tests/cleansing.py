"""Cleanses a small table as a job would, and tells what comes out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sfr.cleansing import Cleansed, cleanse
from sfr.csv_scan import CsvFacts, CsvScan
from sfr.model import Report, Shape

LOG = logging.getLogger("sfr.test")


def facts_of(path: Path) -> CsvFacts:
    scan = CsvScan()
    scan.feed(path.read_bytes())
    return scan.finish()


def run(folder: Path, content: bytes | str, *steps: tuple[str, Any], null: str | None = None, **shape: Any) -> Cleansed:
    """Cleanse `content`; whatever happens, nothing but the two files may lie in the folder afterwards."""
    source, target = folder / "source.csv", folder / "target.csv"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    target.unlink(missing_ok=True)
    report = Report("sales.csv", "00O", shape=Shape(steps=steps, null=null, **shape))
    before = set(folder.iterdir())
    try:
        return cleanse(source, target, report, facts_of(source), null, lambda _: None, LOG)
    finally:
        assert set(folder.iterdir()) - before <= {target}


def text_after(folder: Path, content: bytes | str, *steps: tuple[str, Any], **more: Any) -> str:
    return run(folder, content, *steps, **more).path.read_bytes().decode()
