#!/usr/bin/env python3
"""ledger - hosts that share a ledger in a real PostgreSQL make one report

    ledger.py [NAME...]

In the build folder.  Each test is a fleet of its own, in a database of its own.
"""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from ledger_world import (Host, Proxy, Server, at, content, day_text, failed_sts, plain,
                          postgres_programs, text, world)
from testlib import BIN, HERE, expect, failed

LONG = os.environ.get("TEST_LONG") == "yes"


class Fleet:
    def __init__(self, folder, server, name, hosts, more=""):
        self.server = server
        self.folder = folder / name
        self.folder.mkdir()
        server.psql(f"CREATE DATABASE {name}")
        self.name = name
        self.hosts = [Host(self.folder, host, server.url(name), more=more)
                      for host in hosts]
        # what one host would have made of all of it
        self.all = Host(self.folder, "all", None)
        made = self.hosts[0].tlstally("fleet", "init", "--rehearsal")
        if made.returncode != 0:
            raise SystemExit(f"FAIL: fleet init: {made.stderr}")

    def ask(self, statement):
        return self.server.ask(statement, self.name)

    def count(self, moment, host, *datagrams):
        for to in (self.hosts[host], self.all):
            to.count(moment, *datagrams)

    def run(self, moment):
        return [host.run(moment) for host in self.hosts]

    def move_on(self, moment):
        """All feeds have counted up to that moment."""
        for host in self.hosts + [self.all]:
            host.count(moment)

    def sent(self):
        """What all hosts have sent; a report twice ends the test."""
        found = {}
        for host in self.hosts:
            for key, report in host.reports().items():
                if key in found:
                    raise SystemExit(f"FAIL: {key} by two hosts")
                found[key] = report
        return found


def doctor(host):
    """Grade and sentence of the check of the ledger."""
    said = host.tlstally("doctor", "--json")
    return [(row["grade"], row["words"]) for row in json.loads(said.stdout)["checks"]
            if row["check"] == "ledger"]


def some(domains, seed):
    """Datagrams of some of the domains, failures among them."""
    pick = random.Random(seed)
    return [pick.choice([plain, failed_sts])(pick.choice(domains))
            for _ in range(60)]


DOMAINS = [f"d{i}.example" for i in range(20)]


def one_report(fleet):
    """Three hosts, one report for each domain, its sums those of all."""
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    ran = fleet.run(at(0, 14))
    expect("what is counted so far is shipped", [1, 1, 1],
           [run["fleet"]["daysShipped"] for run in ran])
    ran = fleet.run(at(0, 14, 5))
    expect("and not again when nothing is new", [0, 0, 0],
           [run["fleet"]["daysShipped"] for run in ran])
    fleet.count(at(0, 20), 1, *some(DOMAINS[:3], 7))
    expect("only domains that changed are written", True,
           0 < fleet.hosts[1].run(at(0, 21))["fleet"]["domainsWritten"] <= 3)
    fleet.move_on(at(1, 0, 20))
    fleet.run(at(1, 0, 30))
    expect("nothing is reported before all have sealed the day", {}, fleet.sent())
    for minute in (35, 40):
        fleet.run(at(1, 0, minute))
    fleet.all.run(at(1, 1))
    expect("reports are those of a host that saw everything",
           content(fleet.all.reports()), content(fleet.sent()))
    expect("all of the host that leads", 20, len(fleet.hosts[0].reports()))
    ids = [report["report-id"] for report in fleet.sent().values()]
    expect("each has an id of its own", 20, len(set(ids)))
    fleet.run(at(1, 0, 45))
    day = fleet.hosts[1].fleet(at(1, 0, 50))["days"][1]
    expect("the day is closed", ["closed", "mx1.example.com"],
           [day["state"], day["reporter"]])
    expect("sessions for people", ["240"], fleet.ask(
        "SELECT sum(success + failure) FROM tlstally.sessions_by_domain"
        f" WHERE day = '{day_text(0)}'"))
    failures = sum(
        policy["summary"]["total-failure-session-count"]
        for report in fleet.sent().values() for policy in report["policies"])
    expect("failures for people", [str(failures)], fleet.ask(
        "SELECT sum(sessions) FROM tlstally.failures_by_result"))
    for host in fleet.hosts:
        expect(f"{host.name}'s store is whole", 0,
               host.tlstally("check-store").returncode)


def deadline(fleet):
    """A host that is dead is waited for until the deadline, and named."""
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    for minute in (30, 35):
        for host in fleet.hosts[:2]:
            host.run(at(1, 0, minute))
    expect("before the deadline it is waited for", {}, fleet.sent())
    fleet.hosts[0].run(at(1, 5, 55))
    expect("until its end", {}, fleet.sent())
    fleet.hosts[0].run(at(1, 6, 5))
    fleet.all.run(at(1, 7))
    expect("then its last shipment counts", content(fleet.all.reports()),
           content(fleet.sent()))
    expect("and it is named", True,
           "mx3.example.com" in fleet.hosts[0].said.stderr)
    day = fleet.hosts[0].fleet(at(1, 6, 10))["days"][1]
    expect("by `tlstally fleet`, too", "mx3.example.com", day["missing"])
    fleet.hosts[0].run(at(1, 6, 12))
    fleet.hosts[2].run(at(1, 7))
    fleet.run(at(1, 7, 5))
    expect("what it seals later changes nothing", 20, len(fleet.sent()))
    expect("a host that is retired is not waited for", 0,
           fleet.hosts[0].tlstally("fleet", "retire", "mx3.example.com", "--now",
                                   text(at(1, 8))).returncode)
    for host in range(2):
        fleet.count(at(1, 9), host, *some(DOMAINS, host))
    fleet.move_on(at(2, 0, 20))
    for minute in (30, 35):
        for host in fleet.hosts[:2]:
            host.run(at(2, 0, minute))
    expect("so its day is closed at once", True,
           ("d0.example", day_text(1)) in fleet.sent())


def database_down(fleet):
    """Three days without the database: nothing is lost, nothing comes twice."""
    fleet.count(at(0, 9), 0, *some(DOMAINS, 1))
    expect("doctor: it was never reached", "bad", doctor(fleet.hosts[0])[0][0])
    expect("doctor: nothing, without a ledger", [], doctor(fleet.all))
    fleet.run(at(0, 14))
    expect("doctor: it was, and who leads", [(
        "good", f"the ledger of the fleet was reached at {text(at(0, 14))};"
        " mx1.example.com leads")], doctor(fleet.hosts[0]))
    fleet.server.stop()
    told = 0
    for day in range(3):
        for host in range(3):
            fleet.count(at(day, 16), host, *some(DOMAINS, 10 * day + host))
        fleet.move_on(at(day + 1, 0, 20))
        for hour in (1, 7):
            ran = fleet.run(at(day + 1, hour))
            told += "ledger" in fleet.hosts[1].said.stderr
            expect("the run goes on", [False] * 3,
                   [run["fleet"]["reached"] for run in ran])
    expect("it is told once", 1, told)
    grade, words = doctor(fleet.hosts[1])[0]
    expect("doctor: it is down", ["bad", True],
           [grade, "the ledger of the fleet: " in words])
    expect("nobody closes a day alone", {}, fleet.sent())
    said = fleet.hosts[1].tlstally("rollup", "--day", day_text(1), "--now",
                                   text(at(3, 8)))
    expect("nor when he is asked to", True,
           "the host that leads the fleet closes it" in said.stderr)
    gone = Host.__new__(Host)
    gone.__dict__.update(fleet.hosts[1].__dict__, url=None)
    gone.write_conf()
    gone.run(at(3, 8))
    expect("nor when [fleet] ledger is gone", {}, fleet.sent())
    fleet.hosts[1].write_conf()
    fleet.server.start()
    fleet.hosts[1].run(at(3, 9))
    expect("it is told when it is over", True,
           "again" in fleet.hosts[1].said.stderr)
    fleet.hosts[0].run(at(3, 9, 5))
    expect("a night without it costs nobody his day", {}, fleet.sent())
    fleet.hosts[2].run(at(3, 9, 40))
    for minute in (45, 50):
        fleet.run(at(3, 9, minute))
    fleet.all.run(at(1, 9))
    fleet.all.run(at(2, 9))
    fleet.all.run(at(3, 9, 50))
    want = {key: report for key, report in content(fleet.all.reports()).items()
            if key[1] > day_text(0)}
    expect("all days that are young enough are reported once", want,
           content(fleet.sent()))
    expect("what came back was counted on", ["3"], fleet.ask(
        "SELECT count(DISTINCT day) FROM tlstally.host_day WHERE sealed_at > 0"))


def late_night(fleet):
    """Whoever is dead after a night without the database has an hour, too."""
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    fleet.count(at(0, 15), 2, plain("never-shipped.example"))
    fleet.server.stop()
    fleet.move_on(at(1, 0, 20))
    for host in fleet.hosts[:2]:
        host.run(at(1, 1))
    fleet.server.start()
    for minute in (0, 5, 55):
        for host in fleet.hosts[:2]:
            host.run(at(1, 9, minute))
    expect("the deadline is over, and no hour since the first seal", {},
           fleet.sent())
    for host in fleet.hosts[:2]:
        host.run(at(1, 10, 2))
    fleet.all.run(at(1, 10))
    want = content(fleet.all.reports())
    del want["never-shipped.example", day_text(0)]
    expect("then it counts with its last whole shipment", want,
           content(fleet.sent()))
    fleet.hosts[0].run(at(1, 10, 7))
    day = fleet.hosts[0].fleet(at(1, 10, 8))["days"][1]
    expect("and is named", ["closed", "mx3.example.com"],
           [day["state"], day["missing"]])


def joining(fleet):
    """What a host closed before is its own; later days are the fleet's."""
    late = fleet.hosts[2]
    late.url = None
    late.write_conf()
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.move_on(at(1, 0, 20))
    late.run(at(1, 0, 30))
    own = late.reports()
    expect("alone it reports its own day", True, len(own) > 10)
    late.url = fleet.hosts[0].url
    late.write_conf()
    for minute in (40, 45):
        late.run(at(1, 0, minute))
    expect("which it does not ship", ["1"], fleet.ask(
        "SELECT count(DISTINCT day) FROM tlstally.host_day"))
    expect("but the next one", [str(late.name)], fleet.ask(
        "SELECT host FROM tlstally.host_day"))


def from_files(fleet):
    """Hosts that sent their days by export and import join a ledger."""
    one, two = fleet.hosts[0], fleet.hosts[1]
    fleet.hosts = [one, two]
    url, one.more, two.mode = one.url, "expect = mx2.example.com", "off"
    for host in fleet.hosts:
        host.url = None
        host.write_conf()
    for host in range(2):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.move_on(at(1, 0, 20))
    file = two.folder / "day"

    def bring(day):
        two.tlstally("export", "--force", "--day", day_text(day), "--now",
                     text(at(day + 1, 0, 25)), file)
        return one.tlstally("import", "--now", text(at(day + 1, 0, 30)), file)

    bring(0)
    for host in fleet.hosts:
        host.url = url
        host.write_conf()
    for minute in (40, 45, 50):
        fleet.run(at(1, 0, minute))
    fleet.all.run(at(1, 0, 50))
    expect("the day that was imported is reported once, by who has it",
           content(fleet.all.reports()), content(one.reports()))
    expect("and does not come into the ledger", [], fleet.ask(
        f"SELECT * FROM tlstally.host_day WHERE day = {at(0) // 86400}"))
    for host in range(2):
        fleet.count(at(1, 9 + host), host, *some(DOMAINS, host))
    fleet.move_on(at(2, 0, 20))
    expect("a day of the ledger's is not imported", True,
           "is a day of the ledger's" in bring(1).stderr)
    for minute in (40, 45, 50):
        fleet.run(at(2, 0, minute))
    fleet.all.run(at(2, 0, 50))
    expect("and all days are reported once", content(fleet.all.reports()),
           content(fleet.sent()))


def clones(fleet):
    """A copy of a store ships nothing, and a restore counts nothing twice."""
    one, two = fleet.hosts[0], fleet.hosts[1]
    fleet.count(at(0, 9), 0, *some(DOMAINS, 0))
    fleet.count(at(0, 9), 1, *some(DOMAINS, 1))
    fleet.run(at(0, 10))
    backup = two.folder / "backup.mdb"
    two.tlstally("backup", backup)
    shutil.copytree(two.folder / "store", two.folder / "copy")
    fleet.count(at(0, 11), 1, plain("new.example"))
    fleet.run(at(0, 12))
    had = fleet.ask("SELECT * FROM tlstally.host_domain ORDER BY domain, host")

    shutil.move(two.folder / "store", two.folder / "real")
    shutil.move(two.folder / "copy", two.folder / "store")
    two.count(at(0, 13), plain("clone.example"))
    ran = two.run(at(0, 14))
    expect("a copy ships nothing", [True, 0],
           [ran["fleet"]["reached"], ran["fleet"]["daysShipped"]])
    expect("and is told what to do", True, "copy of another" in two.said.stderr)
    expect("once", True, two.run(at(0, 14, 5)) and "copy" not in two.said.stderr)
    expect("the ledger is as it was", had, fleet.ask(
        "SELECT * FROM tlstally.host_domain ORDER BY domain, host"))
    shutil.rmtree(two.folder / "store")
    shutil.move(two.folder / "real", two.folder / "store")
    expect("the real one goes on", 0, two.run(at(0, 15))["fleet"]["daysShipped"])
    expect("untold", "", two.said.stderr)

    other = fleet.hosts[2]
    other.name = two.name
    other.write_conf()
    other.count(at(0, 13), plain("other.example"))
    ran = other.run(at(0, 15))
    expect("nor does another host of the name", 0, ran["fleet"]["daysShipped"])
    expect("and it is told", True,
           "another host of that name" in other.said.stderr)

    shutil.rmtree(two.folder / "store")
    (two.folder / "store").mkdir()
    expect("a backup is restored", 0,
           two.tlstally("restore", backup).returncode)
    two.count(at(0, 16), plain("after.example"))
    expect("and takes the host's place", 1,
           two.run(at(0, 17))["fleet"]["daysShipped"])
    domains = fleet.ask("SELECT domain FROM tlstally.host_domain"
                        f" WHERE host = '{two.name}'")
    expect("what came after the backup is missing, nothing else",
           [True, False, True],
           ["d1.example" in domains or len(domains) > 5,
            "new.example" in domains, "after.example" in domains])
    for domain in ("again.example",):
        two.count(at(0, 18), plain(domain))
    expect("and it ships on", 1, two.run(at(0, 19))["fleet"]["daysShipped"])


def takeover(fleet):
    """Another host leads when the lease is over, and no day is reported twice."""
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    ran = fleet.run(at(0, 14))
    expect("the first one leads", [True, False, False],
           [run["fleet"]["leads"] for run in ran])
    expect("as long as it comes by", False,
           fleet.hosts[1].run(at(0, 14, 19))["fleet"]["leads"])
    expect("and no longer", True,
           fleet.hosts[1].run(at(0, 14, 21))["fleet"]["leads"])
    fleet.hosts[2].tlstally("fleet", "lead", "--now", text(at(0, 14, 22)))
    expect("or until the operator says who", [False, False, True],
           [run["fleet"]["leads"] for run in fleet.run(at(0, 14, 25))])
    fleet.move_on(at(1, 0, 20))
    fleet.hosts[2].run(at(1, 0, 25))
    for minute in (30, 35, 40):
        fleet.run(at(1, 0, minute))
    expect("that one reports", [0, 0, 20],
           [len(host.reports()) for host in fleet.hosts])
    fleet.hosts[0].tlstally("fleet", "lead", "--now", text(at(1, 0, 41)))
    for minute in (45, 50):
        fleet.run(at(1, 0, minute))
    expect("a day that was taken is not taken again", 20, len(fleet.sent()))
    fleet.hosts[1].mode = "off"
    fleet.hosts[1].write_conf()
    said = fleet.hosts[1].tlstally("fleet", "lead", "--now", text(at(1, 1)))
    expect("who makes no reports cannot lead", True, "mode = off" in said.stderr)


def total_hits(fleet, host, moment):
    """How many dangerous moments its run has."""
    path = fleet.folder / "hits"
    host.run(moment, env={"TLSTALLY_FAIL_COUNT": str(path)})
    return int(path.read_text())


def orphaned(fleet):
    """Killed at any moment of its run, the reporter has others send what it
    has not, in its very bytes, and nothing that is known to be sent."""
    pick = random.Random(8460)
    leader, other = fleet.hosts[0], fleet.hosts[1]
    hits = twice = 0
    for day in range(60 if LONG else 7):
        for host in range(2):
            fleet.count(at(day, 9), host, *some(DOMAINS, 10 * day + host))
        for host in fleet.hosts[:2]:
            host.run(at(day, 14))
        fleet.move_on(at(day + 1, 0, 20))
        leader.run(at(day + 1, 0, 22))
        other.run(at(day + 1, 0, 25))
        if day == 0:
            hits = total_hits(fleet, leader, at(1, 0, 30))
        else:
            n = pick.randint(1, hits)
            leader.tlstally("run", "--now", text(at(day + 1, 0, 30)),
                            env={"TLSTALLY_FAIL_AT": str(n)})
        for minute in (0, 5, 15):
            other.run(at(day + 1, 1, minute))
        fleet.all.run(at(day + 1, 2))
        found = {}
        for host in (leader, other):
            for key, body in host.sent_files():
                if key[1] == day_text(day):
                    found.setdefault(key[0], []).append(body)
        uncertain = fleet.ask(
            "SELECT domain FROM tlstally.destination WHERE uncertain"
            f" AND day = {at(day) // 86400}")
        more = [domain for domain, bodies in found.items() if len(bodies) > 1]
        twice += len(more)
        wanted = {key[0] for key in fleet.all.reports() if key[1] == day_text(day)}
        expect(f"day {day}: each domain has its report", wanted, set(found))
        expect("none twice, but what nobody knows", [],
               [domain for domain in more if domain not in uncertain])
        expect("and that is the same twice", [], [
            domain for domain in more if len(set(found[domain])) > 1])
        leader.run(at(day + 1, 1, 20))
        for minute in (22, 25):
            other.run(at(day + 1, 1, minute))
        expect("who was dead sends nothing more", sum(map(len, found.values())), sum(
            key[1] == day_text(day) for host in (leader, other)
            for key, _ in host.sent_files()))
        expect("the day is done, and no body is left", ["t|0"], fleet.ask(
            "SELECT bool_and(done_at > 0), (SELECT count(body) FROM"
            f" tlstally.report WHERE day = {at(day) // 86400})"
            f" FROM tlstally.day WHERE day = {at(day) // 86400}"))
        if day > 0:
            leader, other = other, leader
    print(f"{hits} moments, {twice} reports twice")
    sent = {key: report for host in (leader, other)
            for key, report in content(host.last_reports()).items()}
    expect("sums are those of a host that saw everything", [], [
        key for key, report in content(fleet.all.reports()).items()
        if sent.get(key) != report])
    for host in (leader, other):
        expect(f"{host.name}'s store is whole", 0,
               host.tlstally("check-store").returncode)


def deleted(fleet):
    """What a person took away stays away, whoever makes the reports then."""
    for host in fleet.hosts[:2]:
        host.mode = "preview"
        host.write_conf()
    for host in range(2):
        fleet.count(at(0, 9), host, *some(DOMAINS, host))
    for moment in (at(0, 14), at(1, 0, 25), at(1, 0, 30), at(1, 0, 35)):
        if moment == at(1, 0, 25):
            fleet.move_on(at(1, 0, 20))
        for host in fleet.hosts[:2]:
            host.run(moment)
    held = [[report["id"] for report in json.loads(host.tlstally(
        "query", "tls-internal-report", "--fields", "id", "--json").stdout)]
            for host in fleet.hosts[:2]]
    expect("one host holds all of them", [0, 20], sorted(map(len, held)))
    first, second = fleet.hosts[:2] if held[0] else fleet.hosts[1::-1]
    expect("one is taken away", 0,
           first.tlstally("delete", "tls-internal-report",
                          max(held)[0]).returncode)
    first.run(at(1, 0, 40))
    for minute in (5, 10):
        second.mode = "all"
        second.write_conf()
        second.tlstally("fleet", "lead", "--now", text(at(1, 1, minute)))
        second.run(at(1, 1, minute))
    expect("the others are sent by the next", 19, len(second.reports()))


def other_settings(fleet):
    """A host with other settings ships and does not lead; who can tell names them."""
    first, other, third = fleet.hosts
    other.report = "sender = other@example.com"
    other.write_conf()
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    ran = other.run(at(0, 15))
    expect("it ships and does not lead, though nobody does", [1, False], [
        fleet.ask("SELECT count(*) FROM tlstally.host_day WHERE host ="
                  f" '{other.name}'") == ["1"], ran["fleet"]["leads"]])
    words = [words for grade, words in doctor(other) if grade == "bad"]
    expect("doctor names the setting, and who has it otherwise", True, any(
        "[report] sender" in line and first.name in line for line in words))
    expect("and `tlstally fleet`", [
        [other.name, f"it ships, but cannot lead: {first.name} has other values of"
         " [report] sender"]], [[item["host"], item["what"]] for item in
                                third.fleet(at(0, 15, 1))["problems"]])
    expect("who has the same leads", True, third.run(at(0, 15, 2))["fleet"]["leads"])
    other.tlstally("fleet", "lead", "--now", text(at(0, 15, 3)))
    expect("the operator says which are right", [False, True, False], [
        run["fleet"]["leads"] for run in fleet.run(at(0, 15, 5))])
    expect("then the others differ", True, any(
        "[report] sender" in words for _, words in doctor(first)))
    other.report = ""
    other.write_conf()
    fleet.run(at(0, 15, 10))
    ran = fleet.run(at(0, 15, 15))
    expect("until all are the same", [[], []], [
        [words for grade, words in doctor(host) if grade != "good"]
        for host in (first, other)])
    expect("settings that no host has are forgotten", ["1"], fleet.ask(
        "SELECT count(DISTINCT digest) FROM tlstally.setting"))


def bad_relay(fleet):
    """Who cannot send lets another host lead; the reports come once."""
    first, other = fleet.hosts[:2]
    fleet.hosts = [first, other]
    for host in range(2):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    (first.folder / "sent").rmdir()
    (first.folder / "sent").write_text("not a directory")
    leads = []
    for minute in range(25, 60, 5):
        leads.append([run["fleet"]["leads"] for run in fleet.run(at(1, 0, minute))])
    fleet.all.run(at(1, 1))
    expect("it led, and then the other", [[True, False], [False, True]],
           [leads[0], leads[-1]])
    for minute in range(0, 120, 10):
        first.run(at(1, 1, minute))
        other.run(at(1, 1, minute + 1))
    expect("who sends all of it", content(fleet.all.reports()), content(other.reports()))
    (first.folder / "sent").unlink()
    (first.folder / "sent").mkdir()
    first.run(at(1, 5))
    expect("the first one sends none of it later", {}, first.reports())


def leaving(fleet):
    """A host leaves: its last day is the fleet's, the next is its own, none is lost."""
    gone, stays = fleet.hosts[:2]
    fleet.hosts = [gone, stays]
    said = stays.tlstally("fleet", "leave", "--now", text(at(0, 8)))
    expect("who never came cannot leave", True, said.returncode != 0)
    for host in range(2):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    for host in range(2):
        fleet.count(at(1, 0, 10), host, *some(DOMAINS, 10 + host))
    # it has taken day 0, and cannot send
    (gone.folder / "sent").rmdir()
    (gone.folder / "sent").write_text("not a directory")
    fleet.move_on(at(1, 0, 20))
    for host, minute in ((gone, 22), (stays, 25), (gone, 26)):
        host.run(at(1, 0, minute))
    expect("its reports are under way", [gone.name], fleet.ask(
        f"SELECT reporter FROM tlstally.day WHERE day = {at(0) // 86400}"))
    said = gone.tlstally("fleet", "leave", "--now", text(at(1, 0, 30)))
    expect("it says what is left", [True, True, True], [
        f"its own days begin with {day_text(2)}" in said.stdout,
        "1 day is not sealed yet" in said.stdout,
        "1 day's reports are under way" in said.stdout])
    expect("doctor, too", True, any(
        "leaves the fleet" in words for _, words in doctor(gone)))
    ran = fleet.run(at(1, 0, 35))
    expect("it has let go of the lease", [False, True],
           [run["fleet"]["leads"] for run in ran])
    # what was put off keeps its time
    for hour in (1, 2, 3):
        fleet.run(at(1, hour))
    fleet.all.run(at(1, 1))
    expect("and the other sends all of the day", content(fleet.all.reports()),
           content(stays.reports()))
    said = gone.tlstally("fleet", "leave", "--now", text(at(1, 3, 5)))
    expect("what is left then", [True, False], [
        "1 day is not sealed yet" in said.stdout, "under way" in said.stdout])
    expect("it counts for the fleet until midnight", {"leaves"}, {
        row["state"] for row in gone.fleet(at(1, 3, 6))["hosts"]
        if row["name"] == gone.name})
    (gone.folder / "sent").unlink()
    (gone.folder / "sent").mkdir()
    for host in range(2):
        fleet.count(at(1, 9), host, *some(DOMAINS, 20 + host))
        fleet.hosts[host].count(at(2, 0, 10), *some(DOMAINS, 30 + host))
    fleet.move_on(at(2, 0, 20))
    stays.run(at(2, 0, 25))
    expect("its last day is waited for", 20, len(stays.reports()))
    gone.run(at(2, 0, 30))
    for minute in (35, 40):
        stays.run(at(2, 0, minute))
    fleet.all.run(at(2, 1))
    expect("that day is in the fleet's reports",
           content(fleet.all.reports()), content(stays.reports()))
    said = gone.tlstally("fleet", "leave", "--now", text(at(2, 0, 45)))
    expect("it has left", [True, ["good"]], [
        "has left the fleet" in said.stdout, sorted(
            {grade for grade, _ in doctor(stays)})])
    for moment in (at(2, 0, 50), at(2, 12)):
        expect("and ships nothing more", 0, gone.run(moment)["fleet"]["daysShipped"])
    expect("a given day stays the fleet's, also without [fleet]", {}, gone.reports())
    url, gone.url = gone.url, None
    gone.write_conf()
    alone = Host(fleet.folder, "alone", None)
    for host in (gone, alone):
        host.count(at(2, 13), *some(DOMAINS, 40))
    alone.count(at(2, 0, 10), *some(DOMAINS, 30))
    for host in (gone, alone, stays):
        host.count(at(3, 0, 20))
    stays.run(at(3, 0, 25))
    gone.run(at(3, 0, 30))
    alone.run(at(3, 0, 30))
    stays.run(at(3, 0, 30))
    expect("the next day is its own", content(alone.reports()), content(gone.reports()))
    expect("and nobody waits for it", 1, len({
        key[1] for key in stays.reports() if key[1] == day_text(2)}))
    gone.url = url
    gone.write_conf()
    expect("it may come back", 0, gone.tlstally("fleet", "rejoin").returncode)
    gone.count(at(3, 9), plain("back.example"))
    gone.run(at(3, 10))
    expect("with the first day that is not its own", [str(at(3) // 86400)], fleet.ask(
        f"SELECT since FROM tlstally.host WHERE name = '{gone.name}' AND NOT retired"))


def last_leaves(fleet):
    """The only host of a fleet sends what it has begun, and then leaves."""
    host = fleet.hosts[0]
    fleet.hosts = [host]
    fleet.count(at(0, 9), 0, *some(DOMAINS, 0))
    host.run(at(0, 10))
    said = host.tlstally("fleet", "leave", "--now", text(at(0, 11)))
    expect("its day is not over", True, "1 day is not sealed" in said.stdout)
    fleet.move_on(at(1, 0, 20))
    for minute in (25, 30, 35):
        host.run(at(1, 0, minute))
    fleet.all.run(at(1, 1))
    expect("it reports its last day", content(fleet.all.reports()),
           content(host.reports()))
    said = host.tlstally("fleet", "leave", "--now", text(at(1, 0, 40)))
    expect("and has left", True, "has left the fleet" in said.stdout)


def suppressed(host):
    """Addresses and reasons, as the host knows them."""
    said = host.tlstally("suppress", "list", "--json")
    return {row["address"]: row.get("reason")
            for row in json.loads(said.stdout)["suppressions"]}


def suppressions(fleet):
    """What one host suppresses all do, whoever changes it, and whatever is restored."""
    one, two, three = fleet.hosts
    for host in range(3):
        fleet.hosts[host].count(at(0, 9), plain("a.example"))
    minutes = iter(range(0, 60 * 12, 5))

    def run(*hosts):
        for host in hosts:
            host.run(at(0, 10, next(minutes)))

    def add(host, address, reason):
        host.tlstally("suppress", "add", address, "--reason", reason, "--replace")

    add(one, "first@a.example", "one's")
    add(two, "second@a.example", "two's")
    run(one, two, three, one)
    both = {"first@a.example": "one's", "second@a.example": "two's"}
    expect("all know what was there before", [both] * 3,
           [suppressed(host) for host in fleet.hosts])
    add(three, "first@a.example", "three's")
    run(one, three, one, two)
    expect("what one changes the others have", [{**both, "first@a.example": "three's"}] * 3,
           [suppressed(host) for host in fleet.hosts])
    backup = one.folder / "backup.mdb"
    one.tlstally("backup", backup)
    two.tlstally("suppress", "remove", "second@a.example")
    add(two, "third@a.example", "two's")
    run(two, one, three)
    now = {"first@a.example": "three's", "third@a.example": "two's"}
    expect("and what one takes away", [now] * 3,
           [suppressed(host) for host in fleet.hosts])
    written = fleet.ask("SELECT max(changed_at) FROM tlstally.suppression")
    run(one, two, three)
    expect("nothing new: nothing is written", written, fleet.ask(
        "SELECT max(changed_at) FROM tlstally.suppression"))
    shutil.rmtree(one.folder / "store")
    (one.folder / "store").mkdir()
    one.tlstally("restore", backup)
    add(one, "fourth@a.example", "after the restore")
    run(one, two, three)
    now["fourth@a.example"] = "after the restore"
    expect("a backup brings back nothing that was taken away", [now] * 3,
           [suppressed(host) for host in fleet.hosts])


def rates(fleet):
    """What one host has sent in an hour counts for the one that leads after it."""
    first, other = fleet.hosts[:2]
    fleet.hosts = [first, other]
    for host in fleet.hosts:
        host.deliver = "rate_per_hour = 12"
        host.write_conf()
    for host in range(2):
        fleet.count(at(0, 9), host, *[plain(domain) for domain in DOMAINS])
    for moment in (at(0, 14), at(1, 0, 22), at(1, 0, 26)):
        if moment == at(1, 0, 22):
            fleet.move_on(at(1, 0, 20))
        fleet.run(moment)
    first.run(at(1, 0, 30))
    expect("as many as an hour may have", 12, len(first.reports()))
    other.tlstally("fleet", "lead", "--now", text(at(1, 0, 35)))
    for minute in (40, 50):
        other.run(at(1, 0, minute))
    expect("also with another that leads", {}, other.reports())
    other.run(at(1, 1, 5))
    expect("the rest in the next hour", 8, len(other.reports()))


def clocks(fleet):
    """A host whose clock is off is told so, and ships all the same."""
    host = fleet.hosts[0]
    fleet.server.psql("CREATE DATABASE clocks_real")
    host.url = fleet.server.url("clocks_real")
    host.write_conf()
    expect("a ledger by the clock of the database", 0,
           host.tlstally("fleet", "init").returncode)
    (fleet.folder / "ahead").write_text("0")
    said = host.tlstally("fleet", "--now", text(at(0)))
    expect("--now is refused with it", True,
           said.returncode != 0 and "--rehearsal" in said.stderr)
    host.count(at(0, 9), plain("a.example"))
    ran = host.run(at(0, 10))
    expect("also by a run, which goes on", [False, True], [
        ran["fleet"]["reached"], "--rehearsal" in host.said.stderr])
    env = {"SET_CLOCK": str(fleet.folder / "ahead"),
           "LD_PRELOAD": str(HERE / "tests/fake/set_clock.so"),
           "ASAN_OPTIONS": "verify_asan_link_order=0"}
    for ahead, told in (("0", False), ("660", True), ("0", False), ("-660", True)):
        (fleet.folder / "ahead").write_text(ahead)
        host.tlstally("run", env=env)
        problems = json.loads(host.tlstally("fleet", "--json", env=env).stdout)["problems"]
        want = "11 minutes " + ("ahead of" if ahead == "660" else "behind")
        expect(f"{ahead} seconds: `tlstally fleet` tells", told, any(
            want in item["what"] for item in problems))
        expect(f"{ahead} seconds: doctor tells", told, any(
            want in words for _, words in doctor(host)))


def exposed(fleet):
    """A connection that others could read is told of, once, and by doctor."""
    host = fleet.hosts[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.connect(("192.0.2.1", 9))
            address = own.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        print("this machine has no other address than loopback's")
        return
    with socket.socket() as free:
        free.bind((address, 0))
        port = free.getsockname()[1]
    server = Server(fleet.folder / "postgres", fleet.server.programs)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=db.example.com", "-keyout", server.folder / "data/server.key",
         "-out", server.folder / "data/server.crt"],
        check=True, stderr=subprocess.DEVNULL, **server.user)
    (server.folder / "data/server.key").chmod(0o600)
    with open(server.folder / "data/pg_hba.conf", "a") as file:
        file.write("host all all all trust\n")
    server.start("-c", f"listen_addresses={address}", "-c", f"port={port}", "-c",
                 "ssl=on")
    try:
        url = f"postgresql://owner@{address}:{port}/postgres?sslmode="
        host.url = url + "require"
        host.write_conf()
        expect("a ledger", 0, host.tlstally("fleet", "init", "--rehearsal").returncode)
        host.count(at(0, 9), plain("a.example"))
        for mode, told, logged in (
                ("require", False, False), ("disable", True, True),
                ("disable", True, False), ("require", False, False)):
            host.url = url + mode
            host.write_conf()
            host.run(at(0, 10))
            expect(f"{mode}: the run tells when it is new", logged,
                   "not encrypted" in host.said.stderr)
            expect(f"{mode}: doctor tells", told, any(
                "not encrypted" in words for _, words in doctor(host)))
    finally:
        server.stop()


def restored(fleet):
    """The reporter's backup, restored, sends nothing that was sent since."""
    leader, other = fleet.hosts[:2]
    leader.mode = "preview"
    leader.write_conf()
    for host in range(2):
        fleet.count(at(0, 9), host, *some(DOMAINS, host))
    for host in (leader, other):
        host.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    for minute in (25, 30, 35):
        for host in (leader, other):
            host.run(at(1, 0, minute))
    backup = leader.folder / "backup.mdb"
    leader.tlstally("backup", backup)
    expect("the reports wait in the backup", "20", leader.tlstally(
        "query", "tls-internal-report", "--count").stdout.strip())

    def restore():
        shutil.rmtree(leader.folder / "store")
        (leader.folder / "store").mkdir()
        expect("a backup is restored", 0,
               leader.tlstally("restore", backup).returncode)

    leader.mode = "all"
    leader.write_conf()
    leader.run(at(1, 0, 40))
    expect("they were sent since", 20, len(leader.sent_files()))
    restore()
    for step in ("rollup", "deliver"):
        leader.tlstally(step, "--now", text(at(1, 0, 45)))
    expect("a delivery alone sends nothing of it", 20, len(leader.sent_files()))
    for minute in (50, 55):
        leader.run(at(1, 0, minute))
    expect("nor does a run", 20, len(leader.sent_files()))
    expect("the day is done", ["t"], fleet.ask(
        "SELECT done_at > 0 FROM tlstally.day"
        f" WHERE day = {at(0) // 86400}"))
    restore()
    for minute in (5, 10):
        leader.run(at(1, 1, minute))
    expect("nor when the day was done before", 20, len(leader.sent_files()))
    expect("and nothing waits", "0", leader.tlstally(
        "query", "tls-internal-report", "--count").stdout.strip())
    restore()
    for minute in (31, 35):
        other.run(at(1, 1, minute))
    for minute in (36, 40):
        leader.run(at(1, 1, minute))
    expect("nor when another host leads by now", 20, len(fleet.sent()))
    expect("its store is whole", 0, leader.tlstally("check-store").returncode)


def unclaimed(fleet):
    """What the ledger does not take waits, is sent later, and all say so."""
    leader, other = fleet.hosts[:2]
    for host in range(2):
        fleet.count(at(0, 9), host, *some(DOMAINS, host))
    for host in (leader, other):
        host.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    fleet.ask("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN RAISE EXCEPTION ''no room for it''; END'")
    fleet.ask("CREATE TRIGGER refuse BEFORE INSERT ON tlstally.report"
              " FOR EACH ROW EXECUTE FUNCTION refuse()")
    for host in (leader, other):
        host.run(at(1, 0, 25))
    said = leader.tlstally("-v", "run", "--now", text(at(1, 0, 35)))
    expect("the run says that they wait", [True, False], [
        "20 wait for the ledger of the fleet" in said.stdout,
        "in time" in said.stdout])
    expect("and why", True, "no room for it" in said.stderr)
    said = leader.tlstally("-v", "run", "--now", text(at(1, 0, 46)))
    expect("that once, and how many each time", [True, False], [
        "20 wait for the ledger of the fleet" in said.stdout,
        "no room" in said.stderr])
    grade, words = doctor(leader)[0]
    expect("doctor says so", ["bad", True],
           [grade, words.startswith("reports of the fleet wait for its ledger:")])
    expect("nothing was sent", {}, fleet.sent())
    fleet.ask("DROP TRIGGER refuse ON tlstally.report")
    leader.run(at(1, 1))
    expect("they go when it takes them", 20, len(fleet.sent()))
    expect("which is told", True, "takes reports again" in leader.said.stderr)
    expect("doctor: all is well", "good", doctor(leader)[0][0])


def all_deferred(fleet):
    """Two hosts, and the one that leads can send nothing: its 20 reports wait."""
    leader, other = fleet.hosts[:2]
    leader.transport = ("mail = off\nhttps = off\n"
                        f"directory = {leader.folder}/conf/none")
    leader.write_conf()
    for host in range(2):
        fleet.count(at(0, 9), host, *some(DOMAINS, host), *map(plain, DOMAINS))
    for host in (leader, other):
        host.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    leader.run(at(1, 0, 22))
    other.run(at(1, 0, 25))
    leader.run(at(1, 0, 30))
    expect("the ledger has all as deferred", ["20|deferred"], fleet.ask(
        "SELECT count(*), state FROM tlstally.destination GROUP BY state"))
    return other


def take_over(fleet, host, moment):
    host.tlstally("fleet", "lead", "--now", text(moment))
    host.run(moment)


def deferred(fleet):
    """Who takes over tries what was deferred when the other host would have."""
    other = all_deferred(fleet)
    expect("the ledger has the time of the next try", ["t"], fleet.ask(
        f"SELECT bool_and(due BETWEEN {at(1, 0, 34)} AND {at(1, 0, 36)})"
        " FROM tlstally.destination"))
    take_over(fleet, other, at(1, 0, 31))
    expect("before it nothing is tried", {}, fleet.sent())
    other.run(at(1, 0, 36))
    expect("then all", 20, len(fleet.sent()))


def held(fleet):
    """What is held is not due at who takes over, whatever was under way."""
    other = all_deferred(fleet)
    fleet.ask("UPDATE tlstally.report SET state = 'held' WHERE domain ="
              " 'd0.example'")
    fleet.ask("UPDATE tlstally.destination SET state = 'inflight' WHERE domain"
              " IN ('d0.example', 'd1.example')")
    other.mode = "preview"
    other.write_conf()
    take_over(fleet, other, at(1, 0, 31))
    shown = {
        report["domain"]: [
            (report["status"], destination["nextAttempt"])
            for destination in report["destinations"]]
        for report in json.loads(other.tlstally(
            "query", "tls-internal-report", "--json").stdout)}
    expect("it has no next try", [("held", None)], shown["d0.example"])
    expect("and what is not is tried at once",
           [("deferred", text(at(1, 0, 31)))], shown["d1.example"])


def damaged(fleet):
    """A report in the ledger that cannot be read keeps no other one back."""
    other = all_deferred(fleet)
    for domain, what in (("d0", "body = '!'"), ("d1", "body = 'AAAA'"),
                         ("d2", "body = NULL")):
        fleet.ask(f"UPDATE tlstally.report SET {what} WHERE domain ="
                  f" '{domain}.example'")
    fleet.ask("UPDATE tlstally.destination SET uri = 'none' WHERE domain ="
              " 'd3.example'")
    take_over(fleet, other, at(1, 0, 50))
    gone = {f"d{i}.example" for i in range(4)}
    expect("the others are sent", set(DOMAINS) - gone,
           {domain for domain, _ in fleet.sent()})
    words = ("the ledger of the fleet has reports that cannot be read and are"
             " not sent (4); the first is that of d0.example of"
             f" {day_text(0)}: ")
    expect("the run tells it", True, words in other.said.stderr)
    other.run(at(1, 0, 55))
    expect("once", False, "cannot be read" in other.said.stderr)
    expect("doctor, too, and longer", [True], [
        said.startswith(words) for grade, said in doctor(other)
        if grade == "bad"])
    fleet.count(at(1, 10), 1, *map(plain, DOMAINS))
    fleet.move_on(at(2, 0, 20))
    other.run(at(2, 0, 21))
    fleet.hosts[0].run(at(2, 0, 22))
    for minute in (25, 30):
        other.run(at(2, 0, minute))
    expect("and the next day is reported", 20, sum(
        day == day_text(1) for _, day in fleet.sent()))
    expect("the store is whole", 0, other.tlstally("check-store").returncode)


def mails(host):
    """What it has given to its mail server: domain to bytes; one twice ends the test."""
    found = {}
    for path in (host.folder / "mails").glob("*.mail"):
        mail = path.read_bytes()
        domain = re.search(rb"^TLS-Report-Domain: (\S+)", mail, re.M).group(1).decode()
        if domain in found:
            raise SystemExit(f"FAIL: {domain} twice at {host.name}")
        found[domain] = mail
    return found


def stopped(fleet):
    """A reporter that was stopped, and goes on when another leads, claims nothing."""
    leader, other = fleet.hosts[:2]
    go = fleet.folder / "go"
    for host in (leader, other):
        (host.folder / "mails").mkdir()
        program = host.folder / "sendmail"
        program.write_text(f"""#!/bin/sh
cat >{host.folder}/mails/$$.part
mv {host.folder}/mails/$$.part {host.folder}/mails/$$.mail
""" + (f"while [ ! -e {go} ]; do sleep 0.1; done\n" if host == leader else ""))
        program.chmod(0o755)
        host.transport = f"mail = sendmail:{program}\nhttps = off"
        host.write_conf()
    domains = [f"d{i}.example" for i in range(150)]
    for host in range(2):
        fleet.count(at(0, 9), host, *map(plain, domains))
    for host in (leader, other):
        host.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    leader.run(at(1, 0, 22))
    other.run(at(1, 0, 25))
    process = subprocess.Popen(
        [BIN / "tlstally", "-c", leader.folder / "conf", "run", "--now",
         text(at(1, 0, 30))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while not mails(leader) and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        claimed = set(fleet.ask("SELECT domain FROM tlstally.destination"
                                " WHERE state = 'inflight'"))
        expect("it has some of its reports under way", [True, True],
               [0 < len(claimed) < 150, set(mails(leader)) <= claimed])
        take_over(fleet, other, at(1, 0, 36))
        expect("the other one sends all", set(domains), set(mails(other)))
        expect("what was under way as uncertain", claimed, set(fleet.ask(
            "SELECT domain FROM tlstally.destination WHERE uncertain")))
    finally:
        go.touch()
        process.send_signal(signal.SIGCONT)
    process.wait(timeout=120)
    expect("when it goes on it takes up nothing new", set(),
           set(mails(leader)) - claimed)
    expect("and what came twice is the same", [], [
        domain for domain, mail in mails(leader).items()
        if mail != mails(other)[domain]])
    before = len(mails(leader))
    leader.run(at(1, 0, 40))
    other.run(at(1, 0, 41))
    expect("its next run sends nothing", before, len(mails(leader)))
    expect("all are settled, as sent", ["150|delivered"], fleet.ask(
        "SELECT count(*), state FROM tlstally.destination GROUP BY state"))
    expect("the stores are whole", [0, 0], [
        host.tlstally("check-store").returncode for host in (leader, other)])


BOUNCE = """From: MAILER-DAEMON@{domain}
To: {to}
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.{domain}

Final-Recipient: rfc822; tls@{domain}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <tls@{domain}>: User unknown
--b--
"""


def bounced(fleet):
    """A bounce that comes to another host finds the one that sent the report."""
    sender, other, third = fleet.hosts
    program = fleet.folder / "sendmail"
    program.write_text(f"""#!/bin/sh
exec cat >/dev/null
""")
    program.chmod(0o755)
    for host in fleet.hosts:
        host.transport = f"mail = sendmail:{program}\nhttps = off\nverp = yes"
        host.write_conf()
    for host in range(3):
        fleet.count(at(0, 9), host, *map(plain, ("a.example", "b.example")))
    fleet.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    for minute in (25, 30, 35):
        fleet.run(at(1, 0, minute))
    senders = dict(zip("ab", fleet.ask(
        "SELECT envelope FROM tlstally.destination ORDER BY domain")))
    expect("two mails were sent, with a return address each", 2,
           len(set(senders.values())))

    def bounce(host, domain, to):
        said = host.tlstally("bounce", to, "--json",
                             stdin=BOUNCE.format(domain=domain, to=to))
        return json.loads(said.stdout)["result"]

    def known(host):
        """Reports whose destinations it has as bounced."""
        said = host.tlstally("query", "sent-report", "--json").stdout
        return sorted(report["domain"] for report in json.loads(said)
                      if "User unknown" in json.dumps(report))

    expect("who sent it knows it", "suppressed",
           bounce(sender, "a.example", senders["a"]))
    expect("another host passes it on", "passed-on",
           bounce(other, "b.example", senders["b"]))
    expect("also what is nobody's", "passed-on", bounce(
        other, "b.example", senders["b"].replace("+", "+9")[:-14] + "0@example.com"))
    fleet.server.stop()
    other.run(at(1, 0, 40))
    fleet.server.start()
    expect("it waits while the database is down", [], fleet.ask(
        "SELECT * FROM tlstally.bounce"))
    other.run(at(1, 0, 45))
    expect("and is in the ledger then, alone", ["1"], fleet.ask(
        "SELECT count(*) FROM tlstally.bounce"))
    third.run(at(1, 0, 46))
    expect("a third host leaves it there", ["1"], fleet.ask(
        "SELECT count(*) FROM tlstally.bounce"))
    expect("so far the sender does not know it", ["a.example"], known(sender))
    sender.run(at(1, 0, 50))
    expect("its next run does", ["a.example", "b.example"], known(sender))
    expect("and the ledger has it as bounced", ["b.example|bounced"], fleet.ask(
        "SELECT domain, state FROM tlstally.destination WHERE domain ="
        " 'b.example'"))
    expect("nothing is on its way any more", [], fleet.ask(
        "SELECT * FROM tlstally.bounce"))
    expect("the stores are whole", [0, 0, 0], [
        host.tlstally("check-store").returncode for host in fleet.hosts])


def refusals(fleet):
    """What is refused, in words."""
    host = fleet.hosts[0]
    cases = [
        ("a password in the URL", "password", [
            "-o", "fleet.ledger=postgresql://u:secret@h/db", "fleet"]),
        ("one in its options", "password", [
            "-o", "fleet.ledger=postgresql://h/db?pass%77ord=secret", "fleet"]),
        ("one of a certificate's key", "password", [
            "-o", "fleet.ledger=postgresql://h/db?sslcert=c&sslpassword=secret",
            "fleet"]),
        ("no URL of PostgreSQL", "does not begin with", [
            "-o", "fleet.ledger=mysql://h/db", "fleet"]),
        ("no fleet", "[fleet] ledger is not set", [
            "-o", "fleet.ledger=", "fleet"]),
        ("no --now with a ledger for rehearsals", "for rehearsals", ["fleet"]),
        ("nobody's host", "no host", [
            "fleet", "retire", "nobody.example.com", "--now", text(at(0))]),
        ("a database without a ledger", "fleet init", [
            "-o", f"fleet.ledger={fleet.server.url('template1')}", "fleet",
            "--now", text(at(0))]),
        ("no database", "does not exist", [
            "-o", f"fleet.ledger={fleet.server.url('nothing')}", "fleet"]),
        ("no server", "socket", [
            "-o", "fleet.ledger=postgresql:///db?host=/nowhere", "fleet"]),
        ("the other kind of ledger", "for rehearsals", ["fleet", "init"]),
    ]
    for name, words, command in cases:
        said = host.tlstally(*command)
        expect(f"{name} is refused", [True, True, False],
               [said.returncode != 0, words in said.stderr,
                "secret" in said.stderr])
    expect("made twice it is as it was", 0,
           host.tlstally("fleet", "init", "--rehearsal").returncode)
    fleet.ask("UPDATE tlstally.fleet SET version = 99")
    for command in (["fleet", "--now", text(at(0))],
                    ["fleet", "init", "--rehearsal"]):
        said = host.tlstally(*command)
        expect("a newer ledger is refused", True,
               said.returncode != 0 and "upgrade tlstally" in said.stderr)
    host.count(at(0, 9), plain("a.example"))
    expect("a run ships nothing to it", [False, 0], [
        host.run(at(0, 10))["fleet"][what] for what in ("reached", "daysShipped")])
    fleet.ask("UPDATE tlstally.fleet SET version = 0")
    expect("an older one is, too", True,
           "fleet init" in host.tlstally("fleet", "--now", text(at(0))).stderr)
    said = host.tlstally("fleet", "init", "--rehearsal")
    expect("which init does not know either", True,
           said.returncode != 0 and "no tlstally has made" in said.stderr)
    fleet.ask("UPDATE tlstally.fleet SET version = 1")
    fleet.ask("CREATE ROLE worker LOGIN")
    statements = [line.replace("tlstally;", "worker;") for line in (
        "GRANT USAGE ON SCHEMA tlstally TO tlstally;",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tlstally"
        " TO tlstally;")]
    fleet.ask(" ".join(statements))
    host.url = fleet.server.url(fleet.name, "worker")
    host.write_conf()
    expect("the rights that are told are enough", 1,
           host.run(at(0, 11))["fleet"]["daysShipped"])


def shipped(fleet, host):
    """What the ledger has of a host's days, and what it says it is."""
    rows = fleet.ask("SELECT day, count(*), sum(success), sum(failure) FROM"
                     f" tlstally.host_domain WHERE host = '{host.name}'"
                     " GROUP BY day ORDER BY day")
    says = fleet.ask("SELECT day, domains, success, failure FROM"
                     f" tlstally.host_day WHERE host = '{host.name}'"
                     " AND domains > 0 ORDER BY day")
    return rows, says


def cut_off(fleet):
    """A connection that is reset anywhere leaves the shipment before, or this one."""
    host = fleet.hosts[0]
    proxy = Proxy(fleet.server)
    host.url = proxy.url(fleet.name)
    host.write_conf()
    domains = [f"d{i}.example" for i in range(300)]
    host.count(at(0, 9), *map(plain, domains))
    cut, whole, half, copying = 400, 0, [], 0
    while whole == 0 and cut < 1000000:
        proxy.bytes, proxy.last = cut, b""
        ran = host.run(at(0, 10))
        whole = ran["fleet"]["daysShipped"]
        # rows of COPY and no end of it
        copying += proxy.last.rpartition(b"FROM STDIN")[2].count(b".example\t") > 0
        rows, says = shipped(fleet, host)
        if rows != says:
            half.append(cut)
        cut = int(cut * 1.25)
    expect("no shipment is half there", [], half)
    expect("it was reset in the middle of COPY, too", True, copying > 1)
    expect("and ships when it is not", True, whole == 1 and says[0].split("|")[1]
           == "300")
    # killed between its own commits and those of the ledger
    host.count(at(0, 11), *map(failed_sts, domains))
    proxy.bytes = None
    lost = host.tlstally("run", "--now", text(at(0, 12)),
                         env={"TLSTALLY_FAIL_AT": "1"})
    expect("a run that is killed at its first commit", True,
           lost.returncode != 0)
    for at_commit in range(2, 12):
        host.tlstally("run", "--now", text(at(0, 12)),
                      env={"TLSTALLY_FAIL_AT": str(at_commit)})
    host.run(at(0, 12))
    expect("and at any of the others is no copy of itself", "", host.said.stderr)
    rows, says = shipped(fleet, host)
    expect("all of it is there, once", [rows, "300|300|300"],
           [says, rows[0].split("|", 1)[1]])


def far_away(fleet):
    """200 ms from the database, a run takes some seconds."""
    host = fleet.hosts[0]
    proxy = Proxy(fleet.server)
    host.url = proxy.url(fleet.name)
    host.write_conf()
    proxy.delay = 0.1
    host.count(at(0, 9), *(plain(f"d{i}.example") for i in range(1000)))
    expect("it ships", 1, host.run(at(0, 10))["fleet"]["daysShipped"])
    began = time.monotonic()
    expect("and has nothing to ship", 0,
           host.run(at(0, 10, 5))["fleet"]["daysShipped"])
    print(f"    a quiet run: {time.monotonic() - began:.1f} s")


def conflicts(fleet):
    """Transactions that the database undoes are begun again."""
    fleet.ask("CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN IF random() < 0.5 THEN RAISE EXCEPTION ''undone'' USING"
              " ERRCODE = ''40001''; END IF; RETURN NEW; END'")
    fleet.ask("CREATE TRIGGER undo BEFORE INSERT OR UPDATE ON tlstally.host_day"
              " FOR EACH ROW EXECUTE FUNCTION undo()")
    fleet.ask(f"ALTER DATABASE {fleet.name} SET default_transaction_isolation"
              " = 'serializable'")
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    for minute in range(0, 30, 5):
        fleet.run(at(0, 14, minute))
    fleet.move_on(at(1, 0, 20))
    for minute in range(20, 60, 5):
        fleet.run(at(1, 0, minute))
    fleet.all.run(at(1, 1))
    expect("reports are those of a host that saw everything",
           content(fleet.all.reports()), content(fleet.sent()))


def unreadable(fleet):
    """One host's day that cannot be read does not keep the others' back for ever."""
    for host in range(3):
        fleet.count(at(0, 9 + host), host, *some(DOMAINS, host))
    fleet.run(at(0, 14))
    fleet.move_on(at(1, 0, 20))
    fleet.hosts[0].run(at(1, 0, 25))
    for host in fleet.hosts[1:]:
        host.run(at(1, 0, 30))
    fleet.ask("UPDATE tlstally.host_domain SET line = replace(line,"
              " '\"success\":', '\"success\":1') WHERE host = 'mx3.example.com'")
    fleet.hosts[0].run(at(1, 0, 35))
    expect("it is told", True, "mx3.example.com: line" in
           fleet.hosts[0].said.stderr)
    expect("and waited for until the deadline", {}, fleet.sent())
    fleet.hosts[0].run(at(1, 6, 5))
    expect("then it is named", True,
           "mx3.example.com" in fleet.hosts[0].said.stderr)
    two = sum(policy["summary"][f"total-{what}-session-count"]
              for report in fleet.sent().values()
              for policy in report["policies"]
              for what in ("successful", "failure"))
    expect("and the others are reported", 120, two)


def disk_full(fleet):
    """A database whose disk is full is told of; nothing is lost by it."""
    if os.geteuid() != 0:
        print("SKIP: only root can make a disk that is full")
        return
    server = Server(fleet.folder / "small", fleet.server.programs)
    disk = server.folder / "disk"
    disk.mkdir()
    os.chown(disk, *server.programs.user)
    server.start(disk=disk)
    try:
        inside = server.programs.inside(disk)
        server.psql(f"CREATE TABLESPACE small LOCATION '{inside}'")
        server.psql("CREATE DATABASE full_disk TABLESPACE small")
        host = fleet.hosts[0]
        host.url = server.url("full_disk")
        host.write_conf()
        expect("a ledger is made", 0, host.tlstally(
            "fleet", "init", "--rehearsal").returncode)
        host.count(at(0, 9), *(plain(f"d{i}.example") for i in range(3000)))
        ballast = server.on_disk(disk) / "ballast"
        with open(ballast, "wb") as file:
            try:
                while file.write(bytes(65536)):
                    file.flush()
            except OSError:
                pass
        ran = host.run(at(0, 10))
        expect("nothing is shipped", 0, ran["fleet"]["daysShipped"])
        expect("it says why", True, "No space left on device" in host.said.stderr)
        expect("and doctor, too", "bad", doctor(host)[0][0])
        ballast.unlink()
        expect("when there is room it ships", 1,
               host.run(at(0, 10, 5))["fleet"]["daysShipped"])
        expect("all of it", ["3000"], server.ask(
            "SELECT count(*) FROM tlstally.host_domain", "full_disk"))
    finally:
        server.stop()


def read_only(fleet):
    """A server that takes nothing is told of, and the run goes on."""
    host = fleet.hosts[0]
    host.count(at(0, 9), plain("a.example"))
    fleet.ask(f"ALTER DATABASE {fleet.name} SET default_transaction_read_only"
              " = on")
    ran = host.run(at(0, 10))
    expect("nothing is shipped", [True, 0],
           [ran["fleet"]["reached"], ran["fleet"]["daysShipped"]])
    expect("it says why", True, "read-only transaction" in host.said.stderr)
    fleet.ask("BEGIN READ WRITE; ALTER DATABASE"
              f" {fleet.name} RESET default_transaction_read_only; COMMIT")
    expect("and ships when it can", 1,
           host.run(at(0, 10, 5))["fleet"]["daysShipped"])


TESTS = [one_report, deadline, database_down, late_night, joining, from_files, clones,
         takeover, orphaned, deleted, restored, unclaimed, deferred, held,
         damaged, stopped, bounced, other_settings, bad_relay,
         leaving, last_leaves, suppressions, rates,
         clocks, exposed, refusals, cut_off, far_away, conflicts, unreadable,
         read_only, disk_full]


def main():
    names = sys.argv[1:]
    programs = postgres_programs()
    with world("ledger.", programs) as folder:
        server = Server(folder / "postgres", programs)
        server.start()
        try:
            for test in TESTS:
                if names and test.__name__ not in names:
                    continue
                print(f"== {test.__doc__}", flush=True)
                test(Fleet(folder, server, test.__name__, ["mx1", "mx2", "mx3"]))
        finally:
            server.stop()
    raise SystemExit(1 if failed else 0)


main()
