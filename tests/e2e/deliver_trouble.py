#!/usr/bin/env python3
"""deliver_trouble - delivery runs whose disk is full, or that sleep too long

In the build folder.  300 reports for a receiver of our own, by mail and by
HTTPS, that keeps its answers back until the trouble has begun:

- the run is stopped (SIGSTOP) for longer than its lease, and another one
  takes over.  When it goes on it must send nothing that it no longer owns.
- the file system of the store is full (a small tmpfs; root alone can mount
  it) and has room again after some seconds.  Each report must have been sent
  once.
"""
import http.server
import os
import pathlib
import re
import signal
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from httpd_world import TLSTALLY, make_certificate
from testlib import HERE, must_come, skip_part

DRIVER = HERE / "tests/scenario/failpoint_driver"
REPORTS = 300
FIRST = 40  # answered at once
AT_ONCE = 8  # [deliver] concurrency_per_host
LEASE = 9
NOW = "2026-03-03T02:00:00Z"
TMPFS = 48 * 1024 * 1024


class Receiver:
    """Keeps what it accepts: (report, when its transfer began)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.got = []
        self.begun = 0
        self.open_gate = threading.Event()

    def take(self, report, began):
        with self.lock:
            self.begun += 1
            held = self.begun > FIRST
        if held:
            self.open_gate.wait(60)
        with self.lock:
            self.got.append((report, began))

    def held(self):
        with self.lock:
            return self.begun > len(self.got) and self.begun > FIRST

    def once(self):
        reports = [report for report, _ in self.got]
        return len(reports), len(set(reports))


class Smtp(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.dialogue()
        except ConnectionError:
            pass

    def dialogue(self):
        self.say("220 receiver")
        while line := self.rfile.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self.say("354 go on")
                began = time.monotonic()
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    more = self.rfile.readline()
                    if not more:
                        return
                    text += more
                name = re.search(rb"TLS-Report-Domain: (\S+)", text).group(1)
                self.server.receiver.take(name, began)
            self.say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return


class Https(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        began = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.receiver.take(body, began)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


def serve(kind, folder):
    server = Threads(("127.0.0.1", 0), Smtp if kind == "mail" else Https)
    server.receiver = Receiver()
    if kind == "https":
        make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def settings(kind, folder, port, sleeps):
    to = f"deliver.mail=smtp://127.0.0.1:{port}"
    path = folder / "tlstally.conf"
    path.write_text(f"""[report]
contact_info = tls@reporter.example
mode = all
[store]
directory = {folder}/store
map_size = 64M
""")
    words = ["-c", path, "-o", to, "-o", "deliver.https_verify=no",
             "-o", "deliver.https_allow_private=yes", "-o",
             f"deliver.timeout={2 if sleeps else 60}s", "-o",
             f"deliver.mail_timeout={2 if sleeps else 600}s"]
    return [str(word) for word in words]


def make_store(kind, folder, options, port):
    store = str(folder / "store")
    rua = [f"https://127.0.0.1:{port}/"] if kind == "https" else []
    for step in (["fill", store, str(REPORTS), *rua], ["rollup", store]):
        subprocess.run([DRIVER, *step], check=True)
    # without a free page in it: what is written makes it grow
    subprocess.run([TLSTALLY, *options, "backup", f"{folder}/copy"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([TLSTALLY, *options, "restore", f"{folder}/copy"],
                   check=True, stdout=subprocess.DEVNULL)
    (folder / "copy").unlink()
    (folder / "store/data.mdb.before").unlink()


def deliver(options, now=NOW, lease=None):
    env = dict(os.environ)
    if lease:
        env["TLSTALLY_TEST_LEASE"] = str(lease)
    return subprocess.Popen([TLSTALLY, *options, "deliver", "--now", now],
                            env=env, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def end_of(run):
    said, _ = run.communicate(timeout=90)
    return run.returncode, said


def sleeper(kind, folder):
    server = serve(kind, folder)
    receiver = server.receiver
    options = settings(kind, folder, server.server_address[1], True)
    make_store(kind, folder, options, server.server_address[1])
    first = deliver(options, NOW, LEASE)
    must_come("an answer kept back", receiver.held)
    time.sleep(1)  # what was answered is written down
    first.send_signal(signal.SIGSTOP)
    receiver.open_gate.set()
    time.sleep(LEASE + 1)
    later = NOW.replace(":00Z", f":{LEASE + 2:02}Z")
    status, said = end_of(deliver(options, later, LEASE))
    if status != 0:
        raise SystemExit(f"FAIL: the second run: {said}")
    woken = time.monotonic()
    first.send_signal(signal.SIGCONT)
    status, said = end_of(first)
    late = [report for report, began in receiver.got if began >= woken]
    total, different = receiver.once()
    print(f"{kind}: slept: {different} of {REPORTS} arrived, "
          f"{total - different} twice, {len(late)} of them by the sleeper: "
          f"{said.strip()}")
    server.shutdown()
    return (not late and different == REPORTS
            and total - different <= AT_ONCE)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
        try:
            while True:
                file.write(b"x")
        except OSError:
            pass


def disk(kind, folder):
    """In a mount namespace of its own."""
    server = serve(kind, folder)
    receiver = server.receiver
    options = settings(kind, folder, server.server_address[1], False)
    (folder / "store").mkdir(mode=0o750)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS}", "tmpfs",
                    folder / "store"], check=True)
    make_store(kind, folder, options, server.server_address[1])
    run = deliver(options)
    must_come("an answer kept back", receiver.held)
    fill(folder / "store/filler")
    receiver.open_gate.set()
    time.sleep(4)
    (folder / "store/filler").unlink()
    first_end = end_of(run)
    receiver_before = receiver.once()[0]
    second_end = end_of(deliver(options, NOW.replace("T02", "T04")))
    total, different = receiver.once()
    print(f"{kind}: disk full: {different} of {REPORTS} arrived, "
          f"{total - different} twice; first run ({receiver_before}): "
          f"{first_end[1].strip()}; second run: {second_end[1].strip()}")
    return (total == different == REPORTS
            and "disk is full" in first_end[1] and second_end[0] == 0)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "disk":
        ok = True
        for kind in ("mail", "https"):
            with tempfile.TemporaryDirectory() as name:
                try:
                    ok &= disk(kind, pathlib.Path(name))
                finally:
                    subprocess.run(["umount", f"{name}/store"], check=True)
        return 0 if ok else 1
    if subprocess.run([DRIVER, "failpoints"]).returncode != 0:
        print("this build has no failpoints (--enable-failpoints)")
        return 77
    ok = True
    for kind in ("mail", "https"):
        with tempfile.TemporaryDirectory() as name:
            ok &= sleeper(kind, pathlib.Path(name))
    if os.geteuid() != 0:
        skip_part("a full disk", "only root can try it")
    elif subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
        skip_part("a full disk",
                  "no mount namespace can be made here (a chroot?)")
    else:
        ok &= subprocess.run(["unshare", "--mount", sys.executable,
                              sys.argv[0], "disk"]).returncode == 0
    return 0 if ok else 1


sys.exit(main())
