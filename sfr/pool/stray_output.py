"""Takes what code of others, such as a connector, writes to standard output: that is for the process of the run."""

from __future__ import annotations

import io
import itertools
import logging
import os
import sys
import threading
from contextlib import suppress

log = logging.getLogger("sfr.pool")

_STDOUT = 1
_MARK = "\0read until here "
_PATIENCE_SECONDS = 1.0


class StrayOutput:
    """From now on whatever reaches the descriptor of standard output, from this process and the programs that it
    starts, becomes lines of the log: `--json` promises to be alone there. Where there is no such descriptor (Windows
    without a console), nothing can reach it either."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._awaited: dict[str, threading.Event] = {}
        self._is_taken = False
        with suppress(OSError):
            os.fstat(_STDOUT)
            reading, writing = os.pipe()
            os.dup2(writing, _STDOUT)
            os.close(writing)
            self._is_taken = True
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(line_buffering=True)  # a worker ends without emptying its buffers
            threading.Thread(target=self._log_lines, args=(reading,), daemon=True, name="stray output").start()

    def settle(self) -> None:
        """Wait until all that was written before is in the log; not for ever, since anybody may have closed it."""
        if not self._is_taken:
            return
        number = str(next(self._numbers))
        self._awaited[number] = threading.Event()
        with suppress(OSError):
            os.write(_STDOUT, f"{_MARK}{number}\n".encode())
            self._awaited[number].wait(_PATIENCE_SECONDS)
        del self._awaited[number]

    def _log_lines(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                text, mark, number = line.rstrip("\n").partition(_MARK)
                if text or not mark:
                    log.info("printed: %s", text)
                if (awaited := self._awaited.get(number)) is not None:
                    awaited.set()
