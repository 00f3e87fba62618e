#!/usr/bin/env python3
"""https_sink - an HTTPS server whose paths say what it does

    https_sink.py [--keep] [--listen HOST:PORT] --cert F --key F DIRECTORY

Listens on a port of 127.0.0.1 that the kernel chooses, or where --listen
says, and prints "READY PORT".
Each request's body lands in DIRECTORY as <last part of the path>.body, its
request line and headers in .head; with --keep a second one is <...>-2.body.
With TLS_OLD in the environment it has TLS 1.1 and no later.

    /status/NNN/x        answers NNN
    /retry/TEXT/x        503 with Retry-After: TEXT ("_" is a space)
    /redirect/x          302 to /status/200/redirected
    /endless/x           200 and a body that does not end
    /flood/x             headers that do not end
    /close/x             reads all and closes without an answer
    /early/x             closes without reading the body
    /hundred/x           100 Continue and nothing more
    /silent/x            never answers
    /babble/x            answers, but not in HTTP
    /words/x             404 with text/plain words, one of them hostile
    /problem/NNN/x       NNN with a problem+json that says why, in UTF-8
    /packed/ENCODING/x   400 with such a problem, gzip unasked, whatever the
                         Content-Encoding: calls it
    /again/NNN/x         NNN with Retry-After: 300
"""
import argparse
import gzip
import http.server
import os
import pathlib
import ssl
import threading
import time
import urllib.parse


PROBLEM = '{"title":"Zu groß","detail":"höchstens 1 MB"}'.encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def store(self, body):
        name = self.path.split("/")[-1]
        with self.server.lock:
            n = self.server.taken.get(name, 0) + 1
            self.server.taken[name] = n
        if self.server.keep and n > 1:
            name = f"{name}-{n}"
        name = pathlib.Path(self.server.directory) / name
        name.with_suffix(".body").write_bytes(body)
        name.with_suffix(".head").write_text(
            f"{self.requestline}\n{self.headers}")

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_status(self, status):
        self.answer(int(status))

    def do_retry(self, text):
        text = urllib.parse.unquote(text).replace("_", " ")
        self.answer(503, Retry_After=text)

    def do_redirect(self, _):
        self.answer(302, Location="/status/200/redirected")

    def do_words(self, _):
        self.answer(404, b"not here \x1b[31m\nmore\n",
                    Content_Type="text/plain")

    def do_problem(self, status):
        self.answer(int(status), PROBLEM,
                    Content_Type="application/problem+json")

    def do_packed(self, encoding):
        self.answer(400, gzip.compress(PROBLEM), Content_Encoding=encoding,
                    Content_Type="application/problem+json")

    def do_again(self, status):
        self.answer(int(status), Retry_After="300")

    def do_endless(self, _):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 65536)

    def do_flood(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-Flood: " + b"x" * 1000 + b"\r\n")

    def do_close(self, _):
        self.close_connection = True

    def do_hundred(self, _):
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.close_connection = True

    def do_babble(self, _):
        self.wfile.write(b"login: \r\n")
        self.close_connection = True

    def do_silent(self, _):
        time.sleep(60)
        self.close_connection = True

    def do_POST(self):
        what, arg = self.path.split("/")[1:3]
        if what == "early":
            self.close_connection = True
            return
        length = int(self.headers["Content-Length"])
        self.store(self.rfile.read(length))
        try:
            getattr(self, "do_" + what)(arg)
        except OSError:
            self.close_connection = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("directory")
    opts = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(opts.cert, opts.key)
    context.set_alpn_protocols(["http/1.1"])
    if "TLS_OLD" in os.environ:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        directory = opts.directory
        keep = opts.keep
        lock = threading.Lock()
        taken = {}

        def get_request(self):
            sock, peer = super().get_request()
            return context.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False), peer

        def handle_error(self, *_):
            pass  # a client that goes away in the middle is what we test

    host, _, port = opts.listen.rpartition(":")
    server = Server((host, int(port)), Handler)
    print("READY", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
