#!/bin/sh
# policyd.sh - what becomes of mail, and of the reports about it, when a real
# Postfix asks tlstally-policyd: DANE and MTA-STS as they should be and in every
# way that they go wrong, a dead resolver, dead policy hosts, restarts
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/policyd.sh in the
# build directory.  All of it lives in a temporary folder and a network namespace
# of its own; policyd_world.py has the table of the domains.
#
#     policyd.sh [--site SITE] [SUITE [FEED]]
#
# At another SITE, which has other settings of Postfix and policyd: may, encrypt,
# only, or a level that nothing from outside may weaken: verify, fingerprint, secure,
# dane-only.  At may, policies change, and all is stopped, reloaded and ($KILLS times)
# killed while mail flows.
# With the Postfix of another Debian (trixie, sid), in a chroot that
# postfix_root.sh makes in the folder $POSTFIX_ROOTS.  FEED is what tlstally counts
# by: log, events or both; Postfix has events from 3.10 on.
#
#     policyd.sh --constant [SUITE]
#
# shows that Postfix itself does as the table says: it asks a server that answers
# from the table, without tlstally.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/postfix_instance.sh"
. "$src/tests/e2e/mail_servers.sh"
need_root "a Postfix is started"
need_tools postfix nsd unbound ldns-signzone drill openssl python3 ip
constant=no
[ "${1:-}" != --constant ] || { constant=yes; shift; }
SITE=
[ "${1:-}" != --site ] || { SITE=$2; shift 2; }
export SITE
make_folder
service=$dir/run/policyd
at=unix:$service

world()
{
	local deed=$1
	shift
	within python3 "$src/tests/e2e/policyd_world.py" "$deed" "$dir" "$@"
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
	[ -z "$SITE" ] || return 0
	expect "what a wrong key signed, and what its server refuses" \
		"SERVFAIL SERVFAIL SERVFAIL" \
		"$(dns_code TLSA _25._tcp.mx.dane-bogus.test) $(dns_code \
			TLSA _25._tcp.mx.dane-servfail.test) $(dns_code \
			TXT _mta-sts.record-servfail.test)"
	expect "an unsigned zone answers, unvalidated" "NOERROR no" \
		"$(dns_code insecure.test MX) $(dns_validated insecure.test MX ||
			echo no)"
}

# A chrooted smtp(8) has its own resolv.conf, and sees only what is in its queue
# directory.
make_chroot()
{
	mkdir -p "$dir/mail.queue/etc" "$dir/mail.queue/run"
	cp "/etc/netns/$net/resolv.conf" /etc/hosts /etc/services \
		/etc/nsswitch.conf "$dir/mail.queue/etc/"
	chmod 755 "$dir/mail.queue" "$dir/mail.queue/run"
	service=$dir/mail.queue/run/policyd
	at=unix:$service
	events=$dir/mail.queue/run/events
}

# The settings that the site has of its own
site_settings()
{
	case $SITE in
	may)
		cat <<-EOF
		smtp_tls_security_level = may
		smtp_dns_support_level =
		EOF
		;;
	encrypt)
		cat <<-EOF
		smtp_tls_security_level = encrypt
		smtp_tls_connection_reuse = yes
		EOF
		;;
	only) echo "smtp_tls_loglevel = 1, untrusted" ;;
	verify | secure | dane-only) echo "smtp_tls_security_level = $SITE" ;;
	fingerprint)
		cat <<-EOF
		smtp_tls_security_level = fingerprint
		smtp_tls_fingerprint_digest = sha256
		smtp_tls_fingerprint_cert_match = $(openssl x509 -noout \
			-fingerprint -sha256 -in "$dir/policies/good.cert" |
			sed 's/.*=//')
		EOF
		;;
	esac
}

start_postfix()
{
	events=$dir/run/events
	sender_settings >"$dir/usual.cf"
	site_settings >"$dir/site.cf"
	# Postfix would warn of two of a name, also when nobody takes its log
	grep -v "^\($(sed 's/ =.*/\\|/' "$dir/site.cf" | tr -d '\n')-\) =" \
		"$dir/usual.cf" >"$dir/postfix/main.cf"
	cat "$dir/site.cf" >>"$dir/postfix/main.cf"
	case $SITE in
	may) make_chroot ;;
	encrypt) service=127.0.0.1:8463 at=inet:$service ;;
	esac
	echo "nexthop.test smtp:[mx.nexthop.test]:25" >"$dir/postfix/transport"
	{
		echo "smtp_tls_policy_maps = socketmap:$at:$map" |
			sed "s|unix:$dir/mail.queue/|unix:|"
		[ "$map" = QUERY ] || cat <<-EOF
		smtp_tlsrpt_enable = yes
		smtp_tlsrpt_socket_name = ${events#"$dir/mail.queue/"}
		EOF
	} >>"$dir/postfix/main.cf"
	{
		echo "127.0.0.1:25 inet n - n - - smtpd"
		postfix_services n
	} >"$dir/postfix/master.cf"
	[ "$SITE" != may ] || sed -i \
		"s/^smtp unix - - n /smtp unix - - y /" "$dir/postfix/master.cf"
	start_its_own_postfix
}

# start_tee [ONWARD]: keeps the events
start_tee()
{
	[ "$map" != QUERY ] || return 0
	start "$dir/tee.log" python3 "$src/tests/fake/event_tee.py" \
		"$dir/events.seen" "$events" "$@"
	wait_until grep -qs READY "$dir/tee.log" ||
		die "nobody takes the events" "$dir/tee.log"
}

# Another instance of this Postfix, with a queue of its own
start_second_postfix()
{
	mkdir "$dir/postfix2" "$dir/second.queue" "$dir/second.data"
	cp "$dir/postfix/transport" "$dir/postfix2/"
	sed -e "s|$dir/mail.queue|$dir/second.queue|" \
		-e "s|$dir/mail.data|$dir/second.data|" \
		"$dir/postfix/main.cf" >"$dir/postfix2/main.cf"
	sed "s/^127.0.0.1:25/127.0.0.2:25/" "$dir/postfix/master.cf" \
		>"$dir/postfix2/master.cf"
	echo "multi_instance_name = second" >>"$dir/postfix2/main.cf"
	cat >>"$dir/postfix/main.cf" <<-EOF
	multi_instance_enable = yes
	multi_instance_directories = $dir/postfix2
	EOF
	its_own chown postfix "$dir/second.data"
	its_own postfix -c "$dir/postfix2" start >"$dir/start2.log" 2>&1 ||
		die "the second postfix does not start" "$dir/start2.log"
}

stop_second_postfix()
{
	its_own postfix -c "$dir/postfix2" stop >>"$dir/start2.log" 2>&1
}

# send PHASE [HOST]: and wait until Postfix has done with it
send()
{
	world send "$@" || die "mail is not taken" "$dir/mail.log"
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

# What a site's [policyd] has more
site_conf()
{
	case $SITE in
	"") echo "level = dane" ;;
	encrypt) echo "on_failure = defer" ;;
	only)
		world overrides >"$dir/overrides"
		chmod 644 "$dir/overrides"
		printf '%s\n' "dane_only = yes" "overrides = $dir/overrides"
		;;
	esac
}

write_conf()
{
	completes=no
	case $SITE in
	"" | encrypt | only) enforces="dane, sts" ;;
	may) enforces=sts ;;
	*) enforces= ;; # as postconf says
	esac
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
	enforces = $enforces
	commit_interval = 100ms
	[policy]
	resolver = inet:127.0.0.55:53
	sts_ca_file = $dir/certs/ca.pem
	allow_private = yes
	[policyd]
	socket = $at
	socket_owner = nobody
	socket_group = nogroup
	socket_mode = 0666
	timeout = 15s
	$(site_conf)
	[deliver]
	mail = smtp://192.0.3.248:25
	directory = $dir/reports
	spread = 0s
	EOF
}

start_tlstallyd()
{
	ours start_daemon tlstallyd "counting events"
	tlstallyd=$pid
}

start_feeds()
{
	case $feed in
	events | both)
		start_tlstallyd
		start_tee "$dir/run/tlstallyd"
		;;
	esac
	case $feed in
	log | both) start_logd ;;
	esac
}

start_logd()
{
	ours start "$dir/logd.log" "$bin/tlstally-logd" -f -c "$dir/conf"
	logd=$pid
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

# It takes a minute without an answer.
wait_for_outage()
{
	wait_until says_outage || wait_until says_outage ||
		fail "policyd does not see that no lookup is answered" \
			"$dir/policyd.log"
}

says_outage()
{
	world ask "lost$(uptime_secs).test" "$service" >/dev/null
	grep -q "has answered nothing for a minute" "$dir/policyd.log"
}

# Neither policyd's resolver nor any policy host answers, and what is known has
# to be read from the store.
with_everything_dead()
{
	kill -STOP "$unbound_policyd" "$policies"
	make_views_old 600
	restart
	[ "$SITE" != encrypt ] || wait_for_outage
	send 3
	expect_later "a resolver that answers nothing is said after a minute" \
		is_said "has answered nothing for a minute"
	kill -CONT "$unbound_policyd" "$policies"
	expect_later "and that it answers again" \
		is_said "the resolver answers again"
}

is_said()
{
	grep -q "$1" "$dir/policyd.log"
}

# As expect_soon, for what takes a minute by itself
expect_later()
{
	local WAIT_SECS=$((2 * WAIT_SECS))

	expect_soon "$@"
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

# The policy changes by its id, Postfix and policyd are restarted, and no mail is
# deferred for that.
change_in_flow()
{
	start_flow
	ahead=0
	for phase in 2 1; do
		world change $phase || die "the world does not change"
		kill -HUP "$nsd"
		ahead=$((ahead + 300))
		make_views_old $ahead
		wait_until flow_goes_on
		restart
		its_own postfix -c "$dir/postfix" reload >"$dir/reload.log" 2>&1
		wait_until flow_goes_on
	done
	its_own postfix -c "$dir/postfix" stop >>"$dir/reload.log" 2>&1
	its_own postfix -c "$dir/postfix" start >>"$dir/reload.log" 2>&1 ||
		die "postfix does not start again" "$dir/reload.log"
	wait_until flow_goes_on
	end_flow
	[ $feed != events ] || expect_like "by both policies" "*[1-9]* ok, *[1-9]* not judged" \
		"$(flow_sessions)"
}

start_flow()
{
	: >"$dir/flow.log"
	start_world flow flow
	flow=$pid
}

end_flow()
{
	stop "$flow"
	mails=$((${mails:-0} + $(sed -n 's/^sent //p' "$dir/flow.log")))
	expect_soon "all of $mails mails go, and no one was ever deferred" \
		world flown "$mails"
	# and that of the table
	expect_soon "and each is counted once" flow_is_counted $((mails + 1))
}

# policyd_killed: its socket stays
policyd_killed()
{
	kill -USR1 "$activated"
	policyds=$((policyds + 1))
	wait_until policyds_were $policyds ||
		die "policyd does not start again" "$dir/policyd.log"
}

all_killed()
{
	[ $feed = log ] || stop "$tlstallyd" KILL
	[ $feed = events ] || stop "$logd" KILL
	policyd_killed
	[ $feed = log ] || start_tlstallyd
	[ $feed = events ] || start_logd
}

# What is in the socket of tlstallyd dies with it, so it is killed between two
# flows, with a clock that jumps; the others while mail flows, too.
kill_in_flow()
{
	# beside the log the clock has to be its own: tlstallyd, when that is
	# ahead, has counted past a line that is read later
	[ $feed != both ] || ahead=0
	n=0
	while [ $n -lt "${KILLS:-2}" ]; do
		start_flow
		wait_until flow_goes_on
		[ $feed = events ] || stop "$logd" KILL
		policyd_killed
		wait_until flow_goes_on
		[ $feed = events ] || start_logd
		wait_until flow_goes_on
		end_flow
		set_clock $((ahead + 7200))
		all_killed
		set_clock $ahead
		all_killed
		n=$((n + 1))
	done
}

flow_sessions()
{
	tlstally show flow.test 2>&1 | sed -n 's/^  sessions  //p'
}

flow_is_counted()
{
	flow_sessions | awk -v n="$1" '{
		for (i = 1; i < NF; i++)
			sum += $i
		print
	}
	END { exit sum != n }'
}

# Ten more mails have gone.
flow_goes_on()
{
	gone=$(grep -c "to=<p5@flow.test>" "$dir/mail.log")
	[ "$gone" -ge $((${flown:-0} + 10)) ] || return 1
	flown=$gone
}

# At another site: what is different there
at_site()
{
	send 1
	told 1
	case $SITE in
	may)
		change_in_flow
		kill_in_flow
		;;
	encrypt) with_everything_dead ;;
	only)
		start_second_postfix
		send 6 127.0.0.2
		stop_second_postfix
		;;
	esac
	look_at_reports
	stop "$activated"
	end_test
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
stay_within_day $((240 + 30 * ${KILLS:-0}))

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
[ -z "$SITE" ] || at_site
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
