#!/usr/bin/env python3
"""map_full - the store is as large as [store] map_size allows, and then may
be larger

In the build folder.  tlstallyd counts until the store takes no more.  Then a
person raises map_size in the settings: the daemon, which runs on, takes it,
and nothing that it had counted is lost.  tlstally-httpd, which reads the same
store, follows.
"""
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from testlib import HERE, Daemon, free_port, must_come

TOTALS = HERE / "tests/e2e/store_totals"
EACH = 1500


class World:
    def __init__(self, folder):
        self.folder = folder
        self.conf = folder / "conf"
        self.log = folder / "log"
        self.events = folder / "run/events"
        self.port = free_port()
        (folder / "store").mkdir(mode=0o750)
        self.settings("1M")
        self.daemons = []
        self.domains = 0

    def settings(self, map_size):
        new = self.folder / "conf.new"
        new.write_text(f"""[report]
contact_info = tls@example.com
[store]
directory = {self.folder}/store
map_size = {map_size}
[events]
socket = unix:{self.events}
socket_owner =
socket_group =
commit_interval = 100ms
[http]
listen = inet:127.0.0.1:{self.port}
metrics =
open_metrics = yes
""")
        new.rename(self.conf)

    def start(self, name, words):
        self.daemons.append(Daemon(name, self.conf, self.log))
        self.daemons[-1].must_say(words)

    def said(self, words):
        return words in self.log.read_text()

    def send(self, count):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(str(self.events))
            for _ in range(count):
                self.domains += 1
                domain = f"d{self.domains}.example"
                s.send(json.dumps({
                    "d": domain,
                    "pr": f"v=TLSRPTv1; rua=mailto:tls@{domain}",
                    "policies": [{"policy-type": 9, "policy-domain": domain,
                                  "f": 0}]}).encode())

    def metrics(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request("GET", "/metrics")
        return c.getresponse().status

    def stop(self):
        return [daemon.stop() for daemon in self.daemons]


def run(world):
    world.start("tlstallyd", "counting events")
    world.start("tlstally-httpd", "serving")
    world.send(10)
    assert world.metrics() == 200
    while not world.said("cannot commit counters"):
        world.send(EACH)
        time.sleep(0.5)
    world.send(EACH)
    world.settings("64M")
    must_come("counters committed again",
             lambda: world.said("counters are committed again"))
    assert world.said("[store] map_size is 67108864 now")
    world.send(EACH)
    must_come("httpd follows", lambda: world.metrics() == 200)
    codes = world.stop()
    got = subprocess.run([TOTALS, "-s", world.folder / "store"], check=True,
                         capture_output=True, text=True).stdout.split()
    want = ["events", str(world.domains), "bad", "0", "without", "domain",
            "0"]
    print(f"{world.domains} domains: {' '.join(got)}; ended {codes}")
    return got == want and codes == [0, 0]


def main():
    with tempfile.TemporaryDirectory() as name:
        world = World(pathlib.Path(name))
        try:
            ok = run(world)
        finally:
            for daemon in world.daemons:
                daemon.kill()
            print(world.log.read_text()[-2000:])
    return 0 if ok else 1


sys.exit(main())
