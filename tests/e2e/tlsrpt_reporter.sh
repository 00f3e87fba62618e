#!/bin/sh
# tlsrpt_reporter.sh - sys4's tlsrpt-reporter 0.6 beside tlstally
#
# The same events go to tlsrpt-collectd and to tlstallyd.  Its reportd then pulls
# from `tlstally fetcher`, tlstally pulls from its fetcher, and a host is moved
# while it counts, both daemons on one socket path in turn: all reports have the
# same sums.
#
# It needs the package tlsrpt-reporter 0.6 of PyPI: in $TLSRPT_REPORTER, a
# virtual environment, or it is put into one here.  scripts/check runs it; by
# hand: srcdir=... tests/e2e/tlsrpt_reporter.sh in the build directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
data=$src/tests/data/datagrams

need_tlsrpt_reporter

stay_within_day 180
today=$(date -u +%F)
# what has to be at tomorrow's clock, to the second
tomorrow()
{
	date -u -d 'tomorrow' +%FT%TZ
}
echo 0 >"$dir/days"
reporter()
{
	"$venv/bin/python3" "$src/tests/e2e/tlsrpt_days.py" "$dir/days" "$@"
}

# host NAME FLEET...: one that reports at once, and lines of [fleet]
host()
{
	name=$1
	shift
	make_host "$name" all "$@" "[deliver]" "grace = 0s" "max_grace = 0s"
}
# ask NAME PROGRAM...: a command for [fleet] fetchers of either side
ask()
{
	name=$1
	shift
	printf '#!/bin/sh\n%s' "$*" >"$dir/ask-$name"
	chmod +x "$dir/ask-$name"
}
on()
{
	local host=$1 command=$2
	shift 2
	"$bin/tlstally" -c "$dir/$host/conf" "$command" --now "$(tomorrow)" "$@"
}
# collectd NAME SOCKET: sys4's, on a database of its own
collectd()
{
	start "$dir/$1.log" "$venv/bin/python3" \
		"$src/tests/e2e/tlsrpt_days.py" "$dir/days" collectd \
		--storage "sqlite://$dir/$1.sqlite" --socketname "$2" \
		--sockettimeout 1 --log_level info
	wait_until grep -q "Listening on" "$dir/$1.log" || die "$1 does not listen"
}
tallyd()
{
	start "$dir/$1.log" "$bin/tlstallyd" -f -c "$dir/$1/conf" \
		-o report.contact_info= -o "events.socket=unix:$2"
	wait_until [ -S "$2" ] || die "$1 does not listen"
}
# What was committed, before its daemon goes.
totals()
{
	python3 - "$dir/$1.sqlite" "$2" 2>/dev/null <<'EOF_PY'
import sqlite3, sys
con = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
n = con.execute("SELECT coalesce(sum(cntrtotal), 0) FROM finalresults").fetchone()[0]
sys.exit(n < int(sys.argv[2]))
EOF_PY
}
tally_has()
{
	"$bin/tlstally" -c "$dir/$1/conf" status --json >"$dir/out" &&
		python3 -c 'import json, sys
events = json.load(open(sys.argv[1]))["events"]
sys.exit(not events or events[0]["events"] < int(sys.argv[2]))' "$dir/out" "$2"
}

# --- counting: all by both, and one host that is moved twice in the day

# What real Postfixes have sent: one policy each, so that a session is a session
# to both.
python3 - "$data" "$dir" <<'EOF_PY'
import glob, json, sys

lines = []
for path in sorted(glob.glob(sys.argv[1] + "/*.jsonl"))[::2]:
    # every other one will do; what a library can be made to send is not what reportd can read
    if not path.endswith("/library.jsonl"):
        lines += open(path, "rb").readlines()
for name, part in (("all", lines), ("first", lines[0::3]), ("second", lines[1::3]),
                   ("third", lines[2::3])):
    open(f"{sys.argv[2]}/{name}.jsonl", "wb").write(b"".join(part))
EOF_PY
lines=$(grep -c . "$dir/all.jsonl")

ask theirs "exec $venv/bin/python3 $src/tests/e2e/tlsrpt_days.py $dir/days" \
	"fetcher --storage sqlite://$dir/theirs.sqlite \"\$@\""
ask moved "exec $venv/bin/python3 $src/tests/e2e/tlsrpt_days.py $dir/days" \
	"fetcher --storage sqlite://$dir/moved-old.sqlite \"\$@\""
ask ours "exec $bin/tlstally -c $dir/ours/conf fetcher" \
	"--now \$(date -u -d tomorrow +%FT%TZ) \"\$@\""
host ours
host pulls "fetchers = theirs.example.com=$dir/ask-theirs"
host moved "fetchers = moved-old.example.com=$dir/ask-moved"

tallyd ours "$dir/ours/events"
ours=$pid
tallyd pulls "$dir/pulls/events"
stop "$pid"
collectd theirs "$dir/theirs.sock"
theirs=$pid
for to in "$dir/ours/events" "$dir/theirs.sock"; do
	"$e2e/send_datagrams" "$to" "$dir/all.jsonl" >/dev/null || fail "sending"
done

# the host that is moved, and moved back, and moved for good
one=$dir/moved/postfix.sock
collectd moved-old "$one"
"$e2e/send_datagrams" "$one" "$dir/first.jsonl" >/dev/null || fail "sending"
wait_until totals moved-old "$(grep -c . "$dir/first.jsonl")" || die "first third"
stop "$pid"
tallyd moved "$one"
"$e2e/send_datagrams" "$one" "$dir/second.jsonl" >/dev/null || fail "sending"
wait_until tally_has moved "$(grep -c . "$dir/second.jsonl")" || die "second third"
stop "$pid"
rm -f "$dir/moved-old.log"
collectd moved-old "$one"
sed -n 1p "$dir/third.jsonl" >"$dir/a.jsonl"
sed -n '2,$p' "$dir/third.jsonl" >"$dir/b.jsonl"
"$e2e/send_datagrams" "$one" "$dir/a.jsonl" >/dev/null || fail "sending"
wait_until totals moved-old \
	"$(($(grep -c . "$dir/first.jsonl") + 1))" || die "moved back"
stop "$pid"
tallyd moved "$one"
"$e2e/send_datagrams" "$one" "$dir/b.jsonl" >/dev/null || fail "sending"
wait_until tally_has moved \
	"$(($(grep -c . "$dir/second.jsonl") + $(grep -c . "$dir/b.jsonl")))" ||
	fail "moved for good"
stop "$pid"

wait_until totals theirs "$lines" || die "tlsrpt-collectd counts $lines"
wait_until tally_has ours "$lines" || die "tlstallyd counts $lines"
stop "$ours"

# --- midnight: a collector makes its day yesterday's when it runs
rm -f "$dir/moved-old.log"
collectd moved-old "$dir/moved-old.sock"
echo 1 >"$dir/days"
wait_until [ -e "$dir/theirs.sqlite.yesterday" ] || die "theirs: no midnight"
stop "$theirs"
wait_until [ -e "$dir/moved-old.sqlite.yesterday" ] || die "moved: no midnight"
# a day is complete when it has written that, too
stop "$pid"

# --- what both fetchers say
"$dir/ask-theirs" "$today" 2>/dev/null | tail -n +3 | sort >"$dir/theirs.list"
"$dir/ask-ours" "$today" | tail -n +3 | sort >"$dir/ours.list"
python3 - "$dir" "$today" <<'EOF_PY' || failures=1
import json, subprocess, sys

dir, day = sys.argv[1:]


def answer(which, *args):
    return subprocess.run([f"{dir}/ask-{which}", day, *args], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def sums(text):
    found = {}
    for record, policies in json.loads(text)["policies"].items():
        for policy, counts in policies.items():
            kind = json.loads(policy)["policy-type"]
            sum = found.setdefault((record, kind), [0, 0, 0])
            sum[0] += counts["cntrtotal"]
            sum[1] += counts["cntrfailure"]
            # what was counted of whom is in both the same
            sum[2] += len(counts["failures"])
    return found


theirs = open(f"{dir}/theirs.list").read().split()
ours = open(f"{dir}/ours.list").read().split()
same = bytes = 0
for domain in sorted(set(theirs) | set(ours) - {day, "."}):
    if domain in (day, "."):
        continue
    a, b = answer("theirs", domain), answer("ours", domain)
    bytes += a == b
    if sums(a) == sums(b):
        same += 1
    else:
        print("differs:", domain, sums(a), sums(b))
print(f"{same} domains with the same sums, {bytes} with the same bytes")
sys.exit(not (same >= 8 and bytes > 3))
EOF_PY

# --- its reportd pulls from ours, and ours pulls from its fetcher
mkdir -p "$dir/reports"
reportd()
{
	start "$dir/reportd-$1.log" "$venv/bin/python3" \
		"$src/tests/e2e/tlsrpt_days.py" "$dir/days" reportd \
		--dbname "$dir/reportd-$1.sqlite" --fetchers "$dir/ask-$1" \
		--organization_name "Example Mail" \
		--contact_info tls-reports@example.com \
		--sender_address tls-reports@example.com \
		--sendmail_script true --http_script true \
		--interval_main_loop 1 --log_level info
	wait_until grep -q "finished in run 0" "$dir/reportd-$1.log" ||
		die "reportd does not get the list of $1" "$dir/reportd-$1.log"
	wait_until reported "$1" || die "reportd makes no reports of $1"
	stop "$pid"
	! grep -q "ERROR\|seconds on fetcher" "$dir/reportd-$1.log" ||
		fail "reportd of $1: $(grep -m 1 "ERROR\|seconds on" "$dir/reportd-$1.log")"
}
reported()
{
	python3 - "$dir/reportd-$1.sqlite" <<'EOF_PY'
import sqlite3, sys
con = sqlite3.connect(sys.argv[1])
asked = con.execute("SELECT count(*) FROM reportdata").fetchone()[0]
left = con.execute("SELECT count(*) FROM reportdata WHERE data IS NULL").fetchone()[0]
made = con.execute("SELECT count(DISTINCT domain) FROM reports").fetchone()[0]
sys.exit(not (asked > 0 and left == 0 and made == asked))
EOF_PY
}
reportd ours
reportd theirs
on pulls run 2>"$dir/pulls.err" || fail "pulling: $(cat "$dir/pulls.err")"
on ours run || fail "ours runs"
on moved run 2>"$dir/moved.err" || fail "the moved one runs: $(cat "$dir/moved.err")"
python3 - "$dir" <<'EOF_PY' || failures=1
import glob, gzip, json, sqlite3, sys

dir = sys.argv[1]


def sums(report):
    found = {}
    for policy in report["policies"]:
        kind = policy["policy"]["policy-type"]
        sum = found.setdefault(kind, [0, 0])
        sum[0] += policy["summary"]["total-successful-session-count"]
        sum[1] += policy["summary"]["total-failure-session-count"]
    return found


def of_reportd(name):
    found = {}
    con = sqlite3.connect(f"{dir}/reportd-{name}.sqlite")
    for domain, report in con.execute("SELECT domain, report FROM reports"):
        found[domain] = sums(json.loads(report))
    return found


def of_tlstally(name):
    return {path.split("!")[1]: sums(json.load(gzip.open(path)))
            for path in glob.glob(f"{dir}/{name}/sent/*.json.gz")}


want = of_tlstally("ours")
bad = 0
for name, got in (("tlsrpt-reportd, from tlstally fetcher", of_reportd("ours")),
                  ("tlstally, from tlsrpt-fetcher", of_tlstally("pulls")),
                  ("the host that was moved", of_tlstally("moved"))):
    # a record without a usable rua gives a report to none of ours
    differs = [d for d in want if got.get(d) != want[d]]
    print(f"{name}: {len(want) - len(differs)} of {len(want)} reports the same")
    for domain in differs:
        print("  differs:", domain, got.get(domain), want[domain])
    bad += len(differs)
sys.exit(bad > 0 or len(want) < 8)
EOF_PY
end_test
