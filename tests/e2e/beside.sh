#!/bin/sh
# beside.sh - tlstallyd and tlstally-logd count one Postfix together: killed, late
# and started again, they count each session once
#
# make check runs it; by hand: srcdir=... tests/e2e/beside.sh in the build
# directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
make_folder
sock=$dir/run/events
store=$dir/store
log=$dir/maillog
at_failure="$dir/tlstallyd.log $dir/tlstally-logd.log"
domain=testing.example
owner=$(id -un)
group=$(id -gn)

mkdir -p "$store"
cat >"$dir/conf" <<-END
	[report]
	contact_info = tls-reports@example.com
	[store]
	directory = $store
	map_size = 1G
	[events]
	socket = unix:$sock
	socket_owner = $owner
	socket_group = $group
	commit_interval = 100ms
	[log]
	source = file
	file = $log
	enforces = sts
	tls_loglevel = 1
	routed = no
	commit_interval = 100ms
	complete_events = yes
	[policy]
	resolver = inet:[::1]:9
END

# Where Postfix has no CA certificates "Untrusted" says nothing; this one has.
mkdir "$dir/postfix"
echo "smtp_tls_CApath = /etc/ssl/certs" >"$dir/postfix/main.cf"
echo "smtp unix - - n - - smtp" >"$dir/postfix/master.cf"
MAIL_CONFIG=$dir/postfix
export MAIL_CONFIG

start_events()
{
	start_daemon tlstallyd "counting events"
	events=$pid
}

start_log()
{
	start_daemon tlstally-logd "completing the events"
	reader=$pid
}

# event N: of so many sessions
event()
{
	i=0
	while [ $i -lt "$1" ]; do
		printf '{"d":"%s","pr":"v=TLSRPTv1;rua=mailto:x@%s","policies":[{"policy-type":2,"policy-domain":"%s","policy-string":["version: STSv1","mode: testing","mx: mx.%s"],"mx-host":["mx.%s"],"f":0}]}\n' \
			$domain $domain $domain $domain $domain
		i=$((i + 1))
	done >"$dir/datagrams"
	"$e2e/send_datagrams" "$sock" "$dir/datagrams" >/dev/null
}

# lines N TRUST: what Postfix logs of them
lines()
{
	i=0
	while [ $i -lt "$1" ]; do
		session=$((session + 1))
		at="$(date -u +%Y-%m-%dT%H:%M:%SZ) mx postfix/smtp[$session]:"
		echo "$at $2 TLS connection established to mx.$domain[9.9.9.9]:25: TLSv1.3 with cipher X (256/256 bits)"
		echo "$at TLSRPT: status=success, domain=$domain, receiving_mx=mx.$domain[9.9.9.9]"
		echo "$at 4FA1$session: to=<u@$domain>, relay=mx.$domain[9.9.9.9]:25, delay=0.3, delays=0/0/0.2/0.1, dsn=2.0.0, status=sent (250 Ok)"
		i=$((i + 1))
	done >>"$log"
}

sessions_are()
{
	sessions | grep -qx "$1"
}

sessions()
{
	"$bin/tlstally" -c "$dir/conf" show $domain 2>&1 |
		sed -n 's/^  sessions  //p'
}

session=1000
: >"$log"
stay_within_day 60
start_events
start_log
"$e2e/told_row" "$store" $domain stsTesting 3600

echo "# the log first, the event first"
lines 2 Trusted
event 3
lines 1 Untrusted
expect_soon "are judged" sessions_are "2 ok, 1 failed"

echo "# the reader is killed"
stop "$reader" KILL
event 4
lines 2 Trusted
expect_soon "what is not judged yet" sessions_are "2 ok, 1 failed, 4 not judged"
start_log
lines 2 Untrusted
expect_soon "is when it is there again" sessions_are "4 ok, 3 failed"

echo "# tlstallyd is killed"
stop "$events" KILL
lines 1 Untrusted
start_events
event 1
expect_soon "and counts what comes then" sessions_are "4 ok, 4 failed"

echo "# killed again and again while it reads"
n=0
while [ $n -lt 5 ]; do
	event 20
	lines 20 Trusted
	stop "$reader" KILL
	start_log
	n=$((n + 1))
done
expect_soon "once each" sessions_are "104 ok, 4 failed"
stop "$reader"
stop "$events"
start_events
start_log
event 1
lines 1 Trusted
expect_soon "and goes on" sessions_are "105 ok, 4 failed"
stop "$reader"
stop "$events"
end_test
