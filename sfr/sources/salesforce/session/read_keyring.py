"""The child process that looks into the keyring and answers with JSON on standard output.

Arguments: `read` or `forget`, host, and `ask` where a dialog may open. Answer: `{"value": ...}` or
`{"reason": ..., "detail": ...}`.
"""

from __future__ import annotations

import contextlib
import json
import sys

from sfr.sources.salesforce.session import keyring_store


def main(arguments: list[str]) -> dict[str, str]:
    """The answer to the parent. Backends may print; their words are not it."""
    verb, host, *may_ask = arguments
    with contextlib.redirect_stdout(sys.stderr):
        if verb == "forget":
            step = keyring_store.removed(host)
        else:
            found = keyring_store.looked_up(host, may_ask=bool(may_ask))
            if isinstance(found, str):
                return {"value": found}
            step = found
    return {"reason": step.reason, "detail": step.detail}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
