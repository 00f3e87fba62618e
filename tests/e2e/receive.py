#!/usr/bin/env python3
"""receive - what others report about us: from standard input, as a transport gives
it, and from files of all kinds; odd, forged, twice, and bombs

In the build folder, with a store of its own.
"""
import base64
import gzip
import io
import json
import mailbox
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile

from testlib import BIN, Daemon, expect, failed, free_port

SERVER = "mx.example.com"
NOW = "2026-03-03T10:00:00Z"


def report(id="1@sender.example", domain="example.com", good=5, bad=2, **more):
    made = {
        "organization-name": "Sender",
        "date-range": {"start-datetime": "2026-03-01T00:00:00Z",
                       "end-datetime": "2026-03-01T23:59:59Z"},
        "contact-info": "tls@sender.example",
        "report-id": id,
        "policies": [{
            "policy": {"policy-type": "sts", "policy-string": ["version: STSv1"],
                       "policy-domain": domain, "mx-host": ["*.example.com"]},
            "summary": {"total-successful-session-count": good,
                        "total-failure-session-count": bad},
            "failure-details": [{"result-type": "certificate-expired",
                                 "failed-session-count": bad}]}]}
    made.update(more)
    return made


def mail(body, signer="sender.example", server=SERVER, above=True,
         type="application/tlsrpt+gzip", packed=True, end="--b--\r\n"):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    data = gzip.compress(data, mtime=0) if packed else data
    results = f"Authentication-Results: {server}; dkim=pass header.d={signer}\r\n"
    received = "Received: from out.sender.example by mx.example.com; x\r\n"
    return ((results if above else "") + received
            + ("" if above else results) + f"""From: Reports <tls@sender.example>\r
To: tls-reports@example.com\r
Subject: Report Domain: example.com Submitter: sender.example\r
 Report-ID: <x@sender.example>\r
TLS-Report-Domain: example.com\r
TLS-Report-Submitter: sender.example\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"\r
\r
--b\r
Content-Type: text/html\r
\r
<p>A report</p>\r
--b\r
Content-Type: {type}\r
Content-Transfer-Encoding: base64\r
\r
""" + base64.encodebytes(data).decode().replace("\n", "\r\n") + end).encode()


class Site:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.conf = self.folder / "conf"
        (self.folder / "store").mkdir()
        self.conf.write_text(f"""
[report]
contact_info = tls-reports@example.com
[store]
directory = {folder}/store
map_size = 256M
rehearsal = yes
[events]
socket = unix:{folder}/events
socket_owner =
socket_group =
[received]
domains = example.com
authserv_id = {SERVER}
""")
        daemon = Daemon("tlstallyd", self.conf, self.folder / "log")
        daemon.must_say("counting events")
        daemon.stop()

    def run(self, *words, data=None):
        return subprocess.run(
            [BIN / "tlstally", "-c", self.conf, *words], input=data,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def receive(self, data, *files):
        got = self.run("receive", "--json", "--now", NOW, *files, data=data)
        said = json.loads(got.stdout) if got.stdout else []
        return got.returncode, said, got.stderr.decode()

    def query(self, *words):
        got = self.run("query", "tls-external-report", "--json", *words)
        expect(f"query {words}", (0, b""), (got.returncode, got.stderr))
        return json.loads(got.stdout)


def test_transport(site):
    status, [said], _ = site.receive(
        b"From tls@sender.example  Mon Mar  2 00:10:00 2026\n" + mail(report()))
    expect("a mail from a transport",
           (0, True, True, True, None),
           (status, said["isNew"], said["isAuthenticated"], said["isCounted"],
            said.get("why")))
    [got] = site.query("--where", "reportId=1@sender.example")
    expect("what it says, field by field",
           {"organizationName": "Sender", "contactInfo": "tls@sender.example",
            "reportId": "1@sender.example",
            "dateRangeStart": "2026-03-01T00:00:00Z",
            "dateRangeEnd": "2026-03-01T23:59:59Z",
            "policies": [{
                "policyType": "sts", "policyStrings": ["version: STSv1"],
                "policyDomain": "example.com", "mxHosts": ["*.example.com"],
                "totalSuccessfulSessions": 5, "totalFailedSessions": 2,
                "failureDetails": [{
                    "resultType": "certificateExpired", "sendingMtaIp": None,
                    "receivingMxHostname": None, "receivingMxHelo": None,
                    "receivingIp": None, "failedSessionCount": 2,
                    "additionalInformation": None,
                    "failureReasonCode": None}]}]}, got["report"])
    expect("what stands around it",
           ("mail", "sender.example", ["tls-reports@example.com"], NOW,
            "2026-03-01", []),
           (got["receivedBy"], got["submitter"], got["to"], got["receivedAt"],
            got["day"], got["problems"]))
    status, [said], _ = site.receive(mail(report()))
    expect("the same again", (0, False), (status, said["isNew"]))


def test_forged(site):
    for name, text, why in [
            ("signed by somebody else", mail(report("2@s"), "evil.example"),
             "no DKIM signature that passed is of sender.example"),
            ("the sender's own Authentication-Results",
             mail(report("3@s"), above=False), "has added"),
            ("another server's", mail(report("4@s"), server="mx.evil.example"),
             "has added")]:
        status, [said], _ = site.receive(text)
        expect(name, (0, False, False, True),
               (status, said["isAuthenticated"], said["isCounted"],
                why in said["why"]))
    status, [said], _ = site.receive(mail(report("5@s", domain="other.example")))
    expect("about somebody else", (True, False),
           (said["isAuthenticated"], said["isCounted"]))
    status, [said], _ = site.receive(
        mail(report(good=99, bad=0), "evil.example"))
    expect("a forged one of the same id is another, and takes no place",
           (True, False), (said["isNew"], said["isCounted"]))
    expect("the true one stays", 1,
           len(site.query("--where", "reportId=1@sender.example", "--where",
                          "isAuthenticated=true")))


def test_odd(site):
    body = report("6@s", **{"contact-info": None,
                            "date-range": {
                                "start-datetime": "2026-03-01T00:00:00",
                                "end-datetime": "2026-03-02T00:00:00"}})
    body["policies"][0]["policy"]["mx-host"] = "mx: mx.example.com"
    body["policies"][0]["policy"]["policy-type"] = "carrier-pigeon"
    status, said, _ = site.receive(
        mail(body, type="application/octet-stream", end=""))
    [got] = site.query("--where", "reportId=6@s")
    expect("odd, and all of it told", (0, 7, ["mx.example.com"], "other"),
           (status, len(got["problems"]),
            got["report"]["policies"][0]["mxHosts"],
            got["report"]["policies"][0]["policyType"]))
    print("   ", "; ".join(got["problems"]))


def test_refused(site):
    bomb = gzip.compress(b" " * (100 << 20), mtime=0)
    for name, text, words in [
            ("what cron says", b"From: root\r\nSubject: Cron\r\n\r\nfine\r\n",
             "no report attached"),
            ("another JSON", mail({"a": 1}), "no list 'policies'"),
            ("a bomb", mail(bomb, packed=False), "gzip: more than 26214400"),
            ("cut off", mail(report("7@s"))[:-60], "gzip"),
            ("nothing", b"", "not a mail")]:
        status, said, err = site.receive(text)
        expect(name, (0, [], True), (status, said, words in err))
    got = site.run("-o", f"store.directory={site.folder}/none", "receive",
                   data=mail(report()))
    expect("without a store the mail system keeps the mail", 75, got.returncode)
    got = site.run("-o", "received.keep=soon", "receive", data=mail(report()))
    expect("with wrong settings, too", 75, got.returncode)


def test_files(site):
    folder = site.folder / "files"
    folder.mkdir()
    box = mailbox.mbox(folder / "box")
    for n in range(3):
        box.add(mail(report(f"box{n}@s")).replace(b"\r\n", b"\n"))
    box.add(b"From: root\nSubject: x\n\nFrom here on\n\nno report\n")
    box.close()
    maildir = mailbox.Maildir(folder / "dir")
    for n in range(3):
        maildir.add(mail(report(f"dir{n}@s")))
    (folder / "dir/tmp/half").write_bytes(mail(report("half@s")))
    os.mkfifo(folder / "dir/cur/pipe")
    (folder / "dir/cur/round").symlink_to(folder / "dir")
    with zipfile.ZipFile(folder / "all.zip", "w") as z:
        z.writestr("a.json", json.dumps(report("zip1@s")))
        z.writestr("b.json.gz", gzip.compress(json.dumps(report("zip2@s")).encode()))
        z.writestr("read.me", "hello")
    (folder / "r.json").write_text(json.dumps(report("plain@s")))
    (folder / "r.json.gz").write_bytes(
        gzip.compress(json.dumps(report("gzip@s")).encode()))
    status, said, err = site.receive(
        None, *(folder / name for name in
                ("box", "dir", "all.zip", "r.json", "r.json.gz")))
    expect("files: all of their reports",
           sorted(f"{n}@s" for n in ("box0", "box1", "box2", "dir0", "dir1",
                                     "dir2", "zip1", "zip2", "plain", "gzip")),
           sorted(each["reportId"] for each in said))
    expect("one mail has none, which is told and is a failure", (1, True),
           (status, "no report attached" in err))
    expect("mails in files are authenticated as others are", 6,
           sum(each["isAuthenticated"] for each in said))
    status, said, err = site.receive(None, folder / "all.zip")
    expect("what else is in an archive with reports is no failure",
           (0, [False, False], ""),
           (status, [each["isNew"] for each in said], err))
    with zipfile.ZipFile(folder / "none.zip", "w"):
        pass
    status, said, err = site.receive(None, folder / "none.zip")
    expect("an archive of nothing", (1, [], True),
           (status, said, "zip: no report in it" in err))
    status, _, err = site.receive(None, folder / "nowhere")
    expect("a file that is not there", (1, True),
           (status, "nowhere: No such file" in err))


def test_many(site):
    body = report("many@s", bad=10000)
    body["policies"][0]["failure-details"] = [
        {"result-type": "certificate-expired", "failed-session-count": 1,
         "receiving-ip": f"192.0.{n >> 8}.{n & 255}"} for n in range(10000)]
    status, [said], _ = site.receive(mail(body))
    [got] = site.query("--where", "reportId=many@s")
    expect("10,000 failure details", (True, 10000),
           (said["isCounted"],
            len(got["report"]["policies"][0]["failureDetails"])))


def test_download(site):
    """As it came, for who may."""
    [got] = site.query("--where", "reportId=many@s")
    port = free_port()
    tokens = [site.run("token", "add", name, "--permission", may)
              .stdout.decode().split()[-1]
              for name, may in (("may", "sysTlsExternalReportDownload"),
                                ("not", "sysTlsExternalReportGet"))]
    server = Daemon("tlstally-httpd", site.conf, site.folder / "httpd.log",
                    "-o", f"http.listen=inet:127.0.0.1:{port}",
                    "-o", "http.www=")

    def get(blob, token):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/jmap/download/tally/{blob}/x",
            headers={"Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return r.status, r.headers["Content-Type"], r.read()
        except urllib.error.HTTPError as e:
            return e.code, None, e.read()
    server.must_say("serving")
    status, type, text = get(got["jsonBlobId"], tokens[0])
    expect("download: JSON", (200, "application/tlsrpt+json", "many@s"),
           (status, type, json.loads(text)["report-id"]))
    expect("download: the size that was told", got["size"], len(text))
    status, type, packed = get(got["gzipBlobId"], tokens[0])
    expect("download: gzip of the same",
           (200, "application/tlsrpt+gzip", text),
           (status, type, gzip.decompress(packed)))
    status, _, why = get(got["gzipBlobId"], tokens[1])
    expect("download: another permission does not do",
           (403, True), (status, b"sysTlsExternalReportDownload" in why))
    expect("download: no such report", 404,
           get("a000000000000-received-json", tokens[0])[0])
    server.stop()


def post(port, path, body, type="application/tlsrpt+gzip", method="POST"):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=body, method=method,
        headers={"Content-Type": type} if type else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as r:
            return r.status
    except urllib.error.HTTPError as e:
        e.read()
        return e.code


def packed(*args, **more):
    return gzip.compress(json.dumps(report(*args, **more)).encode(), mtime=0)


def test_post(site):
    """RFC 8460 section 5.4, off unless a path is set."""
    port = free_port()

    def serve(log, *options):
        server = Daemon("tlstally-httpd", site.conf, site.folder / log,
                        "-o", f"http.listen=inet:127.0.0.1:{port}",
                        "-o", "http.www=", *options)
        server.must_say("serving")
        return server
    server = serve("off.log")
    expect("off by default", 404, post(port, "/tlsrpt/4f1a", packed("p0@s")))
    server.stop()
    server = serve("on.log", "-o", "received.post_path=/tlsrpt/4f1a",
                   "-o", "received.max_size=64K",
                   "-o", "received.max_unauthenticated=4")
    bomb = gzip.compress(b" " * (30 << 20), mtime=0)
    for name, status, path, body, type in [
            ("gzip", 201, "/tlsrpt/4f1a", packed("p1@s"),
             "application/tlsrpt+gzip"),
            ("JSON", 201, "/tlsrpt/4f1a", json.dumps(report("p2@s")).encode(),
             "application/tlsrpt+json; charset=utf-8"),
            ("the same again", 200, "/tlsrpt/4f1a", packed("p1@s"),
             "application/tlsrpt+gzip"),
            ("another path", 404, "/tlsrpt/4f1b", packed("p3@s"),
             "application/tlsrpt+gzip"),
            ("another type", 415, "/tlsrpt/4f1a", packed("p4@s"),
             "application/json"),
            ("what is not a report", 400, "/tlsrpt/4f1a", b"{}",
             "application/tlsrpt+json"),
            ("nothing", 400, "/tlsrpt/4f1a", b"", "application/tlsrpt+json"),
            ("a bomb", 413, "/tlsrpt/4f1a", bomb, "application/tlsrpt+gzip"),
            ("too large", 413, "/tlsrpt/4f1a", b" " * 70000,
             "application/tlsrpt+json"),
            ("too large, in chunks", 413, "/tlsrpt/4f1a",
             iter([b" " * 40000] * 2), "application/tlsrpt+json")]:
        expect("POST: " + name, status, post(port, path, body, type))
    expect("GET", 405, post(port, "/tlsrpt/4f1a", None, None, "GET"))
    got = site.query("--where", "receivedBy=https")
    expect("POST: by HTTPS, unauthenticated, not counted",
           [("p1@s", False, False), ("p2@s", False, False)],
           sorted((each["reportId"], each["isAuthenticated"],
                   each["isCounted"]) for each in got))
    expect("POST: as many as are kept of a day", [201, 201, 429],
           [post(port, "/tlsrpt/4f1a", packed(f"many{n}@s"))
            for n in range(3)])
    expect("POST: for a while no other is read then", {429},
           {post(port, "/tlsrpt/4f1a", packed(f"more{n}@s"))
            for n in range(20)})
    text = site.run("status").stdout.decode()
    expect("status says so", True,
           "1 unauthenticated reports of others were dropped" in text)
    text = " ".join(site.run("doctor").stdout.decode().split())
    expect("and the doctor", True,
           "1 of 5 reports of others that came" in text
           and "more came than max_unauthenticated and" in text)
    expect("and nothing of a tlstally-policyd that is not in use", False,
           "policyd" in text)
    server.stop()
    log = (site.folder / "on.log").read_text()
    expect("POST: a line for a bomb", 1, log.count("more than 26214400"))
    expect("POST: and one for all that is no report", 2,
           log.count("a report by HTTPS "))
    expect("POST: one for all that are dropped", 1, log.count("dropped"))
    server = serve("counts.log", "-o", "received.post_path=/tlsrpt/4f1a",
                   "-o", "received.count_https=yes")
    expect("POST: counted, when the setting says so", 201,
           post(port, "/tlsrpt/4f1a", packed("counted@s")))
    [got] = site.query("--where", "reportId=counted@s")
    expect("POST: counted, and still not authenticated", (True, False),
           (got["isCounted"], got["isAuthenticated"]))
    server.stop()


def test_domains(site):
    """A report is found by each of its domains."""
    body = report("two@s")
    body["policies"].append(json.loads(json.dumps(body["policies"][0])))
    body["policies"][1]["policy"]["policy-domain"] = "second.example"
    site.receive(mail(body))
    for name in ("example.com", "SECOND.example"):
        expect("found by " + name, 1, len(site.query(
            "--where", "domain=" + name, "--where", "reportId=two@s")))
    expect("and not by others", 0,
           len(site.query("--where", "domain=third.example")))
    for where, count in [("text=SECOND.ex", 1), ("text=third", 0),
                         ("minSessions=7", 1), ("minSessions=8", 0),
                         ("minFailures=2", 1), ("minFailures=3", 0)]:
        expect("found by its second domain, or by sessions: " + where, count,
               len(site.query("--where", where, "--where", "reportId=two@s")))


def test_posture(site):
    """What has come is summed up beside what the domain publishes."""
    words = ["posture", "--day", "2026-03-03"]
    resolver = ["--resolver", "127.0.0.1:1"]
    got = site.run(*words, "example.com", *resolver, "--json")
    expect("posture", (0, b""), (got.returncode, got.stderr))
    said = json.loads(got.stdout)
    day = {day["day"]: day for day in said["days"]}["2026-03-01"]
    reports = site.query("--where", "isCounted=true", "--where",
                         "day=2026-03-01", "--where", "domain=example.com")
    expect("as many reports as count", len(reports), day["reports"])
    expect("and their sessions",
           (sum(report["totalSuccessfulSessions"] for report in reports),
            sum(report["totalFailedSessions"] for report in reports)),
           (day["successfulSessions"], day["failedSessions"]))
    expect("who says so", ["Sender"],
           [row["organization"] for row in said["organizations"]])
    expect("what fails", [("certificateExpired", "2026-03-01", True)],
           [(row["result"], row["since"], row["isOpen"])
            for row in said["faults"] if "host" not in row])
    expect("without DNS nobody knows whether it is ready",
           ("unknown", True),
           (said["ready"], any("DNS" in why for why in said["reasons"])))
    got = site.run(*words, "example.com", *resolver)
    expect("for people", (0, True, True),
           (got.returncode, b"Ready for enforce?  not known" in got.stdout,
            b"Certificate expired" in got.stdout))
    got = site.run(*words, "--json")
    expect("of all domains", (0, ["example.com"]),
           (got.returncode,
            [row["domain"] for row in json.loads(got.stdout)["domains"]]))
    got = site.run(*words)
    expect("for people", (0, True),
           (got.returncode, b"example.com" in got.stdout))
    got = site.run(*words, *resolver)
    expect("a resolver for all domains is not taken", 2, got.returncode)


def test_delete(site):
    [got] = site.query("--where", "reportId=many@s")
    done = site.run("delete", "tls-external-report", got["id"])
    expect("delete", (0, b""), (done.returncode, done.stderr))
    expect("it is gone", 0, len(site.query("--where", "reportId=many@s")))
    done = site.run("update", "tls-external-report",
                    site.query("--limit", "1")[0]["id"], "--field", "day=x")
    expect("nobody may change one", True, done.returncode != 0)
    done = site.run("check-store")
    expect("check-store", 0, done.returncode)


def main():
    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder)
        for test in (test_transport, test_forged, test_odd, test_refused,
                     test_files, test_many, test_download, test_post, test_domains,
                     test_posture, test_delete):
            test(site)
    sys.exit(1 if failed else 0)


main()
