"""Postfix's side of the milter protocol (version 6), as smtpd(8) and
cleanup(8) speak it: macros before each step, answers awaited only where they
were asked for, a body cut into chunks.  Used by tests/e2e/milter.py."""

import socket
import struct

CHUNK = 65535

# SMFIP_*: steps not wanted, steps without an answer, SKIP
NO = {"C": 0x1, "H": 0x2, "M": 0x4, "R": 0x8, "B": 0x10, "L": 0x20,
      "N": 0x40, "U": 0x100, "T": 0x200}
NR = {"L": 0x80, "C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000,
      "T": 0x10000, "U": 0x20000, "N": 0x40000, "B": 0x80000}
SKIP = 0x400
ALL_STEPS = 0x1fffff
ALL_ACTIONS = 0x1ff
SETSYMLIST = 0x100

# Postfix's defaults (milter_*_macros), where the milter asks for no others.
STAGES = {0: "C", 1: "H", 2: "M", 3: "R", 4: "T", 5: "E", 6: "N"}
DEFAULT_MACROS = {
    "C": ["j", "{daemon_name}", "{daemon_addr}", "v", "_"],
    "H": ["{tls_version}", "{cipher}", "{cipher_bits}", "{cert_subject}",
          "{cert_issuer}"],
    "M": ["i", "{auth_type}", "{auth_authen}", "{auth_author}",
          "{mail_addr}", "{mail_host}", "{mail_mailer}"],
    "R": ["i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"],
    "T": ["i"], "L": ["i"], "N": ["i"], "B": ["i"], "E": ["i"],
}


class Mta:
    """One connection to the milter."""

    def __init__(self, where, actions=ALL_ACTIONS, steps=ALL_STEPS):
        if isinstance(where, str):
            self.sock = socket.socket(socket.AF_UNIX)
        else:
            self.sock = socket.socket()
        self.sock.settimeout(20)
        self.sock.connect(where)
        self.answers = []
        self.rest = b""
        self.macros = dict(DEFAULT_MACROS)
        self.send("O", struct.pack("!III", 6, actions, steps))
        kind, data = self.receive()
        assert kind == "O", kind
        version, self.actions, self.steps = struct.unpack("!III", data[:12])
        assert version == 6, version
        assert self.actions & ~actions == 0, "actions that were not offered"
        assert self.steps & ~steps == 0, "steps that were not offered"
        self.symlist(data[12:])

    def symlist(self, data):
        while data:
            stage = struct.unpack("!I", data[:4])[0]
            names, _, data = data[4:].partition(b"\0")
            self.macros[STAGES[stage]] = names.decode().split()

    def send(self, kind, data=b""):
        self.sock.sendall(struct.pack("!I", len(data) + 1) +
                          kind.encode() + data)

    def exactly(self, n):
        while len(self.rest) < n:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError("the milter hung up")
            self.rest += more
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def receive(self):
        size = struct.unpack("!I", self.exactly(4))[0]
        data = self.exactly(size)
        return chr(data[0]), data[1:]

    def step(self, kind, data=b"", macros=None):
        """One step: "-" not wanted, "" no answer awaited, else the answer."""
        if self.steps & NO.get(kind, 0):
            return "-"
        if macros is not None:
            wanted = self.macros.get(kind, [])
            text = b"".join(n.encode() + b"\0" + v + b"\0"
                            for n, v in macros.items() if n in wanted)
            self.send("D", kind.encode() + text)
        self.send(kind, data)
        if self.steps & NR.get(kind, 0):
            return ""
        answer = self.receive()[0]
        self.answers.append(answer)
        return answer

    def connect(self, host="mx.example.net", address="192.0.2.7", port=4711):
        family = b"U" if address is None else \
            b"6" if ":" in address else b"4"
        data = host.encode() + b"\0" + family
        if address is not None:
            data += struct.pack("!H", port) + address.encode() + b"\0"
        return self.step("C", data, {"j": b"mx.example.com"})

    def helo(self, macros=None, name=b"client.example.net"):
        return self.step("H", name + b"\0", macros or {})

    def mail(self, sender, macros=None):
        return self.step("M", sender + b"\0", macros or {})

    def rcpt(self, recipient, macros=None):
        return self.step("R", recipient + b"\0", macros or {})

    def header(self, name, value):
        return self.step("L", name + b"\0" + value + b"\0", {"i": b"4ABC"})

    def body(self, data, chunk=CHUNK):
        """All of it, or up to where the milter wants no more; how much."""
        for at in range(0, len(data), chunk):
            if self.step("B", data[at:at + chunk], {"i": b"4ABC"}) == "s":
                return at + chunk
        return len(data)

    def data(self, headers=((b"Subject", b"x"),), body=b"Hello\r\n",
             chunk=CHUNK):
        self.step("T", b"", {"i": b"4ABC"})
        for name, value in headers:
            self.header(name, value)
        self.step("N", b"", {"i": b"4ABC"})
        sent = self.body(body, chunk)
        self.step("E", b"", {"i": b"4ABC"})
        return sent

    def abort(self):
        self.send("A")

    def quit(self):
        self.send("Q")
        self.close()

    def close(self):
        self.sock.close()
