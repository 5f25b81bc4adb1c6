"""Fills an empty Superset for the tests: a table with awkward values, charts good and bad, a dashboard, accounts."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

ROWS = 200_000
COLUMNS = ["id", "placed_at", "city", "customer", "amount", "pieces", "remark", "paid"]
CITIES = ["Nantes", "Kraków", "大阪", "Belém", "Oslo"]
REMARKS = [
    None,
    "",
    "plain",
    'say "hi"',
    "a, b",
    "two\nlines",
    "=2+3",
    "-7",
    "@name",
    "back\\slash",
    "\ttab",
    "naïve 🙂",
]
PASSWORD_OF = "{0}-password"


def make_table(path: Path) -> None:
    """A SQLite file with the table `orders`; id 1 … ROWS, and `pieces` with gaps in the first half only."""
    first = datetime(2026, 1, 1)

    def row(number: int) -> tuple[Any, ...]:
        placed = (first + timedelta(minutes=number)).isoformat(" ")
        pieces = None if number % 40 == 0 and number <= ROWS // 2 else number % 9
        cents = number * 6151 % 250_000
        city, remark = CITIES[number % len(CITIES)], REMARKS[number % len(REMARKS)]
        return (number, placed, city, number % 811, cents / 100, pieces, remark, number % 2)

    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database, database:
        database.execute(
            "create table orders (id integer primary key, placed_at timestamp, city varchar, customer integer,"
            " amount numeric(10, 2), pieces integer, remark varchar, paid integer)"
        )
        database.executemany("insert into orders values (?, ?, ?, ?, ?, ?, ?, ?)", map(row, range(1, ROWS + 1)))
    unfinished.rename(path)


class Filling:
    """One administrator's session with an empty server; `ids` are what was made, by name."""

    def __init__(self, url: str) -> None:
        self.ids: dict[str, int] = {}
        self._api = f"{url}/api/v1"
        self._session = requests.Session()
        login = {"username": "admin", "password": PASSWORD_OF.format("admin"), "provider": "db"}
        access = self._session.post(f"{self._api}/security/login", json=login, timeout=60).json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {access}"
        self._session.headers["X-CSRFToken"] = self._get("security/csrf_token/")["result"]

    def fill(self, table: Path) -> dict[str, int]:
        """Make everything; `table` is the SQLite file."""
        database = {"database_name": "shop", "sqlalchemy_uri": f"sqlite:///{table}", "expose_in_sqllab": True}
        self.ids["database"] = self._make("database", database)
        self.ids["dataset"] = self._make(
            "dataset", {"database": self.ids["database"], "schema": "main", "table_name": "orders"}
        )
        self._make_charts()
        self._make_dashboard("orders-board", ["small", "pivot"])
        self._make_accounts()
        return self.ids

    def _make_charts(self) -> None:
        def rows(limit: int) -> dict[str, Any]:
            return {"columns": COLUMNS, "orderby": [["id", True]], "row_limit": limit}

        total = {"expressionType": "SQL", "sqlExpression": "SUM(amount)", "label": "total"}
        by_city = {"columns": ["city", "paid"], "metrics": [total], "orderby": [[total, False]], "row_limit": 1000}
        wrong = {"expressionType": "SQL", "sqlExpression": "no_such_column", "label": "wrong"}
        share = {"operation": "contribution", "options": {"columns": ["total"], "rename_columns": ["share"]}}
        self._chart("small", "table", [rows(120)])
        self._chart("fifty", "table", [rows(50_000)])
        self._chart("whole", "table", [rows(1_000_000)])
        self._chart("unordered", "table", [{"columns": ["city", "remark", "id"], "row_limit": 1_000_000}])
        form = {"groupbyRows": ["city"], "groupbyColumns": ["paid"], "metrics": [total], "aggregateFunction": "Sum"}
        self._chart("pivot", "pivot_table_v2", [by_city], form)
        self._chart("two", "mixed_timeseries", [rows(10), {"columns": ["city"], "metrics": [total], "row_limit": 7}])
        self._chart("shares", "table", [{**by_city, "post_processing": [share]}, {"metrics": [total], "columns": []}])
        self._chart("wrong", "table", [{"columns": [wrong], "row_limit": 10}])
        self._chart("unsaved", "table", [])

    def _chart(self, name: str, kind: str, queries: list[dict[str, Any]], form: dict[str, Any] | None = None) -> None:
        source = {"id": self.ids["dataset"], "type": "table"}
        known = {"datasource": f"{source['id']}__table", "viz_type": kind, **(form or {})}
        body = {
            "slice_name": name,
            "viz_type": kind,
            "datasource_id": source["id"],
            "datasource_type": "table",
            "params": json.dumps(known),
        }
        if queries:
            body["query_context"] = json.dumps({"datasource": source, "queries": queries, "form_data": known})
        self.ids[name] = self._make("chart", body)

    def _make_dashboard(self, slug: str, charts: list[str]) -> None:
        body = {"dashboard_title": "Orders board", "slug": slug, "published": True}
        self.ids["board"] = self._make("dashboard", body)
        for chart in charts:
            self._send("put", f"chart/{self.ids[chart]}", {"dashboards": [self.ids["board"]]})

    def _make_accounts(self) -> None:
        """`reader` may read the dataset and export; `looker` may not export. `nobody` comes from the command line."""
        rights = self._rights()
        reading = [("can_read", "Chart"), ("can_read", "Dataset"), ("can_read", "Dashboard")]
        data = [number for (verb, place), number in rights.items() if verb == "datasource_access" and "orders" in place]
        seeing = data + [rights[pair] for pair in reading]
        self._account("looker", seeing)
        self._account("reader", [*seeing, rights[("can_csv", "Superset")]])

    def _account(self, name: str, rights: list[int]) -> None:
        role = self._make("security/roles", {"name": f"role of {name}"})
        self._send("post", f"security/roles/{role}/permissions", {"permission_view_menu_ids": rights})
        person = {"username": name, "first_name": name, "last_name": "Test", "email": f"{name}@example.com"}
        access = {"password": PASSWORD_OF.format(name), "active": True, "roles": [role]}
        self._make("security/users", {**person, **access})

    def _rights(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        page = 0
        while entries := self._get(f"security/permissions-resources/?q=(page:{page},page_size:100)")["result"]:
            found |= {(one["permission"]["name"], one["view_menu"]["name"]): one["id"] for one in entries}
            page += 1
        return found

    def _make(self, kind: str, body: dict[str, Any]) -> int:
        return int(self._send("post", f"{kind}/", body)["id"])

    def _get(self, path: str) -> Any:
        answer = self._session.get(f"{self._api}/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def _send(self, verb: str, path: str, body: dict[str, Any]) -> Any:
        answer = self._session.request(verb, f"{self._api}/{path}", json=body, timeout=60)
        assert answer.ok, f"{verb} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()
