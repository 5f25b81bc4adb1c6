"""The way in for `python -m sfr` and for the installed command; light, since spawned workers import it too."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code; 2 where a package is missing that sfr always needs."""
    try:
        from sfr.cli import run_command_line

        code = run_command_line(sys.argv[1:])
    except ModuleNotFoundError as error:
        missing = (error.name or "sfr").partition(".")[0]
        if missing == "sfr":
            raise
        from sfr.missing_package import missing_requirement

        told = missing_requirement(missing)
        sys.stderr.write(f"sfr: {told.message}\n     {told.remedy}\n")
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
