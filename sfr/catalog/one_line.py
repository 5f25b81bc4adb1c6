"""Knows how a report is written in one line, as for `--report`: name, id with its source, path, params."""

from __future__ import annotations

import re
from collections.abc import Collection

from sfr.catalog.entry import Cells
from sfr.catalog.table import split_line

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def cells_of_line(text: str, sources: Collection[str]) -> Cells:
    """The values of `name,id[,path[,params]]` by column. An id may begin with the name of a source and a colon.

    `sources` are the known ones; a short word before a colon that is none of them is told as an unknown source.
    """
    name, ref, path, *params = [*split_line(text), "", "", ""]
    source, colon, rest = ref.partition(":")
    # An address begins with a word and a colon too, and a source may be called like that word.
    known = source.strip().lower() in sources
    if not colon or rest.startswith("//") or not (known or _NAME.fullmatch(source.strip().lower())):
        source, rest = "", ref
    return {
        "name": name,
        "id": rest.strip(),
        "source": source.strip(),
        "path": path,
        "params": ",".join(part for part in params if part),
    }
