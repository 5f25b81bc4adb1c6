"""Knows that the files which the settings name must be different ones, or writing one would destroy another."""

from __future__ import annotations

import os
from pathlib import Path

from sfr.errors import ConfigError


def refuse_shared_files(report_list: Path, final_report_path: Path | None, log_file: Path | None) -> None:
    """Raise ConfigError when two of these are one file, however they are written."""
    files = {"REPORT_LIST": report_list, "FINAL_REPORT_PATH": final_report_path, "SFR_LOG_FILE": log_file}
    owners: dict[str, str] = {}
    for key, path in files.items():
        if path is None:
            continue
        place = os.path.realpath(path).casefold()  # Windows and macOS make no difference between letter cases
        if place in owners:
            raise ConfigError(f"{owners[place]} and {key} are the same file: {path}", remedy=f"Change {key}.")
        owners[place] = key
