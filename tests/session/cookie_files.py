"""Writes cookie files in Chromium's format, encrypted with the key that Chromium uses where Linux has no keyring."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from Cryptodome.Cipher import AES
from Cryptodome.Protocol.KDF import PBKDF2
from Cryptodome.Util.Padding import pad

# The tables of a file that Chromium 156 wrote (schema version 24).
_SCHEMA = """
CREATE TABLE meta(key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
INSERT INTO meta VALUES('version', '24'), ('last_compatible_version', '24');
CREATE TABLE cookies(
 creation_utc INTEGER NOT NULL, host_key TEXT NOT NULL, top_frame_site_key TEXT NOT NULL, name TEXT NOT NULL,
 value TEXT NOT NULL, encrypted_value BLOB NOT NULL, path TEXT NOT NULL, expires_utc INTEGER NOT NULL,
 is_secure INTEGER NOT NULL, is_httponly INTEGER NOT NULL, last_access_utc INTEGER NOT NULL,
 has_expires INTEGER NOT NULL, is_persistent INTEGER NOT NULL, priority INTEGER NOT NULL, samesite INTEGER NOT NULL,
 source_scheme INTEGER NOT NULL, source_port INTEGER NOT NULL, last_update_utc INTEGER NOT NULL,
 source_type INTEGER NOT NULL, has_cross_site_ancestor INTEGER NOT NULL);
"""


def chromium_profile(home: Path, name: str = "Default", browser: str = "chromium") -> Path:
    """An empty profile with an empty cookie file; returns the cookie file."""
    data = home / ".config" / browser
    file = data / name / "Cookies"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as store:
        store.executescript(_SCHEMA)
    state = data / "Local State"
    known = json.loads(state.read_text()) if state.is_file() else {"profile": {"info_cache": {}}}
    known["profile"]["info_cache"][name] = {"name": f"Person of {name}"}
    state.write_text(json.dumps(known))
    return file


def add_cookie(file: Path, host: str, value: bytes, *, name: str = "sid", updated: int = 1) -> None:
    """A session cookie whose encrypted value is exactly `value`."""
    with closing(sqlite3.connect(file)) as store, store:
        row = (updated, host, "", name, "", value, "/", 0, 1, 1, updated, 0, 0, 1, -1, 2, 443, updated, 1, 0)
        store.execute(f"INSERT INTO cookies VALUES ({', '.join('?' * len(row))})", row)


def v10(host: str, value: str) -> bytes:
    """A value as Chromium on Linux encrypts it without a keyring (components/os_crypt, "peanuts")."""
    key = PBKDF2("peanuts", b"saltysalt", 16, 1)
    plain = hashlib.sha256(host.encode()).digest() + value.encode()
    return b"v10" + AES.new(key, AES.MODE_CBC, b" " * 16).encrypt(pad(plain, 16))
