#!/usr/bin/env python3
"""proxies - tlstally-httpd behind nginx, HAProxy and Apache

In the build folder.  The real servers, with what README shows and an address
and a port in the place of its own; clients come from several addresses of
loopback.  A server that is not installed is left out in one line.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

from httpd_world import HTTPD, TLSTALLY, Server, make_certificate
from testlib import (SOURCE, WAIT_SECS, expect, failed, free_port, skip_part,
                     wait_until)

ECHO = json.dumps({"using": ["urn:ietf:params:jmap:core"],
                   "methodCalls": [["Core/echo", {"n": 1}, "c"]]})


def example(after):
    """The indented lines of README behind a line that begins so."""
    text = (SOURCE / "README.md").read_text().split("## Behind a proxy")[1]
    block = re.search(rf"^{re.escape(after)}.*\n(?:.+\n)*\n((?:    .*\n|\n)+)",
                      text, re.M)[1]
    return re.sub(r"^    ", "", block, flags=re.M)


class Proxy:
    """One of the servers in a folder of its own, in the foreground."""

    def __init__(self, world, port, command, name):
        self.port, self.world = port, world
        self.log = open(world.directory / f"front-{name}.log", "ab")
        self.process = subprocess.Popen(command, stdout=self.log,
                                        stderr=self.log)

        def serves():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except OSError:
                return False
        if not wait_until(lambda: serves() or self.process.poll() is not None) \
                or self.process.poll() is not None:
            raise SystemExit(f"FAIL: {name} does not start: " + (
                world.directory / f"front-{name}.log").read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(WAIT_SECS)
        self.log.close()

    def ask(self, method, path, token=None, body=None, source="127.0.0.1",
            **headers):
        context = ssl.create_default_context(
            cafile=self.world.directory / "cert.pem")
        c = http.client.HTTPSConnection("localhost", self.port,
                                        timeout=WAIT_SECS, context=context,
                                        source_address=(source, 0))
        headers = {name.replace("_", "-"): value
                   for name, value in headers.items()}
        if token:
            headers["Authorization"] = "Bearer " + token
        if body:
            headers.setdefault("Content-Type", "application/json")
        c.request(method, path, body, headers)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r, text


class World:
    def __init__(self, directory):
        self.directory = directory
        self.front, self.back = free_port(), free_port()
        make_certificate(directory)
        pem = directory / "both.pem"
        pem.write_text((directory / "cert.pem").read_text() +
                       (directory / "key.pem").read_text())
        pem.chmod(0o600)

    def httpd(self, name, **settings):
        settings.setdefault("trusted_proxies", "127.0.0.1, ::1")
        server = Server(self.directory, name,
                        listen=f"inet:127.0.0.1:{self.back}",
                        url=f"https://localhost:{self.front}/tls/", **settings)
        server.wait(lambda: socket.create_connection(
            ("127.0.0.1", self.back)))
        return server

    def ours(self, text):
        return text.replace("127.0.0.1:8460", f"127.0.0.1:{self.back}")

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path


def nginx(world, forwarded=False):
    rows = world.ours(example("nginx,"))
    if forwarded:
        rows = rows.replace(
            "X-Forwarded-For $proxy_add_x_forwarded_for",
            "Forwarded \"$http_forwarded, for=$remote_addr\"")
    d = world.directory
    conf = world.write("front-nginx.conf", f"""
daemon off;
pid {d}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    gzip on;
    gzip_types text/javascript;
    client_body_temp_path {d}/body;
    proxy_temp_path {d}/proxy;
    fastcgi_temp_path {d}/fastcgi;
    uwsgi_temp_path {d}/uwsgi;
    scgi_temp_path {d}/scgi;
    server {{
        listen 127.0.0.1:{world.front} ssl;
        ssl_certificate {d}/cert.pem;
        ssl_certificate_key {d}/key.pem;
{rows}
    }}
}}
""")
    return Proxy(world, world.front,
                 ["nginx", "-e", "stderr", "-p", d, "-c", conf], "nginx")


def haproxy(world, line=""):
    rules, backend = world.ours(example("HAProxy,")).split("\n\n", 1)
    if line:
        backend = re.sub(r"    option forwardfor\n", "", backend).rstrip() + \
            f" {line}\n"
    conf = world.write("front-haproxy.cfg", f"""
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    compression algo gzip
    compression type text/javascript
frontend https
    bind 127.0.0.1:{world.front} ssl crt {world.directory}/both.pem
    {rules}
{backend}
""")
    return Proxy(world, world.front, ["haproxy", "-db", "-f", conf], "haproxy")


def apache(world):
    modules = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "alias", "proxy", "proxy_http",
                     "ssl", "filter", "deflate"))
    d = world.directory
    conf = world.write("front-apache.conf", f"""
{modules}
ServerRoot {d}
ServerName localhost
DefaultRuntimeDir {d}
PidFile {d}/apache.pid
ErrorLog {d}/apache-error.log
User www-data
Group www-data
Listen 127.0.0.1:{world.front}
AddOutputFilterByType DEFLATE text/javascript
<VirtualHost 127.0.0.1:{world.front}>
    SSLEngine on
    SSLCertificateFile {d}/cert.pem
    SSLCertificateKeyFile {d}/key.pem
{world.ours(example("Apache,"))}
</VirtualHost>
""")
    return Proxy(world, world.front,
                 ["apache2", "-f", conf, "-DFOREGROUND"], "apache")


def check_paths(name, world, proxy, server, token):
    """All that there is, below the path."""
    base = f"https://localhost:{world.front}/tls"
    r, _ = proxy.ask("GET", "/tls")
    expect(name + ": the path without a slash", (True, "/tls/"),
           (r.status in (301, 302, 307),
            re.sub(r"^https?://[^/]*", "", r.getheader("Location") or "")))
    r, text = proxy.ask("GET", "/tls/")
    expect(name + ": the page", (200, True),
           (r.status, b"<title>tlstally</title>" in text))
    expect(name + ": a script of it", 200,
           proxy.ask("GET", "/tls/app.js")[0].status)
    r, _ = proxy.ask("GET", "/.well-known/jmap")
    expect(name + ": discovery", (307, "/tls/jmap/session"),
           (r.status,
            re.sub(r"^https?://[^/]*", "", r.getheader("Location") or "")))
    r, text = proxy.ask("GET", "/tls/jmap/session", token)
    session = json.loads(text) if r.status == 200 else {}
    expect(name + ": each URL of the session is below it", [True] * 4,
           [session.get(key, "").startswith(base + "/") for key in
            ("apiUrl", "downloadUrl", "uploadUrl", "eventSourceUrl")])
    api = session["apiUrl"].removeprefix(f"https://localhost:{world.front}")
    r, text = proxy.ask("POST", api, token, ECHO)
    expect(name + ": the API", (200, {"n": 1}),
           (r.status, json.loads(text)["methodResponses"][0][1]))
    r, text = proxy.ask("GET", "/tls/jmap/download/tally/x-json/x", token)
    expect(name + ": downloads", (404, "no such blob"),
           (r.status, json.loads(text)["detail"]))
    r, text = proxy.ask("GET", "/tls/metrics", token)
    expect(name + ": metrics", (200, True),
           (r.status, b"\ntlstally_outbox_reports" in text))
    r, _ = proxy.ask("GET", "/tls/api/schema", token)
    place = re.sub("^https?://[^/]*", "", r.getheader("Location") or "")
    expect(name + ": the schema is below it, too", (302, "/tls/api/schema", 200),
           (r.status, place.rpartition("/")[0],
            proxy.ask("GET", place, token)[0].status))
    for url in (base, base + "/", f"https://localhost:{world.front}"):
        got = subprocess.run(
            [TLSTALLY, "-c", server.conf, "query", "tls-internal-report",
             "--url", url, "--ca-file", world.directory / "cert.pem"],
            env={**os.environ, "TLSTALLY_TOKEN": token}, capture_output=True,
            text=True)
        expect(f"{name}: the command line with {url[len(base) - 4:]}",
               (0, ""), (got.returncode, got.stderr))


def check_sign_in(name, world, proxy, token):
    """A browser that signs in below the path (OAuth)."""
    origin = f"https://localhost:{world.front}"
    verifier = "v" * 43
    asked = {"response_type": "code", "client_id": "page", "state": "s",
             "redirect_uri": origin + "/tls/oauth/callback",
             "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(
                 verifier.encode()).digest()).rstrip(b"=").decode(),
             "code_challenge_method": "S256"}

    def form(path, fields, **headers):
        r, text = proxy.ask(
            "POST", path, source="127.0.0.201",
            body=urllib.parse.urlencode(fields),
            Content_Type="application/x-www-form-urlencoded", **headers)
        return r, text

    found = json.loads(proxy.ask("GET", "/tls/api/discover/me")[1])
    expect(name + ": where to sign in",
           ["/tls/oauth/authorize", "/tls/oauth/token"],
           [re.sub("^https?://[^/]*", "", found[key]) for key in
            ("authorization_endpoint", "token_endpoint")])
    r, text = proxy.ask("GET", "/tls/oauth/authorize?" +
                        urllib.parse.urlencode(asked))
    action = re.search(rb'action="([^"]*)"', text)
    expect(name + ": the login page, whose form is below the path, too",
           (200, "/tls/oauth/authorize"),
           (r.status, urllib.parse.urljoin(
               "/tls/oauth/authorize",
               action[1].decode() if action else "")))
    r, _ = form("/tls/oauth/authorize", {
        **asked, "redirect_uri": origin + "/x/oauth/callback", "token": token})
    expect(name + ": not to others on the same host", 400, r.status)
    r, _ = form("/tls/oauth/authorize", {**asked, "token": token})
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(
        r.getheader("Location") or "").query))
    expect(name + ": back with a code", (303, True, "s", [True] * 3), (
        r.status, (r.getheader("Location") or "").startswith(
            asked["redirect_uri"] + "?"), back.get("state"),
        [word in (r.getheader("Set-Cookie") or "") for word in
         ("Path=/tls/oauth/", "Secure", "HttpOnly")]))
    cookie = (r.getheader("Set-Cookie") or "").split(";")[0]
    r, text = form("/tls/oauth/token", {
        "grant_type": "authorization_code", "code": back.get("code", ""),
        "client_id": "page", "redirect_uri": asked["redirect_uri"],
        "code_verifier": verifier})
    tokens = json.loads(text)
    expect(name + ": tokens", 200, r.status)
    expect(name + ": and they are good", 200, proxy.ask(
        "GET", "/tls/jmap/session", tokens["access_token"])[0].status)
    r, text = form("/tls/oauth/token", {
        "grant_type": "refresh_token", "client_id": "page",
        "refresh_token": tokens["refresh_token"]})
    tokens = json.loads(text)
    expect(name + ": refreshed", 200, r.status)
    out = re.sub("^https?://[^/]*", "", found["end_session_endpoint"])
    r, _ = proxy.ask("GET", out, Cookie=cookie)
    expect(name + ": signed out", (True, 401), (
        r.status < 400, proxy.ask("GET", "/tls/jmap/session",
                                  tokens["access_token"])[0].status))
    # whoever guesses at the page waits, and nobody else behind the proxy
    statuses = [form("/tls/oauth/authorize", {
        **asked, "token": f"guess{i}"})[0].status for i in range(12)]
    r, _ = proxy.ask("POST", "/tls/oauth/authorize", source="127.0.0.200",
                     body=urllib.parse.urlencode({**asked, "token": token}),
                     Content_Type="application/x-www-form-urlencoded")
    expect(name + ": who guesses at the page must wait, and nobody else",
           ([403] * 10 + [429] * 2, 303), (statuses, r.status))


def check_tag(name, proxy):
    """A tag as it comes through a proxy that compresses."""
    r, text = proxy.ask("GET", "/tls/app.js", Accept_Encoding="gzip")
    tag = r.getheader("ETag")
    expect(name + ": it compresses", ("gzip", True),
           (r.getheader("Content-Encoding"), tag is not None))
    r, text = proxy.ask("GET", "/tls/app.js", Accept_Encoding="gzip",
                        If_None_Match=tag or "x")
    expect(f"{name}: {tag} is known", (304, b""), (r.status, text))


def check_events(name, world, proxy, token):
    """They come through at once, and not when there are many."""
    context = ssl.create_default_context(
        cafile=world.directory / "cert.pem")
    c = http.client.HTTPSConnection("localhost", proxy.port,
                                    timeout=WAIT_SECS, context=context)
    c.request("GET", "/tls/jmap/eventsource?types=*&closeafter=no&ping=5",
              headers={"Authorization": "Bearer " + token})
    r = c.getresponse()
    lines = []
    while r.status == 200 and not any(b"ping" in line for line in lines):
        lines.append(r.readline())
        if not lines[-1]:
            break
    expect(name + ": events come through", (200, [b"event: ping\n"]),
           (r.status, [line for line in lines if b"event" in line]))
    c.close()


def check_clients(name, proxy, server, token, address, **spoofed):
    """Who guesses must wait, and nobody else; what he writes about himself
    does not count."""
    statuses = []
    for i in range(12):
        headers = {field: words.format(i)
                   for field, words in spoofed.items()}
        statuses.append(proxy.ask("GET", "/tls/jmap/session", f"guess{i}",
                                  source=address, **headers)[0].status)
    expect(name + ": who guesses must wait", [401] * 10 + [429] * 2, statuses)
    expect(name + ": also with a good token", 429, proxy.ask(
        "GET", "/tls/jmap/session", token, source=address)[0].status)
    expect(name + ": and nobody else", 200, proxy.ask(
        "GET", "/tls/jmap/session", token, source="127.0.0.200")[0].status)
    expect(name + ": the log is about him", 1,
           server.log().count(f"{address}: too many wrong tokens"))


def stop(server):
    """Its log has said what the tests expect."""
    server.process.terminate()
    expect("it ends in order", 0, server.end())


def test_by_field(world, name, start, address, **settings):
    short = name.replace(" ", "-")
    server = world.httpd(short, **settings)
    token = server.tally("token", "add", short, "--permission", "all")[1]
    try:
        with start(world) as proxy:
            check_paths(name, world, proxy, server, token)
            check_sign_in(name, world, proxy, token)
            check_tag(name, proxy)
            check_events(name, world, proxy, token)
            check_clients(name, proxy, server, token, address,
                          X_Forwarded_For="198.51.100.{}",
                          Forwarded="for=198.51.100.{}")
        stop(server)
    finally:
        server.kill()


def test_proxy_protocol(world, version, address):
    """Also with TLS behind it, and without for who is no proxy."""
    name = version + " of HAProxy"
    server = world.httpd(version, proxy_header="proxy-protocol",
                         trusted_proxies="127.0.0.1")
    token = server.tally("token", "add", version, "--permission", "all")[1]
    try:
        with haproxy(world, version) as proxy:
            check_clients(name, proxy, server, token, address,
                          X_Forwarded_For="198.51.100.{}")
            r, text = proxy.ask("POST", "/tls/api", token, ECHO)
            expect(name + ": the API", 200, r.status)
        # a proxy that says nothing, half, or something else
        for what, words in (("nothing", b"GET /healthz HTTP/1.0\r\n\r\n"),
                            ("half", b"PROXY TCP4 127.0.0.1"),
                            ("a name", b"PROXY TCP4 a b 1 2\r\n")):
            with socket.create_connection(("127.0.0.1", world.back),
                                          WAIT_SECS) as s:
                s.sendall(words)
                try:
                    got = s.recv(100)
                except ConnectionResetError:
                    got = b""
                expect(f"{name}: who says {what} is not heard", b"", got)
        c = http.client.HTTPConnection("127.0.0.1", world.back,
                                       timeout=WAIT_SECS,
                                       source_address=("127.0.0.3", 0))
        c.request("GET", "/healthz")
        expect(name + ": who is no proxy needs none", 200,
               c.getresponse().status)
        c.close()
        waiting = [socket.create_connection(("127.0.0.1", world.back))
                   for _ in range(5)]
        stop(server)
        for s in waiting:
            s.close()
    finally:
        server.kill()


def test_proxy_protocol_and_tls(world):
    """The header comes before TLS."""
    server = world.httpd("pptls", proxy_header="proxy-protocol",
                         tls_cert=world.directory / "cert.pem",
                         tls_key=world.directory / "key.pem")
    context = ssl.create_default_context(
        cafile=world.directory / "cert.pem")
    try:
        for i in range(11):
            s = socket.create_connection(("127.0.0.1", world.back), WAIT_SECS)
            s.sendall(b"PROXY TCP4 203.0.113.9 192.0.2.1 1 443\r\n")
            c = http.client.HTTPConnection("localhost")
            c.sock = context.wrap_socket(s, server_hostname="localhost")
            c.request("GET", "/jmap/session",
                      headers={"Authorization": "Bearer guess"})
            last = c.getresponse().status
            c.close()
        expect("PROXY protocol and TLS", (429, 1),
               (last, server.log().count("203.0.113.9: too many wrong")))
        stop(server)
    finally:
        server.kill()


def test_not_trusted(world):
    """As it was: the proxy is the client; and that is said, once."""
    server = world.httpd("nobody", trusted_proxies="")
    try:
        c = http.client.HTTPConnection("127.0.0.1", world.back,
                                       timeout=WAIT_SECS)
        for i in range(12):
            c.request("GET", "/jmap/session", headers={
                "Authorization": "Bearer guess",
                "X-Forwarded-For": f"198.51.100.{i}"})
            r = c.getresponse()
            r.read()
        c.close()
        expect("a proxy that is not trusted is one client", 429, r.status)
        expect("and that is said", (1, 0),
               (server.log().count("a request from 127.0.0.1 names another "
                                   "client; if that is your proxy, add it to "
                                   "[http] trusted_proxies"),
                server.log().count("198.51.100.")))
        stop(server)
    finally:
        server.kill()


def test_at_once(world):
    """So many requests of one client at once, however many connections."""
    server = world.httpd("atonce", max_per_address=5)
    token = server.tally("token", "add", "atonce", "--permission", "all")[1]
    head = ("POST /api HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.{}"
            "\r\nContent-Type: application/json\r\nAuthorization: Bearer " +
            token + f"\r\nContent-Length: {len(ECHO)}\r\n\r\n")
    waiting = []
    try:
        def begin(client):
            s = socket.create_connection(("127.0.0.1", world.back), WAIT_SECS)
            s.sendall(head.format(client).encode())
            waiting.append(s)
            return s
        for _ in range(5):
            begin(1)
        # they are under way as soon as their header has been read
        def refused():
            s = begin(1)
            s.settimeout(0.5)
            try:
                return b" 429 " in s.makefile("rb").readline()
            except TimeoutError:
                return False
        expect("a client beyond his share is refused", True,
               wait_until(refused))
        s = begin(2)
        s.sendall(ECHO.encode())
        expect("another behind the same proxy is not", b"HTTP/1.1 200 OK\r\n",
               s.makefile("rb").readline())
        for s in waiting:
            s.close()
        stop(server)
    finally:
        server.kill()


def main():
    with tempfile.TemporaryDirectory(prefix="tlstally-proxies.") as name:
        world = World(pathlib.Path(name))
        test_not_trusted(world)
        test_at_once(world)
        test_proxy_protocol_and_tls(world)
        for i, (program, start) in enumerate((
                ("nginx", nginx), ("haproxy", haproxy), ("apache2", apache))):
            if not shutil.which(program):
                skip_part(program, f"apt-get install {program}")
                continue
            test_by_field(world, program, start, f"127.0.0.{10 + i}")
            if program == "nginx":
                test_by_field(world, "Forwarded of nginx",
                              lambda w: nginx(w, True), "127.0.0.20",
                              proxy_header="forwarded")
            if program == "haproxy":
                test_proxy_protocol(world, "send-proxy", "127.0.0.21")
                test_proxy_protocol(world, "send-proxy-v2", "127.0.0.22")
    print(len(failed), "failed")
    return 1 if failed else 0


os.environ["PATH"] += ":/usr/sbin:/sbin"
if not HTTPD.exists():
    os._exit(77)
sys.exit(main())
