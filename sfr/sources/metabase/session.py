"""Gets a key or session that works, and logs in as seldom as possible: Metabase counts good logins against its limit.

Facts from `src/metabase/session/api.clj`: wrong credentials are 401 (formerly 400) with `errors.password`; a closed
account is 401 with `errors._error`; after about ten logins in an hour it asks for a pause, which each
further one lengthens.
"""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from sfr.connector import Door
from sfr.errors import AuthError, ConfigError, ReportError, SfrError
from sfr.http import Answer, Client, Timeouts
from sfr.sources.metabase import answers
from sfr.sources.metabase.config import MetabaseConfig

ANSWER_SECONDS = 60.0

_UNKNOWN_TO_OTHERS = (404, 405, 501)
_NO_METABASE = ("not-metabase", "not-found", "redirect", "web-page", "format")


def headers_for(config: MetabaseConfig, value: str) -> dict[str, str]:
    """What a request carries to show who asks; `value` is a session, the API key, or "" for nobody."""
    if not value:
        return {}
    is_key = config.api_key is not None and value == config.api_key.get_secret_value()
    return {"x-api-key" if is_key else "X-Metabase-Session": value}


def sign_in(config: MetabaseConfig, door: Door) -> str:
    """An API key or session that works; "" without any credentials, which opens public links only.

    Raises AuthError, ConfigError when no Metabase answers there, TransientError when it cannot say now.
    """
    client = Client(Timeouts(config.connect_seconds, ANSWER_SECONDS))
    try:
        if config.api_key is not None:
            return _with_key(client, config, config.api_key.get_secret_value())
        if not config.username:
            return ""
        kept = door.kept()
        if kept and kept != door.dead and who(client, config, kept) is not None:
            return kept
        if kept:
            door.keep("")  # or each try after a throttled login would ask for it again
        value = _log_in(client, config, _password(config, door).get_secret_value())
        door.keep(value)
        return value
    finally:
        client.close()


def who(client: Client, config: MetabaseConfig, value: str) -> dict[str, Any] | None:
    """The account behind a session or key; None when it opens nothing. Raises as `sign_in`."""
    answer = client.request("GET", f"{config.url}/api/user/current", headers=headers_for(config, value))
    if answer.status == 401:
        body = answer.read(answers.ERROR_LIMIT_BYTES)
        if throttled := answers.too_many_logins(answers.message_of(body)):
            raise throttled
        return None
    return _object_from(answer, config.url)


def is_there(client: Client, config: MetabaseConfig) -> None:
    """Raises ConfigError when no Metabase answers, TransientError while it starts."""
    _object_from(client.request("GET", f"{config.url}/api/health"), config.url)


def _object_from(answer: Answer, url: str) -> dict[str, Any]:
    """The JSON object of an answer to a question about the server itself, which every Metabase can answer."""
    body = answer.read(answers.ERROR_LIMIT_BYTES)
    error: SfrError
    if answer.status == 200:
        try:
            return answers.json_object(body)
        except ValueError:
            error = answers.no_rows(answer.headers.get("Content-Type", ""), body)
    else:
        error = answers.by_status(answer.status, answer.headers, body, known=True)
    refused = isinstance(error, ReportError) and error.reason in _NO_METABASE
    if refused or answer.status in _UNKNOWN_TO_OTHERS:
        raise ConfigError(
            f"no Metabase answers at {url} (status {answer.status})",
            reason="not-metabase",
            remedy="Set url to the address of Metabase itself, as the browser shows it, without /question/….",
        )
    raise error


def _with_key(client: Client, config: MetabaseConfig, key: str) -> str:
    if who(client, config, key) is None:
        raise AuthError(
            "Metabase does not accept the API key (setting api_key)",
            reason="api-key",
            remedy="make a new one in Admin settings › Authentication › API keys (version 49 and later)",
        )
    return key


def _password(config: MetabaseConfig, door: Door) -> SecretStr:
    if config.password is not None:
        return config.password
    if door.asker.interactive:
        return SecretStr(door.asker.hidden(f"Metabase password of {config.username}: "))
    remedy = "set password of this source, or better api_key"
    raise AuthError("there is no password (setting password)", reason="no-credentials", remedy=remedy)


def _log_in(client: Client, config: MetabaseConfig, password: str) -> str:
    answer = client.request(
        "POST", f"{config.url}/api/session", json={"username": config.username, "password": password}
    )
    if answer.status in (400, 401, 403):
        raise _refused(answers.message_of(answer.read(answers.ERROR_LIMIT_BYTES)), config.username)
    value = _object_from(answer, config.url).get("id")
    if not isinstance(value, str) or not value:
        raise AuthError("Metabase answered the login without a session", reason="no-session")
    return value


def _refused(text: str, username: str) -> SfrError:
    if throttled := answers.too_many_logins(text):
        return throttled
    if text.startswith("password:"):
        return AuthError(
            f"Metabase refused the user name or password of {username} (settings username, password)",
            reason="wrong-password",
            remedy="try them in the browser; do not try often, logins are counted",
        )
    if "disabled" in text.lower():
        remedy = "ask a Metabase administrator; where passwords are switched off, use api_key"
        return AuthError(f"Metabase refused the login: {text}", reason="disabled", remedy=remedy)
    return AuthError(f"Metabase refused the login: {text}", reason="login", remedy="check username and password")
