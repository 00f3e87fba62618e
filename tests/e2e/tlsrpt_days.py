#!/usr/bin/env python3
"""tlsrpt-collectd, tlsrpt-fetcher and tlsrpt-reportd of sys4's tlsrpt-reporter,
whose clock is so many days ahead as a file says, so that a test need not wait
for midnight:

    tlsrpt_days.py DAYS_FILE collectd|fetcher|reportd OPTION...
"""
import datetime
import sys

from tlsrpt_reporter import tlsrpt

days_file, program = sys.argv[1:3]
del sys.argv[1:3]


def time_now():
    with open(days_file, encoding="ascii") as file:
        days = int(file.read())
    now = datetime.datetime.now(datetime.timezone.utc)
    return now + datetime.timedelta(days=days)


tlsrpt.tlsrpt_utc_time_now = time_now
tlsrpt.tlsrpt_utc_date_now = lambda: time_now().date()
tlsrpt.tlsrpt_utc_date_yesterday = (
    lambda: (time_now() - datetime.timedelta(days=1)).date())
getattr(tlsrpt, f"tlsrpt_{program}_main")()
