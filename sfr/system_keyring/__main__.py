"""The child process that asks the keyring: a question as JSON on standard input, the answers on standard output."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from typing import Any

from sfr.system_keyring import Answer, State
from sfr.system_keyring.backend import kept, looked_up, removed


def main(question: dict[str, Any]) -> list[Answer]:
    """An answer for each name. Backends may print; their words are not it."""
    service, names, may_ask = question["service"], question["names"], question["may_ask"]
    with contextlib.redirect_stdout(sys.stderr):
        if question["verb"] == "keep":
            return [_kept_and_there(service, names[0], question["value"], may_ask=may_ask)]
        if question["verb"] == "forget":
            return [removed(service, names[0], may_ask=may_ask)]
        return looked_up(service, names, may_ask=may_ask)


def _kept_and_there(service: str, name: str, value: str, *, may_ask: bool) -> Answer:
    """Some keyrings shorten a long value without a word."""
    answer = kept(service, name, value, may_ask=may_ask)
    if answer.state is not State.OK:
        return answer
    (found,) = looked_up(service, [name], may_ask=may_ask)
    return answer if found.value == value else Answer(State.ERROR, "it gave back something else")


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(answer) for answer in main(json.load(sys.stdin))]))
