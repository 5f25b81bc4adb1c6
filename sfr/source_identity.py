"""Knows when a source of the same name is another one: by its configuration, secrets and waiting times aside."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr


def identity_of(kind: str, config: Any) -> str:
    """Equal for two configurations that ask the same server for the same account: the type of the source and all plain
    fields but those that end in `_seconds`. No secret has a part in it."""
    said = json.dumps([kind, _plain(config)], sort_keys=True, default=str)
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, (SecretStr, SecretBytes)):
        return "secret"
    if isinstance(value, BaseModel):
        names = [name for name in type(value).model_fields if not name.endswith("_seconds")]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(str(_plain(each)) for each in value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
