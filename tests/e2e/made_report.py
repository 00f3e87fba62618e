#!/usr/bin/env python3
"""made_report - a report made by hand through the API, to the bytes that leave

In the build folder: the real daemon takes it, a real run hands the mail to a
sendmail program, and what that got is looked at, as is the blob of what an
https destination would get.
"""
import email
import email.policy
import gzip
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

from httpd_world import HTTPD, serving
from testlib import expect, failed

HERE = pathlib.Path(__file__).resolve().parent
TYPE = "x:TlsInternalReport"
USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
DAY = {"dateRangeStart": "2026-03-01T00:00:00Z",
       "dateRangeEnd": "2026-03-01T23:59:59Z"}
RFC_POLICIES = {"tlsa", "sts", "no-policy-found"}
# what the API has words for and the RFC has not
OTHER = [{"policyType": "other", "policyDomain": "other.example",
          "policyStrings": ["a policy of tomorrow"], "totalFailedSessions": 3,
          "failureDetails": [
              {"resultType": "other", "failedSessionCount": 2},
              {"resultType": "certificateExpired", "failedSessionCount": 1}]},
         {"policyType": "sts", "policyDomain": "other.example",
          "totalFailedSessions": 1,
          "failureDetails": {"0": {"resultType": "other",
                                   "failedSessionCount": 1}}}]
FINE = [{"policyType": "noPolicyFound", "policyDomain": "a.example",
         "totalSuccessfulSessions": 5}]


def name_of(length):
    """A domain name of so many octets."""
    labels = ["x" * 50] * (length // 51) + ["a" * (length % 51)]
    return ".".join(labels).strip(".")


class Api:
    def __init__(self, server, port):
        self.url = f"http://127.0.0.1:{port}"
        self.token = server.tally("token", "add", "all", "--permission",
                                  "all")[1]

    def get(self, path, body=None):
        return urllib.request.urlopen(urllib.request.Request(
            self.url + path, body and json.dumps(body).encode(),
            {"Authorization": "Bearer " + self.token,
             "Content-Type": "application/json"})).read()

    def call(self, name, args):
        got = json.loads(self.get("/api", {
            "using": USING, "methodCalls": [[name, args, "0"]]}))
        return got["methodResponses"][0][1]

    def create(self, domain, policies, at=NOW, **report):
        got = self.call(TYPE + "/set", {"create": {"k": {
            "domain": domain, "createdAt": "2026-03-02T00:00:00Z",
            "deliverAt": at,
            "mailRua": {"tls@rua.example": True},
            "httpRua": ["https://rua.example/tls"],
            "report": {**DAY, "policies": policies, **report}}}})
        expect(f"{domain[:40]} is created", None, got["notCreated"])
        return self.call(TYPE + "/get", {
            "ids": [got["created"]["k"]["id"]]})["list"][0]

    def blob(self, blob):
        return self.get(f"/jmap/download/tally/{blob}/x?accept=x/y")


def mail_of(raw):
    """The message, its part with the report, and the report."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    part = list(message.iter_parts())[1]
    return message, part, json.loads(gzip.decompress(
        part.get_payload(decode=True)))


def check_words(name, report):
    policies = {each["policy"]["policy-type"] for each in report["policies"]}
    results = {detail["result-type"] for each in report["policies"]
               for detail in each["failure-details"]}
    expect(f"{name}: policy types are the RFC's", set(),
           policies - RFC_POLICIES)
    expect(f"{name}: `other` is", ({"no-policy-found", "sts"}, {
        "validation-failure", "certificate-expired"}), (policies, results))


def check_file(directory, name, data):
    path = directory / name
    path.write_bytes(data)
    got = subprocess.run([HERE / "check-report.py", path],
                         capture_output=True, text=True)
    if got.returncode != 77:
        expect(f"{name}: as RFC 8460 has it", (0, ""),
               (got.returncode, got.stderr))
        if got.returncode:
            print(got.stdout)


def run(directory, server):
    """The mail that a delivery run hands on."""
    expect("a run", 0, server.tally("deliver")[0])
    return (directory / "tls.eml").read_bytes()


def test_other(directory, server, api):
    # long ago is at once
    made = api.create("other.example", OTHER, "2026-01-01T00:00:00Z",
                      contactInfo="Example")
    expect("the API shows its own words", ["other", "sts"],
           [each["policyType"] for each in made["report"]["policies"]])
    api.call(TYPE + "/set", {"update": {made["id"]: {"httpRua": []}}})
    raw = run(directory, server)
    message, part, report = mail_of(raw)
    check_words("mail", report)
    check_file(directory, "other.eml", raw)
    expect("mail: the submitter is the settings'",
           ("example.com", "tls@example.com"),
           (message["TLS-Report-Submitter"], report["contact-info"]))
    expect("mail: so is the file's name", True,
           part.get_filename().startswith("example.com!other.example!"))
    for form in ("json", "gzip"):
        made = api.create("other.example", OTHER, organizationName="They",
                          reportId="1", contactInfo="They")
        data = api.blob(made[form + "BlobId"])
        check_words(form, json.loads(
            gzip.decompress(data) if form == "gzip" else data))
        expect(f"{form}: the id and the name as given", ("1", "They"), tuple(
            made["report"][name] for name in ("reportId", "organizationName")))


def check_form(directory, api, domain, **report):
    made = api.create(domain, FINE, **report)
    raw = api.blob(next(each["blobId"] for each in made["destinations"]
                        if each["uri"].startswith("mailto:")))
    message, part, _ = mail_of(raw)
    name = f"{len(domain)} octets"
    subject = message["Subject"]
    expect(f"{name}: the Subject is not too long", (True, True),
           (len(subject) <= len(domain) + 120,
            len(subject) <= 200 or len(domain) > 90))
    if len(domain) > 60:
        expect(f"{name}: the domain stands in it once", 1,
               subject.count(domain))
        expect(f"{name}: and so it does in its header", domain,
               message["TLS-Report-Domain"])
    expect(f"{name}: the file's name", (True, part.get_filename()),
           (len(part.get_filename()) <= 255, part.get_param("name")))
    head = raw.split(b"\r\n\r\n--")[2].split(b"\r\n\r\n")[0]
    expect(f"{name}: the report's headers are folded", [], [
        line for line in head.split(b"\r\n")
        if len(line) >= 78 and len(line.split()) > 1])
    if len(part.get_filename()) > 200 or len(domain) < 100:
        check_file(directory, f"{len(domain)}.eml", raw)


def test_held():
    """Held by mode = preview, one about an old day can be looked at for a
    day."""
    with serving("held") as (_, server, port):
        api = Api(server, port)
        made = api.create("held.example", OTHER, "2026-01-01T00:00:00Z")
        expect("held", "held", made["status"])
        expect("held: a run", 0, server.tally("run")[0])
        got = api.call(TYPE + "/get", {"ids": [made["id"]]})["list"]
        expect("held: it is there, and held", ["held"],
               [each["status"] for each in got])


def main():
    settings = "mode = all\n[deliver]\nmail = sendmail:{directory}/sendmail\n"
    with serving("made", settings) as (directory, server, port):
        program = directory / "sendmail"
        program.write_bytes((HERE.parent / "fake/sendmail.sh").read_bytes())
        program.chmod(0o755)
        api = Api(server, port)
        test_other(directory, server, api)
        for length in (10, 40, 59, 60, 61, 89, 90, 91, 150, 200, 253):
            check_form(directory, api, name_of(length))
        check_form(directory, api, name_of(200),
                   reportId="x" * 300 + "@" + "y" * 150)
    test_held()
    return 1 if failed else 0


if not HTTPD.exists():
    os._exit(77)
sys.exit(main())
