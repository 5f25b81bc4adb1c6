"""The file on the Windows desktop that runs a schedule at once, in a window that stays open for reading.

A batch file and not a .lnk: a link needs PowerShell's COM objects, which companies switch off, and says nothing to
the person who opens it in an editor.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sfr.schedule import plan
from sfr.schedule.plan import Schedule

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_\\/.:+-]+")
_META = re.compile(r'(["&|<>^()!])')


def path(name: str, desktop: Path | None = None) -> Path | None:
    """Where the shortcut of a schedule is; None where this user has no desktop folder.

    The folder is asked from Windows (SHGetKnownFolderPath), so that a desktop moved to OneDrive is found.
    """
    if desktop is None:
        from platformdirs import user_desktop_path

        desktop = user_desktop_path()
    if sys.platform == "win32" and not desktop.is_dir():
        return None
    return desktop / f"sfr {name}.cmd"


def batch(schedule: Schedule) -> str:
    """The text of the batch file, to be written as UTF-8.

    `pushd` also enters a network folder, which `cd` refuses. The exit code is kept for whoever calls the file.
    """
    lines = (
        "@echo off",
        "chcp 65001 >nul",
        f"title sfr {schedule.name}",
        f'pushd "{_literal(str(schedule.directory))}" || (pause & exit /b 2)',
        " ".join(word(argument) for argument in plan.command(schedule, scheduled=False)),
        'set "code=%ERRORLEVEL%"',
        "echo.",
        "echo Ended with exit code %code%.",
        "popd",
        "pause",
        "exit /b %code%",
    )
    return "".join(f"{line}\r\n" for line in lines)


def word(text: str) -> str:
    """One argument, quoted for both of its readers: cmd.exe, then the C run-time of the program.

    Inside quotes cmd takes everything but % and the quote literally. A quote of its own would end that, so a text
    with one is written without any quote that cmd could see: each of its special characters has a caret.
    """
    if _PLAIN_WORD.fullmatch(text):
        return text
    if '"' in text:
        return _META.sub(r"^\1", _literal(subprocess.list2cmdline([text])))
    backslashes = len(text) - len(text.rstrip("\\"))
    return f'"{_literal(text)}{chr(92) * backslashes}"'


def _literal(text: str) -> str:
    return text.replace("%", "%%")
