"""ledger_world - PostgreSQL servers and hosts that share a ledger.  Imported.

A server is the test's own, in its folder and on a unix socket; what it is asked
goes by psql.  It refuses to run as root: then it is user postgres.  With
POSTGRES_ROOT it is the newest one of that root of another Debian, in a chroot, and
the folders of the test are in its /tmp (root only).  The hosts live on a virtual clock (--now): what they counted when is written by count_at,
and the ledger is one for rehearsals.
"""
import contextlib
import datetime
import glob
import gzip
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

from testlib import BIN, HERE, must_come

DAY0 = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def at(day, hour=0, minute=0):
    """The moment, in seconds: day 0 is 2026-03-01."""
    return int(DAY0.timestamp()) + day * 86400 + hour * 3600 + minute * 60


def text(moment):
    return datetime.datetime.fromtimestamp(
        moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(day):
    return text(at(day))[:10]


def skip(why):
    print(why)
    raise SystemExit(77)


class Programs:
    """Those of a PostgreSQL, here or in another root."""

    def __init__(self, root=""):
        found = sorted(glob.glob(f"{root}/usr/lib/postgresql/*/bin"),
                       key=lambda path: int(path.split("/")[-2]))
        if not found:
            skip(f"{root}: postgres is missing: apt-get install postgresql")
        self.root = root
        self.folder = found[-1][len(root):]
        self.version = self.folder.split("/")[-2]
        self.user = None
        if os.geteuid() == 0:
            with open(f"{root}/etc/passwd") as users:
                ids = [line.split(":")[2:4] for line in users
                       if line.startswith("postgres:")]
            if not ids:
                skip("there is no user postgres: apt-get install postgresql")
            self.user = tuple(map(int, ids[0]))

    def inside(self, path):
        """As they see it."""
        return str(path)[len(self.root):]

    def command(self, name, *words):
        """What starts one, and with which arguments of Popen()."""
        words = [f"{self.folder}/{name}", *words]
        if self.root:
            return ["chroot", "--userspec=%d:%d" % self.user, self.root,
                    *words], {}
        return words, {} if self.user is None else {
            "user": self.user[0], "group": self.user[1], "extra_groups": []}


def postgres_programs():
    """Or the test is skipped."""
    root = os.environ.get("POSTGRES_ROOT", "").rstrip("/")
    if root and os.geteuid() != 0:
        skip("only root can run the PostgreSQL of another root")
    if not shutil.which("psql"):
        skip("psql is missing: apt-get install postgresql")
    programs = Programs(root)
    said = subprocess.run(
        [BIN / "tlstally", "-c", "/dev/null", "-o", "fleet.ledger=postgresql:///",
         "fleet"], capture_output=True, text=True)
    if "without libpq" in said.stderr:
        skip("tlstally is built without libpq")
    print(f"PostgreSQL {programs.version}", flush=True)
    return programs


@contextlib.contextmanager
def world(prefix, programs):
    """A folder for servers and hosts."""
    with tempfile.TemporaryDirectory(
            prefix=prefix, dir=programs.root + "/tmp" if programs.root
            else None) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


class Server:
    def __init__(self, folder, programs):
        self.folder = folder
        self.programs = programs
        self.process = None
        self.port = "5432"
        self.user = {} if programs.user is None else {
            "user": programs.user[0], "group": programs.user[1],
            "extra_groups": []}
        folder.mkdir()
        if programs.user is not None:
            os.chown(folder, *programs.user)
        command, how = programs.command(
            "initdb", "-A", "trust", "-N", "-E", "UTF8", "-U", "owner",
            "--locale=C", "-D", programs.inside(folder / "data"))
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                       cwd=folder, **how)
        with open(folder / "data/postgresql.conf", "a") as conf:
            conf.write(f"""listen_addresses = ''
unix_socket_directories = '{programs.inside(folder)}'
fsync = off
shared_buffers = 32MB
max_connections = 40
log_min_messages = warning
""")

    def on_disk(self, path):
        """The path, also of a disk that only the server sees."""
        return pathlib.Path(f"/proc/{self.process.pid}/root"
                            + self.programs.inside(path))

    def start(self, *options, disk=None):
        """disk: a folder that is a disk of 24 MB; it is gone with the server."""
        log = open(self.folder / "log", "ab")
        for word in options:
            if word.startswith("port="):
                self.port = word[5:]
        command, how = self.programs.command(
            "postgres", "-D", self.programs.inside(self.folder / "data"),
            *options)
        if disk:
            become = [] if self.programs.root else [
                "setpriv", "--reuid=%d" % self.programs.user[0],
                "--regid=%d" % self.programs.user[1], "--clear-groups"]
            mount = "mount -t tmpfs -o size=24m,uid=%d,gid=%d tmpfs" \
                % self.programs.user
            command = ["unshare", "--mount", "--propagation", "private", "sh",
                       "-c", mount + ' "$1" && shift && exec "$@"', "sh", disk,
                       *become, *command]
            how = {}
        def answers():
            # it ends at once while a child of one that was killed is left
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=self.folder, **how)
            return self.ask("SELECT 1") == ["1"]

        must_come("postgres answers", answers)

    def stop(self):
        """As its operator does: transactions that are under way are undone."""
        if self.process:
            self.process.send_signal(2)
            self.process.wait(60)
            self.process = None

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def psql(self, statement, database="postgres"):
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
             self.folder, "-p", self.port, "-U", "owner", "-d", database, "-c", statement],
            capture_output=True, text=True)

    def ask(self, statement, database="postgres"):
        """The rows, columns between |; None: it failed."""
        said = self.psql(statement, database)
        return said.stdout.splitlines() if said.returncode == 0 else None

    def url(self, database="postgres", user="owner"):
        return f"postgresql://{user}@/{database}?host={self.folder}"


class Proxy:
    """Between a host and its server, by TCP: late, or reset after so many bytes."""

    def __init__(self, server):
        self.server = server
        self.delay = 0    # seconds, each way
        self.bytes = None  # that the server still gets; None: all
        self.last = b""    # what the server got before a reset
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, database, user="owner"):
        port = self.listener.getsockname()[1]
        return f"postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable"

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self.server.folder / ".s.PGSQL.5432"))
            except OSError:
                client.close()
                continue
            # what is closed then is reset
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
            for work in (self.carry_on, self.carry_back):
                threading.Thread(target=work, args=(client, server),
                                 daemon=True).start()

    def carry_on(self, client, server):
        try:
            while data := client.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if self.bytes is not None:
                    data = data[:self.bytes]
                    self.bytes -= len(data)
                server.sendall(data)
                self.last = (self.last + data)[-65536:]
                if self.bytes is not None and self.bytes <= 0:
                    break
        except OSError:
            pass
        # the other thread waits for the server
        try:
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()

    def carry_back(self, client, server):
        try:
            while data := server.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                client.sendall(data)
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def plain(domain):
    return json.dumps({
        "d": domain, "pr": f"v=TLSRPTv1; rua=mailto:tls@{domain}",
        "policies": [{"policy-type": 9, "policy-domain": domain, "f": 0}]})


def failed_sts(domain, code=204):
    return json.dumps({
        "d": domain, "pr": f"v=TLSRPTv1; rua=mailto:tls@{domain}",
        "policies": [{
            "policy-type": 2, "policy-domain": domain, "f": 1, "t": 1,
            "policy-string": ["version: STSv1", "mode: enforce",
                              f"mx: mx.{domain}", "max_age: 86400"],
            "mx-host": [f"mx.{domain}"],
            "failure-details": [{"c": code, "n": f"mx.{domain}",
                                 "r": "192.0.2.1"}]}]})


class Host:
    """One that sends mail; name without its domain."""

    def __init__(self, folder, name, url, mode="all", more=""):
        self.folder = folder / name
        self.name = f"{name}.example.com"
        self.url = url
        self.mode = mode
        self.more = more
        self.report = self.deliver = ""
        self.transport = f"mail = off\nhttps = off\ndirectory = {self.folder}/sent"
        for part in ("store", "sent", "kept"):
            (self.folder / part).mkdir(parents=True)
        self.said = None
        self.write_conf()

    def write_conf(self):
        (self.folder / "conf").write_text(f"""[report]
organization_name = Example Mail
contact_info = tls-reports@example.com
mode = {self.mode}
{self.report}
[store]
directory = {self.folder}/store
map_size = 1G
rehearsal = yes
[deliver]
{self.transport}
spread = 0s
{self.deliver}
[fleet]
name = {self.name}
{f"ledger = {self.url}" if self.url else ""}
{self.more}
""")

    def count(self, moment, *datagrams):
        """Counted up to that moment."""
        with tempfile.TemporaryFile("w+") as file:
            file.writelines(line + "\n" for line in datagrams)
            file.seek(0)
            subprocess.run(
                [HERE / "tests/e2e/count_at", self.folder / "store",
                 str(moment)], stdin=file, check=True)

    def tlstally(self, *words, env=None, timeout=300, stdin=None):
        self.said = subprocess.run(
            [BIN / "tlstally", "-c", self.folder / "conf", *words],
            capture_output=True, text=True, timeout=timeout, input=stdin,
            env={**os.environ, **(env or {})})
        self.keep_sent()
        return self.said

    def keep_sent(self):
        """Out of the way of what is sent again, which has the same name."""
        for path in (self.folder / "sent").glob("*.json.gz"):
            name, n = path.name, 0
            while (self.folder / f"kept/{n}!{name}").exists():
                n += 1
            path.rename(self.folder / f"kept/{n}!{name}")

    def sent_paths(self):
        self.keep_sent()
        return (self.folder / "kept").iterdir()

    def run(self, moment, **more):
        """`tlstally run`: its JSON; None: it failed."""
        said = self.tlstally("run", "--now", text(moment), "--json", **more)
        return json.loads(said.stdout) if said.returncode == 0 else None

    def fleet(self, moment):
        said = self.tlstally("fleet", "--now", text(moment), "--json")
        return json.loads(said.stdout) if said.returncode == 0 else None

    def reports(self):
        """Those that were delivered: (domain, day) to the report."""
        found = {}
        for path in self.sent_paths():
            report = json.loads(gzip.decompress(path.read_bytes()))
            domain = path.name.split("!")[2]
            day = report["date-range"]["start-datetime"][:10]
            if (domain, day) in found:
                raise SystemExit(f"FAIL: {domain} of {day} twice at {self.name}")
            found[domain, day] = report
        return found


    def last_reports(self):
        """As reports(), and one that was sent twice counts once."""
        return {key: json.loads(gzip.decompress(body))
                for key, body in self.sent_files()}

    def sent_files(self):
        """All that was delivered, and what twice: (domain, day) and the bytes."""
        return [((path.name.split("!")[2], day_of_file(path)), path.read_bytes())
                for path in self.sent_paths()]


def day_of_file(path):
    """By the beginning of what it reports."""
    return text(int(path.name.split("!")[3]))[:10]


def content(reports):
    """Without what says who made them."""
    return {key: {name: report[name] for name in report if name != "report-id"}
            for key, report in reports.items()}
