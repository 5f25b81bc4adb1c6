"""What is known of a kept value without the value: its name, where it is, since when, and for which server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

KEYRING, FILE = "keyring", "encrypted file"


@dataclass(frozen=True, slots=True)
class Kept:
    """`name` is NAME.FIELD, `store` where it is, `since` a time of ISO 8601 in UTC; `server` is the type and address of
    the source it was typed for, as far as it was known."""

    name: str
    store: str
    since: str
    server: str

    def to_dict(self) -> dict[str, str]:
        """Without the name and the store, which its place says."""
        return {"since": self.since, "for": self.server}


def kept_now(name: str, store: str, server: str) -> Kept:
    """A value that is kept from this moment on."""
    return Kept(name, store, datetime.now(UTC).isoformat(timespec="seconds"), server)


def read_kept(written: Mapping[str, Any], store: str) -> dict[str, Kept]:
    """What `to_dict` wrote, by name. Raises ValueError, TypeError, LookupError or AttributeError otherwise."""
    for each in written.values():
        datetime.fromisoformat(each["since"])
    return {name: Kept(name, store, each["since"], str(each["for"])) for name, each in written.items()}
