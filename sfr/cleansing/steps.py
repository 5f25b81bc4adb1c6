"""Knows which step does what, and plans all steps of a report before a record is read."""

from __future__ import annotations

from typing import Any

from sfr.cleansing.dedupe import Dedupe
from sfr.cleansing.layout import Layout
from sfr.cleansing.picking import Filter, Pick
from sfr.cleansing.plan import check_steps
from sfr.cleansing.sorting import Sort
from sfr.cleansing.stage import Setting, Stage
from sfr.errors import ReportError
from sfr.model import Shape


def stages_of(shape: Shape, layout: Layout, setting: Setting) -> list[Stage]:
    """What the steps of a report do, in their order; `layout` has the columns that go in, and then those that come
    out. Raises InvalidReport for columns that are not there, ReportError for steps that cannot be understood."""
    if problems := check_steps(shape.steps, shape.types):
        raise ReportError(problems[0].message, reason="steps", remedy=problems[0].remedy)
    stages: list[Stage] = []
    for number, (name, value) in enumerate(shape.steps, 1):
        label = f"step {number} ({name})"
        if name == "rename":
            layout.rename(value, label)
        else:
            stages.append(_stage(name, value, label, layout, setting))
    return stages


def _stage(name: str, value: Any, label: str, layout: Layout, setting: Setting) -> Stage:
    if name in ("drop", "keep"):
        return Pick(name, value, label, layout)
    if name == "filter":
        return Filter(value, label, layout, setting)
    kind = Dedupe if name == "dedupe" else Sort
    return kind(value, label, layout, setting)
