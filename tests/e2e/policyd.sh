#!/bin/sh
# policyd.sh - what becomes of mail, and of the reports about it, when a real
# Postfix asks tlstally-policyd: DANE and MTA-STS as they should be and in every
# way that they go wrong, a dead resolver, dead policy hosts, restarts
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/policyd.sh in the
# build directory.  All of it lives in a temporary folder and a network namespace
# of its own; policyd_world.py has the table of the domains.
#
#     policyd.sh --constant [SUITE]
#
# shows that Postfix itself does as the table says: it asks a server that answers
# from the table, without tlstally.  SUITE: with the Postfix of another Debian
# (trixie, sid), in a chroot that postfix_root.sh makes in the folder
# $POSTFIX_ROOTS.
. "${srcdir:-.}/tests/e2e/testlib.sh"
. "$src/tests/e2e/postfix_instance.sh"
. "$src/tests/e2e/mail_servers.sh"
need_root "a Postfix is started"
need_tools postfix nsd unbound ldns-signzone drill openssl python3 ip
[ "${1:-}" = --constant ] || skip "only --constant can be tried yet"
shift
make_folder

world()
{
	what=$1
	shift
	within python3 "$src/tests/e2e/policyd_world.py" "$what" "$dir" "$@"
}

# Two resolvers: Postfix's, and one that only policyd asks and that can die.
look_at_dns()
{
	for server in 127.0.0.53 127.0.0.55; do
		wait_until dns_validated dane-ok.test MX $server ||
			die "no validated answers from unbound" "$dir/unbound.log"
	done
	expect "TLSA records of a wrong key, and of a zone without server" \
		"SERVFAIL SERVFAIL" \
		"$(dns_code TLSA _25._tcp.mx.dane-bogus.test) $(dns_code \
			TLSA _25._tcp.mx.dane-servfail.test)"
	expect "an unsigned zone answers, unvalidated" "NOERROR no" \
		"$(dns_code insecure.test MX) $(dns_validated insecure.test MX ||
			echo no)"
}

start_postfix()
{
	sender_settings >"$dir/postfix/main.cf"
	echo "nexthop.test smtp:[mx.nexthop.test]:25" >"$dir/postfix/transport"
	echo "smtp_tls_policy_maps = socketmap:unix:$dir/run/policyd:$map" \
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
		"$dir/answers" "$dir/run/policyd"
	wait_until grep -qs READY "$dir/map.log" ||
		die "the map's server does not start" "$dir/map.log"
	for phase in 1 2 3; do
		answer_from_table $phase
		send $phase
	done
}

# All sessions must fall on one day.
stay_within_day 240

choose_postfix "${1:-}"
case $POSTFIX_VERSION in
3.[0-9].*) map=QUERY ;;
*) map=QUERYwithTLSRPT ;;
esac
chmod 755 "$dir"
make_network
world make || die "the world is not made"
enter_root
start_dns unbound.conf unbound-policyd.conf
look_at_dns
start_sinks
start_postfix
with_constant_answers
end_test
