#!/usr/bin/env python3
"""policyd_world - the domains of policyd.sh, and what must come of mail to them

    policyd_world.py make DIR               certificates, zones, servers
    policyd_world.py change DIR             the second state of the world
    policyd_world.py send DIR PHASE [HOST]  a mail to each domain of the phase
    policyd_world.py verdicts DIR PHASE     exit 0 when Postfix has done them
    policyd_world.py expect DIR PHASE       compares its log, and what it told
                                            of them, with the table
    policyd_world.py told DIR PHASE SOCKET  the same for the policy service,
                                            which may still be finding out
    policyd_world.py answers DIR PHASE      what the table says, for
                                            tests/fake/socketmap.py
    policyd_world.py activate DIR SOCKET COMMAND...
                                            has the socket, and restarts the
                                            policy service at SIGHUP
    policyd_world.py load DIR PHASE SOCKET  asks and asks until SIGTERM
    policyd_world.py ask DIR KEY SOCKET     what the policy service says
    policyd_world.py overrides DIR          the table for policyd
    policyd_world.py flow DIR               a mail to flow.test again and again,
                                            until SIGTERM
    policyd_world.py flown DIR N            exit 0 when they have gone
    policyd_world.py counted DIR FEED       compares what store_totals -a prints
    policyd_world.py reports DIR FEED FILE...
                                            compares the reports

TABLE has one row a domain.  What is not said in a row is in order: an MX with a
good certificate, no TLSA, no MTA-STS.  POSTFIX_VERSION is that of the Postfix
that sends, FEED what tlstally counts by: log, events or both.  Nothing here
shares code with tlstally.

The site has smtp_tls_security_level = dane, and policyd's level is the same.
SITES are others (SITE, which policyd.sh sets up): some domains of the table, and
what is different there.
"""
import collections
import dataclasses
import json
import os
import pathlib
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time

from mail_servers import Certificates, Table, Zones, report_of, summary

NET = "192.0.3."  # of the namespace; anywhere else nobody's
WEB = NET + "250"
NOBODY = NET + "251"  # nothing listens there
REPORTS = NET + "248"  # takes reports by mail
OUTSIDE = NET + "249"  # an MX that no policy names
VERSION = tuple(map(int, re.findall(
    r"\d+", os.environ.get("POSTFIX_VERSION", "3.7"))))
TLSRPT = VERSION >= (3, 10)
PATTERNS = VERSION >= (3, 10, 5)  # smtp_tls_enforce_sts_mx_patterns

SITE = os.environ.get("SITE", "")
COMPARES = ("verify", "fingerprint", "secure")
LEVEL = {"only": "dane"}.get(SITE, SITE or "dane")
DANE = "dane-only" if SITE in ("encrypt", "only", "dane-only") else "dane"

SENT, DEFERRED = "sent", "deferred"
NOT_TRUSTED = "Server certificate not (trusted|verified)"
NO_STARTTLS = "TLS is required, but was not offered"
MX_PATTERN = "does not match STS MX pattern"
MISMATCH = "validation-failure mtasts-policy-mx-mismatch"


@dataclasses.dataclass
class Row:
    """A domain.  A phase is one mail; `then` are the fields that are other
    ones in phase 2.

    told: "-" is NOTFOUND; dane; secure; testing (the site's level, with the
    policy's strings); failed (the level, and that there is a policy); temp; by
    the table of overrides.  Testing and failed are only for reports, and so
    NOTFOUND to a Postfix that has none.
    event: type and outcome that Postfix reports itself, "-": none.
    counted: each policy's type, successes, failures and details; of what is
    counted by the log, by events, or by both where they differ."""
    name: str
    told: str
    counted: str
    event: str = ""
    status: str = SENT
    says: str = ""        # in its line of the log, or in a warning
    phases: str = "1"
    log: str = ""
    events: str = ""
    both: str = ""
    cert: str = "good"    # wrong expired selfsigned none
    tlsa: str = ""        # right mismatch unusable
    tlsa_zone: str = ""   # bogus lame
    zone: str = ""        # insecure
    sts: str = ""         # mode of the policy; "": no record
    record: str = ""      # lame: no answer about it; gone
    host: str = "good"    # expired wrong 404 garbage refused silent
    mx: tuple = ()        # of the policy
    extra: tuple = ()     # more lines of it
    outside: int = 0      # preference of an MX that the policy does not name
    inside: int = 10      # of the one that it does; 0: none
    rcpt: str = ""        # after the "@"; of the last recipient
    override: str = ""
    then: dict = dataclasses.field(default_factory=dict)
    address: str = ""
    id: int = 1

    @property
    def domain(self):
        return self.name.lower() + ".test"

    @property
    def key(self):
        return (self.rcpt or self.name + ".test").format(**vars(self))

    @property
    def host_name(self):
        return "mx." + self.domain

    def at(self, phase):
        """The row in this phase."""
        if phase != "2" or not self.then:
            return self
        return dataclasses.replace(self, id=2, **self.then)


def sts(name, told="secure", **more):
    return Row(name, told, more.pop("counted"), **{"sts": "enforce"} | more)


def kept(name, counted="", **broken):
    """Its policy is known when it can no longer be had."""
    return sts(name, phases="12", then=broken, event="sts S",
               counted=f"sts 2 0{counted and ' ' + counted}")


TABLE = [
    # DANE, which Postfix does and policyd must not be in the way of
    Row("dane-ok", "dane", "tlsa 1 0", "tlsa S", tlsa="right"),
    Row("dane-mismatch", "dane", "tlsa 0 1 certificate-not-trusted",
        "tlsa 203", DEFERRED, NOT_TRUSTED, tlsa="mismatch"),
    Row("dane-and-sts", "dane", "tlsa 1 0", "tlsa S", tlsa="right",
        sts="enforce"),
    # what STS would accept
    Row("dane-first", "dane", "tlsa 0 1 certificate-not-trusted", "tlsa 203",
        DEFERRED, NOT_TRUSTED, tlsa="mismatch", sts="enforce"),
    Row("dane-testing", "dane", "tlsa 0 1 certificate-not-trusted",
        "tlsa 203", DEFERRED, NOT_TRUSTED, tlsa="mismatch", sts="testing"),
    # what STS would not accept
    Row("dane-selfsigned", "dane", "tlsa 0 1 certificate-not-trusted",
        "tlsa 203", DEFERRED, NOT_TRUSTED, tlsa="right", sts="enforce",
        cert="selfsigned"),
    Row("dane-bogus", "dane", "-", "-", DEFERRED, "TLSA lookup error",
        tlsa="right", tlsa_zone="bogus", log="tlsa 0 1 dnssec-invalid"),
    Row("dane-servfail", "dane", "-", "-", DEFERRED, "TLSA lookup error",
        tlsa="right", tlsa_zone="lame"),
    Row("dane-unusable", "-", "no-policy-found 1 0", "no-policy-found S",
        tlsa="unusable", log="tlsa 0 1 tlsa-invalid *"),
    sts("dane-unusable-sts", counted="sts 1 0", event="sts S",
        tlsa="unusable", log="tlsa 0 1 tlsa-invalid *"),
    # TLSA records without DNSSEC are none
    Row("insecure", "-", "no-policy-found 1 0", "no-policy-found S",
        tlsa="mismatch", zone="insecure"),
    sts("insecure-sts", counted="sts 1 0", event="sts S", tlsa="mismatch",
        zone="insecure"),

    # enforce
    sts("sts-ok", counted="sts 1 0", event="sts S", says="Verified TLS"),
    sts("MixedCase", counted="sts 1 0", event="sts S"),
    sts("sts-wild", counted="sts 1 0", event="sts S", mx=("*.sts-wild.test",)),
    sts("sts-wrong", counted="sts 0 1 certificate-host-mismatch",
        event="sts 202", status=DEFERRED, says=NOT_TRUSTED, cert="wrong"),
    sts("sts-expired", counted="sts 0 1 certificate-expired",
        event="sts 204", status=DEFERRED, says=NOT_TRUSTED, cert="expired"),
    sts("sts-selfsigned", counted="sts 0 1 validation-failure *",
        event="sts 205", status=DEFERRED, says=NOT_TRUSTED,
        cert="selfsigned"),
    sts("sts-clear", counted="sts 0 1 starttls-not-supported",
        event="sts 201", status=DEFERRED, says=NO_STARTTLS, cert="none"),
    sts("sts-outside", counted=f"sts 0 1 {MISMATCH}",
        event="-" if PATTERNS else "sts 202", status=DEFERRED,
        says=MX_PATTERN if PATTERNS else NOT_TRUSTED,
        outside=10, inside=0, events="-"),
    sts("sts-second", counted=f"sts 1 1 {MISMATCH}", event="sts S",
        says=MX_PATTERN if PATTERNS else "", outside=5, events="sts 1 0"),

    # whose lines would be attributes, or braces without an end
    sts("sts-hostile", counted="sts 1 0", event="sts S",
        mx=("mx.sts-hostile.test", "10.1.2.3", "hostname", "*.test",
            *(f"*.n{i}.sts-hostile.test" for i in range(60))),
        extra=("note: {", "x1: }", "x2: a}b{c", "x3: {a}{b}", "x4: {}",
               "x5: \",\\'", "x6: policy_failure:sts-policy-invalid",
               "x7: \u00fc\u20ac", "match: nobody.test")),

    # testing: reported and never enforced.  Whether a session is as the policy
    # wants it stands in no event; the log knows all but a wrong name
    sts("test-ok", "testing", sts="testing", counted="sts 1 0",
        event="sts S", events="unjudged 1"),
    sts("test-wrong", "testing", sts="testing", counted="sts 1 0",
        event="sts S", events="unjudged 1", cert="wrong"),
    sts("test-expired", "testing", sts="testing",
        counted="sts 0 1 certificate-not-trusted", event="sts S",
        events="unjudged 1", cert="expired"),
    sts("test-selfsigned", "testing", sts="testing",
        counted="sts 0 1 certificate-not-trusted", event="sts S",
        events="unjudged 1", cert="selfsigned"),
    sts("test-clear", "testing", sts="testing",
        counted="sts 0 1 starttls-not-supported", event="-", events="-",
        cert="none"),
    sts("test-outside", "testing", sts="testing",
        counted=f"sts 0 1 {MISMATCH}", event="sts S", events="unjudged 1",
        outside=10, inside=0),

    # no policy
    sts("none", "-", sts="none", counted="no-policy-found 1 0",
        event="no-policy-found S", cert="selfsigned"),
    Row("plain", "-", "no-policy-found 1 0", "no-policy-found S"),
    Row("plain-selfsigned", "-", "no-policy-found 1 0", "no-policy-found S",
        cert="selfsigned"),
    # its parent has a policy, which is not its own (RFC 8461 section 3.1)
    Row("deep.sts-ok", "-", "no-policy-found 1 0", "no-policy-found S",
        cert="selfsigned"),
    Row("literal", "-", "-", "-", rcpt="[{address}]", cert="selfsigned"),
    # its own MX, by transport_maps; Postfix takes the host for the domain
    Row("nexthop", "-", "-", "-", cert="selfsigned",
        log="no-policy-found 1 0"),

    # a policy that cannot be had: mail goes on, and that is reported
    sts("not-found", "failed", counted="sts 0 1 sts-policy-fetch-error *",
        event="sts S", cert="selfsigned", host="404"),
    sts("invalid", "failed", counted="sts 0 1 sts-policy-invalid *",
        event="sts S", cert="selfsigned", host="garbage"),
    sts("web-expired", "failed", counted="sts 0 1 sts-webpki-invalid *",
        event="sts S", host="expired"),
    sts("web-wrong", "failed", counted="sts 0 1 sts-webpki-invalid *",
        event="sts S", host="wrong"),
    sts("refused", "failed", counted="sts 0 1 sts-policy-fetch-error *",
        event="sts S", host="refused"),
    sts("silent", "failed", counted="sts 0 1 sts-policy-fetch-error *",
        event="sts S", host="silent"),
    Row("record-servfail", "-", "no-policy-found 1 0", "no-policy-found S",
        record="lame", cert="wrong", log="-"),

    # the same where the policy is known: it stands, and that is reported
    kept("kept-not-found", "sts-policy-fetch-error *", host="404"),
    kept("kept-invalid", "sts-policy-invalid *", host="garbage"),
    kept("kept-web-expired", "sts-webpki-invalid *", host="expired"),
    kept("kept-web-wrong", "sts-webpki-invalid *", host="wrong"),
    kept("kept-refused", "sts-policy-fetch-error *", host="refused"),
    kept("kept-servfail", record="lame"),
    sts("kept-no-record", phases="12", cert="wrong", status=DEFERRED,
        event="sts 202", counted="sts 0 2 certificate-host-mismatch",
        then=dict(record="gone")),

    # changed by id
    sts("to-none", phases="12", cert="wrong", status=DEFERRED,
        event="sts 202", then=dict(sts="none", told="-", status=SENT,
                                   event="no-policy-found S"),
        counted="no-policy-found 1 0; sts 0 1 certificate-host-mismatch"),
    sts("to-testing", phases="12", cert="wrong", status=DEFERRED,
        event="sts 202", then=dict(sts="testing", told="testing", status=SENT,
                                   event="sts S"),
        counted="sts 0 1 certificate-host-mismatch; sts 1 0",
        events="sts 0 1 certificate-host-mismatch; unjudged 1"),
    sts("to-enforce", "testing", phases="12", cert="wrong", sts="testing",
        event="sts S", then=dict(sts="enforce", told="secure",
                                 status=DEFERRED, event="sts 202"),
        counted="sts 0 1 certificate-host-mismatch; sts 1 0",
        events="sts 0 1 certificate-host-mismatch; unjudged 1"),
    sts("to-other-mx", phases="12", event="sts S",
        then=dict(mx=("elsewhere.test",), status=DEFERRED,
                  event="-" if PATTERNS else "sts 202",
                  says=MX_PATTERN if PATTERNS else NOT_TRUSTED),
        counted=f"sts 0 1 {MISMATCH}; sts 1 0", events="sts 1 0"),

    # policyd's resolver and all policy hosts are dead
    sts("out-known", phases="13", cert="wrong", status=DEFERRED,
        event="sts 202", counted="sts 0 2 certificate-host-mismatch"),
    Row("out-known-dane", "dane", "tlsa 2 0", "tlsa S", phases="13",
        tlsa="right"),
    Row("out-plain", "-", "no-policy-found 1 0", "no-policy-found S",
        phases="3", cert="selfsigned"),
    # Postfix's own resolver lives
    Row("out-dane", "-", "tlsa 0 1 certificate-not-trusted", "tlsa 203",
        DEFERRED, NOT_TRUSTED, phases="3", tlsa="mismatch"),
    sts("out-sts", "-", phases="3", cert="selfsigned",
        event="no-policy-found S", counted="no-policy-found 1 0",
        log="sts 0 1 certificate-not-trusted"),

    # policyd is killed, and started again after this
    Row("killed", "-", "-", "-", DEFERRED, "4.7.5", phases="4",
        cert="selfsigned"),
]

# only at other sites
TABLE += [
    Row("plain-clear", "-", "no-policy-found 0 1 starttls-not-supported",
        "no-policy-found 201", DEFERRED, NO_STARTTLS, phases="", cert="none"),
    Row("over-encrypt", "override",
        "no-policy-found 0 1 starttls-not-supported", "no-policy-found 201",
        DEFERRED, NO_STARTTLS, phases="", cert="none", sts="enforce",
        override="encrypt"),
    Row("over-dunno", "-", "no-policy-found 1 0", "no-policy-found S",
        phases="", cert="wrong", sts="enforce", override="dunno"),
    Row("over-dane", "override", "no-policy-found 1 0", "no-policy-found S",
        phases="", sts="enforce", mx=("elsewhere.test",), override="dane"),
    # it changes while mail flows
    sts("flow", "testing", phases="", sts="testing", event="sts S",
        counted="sts * 0", then=dict(sts="enforce", told="secure")),
]
NO_POLICY = dict(told="-", status=SENT, says="", event="no-policy-found S",
                 counted="no-policy-found 1 0")


def own(event, counted, says=NOT_TRUSTED, events=""):
    """By the site's own level, of which it is told nothing."""
    by_events = events and f"no-policy-found {events}"
    return dict(told="-", status=DEFERRED, says=says,
                event=f"no-policy-found {event}", events=by_events,
                both=by_events, counted=f"no-policy-found {counted}")


def at_level(event, counted, says=NOT_TRUSTED, **more):
    """A policy that is only reported, and the level refuses."""
    return dict(status=DEFERRED, says=says, event=f"sts {event}",
                counted=f"sts 0 1 {counted}") | {"events": ""} | more


# what an event of no policy says of a certificate is taken back: it says the
# same at may, of mail that went
OWN_WRONG = own("202", "0 1 certificate-host-mismatch")
OWN_EXPIRED = own("204", "0 1 certificate-expired", events="1 0")
OWN_SELFSIGNED = own("205", "0 1 validation-failure *", events="1 0")
OWN_CLEAR = own("201", "0 1 starttls-not-supported", NO_STARTTLS)
NOT_FETCHED = at_level(
    "205", "validation-failure * sts-policy-fetch-error *",
    events="sts 0 1 sts-policy-fetch-error *",
    both="sts 0 1 sts-policy-fetch-error *")
NO_TLSA = dict(told="-", status=DEFERRED, says="4.7.5", event="-", counted="-",
               log="tlsa 0 1 dane-required")
SITES = {
    # without DNSSEC; smtp(8) in a chroot
    "may": {
        "dane-ok": NO_POLICY, "dane-mismatch": NO_POLICY,
        "dane-and-sts": dict(told="secure", event="sts S", counted="sts 1 0"),
        "dane-selfsigned": dict(told="secure", event="sts 205",
                                counted="sts 0 1 validation-failure *"),
        "flow": {}} | dict.fromkeys((
            "sts-ok", "sts-wrong", "sts-expired", "sts-clear", "sts-outside",
            "sts-second", "test-ok", "test-wrong", "test-expired",
            "test-clear", "test-outside", "none", "plain", "plain-selfsigned",
            "not-found", "invalid", "web-expired"), {}),
    # over connections that are used again, by tlsproxy(8); policyd at a port,
    # and mail waits for what it cannot find out
    "encrypt": {
        "test-clear": dict(status=DEFERRED, says=NO_STARTTLS,
                           event="sts 201", events=""),
        "out-known": dict(phases="13"),
        "out-plain": dict(phases="3", told="temp", status=DEFERRED,
                          says="4.7.5", event="-", counted="-")
        } | dict.fromkeys((
            "dane-ok", "dane-mismatch", "dane-and-sts", "sts-ok", "sts-wrong",
            "sts-expired", "sts-clear", "sts-outside", "sts-second",
            "test-ok", "test-wrong", "test-expired", "test-outside", "none",
            "plain-selfsigned", "plain-clear", "not-found", "invalid"), {}),
    # dane_only, a table of overrides, smtp_tls_loglevel = 1, untrusted, and two
    # instances of Postfix
    "only": {
        "sts-ok": dict(phases="16", counted="sts 2 0"),
        "sts-wrong": dict(phases="16",
                          counted="sts 0 2 certificate-host-mismatch"),
        "over-encrypt": dict(
            phases="16",
            counted="no-policy-found 0 2 starttls-not-supported"),
        "test-expired": dict(event="sts 204",
                             events="sts 0 1 certificate-expired"),
        "test-selfsigned": dict(event="sts 205",
                                events="sts 0 1 validation-failure *"),
        "plain-selfsigned": dict(event="no-policy-found 205"),
        "none": dict(event="no-policy-found 205"),
        "not-found": dict(event="sts 205")} | dict.fromkeys((
            "dane-ok", "dane-mismatch", "dane-and-sts", "test-ok",
            "test-wrong", "test-clear", "plain", "web-expired", "over-dunno",
            "over-dane"), {}),
    # MTA-STS is enforced, DANE is not; all else is as the level wants it
    "verify": {
        "dane-ok": NO_POLICY, "dane-mismatch": NO_POLICY,
        "dane-and-sts": dict(told="secure", event="sts S", counted="sts 1 0"),
        "dane-selfsigned": dict(told="secure", event="sts 205",
                                counted="sts 0 1 validation-failure *"),
        "plain-selfsigned": OWN_SELFSIGNED, "none": OWN_SELFSIGNED,
        "plain-clear": OWN_CLEAR,
        "test-wrong": at_level("202", "certificate-host-mismatch"),
        "test-expired": at_level("204", "certificate-expired"),
        "test-clear": at_level("201", "starttls-not-supported",
                               says=NO_STARTTLS),
        "not-found": NOT_FETCHED} | dict.fromkeys((
            "sts-ok", "sts-wrong", "sts-clear", "sts-outside", "test-ok",
            "plain"), {}),
    # nothing that policyd says is as strong
    "secure": dict.fromkeys((
        "dane-ok", "dane-mismatch", "sts-ok", "plain"), NO_POLICY) |
        dict.fromkeys(("dane-selfsigned", "plain-selfsigned", "none"),
                      OWN_SELFSIGNED) |
        dict.fromkeys(("sts-wrong", "sts-outside"), OWN_WRONG) | {
            "sts-expired": OWN_EXPIRED, "sts-clear": OWN_CLEAR,
            "test-ok": dict(log="no-policy-found 1 0"),
            "test-wrong": at_level(
                "202", "certificate-host-mismatch",
                log="no-policy-found 0 1 certificate-host-mismatch"),
            "not-found": NOT_FETCHED | dict(
                log="no-policy-found 0 1 validation-failure *")},
    # that of the good certificate
    "fingerprint": dict.fromkeys((
        "dane-ok", "dane-mismatch", "sts-ok", "plain"), NO_POLICY) |
        # what this site wants besides is no failure of theirs
        dict.fromkeys((
            "dane-selfsigned", "sts-wrong", "sts-expired", "sts-outside",
            "plain-selfsigned", "none"),
            own("203", "0 1 certificate-not-trusted", events="1 0") |
            dict(log="no-policy-found 1 0")) | {
                "sts-clear": OWN_CLEAR,
                # that its fingerprint is right tells nothing of its name
                "test-ok": dict(log="no-policy-found 1 0", both="unjudged 1"),
                "test-wrong": at_level("203", "certificate-not-trusted",
                                       log="no-policy-found 1 0"),
                "not-found": NOT_FETCHED | dict(
                    event="sts 203", log="no-policy-found 1 0")},
    "dane-only": dict.fromkeys((
        "dane-ok", "dane-mismatch", "dane-and-sts", "dane-first"),
        {}) | dict.fromkeys((
            "sts-ok", "sts-wrong", "none", "plain"), NO_TLSA) | {
                "test-ok": NO_TLSA | dict(told="testing"),
                "not-found": NO_TLSA | dict(told="failed")},
}
if SITE:
    TABLE = [dataclasses.replace(row, **{"phases": "1"} | SITES[SITE][row.name])
             for row in TABLE if row.name in SITES[SITE]]
for number, row in enumerate(TABLE, 1):
    row.address = NET + str(number)
assert len(TABLE) < 200


def rows(phase):
    return [row.at(phase) for row in TABLE if phase in row.phases]


# --- the servers

def policy_text(row):
    patterns = row.mx or (row.host_name,)
    return ["version: STSv1", f"mode: {row.sts}",
            *(f"mx: {pattern}" for pattern in patterns), *row.extra,
            "max_age: 86400"]


def records_of(row, tlsa):
    """Names with a final dot; TLSA records apart."""
    d, mx = row.domain + ".", row.host_name + "."
    lines = [f"{mx} A {row.address}",
             f'_smtp._tls.{d} TXT "v=TLSRPTv1;rua=mailto:tls@reports.test"']
    if row.inside:
        lines.append(f"{d} MX {row.inside} {mx}")
    if row.outside:
        lines.append(f"{d} MX {row.outside} outside.test.")
    if row.record == "lame":
        lines.append(f"_mta-sts.{d} NS refuses.test.")
    elif row.sts and row.record != "gone":
        lines.append(f'_mta-sts.{d} TXT "v=STSv1; id={row.id};"')
    web = NOBODY if row.host == "refused" else WEB
    lines.append(f"mta-sts.{d} A {web}")
    pins = [f"_25._tcp.{mx} TLSA {tlsa[row.tlsa]}"] if row.tlsa else []
    return lines, pins


def make_zones(path, phase):
    """test. is signed.  In it insecure.test is not; of a zone that is bogus
    the DS record is another key's; the server of one that is lame refuses all
    questions."""
    tlsa = json.loads((path.parent / "tlsa").read_text())
    zones = Zones(path, ttl=2, negative_ttl=2)
    main = ["ns.test. A 127.0.0.54", "refuses.test. A 127.0.0.56", f"outside.test. A {OUTSIDE}"]
    for row in (row.at(phase) for row in TABLE):
        lines, pins = records_of(row, tlsa)
        if row.zone == "insecure":
            main.append(f"{row.domain}. NS ns.test.")
            zones.write(row.domain + ".", lines + pins)
        elif row.tlsa_zone:
            zone = f"_tcp.{row.host_name}."
            zones.write(zone, pins)
            words = zones.sign(zone)[0].split()
            server = "ns.test."
            if row.tlsa_zone == "bogus":
                words[-1] = words[-1][::-1]
            else:
                del zones.files[zone]
                server = "refuses.test."
            main += lines + [" ".join(words), f"{zone} NS {server}"]
        else:
            main += lines + pins
    zones.write("test.", main)
    # by org. policyd finds out whether its resolver validates
    zones.write("org.", [f"org. A {NOBODY}"])
    anchors = zones.sign("test.")[1] + zones.sign("org.")[1]
    zones.nsd()
    zones.nsd("127.0.0.56", "refuses", serves=False)
    tops = ("test.", "org.")
    zones.unbound(anchors, tops=tops)
    zones.unbound(anchors, "127.0.0.55", "unbound-policyd", tops)


def make_policies(path, phase):
    """The files of tests/fake/policy_host.py; a silent one has none"""
    for row in (row.at(phase) for row in TABLE):
        if not row.sts:
            continue
        name = row.domain.removesuffix(".test")
        if row.host in ("expired", "wrong"):
            (path / f"{name}.pem").write_bytes(
                (path / f"{row.host}.cert").read_bytes())
        text = "".join(line + "\r\n" for line in policy_text(row))
        if row.host != "silent":
            (path / f"{name}.txt").write_text(
                {"404": "", "garbage": "<html>\n"}.get(row.host, text),
                encoding="utf-8")


def make(top):
    certificates = Certificates(top / "certs")
    hosts = [row.host_name for row in TABLE]
    webs = ["mta-sts." + row.domain for row in TABLE]
    key = certificates.key
    chains = {
        "good": (key, certificates.signed("good", 2, *hosts, *webs)),
        "expired": (key, certificates.signed("expired", -1, *hosts, *webs)),
        "wrong": (key, certificates.signed("wrong.test", 2)),
        "outside": (key, certificates.signed("outside.test", 2)),
        "selfsigned": certificates.server("selfsigned", "selfsigned"),
    }
    policies = top / "policies"
    policies.mkdir()
    for kind, (own_key, chain) in chains.items():
        (policies / f"{kind}.cert").write_text(own_key.read_text() +
                                               chain.read_text())
    (policies / "good.pem").write_bytes((policies / "good.cert").read_bytes())
    (top / "tlsa").write_text(json.dumps(certificates.hashes() | {
        "unusable": "1 0 1 " + "ab" * 32}))
    make_zones(top / "zones", "1")
    make_policies(policies, "1")
    farm = []
    for name, address, cert in [("outside", OUTSIDE, "outside"),
                                ("reports", REPORTS, "none")] + [
            (row.name, row.address, row.cert) for row in TABLE]:
        own_key, chain = chains.get(cert, (None, None))
        place = top / "sinks" / name
        place.mkdir(parents=True)
        farm.append(f"--keep --listen {address}:25 " + (
            f"--cert {chain} --key {own_key} " if chain else "") +
            f"{place}\n")
    (top / "farm").write_text("".join(farm))


def change(top, phase="2"):
    make_policies(top / "policies", phase)
    make_zones(top / "zones", phase)


# --- what Postfix is told

def answer(row, tlsrpt):
    """As policyd must give it; "" is NOTFOUND."""
    if row.told == "override":
        return row.override
    if row.told == "-" or row.told in ("testing", "failed") and not tlsrpt:
        return ""
    patterns = row.mx or (row.host_name,)
    # "hostname" is a word of Postfix's; with an address no name is good enough
    match = ":".join(p.removeprefix("*") for p in patterns
                     if p != "hostname" and not p[-1].isdigit())
    level = {"secure": f"secure match={match} servername=hostname",
             "dane": DANE}.get(row.told, LEVEL)
    if row.told == "testing" and not LEVEL.startswith("dane"):
        level += " servername=hostname"
    if row.told == "dane" or not tlsrpt:
        return level
    attributes = ["policy_type=sts", f"policy_domain={row.domain}"]
    # which Postfix would enforce at these
    if row.told != "failed" and not (
            row.told == "testing" and LEVEL in COMPARES):
        attributes += [f"mx_host_pattern={p}" for p in patterns]
    if row.told != "failed":
        attributes += ["{ policy_string = %s }" % line
                       for line in policy_text(row) if balanced(line)]
    return " ".join([level, *attributes])


def balanced(line):
    depth = 0
    for char in line:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


def words_of(text):
    """Level and attributes, whatever their order and space"""
    words = [""]
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == " " and depth == 0:
            words.append("")
        else:
            words[-1] += char
    words = [re.sub(r"\s*([={}])\s*", r"\1", word) for word in words if word]
    return words[:2] + sorted(words[2:])


def address_of(path):
    """/path or HOST:PORT"""
    host, _, port = path.rpartition(":")
    return ((socket.AF_INET, (host, int(port))) if host
            else (socket.AF_UNIX, path))


class Client:
    """Asks a socketmap; once more after an end of file, as Postfix does."""

    def __init__(self, path):
        self.path, self.file = path, None

    def connect(self):
        family, address = address_of(str(self.path))
        sock = socket.socket(family)
        sock.settimeout(100)
        sock.connect(address)
        self.file = sock.makefile("rwb")

    def ask_once(self, request):
        self.file.write(b"%d:%s," % (len(request), request))
        self.file.flush()
        length = b""
        while (byte := self.file.read(1)) != b":":
            if not byte:
                raise EOFError
            length += byte
        reply = self.file.read(int(length) + 1)
        if len(reply) <= int(length):
            raise EOFError
        return reply[:-1].decode()

    def ask(self, key, tlsrpt=TLSRPT):
        name = "QUERYwithTLSRPT" if tlsrpt else "QUERY"
        request = f"{name} {key}".encode()
        fresh = self.file is None
        if fresh:
            self.connect()
        try:
            return self.ask_once(request)
        except (EOFError, OSError):
            if fresh:
                raise
            self.connect()
            return self.ask_once(request)


def told(top, phase, path):
    """Waits for what is still to be found out; that it is found out within
    the time it may take is another test's affair."""
    table = Table()
    end = time.monotonic() + 180
    client = Client(path)
    for row in rows(phase):
        for tlsrpt in (False, True) if TLSRPT else (False,):
            text = answer(row, tlsrpt)
            want = f"OK {text}" if text else "NOTFOUND "
            got = client.ask(row.key, tlsrpt)
            while words_of(got) != words_of(want) and time.monotonic() < end:
                time.sleep(0.2)
                got = client.ask(row.key, tlsrpt)
            table.same(f"{row.key} is answered {'with' if tlsrpt else 'no'} "
                       "TLSRPT", words_of(want), words_of(got))
    return table.failed


def answers(phase):
    for row in rows(phase):
        if text := answer(row, TLSRPT):
            print(row.key, "OK", text)


# --- a policy service that is restarted

def activate(path, command):
    """Has the socket, hands it to COMMAND as systemd would, and at SIGHUP to
    its successor, also at SIGUSR1, which kills it; prints STARTED for each."""
    family, address = address_of(path)
    sock = socket.socket(family)
    sock.bind(address)
    if family == socket.AF_UNIX:
        os.chmod(path, 0o666)
    sock.listen(1024)
    signals = {signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    while True:
        child = subprocess.Popen(
            ["sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" "
             f"3<&{sock.fileno()}", "sh", *command],
            pass_fds=[sock.fileno()], preexec_fn=lambda:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals))
        print("STARTED", flush=True)
        wanted = signal.sigwait(signals)
        if wanted == signal.SIGUSR1:
            child.kill()
            child.wait()
            continue
        child.terminate()
        status = child.wait()
        if wanted == signal.SIGTERM or status != 0:
            return status


def load(phase, path):
    """Asks from 20 connections until SIGTERM; prints what came of it."""
    counts = collections.Counter()
    wrong = set()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def work():
        client = Client(path)
        some = [row for row in rows(phase)
                if row.told in ("dane", "secure") and not row.then]
        while not stop.is_set():
            for row in some:
                try:
                    reply = client.ask(row.key)
                except (EOFError, OSError) as error:
                    reply = repr(error)
                counts[reply.split()[0] in ("OK", "NOTFOUND")] += 1
                if reply.split()[0] not in ("OK", "NOTFOUND"):
                    wrong.add(f"{row.key}: {reply}")
                stop.wait(0.002)

    workers = [threading.Thread(target=work) for _ in range(20)]
    for worker in workers:
        worker.start()
    print("READY", flush=True)
    stop.wait()
    for worker in workers:
        worker.join()
    print(f"asked {counts[True] + counts[False]} failed {counts[False]}",
          *sorted(wrong)[:5], sep="\n")


# --- mail, and what becomes of it

def send(phase, host="127.0.0.1"):
    with smtplib.SMTP(host, 25) as smtp:
        for row in rows(phase):
            smtp.sendmail("a@sender.test", [f"p{phase}@{row.key}"],
                          f"Subject: {row.name}\r\n\r\ntest\r\n")


def flow():
    """A mail to flow.test every 100 ms until SIGTERM; prints how many."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print("READY", flush=True)
    sent = 0
    while not stop.wait(0.1):
        try:
            with smtplib.SMTP("127.0.0.1", 25, timeout=30) as smtp:
                smtp.sendmail("a@sender.test", [f"p5@flow.test"],
                              f"Subject: {sent}\r\n\r\ntest\r\n")
        except OSError:  # it is being restarted
            continue
        sent += 1
    print("sent", sent)


def flown(top, sent):
    """exit 0 when all of them have gone"""
    status, _ = statuses(top, "5")["flow.test"]
    print(collections.Counter(status))
    return 0 if status == ["sent"] * int(sent) else 1


STATUS = re.compile(r" (?P<id>[0-9A-Za-z]+): to=<p(?P<phase>\d)@(?P<key>[^>]+)"
                    r">, .* status=(?P<status>\w+) (?P<why>.*)")


def statuses(top, phase):
    """by key: statuses and all lines about them"""
    lines = (top / "mail.log").read_text(errors="replace").splitlines()
    found = collections.defaultdict(lambda: ([], []))
    pid = re.compile(r"smtp\[\d+\]")
    by_pid = collections.defaultdict(list)
    for line in lines:
        if match := pid.search(line):
            by_pid[match[0]].append(line)
        if (match := STATUS.search(line)) and match["phase"] == phase:
            status, said = found[match["key"]]
            status.append(match["status"])
            # all that this process said since its delivery before
            said += by_pid.pop(pid.search(line)[0], [])
    return found


def verdicts(top, phase):
    found = statuses(top, phase)
    return all(found[row.key][0] for row in rows(phase))


def events(top):
    """by domain: "type outcome" of each datagram, as the tee has kept them"""
    found = collections.defaultdict(list)
    names = {1: "tlsa", 2: "sts", 9: "no-policy-found"}
    file = top / "events.seen"
    for line in file.read_bytes().splitlines() if file.exists() else []:
        event = json.loads(line.decode(errors="replace"))
        for policy in event["policies"]:
            codes = [str(f["c"]) for f in policy.get("failure-details", [])]
            found[event["d"].lower()].append(" ".join(
                [names[policy["policy-type"]], *codes, *"S"[policy["f"]:]]))
    return found


def expect(top, phase):
    table = Table()
    found = statuses(top, phase)
    seen = events(top)
    for row in rows(phase):
        status, said = found[row.key]
        table.same(f"{row.key} in Postfix's log", [row.status], status)
        if row.says and not any(re.search(row.says, line) for line in said):
            table.same(f"{row.key} in Postfix's log", row.says, said)
        if TLSRPT:
            want = [r.event for p in row.phases if p <= phase
                    for r in [by_name(row.name).at(p)] if r.event != "-"]
            table.same(f"{row.key}'s events", want, seen[row.domain])
    return table.failed


def by_name(name):
    return next(row for row in TABLE if row.name == name)


# --- what is counted

def as_in_table(report):
    """Policies by their words; a reason that is the program's own is "*"."""
    said = []
    for policy in report["policies"]:
        kind, good, bad, details = summary(policy)
        words = [f"{kind} {good} {bad}"]
        for result, _, reason in details:
            words += [result] + ([reason] if reason else [])
        # nothing of it is judged
        if words[0] != f"{kind} 0 0":
            said.append(" ".join(words))
    return "; ".join(sorted(said)) or "-"


def overrides():
    for row in TABLE:
        if row.override:
            print(row.domain, row.override)


def like(want, got):
    return re.fullmatch(re.escape(want).replace(r"\*", ".+"), got)


def counted(feed, lines):
    """Lines of store_totals -a"""
    return compare(feed, {
        domain: as_in_table(json.loads(report)) for _, domain, report in
        (line.split(" ", 2) for line in lines if "{" in line)})


def reports(feed, paths):
    found = {}
    for path in sorted(paths):
        report, _ = report_of(path)
        domain = re.match(r"\d+\.(.*)\.[0-9a-f]{8}@", report["report-id"])[1]
        found[domain] = as_in_table(report)
    return compare(feed, found)


def compare(feed, by_domain):
    table = Table()
    for row in TABLE:
        want = (getattr(row, feed) or row.counted) if row.phases else "-"
        # what is not judged stands in no report
        want = "; ".join(part for part in want.split("; ")
                         if not part.startswith("unjudged")) or "-"
        got = by_domain.pop(row.domain, "-")
        table.same(f"{row.domain} is reported", want,
                   want if like(want, got) else got)
    table.same("other domains' reports", {}, by_domain)
    return table.failed


def main(what, top, *rest):
    top = pathlib.Path(os.path.abspath(top))
    deeds = {"make": lambda: make(top),
             "change": lambda: change(top, *rest),
             "send": lambda: send(*rest),
             "verdicts": lambda: 0 if verdicts(top, *rest) else 1,
             "expect": lambda: expect(top, *rest),
             "told": lambda: told(top, *rest),
             "answers": lambda: answers(*rest),
             "activate": lambda: activate(rest[0], rest[1:]),
             "load": lambda: load(*rest),
             "overrides": overrides,
             "ask": lambda: print(Client(rest[1]).ask(rest[0])),
             "flow": lambda: flow(*rest),
             "flown": lambda: flown(top, *rest),
             "counted": lambda: counted(rest[0], sys.stdin),
             "reports": lambda: reports(rest[0], rest[1:])}
    return min(deeds[what]() or 0, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
