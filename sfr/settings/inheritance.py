"""Knows which settings the processes that we start must not find in their environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sfr.settings import PREFIX, Settings, environment_names


def withhold_secrets() -> dict[str, str]:
    """Take the secrets among the settings out of this process's environment, once they have been read.

    Every child process would inherit them, and the system shows the environment of a process to other programs. The
    settings of named sources go whole: which of them are secrets only their connectors know. Returns what was taken.
    """
    fields = Settings.model_fields
    plain = {key for name, key in environment_names().items() if "SecretStr" not in str(fields[name].annotation)}
    secrets = {key for key in environment_names().values() if key not in plain}
    taken = [key for key in os.environ if key.upper() in secrets or key.upper().startswith(PREFIX)]
    return {key: os.environ.pop(key) for key in taken if key.upper() not in plain}


@contextmanager
def secrets_withheld() -> Iterator[None]:
    """As `withhold_secrets` for the length of the block, in a process whose environment belongs to somebody else."""
    taken = withhold_secrets()
    try:
        yield
    finally:
        os.environ.update(taken)
