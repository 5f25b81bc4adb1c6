"""Gives a noun its JSON, both ways."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Self


class Record:
    """Gives a dataclass JSON both ways; enumerations become their values, tuples become lists."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from `to_dict` output. Unknown keys are dropped, so that an older sfr reads a newer history."""
        revivers = _revivers_of(typing.cast(type, cls))
        of_today = cls._of_today(values)
        return cls(**{name: revivers[name](value) for name, value in of_today.items() if name in revivers})

    @staticmethod
    def _of_today(values: dict[str, Any]) -> dict[str, Any]:
        """What an older sfr wrote, as this one would have."""
        return values

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.from_dict(json.loads(text))


@functools.cache
def _revivers_of(kind: type) -> dict[str, Callable[[Any], Any]]:
    """For each field of a noun, what turns its JSON value back."""
    return {name: _reviver(hint) for name, hint in typing.get_type_hints(kind).items()}


def _reviver(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        revive = _reviver(next(kind for kind in arguments if kind is not type(None)))
        return lambda value: None if value is None else revive(value)
    if origin is tuple and arguments[-1] is Ellipsis:
        revive_item = _reviver(arguments[0])
        return lambda value: tuple(revive_item(item) for item in value)
    if origin is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return lambda value: value
