"""Says in one way that a package which sfr is installed without is needed, and how it is got."""

from __future__ import annotations

from sfr.errors import ConfigError


def missing_package(needed_by: str, package: str, install: str, *, reason: str = "package") -> ConfigError:
    """The error for `package` that `needed_by` cannot do without. `install` is what pip is to be given for it: one of
    our extras, such as `sfr[parquet]`, or a package."""
    return ConfigError(
        f"{needed_by} needs the package {package}, which is not installed",
        reason=reason,
        remedy=f'Install it: python -m pip install "{install}"',
    )


def missing_requirement(package: str) -> ConfigError:
    """The error for a package without which nothing works at all."""
    return ConfigError(
        f"the package {package} is not installed, and sfr needs it",
        reason="package",
        remedy="In the folder of sfr: python -m pip install -r requirements.txt",
    )
