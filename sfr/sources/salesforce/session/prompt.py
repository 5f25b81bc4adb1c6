"""How a person finds the `sid` in the browser's own tools and pastes it without showing it."""

from __future__ import annotations

from sfr.connector import Asker
from sfr.sources.salesforce.session.values import (
    Candidate,
    Reason,
    SessionSettings,
    Step,
    Trial,
    looks_like_session,
    tidy,
)

LINK = "paste"
_ATTEMPTS = 3


def ask(settings: SessionSettings, trial: Trial, asker: Asker) -> Candidate | None:
    """A valid value that somebody pasted; an empty answer ends the asking. Notes in `trial` how it ended."""
    asker.say(
        f"1. Log in at {settings.origin} in any browser and press F12 there.\n"
        f"2. Open Application (in Firefox: Storage), Cookies, {settings.origin}, and the row named sid.\n"
        "3. Copy its value and paste it here; it is not shown. Only Enter gives up."
    )
    for _ in range(_ATTEMPTS):
        try:
            value = tidy(asker.hidden("sid: "))
        except EOFError:
            value = ""
        if not value:
            trial.note(Step(LINK, Reason.CLOSED, "nothing was pasted"))
            return None
        candidate = Candidate(LINK, value)
        if trial.accepts(candidate):
            return candidate
        if trial.unsure is not None:
            return trial.unsure
        asker.say(_complaint(settings, value))
    return None


def _complaint(settings: SessionSettings, value: str) -> str:
    if looks_like_session(value):
        return f"{settings.host} does not accept this value; perhaps it is of another host, or the login is over."
    return "This is not a sid: one starts with 00D, 15 or 18 letters and digits in all, then an exclamation mark."
