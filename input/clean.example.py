"""Functions that cleanse reports: name one in a list as `clean: input/clean.py:sales`.

Each gets a pandas frame and the report, and returns a frame. All columns are text: `00123`, `N/A` and `1e5` come as
they are; only what the report calls no value (`null: ""` in the list) is missing. Keep numbers as text where digits
matter: floating point numbers are written too, with a warning.
"""


def sales(frame, report):
    """Country codes in capitals, no test orders, and the day that the report was made for."""
    frame["country"] = frame["country"].str.strip().str.upper()
    frame = frame[~frame["customer"].str.startswith("Test ")].copy()
    frame["report"] = report.name
    return frame


def totals(frame, report):
    """One record for each country. It needs all records: `clean: {function: input/clean.py:totals, whole: yes}`."""
    from decimal import Decimal

    frame["amount"] = frame["amount"].map(Decimal)
    sums = frame.groupby(frame["country"].str.strip().str.upper())["amount"].sum().reset_index()
    return sums.assign(report=report.name)
