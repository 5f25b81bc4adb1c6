"""Knows the `config.ini` of LinkDownloader, and which settings of ours say the same: a server and its log-in."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sfr.atomic import replacing
from sfr.errors import ConfigError
from sfr.redaction import remember_secret
from sfr.settings.env_file import decode_settings, parse_env

SOURCE = "superset"  # LinkDownloader logged in by the page of Superset, whatever the server was
PASSWORD_KEY = "SFR_SUPERSET_PASSWORD"  # noqa: S105 (the name of a setting)
OUTPUT_KEY = "SFR_OUTPUT"

_SECTIONS = {"username": "login", "password": "login", "enabled": "interval", "interval_minutes": "interval"}
_DAILY = "python main.py schedule --daily 07:00"
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class ImportedConfig:
    """What came of a config.ini, fit to be shown: lines that were written (or would be), each with its file, and what
    could not be taken over or was left as it is."""

    written: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A file and its new content, with the bytes that it begins with."""

    path: Path
    data: bytes


def import_config(path: Path, folder: Path, *, dry_run: bool = False) -> ImportedConfig:
    """Take the settings of a LinkDownloader over into `folder`: into `input/sources.toml`, and the password and the
    output directory into `.env`. Nothing that is set there is changed; a new `.env` is for its owner's eyes only.

    With `dry_run` nothing is written. Raises ConfigError: no such file, not to be understood, no base_url, or another
    source of the same name; DeliveryError when a file cannot be written.
    """
    settings = _read(path)
    sources_file, env_file = folder / "input" / "sources.toml", folder / ".env"
    notices = list(_without_counterpart(settings))
    secret = settings.get("password", "")
    remember_secret(secret)
    source, told = _source(path, settings)
    env = {PASSWORD_KEY: secret} | ({OUTPUT_KEY: settings["output_dir"]} if settings.get("output_dir") else {})
    if not secret:
        env.pop(PASSWORD_KEY)
        notices.append(f"there is no password; write {PASSWORD_KEY}=… into .env")
    in_toml, toml_lines = _toml_change(sources_file, source)
    in_env, env_lines, kept = _env_change(env_file, env, source)
    for change in (in_toml, in_env) if not dry_run else ():
        if change is not None:
            _write(change)
    return ImportedConfig((*toml_lines, *env_lines), (*told, *kept, *notices))


def _read(path: Path) -> dict[str, str]:
    """The values by key, whatever section a key stands in; where two have it, the one it belongs to counts."""
    try:
        text = decode_settings(path.read_bytes()).removeprefix("\ufeff")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist", remedy="Name the config.ini of your LinkDownloader.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}", remedy="Name a file.") from error
    # A percent sign of a password is one; and a last word for keys that stand before every section.
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(f"[settings]\n{text}")
    except AttributeError:  # of configparser: an indented line below a key without a value
        raise ConfigError(
            f"{path}: not to be understood", remedy="Write key = value, each from a line's start."
        ) from None
    except configparser.Error as error:
        lines = [str(number - 1) for number, _ in getattr(error, "errors", [])]
        where = f": line {', '.join(lines)}" if lines else ""
        # Without the cause: it quotes the line, and that may hold the password.
        raise ConfigError(f"{path}: not to be understood{where}", remedy="Write key = value.") from None
    found: dict[str, str] = {}
    for section in parser.sections():
        for key, value in parser.items(section):
            if key not in found or _SECTIONS.get(key, "settings") == section.strip().lower():
                found[key] = (value or "").strip()
    return found


def _source(path: Path, settings: Mapping[str, str]) -> tuple[dict[str, str | int], list[str]]:
    """The source as the table of a TOML file, and what is to be told about it."""
    url, notices = settings.get("base_url", "").rstrip("/"), []
    if not url:
        remedy = "Write base_url = https://… into it, the address of your Superset."
        raise ConfigError(f"{path}: has no base_url", remedy=remedy)
    if "://" not in url:
        url = f"https://{url}"
        notices.append(f"base_url has no https://, and was read as {url}")
    if "@" in url:
        raise ConfigError(f"{path}: base_url holds a name or password", remedy="Take it out, up to the @.")
    source: dict[str, str | int] = {"type": SOURCE, "url": url}
    if settings.get("username"):
        source["username"] = settings["username"]
    workers = settings.get("max_workers", "")
    if workers.isascii() and workers.isdecimal() and 1 <= int(workers) <= 1000:
        source["concurrency"] = int(workers)
    elif workers:
        notices.append(f"max_workers = {workers} is no number from 1 to 1000, and was left out")
    return source, notices


def _without_counterpart(settings: Mapping[str, str]) -> Iterator[str]:
    minutes = settings.get("interval_minutes", "")
    if minutes or settings.get("enabled"):
        on = "on" if settings.get("enabled", "").lower() in ("true", "1", "yes", "on") else "off"
        yield f"the interval ({minutes or '?'} minutes, {on}) has no counterpart; for a run each day: {_DAILY}"
    if settings.get("busy_minutes"):
        yield (
            f"busy_minutes = {settings['busy_minutes']} has no counterpart; a run each day at a quiet hour: {_DAILY}"
        )
    if settings.get("minimize_to_tray"):
        yield "minimize_to_tray has no counterpart: there is no window"
    known = {"base_url", "output_dir", "max_workers", "username", "password", "minimize_to_tray", "busy_minutes"}
    for key in sorted(settings.keys() - known - {"enabled", "interval_minutes"}):
        yield f"{key} is not known here and was left out"
    if "%%" in settings.get("password", ""):
        yield f"the password has %% in it and was taken as it is; if it is meant as one %, correct {PASSWORD_KEY}"


def _toml_change(path: Path, source: Mapping[str, str | int]) -> tuple[_Change | None, list[str]]:
    data = path.read_bytes() if path.exists() else b""
    try:
        text = data.decode("utf-8-sig")
        there = tomllib.loads(text).get(SOURCE)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}", remedy="Correct it, or move it away.") from error
    if isinstance(there, dict) and {**there, **source} == there:
        return None, []
    if there is not None:
        remedy = f"Rename [{SOURCE}] there, or move it away, and import again."
        raise ConfigError(f"{path} has a source {SOURCE} already, and it is another one", remedy=remedy)
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in source.items()]
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    added = "\n".join([f"[{SOURCE}]", *lines, ""])
    try:
        tomllib.loads(text + gap + added)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: would not be TOML any more: {error}", remedy="Write the source yourself."
        ) from error
    shown = [f"{path.as_posix()}: [{SOURCE}] {line}" for line in lines]
    return _Change(path, data + (gap + added).encode()), shown


def _env_change(
    path: Path, wanted: Mapping[str, str], source: Mapping[str, str | int]
) -> tuple[_Change | None, list[str], list[str]]:
    data = path.read_bytes() if path.exists() else b""
    text = decode_settings(data)
    there = parse_env(text, path.as_posix())
    for field, value in source.items():
        key = f"SFR_{SOURCE.upper()}_{field.upper()}"
        if there.get(key, str(value)) != str(value):
            remedy = f"Give that source another name than {SOURCE}, or take the key out, and import again."
            raise ConfigError(f"{path}: {key} belongs to another source of this name", remedy=remedy)
    kept = [
        f"{key} is set already in {path.as_posix()}, to something else; it was left"
        for key, value in wanted.items()
        if there.get(key, value) != value
    ]
    new = {key: value for key, value in wanted.items() if key not in there}
    if not new:
        return None, [], kept
    gap = "" if not text or text.endswith("\n") else "\n"
    encoding = _UTF16.get(data[:2]) or ("utf-8" if _is_utf8(data) else "cp1252")
    added = gap + "".join(f"{_line(key, value)}\n" for key, value in new.items())
    try:
        change = _Change(path, data + added.encode(encoding))
    except UnicodeEncodeError:
        raise ConfigError(
            f"{path}: is written in {encoding}, which lacks a letter", remedy="Save it as UTF-8."
        ) from None
    shown = [f"{path.as_posix()}: {key}={'(hidden)' if key == PASSWORD_KEY else value}" for key, value in new.items()]
    return change, shown, kept


def _line(key: str, value: str) -> str:
    """A line that is read back as this value, whatever the characters in it."""
    escaped = value.replace("\\", "\\\\")
    single, double = escaped.replace("'", "\\'"), escaped.replace('"', '\\"')
    quoted = (f"'{value}'", f'"{value}"', f"'{single}'", f'"{double}"')
    for written in (value, *quoted):
        line = f"{key}={written}"
        try:
            if parse_env(f"{line}\nSFR_NEXT=x\n", "") == {key: value, "SFR_NEXT": "x"}:
                return line
        except ConfigError:
            continue
    raise ConfigError(f"{key} has characters that .env cannot hold", remedy=f"Set {key} in the environment instead.")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _write(change: _Change) -> None:
    place = change.path.resolve()
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o600 if place.name == ".env" else None
    with replacing(place) as file:
        if mode is not None:
            Path(file.name).chmod(mode)  # before there is anything in it to be read
        file.write(change.data)
