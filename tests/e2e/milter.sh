#!/bin/sh
# milter.sh - a real Postfix with tlstally-milter in its path: how mail came
# in, our own reports, their bounces, and mail that flows whatever happens to
# the milter
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/milter.sh in
# the build directory.  All of it lives in a temporary folder and a network
# namespace of its own (milter_servers.sh).  It is gone through twice: with a
# unix socket inside the chroot of smtpd(8) and reports by SMTP, and with an
# inet socket and reports by sendmail(1).
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/certificates.sh"
. "$src/tests/e2e/postfix_instance.sh"
. "$src/tests/e2e/milter_servers.sh"
. "$src/tests/e2e/milter_stages.sh"
# of this host's own programs, before any other of their names
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
need_root "a Postfix is started"
need_tools postfix openssl python3 ip
make_folder
make_namespace

clean_up()
{
	stop_postfixes
	umount "$dir/small" 2>/dev/null
}

# within COMMAND...: in the namespace, where /etc is ours
within()
{
	$enter "$@"
}

# mail WHAT WORDS...
mail()
{
	mail_what=$1
	shift
	within python3 "$src/tests/e2e/milter_mail.py" "$mail_what" "$dir" "$@"
}

# tlstally WORDS...
tlstally()
{
	within timeout 60 "$bin/tlstally" -c "$dir/conf" "$@"
}

# json FILTER: prints what python makes of the document d on standard input
json()
{
	python3 -c "import json, sys
d = json.load(sys.stdin)
print($1)"
}

# write_conf STORE MAIL
write_conf()
{
	store=$1
	mkdir -p "$store" "$dir/run"
	chown nobody "$store"
	cat >"$dir/conf" <<-EOF
	[report]
	organization_name = Example Mail
	contact_info = tls-reports@site.test
	mode = all
	own_sessions = yes
	[store]
	directory = $store
	map_size = 1G
	rehearsal = yes
	[events]
	socket = unix:$dir/run/events
	socket_owner = nobody
	socket_group = nogroup
	commit_interval = 100ms
	[milter]
	socket = $socket
	socket_owner = nobody
	socket_group = postfix
	commit_interval = 100ms
	[deliver]
	mail = $2
	verp = yes
	spread = 0s
	EOF
}

start_milter()
{
	start "$dir/milter.log" "$bin/tlstally-milter" -f -c "$dir/conf"
	milter=$pid
	wait_until listening || die "tlstally-milter does not start" \
		"$dir/milter.log"
}

# The process that Postfix would talk to is there.
listening()
{
	within python3 - "$kind" "$dir" <<-'EOF'
	import socket, sys
	unix = sys.argv[1] == "unix"
	s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
	try:
	    s.connect(sys.argv[2] + "/site.queue/tlstally/milter.sock" if unix
	              else ("127.0.0.1", 8892))
	except OSError:
	    sys.exit(1)
	EOF
}

stop_milter()
{
	stop "$milter"
	expect "tlstally-milter ends" 0 $?
}

# round KIND MAIL: all stages
round()
{
	kind=$1
	echo "-- $kind socket, reports by $2"
	rm -rf --one-file-system "$dir/mail" "$dir/sent" "$dir/truth" "$dir/sink"/*
	if [ "$kind" = unix ]; then
		socket=unix:$dir/site.queue/tlstally/milter.sock
	else
		socket=inet:127.0.0.1:8892
	fi
	write_conf "$dir/store.$kind" "$2"
	start_milter
	start_site "$kind"
	inbound_stage
	reports_stage "$2"
	bounces_stage
	strangers_stage
	coverage_stage
	filter_stage
	outage_stage
	full_stage
	stop_milter
	within postfix stop >/dev/null 2>&1
}

# All must fall on one day.
stay_within_day 480

chmod 755 "$dir"
leave_leaks_alone
tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
furnish_namespace
make_certificates
mkdir "$dir/site.queue"
start_sink
start_relay
round unix smtp://127.0.0.1:25
round inet sendmail:/usr/sbin/sendmail
[ $failures -eq 0 ] || tail -n 20 "$dir/milter.log" "$dir/site.log"
end_test
