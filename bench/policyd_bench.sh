# shellcheck shell=bash
# policyd_bench.sh - the policy service beside a socketmap server that answers a
# constant; for scripts/bench.
#
# One core for the server, another for who asks.  What is said of a core is by
# the processor time that the server used: other programs on the machine take
# from the rate and not from that.
POLICY_DOMAINS=100000
POLICY_BYTES=400
POLICY_SECS=${POLICY_SECS:-5}

# DNS that answers after 50 ms.
slow_dns() {
	"$build/bench/dns_server" 50 >"$work/slow_dns" &
	pids="$pids $!"
	wait_for grep -q READY "$work/slow_dns"
}

# In nanoseconds, by all of its threads: ticks are too coarse for five seconds.
cpu_nanoseconds() {
	cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { print n }'
}

# policy_ask PID PATH ARGUMENT...: sets per_core, rate, p99, most and cold; a
# machine that is too busy for the rate ends it
policy_ask() {
	local pid=$1 path=$2 before out answers
	shift 2
	before=$(cpu_nanoseconds "$pid")
	out=$(taskset -c 1 "$build/bench/policy_load" "$path" "$@") ||
		{ say "policy_load $*: this machine is too busy"; exit 1; }
	answers=$(number answers "$out")
	rate=$(number rate "$out")
	p99=$(number p99us "$out")
	most=$(number maxus "$out")
	cold=$(number cold "$out")
	per_core=$(awk -v n="$answers" -v a="$before" \
		-v b="$(cpu_nanoseconds "$pid")" \
		'BEGIN { printf "%.0f", n / (b - a) * 1e9 }')
}

policyd_start() {
	mkdir "$work/p"
	settings "$work/p"
	cat >>"$work/p.conf" <<-EOF
	[policy]
	resolver = inet:127.0.0.1:$(sed 's/READY //' "$work/slow_dns")
	queries_per_second = 0
	[policyd]
	socket = unix:$work/policyd.sock
	socket_owner =
	socket_group =
	level = may
	EOF
	"$build/bench/fill_views" "$work/p" $POLICY_DOMAINS $POLICY_BYTES
	taskset -c 0 "$build/src/programs/tlstally-policyd" -f \
		-c "$work/p.conf" 2>"$work/log" &
	service=$!
	pids="$pids $service"
	wait_for grep -q answering "$work/log"
}

policyd() {
	local service constant
	say "Policies for Postfix: $POLICY_DOMAINS domains, each with a policy" \
		"of $POLICY_BYTES bytes, 100 connections"
	slow_dns
	policyd_start
	# all of them into its memory, from the store
	policy_ask "$service" "$work/policyd.sock" 100 $POLICY_DOMAINS 4
	row "answers from the store, at first" "$rate/s"
	policy_ask "$service" "$work/policyd.sock" 100 $POLICY_DOMAINS \
		"$POLICY_SECS"
	row "cached answers, one core" \
		"$per_core/s of its time, $rate/s of the clock's [>= 100000/s]"
	"$build/bench/constant_map" "$work/constant.sock" 1773 &
	constant=$!
	pids="$pids $constant"
	taskset -pc 0 $constant >/dev/null
	wait_for test -S "$work/constant.sock"
	ours=$per_core
	policy_ask "$constant" "$work/constant.sock" 100 $POLICY_DOMAINS \
		"$POLICY_SECS"
	row "  a server that answers a constant" \
		"$per_core/s of its time, $rate/s; ours $(ratio "$ours" \
		"$per_core") of that"
	policy_ask "$constant" "$work/constant.sock" 100 $POLICY_DOMAINS \
		"$POLICY_SECS" 50000
	row "50000/s, answered or not: a constant" \
		"99 % within $p99 us, all within $most us"
	kill $constant
	policy_ask "$service" "$work/policyd.sock" 100 $POLICY_DOMAINS \
		"$POLICY_SECS" 50000
	row "  ours" "99 % within $p99 us, all within $most us [< 1000 us]"
	policy_ask "$service" "$work/policyd.sock" 100 $POLICY_DOMAINS \
		"$POLICY_SECS" 50000 10000
	row "  the same beside $cold cold domains" \
		"99 % within $p99 us, all within $most us [no later]"
	row "memory" "$(awk '/RssAnon/ { print $2 }' "/proc/$service/status") \
KiB [< 65536]"
	kill "$service"
	wait "$service" || { cat "$work/log"; exit 1; }
	rm -r "$work/p"
}
