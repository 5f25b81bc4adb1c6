"""Knows what a Metabase has to offer: its questions, models, metrics and dashboards, and the cards on a dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sfr.connector import Listed
from sfr.errors import ReportError
from sfr.sources.metabase.parameters import cards_on
from sfr.sources.metabase.target import Target

PAGE = 500
# The search gives no more than this of all that it finds (`search.config/max-filtered-results`).
SEARCH_LIMIT = 1000
_KINDS = {"card": "question", "dataset": "model", "metric": "metric", "dashboard": "dashboard"}

Ask = Callable[[str], Any]


def offered(ask: Ask, search: str) -> Iterator[Listed]:
    """Questions and dashboards whose name holds `search`, in letters of any case.

    `ask` gives the JSON at a path. The server's own search is not given the word: newer ones find whole words only.
    """
    found = _by_search(ask)
    for item in found if found is not None else _by_lists(ask):
        if search.casefold() in item.name.casefold():
            yield item


def _by_search(ask: Ask) -> list[Listed] | None:
    """None where the search may have kept something back, or is unknown (servers before version 40)."""
    kinds = "&".join(f"models={kind}" for kind in _KINDS)
    found: list[Listed] = []
    while True:
        try:
            answer = ask(f"/api/search?{kinds}&limit={PAGE}&offset={len(found)}")
        except ReportError:
            return None
        items = _items(answer)
        found += [_listed(item, str(item.get("model"))) for item in items]
        total = answer.get("total") if isinstance(answer, dict) else None
        if not isinstance(total, int) or max(total, len(found)) >= SEARCH_LIMIT:
            return None
        if not items or len(found) >= total:
            return found


def _by_lists(ask: Ask) -> Iterator[Listed]:
    for path, kind in (("/api/card?f=all", "card"), ("/api/dashboard?f=all", "dashboard")):
        for item in _items(ask(path)):
            if not item.get("archived"):
                yield _listed(item, _model_of(item) if kind == "card" else kind)


def cards_of(dashboard: Mapping[str, Any], target: Target) -> Iterator[tuple[Listed, Target]]:
    """Each question on a dashboard, further series of a chart too; texts, links and buttons are none."""
    folder = str(dashboard.get("name") or "")
    for place in cards_on(dashboard):
        dashcard = str(place.get("id"))
        settings = place.get("visualization_settings")
        title = settings.get("card.title") if isinstance(settings, dict) else None
        cards = [(place.get("card_id"), title, place.get("card"))]
        cards += [(card.get("id"), None, card) for card in place.get("series") or [] if isinstance(card, dict)]
        for number, shown, card in cards:
            if number is None:
                continue
            named = card.get("name") if isinstance(card, dict) else None
            found = Target(str(number), target.dashboard, dashcard, target.public)
            yield Listed(found.ref, str(shown or named or f"card {number}"), folder, "question"), found


def _items(answer: Any) -> list[dict[str, Any]]:
    items = answer.get("data") if isinstance(answer, dict) else answer
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _model_of(card: Mapping[str, Any]) -> str:
    kind = {"model": "dataset", "metric": "metric"}.get(str(card.get("type")), "card")
    return "dataset" if card.get("dataset") is True else kind


def _listed(item: Mapping[str, Any], model: str) -> Listed:
    collection = item.get("collection")
    folder = collection.get("name") if isinstance(collection, dict) else ""
    prefix = "dashboard" if model == "dashboard" else "card"
    name, kind = str(item.get("name") or ""), _KINDS.get(model, "question")
    return Listed(f"{prefix}:{item.get('id')}", name, str(folder or ""), kind)
