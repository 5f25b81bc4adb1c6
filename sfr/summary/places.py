"""Knows how the places that reports went to are shown, with the links that fetch them for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from sfr.model import Delivered, Result
from sfr.terminal_text import Signs

MOST_SHOWN = 20
_PLAIN = "folder"


def elsewhere(result: Result) -> list[Delivered]:
    """What was delivered to other places than the plain folder."""
    return [each for each in result.outcome.deliveries if each.destination not in ("", _PLAIN)]


def until(delivered: Delivered) -> str:
    """When the link dies, or has died, by this machine's clock; "" where it has no end."""
    if delivered.link_expires_at is None:
        return ""
    word = "until" if delivered.link_expires_at > time.time() else "ended"
    return f"{word} {datetime.fromtimestamp(delivered.link_expires_at).astimezone():%Y-%m-%d %H:%M %Z}"


def places(results: Sequence[Result], signs: Signs) -> Iterator[Text]:
    """A line for each file that lies elsewhere, and its link whole: it is meant to be copied."""
    lines = [(result, each) for result in results for each in elsewhere(result)]
    for number, (result, each) in enumerate(lines[:MOST_SHOWN]):
        line = Text("\n" if number == 0 else "").append(f"{signs.arrow} ", style="cyan")
        line.append(signs.showable(result.job.report.name), style="bold")
        line.append(f"  {each.destination}: {signs.showable(each.location)}")
        yield line
        if each.link:
            yield Text(f"  {signs.showable(each.link)}  ({until(each)})", style="dim")
    if len(lines) > MOST_SHOWN:
        yield Text(f"  and {len(lines) - MOST_SHOWN:,} more: see the page", style="dim")
