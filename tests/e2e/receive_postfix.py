#!/usr/bin/env python3
"""receive_postfix - reports of others as a real Postfix receives them

scripts/check runs it; by hand, as root, in the build folder.  One Postfix, with two
doors: at the one OpenDKIM signs what many senders send, and passes it on to the other,
where OpenDKIM verifies it, tlstally-milter stands behind it, and an alias leads to
`tlstally receive` in a pipe.  Also: a report of our own is sent to ourselves, and what
leaves is what comes in, field by field; two readers that are not ours agree.
"""
import base64
import email
import email.policy
import gzip
import json
import mailbox
import os
import pathlib
import pwd
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

from testlib import (BIN, SOURCE, Daemon, expect, failed, free_port, must_come,
                     skip_part)

SERVER = "mx.ours.example"
DOMAINS = ("sender.example", "other.example", "evil.example", "reporter.example")
OWN_ID = "2026-03-01T00:00:00Z_ours.example@reporter.example"


def policy(domain="ours.example", good=5, bad=2, **more):
    made = {"policy": {"policy-type": "sts", "policy-string": ["version: STSv1"],
                       "policy-domain": domain, "mx-host": ["mx.ours.example"]},
            "summary": {"total-successful-session-count": good,
                        "total-failure-session-count": bad},
            "failure-details": [{"result-type": "certificate-expired",
                                 "failed-session-count": bad}]}
    made.update(more)
    return made


def report(id, **more):
    made = {"organization-name": "Sender",
            "date-range": {"start-datetime": "2026-03-01T00:00:00Z",
                           "end-datetime": "2026-03-01T23:59:59Z"},
            "contact-info": "tls@sender.example", "report-id": id,
            "policies": [policy()]}
    made.update(more)
    return made


def mail(body, sender="sender.example", head="", to="tlsrpt@ours.example",
         type="application/tlsrpt+gzip", packed=True, end="--b--\r\n",
         text="text/plain"):
    """As senders write it; head: fields above all others."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    data = gzip.compress(data, mtime=0) if packed else data
    return (head + f"""From: Reports <tls@{sender}>\r
To: {to}\r
Subject: Report Domain: ours.example\r
 Submitter: {sender}\r
Date: Mon, 02 Mar 2026 00:10:00 +0000\r
TLS-Report-Domain: ours.example\r
TLS-Report-Submitter: {sender}\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"\r
\r
--b\r
Content-Type: {text}\r
\r
A report\r
--b\r
Content-Type: {type}\r
Content-Transfer-Encoding: base64\r
\r
""" + base64.encodebytes(data).decode().replace("\n", "\r\n") + end).encode()


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class World:
    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.dir.chmod(0o755)
        self.ports = {name: free_port() for name in
                      ("out", "in", "sign", "verify", "milter")}
        self.dkim = []
        self.keys()
        self.settings()
        self.postfix()

    # --- OpenDKIM ---

    def keys(self):
        """One key for all; what DNS would say of it stands in a file."""
        key = self.dir / "key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True,
                       stderr=subprocess.DEVNULL)
        key.chmod(0o600)
        public = subprocess.run(
            ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        text = base64.b64encode(public).decode()
        (self.dir / "public").write_text("".join(
            f"mail._domainkey.{domain} v=DKIM1; k=rsa; p={text}\n"
            for domain in DOMAINS))
        (self.dir / "keytable").write_text("".join(
            f"{domain} {domain}:mail:{key}\n" for domain in DOMAINS))
        (self.dir / "signing").write_text("".join(
            f"*@{domain} {domain}\n" for domain in DOMAINS))
        (self.dir / "nobody-internal").write_text("192.0.2.1\n")
        (self.dir / "all-internal").write_text("127.0.0.0/8\n")

    def start_dkim(self, name, text):
        conf = self.dir / f"{name}.conf"
        conf.write_text(f"""Background no
Socket inet:{self.ports[name]}@127.0.0.1
PidFile {self.dir}/{name}.pid
Syslog no
RequireSafeKeys no
TestPublicKeys {self.dir}/public
{text}""")
        log = open(self.dir / f"{name}.log", "ab")
        self.dkim.append(subprocess.Popen(["opendkim", "-f", "-x", conf],
                                          stderr=log, stdout=log))
        must_come(f"OpenDKIM: {name}", lambda: listens(self.ports[name]))

    # --- tlstally ---

    def settings(self):
        self.conf = self.dir / "conf"
        store = self.dir / "store"
        store.mkdir()
        shutil.chown(store, "nobody", "nogroup")
        self.conf.write_text(f"""
[report]
contact_info = tls-reports@reporter.example
organization_name = Reporter Ltd.
mode = all
[store]
directory = {store}
map_size = 256M
rehearsal = yes
[events]
socket = unix:{self.dir}/events
socket_owner =
socket_group =
[milter]
socket = inet:127.0.0.1:{self.ports['milter']}
commit_interval = 50ms
[deliver]
mail = smtp://127.0.0.1:{self.ports['out']}
[received]
domains = ours.example
authserv_id = {SERVER}
received_above = 1
addresses = milter@ours.example
milter_behind_filter = yes
""")
        self.conf.chmod(0o644)

    def tlstally(self, *words, data=None, check=True):
        got = subprocess.run([BIN / "tlstally", "-c", self.conf, *words],
                             input=data, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        if check and got.returncode != 0:
            raise SystemExit(f"FAIL: {words}: {got.stderr.decode()}")
        return got.stdout.decode()

    def received(self):
        return {row["reportId"]: row for row in json.loads(self.tlstally(
            "query", "tls-external-report", "--json", "--sort", "id"))}

    def rows(self):
        return json.loads(self.tlstally("query", "tls-external-report", "--json"))

    # --- Postfix ---

    def postfix(self):
        script = f"""dir={self.dir}; . {SOURCE}/tests/e2e/postfix_instance.sh
mkdir -p $dir/site; postfix_settings site >$dir/site/main.cf
postfix_services n >$dir/site/master.cf"""
        subprocess.run(["sh", "-c", script], check=True)
        etc = self.dir / "site"
        with open(etc / "main.cf", "a") as main:
            main.write(f"""
myhostname = {SERVER}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = ours.example
virtual_mailbox_maps = static:box
virtual_mailbox_base = {self.dir}/mail
virtual_uid_maps = static:{pwd.getpwnam("nobody").pw_uid}
virtual_gid_maps = static:{pwd.getpwnam("nobody").pw_gid}
virtual_minimum_uid = 1
virtual_alias_maps = inline:{{ {{tlsrpt@ours.example =
    report@pipe.example, box@ours.example}} }}
transport_maps = inline:{{ pipe.example=tlsreceive:, many.example=discard: }}
relay_domains = pipe.example, many.example
message_size_limit = 0
mailbox_size_limit = 0
virtual_mailbox_limit = 0
milter_default_action = accept
""")
        with open(etc / "master.cf", "a") as master:
            master.write(f"""
127.0.0.1:{self.ports['out']} inet n - n - - smtpd
    -o smtpd_milters=inet:127.0.0.1:{self.ports['sign']}
    -o content_filter=smtp:[127.0.0.1]:{self.ports['in']}
    -o receive_override_options=no_address_mappings
127.0.0.1:{self.ports['in']} inet n - n - - smtpd
    -o smtpd_milters=inet:127.0.0.1:{self.ports['verify']},inet:127.0.0.1:{self.ports['milter']}
showq unix n - n - - showq
tlsreceive unix - n n - 1 pipe
    user=nobody argv={BIN}/tlstally -c {self.conf} receive
""")
        (self.dir / "mail").mkdir()
        shutil.chown(self.dir / "mail", "nobody", "nogroup")
        for path in etc.iterdir():
            path.chmod(0o644)

    def start(self):
        self.start_dkim("sign", f"""Mode s
InternalHosts {self.dir}/all-internal
KeyTable {self.dir}/keytable
SigningTable refile:{self.dir}/signing
SenderHeaders Sender,From
""")
        self.start_dkim("verify", f"""Mode v
AuthservID {SERVER}
InternalHosts {self.dir}/nobody-internal
ExternalIgnoreList {self.dir}/nobody-internal
AlwaysAddARHeader yes
""")
        daemon = Daemon("tlstallyd", self.conf, self.dir / "events.log")
        daemon.must_say("counting events")
        daemon.stop()
        self.milter = Daemon("tlstally-milter", self.conf,
                             self.dir / "milter.log")
        self.milter.must_say("counting messages")
        subprocess.run(["postfix", "-c", self.dir / "site", "start"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for door in ("out", "in"):
            must_come(f"Postfix: {door}", lambda: listens(self.ports[door]))

    def stop(self):
        subprocess.run(["postfix", "-c", self.dir / "site", "stop"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        expect("tlstally-milter ends in order", 0, self.milter.stop())
        for process in self.dkim:
            process.terminate()
            process.wait()

    def queue_is_empty(self):
        return subprocess.run(
            ["postqueue", "-c", self.dir / "site", "-j"], check=True,
            stdout=subprocess.PIPE).stdout == b""

    def send(self, text, door="out", to="tlsrpt@ours.example"):
        with smtplib.SMTP("127.0.0.1", self.ports[door]) as smtp:
            smtp.sendmail("tls@sender.example", [to], text)

    def settle(self):
        must_come("all mail is delivered", self.queue_is_empty)


def test_senders(w):
    """Signed ones of many, by alias; the odd forms; whose they are."""
    for n, domain in enumerate(DOMAINS):
        w.send(mail(report(f"true{n}", **{"organization-name": domain}),
                    sender=domain, text=("text/plain", "text/html")[n % 2]))
    odd = {
        "no zone": report("no zone", **{"date-range": {
            "start-datetime": "2026-03-01T00:00:00",
            "end-datetime": "2026-03-02T00:00:00"}}),
        "null contact": report("null contact", **{"contact-info": None}),
        "text for a list": report("text for a list", policies=[policy(
            policy={"policy-type": "sts", "policy-domain": "ours.example",
                    "mx-host": "mx: mx.ours.example"})]),
        "no domain": report("no domain", policies=[
            policy(), policy(policy={"policy-type": "no-policy-found"})]),
        "unknown words": report("unknown words", policies=[policy(**{
            "failure-details": [{"result-type": "carrier-pigeon-lost",
                                 "failed-session-count": 2}]})]),
        "totals": report("totals", policies=[policy(bad=1, **{
            "failure-details": [{"result-type": "certificate-expired",
                                 "failed-session-count": 2}]})]),
        "a week": report("a week", **{"date-range": {
            "start-datetime": "2026-03-01T00:00:00Z",
            "end-datetime": "2026-03-07T23:59:59Z"}}),
    }
    for body in odd.values():
        w.send(mail(body))
    w.send(mail(report("not packed"), type="application/tlsrpt", packed=False))
    w.send(mail(report("octets"), type="application/octet-stream"))
    w.send(mail(report("no end"), end=""))
    w.settle()
    got = w.received()
    want = [f"true{n}" for n in range(len(DOMAINS))] + list(odd) + [
        "not packed", "octets", "no end"]
    expect("by alias and pipe: all of them", sorted(want), sorted(got))
    expect("all are authenticated by OpenDKIM, and count",
           {(True, True, "mail")},
           {(row["isAuthenticated"], row["isCounted"], row["receivedBy"])
            for row in got.values()})
    expect("their submitters", list(DOMAINS),
           [got[f"true{n}"]["submitter"] for n in range(len(DOMAINS))])
    expect("what was odd is told", [], [
        name for name in odd if name != "a week" and not got[name]["problems"]])


def test_forged(w):
    claims = f"Authentication-Results: {SERVER}; dkim=pass header.d=sender.example\r\n"
    w.send(mail(report("forged field"), head=claims), door="in")
    w.send(mail(report("forged Received"),
                head=claims + "Received: from a by b; x\r\n"), door="in")
    w.send(mail(report("forged signer"),
                head="Sender: tls@evil.example\r\n"))
    w.send(mail(report("true0", policies=[policy(good=99)],
                       **{"organization-name": DOMAINS[0]}), head=claims),
           door="in")
    w.send(mail(report("forged, by milter"), head=claims,
                to="milter@ours.example"), door="in", to="milter@ours.example")
    w.settle()
    must_come("the milter reads", lambda: "forged, by milter" in w.received())
    rows = [row for row in w.rows() if row["reportId"].startswith("forged")]
    expect("forged ones: none is authenticated or counts", [(False, False)] * 4,
           [(row["isAuthenticated"], row["isCounted"]) for row in rows])
    twice = [(row["isAuthenticated"], row["totalSuccessfulSessions"])
             for row in w.rows() if row["reportId"] == "true0"]
    expect("an unauthenticated one takes the place of none",
           [(False, 99), (True, 5)], sorted(twice))


def test_doubles(w):
    before = len(w.rows())
    for door in ("milter@ours.example", "tlsrpt@ours.example"):
        w.send(mail(report("true1", **{"organization-name": DOMAINS[1]}),
                    sender=DOMAINS[1], to=door), to=door)
    w.settle()
    must_come("the milter has read it", lambda: "was here already" in
              w.milter.log())
    expect("the same again, by pipe and by milter, counts once", before,
           len(w.rows()))


def test_milter(w):
    for n in range(3):
        w.send(mail(report(f"milter{n}")), to="milter@ours.example")
    w.settle()
    must_come("the milter reads", lambda: "milter2" in w.received())
    expect("by milter, behind OpenDKIM: authenticated",
           [("milter", True, True)] * 3,
           [(row["receivedBy"], row["isAuthenticated"], row["isCounted"])
            for id, row in w.received().items() if id.startswith("milter")])


def test_bombs(w):
    bomb = gzip.compress(b" " * (200 << 20), mtime=0)
    before = len(w.rows())
    for to in ("milter@ours.example", "tlsrpt@ours.example"):
        w.send(mail(bomb, packed=False), to=to)
        w.send(b"From: root@ours.example\r\nSubject: Cron\r\n\r\nfine\r\n", to=to)
    w.settle()
    must_come("the milter tells of it", lambda: "more than 26214400" in
              w.milter.log())
    must_come("and of mail without a report", lambda: "no report attached" in
              w.milter.log())
    expect("bombs and other mail leave nothing", before, len(w.rows()))
    log = (w.dir / "site.log").read_text()
    expect("and nothing is returned or deferred", [0, 0],
           [log.count("status=" + word) for word in ("bounced", "deferred")])


def own_object():
    return {
        "domain": "ours.example", "mailRua": ["tlsrpt@ours.example"],
        "httpRua": [], "policyIdentifiers": [],
        "createdAt": "2026-03-02T00:15:00Z", "deliverAt": "2026-03-02T01:00:00Z",
        "report": {
            "organizationName": "Reporter Ltd.",
            "contactInfo": "tls-reports@reporter.example", "reportId": OWN_ID,
            "dateRangeStart": "2026-03-01T00:00:00Z",
            "dateRangeEnd": "2026-03-01T23:59:59Z",
            "policies": [{
                "policyType": "sts", "policyDomain": "ours.example",
                "policyStrings": ["version: STSv1", "mode: enforce",
                                  "mx: *.ours.example", "max_age: 86400"],
                "mxHosts": ["*.ours.example", "b\u00fccher.example"],
                "totalSuccessfulSessions": 5000000000,
                "totalFailedSessions": 6,
                "failureDetails": [{
                    "resultType": "certificateExpired",
                    "sendingMtaIp": "192.0.2.25",
                    "receivingMxHostname": "mx.ours.example",
                    "receivingMxHelo": "mx.ours.example",
                    "receivingIp": "2001:db8::25", "failedSessionCount": 4,
                    "additionalInformation": "https://reporter.example/x",
                    "failureReasonCode": "certificate has \"expired\""}, {
                    "resultType": "startTlsNotSupported",
                    "sendingMtaIp": None, "receivingMxHostname": None,
                    "receivingMxHelo": None, "receivingIp": None,
                    "failedSessionCount": 2, "additionalInformation": None,
                    "failureReasonCode": None}]}, {
                "policyType": "tlsa", "policyDomain": "mx.ours.example",
                "policyStrings": ["3 1 1 " + "AB" * 32], "mxHosts": [],
                "totalSuccessfulSessions": 1, "totalFailedSessions": 0,
                "failureDetails": []}]}}


def test_own(w):
    """Sent by us and received by us: what leaves is what comes in."""
    (w.dir / "own.json").write_text(json.dumps(own_object()))
    w.tlstally("create", "tls-internal-report", "--file", w.dir / "own.json")
    # as it leaves, with A-labels
    [sent] = json.loads(w.tlstally("query", "tls-internal-report", "--json"))
    w.tlstally("deliver", "--now")
    w.settle()
    got = w.received().get(OWN_ID)
    if got is None:
        expect("our own report arrives", True,
               w.tlstally("query", "tls-internal-report", "--json"))
        return None
    report, came = sent["report"], got["report"]
    expect("our own report: its fields", sorted(report), sorted(came))
    for name, value in report.items():
        if name != "policies":
            expect("our own report: " + name, value, came[name])
    expect("our own report: how many policies", len(report["policies"]),
           len(came["policies"]))
    for i, (left, right) in enumerate(zip(report["policies"], came["policies"])):
        expect(f"our own report: fields of policy {i}", sorted(left),
               sorted(right))
        for name, value in left.items():
            expect(f"our own report: policy {i}: {name}", value, right[name])
    expect("our own report: whose it is", (True, "reporter.example", []),
           (got["isAuthenticated"], got["submitter"], got["problems"]))
    return sent["report"]


def own_mail(w):
    """As virtual(8) has put it into the mailbox, or None."""
    for each in mailbox.mbox(w.dir / "mail/box", create=False):
        if ".tlsrpt@reporter.example" in (each["Message-ID"] or ""):
            return each.as_bytes()
    return None


def summary(body, header):
    """What a reader finds: of the header, and of the report."""
    return [header, body["organization-name"], body["contact-info"],
            body["report-id"], body["date-range"],
            [[each["policy"], each["summary"], each.get("failure-details", [])]
             for each in body["policies"]]]


def read_with_python(text):
    message = email.message_from_bytes(text, policy=email.policy.default)
    [part] = [part for part in message.walk()
              if part.get_content_type() == "application/tlsrpt+gzip"]
    return summary(json.loads(gzip.decompress(part.get_payload(decode=True))),
                   [message["TLS-Report-Domain"], message["TLS-Report-Submitter"]])


MAILPARSER = """
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
const need = createRequire(join(process.env.NPM_FOLDER, "/"));
const { simpleParser } = need("mailparser");
const mail = await simpleParser(readFileSync(0));
const [part] = mail.attachments.filter(({ contentType }) =>
  contentType === "application/tlsrpt+gzip");
console.log(JSON.stringify({
  header: [mail.headers.get("tls-report-domain"),
           mail.headers.get("tls-report-submitter")],
  body: JSON.parse(gunzipSync(part.content)) }));
"""


def test_readers(w, sent):
    """Two that are not ours see in our mail what we sent."""
    text = own_mail(w)
    expect("our own mail is in the mailbox", True, text is not None)
    if text is None:
        return
    python = read_with_python(text)
    expect("Python's email: the policies", [
        (each["policyDomain"], each["totalSuccessfulSessions"],
         each["totalFailedSessions"], len(each["failureDetails"]))
        for each in sent["policies"]], [
        (each["policy-domain"], sums["total-successful-session-count"],
         sums["total-failure-session-count"], len(details))
        for each, sums, details in python[5]])
    expect("Python's email: the header", ["ours.example", "reporter.example"],
           python[0])
    npm = os.environ.get("NPM_FOLDER", "")
    if not pathlib.Path(npm, "node_modules/mailparser").exists():
        skip_part("mailparser", "npm ci in a copy of tests/e2e/npm, and NPM_FOLDER "
                  "names the copy")
        return
    got = json.loads(subprocess.run(
        ["node", "--input-type=module", "-e", MAILPARSER], input=text, check=True,
        stdout=subprocess.PIPE).stdout)
    expect("mailparser sees the same", python,
           summary(got["body"], got["header"]))


def main():
    if os.geteuid() != 0:
        print("a Postfix is started: this needs root")
        sys.exit(77)
    for tool in ("postfix", "opendkim", "openssl"):
        if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            print(f"{tool} is missing: apt-get install {tool}")
            sys.exit(77)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:" + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        w = World(folder)
        try:
            w.start()
            for test in (test_senders, test_forged, test_doubles, test_milter,
                         test_bombs):
                test(w)
            sent = test_own(w)
            if sent is not None:
                test_readers(w, sent)
            w.stop()
            w.tlstally("check-store")
        finally:
            if failed or sys.exc_info()[0]:
                for log in ("site.log", "milter.log", "verify.log", "sign.log"):
                    path = w.dir / log
                    print(log, path.read_text()[-3000:] if path.exists() else "-")
            subprocess.run(["postfix", "-c", w.dir / "site", "stop"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for process in w.dkim:
                process.kill()
    sys.exit(1 if failed else 0)


main()
