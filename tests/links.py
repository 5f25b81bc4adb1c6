"""What the tests of the link source share: a source as a worker would have it, and what it makes of an address."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import closing
from typing import Any

import pytest

from sfr.connector import Session, Tools, Wanted
from sfr.errors import SfrError
from sfr.model import Fetched, Report
from sfr.sources.link.config import LinkConfig
from sfr.sources.link.source import Link
from sfr.testing import Tray

CSV = b"id,name\n1,Anna\n2,Otto\n"
LOGIN_PAGE = (
    b"<!doctype html><html><head><title>Sign in to Acme</title></head>"
    b'<body><form><input name="user"><input type="password" name="pw"></form></body></html>'
)


def link(**settings: Any) -> Link:
    settings = {"connect_seconds": 5, "first_byte_seconds": 10, **settings}
    return Link(LinkConfig.model_validate(settings), Tools("link", lambda: Session("", 0)))


def report(ref: str, params: tuple[tuple[str, str], ...] = (), **options: Any) -> Report:
    """As a list would have it: read, with the format that this finds."""
    found = Link.read_reference(Wanted(ref, params, options))
    return Report("r", found.ref, "link", found.params, format=found.format, options=dict(found.options))


def fetch(wanted: Report | str, into: Tray | None = None, **settings: Any) -> tuple[Tray, Fetched]:
    into = Tray() if into is None else into
    wanted = report(wanted) if isinstance(wanted, str) else wanted
    with closing(link(**settings)) as source:
        return into, source.fetch(wanted, into)


def failure(wanted: Report | str, into: Tray | None = None, **settings: Any) -> SfrError:
    with pytest.raises(SfrError) as caught:
        fetch(wanted, into, **settings)
    assert caught.value.remedy or caught.value.scope == "attempt" or caught.value.reason in ("type", "empty")
    return caught.value


def same(text: str, **changes: Any) -> str:
    """A point or a validator with something changed in it."""
    return json.dumps({**json.loads(text), **changes})


def zipped(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    """An archive; a name without an ending gets .csv."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name if "." in name else f"{name}.csv", content)
    return out.getvalue()
