"""Knows what an answer of Superset means, whatever its status code claims.

Facts: tried on Superset 6.1.0. Errors come in three JSON forms, one per layer: {"msg"} from the token check,
{"message"} from the REST API, {"errors": […]} from Superset itself; and as HTML for what nobody caught.
"""

from __future__ import annotations

import json
from typing import Any

from sfr.errors import AuthError, ConfigError, InvalidReport, ReportError, SfrError, TransientError
from sfr.http import Answer
from sfr.http_errors import REDIRECTS, asked_to_pause

BODY_LIMIT_BYTES = 1 << 18
_SHOWN_CHARACTERS = 300
_ACCESS_ERRORS = ("SECURITY_ACCESS_ERROR", "ACCESS_DENIED")


def session_ended(why: str) -> AuthError:
    """The token or key no longer opens the server."""
    return AuthError(
        f"the session has ended: {why}", remedy="If it comes again, check username and password, or the api_key."
    )


def refused(answer: Answer) -> SfrError:
    """What an answer with a status other than 200 means; reads its body."""
    status = answer.status
    if status in REDIRECTS:
        answer.close()
        return _redirected(answer.headers.get("Location", ""))
    body = answer.read(BODY_LIMIT_BYTES)
    text, kinds = message_of(body)
    if status == 401 or (status == 422 and _is_token_error(body)):
        return session_ended(text or "401")
    if status in (429, 503):
        message = f"the server asked for a pause ({status}): {text}"
        return asked_to_pause(message, answer.headers, remedy="Lower this source's requests per second.")
    if status == 403:
        return _forbidden(text, kinds)
    if status in (404, 410):
        return _not_found()
    if status in (408, 425) or status >= 500:
        return _failed(status, text, kinds)
    if status == 202:
        return ReportError("the server put the query into its queue instead of answering", reason="queued")
    return ReportError(
        f"the server refused the request ({status}): {text}",
        reason=f"http-{status}",
        remedy="Open the chart in Superset: it likely fails there too.",
    )


def check_csv(answer: Answer) -> None:
    """Raise what an answer means that is no CSV though its status is 200."""
    kind = answer.headers.get("Content-Type", "").lower()
    if "text/html" in kind:
        raise by_page(answer.read(BODY_LIMIT_BYTES))
    if "json" in kind:
        text, _ = message_of(answer.read(BODY_LIMIT_BYTES))
        raise InvalidReport(f"a message came instead of the report: {text}", reason="json", max_attempts=2)
    if "zip" in kind:
        answer.close()
        raise InvalidReport("an archive came instead of the report", reason="zip")


def by_page(body: bytes) -> SfrError:
    """What a web page means that came with status 200."""
    lowered = body.lower()
    if b'name="password"' in lowered or b'action="/login' in lowered or b"/login/?next" in lowered:
        return session_ended("the server sent its login page")
    return InvalidReport(
        "a web page came instead of the report",
        reason="web-page",
        max_attempts=2,
        remedy="Is the url that of the Superset server? A company network may want a login of its own.",
    )


def json_of(answer: Answer) -> Any:
    """The body of an answer that must be JSON. Raises what it means when it is none."""
    if answer.status not in (200, 201):
        raise refused(answer)
    if "text/html" in answer.headers.get("Content-Type", "").lower():
        raise by_page(answer.read(BODY_LIMIT_BYTES))
    return answer.json()


def message_of(body: bytes) -> tuple[str, tuple[str, ...]]:
    """The text for people in any of the error forms, and the error types that Superset's own form names."""
    try:
        known = json.loads(body)
    except ValueError:
        return ("a web page" if body.lstrip()[:1] == b"<" else _short(body.decode("utf-8", "replace"))), ()
    if not isinstance(known, dict):
        return _short(str(known)), ()
    errors = known.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        kinds = tuple(str(error.get("error_type", "")) for error in errors if isinstance(error, dict))
        return _short(str(errors[0].get("message", errors[0]))), kinds
    found = known.get("message") or known.get("msg") or known.get("error") or known
    return _short(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)), ()


def _short(text: str) -> str:
    return " ".join(text.split())[:_SHOWN_CHARACTERS]


def _is_token_error(body: bytes) -> bool:
    """The token layer answers 422 for a broken token; the REST API does so for a body that it cannot use."""
    try:
        return "msg" in json.loads(body)
    except (ValueError, TypeError):
        return False


def _redirected(location: str) -> SfrError:
    if "/login" in location:
        return session_ended("the server wants a login")
    return ConfigError(
        f"the server sent us to another address: {location[:200]}",
        reason="redirect",
        remedy="Give that server's own address as url (https instead of http?).",
    )


def _forbidden(text: str, kinds: tuple[str, ...]) -> ReportError:
    if any(kind.endswith(_ACCESS_ERRORS) for kind in kinds):
        return ReportError(
            f"no permission for the data: {text}",
            reason="no-permission",
            remedy="Ask an administrator of Superset for access to the chart's dataset.",
        )
    return ReportError(
        f"this account may not export CSV, or not do this: {text or 'Forbidden'}",
        reason="no-permission",
        remedy="Ask an administrator of Superset for the permission 'can csv on Superset' (and 'can sqllab' for sql).",
    )


def _not_found() -> ReportError:
    return ReportError(
        "not found: deleted, or this account may not see it (Superset says 404 to both)",
        reason="not-found",
        remedy="Open it in the browser under the same account; ask for access to its dataset, or mend the id.",
    )


def _failed(status: int, text: str, kinds: tuple[str, ...]) -> SfrError:
    if kinds and kinds != ("GENERIC_BACKEND_ERROR",):  # SQL Lab says 500 to a wrong query
        if any(kind.endswith(_ACCESS_ERRORS) for kind in kinds):
            return _forbidden(text, kinds)
        return ReportError(f"the query failed: {text}", reason="query", remedy="Try it in SQL Lab.")
    return TransientError(f"the server failed ({status}): {text}", reason=f"http-{status}", max_attempts=4)
