#!/bin/bash
# tlstally-logd tells what the log lacks, and waits for one that was killed
#
# make check runs it; by hand: tests/e2e/logd.sh from the build directory with
# srcdir set.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools flock
make_folder
logd=$bin/tlstally-logd

# A postconf of ours: it prints what $dir/pf has for the question, and notes that
# it was asked.
mkdir -p "$dir/pf" "$dir/bin" "$dir/site/store"
cat >"$dir/bin/postconf" <<-END
	#!/bin/sh
	echo "\$*" >>"$dir/asked"
	case "\$*" in
	*config_directory) echo "config_directory = $dir/pf" ;;
	-xM*) echo "smtp unix - - n - - smtp" ;;
	-xP*) ;;
	*) cat "$dir/pf/main.cf" ;;
	esac
END
chmod +x "$dir/bin/postconf"

# set_postfix LINES: another main.cf, which is another file
set_postfix() {
	printf '%s\n' "$@" >"$dir/pf/main.cf.new"
	mv "$dir/pf/main.cf.new" "$dir/pf/main.cf"
}

PATH=$dir/bin:$PATH
set_postfix "smtp_tls_loglevel = 1" "smtp_tls_security_level = may"

# Deliveries on loopback: nobody is looked up for them.
deliveries() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf 'Nov 23 12:%02d:%02d mx postfix/smtp[7]: A%06X: ' \
			$((i / 60)) $((i % 60)) $i
		echo "to=<u@a.test>, relay=mx.a.test[127.0.0.9]:25," \
			"delay=0.1, delays=0/0/0/0.1, dsn=2.0.0," \
			"status=sent (250 2.0.0 Ok)"
	done
}

# run NAME: logd over standard input, with a store of its own
run() {
	mkdir -p "$dir/$1/store"
	cat >"$dir/$1/conf" <<-END
		[report]
		contact_info = tls@sender.example
		[store]
		directory = $dir/$1/store
		map_size = 16M
		[log]
		enforces = dane
		# whatever the Postfix of this host does
		tls_loglevel = 1
		routed = no
		[policy]
		resolver = inet:127.0.0.1:1
	END
	timeout 120 "$logd" -f -c "$dir/$1/conf" --once - 2>"$dir/$1/said"
	rc=$?
	said=$(cat "$dir/$1/said")
}

# says WHAT COUNT PATTERN: so many lines of what it said
says() {
	local count
	count=$(grep -c -e "$3" <<<"$said")
	expect "$1" "exit 0, $2 lines" "exit $rc, $count lines"
}

tls='Nov 23 12:00:00 mx postfix/smtp[7]: Trusted TLS connection established
to mx.a.test[127.0.0.9]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384
(256/256 bits)'
event='Nov 23 12:00:00 mx postfix/smtp[7]: TLSRPT: status=failure,
domain=a.test, receiving_mx=mx.a.test[127.0.0.9],
failure_type=starttls_not_supported'

run few < <(deliveries 99)
says "99 deliveries without TLS lines say nothing" 0 "smtp_tls_loglevel"
run plain < <(deliveries 300)
says "many deliveries without TLS lines: what to set, once" 1 \
	"smtp_tls_loglevel = 1"
run tls < <(echo ${tls//$'\n'/ }; deliveries 300)
says "with one line about TLS nothing is to be set" 0 "smtp_tls_loglevel"
says "nor are there events" 0 "as events"
run event < <(echo ${event//$'\n'/ }; echo ${event//$'\n'/ }; deliveries 3)
says "a Postfix that sends events, once" 1 \
	"sends its TLS sessions as events.*run either tlstallyd or tlstally-logd"

odd() {
	local i
	for ((i = 0; i < 2000; i++)); do
		echo "{\"program\":\"postfix/smtp\",\"n\":$i}"
	done
}
# status NAME WHAT PATTERN: a line of status, and of doctor
status() {
	local command
	for command in status doctor; do
		"$bin/tlstally" -c "$dir/$1/conf" $command \
			>"$dir/$1/$command" 2>&1
		expect_text "$command: $2" "$3" "$dir/$1/$command"
	done
}
run odd < <(odd)
says "lines that are not understood: how many, the first, what is expected" \
	1 "2000 log lines are not understood, the first:.*\"n\":0.*Nov 23"
status odd "2000 lines that are not understood" \
	"2000 log lines were not understood.*the first: '{.*\"n\":0}'"
expect_text "doctor has no other advice" \
	"no session has been received yet: its lines are not understood" \
	"$dir/odd/doctor"
run endless < <(odd | tr -d '\n')
says "a line without an end" 1 \
	"1 log lines are not understood, the first: '(longer than 64 KiB)'"
run forged < "$src/tests/data/maillog/forged-recipient-3.4.log"
says "a delivery that can be read in two ways" 1 \
	"1 deliveries are not counted.*to=<x@victim.test>"
status forged "a delivery that can be read in two ways" \
	"1 deliveries .*are not counted"

mkdir -p "$dir/lock/store"
# hold SECONDS: the lock, by another process
hold() {
	: >"$dir/held"
	start "$dir/held" flock --no-fork "$dir/lock/store/logd.lock" \
		sh -c "echo held; exec sleep $1"
	wait_until test -s "$dir/held"
}
hold 1
run lock < <(deliveries 1)
says "a lock that is given back within two seconds is waited for" 1 \
	"read 1 lines"
ends "$pid"
hold 600
run lock < <(deliveries 1)
stop "$pid"
expect_like "a lock that is held is another one that counts" \
	"1 *another tlstally-logd*" "$rc $said"

# has_said COUNT PATTERN: so many lines, or more
has_said() {
	[ "$(grep -c -e "$2" "$dir/site.log")" -ge "$1" ]
}

# site_says WHAT COUNT PATTERN: so many lines, sooner or later
site_says() {
	wait_until has_said "$2" "$3"
	expect "$1" "$2" "$(grep -c -e "$3" "$dir/site.log")"
}

: >"$dir/pf/master.cf"
: >"$dir/mail.log"
set_postfix "smtp_tls_loglevel = 0" "smtp_tls_security_level = may"
cat >"$dir/site/conf" <<-END
	[report]
	contact_info = tls@sender.example
	[store]
	directory = $dir/site/store
	map_size = 16M
	[log]
	source = file
	file = $dir/mail.log
	[policy]
	resolver = inet:127.0.0.1:1
END
at_failure=$dir/site.log
start "$dir/site.log" "$logd" -f -c "$dir/site/conf"
site_says "at once: Postfix does not log TLS" 1 \
	"does not log TLS sessions, and none is counted, of smtp ($dir/pf)"
site_says "mail goes to MX hosts alone" 1 "sends mail only to MX hosts"
asked=$(wc -l <"$dir/asked")
sleep 6
expect "nobody is asked while no file has changed" "$asked" \
	"$(wc -l <"$dir/asked")"
set_postfix "smtp_tls_loglevel = 1" "smtp_tls_security_level = dane" \
	"smtp_dns_support_level = dnssec" "relayhost = [relay.example]"
site_says "main.cf has changed: TLS is logged" 1 "logs the TLS sessions of all"
site_says "and DANE enforced" 1 "enforces DANE (postconf)"
site_says "and mail routed" 1 "may route mail itself"
set_postfix "smtp_tls_loglevel = 2" "smtp_tls_security_level = dane" \
	"smtp_dns_support_level = dnssec" "relayhost = [other.example]"
before=$(wc -l <"$dir/site.log")
was_asked() { [ "$(wc -l <"$dir/asked")" -gt "$1" ]; }
wait_until was_asked $((asked + 7))
expect "what means the same is not said again" "$before" \
	"$(wc -l <"$dir/site.log")"
echo "smtp unix" >>"$dir/pf/master.cf"
set_postfix "smtp_tls_loglevel = 0" "smtp_tls_security_level = may"
site_says "and back to 0" 2 "does not log TLS sessions, and none is counted"
stop "$pid"

end_test
