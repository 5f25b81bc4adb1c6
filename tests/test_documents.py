"""The documents: what they tell people to type exists, and what they link to is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfr.cli import command_line
from sfr.plugins import DESTINATIONS, SOURCES, destination_class, source_class
from sfr.settings import environment_names
from sfr.settings.configured import Limits

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BOTH_COMMANDS = (
    "python -m pip install -r requirements.txt && python main.py demo",
    "python -m pip install -r requirements.txt && python -m pytest",
)
_PROGRAM = re.compile(r"(?:[$>] )?(?:python main\.py|python -m sfr|sfr)(?= |$)(.*)")
_KEY = re.compile(r"\b(?:SFR|SFDC)_[A-Z_]*[A-Z]\b")
NAMES_OF_REPORTS = {"active_users", "sales"}
_NO_SETTINGS = {"SFR_CONCURENCY"}  # an example of a typing error

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def code_of(text: str) -> Iterator[str]:
    """Every line of a code block, and what stands between backquotes in a line."""
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip()
        else:
            yield from re.findall(r"`([^`]+)`", line)


def commands_of(text: str) -> Iterator[list[str]]:
    """The words behind the program's name, of every command in a document."""
    for code in code_of(text):
        for part in code.split("&&"):
            if found := _PROGRAM.match(part.strip()):
                yield shlex.split(re.split(r" [|>…] ?|  ", found[1])[0], comments=True)


@documents
def test_every_command_and_option_in_the_documents_exists(document: Path) -> None:
    for words in commands_of(document.read_text(encoding="utf-8")):
        named = bool(words) and words[0] in command_line.commands
        command = command_line.commands[words[0] if named else "run"]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h", "--version"}
        unknown = [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]
        assert not unknown, words
        is_list = bool(words) and (words[0].startswith("-") or Path(words[0]).suffix or words[0].isupper())
        assert named or not words or is_list or words[0] in NAMES_OF_REPORTS, words


@documents
def test_every_setting_in_the_documents_exists(document: Path) -> None:
    written = set(_KEY.findall(document.read_text(encoding="utf-8")))
    assert {key for key in written - _NO_SETTINGS if not _exists(key)} == set()


def _exists(key: str) -> bool:
    """Is it a general setting, or what some connector declares, under whatever name a source goes?"""
    connectors = [*map(source_class, SOURCES), *map(destination_class, DESTINATIONS)]
    fields = {field for connector in connectors for field in connector.Config.model_fields}
    ends = tuple(f"_{field.upper()}" for field in (*fields, *Limits.model_fields, "type"))
    return key in environment_names().values() or (key.startswith("SFR_") and key.endswith(ends))


@documents
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
        assert "://" in target or (document.parent / target).exists(), target


def test_the_readme_begins_with_the_two_commands() -> None:
    code = list(code_of((ROOT / "README.md").read_text(encoding="utf-8")))
    assert tuple(code[:2]) == BOTH_COMMANDS


def test_every_command_and_option_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, command in command_line.commands.items():
        assert f"`{name}" in reference
        for parameter in command.params:
            options = [option for option in parameter.opts if option.startswith("--")]
            assert all(f"`{option}" in reference for option in options), (name, options)


def test_every_document_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for document in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{document.name})" in readme
