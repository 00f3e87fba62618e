#!/bin/bash
# clock.sh - the programs themselves while somebody sets the clock a year ahead
#
# make check runs it; by hand: srcdir=... tests/e2e/clock.sh in the build
# directory.  The wall clock of the programs is tests/fake/set_clock.c's.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
daemons=
YEAR=31536000

cat >"$dir/conf" <<-END
	[report]
	contact_info = tls-reports@example.com
	[deliver]
	# the clock goes ahead by hours, maybe past midnight
	max_grace = 8h
	[store]
	directory = $dir/store
	map_size = 64M
	[events]
	socket = unix:$dir/events
	socket_owner =
	socket_group =
	commit_interval = 100ms
	[log]
	source = file
	file = $dir/mail.log
	commit_interval = 100ms
	allow_both = yes
	enforces = dane
	tls_loglevel = 1
	routed = no
	[policy]
	resolver = inet:127.0.0.1:1
	[policyd]
	socket = unix:$dir/policyd
	socket_owner =
	socket_group =
	level = may
	timeout = 500ms
	[http]
	listen = unix:$dir/http
	metrics =
	[milter]
	socket = unix:$dir/milter
	socket_owner =
	socket_group =
END

# The environment of programs that go by the clock that $dir/ahead sets.
clock_env=(LD_PRELOAD="$PWD/tests/fake/set_clock.so" SET_CLOCK="$dir/ahead"
	ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0")

# The file is replaced, so nobody reads half a number.
set_clock() {
	echo "$1" >"$dir/ahead.new" && mv "$dir/ahead.new" "$dir/ahead"
}

tally() {
	env "${clock_env[@]}" "$bin/tlstally" -c "$dir/conf" "$@"
}

# start_ahead NAME WORDS: a daemon that goes by that clock
start_ahead() {
	enter="env ${clock_env[*]}" start_daemon "$@"
	daemons="$daemons $pid"
}

stop_daemons() {
	local daemon
	for daemon in $daemons; do stop "$daemon"; done
	daemons=
}

# sum DAY MEMBER: over the domains of that day
sum() {
	tally domains --day "$1" --json 2>/dev/null |
		python3 -c 'import json, sys
print(sum(d[sys.argv[1]] for d in json.load(sys.stdin)["domains"]))' "$2" \
		2>/dev/null || echo 0
}

counted() {
	[ "$(sum "$today" totalSuccessfulSessions)" = "$1" ]
}

# delivery SECONDS: a line of the log, of that clock
delivery() {
	printf '%s mx postfix/smtp[7]: A%06X: to=<u@log.test>, ' \
		"$(date -u -d "@$(($(date +%s) + $1))" +%FT%T.000000+00:00)" \
		$RANDOM
	echo "relay=mx.log.test[192.0.2.9]:25, delay=0.1," \
		"delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
}

# policy DOMAIN: what Postfix is told of it
policy() {
	python3 -c 'import socket, sys
question = b"QUERYwithTLSRPT " + sys.argv[2].encode()
server = socket.socket(socket.AF_UNIX)
server.settimeout(30)
server.connect(sys.argv[1])
server.sendall(b"%d:%s," % (len(question), question))
print(server.recv(100000).split(b":", 1)[1].decode().split(" servername")[0])' \
		"$dir/policyd" "$1"
}

send_events() {
	"$e2e/send_datagrams" -n "$1" "$dir/events" "$dir/event" >/dev/null
}

mkdir "$dir/store"
: >"$dir/mail.log"
echo '{"d":"a.test","pr":"v=TLSRPTv1; rua=mailto:tls@a.test","policies":[{"policy-type":9,"policy-domain":"a.test","f":0}]}' >"$dir/event"
set_clock 0
stay_within_day 120
today=$(date -u +%F)
start_ahead tlstallyd "counting events"
start_ahead tlstally-logd "counting sessions"
start_ahead tlstally-httpd "serving"
start_ahead tlstally-milter "counting messages"
# policies that are in force for a day, whatever a clock says
for n in 0 1 2 3 4 5; do
	"$e2e/doctor_store" "$dir/store" enforced=sts$n.test:86400
done
told="OK secure match=mx.enforced.test"
start_ahead tlstally-policyd "answering Postfix"
expect "a policy that is in force is told" "$told" "$(policy sts0.test)"
expect "a clock that nobody has set is believed" 0 \
	"$(tally clock show --json | grep -c '"isDoubted": true')"

send_events 10
wait_until counted 10
expect "sessions before" 10 "$(sum "$today" totalSuccessfulSessions)"

# nobody has looked yet when the next ones come
set_clock $YEAR
send_events 20
delivery $YEAR >>"$dir/mail.log"
wait_until counted 30
expect "sessions of that minute belong to today" 30 \
	"$(sum "$today" totalSuccessfulSessions)"
tally run >"$dir/run" 2>&1
expect "a run with the clock a year ahead ends well" 0 $?
expect_text "it says what waits, and why" \
	"jumped ahead by 365 days.*days are not closed and nothing is purged" \
	"$dir/run"
tally rollup --day "$today" >"$dir/rollup" 2>&1
expect "today is not closed because somebody asks for it" 1 $?
expect_text "who asks is told" "cannot be closed yet: the clock" "$dir/rollup"
tally doctor >"$dir/doctor" 2>&1
expect "doctor minds" 1 $?
expect_text "and says what" "bad *clock .*the clock has jumped ahead" \
	"$dir/doctor"
tally status >"$dir/status"
expect_text "status tells" "clock  *the clock has jumped ahead" "$dir/status"
expect "no day to come was counted" 0 \
	"$(grep -c "to come" "$dir/status")"
tally clock show >"$dir/show"
expect_text "clock show says what ends it" "tlstally clock accept" "$dir/show"

expect "a policy stays in force when the clock jumps" "$told" \
	"$(policy sts0.test)"
expect "and so does one that was not asked for before" "$told" \
	"$(policy sts1.test)"
expect "what has none is not found, in time" "NOTFOUND ," \
	"$(policy none.test)"

# all daemons commit their watermarks once more
sleep 11
tally status --json >"$dir/status.json"
expect "no feed has counted until next year" 3 "$(grep -c \
	"\"countedUntil\": \"${today%%-*}" "$dir/status.json")"

expect_text "the policy service is not taken for dead" \
	"tlstally-policyd is running" "$dir/status"

set_clock 0
expect "policies are in force when the clock is back" "$told $told" \
	"$(policy sts0.test) $(policy sts2.test)"
tally run >"$dir/run" 2>&1
expect "when the clock is back a run says nothing" "" "$(cat "$dir/run")"
expect "and it is believed" 0 \
	"$(tally clock show --json | grep -c '"isDoubted": true')"
expect "no feed was taken back" 0 "$(grep -c "taken" "$dir/run")"

# NTP's word counts after ten minutes, the operator's at once
set_clock $((5 * 3600))
SET_CLOCK_SYNCHRONISED=1 tally run >"$dir/run" 2>&1
expect_text "a clock that NTP has set by hours is doubted at first" \
	"jumped ahead by 5 hours" "$dir/run"
tally clock accept
expect "the operator accepts it" 0 $?
tally run >"$dir/run" 2>&1
expect "and a run says nothing" "" "$(cat "$dir/run")"
set_clock 0
tally clock accept

# --now is the operator's word, too
set_clock $YEAR
tally rollup --now "$(date -u -d yesterday +%FT%TZ)" >"$dir/run" 2>&1
expect "--now doubts nothing" "0:" "$?:$(cat "$dir/run")"
set_clock 0

stop_daemons
for daemon in tlstallyd tlstally-logd tlstally-httpd tlstally-milter \
	tlstally-policyd; do
	expect "$daemon met no error" 0 \
		"$(grep -c -e "error:" -e "ERROR" "$dir/$daemon.log")"
done

# a daemon that is started under the wrong clock
set_clock $YEAR
start_ahead tlstallyd "counting events"
expect_text "says that it counts by the time before" \
	"jumped ahead by 365 days.*counted by the old time" "$dir/tlstallyd.log"
send_events 5
wait_until counted 35
expect "and does" 35 "$(sum "$today" totalSuccessfulSessions)"
stop_daemons

# the policy service, and a clock that is set back under it, and before it
set_clock 0
start_ahead tlstally-policyd "answering Postfix"
expect "policies are in force after a restart" "$told" "$(policy sts0.test)"
set_clock -$YEAR
expect "and when the clock is set back" "$told $told" \
	"$(policy sts0.test) $(policy sts3.test)"
stop_daemons
start_ahead tlstally-policyd "answering Postfix"
expect "and under the wrong clock from the start" "$told $told" \
	"$(policy sts0.test) $(policy sts4.test)"
set_clock 0
expect "until it is right again" "$told $told" \
	"$(policy sts0.test) $(policy sts5.test)"
stop_daemons
expect "tlstally-policyd met no error" 0 \
	"$(grep -c -e "error:" -e "ERROR" "$dir/tlstally-policyd.log")"

end_test
