"""Fetches one Superset chart many times with plain `requests` calls in threads, as somebody would who writes a script.

`saved` asks for the chart as its address gives it; `streamed` asks in the way that is quickest, its own query streamed.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

PIECE_BYTES = 1 << 18
HUGE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=("saved", "streamed"))
    for name in ("url", "chart", "folder"):
        parser.add_argument(name)
    for name in ("times", "threads"):
        parser.add_argument(name, type=int)
    arguments = parser.parse_args()
    login = {"username": "admin", "password": os.environ["SUPERSET_PASSWORD"], "provider": "db", "refresh": True}
    answer = requests.post(f"{arguments.url}/api/v1/security/login", json=login, timeout=60)
    answer.raise_for_status()
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    address = f"{arguments.url}/api/v1/chart/{arguments.chart}"
    local = threading.local()

    def fetch(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.headers.update(headers)
        if arguments.way == "saved":
            answer = local.session.get(f"{address}/data/?format=csv", stream=True, timeout=600)
        else:
            saved = json.loads(local.session.get(address, timeout=60).json()["result"]["query_context"])
            form = {**saved.get("form_data", {}), "row_limit": HUGE}
            body = {**saved, "form_data": form, "result_format": "csv", "result_type": "query"}
            answer = local.session.post(f"{arguments.url}/api/v1/chart/data", json=body, stream=True, timeout=600)
        answer.raise_for_status()
        with Path(arguments.folder, f"{number}.csv").open("wb") as file:
            for piece in answer.iter_content(PIECE_BYTES):
                file.write(piece)

    with ThreadPoolExecutor(arguments.threads) as threads:
        list(threads.map(fetch, range(arguments.times)))


if __name__ == "__main__":
    main()
