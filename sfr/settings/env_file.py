"""Knows how a `.env` file is really written on people's machines: any encoding, Windows paths with backslashes."""

from __future__ import annotations

import io
import re
from pathlib import Path

from dotenv.parser import parse_stream

from sfr.errors import ConfigError

_QUOTED = re.compile(
    r"""^(?P<key>[ \t]*(?:export[ \t]+)?[\w.]+[ \t]*=[ \t]*)(?P<quote>["'])(?P<value>[^"'\n]*)(?P=quote)"""
)


def read_env_file(path: Path | None) -> dict[str, str]:
    """The keys (in capitals) and values of a `.env` file; no file gives none, nor does a key without a value.

    `${…}` is not replaced: passwords hold dollar signs. Raises ConfigError when the file cannot be read or understood.
    """
    if path is None or not path.is_file():
        return {}
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Give your account the right to read it."
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}", remedy=remedy) from error
    return parse_env(decode_settings(data), path.as_posix())


def parse_env(text: str, place: str) -> dict[str, str]:
    """As `read_env_file`, from its text; `place` is named in the error."""
    protected = "".join(_protect_backslashes(line) for line in text.splitlines(keepends=True))
    bindings = list(parse_stream(io.StringIO(protected)))
    wrong = [str(binding.original.line) for binding in bindings if binding.error]
    if wrong:
        remedy = "Write KEY=value, with a quotation mark at both ends of the value or at none."
        raise ConfigError(f"{place}: not to be understood: line {', '.join(wrong)}", remedy=remedy)
    return {binding.key.upper(): binding.value for binding in bindings if binding.key and binding.value}


def decode_settings(data: bytes) -> str:
    """The text of a file of settings, in whatever encoding an editor wrote it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # PowerShell's `>` writes UTF-16
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _protect_backslashes(line: str) -> str:
    """Double the backslashes of a quoted value, where `\\n` of `"C:\\new"` would become a line break.

    A value that has them doubled throughout was written with the escapes in mind and is left alone.
    """
    match = _QUOTED.match(line)
    if match is None or all(len(run) % 2 == 0 for run in re.findall(r"\\+", match["value"])):
        return line
    doubled = match["value"].replace("\\", "\\\\")
    return f"{match['key']}{match['quote']}{doubled}{match['quote']}{line[match.end() :]}"
