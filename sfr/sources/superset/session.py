"""Signs in to Superset: a refreshed token if that is enough, else name and password; or an API key, tried once.

Facts, tried on Superset 6.1.0: an access token lives 15 minutes, a refresh token 30 days; a login without `provider`
is answered 500; a wrong name and a wrong password are both 401 "Not authorized".
"""

from __future__ import annotations

import json

from sfr.connector import Door
from sfr.errors import AuthError, ConfigError, SfrError
from sfr.http import Answer, Client, Timeouts
from sfr.sources.superset import answers
from sfr.sources.superset.config import SupersetConfig
from sfr.sources.superset.talk import bearer


def sign_in(config: SupersetConfig, door: Door) -> str:
    """A session value: JSON with "access" and "refresh", or "key". Raises AuthError, TransientError, ConfigError."""
    client = Client(Timeouts(config.connect_seconds, min(config.first_byte_seconds, 120.0)))
    try:
        if config.key:
            return _tried_key(client, config)
        return _refreshed(client, config, door.dead) or _logged_in(client, config)
    finally:
        client.close()


def _tried_key(client: Client, config: SupersetConfig) -> str:
    value = json.dumps({"key": config.key})
    answer = client.request("GET", f"{config.url}/api/v1/me/", headers=bearer(value))
    try:
        answers.json_of(answer)
    except AuthError:
        raise AuthError(
            "Superset refused the API key",
            reason="api-key",
            remedy="Put a valid key into api_key (it may have expired), or take it out to use username and password. "
            "The server must have FAB_API_KEY_ENABLED.",
        ) from None
    return value


def _refreshed(client: Client, config: SupersetConfig, dead: str) -> str:
    """A value with a new access token, "" when there is nothing to refresh or the server will not."""
    try:
        refresh = str(json.loads(dead).get("refresh") or "") if dead else ""
    except (ValueError, AttributeError):
        refresh = ""
    if not refresh:
        return ""
    headers = {"Authorization": f"Bearer {refresh}"}
    answer = client.request("POST", f"{config.url}/api/v1/security/refresh", headers=headers, json={})
    try:
        access = answers.json_of(answer)["access_token"]
    except (SfrError, KeyError, TypeError):
        return ""  # the login, which comes next, tells what is wrong
    return json.dumps({"access": access, "refresh": refresh})


def _logged_in(client: Client, config: SupersetConfig) -> str:
    answer = client.request(
        "POST",
        f"{config.url}/api/v1/security/login",
        json={
            "username": config.username,
            "password": config.password.get_secret_value(),
            "provider": config.provider,
            "refresh": True,
        },
    )
    known = _login_answer(answer, config)
    if not isinstance(known, dict) or not known.get("access_token"):
        raise ConfigError("the login was answered without a token", reason="login", remedy="Is url a Superset server?")
    return json.dumps({"access": known["access_token"], "refresh": known.get("refresh_token", "")})


def _login_answer(answer: Answer, config: SupersetConfig) -> object:
    status = answer.status
    try:
        return answers.json_of(answer)
    except AuthError:
        if status != 401:
            raise ConfigError(
                "the login was answered with a login page",
                reason="redirect",
                remedy="Something in front of Superset wants a login of its own; give an address without it as url.",
            ) from None
        raise AuthError(
            f"Superset refused the name {config.username!r} with this password",
            reason="login",
            remedy=f"Check username and password, and whether the account is active (provider: {config.provider}).",
        ) from None
    except SfrError as error:
        if status == 404:
            raise ConfigError(
                "there is no Superset at this address", reason="address", remedy="Check url: …/api/v1 must be there."
            ) from None
        if status == 400 and "provider" in error.message:
            raise ConfigError(
                f"this server does not know the provider {config.provider!r}",
                reason="login",
                remedy="Set provider to db or ldap.",
            ) from None
        raise
