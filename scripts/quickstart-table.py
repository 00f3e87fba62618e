#!/usr/bin/python3
"""quickstart-table.py DIRECTORY DOMAINS - where the reports went

DIRECTORY is where the receivers of scripts/quickstart keep what reached them
(smtp/ https/ files/), DOMAINS what `tlstally domains --json` printed.  All
that is said here of a report is read from what a receiver got.
"""
import collections
import email
import gzip
import json
import pathlib
import sys


def of_mail(path):
    mail = email.message_from_bytes(path.read_bytes())
    to = path.with_suffix(".env").read_text().split("<")[-1].split(">")[0]
    report = mail.get_payload()[1].get_payload(decode=True)
    return mail["TLS-Report-Domain"], to, report


def of_post(path):
    report = path.read_bytes()
    request = path.with_suffix(".head").read_text()
    host = request.split("Host: ")[1].split("\n")[0]
    # 20260301.example.com.0123abcd@sender.example
    name = json.loads(gzip.decompress(report))["report-id"]
    return name.split("@")[0][9:-9], "https://" + host, report


def of_file(path):
    return path.name.split("!")[1], "a file", path.read_bytes()


def arrivals(top):
    for pattern, read in (("smtp/*.eml", of_mail), ("https/*.body", of_post),
                          ("files/*.json.gz", of_file)):
        for path in sorted(top.glob(pattern)):
            yield read(path)


def printable(text):
    return "".join(c if c.isascii() and c.isprintable() else "?"
                   for c in text)


def main():
    top, domains = pathlib.Path(sys.argv[1]), json.load(open(sys.argv[2]))
    went = collections.defaultdict(list)
    shown = None
    for domain, where, report in arrivals(top):
        went[domain].append(where)
        if domain == "sts-expired.test" and shown is None:
            shown = where, json.loads(gzip.decompress(report))

    rows = [("domain", "sessions", "failed", "delivered to")]
    for row in domains["domains"]:
        ok, failed = row["totalSuccessfulSessions"], row["totalFailedSessions"]
        where = ", ".join(went[row["domain"]])
        rows.append((printable(row["domain"]), str(ok + failed), str(failed),
                     where or "nobody: " + printable(row["reason"] or "")))
    wide = max(len(row[0]) for row in rows)
    for domain, sessions, failed, where in rows:
        print(f"{domain:{wide}}  {sessions:>8}  {failed:>6}  {where}")
    if shown is None:
        sys.exit("no report about sts-expired.test arrived")
    print(f"\nOne of them in full, as {shown[0]} got it: the receiver of "
          "sts-expired.test\nlearns that its certificate has expired.\n")
    print(json.dumps(shown[1], indent=2, ensure_ascii=False))


main()
