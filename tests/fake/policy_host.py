#!/usr/bin/python3
"""policy_host - an HTTPS server for MTA-STS policies that does as it is told

    policy_host.py DIRECTORY [ADDRESS PORT]

Listens there, or on a free port of 127.0.0.1, and prints "READY PORT"; ends
with status 77 when it may not.  For the host
mta-sts.NAME.test it shows DIRECTORY/NAME.pem (certificate and key) or else
DIRECTORY/good.pem, and answers with DIRECTORY/NAME.txt (empty: 404), as
do_NAME() below says, or else with the policy.  Each request is a line in
DIRECTORY/requests.  With TLS_OLD in the environment it has TLS 1.1 and no
later.
"""

import http.server
import os
import ssl
import sys
import time

POLICY = (b"version: STSv1\r\nmode: enforce\r\nmx: mx.good.test\r\n"
          b"max_age: 86400\r\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=POLICY, kind="text/plain", **headers):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_testing(self):
        self.answer(200, POLICY.replace(b"enforce", b"testing"))

    def do_none(self):
        self.answer(200, b"version: STSv1\nmode: none\nmax_age: 86400\n")

    def do_malformed(self):
        self.answer(200, POLICY.replace(b"enforce", b"on"))

    def do_redirect(self):
        self.answer(301, Location="https://mta-sts.good.test"
                    "/.well-known/mta-sts.txt")

    def do_missing(self):
        self.answer(404)

    def do_created(self):
        self.answer(201)

    def do_broken(self):
        self.answer(500)

    def do_largest(self):
        self.answer(200, b"x" * 65536)

    def do_toolarge(self):
        self.answer(200, b"x" * 65537)

    def do_endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 4096)

    def do_html(self):
        self.answer(200, kind="text/html")

    def do_nokind(self):
        self.answer(200, kind=None)

    def do_charset(self):
        self.answer(200, kind="Text/Plain; charset=utf-8")

    def do_cookie(self):
        self.answer(200, Set_Cookie="a=b")

    def do_slow(self):
        self.send_response(200)
        self.end_headers()
        for byte in POLICY:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.2)

    def do_silent(self):
        time.sleep(10)

    def do_flood(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-Flood: " + b"x" * 1000 + b"\r\n")

    def do_close(self):
        pass

    def do_short(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(POLICY)

    def answer_file(self, path):
        with open(path, "rb") as file:
            text = file.read()
        self.answer(200 if text else 404, text)

    def answer_as_told(self, name):
        path = "%s/%s.txt" % (self.server.directory, name)
        if os.path.exists(path):
            self.answer_file(path)
        else:
            getattr(self, "do_" + name, lambda: self.answer(200))()

    def do_GET(self):
        with open(self.server.directory + "/requests", "a") as file:
            file.write(self.headers["Host"] + " " + self.path + " " +
                       ",".join(sorted(self.headers.keys())) + "\n")
        name = self.headers["Host"].split(".")[1]
        self.close_connection = True
        try:
            self.answer_as_told(name)
        except OSError:
            pass
        self.close_connection = True


def context_of(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if "TLS_OLD" in os.environ:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory, address="127.0.0.1", port=0):
        super().__init__((address, int(port)), Handler)
        self.directory = directory
        self.good = context_of(directory + "/good.pem")
        self.good.sni_callback = self.choose

    def choose(self, sock, name, _):
        path = "%s/%s.pem" % (self.directory, (name or "..").split(".")[1])
        if os.path.exists(path):
            sock.context = context_of(path)

    def get_request(self):
        sock, peer = super().get_request()
        return self.good.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, *_):
        pass  # a client that goes away in the middle is what we test


if __name__ == "__main__":
    try:
        server = Server(*sys.argv[1:])
    except OSError:
        sys.exit(77)
    print("READY", server.server_address[1], flush=True)
    server.serve_forever()
