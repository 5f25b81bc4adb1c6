"""Starts the small org on loopback, in this process (`DemoOrg`) or in one of its own (`OrgProcess`)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from sfr.demo.doors import DEMO_PASSWORD, DEMO_SID, DEMO_USERNAME, Policy
from sfr.demo.memory import Memory, Received
from sfr.demo.server import OrgServer, Plan, report_key

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["DEMO_PASSWORD", "DEMO_SID", "DEMO_USERNAME", "DemoOrg", "OrgProcess", "Plan", "Received", "serve"]

_POLL_SECONDS = 0.01
_START_SECONDS = 30.0
_STOP_SECONDS = 2.0


class DemoOrg:
    """An org that listens from the moment it is built until `stop`; a context manager.

    `plan` maps report ids (15 or 18 characters) to one behaviour or to one per attempt, the last for all further
    ones; other ids are not found. `sids` are the sessions accepted at first. With `expire_after_answers` all of them
    die after so many answered reports. The rest is explained at `Policy`. Raises OSError when the port is taken.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        sids: Iterable[str] = (DEMO_SID,),
        host: str = "127.0.0.1",
        port: int = 0,
        username: str = DEMO_USERNAME,
        password: str = DEMO_PASSWORD,
        early_sid: str = "",
        tokens: Mapping[str, str] | None = None,
        rest: Literal["open", "closed", "quota", "maintenance"] = "open",
        root: Literal["redirect", "script"] = "redirect",
        expire_after_answers: int | None = None,
    ) -> None:
        policy = Policy(username, password, early_sid, dict(tokens or {}), rest, root)
        self._memory = Memory(sids, expire_after_answers)
        self._server = OrgServer((host, port), plan, policy, self._memory)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="demo-org", daemon=True
        )
        self._thread.start()

    @property
    def host(self) -> str:
        """Address and port, as in a URL."""
        return f"{self._server.server_name}:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return f"http://{self.host}"

    @property
    def requests(self) -> list[Received]:
        """Every request so far, in order of arrival."""
        return self._memory.requests()

    def count(self, report_id: str) -> int:
        """How many requests for this report its behaviours answered; those refused for their session do not count."""
        return self._memory.count(report_key(report_id))

    def admit(self, sid: str) -> None:
        """Accept `sid` from now on."""
        self._memory.admit(sid)

    def expire(self) -> None:
        """Refuse every session accepted so far."""
        self._memory.expire()

    def stop(self) -> None:
        """Close the port and all connections; a second call does nothing."""
        if self._memory.stopping.is_set():
            return
        self._memory.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(plan: Plan, connection: Connection, options: Mapping[str, Any]) -> None:
    """Run a DemoOrg until the other end of `connection` says stop or is gone; the body of an OrgProcess.

    First its host goes out (or the error that kept it from starting), then each (name, arguments) is answered.
    """
    import signal

    # Ctrl-C reaches every process of a terminal; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        org = DemoOrg(plan, **options)
    except OSError as error:
        connection.send(error)
        return
    with org:
        connection.send(org.host)
        while True:
            try:
                name, arguments = connection.recv()
            except (EOFError, OSError):
                return
            if name == "stop":
                return
            found = getattr(org, name)
            connection.send(found(*arguments) if callable(found) else found)


class OrgProcess:
    """A DemoOrg in a spawned process, so that it shares no interpreter with whoever downloads; a context manager.

    Takes the same arguments as DemoOrg. Raises OSError when it cannot listen or its process does not come up.
    Safe to ask from several threads.
    """

    def __init__(self, plan: Plan, **options: Any) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._lock = threading.Lock()
        self._process = context.Process(target=serve, args=(dict(plan), theirs, options), name="demo-org", daemon=True)
        self._process.start()
        theirs.close()
        self.host = self._first_word()

    def _first_word(self) -> str:
        try:
            word = self._connection.recv() if self._connection.poll(_START_SECONDS) else TimeoutError("no sign of life")
        except EOFError:
            word = OSError("its process ended at once")
        if isinstance(word, OSError):
            self._process.kill()
            raise OSError(f"the demo org did not start: {word}") from word
        return str(word)

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return f"http://{self.host}"

    def requests(self) -> list[Received]:
        """See DemoOrg."""
        found: list[Received] = self._ask("requests")
        return found

    def count(self, report_id: str) -> int:
        """See DemoOrg."""
        return int(self._ask("count", report_id))

    def admit(self, sid: str) -> None:
        """See DemoOrg."""
        self._ask("admit", sid)

    def expire(self) -> None:
        """See DemoOrg."""
        self._ask("expire")

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        with self._lock:
            if self._connection.closed:
                return
            if self._process.is_alive():
                self._connection.send(("stop", ()))
            self._connection.close()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _ask(self, name: str, *arguments: str) -> Any:
        with self._lock:
            self._connection.send((name, arguments))
            return self._connection.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
