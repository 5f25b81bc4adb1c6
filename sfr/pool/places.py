"""Opens the destinations of jobs in one thread of a worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfr import plugins
from sfr.errors import DeliveryError
from sfr.model import Job

if TYPE_CHECKING:
    from sfr.pool.worker import Setup

FOLDER = "folder"


class Shelves:
    """The destinations that one thread has opened; those with a name of their own stay open for its next job."""

    def __init__(self, setup: Setup, run_pid: int) -> None:
        self._setup, self._run_pid = setup, run_pid
        self._opened: dict[str, Any] = {}

    def of(self, job: Job) -> list[Any]:
        """The destinations of the job's places, in their order. Raises DeliveryError for one that is broken."""
        return [self._shelf(place.destination, Path(job.report.folder)) for place in job.report.places]

    def _shelf(self, name: str, folder: Path) -> Any:
        if name == FOLDER:
            connector = plugins.destination_class(FOLDER)
            may_create = folder.is_relative_to(self._setup.output)
            return connector(connector.Config(directory=folder, may_create=may_create, owner_pid=self._run_pid))
        if name not in self._opened:
            if name not in self._setup.destinations:
                raise DeliveryError(
                    f"the destination {name} cannot be used: its connector is broken",
                    remedy=f"`sfr connectors {name}` tells why",
                )
            kind, config = self._setup.destinations[name]
            self._opened[name] = plugins.destination_class(kind)(config)
        return self._opened[name]
