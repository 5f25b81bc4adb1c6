"""Knows which settings the processes that we start must not find in their environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sfr.settings import Settings, environment_names


def withhold_secrets() -> dict[str, str]:
    """Take the secrets among the settings out of this process's environment, once they have been read.

    Every child process would inherit them, and the system shows the environment of a process to other programs.
    Returns what was taken.
    """
    fields = Settings.model_fields
    secrets = {key for name, key in environment_names().items() if "SecretStr" in str(fields[name].annotation)}
    return {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in secrets}


@contextmanager
def secrets_withheld() -> Iterator[None]:
    """As `withhold_secrets` for the length of the block, in a process whose environment belongs to somebody else."""
    taken = withhold_secrets()
    try:
        yield
    finally:
        os.environ.update(taken)
