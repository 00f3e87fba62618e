#!/usr/bin/env python3
"""webui - Stalwart's own clients, request by request

In the build folder: the real daemon, and what Stalwart's WebUI and its command
line send to it, in their order: where to sign in, the login page, the code, the
session, the schema, a list, the next page, all of it, one report, an edit by
pointers, a new report, deletion; refreshing and signing out.  Then what others
try: wrong tokens, codes that come twice, redirects to elsewhere, paths that
lead out of a directory.
"""
import base64
import gzip
import hashlib
import http.client
import json
import re
import sys
import urllib.parse

from httpd_world import expect, failed, serving

REPORT = "x:TlsInternalReport"
USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"] + [
    "urn:ietf:params:jmap:" + name for name in (
        "blob", "mail", "calendars", "contacts", "principals", "sieve",
        "vacationresponse")]
VERIFIER = "v" * 30 + "-._~" + "0" * 30
CHALLENGE = base64.urlsafe_b64encode(
    hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = "application/x-www-form-urlencoded"


class Browser:
    """One that keeps cookies and follows nothing."""

    def __init__(self, port):
        self.port, self.cookie = port, None
        self.origin = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items() if v}
        if self.cookie:
            headers["Cookie"] = self.cookie
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request(method, path, body, headers)
        r = c.getresponse()
        text = r.read()
        if r.getheader("Set-Cookie"):
            self.cookie = r.getheader("Set-Cookie").split(";")[0]
        return r, text

    def query(self, **over):
        asked = {"response_type": "code", "client_id": "stalwart-webui",
                 "redirect_uri": self.origin + "/admin/oauth/callback",
                 "code_challenge": CHALLENGE, "code_challenge_method": "S256",
                 "state": "s&1", "login_hint": "me", "prompt": "login"}
        asked.update(over)
        return {k: v for k, v in asked.items() if v is not None}

    def login(self, token, **over):
        """What the page's form sends."""
        return self.ask("POST", "/oauth/authorize", urllib.parse.urlencode(
            {**self.query(**over), "token": token}), Content_Type=FORM)

    def code(self, token, **over):
        r, _ = self.login(token, **over)
        return arguments(r)["code"]

    def grant(self, **fields):
        r, text = self.ask("POST", "/oauth/token", urllib.parse.urlencode(
            {"client_id": "stalwart-webui", **fields}), Content_Type=FORM)
        return r.status, json.loads(text)

    def redeem(self, code, **over):
        return self.grant(**{
            "grant_type": "authorization_code", "code": code,
            "code_verifier": VERIFIER,
            "redirect_uri": self.origin + "/admin/oauth/callback", **over})

    def refresh(self, token):
        return self.grant(grant_type="refresh_token", refresh_token=token)

    def status(self, access, path="/jmap/session"):
        return self.ask("GET", path, Authorization="Bearer " + access)[
            0].status

    def call(self, access, path, *calls):
        r, text = self.ask("POST", path, json.dumps(
            {"using": USING, "methodCalls": [
                [name, {"accountId": "tally", **args}, str(i)]
                for i, (name, args) in enumerate(calls)]}),
            Authorization="Bearer " + access, Content_Type="application/json")
        if r.status != 200:
            return text
        return [answer[1] for answer in json.loads(text)["methodResponses"]]


def arguments(r):
    return dict(urllib.parse.parse_qsl(
        urllib.parse.urlsplit(r.getheader("Location") or "").query))


def given(domain, day=20):
    return {"domain": domain, "mailRua": {"tls@" + domain: True},
            "httpRua": {}, "policyIdentifiers": {"77": True},
            "createdAt": "2026-12-20T00:00:00.000Z",
            "deliverAt": f"2036-12-{day}T10:30:00.000Z",
            "report": {"reportId": "r1", "policies": {"0": {
                "policyType": "sts", "policyDomain": domain,
                "policyStrings": {}, "mxHosts": {"mx." + domain: True},
                "totalSuccessfulSessions": 5, "totalFailedSessions": 3,
                "failureDetails": {
                    "0": {"resultType": "certificateExpired",
                          "failedSessionCount": 1},
                    "1": {"resultType": "other",
                          "failedSessionCount": 2}}}},
                "dateRangeStart": "2026-12-19T00:00:00.000Z",
                "dateRangeEnd": "2026-12-19T23:59:59.000Z"}}


def check_page(b):
    r, text = b.ask("GET", "/admin/")
    expect("the page has its own base", (200, True),
           (r.status, b'<base href="/admin/">' in text))
    policy = r.getheader("Content-Security-Policy")
    expect("... and its own policy",
           [True] * 6, [part in policy for part in (
               "script-src 'self'", "style-src 'self' 'unsafe-inline'",
               "connect-src 'self'", "base-uri 'self'",
               "frame-ancestors 'none'", "default-src 'none'")])
    expect("ours keeps its policy", (True, False), (
        "base-uri 'none'" in b.ask("GET", "/")[0].getheader(
            "Content-Security-Policy"), "unsafe-inline" in policy.split(
                "script-src")[1].split(";")[0]))
    expect("a place within the page", (200, text), (lambda a: (
        a[0].status, a[1]))(b.ask("GET", "/admin/Management/Reports/x")))
    for path, type_ in (("/admin/assets/a.js", "text/javascript"),
                        ("/admin/favicon.ico", "image/x-icon")):
        r, _ = b.ask("GET", path)
        expect(path, (200, type_),
               (r.status, r.getheader("Content-Type").split(";")[0]))
    for path in ("/admin/assets/gone.js", "/admin/gone.css", "/logo",
                 "/admin/assets/gone", "/administrator",
                 "/admin/../tlstally.conf", "/admin/%2e%2e/tlstally.conf",
                 "/admin/assets/../../secret.txt", "/admin/link.txt",
                 "/admin/out/secret.txt", "/admin/.hidden.txt",
                 "/admin/assets%2fa.js%00"):
        r, text = b.ask("GET", path)
        expect("nothing at " + path, (404, False),
               (r.status, b"SECRET" in text))
    r, _ = b.ask("GET", "/admin")
    expect("the path without a slash", (307, "/admin/"),
           (r.status, r.getheader("Location")))


def sign_in(b, token):
    r, text = b.ask("GET", "/api/discover/somebody%40example.com%3F")
    found = json.loads(text)
    expect("discovery", (200, "/oauth/authorize", "/oauth/token"),
           (r.status, found["authorization_endpoint"],
            found["token_endpoint"]))
    r, text = b.ask("GET", found["authorization_endpoint"] + "?" +
                    urllib.parse.urlencode(b.query()))
    policy = r.getheader("Content-Security-Policy")
    expect("the login page", (200, "text/html; charset=utf-8", True, True,
                              "DENY", "no-cache, no-store, must-revalidate"),
           (r.status, r.getheader("Content-Type"),
            "frame-ancestors 'none'" in policy, "script-src" not in policy,
            r.getheader("X-Frame-Options"), r.getheader("Cache-Control")))
    expect("its form brings back what was asked", True,
           b'name="state" value="s&amp;1"' in text)
    r, _ = b.login(token)
    back = arguments(r)
    expect("back with a code", (303, True, "s&1", True, True),
           (r.status, r.getheader("Location").startswith(
               b.origin + "/admin/oauth/callback?"), back["state"],
            "HttpOnly" in r.getheader("Set-Cookie"),
            "SameSite=Strict" in r.getheader("Set-Cookie")))
    status, tokens = b.redeem(back["code"])
    expect("tokens", (200, "Bearer", True), (
        status, tokens["token_type"], 60 < tokens["expires_in"] <= 900))
    return tokens


def look_around(b, access):
    r, text = b.ask("GET", "/jmap/session", Authorization="Bearer " + access)
    session = json.loads(text)
    expect("session", (200, "/jmap/", "tally", False, 500, 500), (
        r.status, urllib.parse.urlsplit(session["apiUrl"]).path,
        session["primaryAccounts"]["urn:ietf:params:jmap:core"],
        session["accounts"]["tally"]["isPersonal"],
        *(session["capabilities"]["urn:ietf:params:jmap:core"][name]
          for name in ("maxObjectsInGet", "maxObjectsInSet"))))
    r, _ = b.ask("GET", "/api/schema", Authorization="Bearer " + access)
    place = r.getheader("Location")
    expect("the schema is elsewhere", (302, True),
           (r.status, bool(re.fullmatch("/api/schema/[0-9a-f]+", place))))
    r, plain = b.ask("GET", place, Authorization="Bearer " + access)
    expect("the schema may be kept", (200, True, None), (
        r.status, "immutable" in r.getheader("Cache-Control"),
        r.getheader("Content-Encoding")))
    r, packed = b.ask("GET", place, Authorization="Bearer " + access,
                      Accept_Encoding="gzip, deflate, br")
    expect("the schema, compressed", ("gzip", plain, True), (
        r.getheader("Content-Encoding"), gzip.decompress(packed),
        len(packed) < len(plain)))
    expect("another schema", 404, b.status(access, "/api/schema/0"))
    expect("no schema without a token", 401,
           b.ask("GET", "/api/schema")[0].status)
    check_schema(json.loads(plain))
    r, text = b.ask("GET", "/api/account", Authorization="Bearer " + access)
    account = json.loads(text)
    expect("account", (200, "oss", "en", [True] * 5), (
        r.status, account["edition"], account["locale"], [
            "sysTlsInternalReport" + deed in account["permissions"] for deed
            in ("Get", "Query", "Create", "Update", "Destroy")]))


def check_schema(schema):
    expect("the eight keys of a schema",
           ["dashboards", "enums", "fields", "forms", "layouts", "lists",
            "objects", "schemas"], sorted(schema))
    expect("the object", ("object", "sysTlsInternalReport"), (
        schema["objects"][REPORT]["type"],
        schema["objects"][REPORT]["permissionPrefix"]))
    wrong = []
    for name, entry in schema["schemas"].items():
        fields = schema["fields"][entry["schemaName"]]["properties"]
        for field, row in fields.items():
            type_ = row["type"]
            if not row["description"]:
                wrong.append((name, field, "description"))
            if type_["type"] in ("object", "objectList") and \
                    type_["objectName"] not in schema["schemas"]:
                wrong.append((name, field, type_["objectName"]))
            if type_["type"] == "enum" and \
                    type_["enumName"] not in schema["enums"]:
                wrong.append((name, field, type_["enumName"]))
        for section in schema["forms"][name]["sections"]:
            wrong += [(name, row["name"]) for row in section["fields"]
                      if row["name"] not in fields or not row["label"]]
    columns = [row["name"] for row in schema["lists"][REPORT]["columns"]]
    wrong += [name for name in columns
              if name not in schema["fields"][REPORT]["properties"]]
    expect("the parts of the schema fit", [], wrong)
    updates = {name: row["update"] for name, row in
               schema["fields"][REPORT]["properties"].items()}
    expect("what can be edited", ("mutable", "mutable", "serverSet",
                                  "serverSet", "serverSet"),
           tuple(updates[name] for name in (
               "report", "deliverAt", "status", "failedSessions",
               "destinations")))
    return columns


def work(b, access):
    """List, next page, back, all, one, an edit, a new one, deletion."""
    def call(*calls):
        return b.call(access, "/jmap/", *calls)

    made = call((REPORT + "/set", {"create": {
        f"k{i}": given(f"h{i:02}.example", 10 + i % 20)
        for i in range(30)}}))[0]
    ids = [made["created"][f"k{i}"]["id"] for i in range(30)]
    expect("created tells the id only", [{"id"}],
           [set(k) for k in made["created"].values()][:1])
    sort = {"sort": [{"property": "domain", "isAscending": True}]}
    columns = ["id", "domain", "status", "mailRua"]
    refs = {"#ids": {"resultOf": "0", "name": REPORT + "/query",
                     "path": "/ids"}, "properties": columns}
    found, got = call((REPORT + "/query", {
        "limit": 25, "position": 0, "calculateTotal": True, **sort}),
        (REPORT + "/get", refs))
    expect("a list", (ids[:25], 30, {"tls@h00.example": True}),
           (found["ids"], found["total"], got["list"][0]["mailRua"]))
    found, _ = call((REPORT + "/query", {
        "limit": 25, "anchor": ids[24], "anchorOffset": 1, **sort}),
        (REPORT + "/get", refs))
    expect("the next page", ids[25:], found["ids"])
    found, _ = call((REPORT + "/query", {
        "limit": 25, "anchor": ids[0], "anchorOffset": 0, **sort}),
        (REPORT + "/get", refs))
    expect("back", ids[:25], found["ids"])
    expect("select all", (30, None), (lambda got: (
        len(got["ids"]), got.get("limit")))(call((REPORT + "/query", {}))[0]))
    expect("parts of a domain, and a day", ([ids[7]], [ids[0], ids[20]]), tuple(
        call((REPORT + "/query", {"filter": f, **sort}))[0]["ids"] for f in (
            {"text": "h07"},
            {"deliverAtIsGreaterThanOrEqual": "2036-12-10T00:00:00Z",
             "deliverAtIsLessThan": "2036-12-11T00:00:00Z"})))
    one = {"ids": [ids[0]], "properties": ["id", "report", "destinations"]}
    shown = call((REPORT + "/get", one))[0]["list"][0]
    expect("one report", ("certificateExpired", "mailto:tls@h00.example"), (
        shown["report"]["policies"]["0"]["failureDetails"]["0"]["resultType"],
        shown["destinations"]["0"]["uri"]))
    edited = call((REPORT + "/set", {"update": {ids[0]: {
        "report/policies/0/totalFailedSessions": 9,
        "report/policies/0/failureDetails/0": None,
        "report/policies/0/failureDetails/1/failedSessionCount": 9,
        "report/policies/1": {"policyType": "tlsa", "policyStrings": {},
                              "policyDomain": "y.example", "mxHosts": {},
                              "totalSuccessfulSessions": 1,
                              "totalFailedSessions": 0,
                              "failureDetails": {}},
        "mailRua/tls@h00.example": None, "mailRua/b@h00.example": True,
        "policyIdentifiers/77": None, "policyIdentifiers/1": True}}}),
        (REPORT + "/get", {"ids": [ids[0]]}))
    now = edited[1]["list"][0]
    policies = now["report"]["policies"]
    expect("an edit by pointers", (
        [ids[0]], 9, {"0": 9}, "tlsa", {"b@h00.example": True}, {"1": True}),
        (list(edited[0]["updated"]), policies["0"]["totalFailedSessions"],
         {k: v["failedSessionCount"] for k, v in
          policies["0"]["failureDetails"].items()},
         policies["1"]["policyType"], now["mailRua"],
         now["policyIdentifiers"]))
    wrong = call((REPORT + "/set", {"update": {ids[0]: {
        "domain": "a b"}}}))[0]["notUpdated"][ids[0]]
    expect("an error at its field", ("invalidProperties", "domain"),
           (wrong["type"], wrong["properties"][0].split("/")[0]))
    gone = call((REPORT + "/set", {"destroy": ids}))[0]
    expect("all go", ids, gone["destroyed"])
    expect("nothing is left", [], call((REPORT + "/query", {}))[0]["ids"])


# What the command line must find in a part of the schema to read it at all: it
# has no defaults for these.
NEEDED = {
    "objects": {"type", "description", "permissionPrefix"},
    "schemas": {"type", "schemaName"},
    "lists": {"title", "subtitle", "singularName", "pluralName", "columns"},
    "field": {"description", "type", "update"},
    "label": {"name", "label"},
    "string": {"format"}, "number": {"format"}, "enum": {"enumName"},
    "object": {"objectName"}, "objectList": {"objectName"}, "set": {"class"},
    "utcDateTime": set(), "boolean": set(), "blobId": set(),
    "text": {"field", "label"}, "date": {"field", "label"},
    "integer": {"field", "label"}, "delete": {"label"},
    "container": {"name", "icon", "items"}, "item": {"name", "items"},
    "link": {"name", "viewName"},
}
FORMATS = {"string", "ipAddress", "ipNetwork", "socketAddress", "emailAddress",
           "secret", "secretText", "uri", "color", "text", "html", "integer",
           "unsignedInteger", "float", "size", "duration"}


def unreadable(schema):
    """What the command line would stop at."""
    wrong = []

    def need(kind, row):
        if kind not in NEEDED or NEEDED[kind] - set(row):
            wrong.append((kind, row))

    def read_type(row):
        need(row["type"], row)
        if row.get("format", "text") not in FORMATS:
            wrong.append(row)
        if row["type"] == "set":
            read_type(row["class"])

    def read_item(row):
        need({"container": "item"}.get(row["type"], row["type"]), row)
        for each in row.get("items", ()):
            read_item(each)

    for part in ("objects", "schemas", "lists"):
        for row in schema[part].values():
            need(part, row)
    for fields in schema["fields"].values():
        for row in fields["properties"].values():
            need("field", row)
            read_type(row["type"])
            if row["update"] not in ("mutable", "immutable", "serverSet"):
                wrong.append(row)
    for row in schema["lists"].values():
        for filter_ in row.get("filters", ()):
            need(filter_["type"], filter_)
        for action in row.get("itemActions", []) + row.get("massActions", []):
            need(action["type"], action)
        for column in row["columns"]:
            need("label", column)
    for form in schema["forms"].values():
        for section in form["sections"]:
            for row in section["fields"]:
                need("label", row)
    for variants in schema["enums"].values():
        for row in variants:
            need("label", row)
    for layout in schema["layouts"]:
        need("container", layout)
        for item in layout["items"]:
            need("container", item["container"])
            for each in item["container"]["items"]:
                read_item(each)
    return wrong


def command_line(b, token):
    """Stalwart's, with a token or with Basic: describe, query, get, update,
    delete.  It names no account, cuts the slash off apiUrl, and asks for the
    columns of the list."""
    basic = "Basic " + base64.b64encode(b"admin:" + token.encode()).decode()

    def call(*calls):
        r, text = b.ask("POST", "/jmap", json.dumps(
            {"using": USING[:2], "methodCalls": calls}),
            Authorization=basic, Content_Type="application/json")
        return [each[:2] for each in json.loads(text)["methodResponses"]]

    def change(**args):
        return call([REPORT + "/set", args, "c0"])[0][1]

    expect("a token as a password, from this host", 200,
           b.ask("GET", "/jmap/session", Authorization=basic)[0].status)
    r, _ = b.ask("GET", "/api/schema", Authorization=basic)
    schema = json.loads(b.ask("GET", r.getheader("Location"),
                              Authorization=basic)[1])
    expect("describe: it can read all of it", [], unreadable(schema))
    columns = ["id"] + [row["name"] for row in
                        schema["lists"][REPORT]["columns"]]
    made = [change(create={"c0": given(f"cli{i}.example")})["created"]["c0"][
        "id"] for i in range(3)]
    pages, args = [], {"filter": {"text": "cli"}, "limit": 2,
                       "calculateTotal": True}
    for _ in range(2):
        (_, query), (_, got) = call(
            [REPORT + "/query", args, "q"],
            [REPORT + "/get", {"#ids": {
                "resultOf": "q", "name": REPORT + "/query", "path": "/ids"},
                "properties": columns}, "g"])
        pages.append([row["id"] for row in got["list"]])
        args = {"filter": {"text": "cli"}, "limit": 2,
                "anchor": query["ids"][-1], "anchorOffset": 1}
    expect("query, page by page", [made[:2], made[2:]], pages)
    for condition, want in (({"deliverAtIsGreaterThanOrEqual":
                              "2026-01-01T00:00:00Z"}, True),
                            ({"deliverAtIsLessThan":
                              "2026-01-01T00:00:00Z"}, False),
                            ({"status": "done"}, False)):
        found = call([REPORT + "/query", {"filter": condition}, "c0"])[0][1]
        expect(f"query: {condition}", want, made[0] in found["ids"])
    got = call([REPORT + "/get", {"ids": made[:1], "properties": None},
                "c0"])[0][1]["list"][0]
    expect("get", ("cli0.example", True),
           (got["domain"], set(got) >= set(schema["fields"][REPORT][
               "properties"])))
    expect("update", {made[0]: None}, change(update={made[0]: {
        "policyIdentifiers": {"7": True}}})["updated"])
    expect("update: an error that it knows", "invalidProperties", change(
        update={made[0]: {"domain": "a b"}})["notUpdated"][made[0]]["type"])
    gone = change(destroy=[*made, "nix"])
    expect("delete", (made, ["nix"]),
           (gone["destroyed"], list(gone["notDestroyed"])))


def uploading(b, token):
    r, text = b.ask("POST", "/jmap/upload/tally", b"x",
                    Authorization="Bearer " + token,
                    Content_Type="application/octet-stream")
    problem = json.loads(text)
    expect("upload: the limit", (
        413, "urn:ietf:params:jmap:error:limit", "maxSizeUpload"),
        (r.status, problem["type"], problem["limit"]))
    expect("upload: no token", 401,
           b.ask("POST", "/jmap/upload/tally", b"x")[0].status)


def notation(b, token):
    made = b.call(token, "/api", (REPORT + "/set", {
        "create": {"c": given("n.example")}}))[0]["created"]["c"]
    expect("at /api created tells more", True, "status" in made)
    expect("at /api lists are arrays", (["tls@n.example"], [77], list), (
        lambda o: (o["mailRua"], o["policyIdentifiers"],
                   type(o["report"]["policies"])))(
        b.call(token, "/api", (REPORT + "/get", {"ids": [made["id"]]}))[0][
            "list"][0]))
    expect("at /api no pointer leads into an array", "invalidPatch", b.call(
        token, "/api", (REPORT + "/set", {"update": {made["id"]: {
            "report/policies/0/totalFailedSessions": 1}}}))[0]["notUpdated"][
                made["id"]]["type"])
    expect("/jmap is as /jmap/", {"tls@n.example": True}, b.call(
        token, "/jmap", (REPORT + "/get", {"ids": [made["id"]]}))[0]["list"][
            0]["mailRua"])
    b.call(token, "/api", (REPORT + "/set", {"destroy": [made["id"]]}))


def refreshing(b, token, tokens):
    status, second = b.refresh(tokens["refresh_token"])
    expect("refreshed", (200, True, 200, 200), (
        status, second["refresh_token"] != tokens["refresh_token"],
        b.status(second["access_token"]), b.status(tokens["access_token"])))
    status, twin = b.refresh(tokens["refresh_token"])
    expect("a duplicated tab refreshes, too", (200, 200),
           (status, b.status(twin["access_token"])))
    expect("another client does not", ("invalid_grant", 401), (
        b.grant(grant_type="refresh_token", client_id="other",
                refresh_token=second["refresh_token"])[1]["error"],
        b.status(second["access_token"])))


def signing_out(b, token):
    _, tokens = b.redeem(b.code(token))
    other = Browser(b.port)
    _, others = other.redeem(other.code(token))
    r, _ = b.ask("GET", "/oauth/logout?" + urllib.parse.urlencode({
        "client_id": "stalwart-webui",
        "post_logout_redirect_uri": b.origin + "/admin/login"}))
    expect("signed out, and back", (303, b.origin + "/admin/login", 401, 400),
           (r.status, r.getheader("Location"),
            b.status(tokens["access_token"]),
            b.refresh(tokens["refresh_token"])[0]))
    expect("another browser stays", 200, b.status(others["access_token"]))
    for place in ("https://evil.example/", b.origin + ".evil.example/",
                  b.origin + "/\r\nX: y"):
        r, _ = b.ask("GET", "/oauth/logout?" + urllib.parse.urlencode(
            {"post_logout_redirect_uri": place}))
        expect("signed out, and not sent to " + repr(place), (200, None),
               (r.status, r.getheader("Location")))


def what_is_refused(b, server, token):
    for name, over, error in (
            ("PKCE plain", {"code_challenge_method": "plain"},
             "invalid_request"),
            ("PKCE without a method", {"code_challenge_method": None},
             "invalid_request"),
            ("no PKCE", {"code_challenge": None}, "invalid_request"),
            ("a token at once", {"response_type": "token"},
             "unsupported_response_type"),
            ("without a page", {"prompt": "none"}, "login_required")):
        r, _ = b.login(token, **over)
        back = arguments(r)
        expect(name + " is refused in words", (303, error, True, "s&1"), (
            r.status, back.get("error"),
            len(back.get("error_description", "")) > 10, back.get("state")))
    for name, over in (
            ("elsewhere", {"redirect_uri":
                           "https://evil.example/admin/oauth/callback"}),
            ("below", {"redirect_uri":
                       b.origin + "/admin/oauth/callback/x"}),
            ("another page", {"redirect_uri": b.origin + "/x/oauth/callback"}),
            ("a script", {"redirect_uri": "javascript:alert(1)"}),
            ("none", {"redirect_uri": None}),
            ("no client", {"client_id": None})):
        r, text = b.login(token, **over)
        expect(name + ": nobody is sent there", (400, None, True), (
            r.status, r.getheader("Location"), b"role=\"alert\"" in text))
    r, _ = b.login(token, redirect_uri=b.origin + "/oauth/callback")
    expect("our own callback", 303, r.status)
    r, _ = b.login(token, redirect_uri="https://app.example/cb")
    expect("one of the settings", (303, True), (
        r.status, r.getheader("Location").startswith(
            "https://app.example/cb?code=")))
    r, text = b.login(server.tally("token", "add", "poor", "--permission",
                                   "tallyRead")[1])
    expect("a token that cannot read", (403, True), (
        r.status, b"lacks the permission sysTlsInternalReportGet" in text))
    r, text = b.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode(
        b.query(state='"><script>alert(1)</script>')))
    expect("nothing gets out of the form", (200, False),
           (r.status, b"<script" in text))
    r, _ = b.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode(
        b.query()) + "&state=2")
    expect("an argument given twice", 400, r.status)
    r, _ = b.ask("POST", "/oauth/token", "{}",
                 Content_Type="application/json")
    expect("tokens by JSON", 415, r.status)
    r, _ = b.ask("POST", "/oauth/token", "a=" + "x" * 20000,
                 Content_Type=FORM)
    expect("a large form", 413, r.status)


def codes(b, token):
    code = b.code(token)
    _, tokens = b.redeem(code)
    status, answer = b.redeem(code)
    expect("a code that comes twice revokes what came of it",
           (400, "invalid_grant", 401),
           (status, answer["error"], b.status(tokens["access_token"])))
    for name, over in (("another verifier", {"code_verifier": "w" * 64}),
                       ("a short verifier", {"code_verifier": "w"}),
                       ("another client", {"client_id": "other"}),
                       ("another redirect", {
                           "redirect_uri": b.origin + "/oauth/callback"})):
        code = b.code(token)
        expect("a code with " + name, (400, 400), (
            b.redeem(code, **over)[0], b.redeem(code)[0]))
    expect("another grant", "unsupported_grant_type",
           b.grant(grant_type="password")[1]["error"])
    _, tokens = b.redeem(b.code(token))
    r, _ = b.login(tokens["access_token"])
    expect("an access token begins no sign-in", 403, r.status)


def revoking(b, server):
    token = server.tally("token", "add", "short", "--permission", "all")[1]
    _, tokens = b.redeem(b.code(token))
    expect("before", 200, b.status(tokens["access_token"]))
    server.tally("token", "remove", "short")
    expect("the token is gone, and all with it", (401, 400), (
        b.status(tokens["access_token"]),
        b.refresh(tokens["refresh_token"])[0]))
    server.tally("token", "add", "short", "--permission", "all")
    expect("another of its name is another", 401,
           b.status(tokens["access_token"]))


def hashed(directory, tokens):
    store = b"".join(path.read_bytes() for path in
                     (directory / "store").iterdir() if path.is_file())
    expect("the store has no text of them", [False] * 2, [
        tokens[name].encode() in store for name in (
            "access_token", "refresh_token")])


def odd_forms(b):
    """Whatever a field has in it, the answer is a refusal, and nothing else."""
    whole = {**b.query(), "grant_type": "authorization_code",
             "code": "tallyc_x", "code_verifier": VERIFIER}
    odd = ("%00", "%ff%fe", "%", "%zz", "a" * 5000, "\xff", "&&==",
           "%0d%0aX:%20y", "'\"<script>", "%F0%9F%98%80")
    seen, leaks = set(), []
    for path in ("/oauth/authorize", "/oauth/token"):
        for name in [*whole, "token", "refresh_token"]:
            for value in odd:
                body = urllib.parse.urlencode(
                    {k: v for k, v in whole.items() if k != name})
                r, text = b.ask("POST", path, f"{body}&{name}={value}".encode(
                    "latin-1"), Content_Type=FORM)
                seen.add(r.status)
                if b"<script>" in text or r.getheader("X") or \
                        "code=" in (r.getheader("Location") or ""):
                    leaks.append((path, name, value))
    expect("odd forms are refused", (set(), []),
           (seen - {303, 400, 403, 429}, leaks))


def guesses(b, server, token):
    """The last: from then on this address has to wait."""
    code = b.code(token)
    for kind in "cr":
        for _ in range(10):
            text = f"tally{kind}_" + "A" * 59
            expect("a guess", "invalid_grant", (
                b.redeem(text) if kind == "c" else b.refresh(text))[1][
                    "error"])
    expect("guesses of codes are wrong tokens, too", 1,
           server.log().count("too many wrong tokens"))
    expect("... and from here the good code is good", 200, b.redeem(code)[0])
    for _ in range(20):
        r, text = b.login("tally_guess")
    expect("guesses at the login page are wrong tokens", True,
           "too many wrong tokens" in text.decode().lower())
    expect("... also from here a good one is good", 303,
           b.login(token)[0].status)


def make_site(directory):
    site = directory / "site"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text(
        '<!doctype html><head><base href="/"><script src="assets/a.js">'
        "</script></head>")
    (site / "assets/a.js").write_text("1")
    (site / "favicon.ico").write_bytes(b"\0\0")
    (site / ".hidden.txt").write_text("SECRET")
    outside = directory / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("SECRET")
    (directory / "secret.txt").write_text("SECRET")
    (site / "link.txt").symlink_to(directory / "secret.txt")
    (site / "out").symlink_to(outside)
    return site


def main():
    with serving("webui", static="/admin {site}",
                 redirect_uris="https://app.example/cb",
                 prepare=make_site) as (directory, server, port):
        b = Browser(port)
        token = server.tally("token", "add", "admin", "--permission", "all")[1]
        check_page(b)
        tokens = sign_in(b, token)
        look_around(b, tokens["access_token"])
        work(b, tokens["access_token"])
        command_line(b, token)
        notation(b, token)
        uploading(b, token)
        hashed(directory, tokens)
        refreshing(b, token, tokens)
        signing_out(b, token)
        what_is_refused(b, server, token)
        codes(b, token)
        revoking(b, server)
        odd_forms(b)
        guesses(b, server, token)
    sys.exit(1 if failed else 0)


main()
