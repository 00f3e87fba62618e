#!/usr/bin/env python3
"""ledgerkill - hosts and their ledger killed at random make the same reports

    ledgerkill.py [SEED [ROUNDS]]

In the build folder.  In each round three hosts count for a day and share a ledger.
Their runs are killed at the n-th commit, of the store or of the ledger, or the
server is killed under them, at any moment; whoever comes first leads.  Once all are
left in peace, each domain has one report, and it is that of a host that has seen
everything and was never killed; what was under way at a kill may have been sent
twice, is the same twice, and is uncertain.
"""
import os
import random
import subprocess
import sys
import time

from ledger_world import (Host, Server, at, content, failed_sts, plain,
                          postgres_programs, text, world)
from testlib import BIN, expect, failed

LONG = os.environ.get("TEST_LONG") == "yes"
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 8460
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else (30 if LONG else 2)
DOMAINS = [f"d{i}.example" for i in range(40)]


class Round:
    def __init__(self, folder, server, number):
        self.pick = random.Random(SEED + number)
        self.server = server
        self.kills = 0
        folder.mkdir()
        self.name = name = f"round{number}"
        self.twice = 0
        server.psql(f"CREATE DATABASE {name}")
        self.hosts = [Host(folder, f"mx{i}", server.url(name)) for i in range(3)]
        self.all = Host(folder, "all", None)
        if self.hosts[0].tlstally("fleet", "init", "--rehearsal").returncode:
            raise SystemExit("FAIL: fleet init")

    def count(self, host, moment):
        datagrams = [self.pick.choice([plain, plain, failed_sts])(
            self.pick.choice(DOMAINS)) for _ in range(self.pick.randint(1, 40))]
        for to in (host, self.all):
            to.count(moment, *datagrams)

    def kill_server_under(self, host, moment):
        with subprocess.Popen(
                [BIN / "tlstally", "-c", host.folder / "conf", "run", "--now",
                 text(moment)], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL) as run:
            time.sleep(self.pick.uniform(0.05, 0.6))
            self.server.kill()
            run.wait()
        self.server.start()

    def disturbed_run(self, host, moment):
        what = self.pick.random()
        if what < 0.1:
            self.kills += 1
            self.kill_server_under(host, moment)
        elif what < 0.8:
            n = self.pick.randint(1, self.pick.choice((25, 200)))
            said = host.tlstally("run", "--now", text(moment),
                                 env={"TLSTALLY_FAIL_AT": str(n)})
            self.kills += said.returncode < 0
        else:
            host.run(moment)

    def live(self):
        moment = at(0, 8)
        for _ in range(4):
            for host in self.hosts:
                self.count(host, moment)
                self.disturbed_run(host, moment + 60)
            moment += 3600
        for host in self.hosts + [self.all]:
            host.count(at(1, 0, 20))
        self.all.run(at(1, 0, 30))
        moment = at(1, 0, 30)
        for _ in range(6 if LONG else 4):
            for host in self.pick.sample(self.hosts, 3):
                self.disturbed_run(host, moment)
                moment += self.pick.randint(60, 900)
        for _ in range(3):
            for host in self.hosts:
                host.run(moment)
                moment += 60

    def sent(self):
        """What was sent twice must be uncertain, and the same."""
        found, files = {}, {}
        for host in self.hosts:
            found.update(host.last_reports())
            for key, body in host.sent_files():
                files.setdefault(key, []).append(body)
        uncertain = self.server.ask(
            "SELECT domain FROM tlstally.destination WHERE uncertain", self.name)
        twice = [key for key, bodies in files.items() if len(bodies) > 1]
        self.twice = len(twice)
        expect("none is sent twice, but what nobody knows", [],
               [key for key in twice if key[0] not in uncertain])
        expect("and that is the same twice", [],
               [key for key in twice if len(set(files[key])) > 1])
        return found


def main():
    programs = postgres_programs()
    with world("ledgerkill.", programs) as folder:
        server = Server(folder / "postgres", programs)
        server.start()
        try:
            for number in range(ROUNDS):
                it = Round(folder / f"round{number}", server, number)
                it.live()
                sent = it.sent()
                print(f"seed {SEED}, round {number}: {it.kills} kills,"
                      f" {it.twice} reports twice", flush=True)
                expect("each domain has one report, of all that was counted",
                       content(it.all.reports()), content(sent))
                for host in it.hosts:
                    expect(f"{host.name} is well", [0, False], [
                        host.tlstally("check-store").returncode,
                        bool(host.run(at(1, 7)) is None or "copy" in
                             host.said.stderr)])
        finally:
            server.stop()
    raise SystemExit(1 if failed else 0)


main()
