"""Checks that names lead to connector classes, and that a wrong name is told the right ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sfr.destinations.folder import Folder
from sfr.errors import ConfigError
from sfr.plugins import destination_class, source_class
from sfr.sources.salesforce.source import Salesforce


def test_a_name_leads_to_its_class() -> None:
    assert source_class("salesforce") is Salesforce
    assert destination_class("folder") is Folder


@pytest.mark.parametrize("find", [source_class, destination_class])
@pytest.mark.parametrize("name", ["", "Salesforce", "sap", "os:system"])
def test_an_unknown_name_is_told_the_known_ones(find: object, name: str) -> None:
    assert callable(find)
    with pytest.raises(ConfigError, match="unknown") as caught:
        find(name)
    assert repr(name) in caught.value.message
    assert "known are: " in caught.value.remedy


def test_a_connector_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys, sfr.plugins; print([name for name in sys.modules if name.startswith(('sfr.sources', 'requests'))])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
