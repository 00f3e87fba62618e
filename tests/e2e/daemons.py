#!/usr/bin/env python3
"""daemons - what all of our daemons do alike, tried with each of them

In the build folder.  tlstallyd, tlstally-logd, tlstally-httpd,
tlstally-milter and tlstally-policyd: the command line and its manual, the service manager (socket,
readiness, watchdog), a store of root, a limit of open files, files that were
taken away, signals.

What stands still is made by ptrace(2): every thread of a daemon but its main
one is held, and then let go.
"""
import ctypes
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from testlib import (BIN, HERE, SOURCE, Daemon, expect, failed, skip_part,
                     wait_until)

WATCHDOG_SECS = 1.5


class Held:
    """The threads of a process but its main one, while this lasts."""
    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, pid):
        self.pid = pid
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.held = []

    def ptrace(self, request, thread):
        if self.libc.ptrace(request, thread, None, None) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        for thread in map(int, os.listdir(f"/proc/{self.pid}/task")):
            if thread == self.pid:
                continue
            self.ptrace(self.SEIZE, thread)
            self.ptrace(self.INTERRUPT, thread)
            os.waitpid(thread, 0x40000000)  # __WALL
            self.held.append(thread)
        return self

    def __exit__(self, *_):
        for thread in self.held:
            self.ptrace(self.DETACH, thread)


class World:
    """A folder with settings, a daemon, and the service manager's ear."""
    def __init__(self, folder, name, begun, socket_name, settings):
        self.folder = folder
        self.name = name
        self.begun = begun
        self.socket = socket_name and folder / socket_name
        self.store = folder / "store"
        self.conf = folder / "conf"
        self.log = folder / "log"
        self.store.mkdir(mode=0o750)
        (folder / "mail.log").write_text("")
        self.conf.write_text(f"""[report]
contact_info = tls@example.com
[store]
directory = {self.store}
{settings.format(folder=folder)}
""")
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(folder / "notify"))
        self.ear.setblocking(False)
        self.heard = []
        self.daemon = None

    def start(self, *args, handed=None, files=None, wait=True):
        env = dict(os.environ, NOTIFY_SOCKET=str(self.folder / "notify"),
                   WATCHDOG_USEC=str(int(WATCHDOG_SECS * 1e6)))
        command = []
        if handed is not None:
            handed.set_inheritable(True)
            env["LISTEN_FDS"] = "1"
            command = ["sh", "-c",
                       f'LISTEN_PID=$$; export LISTEN_PID;'
                       f' exec "$@" 3<&{handed.fileno()}', "sh"]

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.listen()  # what nobody reads holds the next one up
        self.heard = []
        self.log.unlink(missing_ok=True)
        self.daemon = Daemon(self.name, self.conf, self.log, *args,
                             command=command, env=env, close_fds=False,
                             preexec_fn=limit if files else None)
        self.process = self.daemon.process
        self.said, self.end = self.daemon.said, self.daemon.end
        self.stop = self.daemon.stop
        if wait:
            self.daemon.must_say(self.begun)

    def listen(self):
        try:
            while True:
                self.heard.append(self.ear.recv(4096).decode())
        except BlockingIOError:
            return self.heard

    def is_fed(self, seconds):
        """Within that time, from now on."""
        self.listen()
        self.heard = []
        return wait_until(lambda: "WATCHDOG=1" in self.listen(), seconds)


def command_line(world):
    def run(*args):
        return subprocess.run([BIN / world.name, *args],
                              capture_output=True, text=True)
    text = run("--help").stdout
    options = re.findall(r"^  (-\S*)", text, re.MULTILINE)
    manual = (HERE / f"doc/{world.name}.8").read_text()
    described = re.findall(r"^\.It Fl ?(\S*)", manual, re.MULTILINE)
    expect("the manual describes the options of --help",
           sorted(o[1:] for o in options), sorted(described))
    expect("its name and version", world.name,
           run("--version").stdout.split(" ")[0])
    expect("an option that is none: status 2", 2, run("--frob").returncode)
    expect("an argument too many: status 2", 2, run("frob").returncode)
    expect("no settings: status 1", 1,
           run("-f", "-c", world.folder / "none").returncode)


def knock(world):
    """Somebody who wants to be served."""
    if world.name != "tlstally-httpd":
        return None
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(str(world.socket))
    return s


def service_manager(world):
    world.start()
    expect("readiness is told", True,
           wait_until(lambda: "READY=1" in world.listen()))
    expect("the watchdog is fed", True, world.is_fed(2 * WATCHDOG_SECS))
    try:
        with Held(world.process.pid), knock(world) or open("/dev/null"):
            time.sleep(2 * WATCHDOG_SECS)
            expect("the watchdog is not fed while nothing goes on", False,
                   world.is_fed(2 * WATCHDOG_SECS))
            expect("and the log says so", True,
                   world.said("no progress for"))
        expect("it is fed when all goes on", True,
               world.is_fed(2 * WATCHDOG_SECS))
    except OSError as error:
        skip_part(f"the watchdog of {world.name}",
                  f"no thread may be held here ({error})")
    world.process.send_signal(signal.SIGHUP)
    expect("SIGHUP: settings are not read again", True,
           wait_until(lambda: world.said("the settings are read only at start")))
    expect("it ends at SIGTERM", 0, world.stop())
    expect("the end is told", True, "STOPPING=1" in world.listen())


def store_of_root(world):
    if os.getuid() != 0:
        skip_part("a store of root's", "only root can have one")
        return
    world.start()
    expect("a store of root's is warned of", True,
           world.said("is owned by root, so this process continues to run as root"))
    world.stop()


def taken_away(world):
    for path in filter(None, (world.store, world.socket)):
        world.start()
        away = path.with_name("away")
        path.rename(away)
        expect(f"{path.name} was taken away: it ends", 1, world.end())
        expect("and the log says which file", True, world.said(str(path)))
        if path.exists():
            path.unlink()
        away.rename(path)
    if world.socket is not None:
        world.socket.unlink()


def handed_over(world):
    kind = socket.SOCK_DGRAM if world.name == "tlstallyd" \
        else socket.SOCK_STREAM
    path = world.folder / "handed"
    with socket.socket(socket.AF_UNIX, kind) as s:
        s.bind(str(path))
        takes = world.name in ("tlstallyd", "tlstally-httpd",
                               "tlstally-policyd")
        if takes and kind == socket.SOCK_STREAM:
            world.start(handed=s, wait=False)
            expect("a socket that does not listen is refused", 1, world.end())
            s.listen(5)
        world.start(handed=s, wait=takes)
        if not takes:
            expect("a socket handed over is refused", 1, world.end())
            expect("and the log says so", True,
                   world.said(f"{world.name} takes none"))
            return
        expect("a socket handed over is taken, and none made", False,
               world.socket.exists())
        if kind == socket.SOCK_STREAM:
            with socket.socket(socket.AF_UNIX, kind) as client:
                client.connect(str(path))
                question, answer = ASKED[world.name]
                client.sendall(question)
                expect("and served", answer, client.recv(len(answer)))
        expect("it ends", 0, world.stop())
        expect("a socket handed over stays", True, path.exists())


def few_files(world):
    if world.name in ("tlstally-httpd", "tlstally-milter",
                      "tlstally-policyd"):
        world.start(files=300)
        expect("too few files are warned of", True,
               world.said("the limit of open files is 300, which is too low for"))
        world.stop()


def odd_table(world):
    if world.name != "tlstally-policyd":
        return
    table = world.folder / "table"
    os.mkfifo(table)
    world.start("-o", f"policyd.overrides={table}", wait=False)
    expect("a table of overrides that is a pipe: it ends", 1, world.end())
    expect("and the log says so", True, world.said("is not a regular file"))
    table.unlink()
    table.write_text("example.com encrypt\n")
    world.start("-o", f"policyd.overrides={table}")
    table.unlink()
    os.mkfifo(table)
    expect("it becomes one: the log says so", True,
           wait_until(lambda: world.said("not a regular file"), 60))
    expect("and it ends when it is asked to", 0, world.stop())


def looking_up(world):
    """What ends by itself is a daemon to its end."""
    if world.name != "tlstally-logd":
        return
    (world.folder / "mail.log").write_text(
        "Nov 23 12:00:00 mx postfix/smtp[7]: Trusted TLS connection "
        "established to mx.example.com[44.128.1.1]:25: TLSv1.3 with cipher "
        "TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
        "Nov 23 12:00:01 mx postfix/smtp[7]: A000001: to=<u@example.com>, "
        "relay=mx.example.com[44.128.1.1]:25, delay=1, delays=0/0/0/1, "
        "dsn=2.0.0, status=sent (250 ok)\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        world.start("--from-start", "-o", "log.tls_loglevel=1", "-o",
                    f"policy.resolver=127.0.0.1:{mute.getsockname()[1]}")
        expect("the log is read", True,
               wait_until(lambda: world.said(" 1 sessions")))
        world.store.rename(world.folder / "gone")
        expect("the store was taken away while domains are looked up: it ends",
               1, world.end())
        expect("and the log says which", True,
               world.said(f"error: store {world.store}"))
        world.store.mkdir(mode=0o750)


DAEMONS = (
    ("tlstallyd", "counting events", "events",
     "[events]\nsocket = {folder}/events\nsocket_owner =\nsocket_group =\n"
     "commit_interval = 100ms"),
    ("tlstally-logd", "counting sessions", None,
     "[log]\nsource = file\nfile = {folder}/mail.log\n"
     "commit_interval = 100ms\nenforces = none"),
    ("tlstally-httpd", "serving", "http",
     "[http]\nlisten = unix:{folder}/http\nmetrics ="),
    ("tlstally-milter", "counting messages", "milter",
     "[milter]\nsocket = unix:{folder}/milter\nsocket_owner =\n"
     "socket_group =\ncommit_interval = 100ms"),
    ("tlstally-policyd", "answering Postfix", "policyd",
     "[policyd]\nsocket = unix:{folder}/policyd\nsocket_owner =\n"
     "socket_group =\n[policy]\nresolver = inet:127.0.0.1:1\n"
     "timeout = 100ms"),
)

# Of those that take a stream socket: a question and its answer.
ASKED = {
    "tlstally-httpd": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                       b"Connection: close\r\n\r\n", b"HTTP/1.1 200"),
    "tlstally-policyd": (b"11:QUERY .test,", b"9:NOTFOUND ,"),
}


def main():
    for name, *row in DAEMONS:
        print("#", name)
        with tempfile.TemporaryDirectory(prefix="daemons.") as folder:
            world = World(pathlib.Path(folder), name, *row)
            try:
                for part in (command_line, looking_up, service_manager,
                             store_of_root, few_files, odd_table, handed_over,
                             taken_away):
                    part(world)
            finally:
                if world.daemon:
                    world.daemon.kill()
        unit = (SOURCE / f"conf/{name}.service.in").read_text()
        expect("its unit can be enabled", True, "\n[Install]\n" in unit)
        expect("and has a watchdog", True, "\nWatchdogSec=" in unit)
    sys.exit(1 if failed else 0)


main()
