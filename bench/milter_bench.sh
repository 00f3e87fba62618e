# The milter beside a Postfix without one, and beside a milter that does
# nothing.  Sourced by scripts/bench, whose functions it uses.
#
# One Postfix of our own with three smtpd services on free ports of 127.0.0.1;
# mail is discarded.  Only root can start one.

# bare, null, ours: the three ports
milter_ports()
{
	read -r bare null ours <<<"$(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*[s.getsockname()[1] for s in held])')"
}

milter_postfix()
{
	mkdir -p "$work/postfix" "$work/mail.queue/m"
	chmod 755 "$work"
	chown postfix "$work/mail.queue/m"
	dir=$work postfix_settings mail >"$work/postfix/main.cf"
	cat >>"$work/postfix/main.cf" <<-EOF
	myhostname = mx.bench.example
	mynetworks = 127.0.0.0/8
	inet_interfaces = 127.0.0.1
	smtpd_client_connection_count_limit = 0
	default_transport = discard
	relay_transport = discard
	milter_default_action = accept
	EOF
	cat >"$work/postfix/master.cf" <<-EOF
	127.0.0.1:$bare inet n - n - - smtpd
	127.0.0.1:$null inet n - n - - smtpd
	    -o smtpd_milters=unix:m/null.sock
	127.0.0.1:$ours inet n - n - - smtpd
	    -o smtpd_milters=unix:m/ours.sock
	EOF
	postfix_services n >>"$work/postfix/master.cf"
	postfix -c "$work/postfix" start >"$work/start.log" 2>&1 ||
		{ cat "$work/start.log"; exit 1; }
	pids="$pids $(cat "$work/mail.queue/pid/master.pid")"
}

milter_daemons()
{
	"$build/bench/null_milter" "unix:$work/mail.queue/m/null.sock" &
	pids="$pids $!"
	wait_for test -S "$work/mail.queue/m/null.sock"
	chmod 666 "$work/mail.queue/m/null.sock"
	settings "$work/store"
	cat >>"$work/store.conf" <<-EOF
	[milter]
	socket = unix:$work/mail.queue/m/ours.sock
	socket_owner =
	socket_group =
	socket_mode = 0666
	EOF
	"$build/src/programs/tlstally-milter" -f -c "$work/store.conf" \
		2>"$work/log" &
	daemon=$!
	pids="$pids $daemon"
	wait_for grep -q counting "$work/log"
}

# Seconds that COUNT messages to a port take.
milter_source()
{
	local begin=$EPOCHREALTIME
	smtp-source -s 8 -m "$2" -l 4096 -f "a@client.example" \
		-t "you@example.com" "127.0.0.1:$1" || exit 1
	awk -v b="$begin" -v e="$EPOCHREALTIME" 'BEGIN { print e - b }'
}

milter_rates()
{
	local n=${MESSAGES:-2000} null_ratios= our_ratios= rates= a b c
	for _ in $(seq "$((ROUNDS + 4))"); do
		a=$(milter_source "$bare" "$n")
		b=$(milter_source "$null" "$n")
		c=$(milter_source "$ours" "$n")
		rates="$rates $(ratio "$n" "$a")"
		null_ratios="$null_ratios $(ratio "$a" "$b")"
		our_ratios="$our_ratios $(ratio "$a" "$c")"
	done
	# shellcheck disable=SC2086
	row "without, messages a second" "$(median $rates)"
	# shellcheck disable=SC2086
	row "a milter that does nothing" "$(median $null_ratios) of that"
	# shellcheck disable=SC2086
	row "tlstally-milter" "$(median $our_ratios) of that [>= 0.97]"
}

# milter_percentile P LINE: milliseconds
milter_percentile()
{
	awk -v us="$(number "$1" "$2")" 'BEGIN { printf "%.2f", us / 1000 }'
}

milter_latency()
{
	local out p lines
	out=$("$build/bench/smtp_latency" -n "${MESSAGES:-2000}" \
		"<a@client.example>" "<you@example.com>" \
		"$bare" "$null" "$ours")
	mapfile -t lines <<<"$out"
	for p in p50 p99; do
		set -- "$(milter_percentile $p "${lines[0]}")" \
			"$(milter_percentile $p "${lines[1]}")" \
			"$(milter_percentile $p "${lines[2]}")"
		row "milliseconds a message, $p" "$1 without, $2 with one that \
does nothing, $3 with tlstally-milter: $(awk -v a="$1" -v b="$3" \
			'BEGIN { printf "%+.2f", b - a }') [p99: <= 1]"
	done
}

milter_memory()
{
	local before after
	milter_source "$ours" 2000 >/dev/null
	before=$(awk '/RssAnon/ { print $2 }' "/proc/$daemon/status")
	milter_source "$ours" 10000 >/dev/null
	after=$(awk '/RssAnon/ { print $2 }' "/proc/$daemon/status")
	row "memory, 10000 sessions more" \
		"$before KiB, then $after KiB [does not grow]"
}

milter()
{
	[ "$(id -u)" -eq 0 ] && command -v postfix >/dev/null &&
		command -v smtp-source >/dev/null || {
		say "Milter: needs root, postfix and smtp-source"
		return 0
	}
	say "Milter: Postfix $(postconf -h mail_version), messages of 4 KiB"
	milter_ports
	milter_postfix
	milter_daemons
	milter_rates
	milter_latency
	milter_memory
	kill "$daemon"
	wait "$daemon" || { cat "$work/log"; exit 1; }
	postfix -c "$work/postfix" stop >/dev/null 2>&1
}
