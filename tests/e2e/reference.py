#!/usr/bin/env python3
"""reference - the calls of TlsInternalReport's reference page, as they stand

In the build folder.  Each is run by a shell, with this server's address and a
token that has the one permission the page names and no other: the requests by
curl, the commands by tlstally under the name that the page has, on the server
and on the store.  "id1" is the page's placeholder: with it nothing is found, with an
id that is there the work is done.
"""
import json
import os
import shutil
import subprocess
import sys

from httpd_world import HTTPD, TLSTALLY, serving
from testlib import expect, failed

# --- the page ---

CURL = """\
curl -s -X POST https://mail.example.com/api \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '%s'
"""
USING = '"using": ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]'
GET = '{"methodCalls": [["x:TlsInternalReport/get", {"ids": ["id1"]}, "c1"]],' \
    ' %s}' % USING
CREATE = '''{
  "methodCalls": [
    [
      "x:TlsInternalReport/set",
      {
        "create": {
          "new1": {
            "createdAt": "2026-01-01T00:00:00Z",
            "deliverAt": "2026-01-01T00:00:00Z",
            "domain": "example.com",
            "httpRua": [],
            "mailRua": [],
            "policyIdentifiers": [],
            "report": {
              "contactInfo": "Example",
              "dateRangeEnd": "2026-01-01T00:00:00Z",
              "dateRangeStart": "2026-01-01T00:00:00Z",
              "organizationName": "Example",
              "policies": [],
              "reportId": "Example"
            }
          }
        }
      },
      "c1"
    ]
  ],
  %s
}''' % USING
UPDATE = '{"methodCalls": [["x:TlsInternalReport/set", {"update": {"id1": ' \
    '{"policyIdentifiers": []}}}, "c1"]], %s}' % USING
DESTROY = '{"methodCalls": [["x:TlsInternalReport/set", {"destroy": ["id1"]},' \
    ' "c1"]], %s}' % USING
QUERY = '{"methodCalls": [["x:TlsInternalReport/query", {"filter": {}}, ' \
    '"c1"]], %s}' % USING

CLI_GET = "stalwart-cli get tls-internal-report id1"
CLI_CREATE = """\
stalwart-cli create tls-internal-report \\
  --field 'policyIdentifiers=[]' \\
  --field 'mailRua=[]' \\
  --field 'httpRua=[]' \\
  --field 'report={"contactInfo":"Example",\
"dateRangeEnd":"2026-01-01T00:00:00Z",\
"dateRangeStart":"2026-01-01T00:00:00Z","organizationName":"Example",\
"policies":[],"reportId":"Example"}' \\
  --field domain=example.com \\
  --field createdAt=2026-01-01T00:00:00Z \\
  --field deliverAt=2026-01-01T00:00:00Z
"""
CLI_QUERY = "stalwart-cli query tls-internal-report"
CLI_UPDATE = "stalwart-cli update tls-internal-report id1 --field " \
    "description='Updated'"
CLI_DELETE = "stalwart-cli delete tls-internal-report --ids id1"

OBJECT = {
    "createdAt": "2026-01-01T00:00:00Z", "deliverAt": "2026-01-01T00:00:00Z",
    "domain": "example.com", "httpRua": [], "mailRua": [],
    "policyIdentifiers": [],
    "report": {"contactInfo": "Example",
               "dateRangeEnd": "2026-01-01T00:00:00Z",
               "dateRangeStart": "2026-01-01T00:00:00Z",
               "organizationName": "Example", "policies": [],
               "reportId": "Example"}}
# it is no field of the object
UNKNOWN = "description: unknown field"

PERMISSION = "sysTlsInternalReport"


def later_edition(text):
    """As the page has been written since: {} for [], the type by its name."""
    return text.replace("[]", "{}").replace("tls-internal-report",
                                            "TlsInternalReport")


class Page:
    """Runs what stands there, in one edition."""

    def __init__(self, directory, server, port, edit=lambda text: text):
        self.server, self.edit = server, edit
        self.url = f"http://127.0.0.1:{port}"
        self.path = f"{directory}/bin:{os.environ['PATH']}"
        self.tokens = {"all": server.tally(
            "token", "add", f"all{id(self)}", "--permission", "all")[1]}
        for deed in ("Get", "Query", "Create", "Update", "Destroy"):
            self.tokens[deed] = server.tally(
                "token", "add", f"{deed}{id(self)}", "--permission",
                PERMISSION + deed)[1]

    def shell(self, text, deed, ident, **env):
        text = self.edit(text).replace("https://mail.example.com", self.url)
        got = subprocess.run(
            ["sh", "-c", text.replace("id1", ident)], text=True, timeout=60,
            capture_output=True, env={
                **os.environ, "PATH": self.path, "TOKEN": self.tokens[deed],
                "TLSTALLY_CONF": str(self.server.conf), **env})
        return got.returncode, got.stdout, got.stderr

    def ask(self, body, deed, ident="id1"):
        """The arguments of the one response."""
        _, out, said = self.shell(CURL % body, deed, ident)
        try:
            name, args, call = json.loads(out)["methodResponses"][0]
        except ValueError:
            return {"no JSON": out + said}
        return args if call == "c1" and name != "error" else {name: args}

    def command(self, text, deed, ident="id1"):
        """A table of what is queried has to be got, too."""
        token = self.tokens["all" if deed == "Query" else deed]
        return self.shell(text, deed, ident, TLSTALLY_URL=self.url,
                          TLSTALLY_TOKEN=token)

    def on_the_store(self, text, deed, ident="id1"):
        return self.shell(text, deed, ident)


def shown(got):
    """Of an object what the page has."""
    return {name: got.get(name) for name in OBJECT}


def test_requests(page, edition):
    made = page.ask(CREATE, "Create")
    ident = (made.get("created") or {}).get("new1", {}).get("id")
    expect(f"{edition}: create", (True, None),
           (ident is not None, made.get("notCreated", made)))
    got = page.ask(GET, "Get", ident)
    expect(f"{edition}: get: an array wherever there is a list",
           [OBJECT], [shown(each) for each in got["list"]])
    expect(f"{edition}: get", [ident], [each["id"] for each in got["list"]])
    expect(f"{edition}: get: what is not there", ([], ["id1"]),
           tuple(page.ask(GET, "Get")[name] for name in ("list", "notFound")))
    expect(f"{edition}: query", True,
           ident in page.ask(QUERY, "Query")["ids"])
    got = page.ask(UPDATE, "Update", ident)
    expect(f"{edition}: update", ({ident: None}, None),
           (got["updated"], got["notUpdated"]))
    expect(f"{edition}: update: what is not there", "notFound",
           page.ask(UPDATE, "Update")["notUpdated"]["id1"]["type"])
    got = page.ask(UPDATE.replace("policyIdentifiers", "description"),
                   "Update", ident)["notUpdated"][ident]
    expect(f"{edition}: update: the answer names the unknown field",
           ("invalidProperties", ["description"], True),
           (got["type"], got["properties"],
            "description" in got["description"]))
    expect(f"{edition}: destroy: what is not there", "notFound",
           page.ask(DESTROY, "Destroy")["notDestroyed"]["id1"]["type"])
    expect(f"{edition}: destroy", [ident],
           page.ask(DESTROY, "Destroy", ident)["destroyed"])
    for body, deed in ((GET, "Get"), (CREATE, "Create"), (UPDATE, "Update"),
                       (DESTROY, "Destroy"), (QUERY, "Query")):
        other = "Query" if deed == "Get" else "Get"
        said = page.ask(body, other).get("error", {})
        expect(f"{edition}: {deed} is for who may",
               ("forbidden", True), (said.get("type"), PERMISSION + deed in
                                     said.get("description", "")))


def test_commands(run, edition):
    code, ident, said = run(CLI_CREATE, "Create")
    ident = ident.strip()
    expect(f"{edition}: create prints the id", (0, 13, ""),
           (code, len(ident), said))
    code, out, said = run(CLI_GET, "Get", ident)
    rows = dict(line.split(None, 1) for line in out.splitlines()
                if len(line.split(None, 1)) == 2)
    expect(f"{edition}: get", (0, "Example", "example.com", ""),
           (code, rows.get("report/contactInfo"), rows.get("domain"), said))
    code, out, said = run(CLI_QUERY, "Query")
    expect(f"{edition}: query", (0, True, ""), (code, ident in out, said))
    code, _, said = run(CLI_GET, "Get")
    expect(f"{edition}: get what is not there", (1, True),
           (code, "not found: id1" in said))
    for each in (ident, "id1"):
        code, _, said = run(CLI_UPDATE, "Update", each)
        expect(f"{edition}: update: the unknown field is named",
               (2, True), (code, UNKNOWN in said))
    code, _, said = run(CLI_DELETE, "Destroy")
    expect(f"{edition}: delete what is not there", (1, True),
           (code, "id1: not found: no such report" in said))
    expect(f"{edition}: delete", (0, "", ""),
           run(CLI_DELETE, "Destroy", ident))


def main():
    with serving("reference") as (directory, server, port):
        (directory / "bin").mkdir()
        (directory / "bin/stalwart-cli").symlink_to(TLSTALLY)
        for edition, edit in (("page", lambda text: text),
                              ("later edition", later_edition)):
            page = Page(directory, server, port, edit)
            test_requests(page, edition)
            test_commands(page.command, f"{edition}, by URL")
            test_commands(page.on_the_store, f"{edition}, on the store")
    return 1 if failed else 0


if not HTTPD.exists() or shutil.which("curl") is None:
    os._exit(77)
sys.exit(main())
