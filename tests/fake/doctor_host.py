"""doctor_host - a host that is a folder, for `tlstally doctor` to look at

Postfix's settings, systemd's units, DNS and the mail relay are what the test
says; programs in a folder of its own, first in the path, tell of them.

    host = Host(folder)
    host.main["smtp_tlsrpt_enable"] = "no"
    host.write()
    findings = host.doctor()
"""
import json
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import threading
import time

from policy_service import PolicyService

BUILD = pathlib.Path.cwd()
TLSTALLY = BUILD / "src/programs/tlstally"
STORE = BUILD / "tests/e2e/doctor_store"

POSTCONF = """#!/bin/sh
directory={root}/postfix what=$1
shift
if [ "$1" = -c ]; then
    directory=$2
    shift 2
fi
[ ! -e "$directory/hangs" ] || exec sleep 60
[ -e "$directory/main$what" ] || exit 1
exec cat "$directory/main$what"
"""
SYSTEMCTL = """#!/bin/sh
for unit; do :; done
[ -e {root}/units/"$unit" ] || exit 1
exec cat {root}/units/"$unit"
"""
A, MX, TXT, AAAA = 1, 15, 16, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def qname(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(one)]) + one.encode() for one in labels) + b"\0"


def rdata(kind, value):
    if kind == TXT:
        parts = [value[i:i + 255] for i in range(0, len(value), 255)] or [b""]
        return b"".join(bytes([len(part)]) + part for part in parts)
    if kind == MX:
        return struct.pack(">H", 10) + qname(value)
    return socket.inet_pton(socket.AF_INET, value)


class Dns:
    """Answers by UDP: zone[(name, kind)] is a list of values."""

    def __init__(self):
        self.zone, self.signed, self.mode = {}, True, "answers"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack(">H", question[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        values = self.zone.get((name, kind), [])
        known = values or any(key[0] == name for key in self.zone)
        code = SERVFAIL if self.mode == "fails" else \
            NOERROR if known or name == "org" else NXDOMAIN
        flags = 0x8180 | code | (0x20 if self.signed else 0)
        records = b""
        for value in values if code == NOERROR else []:
            data = rdata(kind, value)
            records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300,
                                                 len(data)) + data
        count = len(values) if code == NOERROR else 0
        return question[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) \
            + question[12:at + 5] + records

    def serve(self):
        while True:
            question, sender = self.socket.recvfrom(4096)
            if self.mode == "rubbish":
                self.socket.sendto(os.urandom(100), sender)
            elif self.mode != "silent":
                self.socket.sendto(self.answer(question), sender)


class Relay:
    """A mail relay that greets, and takes EHLO."""

    def __init__(self):
        self.mode = "answers"
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def talk(self, client):
        if self.mode == "refuses":
            client.sendall(b"554 no service for you\r\n")
            client.close()
            return
        if self.mode == "slow":
            time.sleep(6)
        if self.mode == "silent":
            time.sleep(60)
        try:
            client.sendall(b"220 relay.test ESMTP\r\n")
            while line := client.recv(1024):
                client.sendall(b"221 bye\r\n" if line.startswith(b"QUIT")
                               else b"250 relay.test\r\n")
        except OSError:
            pass

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.talk, args=(client,),
                             daemon=True).start()


class Host:
    """All is well on it, until the test says something else."""

    DNS, RELAY = Dns(), Relay()

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.root.chmod(0o755)
        self.queue = self.root / "queue"
        self.socket_path = self.queue / "run/tlsrpt/tlsrpt.sock"
        self.store_owner = "nobody" if os.geteuid() == 0 else None
        self.conf = {
            "report": {"contact_info": "tls@c.test",
                       "organization_name": "Test", "mode": "all"},
            "store": {"directory": self.root / "store", "map_size": "64M"},
            "events": {"socket": f"unix:{self.socket_path}"},
            "policyd": {"socket":
                        f"unix:{self.queue}/run/tlstally/policyd.sock"},
            "policy": {"resolver": f"inet:127.0.0.1:{self.DNS.port}"},
            "deliver": {"mail": f"smtp://127.0.0.1:{self.RELAY.port}"},
        }
        self.main = {
            "config_directory": self.root / "postfix",
            "mail_version": "3.10.13", "mail_owner": "daemon",
            "daemon_directory": self.root / "libexec",
            "queue_directory": self.queue, "multi_instance_enable": "yes",
            "smtp_tls_security_level": "may", "smtp_tls_loglevel": "1",
            "smtp_tlsrpt_enable": "yes",
            "smtp_tlsrpt_socket_name": "run/tlsrpt/tlsrpt.sock",
            "smtpd_milters": "inet:127.0.0.1:8892",
            "non_smtpd_milters": "inet:127.0.0.1:8892",
            "milter_default_action": "accept", "tls_required_enable": "yes",
        }
        self.services = ["smtp inet n - y - - smtpd",
                         "smtp unix - - y - - smtp",
                         "relay unix - - y - - smtp"]
        self.overrides, self.main_cf, self.instances = [], "", {}
        self.program = b"..smtp_tlsrpt_enable.."
        self.units = {}
        self.stored = {"feed=events": "5", "feed=milter": "5", "run": "60",
                       "signed": "c.test:sel"}
        # what smtp(8) reads in its chroot
        self.resolv_conf = f"nameserver inet:127.0.0.1:{self.DNS.port}\n"
        self.socket_mode, self.listens = 0o666, True
        self.policyd = None  # what tlstally-policyd says; None: not there
        self.policyd_path = self.queue / "run/tlstally/policyd.sock"
        self.policyd_mode = 0o666
        self.after = []  # called when all is written
        self.DNS.zone = {
            ("c.test", MX): ["mx.c.test"],
            ("c.test", TXT): [b"v=spf1 mx -all"],
            ("_dmarc.c.test", TXT): [b"v=DMARC1; p=reject"],
            ("_smtp._tls.c.test", TXT): [b"v=TLSRPTv1; rua=mailto:t@c.test"],
            ("sel._domainkey.c.test", TXT): [b"v=DKIM1; p=MIGf"],
        }
        self.DNS.signed, self.DNS.mode = True, "answers"
        self.RELAY.mode = "answers"

    def put(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        path.chmod(mode)

    def put_instance(self, name, main):
        self.put(f"{name}/main-x",
                 "".join(f"{key} = {value}\n" for key, value in main.items()))
        self.put(f"{name}/main-xM", "\n".join(self.services) + "\n")
        self.put(f"{name}/main-xP", "\n".join(self.overrides) + "\n")
        self.put(f"{name}/main.cf", self.main_cf)

    def own(self, path):
        if self.store_owner:
            pw = pwd.getpwnam(self.store_owner)
            os.chown(path, pw.pw_uid, pw.pw_gid)

    def put_store(self):
        store = self.root / "store"
        words = [f"{key}:{value}" if "=" in key else f"{key}={value}"
                 for key, value in self.stored.items()]
        subprocess.run([STORE, store, *words], check=True)
        store.chmod(0o750)
        for path in [store, *store.iterdir()]:
            self.own(path)

    def put_settings(self):
        if self.policyd is not None:
            self.policyd_path.parent.mkdir(parents=True, exist_ok=True)
            self.service = PolicyService(self.policyd_path, self.policyd)
            self.policyd_path.chmod(self.policyd_mode)
        self.put("queue/etc/resolv.conf", self.resolv_conf)
        self.put("tlstally.conf", "".join(
            f"[{section}]\n" + "".join(f"{name} = {value}\n"
                                       for name, value in rows.items())
            for section, rows in self.conf.items()))

    def write(self):
        others = " ".join(str(self.root / name) for name in self.instances)
        if others:
            self.main["multi_instance_directories"] = others
        self.put_instance("postfix", self.main)
        for name, changes in self.instances.items():
            self.put_instance(name, {**self.main, **changes})
        if self.program is not None:
            self.put("libexec/smtp", self.program, 0o755)
        self.put("bin/postconf", POSTCONF.format(root=self.root), 0o755)
        self.put("bin/systemctl", SYSTEMCTL.format(root=self.root), 0o755)
        for unit, lines in self.units.items():
            self.put(f"units/{unit}", lines)
        self.socket_path.parent.mkdir(parents=True, exist_ok=True)
        if self.listens:
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.listener.bind(str(self.socket_path))
            self.socket_path.chmod(self.socket_mode)
        self.put_settings()
        if self.stored is not None:
            self.put_store()
        for change in self.after:
            change(self)

    def env(self):
        return {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}

    def command(self):
        return [TLSTALLY, "-c", self.root / "tlstally.conf", "doctor", "--json"]

    def run(self, *words, command="doctor", user=None):
        program = TLSTALLY
        if user is not None:
            # who may not enter the build folder, below /root say
            program = self.root / "tlstally"
            shutil.copy(TLSTALLY, program)
        return subprocess.run([program, "-c", self.root / "tlstally.conf",
                               command, *words], env=self.env(),
                              capture_output=True, text=True, timeout=120,
                              user=user)

    def doctor(self, user=None):
        done = self.run("--json", user=user)
        return json.loads(done.stdout)["checks"], done

    def clear(self):
        if self.listens:
            self.listener.close()
        if self.policyd is not None:
            self.service.close()
        for top, names, _ in os.walk(self.root):
            for name in names:
                os.chmod(os.path.join(top, name), 0o755)
        shutil.rmtree(self.root)
