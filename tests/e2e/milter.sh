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
set -u
src=${srcdir:-.}
bin=$PWD
e2e=$src/tests/e2e
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
net=tlstally-$$
failures=0
pids=
milter=

[ "$(id -u)" -eq 0 ] || { echo "Postfix is started by root only"; exit 77; }
for tool in postfix openssl python3 ip; do
	command -v $tool >/dev/null || { echo "$tool is missing"; exit 77; }
done
ip netns add $net || { echo "no network namespace can be made"; exit 77; }
# in a chroot that is no mount point there is one, but nobody can go in
ip netns exec $net true 2>/dev/null || {
	ip netns del $net
	echo "no program can be run in a network namespace here"
	exit 77
}
dir=$(mktemp -d "${TMPDIR:-/tmp}/milter.XXXXXX") || exit 1
. "$e2e/certificates.sh"
. "$e2e/milter_servers.sh"
. "$e2e/milter_stages.sh"

finish()
{
	[ -z "$milter" ] || kill -CONT "$milter" 2>/dev/null
	[ -z "$milter" ] || kill "$milter" 2>/dev/null
	stop_servers
	umount "$dir/small" 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# expect WHAT WANT GOT
expect()
{
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		echo "FAIL: $1: wanted '$2', got '$3'"
		failures=$((failures + 1))
	fi
}

# holds WHAT SECONDS COMMAND...: becomes true
holds()
{
	holds_what=$1
	shift
	if wait_until "$@" >"$dir/why" 2>&1; then
		echo "ok: $holds_what"
	else
		echo "FAIL: $holds_what"
		tail -n 10 "$dir/why"
		failures=$((failures + 1))
	fi
}

die()
{
	echo "FAIL: $1"
	[ $# -lt 2 ] || tail -n 30 "$2"
	exit 1
}

# wait_until SECONDS COMMAND...
wait_until()
{
	end=$(($(date +%s) + $1))
	shift
	while ! "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.1
	done
}

# within COMMAND...: in the namespace, where /etc is ours
within()
{
	ip netns exec $net "$@"
}

# mail WHAT WORDS...
mail()
{
	mail_what=$1
	shift
	within python3 "$e2e/milter_mail.py" "$mail_what" "$dir" "$@"
}

# tlstally WORDS...
tlstally()
{
	within timeout 60 "$bin/src/programs/tlstally" -c "$dir/conf" "$@"
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
	ip netns exec $net "$bin/src/programs/tlstally-milter" -f -c "$dir/conf" \
		2>>"$dir/milter.log" &
	milter=$!
	wait_until 10 listening || die "tlstally-milter does not start" \
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
	kill -TERM "$milter"
	wait "$milter"
	expect "tlstally-milter ends" 0 $?
	milter=
}

kill_milter()
{
	kill -9 "$milter"
	wait "$milter" 2>/dev/null
	milter=
}

# round KIND MAIL: all stages
round()
{
	kind=$1
	echo "-- $kind socket, reports by $2"
	rm -rf "$dir/mail" "$dir/sent" "$dir/truth" "$dir/sink"/*
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
left=$((86400 - $(date +%s) % 86400))
[ $left -gt 240 ] || sleep $left

chmod 755 "$dir"
# the leak checker cannot trace a process that changed its user
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
make_namespace
make_certificates
mkdir "$dir/site.queue"
start_sink
start_relay
round unix smtp://127.0.0.1:25
round inet sendmail:/usr/sbin/sendmail
[ $failures -eq 0 ] || tail -n 20 "$dir/milter.log" "$dir/site.log"

echo "$failures failed"
[ $failures -eq 0 ]
