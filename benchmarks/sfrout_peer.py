"""Knows how to run sfrout without Edge: its cookie reader is handed a jar, everything else is sfrout as published.

Runs in sfrout's own virtual environment, with the arguments of sfrout's command line. The session value comes in
BENCHMARK_SID, the domain as the first argument.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import browser_cookie3
from sfrout.app.cli import cli


@dataclass(frozen=True)
class Cookie:
    """The three attributes sfrout reads."""

    name: str
    value: str
    domain: str


def _jar() -> list[Cookie]:
    # sfrout looks for the domain it was given, without "https://" and without any slash.
    domain = sys.argv[1].replace("https://", "").replace("/", "")
    return [Cookie("sid", os.environ["BENCHMARK_SID"], domain)]


browser_cookie3.edge = _jar
cli()
