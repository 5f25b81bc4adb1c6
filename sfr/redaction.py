"""The one place where secrets are taken out of text that people or files will see."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress

_MASK = "[secret]"
_SESSION_VALUE = re.compile(r"00D[0-9A-Za-z]{12,15}(?:!|%21)[^\s\"'<>;,&]+")
_URL_PASSWORD = re.compile(r"(?<=://)([^:/@\s]+):([^@/\s]+)@")
# Keys that people have to write into addresses.
_QUERY_SECRET = re.compile(
    r"(?<=[?&])([\w.-]*(?:key|token|secret|password|passwd|pwd|signature|sig|sid|auth)[\w.-]*=)[^&#\s\"'<>]+",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SHORTEST_SECRET = 6

_known: set[str] = set()


def remember_secret(value: str) -> None:
    """From now on mask this value wherever it appears in this process, and the texts in it where it is a JSON object
    (a session of two tokens). Very short values are ignored."""
    if len(value) >= _SHORTEST_SECRET:
        _known.add(value)
    if value.startswith("{"):
        with suppress(ValueError):
            for each in json.loads(value).values():
                if isinstance(each, str) and not each.startswith("{"):
                    remember_secret(each)


def remember_secrets_of(config: object) -> None:
    """Remember every pydantic secret in a configuration, however deep in models, mappings and lists it stands."""
    if hasattr(config, "get_secret_value"):
        value = config.get_secret_value()
        remember_secret(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
    elif fields := getattr(type(config), "model_fields", None):
        for name in fields:
            remember_secrets_of(getattr(config, name))
    elif isinstance(config, Mapping):
        for value in config.values():
            remember_secrets_of(value)
    elif isinstance(config, (list, tuple, set, frozenset)):
        for value in config:
            remember_secrets_of(value)


def redact(text: str) -> str:
    """`text` without session values (by their shape), passwords in URLs and every remembered secret."""
    # A copy, because another thread may add one; the longest first, because a secret may be the beginning of another.
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, _MASK)
    text = _URL_PASSWORD.sub(rf"\1:{_MASK}@", _SESSION_VALUE.sub(_MASK, text))
    return _QUERY_SECRET.sub(rf"\1{_MASK}", text)


class RedactingFormatter(logging.Formatter):
    """A formatter whose result, traceback included, is redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line or lines, also without commands to the terminal in which somebody will read them."""
        return redact(_CONTROL.sub("", super().format(record)))
