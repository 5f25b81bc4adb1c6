"""Weighs rows that came, the server's counts and the chart's limit: is it all, and what must people hear?"""

from __future__ import annotations

from dataclasses import dataclass

from sfr.errors import TransientError
from sfr.model import Proof
from sfr.sources.superset.counts import is_small

OTHER_WAY = (
    "Superset could not stream these rows and wrote them through pandas: numbers of columns with gaps as 1.0, "
    "a ' before formulas (values=shown asks for that, and ends this warning)"
)
MADE_OF_A_PART = "a limit of the server left out rows that the result is made of (a sum, a moving average)"
MIXED = (
    "the rows came in {pages} parts, and Superset may write a number as 1 in one and as 1.0 in another: "
    "leave out values=shown, or have the chart ask for at most {rows:,} rows"
)


@dataclass(frozen=True, slots=True)
class Part:
    """How one query went; as `Fetched`."""

    records: int | None
    proof: Proof
    warnings: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """What is known when the last page has come.

    `added` are rows that came before a border while the pages were read, and are in none of them. `counted` is what
    the server told when the report began, and `recounted` what it tells now, if it told more then than are explained.
    `more` says whether a row is behind those that came; None: nobody knows. `ended` is the proof of answers that end as
    they announced. `twins` says that the rows at a border of pages were alike.
    """

    rows: int
    added: int
    limit: int | None
    counted: int | None
    recounted: int | None
    more: bool | None
    ended: Proof
    twins: bool


def of_pages(pages: Pages) -> Part:
    """The proof, with a warning or a doubt."""
    rows, counted, ended = pages.rows, pages.counted, pages.ended
    if rows == pages.limit and (counted is None or counted > rows):
        return Part(None, ended, (cut_by_chart(rows, None if counted is None else True),))
    if counted is None:
        return _of_uncounted(pages)
    if counted == rows and not pages.added:
        return Part(rows, Proof.COUNT)
    changed = f"{rows:,} rows came and the server counted {counted:,} when it began: the data changed meanwhile"
    known = rows + pages.added >= counted or pages.recounted == rows + pages.added
    if pages.twins:  # one that was added before them looks like one of them
        return Part(None, ended, doubt=f"{changed}, and some rows are alike: one may be there twice or be missing")
    return Part(None, ended, (changed,)) if known else Part(None, ended, doubt=f"{changed}, or rows are missing")


def _of_uncounted(pages: Pages) -> Part:
    if pages.more:
        more = f"{pages.rows:,} rows came, and there are more: they are added faster than they can be read"
        return Part(None, pages.ended, doubt=more)
    if pages.more is None:
        return Part(None, pages.ended, doubt="" if is_small(pages.rows) else maybe_cut(pages.rows))
    return Part(pages.rows, Proof.COUNT)


def moved(rows: int) -> TransientError:
    """The row at place `rows` is not where it was, so that some would come twice or be missed."""
    return TransientError(
        f"the data changed while they were read: the row at place {rows:,} is no longer there or no longer the same",
        reason="moved",
        max_attempts=3,
        remedy="Order the pages by columns that never change and only grow (unique_by), have fewer pages (page_rows), "
        "or narrow the report to what is final.",
    )


def cut_by_chart(limit: int, more: bool | None) -> str:
    """A warning: the chart itself asks for no more."""
    there = "there may be" if more is None else "there are"
    return f"exactly as many rows as the chart's row limit of {limit:,}, and {there} more: rows=all gets every one"


def maybe_cut(rows: int) -> str:
    """Nobody could say whether these are all."""
    return f"exactly {rows:,} rows came: that may be a limit of the server, and the rest missing"
