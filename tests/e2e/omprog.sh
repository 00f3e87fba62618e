#!/bin/bash
# rsyslog's omprog, configured as README.md says, hands tlstally-logd every
# session once
#
# make check runs it; by hand: tests/e2e/omprog.sh from the build directory with
# srcdir set.  Wants rsyslogd and python3.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools rsyslogd python3
make_folder
SESSIONS=3000

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
		sed "s|binary=\"[^\"]*\"|binary=\"$bin/tlstally-logd -f -c $dir/tlstally.conf -\" output=\"$dir/said\"|"
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
grep -q 'type="omprog"' "$dir/rsyslog.conf" ||
	die "README.md has no configuration of omprog"

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
	"$bin/tlstally" -c "$dir/tlstally.conf" status --json 2>/dev/null |
		python3 -c 'import json, sys
print(json.load(sys.stdin)["waiting"]["sessions"])' 2>/dev/null || echo 0
}

has_all() { [ "$(waiting)" -ge "$SESSIONS" ]; }

start "$dir/rsyslogd" rsyslogd -n -i "$dir/pid" -f "$dir/rsyslog.conf"
wait_until test -S "$dir/log" || die "rsyslogd does not run" "$dir/rsyslogd"
send
wait_until has_all
stop "$pid"
got=$(waiting)
at_failure="$dir/said $dir/rsyslogd"
expect "sessions" "$SESSIONS" "$got"
if grep -q "counting sessions of the mail log (stdin)" "$dir/said" &&
	! grep -q "not understood" "$dir/said"; then
	echo "ok: every line was understood"
else
	fail "tlstally-logd said: $(cat "$dir/said")"
fi
expect "one tlstally-logd" 1 "$(grep -c "counting sessions" "$dir/said")"

for template in $templates; do
	rm -rf --one-file-system "$dir/store"/*
	: >"$dir/said"
	start "$dir/said" sh -c 'exec "$1" -f -c "$2" --once - <"$3"' sh \
		"$bin/tlstally-logd" "$dir/tlstally.conf" "$dir/$template"
	wait_until has_all
	stop "$pid" 2>/dev/null
	expect "$template" "$SESSIONS" "$(waiting)"
done

end_test
