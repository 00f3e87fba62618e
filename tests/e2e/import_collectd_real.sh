#!/bin/sh
# import_collectd_real.sh - a database that sys4's tlsrpt-collectd 0.6 has made
# itself: after its midnight (which a signal makes) tlstally imports what it
# counted, and the sums are those in its tables
#
# It needs the package tlsrpt-reporter 0.6 of PyPI: in $TLSRPT_REPORTER, a virtual
# environment, or it is put into one here.  scripts/check runs it; by hand:
# srcdir=... tests/e2e/import_collectd_real.sh in the build directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
need_tlsrpt_reporter
stay_within_day 120
yesterday=$(date -u -d yesterday +%F)
make_host mx1 all "[deliver]" "grace = 0s"
db=$dir/collectd.sqlite

# --- it counts ---

cat >"$dir/collectd.cfg" <<-EOF_CONF
	[tlsrpt_collectd]
	storage = sqlite://$db
	socketname = $dir/socket
	sockettimeout = 1
	dump_path_for_invalid_datagram = $dir/invalid
	log_level = debug
EOF_CONF
"$bin/tlstally" import-tlsrpt --into "$dir/translated" "$dir/collectd.cfg" \
	2>"$dir/err" || fail "its settings" "$dir/err"
expect_text "its settings" "socket = unix:$dir/socket" "$dir/translated"
expect_text "and where its database will be" \
	"collectd.cfg:2: .*tlstally import $db.yesterday" "$dir/err"
start "$dir/log" "$venv/bin/python3" -m tlsrpt_reporter.tlsrpt_collectd \
	--config_file "$dir/collectd.cfg"
collectd=$pid
wait_until [ -S "$dir/socket" ] || die "no socket" "$dir/log"
# but for names of which no report can be made
for file in "$src"/tests/data/datagrams/*.jsonl; do
	[ "${file##*/}" = library.jsonl ] || set -- "$@" "$file"
done
"$e2e/send_datagrams" -n 3 "$dir/socket" "$@" \
	>"$dir/sent-events" || die "not sent" "$dir/log"
sums()
{
	"$venv/bin/python3" - "$1" <<'EOF_PY'
import sqlite3, sys
try:
    db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    print(*db.execute("SELECT count(DISTINCT domain), sum(cntrtotal),"
                      " sum(cntrfailure) FROM finalresults").fetchone())
except sqlite3.Error as error:
    print(error)
EOF_PY
}
counted()
{
	set -- $(sums "$db")
	[ "$2" -ge "$1" ] 2>/dev/null && [ "$(sums "$db")" = "$(sleep 2; sums "$db")" ]
}
wait_until counted || die "it counts nothing" "$dir/log"
tally()
{
	"$bin/tlstally" -v -c "$dir/mx1/conf" "$@" >"$dir/out" 2>"$dir/err"
}
"$e2e/put_feed" "$dir/mx1/store" events || die "no store"
tally import "$db"
if grep -q "without libsqlite3" "$dir/err"; then
	skip "this tlstally was built without libsqlite3"
fi
expect_text "the database of today" "its day is not over" "$dir/err"

# --- midnight ---

kill -USR2 "$collectd"
wait_until sh -c "[ -s '$db.yesterday' ] && grep -q 'Old database moved' '$dir/log'" ||
	die "no midnight" "$dir/log"
stop "$collectd"
tally import "$db.yesterday" || die "import" "$dir/err"
want=$(sums "$db.yesterday")
left=$(sed -n 's/.*: \([0-9]*\) domains are left out.*/\1/p' "$dir/err")
got=$(sed -n "s/^$yesterday of tlsrpt-collectd.mx1.example.com: imported; \([0-9]*\) \
domains, \([0-9]*\) sessions, \([0-9]*\) of them failed\$/\1 \2 \3/p" "$dir/out")
echo "its tables: $want; imported: $got; left out: ${left:-0}"
cat "$dir/err"
expect "domains, sessions and failures are those of its tables" "$want" "$got"
expect "nothing is left out" "" "$left"
tally import "$db.yesterday" || die "again" "$dir/err"
expect_text "again" "was here already" "$dir/out"
tally run || fail "run" "$dir/err"
expect "reports are made" yes \
	"$([ "$(ls "$dir/mx1/sent" | wc -l)" -gt 5 ] && echo yes)"
end_test
