"""The configuration that the test servers' Superset reads; what differs between them is in the environment."""

import os
from datetime import timedelta

SECRET_KEY = "known to everybody, and good enough for a server of a test on this machine"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['TEST_SUPERSET_METADATA']}"
PREVENT_UNSAFE_DB_CONNECTIONS = False  # a SQLite file may be a source of data
TALISMAN_ENABLED = False  # no https
FAB_API_KEY_ENABLED = True
JWT_ACCESS_TOKEN_EXPIRES = timedelta(seconds=int(os.environ.get("TEST_SUPERSET_JWT_SECONDS", "900")))
RATELIMIT_ENABLED = bool(os.environ.get("TEST_SUPERSET_RATE"))
RATELIMIT_APPLICATION = os.environ.get("TEST_SUPERSET_RATE") or "1000 per second"
SQL_MAX_ROW = int(os.environ.get("TEST_SUPERSET_MOST_ROWS", "100000"))
