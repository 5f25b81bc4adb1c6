"""Knows which list is meant when nobody names one."""

from __future__ import annotations

from pathlib import Path

from sfr.errors import ConfigError
from sfr.settings import Settings

_OTHERS = ("reports.csv", "reports.yaml", "reports.yml", "reports.json")


def default_list(settings: Settings) -> Path:
    """REPORT_LIST; where nobody has set it and the usual file is not there, the one `reports.…` beside it, if there is
    one. Raises ConfigError when there are two of these."""
    path = settings.report_list
    if path != type(settings).model_fields["report_list"].default or path.exists():
        return path
    there = [other for name in _OTHERS if (other := path.with_name(name)).exists()]
    if len(there) > 1:
        shown = " and ".join(each.as_posix() for each in there)
        raise ConfigError(f"which list? There are {shown}", remedy="Name one of them, or set REPORT_LIST.")
    return there[0] if there else path
