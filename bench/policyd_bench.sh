# shellcheck shell=bash
# policyd_bench.sh - the policy service beside a socketmap server that answers a
# constant; for scripts/bench.
#
# One core for the servers, another for who asks.  What is said of a core is by
# the processor time that the server used: other programs on the machine take
# from the rate and not from that.  From the times of answers they take all the
# same, so both servers are asked in turns, each round in a few seconds, and the
# medians of the rounds are told, with their ratio.
POLICY_DOMAINS=100000
POLICY_BYTES=400
POLICY_SECS=${POLICY_SECS:-2}
POLICY_COLD=10000

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

# policy_ask NAME PID PATH ARGUMENT...: adds a line to the results of NAME: answers
# per second of a core, per second of the clock, 99 % within, all within, cold,
# missed
policy_ask() {
	local name=$1 pid=$2 path=$3 before out
	shift 3
	before=$(cpu_nanoseconds "$pid")
	out=$(taskset -c 1 "$build/bench/policy_load" "$path" "$@") ||
		{ say "policy_load $*: this machine is too busy"; exit 1; }
	awk -v n="$(number answers "$out")" -v a="$before" \
		-v b="$(cpu_nanoseconds "$pid")" \
		-v rest="$(number rate "$out") $(number p99us "$out") $(number \
		maxus "$out") $(number cold "$out") $(number missed "$out")" \
		'BEGIN { printf "%.0f %s\n", n / (b - a) * 1e9, rest }' \
		>>"$work/results.$name"
}

policyd_memory() {
	echo "$(awk '/RssAnon/ { print $2 }' "/proc/$1/status") KiB [<= 65536]"
}

# policy_result NAME COLUMN: the median of its rounds
policy_result() {
	# shellcheck disable=SC2046 # numbers
	median $(cut -d ' ' -f "$2" "$work/results.$1")
}

# policy_sum NAME COLUMN
policy_sum() {
	awk -v column="$2" '{ n += $column } END { print n }' "$work/results.$1"
}

# policy_row TITLE NAME GOAL: the times of what is asked 50000 times a second
policy_row() {
	local p99
	p99=$(policy_result "$2" 3)
	row "$1" "99 % within $p99 us$3, all within $(policy_result "$2" 4) us; \
$(policy_result "$2" 2)/s, $(policy_sum "$2" 6) not asked"
}

# policy_cold N NAME PID PATH: beside cold domains, which policyd is asked for
policy_cold() {
	local n=$1
	shift
	# shellcheck disable=SC2086 # words
	policy_ask "$@" $ask 50000 $((POLICY_COLD / ROUNDS)) \
		$((POLICY_COLD * n)) "$work/policyd.sock"
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
	local service constant round ask
	ask="100 $POLICY_DOMAINS $POLICY_SECS"
	say "Policies for Postfix: $POLICY_DOMAINS domains, each with a policy" \
		"of $POLICY_BYTES bytes, 100 connections"
	slow_dns
	policyd_start
	"$build/bench/constant_map" "$work/constant.sock" 1773 &
	constant=$!
	pids="$pids $constant"
	taskset -pc 0 $constant >/dev/null
	wait_for test -S "$work/constant.sock"
	# all of them into its memory, from the store
	policy_ask first "$service" "$work/policyd.sock" 100 $POLICY_DOMAINS 0
	row "answers from the store, at first" "$(policy_result first 2)/s"
	row "memory with all of them" "$(policyd_memory "$service")"
	# shellcheck disable=SC2086 # words
	for round in $(seq 0 $((ROUNDS - 1))); do
		policy_ask constant "$constant" "$work/constant.sock" $ask
		policy_ask ours "$service" "$work/policyd.sock" $ask
		policy_ask constant_open "$constant" "$work/constant.sock" \
			$ask 50000
		policy_ask ours_open "$service" "$work/policyd.sock" $ask 50000
		policy_cold $((2 * round)) constant_cold "$constant" \
			"$work/constant.sock"
		policy_cold $((2 * round + 1)) ours_cold "$service" \
			"$work/policyd.sock"
	done
	row "cached answers, one core" "$(policy_result ours 1)/s of its time, \
$(policy_result ours 2)/s of the clock's [>= 100000/s]"
	row "  a server that answers a constant" "$(policy_result constant 1)/s \
of its time, $(policy_result constant 2)/s; ours \
$(ratio "$(policy_result ours 1)" "$(policy_result constant 1)") of that"
	policy_row "50000/s, answered or not: a constant" constant_open ""
	policy_row "  ours" ours_open " [<= 1000 us; $(ratio \
		"$(policy_result ours_open 3)" \
		"$(policy_result constant_open 3)") times the constant's]"
	policy_row "while ours looks up $(policy_sum constant_cold 5) cold \
domains: the constant" constant_cold ""
	policy_row "  ours, while it looks up $(policy_sum ours_cold 5) others" \
		ours_cold " [<= 1000 us; $(ratio \
		"$(policy_result ours_cold 3)" \
		"$(policy_result constant_cold 3)") times the constant's]"
	row "memory at the end" "$(policyd_memory "$service")"
	kill "$constant" "$service"
	wait "$service" || { cat "$work/log"; exit 1; }
	rm -r "$work/p"
}
