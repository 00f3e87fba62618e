#!/usr/bin/env python3
"""objects_rubbish - what the object commands make of servers that are none

In the build folder.  A server on loopback that answers what a row says: no
JSON, errors, endless bodies, redirects.  Each must end in a sentence that
says what is wrong, and the key must not leave for another place.  In the end
a server of other people, with lists and limits of its own.
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import pathlib

from httpd_world import HTTPD, TLSTALLY, make_certificate
from testlib import expect, failed

KEY = "tally_the-key-that-must-not-leave"
USUAL = "/.well-known/jmap"
CORE, STALWART = "urn:ietf:params:jmap:core", "urn:stalwart:jmap"
T = "tls-internal-report"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status=200, body=b"", kind="application/json", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.taken.append((self.command, self.path,
                                  self.headers.get("Authorization"), body))
        deed = self.server.deeds.get((self.command, self.path))
        try:
            if deed:
                deed(self)
            else:
                self.answer(404)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = take


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.deeds, self.taken = {}, []
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # clients that go away are what we test


def session(api="/api", **over):
    return {"capabilities": {CORE: {}, STALWART: {}}, "apiUrl": api,
            "accounts": {"a1": {}}, "primaryAccounts": {STALWART: "a1"},
            **over}


def says(status=200, body=b"", kind="application/json", **headers):
    return lambda handler: handler.answer(status, body, kind, **headers)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def flood(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-Flood: " + b"x" * 1000 + b"\r\n")


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.2)


def silent(handler):
    time.sleep(20)
    handler.close_connection = True


def close(handler):
    handler.close_connection = True


def babble(handler):
    handler.wfile.write(b"login: \r\n")
    handler.close_connection = True


def response(*responses):
    return says(body={"methodResponses": list(responses)})


def error(**what):
    return response(["error", what, "0"])


def problem(status, detail):
    return says(status, {"type": "about:blank", "detail": detail},
                "application/problem+json")


ELSEWHERE = "which is on another server, and the token is not sent there"
# What GET of the usual place answers, and what must be said.
SESSIONS = [
    ("no JSON", says(body=b"<html>", kind="text/html"),
     "the response, text/html, is not a JMAP session"),
    ("another JSON", says(body={"hello": 1}), "is not a JMAP session"),
    ("a list", says(body=[]), "is not a JMAP session"),
    ("nothing", says(), "is not a JMAP session"),
    ("JSON with a member twice", says(body=b'{"apiUrl":"/a","apiUrl":"/b"}'),
     "is not a JMAP session"),
    ("JSON, very deep", says(body=b"[" * 100000), "is not a JMAP session"),
    ("an apiUrl that is none", says(body=session(api=5)),
     "is not a JMAP session"),
    ("an apiUrl elsewhere", lambda h: h.answer(body=session(
        api=f"http://127.0.0.1:{h.server.thief.port}/api")), ELSEWHERE),
    ("an apiUrl of another scheme", lambda h: h.answer(body=session(
        api=f"https://127.0.0.1:{h.server.port}/api")), ELSEWHERE),
    ("an apiUrl far too long", says(body=session(api="/" + "x" * 5000)),
     "the URL is too long"),
    ("an account that is none", says(body=session(
        primaryAccounts={STALWART: "a\n1"})), "an account with an invalid id"),
    ("without the objects", says(body=session(capabilities={CORE: {}})),
     "has no x:TlsInternalReport: its session does not list "
     "urn:stalwart:jmap"),
    ("401", problem(401, "who are you?"), "HTTP status 401: the server did "
     "not accept the token, or requires one (--api-key-file, --api-key, "
     "TLSTALLY_TOKEN): who are you?"),
    ("403", says(403), "HTTP status 403: permission denied for this token"),
    ("404", says(404), "HTTP status 404: no JMAP API at this URL"),
    ("429", says(429), "HTTP status 429: too many requests"),
    ("500", says(500, b"<html>"), "HTTP status 500: the server failed"),
    ("503", problem(503, "the store is away \x1b[31m"),
     "HTTP status 503: the server is busy or unavailable: the store is away"),
    ("418", says(418), "HTTP status 418"),
    ("a redirect elsewhere", lambda h: h.answer(
        302, Location=f"http://127.0.0.1:{h.server.thief.port}/jmap"),
     ELSEWHERE),
    ("a redirect to another host", says(307, Location="https://jmap.example/"),
     "redirects to https://jmap.example/, " + ELSEWHERE),
    ("a redirect to a file", says(302, Location="file:///etc/passwd"),
     ELSEWHERE),
    ("a redirect to nowhere", says(302), "redirect without a Location field"),
    ("redirects in a ring", says(302, Location=USUAL),
     "more than 3 redirects"),
    ("too large", endless, "the response is longer than 64 MiB"),
    ("endless headers", flood, "the response headers are longer than 64 KiB"),
    ("slow", drip, "timed out"),
    ("silent", silent, "timed out"),
    ("closes", close, "Empty reply from server"),
    ("no HTTP", babble, "HTTP/0.9"),
]

# What POST answers to `query`.
CALLS = [
    ("no JSON", says(body=b"<html>"), "the response is not JMAP: JSON: line 1"),
    ("no responses", says(body={}),
     "the response is not JMAP: no methodResponses"),
    ("responses that are none", response(7, [], ["x"], {}),
     "no response to our call"),
    ("to another call", response(["x:TlsInternalReport/query", {"ids": []},
                                  "7"]), "no response to our call"),
    ("to another method", response(["x:Other/query", {"ids": []}, "0"]),
     "no response to our call"),
    ("an error without a type", response(["error", {}, "0"]),
     "an error without a type"),
    ("an error that is none", response(["error", 7, "0"]),
     "an error without a type"),
    ("an unknown error", error(type="outOfCheese"),
     "unknown error 'outOfCheese'"),
    ("an empty error", error(type=""), "unknown error ''"),
    ("forbidden", error(type="forbidden", description="no\x1b[2J"),
     "permission denied: no[2J"),
    ("no such method", error(type="unknownMethod"),
     "the server does not support this method"),
    ("another filter", error(type="unsupportedFilter"),
     "the server does not support this filter"),
    ("busy", error(type="serverUnavailable"), "the server is busy or unavailable"),
    ("no ids", response(["x:TlsInternalReport/query", {}, "0"]),
     "the response to /query has no list of ids"),
    ("ids that are none", response(["x:TlsInternalReport/query",
                                    {"ids": [7]}, "0"]),
     "the response to /query has no list of ids"),
    ("401", says(401), "HTTP status 401: the server did not accept the token"),
    ("413", says(413), "the request is too large for the server"),
    ("500", says(500), "HTTP status 500: the server failed"),
    ("a redirect", says(307, Location="/other"), "redirect to 'http://"),
    ("too large", endless, "the response is longer than 64 MiB"),
    ("slow", drip, "timed out"),
    ("closes", close, "Empty reply from server"),
]

LOST = "the request may have been executed: check before you try again"
# What POST answers to a change: verb, words, answer, what is said.
CHANGES = [
    ("create: closed", "create", close, LOST),
    ("create: silent", "create", silent, LOST),
    ("create: not said", "create", response(
        ["x:TlsInternalReport/set", {"created": None}, "0"]),
     "does not say for every object whether it was created"),
    ("create: no id", "create", response(
        ["x:TlsInternalReport/set", {"created": {"new": {}}}, "0"]),
     "the response to /set does not name the created object"),
    ("create: refused", "create", response(
        ["x:TlsInternalReport/set", {"notCreated": {"new": {
            "type": "invalidProperties", "properties": ["domain", "x\x07y"]
        }}}, "0"]), "the server did not accept the properties (domain, xy)"),
    ("update: not said", "update", response(
        ["x:TlsInternalReport/set", {"updated": {}}, "0"]),
     "does not say for every object whether it was updated"),
    ("update: refused", "update", response(
        ["x:TlsInternalReport/set", {"notUpdated": {"a1": {
            "type": "rateLimit"}}}, "0"]),
     "a1: too many requests, try again later"),
    ("update: an error that is none", "update", response(
        ["x:TlsInternalReport/set", {"notUpdated": {"a1": 7}}, "0"]),
     "a1: an error without a type"),
    ("delete: not said", "delete", response(
        ["x:TlsInternalReport/set", {"destroyed": None}, "0"]),
     "does not say for every object whether it was deleted"),
]
WORDS = {
    "create": ["create", T, "--field", "domain=a.example", "--field",
               "createdAt=2026-03-02T00:15:00Z", "--field",
               "deliverAt=2026-03-02T00:15:00Z", "--field",
               "report={\"reportId\":\"1\",\"dateRangeStart\":"
               "\"2026-03-01T00:00:00Z\",\"dateRangeEnd\":"
               "\"2026-03-01T23:59:59Z\"}"],
    "update": ["update", T, "a1", "--field", "mailRua="],
    "delete": ["delete", T, "a1"],
}

# URLs that are refused before anybody is asked, with status 2.
URLS = [
    ("no URL", "tally example", "not a URL like https://tally.example.com"),
    ("another scheme", "ftp://127.0.0.1/", "the scheme is not https or http"),
    ("a file", "file:///etc/passwd", "not a URL like"),
    ("in the clear", "http://tally.example/", "http:// sends the token"),
    ("a name that begins like ours", "http://127.0.0.1.example/",
     "http:// sends the token"),
    ("with a user", "https://u:p@tally.example/", "a user name in the URL is not supported"),
]


def tally(url, *words, key=KEY):
    got = subprocess.run(
        [TLSTALLY, *words, "--url", url, "--api-key", key],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "TLSTALLY_CONF": "/dev/null"})
    return got.returncode, got.stdout, got.stderr


def check(name, got, want, status=1):
    code, _, said = got
    good = code == status and want in said and said.count("\n") == 1 and \
        all(c == "\n" or c >= " " for c in said)
    expect(name, (status, want), (code, want if good else said))


def test_sessions(server):
    url = f"http://127.0.0.1:{server.port}"
    for name, deed, want in SESSIONS:
        server.deeds = {("GET", USUAL): deed}
        check("session: " + name,
              tally(url, "query", T, "--timeout", "5s"), want)
    server.deeds = {}
    check("no API at a path", tally(url + "/nix", "query", T),
          "HTTP status 404: no JMAP API at this URL")
    check("nobody there", tally("http://127.0.0.1:1", "query", T),
          "Failed to connect")
    for name, bad, want in URLS:
        check("URL: " + name, tally(bad, "query", T), want, 2)
    check("a key that breaks the header",
          tally(url, "query", T, key="a\r\nX: y"),
          "the token is empty, or has characters", 2)


def test_calls(server):
    url = f"http://127.0.0.1:{server.port}"
    for name, deed, want in CALLS:
        server.deeds = {("GET", USUAL): says(body=session()),
                        ("POST", "/api"): deed}
        check("call: " + name, tally(url, "query", T, "--timeout", "5s"), want)
    for name, verb, deed, want in CHANGES:
        server.deeds[("POST", "/api")] = deed
        check(name, tally(url, *WORDS[verb], "--timeout", "5s"), want)
    server.deeds[("POST", "/api")] = response(
        ["x:TlsInternalReport/get", {"list": [{"id": "a1", "domain":
                                               "\x1b]0;x\x07\u202eb"}]}, "0"])
    code, out, _ = tally(url, "get", T, "a1")
    expect("a terminal is told nothing", (0, False),
           (code, "\x1b" in out or "\x07" in out))
    server.deeds[("POST", "/api")] = response(
        ["x:TlsInternalReport/get", {"list": [7]}, "0"])
    check("objects that are none", tally(url, "get", T, "a1"),
          "has a list with items that are not objects")


def foreign(handler):
    """A server of others: lists are objects, at most two at a time."""
    request = json.loads(handler.server.taken[-1][3])
    name, args, call = request["methodCalls"][0]
    everyone = [f"r{i}" for i in range(5)]
    if name.endswith("/query"):
        at = args.get("position", 0)
        got = {"ids": everyone[at:at + 2], "position": at, "limit": 2}
    elif len(args["ids"] or everyone) > 2:
        name, got = "error", {"type": "requestTooLarge"}
    else:
        got = {"list": [{"id": i, "domain": i + ".example",
                         "mailRua": {"a@b.example": True, "c@d.example": True}}
                        for i in args["ids"]], "notFound": []}
    handler.answer(body={"methodResponses": [[name, got, call]]})


def test_foreign(server):
    url = f"http://127.0.0.1:{server.port}"
    server.deeds = {
        ("GET", USUAL): says(302, Location="/jmap/session"),
        ("GET", "/jmap/session"): says(body=session(capabilities={
            CORE: {"maxObjectsInGet": 2}, STALWART: {}})),
        ("POST", "/api"): foreign}
    server.taken.clear()
    code, out, said = tally(url, "query", T, "--limit", "5")
    expect("others: all five, in a table", (0, 6, ""),
           (code, len(out.splitlines()), said))
    expect("others: a list that is an object", True,
           "a@b.example, c@d.example" in out)
    calls = [json.loads(body) for verb, _, _, body in server.taken
             if verb == "POST"]
    expect("others: what they have is used", {(CORE, STALWART)},
           {tuple(call["using"]) for call in calls})
    args = [call["methodCalls"][0] for call in calls]
    expect("others: the account", {"a1"}, {a["accountId"] for _, a, _ in args})
    expect("others: two at a time", [2, 2, 1],
           [len(a["ids"]) for n, a, _ in args if n.endswith("/get")])
    expect("others: only fields they have", True, all(
        "status" not in a["properties"] for n, a, _ in args
        if n.endswith("/get")))
    code, out, said = tally(url, "get", T, "--json")
    expect("others: get without ids, more than one call takes", (0, 5),
           (code, len(json.loads(out)) if code == 0 else said))
    code, out, said = tally(url, "query", T, "--limit", "3", "--fields", "id",
                            "--json")
    expect("others: no more than the limit", (0, 3),
           (code, len(json.loads(out)) if code == 0 else said))
    server.deeds[("GET", "/api")] = says(405)
    server.taken.clear()
    expect("others: the API itself, and the session tells the account",
           (0, "a1"), (tally(url + "/api", "query", T)[0],
                       json.loads(server.taken[-1][3])["methodCalls"][0][1]
                       ["accountId"]))
    del server.deeds[("GET", USUAL)]
    server.taken.clear()
    expect("others: the API without a session", (0, True),
           (tally(url + "/api", "query", T)[0], all(
               b"accountId" not in taken[3] for taken in server.taken)))


def test_tls(directory):
    make_certificate(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    server = Server(context)
    server.deeds = {("GET", USUAL): says(body=session()),
                    ("POST", "/api"): response(
                        ["x:TlsInternalReport/query", {"ids": []}, "0"])}
    url = f"https://localhost:{server.port}"
    ca = ["--ca-file", str(directory / "cert.pem")]
    expect("TLS: a certificate of ours", 0, tally(url, "query", T, *ca)[0])
    check("TLS: one nobody knows", tally(url, "query", T), "certificate")
    check("TLS: one for another name",
          tally(url.replace("localhost", "127.0.0.1"), "query", T, *ca),
          "127.0.0.1")
    check("TLS: no list of authorities", tally(url, "query", T, "--ca-file",
                                               str(directory / "none")),
          "none: No such file or directory")
    (directory / "empty").write_text("")
    check("TLS: a list of none", tally(url, "query", T, "--ca-file",
                                       str(directory / "empty")),
          "empty: no certificate in PEM format")
    server.deeds["GET", USUAL] = says(body=session(
        api=f"http://localhost:{server.port}/api"))
    check("TLS: a session behind a proxy that does not know its URL",
          tally(url, "query", T, *ca), "without TLS, and the token is not "
          "sent there; behind a proxy, set [http] url of tlstally-httpd")
    plain = Server()
    check("TLS: to a server without", tally(
        f"https://localhost:{plain.port}", "query", T, *ca), "SSL")
    expect("the key went to nobody else", 0, len(plain.taken))


def main():
    server, thief = Server(), Server()
    server.thief = thief
    test_sessions(server)
    test_calls(server)
    test_foreign(server)
    with tempfile.TemporaryDirectory(prefix="tlstally-rubbish.") as name:
        test_tls(pathlib.Path(name))
    expect("the thief has heard nothing", [], thief.taken)
    print(len(failed), "failed")
    return 1 if failed else 0


if not HTTPD.exists():
    os._exit(77)
sys.exit(main())
