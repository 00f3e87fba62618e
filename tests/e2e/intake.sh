#!/bin/sh
# intake.sh - tlstallyd under load, killed, restarted, without disk: what the
# kernel took is what the store holds
#
# make check runs it; by hand: srcdir=... tests/e2e/intake.sh in the build
# directory.  The full disk and the change of user need root.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
make_folder
sock=$dir/run/events
store=$dir/store
at_failure=$dir/tlstallyd.log

clean_up()
{
	! mountpoint -q "$dir/disk" 2>/dev/null || umount "$dir/disk"
}

settings()
{
	cat >"$dir/conf" <<-EOF
	[report]
	contact_info = tls-reports@example.com
	[store]
	directory = $store
	map_size = 1G
	[events]
	socket = unix:$sock
	socket_owner = $owner
	socket_group = $group
	socket_mode = 0620
	commit_interval = 100ms
	EOF
}

logged()
{
	grep -q "$1" "$dir/tlstallyd.log"
}

start_counting()
{
	start_daemon tlstallyd "counting events"
	daemon=$pid
}

# One that is not to stay: its exit status.
try_another()
{
	timeout $WAIT_SECS "$bin/tlstallyd" -f -c "$dir/conf" 2>"$dir/second"
}

totals()
{
	"$e2e/store_totals" "$store"
}

# Sums of successes and failures of all domains.
counted()
{
	totals | awk '{ n += $2 + $3 } END { print n + 0 }'
}

counted_more()
{
	[ "$(counted)" -gt "$1" ]
}

bad_are()
{
	"$e2e/store_totals" -s "$store" | grep -q " bad $1 "
}

counted_is()
{
	[ "$(counted)" -eq "$1" ]
}

# add_truth FILE...: what several senders sent, as store_totals prints it
add_truth()
{
	awk '{ s[$1] += $2; f[$1] += $3 }
	     END { for (d in s) print d, s[d], f[d] }' "$@" | LC_ALL=C sort
}

# expect_truth WHAT FILE...
expect_truth()
{
	what=$1
	shift
	add_truth "$@" >"$dir/want"
	totals >"$dir/got"
	expect "$what" "" "$(diff "$dir/want" "$dir/got" | head -n 5)"
}

owner= group= user=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
	leave_leaks_alone
	owner=nobody group=mail user=nobody
fi
chmod 755 "$dir"
# new_store: an empty one, of another user when we are root
new_store()
{
	rm -rf --one-file-system "$store"
	mkdir -p "$store"
	[ "$(id -u)" -ne 0 ] || chown nobody "$store"
	settings
}

echo "# the socket, and who owns what"
new_store
start_counting
expect "owner, group and mode of the socket" \
	"${owner:-$(id -un)} ${group:-$(id -gn)} 620" \
	"$(stat -c '%U %G %a' "$sock")"
expect "who runs it" "$user" "$(stat -c %U "/proc/$daemon")"
expect "no way back to root" "$(id -u "$user")" \
	"$(awk '/^Uid:/ { print $2 == $4 && $3 == $5 && $2 == $3 ? $2 : $0 }' \
		"/proc/$daemon/status")"
try_another
expect "a second daemon ends" 1 $?
expect "and says why" 1 "$(grep -c 'another tlstallyd is using the socket' \
	"$dir/second")"

echo "# SIGTERM under load"
start "$dir/sent1" "$e2e/send_load" -w -n 0 -d 500 -t "$dir/truth1" "$sock"
sender=$pid
wait_until counted_more 1000
stop "$daemon"
expect "exit status" 0 $?
ends "$sender"
expect "the socket is gone" "" "$(ls "$sock" 2>/dev/null)"
expect_truth "all that the kernel took ($(cat "$dir/sent1")) is counted" \
	"$dir/truth1"

echo "# kill -9"
start_counting
"$e2e/send_load" -w -n 3000 -d 500 -t "$dir/truth2" "$sock" >/dev/null
before=$(add_truth "$dir/truth1" "$dir/truth2" |
	awk '{ n += $2 + $3 } END { print n }')
wait_until counted_is "$before"
"$e2e/send_load" -w -n 2000 -t "$dir/truth3" "$sock" >/dev/null
stop "$daemon" KILL
after=$(counted)
expect "the store opens, all but the last interval is there" yes \
	"$([ "$after" -ge "$before" ] && [ "$after" -le $((before + 2000)) ] &&
		echo yes || echo "$before, then $after")"
expect "the socket was left behind" "$sock" "$(ls "$sock")"
start_counting
"$e2e/send_load" -w -n 1000 "$sock" >/dev/null
stop "$daemon"
expect "a stale socket is replaced, counting goes on" $((after + 1000)) \
	"$(counted)"

echo "# the same sessions by the log"
"$e2e/put_feed" "$store" log
try_another
expect "is refused" 1 $?
expect "and says why" 1 \
	"$(grep -c 'already counts from .*allow_both' "$dir/second")"
echo "[log]
allow_both = yes" >>"$dir/conf"
start_counting
expect "unless told otherwise" yes "$(logged "feed 'log' also counts" && echo yes)"
stop "$daemon"

echo "# bad input"
new_store
start_counting
i=0
while [ $i -lt 40 ]; do
	echo 'no JSON at all'
	echo '{"d":"x.test"}'
	i=$((i + 1))
done >"$dir/bad"
"$e2e/send_datagrams" "$sock" "$dir/bad" >/dev/null
"$e2e/send_load" -w -n 100 -t "$dir/truth" "$sock" >/dev/null
wait_until logged "x\.test"
"$e2e/send_datagrams" "$sock" "$dir/bad" >/dev/null
wait_until bad_are 160
expect "is logged once a kind" 2 "$(grep -c 'no JSON\|x\.test' "$dir/tlstallyd.log")"
stop "$daemon"
expect "is counted" "events 100 bad 160 without domain 0" \
	"$("$e2e/store_totals" -s "$store")"
expect_truth "and nothing else is lost" "$dir/truth"

# Descriptor 3 is the socket, as systemd hands it over.
activated()
{
	cat >"$dir/activated.sh" <<-'EOF'
	daemon()
	{
		: >"$3"
		sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' sh "$1" -f \
			-c "$2" 2>>"$3" &
		pid=$!
		until grep -q "counting events" "$3"; do sleep 0.05; done
	}
	stop_at()
	{
		until "$4/store_totals" -s "$6" | grep -q "events $7 "; do
			sleep 0.05
		done
		kill -TERM $pid
		wait $pid
	}
	daemon "$@"
	"$4/send_load" -w -n 2000 "$5"
	stop_at "$@" 2000
	"$4/send_load" -n 5 "$5"
	daemon "$@"
	stop_at "$@" 2005
	EOF
	timeout $WAIT_SECS "$e2e/make_socket" "$dir/handed" \
		sh "$dir/activated.sh" \
		"$bin/tlstallyd" "$dir/conf" "$dir/tlstallyd.log" "$e2e" \
		"$dir/handed" "$store"
}

if grep -q '^#define HAVE_SYSTEMD' "$build/config.h"; then
	echo "# a socket that was handed over"
	new_store
	activated >"$dir/sent"
	expect "takes events while no daemon runs" "sent 2000 lost 0;sent 5 lost 0;" \
		"$(tr '\n' ';' <"$dir/sent")"
	expect "and the next daemon counts them" 2005 "$(counted)"
	expect "nobody removed it" "$dir/handed" "$(ls "$dir/handed")"
fi

# taken_away WHAT: somebody removes it while the daemon runs
taken_away()
{
	new_store
	start_counting
	rm -r "$1"
	expect_soon "$1 is missed" logged "was removed or replaced"
	ends "$daemon"
	expect "and the service manager is told" 1 $?
}

echo "# files taken away"
taken_away "$sock"
taken_away "$store"

if [ "$(id -u)" -eq 0 ]; then
	echo "# a store of root"
	new_store
	chown root "$store"
	start_counting
	expect "is warned of" yes "$(logged "continues to run as root" && echo yes)"
	stop "$daemon"
fi

full_disk()
{
	store=$dir/disk/store
	new_store
	start_counting
	"$e2e/send_load" -w -n 500 -t "$dir/truth1" "$sock" >/dev/null
	wait_until counted_is 500
	dd if=/dev/zero of="$dir/disk/filler" bs=64k >/dev/null 2>&1
	"$e2e/send_load" -w -n 9000 -d 3000 -t "$dir/truth2" "$sock" >/dev/null
	expect_soon "is noticed" logged "cannot commit counters"
	sleep 2
	"$e2e/send_load" -w -n 1000 -d 3000 -t "$dir/truth3" "$sock" >/dev/null
	expect "said once" 1 "$(grep -c 'cannot commit counters' "$dir/tlstallyd.log")"
	rm "$dir/disk/filler"
	expect_soon "the freed disk is noticed" logged \
		"counters are committed again"
	stop "$daemon"
	expect "said once that it works again" 1 \
		"$(grep -c 'counters are committed again' "$dir/tlstallyd.log")"
	expect_truth "nothing is lost" "$dir/truth1" "$dir/truth2" \
		"$dir/truth3"
}

mkdir "$dir/disk"
if [ "$(id -u)" -eq 0 ] &&
	mount -t tmpfs -o size=4m tmpfs "$dir/disk" 2>/dev/null; then
	echo "# a full disk"
	chmod 755 "$dir/disk"
	full_disk
else
	skip_part "a full disk" "no tmpfs can be mounted here"
fi

end_test
