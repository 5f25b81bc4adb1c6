"""What an author says about a server: the state it is in, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel

from sfr.model import Report


@dataclass(frozen=True)
class Case:
    """A server in a certain state, and what is asked of it: the source's configuration, a report, the session value
    to use ("" lets the source sign in, if it does), the bytes that must come, and those of further files by label."""

    config: BaseModel
    report: Report
    expected: bytes = b""
    session: str = ""
    others: dict[str, bytes] = field(default_factory=dict)


class Nobody:
    """An `Asker` where nobody answers."""

    interactive = False

    def say(self, text: str) -> None: ...

    def hidden(self, prompt: str) -> str:  # noqa: ARG002 (the signature is that of `Asker`)
        raise AssertionError("nobody can be asked here")
