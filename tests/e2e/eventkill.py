#!/usr/bin/env python3
"""eventkill - tlstallyd killed at random under load loses a commit interval

    eventkill.py [SEED [KILLS]]

In the build folder.  Events come as fast as tlstallyd takes them, or 3,000 a
second; it is killed with SIGKILL every now and then and started again, while
`tlstally status`, JMAP and the page's lists are asked all the while and
`tlstally run` comes again and again.  The sender knows what the kernel took.
In the end

  - no domain has more than was sent for it, and each round lacks at most what
    came after the moment up to which the feed says that it has counted;
  - what readers see never becomes less, nor more than was sent;
  - no reader and no run has failed.
"""
import collections
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from testlib import BIN, HERE, Daemon, expect, failed, free_port

LONG = os.environ.get("TEST_LONG") == "yes"
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 8460
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else (60 if LONG else 4)
DOMAINS = 500
RATE = 3000
QUEUE = int(pathlib.Path("/proc/sys/net/unix/max_dgram_qlen").read_text())


class World:
    def __init__(self, folder):
        self.folder = folder
        self.conf = folder / "conf"
        self.socket = folder / "events"
        self.port = free_port()
        (folder / "store").mkdir()
        self.conf.write_text(f"""[report]
contact_info = tls-reports@reporter.example
[store]
directory = {folder}/store
[events]
socket = unix:{self.socket}
socket_owner =
socket_group =
[http]
listen = inet:127.0.0.1:{self.port}
metrics =
""")

    def tlstally(self, *words):
        done = subprocess.run([BIN / "tlstally", "-c", self.conf, *words],
                              capture_output=True, text=True)
        # of `status`: 1 says that something needs action
        if done.returncode not in ((0, 1) if words[0] == "status" else (0,)):
            raise RuntimeError(f"tlstally {' '.join(words)}: "
                               f"{done.returncode} {done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.tlstally("status", "--json"))


def counted(status):
    return sum(day["events"] for day in status["events"])


class Readers:
    """All that look, each in a thread; what one of them finds wrong is kept."""

    def __init__(self, world):
        self.world = world
        self.wrong = []
        self.looks = collections.Counter()
        self.most_sent = 0  # so many may have been seen
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.look, args=(what,))
                        for what in (self.look_at_status, self.ask_jmap,
                                     self.run)]

    def start(self):
        self.token = self.world.tlstally("token", "add", "test",
                                         "--permission", "all").strip()
        self.httpd = Daemon("tlstally-httpd", self.world.conf,
                            self.world.folder / "httpd.log")
        self.httpd.must_say("serving")
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        expect("tlstally-httpd ends well", 0, self.httpd.stop())

    def look(self, what):
        seen = 0
        while not self.over.is_set():
            try:
                seen = what(seen) or seen
                self.looks[what.__name__] += 1
            except Exception as e:  # also what the other side did wrong
                self.wrong.append(f"{what.__name__}: {e!r}")
            time.sleep(0.05)

    def must_grow(self, before, now):
        if now < before:
            raise AssertionError(f"{before} events were seen, then {now}")
        return now

    def look_at_status(self, seen):
        return self.must_grow(seen, counted(self.world.status()))

    def ask_jmap(self, seen):
        calls = [["tally:Status/get", {"ids": None}, "0"],
                 ["tally:Domain/query", {"filter": {"hasFailures": True},
                                         "sort": [{"property": "domain"}],
                                         "limit": 50}, "1"],
                 ["tally:Domain/get", {"#ids": {
                     "resultOf": "1", "name": "tally:Domain/query",
                     "path": "/ids"}}, "2"]]
        body = json.dumps({"using": ["urn:ietf:params:jmap:core",
                                     "urn:tlstally:jmap"],
                           "methodCalls": calls}).encode()
        ask = urllib.request.Request(
            f"http://127.0.0.1:{self.world.port}/api", body,
            {"Authorization": "Bearer " + self.token,
             "Content-Type": "application/json"})
        with urllib.request.urlopen(ask, timeout=60) as answer:
            got = json.load(answer)["methodResponses"]
        for name, value, _ in got:
            if name == "error":
                raise AssertionError(value)
        return self.must_grow(seen, counted(got[0][1]["list"][0]))

    def run(self, _):
        self.world.tlstally("run")
        time.sleep(0.3)


class Round:
    """One life of tlstallyd and its sender."""

    def __init__(self, world, number):
        self.world = world
        self.truth_file = world.folder / f"truth{number}"
        self.daemon = Daemon("tlstallyd", world.conf,
                             world.folder / f"log{number}")
        self.daemon.must_say("counting events")

    def send(self, *options):
        self.begun = time.time()
        self.sender = subprocess.Popen(
            [HERE / "tests/e2e/send_load", "-w", "-z", "-d", str(DOMAINS),
             "-f", "10", "-u", "50", "-t", self.truth_file, *options,
             self.world.socket], stdout=subprocess.PIPE, text=True)

    def wait(self):
        """Adds what was sent; how many that were."""
        words = self.sender.communicate()[0].split()
        return int(words[words.index("sent") + 1])

    def add_truth(self, truth):
        for line in self.truth_file.read_text().splitlines():
            domain, good, bad = line.split()
            truth[domain][0] += int(good)
            truth[domain][1] += int(bad)


def secs_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")
                                           ).timestamp()


def kill_once(world, number, chance, truth, before):
    """Returns what is counted after it."""
    one = Round(world, number)
    full = number % 2 == 0
    one.send("-n", "0", *(() if full else ("-r", str(RATE))))
    time.sleep(chance.uniform(0.2, 4))
    one.daemon.kill()
    died = time.time()
    sent = one.wait()
    one.add_truth(truth)
    status = world.status()
    now = counted(status)
    feed = next((f for f in status["feeds"] if f["name"] == "events"), {})
    until = secs_of(feed["countedUntil"]) if feed.get("countedUntil") else 0
    # whole seconds stand in the feed; what was being read when it was noted
    # may be on either side
    open_secs = min(died - max(until, one.begun - 1) + 1, died - one.begun)
    rate = sent / max(died - one.begun, 0.001)
    lost = sent - (now - before)
    # a sender does not keep one pace at every moment
    most = 3 * rate * max(open_secs, 0) + QUEUE + 64
    print(f"# kill {number}: sent {sent}, {rate:.0f}/s, lost {lost}, "
          f"open for {open_secs:.1f} s")
    expect(f"kill {number}: nothing is counted twice", True, lost >= 0)
    expect(f"kill {number}: what the feed has counted is there", True,
           lost <= most)
    return now


def last_round(world, number, truth):
    """It ends as a service manager ends it: nothing is lost."""
    one = Round(world, number)
    one.send("-n", "20000", "-r", str(RATE * 3))
    sent = one.wait()
    expect("the last daemon ends well", 0, one.daemon.stop())
    one.add_truth(truth)
    return sent


def compare(world, truth):
    stored = {}
    for line in subprocess.run(
            [HERE / "tests/e2e/store_totals", world.folder / "store"],
            check=True, capture_output=True, text=True).stdout.splitlines():
        domain, good, bad = line.split()
        stored[domain] = [int(good), int(bad)]
    more = [d for d, (good, bad) in stored.items()
            if good > truth[d][0] or bad > truth[d][1]]
    expect("no domain has more than was sent for it", [], more)
    return sum(map(sum, stored.values()))


def test(folder):
    world = World(folder)
    chance = random.Random(SEED)
    truth = collections.defaultdict(lambda: [0, 0])
    readers = Readers(world)
    Round(world, "-begin").daemon.stop()  # makes the store
    readers.start()
    now = 0
    try:
        for number in range(KILLS):
            now = kill_once(world, number, chance, truth, now)
        sent = last_round(world, KILLS, truth)
    finally:
        readers.stop()
    total = counted(world.status())
    expect("all of the last round is counted", sent, total - now)
    world.tlstally("run")
    expect("the domains' counts are those of the days", total,
           compare(world, truth))
    expect("readers and runs found nothing wrong", [], readers.wrong[:5])
    print(f"# looks: {dict(readers.looks)}")
    expect("all of them looked", 3, len(readers.looks))
    world.tlstally("check-store")


def main():
    with tempfile.TemporaryDirectory() as name:
        test(pathlib.Path(name))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
