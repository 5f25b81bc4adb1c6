"""Knows when a single setting is right, and what somebody meant who wrote a key that does not exist."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo, available_timezones

from sfr.errors import ConfigError
from sfr.similar_names import did_you_mean


def check_zone(name: str) -> str:
    """Return `name` when it is a time zone of the IANA database; raises ValueError with similar names."""
    cleaned = name.strip()
    try:
        ZoneInfo(cleaned)
    except (LookupError, ValueError, OSError):
        zones = {zone.lower(): zone for zone in available_timezones()}
        close = [zones[each] for each in difflib.get_close_matches(cleaned.lower(), zones)]
        hint = f"perhaps {' or '.join(close)}" if close else "write it as in Europe/Berlin or America/New_York"
        raise ValueError(f"is no known time zone; {hint}") from None
    return cleaned


def machine_zone() -> str | None:
    """The IANA name of this machine's time zone, or None where it does not tell one that is known."""
    import tzlocal

    try:
        return check_zone(tzlocal.get_localzone_name())
    except (LookupError, ValueError, OSError, TypeError, AttributeError):
        return None  # tzlocal fails in a different way on each system that is set up oddly


def unknown_keys(known: set[str], written: Iterable[str], environment: Iterable[str], prefix: str) -> list[str]:
    """Notices about keys that nothing reads: ours by their prefix, or in the file and close to a known one."""
    notices = []
    places = {key.upper(): "the environment" for key in environment if key.upper().startswith(prefix)}
    places |= dict.fromkeys(written, ".env")
    for key in sorted(places.keys() - known):
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
        if key.startswith(prefix) or close:
            hint = f"; did you mean {close[0]}?" if close else _hint_of_source(key)
            notices.append(f"{key} in {places[key]} is no setting and was ignored{hint}")
    return notices


def _hint_of_source(key: str) -> str:
    """What is missing where a key looks like that of a source with a name."""
    if key.endswith("_TYPE") and not re.fullmatch(r"\w+", key, re.ASCII):
        return f"; write {re.sub(r'[^A-Z0-9]', '_', key.upper())}"
    if found := re.fullmatch(r"(SFR_[A-Z0-9_]+)_(URL|USERNAME|PASSWORD|API_KEY)", key):
        return f"; a source needs its type too: {found[1]}_TYPE=…"
    return ""


def refuse_unknown_names(names: Iterable[str], known: Collection[str]) -> None:
    """Raise ConfigError when a setting is given by a name that does not exist."""
    for name in names:
        if name not in known:
            remedy = did_you_mean(name, known) or f"There are: {', '.join(known)}."
            raise ConfigError(f"{name} is no setting", remedy=remedy)
