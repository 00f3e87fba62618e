#!/usr/bin/env python3
"""monitoring - what Prometheus and Grafana get, and what we ship for them

In the build folder.  The real daemon's second socket, and promtool on what it
answers, on the alert rules with their tests, and on each expression of the
dashboard.  Rules and dashboard ask only for what the daemon has.
"""
import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from httpd_world import expect, failed, free_port, serving

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = SOURCE / "conf/monitoring"
RULES = SHIPPED / "tlstally.rules.yml"
SELECTOR = re.compile(r"tlstally_(\w+)(?:\{([^}]*)\})?")


def ask(port, path, method="GET", headers=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request(method, path, headers=headers or {})
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r, text


def promtool(what, *words, text=None):
    got = subprocess.run(["promtool", *words], input=text, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect(what, 0, got.returncode)
    if got.returncode != 0:
        print(got.stdout)


def test_door(port, api):
    r, text = ask(port, "/metrics")
    expect("metrics without a token", (200, True),
           (r.status, "\ntlstally_build_info{version=" in text))
    expect("their type", "text/plain; version=0.0.4; charset=utf-8",
           r.getheader("Content-Type"))
    r, words = ask(port, "/healthz")
    expect("healthz", (200, "ok\n"), (r.status, words))
    expect("HEAD", 200, ask(port, "/metrics", "HEAD")[0].status)
    expect("POST", 405, ask(port, "/metrics", "POST")[0].status)
    for path in ("/", "/api", "/jmap/session", "/.well-known/jmap",
                 "/metricsx", "/jmap/download/a/b/c"):
        expect("not here: " + path, 404, ask(port, path)[0].status)
    expect("the API's own want a token", 401, ask(api, "/metrics")[0].status)
    return text


def test_crowd(port, api, limit):
    """All connections that the API takes from an address are in use."""
    crowd = [socket.create_connection(("127.0.0.1", api))
             for _ in range(limit)]
    for c in crowd:
        c.sendall(b"GET /healthz HTTP/1.1\r\n")
    expect("metrics beside a crowd", 200, ask(port, "/metrics")[0].status)
    for c in crowd:
        c.close()


def labels_of(metrics):
    """Each metric with the values of each label, as the daemon has them."""
    known = {name: {} for name in
             re.findall(r"^# TYPE tlstally_(\w+) ", metrics, re.M)}
    for name, labels in re.findall(r"^tlstally_(\w+)\{(.*)\} ", metrics, re.M):
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            known[name].setdefault(label, set()).add(value)
    return known


def check_selectors(what, expression, known):
    for name, labels in SELECTOR.findall(expression):
        expect(f"{what}: tlstally_{name} is there", True, name in known)
        for label, values in re.findall(r'(\w+)[!=]?[=~]"([^"]*)"',
                                        labels or ""):
            if label == "instance":  # Prometheus's own
                continue
            have = known.get(name, {}).get(label, set())
            expect(f"{what}: {name} has {label} {values}", set(),
                   set(values.split("|")) - have)


def test_shipped(metrics, answers, directory):
    known = labels_of(metrics)
    # no report was sent yet
    known["deliveries_total"] = {"transport": {"mail", "https", "directory"},
                                 "result": answers}
    for expression in re.findall(r"expr:(.*?)\n +(?:for|labels):",
                                 RULES.read_text(), re.S):
        check_selectors("rule", expression, known)
    manual = (SOURCE / "doc/tlstally-httpd.8.in").read_text()
    for name in known:
        expect(f"the manual has {name}", True, f".It Li {name}\n" in manual)
    dashboard = json.loads((SHIPPED / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"]
                   for target in panel["targets"]]
    expect("the dashboard has panels", True, len(expressions) > 10)
    document = (SOURCE / "doc/MONITORING.md").read_text()
    for name in (re.findall(r"alert: (\w+)", RULES.read_text()) +
                 [panel["title"] for panel in dashboard["panels"]]):
        expect(f"MONITORING.md has {name}", True, f"| {name} |" in document)
    rows = []
    for n, expression in enumerate(expressions):
        check_selectors("dashboard", expression, known)
        rows.append({"record": f"panel:{n}", "expr": expression.replace(
            "$__rate_interval", "5m").replace("$instance", ".*")})
    # a JSON text is YAML, too
    panels = directory / "panels.yml"
    panels.write_text(json.dumps({"groups": [{"name": "g", "rules": rows}]}))
    promtool("the dashboard's expressions", "check", "rules", panels)


def main():
    if shutil.which("promtool") is None:
        print("SKIP: there is no promtool (Debian: prometheus)")
        return 77
    words = subprocess.run(["tests/lint/words_print"], check=True, text=True,
                           capture_output=True).stdout
    answers = set(re.findall(r"^answers\t(\S+)", words, re.M))
    limit = 10
    port = free_port()
    with serving("monitoring", metrics=f"inet:127.0.0.1:{port}",
                 max_per_address=limit) as (directory, server, api):
        subprocess.run(["tests/e2e/doctor_store", directory / "store",
                        "policyd=5"], check=True)
        metrics = test_door(port, api)
        test_crowd(port, api, limit)
        promtool("the metrics' text", "check", "metrics", text=metrics)
        promtool("the rules", "check", "rules", RULES)
        promtool("the rules come and go", "test", "rules",
                 SOURCE / "tests/data/monitoring/rules-test.yml")
        test_shipped(metrics, answers, directory)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
