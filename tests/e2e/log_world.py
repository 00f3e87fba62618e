#!/usr/bin/env python3
"""log_world - the mail domains of logpostfix.sh, and what their reports say

    log_world.py make DIR           certificates, zones, servers' settings
    log_world.py send DIR WHICH     mails, by SMTP to 127.0.0.1:25
    log_world.py verdicts DIR WHICH LOG...
                                    exit 0 when LOG has all their statuses
    log_world.py statuses DIR LOG...
                                    compares them with the table
    log_world.py mails DIR          prints how many reports come by mail
    log_world.py compare DIR FILE...
                                    so the reports (mails, JSON, gzip)

WHICH domains: first, second (halves of the table), or the name of one.
CASES is the table: one row a domain, what is wrong with it, and what follows.
Nothing here shares code with tlstally.
"""
import collections
import dataclasses
import os
import pathlib
import re
import smtplib
import sys

from mail_servers import (DANE, NONE, STS, Certificates, Table, Zones,
                          report_of, summary)

NET = "192.0.3."  # of the namespace; anywhere else nobody's
WEB = NET + "250"
SINK_PORT = 8443
SECURE = "secure match=mx.{d}"
DEFER = "deferred"


@dataclasses.dataclass
class Case:
    """A domain.  ok, failed, result: what its one policy must say."""
    name: str
    type: str = NONE
    ok: int = 0
    result: str = ""  # of the one failure
    reason: str = ""  # "*": there is one
    status: str = "sent"
    cert: str = "good"  # good wrong expired selfsigned none
    sink: str = ""      # more options of smtp_sink
    tlsa: str = ""      # right mismatch ca
    sts: str = ""       # mode of the policy; "": no record
    policy: str = ""    # text of the policy file, instead of the usual; 404
    host_cert: str = "good"
    level: str = ""     # in smtp_tls_policy_maps
    mails: int = 1
    recipients: int = 1
    records: int = 1    # of TLSRPT
    header: str = ""    # of the mails, besides Subject
    rua: str = "mailto:tls@reports.test"
    address: str = ""
    reported: bool = True

    @property
    def domain(self):
        return self.name + ".test"

    @property
    def mx(self):
        return "mx." + self.domain


def sts(name, **more):
    usual = {"type": STS, "sts": "enforce", "level": SECURE}
    return Case(name, **usual | more)


# of the Postfix that sends
VERSION = tuple(map(int, os.environ["POSTFIX_VERSION"].split(".")[:2])) \
    if "POSTFIX_VERSION" in os.environ else (3, 7)


def tls_optional():
    """RFC 8689: unknown before 3.10, then not told, from 3.11 on by tls=."""
    usual = {"tlsa": "mismatch", "header": "TLS-Required: No\r\n"}
    if VERSION < (3, 10):
        usual |= {"status": DEFER, "result": "certificate-not-trusted"}
    elif VERSION < (3, 11):
        usual |= {"ok": 1}
    else:
        usual |= {"reported": False}
    return Case("tls-optional", DANE, **usual)


NO_STARTTLS = {"cert": "none", "result": "starttls-not-supported"}
REFUSES = "--reply 'starttls=454 4.7.0 TLS not available'"
MISMATCH = "mtasts-policy-mx-mismatch"

CASES = [
    Case("dane-ok", DANE, ok=1, tlsa="right", recipients=2),
    Case("dane-mismatch", DANE, tlsa="mismatch", status=DEFER,
         result="certificate-not-trusted"),
    Case("dane-expired", DANE, tlsa="ca", cert="expired", status=DEFER,
         result="certificate-expired"),
    Case("dane-nostarttls", DANE, tlsa="right", status=DEFER, **NO_STARTTLS),
    Case("dane-web", DANE, ok=1, tlsa="right",
         rua=f"https://reports.test:{SINK_PORT}/status/201/dane-web"),
    tls_optional(),
    # who has both is measured by DANE
    Case("dane-and-sts", DANE, ok=1, tlsa="right", sts="enforce"),
    sts("sts-ok", ok=1),
    sts("sts-reuse", ok=1, mails=3, recipients=2),
    sts("sts-wrongname", cert="wrong", status=DEFER,
        result="certificate-host-mismatch"),
    sts("sts-expired", cert="expired", status=DEFER,
        result="certificate-expired"),
    sts("sts-selfsigned", cert="selfsigned", status=DEFER,
        result="validation-failure", reason="self-signed_certificate"),
    sts("sts-nostarttls", status=DEFER, **NO_STARTTLS),
    sts("sts-refuses", sink=REFUSES, status=DEFER,
        result="starttls-not-supported"),
    sts("sts-handshake", sink="--garble", status=DEFER,
        result="validation-failure", reason="tls-handshake-failure"),
    sts("sts-testing-mx", sts="testing", level="",
        policy="version: STSv1\nmode: testing\nmx: other.test\n"
               "max_age: 86400\n",
        result="validation-failure", reason=MISMATCH),
    sts("sts-testing-cert", sts="testing", level="", cert="selfsigned",
        result="certificate-not-trusted"),
    sts("sts-none", sts="none", level="", type=NONE, ok=1),
    sts("sts-nofetch", level="", policy="404", reason="*",
        result="sts-policy-fetch-error"),
    sts("sts-badcert", level="", host_cert="expired", reason="*",
        result="sts-webpki-invalid"),
    sts("sts-badpolicy", level="", reason="*",
        policy="version: STSv1\nmode: sometimes\nmax_age: 86400\n",
        result="sts-policy-invalid"),
    Case("nopolicy-ok", ok=1),
    Case("nopolicy-selfsigned", ok=1, cert="selfsigned"),
    Case("nopolicy-nostarttls", **NO_STARTTLS),
    # the MX's TLSA records are in a zone whose DS record is another's
    Case("bogus", DANE, tlsa="right", status=DEFER, result="dnssec-invalid"),
    # TLSA records without DNSSEC are none
    Case("insecure", ok=1, tlsa="mismatch"),
    Case("norpt", ok=1, records=0, reported=False),
    Case("twice", ok=1, records=2, reported=False),
    # by a transport that misses tlsproxy(8): nothing of theirs failed
    Case("our-fault", tlsa="right", status=DEFER, reported=False),
    Case("private", address="127.0.1.1", reported=False),
    # where the mailed reports go: only our own sessions
    Case("reports", mails=0, reported=False),
]
for number, case in enumerate(CASES, 1):
    case.address = case.address or NET + str(number)


def records_of(case, tlsa):
    """Names with a final dot; TLSA records apart."""
    d = case.domain + "."
    mx = case.mx + "."
    lines = [f"{d} MX 10 {mx}", f"{mx} A {case.address}"]
    for i in range(case.records):
        more = f";n={i}" if case.records > 1 else ""
        lines.append(f'_smtp._tls.{d} TXT "v=TLSRPTv1;rua={case.rua}{more}"')
    if case.sts:
        lines += [f'_mta-sts.{d} TXT "v=STSv1; id=1;"',
                  f"mta-sts.{d} A {WEB}"]
    pins = [f"_25._tcp.{mx} TLSA {tlsa[case.tlsa]}"] if case.tlsa else []
    return lines, pins


def make_zones(path, tlsa):
    """test. is signed; in it insecure.test is not, and of _tcp.mx.bogus.test
    the DS record is another key's."""
    zones = Zones(path)
    main = ["ns.test. A 127.0.0.54", f"reports.test. A {WEB}"]
    for case in CASES:
        lines, pins = records_of(case, tlsa)
        if case.name == "insecure":
            main.append("insecure.test. NS ns.test.")
            zones.write("insecure.test.", lines + pins)
        elif case.name == "bogus":
            zone = f"_tcp.{case.mx}."
            zones.write(zone, pins)
            ds, _ = zones.sign(zone)
            words = ds.split()
            words[-1] = words[-1][::-1]
            main += lines + [f"{zone} NS ns.test.", " ".join(words)]
        else:
            main += lines + pins
    zones.write("test.", main)
    _, anchor = zones.sign("test.")
    zones.nsd()
    zones.unbound(anchor)


def make_policies(path, certificates):
    path.mkdir()
    for case in CASES:
        if not case.sts:
            continue
        host = "mta-sts." + case.domain
        key, chain = certificates.server(case.host_cert, host)
        (path / (case.name + ".pem")).write_text(
            key.read_text() + chain.read_text())
        text = case.policy or (
            f"version: STSv1\r\nmode: {case.sts}\r\nmx: {case.mx}\r\n"
            "max_age: 86400\r\n")
        if text == "404":
            text = ""  # policy_host answers so
        (path / (case.name + ".txt")).write_bytes(text.encode())
    # for whoever asks without a name
    (path / "good.pem").write_text((path / "sts-ok.pem").read_text())


def make(top):
    certificates = Certificates(top / "certs")
    make_zones(top / "zones", certificates.hashes())
    make_policies(top / "policies", certificates)
    farm, levels = [], []
    (top / "sinks").mkdir()
    for case in CASES:
        tls = ""
        if case.cert != "none":
            key, chain = certificates.server(case.cert, case.mx)
            tls = f"--cert {chain} --key {key}"
        place = top / "sinks" / case.name
        place.mkdir()
        farm.append(f"--keep --listen {case.address}:25 {tls} {case.sink} "
                    f"{place}\n")
        if case.level:
            levels.append(f"{case.domain} {case.level.format(d=case.domain)}\n")
    certificates.server("good", "reports.test")
    (top / "farm").write_text("".join(farm))
    (top / "levels").write_text("".join(levels))


def recipients(case, mail):
    return [f"u{mail}-{i}@{case.domain}" for i in range(case.recipients)]


def chosen(which):
    half = len(CASES) // 2
    halves = {"first": CASES[:half], "second": CASES[half:]}
    return halves.get(which) or [c for c in CASES if c.name == which]


def send(which):
    with smtplib.SMTP("127.0.0.1", 25) as smtp:
        for case in chosen(which):
            for mail in range(case.mails):
                smtp.sendmail("a@sender.test", recipients(case, mail),
                              f"Subject: {case.name}\r\n{case.header}\r\n"
                              "test\r\n")


STATUS = re.compile(r"postfix/(?:smtp|reuse)\[\d+\]: \S+: to=<u[0-9-]+@"
                    r"([^>]+)>, .* status=(\w+) ")


def statuses(logs):
    found = collections.defaultdict(list)
    for log in logs:
        for line in open(log, encoding="utf-8", errors="replace"):
            if match := STATUS.search(line):
                found[match[1]].append(match[2])
    return found


def verdicts(which, *logs):
    found = statuses(logs)
    return all(len(found[case.domain]) >= case.mails * case.recipients
               for case in chosen(which))


def compare_statuses(*logs):
    table = Table()
    found = statuses(logs)
    for case in CASES:
        want = [case.status] * (case.mails * case.recipients)
        table.same(f"{case.domain} in Postfix's log", want,
                   found[case.domain])
    return table.failed


def wanted(case, got):
    failures = 0 if case.ok else case.mails
    details = []
    if case.result:
        reason = case.reason
        if reason == "*":  # words that are the program's
            reason = next((d[2] for d in got[3] if d[2]), "a reason")
        details = [(case.result, failures, reason)]
    return (case.type, case.ok, failures, details)


def policy_as_published(case, policy):
    """policy-string, mx-host and policy-domain, by the policy's type."""
    text = policy.get("policy-string", [])
    if case.type == DANE:
        good = policy["policy-domain"] == case.mx
        return good and (case.name == "bogus" or len(text) == 1)
    if policy["policy-domain"] != case.domain:
        return False
    if case.type == STS and case.policy != "404" and case.host_cert == "good":
        return text[:1] == ["version: STSv1"] and \
            (case.name == "sts-badpolicy" or len(policy["mx-host"]) == 1)
    return not text


def compare(paths):
    table = Table()
    reports, ways = {}, collections.defaultdict(list)
    for path in sorted(paths):
        report, way = report_of(path)
        domain = re.match(r"\d+\.(.*)\.[0-9a-f]{8}@",
                          report["report-id"])[1]
        if reports.setdefault(domain, report) != report:
            table.same(f"{domain}'s report", reports[domain], report)
        ways[domain].append(way)
    for case in CASES:
        report = reports.pop(case.domain, None)
        if not case.reported or report is None:
            table.same(f"{case.domain} is reported", case.reported,
                       report is not None)
            continue
        table.same(f"{case.domain}'s report comes", sorted(
            ["directory", "mail" if "mailto" in case.rua else "https"]),
            sorted(ways[case.domain]))
        got = [summary(p) for p in report["policies"]]
        table.same(case.domain, [wanted(case, got[0])], got)
        policy = report["policies"][0]["policy"]
        if not policy_as_published(case, policy):
            table.same(f"{case.domain}'s policy", "as published", policy)
    table.same("other domains' reports", [], sorted(reports))
    return table.failed


def main(what, top, *paths):
    top = pathlib.Path(os.path.abspath(top))
    deeds = {"make": lambda: make(top),
             "mails": lambda: print(sum(
                 c.reported and "mailto" in c.rua for c in CASES)),
             "send": lambda: send(*paths),
             "verdicts": lambda: 0 if verdicts(*paths) else 1,
             "statuses": lambda: compare_statuses(*paths),
             "compare": lambda: compare(paths)}
    return min(deeds[what]() or 0, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
