#!/bin/sh
# import_collectd.sh - tlstally import reads the SQLite database that a
# tlsrpt-collectd leaves of yesterday: its counts become reports, once, and what
# is no such database is refused in words
#
# make check runs it; by hand: srcdir=... tests/e2e/import_collectd.sh in the
# build directory.  The databases are made here, with sqlite3; one of the real
# collector is read by import_collectd_real.sh.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3 sqlite3
make_folder
stay_within_day 120
day=$(date -u -d yesterday +%F)
today=$(date -u +%F)
PURPOSE=TLSRPT-Collectd-DB-devel-2024-10-28
make_host mx1 all "[deliver]" "grace = 0s"

tally()
{
	"$bin/tlstally" -v -c "$dir/mx1/conf" "$@" \
		>"$dir/out" 2>"$dir/err"
}

# refused NAME WORDS COMMAND...
refused()
{
	name=$1 words=$2
	shift 2
	if "$@"; then
		fail "$name: it was not refused"
	elif ! grep -qF -- "$words" "$dir/err"; then
		fail "$name: no '$words' in $(cat "$dir/err")"
	else
		echo "ok: $name"
	fi
}

# says NAME WORDS COMMAND...
says()
{
	name=$1 words=$2
	shift 2
	if ! "$@"; then
		fail "$name: $(cat "$dir/err")"
	elif ! cat "$dir/out" "$dir/err" | grep -qF -- "$words"; then
		fail "$name: no '$words' in $(cat "$dir/out" "$dir/err")"
	else
		echo "ok: $name"
	fi
}

# The tables are those that the collector makes.
tables()
{
	cat <<-EOF_SQL
	CREATE TABLE finalresults(day, domain, tlsrptrecord, policy, cntrtotal,
		cntrfailure, its datetime default CURRENT_TIMESTAMP,
		PRIMARY KEY(day, domain, tlsrptrecord, policy));
	CREATE TABLE failures(day, domain, tlsrptrecord, policy, reason, cntr,
		PRIMARY KEY(day, domain, tlsrptrecord, policy, reason));
	CREATE TABLE daystatus(daycomplete, its datetime default
		CURRENT_TIMESTAMP, PRIMARY KEY(daycomplete));
	CREATE TABLE dbversion(version, installdate, purpose);
	INSERT INTO dbversion VALUES(1, '${1:-2026-03-01 00-00-05.123}',
		'$PURPOSE');
	EOF_SQL
}
STS='{"policy-type": 2, "policy-domain": "a.example", "policy-string": ["version: STSv1", "mode: enforce"], "mx-host": ["mx.a.example"]}'
NONE='{"policy-type": 9, "policy-domain": "b.example"}'
RECORD='v=TLSRPTv1; rua=mailto:tls@a.example'
rows()
{
	cat <<-EOF_SQL
	INSERT INTO finalresults(day, domain, tlsrptrecord, policy, cntrtotal,
		cntrfailure) VALUES
		('$day', 'a.example', '$RECORD', '$STS', 10, 3),
		('$day', 'b.example', '$RECORD', '$NONE', ${1:-5}, 0);
	INSERT INTO failures VALUES
		('$day', 'a.example', '$RECORD', '$STS',
		'{"c": 203, "s": "192.0.2.1", "n": "mx.a.example"}', 2),
		('$day', 'a.example', '$RECORD', '$STS', '{"c": 204}', 1);
	INSERT INTO daystatus(daycomplete) VALUES('${2:-$day}');
	EOF_SQL
}
# db NAME SQL...: the whole of it, and then more
db()
{
	file=$dir/$1
	shift
	{
		tables
		rows
		printf '%s;\n' "$@"
	} | sqlite3 "$file" || fail "sqlite3"
}

"$e2e/put_feed" "$dir/mx1/store" events || die "no store"
db x.yesterday
tally import "$dir/x.yesterday"
if grep -q "without libsqlite3" "$dir/err"; then
	grep -q "x.yesterday: a database of tlsrpt-collectd: " "$dir/err" ||
		fail "what is missing"
	echo "this tlstally was built without libsqlite3: it said so, and the" \
		"rest is left out"
	exit 77
fi

# --- what is refused, before there is anything ---

rm -rf "$dir/mx1/store" && mkdir "$dir/mx1/store"
"$e2e/put_feed" "$dir/mx1/store" events || die "no store"
{
	tables
	rows | sed "s/'$day'/'$today'/g; /daystatus/d"
} | sqlite3 "$dir/x"
refused "the database of today" "its day is not over: tlsrpt-collectd is still" \
	tally import "$dir/x"
db future "UPDATE daystatus SET daycomplete='$today'"
refused "a day that is not over here" \
	"$today of tlsrpt-collectd.mx1.example.com: the day is not over" \
	tally import "$dir/future"
db old "UPDATE daystatus SET daycomplete='2020-03-02'"
refused "a day that is not kept" "are not kept" tally import "$dir/old"
db nonsense "UPDATE daystatus SET daycomplete='yesterday'"
refused "no day" "daystatus: 'yesterday' is not a day" \
	tally import "$dir/nonsense"
db version "UPDATE dbversion SET version=2"
refused "another version" "its version is 2, and not 1" \
	tally import "$dir/version"
db purpose "UPDATE dbversion SET purpose='TLSRPT-Reportd-DB-devel-2024-10-28'"
refused "the database of reportd" \
	"its purpose is 'TLSRPT-Reportd-DB-devel-2024-10-28'" \
	tally import "$dir/purpose"
sqlite3 "$dir/other" "CREATE TABLE t(x)"
refused "another database" "it is not a database of tlsrpt-collectd: no such table" \
	tally import "$dir/other"
db view "ALTER TABLE finalresults RENAME TO f" \
	"CREATE VIEW finalresults AS WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL
		SELECT x+1 FROM n) SELECT '$day' AS day, 'a'||x||'.example' AS
		domain, '' AS tlsrptrecord, '' AS policy, 1 AS cntrtotal, 0 AS
		cntrfailure FROM n"
refused "a view without an end" "the database cannot be read: " \
	tally import "$dir/view"
head -c 5000 "$dir/x.yesterday" >"$dir/cut"
refused "one that is cut off" "$dir/cut: " tally import "$dir/cut"
{
	head -c 100 "$dir/x.yesterday"
	head -c 20000 /dev/urandom
} >"$dir/noise"
refused "noise behind its head" "$dir/noise: " tally import "$dir/noise"
refused "no name for the host" "--host: domain is empty" \
	tally import --host . "$dir/x.yesterday" ||
	true
[ -z "$(ls "$dir/mx1/store" | grep import)" ] || fail "a copy is left in the store"

# --- what is taken ---

says "yesterday" "$day of tlsrpt-collectd.mx1.example.com: imported; 2 domains, \
15 sessions, 3 of them failed" tally import "$dir/x.yesterday"
says "yesterday again" "was here already" tally import "$dir/x.yesterday"
db more "UPDATE finalresults SET cntrtotal=7 WHERE domain='b.example'"
says "a later copy of it" "imported in place of what was here; 2 domains, 17" \
	tally import "$dir/more"
refused "an earlier copy of it" "is older than what is here" \
	tally import "$dir/x.yesterday"
{
	tables "2026-03-01 00-00-07.001"
	rows 50
} | sqlite3 "$dir/another"
refused "another host's, under one name" "came from another store" \
	tally import "$dir/another"
says "under its own" "$day of mx2.example.com: imported; 2 domains, 60" \
	tally import --host mx2.example.com "$dir/another"
says "--replace" "imported in place of what was here; 2 domains, 60" \
	tally import --replace "$dir/another"
says "and back" "in place of what was here; 2 domains, 17" \
	tally import --replace "$dir/more"
{
	tables
	rows | sed "/daystatus/d"
} | sqlite3 "$dir/stopped"
says "of a collector that was stopped before midnight" \
	"$day of mx3.example.com: imported; 2 domains, 15 sessions" \
	tally import --host mx3.example.com "$dir/stopped"
gzip -c "$dir/another" >"$dir/another.gz"
says "compressed" "$day of mx2.example.com: was here already" \
	tally import --host mx2.example.com "$dir/another.gz"
piped()
{
	tally import --host mx2.example.com - <"$dir/another"
}
says "through a pipe" "$day of mx2.example.com: was here already" piped
db odd "INSERT INTO finalresults VALUES('$day', 'no name', '', '{}', 1, 0, '')" \
	"INSERT INTO finalresults VALUES('$day', 'c.example', '', 'rubbish', 1, 0,
		'')" \
	"INSERT INTO finalresults VALUES('$day', 'd.example', '$RECORD', '$NONE',
		-1, 0, '')" \
	"INSERT INTO finalresults VALUES('$day', 'e.example', NULL, '$NONE', 1, 0,
		'')" \
	"INSERT INTO finalresults VALUES('$day', 'f.example', '$RECORD', '$NONE',
		1, 2, '')" \
	"INSERT INTO finalresults VALUES('$day', 'g.example', '$RECORD', '$NONE',
		x'00ff', 0, '')" \
	"INSERT INTO finalresults VALUES('2020-02-28', 'a.example', '', '{}', 9, 0,
		'')" \
	"DELETE FROM finalresults WHERE domain='b.example'"
says "what cannot be read is left out" "1 domains, 10 sessions" \
	tally import --host odd.example.com "$dir/odd"
grep -qF "6 domains are left out, the first: " "$dir/err" ||
	fail "not six: $(cat "$dir/err")"
grep -qF "1 rows are of other days" "$dir/err" || fail "other days"

# --- and what comes of it ---

tally run || fail "run: $(cat "$dir/err")"
expect "the report of both" "a.example sts 28 12 [('certificate-expired', 4), ('certificate-not-trusted', 8)]
b.example no-policy-found 62 0 []" "$(python3 - "$dir/mx1/sent" <<'EOF_PY'
import glob, gzip, json, sys
for name in sorted(glob.glob(sys.argv[1] + "/*.json.gz")):
    report = json.load(gzip.open(name))
    for policy in report["policies"]:
        print(policy["policy"]["policy-domain"],
              policy["policy"]["policy-type"],
              policy["summary"]["total-successful-session-count"],
              policy["summary"]["total-failure-session-count"],
              sorted((d["result-type"], d["failed-session-count"])
                     for d in policy["failure-details"]))
EOF_PY
)"
end_test
