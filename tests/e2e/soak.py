#!/usr/bin/env python3
"""soak - tlstallyd under load for a long time

    soak.py [SECONDS]

In the build folder.  Rounds of 20,000 events of 2,000 domains, a part of them
with failures, wait for their place in the queue; what the senders say they sent
must stand in the store, and the memory of the last half must be no more than a
tenth above that of the first.  scripts/check-long runs it.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from testlib import HERE, Daemon

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60
EVENTS = 20000


def memory_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise RuntimeError("no RssAnon")


def soak(folder):
    settings = folder / "conf"
    socket = folder / "events"
    (folder / "store").mkdir()
    settings.write_text(f"""[report]
contact_info = tls-reports@example.com
[store]
directory = {folder}/store
[events]
socket = unix:{socket}
socket_owner =
socket_group =
""")
    daemon = Daemon(
        "tlstallyd", settings, folder / "log",
        # what AddressSanitizer holds back of freed memory is not the daemon's
        env=os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=1"})
    try:
        end = time.monotonic() + SECONDS
        daemon.must_say("counting events")
        sent, memory = 0, []
        while time.monotonic() < end:
            said = subprocess.run(
                [HERE / "tests/e2e/send_load", "-w", "-n", str(EVENTS), "-d",
                 "2000", "-f", "10", "-u", "50", socket],
                check=True, capture_output=True, text=True).stdout.split()
            sent += int(said[said.index("sent") + 1])
            memory.append(memory_kib(daemon.process.pid))
    finally:
        daemon.stop()
    got = subprocess.run(
        [HERE / "tests/e2e/store_totals", "-s", folder / "store"], check=True,
        capture_output=True, text=True).stdout.split()
    counted = int(got[got.index("events") + 1])
    half = len(memory) // 2
    grown = max(memory[half:]) / max(memory[:half] or [1])
    print(f"{len(memory)} rounds, {sent} sent, {counted} counted; "
          f"{max(memory)} KiB at most, {grown:.2f} of the first half's")
    # a round or two say nothing of memory
    return counted == sent and sent > 0 and (half < 2 or grown < 1.1)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ok = soak(folder)
        if not ok:
            print((folder / "log").read_text())
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
