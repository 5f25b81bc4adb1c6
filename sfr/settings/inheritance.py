"""Knows which settings the processes that we start must not find in their environment."""

from __future__ import annotations

import os

from sfr.settings import Settings, environment_names


def withhold_secrets() -> None:
    """Take the secrets among the settings out of this process's environment, once they have been read.

    Every child process would inherit them, and the system shows the environment of a process to other programs.
    """
    fields = Settings.model_fields
    secrets = {key for name, key in environment_names().items() if "SecretStr" in str(fields[name].annotation)}
    for variable in [name for name in os.environ if name.upper() in secrets]:
        del os.environ[variable]
