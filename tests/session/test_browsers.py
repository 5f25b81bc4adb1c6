from __future__ import annotations

from pathlib import Path

import pytest

from sfr.sources.salesforce.session import browsers
from sfr.sources.salesforce.session.browsers import BROWSERS, Machine


@pytest.mark.parametrize(
    ("system", "browser", "places"),
    [
        ("win32", "edge", ["AppData/Local/Microsoft/Edge/User Data", "AppData/Local/Microsoft/Edge Beta/User Data"]),
        ("darwin", "edge", ["Library/Application Support/Microsoft Edge"]),
        ("darwin", "chrome", ["Library/Application Support/Google/Chrome Canary"]),
        ("linux", "edge", [".config/microsoft-edge", ".var/app/com.microsoft.Edge/config/microsoft-edge"]),
        ("linux", "brave", [".config/BraveSoftware/Brave-Browser"]),
        ("linux", "firefox", [".mozilla/firefox", "snap/firefox/common/.mozilla/firefox"]),
        ("win32", "firefox", ["AppData/Roaming/Mozilla/Firefox"]),
    ],
)
def test_all_channels_of_a_browser_are_found(tmp_path: Path, system: str, browser: str, places: list[str]) -> None:
    for place in places:
        (tmp_path / place).mkdir(parents=True)
    found = browsers.data_directories(BROWSERS[browser], Machine(system, tmp_path, {}))
    assert found == [tmp_path / place for place in places]


@pytest.mark.parametrize(
    ("system", "program"),
    [
        ("win32", "Microsoft/Edge Dev/Application/msedge.exe"),
        ("darwin", "Applications/Microsoft Edge Beta.app/Contents/MacOS/Microsoft Edge Beta"),
        ("linux", "bin/microsoft-edge-beta"),
    ],
)
def test_the_program_of_an_installed_channel_is_found(tmp_path: Path, system: str, program: str) -> None:
    machine = Machine(system, tmp_path, {"PATH": str(tmp_path / "bin"), "ProgramFiles": str(tmp_path)})
    assert browsers.program(BROWSERS["edge"], machine) is None
    (tmp_path / program).parent.mkdir(parents=True)
    (tmp_path / program).touch(mode=0o755)
    assert browsers.program(BROWSERS["edge"], machine) == tmp_path / program


@pytest.mark.parametrize(
    "state", ["", "{", "[]", '{"profile": {"info_cache": 3}}', '{"profile": {"info_cache": {"Default": 3}}}']
)
def test_without_a_readable_state_profiles_are_found_by_their_usual_names(tmp_path: Path, state: str) -> None:
    (tmp_path / "Local State").write_text(state)
    for name in ("Default", "Profile 7", "Crashpad"):
        (tmp_path / name).mkdir()
    assert {profile.directory.name for profile in browsers.profiles(tmp_path)} == {"Default", "Profile 7"}


def test_a_profile_answers_to_its_directory_and_to_the_name_its_user_gave_it(tmp_path: Path) -> None:
    (tmp_path / "Profile 1").mkdir()
    (tmp_path / "Local State").write_text('{"profile": {"info_cache": {"Profile 1": {"name": "Work"}}}}')
    profile = browsers.profiles(tmp_path)[0]
    assert profile.is_called("profile 1")
    assert profile.is_called("work")
    assert not profile.is_called("Default")
