#!/bin/bash
# rsyslog's omprog, configured as README.md says, hands tlstally-logd every
# session once
#
# make check runs it; by hand: tests/e2e/omprog.sh from the build directory with
# srcdir set.  Wants rsyslogd and python3.
set -u
src=${srcdir:-.}
build=$PWD
for program in rsyslogd python3; do
	command -v "$program" >/dev/null || {
		echo "$program is missing: apt-get install rsyslog python3"
		exit 77
	}
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/omprog.XXXXXX") || exit 1
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	wait
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
failures=0
SESSIONS=3000

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

mkdir -p "$dir/store" "$dir/spool"
cat >"$dir/tlstally.conf" <<-END
	[report]
	contact_info = tls@sender.example
	[store]
	directory = $dir/store
	map_size = 64M
	[log]
	enforces = dane
	count_private = yes
	tls_loglevel = 1
	routed = no
	[policy]
	resolver = inet:127.0.0.1:1
END

# What README says, with this build's program.
readme() {
	sed -n '/^    module(load="omprog")/,/^$/s/^    //p' "$src/README.md" |
		sed "s|binary=\"[^\"]*\"|binary=\"$build/src/programs/tlstally-logd -f -c $dir/tlstally.conf -\" output=\"$dir/said\"|"
}

# The templates that rsyslog has itself, each into a file; those for forwarding
# have no end of line.
templates="RSYSLOG_TraditionalFileFormat RSYSLOG_FileFormat
RSYSLOG_SysklogdFileFormat RSYSLOG_SyslogProtocol23Format"
files() {
	local template
	for template in $templates; do
		echo "if \$syslogfacility-text == \"mail\" then action(type=\"omfile\"" \
			"template=\"$template\" file=\"$dir/$template\")"
	done
}

cat >"$dir/rsyslog.conf" <<-END
	global(workDirectory="$dir/spool")
	module(load="imuxsock" SysSock.Use="off")
	input(type="imuxsock" Socket="$dir/log" RateLimit.Interval="0")
	$(readme)
	$(files)
END
grep -q 'type="omprog"' "$dir/rsyslog.conf" || {
	echo "FAIL: README.md has no configuration of omprog"
	exit 1
}

send() {
	python3 - "$dir/log" "$SESSIONS" <<-'END'
	import socket, sys, time
	log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	log.connect(sys.argv[1])
	now = time.strftime("%b %e %H:%M:%S")
	for i in range(int(sys.argv[2])):
	    smtp = "<22>%s postfix/smtp[%d]: " % (now, 100 + i % 40)
	    mx = "mx.d%d.example[198.51.100.%d]:25" % (i % 100, 1 + i % 100)
	    log.send((smtp + "Trusted TLS connection established to " + mx
	              + ": TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
	                "(256/256 bits)").encode())
	    log.send((smtp + "%08X: to=<u@d%d.example>, relay=%s, delay=0.1, "
	              "delays=0/0/0.1/0, dsn=2.0.0, status=sent (250 ok)"
	              % (0xA0000000 + i, i % 100, mx)).encode())
	END
}

waiting() {
	"$build/src/programs/tlstally" -c "$dir/tlstally.conf" status --json 2>/dev/null |
		python3 -c 'import json, sys
print(json.load(sys.stdin)["waiting"]["sessions"])' 2>/dev/null || echo 0
}

wait_for() {
	local i
	for ((i = 0; i < 60; i++)); do
		"$@" && return 0
		sleep 0.5
	done
	return 1
}

has_all() { [ "$(waiting)" -ge "$SESSIONS" ]; }

rsyslogd -n -i "$dir/pid" -f "$dir/rsyslog.conf" >"$dir/rsyslogd" 2>&1 &
pid=$!
wait_for test -S "$dir/log" || {
	fail "rsyslogd does not run: $(cat "$dir/rsyslogd")"
	exit 1
}
send
wait_for has_all
kill "$pid"
wait "$pid"
pid=
got=$(waiting)
if [ "$got" = "$SESSIONS" ]; then
	echo "ok: $got sessions"
else
	fail "$got sessions instead of $SESSIONS: $(cat "$dir/said" "$dir/rsyslogd")"
fi
if grep -q "counting sessions of the mail log (stdin)" "$dir/said" &&
	! grep -q "not understood" "$dir/said"; then
	echo "ok: every line was understood"
else
	fail "tlstally-logd said: $(cat "$dir/said")"
fi
begun=$(grep -c "counting sessions" "$dir/said")
[ "$begun" = 1 ] && echo "ok: one tlstally-logd" ||
	fail "$begun of tlstally-logd were started"

for template in $templates; do
	rm -rf "$dir/store"/*
	"$build/src/programs/tlstally-logd" -f -c "$dir/tlstally.conf" --once - \
		<"$dir/$template" 2>"$dir/said" &
	logd=$!
	wait_for has_all
	kill "$logd" 2>/dev/null
	wait "$logd"
	got=$(waiting)
	[ "$got" = "$SESSIONS" ] && echo "ok: $template" ||
		fail "$template: $got sessions: $(cat "$dir/said")"
done

echo "$failures failed"
[ $failures -eq 0 ]
