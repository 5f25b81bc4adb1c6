"""Turns values by name into the parameter objects that Metabase takes; a name that it would pass over is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sfr.connector import Pairs
from sfr.errors import ReportError

_TAG_TYPES = {"number": "number/=", "date": "date/single", "boolean": "boolean/="}
_TAGS_IN_SQL = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

Values = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a question or dashboard: the names a person may give it, and its parameter object without value."""

    names: tuple[str, ...]
    object: dict[str, Any]
    default: Any = None


def values_by_name(params: Pairs, given: Mapping[str, Any]) -> Values:
    """What the list and the options say; a name that stands several times has several values."""
    values: Values = {}
    for name, value in params:
        values.setdefault(name, []).append(value)
    for name, value in given.items():
        if name not in values:
            values[name] = list(value) if isinstance(value, (list, tuple)) else [value]
    return values


def filters_of_question(card: Mapping[str, Any]) -> list[Filter]:
    """The template tags of a native question. Others have none: Metabase takes no parameters for them."""
    objects = {_tag_of(item): item for item in _objects(card.get("parameters")) if _tag_of(item)}
    filters = []
    for name, tag in _template_tags(card).items():
        if tag.get("type") in ("card", "snippet", "temporal-unit-snippet"):
            continue
        known = objects.get(name, {})
        names = (name, *(str(known[key]) for key in ("slug", "name", "id") if known.get(key)))
        filters.append(Filter((*names, str(tag.get("display-name") or name)), _object_of(name, tag, known)))
    return filters


def filters_of_dashboard(dashboard: Mapping[str, Any], *, defaults: bool = True) -> list[Filter]:
    """The filters on top of a dashboard, with the values they begin with unless `defaults` is off."""
    filters = []
    for item in _objects(dashboard.get("parameters")):
        names = tuple(str(item[key]) for key in ("slug", "name", "id") if item.get(key))
        default = item.get("default") if defaults else None
        filters.append(Filter(names, {"id": item.get("id"), "type": item.get("type")}, default))
    return filters


def filters_of_sql(sql: str, values: Values) -> tuple[dict[str, Any], list[Filter]]:
    """The `{{tags}}` of a query of one's own, declared as Metabase wants them, by what their values look like."""
    tags: dict[str, Any] = {}
    for name in dict.fromkeys(_TAGS_IN_SQL.findall(sql)):
        if not name.startswith(("snippet:", "#")):
            kind = _kind_of(values.get(name, []))
            tags[name] = {"id": name, "name": name, "display-name": name, "type": kind}
    return tags, [Filter((name,), _object_of(name, tag, {})) for name, tag in tags.items()]


def with_values(filters: Iterable[Filter], values: Values, of_what: str) -> list[dict[str, Any]]:
    """The parameter objects to send. A default is sent too: Metabase leaves that to the page that shows a dashboard.

    Raises ReportError for a name that no filter has.
    """
    chosen: dict[int, list[Any]] = {}
    filters = list(filters)
    for name, wanted in values.items():
        chosen[_index_of(name, filters, of_what)] = wanted
    objects = []
    for index, item in enumerate(filters):
        if index in chosen:
            objects.append({**item.object, "value": _value(item.object, chosen[index])})
        elif item.default not in (None, "", []):
            objects.append({**item.object, "value": item.default})
    return objects


def unconnected(dashboard: Mapping[str, Any], dashcard: str, card: str, values: Values) -> list[str]:
    """Names among `values` of filters that the dashboard does not apply to this card: they have no effect there."""
    filters = filters_of_dashboard(dashboard)
    connected = {
        mapping.get("parameter_id")
        for item in cards_on(dashboard)
        if str(item.get("id")) == dashcard
        for mapping in _objects(item.get("parameter_mappings"))
        if str(mapping.get("card_id") or item.get("card_id")) == card
    }
    return [name for name in values if filters[_index_of(name, filters, "")].object["id"] not in connected]


def cards_on(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The places on a dashboard, whatever its version calls them."""
    return _objects(dashboard.get("dashcards") or dashboard.get("ordered_cards"))


def _index_of(name: str, filters: list[Filter], of_what: str) -> int:
    for same in (str, str.casefold):
        for index, item in enumerate(filters):
            if same(name) in map(same, item.names):
                return index
    known = ", ".join(item.names[0] for item in filters if item.names)
    raise ReportError(
        f"{of_what} has no filter named {name}",
        reason="parameter",
        remedy=f"its filters are: {known}" if known else "it has none; only native questions with variables have",
    )


def _object_of(name: str, tag: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """As Metabase's own page would write it. `category` fits each kind of text variable in each version."""
    dimension = tag.get("type") == "dimension"
    widget = str(tag.get("widget-type") or "")
    if dimension:
        kind = widget if widget not in ("", "none") else "category"
    else:
        kind = _TAG_TYPES.get(str(tag.get("type")), "category")
    target = ["dimension" if dimension else "variable", ["template-tag", name]]
    found = {"type": known.get("type") or kind, "target": known.get("target") or target}
    return {"id": known["id"], **found} if known.get("id") else found


def _value(item: Mapping[str, Any], wanted: list[Any]) -> Any:
    """Filters of the newer kinds (`string/=`) take a list, when they stand for a column; an empty value takes the
    filter away."""
    values = [value for value in wanted if value not in (None, "")]
    if not values:
        return None
    family, _, operator = str(item.get("type")).partition("/")
    target = item.get("target")
    variable = isinstance(target, list) and target[:1] == ["variable"]
    if operator and family in ("string", "number", "boolean") and not variable:
        return values
    return values if len(values) > 1 else values[0]


def _template_tags(card: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of a native question; from version 57 on the query is a list of stages."""
    query = card.get("dataset_query")
    query = query if isinstance(query, dict) else {}
    native = query.get("native")
    places = [native if isinstance(native, dict) else {}, *_objects(query.get("stages"))]
    found: dict[str, dict[str, Any]] = {}
    for place in places:
        tags = place.get("template-tags")
        if isinstance(tags, dict):
            found.update({name: tag for name, tag in tags.items() if isinstance(tag, dict)})
        else:
            found.update({str(tag["name"]): tag for tag in _objects(tags) if tag.get("name")})
    return found


def _tag_of(item: Mapping[str, Any]) -> str:
    target = item.get("target")
    last = target[1] if isinstance(target, list) and len(target) > 1 else None
    return str(last[1]) if isinstance(last, list) and last[:1] == ["template-tag"] and len(last) > 1 else ""


def _kind_of(values: list[Any]) -> str:
    if values and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "number"
    if len(values) == 1 and isinstance(values[0], str) and _DATE.fullmatch(values[0]):
        return "date"
    return "text"


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
