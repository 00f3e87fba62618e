#!/bin/sh
# hosts.sh - three hosts count events, two of them export their day, and the third
# imports it in any order, again, and cut off: its reports are those of a host that
# counted everything
#
# make check runs it; by hand: srcdir=... tests/e2e/hosts.sh in the build
# directory.  Everything is in a temporary directory; the network is not used.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
data=$src/tests/data/datagrams

make_host mx1 all "expect = mx2.example.com, mx3.example.com"
make_host mx2 off
make_host mx3 all
make_host all all

# on HOST COMMAND...: its tlstally, tomorrow morning
on()
{
	local host=$1 command=$2
	shift 2
	"$bin/tlstally" -c "$dir/$host/conf" "$command" --now "$tomorrow" "$@" \
		2>"$dir/err"
}

# refused NAME WORDS COMMAND...
refused()
{
	name=$1 words=$2
	shift 2
	if "$@" >/dev/null; then
		fail "$name: it was not refused"
	elif ! grep -qF -- "$words" "$dir/err"; then
		fail "$name: no '$words' in"
		cat "$dir/err"
	else
		echo "ok: $name"
	fi
}

stay_within_day 120
tomorrow=$(python3 -c 'import datetime as d
now = d.datetime.now(d.timezone.utc).date() + d.timedelta(1)
print(f"{now}T03:00:00Z")')
daemons=
for host in mx1 mx2 mx3 all; do
	# counting needs nobody to ask
	start "$dir/$host/log" "$bin/tlstallyd" -f -c "$dir/$host/conf" \
		-o report.contact_info=
	daemons="$daemons $pid"
done
for host in mx1 mx2 mx3 all; do
	wait_until [ -S "$dir/$host/events" ] || fail "$host does not listen"
done

# each host sees a part of it, mx3 a part that others see, too
i=0
for file in "$data"/*.jsonl; do
	i=$((i + 1))
	count_file "$file" "mx$((1 + i % 3))" all
	[ $((i % 2)) -eq 0 ] || count_file "$file" mx3 all
done
for host in mx1 mx2 mx3 all; do
	wait_until has_counted $host || fail "$host does not count everything"
done

today()
{
	"$bin/tlstally" -c "$dir/mx2/conf" export --day today "$dir/none" \
		2>"$dir/err"
}
refused "a day that is not over" "cannot be exported yet" today
[ ! -e "$dir/none" ] || fail "a file is left of it"
for daemon in $daemons; do
	stop "$daemon"
done

on mx2 export "$dir/mx2.day" || fail "mx2 exports"
on mx3 export "$dir/mx3.day" || fail "mx3 exports"
grep -q "mode = off" "$dir/err" || fail "mx3 is not told that it reports, too"

expect "nothing is reported before they have come" \
	"$(on mx1 rollup --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["rollup"]["daysClosed"])')" 0
head -c 700 "$dir/mx2.day" >"$dir/cut"
refused "a day that was cut off" "cut off" on mx1 import "$dir/cut"
gzip -dc "$dir/mx2.day" | sed '2s/"success":/"success":1/' >"$dir/changed"
refused "a day that was changed" "line" on mx1 import "$dir/changed"
refused "a host's own day" "this host's own store" on mx2 import "$dir/mx2.day"
on mx1 import "$dir/cut" "$dir/mx3.day" >/dev/null &&
	fail "one of two was refused, and the exit status is 0"

# one is killed in the middle, and others run at once, and a rollup with them
mkfifo "$dir/pipe"
"$bin/tlstally" -c "$dir/mx1/conf" import --now "$tomorrow" - <"$dir/pipe" &
killed=$!
exec 3>"$dir/pipe"
head -c 900 "$dir/mx3.day" >&3
kill -KILL $killed
exec 3>&-
wait $killed 2>/dev/null
at_once=
for day in mx2 mx3 mx3 mx2; do
	"$bin/tlstally" -c "$dir/mx1/conf" import --now "$tomorrow" \
		"$dir/$day.day" 2>>"$dir/at-once" &
	at_once="$at_once $!"
	"$bin/tlstally" -c "$dir/mx1/conf" rollup --now "$tomorrow" \
		2>>"$dir/at-once" &
	at_once="$at_once $!"
done
for one in $at_once; do
	wait "$one" || fail "one of several at once: $(cat "$dir/at-once")"
done
on mx1 import - <"$dir/mx2.day" || fail "mx1 imports mx2's from a pipe"
on mx1 import "$dir/mx3.day" "$dir/mx2.day" || fail "again"
"$bin/tlstally" -c "$dir/mx1/conf" check-store >/dev/null ||
	fail "the store is damaged"

on mx1 run || fail "mx1 runs"
on all run || fail "all runs"
expect_reports "its reports are those of a host that saw everything" all mx1
on mx1 import "$dir/mx3.day" || fail "after the day was closed"
grep -q "made without it" "$dir/err" &&
	fail "what was here already is not late"
end_test
