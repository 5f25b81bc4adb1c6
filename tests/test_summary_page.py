from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfr.model import Result, Status
from sfr.summary.page import write_page
from sfr.summary.timeline import Axis
from tests import runs
from tests.services import require

EVIL = "<script>document.title='caught'</script>\"'><img src=x onerror=alert(1)>.csv"


class Reader(HTMLParser):
    """Collects the elements and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def page(results: list[Result], folder: Path) -> str:
    write_page(runs.run(list_name="input/list.csv"), results, folder / "summary.html", "Europe/Berlin")
    return (folder / "summary.html").read_text(encoding="utf-8")


def results() -> list[Result]:
    return [
        runs.result(1, "sales.csv", location=str(Path.cwd().absolute() / "a b#.csv"), sha256="ab" * 32),
        runs.result(2, EVIL, Status.FAILED, error="no <b>permission</b>", remedy="Ask its owner."),
        runs.retried(3, 3, name="cases.csv", warnings=("columns changed: + Region",)),
        runs.result(4, "late.csv", Status.SKIPPED, attempts=(), started_at=None, finished_at=None),
    ]


def test_the_page_asks_nothing_of_anybody(tmp_path: Path) -> None:
    reader = Reader(page(results(), tmp_path))
    for tag, attributes in reader.elements:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert "src" not in attributes
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert not re.match(r"(?i)\s*(https?:|//|javascript:|data:)", attributes.get("href") or "")


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    text = page(results(), tmp_path)
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', text)[0])
    assert policy.startswith("default-src 'none'; ")
    for element in ("style", "script"):
        contents = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert len(contents) == 1
        digest = base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy


def test_failures_come_first_with_reason_and_remedy(tmp_path: Path) -> None:
    texts = [text for text in Reader(page(results(), tmp_path)).texts if text]
    assert texts.index("no <b>permission</b>") < texts.index("Where the time went")
    assert "Ask its owner." in texts
    assert "2 of 4 reports complete" in texts
    assert "python main.py --failed" in texts
    assert "columns changed: + Region" in texts


def test_the_command_for_the_rest_names_an_output_of_ones_own(tmp_path: Path) -> None:
    for output, command in ((tmp_path / "my files", f' --output "{tmp_path / "my files"}"'), (Path("output"), "")):
        write_page(runs.run(output=str(output.absolute())), results(), tmp_path / "summary.html", "UTC")
        texts = Reader((tmp_path / "summary.html").read_text(encoding="utf-8")).texts
        assert f"python main.py --failed{command}" in texts


def test_a_finished_run_says_so_and_asks_for_nothing(tmp_path: Path) -> None:
    text = page(runs.many(3), tmp_path)
    assert "All 3 reports complete" in text
    assert "--failed" not in text
    assert "2026-11-24 07:00:00 – 07:01:00 (Europe/Berlin)" in text


def test_a_name_leads_to_its_file_beside_the_page(tmp_path: Path) -> None:
    found = [runs.result(1, "a #1.csv", location=str(tmp_path / "sub" / "a #1.csv"))]
    found.append(runs.result(2, "b.csv", location="s3://bucket/b.csv"))
    links = [attributes["href"] for tag, attributes in Reader(page(found, tmp_path)).elements if tag == "a"]
    assert links == ["./sub/a%20%231.csv"]


@given(st.text(), st.text(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_any_text_stays_text(tmp_path: Path, name: str, error: str) -> None:
    harmless = [tag for tag, _ in Reader(page([runs.result(1, "a.csv", Status.FAILED, error="e")], tmp_path)).elements]
    found = Reader(page([runs.result(1, name, Status.FAILED, error=error or "e")], tmp_path))
    assert [tag for tag, _ in found.elements] == harmless


def test_a_thousand_reports_with_many_tries_stay_below_two_megabytes(tmp_path: Path) -> None:
    many = [runs.retried(n, 60, name=f"{n}_{runs.NAMES[n % 4]}", error="e" * 2000) for n in range(1, 1001)]
    assert len(page(many, tmp_path).encode()) < 2_000_000


def test_the_timeline_shows_each_try_with_its_waiting_server_and_transfer_time() -> None:
    found = [runs.retried(1, 2)]
    axis = Axis(runs.run(), found)
    segments = axis.segments(found[0])
    assert [(segment.kind, segment.failed) for segment in segments] == [
        ("waiting", False), ("server", True), ("transfer", True),
        ("waiting", False), ("server", False), ("transfer", False), ("finishing", False),
    ]  # fmt: skip
    assert segments[1].title == "server 0.2 s · try 1 · http-503"
    assert segments[0].left == pytest.approx(100 * 0.5 / 60)
    assert [tick.label for tick in axis.ticks()] == ["0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00"]


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_clock_draws_outside_the_axis(offset: float, passed: float, silent: float) -> None:
    attempts = runs.retried(1, 5).outcome.attempts
    shifted = tuple(
        type(attempt)(attempt.number, attempt.started_at + offset, passed, server_seconds=silent)
        for attempt in attempts
    )
    found = [runs.result(1, attempts=shifted)]
    axis = Axis(runs.run(), found)
    assert len(axis.ticks()) <= 9
    for segment in axis.segments(found[0]):
        assert segment.left >= 0
        assert segment.left + segment.width <= 100.001


class Browser:
    """A real Chromium, asked over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

    def __init__(self, url: str, profile: Path, width: int) -> None:
        from websocket import create_connection

        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        require(program is not None, "chromium")
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            f"--window-size={width},900",
        ]
        command = [str(program), *flags, f"--user-data-dir={profile}", url]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = self._port(profile / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=20) as answer:
            target = next(target for target in json.load(answer) if target["type"] == "page")
        self.socket = create_connection(target["webSocketDebuggerUrl"], timeout=20, suppress_origin=True)
        # A window begins with an empty page, which is complete at once.
        while self.evaluate("location.protocol + document.readyState") != "file:complete":
            time.sleep(0.05)

    def _port(self, file: Path) -> str:
        deadline = time.monotonic() + 40
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < deadline, "Chromium did not start"
            time.sleep(0.05)
        return file.read_text().split()[0]

    def evaluate(self, expression: str) -> Any:
        request = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression, "returnByValue": True}}
        self.socket.send(json.dumps(request))
        while "id" not in (answer := json.loads(self.socket.recv())):
            pass
        return answer["result"]["result"].get("value")

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(params=[1280, 420])
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Browser]:
    page(results(), tmp_path)
    opened = Browser((tmp_path / "summary.html").as_uri(), tmp_path / "profile", request.param)
    yield opened
    opened.close()


@pytest.mark.slow
def test_in_a_real_browser_the_page_sorts_and_filters_and_runs_nobodys_script(browser: Browser) -> None:
    assert "caught" not in browser.evaluate("document.title")
    assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
    assert browser.evaluate("getComputedStyle(document.body).marginTop") == "0px"
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cells = "document.querySelectorAll('#reports tbody tr:not([hidden]) td:first-child')"
    numbers = f"[...{cells}].map(cell => cell.textContent).join()"
    find = "document.querySelector('#find')"
    assert browser.evaluate(numbers) == "2,4,1,3"
    browser.evaluate("document.querySelectorAll('th button')[0].click()")
    assert browser.evaluate(numbers) == "1,2,3,4"
    for order in ("1,2,3,4", "4,3,1,2"):
        browser.evaluate("[...document.querySelectorAll('th button')].find(b => b.textContent === 'time').click()")
        assert browser.evaluate(numbers) == order
    browser.evaluate(f"{find}.value = 'SALES'; {find}.dispatchEvent(new Event('input'))")
    assert browser.evaluate(numbers) == "1"
    assert browser.evaluate("document.querySelectorAll('.lane[data-row]:not([hidden])').length") == 1
    browser.evaluate(f"{find}.value = ''; document.querySelector('#tools input[value=done]').click()")
    assert sorted(browser.evaluate(numbers).split(",")) == ["2", "4"]
