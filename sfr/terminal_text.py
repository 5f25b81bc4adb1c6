"""Knows what a terminal or a log can show: which characters, how wide they are, and which would do harm."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rich.cells import cell_len

from sfr.model import Status


def one_line(text: str) -> str:
    """`text` without line ends, terminal commands and direction marks: safe in a log line and in a terminal."""
    return text if text.isascii() and text.isprintable() else "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    match unicodedata.category(character):
        case "Cs":  # half a character: no stream could take it
            return "?"
        case "Cc" | "Cf":
            return ""
    return character


def cut_middle(text: str, cells: int, ellipsis: str = "…") -> str:
    """`text` in at most `cells` terminal cells (a CJK character takes two), shortened in its middle."""
    if cell_len(text) <= cells:
        return text
    room = cells - cell_len(ellipsis)
    if room < 2:
        return cut_end(text, cells, "")
    tail = _head(text[::-1], room // 2)[::-1]
    return _head(text, room - cell_len(tail)) + ellipsis + tail


def cut_end(text: str, cells: int, ellipsis: str = "…") -> str:
    """`text` in at most `cells` terminal cells, shortened at its end."""
    return text if cell_len(text) <= cells else _head(text, max(cells - cell_len(ellipsis), 0)) + ellipsis


def _head(text: str, cells: int) -> str:
    length = 0
    for position, character in enumerate(text):
        length += cell_len(character)
        if length > cells:
            return text[:position]
    return text


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters beyond ASCII that a terminal of a given encoding can show, or what stands in for them."""

    done: str
    unverified: str
    failed: str
    stopped: str
    retry: str
    warning: str
    dot: str
    ellipsis: str
    arrow: str
    full: str
    empty: str
    encoding: str

    @classmethod
    def of(cls, encoding: str) -> Signs:
        """Signs for a terminal's `encoding`; "utf-8" has them all, cp437 and cp1252 some, ASCII none."""
        wanted = {"done": "✓v", "unverified": "??", "failed": "✗x", "stopped": "–-", "retry": "↻~", "warning": "!!"}
        wanted |= {"dot": "·-", "ellipsis": "…~", "arrow": "→>", "full": "━#", "empty": "─-"}
        shown = {name: pair[0] if _can_show(pair[0], encoding) else pair[1] for name, pair in wanted.items()}
        return cls(encoding=encoding, **shown)

    def of_status(self, status: Status) -> str:
        found = {Status.DONE: self.done, Status.UNVERIFIED: self.unverified, Status.FAILED: self.failed}
        return found.get(status, self.stopped)

    def showable(self, text: str) -> str:
        """`text` on one line with what the terminal can show; anything else becomes "?", never an exception."""
        plain = one_line(text).replace("…", self.ellipsis).replace("·", self.dot)
        return plain.encode(self.encoding, "replace").decode(self.encoding, "replace")


def _can_show(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
