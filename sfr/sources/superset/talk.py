"""Speaks Superset's REST API: the base address, the token in each request, and the CSRF token where one is needed.

Facts, tried on Superset 6.1.0: the CSRF token counts only together with the cookie that came with it; the POST of
chart data needs none, SQL Lab does; without it a form is sent to the login page instead of being refused.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from sfr.connector import Tools
from sfr.errors import AuthError
from sfr.http import Answer, Client
from sfr.sources.superset import answers


def bearer(session_value: str) -> dict[str, str]:
    """The header that a session value stands for. Raises AuthError for a value that is none of ours."""
    try:
        known = json.loads(session_value)
        return {"Authorization": f"Bearer {known.get('key') or known['access']}"}
    except (ValueError, KeyError, AttributeError):
        raise AuthError("there is no session for this server yet", reason="session") from None


def rison(text: str) -> str:
    """A text as Superset's list filters write it: quoted, with ! before quotes and exclamation marks."""
    return "'" + text.replace("!", "!!").replace("'", "!'") + "'"


class Talk:
    """One server, for one thread. Every method raises what the answer means when it is no good one."""

    def __init__(self, url: str, client: Client, tools: Tools) -> None:
        self._api = f"{url}/api/v1"
        self._client, self._tools = client, tools
        self._csrf: tuple[str, str] = ("", "")  # the session it belongs to, the token

    def get(self, path: str, query: str = "") -> Any:
        """The JSON behind a path of the API; `query` is Superset's q parameter."""
        address = f"{self._api}/{path}" + (f"?q={quote(query)}" if query else "")
        return answers.json_of(self._client.request("GET", address, headers=self._headers()))

    def get_raw(self, path: str) -> Answer:
        """The answer behind a path, whatever it is."""
        return self._client.request("GET", f"{self._api}/{path}", headers=self._headers())

    def chart_data(self, body: dict[str, Any]) -> Answer:
        """The answer to a chart data request, whatever it is."""
        return self._client.request("POST", f"{self._api}/chart/data", headers=self._headers(), json=body)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a JSON request that needs a CSRF token."""
        return answers.json_of(self._client.request("POST", f"{self._api}/{path}", headers=self._guarded(), json=body))

    def post_form(self, path: str, form: dict[str, str]) -> Answer:
        """The answer to a form that needs a CSRF token, whatever it is."""
        return self._client.request("POST", f"{self._api}/{path}", headers=self._guarded(), form=form)

    def _headers(self) -> dict[str, str]:
        return bearer(self._tools.session().value)

    def _guarded(self) -> dict[str, str]:
        headers = self._headers()
        if self._csrf[0] != headers["Authorization"]:
            self._csrf = (headers["Authorization"], str(self.get("security/csrf_token/")["result"]))
        return {**headers, "X-CSRFToken": self._csrf[1], "Referer": self._api}  # https servers compare the Referer
