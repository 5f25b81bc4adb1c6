"""The protocols that a source fulfils, and the tools it is handed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from sfr.errors import ConfigError
from sfr.model import Fetched, Report, Window

if TYPE_CHECKING:
    from pydantic import BaseModel

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A value that opens a source, and its generation: 1 for the first, one more at each renewal."""

    value: str
    generation: int

    def __repr__(self) -> str:
        return f"Session(generation={self.generation})"


class Sink(Protocol):
    """Where a source writes a report: bytes in order, from the header on.

    `point` is "" unless an earlier try of this very report called `keep`: then what it had written by then is there
    already, and the source goes on from that point, without a header. A source that writes without having asked for
    `point` begins anew, as after `restart`. `validator` is what the source said about the
    file delivered last, and "" when that file is not there unchanged.
    """

    @property
    def point(self) -> str: ...
    @property
    def validator(self) -> str: ...

    def write(self, data: bytes | memoryview, /) -> int: ...

    def keep(self, point: str) -> None:
        """All that was written so far is final and ends with a whole record: a later try, even after a crash, may go
        on from `point` (any text that the source understands; no secret). Cheap: call it as often as it is true."""

    def restart(self) -> None:
        """Forget all that was written and kept: the next byte is the first one."""

    def another(self, label: str) -> Sink:
        """A further file of the same report, delivered beside it as `name..label`, all of them or none.

        What was got before `restart` leads nowhere: ask for it again."""


class Asker(Protocol):
    """A person, or nobody. `interactive` is False where nobody can answer; then `hidden` must not be called."""

    interactive: bool

    def say(self, text: str) -> None: ...
    def hidden(self, prompt: str) -> str: ...


def _no_other_source(name: str) -> Any:
    raise ConfigError(f"there is no other source {name!r} here")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a source gets beside its Config.

    `session` is the session as it is now. `turn` waits until one more request may be sent; give it to the HTTP client,
    which asks before each request. `config_of` gives the configuration of another source of the same type, which the
    report is read from too (`Reference.sources`); it raises ConfigError for any other. `say` shows a person what the
    report is doing just now; `log` is for whoever looks into the log afterwards. `stopped` says whether the run is
    being stopped.
    """

    name: str
    session: Callable[[], Session]
    stopped: Callable[[], bool] = lambda: False
    turn: Callable[[], None] = lambda: None
    say: Callable[[str], None] = lambda _text: None
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("sfr.source"))
    config_of: Callable[[str], Any] = _no_other_source


@dataclass(frozen=True, slots=True, repr=False)
class Door:
    """What a source gets to sign in with: the value that no longer works ("" at the start of a run), the value that
    `keep` stored in an earlier run ("" when there is none), a person to ask."""

    dead: str
    asker: Asker
    kept: Callable[[], str] = lambda: ""
    keep: Callable[[str], None] = lambda _value: None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wrote to name a report: the text, the parameters, the options that are for the source alone (held
    to its `Options`), whether odd ids shall pass, the window, if there is one, and the source's own address ("" for
    a source without one, None where it is not known). Dates are filled in."""

    text: str
    params: Pairs = ()
    options: dict[str, Any] = field(default_factory=dict)
    allow_bad_ids: bool = False
    window: Window | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A report as its source knows it: the reference, the parameters to send, the format they lead to.

    `many` marks one that stands for several reports and is to be expanded (`Expanding`). `notices` are for the user.
    `sources` are the names of others of the same type that it is read from beside its own.
    """

    ref: str
    params: Pairs = ()
    options: dict[str, Any] = field(default_factory=dict)
    format: str = "csv"
    notices: tuple[str, ...] = ()
    many: bool = False
    sources: tuple[str, ...] = ()


class ReferenceProblem(ValueError):
    """What is wrong with a reference: the list's column, the value (fit to be shown), why, and what to do."""

    def __init__(self, column: str, value: str, message: str, remedy: str) -> None:
        super().__init__(column, value, message, remedy)
        self.column, self.value, self.message, self.remedy = column, value, message, remedy


class Source(Protocol):
    """A place reports come from. One instance per worker thread and configured name; built as `Class(config, tools)`.

    The implementer promises: write to `into` and nothing else; start no threads; read no environment; do not
    retry; raise only the errors of `sfr.errors` (AuthError when the session is dead). The docstring of the class and
    the descriptions of Config's fields are what the user is told. What else a source can do is told by the further
    protocols below.
    """

    Config: ClassVar[type[BaseModel]]

    def check(self) -> None:
        """May we talk? Cheap; raises AuthError or ConfigError."""

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the report's bytes to `into`, without any trailer, and say what was written."""

    def abort(self) -> None:
        """Called from another thread: make a blocked `fetch` fail soon."""

    def close(self) -> None: ...


@runtime_checkable
class Referring(Protocol):
    """A source that understands more than a plain id: addresses, parameters of its own. Nothing is asked or opened."""

    @staticmethod
    def read_reference(wanted: Wanted) -> Reference:
        """Raises ReferenceProblem."""


@runtime_checkable
class HavingOptions(Protocol):
    """A source whose reports have options of their own, each declared once: a pydantic model with descriptions."""

    Options: ClassVar[type[BaseModel]]


@runtime_checkable
class UsingWindows(Protocol):
    """A source that reads `Report.window` by itself. Of others the window only fills `{window.start}` and its like,
    and a list with a window that nothing uses is told so."""

    uses_window: ClassVar[bool]


@runtime_checkable
class MarkingNull(Protocol):
    """A source whose files tell no value from an empty text, also where the list says nothing about that."""

    @property
    def null(self) -> str:
        """What stands for no value, without quotes, in a report that does not say so itself; as `Fetched.null`."""


@runtime_checkable
class SigningIn(Protocol):
    """A source with sessions. They are got in one place for all workers, at the start and when one has died."""

    @classmethod
    def sign_in(cls, config: Any, door: Door) -> str:
        """A session value that works. Raises AuthError without one, TransientError when nobody can be asked now."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A report that a source offers: `ref` is what goes into the list's column id."""

    ref: str
    name: str
    folder: str = ""
    kind: str = ""


@runtime_checkable
class Listing(Protocol):
    """A source that can say which reports it has."""

    def list_reports(self, search: str) -> Iterator[Listed]:
        """Those whose name holds `search` ("" for all), in the source's order."""


@runtime_checkable
class Expanding(Protocol):
    """A source with references that stand for several reports, such as a dashboard."""

    def expand(self, report: Report) -> Iterator[tuple[Listed, Reference]]:
        """What `report` (whose `many` is set) stands for just now. `fetch` of such a report raises ReportError."""
