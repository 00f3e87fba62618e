#!/usr/bin/env python3
"""api_doc - doc/API.md is so: each of its calls, with a real server

In the build folder.  The blocks of the document come in pairs, a request and
its answer, and are one conversation.  A word in capitals (STATE1, REPORT) stands
for what the server said there first; "..." for any value and, as a member, for
members that are not shown.  No text of an answer is taken for granted.
"""
import http.client
import json
import re
import sys

from httpd_world import expect, serving
from testlib import SOURCE

NAMES = re.compile(r"STATE[0-9]|REPORT|BLOB|HOST")


class Conversation:
    def __init__(self, port, token):
        self.port, self.token = port, token
        self.known = {"HOST": f"127.0.0.1:{port}"}

    def put(self, text):
        return NAMES.sub(lambda m: self.known[m[0]], text)

    def ask(self, head, body):
        line, *fields = head.splitlines()
        method, path = line.split()
        headers = {"Authorization": "Bearer " + self.token}
        headers.update(field.split(": ") for field in fields)
        if body:
            headers["Content-Type"] = "application/json"
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request(method, self.put(path), self.put(body) or None, headers)
        r = c.getresponse()
        return r.status, r.read().decode()

    def differs(self, want, got, place="answer"):
        """Where it is another; None: it is so."""
        if want == "...":
            return None
        if isinstance(want, dict) and isinstance(got, dict):
            want = {self.put(k): v for k, v in want.items()}
            more = want.pop("...", None)
            if set(want) - set(got) or (not more and set(got) - set(want)):
                return f"{place}: {sorted(got)}"
            pairs = [(k, want[k], got[k]) for k in want]
        elif isinstance(want, list) and isinstance(got, list):
            if len(want) != len(got):
                return f"{place}: {got}"
            pairs = [(i, *pair) for i, pair in enumerate(zip(want, got))]
        else:
            return None if self.same(want, got) else f"{place}: {got!r}"
        return next(filter(None, (self.differs(w, g, f"{place}/{k}")
                                  for k, w, g in pairs)), None)

    def same(self, want, got):
        name = NAMES.search(want) if isinstance(want, str) else None
        if name and name[0] not in self.known and isinstance(got, str):
            pattern = re.escape(want).replace(name[0], "(.+)", 1)
            found = re.fullmatch(pattern, got)
            if found:
                self.known[name[0]] = found[1]
        if name and name[0] not in self.known:
            return False
        return (self.put(want) if name else want) == got


def blocks(text):
    """Requests with their answers: head, body; status, answer."""
    found = re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)
    for asked, answered in zip(found[::2], found[1::2]):
        cut = re.search(r"^\{", asked, re.M)
        head = asked[:cut.start()] if cut else asked
        status, _, answer = answered.partition("\n")
        yield head.strip(), asked[len(head):].strip(), int(status), answer


def main():
    text = (SOURCE / "doc/API.md").read_text()
    with serving("api-doc", "mode = all\n") as (_, server, port):
        token = server.tally("token", "add", "doc", "--permission", "all")[1]
        talk = Conversation(port, token)
        count = 0
        for head, body, status, answer in blocks(text):
            got = talk.ask(head, body)
            name = f"{head.splitlines()[0]} {body[-60:]}".replace("\n", " ")
            expect(name + ": status", status, got[0])
            if answer.startswith("{"):
                expect(name, None,
                       talk.differs(json.loads(answer), json.loads(got[1])))
            else:
                expect(name, True, answer.strip() in got[1])
            count += 1
        expect("all of the document's calls", True,
               count == len(re.findall("^```$", text, re.M)) // 4 and count > 15)
    from testlib import failed
    return 1 if failed else 0


sys.exit(main())
