"""The report of examples/active_users with nothing but the drivers: a loop over the days, a dict, the csv module."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import MySQLdb
import MySQLdb.cursors
import psycopg

USERS = "SELECT user_id, user_name FROM mindtickle_users WHERE active_status = 'active' ORDER BY user_id"
OF_DAY = "SELECT user_id FROM lesson_completion WHERE completion_date = %s"

people, lessons, until, days, output = json.loads(sys.argv[1])
with psycopg.connect(people) as connection:
    users = dict(connection.execute(USERS).fetchall())
other, seen = MySQLdb.connect(**lessons), set()
with Path(output).open("w", newline="", encoding="utf-8") as file:
    write = csv.writer(file, lineterminator="\n").writerow
    write(["user_id", "user_name", "lessons_completed", "completion_date"])
    for back in range(days, 0, -1):
        day = date.fromisoformat(until) - timedelta(days=back)
        cursor = other.cursor(MySQLdb.cursors.SSCursor)
        cursor.execute(OF_DAY, [day])
        counts = Counter(user for (user,) in cursor)
        cursor.close()
        for user, name in users.items():
            if count := counts.get(user):
                seen.add(user)
                write((user, name, count, day))
    for user, name in users.items():
        if user not in seen:
            write((user, name, 0, ""))
