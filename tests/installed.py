"""Makes connectors known to sfr as an installed package would, without installing anything."""

from __future__ import annotations

from pathlib import Path


def install(folder: Path, name: str, sources: dict[str, str], destinations: dict[str, str] | None = None) -> Path:
    """A folder for PYTHONPATH with the metadata of a package whose entry points are these (type → module:Class)."""
    place = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    lines = []
    for group, entries in (("sfr.sources", sources), ("sfr.destinations", destinations or {})):
        lines += [f"[{group}]", *(f"{kind} = {target}" for kind, target in entries.items())]
    (place / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
