#!/bin/sh
# fetchers.sh - one host counts nothing and fetches the days of two others: its
# reports are theirs, whatever becomes of a command on its way
#
# The others answer by `tlstally fetcher`, through a script that makes trouble.
# make check runs it; by hand: srcdir=... tests/e2e/fetchers.sh in the build
# directory.  Everything is in a temporary directory; the network is not used.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
data=$src/tests/data/datagrams

stay_within_day 120
tomorrow=$(python3 -c 'import datetime as d
now = d.datetime.now(d.timezone.utc)
print(f"{now.date() + d.timedelta(1)}T03:00:00Z")')
today=$(date -u +%F)

make_host mx1 all "fetchers = mx2.example.com=$dir/mx2/ask tlsrpt-fetcher, mx3.example.com=$dir/mx3/ask"
make_host mx2 off
make_host mx3 off
make_host all all

# ask [WORD] DAY [DOMAIN]: as ssh would have it; "trouble" says what goes wrong
for host in mx2 mx3; do
	cat >"$dir/$host/ask" <<-EOF_ASK
	#!/bin/sh
	[ "\$1" != tlsrpt-fetcher ] || shift
	echo "\$*" >>$dir/$host/asked
	trouble=\$(cat $dir/$host/trouble 2>/dev/null)
	case \$trouble in
	ssh) echo "ssh: connect to host: Connection refused" >&2; exit 255 ;;
	none) echo "Welcome to $host" ;;
	early) now=${today}T23:59:50Z ;;
	clock) now=${tomorrow%Z}+00:02 ;; # so it is two minutes less
	cut) [ \$# -gt 1 ] || set -- "\$1" cut ;;
	some) case \$2 in [n-z]*) exit 1 ;; esac ;;
	slow) [ \$# -eq 1 ] || sleep 2 ;;
	gone) [ \$# -eq 1 ] || set -- 2020-01-01 "\$2" ;;
	esac
	if [ "\$2" = cut ]; then
		$bin/tlstally -c $dir/$host/conf fetcher --now $tomorrow "\$1" | head -n 5
	else
		exec $bin/tlstally -c $dir/$host/conf fetcher --now "\${now:-$tomorrow}" "\$@"
	fi
	EOF_ASK
	chmod +x "$dir/$host/ask"
done

# on HOST COMMAND...: its tlstally, tomorrow morning
on()
{
	local host=$1 command=$2
	shift 2
	"$bin/tlstally" -c "$dir/$host/conf" "$command" \
		--now "${later:-$tomorrow}" "$@" 2>"$dir/err"
}

# fetch_says NAME WORDS: of mx1
fetch_says()
{
	on mx1 fetch && fail "$1: fetch does not fail"
	if grep -qF -- "$2" "$dir/err"; then
		echo "ok: $1"
	else
		fail "$1: no '$2' in"
		cat "$dir/err"
	fi
}

daemons=
for host in mx2 mx3 all; do
	start "$dir/$host/log" "$bin/tlstallyd" -f -c "$dir/$host/conf" \
		-o report.contact_info=
	daemons="$daemons $pid"
done
for host in mx2 mx3 all; do
	wait_until [ -S "$dir/$host/events" ] || fail "$host does not listen"
done
i=0
for file in "$data"/*.jsonl; do
	i=$((i + 1))
	count_file "$file" "mx$((2 + i % 2))" all
	[ $((i % 3)) -ne 0 ] || count_file "$file" mx3 all
done
for host in mx2 mx3 all; do
	wait_until has_counted $host || fail "$host does not count everything"
done
# the feeds of all go on past midnight; the test does not
for daemon in $daemons; do
	stop "$daemon"
done
"$bin/tlstally" -c "$dir/mx1/conf" status >/dev/null 2>&1
start "$dir/mx1/log" "$bin/tlstallyd" -f -c "$dir/mx1/conf" -o report.contact_info=
wait_until [ -S "$dir/mx1/events" ] || fail "mx1 does not listen"
stop "$pid"

# the answers to a reportd
expect "the lines of a list" "$("$dir/mx2/ask" "$today" | head -n 3)" \
	"TLSRPT FETCHER v1devel-c domain list
$(echo "$tomorrow" | tr T ' ' | tr -d Z)
$today"
expect "a test of the command" "$("$dir/mx2/ask" 1999-01-01 | tail -n +3)" \
	"$today
."
expect "a domain that is not there" \
	"$("$dir/mx2/ask" "$today" nobody.example | python3 -c 'import json, sys
print(json.load(sys.stdin))')" "{'d': 'nobody.example', 'policies': {}}"

trouble()
{
	echo "$2" >"$dir/$1/trouble"
	: >"$dir/$1/asked"
}

on mx1 fetch -o fleet.name=mx2.example.com &&
	fail "a host that has our name is fetched"
grep -q "has the name of this host" "$dir/err" || fail "our name: $(cat "$dir/err")"

trouble mx3 ssh
trouble mx2 ssh
fetch_says "no connection" "Connection refused"
trouble mx2 none
fetch_says "a greeting before the answer" "the first line is not"
trouble mx2 early
fetch_says "the day is not over there" "not ready: its last complete day is"
expect "nothing is reported without them" \
	"$(on mx1 rollup --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["rollup"]["daysClosed"])')" 0
trouble mx2 cut
fetch_says "a list that is cut off" "the list of domains is cut off"
trouble mx2 gone
fetch_says "midnight comes while it is asked" "any more"
trouble mx2 some
fetch_says "some domains fail" "exit status 1"
done_before=$(grep -c ' ' "$dir/mx2/asked")
trouble mx2 clock
on mx1 run || fail "the run that goes on: $(cat "$dir/err")"
grep -q "the clock of mx2.example.com is 1[0-9]* seconds behind" "$dir/err" ||
	fail "a clock that is two minutes behind: $(cat "$dir/err")"
asked=$(grep -c ' ' "$dir/mx2/asked")
domains=$("$dir/mx2/ask" "$today" | tail -n +4 | grep -vc '^\.$')
[ "$asked" -lt "$domains" ] && [ "$done_before" -gt 0 ] ||
	fail "it begins anew: $asked of $domains are asked after $done_before"
trouble mx2 ssh
on mx1 fetch
grep -q mx2 "$dir/err" && fail "what is there is fetched again"
echo "ok: it goes on where it was, and what is there is not fetched again"

# killed while it is at mx3; three minutes later the next run takes it over
trouble mx3 slow
start "$dir/killed.log" "$bin/tlstally" -c "$dir/mx1/conf" run --now "$tomorrow"
asked_of_mx3()
{
	[ "$(grep -c ' ' "$dir/mx3/asked")" -ge 8 ]
}
wait_until asked_of_mx3 || fail "mx3 is not asked"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
fetch_says "another run seems to be at it" "another run is at it"
rm "$dir/mx3/trouble"
later=${tomorrow%00:00Z}05:00Z
on mx1 run || fail "mx1 runs: $(cat "$dir/err")"
on all run || fail "all runs"
"$bin/tlstally" -c "$dir/mx1/conf" check-store >/dev/null ||
	fail "the store is damaged"
expect_reports "its reports are those of a host that saw everything" all mx1
end_test
