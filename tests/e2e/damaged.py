#!/usr/bin/env python3
"""damaged - every program and a damaged data.mdb

    damaged.py [SEED [TRUNCATIONS FLIPS]]

In the build folder.  Copies of a store are cut at many places and have bytes
flipped at random.  Whatever a program does with them, it ends by itself, with
a word when it fails: never by a signal, an assertion of LMDB, or not at all.
TEST_LONG=yes tries thousands.
"""
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from testlib import BIN, HERE, WAIT_SECS, Daemon, wait_until

DRIVER = HERE / "tests/scenario/failpoint_driver"
DATA = pathlib.Path(os.environ.get("srcdir", ".")) / "tests/data"
LONG = os.environ.get("TEST_LONG") == "yes"
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 8460
CUTS, FLIPS = ((int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else
               (300, 3000) if LONG else (6, 24))
ROW_FLIPS = 200 if LONG else 12
JOURNAL_DOMAINS, JOURNAL_FLIPS = 900, 60 if LONG else 4
SERVES = re.compile("counting|serving|reading|following|answering")
NOW = "2026-03-03T02:00:00Z"
ADDRESS = "tls@d7.example"

COMMANDS = [
    ["status"], ["status", "--json"], ["doctor"], ["domains"],
    ["domains", "--day", "2026-03-01", "--failures"],
    ["show", "d7.example"], ["preview", "d7.example"], ["inbound"],
    ["suppress", "list"], ["suppress", "add", ADDRESS],
    ["suppress", "remove", ADDRESS], ["token", "list"],
    ["token", "add", "another", "--permission", "all"],
    ["token", "remove", "admin"],
    ["get", "tls-internal-report"], ["get", "domain"],
    ["query", "tls-internal-report", "--sort", "-failures"],
    ["query", "sent-report"], ["bounce", ADDRESS],
    ["run", "--now", NOW], ["rollup", "--now", NOW],
    ["deliver", "--now", NOW],
    ["purge"], ["backup", "{copy}"],
    ["check-store"], ["check-store", "--json"],
]
DAEMONS = ["tlstallyd", "tlstally-logd", "tlstally-milter", "tlstally-httpd",
           "tlstally-policyd"]
# What is in the rows of a domain's view and of what was told of it.
ENFORCED = "d7.example"
ROWS = (b"enforced1", b"mx.enforced.test", b"version: STSv1", b"d7.example")


def write_settings(folder):
    (folder / "log").write_text("")
    (folder / "conf").write_text(f"""[report]
contact_info = tls@reporter.example
mode = all
[store]
directory = {folder}/store
map_size = 64M
[events]
socket = unix:{folder}/run/events
socket_owner =
socket_group =
commit_interval = 100ms
[log]
source = file
file = {folder}/log
allow_both = yes
enforces = dane
[policy]
resolver = inet:127.0.0.1
[policyd]
socket = unix:{folder}/run/policyd
socket_owner =
socket_group =
level = may
timeout = 1s
[milter]
socket = unix:{folder}/run/milter
[deliver]
mail = sendmail:/bin/true
spread = 0s
[http]
listen = unix:{folder}/run/http
metrics =
""")
    return ["-c", str(folder / "conf")]


def make_store(folder):
    """Something in most tables."""
    options = write_settings(folder)
    store = folder / "store"
    store.mkdir(mode=0o750)
    for step in (["fill", store, "300"],
                 ["intake", store, *sorted(DATA.glob("datagrams/*.jsonl"))[:3]],
                 ["rollup", store]):
        subprocess.run([DRIVER, *step], check=True)
    tlstally = [BIN / "tlstally", *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*tlstally, "-o", "deliver.rate_per_hour=150", "deliver",
                    "--now", NOW], check=True, **quiet)
    subprocess.run([*tlstally, "token", "add", "admin", "--permission", "all"],
                   check=True, **quiet)
    subprocess.run([*tlstally, "suppress", "add", "tls@d9.example"],
                   check=True, **quiet)
    subprocess.run([HERE / "tests/e2e/doctor_store", store, "policyd=5",
                    f"enforced={ENFORCED}:86400"], check=True)
    for ago, kind in (("9000", "stsTesting"), ("60", "stsEnforce")):
        subprocess.run([HERE / "tests/e2e/told_row", store, ENFORCED, kind,
                        ago], check=True)
    log = DATA / "maillog-3.7"
    with open(folder / "log", "wb") as out:
        for path in sorted(log.glob("*.log"))[:10]:
            out.write(path.read_bytes())
    subprocess.run([BIN / "tlstally-logd", "-f", *options, "--from-start"],
                   timeout=WAIT_SECS, **quiet)
    return store / "data.mdb"


class Trial:
    """One damaged copy after the other, in one folder."""

    def __init__(self, folder, original):
        self.folder = folder
        self.original = original
        self.options = write_settings(folder)
        self.store = folder / "store"
        self.count = 0
        self.by_status = {}
        self.wrong = []

    def put(self, data):
        shutil.rmtree(self.store, ignore_errors=True)
        self.store.mkdir(mode=0o750)
        (self.store / "data.mdb").write_bytes(data)
        (self.folder / "copy").unlink(missing_ok=True)

    def judge(self, what, name, status, said):
        self.count += 1
        self.by_status[status] = self.by_status.get(status, 0) + 1
        why = None
        if status in (None, "did not end"):
            why = "does not end"
        elif status < 0:
            why = f"signal {-status}"
        elif re.search("AddressSanitizer|runtime error", said) or (
                "Assertion" in said and "it is damaged" not in said):
            why = "assertion or sanitizer"
        elif status != 0 and not said.strip():
            why = f"status {status} and no word"
        if why:
            self.wrong.append((what, name, why, said[-1500:]))
        return said

    def command(self, what, words):
        words = [w.format(copy=self.folder / "copy") for w in words]
        try:
            ran = subprocess.run([BIN / "tlstally", *self.options, *words],
                                 stdin=subprocess.DEVNULL, text=True,
                                 stdout=subprocess.PIPE, errors="replace",
                                 stderr=subprocess.STDOUT, timeout=WAIT_SECS)
            return self.judge(what, " ".join(words), ran.returncode,
                              ran.stdout)
        except subprocess.TimeoutExpired as late:
            return self.judge(what, " ".join(words), None, str(late.stdout))

    def daemon(self, what, name):
        """Started, and told to end once it serves."""
        log = self.folder / "said"
        log.unlink(missing_ok=True)
        daemon = Daemon(name, self.folder / "conf", log)
        wait_until(lambda: SERVES.search(daemon.log()) or not daemon.runs())
        time.sleep(0.2)
        status = daemon.stop()
        return self.judge(what, name, status, daemon.log())

    def any(self, rng, what):
        at = rng.randrange(len(COMMANDS) + len(DAEMONS))
        if at < len(COMMANDS):
            return self.command(what, COMMANDS[at])
        return self.daemon(what, DAEMONS[at - len(COMMANDS)])


def cut(trial, rng):
    """All programs are told that the file is too short."""
    data = trial.original
    page = 4096
    places = [len(data) // 2, page, 3 * page, len(data) - 200 * page,
              page + 60, 2 * page + 100]
    while len(places) < CUTS:
        places.append(rng.randrange(1, len(data)))
    for place in places[:CUTS]:
        what = f"cut at {place}"
        for words in COMMANDS if LONG else rng.sample(COMMANDS, 4):
            trial.put(data[:place])
            said = trial.command(what, words)
            # after the last page that is used nothing is missing
            if place < len(data) // 2 and "damaged" not in said:
                trial.wrong.append((what, words, "does not say it", said))
        trial.put(data[:place])
        trial.daemon(what, rng.choice(DAEMONS))


def flip(trial, rng):
    for n in range(FLIPS):
        data = bytearray(trial.original)
        # a few bytes, mostly in the head of a page or of a row
        places = []
        for _ in range(rng.choice((1, 1, 3, 20))):
            page = rng.randrange(len(data) // 4096) * 4096
            place = page + (rng.randrange(32) if rng.random() < 0.5 else
                            rng.randrange(4096))
            data[place] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else \
                rng.randrange(1, 256)
            places.append(place)
        trial.put(data)
        what = f"flip {n} at {places}"
        for _ in range(2):
            trial.any(rng, what)


def ask_policy(trial):
    """What Postfix gets; None: nothing that it can read."""
    question = f"QUERYwithTLSRPT {ENFORCED}".encode()
    got = b""
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(WAIT_SECS)
            server.connect(str(trial.folder / "run/policyd"))
            server.sendall(b"%d:%s," % (len(question), question))
            while not got.endswith(b","):
                more = server.recv(100000)
                if not more:
                    return None
                got += more
    except OSError:
        return None
    size, _, text = got.partition(b":")
    text = text[:-1].decode(errors="replace")
    return text if size.isdigit() and int(size) == len(got) - len(size) - 2 \
        else None


def policy_rows(trial, rng):
    """Bytes of the rows from which it answers: Postfix gets an answer that it
    can read, and one that is none of the damage."""
    for n in range(ROW_FLIPS + 1):
        data = bytearray(trial.original)
        places = []
        marks = [at for mark in ROWS for at in find_all(data, mark)]
        for _ in range(rng.choice((1, 1, 4)) if n else 0):
            place = rng.choice(marks) + rng.randrange(-80, 40)
            data[place] ^= rng.randrange(1, 256)
            places.append(place)
        trial.put(data)
        what, name = f"row {n} at {places}", "tlstally-policyd"
        log = trial.folder / "said"
        log.unlink(missing_ok=True)
        daemon = Daemon(name, trial.folder / "conf", log)
        wait_until(lambda: SERVES.search(daemon.log()) or not daemon.runs())
        answer = ask_policy(trial) if daemon.runs() else "it did not start"
        still = daemon.runs()
        trial.judge(what, name, daemon.stop(), daemon.log())
        if n == 0 and not answer.startswith("OK secure match="):
            trial.wrong.append((what, name, "the row is not used", answer))
        # a word when the store itself is damaged, else an answer
        if still and (answer is None or not re.match(
                r"NOTFOUND |TEMP .|OK (may|secure) [ -~]*$", answer)):
            trial.wrong.append((what, name, "no answer that can be read",
                                repr(answer)))


def counted(trial):
    """Domain and sessions of each line of the driver, and what else it says."""
    ran = subprocess.run([DRIVER, "counts", trial.store], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=WAIT_SECS)
    rows = re.findall(r"^2026-03-01 (\S+) (\d+) policies=1 v=TLSRPTv1",
                      ran.stdout, re.M)
    return ran.returncode, dict(rows), ran.stdout


def journal_rows(trial, rng):
    """A row of the journal of counts that is damaged: who looks says so, and
    reads the others; what applies it sets it aside; and then all is well."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([DRIVER, "append", name, str(JOURNAL_DOMAINS)],
                       check=True)
        whole = (pathlib.Path(name) / "data.mdb").read_bytes()
    marks = list(find_all(whole, b"v=TLSRPTv1; rua=mailto:tls@d"))
    for n in range(JOURNAL_FLIPS):
        data = bytearray(whole)
        mark = rng.choice(marks)
        at, flip = rng.randrange(20), rng.randrange(1, 256)
        record = whole[mark:whole.index(b".", mark) + 1]
        # pages that are free have old copies of it
        for copy in find_all(whole, record):
            data[copy + at] ^= flip
        what = f"row of the journal {n} at {mark + at}"

        def expect(words, pattern):
            said = trial.command(what, words)
            if not re.search(pattern, said):
                trial.wrong.append((what, words, f"not {pattern}", said))

        trial.put(data)
        status, before, said = counted(trial)
        if status or not 0 < len(before) < JOURNAL_DOMAINS:
            trial.wrong.append((what, "counts", status, said[-1500:]))
        expect(["check-store"], r"table journal: row \d+ of 2026-03-01 cannot "
               r"be read: its checksum is wrong\n")
        expect(["check-store"], "what it counted is missing, and nothing else")
        expect(["status"], "journal of counts: .* to be applied")
        expect(["backup", "{copy}"], "^$")
        expect(["backup", "--check", "{copy}"], "table journal: row ")
        expect(["run", "--now", NOW], "")
        after = counted(trial)
        if (after[1] != before or "something waits" in after[2]):
            trial.wrong.append((what, "run", "counts differ", after[2][-1500:]))
        expect(["check-store"], "row \\d+ of 2026-03-01 could not be read and "
               "was set aside: its checksum is wrong\nno damage found")
        expect(["status"], "row \\d+ of 2026-03-01 cannot be read and was set")
        expect(["query", "sent-report"], ".")


def find_all(data, mark):
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def cut_store(trial, process):
    os.truncate(trial.store / "data.mdb", 5 * 4096)


def cut_lock(trial, process):
    os.truncate(trial.store / "lock.mdb", 0)


def send_fault(trial, process):
    process.send_signal(signal.SIGSEGV)


def while_it_runs(trial, name, deed):
    """What becomes of a daemon that has the store open."""
    trial.put(trial.original)
    log = trial.folder / "said"
    log.unlink(missing_ok=True)
    daemon = Daemon(name, trial.folder / "conf", log)
    daemon.must_say("counting" if name == "tlstallyd" else "serving")
    deed(trial, daemon.process)
    return daemon.end(), daemon.log()


def running(trial):
    """A store that is cut ends a daemon with a word.  A signal that has nothing
    to do with the store is left to whoever else wants it: the kernel."""
    for name in ("tlstallyd", "tlstally-httpd"):
        what = "cut while it runs"
        status, text = while_it_runs(trial, name, cut_store)
        trial.judge(what, name, status, text)
        if status != 1 or "damaged" not in text:
            trial.wrong.append((what, name, f"status {status}", text))
        # the store's group may do that; nothing is lost, and nothing to mend
        what = "lock.mdb is cut while it runs"
        status, text = while_it_runs(trial, name, cut_lock)
        if (status != 1 or "restore" in text or
                not re.search("lock.mdb (was|cannot be read.*has) cut", text)):
            trial.wrong.append((what, name, f"status {status}", text))
    status, text = while_it_runs(trial, "tlstally-httpd", send_fault)
    if "damaged" in text or (status != -signal.SIGSEGV and
                             "AddressSanitizer" not in text):
        trial.wrong.append(("SIGSEGV", "tlstally-httpd", f"status {status}",
                            text))


def main():
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        for folder in ("made", "trial"):
            (top / folder).mkdir()
        original = make_store(top / "made").read_bytes()
        trial = Trial(top / "trial", original)
        trial.put(original)
        for words in COMMANDS:
            said = trial.command("undamaged", words)
            if re.search("damaged|usage|unknown (command|option)", said):
                trial.wrong.append(("undamaged", words, "fails", said))
        policy_rows(trial, rng)
        journal_rows(trial, rng)
        cut(trial, rng)
        running(trial)
        flip(trial, rng)
    for what, words, why, said in trial.wrong[:40]:
        print(f"FAIL: {what}: {words}: {why}: {said}")
    print(f"seed {SEED}, {len(original)} bytes, {trial.count} programs, "
          f"by status {trial.by_status}, {len(trial.wrong)} wrong")
    return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
