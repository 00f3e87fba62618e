#!/usr/bin/env python3
"""fleet_bench - many hosts, one ledger: shipped, sealed, merged and rolled up

    fleet_bench.py [HOSTS [DOMAINS]]

In the build folder.  Each host has counted that many domains on one day, half of
them the same everywhere, and PostgreSQL is on this machine, as it is set by
default.  Three sizes: a quarter of the hosts, half of them, all.  Two hosts ship
at once.
"""
import concurrent.futures
import pathlib
import resource
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "tests/e2e"))
from ledger_world import Host, Server, at, day_text, postgres_programs, world
from testlib import HERE

HOSTS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
DOMAINS = int(sys.argv[2]) if len(sys.argv) > 2 else 100000


def row(what, value):
    print(f"  {what:<52} {value}", flush=True)


def wal(server, database):
    return int(server.ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')",
                          database)[0].split(".")[0])


def fill(host, number, domains):
    subprocess.run(
        [HERE / "bench/fill_store", host.folder / "store", day_text(0),
         str(domains), "mailto:tls@r%d.example", "10",
         str(number * domains + domains)], check=True)


def cpu():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def timed(work):
    """Seconds, those of them that tlstally was at work, and what came of it."""
    began, spent = time.monotonic(), cpu()
    done = work()
    return time.monotonic() - began, cpu() - spent, done


def one_size(folder, server, hosts, domains):
    name = f"size{hosts}"
    server.psql(f"CREATE DATABASE {name}")
    (folder / name).mkdir()
    all_hosts = [Host(folder / name, f"mx{i}", server.url(name),
                      mode="preview" if i == 0 else "off") for i in range(hosts)]
    all_hosts[0].tlstally("fleet", "init", "--rehearsal")
    for number, host in enumerate(all_hosts):
        fill(host, number, domains)
    print(f"{hosts} hosts, {domains} domains each")
    before = wal(server, name)
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        secs, busy, ran = timed(lambda: list(two.map(
            lambda host: host.run(at(1, 1), timeout=3600), all_hosts[1:])))
    written = sum(run["fleet"]["domainsWritten"] for run in ran)
    row("shipped and sealed by all but one", f"{secs:.1f} s")
    row("for each of them, CPU", f"{busy / (hosts - 1):.2f} s")
    row("WAL for a domain that was written",
        f"{(wal(server, name) - before) / written:.0f} bytes")
    secs, busy, run = timed(lambda: all_hosts[0].run(at(1, 1, 5), timeout=3600))
    row("the leader: ships, pulls, merges, makes reports, CPU",
        f"{secs:.1f} s, {busy:.1f} s")
    row("reports made", run["rollup"]["domains"]["queued"])
    row("for each domain of a host, CPU",
        f"{1e6 * busy / (domains * hosts):.0f} us")
    secs, busy, run = timed(lambda: all_hosts[1].run(at(1, 1, 10)))
    row("a quiet run of a host, CPU",
        f"{1000 * secs:.0f} ms, {1000 * busy:.0f} ms (goal 50)")


def main():
    programs = postgres_programs()
    with world("fleet.", programs) as folder:
        server = Server(folder / "postgres", programs)
        server.start("-c", "fsync=on", "-c", "shared_buffers=128MB")
        try:
            for hosts in sorted({max(2, HOSTS // part) for part in (4, 2, 1)}):
                one_size(folder, server, hosts, DOMAINS)
        finally:
            server.stop()


main()
