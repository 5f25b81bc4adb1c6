"""The order in which a session is looked for, and who is asked when none is found."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sfr.connector import Asker
from sfr.errors import ConfigError, SfrError
from sfr.sources.salesforce.session import browsers, cli_token, cookies, devtools, keyring_store, prompt, window
from sfr.sources.salesforce.session.values import (
    Candidate,
    LoginNeeded,
    Offers,
    Reason,
    SessionSettings,
    SignedIn,
    Step,
    Trial,
    Verdict,
    log,
    looks_like_session,
    tidy,
)

GIVEN = "SFR_SID"
REMEDY = "run `sfr login` where somebody can answer"


def sign_in(
    settings: SessionSettings,
    asker: Asker,
    validate: Callable[[str], Verdict],
    refused: frozenset[str] = frozenset(),
) -> SignedIn:
    """The first valid session along the chain; an unsure one from a silent link is used before anybody is asked.

    `validate` asks the org and is called at most once per value; `refused` are values known to be dead.
    Raises LoginNeeded (an AuthError with `steps`) when no link has a session or the org refuses the given value,
    ConfigError when the given value cannot be a session, and whatever `validate` raises.
    """
    trial = Trial(validate, refused)
    found = (
        _given(settings, trial)
        or _silently(settings, trial, may_ask=asker.interactive)
        or trial.unsure
        or _asking(settings, trial, asker)
    )
    if found is None:
        raise _login_needed(settings, trial)
    log.info("signed in to %s: %s", settings.host, found.link)
    return trial.signed_in(found)


def steps_without_asking(settings: SessionSettings, validate: Callable[[str], Verdict]) -> tuple[Step, ...]:
    """What each link has to say now, for `sfr check`: every silent one is tried, the asking ones are only described."""
    trial = Trial(validate)
    if settings.given is not None:
        trial.accepts(Candidate(GIVEN, tidy(settings.given)))
    for offer in _silent_offers(settings, may_ask=False):
        _judge(settings, trial, offer)
    for link, hindrance in ((window.link(settings), window.hindrance(settings)), (prompt.LINK, None)):
        if not settings.login:
            trial.note(Step(link, Reason.DISABLED))
        else:
            trial.note(hindrance or Step(link, Reason.WOULD_ASK))
    return tuple(trial.steps)


def sign_out(settings: SessionSettings, everything: bool) -> tuple[str, ...]:
    """Forget the session kept for this host; with `everything` also the profiles of the dedicated windows.

    Returns a line for each thing that was removed, or could not be.
    """
    step = keyring_store.forget(settings.host)
    kept = f"the session of {settings.host} in the keyring"
    lines = [f"removed: {kept}" if step.reason == Reason.OK else f"not removed: {kept}: {step.reason}"]
    for name in browsers.BROWSERS if everything else ():
        directory = settings.state_directory / f"{name}-profile"
        if directory.is_dir():
            lines.append(_removed(directory))
    return tuple(lines)


def _given(settings: SessionSettings, trial: Trial) -> Candidate | None:
    """The value that somebody asked to be used, so that no other link takes its place; None if there is none."""
    if settings.given is None:
        return None
    value = tidy(settings.given)
    if not looks_like_session(value):
        raise ConfigError(
            f"{GIVEN} (or --sid-stdin) is not a Salesforce session: it must read 00D…!…, without blanks",
            remedy="copy the whole value of the cookie sid, or leave it away and run `sfr login`",
        )
    candidate = Candidate(GIVEN, value)
    if trial.accepts(candidate) or trial.unsure is not None:
        return candidate
    raise LoginNeeded(
        f"{GIVEN} (or --sid-stdin): {settings.host} does not accept this session; renew it or leave it away",
        remedy="copy a fresh value of the cookie sid of this host, or leave it away and run `sfr login`",
        steps=tuple(trial.steps),
    )


def _silent_offers(settings: SessionSettings, *, may_ask: bool) -> Offers:
    yield from _surviving(f"{settings.browser} cookies", cookies.offers(settings))
    yield from _surviving(cli_token.LINK, cli_token.offers(settings))
    yield from _surviving(keyring_store.LINK, keyring_store.offers(settings.host, may_ask=may_ask))


def _surviving(link: str, offers: Offers) -> Offers:
    """A link that breaks in a way that nobody expected ends here; the chain goes on."""
    try:
        yield from offers
    except SfrError:
        raise
    except Exception as error:
        log.exception("%s: unexpected error", link)
        yield Step(link, Reason.ERROR, type(error).__name__)


def _silently(settings: SessionSettings, trial: Trial, *, may_ask: bool) -> Candidate | None:
    for offer in _silent_offers(settings, may_ask=may_ask):
        if _judge(settings, trial, offer) and isinstance(offer, Candidate):
            if offer.link == cli_token.LINK and may_ask:  # a locked keyring opens a dialog that nobody would answer
                trial.note(keyring_store.keep(settings.host, offer.value))
            return offer
    return None


def _judge(settings: SessionSettings, trial: Trial, offer: Candidate | Step) -> bool:
    """Is this a valid value? A dead one does not stay in the keyring."""
    if isinstance(offer, Step):
        trial.note(offer)
        return False
    valid = trial.accepts(offer)
    if offer.link == keyring_store.LINK and trial.verdict(offer.value) is Verdict.INVALID:
        keyring_store.forget(settings.host)
    return valid


def _asking(settings: SessionSettings, trial: Trial, asker: Asker) -> Candidate | None:
    if not settings.login or not asker.interactive:
        reason = Reason.NOT_INTERACTIVE if settings.login else Reason.DISABLED
        trial.note(Step(window.link(settings), reason))
        trial.note(Step(prompt.LINK, reason))
        return None
    with _alone(settings, trial, asker) as alone:
        if not alone:
            return None
        return _left_by_another(settings, trial) or _asked(settings, trial, asker)


def _left_by_another(settings: SessionSettings, trial: Trial) -> Candidate | None:
    """The session that another process got while we waited for our turn."""
    for offer in keyring_store.offers(settings.host, may_ask=True):
        if isinstance(offer, Candidate) and trial.verdict(offer.value) is Verdict.VALID:
            trial.note(Step(offer.link, Reason.OK, "another process has logged in"))
            return offer
    return None


def _asked(settings: SessionSettings, trial: Trial, asker: Asker) -> Candidate | None:
    found = _in_the_window(settings, trial, asker) or trial.unsure
    if found is None:
        asker.say(str(trial.steps[-1]))
        found = prompt.ask(settings, trial, asker)
    if found is not None:
        trial.note(keyring_store.keep(settings.host, found.value))
    return found


def _in_the_window(settings: SessionSettings, trial: Trial, asker: Asker) -> Candidate | None:
    try:
        return window.ask(settings, trial, asker)
    except SfrError:
        raise
    except Exception as error:
        log.exception("%s: unexpected error", window.link(settings))
        trial.note(Step(window.link(settings), Reason.ERROR, type(error).__name__))
        return None


@contextlib.contextmanager
def _alone(settings: SessionSettings, trial: Trial, asker: Asker) -> Iterator[bool]:
    """One process asks at a time; the others wait, say so once, and may find its session. False: waited in vain."""
    import filelock

    settings.state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", settings.host)
    lock = filelock.FileLock(settings.state_directory / f"{name}.login.lock")
    try:
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            asker.say(f"Another sfr process is asking for a login to {settings.host}; waiting for it.")
            lock.acquire(timeout=settings.start_seconds + settings.login_seconds)
    except filelock.Timeout:
        trial.note(Step(window.link(settings), Reason.TIMEOUT, "another sfr process is still asking"))
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _removed(directory: Path) -> str:
    """Remove a dedicated profile; a window that is still open there is closed first."""
    browser = devtools.attach(directory)
    if browser is not None:
        browser.close_browser(limit_seconds=10)
    try:
        shutil.rmtree(directory)
    except OSError as error:
        return f"not removed: {directory}: {type(error).__name__}; close its window and try again"
    return f"removed: {directory}"


def _login_needed(settings: SessionSettings, trial: Trial) -> LoginNeeded:
    steps = tuple(trial.steps)
    message = f"no valid session for {settings.host}: " + "; ".join(str(step) for step in steps)
    return LoginNeeded(message, remedy=REMEDY, steps=steps)
