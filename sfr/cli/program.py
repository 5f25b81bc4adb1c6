"""Knows what people type to start us, so that help and advice name what works for them."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = {"main.py": "python main.py", "__main__.py": "python -m sfr"}.get(Path(sys.argv[0]).name, "sfr")


def typed(text: str) -> str:
    """`text` with each command as this person would type it; inside the house it is called `sfr`."""
    return text.replace("`sfr ", f"`{PROGRAM} ")


def rerun_command(output: str | None) -> str:
    """The command that fetches what is missing of a run with this --output."""
    quoted = f'"{output}"' if output and " " in output else output
    return f"{PROGRAM} --failed" + (f" --output {quoted}" if quoted else "")


def examples(*rows: tuple[str, str]) -> str:
    """Lines for the end of a help text: what to type, without the program, and what that does."""
    width = max(len(arguments) for arguments, _ in rows)
    lines = [f"  {PROGRAM} {arguments.ljust(width)}  {what}".rstrip() for arguments, what in rows]
    return "\n".join(["\b", "Examples", *lines])
