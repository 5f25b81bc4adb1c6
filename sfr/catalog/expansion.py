"""Knows how the files of reports get their names that nobody wrote down: charts of a dashboard, finds of a listing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from sfr.catalog.file_names import FORBIDDEN, MAX_BYTES, RESERVED, is_control, known_extension
from sfr.catalog.path_templates import renamed_path
from sfr.model import Report

NAME, ID = "{chart.name}", "{chart.id}"
TOKENS = (NAME, ID)

_UNNAMED = "report"


def expanded_name(template_name: str, name: str, ref: str) -> str:
    """The file name for one of the several reports that a reference stands for.

    `template_name` is the file name of the report that stands for them, with its extension: `{chart.name}` and
    `{chart.id}` in it become `name` and `ref`, and without either of them it is `template - name`. The result is a
    name that every system can hold.
    """
    extension = known_extension(template_name)
    stem = template_name.removesuffix(extension)
    if not any(token in stem for token in TOKENS):
        stem = f"{stem} - {NAME}"
    # The name at last: it may hold what looks like a token.
    parts = [part.replace(ID, _harmless(ref)) for part in stem.split(NAME)]
    return valid_name(_harmless(name).join(parts), extension)


def renamed(report: Report, name: str) -> Report:
    """One of the several reports that a reference stands for, under the final name of its file: so are its paths."""
    places = tuple(replace(place, path=renamed_path(place.path, name)) for place in report.places)
    return replace(report, name=name, places=places)


def valid_name(text: str, extension: str = "") -> str:
    """The file name closest to `text` that every system can hold, ending in `extension`."""
    stem = _harmless(text).rstrip(". ").lstrip() or _UNNAMED
    if stem.split(".", maxsplit=1)[0].rstrip().upper() in RESERVED:
        stem = f"_{stem}"
    return _cut(stem, MAX_BYTES - len(extension.encode())) + extension


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The same names in their order, with ` (2)`, ` (3)` … before the extension where one would be the same file as an
    earlier one or one of `taken`, on a system for which letter case does not count."""
    found: list[str] = []
    known = {_key(name) for name in taken}
    given = list(names)
    coming = [_key(name) for name in given]
    for place, name in enumerate(given):
        # A number must not take the name of one that comes later, and has it from its author.
        chosen = _numbered(name, known, {*known, *coming[place + 1 :]})
        known.add(_key(chosen))
        found.append(chosen)
    return found


def _numbered(name: str, known: set[str], reserved: set[str]) -> str:
    if _key(name) not in known:
        return name
    extension = known_extension(name)
    number = 2
    while True:
        end = f" ({number}){extension}"
        chosen = _cut(name.removesuffix(extension), MAX_BYTES - len(end.encode())) + end
        if _key(chosen) not in reserved:
            return chosen
        number += 1


def _harmless(text: str) -> str:
    """Without characters that some system allows in no name, each as a hyphen or, if it is invisible, as a space."""
    kept = "".join(
        " " if is_control(char) else "-" if char in f"{FORBIDDEN}/\\" else char
        for char in unicodedata.normalize("NFC", text)
    )
    while ".." in kept:
        kept = kept.replace("..", ".")
    return " ".join(kept.split())


def _cut(stem: str, most_bytes: int) -> str:
    """At most so many bytes of `stem`, whole characters, and no dot or space at the end if it was cut."""
    if len(stem.encode()) <= most_bytes:
        return stem
    return stem.encode()[:most_bytes].decode(errors="ignore").rstrip(". ")


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(PurePosixPath(name))).casefold())
