#!/usr/bin/env python3
"""views - the commands for people: the same on the store and by --url

In the build folder.  On a store with ten days of sessions, mail that came in,
and reports that were made: each command, as text and as JSON, must print what
it prints on the store when a tlstally-httpd answers.  Only doctor differs: a
server does not look at its host, and says so.
"""
import datetime
import json
import pathlib
import socket
import subprocess
import sys
import tempfile

from httpd_world import HTTPD, TLSTALLY, Server
from testlib import expect, failed, free_port

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
FIRST = (TODAY - datetime.timedelta(days=9)).isoformat()
FIFTH = (TODAY - datetime.timedelta(days=5)).isoformat()

# The words, the exit status, and what the text must have.
COMMANDS = [
    (["status"], 0, ["mode      preview", "day (UTC)"]),
    (["domains"], 0, ["host01.example", "outcome"]),
    (["domains", "--day", FIFTH, "--failures"], 0, [f"{FIFTH}: "]),
    (["domains", "--day", "2001-01-01"], 0, ["2001-01-01: 0 domains"]),
    (["show", "host03.example"], 0, [FIFTH, "policy ", "report ", "held"]),
    (["show", "HOST03.example.", "--day", FIFTH], 0, ["sessions  "]),
    (["show", "nobody.example"], 1, []),
    (["inbound", "--days", "12"], 0, ["mail to", "from other sites"]),
    (["inbound", "ours.example", "--days", "12"], 0, ["incoming messages",
                                                      "sender"]),
    (["inbound", "nobody.example"], 1, []),
    (["suppress", "list"], 0, ["tls@gone.example", "no end", "asked us to"]),
    (["doctor"], 1, ["good", "clock"]),
]


def tally(conf, words, more=()):
    got = subprocess.run([TLSTALLY, "-c", conf, *words, *more],
                         capture_output=True, text=True)
    return got.returncode, got.stdout, got.stderr


def stable(words, out):
    """What the moment changes between two runs of status."""
    if words[0] == "status" and out.startswith("{"):
        doc = json.loads(out)
        for name in ("usedBytes", "diskFreeBytes"):
            del doc["store"][name]
        del doc["now"], doc["feeds"]
        return doc
    if words[0] == "status":
        return [line for line in out.splitlines()
                if not line.startswith(("store ", "events", "log "))]
    return out


def same_checks(here, there):
    """What is in the store is the same; what is not, the server does not say."""
    here, there = (json.loads(out)["checks"] for out in (here, there))
    for other in there:
        mine = [row for row in here if row["check"] == other["check"]]
        if other["grade"] == "unknown":
            expect(f"doctor: {other['check']}: only here it is looked at",
                   True, "on the host itself" in other["words"])
        elif other["check"] not in ("events", "store"):
            expect(f"doctor: {other['check']}", [
                {**row, "since": None} for row in mine],
                [{**other, "since": None}])
    unseen = {row["check"] for row in there if row["grade"] == "unknown"}
    expect("doctor: what a server cannot see", set(),
           {"socket", "queue", "postfix", "secrets", "relay", "dkim"} - unseen)
    expect("doctor: what it can see", set(),
           {"events", "runs", "clock", "mode", "store"}
           & unseen)


def compare(conf, server):
    for words, status, wanted in COMMANDS:
        name = " ".join(words)
        for more in ([], ["--json"]):
            here = tally(conf, words, more)
            there = tally(conf, words, [*more, *server])
            if words[0] != "doctor":
                expect(f"{name} {more}: on the store and with --url",
                       (here[0], stable(words, here[1]), here[2]),
                       (there[0], stable(words, there[1]), there[2]))
            elif more:
                same_checks(here[1], there[1])
            if not more:
                expect(f"{name}: exit status", status, here[0])
                expect(f"{name}: text", [],
                       [part for part in wanted if part not in here[1]])


def one_form(conf):
    """A destination, wherever it stands."""
    shown = json.loads(tally(conf, ["show", "host03.example", "--json"])[1])
    report = next(day["report"] for day in shown["days"] if "report" in day)
    got = json.loads(tally(conf, ["get", "tls-internal-report", report["id"],
                                  "--json"])[1])
    expect("show has the object of the outbox", got, report)
    days = json.loads(tally(conf, ["query", "domain", "--where",
                                   "domain=host03.example", "--sort", "-day",
                                   "--json"])[1])
    for day in shown["days"]:
        day.pop("report", None)
    expect("and those of the days", days, shown["days"])


def refused(conf, url, token):
    server = ["--url", url, "--api-key", token]
    code, _, said = tally(conf, ["lookup", "a.example", "--resolver", "::1",
                                 *server])
    expect("lookup: whose resolver", (2, True), (code, "--resolver" in said))
    code, out, said = tally(conf, ["status", "--url", url, "--api-key", "x"])
    expect("status without a token", (1, ""), (code, out))
    code, _, _ = tally(conf, ["status", "--api-key", token])
    expect("a token and no server", 2, code)


def main():
    with tempfile.TemporaryDirectory(prefix="tlstally-views.") as name:
        directory, port = pathlib.Path(name), free_port()
        server = Server(directory, "views", listen=f"inet:127.0.0.1:{port}")
        try:
            server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
            subprocess.run(["tests/e2e/fill_www", directory / "store", FIRST],
                           check=True)
            server.tally("suppress", "add", "tls@gone.example", "--reason",
                         "asked us to")
            server.tally("rollup", "--day", FIFTH)
            token = server.tally("token", "add", "v", "--permission", "all")[1]
            url = f"http://127.0.0.1:{port}"
            compare(server.conf, ["--url", url, "--api-key", token])
            one_form(server.conf)
            refused(server.conf, url, token)
            server.stop()
        finally:
            server.kill()
    print(len(failed), "failed")
    return 1 if failed else 0


if not HTTPD.exists():
    print("no tlstally-httpd here")
    sys.exit(77)
sys.exit(main())
