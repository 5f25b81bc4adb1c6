"""Asks the operating system's keyring from a process of its own: a keyring may open a dialog and wait for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from sfr import child_programs

LIMIT_SECONDS = 15.0
DIALOG_SECONDS = 120.0


class State(StrEnum):
    """What a keyring said; OK: it has the value, or did what it was told."""

    OK = "ok"
    ABSENT = "absent"
    LOCKED = "locked"
    NO_KEYRING = "no-keyring"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question; `detail` is for a person and never holds the value."""

    state: State
    detail: str = ""
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What to do with entries of a service: `read` all of `names`, `keep` a value under the only one and look
    whether it is there, or `forget` it.

    With `may_ask` False a locked keyring is not touched, because it would open a dialog.
    """

    verb: str
    service: str
    names: tuple[str, ...]
    value: str = field(default="", repr=False)
    may_ask: bool = False


def ask(question: Question, *, limit_seconds: float | None = None) -> list[Answer]:
    """An answer for each name, in their order; whatever happens is an answer."""
    limit = limit_seconds if limit_seconds is not None else DIALOG_SECONDS if question.may_ask else LIMIT_SECONDS
    given = json.dumps(asdict(question)).encode("ascii")
    try:
        code, output = child_programs.run_module(__name__, limit_seconds=limit, given=given)
    except child_programs.TooSlow:
        return _same(question.names, Answer(State.LOCKED, f"it did not answer within {limit:g} s"))
    if code != 0:
        return _same(question.names, Answer(State.ERROR, f"exit code {code}"))
    unreadable = Answer(State.ERROR, "unreadable answer")
    try:
        answers = [Answer(State(each["state"]), each["detail"], each["value"]) for each in json.loads(output)]
    except (ValueError, LookupError, TypeError):  # something printed beside it, such as a sitecustomize
        answers = []
    return answers if len(answers) == len(question.names) else _same(question.names, unreadable)


def _same(names: Sequence[str], answer: Answer) -> list[Answer]:
    return [answer] * len(names)
