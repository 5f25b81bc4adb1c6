"""Which clock of the operating system this computer has."""

from __future__ import annotations

import shutil
import sys

from sfr.errors import ConfigError
from sfr.schedule.cron import Cron
from sfr.schedule.launchd import Launchd
from sfr.schedule.plan import Scheduler
from sfr.schedule.systemd import Systemd
from sfr.schedule.windows import Windows

KINDS = ("windows", "launchd", "systemd", "cron")


def system() -> Scheduler:
    """The clock to use here; raises ConfigError that names what was looked for.

    On Linux a systemd user timer comes before cron: it catches up a missed start and sees the user's keyring.
    """
    if sys.platform == "win32":
        return Windows()
    if sys.platform == "darwin":
        return Launchd()
    systemd = Systemd()
    if shutil.which("systemctl") and systemd.running():
        return systemd
    if shutil.which("crontab"):
        return Cron()
    raise ConfigError(
        "nothing here can start a run by the clock: no systemd user manager answers (systemctl --user), "
        "and there is no crontab command",
        remedy="install cron, or let the scheduler you have start: sfr run --scheduled",
    )


def named(kind: str) -> Scheduler:
    """The clock called `kind`, one of KINDS, whether this computer has it or not; raises ConfigError."""
    schedulers: dict[str, type[Windows | Launchd | Systemd | Cron]] = {
        scheduler.name: scheduler for scheduler in (Windows, Launchd, Systemd, Cron)
    }
    if kind not in schedulers:
        raise ConfigError(f"--with {kind!r} is no scheduler", remedy=f"choose one of: {', '.join(KINDS)}")
    return schedulers[kind]()
