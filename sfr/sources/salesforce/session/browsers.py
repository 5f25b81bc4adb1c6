"""Where Edge and its relatives keep their program and their profiles on Windows, macOS and Linux.

The places are those of the browsers' own installers; the registry keys are Windows' "App Paths" and Microsoft's
policy `UserDataDir` (learn.microsoft.com, microsoft-edge-policies).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Browser:
    """One family of browsers; `{}` in a place stands for the channel (stable, beta …), best first."""

    name: str
    title: str
    windows: str = ""  # below %LOCALAPPDATA% or Program Files, without Application or User Data
    windows_program: str = ""
    windows_channels: tuple[str, ...] = ("",)
    windows_policy: str = ""
    mac_program: str = ""
    mac_data: str = ""  # below ~/Library/Application Support
    mac_channels: tuple[str, ...] = ("",)
    linux_programs: tuple[str, ...] = ()
    linux_data: tuple[str, ...] = ()  # below ~ or, where it starts with "config:", below ~/.config


_EDGE = Browser(
    name="edge",
    title="Microsoft Edge",
    windows="Microsoft/Edge{}",
    windows_program="msedge.exe",
    windows_channels=("", " Beta", " Dev", " SxS"),
    windows_policy=r"SOFTWARE\Policies\Microsoft\Edge",
    mac_program="Microsoft Edge{0}.app/Contents/MacOS/Microsoft Edge{0}",
    mac_data="Microsoft Edge{}",
    mac_channels=("", " Beta", " Dev", " Canary"),
    linux_programs=(
        "microsoft-edge",
        "microsoft-edge-stable",
        "/opt/microsoft/msedge/msedge",
        "microsoft-edge-beta",
        "/opt/microsoft/msedge-beta/msedge",
        "microsoft-edge-dev",
        "/opt/microsoft/msedge-dev/msedge",
    ),
    linux_data=(
        "config:microsoft-edge",
        "config:microsoft-edge-beta",
        "config:microsoft-edge-dev",
        ".var/app/com.microsoft.Edge/config/microsoft-edge",
    ),
)
_CHROME = Browser(
    name="chrome",
    title="Google Chrome",
    windows="Google/Chrome{}",
    windows_program="chrome.exe",
    windows_channels=("", " Beta", " Dev", " SxS"),
    windows_policy=r"SOFTWARE\Policies\Google\Chrome",
    mac_program="Google Chrome{0}.app/Contents/MacOS/Google Chrome{0}",
    mac_data="Google/Chrome{}",
    mac_channels=("", " Beta", " Dev", " Canary"),
    linux_programs=("google-chrome", "google-chrome-stable", "/opt/google/chrome/chrome", "google-chrome-beta"),
    linux_data=(
        "config:google-chrome",
        "config:google-chrome-beta",
        "config:google-chrome-unstable",
        ".var/app/com.google.Chrome/config/google-chrome",
    ),
)
_CHROMIUM = Browser(
    name="chromium",
    title="Chromium",
    windows="Chromium",
    windows_program="chrome.exe",
    windows_policy=r"SOFTWARE\Policies\Chromium",
    mac_program="Chromium.app/Contents/MacOS/Chromium",
    mac_data="Chromium",
    linux_programs=("chromium", "chromium-browser"),
    linux_data=(
        "config:chromium",
        "snap/chromium/common/chromium",
        ".var/app/org.chromium.Chromium/config/chromium",
    ),
)
_BRAVE = Browser(
    name="brave",
    title="Brave",
    windows="BraveSoftware/Brave-Browser{}",
    windows_program="brave.exe",
    windows_channels=("", "-Beta", "-Dev", "-Nightly"),
    windows_policy=r"SOFTWARE\Policies\BraveSoftware\Brave",
    mac_program="Brave Browser{0}.app/Contents/MacOS/Brave Browser{0}",
    mac_data="BraveSoftware/Brave-Browser{}",
    mac_channels=("", " Beta", " Dev", " Nightly"),
    linux_programs=("brave-browser", "brave", "brave-browser-beta"),
    linux_data=(
        "config:BraveSoftware/Brave-Browser",
        "config:BraveSoftware/Brave-Browser-Beta",
        ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
    ),
)
_FIREFOX = Browser(
    name="firefox",
    title="Firefox",
    windows="Mozilla/Firefox",
    mac_data="Firefox",
    linux_data=(
        ".mozilla/firefox",
        "config:mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ),
)
BROWSERS: Mapping[str, Browser] = {each.name: each for each in (_EDGE, _CHROME, _CHROMIUM, _BRAVE, _FIREFOX)}


@dataclass(frozen=True, slots=True)
class Machine:
    """The system the places are looked up for: `sys.platform`, the home directory, the environment."""

    system: str
    home: Path
    environment: Mapping[str, str]

    def folder(self, variable: str, otherwise: Path) -> Path:
        return Path(self.environment[variable]) if self.environment.get(variable) else otherwise


def this_machine() -> Machine:
    """The machine we run on."""
    return Machine(sys.platform, Path.home(), os.environ)


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile of a browser: its directory, the user-data directory around it, and the name its user gave it."""

    directory: Path
    data_directory: Path
    shown_name: str = ""

    def is_called(self, name: str) -> bool:
        return name.casefold() in {self.directory.name.casefold(), self.shown_name.casefold()}


def program(browser: Browser, machine: Machine) -> Path | None:
    """The browser's program, best channel first; None when it is not installed."""
    return next((path for path in _program_places(browser, machine) if path.is_file()), None)


def data_directories(browser: Browser, machine: Machine) -> list[Path]:
    """The user-data directories that exist, of all channels."""
    return [path for path in _data_places(browser, machine) if path.is_dir()]


def profiles(data_directory: Path) -> list[Profile]:
    """The profiles of a Chromium user-data directory, from its `Local State`, or by their usual names."""
    try:
        state = json.loads((data_directory / "Local State").read_text(encoding="utf-8"))
        names = {directory: str(info.get("name", "")) for directory, info in state["profile"]["info_cache"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # absent, locked, or of another make
        names = {}
    for path in [data_directory / "Default", *data_directory.glob("Profile *")]:
        names.setdefault(path.name, "")
    found = [Profile(data_directory / name, data_directory, shown) for name, shown in names.items()]
    return [profile for profile in found if profile.directory.is_dir()]


def firefox_profiles(data_directory: Path) -> list[Profile]:
    """The profiles of a Firefox directory; the part after the dot of `xxxxxxxx.default-release` is the name."""
    found = [*data_directory.glob("*/cookies.sqlite"), *data_directory.glob("Profiles/*/cookies.sqlite")]
    return [Profile(file.parent, data_directory, file.parent.name.partition(".")[2]) for file in found]


def _program_places(browser: Browser, machine: Machine) -> Iterator[Path]:
    if machine.system == "win32":
        key = rf"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\{browser.windows_program}"
        maker = browser.windows.partition("{}")[0].rpartition("/")[2]
        # Chrome and Chromium both register themselves as chrome.exe.
        yield from (path for path in _registered(key, "") if maker in str(path))
        for channel in browser.windows_channels:
            for variable in ("ProgramFiles(x86)", "ProgramFiles", "LOCALAPPDATA"):
                root = machine.folder(variable, machine.home)
                yield root / browser.windows.format(channel) / "Application" / browser.windows_program
    elif machine.system == "darwin":
        for channel in browser.mac_channels:
            for root in (Path("/Applications"), machine.home / "Applications"):
                yield root / browser.mac_program.format(channel)
    else:
        for name in browser.linux_programs:
            found = shutil.which(name, path=machine.environment.get("PATH"))
            if found:
                yield Path(found)


def _data_places(browser: Browser, machine: Machine) -> Iterator[Path]:
    if machine.system == "win32" and browser is _FIREFOX:
        yield machine.folder("APPDATA", machine.home / "AppData/Roaming") / browser.windows
    elif machine.system == "win32":
        yield from _registered(browser.windows_policy, "UserDataDir")
        root = machine.folder("LOCALAPPDATA", machine.home / "AppData/Local")
        yield from (root / browser.windows.format(channel) / "User Data" for channel in browser.windows_channels)
    elif machine.system == "darwin":
        root = machine.home / "Library/Application Support"
        yield from (root / browser.mac_data.format(channel) for channel in browser.mac_channels)
    else:
        config = machine.folder("XDG_CONFIG_HOME", machine.home / ".config")
        for place in browser.linux_data:
            below_config = place.removeprefix("config:")
            yield (machine.home if below_config == place else config) / below_config


def _registered(key: str, value: str) -> list[Path]:
    """Paths from the Windows registry, the user's before the machine's; variables in them are expanded."""
    found: list[Path] = []
    if sys.platform == "win32":
        import winreg

        for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            try:
                with winreg.OpenKey(root, key) as opened:
                    text, _ = winreg.QueryValueEx(opened, value)
            except OSError:  # no such key
                continue
            found.append(Path(os.path.expandvars(str(text)).strip('"')))
    return found
