"""How the `sid` row is found in the cookie files of everyday browsers, and why it often cannot be read.

Only that one row is copied, still encrypted, into a private file for browser-cookie3: a broken neighbour row cannot
spoil it, no other cookie is ever decrypted, and the freshest of several profiles can be tried first.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sfr import child_programs
from sfr.sources.salesforce.session import browsers
from sfr.sources.salesforce.session.browsers import Profile
from sfr.sources.salesforce.session.values import Candidate, Offers, Reason, SessionSettings, Step

LIMIT_SECONDS = 15.0
_BUSY_SECONDS = 1.0
_NO_ANSWER = "unreadable answer"
_READER = "sfr.sources.salesforce.session.read_cookie"
# The columns that browser-cookie3 reads; it learns from meta whether a hash of the host precedes the value.
_COLUMNS = ("host_key", "path", "is_secure", "expires_utc", "name", "value", "encrypted_value", "is_httponly")


@dataclass(frozen=True, slots=True)
class _Row:
    """One `sid` row as the browser stored it; `updated` orders rows of different profiles."""

    profile: Profile
    updated: int
    columns: tuple[object, ...] = field(repr=False)
    version: str | None

    @property
    def protection(self) -> str:
        """The three letters that say how the value is encrypted; empty for an unencrypted one."""
        encrypted = self.columns[_COLUMNS.index("encrypted_value")]
        return encrypted[:3].decode("latin-1") if isinstance(encrypted, bytes) else ""


def offers(settings: SessionSettings, limit_seconds: float = LIMIT_SECONDS) -> Offers:
    """Each `sid` for exactly this host, newest first over all channels and profiles, within `limit_seconds`."""
    link = f"{settings.browser} cookies"
    deadline = time.monotonic() + limit_seconds
    try:
        found = list(_profiles(settings))
        wanted = [
            each for each in found if settings.browser_profile is None or each.is_called(settings.browser_profile)
        ]
        if not found:
            yield Step(link, Reason.NOT_INSTALLED, "no profile of this browser here")
        elif not wanted and settings.browser_profile is not None:
            names = ", ".join(sorted(each.directory.name for each in found))
            yield Step(link, Reason.ABSENT, f"no profile {settings.browser_profile!r}, there are: {names}")
        own = browsers.profiles(settings.window_directory)
        read = _firefox_offers if settings.browser == "firefox" else _chromium_offers
        yield from read(settings, [*wanted, *own], link, deadline)
    except OSError as error:
        yield Step(link, Reason.ERROR, f"{type(error).__name__}: {error.filename}")


def _profiles(settings: SessionSettings) -> Iterator[Profile]:
    read = browsers.firefox_profiles if settings.browser == "firefox" else browsers.profiles
    for directory in browsers.data_directories(browsers.BROWSERS[settings.browser], browsers.this_machine()):
        yield from read(directory)


def _chromium_offers(settings: SessionSettings, profiles: list[Profile], link: str, deadline: float) -> Offers:
    rows: list[_Row] = []
    failed = False
    for profile in profiles:
        try:
            rows += _rows(profile, settings.cookie_host)
        except sqlite3.DatabaseError as error:
            failed = True
            yield Step(link, _file_reason(error), f"profile {_label(profile)}")
    if profiles and not rows and not failed:
        yield Step(link, Reason.ABSENT, f"no sid for {settings.cookie_host} in {len(profiles)} profile(s)")
    for row in sorted(rows, key=lambda row: row.updated, reverse=True):
        if row.protection == "v20":
            yield Step(link, Reason.APP_BOUND, f"profile {_label(row.profile)}")
        else:
            yield from _decrypted(settings, row, link, deadline)


def _rows(profile: Profile, host: str) -> list[_Row]:
    """The `sid` rows of a profile for exactly this host. Raises sqlite3.DatabaseError."""
    places = (profile.directory / "Network" / "Cookies", profile.directory / "Cookies")
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return []
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as store:
        store.row_factory = sqlite3.Row
        query = "SELECT * FROM cookies WHERE name = 'sid' AND host_key IN (?, ?)"
        rows = store.execute(query, (host, f".{host}")).fetchall()
        if not rows:
            return []
        version = store.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    updated = "last_update_utc" if "last_update_utc" in rows[0].keys() else "creation_utc"  # noqa: SIM118
    return [
        _Row(profile, row[updated], tuple(row[name] for name in _COLUMNS), str(version[0]) if version else None)
        for row in rows
    ]


def _file_reason(error: sqlite3.DatabaseError) -> Reason:
    """Edge on Windows opens its cookie file without sharing it: SQLite then says "unable to open"."""
    text = str(error)
    return Reason.LOCKED if "locked" in text or "unable to open" in text else Reason.ERROR


def _decrypted(settings: SessionSettings, row: _Row, link: str, deadline: float) -> Offers:
    with tempfile.TemporaryDirectory(prefix="sfr-", ignore_cleanup_errors=True) as private:
        copy = Path(private) / "Cookies"
        _copy(row, copy)
        key_file = row.profile.data_directory / "Local State"
        answer = _ask_reader(settings, copy, key_file if key_file.is_file() else None, deadline)
    if isinstance(answer, str):
        reason = _reader_reason(answer, otherwise=Reason.NO_KEY)
        yield Step(link, reason, f"profile {_label(row.profile)}, {answer}")
    elif not answer:
        # browser-cookie3 hands back nothing, and no error, for a protection it does not know.
        yield Step(link, Reason.NO_KEY, f"profile {_label(row.profile)}, protection {row.protection!r}")
    else:
        yield from (Candidate(link, value, f"profile {_label(row.profile)}") for value in answer)


def _copy(row: _Row, file: Path) -> None:
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as copy, copy:
        copy.execute(f"CREATE TABLE cookies ({', '.join(_COLUMNS)})")
        copy.execute("INSERT INTO cookies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row.columns)
        if row.version is not None:
            copy.execute("CREATE TABLE meta (key, value)")
            copy.execute("INSERT INTO meta VALUES ('version', ?)", (row.version,))


def _firefox_offers(settings: SessionSettings, profiles: list[Profile], link: str, deadline: float) -> Offers:
    """Firefox encrypts nothing; its session cookies are in its session store, which browser-cookie3 reads as well."""
    values = 0
    for profile in sorted(profiles, key=_firefox_age, reverse=True):
        answer = _ask_reader(settings, profile.directory / "cookies.sqlite", None, deadline)
        if isinstance(answer, str):
            yield Step(link, _reader_reason(answer, otherwise=Reason.ERROR), f"profile {_label(profile)}, {answer}")
            continue
        values += len(answer)
        yield from (Candidate(link, value, f"profile {_label(profile)}") for value in answer)
    if profiles and not values:
        yield Step(link, Reason.ABSENT, f"no sid for {settings.cookie_host} in {len(profiles)} profile(s)")


def _firefox_age(profile: Profile) -> float:
    files = (profile.directory / "cookies.sqlite", profile.directory / "sessionstore-backups" / "recovery.jsonlz4")
    return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def _ask_reader(settings: SessionSettings, file: Path, key_file: Path | None, deadline: float) -> list[str] | str:
    """The values that browser-cookie3 finds, or the name of what went wrong.

    A process of its own, because decrypting may crash, print, or wait for a Keychain dialog that nobody answers. The
    value comes back through its pipe; what browser-cookie3 copies aside lands in a directory that goes away.
    """
    with tempfile.TemporaryDirectory(prefix="sfr-", ignore_cleanup_errors=True) as private:
        arguments = [settings.browser, str(file), str(key_file or ""), settings.cookie_host]
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), private)
        try:
            code, output = child_programs.run_module(
                _READER, arguments, limit_seconds=deadline - time.monotonic(), changes=places
            )
        except child_programs.TooSlow:
            return "TooSlow"
    if code != 0:
        return f"exit code {code}"  # it crashed: nothing was decided
    try:
        answer = json.loads(output)
        return str(answer["error"]) if "error" in answer else [str(value) for value in answer["values"]]
    except (ValueError, LookupError, TypeError):  # something printed beside it, such as a sitecustomize
        return _NO_ANSWER


def _reader_reason(answer: str, *, otherwise: Reason) -> Reason:
    """A key that cannot be had shows as one of many errors: KeyError and OSError without D-Bus, BrowserCookieError …"""
    if answer == "TooSlow":
        return Reason.TIMEOUT
    if answer in ("ImportError", "ModuleNotFoundError"):
        return Reason.NOT_INSTALLED
    return Reason.ERROR if answer.startswith(("exit code", _NO_ANSWER)) else otherwise


def _label(profile: Profile) -> str:
    name = profile.directory.name
    return f"{name} ({profile.shown_name})" if profile.shown_name else name
