"""Fetches Salesforce reports through the web export, the way a browser does: one cookie, one address per report."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from sfr.connector import Listed, Sink, Tools
from sfr.csv_scan import BYTE_ORDER_MARK
from sfr.errors import InvalidReport, ReportError, SfrError, TransientError
from sfr.http import Answer, Client, Timeouts, beginning
from sfr.http_errors import REDIRECTS
from sfr.model import Fetched, Proof, Report
from sfr.sources.salesforce import classify
from sfr.sources.salesforce.config import SalesforceConfig
from sfr.sources.salesforce.footer import FooterCutter
from sfr.sources.salesforce.session.values import Verdict
from sfr.sources.salesforce.validation import validate

RECENT_REPORTS = "/services/data/v60.0/analytics/reports"
EXPORT_PARAMS = (("isdtp", "p1"), ("export", "1"), ("enc", "UTF-8"), ("xf", "csv"))

_BEGINNINGS = {"xls": b"<\xd0", "xlsx": b"P"}  # an HTML table or a real workbook; a zip archive


class Export:
    """The export of one org, for one thread."""

    def __init__(self, config: SalesforceConfig, tools: Tools) -> None:
        self._origin = config.domain
        self._tools = tools
        self._client = Client(Timeouts(config.connect_seconds, config.first_byte_seconds), tools.turn)

    def check(self) -> None:
        """Raises AuthError when the session is known to be dead."""
        if validate(self._origin, self._tools.session().value) is Verdict.INVALID:
            raise classify.session_ended()

    def fetch(self, report: Report, into: Sink) -> Fetched:
        """Write the report to `into` without its footer, which comes back as the trailer and is the proof."""
        answer = self._ask(export_url(self._origin, report))
        request_id = answer.headers.get("X-SFDC-Request-Id", "")
        try:
            body = _refuse_errors(answer, report.format)
            if report.format == "csv":
                return _copy_csv(body, into, request_id)
            for piece in body:
                into.write(piece)
            return Fetched(request_id=request_id)
        except SfrError as error:
            error.request_id = request_id
            raise
        finally:
            answer.close()

    def list_reports(self, search: str) -> Iterator[Listed]:
        """The 200 reports that this user has looked at last, as the analytics interface tells them.

        Raises ReportError for a user whom the org gives no access to its programming interfaces.
        """
        headers = {"Authorization": f"Bearer {self._tools.session().value}", "Accept": "application/json"}
        answer = self._client.request("GET", f"{self._origin}{RECENT_REPORTS}", headers=headers)
        if answer.status != 200:  # 401 as well says a living session that is none for interfaces
            raise ReportError(
                f"the org does not list its reports to this user (HTTP {answer.status})",
                reason="no-list",
                remedy="Your user may lack API access. Open each report in the browser and paste its address.",
            )
        for entry in answer.json():
            if search.casefold() in str(entry.get("name", "")).casefold():
                yield Listed(str(entry["id"]), str(entry["name"]), kind="report")

    def abort(self) -> None:
        self._client.abort()

    def close(self) -> None:
        self._client.close()

    def _ask(self, url: str) -> Answer:
        """Follow redirects by hand, within the host that the cookie is bound to."""
        host = urlsplit(self._origin).hostname or ""
        self._client.set_cookie(host, "sid", self._tools.session().value)
        for _ in range(classify.REDIRECT_LIMIT + 1):
            answer = self._client.request("GET", url)
            location = answer.headers.get("Location", "")
            if answer.status not in REDIRECTS or not location:
                return answer
            answer.close()
            url = classify.redirect_target(url, location)
        raise TransientError(
            f"more than {classify.REDIRECT_LIMIT} redirects in a row",
            reason="redirect",
            max_attempts=3,
            remedy="is SFDC_DOMAIN the org's My Domain host (….my.salesforce.com)?",
        )


def export_url(origin: str, report: Report) -> str:
    """The address of a report's export: the user's params replace defaults of the same name, the rest is added."""
    chosen = {name for name, _ in report.params}
    pairs = [pair for pair in EXPORT_PARAMS if pair[0] not in chosen] + list(report.params)
    return f"{origin}/{report.ref}?{urlencode(pairs, safe='/:')}"


def _refuse_errors(answer: Answer, format_name: str) -> Iterator[bytes]:
    """The body of an answer that can be a report, from its first byte on; everything else becomes our error."""
    if answer.status != 200:
        raise classify.by_status(answer.status, answer.headers, answer.read(classify.PAGE_LIMIT_BYTES))
    body = answer.pieces()
    head = _first_bytes(body)
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
    if not head.strip():
        raise InvalidReport("the server sent an empty answer", reason="empty", max_attempts=None)
    if start == b"<" and not (format_name == "xls" and _names_a_workbook(answer)):
        raise classify.by_page(head + beginning(body, classify.PAGE_LIMIT_BYTES))
    if start in (b"{", b"["):
        raise classify.by_message(head + beginning(body, classify.PAGE_LIMIT_BYTES))
    if start not in _BEGINNINGS.get(format_name, start):
        raise InvalidReport(
            f"the server sent another format than {format_name}",
            reason="format",
            max_attempts=2,
            remedy="this report may not come in that format: take xf out of its params to get CSV",
        )
    return _chained(head, body)


def _names_a_workbook(answer: Answer) -> bool:
    """An .xls export is an HTML table, and so may an error page be; only the export is sent as a file."""
    kind, disposition = answer.headers.get("Content-Type", ""), answer.headers.get("Content-Disposition", "")
    return "excel" in kind.lower() or disposition.lower().lstrip().startswith("attachment")


def _first_bytes(body: Iterator[bytes]) -> bytes:
    """Enough of the beginning to see what it is: up to the first byte that is not white space."""
    head = b""
    for piece in body:
        head += piece
        if head.removeprefix(BYTE_ORDER_MARK).strip() or len(head) > classify.PAGE_LIMIT_BYTES:
            break
    return head


def _chained(head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from body


def _copy_csv(body: Iterator[bytes], into: Sink, request_id: str) -> Fetched:
    cutter = FooterCutter(into)
    for piece in body:
        cutter.write(piece)
    footer = cutter.finish()
    return Fetched(proof=Proof.FOOTER if footer else Proof.NONE, trailer=footer, request_id=request_id)
