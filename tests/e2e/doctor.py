#!/usr/bin/env python3
"""doctor - one fault each, and the sentence that must come

In the build folder.  On a host that is a folder (tests/fake/doctor_host.py)
`tlstally doctor` finds nothing when all is well.  Then each row breaks one
thing, and the check must say so, with the command that mends it.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/fake"))
from doctor_host import A, BUILD, MX, TXT, Dns, Host  # noqa: E402
from testlib import skip_part  # noqa: E402

ROOT = os.geteuid() == 0
failures = 0
# One that does not validate, whatever the host's own does.
PLAIN_DNS = Dns()
PLAIN_DNS.signed = False
# What the machine has and no test can change: the length of its queues, and
# how full its disk is.
MACHINE = {"queue"}
# What httpd.py tries, which has a server with TLS, and ledger.py, with a database.
ELSEWHERE = {"certificate", "ledger"}


def expect(what, want, got):
    global failures
    if want == got:
        print("ok:", what)
    else:
        print(f"FAIL: {what}: wanted {want!r}, got {got!r}")
        failures += 1


def main(**settings):
    return lambda host: host.main.update(settings)


def conf(section, **rows):
    return lambda host: host.conf.setdefault(section, {}).update(rows)


def stored(**rows):
    return lambda host: host.stored.update(rows)


def by_log(host):
    del host.stored["feed=events"]
    host.stored["feed=log"] = "5"
    host.stored["lines=1"] = "9"
    host.stored["lines=2"] = "9"
    host.main["smtp_tlsrpt_enable"] = "no"
    host.program = b"an older smtp"


def zone(name, kind, *values):
    def change(host):
        if values:
            host.DNS.zone[(name, kind)] = list(values)
        else:
            del host.DNS.zone[(name, kind)]
    return change


def dns(**settings):
    return lambda host: vars(host.DNS).update(settings)


def relay(mode):
    return lambda host: setattr(host.RELAY, "mode", mode)


def program(data):
    return lambda host: setattr(host, "program", data)


def services(*lines):
    return lambda host: setattr(host, "services", list(lines))


def after(change):
    return lambda host: host.after.append(change)


def chmod(name, mode):
    return after(lambda host: (host.root / name).chmod(mode))


def unit(name, **states):
    lines = {"LoadState": "loaded", "ActiveState": "active",
             "SubState": "running", "UnitFileState": "enabled",
             "Result": "success", "NRestarts": "0", **states}
    return lambda host: host.units.update(
        {name: "".join(f"{key}={value}\n" for key, value in lines.items())})


def instance(name, **settings):
    return lambda host: host.instances.update({name: settings})


def several(*changes):
    def change(host):
        for one in changes:
            one(host)
    return change


def no_store(host):
    host.stored = None


def secret(mode):
    def change(host):
        host.put("password", "secret\n", mode)
        host.own(host.root / "password")
        host.conf["deliver"]["mail_user"] = "me"
        host.conf["deliver"]["mail_password_file"] = host.root / "password"
    return change


def by_policyd(host):
    """Postfix asks tlstally-policyd, and all is well."""
    host.policyd = "NOTFOUND "
    host.stored["policyd"] = "5"
    host.put("ca.pem", "")
    host.main.update({
        "smtp_tls_policy_maps": OURS,
        "smtp_tls_enforce_sts_mx_patterns": "yes",
        "smtp_tls_connection_reuse": "no",
        "smtp_tls_CApath": "", "smtp_tls_CAfile": host.root / "ca.pem",
        "smtp_dns_support_level": "dnssec"})


def policyd(*changes):
    """The same, and then these."""
    return several(by_policyd, *changes)


def maps(text):
    return main(smtp_tls_policy_maps=text)


def says(text):
    return lambda host: setattr(host, "policyd", text)


def ca_path(*names, chroot=True):
    """smtp_tls_CApath with that certificate in the chroot, or outside."""
    def change(host):
        host.main.update({"smtp_tls_CAfile": "",
                          "smtp_tls_CApath": host.root / "certs"})
        host.put("certs/README", "")
        for name in names:
            host.put(f"certs/{name}", "")
            if chroot:
                host.put(f"queue{host.root}/certs/{name}", "")
        host.put(f"queue{host.root}/certs/README", "")
    return change


def hang(host):
    host.put("postfix/hangs", "")


LEFT_OUT = b"smtp_tlsrpt_enable TLSRPT is selected, but TLSRPT is not compiled in"
OLD = b"smtp(8) of long ago"

OURS = "socketmap:unix:run/tlstally/policyd.sock:QUERYwithTLSRPT"

# What is wrong, how, the check, the grade, the sentence, the command.
FAULTS = [
    ("an older Postfix", several(program(OLD), main(mail_version="3.7.11"),
                                 lambda h: h.main.pop("smtp_tlsrpt_enable")),
     "postfix", "bad", r"3\.7\.11, does not support TLSRPT", "tlstally setup"),
    ("an older Postfix that is told to send",
     several(program(OLD), lambda h: h.main.pop("smtp_tlsrpt_enable"),
             lambda h: setattr(h, "main_cf", "smtp_tlsrpt_enable = yes\n")),
     "postfix", "bad", "ignores smtp_tlsrpt_enable in .*main.cf",
     "tlstally setup"),
    ("built without libtlsrpt", program(LEFT_OUT), "postfix", "bad",
     "built without TLSRPT", "tlstally setup"),
    ("nobody told it to send", main(smtp_tlsrpt_enable="no"), "postfix", "bad",
     "smtp_tlsrpt_enable is not yes", "smtp_tlsrpt_enable=yes"),
    ("DNS is off in its client", main(smtp_dns_support_level="disabled"),
     "postfix", "bad", "does not use DNS", "disable_dns_lookups=no"),
    ("its program is not there", program(None), "postfix", "note",
     "cannot read smtp", None),
    ("postconf fails", after(lambda h: (h.root / "postfix/main-x").unlink()),
     "postfix", "note", "cannot read the settings", None),
    ("by the log, and events would be better",
     several(by_log, program(b"smtp_tlsrpt_enable")),
     "feed", "note", "from the events would be better", "tlstally setup"),
    ("another instance sends none",
     instance("postfix-out", smtp_tlsrpt_enable="no"), "postfix", "bad",
     "smtp_tlsrpt_enable is not yes", "postfix-out smtp_tlsrpt_enable=yes"),
    ("no TLS at all", main(smtp_tls_security_level=""), "level", "bad",
     "smtp_tls_security_level is empty or none: smtp, relay",
     "smtp_tls_security_level=may"),
    ("no TLS for one service", lambda h: h.overrides.append(
        "relay/unix/smtp_tls_security_level = none"),
     "level", "note", "empty or none for relay", None),
    ("no name of a socket", main(smtp_tlsrpt_socket_name=""), "socketname",
     "bad", "is empty for smtp", "=run/tlsrpt/tlsrpt.sock"),
    ("another name", main(smtp_tlsrpt_socket_name="run/other.sock"),
     "socketname", "bad", "sends events to .*/queue/run/other.sock",
     "smtp_tlsrpt_socket_name=run/tlsrpt/tlsrpt.sock"),
    ("an absolute name in a chroot",
     several(main(smtp_tlsrpt_socket_name="/run/t.sock")), "socketname", "bad",
     "sends events to .*/queue/run/t.sock", None),
    ("the socket is outside the chroot",
     lambda h: h.conf["events"].update(socket=f"unix:{h.root}/t.sock"),
     "socketname", "bad", "runs in the chroot .* cannot reach", "editor .*tlstally.conf"),
    ("Postfix may not write", lambda h: setattr(h, "socket_mode", 0o600),
     "access", "bad", r"user daemon may not write to .*\(mode 0600",
     "chgrp daemon"),
    ("Postfix may not pass", chmod("queue/run", 0o700), "access", "bad",
     "user daemon may not enter .*/queue/run ", "chmod o[+]x .*/queue/run"),
    ("no such mail_owner", main(mail_owner="nosuchuser"), "access", "note",
     "there is no user nosuchuser", None),
    ("nobody receives", lambda h: setattr(h, "listens", False), "socket",
     "bad", "no process receives events at", "systemctl enable --now tlstallyd"),
    ("tlstallyd died", stored(**{"feed=events": "900"}), "events", "bad",
     "tlstallyd has counted nothing since", "tlstally feed retire events"),
    ("TLS is not logged", several(by_log, main(smtp_tls_loglevel="0")),
     "loglevel", "bad", "smtp_tls_loglevel = 0", "smtp_tls_loglevel=1"),
    ("the log is not understood",
     several(by_log, stored(**{"lines=3": "7"})), "lines", "note",
     "7 log lines were not understood", "man 8 tlstally-logd"),
    ("the log's daemon died", several(by_log, stored(**{"feed=log": "900"})),
     "log", "bad", "tlstally-logd has counted nothing since", "retire log"),
    ("the milter is not asked", main(smtpd_milters="", non_smtpd_milters=""),
     "milters", "bad", "no Postfix has .* in smtpd_milters", "main.cf"),
    ("mail waits while the milter is down",
     main(milter_default_action="tempfail"), "milters", "note",
     "milter_default_action is tempfail", "milter_default_action=accept"),
    ("mail waits, and the milter is down",
     several(main(milter_default_action="tempfail"),
             lambda h: h.stored.pop("feed=milter")),
     "milters", "bad", "is not running.*mail is not accepted", "tlstally-milter"),
    ("local mail is not seen", main(non_smtpd_milters=""), "milters", "note",
     "not in non_smtpd_milters", None),
    ("the milter died", stored(**{"feed=milter": "900"}), "milter", "bad",
     "tlstally-milter has counted nothing since", "retire milter"),
    ("a before-queue filter", main(smtpd_proxy_filter="127.0.0.1:10025"),
     "smtpd", "note", "before-queue filter", None),
    ("the policy service is not asked",
     policyd(maps("")), "policymap", "note", "no Postfix asks it",
     "setup --apply --policyd yes"),
    ("one service does not ask it", policyd(lambda h: h.overrides.append(
        "relay/unix/smtp_tls_policy_maps = texthash:/x")),
     "policymap", "note", "relay has its own smtp_tls_policy_maps", None),
    ("another service is asked first",
     policyd(maps("socketmap:inet:127.0.0.1:8642:QUERY, " + OURS)),
     "policymap", "note", "has socketmap:inet:127.0.0.1:8642:QUERY before",
     f"'smtp_tls_policy_maps={OURS}'"),
    ("asked for what is not reported",
     policyd(maps("texthash:/x, " + OURS.replace("withTLSRPT", ""))),
     "policymap", "note", r"3\.10\.13, can report MTA-STS",
     "maps=texthash:/x, .*QUERYwithTLSRPT'"),
    ("asked for what it cannot read", policyd(main(mail_version="3.9.10")),
     "policymap", "note", r"3\.9\.10, cannot read", "policyd.sock:QUERY'"),
    ("a map that it does not have",
     policyd(maps(OURS.replace("QUERYwithTLSRPT", "postfix"))), "policymap",
     "bad", "does not have the map", "QUERYwithTLSRPT'"),
    ("its path is wrong within the chroot",
     policyd(lambda h: h.main.update(
         smtp_tls_policy_maps=f"socketmap:unix:{h.policyd_path}:QUERY")),
     "policymap", "bad", "looks for tlstally-policyd at .*/queue/.*/queue/",
     "unix:run/tlstally/policyd.sock:QUERYwithTLSRPT"),
    ("Postfix may not ask it",
     policyd(lambda h: setattr(h, "policyd_mode", 0o600)), "policyaccess",
     "bad", r"daemon may not write to .*\(mode 0600", "chgrp daemon"),
    ("Postfix may not pass to it", policyd(chmod("queue/run/tlstally", 0o700)),
     "policyaccess", "bad", "daemon may not enter .*/run/tlstally ",
     "chmod o[+]x"),
    ("the policy service is down",
     policyd(after(lambda h: h.service.close())), "policyanswer", "bad",
     "does not answer: all mail is deferred", "enable --now tlstally-policyd"),
    ("it answers rubbish", policyd(says(b"HTTP/1.1 400 no\r\n")),
     "policyanswer", "bad", "cannot be read by Postfix: not a netstring",
     "restart tlstally-policyd"),
    ("it hangs", policyd(says(b"")), "policyanswer", "bad",
     "does not answer for .* within 8 seconds", "restart tlstally-policyd"),
    ("it puts off", policyd(says("TEMP the resolver is dead")), "policyanswer",
     "bad", "TEMP the resolver is dead; its mail is deferred",
     "tlstally policy"),
    ("its resolver is dead", policyd(stored(outage="600")), "policyd", "bad",
     "the resolver answers nothing to tlstally-policyd",
     "^tlstally lookup .*; journalctl"),
    ("it reaches no policy host", policyd(stored(unreached="600")), "policyd",
     "bad", "reaches no policy host: can this host connect to port 443",
     "journalctl"),
    ("its resolver is not believed", policyd(stored(unbelieved="5")),
     "policyd", "bad", "does not validate DNSSEC", "unbound"),
    ("DANE by the policy service alone, and nobody validates",
     policyd(dns(signed=False)), "resolver", "bad",
     "although smtp_dns_support_level = dnssec asks for it", "unbound"),
    ("no certificates to verify with",
     policyd(main(smtp_tls_CAfile="", smtp_tls_CApath="")), "policyca", "bad",
     "are empty for smtp in .*cannot verify", "smtp_tls_CAfile=/etc/"),
    ("the file with them is not there",
     policyd(main(smtp_tls_CAfile="/nowhere/ca.pem")), "policyca", "bad",
     "/nowhere/ca.pem, does not exist: smtp .* does not use TLS",
     "smtp_tls_CAfile="),
    ("the directory has none", policyd(ca_path()), "policyca", "bad",
     "has no certificates for smtp", "smtp_tls_CAfile="),
    ("they are not in the chroot", policyd(ca_path("4042bcee.0", chroot=False)),
     "policyca", "bad", "runs in a chroot, in which smtp_tls_CApath is .*/queue",
     "smtp_tls_CAfile="),
    ("they are in the chroot", policyd(ca_path("4042bcee.0")), "policyca",
     "good", "smtp can verify|relay can verify", None),
    ("DANE is off", policyd(main(smtp_dns_support_level="enabled")),
     "policydane", "note", "is not dnssec", "smtp_dns_support_level=dnssec"),
    ("DANE is off for the service", policyd(lambda h: h.overrides.append(
        "smtp/unix/smtp_dns_support_level = enabled")),
     "policydane", "note", "is not dnssec", "smtp_dns_support_level=dnssec"),
    ("DANE cannot be", policyd(main(ignore_mx_lookup_error="yes")),
     "policydane", "bad", "does not use DANE, although .*: "
     "ignore_mx_lookup_error is yes", "'ignore_mx_lookup_error=no'"),
    ("MX patterns are not enforced by one service",
     policyd(lambda h: h.overrides.append(
         "smtp/unix/smtp_tls_enforce_sts_mx_patterns = no")), "policymx",
     "bad", "smtp_tls_enforce_sts_mx_patterns = no", "mx_patterns=yes"),
    ("MX patterns are not enforced",
     policyd(main(smtp_tls_enforce_sts_mx_patterns="no")), "policymx", "bad",
     "smtp_tls_enforce_sts_mx_patterns = no", "mx_patterns=yes"),
    ("a Postfix without MX patterns",
     policyd(lambda h: h.main.pop("smtp_tls_enforce_sts_mx_patterns")),
     "policymx", "good", r"from 3\.10\.5 on", None),
    ("connections are reused, and nothing does TLS",
     policyd(main(smtp_tls_connection_reuse="yes")), "policyreuse", "bad",
     "master.cf has no tlsproxy", "connection_reuse=no"),
    ("connections are reused",
     policyd(main(smtp_tls_connection_reuse="yes"), lambda h:
             h.services.append("tlsproxy unix - - y - 0 tlsproxy")),
     "policyreuse", "good", "tlsproxy.8. does TLS", None),
    ("reports wait for a policy", policyd(main(tls_required_enable="no")),
     "policyreports", "note", "reports to a domain whose policy is not met",
     "tls_required_enable=yes"),
    ("reports wait for a policy, before 3.10",
     policyd(main(mail_version="3.9.10")), "policyreports", "note",
     "use a separate transport", "setup --apply"),
    ("the loop", main(mail_version="3.10.2"), "loop", "note",
     r"Postfix 3\.10\.2 counts the sessions of reports", "tlstally setup"),
    ("TLS-Required is ignored", main(tls_required_enable="no"), "loop", "note",
     "tls_required_enable = no", "tls_required_enable=yes"),
    ("no run for an hour", stored(run="3600"), "runs", "bad",
     "`tlstally run` has not run for 60 minutes", "tlstally.timer"),
    ("never a run", several(lambda h: h.stored.pop("run"),
                            stored(counted="3")),
     "runs", "bad", "has never run", "tlstally.timer"),
    ("yesterday is not closed", stored(counted="3"), "runs", "bad",
     r"\d{4}-\d\d-\d\d is over, but not closed", "tlstally.timer"),
    ("the relay refuses", relay("refuses"), "relay", "bad",
     "554 no service for you", "editor .*tlstally.conf"),
    ("the relay is slow", relay("slow"), "relay", "note",
     "takes ([6-9]|1[0-9]) seconds to answer", None),
    ("no relay", conf("deliver", mail="smtp://127.0.0.1:1"), "relay", "bad",
     r"relay \(\[deliver\] mail\) does not accept mail, and reports wait",
     "editor"),
    ("no sendmail", conf("deliver", mail="sendmail:/no/sendmail"), "relay",
     "bad", "/no/sendmail cannot be run", "editor .*tlstally.conf"),
    ("reports are given up",
     stored(**{"settled=expired": "9", "settled=delivered": "9"}),
     "deliveries", "bad", "of 18 deliveries in the last 7 days, 9 expired",
     "query sent-report --where state=expired"),
    ("reports are refused",
     stored(**{"settled=failed": "9", "settled=delivered": "3"}),
     "deliveries", "note", "of 12 deliveries in the last 7 days, 9 were refused",
     "tlstally status"),
    ("another host is waited for",
     conf("fleet", expect="mx2.example.com", deadline="2d"), "hosts", "note",
     r"mx2\.example\.com: .* is waited for until", None),
    ("another host has not come", conf("fleet", expect="mx2.example.com",
                                       deadline="0s"), "hosts", "bad",
     r"mx2\.example\.com: .* is missing, .*tlstally export \| ssh", None),
    ("another host came too late",
     several(stored(host="mx2.example.com:late"),
             conf("fleet", expect="mx2.example.com")), "hosts", "bad",
     r"mx2\.example\.com: .* came late: reports .* made without it", None),
    ("another host reports, too",
     several(stored(host="mx2.example.com:reports"),
             conf("fleet", expect="mx2.example.com")), "hosts", "bad",
     r"mx2\.example\.com: it makes reports of its own", None),
    ("nobody waits for a host that sends its days",
     stored(host="mx2.example.com:well"), "hosts", "bad",
     r"mx2\.example\.com: \[fleet\] expect does not name it",
     "editor .*tlstally.conf"),
    ("another host is here",
     several(stored(host="mx2.example.com:well"),
             conf("fleet", expect="mx2.example.com")), "hosts", "good",
     "the last days of other hosts are here: 1", None),
    ("this host's days go to another, and it reports", stored(exported="60"),
     "hosts", "bad", "sites get two; set .* mode = off",
     "editor .*tlstally.conf"),
    ("nothing is sent", conf("report", mode="preview"), "mode", "note",
     "preview", None),
    ("no store", no_store, "store", "bad",
     "there is no store .*: tlstallyd creates it", "enable --now tlstallyd"),
    ("no store, and an older Postfix", several(no_store, program(OLD)),
     "store", "bad", "tlstally-logd creates it", "enable --now tlstally-logd"),
    ("a store that is nothing",
     after(lambda h: (h.root / "store/data.mdb").write_bytes(b"x" * 8192)),
     "store", "bad", "damaged|no LMDB file", "check-store"),
    ("the journal of counts waits", stored(journal="60"), "journal", "good",
     "wait in the journal of counts", None),
    ("it cannot be applied", stored(journal="60", stuck="the disk is full"),
     "journal", "bad", "cannot be applied: the disk is full", "check-store"),
    ("it is not applied",
     stored(journal="9000", **{"feed=events": "5"}), "journal", "bad",
     "tlstallyd does not apply it", "journalctl -u tlstallyd"),
    ("rows of it are damaged", stored(journal="60", damaged="2"), "journal",
     "bad", "cannot be read and are set aside: 2; what they counted is "
     "missing", "check-store"),
    ("a day's sums differ from its rows", stored(counted="0", sums="1"),
     "counters", "bad", "the sums of .* differ from the rows",
     "tlstally rebuild"),
    ("the map is nearly full",
     several(stored(fill="880000"), conf("store", map_size="1M")), "store",
     "note", "of map_size = 1048576 bytes are in use", "editor .*tlstally.conf"),
    ("the map is full",
     several(stored(fill="970000"), conf("store", map_size="1M")), "store",
     "bad", r"bytes are in use: set \[store\] map_size = 2M$",
     "editor .*tlstally.conf"),
    ("the store's file is unreadable", chmod("store/lock.mdb", 0o060),
     "owners", "bad", "lock.mdb has mode 0060", "chmod u[+]rw"),
    ("everybody reads the store", chmod("store", 0o755), "owners", "note",
     "every user of this host can read the store", "chmod o="),
    ("a password for everybody", secret(0o644), "secrets", "bad",
     "can read .*password", "tlstally conf --check"),
    ("a unit has failed",
     unit("tlstally-logd.service", ActiveState="failed", Result="exit-code"),
     "units", "bad", r"tlstally-logd.service has failed \(exit-code\)",
     "journalctl -u tlstally-logd"),
    ("a unit fails again and again",
     unit("tlstallyd.service", ActiveState="activating",
          SubState="auto-restart", NRestarts="17", Result="exit-code"),
     "units", "bad", "keeps failing: 17 restarts", "journalctl"),
    ("Postfix's policy service has failed",
     unit("tlstally-policyd.service", ActiveState="failed", Result="exit-code"),
     "units", "bad", r"tlstally-policyd.service has failed \(exit-code\)",
     "journalctl -u tlstally-policyd"),
    ("a unit is not enabled",
     unit("tlstally.timer", UnitFileState="disabled"), "units", "note",
     "is running, but not enabled", "systemctl enable tlstally.timer"),
    ("the resolver does not validate",
     several(dns(signed=False), main(smtp_tls_security_level="dane")),
     "resolver", "bad", "does not validate DNSSEC", "unbound"),
    ("the resolver of Postfix in its chroot is silent, ours validates",
     policyd(lambda h: setattr(h, "resolv_conf",
                               "nameserver inet:127.0.0.1:9\n")),
     "resolver", "bad",
     r"that Postfix asks \(.*/queue/etc/resolv.conf\) does not answer",
     "cat .*/queue/etc/resolv.conf; systemctl restart postfix"),
    ("the resolver of Postfix does not validate, ours does",
     policyd(lambda h: setattr(h, "resolv_conf", "nameserver inet:127.0.0.1:"
                               f"{PLAIN_DNS.port}\n")),
     "resolver", "bad",
     r"that Postfix asks \(.*/queue/etc/resolv.conf\) does not validate "
     "DNSSEC: DANE does not work, although smtp_dns_support_level", "unbound"),
    ("the resolver is silent",
     several(dns(mode="silent"), conf("policy", timeout="2s")), "resolver",
     "bad", r"does not answer: .*; \[policy\] resolver chooses another",
     "tlstally lookup"),
    ("the resolver answers rubbish",
     several(dns(mode="rubbish"), conf("policy", timeout="2s")), "resolver",
     "bad", "does not answer", None),
    ("nobody can write to us", zone("c.test", MX), "mx", "bad",
     "has no MX record.* set .report. contact_info", "editor"),
    ("a null MX", zone("c.test", MX, ""), "mx", "bad", "null MX.* set .report. contact_info", "editor"),
    ("no MX, and an address",
     several(zone("c.test", MX), zone("c.test", A, "192.0.2.1")), "mx",
     "good", "accepts mail", None),
    ("no SPF", zone("c.test", TXT), "spf", "note", "has no SPF record", None),
    ("two SPF records", zone("c.test", TXT, b"v=spf1 mx", b"v=spf1 a"),
     "spf", "bad", "has 2 SPF records", None),
    ("SPF with an error", zone("c.test", TXT, b"v=spf1 inlcude:x -all"),
     "spf", "bad", "an unknown mechanism 'inlcude:x'", None),
    ("SPF says that we send nothing", zone("c.test", TXT, b"v=spf1 -all"),
     "spf", "bad", "sends no mail", None),
    ("no DMARC", zone("_dmarc.c.test", TXT), "dmarc", "note",
     "has no DMARC record", None),
    ("DMARC with an error",
     zone("_dmarc.c.test", TXT, b"v=DMARC1; p=reject; p=none"), "dmarc",
     "note", "comes twice", None),
    ("DMARC, and no signature",
     several(lambda h: h.stored.pop("signed"), stored(unsigned="")), "dmarc",
     "bad", "policy of c.test is reject, but the last report was sent without",
     None),
    ("no TLSRPT of our own", zone("_smtp._tls.c.test", TXT), "tlsrpt", "note",
     "has no TLSRPT record", None),
    ("a TLSRPT record that is none",
     zone("_smtp._tls.c.test", TXT, b"v=TLSRPTv1; rua="), "tlsrpt", "bad",
     "rua", "tlstally lookup c.test"),
    ("reports are not signed",
     several(lambda h: h.stored.pop("signed"), stored(unsigned="")), "dkim",
     "bad", "without a DKIM signature of c.test", None),
    ("reports are signed by another",
     several(lambda h: h.stored.pop("signed"), stored(unsigned="r.test")),
     "dkim", "bad", "signed by r.test, not by c.test", None),
    ("not seen: the milter stands before the signer",
     several(lambda h: h.stored.pop("signed"), stored(unsigned=""),
             main(smtpd_milters="inet:127.0.0.1:8892 unix:opendkim.sock")),
     "dkim", "note", "is before other milters", None),
    ("no report was seen", lambda h: h.stored.pop("signed"), "dkim", "note",
     "not seen whether reports are signed", None),
    ("the key is not there", zone("sel._domainkey.c.test", TXT), "dkimkey",
     "bad", "is not in the DNS", None),
    ("the key is revoked",
     zone("sel._domainkey.c.test", TXT, b"v=DKIM1; p="), "dkimkey", "bad",
     "is revoked", None),
    ("the key is not for reports",
     zone("sel._domainkey.c.test", TXT, b"v=DKIM1; s=email; p=MIGf"),
     "dkimkey", "note", "not allow the service tlsrpt", None),
    ("the key is only for reports",
     zone("sel._domainkey.c.test", TXT, b"v=DKIM1; s=tlsrpt; p=MIGf"),
     "dkimkey", "bad", "not allow the service email", None),
    ("settings that are not complete", conf("report", contact_info=""),
     "settings", "bad", "contact_info", "tlstally conf --check"),
    ("settings that nobody knows", conf("report", organisation_name="x"),
     "settings", "bad", "did you mean 'organization_name'",
     "tlstally conf --check"),
]
# The modes of root's files say nothing to their owner, where that is root.
ROOTS = [
    ("the settings are root's alone", chmod("tlstally.conf", 0o600),
     "settings", "bad", "nobody, the owner of the store, cannot read",
     "chmod g[+]r"),
    ("a password of root's", several(
        secret(0o600), after(lambda h: os.chown(h.root / "password", 0, 0))),
     "secrets", "bad", "nobody, the owner of the store, cannot read .*password", "chmod g[+]r"),
    ("a file of root's in the store",
     after(lambda h: os.chown(h.root / "store/data.mdb", 0, 0)), "owners",
     "bad", "data.mdb belongs to root, but the store to nobody", "chown nobody"),
]


class World:
    def __init__(self, change=None):
        self.folder = tempfile.mkdtemp(prefix="doctor.")
        self.host = Host(self.folder)
        if change:
            change(self.host)
        self.host.write()

    def __enter__(self):
        return self.host

    def __exit__(self, *_):
        self.host.clear()


def tell(row):
    return f"{row['check']} {row.get('about', '')} {row['grade']}: " \
        f"{row['words']}"


def all_is_well():
    with World() as host:
        checks, done = host.doctor()
        expect("all is well: nothing else is said", [],
               [tell(row) for row in checks if row["grade"] != "good"
                and row["check"] not in MACHINE
                and "MiB are free" not in row["words"]])
        expect("all is well: the exit status",
               int(any(row["grade"] == "bad" for row in checks)),
               done.returncode)
        names = {row["check"] for row in checks}
    with World(by_log) as host:
        checks, _ = host.doctor()
        expect("all is well by the log: nothing else is said", [],
               [tell(row) for row in checks if row["grade"] != "good"
                and row["check"] not in MACHINE
                and "MiB are free" not in row["words"]])
        names |= {row["check"] for row in checks}
    with World(by_policyd) as host:
        checks, _ = host.doctor()
        expect("all is well with the policy service: nothing else is said", [],
               [tell(row) for row in checks if row["grade"] != "good"
                and row["check"] not in MACHINE
                and "MiB are free" not in row["words"]])
        expect("the policy service is asked as Postfix asks",
               ["27:QUERYwithTLSRPT [127.0.0.1],",
                "22:QUERYwithTLSRPT c.test,"], host.service.asked)
        names |= {row["check"] for row in checks}
    return names


def one_fault(fault):
    name, change, check, grade, words, command = fault
    with World(change) as host:
        checks, done = host.doctor()
        rows = [row for row in checks if row["check"] == check]
        found = [row for row in rows if row["grade"] == grade
                 and re.search(words, row["words"])]
        expect(f"{name}: {check} is {grade}", True,
               True if found else [tell(row) for row in rows])
        if command and found:
            expect(f"{name}: the command", True, bool(re.search(
                command, found[0].get("command", ""))) or found[0])
        if found and grade in ("bad", "note"):
            expect(f"{name}: since", True, "since" in found[0])
        expect(f"{name}: the exit status",
               int(any(row["grade"] == "bad" for row in checks)),
               done.returncode)


def since_is_kept():
    """The first time stays, a new grade begins anew, what is good is gone."""
    def of(host):
        checks, _ = host.doctor()
        return next(row.get("since") for row in checks if row["check"] == "spf")

    with World(zone("c.test", TXT)) as host:
        first = of(host)
        time.sleep(1.1)
        expect("since: the second time", first, of(host))
        host.DNS.zone[("c.test", TXT)] = [b"v=spf1 -all"]
        time.sleep(1.1)
        expect("since: another grade", False, of(host) in (None, first))
        host.DNS.zone[("c.test", TXT)] = [b"v=spf1 mx -all"]
        expect("since: good again", None, of(host))
        host.DNS.zone[("c.test", TXT)] = []
        expect("since: it begins anew", False, of(host) in (None, first))


def nothing_hangs():
    def all_hang(host):
        hang(host)
        host.DNS.mode = "silent"
        host.RELAY.mode = "silent"

    with World(all_hang) as host:
        began = time.monotonic()
        checks, done = host.doctor()
        print(f"with everything silent it took {time.monotonic() - began:.1f} s")
        expect("what is silent: it ends", 1, done.returncode)
        expect("what is silent: postfix is not known", "note", next(
            row["grade"] for row in checks if row["check"] == "postfix"))
        expect("what is silent: the relay", True, next(
            row["grade"] for row in checks if row["check"] == "relay")
            in ("bad", "unknown"))


def nagios():
    with World() as host:
        done = host.run("--nagios")
        machine = done.returncode in (0, 2)  # a short queue is the machine's
        expect("nagios: well", (True, 1, True),
               (machine, done.stdout.count("\n"),
                done.stdout.startswith(("TLSTALLY OK - 0 bad",
                                        "TLSTALLY CRITICAL - 1 bad"))))
    with World(zone("c.test", TXT)) as host:
        done = host.run("--nagios")
        expect("nagios: a note", True, done.returncode in (1, 2)
               and bool(re.match("TLSTALLY (WARNING|CRITICAL)", done.stdout)))
    with World(zone("c.test", MX)) as host:
        done = host.run("--nagios")
        expect("nagios: bad", (2, True),
               (done.returncode, "mx: c.test" in done.stdout))


def retired():
    """A feed that is stopped for good, and its daemon that runs."""
    with World(stored(**{"feed=log": "900"})) as host:
        checks, _ = host.doctor()
        expect("a feed that is silent is bad", "bad", next(
            row["grade"] for row in checks if row["check"] == "log"))
        done = host.run("retire", "log", command="feed")
        expect("feed retire", (0, ""), (done.returncode, done.stderr))
        checks, _ = host.doctor()
        expect("one that is retired is not asked after", [],
               [row for row in checks if row["check"] == "log"])
        done = host.run("retire", "events", command="feed")
        expect("one that counts stays", (1, True),
               (done.returncode, "tlstallyd counts still" in done.stderr))
        done = host.run("retire", "nothing", command="feed")
        expect("one that is none", (1, True),
               (done.returncode, "no feed 'nothing'" in done.stderr))


def replaced():
    """A daemon whose program is another one now, as after an upgrade."""
    if not ROOT:
        skip_part("a program that was replaced", "only root can look")
        return
    with World() as host:
        program = host.root / "tlstally-milter"
        shutil.copy(BUILD / "src/programs/tlstally-milter", program)
        host.conf["milter"] = {"socket": f"unix:{host.root}/m.sock",
                               "socket_owner": host.store_owner}
        host.put_settings()
        host.own(host.root)
        with subprocess.Popen([program, "-f", "-c",
                               host.root / "tlstally.conf"],
                              stderr=subprocess.PIPE, text=True) as daemon:
            try:
                expect("a daemon of its own starts", True, any(
                    "counting messages" in line for line in daemon.stderr))
                checks, _ = host.doctor()
                expect("a program as it was started", ["good"], [
                    row["grade"] for row in checks
                    if row["check"] == "binaries"])
                newer = host.root / "newer"
                shutil.copy(program, newer)
                newer.replace(program)
                checks, _ = host.doctor()
                expect("a program that was replaced", [(
                    "bad", "the program of tlstally-milter has been replaced "
                    "since it was started: restart it",
                    "systemctl try-restart tlstally-milter")], [
                    (row["grade"], row["words"], row.get("command"))
                    for row in checks if row["check"] == "binaries"])
            finally:
                daemon.kill()


def full_disk():
    """A file system of its own for the store, with nearly nothing free."""
    if not ROOT or subprocess.run(["unshare", "--mount", "--propagation",
                                   "private", "true"], check=False,
                                  stderr=subprocess.DEVNULL).returncode:
        skip_part("a full disk", "no mount namespace can be made here")
        return
    with World() as host:
        store = host.root / "store"
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mkdir "$2" && mount -t tmpfs -o size=40m tmpfs "$2" && '
             'cp -a "$1/." "$2/" && mount --bind "$2" "$1" && shift 2 && "$@"',
             "sh", store, host.root / "small", *host.command()],
            env=host.env(), capture_output=True, text=True, check=False)
        rows = [row for row in json.loads(done.stdout)["checks"]
                if row["check"] == "store"]
        expect("a full disk", [("bad", True, f"df -h {store}")], [
            (row["grade"], bool(re.match(
                r"only \d+ MiB are free on the file system of the store",
                row["words"])), row.get("command")) for row in rows])


def plain_user():
    if not ROOT:
        skip_part("a plain user", "only root can be somebody else")
        return
    with World() as host:
        checks, done = host.doctor(user="games")
        expect("a plain user: no false fault", [],
               [tell(row) for row in checks if row["grade"] in ("bad", "note")
                and row["check"] not in MACHINE | {"dkim", "dkimkey"}])
        expect("a plain user: the store", True, next(
            row["words"] for row in checks if row["check"] == "store")
            .startswith("not checked: "))
    with World(several(secret(0o640), chmod("password", 0o600))) as host:
        checks, _ = host.doctor(user="games")
        expect("a plain user: the relay, with a password of another", [
            ("unknown", f"not checked: no permission for {host.root}/password")],
            [(row["grade"], row["words"]) for row in checks
             if row["check"] == "relay"])
    with World(chmod("tlstally.conf", 0o600)) as host:
        checks, _ = host.doctor(user="games")
        expect("a plain user: the settings", "unknown", next(
            row["grade"] for row in checks if row["check"] == "settings"))


def manual(names):
    """Every check that came is in the table, and the table in the manual."""
    table = re.findall(r'\{"(\w+)",\s', (SOURCE / "src/doctor/checks.c")
                       .read_text())
    text = (SOURCE / "doc/tlstally.1.in").read_text()
    part = text[text.index("The checks:"):]
    part = part[:part.index("\n.El")]
    expect("the manual has the checks", table,
           re.findall(r"^\.It (\w+)$", part, re.M))
    expect("none of the checks is unheard of", set(), names - set(table))
    never = set(table) - names - ELSEWHERE - {row[2] for row in FAULTS}
    expect("each check is tried", {"coverage"} if "coverage" in never
           else set(), never)


def main_program():
    names = all_is_well()
    for fault in FAULTS + (ROOTS if ROOT else []):
        if len(sys.argv) < 2 or sys.argv[1] in fault[0]:
            one_fault(fault)
    if len(sys.argv) < 2:
        since_is_kept()
        nothing_hangs()
        nagios()
        retired()
        replaced()
        full_disk()
        plain_user()
        manual(names)
    print(f"{len(FAULTS)} faults, {failures} failures")
    return 1 if failures else 0


sys.exit(main_program())
