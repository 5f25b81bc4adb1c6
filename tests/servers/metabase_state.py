"""What a small Metabase knows and decides: who may come in, how often, what is there, which values a filter gets."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.metabase_model import Card, Dashboard

USER, PASSWORD, KEY = "ada@example.com", "correct horse", "mb_key_0123456789abcdef="


class Refused(Exception):
    """An answer that is no success: status, body, and more headers."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)


class State:
    """Open for changes while it serves.

    `refusals` are answers to the next requests whatever they ask. `logins_allowed` is how many logins, good ones
    counted, come before the throttle, whose pause is `pause_seconds` and whose status `throttle_status`.
    """

    def __init__(self, cards: list[Card] | None = None, dashboards: list[Dashboard] | None = None) -> None:
        self.cards, self.dashboards = list(cards or []), list(dashboards or [])
        self.asked: list[Asked] = []
        self.refusals: list[Refused] = []
        self.sessions: set[str] = set()
        self.keys = {KEY}
        self.accounts = {USER: PASSWORD}
        self.disabled: set[str] = set()
        self.logins = 0
        self.logins_allowed = 10
        self.pause_seconds = 47
        self.throttle_status = 401
        self.wrong_password_status = 401
        self.public_sharing = True
        self.knows_search = True
        self.most_found = 1000
        self.packs = True
        self.mark = False  # writes a byte order mark even though none is asked for
        self.separator = ","
        self.formats_unasked = True  # as 0.49.3 to 0.52 did
        self.row_limit = 1_048_575
        self.tells_row_limit = False

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def exports(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.endswith("csv")]

    # -- who asks ------------------------------------------------------------------------------------------------

    def log_in(self, body: dict[str, Any]) -> dict[str, str]:
        self.logins += 1
        name, password = str(body.get("username")), body.get("password")
        if self.logins > self.logins_allowed:
            said = f"Too many attempts! You must wait {self.pause_seconds} seconds before trying again."
            raise Refused(self.throttle_status, {"errors": {"username": said}})
        if self.accounts.get(name) != password:
            raise Refused(self.wrong_password_status, {"errors": {"password": "did not match stored password"}})
        if name in self.disabled:
            raise Refused(401, {"errors": {"_error": "Your account is disabled."}})
        self.sessions.add(session := str(uuid.uuid4()))
        return {"id": session}

    def must_know(self, asked: Asked) -> None:
        known = asked.headers.get("x-metabase-session") in self.sessions or asked.headers.get("x-api-key") in self.keys
        if not known:
            raise Refused(401, "Unauthenticated")

    # -- what is there -------------------------------------------------------------------------------------------

    def card(self, key: str) -> Card:
        found = next((card for card in self.cards if key in (str(card.id), card.public_uuid)), None)
        if found is None:
            raise Refused(404, "Not found.")
        if found.archived:
            raise Refused(404, {"message": "The object has been archived.", "error_code": "archived"})
        if found.forbidden:
            raise Refused(403, "You don't have permissions to do that.")
        return found

    def dashboard(self, key: str) -> Dashboard:
        found = next((board for board in self.dashboards if key in (str(board.id), board.public_uuid)), None)
        if found is None:
            raise Refused(404, "Not found.")
        return found

    def found(self, asked: Asked) -> dict[str, Any]:
        if not self.knows_search:
            raise Refused(404, "API endpoint does not exist.")
        query = parse_qs(urlsplit(asked.path).query)
        models = {"question": "card", "model": "dataset", "metric": "metric"}
        items = [{**card.described(), "model": models[card.kind]} for card in self.cards if not card.archived]
        items += [{**board.described(), "model": "dashboard"} for board in self.dashboards]
        items = [item for item in items if item["model"] in query["models"]][: self.most_found]
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        return {"data": items[offset : offset + limit], "total": len(items)}

    def tag_values(self, card: Card, parameters: list[dict[str, Any]]) -> dict[str, Any]:
        values = {}
        for item in parameters:
            tag = item["target"][1][1]
            if tag not in card.tags:
                text = f'Invalid parameter: Card {card.id} does not have a template tag named "{tag}".'
                raise Refused(400, {"errors": {"parameters": text}})
            values[tag] = item["value"]
        return values

    def placed(self, board: Dashboard, place_id: str, card_id: str, given: list[Any]) -> tuple[Card, dict[str, Any]]:
        """Values whose filter is not connected to the card are passed over, as the real one does."""
        for place in board.places:
            for card in (place.card, *place.series):
                if card and (str(place.id), str(card.id)) == (place_id, card_id):
                    if unknown := [item["id"] for item in given if item["id"] not in board.filters]:
                        raise Refused(400, f'Dashboard does not have a parameter with ID "{unknown[0]}".')
                    mapped = [item for item in given if item["id"] in place.mapped]
                    return card, {place.mapped[item["id"]]: item["value"] for item in mapped}
        raise Refused(404, "Not found.")
