"""Knows what a file is called at its place: `{source}/{name}/{today:%Y/%m/%d}.{format}` with everything filled in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sfr.catalog.dates import Moment, fill, undated
from sfr.catalog.file_names import check_name, known_extension, with_extension
from sfr.catalog.problems import BadCell

NAME, FILE = "{name}", "{file}"
OF_THE_NAME = (NAME, FILE)

_MOST_BYTES = 1024  # of a key in a bucket


@dataclass(frozen=True, slots=True)
class Named:
    """What a path may be made of: the report's source, the name of its file, what that is a file of (`csv`, `file` …),
    what its list calls it, and what its source does. `many` is set for a report that stands for several."""

    source: str
    file: str
    format: str
    template: str
    ref: str = ""
    many: bool = False

    @property
    def name(self) -> str:
        """The name of the file without its extension."""
        return self.file.removesuffix(known_extension(self.file))


def filled_path(template: str, named: Named, seen: Moment) -> str:
    """The path that a template means. Raises BadCell for a token that is none.

    For a report that stands for several `{name}` and `{file}` stay as they are.
    """
    whole = f"{template}{FILE}" if template.endswith("/") else template
    words = {"{source}": named.source, "{name}": named.name, "{file}": named.file, "{format}": named.format}
    if named.many:
        words |= {token: token for token in OF_THE_NAME}
    if named.format == "file":
        words["{format}"] = named.file.rpartition(".")[2] if "." in named.file else ""
    try:
        return fill(whole, seen, words=words, in_name=True)
    except ValueError as error:
        raise BadCell(str(error)) from error


def check_several(path: str, named: Named) -> None:
    """Raises BadCell for a path that would be the same one for all that a report stands for."""
    if named.many and not any(token in path for token in OF_THE_NAME):
        message = "is the same path for all that this report stands for"
        raise BadCell(message, "Put {name}, which is a different one for each of them, into it.")


def file_path(path: str, named: Named) -> str:
    """A filled-in path as that of a file: with the extension of its format. Raises BadCell when the path promises
    another format, leads out of the place, or cannot be one everywhere."""
    folders, slash, leaf = path.rpartition("/")
    _check_parts(path)
    finished = FILE in leaf and named.many
    whole = path if finished else f"{folders}{slash}{with_extension(leaf, named.format, named.ref)}"
    if (size := len(whole.encode())) > _MOST_BYTES:
        raise BadCell(f"has {size} bytes, and {_MOST_BYTES} is the most that a bucket holds", "Shorten it.")
    return whole


def table_name(named: Named) -> str:
    """What a report's table is called when nobody says it: the name in the list, without dates and extension.

    Raises BadCell when nothing is left of it."""
    if named.many:
        return NAME
    name = undated(named.template)
    name = name.removesuffix(known_extension(name)).replace(".", "_")  # a dot stands behind a schema
    if not name:
        raise BadCell("needs a path: the name of the report is nothing but a date", "Write the name of the table.")
    return name


def check_table(name: str) -> str:
    """The name of a table as it is. Raises BadCell for what no database would take, or a person would not mean."""
    control = any(unicodedata.category(char) in ("Cc", "Cs") for char in name)
    if control or not name.strip() or "/" in name or "\\" in name:
        raise BadCell("is no name of a table", "Write it as the database has it, such as sales or reporting.sales.")
    return name


def renamed_path(path: str, file: str) -> str:
    """The path of one of the several reports that a report stands for, now that the name of its file is known."""
    return path.replace(FILE, file).replace(NAME, file.removesuffix(known_extension(file)))


def _check_parts(path: str) -> None:
    if path.startswith("/"):
        raise BadCell("begins with a slash", "Leave it out: the path begins at the top of its place.")
    if "\\" in path:
        raise BadCell("holds a backslash", "Write slashes between folders.")
    for part in path.split("/"):
        if not part:
            raise BadCell("has nothing between two slashes", "Take one of them away.")
        if ".." in part or part == ".":
            raise BadCell(f"holds {part}, and a path leads only down", "Take it out.")
        try:
            check_name(part)
        except BadCell as error:
            about = f", in {part}" if part != path else ""
            raise BadCell(f"{error.message}{about}", error.remedy) from error
