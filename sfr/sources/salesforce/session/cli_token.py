"""How the Salesforce CLI's access token is had and traded for a web session.

The token cannot be the `sid` cookie itself: `frontdoor.jsp` gives one for it, if its app may use the web (scope
`web` or `full`). `sf org auth show-access-token` exists since May 2026, when `sf org display` began to redact it
(salesforcecli/plugin-org #1667).
"""

from __future__ import annotations

import json
import re
import shutil
import time
from urllib.parse import urlsplit

from sfr import child_programs
from sfr.errors import SfrError
from sfr.sources.salesforce.session.values import (
    Candidate,
    Offers,
    Reason,
    SessionSettings,
    Step,
    looks_like_session,
)

LINK = "salesforce cli"
LIMIT_SECONDS = 45.0
_TRADE_SECONDS = 30.0
# On Windows `sf` is a .cmd file, and cmd.exe would read a % or & in an argument as its own.
_SAFE_NAME = re.compile(r"[\w.+@-]+")
# Several Set-Cookie headers arrive joined by commas.
_SID_COOKIE = re.compile(r"(?:^|,\s*)sid=([^;,\s]+)")
_QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_PROGRESS_BAR": "false",
    "NO_COLOR": "1",
    "FORCE_COLOR": "0",
}


def offers(settings: SessionSettings, limit_seconds: float = LIMIT_SECONDS) -> Offers:
    """A web session for this host from the CLI's login, if the CLI is installed and logged in there."""
    program = shutil.which("sf")
    if program is None:
        yield Step(LINK, Reason.NOT_INSTALLED)
        return
    deadline = time.monotonic() + limit_seconds
    try:
        username = _username(program, settings.host, deadline)
        token = _token(program, username, deadline) if username else None
    except child_programs.TooSlow:
        yield Step(LINK, Reason.TIMEOUT, f"no answer within {limit_seconds:.0f} s")
    except OSError as error:
        yield Step(LINK, Reason.ERROR, f"{program}: {type(error).__name__}")
    else:
        if username is None or token is None:
            yield Step(LINK, Reason.NOT_LOGGED_IN, f"to log in: sf org login web --instance-url {settings.origin}")
        else:
            yield _traded(settings.origin, token, username)


def _username(program: str, host: str, deadline: float) -> str | None:
    """Who is logged in to this host. `list auth` reads local files only."""
    orgs = _asked(program, ["org", "list", "auth"], deadline)
    for org in orgs if isinstance(orgs, list) else []:
        address, username = str(org.get("instanceUrl", "")), str(org.get("username", ""))
        if urlsplit(address).netloc.lower() == host.lower() and _SAFE_NAME.fullmatch(username):
            return username
    return None


def _token(program: str, username: str, deadline: float) -> str | None:
    """The access token, with the command that old versions know as the second choice."""
    for command in (["org", "auth", "show-access-token"], ["org", "display"]):
        result = _asked(program, [*command, "--target-org", username], deadline)
        texts = result.values() if isinstance(result, dict) else [result]
        token = next((text for text in texts if isinstance(text, str) and looks_like_session(text)), None)
        if token:
            return token
    return None


def _asked(program: str, arguments: list[str], deadline: float) -> object:
    """The `result` of a CLI command; None if it failed. `--json` also keeps it from asking for confirmation."""
    code, output = child_programs.run(
        [program, *arguments, "--json"],
        limit_seconds=deadline - time.monotonic(),
        variables=child_programs.environment(**_QUIET),
    )
    try:
        return json.loads(output).get("result") if code == 0 else None
    except (ValueError, AttributeError):  # a warning in front of the JSON, or no object
        return None


def _traded(origin: str, token: str, username: str) -> Candidate | Step:
    """The `sid` cookie that frontdoor.jsp sets. The token goes in the body: addresses are logged everywhere."""
    from sfr.http import Client, Timeouts

    client = Client(Timeouts(read_seconds=_TRADE_SECONDS))
    try:
        answer = client.request("POST", f"{origin}/secur/frontdoor.jsp", form={"sid": token})
        answer.close()
    except SfrError as error:
        return Step(LINK, Reason.ERROR, f"{origin}: {error.message}")
    finally:
        client.close()
    set_cookies = _SID_COOKIE.findall(answer.headers.get("Set-Cookie", ""))
    value = next((each for each in set_cookies if looks_like_session(each)), None)
    if value is None:
        return Step(LINK, Reason.EXPIRED, f"{origin} gives {username} no web session for its token")
    return Candidate(LINK, value, username)
