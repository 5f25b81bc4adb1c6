"""The login in a browser window of our own: a user-data directory that only sfr uses, read over the DevTools protocol.

The person's everyday profile is never touched, nothing is decrypted, and the page is the org's real one in the real
browser, so that single sign-on, passkeys and second factors work.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sfr import child_programs
from sfr.connector import Asker
from sfr.sources.salesforce.session import browsers, devtools
from sfr.sources.salesforce.session.devtools import Devtools
from sfr.sources.salesforce.session.values import Candidate, Reason, SessionSettings, Step, Trial, Verdict

_POLL_SECONDS = 0.5
_CLOSE_SECONDS = 10.0


def link(settings: SessionSettings) -> str:
    """What this link is called, with the browser in its name."""
    return f"{settings.browser} window"


def hindrance(settings: SessionSettings) -> Step | None:
    """Why no window can be opened here, if so; opens nothing."""
    if settings.browser == "firefox":
        return Step(link(settings), Reason.NOT_SUPPORTED, "Firefox hands out no cookies; set another browser")
    if _program(settings) is None:
        title = browsers.BROWSERS[settings.browser].title
        return Step(link(settings), Reason.NOT_INSTALLED, f"{settings.browser_path or title} was not found")
    headless = any(argument.startswith("--headless") for argument in settings.extra_browser_arguments)
    if sys.platform.startswith("linux") and not headless and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return Step(link(settings), Reason.NO_DISPLAY, "neither DISPLAY nor WAYLAND_DISPLAY is set")
    return None


def ask(settings: SessionSettings, trial: Trial, asker: Asker) -> Candidate | None:
    """Open the window, wait for a valid `sid`, close the window. Notes in `trial` how it ended."""
    step = hindrance(settings)
    if step is not None:
        trial.note(step)
        return None
    with contextlib.ExitStack() as at_the_end:
        browser = _opened(settings, trial, at_the_end.callback)
        if browser is None:
            return None
        at_the_end.callback(browser.close_browser, _CLOSE_SECONDS)
        title = browsers.BROWSERS[settings.browser].title
        asker.say(f"Please log in to {settings.host} in the {title} window. It closes by itself once you are in.")
        return _watch(browser, settings, trial)


def _program(settings: SessionSettings) -> Path | None:
    if settings.browser_path is not None:
        return settings.browser_path if settings.browser_path.is_file() else None
    return browsers.program(browsers.BROWSERS[settings.browser], browsers.this_machine())


def _opened(settings: SessionSettings, trial: Trial, at_the_end: Callable[..., object]) -> Devtools | None:
    """The window with the login page: the one that is open already, else a new one."""
    directory = _private(settings.window_directory)
    address = f"{settings.origin}/"
    browser = _open_already(directory, address)
    if browser is not None:
        return browser
    try:
        process = _started(settings, directory, address)
    except OSError as error:
        trial.note(Step(link(settings), Reason.ERROR, f"could not be started: {type(error).__name__}"))
        return None
    browser = devtools.wait_for_port(directory, settings.start_seconds)
    if browser is None:
        process.poll()  # reaped, if it has ended
        detail = f"no debugging port within {settings.start_seconds:.0f} s, a policy may forbid it"
        trial.note(Step(link(settings), Reason.BLOCKED, detail))
        return None  # the window, if there is one, stays: the person can log in there and copy the value
    at_the_end(_wait_for_end, process)
    return browser


def _open_already(directory: Path, address: str) -> Devtools | None:
    browser = devtools.attach(directory)
    if browser is not None:
        try:
            browser.open_page(address)
        except devtools.Gone:  # it was just ending
            browser.disconnect()
            return None
    return browser


def _private(directory: Path) -> Path:
    """The browser makes its port file readable for all, so the directory's mode has to protect it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    return directory


def _started(settings: SessionSettings, directory: Path, address: str) -> subprocess.Popen[bytes]:
    """Start the browser, shielded from Ctrl-C in our terminal: it is closed by asking, not by a signal."""
    variables = child_programs.environment()
    variables.pop("__COMPAT_LAYER", None)  # Edge starts itself anew when it inherits this (microsoft/playwright #36292)
    arguments = [f"--user-data-dir={directory}", "--remote-debugging-port=0", "--no-first-run"]
    arguments += ["--no-default-browser-check", *settings.extra_browser_arguments]
    if sys.platform == "win32" and settings.browser == "edge":
        arguments.append("--edge-skip-compat-layer-relaunch")
    return subprocess.Popen(
        [str(_program(settings)), *arguments, address],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    """Until it has ended, it would take the next start on its directory for a request of its own."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_CLOSE_SECONDS)


def _watch(browser: Devtools, settings: SessionSettings, trial: Trial) -> Candidate | None:
    """Look for a valid `sid` twice a second; login pages set some that are no sessions, so each is asked about once."""
    started = time.monotonic()
    deadline = started + settings.login_seconds
    had_page = False
    while time.monotonic() < deadline:
        try:
            values = browser.cookies("sid", settings.cookie_host)
            has_page = browser.has_page()
        except devtools.Gone:
            has_page, had_page, values = False, True, []
        for value in values:
            candidate = Candidate(link(settings), value)
            if _is_valid(trial, candidate):
                return candidate
        if had_page and not has_page:
            trial.note(Step(link(settings), Reason.CLOSED, "the window was closed before the login was complete"))
            return None
        had_page = has_page or time.monotonic() > started + settings.start_seconds
        time.sleep(_POLL_SECONDS)
    trial.note(Step(link(settings), Reason.TIMEOUT, f"no login within {settings.login_seconds:.0f} s"))
    return None


def _is_valid(trial: Trial, candidate: Candidate) -> bool:
    """An unsure value is left for the time when the window is closed: a better one may still come."""
    verdict = trial.verdict(candidate.value)
    if verdict is Verdict.VALID:
        trial.note(Step(candidate.link, Reason.OK))
    elif verdict is Verdict.UNSURE:
        trial.unsure = candidate
    return verdict is Verdict.VALID
