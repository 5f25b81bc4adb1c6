"""Knows which file names every system can hold, and when two of them are the same file."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path, PurePosixPath

from sfr.catalog.problems import BadCell

# 255 bytes is what file systems hold; a copy of a file, such as `name (1).csv`, is a little longer.
MAX_BYTES = 245

FORBIDDEN = '<>:"|?*'
RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "123456789¹²³"]
)
_REPORT_EXTENSIONS = frozenset([".csv", ".xls", ".xlsx", ".json", ".parquet", ".jsonl"])
_SALESFORCE_EXTENSIONS = frozenset([".csv", ".xls", ".xlsx"])
_OTHER_EXTENSIONS = frozenset([".txt", ".tsv", ".dat"])  # of CSV, as people like it
_PACKED = (".csv.gz", ".csv.zst")
_MADE = frozenset([*_PACKED, ".parquet", ".jsonl"])  # what no source gives, and a list can ask for


def with_extension(name: str, report_format: str, ref: str = "") -> str:
    """Add the format's extension (`.csv`, `.xls`, `.csv.gz`) to a name that has none.

    Any text after a dot that is no usual extension belongs to the name: `sales 1.5` becomes `sales 1.5.csv`. What
    comes as a `file` keeps its name, or gets the extension of its address `ref`. Raises BadCell when the name promises
    another format than the one that will come.
    """
    if report_format == "file":
        return name if PurePosixPath(name).suffix else name + _extension_of_address(ref)
    extension, wanted = _promised(name), f".{report_format}"
    if extension == wanted or (extension in _OTHER_EXTENSIONS and wanted in {*_REPORT_EXTENSIONS} - _MADE):
        return name
    if extension:
        how = f", or put xf={extension[1:]} into params" if {extension, wanted} <= _SALESFORCE_EXTENSIONS else ""
        how = f", or ask for format {extension[1:]}" if extension in _MADE else how
        remedy = f"Name it {name[: -len(extension)]}{wanted}{how}."
        raise BadCell(f"ends in {extension}, but the report comes as {wanted[1:]}", remedy)
    return name + wanted


def _promised(name: str) -> str:
    """The extension that says what is in a file of that name; "" where it says nothing."""
    small = name.lower()
    packed = next((extension for extension in _PACKED if small.endswith(extension)), "")
    extension = PurePosixPath(small).suffix
    return packed or (extension if extension in _REPORT_EXTENSIONS | _OTHER_EXTENSIONS else "")


def _extension_of_address(address: str) -> str:
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    extension = PurePosixPath(path).suffix
    return extension if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", extension) else ""


def format_of(name: str) -> str:
    """The report format that a name promises: `xls`, `parquet`, `csv.gz` …, otherwise `csv`."""
    extension = _promised(name)
    return "csv" if extension in _OTHER_EXTENSIONS else extension[1:] or "csv"


def known_extension(name: str) -> str:
    """The extension of a name as it is written there, or "" where what follows the last dot belongs to the name."""
    return name[len(name) - len(_promised(name)) :]


def check_name(name: str) -> None:
    """Raise BadCell unless `name` is a name that Windows, macOS and Linux can all hold."""
    if not name:
        raise BadCell("is empty", "Write the file name that the report shall get.")
    if "/" in name or "\\" in name or ".." in name:
        raise BadCell("is a path, and only a name may stand here", "Put the folder into the column path.")
    control = [char for char in name if is_control(char)]
    if control:
        remedy = "Take it out; if the value runs over several lines, a quotation mark is missing."
        raise BadCell(f"holds the control character U+{ord(control[0]):04X}", remedy)
    forbidden = [char for char in name if char in FORBIDDEN]
    if forbidden:
        raise BadCell(f"holds {forbidden[0]}, which Windows allows in no file name", "Use a hyphen instead.")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        remedy = "Set the environment variable PYTHONUTF8=1, or a language with UTF-8 such as LANG=C.UTF-8."
        raise BadCell(
            f"holds {name[error.start]!a}, which this system's settings allow in no file name", remedy
        ) from None
    if name.endswith((".", " ")):
        raise BadCell("ends in a dot or space, which Windows drops", "Take it away.")
    if name.split(".", maxsplit=1)[0].rstrip().upper() in RESERVED:
        raise BadCell("is the name of a device on Windows", "Choose another name, such as one with a word before it.")
    size = len(name.encode())
    if size > MAX_BYTES:
        raise BadCell(f"has {size} bytes, and {MAX_BYTES} is the most that every system holds", "Shorten it.")


def is_control(char: str) -> bool:
    """Whether a character is none that can be seen, or turns what follows, so that `exe.csv` is read as `vsc.exe`."""
    turns = unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return turns or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def same_file_key(folder: Path, name: str) -> str:
    """Equal for two places that are one file on Windows or macOS: letter case and Unicode spelling do not count."""
    place = str(folder.resolve() / name)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", place).casefold())
