"""Hands a run to the clock of the operating system; which clocks there are, and what each needs, is known only here."""

from sfr.schedule.install import KINDS, named, system
from sfr.schedule.plan import Installed, Schedule, Scheduler, make_schedule

__all__ = ["KINDS", "Installed", "Schedule", "Scheduler", "make_schedule", "named", "system"]
