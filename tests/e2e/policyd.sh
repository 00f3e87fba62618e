#!/bin/sh
# policyd.sh - what becomes of mail, and of the reports about it, when a real
# Postfix asks tlstally-policyd: DANE and MTA-STS as they should be and in every
# way that they go wrong, a dead resolver, dead policy hosts, restarts
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/policyd.sh in the
# build directory.  All of it lives in a temporary folder and a network namespace
# of its own; policyd_world.py has the table of the domains.
#
#     policyd.sh [SUITE [FEED]]
#
# With the Postfix of another Debian (trixie, sid), in a chroot that
# postfix_root.sh makes in the folder $POSTFIX_ROOTS.  FEED is what tlstally counts
# by: log, events or both; Postfix has events from 3.10 on.
#
#     policyd.sh --constant [SUITE]
#
# shows that Postfix itself does as the table says: it asks a server that answers
# from the table, without tlstally.
. "${srcdir:-.}/tests/e2e/testlib.sh"
. "$src/tests/e2e/postfix_instance.sh"
. "$src/tests/e2e/mail_servers.sh"
need_root "a Postfix is started"
need_tools postfix nsd unbound ldns-signzone drill openssl python3 ip
constant=no
[ "${1:-}" != --constant ] || { constant=yes; shift; }
make_folder
service=$dir/run/policyd

world()
{
	what=$1
	shift
	within python3 "$src/tests/e2e/policyd_world.py" "$what" "$dir" "$@"
}

# ours COMMAND...: starts one of our programs.  Its postconf is of the version of
# the Postfix that sends, and its wall clock is set by set_clock.
ours()
{
	local enter="$enter env MAIL_CONFIG=$dir/postfix PATH=$dir/bin:$PATH
		REAL_POSTCONF=$(command -v postconf)
		POSTCONF_VERSION=$POSTFIX_VERSION
		LD_PRELOAD=$build/tests/fake/set_clock.so
		SET_CLOCK=$dir/ahead
		ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0"

	"$@"
}

# set_clock SECS: ahead.  The file is replaced, so nobody reads half a number.
set_clock()
{
	echo "$1" >"$dir/ahead.new" && mv "$dir/ahead.new" "$dir/ahead"
}

# make_views_old SECS: by the clock, where it need not be that of the log; else it
# takes the minute for which a view is good at least.
make_views_old()
{
	[ $feed = both ] || set_clock "$1"
}

# start_world LOG WHAT...: in the background, until it says READY or STARTED
start_world()
{
	log=$dir/$1.log
	what=$2
	shift 2
	start "$log" python3 "$src/tests/e2e/policyd_world.py" "$what" "$dir" \
		"$@"
	wait_until grep -qs '^READY\|^STARTED' "$log" ||
		die "$what does not start" "$log"
}

# Two resolvers: Postfix's, and one that only policyd asks and that can die.
look_at_dns()
{
	start "$dir/nsd.log" nsd -d -c "$dir/zones/refuses.conf"
	for server in 127.0.0.53 127.0.0.55; do
		wait_until dns_validated dane-ok.test MX $server ||
			die "no validated answers from unbound" "$dir/unbound.log"
	done
	expect "what a wrong key signed, and what its server refuses" \
		"SERVFAIL SERVFAIL SERVFAIL" \
		"$(dns_code TLSA _25._tcp.mx.dane-bogus.test) $(dns_code \
			TLSA _25._tcp.mx.dane-servfail.test) $(dns_code \
			TXT _mta-sts.record-servfail.test)"
	expect "an unsigned zone answers, unvalidated" "NOERROR no" \
		"$(dns_code insecure.test MX) $(dns_validated insecure.test MX ||
			echo no)"
}

start_postfix()
{
	sender_settings >"$dir/postfix/main.cf"
	echo "nexthop.test smtp:[mx.nexthop.test]:25" >"$dir/postfix/transport"
	echo "smtp_tls_policy_maps = socketmap:unix:$service:$map" \
		>>"$dir/postfix/main.cf"
	[ "$map" = QUERY ] || cat >>"$dir/postfix/main.cf" <<-EOF
	smtp_tlsrpt_enable = yes
	smtp_tlsrpt_socket_name = $dir/run/events
	EOF
	{
		echo "127.0.0.1:25 inet n - n - - smtpd"
		postfix_services n
	} >"$dir/postfix/master.cf"
	start_its_own_postfix
}

# start_tee [ONWARD]: keeps the events
start_tee()
{
	[ "$map" != QUERY ] || return 0
	start "$dir/tee.log" python3 "$src/tests/fake/event_tee.py" \
		"$dir/events.seen" "$dir/run/events" "$@"
	wait_until grep -qs READY "$dir/tee.log" ||
		die "nobody takes the events" "$dir/tee.log"
}

# send PHASE: and wait until Postfix has done with it
send()
{
	world send "$1" || die "mail is not taken" "$dir/mail.log"
	wait_until world verdicts "$1" ||
		fail "Postfix comes to no verdicts" "$dir/mail.log"
	world expect "$1" || fail "phase $1"
}

change_world()
{
	world change || die "the world does not change"
	kill -HUP "$nsd"
	make_views_old 300
}

answer_from_table()
{
	world answers "$1" >"$dir/answers.new"
	mv "$dir/answers.new" "$dir/answers"
}

with_constant_answers()
{
	start_tee
	answer_from_table 1
	start "$dir/map.log" python3 "$src/tests/fake/socketmap.py" \
		"$dir/answers" "$service"
	wait_until grep -qs READY "$dir/map.log" ||
		die "the map's server does not start" "$dir/map.log"
	server=$pid
	for phase in 1 2 3; do
		answer_from_table $phase
		send $phase
	done
	stop "$server"
	send 4
}

write_conf()
{
	completes=no
	[ $feed != both ] || completes=yes
	mkdir "$dir/store" "$dir/reports" "$dir/bin"
	ln -s "$src/tests/fake/postconf.sh" "$dir/bin/postconf"
	set_clock 0
	chown nobody "$dir/store" "$dir/reports"
	cat >"$dir/conf" <<-EOF
	[report]
	organization_name = Example Mail
	contact_info = tls-reports@sender.test
	mode = all
	[store]
	directory = $dir/store
	map_size = 1G
	rehearsal = yes
	[events]
	socket = unix:$dir/run/tlstallyd
	socket_owner = nobody
	socket_group = nogroup
	commit_interval = 100ms
	[log]
	source = file
	file = $dir/mail.log
	complete_events = $completes
	enforces = dane, sts
	commit_interval = 100ms
	[policy]
	resolver = inet:127.0.0.55:53
	sts_ca_file = $dir/certs/ca.pem
	allow_private = yes
	[policyd]
	socket = unix:$service
	socket_owner = nobody
	socket_group = nogroup
	socket_mode = 0666
	level = dane
	timeout = 15s
	[deliver]
	mail = smtp://192.0.3.248:25
	directory = $dir/reports
	spread = 0s
	EOF
}

start_feeds()
{
	case $feed in
	events | both)
		ours start_daemon tlstallyd "counting events"
		tlstallyd=$pid
		start_tee "$dir/run/tlstallyd"
		;;
	esac
	case $feed in
	log | both)
		ours start "$dir/logd.log" "$bin/tlstally-logd" -f \
			-c "$dir/conf"
		;;
	esac
}

# tlstally WORDS...
tlstally()
{
	ours within timeout 60 "$bin/tlstally" -c "$dir/conf" "$@"
}

# told PHASE
told()
{
	world told "$1" "$service" || fail "what Postfix is told in phase $1" \
		"$dir/policyd.log"
}

restart()
{
	kill -HUP "$activated"
	policyds=$((policyds + 1))
	wait_until policyds_were $policyds ||
		die "policyd does not start again" "$dir/policyd.log"
}

# The socket is not policyd's own: one connection after the other is asked on
# while it is restarted.
restart_under_load()
{
	start_world load load 1 "$service"
	load=$pid
	for n in 1 2 3 4 5; do
		restart
	done
	stop "$load"
	tail -n +2 "$dir/load.log"
	expect_like "no look-up fails over five restarts" "asked * failed 0" \
		"$(grep '^asked' "$dir/load.log")"
}

policyds_were()
{
	[ "$(grep -c 'answering Postfix' "$dir/policyd.log")" -eq "$1" ]
}

start_policyd()
{
	ours start_world policyd activate "$service" "$bin/tlstally-policyd" -f \
		-c "$dir/conf"
	activated=$pid
	policyds=1
	wait_until policyds_were 1 ||
		die "policyd does not start" "$dir/policyd.log"
}

# Neither policyd's resolver nor any policy host answers, and what is known has
# to be read from the store.
with_everything_dead()
{
	kill -STOP "$unbound_policyd" "$policies"
	make_views_old 600
	restart
	send 3
	kill -CONT "$unbound_policyd" "$policies"
}

counted()
{
	"$e2e/store_totals" -a "$dir/store" >"$dir/counted" &&
		world counted "$feed" <"$dir/counted"
}

# What is counted, and the reports about it
look_at_reports()
{
	wait_until counted >"$dir/last" || {
		cat "$dir/last"
		fail "not all is counted as it should be" "$dir/logd.log"
	}
	tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
	tlstally run --now "${tomorrow}T06:00:00Z" >"$dir/run.out" 2>&1
	expect "tlstally run" 0 $?
	cat "$dir/run.out"
	world reports "$feed" "$dir"/reports/*.gz || fail "reports"
}

is_in_log()
{
	grep -q "to=<p4@killed.test>.*status=$1" "$dir/mail.log"
}

# Without a socket that outlives it: mail waits, and goes with the next queue
# run after it is there again.
kill_without_socket()
{
	stop "$activated"
	expect "policyd ends" 0 $?
	rm "$service"
	ours start_daemon tlstally-policyd "answering"
	stop "$pid" KILL
	send 4
	ours start_daemon tlstally-policyd "answering"
	its_own postqueue -c "$dir/postfix" -f
	expect_soon "mail goes when policyd is there again" is_in_log sent
	stop "$pid"
	expect "policyd ends" 0 $?
}

# All sessions must fall on one day.
stay_within_day 240

choose_postfix "${1:-}"
case $POSTFIX_VERSION in
3.[0-9].*) map=QUERY feed=log ;;
*) map=QUERYwithTLSRPT feed=${2:-events} ;;
esac
chmod 755 "$dir"
make_network
world make || die "the world is not made"
enter_root
start_dns unbound.conf unbound-policyd.conf
unbound_policyd=$pid
look_at_dns
start_sinks
start_postfix
if [ $constant = yes ]; then
	with_constant_answers
	end_test
fi

at_failure=$dir/policyd.log
leave_leaks_alone
write_conf
start_feeds
start_policyd
# what was told is in the store then, where the log is compared with it
[ $feed != both ] || { told 1; restart; }
send 1
told 1
change_world
told 2
restart
send 2
with_everything_dead
restart_under_load
look_at_reports
kill_without_socket
end_test
