#!/usr/bin/env python3
"""logkill - tlstally-logd killed at random counts what it counts undisturbed

    logkill.py [--journal] [SEED [SECONDS]]

In the build folder.  A growing mail log with the lines of many smtp(8)
processes is written in pieces that end anywhere, and rotated by rename and by
copytruncate, while tlstally-logd lives and while it is dead; or they are
entries of a journal.  It is killed with SIGKILL every now and then.  Nobody answers DNS at first, then somebody does,
then nobody again, so that sessions wait for their policy at every kill.  In
the end each day, domain, policy and failure must stand in the store as often
as after a run that nobody disturbed, and that one must have counted each
session.
"""
import datetime
import gzip
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

JOURNAL = sys.argv[1:2] == ["--journal"]
ARGUMENTS = sys.argv[2 if JOURNAL else 1:]
SEED = int(ARGUMENTS[0]) if ARGUMENTS else 8460
SECONDS = float(ARGUMENTS[1]) if len(ARGUMENTS) > 1 else 10
DOMAINS = 300
PROCESSES = 24
SESSIONS = 8000
HERE = pathlib.Path.cwd()
LOGD = HERE / "src/programs/tlstally-logd"
TOTALS = HERE / "tests/e2e/store_totals"
REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")
MACHINE_ID = pathlib.Path("/etc/machine-id")


class Dns(threading.Thread):
    """Says that there is no such record, to whatever it is asked, or nothing."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.answers = False
        self.asked = 0

    def run(self):
        while True:
            question, who = self.sock.recvfrom(4096)
            self.asked += 1
            if not self.answers or len(question) < 12:
                continue
            end = 12
            while question[end]:
                end += 1 + question[end]
            # QR RD RA, AD (validated), NODATA
            head = question[:2] + struct.pack(">HHHHH", 0x81a0, 1, 0, 0, 0)
            self.sock.sendto(head + question[12:end + 5], who)


def lines(rng):
    """The sessions' lines, those of different processes mixed; their times go
    through last midnight UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - datetime.timedelta(seconds=SESSIONS // 200)
    waiting = [[] for _ in range(PROCESSES)]
    # until a line about TLS nothing shows that the log has them
    for line in session(rng, 0, "up"):
        yield f"{begin:%Y-%m-%dT%H:%M:%S}+00:00 mx postfix/smtp[999]: {line}"
    for number in range(1, SESSIONS):
        at = begin + datetime.timedelta(seconds=number // 100)
        if at > now:
            at = now
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        which = rng.randrange(PROCESSES)
        while waiting[which]:
            yield f"{stamp} mx postfix/smtp[{1000 + which}]: " + \
                waiting[which].pop(0)
        waiting[which] = session(rng, number)
        for _ in range(rng.randrange(4)):
            other = rng.randrange(PROCESSES)
            if waiting[other]:
                yield f"{stamp} mx postfix/smtp[{1000 + other}]: " + \
                    waiting[other].pop(0)
        if rng.random() < 0.3:
            yield f"{stamp} mx postfix/qmgr[77]: {number:X}: removed"
    for which in range(PROCESSES):
        for line in waiting[which]:
            yield f"{stamp} mx postfix/smtp[{1000 + which}]: " + line


def session(rng, number, kind=None):
    domain = f"d{min(int(rng.expovariate(0.02)), DOMAINS - 1)}.example"
    host = f"mx{rng.randrange(2)}.{domain}"
    peer = f"{host}[192.0.3.{rng.randrange(1, 250)}]:25"
    queue_id = f"{0xA00000 + number:X}"

    def to(user, status, words, more=""):
        return (f"{queue_id}: to=<{user}@{domain}>, relay={peer}, {more}"
                f"delay=0.1, delays=0/0/0/0.1, dsn={words}, status={status}")

    up = (f"TLS connection established to {peer}: TLSv1.3 with cipher "
          "TLS_AES_256_GCM_SHA384 (256/256 bits)")
    sent = ("sent (250 2.0.0 Ok)", "2.0.0")
    kind = kind or rng.choice(
        ["up", "up", "up", "untrusted", "plain", "handshake", "expired", "two",
         "reused", "refused"])
    if kind == "up":
        return ["Trusted " + up, to("u", *sent)]
    if kind == "untrusted":
        return ["Untrusted " + up, to("u", *sent)]
    if kind == "plain":
        return [to("u", *sent)]
    if kind == "two":
        return ["Verified " + up, to("u", *sent), to("v", *sent)]
    if kind == "reused":
        return ["Trusted " + up, to("u", *sent),
                f"{queue_id}0: to=<w@{domain}>, relay={peer}, conn_use=2, "
                "delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, "
                "status=sent (250 2.0.0 Ok)"]
    if kind == "handshake":
        return [f"SSL_connect error to {peer}: -1",
                "warning: TLS library problem: error:0A000410:SSL routines::"
                "sslv3 alert handshake failure:../ssl/record/rec_layer_s3.c:"
                "1601:SSL alert number 40:",
                to("u", "deferred (Cannot start TLS: handshake failure)",
                   "4.7.5")]
    if kind == "expired":
        return [f"server certificate verification failed for {peer}: "
                "certificate has expired", "Untrusted " + up,
                to("u", "deferred (Server certificate not verified)",
                   "4.7.5")]
    return [to("u", "deferred (TLS is required, but was not offered by host "
               f"{peer.rsplit(':', 1)[0]})", "4.7.4")]


class Daemon:
    def __init__(self, directory, dns):
        self.directory = directory
        self.store = directory / "store"
        self.log = directory / "mail.log"
        self.said = directory / "said"
        self.process = None
        (directory / "conf").write_text(f"""
[report]
contact_info = tls@sender.example
[store]
directory = {self.store}
map_size = 1G
[log]
source = {"journal" if JOURNAL else "file"}
file = {self.log}
enforces = dane, sts
tls_loglevel = 1
routed = no
{"journal_users = nobody" if JOURNAL else ""}
commit_interval = 100ms
[policy]
resolver = inet:127.0.0.1:{dns.port}
timeout = 300ms
""")

    def start(self):
        command = [LOGD, "-f", "-c", self.directory / "conf"]
        if JOURNAL:
            # where sd_journal looks, for this one process
            command = ["unshare", "-m", "sh", "-c",
                       'mount --bind "$0" /var/log/journal && exec "$@"',
                       self.log] + command
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(command, stderr=said)

    def kill(self, sig):
        self.process.send_signal(sig)
        self.process.wait()

    def totals(self):
        got = subprocess.run([TOTALS, "-a", self.store], check=True,
                             capture_output=True, text=True)
        return sorted(got.stdout.splitlines())

    def sums(self):
        got = subprocess.run([TOTALS, "-s", self.store], check=True,
                             capture_output=True, text=True)
        return got.stdout

    def wait_for_place(self):
        """A first start begins at the log's end: what is written before its
        first commit is not there for it."""
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            got = subprocess.run([TOTALS, "-f", self.store],
                                 capture_output=True, text=True)
            if got.stdout == "log\n":
                return
            time.sleep(0.05)
        sys.exit("FAIL: no first commit: " + self.said.read_text()[-2000:])

    def wait_for_all(self):
        """Until each session is at its policy; what comes twice in a further
        second will show.  A domain is asked for again after one minute, two,
        four."""
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            if self.totals()[-1] == "waiting 0" and \
                    self.sums().startswith(f"events {SESSIONS} "):
                time.sleep(1)
                return
            time.sleep(0.2)


def note(directory, what):
    """TRACE=1 KEEP=1 for whoever has to find out what went wrong."""
    if os.environ.get("TRACE"):
        with open(directory / "trace", "a") as trace:
            trace.write(f"{time.monotonic():.3f} {what}\n")


def end_of_line(text, at):
    return text.index(b"\n", at - 1) + 1


class Journal:
    """The entries that journald makes of syslog(3) lines."""

    def __init__(self, log):
        directory = log / MACHINE_ID.read_text().strip()
        directory.mkdir(parents=True)
        self.remote = subprocess.Popen(
            [REMOTE, "-o", directory / "system.journal", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=open(log.parent / "remote", "wb"))
        self.count = 0

    def put(self, text, at, end):
        end = end_of_line(text, end)
        entries = []
        for line in text[at:end].decode().splitlines():
            stamp, tag, pid, message = re.fullmatch(
                r"(\S+) mx (\S+)\[(\d+)\]: (.*)", line).groups()
            stamp = datetime.datetime.fromisoformat(stamp).timestamp()
            self.count += 1
            entries.append(
                f"__REALTIME_TIMESTAMP={time.time_ns() // 1000}\n"
                f"__MONOTONIC_TIMESTAMP={self.count}\n"
                "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                f"_MACHINE_ID={MACHINE_ID.read_text().strip()}\n"
                f"SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER={tag}\n"
                f"SYSLOG_PID={pid}\nMESSAGE={message}\n"
                f"_SOURCE_REALTIME_TIMESTAMP={round(stamp * 1e6)}\n\n")
        self.remote.stdin.write("".join(entries).encode())
        self.remote.stdin.flush()
        return end

    def close(self):
        self.remote.stdin.close()
        self.remote.terminate()
        self.remote.wait()


class File:
    """Without rotation."""

    def __init__(self, log):
        log.touch()
        self.out = open(log, "ab", buffering=0)

    def put(self, text, at, end):
        self.out.write(text[at:end])
        return end

    def close(self):
        self.out.close()


class RotatedFile(File):
    """What logrotate does, and a syslog daemon that writes to the old file
    until it is told."""

    def __init__(self, rng, log):
        super().__init__(log)
        self.rng = rng
        self.log = log
        self.count = 0

    def put(self, text, at, end):
        dice = self.rng.random()
        if dice < 0.1:
            # only whole lines: a syslog daemon does not cut one in two
            end = end_of_line(text, end)
        if dice < 0.05:
            cut = self.rng.randrange(at, end + 1)
            self.out.write(text[at:cut])
            self.rename(text[cut:end])
        else:
            self.out.write(text[at:end])
        if 0.05 <= dice < 0.1:
            self.copytruncate()
        return end

    def shift(self):
        for number in range(60, 0, -1):
            for end in ("", ".gz"):
                old = pathlib.Path(f"{self.log}.{number}{end}")
                if old.exists():
                    old.rename(f"{self.log}.{number + 1}{end}")

    def compress_second(self):
        second = pathlib.Path(f"{self.log}.2")
        if second.exists() and self.rng.random() < 0.5:
            stat = second.stat()
            with open(second, "rb") as old, \
                    gzip.open(f"{second}.gz", "wb") as new:
                shutil.copyfileobj(old, new)
            os.utime(f"{second}.gz", ns=(stat.st_atime_ns, stat.st_mtime_ns))
            second.unlink()

    def rename(self, rest):
        """rest goes to the old file, after it has its new name."""
        note(self.log.parent, f"rename {self.log.stat().st_size}+{len(rest)}")
        self.shift()
        self.log.rename(f"{self.log}.1")
        self.out.write(rest)
        self.out.close()
        self.out = open(self.log, "ab", buffering=0)
        self.compress_second()
        self.count += 1

    def everything(self):
        """All that was written, the oldest first."""
        whole = b""
        for number in range(60, 0, -1):
            for end, opened in (("", open), (".gz", gzip.open)):
                path = pathlib.Path(f"{self.log}.{number}{end}")
                if path.exists():
                    with opened(path, "rb") as old:
                        whole += old.read()
        return whole + self.log.read_bytes()

    def copytruncate(self):
        note(self.log.parent, f"copytruncate {self.log.stat().st_size}")
        self.shift()
        shutil.copy2(self.log, f"{self.log}.1")
        self.out.truncate(0)
        self.compress_second()
        self.count += 1


def write_disturbed(rng, text, daemon, feed, dns):
    """Returns how often it was killed."""
    piece = len(text) / (SECONDS * 20)
    at = kills = 0
    next_kill = time.monotonic() + rng.uniform(0.05, 1)
    dead_until = 0
    while at < len(text):
        end = min(len(text), at + 1 + int(rng.uniform(0.1, 1.9) * piece))
        at = feed.put(text, at, end)
        now = time.monotonic()
        dns.answers = len(text) * 0.3 < at < len(text) * 0.6
        if daemon.process and now >= next_kill:
            note(daemon.directory, "kill")
            daemon.kill(signal.SIGKILL)
            daemon.process = None
            kills += 1
            dead_until = now + rng.choice([0, 0, 0.3, 1])
        if not daemon.process and now >= dead_until:
            note(daemon.directory, "start")
            daemon.start()
            next_kill = time.monotonic() + rng.uniform(0.05, 1.5)
        time.sleep(0.05 if piece < len(text) else 0)
    if not daemon.process:
        daemon.start()
    return kills


def compare(want, got):
    if want == got:
        return True
    missing = set(want) - set(got)
    more = set(got) - set(want)
    print(f"FAIL: seed {SEED}: {len(missing)} rows missing, {len(more)} "
          "instead")
    for row in sorted(missing)[:2]:
        print("  wanted", row[:1500])
    for row in sorted(more)[:2]:
        print("  got   ", row[:1500])
    return False


def make(root, name, dns, rng):
    """A daemon with a log that is empty yet, and what writes it."""
    (root / name / "store").mkdir(parents=True)
    daemon = Daemon(root / name, dns)
    if JOURNAL:
        feed = Journal(daemon.log)
        # a journal that has no entry is none
        hello = b"2026-03-01T00:00:00+00:00 mx postfix/master[1]: started\n"
        feed.put(hello, 0, len(hello))
        while not list(daemon.log.glob("*/system.journal")):
            time.sleep(0.05)
    else:
        feed = RotatedFile(rng, daemon.log) if rng else File(daemon.log)
    daemon.start()
    daemon.wait_for_place()
    return daemon, feed


def judge(text, quiet, killed, disturbed, said):
    """disturbed: kills and rotations; said: words about them."""
    want, got = quiet.totals(), killed.totals()
    sums = quiet.sums()
    print(f"seed {SEED}: {len(text)} bytes, {said}, {len(want)} rows")
    if not compare(want, got):
        print(killed.said.read_text())
        return 1
    if not sums.startswith(f"events {SESSIONS} "):
        print(f"FAIL: undisturbed, of {SESSIONS} sessions: {sums}")
        return 1
    if min(disturbed) < 3 or want[-1] != "waiting 0":
        print("FAIL: that was no test:", want[-1])
        return 1
    return 0


def compare_runs(root, dns, started):
    rng = random.Random(SEED)
    text = "".join(line + "\n" for line in lines(rng)).encode()
    for name in ("quiet", "killed"):
        started.append(make(root, name, dns, rng if name == "killed" else None))
    (quiet, once), (killed, feed) = started
    writer = threading.Thread(target=once.put, args=(text, 0, len(text)))
    writer.start()
    disturbed = [write_disturbed(rng, text, killed, feed, dns)]
    said = f"{disturbed[0]} kills"
    if not JOURNAL:
        disturbed.append(feed.count)
        said += f", {feed.count} rotations"
        if feed.everything() != text:
            print("FAIL: the test itself lost lines of the log")
            return 1
    writer.join()
    dns.answers = True
    for daemon, _ in started:
        daemon.wait_for_all()
    for daemon, _ in started:
        if daemon.process.poll() is not None:
            print("FAIL: it ended:", daemon.said.read_text()[-2000:])
            return 1
        daemon.kill(signal.SIGTERM)
    return judge(text, quiet, killed, disturbed,
                 f"{said}, {dns.asked} questions")


def missing():
    """What a run with a journal needs and this machine has not, or None."""
    if os.geteuid() != 0:
        return "only root can give a process a journal of its own"
    if not REMOTE.exists():
        return f"{REMOTE} is missing: apt-get install systemd-journal-remote"
    if not MACHINE_ID.exists() or not MACHINE_ID.read_text().strip():
        return f"this machine has no {MACHINE_ID}"
    pathlib.Path("/var/log/journal").mkdir(exist_ok=True)
    tried = subprocess.run(
        ["unshare", "-m", "mount", "--bind", "/tmp", "/var/log/journal"],
        capture_output=True, text=True)
    return tried.stderr.strip() or None


def main():
    why = missing() if JOURNAL else None
    if why:
        print("SKIP: a journal:", why)
        return 77
    root = pathlib.Path(tempfile.mkdtemp(prefix="tlstally-logkill."))
    dns = Dns()
    dns.start()
    started = []
    try:
        return compare_runs(root, dns, started)
    finally:
        for daemon, feed in started:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill(signal.SIGKILL)
            feed.close()
        if os.environ.get("KEEP"):
            print(root)
        else:
            shutil.rmtree(root)


sys.exit(main())
