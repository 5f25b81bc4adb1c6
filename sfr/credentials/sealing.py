"""How the encrypted file is written: names in clear, values sealed, so that no byte of it can be changed unseen.

    sfr-credentials 1
    {"salt": …, "nonce": …, "kept": {"bi.password": {"since": …, "for": …}}}
    AES-256-GCM over the values by name, authenticated together with the two lines above, in base64
    SHA-256 over the three lines above

The key is made of the master key by scrypt. The sum is no protection but an answer: it tells a damaged file from a
wrong key.
"""

from __future__ import annotations

import binascii
import functools
import hashlib
import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfr.credentials.kept import FILE, Kept, read_kept
from sfr.credentials.private_files import REASON
from sfr.errors import ConfigError
from sfr.missing_package import missing_package

VERSION = 1
_FIRST_LINE = re.compile(rb"sfr-credentials (\d{1,9})\n")
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
# What OWASP asks for at 32 MB; about 0.3 s, once in a process that needs a value.
_SCRYPT = {"n": 2**15, "r": 8, "p": 3}


class WrongKey(Exception):
    """The file is whole, and another key has sealed it."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that is whole as far as can be seen without the key; `kept` is what it says it has."""

    kept: Mapping[str, Kept]
    clear: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    values: bytes = field(repr=False)


def seal(kept: Mapping[str, Kept], values: Mapping[str, str], master: str) -> bytes:
    """The content of a file with these values. Raises ConfigError without `cryptography`."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    known = {name: kept[name].to_dict() for name in sorted(kept)}
    header = {"salt": b64encode(salt).decode(), "nonce": b64encode(nonce).decode(), "kept": known}
    clear = f"sfr-credentials {VERSION}\n{json.dumps(header)}\n".encode("ascii")
    sealed = _cipher(master, salt).encrypt(nonce, json.dumps(dict(values)).encode("ascii"), clear)
    content = clear + b64encode(sealed) + b"\n"
    return content + _sum(content)


def read_sealed(data: bytes, place: Path) -> Sealed:
    """The file as far as it can be read without a key. Raises ConfigError: damaged, or of a later version."""
    first = _FIRST_LINE.match(data)
    if first and int(first[1]) > VERSION:
        raise ConfigError(
            f"{place} was written by a newer sfr (version {int(first[1])} of the file, this one knows {VERSION})",
            reason=REASON,
            remedy="Use that sfr here too; the file was left as it is.",
        )
    content, total = data[:-65], data[-65:]
    if not first or _sum(content) != total:
        raise _damaged(place)
    try:
        header = json.loads(content.split(b"\n")[1])
        salt, nonce = b64decode(header["salt"]), b64decode(header["nonce"])
        line = content[:-1].rindex(b"\n") + 1
        return Sealed(read_kept(header["kept"], FILE), content[:line], salt, nonce, b64decode(content[line:]))
    except (ValueError, LookupError, TypeError, AttributeError, binascii.Error):
        raise _damaged(place) from None


def unseal(sealed: Sealed, master: str, place: Path) -> dict[str, str]:
    """The values by name. Raises WrongKey; ConfigError when the file says more or less than it holds."""
    from cryptography.exceptions import InvalidTag

    try:
        text = _cipher(master, sealed.salt).decrypt(sealed.nonce, sealed.values, sealed.clear)
    except (InvalidTag, ValueError):
        raise WrongKey from None
    values: dict[str, str] = json.loads(text)
    if values.keys() != sealed.kept.keys():
        raise _damaged(place)
    return values


def need_cryptography() -> None:
    """Raise ConfigError where the package that seals is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        what = "the encrypted file of credentials"
        raise missing_package(what, "cryptography", "sfr[credentials]", reason=REASON) from error


def _cipher(master: str, salt: bytes) -> Any:
    need_cryptography()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_derived(master, salt))


@functools.lru_cache(maxsize=4)
def _derived(master: str, salt: bytes) -> bytes:
    """Kept in memory, since every source of a run asks for the same key."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, _KEY_BYTES, **_SCRYPT).derive(master.encode())


def _sum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii") + b"\n"


def _damaged(place: Path) -> ConfigError:
    return ConfigError(
        f"{place} is damaged, so none of its values is used",
        reason=REASON,
        remedy="It was left as it is. Bring it back from a copy; or move it away, and set its values again.",
    )
