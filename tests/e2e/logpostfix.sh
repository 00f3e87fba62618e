#!/bin/sh
# logpostfix.sh - from a Postfix's mail log to the reports: Debian's own
# Postfix sends, nsd signs for the domains, unbound validates, SMTP and HTTPS
# servers do right and wrong, and tlstally-logd makes of the log what it can
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/logpostfix.sh
# in the build directory.  All of it lives in a temporary folder and a network
# namespace of its own; log_world.py has the table of the domains.
#
#     logpostfix.sh SUITE
#
# does the same with the Postfix of another Debian (bullseye, trixie, sid), in a
# chroot that postfix_root.sh makes in the folder $POSTFIX_ROOTS.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/postfix_instance.sh"
. "$src/tests/e2e/mail_servers.sh"
need_root "a Postfix is started"
need_tools postfix nsd unbound ldns-signzone drill openssl python3 ip
python3 -c 'import jsonschema' ||
	skip "python3-jsonschema is missing: apt-get install python3-jsonschema"
make_folder

world()
{
	what=$1
	shift
	python3 "$src/tests/e2e/log_world.py" "$what" "$dir" "$@"
}

world_within()
{
	what=$1
	shift
	within python3 "$src/tests/e2e/log_world.py" "$what" "$dir" "$@"
}

look_at_dns()
{
	wait_until dns_validated dane-ok.test MX ||
		die "no validated answers from unbound" "$dir/unbound.log"
	expect "a wrong DS record is found out" "SERVFAIL" \
		"$(dns_code TLSA _25._tcp.mx.bogus.test)"
	expect "the rest of that domain is good" yes \
		"$(dns_validated bogus.test MX && echo yes)"
	expect "an unsigned zone answers, unvalidated" "NOERROR no" \
		"$(dns_code insecure.test MX) $(dns_validated insecure.test MX ||
			echo no)"
}

start_web()
{
	mkdir "$dir/bodies"
	start "$dir/web.log" python3 "$src/tests/fake/https_sink.py" --keep \
		--listen 192.0.3.250:8443 --key "$dir/certs/key" \
		--cert "$dir/certs/reports.test.pem" "$dir/bodies"
	wait_until grep -q READY "$dir/web.log" ||
		die "the web server does not start" "$dir/web.log"
}

# What Postfix 3.7 has no plugin for is in a table: "secure" for domains with
# an MTA-STS policy in enforce mode.
start_postfix()
{
	# up to 3.5 it is a whole number
	case $POSTFIX_VERSION in
	3.[0-5] | 3.[0-5].*) level=2 ;;
	*) level=3.6 ;;
	esac
	sender_settings $level >"$dir/postfix/main.cf"
	cat >"$dir/postfix/transport" <<-EOF
	sts-reuse.test reuse:
	our-fault.test noproxy:
	EOF
	cat >>"$dir/postfix/main.cf" <<-EOF
	smtp_tls_policy_maps = texthash:$dir/levels
	reuse_destination_concurrency_limit = 1
	EOF
	cat >"$dir/postfix/master.cf" <<-EOF
	127.0.0.1:25 inet n - n - - smtpd
	reuse unix - - n - - smtp
	    -o smtp_tls_connection_reuse=yes
	    -o smtp_connection_cache_destinations=sts-reuse.test
	noproxy unix - - n - - smtp
	    -o smtp_tls_connection_reuse=yes
	    -o tlsproxy_service_name=missing
	EOF
	postfix_services n >>"$dir/postfix/master.cf"
	start_its_own_postfix
}

rotate_log()
{
	mv "$dir/mail.log" "$dir/mail.log.1"
	make_log
	its_own postfix -c "$dir/postfix" reload >>"$dir/start.log" 2>&1 ||
		die "postfix does not reload" "$dir/start.log"
}

write_conf()
{
	mkdir "$dir/store" "$dir/reports"
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
	[log]
	source = file
	file = $dir/mail.log
	enforces = dane, sts
	commit_interval = 100ms
	[policy]
	resolver = 127.0.0.53
	sts_ca_file = $dir/certs/ca.pem
	allow_private = yes
	[deliver]
	mail = smtp://127.0.0.1:25
	directory = $dir/reports
	https_allow_private = yes
	https_ca_file = $dir/certs/ca.pem
	spread = 0s
	EOF
}

# It asks postconf(1) whether Postfix has CA certificates.
start_logd()
{
	start "$dir/logd.log" env MAIL_CONFIG="$dir/postfix" \
		"$bin/tlstally-logd" -f -c "$dir/conf"
	logd=$pid
}

# tlstally WORDS...
tlstally()
{
	within timeout 60 "$bin/tlstally" -c "$dir/conf" "$@"
}

nothing_waits()
{
	tlstally status --json | python3 -c '
import json, sys
sys.exit(json.load(sys.stdin)["waiting"]["sessions"] != 0)'
}

totals()
{
	"$e2e/store_totals" "$dir/store"
}

# counts LINE
counts()
{
	totals | grep -qx "$1"
}

# Once the last domain's session is in the tally all others were read, too.
all_counted()
{
	nothing_waits && counts "twice.test 1 0"
}

# send WHICH: and wait until Postfix has done with them
send()
{
	world_within send "$1" || die "mail is not taken" "$dir/mail.log"
	wait_until world verdicts "$1" "$dir/mail.log" ||
		die "Postfix comes to no verdicts" "$dir/mail.log"
}

mails_are()
{
	[ "$(mails | wc -l)" -eq "$1" ]
}

# why_not DOMAIN: gets no report
why_not()
{
	tlstally show "$1" --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["days"][0]["reason"])'
}

mails()
{
	find "$dir/sinks/reports" -name '*.eml'
}

# All sessions must fall on one day.
stay_within_day 240

choose_postfix "${1:-}"
chmod 755 "$dir"
world make || die "the world is not made"
make_network
enter_root
start_dns unbound.conf
look_at_dns
start_sinks
start_web
start_postfix
write_conf

leave_leaks_alone

# killed between the two halves, while the log is rotated
start_logd
send first
stop "$logd" KILL
rotate_log
send second
logs=$(ls "$dir"/mail.log*)
expect "the log is in two files" 2 "$(echo "$logs" | wc -l)"
# shellcheck disable=SC2086
world statuses $logs || fail "statuses"
start_logd
wait_until all_counted || {
	fail "not all sessions are counted" "$dir/logd.log"
	tlstally status
}

tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
tlstally run --now "${tomorrow}T06:00:00Z" >"$dir/run.out" 2>&1
expect "tlstally run" 0 $?
cat "$dir/run.out"
wait_until mails_are "$(world mails)"
received=$(find "$dir/reports" "$dir/bodies" -name '*.gz' -o -name '*.body'
	mails)
# shellcheck disable=SC2086
world compare $received || fail "reports"
# shellcheck disable=SC2086
python3 "$src/tests/e2e/check-report.py" $received >"$dir/checked"
expect "reports are as RFC 8460 wants them" 0 $?
grep -v ^PASS "$dir/checked"
expect "two TLSRPT records are none" \
	"TLSRPT record: there is more than one, so none is used (RFC 8460 section 3)" \
	"$(why_not twice.test)"
expect "and tlstally lookup says why" yes \
	"$(tlstally lookup twice.test >"$dir/lookup.out"
		grep -q '2 records where only one is allowed' "$dir/lookup.out" && echo yes)"

# what comes after our own reports is counted, and they are not
send sts-ok
wait_until counts "sts-ok.test 2 0"
expect "our own reports are no sessions" "" "$(totals | grep '^reports.test')"
expect "nor is what our own Postfix could not do" "" \
	"$(totals | grep '^our-fault.test')"
expect "nor is what goes to loopback" "" "$(totals | grep '^private.test')"
stop "$logd"
expect "tlstally-logd ends" 0 $?
[ $failures -eq 0 ] || tail -n 20 "$dir/run.out" "$dir/logd.log" \
	"$dir/lookup.out"
end_test
