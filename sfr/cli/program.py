"""Knows what people type to start us, so that help and advice name what works for them."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = {"main.py": "python main.py", "__main__.py": "python -m sfr"}.get(Path(sys.argv[0]).name, "sfr")


def typed(text: str) -> str:
    """`text` with each command as this person would type it; inside the house it is called `sfr`."""
    return text.replace("`sfr ", f"`{PROGRAM} ")
