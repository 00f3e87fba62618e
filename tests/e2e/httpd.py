#!/usr/bin/env python3
"""httpd - tlstally-httpd as its clients see it

In the build folder.  The real daemon on loopback ports, on a unix socket and
with TLS; tokens by the real command; slow and many connections.
"""
import ctypes
import gzip
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from httpd_world import HTTPD, WWW, Server, make_certificate
from testlib import (WAIT_SECS, Daemon, expect, failed, free_port,
                     wait_until)

SLOW_SECS = 30  # a request's header may take no longer


def ask(port, method, path, token=None, body=None, headers=None, source=None,
        connection=None):
    c = connection or http.client.HTTPConnection(
        "127.0.0.1", port, timeout=WAIT_SECS,
        source_address=(source, 0) if source else None)
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = "Bearer " + token
    if body is not None and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json"
    c.request(method, path, body, headers)
    r = c.getresponse()
    text = r.read()
    if not connection:
        c.close()
    return r, text


def ask_until(status, port, token):
    """What other connections did may take its time to be seen."""
    end = time.monotonic() + WAIT_SECS
    while True:
        r, text = ask(port, "POST", "/api", token, echo())
        if r.status == status or time.monotonic() > end:
            return r, text
        time.sleep(0.1)


def echo(n=1):
    return json.dumps({"using": ["urn:ietf:params:jmap:core"], "methodCalls":
                       [["Core/echo", {"n": n}, "c"]]})


def test_answers(server, port, token, reader):
    r, text = ask(port, "GET", "/healthz")
    expect("healthz", (200, b"ok\n"), (r.status, text))
    r, _ = ask(port, "HEAD", "/healthz")
    expect("HEAD", 200, r.status)
    r, _ = ask(port, "GET", "/.well-known/jmap")
    expect("well-known", (307, "/jmap/session"),
           (r.status, r.getheader("Location")))
    r, text = ask(port, "GET", "/jmap/session")
    expect("no token", (401, 'Bearer realm="tlstally"', 401),
           (r.status, r.getheader("WWW-Authenticate"),
            json.loads(text)["status"]))
    expect("a problem document", "application/problem+json",
           r.getheader("Content-Type"))
    r, text = ask(port, "GET", "/jmap/session", token)
    session = json.loads(text)
    expect("session", (200, True, f"http://127.0.0.1:{port}"),
           (r.status, "urn:stalwart:jmap" in session["capabilities"],
            session["apiUrl"].removesuffix("/jmap/")))
    for path in ("/api", "/jmap", "/jmap/"):
        r, text = ask(port, "POST", path, token, echo())
        expect("echo at " + path, (200, ["Core/echo", {"n": 1}, "c"]),
               (r.status, json.loads(text)["methodResponses"][0]))
    r, _ = ask(port, "GET", "/api", token)
    expect("wrong method", (405, "POST"), (r.status, r.getheader("Allow")))
    r, _ = ask(port, "GET", "/etc/passwd", token)
    expect("nothing there", 404, r.status)
    r, text = ask(port, "GET", "/metrics", reader)
    expect("metrics", (200, True),
           (r.status, b"\ntlstally_outbox_reports{status=\"pending\"} 0\n"
            in text))
    r, _ = ask(port, "GET", "/metrics",
               server.tally("token", "add", "q", "--permission",
                            "sysTlsInternalReportQuery")[1])
    expect("metrics want a permission", 403, r.status)
    r, text = ask(port, "POST", "/api", token, "{", None)
    expect("no JSON", (400, "urn:ietf:params:jmap:error:notJSON"),
           (r.status, json.loads(text)["type"]))
    r, text = ask(port, "POST", "/api", token, echo(),
                  {"Content-Type": "text/plain"})
    expect("no JSON by its type", (400, "urn:ietf:params:jmap:error:notJSON"),
           (r.status, json.loads(text)["type"]))


def test_page(port):
    """Its files as they lie there, for everybody, and no other file."""
    types = {".html": "text/html; charset=utf-8",
             ".js": "text/javascript; charset=utf-8",
             ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    tags = set()
    names = sorted(f.name for f in WWW.iterdir() if f.suffix in types)
    for name in names:
        path = "/" if name == "index.html" else "/" + name
        r, text = ask(port, "GET", path)
        expect("page: " + path,
               (200, types[pathlib.Path(name).suffix], True),
               (r.status, r.getheader("Content-Type"),
                text == (WWW / name).read_bytes()))
        tags.add(r.getheader("ETag"))
        r, text = ask(port, "GET", path,
                      headers={"If-None-Match": r.getheader("ETag")})
        expect("page: %s is known" % path, (304, b""), (r.status, text))
    expect("page: each has a tag of its own", len(names), len(tags))
    tag = ask(port, "GET", "/")[0].getheader("ETag")
    for name, given in (("weakened", "W/" + tag),
                        ("of Apache", tag[:-1] + '-gzip"'),
                        ("in a list", f'"other", W/{tag}')):
        r, _ = ask(port, "GET", "/", headers={"If-None-Match": given})
        expect("page: a tag " + name, 304, r.status)
    r, text = ask(port, "GET", "/", headers={"If-None-Match": '"other"'})
    policy = r.getheader("Content-Security-Policy")
    expect("page: another tag", (200, "no-cache", "nosniff", "no-referrer"),
           (r.status, r.getheader("Cache-Control"),
            r.getheader("X-Content-Type-Options"),
            r.getheader("Referrer-Policy")))
    expect("page: its policy", (True, False),
           (policy.startswith("default-src 'none'; script-src 'self';"),
            "unsafe" in policy))
    r, text = ask(port, "HEAD", "/app.js")
    expect("page: HEAD", (200, b"", (WWW / "app.js").stat().st_size),
           (r.status, text, int(r.getheader("Content-Length"))))
    r, _ = ask(port, "POST", "/", body="{}")
    expect("page: nothing can be posted to it", (405, "GET, HEAD"),
           (r.status, r.getheader("Allow")))
    chart = next(line.split("=")[1].strip() for line in
                 pathlib.Path("Makefile").read_text().splitlines()
                 if line.startswith("CHARTJS ="))
    r, text = ask(port, "GET", "/chart.js")
    expect("page: Chart.js from where it lies",
           (200, True) if chart else (404, False),
           (r.status,
            bool(chart) and text == pathlib.Path(chart).read_bytes()))
    for path in ("/index.html", "/Makefile.inc", "/../www/app.js",
                 "/%2e%2e/etc/passwd", "/app.js/", "//app.js"):
        r, _ = ask(port, "GET", path)
        expect("page: no " + path, 404, r.status)


def test_no_page(directory):
    """Without its files the API is served all the same, and it is said."""
    port = free_port()
    for name, www, said in (("nowww", "", False),
                            ("badwww", directory / "gone", True)):
        server = Server(directory, name, listen=f"inet:127.0.0.1:{port}", www=www)
        server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
        expect(name + ": no page", 404, ask(port, "GET", "/")[0].status)
        expect(name + ": but the rest", 200,
               ask(port, "GET", "/healthz")[0].status)
        Daemon.stop(server)
        expect(name + ": it is said", said,
               f"no web page: [http] www: {directory}/gone: No such"
               in server.log())


def test_download(port, token, made, mon):
    """RFC 8620 section 6.2, by the session's template."""
    template = json.loads(ask(port, "GET", "/jmap/session", token)[1])[
        "downloadUrl"].removeprefix(f"http://127.0.0.1:{port}")

    def get(blob, name="report.json", kind="application/json", who=token,
            account="tally", method="GET"):
        path = template
        for key, value in {"accountId": account, "blobId": blob, "name": name,
                           "type": kind}.items():
            path = path.replace("{%s}" % key, urllib.parse.quote(value, ""))
        return ask(port, method, path, who)

    r, text = get(made + "-json", "r\"; x=\u00e9/../a.json")
    expect("download: headers",
           (200, "application/json", "nosniff",
            'attachment; filename="r___x=___.._a.json"', True),
           (r.status, r.getheader("Content-Type"),
            r.getheader("X-Content-Type-Options"),
            r.getheader("Content-Disposition"),
            "no-store" in r.getheader("Cache-Control")))
    expect("download: its policy", True,
           "sandbox" in r.getheader("Content-Security-Policy"))
    expect("download: JSON of the RFC", "r@example.com",
           json.loads(text)["report-id"])
    r, packed = get(made + "-gzip", kind="")
    expect("download: gzip of the same", (text, "application/tlsrpt+gzip"),
           (gzip.decompress(packed), r.getheader("Content-Type")))
    r, mail = get(made + "-0", "report.eml", "bad type\r\nX: y")
    expect("download: the mail", ("message/rfc822", True, None),
           (r.getheader("Content-Type"),
            b"\r\nTLS-Report-Domain: example.com\r\n" in mail,
            r.getheader("X")))
    r, text = get(made + "-0", method="HEAD")
    expect("download: HEAD", (200, b"", len(mail)),
           (r.status, text, int(r.getheader("Content-Length"))))
    for what, status, args in (
            ("download: no such destination", 404, {"blob": made + "-1"}),
            ("download: no such form", 404, {"blob": made + "-pdf"}),
            ("download: no such report", 404, {"blob": "a000000000000-json"}),
            ("download: no such account", 404,
             {"blob": made + "-json", "account": "other"}),
            ("download: no token", 401, {"blob": made + "-json", "who": None}),
            ("download: a token that may not", 403,
             {"blob": made + "-json", "who": mon})):
        expect(what, status, get(**args)[0].status)
    expect("download: the permission is named", True,
           b"sysTlsInternalReportGet" in get(made + "-json", who=mon)[1])
    for path in ("/jmap/download/", "/jmap/download/tally",
                 "/jmap/download/tally/x", "/jmap/download/tally//x",
                 f"/jmap/download/tally/{made}-json/"):
        expect("download: no " + path, 404,
               ask(port, "GET", path, token)[0].status)


def test_objects(port, token, mon):
    def call(name, args):
        body = json.dumps({"using": ["urn:ietf:params:jmap:core",
                                     "urn:stalwart:jmap"],
                           "methodCalls": [["x:TlsInternalReport/" + name,
                                            args, "c"]]})
        return json.loads(ask(port, "POST", "/api", token, body)[1])[
            "methodResponses"][0]
    got = call("set", {"create": {"new": {
        "domain": "example.com", "mailRua": ["tls@example.com"],
        "httpRua": [],
        "policyIdentifiers": [], "createdAt": "2026-03-02T00:15:00Z",
        "deliverAt": "2026-03-02T01:00:00Z",
        "report": {"reportId": "r@example.com", "policies": [],
                   "dateRangeStart": "2026-03-01T00:00:00Z",
                   "dateRangeEnd": "2026-03-01T23:59:59Z"}}}})
    made = got[1].get("created", {}).get("new", {}).get("id")
    expect("create", "x:TlsInternalReport/set", got[0] if made else got)
    got = call("query", {"filter": {}})
    expect("query", [made], got[1].get("ids"))
    got = call("get", {"ids": [made]})
    expect("get", "example.com", got[1]["list"][0]["domain"])
    got = call("set", {"update": {made: {"policyIdentifiers": [7]}}})
    expect("update", [made], list(got[1].get("updated") or {}))
    test_download(port, token, made, mon)
    got = call("set", {"destroy": [made]})
    expect("destroy", [made], got[1].get("destroyed"))


def test_limits(port, token):
    r, text = ask(port, "POST", "/api", token, None,
                  {"Content-Length": str(11 << 20),
                   "Content-Type": "application/json"})
    expect("too large, by its length", (413, "maxSizeRequest"),
           (r.status, json.loads(text)["limit"]))
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request("POST", "/api", iter([b" " * 65536] * 170),
              {"Authorization": "Bearer " + token,
               "Content-Type": "application/json"}, encode_chunked=True)
    r = c.getresponse()
    expect("too large, in pieces", (413, "maxSizeRequest"),
           (r.status, json.loads(r.read())["limit"]))
    c.close()
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECS)
    for _ in range(3):
        ask(port, "POST", "/api", token, echo(), connection=c)
    r, _ = ask(port, "GET", "/nothing", token, connection=c)
    r, text = ask(port, "POST", "/api", token, echo(9), connection=c)
    expect("a connection is used again, also after a refusal", 9,
           json.loads(text)["methodResponses"][0][1]["n"])
    c.close()
    # bodies that do not come are slow connections, and hold up nobody else
    # of their token
    half = (b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer " %
            len(echo()) + token.encode() + b"\r\n\r\n" +
            echo().encode()[:9])
    slow = []
    for _ in range(60):
        s = socket.create_connection(("127.0.0.1", port), WAIT_SECS)
        s.sendall(half)
        slow.append(s)
    r, _ = ask(port, "POST", "/api", token, echo())
    expect("sixty slow bodies of one token", 200, r.status)
    statuses = set()
    for s in slow:
        s.sendall(echo().encode()[9:])
        statuses.add(s.makefile("rb").readline())
        s.close()
    expect("they are answered when they are in", {b"HTTP/1.1 200 OK\r\n"},
           statuses)


def test_at_once(port, token):
    """Requests that are in count: eight of one token, and not nine.  Large
    ones take so long that some are in while eight are being answered."""
    body = json.dumps({"using": ["urn:ietf:params:jmap:core"], "methodCalls":
                       [["Core/echo", {"n": [0] * 400000}, "c"]]}).encode()
    request = (b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
               b"Content-Type: application/json\r\nConnection: close\r\n"
               b"Authorization: Bearer " % len(body) + token.encode() +
               b"\r\n\r\n" + body)
    found = []

    def send(s):
        s.sendall(request[-1:])
        with s, s.makefile("rb") as f:
            found.append((int(f.readline().split()[1]), f.read()))

    waiting = []
    for _ in range(30):
        s = socket.create_connection(("127.0.0.1", port), WAIT_SECS)
        s.sendall(request[:-1])
        waiting.append(s)
    threads = [threading.Thread(target=send, args=(s,)) for s in waiting]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    good = sum(status == 200 for status, _ in found)
    bad = [text for status, text in found if status == 429]
    expect("those beyond eight are refused", (30, True, True),
           (good + len(bad), good >= 8,
            len(bad) > 0 and all(b"maxConcurrentRequests" in t for t in bad)))


class Listener:
    """GET of the event source; events as {"event": ..., "data": ...}."""

    def __init__(self, port, token, query, last_id=None):
        self.c = http.client.HTTPConnection("127.0.0.1", port,
                                            timeout=WAIT_SECS)
        headers = {"Authorization": "Bearer " + token}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.c.request("GET", "/jmap/eventsource?" + query, headers=headers)
        self.r = self.c.getresponse()

    def next(self):
        """None at its end."""
        event = {}
        while line := self.r.readline().decode():
            name, _, value = line.rstrip("\n").partition(":")
            if line == "\n" and event:
                return event
            if name:
                event[name] = value.lstrip()
        return None

    def close(self):
        self.c.close()


def set_address(port, token, **args):
    body = json.dumps({"using": ["urn:ietf:params:jmap:core",
                                 "urn:tlstally:jmap"], "methodCalls": [
        ["tally:Suppression/set", args, "c"]]})
    return json.loads(ask(port, "POST", "/api", token, body)[1])[
        "methodResponses"][0][1]


def test_events(server, port, token):
    """RFC 8620 section 7.3."""
    for what, query in (("nothing", ""), ("a ping", "types=*&closeafter=no"),
                        ("closeafter", "types=*&ping=0"),
                        ("a ping that is none", "types=*&closeafter=no&ping=x"),
                        ("a closeafter that is none",
                         "types=*&closeafter=yes&ping=0")):
        expect("events: without " + what, 400, ask(
            port, "GET", "/jmap/eventsource?" + query, token)[0].status)
    expect("events: without a token", 401, ask(
        port, "GET", "/jmap/eventsource?types=*&closeafter=no&ping=0"
        )[0].status)
    every = Listener(port, token, "types=*&closeafter=no&ping=5")
    once = Listener(port, token,
                    "types=tally:Suppression&closeafter=state&ping=0")
    other = Listener(port, token, "types=tally:Inbound&closeafter=no&ping=5")
    expect("events: their type", (200, "text/event-stream", "no"),
           (every.r.status, every.r.getheader("Content-Type"),
            every.r.getheader("X-Accel-Buffering")))
    made = set_address(port, token, create={"n": {"address": "e@example.com"}})
    want = {"@type": "StateChange", "changed": {
        "tally": {"tally:Suppression": made["newState"]}}}
    # a ping may be earlier, where the machine is slow
    seen = [every.next()]
    while seen[-1] and seen[-1]["event"] == "ping":
        seen.append(every.next())
    expect("events: a change is told", ("state", want),
           (seen[-1]["event"], json.loads(seen[-1]["data"])))
    last = seen[-1]["id"]
    expect("events: a ping says how often", {"interval": 5},
           json.loads(every.next()["data"]))
    expect("events: closeafter=state ends behind it", (want, None),
           (json.loads(once.next()["data"]), once.next()))
    expect("events: of other types nothing", "ping", other.next()["event"])
    again = Listener(port, token, "types=*&closeafter=no&ping=5", last)
    expect("events: who has missed nothing hears nothing", "ping",
           again.next()["event"])
    again.close()
    set_address(port, token, destroy=[made["created"]["n"]["id"]])
    again = Listener(port, token, "types=*&closeafter=state&ping=0", last)
    expect("events: who has missed something hears it at once", "state",
           again.next()["event"])
    # listeners are bounded, and hold up nobody
    many = [Listener(port, token, "types=*&closeafter=no&ping=0")
            for _ in range(40)]
    expect("events: so many of a token", ({200, 429}, True),
           ({one.r.status for one in many},
            sum(one.r.status == 200 for one in many) <= 32))
    expect("events: others are served meanwhile", [200] * 20,
           [ask(port, "POST", "/api", token, echo())[0].status
            for _ in range(20)])
    # who closes loses the place at once, and so to others of the token
    for one in many:
        one.close()
    many = [Listener(port, token, "types=*&closeafter=no&ping=0")
            for _ in range(30)]
    expect("events: those that are gone take no place", {200},
           {one.r.status for one in many})
    for one in many:
        one.close()
    # a token that is gone is told nothing any more
    gone = server.tally("token", "add", "gone", "--permission", "all")[1]
    listener = Listener(port, gone, "types=*&closeafter=no&ping=5")
    server.tally("token", "remove", "gone")
    set_address(port, token, create={"n": {"address": "f@example.com"}})
    expect("events: a token that is gone ends it", None, listener.next())
    for one in (every, other):
        one.close()


def say(port, text):
    """Bytes as they are; the statuses that come back until it closes."""
    with socket.create_connection(("127.0.0.1", port), WAIT_SECS) as s:
        s.sendall(text)
        said = s.makefile("rb").read()
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", said)]


def library_version():
    """Of the libmicrohttpd that the daemon runs with."""
    library = ctypes.CDLL("libmicrohttpd.so.12")
    library.MHD_get_version.restype = ctypes.c_char_p
    return tuple(map(int, library.MHD_get_version().split(b".")))


def test_framing(port, token):
    """What two readers could see two ends of."""
    body = echo().encode()
    size = str(len(body)).encode()
    pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    behind = (b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
              b"Connection: close\r\n\r\n")
    length = b"Content-Length: " + size + b"\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    lenient = library_version() < (1,)
    not_chunked = [501] if lenient else [400]  # the library's own answer
    for name, want, headers, sent in (
            ("a length", [200, 200], length, body),
            ("an empty value, blanks around one", [200, 200],
             b"X-Empty:\r\nX-Blank: \t a \t \r\n" + length, body),
            ("NUL in a header", [400], b"X: a\0b\r\n" + length, body),
            ("NUL and another header behind it", [400],
             b"X: a\0\r\n" + length, body),
            ("NUL in the last header", [400], length + b"X: a\0b\r\n", body),
            ("NUL in a name", [400], b"X\0Y: a\r\n" + length, body),
            ("CR in a header", [400], b"X: a\rb\r\n" + length, body),
            ("CR that would begin a header", [400],
             length + b"X: a\rTransfer-Encoding: chunked\r\n", body),
            ("CR in a name", [400], b"X\rY: a\r\n" + length, body),
            ("a folded line", [400], b"X: a\r\n b\r\n" + length, body),
            ("a folded last line", [400], length + b"X: a\r\n b\r\n", body),
            ("a length and pieces", [400], length + chunked, pieces),
            ("pieces and a length", [400], chunked + length, pieces),
            ("two lengths", [400], length + b"Content-Length: 5\r\n", body),
            ("one length twice", [400], length + length, body),
            ("pieces of something else", not_chunked,
             b"Transfer-Encoding: gzip, chunked\r\n", pieces),
            ("no pieces", not_chunked, b"Transfer-Encoding: identity\r\n", body),
            ("two encodings", [400],
             b"Transfer-Encoding: identity\r\n" + chunked, pieces),
            ("a blank before the colon", [400],
             b"Transfer-Encoding : chunked\r\n" + length, body),
            ("two hosts", [400], b"Host: y\r\n" + length, body)):
        expect("framing: " + name, want, say(
            port, b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: "
            b"application/json\r\nAuthorization: Bearer " +
            token.encode() + b"\r\n" + headers + b"\r\n" + sent + behind))
    # libmicrohttpd before 1.0 takes a bare LF for the end of a chunk's line:
    # then the connection ends with the request, and what stands behind it is
    # none
    bare_lf = [200] if lenient else [400]
    for name, want, sent in (
            ("in pieces", [200] if lenient else [200, 200], pieces),
            ("pieces that end in LF", bare_lf, pieces.replace(b"\r", b"")),
            ("a piece whose size ends in LF", bare_lf,
             pieces.replace(b"\r", b"", 1)),
            ("a piece that ends in LF", bare_lf,
             pieces.replace(b"}\r", b"}")),
            ("a last piece that ends in LF", bare_lf,
             pieces.replace(b"0\r", b"0"))):
        expect("framing: " + name, want, say(
            port, b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: "
            b"application/json\r\nAuthorization: Bearer " +
            token.encode() + b"\r\n" + chunked + b"\r\n" + sent + behind))
    expect("framing: pieces before HTTP/1.1", [400], say(
        port, b"POST /api HTTP/1.0\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n" + chunked +
        b"\r\n" + pieces + behind))
    expect("framing: no host", [400],
           say(port, b"GET /healthz HTTP/1.1\r\n\r\n" + behind))
    expect("a path does not end at %00", [404], say(
        port, behind.replace(b"healthz", b"healthz%00.html")))
    expect("a path may be escaped", [200], say(
        port, behind.replace(b"healthz", b"%68ealth%7A")))


def test_stop(server, port, token):
    """It ends while connections that are open go on asking."""
    body = echo().encode()
    request = (b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Type: "
               b"application/json\r\nAuthorization: Bearer " +
               token.encode() + b"\r\nContent-Length: %d\r\n\r\n" %
               len(body) + body)
    answered = []

    def go_on_asking():
        try:
            with socket.create_connection(("127.0.0.1", port), 30) as s:
                s.sendall(4 * request)
                while s.recv(65536):
                    answered.append(1)
                    s.sendall(4 * request)
        except OSError:
            pass
    listeners = [Listener(port, token, "types=*&closeafter=no&ping=0")
                 for _ in range(20)]
    clients = [threading.Thread(target=go_on_asking) for _ in range(24)]
    for client in clients:
        client.start()
    wait_until(lambda: len(answered) >= 20)
    server.stop()
    for client in clients:
        client.join()
    expect("they were answered", True, len(answered) >= 20)
    expect("listeners come to their end", [None] * 20,
           [one.next() for one in listeners])


def test_slow(port, token):
    """500 connections that never finish their header."""
    slow = []
    for i in range(500):
        s = socket.socket()
        s.bind((f"127.0.0.{2 + i % 10}", 0))
        s.connect(("127.0.0.1", port))
        s.sendall(b"GET /heal")
        slow.append(s)
    begun = time.monotonic()
    good = sum(ask(port, "POST", "/api", token, echo())[0].status == 200
               for _ in range(50))
    expect("others are served meanwhile", (50, True),
           (good, time.monotonic() - begun < SLOW_SECS))
    # a byte now and then is no way to stay
    end = time.monotonic() + SLOW_SECS + WAIT_SECS
    alive = slow
    while alive and time.monotonic() < end:
        left = []
        for s in alive:
            try:
                s.send(b"t")
                left.append(s)
            except OSError:
                s.close()
        alive = left
        time.sleep(1)
    expect("they are cut off", 0, len(alive))
    for s in alive:
        s.close()


def test_tokens(server, port, token):
    expect("a token twice", 1,
           server.tally("token", "add", "all", "--permission", "all")[0])
    expect("a permission that is none", 2,
           server.tally("token", "add", "x", "--permission", "nope")[0])
    expect("tokens are not shown again", False,
           token[6:] in server.tally("token", "list", "--json")[1])
    expect("removed", 0, server.tally("token", "remove", "all")[0])
    r, _ = ask(port, "GET", "/jmap/session", token)
    expect("worthless at once", 401, r.status)
    codes = [ask(port, "GET", "/jmap/session", f"guess{i}",
                 source="127.0.0.9")[0].status for i in range(11)]
    expect("who guesses must wait", [401] * 10 + [429], codes)
    expect("and that is said, once", 1,
           server.log().count("127.0.0.9: too many wrong tokens: requests "
                              "with a token are refused for a minute"))


def test_tls(directory, token_of):
    make_certificate(directory)
    port = free_port()
    server = Server(directory, "tls", listen=f"inet:127.0.0.1:{port}",
                    tls_cert=directory / "cert.pem",
                    tls_key=directory / "key.pem")
    server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
    context = ssl.create_default_context(cafile=directory / "cert.pem")
    c = http.client.HTTPSConnection("localhost", port, context=context)
    r, text = ask(port, "GET", "/jmap/session", token_of(server),
                  connection=c)
    expect("TLS", (200, f"https://localhost:{port}"),
           (r.status, json.loads(text)["apiUrl"][:len(
               f"https://localhost:{port}")]))
    c.close()
    test_renewal(directory, port, server)
    server.process.terminate()
    expect("it ends in order", 0, server.end())


def certificate_check(server):
    """What doctor finds: grades, and whether the file is named."""
    rows = json.loads(server.tally("doctor", "--json")[1])["checks"]
    return [(row["grade"], "cert.pem" in row["words"])
            for row in rows if row["check"] == "certificate"]


def test_renewal(directory, port, server):
    """A pair of files that are renamed over the old ones."""
    def shown():
        return ssl.get_server_certificate(("localhost", port))

    old = (directory / "cert.pem").read_text()
    expect("the certificate is the file's", old.strip(), shown().strip())
    new = directory / "new"
    new.mkdir()
    make_certificate(new)
    want = (new / "cert.pem").read_text().strip()
    context = ssl.create_default_context(cafile=directory / "cert.pem")
    c = http.client.HTTPSConnection("localhost", port, context=context)
    ask(port, "GET", "/healthz", connection=c)
    (new / "cert.pem").rename(directory / "cert.pem")
    time.sleep(5)  # it looks, and finds half a pair
    expect("half a pair is not shown", old.strip(), shown().strip())
    expect("and doctor knows", [("bad", True)], certificate_check(server))
    (new / "key.pem").rename(directory / "key.pem")
    expect("the new pair is shown", True,
           wait_until(lambda: shown().strip() == want))
    expect("doctor finds nothing", [("good", True)],
           certificate_check(server))
    expect("and that is said", True, wait_until(
        lambda: "cert.pem is served from now on" in server.log()))
    expect("who is connected stays so", 200,
           ask(port, "GET", "/healthz", connection=c)[0].status)
    c.close()


def test_unix(directory):
    path = directory / "http.sock"

    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(path))
        return s
    # what a killed server left behind
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    server = Server(directory, "unix", listen=f"unix:{path}")
    server.wait(connect)
    s = connect()
    s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    text = b""
    while more := s.recv(4096):
        text += more
    expect("a unix socket", True, text.endswith(b"\r\n\r\nok\n"))
    expect("its mode", 0o660, path.stat().st_mode & 0o777)
    second = subprocess.run([HTTPD, "-f", "-c", server.conf],
                            capture_output=True, text=True)
    expect("a second one is refused", (1, True),
           (second.returncode, "another tlstally-httpd is using the socket" in second.stderr))
    server.stop()
    expect("it takes its socket away", False, path.exists())


def main():
    with tempfile.TemporaryDirectory(prefix="tlstally-http.") as name:
        directory = pathlib.Path(name)
        port = free_port()
        server = Server(directory, "plain", listen=f"inet:127.0.0.1:{port}")
        try:
            server.wait(lambda: socket.create_connection(("127.0.0.1", port)))
            token = server.tally("token", "add", "all", "--permission",
                                 "all")[1]
            reader = server.tally("token", "add", "mon", "--permission",
                                  "tallyRead")[1]
            test_answers(server, port, token, reader)
            test_page(port)
            test_objects(port, token, reader)
            test_limits(port, token)
            test_at_once(port, token)
            test_events(server, port, token)
            test_framing(port, token)
            test_slow(port, token)
            test_tokens(server, port, token)
            test_stop(server, port, reader)
            test_tls(directory, lambda s: s.tally(
                "token", "add", "tls", "--permission", "all")[1])
            test_unix(directory)
            test_no_page(directory)
        finally:
            server.kill()
    print(len(failed), "failed")
    return 1 if failed else 0


if not HTTPD.exists():
    os._exit(77)
sys.exit(main())
