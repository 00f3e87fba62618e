#!/usr/bin/env python3
"""sums - what the reports say that came in by mail and by HTTPS

    sums.py FOLDER...

A line "DOMAIN SUCCESSES FAILURES" for each domain, over all reports in the .eml
and .body files, sorted.
"""
import collections
import email
import gzip
import json
import pathlib
import sys


def reports(path):
    data = path.read_bytes()
    if path.suffix == ".body":
        yield data
        return
    for part in email.message_from_bytes(data).walk():
        if part.get_content_type() == "application/tlsrpt+gzip":
            yield part.get_payload(decode=True)


sums = collections.defaultdict(lambda: [0, 0])
for folder in sys.argv[1:]:
    for path in pathlib.Path(folder).iterdir():
        if path.suffix not in (".eml", ".body"):
            continue
        for packed in reports(path):
            for policy in json.loads(gzip.decompress(packed))["policies"]:
                total = sums[policy["policy"]["policy-domain"]]
                summary = policy["summary"]
                total[0] += summary["total-successful-session-count"]
                total[1] += summary["total-failure-session-count"]
for domain in sorted(sums):
    print(domain, *sums[domain])
