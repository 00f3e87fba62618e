#!/usr/bin/env python3
"""objects - get, query, create, update, delete: the same on the store and by
--url

In the build folder.  One list of commands with what they must say; run on a
store, and on a tlstally-httpd by each kind of URL, with and without TLS, and by
a unix socket.  Ids
and the times of this run are made the same before they are compared.
"""
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request

from httpd_world import HTTPD, TLSTALLY, Server, make_certificate
from testlib import HERE, SOURCE, Daemon, expect, failed, free_port

MANUAL = HERE / "doc/tlstally.1"
TODAY = datetime.datetime.now(datetime.timezone.utc)
DAY = TODAY.strftime("%Y-%m-%dT")
T = "tls-internal-report"
REPORT = """{"domain":"%s","mailRua":["tls@%s"],
 "createdAt":"2026-03-02T00:15:00Z","deliverAt":"2029-03-02T0%d:00:00Z",
 "report":{"reportId":"%s","dateRangeStart":"2026-03-01T00:00:00Z",
 "dateRangeEnd":"2026-03-01T23:59:59Z","policies":[{"policyType":"sts",
 "policyDomain":"%s","totalFailedSessions":%d}]}}"""


def report(domain, hour, failures):
    return REPORT % (domain, domain, hour, domain, domain, failures)


def field(name):
    return ["--field", name]


# Where there are no arrays: not at the API's own reference notation.
POINTERS = [
    ("a report with two policies", ["create", T, "--stdin"],
     json.dumps({
         "domain": "p.example", "mailRua": ["tls@p.example"],
         "createdAt": "2026-03-02T00:15:00Z",
         "deliverAt": "2029-03-02T01:00:00Z",
         "report": {"dateRangeStart": "2026-03-01T00:00:00Z",
                    "dateRangeEnd": "2026-03-01T23:59:59Z", "policies": [
                        {"policyType": "sts", "policyDomain": "p.example",
                         "totalFailedSessions": 9, "failureDetails": [
                             {"resultType": "certificateExpired",
                              "failedSessionCount": 4},
                             {"resultType": "validationFailure",
                              "failedSessionCount": 5}]},
                        {"policyType": "tlsa",
                         "policyDomain": "p.example"}]}}), 0, "ID1\n", ""),
    ("numbers of before, in all of it",
     ["update", T, "ID1", *field("report/policies/1=null"),
      *field("report/policies/0/failureDetails/0=null"),
      *field("report/policies/0/failureDetails/1/failedSessionCount=7"),
      *field("report/policies/0/totalFailedSessions=7"),
      *field('report/policies/2={"policyType":"noPolicyFound",'
             '"policyDomain":"p.example"}'),
      *field("report/policies/0/mxHosts/mx.p.example=true"),
      *field("policyIdentifiers/77=true")], "", 0, "", ""),
    ("from a patch", ["update", T, "ID1", "--stdin"],
     '{"report/policies/1/totalSuccessfulSessions":3}', 0, "", ""),
    ("an item that is not there",
     ["update", T, "ID1", *field("report/policies/7/totalFailedSessions=7")],
     "", 1, "", "ID1: the change is not valid: "
     "'report/policies/7/totalFailedSessions' points into '7', which does not "
     "exist"),
]
POINTED = [[77], [["sts", 0, 7, ["mx.p.example"],
                 [["validationFailure", 7]]],
                ["noPolicyFound", 3, 0, [], []]]]

# A step: what it is, its words, what goes to standard input, the exit status,
# and what must be said.  ID1 is the first id that was printed in the run.
STEPS = [
    ("an empty outbox", ["query", T], "", 0, "", ""),
    ("as JSON", ["query", T, "--json"], "", 0, "[]\n", ""),
    ("none to count", ["query", T, "--count"], "", 0, "0\n", ""),
    ("create from standard input", ["create", T, "--stdin"],
     report("a.example", 3, 0), 0, "ID1\n", ""),
    ("create, and a field over it",
     ["create", "x:TlsInternalReport", "--stdin", *field("mailRua="),
      *field("httpRua/https://b.example/tls?x=1=true")],
     report("b.example", 2, 7), 0, "ID2\n", ""),
    ("create by fields",
     ["create", "TlsInternalReport", *field("domain=c.example"),
      *field("createdAt=2026-03-02T00:15:00Z"),
      *field("deliverAt=2029-03-02T01:00:00Z"), *field("report/reportId=3"),
      *field("report/dateRangeStart=2026-03-01T00:00:00Z"),
      *field("report/dateRangeEnd=2026-03-01T23:59:59Z"),
      *field("report/policies/0/policyType=tlsa"),
      *field("report/policies/0/policyDomain=c.example"),
      *field("mailRua=tls@c.example,x@c.example")], "", 0, "ID3\n", ""),
    ("the table", ["query", T, "--sort", "domain",
                   "--fields", "id,domain,status,failedSessions,mailRua"],
     "", 0, """\
id             domain     status  failedSessions  mailRua
ID1            a.example  held                 0  tls@a.example
ID2            b.example  held                 7
ID3            c.example  held                 0  tls@c.example, x@c.example
""", ""),
    ("the next to go first", ["query", T, "--sort", "deliverAt", "--fields",
                              "domain", "--limit", "2"], "", 0,
     "domain\nc.example\nb.example\n", ""),
    ("the last of them", ["query", T, "--sort", "deliverAt", "--fields",
                          "domain", "--position", "-1"], "", 0,
     "domain\na.example\n", ""),
    ("with failures", ["query", T, "--where", "hasFailures=true", "--fields",
                       "domain"], "", 0, "domain\nb.example\n", ""),
    ("two conditions", ["query", T, "--where", "hasFailures=false", "--where",
                        "deliverBefore=2029-03-02T02:00:00Z", "--fields", "id",
                        "--json"], "", 0, '[\n  {\n    "id": "ID3"\n  }\n]\n',
     ""),
    ("a filter in JSON", ["query", T, "--where", '{"operator":"NOT",'
                          '"conditions":[{"text":"b.ex"}]}', "--count"], "", 0,
     "2\n", ""),
    ("get one", ["get", T, "ID2", "--fields", "domain,httpRua,report"], "", 0,
     """\
field                                      value
domain                                     b.example
httpRua                                    https://b.example/tls?x=1
report/organizationName                    example.com
report/contactInfo                         tls@example.com
report/reportId                            b.example
report/dateRangeStart                      2026-03-01T00:00:00Z
report/dateRangeEnd                        2026-03-01T23:59:59Z
report/policies/0/policyType               sts
report/policies/0/policyStrings
report/policies/0/policyDomain             b.example
report/policies/0/mxHosts
report/policies/0/totalSuccessfulSessions  0
report/policies/0/totalFailedSessions      7
report/policies/0/failureDetails
""", ""),
    ("one in JSON is itself", ["get", T, "ID1", "--json", "--fields",
                               "mailRua"], "", 0, '{\n  "id": "ID1",\n  '
     '"mailRua": [\n    "tls@a.example"\n  ]\n}\n', ""),
    ("one that is not there", ["get", T, "a000000000000", "--json"], "", 1, "",
     "not found: a000000000000"),
    ("one of two", ["get", T, "--ids", "ID3,nix", "--fields", "domain"], "", 1,
     "field   value\ndomain  c.example\n", "not found: nix"),
    ("update", ["-v", "update", T, "ID1", *field("report/contactInfo=t@a.exam"
                                                 "ple"),
                *field("mailRua/y@a.example=true")], "", 0, "1 updated\n", ""),
    ("it is so", ["get", T, "ID1", "--fields", "mailRua"], "", 0,
     "field    value\nmailRua  tls@a.example, y@a.example\n", ""),
    ("an address taken out", ["update", T, "ID1",
                              *field("mailRua/y@a.example=false")], "", 0, "",
     ""),
    ("one that is not in it", ["update", T, "ID1",
                               *field("mailRua/z@a.example=null")], "", 0, "",
     ""),
    ("from a patch", ["update", T, "--ids", "ID1,ID3", "--stdin", "--json"],
     '{"report/organizationName":"Us","deliverAt":"2029-04-01T00:00:00Z"}', 0,
     '{\n  "updated": [\n    "ID1",\n    "ID3"\n  ],\n  "notUpdated": {}\n}\n',
     ""),
    ("both are so", ["query", T, "--where", "deliverAfter=2029-04-01T00:00:00Z",
                     "--count"], "", 0, "2\n", ""),
    ("one that is not there", ["update", T, "nix", *field("mailRua=")], "", 1,
     "", "nix: not found: no such report"),
    ("of two the one that is there", ["update", T, "--ids", "ID1,nix",
                                      *field("mailRua=q@a.example")], "", 1,
     "", "nix: not found: no such report\n1 of 2 not updated"),
    ("what only the server can know", ["update", T, "ID1",
                                       *field("report/dateRangeEnd="
                                              "2026-02-01T00:00:00Z")], "", 1,
     "", "ID1: the server did not accept the properties: report.dateRangeEnd: before "
     "dateRangeStart"),
    ("a wrong field", ["update", T, "ID1", *field("mailrua=x")], "", 2, "",
     "--field: mailrua: unknown field, did you mean 'mailRua'?"),
    ("no JSON", ["create", T, "--stdin"], "{", 2, "",
     "standard input: JSON: line 1 column 1: string or '}' expected near end "
     "of file"),
    ("no JSON, and something for the terminal", ["create", T, "--stdin"],
     '{"a":"\x1b[2J"}', 2, "", "standard input: JSON: line 1 column 6: control "
     "character 0x1b near '\"'"),
    ("JSON, but no object", ["create", T, "--stdin"], "[]", 2, "",
     "standard input: neither a JSON object nor an array of them"),
    ("nor all of them", ["create", T, "--stdin"], "[{},7]", 2, "",
     "standard input: neither a JSON object nor an array of them"),
    ("a member twice", ["create", T, "--stdin"], '{"a":1,"a":2}', 2, "",
     "standard input: JSON: line 1 column 10: duplicate object key near "
     "'\"a\"'"),
    ("delete", ["delete", T, "--ids", "ID1,ID2,nix,nox"], "", 1, "",
     "nix: not found: no such report\nnox: not found: no such report\n"
     "2 of 4 not deleted"),
    ("delete one", ["delete", T, "ID3"], "", 0, "", ""),
    ("delete it again", ["delete", T, "ID3"], "", 1, "",
     "ID3: not found: no such report"),
    ("all are gone", ["get", T], "", 0, "", ""),
    ("they are no sent reports", ["query", "sent-report", "--count"], "", 0,
     "0\n", ""),
    ("a suppression", ["create", "suppression", "--json",
                       *field("address=x@a.example"),
                       *field("reason=asked us, = twice"),
                       *field("until=2030-01-01T00:00:00Z")], "", 0,
     """{
  "id": "xQ40a_example",
  "address": "x@a.example",
  "reason": "asked us, = twice",
  "until": "2030-01-01T00:00:00Z",
  "since": "NOW",
  "by": "hand"
}
""", ""),
    ("the same again", ["create", "suppression",
                        *field("address=x@A.example")], "", 1, "",
     "the object already exists: the address is already on the suppression list: xQ40a_example"),
    ("for good", ["update", "tally:Suppression", "xQ40a_example",
                  *field("until=null")], "", 0, "", ""),
    ("its columns", ["query", "suppression"], "", 0,
     "id             address      since                 until  by    reason\n"
     "xQ40a_example  x@a.example  NOW                          hand  "
     "asked us, = twice\n", ""),
    ("not its address", ["update", "suppression", "xQ40a_example",
                         *field("address=y@a.example")], "", 1, "",
     "xQ40a_example: the server did not accept the properties: address: cannot be changed"),
    ("taken away", ["delete", "suppression", "xQ40a_example"], "", 0, "", ""),
    ("several at once", ["create", "suppression", "--stdin",
                         *field("reason=all of them")],
     '[{"address":"a@m.example"},{"address":"b@m.example"},'
     '{"address":"c@m.example","until":"2030-01-01T00:00:00Z"}]', 0,
     "aQ40m_example\nbQ40m_example\ncQ40m_example\n", ""),
    ("of several the one that is there", ["create", "suppression", "--stdin",
                                          "--json"],
     '[{"address":"a@m.example"},{"address":"d@m.example"}]', 1, """\
[
  {
    "id": "dQ40m_example",
    "address": "d@m.example",
    "since": "NOW",
    "by": "hand",
    "until": null,
    "reason": null
  }
]
""", "[0]: the object already exists: the address is already on the "
     "suppression list: aQ40m_example\n1 of 2 not created"),
    ("of several one that cannot be", ["create", "suppression", "--stdin"],
     '[{"address":"e@m.example"},{"address":"nix"}]', 2, "",
     "[1]: address: rua: no @ in the mail address in 'nix'"),
    ("each by its own id", ["-v", "update", "suppression", "--stdin"],
     '[{"id":"aQ40m_example","reason":"one"},'
     '{"id":"bQ40m_example","reason":null}]', 0, "2 updated\n", ""),
    ("it is each by its own", ["get", "suppression", "aQ40m_example",
                               "bQ40m_example", "--fields", "address,reason"],
     "", 0, """\
field    value
address  a@m.example
reason   one

field    value
address  b@m.example
reason
""", ""),
    ("an id in the object", ["update", "suppression", "--stdin"],
     '{"id":"cQ40m_example","reason":"three"}', 0, "", ""),
    ("no id in one", ["update", "suppression", "--stdin"],
     '[{"id":"aQ40m_example"},{"reason":null}]', 2, "", "[1]: no id"),
    ("one twice", ["update", "suppression", "--stdin"],
     '[{"id":"aQ40m_example"},{"id":"aQ40m_example"}]', 2, "",
     "[1]: an id that was there before"),
    ("an array, and ids beside it", ["update", "suppression", "aQ40m_example",
                                     "--stdin"],
     '[{"id":"aQ40m_example","reason":"x"}]', 2, "",
     "an array of objects has their ids: specify no others"),
    ("in another state", ["delete", "suppression", "aQ40m_example",
                          "--if-in-state", "STATE0"], "", 1, "",
     "the objects were changed by someone else: the state is now 'STATE'"),
    ("no state at all", ["create", "suppression", "--if-in-state", "",
                         *field("address=f@m.example")], "", 1, "",
     "the objects were changed by someone else: the state is now 'STATE'"),
    ("in the state that is", ["update", "suppression", "aQ40m_example",
                              "--if-in-state", "STATE",
                              *field("reason=two")], "", 0, "", ""),
    ("several deleted", ["-v", "delete", "suppression", "aQ40m_example",
                         "bQ40m_example", "--if-in-state", "STATE",
                         "cQ40m_example", "dQ40m_example"], "", 0,
     "4 deleted\n", ""),
    ("the counted day", ["query", "domain", "--where", "hasFailures=true",
                         "--sort", "-totalFailedSessions,domain", "--fields",
                         "domain,totalFailedSessions", "--limit", "2"], "", 0,
     "domain              totalFailedSessions\n"
     "example.com                           5\n"
     "dane-mismatch.test                    1\n", ""),
    ("one of them", ["query", "Domain", "--where", "domain=example.com",
                     "--fields", "domain,mark"], "", 0,
     "domain       mark\nexample.com  open\n", ""),
    ("no bad record", ["query", "domain", "--where", "mark=badRecord",
                       "--json"], "", 0, "[]\n", ""),
    ("what cannot be made", ["create", "domain", *field("domain=a.example")],
     "", 2, "", "domain: these objects are read-only: use get or query"),
    ("no mail came in", ["query", "inbound", "--json"], "", 0, "[]\n", ""),
]


class Run:
    """The steps in one place: the store of conf, or a URL."""

    def __init__(self, name, conf, more=()):
        self.name, self.conf, self.more = name, conf, more
        self.ids = []

    def put_ids(self, text):
        return re.sub(r"\bID(\d)", lambda m: self.ids[int(m[1]) - 1], text)

    def take_ids(self, text):
        """Ids have the width of "ID1          ", so that tables keep theirs."""
        for found in re.findall(r"\b[a-p][0-9a-v]{12}\b", text):
            if found not in self.ids and found != "a000000000000":
                self.ids.append(found)
        for i, each in enumerate(self.ids):
            text = re.sub(each + "( )?", lambda m: f"ID{i + 1}" + (
                " " * 11 if m[1] else ""), text)
        return re.sub(DAY + r"\d\d:\d\d:\d\dZ",
                      lambda m: "NOW" + " " * 17
                      if text[m.end():m.end() + 1] == " " else "NOW", text)

    def tally(self, words, given="", **env):
        words = [self.put_ids(word) for word in words]
        got = subprocess.run(
            [TLSTALLY, "-c", self.conf, *words, *self.more], input=given,
            capture_output=True, text=True, timeout=60,
            env={**os.environ, **env})
        said = re.sub(r"(?m)^tlstally: (error: )?", "", got.stderr).strip()
        said = re.sub(r"(state is now) '[^']+'", r"\1 'STATE'", said)
        return got.returncode, self.take_ids(got.stdout), self.take_ids(said)

    def state(self):
        return self.tally(["query", "suppression", "--state"])[1].strip()

    def pointers(self):
        """Patches that lead into lists of objects."""
        self.steps(POINTERS)
        report = json.loads(self.tally(["get", T, "ID1", "--json"])[1])
        expect(f"{self.name}: what is left", POINTED, [
            report["policyIdentifiers"], [
                [each["policyType"], each["totalSuccessfulSessions"],
                 each["totalFailedSessions"], each["mxHosts"],
                 [[detail["resultType"], detail["failedSessionCount"]]
                  for detail in each["failureDetails"]]]
                for each in report["report"]["policies"]]])
        expect(f"{self.name}: gone", 0, self.tally(["delete", T, "ID1"])[0])

    def steps(self, steps=None):
        for name, words, given, status, out, err in steps or STEPS:
            words = [self.state() if word == "STATE" else word
                     for word in words]
            expect(f"{self.name}: {name}", (status, out, err),
                   self.tally(words, given))


def test_given_back(conf, more=()):
    """An object as get printed it is no change, by a file or standard input;
    of what the server sets another value is refused by the server."""
    run = Run("given back " + ("by URL" if more else "to the store"), conf,
              more)
    ident = run.tally(["create", T, "--stdin"], report("g.example", 3, 4))[1]
    before = run.tally(["get", T, ident.strip(), "--json"])[1]
    expect(f"{run.name}: no change", (0, "", ""),
           run.tally(["update", T, "ID1", "--stdin"], run.put_ids(before)))
    expect(f"{run.name}: it is as it was", before,
           run.tally(["get", T, "ID1", "--json"])[1])
    object = json.loads(run.put_ids(before))
    object.update(status="done", doneAt="2026-03-02T00:15:00Z")
    code, _, said = run.tally(["update", T, "ID1", "--stdin"],
                              json.dumps(object))
    expect(f"{run.name}: but not another status", (1, True),
           (code, "status" in said and "doneAt" in said))
    expect(f"{run.name}: gone", 0, run.tally(["delete", T, "ID1"])[0])


def fill(directory, conf):
    """The recorded events, counted by tlstallyd."""
    events = directory / "events"
    daemon = Daemon(
        "tlstallyd", conf, directory / "tlstallyd.log", "-o",
        f"events.socket=unix:{events}", "-o", "events.socket_owner=", "-o",
        "events.socket_group=", "-o", "events.commit_interval=50ms")
    daemon.must_say("counting events")
    data = SOURCE / "tests/data/datagrams"
    subprocess.run([HERE / "tests/e2e/send_datagrams", events,
                    *sorted(data.glob("*.jsonl"))], check=True,
                   capture_output=True)
    expect("tlstallyd has counted", 0, daemon.stop())


def test_environment(directory, conf, port, token):
    """Where the server and the key come from."""
    url = f"http://127.0.0.1:{port}"
    env = {"TLSTALLY_URL": url, "TLSTALLY_TOKEN": token}
    words = ["query", "inbound", "--count"]
    key = directory / "key"
    key.write_text(token + "\nand a note\n")
    run = Run("environment", conf)
    expect("URL and key of the environment", (0, "0\n", ""),
           run.tally(words, **env))
    code, _, said = run.tally([*words, "--url", f"http://127.0.0.1:{port}/"],
                              TLSTALLY_TOKEN="wrong")
    expect("a wrong key", (1, True),
           (code, "HTTP status 401: the server did not accept the token" in said))
    expect("the key of a file is over it", (0, "0\n", ""),
           run.tally([*words, "--api-key-file", str(key)],
                     TLSTALLY_URL=url, TLSTALLY_TOKEN="wrong"))
    expect("the store all the same", (0, "0\n", ""),
           run.tally([*words, "--url", ""], TLSTALLY_URL="http://127.0.0.1:1"))
    nobody = Run("no settings", directory / "none", ())
    code, _, said = nobody.tally(words)
    expect("the store needs settings", (1, True), (code, "none" in said))
    key.write_text("\n")
    expect("no key in the file", (1, "", f"{key}: the first line has no token"),
           run.tally([*words, "--api-key-file", str(key)], **env))
    expect("no such file", (1, "", f"{key}x: No such file or directory"),
           run.tally([*words, "--api-key-file", f"{key}x"], **env))
    reader = run.tally(["token", "add", "reader", "--permission",
                        "sysTlsInternalReportQuery"])[1].strip()
    expect("what the key does not permit",
           (1, "", "permission denied: this requires the permission tallyRead"),
           run.tally(words, TLSTALLY_URL=url, TLSTALLY_TOKEN=reader))
    expect("nor to get",
           (1, "", "permission denied: this requires the permission "
            "sysTlsInternalReportGet"),
           run.tally(["get", T], TLSTALLY_URL=url, TLSTALLY_TOKEN=reader))
    expect("another account", (1, "", "no such account: 'you': "
                               "the only account is 'tally'"),
           run.tally([*words, "--account", "you"], **env))


def test_many(conf, port, token):
    """More than one /get or /set takes: 1,203 suppressions."""
    local = Run("many", conf)
    remote = Run("many", conf, ("--url", f"http://127.0.0.1:{port}",
                                "--api-key", token))
    for first in range(0, 1203, 401):
        calls = {f"k{i}": {"address": f"u{i}@many.example"}
                 for i in range(first, first + 401)}
        urllib.request.urlopen(urllib.request.Request(
            f"http://127.0.0.1:{port}/api", json.dumps({
                "using": ["urn:ietf:params:jmap:core", "urn:tlstally:jmap"],
                "methodCalls": [["tally:Suppression/set", {"create": calls},
                                 "0"]]}).encode(),
            {"Authorization": "Bearer " + token,
             "Content-Type": "application/json"})).read()
    for run in (local, remote):
        for words in (["query", "suppression"], ["get", "suppression"]):
            got = json.loads(run.tally([*words, "--json"])[1])
            expect(f"{words[0]}: all of them", 1203,
                   len({row["address"] for row in got}))
    ids = ",".join(f"u{i}Q40many_example" for i in range(1203))
    code, out, _ = remote.tally(["delete", "suppression", "--json", "--ids",
                                 ids + ",nix"])
    got = json.loads(out)
    expect("all deleted in parts, and the one told", (1, 1203, ["nix"]),
           (code, len(got["destroyed"]), list(got["notDestroyed"])))


def test_manual(directory, conf, url, token):
    """The manual's examples with a server, on ours."""
    key = directory / "manual.key"
    key.write_text(token)
    lines = [line for line in MANUAL.read_text().splitlines()
             if line.startswith("tlstally ") and " --url " in line]
    expect("the manual has examples with --url", True, len(lines) > 0)
    for line in lines:
        words = line.split()[1:]
        words[words.index("--url") + 1] = url
        words[words.index("--api-key-file") + 1] = str(key)
        code, out, said = Run("manual", conf).tally(
            [*words, "--ca-file", str(directory / "cert.pem")])
        expect(line, (0, True, ""), (code, len(out) > 0, said))


def test_socket(directory, conf, servers):
    """By a unix socket, whatever the server believes that its URL is."""
    for name, more in (("socket", {}),
                       ("path", {"url": "https://mail.example.com/tls"})):
        path = directory / f"{name}.sock"
        server = Server(directory, name, listen=f"unix:{path}", **more)
        servers.append(server)
        server.wait(lambda: connect_unix(path))
        token = server.tally("token", "add", name, "--permission", "all")[1]
        by_socket = ("--url", f"unix:{path}", "--api-key", token)
        Run(name, conf, by_socket).steps()
        Run(name, conf, by_socket).pointers()
        test_given_back(conf, by_socket)
        wrong = Run(name, conf, ("--url", f"unix:{path}", "--api-key", "x"))
        code, _, said = wrong.tally(["query", T])
        expect(f"{name}: a wrong key is told of the socket", (1, True),
               (code, said.startswith(f"unix:{path}: HTTP status 401: ")))
    run = Run("sockets", conf)
    for url, status, words in (
            (f"unix:{directory}/none", 1,
             f"unix:{directory}/none: No such file or directory"),
            ("unix:none", 2, "'unix:none': not an absolute path, like "
             "unix:/run/tally.sock"),
            ("unix:/" + 107 * "x", 2, "'unix:/" + 94 * "x" + "': the path is "
             "too long for a unix socket")):
        expect(url, (status, "", words),
               run.tally(["query", T, "--url", url]))


def connect_unix(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    return client


def start(directory, name, scheme_host, **settings):
    port = free_port()
    server = Server(directory, name, listen=f"inet:127.0.0.1:{port}", **settings)
    server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
    token = server.tally("token", "add", name, "--permission", "all")[1]
    return server, port, f"{scheme_host}:{port}", token


def main():
    with tempfile.TemporaryDirectory(prefix="tlstally-objects.") as name:
        directory = pathlib.Path(name)
        make_certificate(directory)
        servers = []
        try:
            plain, port, url, token = start(directory, "plain",
                                            "http://127.0.0.1")
            servers.append(plain)
            fill(directory, plain.conf)
            Run("store", plain.conf).steps()
            Run("store", plain.conf).pointers()
            for path in ("", "/", "/jmap/session", "/api", "/jmap/"):
                Run("http" + (path or " alone"), plain.conf,
                    ("--url", url + path, "--api-key", token)).steps()
            Run("http", plain.conf,
                ("--url", url, "--api-key", token)).pointers()
            test_socket(directory, plain.conf, servers)
            test_given_back(plain.conf)
            test_given_back(plain.conf, ("--url", url, "--api-key", token))
            test_environment(directory, plain.conf, port, token)
            test_many(plain.conf, port, token)
            tls, _, url, token = start(
                directory, "tls", "https://localhost",
                tls_cert=directory / "cert.pem", tls_key=directory / "key.pem")
            servers.append(tls)
            Run("https", plain.conf,
                ("--url", url, "--api-key", token, "--ca-file",
                 str(directory / "cert.pem"))).steps()
            test_manual(directory, plain.conf, url, token)
            for server in servers:
                server.stop()
        finally:
            for server in servers:
                server.kill()
    print(len(failed), "failed")
    return 1 if failed else 0


if not HTTPD.exists():
    os._exit(77)
sys.exit(main())
