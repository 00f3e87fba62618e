#!/usr/bin/env python3
"""h2_sink - an HTTPS server that speaks HTTP/2 and nothing else

    h2_sink.py [--alert] [--silent] --cert F --key F DIRECTORY

Listens on a port of 127.0.0.1 that the kernel chooses and prints "READY PORT".
The body of the n-th request lands in DIRECTORY as n.body; each is answered
with 200.  Who speaks HTTP/1.1 is told so by GOAWAY; with --alert he is already
refused in the TLS handshake (no_application_protocol, RFC 7301 section 3.2),
with --silent the connection is closed without a word.
DIRECTORY/connections has a line for each: h2, http1 or alert.
"""
import argparse
import pathlib
import socket
import ssl
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM = ACK = 1
END_HEADERS = 4
STATUS_200 = b"\x88"  # RFC 7541 appendix A, entry 8
ALERT = bytes((21, 3, 1, 0, 2, 2, 120))


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) +
            struct.pack(">I", stream) + payload)


def exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Sink:
    def __init__(self, opts):
        self.opts = opts
        self.directory = pathlib.Path(opts.directory)
        self.lock = threading.Lock()
        self.taken = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(opts.cert, opts.key)
        self.context.set_alpn_protocols(["h2"])

    def note(self, what):
        with self.lock, open(self.directory / "connections", "a",
                             encoding="ascii") as notes:
            notes.write(what + "\n")

    def keep(self, body):
        with self.lock:
            self.taken += 1
            (self.directory / f"{self.taken}.body").write_bytes(body)

    def requests(self, sock):
        bodies = {}
        while True:
            head = exactly(sock, 9)
            length = int.from_bytes(head[:3], "big")
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
            payload = exactly(sock, length)
            if kind == SETTINGS and not flags & ACK:
                sock.sendall(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                sock.sendall(frame(PING, ACK, 0, payload))
            elif kind == DATA:
                bodies[stream] = bodies.get(stream, b"") + payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                self.keep(bodies.pop(stream, b""))
                sock.sendall(frame(HEADERS, END_STREAM | END_HEADERS, stream,
                                   STATUS_200))

    def serve(self, plain):
        hello = plain.recv(16384, socket.MSG_PEEK)
        if self.opts.alert and b"\x02h2" not in hello:
            self.note("alert")
            plain.recv(16384)
            plain.sendall(ALERT)
            return
        sock = self.context.wrap_socket(plain, server_side=True)
        begins = exactly(sock, len(PREFACE))
        self.note("h2" if begins == PREFACE else "http1")
        if begins != PREFACE and self.opts.silent:
            sock.recv(16384)
            return
        sock.sendall(frame(SETTINGS, 0, 0))
        if begins != PREFACE:
            sock.recv(16384)
            sock.sendall(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 1)))
        else:
            self.requests(sock)

    def run(self, plain):
        try:
            self.serve(plain)
        except (OSError, EOFError):
            pass
        plain.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--alert", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("directory")
    sink = Sink(parser.parse_args())
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("READY", server.getsockname()[1], flush=True)
        while True:
            plain, _ = server.accept()
            threading.Thread(target=sink.run, args=(plain,),
                             daemon=True).start()


if __name__ == "__main__":
    main()
