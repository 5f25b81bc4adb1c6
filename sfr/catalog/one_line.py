"""Knows how a report is written in one line, as for `--report`: name, id with its source, path, params."""

from __future__ import annotations

from collections.abc import Collection

from sfr.catalog.entry import Cells
from sfr.catalog.table import split_line


def cells_of_line(text: str, sources: Collection[str]) -> Cells:
    """The values of `name,id[,path[,params]]` by column. An id may begin with one of `sources` and a colon."""
    name, ref, path, *params = [*split_line(text), "", "", ""]
    source, colon, rest = ref.partition(":")
    # An address begins with a word and a colon too, and a source may be called like that word.
    if not colon or rest.startswith("//") or source.strip().lower() not in sources:
        source, rest = "", ref
    return {
        "name": name,
        "id": rest.strip(),
        "source": source.strip(),
        "path": path,
        "params": ",".join(part for part in params if part),
    }
