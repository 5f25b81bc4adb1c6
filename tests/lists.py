"""Lists as tests write them: settings with a few sources, files, what is read and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfr.catalog import ListError, read_list
from sfr.errors import ConfigError
from sfr.model import Report
from sfr.settings import Settings, load_settings

ID = "00O5g00000DemoAEAR"
NOW = datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
SUPERSET = {"SFR_BI_TYPE": "superset", "SFR_BI_URL": "https://bi.example.com"}
METABASE = {"SFR_MB_TYPE": "metabase", "SFR_MB_URL": "https://mb.example.com"}


@contextmanager
def settings_with(monkeypatch: pytest.MonkeyPatch, *sources: Mapping[str, str]) -> Iterator[Settings]:
    """Settings of a person who has written down these sources and nothing else."""
    with monkeypatch.context() as environment:
        for source in sources:
            for key, value in source.items():
                environment.setenv(key, value)
        environment.setenv("SFR_TIMEZONE", "Europe/Berlin")
        yield load_settings({"output": Path("output")}, env_file=None)


def read(name: str, text: str, settings: Settings, notices: list[str] | None = None) -> list[Report]:
    """Write a list of this name and read it."""
    Path(name).write_text(text, encoding="utf-8")
    return read_list(Path(name), settings, NOW, notices.append if notices is not None else lambda _text: None)


def refused(name: str, text: str, settings: Settings) -> ListError:
    """The refusal of a list with wrong reports."""
    with pytest.raises(ListError) as caught:
        read(name, text, settings)
    return caught.value


def unreadable(name: str, text: str, settings: Settings) -> ConfigError:
    """The refusal of what is no list."""
    with pytest.raises(ConfigError) as caught:
        read(name, text, settings)
    assert not isinstance(caught.value, ListError)
    return caught.value
