"""Hands: worker processes that run jobs, and what they share; here only how processes come up, and why they do not."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress

from sfr.errors import ConfigError

MOST_OPEN_FILES = 10_240
_UNGUARDED_EXIT_CODE = 97


def end_if_worker_reads_script() -> None:
    """End this process if it is a worker that only reads the main script before it begins.

    A script without `if __name__ == "__main__":` would there start its run again, and each of its workers again.
    """
    import multiprocessing

    # What multiprocessing itself looks at before it refuses to start a process; there is no public name for it.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(_UNGUARDED_EXIT_CODE)


def start_unhearing(start: Callable[[], None]) -> None:
    """Start a process that never hears what a terminal or a service manager sends to a whole group of processes.

    Ignoring it by itself would be too late: until it has begun, Ctrl-C would end it with a traceback. On Windows there
    is no other way.
    """
    if not hasattr(signal, "pthread_sigmask"):
        start()
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when started by `start` it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stillborn(exit_code: int | None) -> ConfigError:
    """The error for a process that ended before it began."""
    remedy = "the log has the reason; is the installation complete?"
    if exit_code == _UNGUARDED_EXIT_CODE:
        remedy = 'put the call of sfr.run behind `if __name__ == "__main__":`, because every worker reads the script'
    return ConfigError(f"worker processes end before they begin (code {exit_code})", remedy=remedy)


def allow_open_files() -> None:
    """Lift the soft limit of open files, which workers inherit: each report in flight needs three, macOS allows 256."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(ValueError, OSError):  # a system that allows less stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
