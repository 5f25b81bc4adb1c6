"""Knows the workloads: which reports of which size belong to each, and generates their files once."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from data import BLOCK_ROWS, Layout

MEGABYTE = 1_000_000
TITLES = {
    "A": "33 reports, 0.27–272 MB, 1.40 GB in all",
    "B": "1,000 reports of 20 kB",
    "C": "100 reports of 20 kB, each 2 s to its first byte",
    "F27": "one report of 27 MB",
    "F272": "one report of 272 MB",
    "F1000": "one report of 1 GB",
}
FLAT = ("F27", "F272", "F1000")
CHECKSUM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True)
class Report:
    """One served report. `body_bytes` counts the file without its footer, `plain_sha256` its minimally quoted rows."""

    name: str
    id: str
    file: str
    total_bytes: int
    body_bytes: int
    records: int
    plain_sha256: str


@dataclass(frozen=True)
class Workload:
    """Reports that are asked for at once. `server` is "nginx" or "slow"."""

    key: str
    server: str
    reports: tuple[Report, ...]


@dataclass(frozen=True)
class _Plan:
    name: str
    target_bytes: int


def _plans() -> dict[str, list[_Plan]]:
    """A: 33 sizes in geometric order, 1.40 GB in all; B: 1,000 small ones; F: two more sizes for the flatness check."""
    smallest, largest, count = 0.27 * MEGABYTE, 272 * MEGABYTE, 33
    step = (largest / smallest) ** (1 / (count - 1))
    return {
        "A": [_Plan(f"sales_{number + 1:02d}", round(smallest * step**number)) for number in range(count)],
        "B": [_Plan(f"small_{number + 1:04d}", 20_000) for number in range(1000)],
        "F": [_Plan("one_27_mb", 27 * MEGABYTE), _Plan("one_1000_mb", 1000 * MEGABYTE)],
    }


def long_id(short_id: str) -> str:
    """15 → 18 characters: each of the three more says which of five characters are capitals."""
    chunks = (short_id[start : start + 5] for start in (0, 5, 10))
    bits = (sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z") for chunk in chunks)
    return short_id + "".join(CHECKSUM_LETTERS[value] for value in bits)


def _generate(folder: Path) -> Iterator[tuple[str, Report]]:
    layout = cache(Layout)
    serial = 0
    for key, plans in _plans().items():
        for plan in plans:
            serial += 1
            short_id = f"00O5eBm0000{serial:04d}"
            path = folder / f"{short_id}.csv"
            written = layout(12 + serial % 4).write(path, plan.name, plan.target_bytes, serial * 37 % BLOCK_ROWS)
            yield key, Report(plan.name, long_id(short_id), str(path), **asdict(written))


def _fingerprint() -> str:
    """Changes with the generator, so that stale data are never measured."""
    sources = (Path(__file__).with_name(name).read_bytes() for name in ("data.py", "workloads.py"))
    return hashlib.sha256(b"".join(sources)).hexdigest()


def _reports(folder: Path) -> dict[str, list[Report]]:
    index = folder / "index.json"
    if index.exists():
        stored = json.loads(index.read_text("utf-8"))
        if stored.pop("fingerprint") == [_fingerprint(), str(folder)]:
            return {key: [Report(**values) for values in reports] for key, reports in stored.items()}
    print(f"Generating 2.4 GB of reports in {folder} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    groups: dict[str, list[Report]] = {}
    for key, report in _generate(folder):
        groups.setdefault(key, []).append(report)
    content = {"fingerprint": [_fingerprint(), str(folder)]} | {k: [asdict(r) for r in v] for k, v in groups.items()}
    index.write_text(json.dumps(content), "utf-8")
    return groups


def load(folder: Path) -> dict[str, Workload]:
    """The workloads by key, in the order they are measured; generates the files when they are missing or stale."""
    groups = _reports(folder)
    single_27, single_1000 = groups["F"]
    workloads = (
        Workload("A", "nginx", tuple(groups["A"])),
        Workload("B", "nginx", tuple(groups["B"])),
        Workload("C", "slow", tuple(groups["B"][:100])),
        Workload("F27", "nginx", (single_27,)),
        Workload("F272", "nginx", (groups["A"][-1],)),
        Workload("F1000", "nginx", (single_1000,)),
    )
    return {workload.key: workload for workload in workloads}


def warm(workload: Workload) -> None:
    """Read the files once, so that no tool pays for the disk the server reads from."""
    for report in workload.reports:
        with Path(report.file).open("rb", buffering=0) as file:
            while file.read(MEGABYTE):
                pass
