# scale_bench.sh - many domains and a small disk: what is written, and what a
# large day costs.  Sourced by scripts/bench:
#
#     scripts/bench scale [SIZE [ROWS]...]
#
# ROWS are names of scale_row(); without them it measures all.  Two that write
# little may run side by side, each as a command of its own.
#
# SIZE (1,000,000) is the number of domains of a day and of reports; what the
# table has with fewer is as many fewer of it.  Bytes are what all processes of
# ours hand to write(2) and its kin (wchar of /proc/PID/io; write_bytes is not
# right on every kernel).  Goals are for two cores with nothing else to do, and
# for 1,000,000.
#
# FULL=yes runs the steady rows for an hour (10 minutes at 5,000/s); else they
# run for STEADY (60) seconds.  That is the short form, and says so: what is
# applied at the end is then a larger part of it.
#
# OTHER=FOLDER, a folder that another version was built in, is measured beside
# (its `make bench-tools tests/e2e/send_load` made, too).  If its store has an
# older schema, that is how long the upgrade takes.
SIZE=${SIZE:-1000000}
STEADY=${STEADY:-60}
FULL=${FULL:-no}
OTHER=${OTHER:-}

# Bytes written until now by the children of this shell that have ended.
# A command that was waited for is part of what its parent has done.
bytes_written() {
	local name value
	while read -r name value; do
		[ "$name" != wchar: ] || written=$value
	done <"/proc/$BASHPID/io"
}

# cost COMMAND...: runs it; sets took (seconds), cost_bytes and most (KiB)
cost() {
	local before begin pid now
	bytes_written
	before=$written
	begin=$EPOCHREALTIME
	"$@" >"$work/cost.out" 2>&1 &
	pid=$!
	most=0
	if [ "${SAMPLE:-}" = yes ]; then
		while now=$(awk '/RssAnon/ { print $2 }' \
			"/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
			[ "$now" -gt "$most" ] && most=$now
			sleep 0.02
		done
	fi
	wait "$pid" || { cat "$work/cost.out"; exit 1; }
	took=$(awk -v b="$begin" -v e="$EPOCHREALTIME" \
		'BEGIN { printf "%.2f", e - b }')
	bytes_written
	cost_bytes=$((written - before))
}

# goal FIGURE OP LIMIT TEXT: "[goal TEXT: met]"
goal() {
	awk -v a="$1" -v op="$2" -v b="$3" -v text="$4" 'BEGIN {
		met = op == "<=" ? a <= b : a >= b
		printf "[goal %s %s: %s]", op, text, met ? "met" : "not met" }'
}

megabytes() { awk -v b="$1" 'BEGIN { printf "%.0f MB", b / 1e6 }'; }
scaled() { echo $(($1 * SIZE / 1000000 > 0 ? $1 * SIZE / 1000000 : 1)); }
ours() { "$build/src/programs/tlstally" -c "$work/store.conf" "$@"; }

scale_settings() {
	rm -rf --one-file-system "$work/store"
	settings "$work/store"
	sed -i "s/^rehearsal = yes/&\\nmap_size = 64G/; /^spread/d" \
		"$work/store.conf"
	printf '%s\n' "$@" >>"$work/store.conf"
}

# Whatever waits in the journal of counts is applied before a feed is retired.
# A version without one refuses.
apply_journal() {
	ours feed retire events >"$work/cost.out" 2>&1 || true
}

# steady_line RATE DOMAINS GOAL SECONDS-OF-THE-FULL-FORM: what tlstallyd writes
# and applies meanwhile, and what is left to apply.
steady_line() {
	local secs=$STEADY form=" (short form: $STEADY s)" out before sent rest
	[ "$FULL" != yes ] || { secs=$4 form=" ($4 s)"; }
	scale_settings
	bytes_written
	before=$written
	"$build/src/programs/tlstallyd" -f -c "$work/store.conf" \
		2>"$work/log" &
	daemon=$!
	pids="$pids $daemon"
	wait_for test -S "$work/tlsrpt.sock"
	wait_for grep -q counting "$work/log"
	out=$("$build/tests/e2e/send_load" -n $((secs * $1)) -d "$2" -z -r "$1" \
		-f 2 -u 10 -w "$work/tlsrpt.sock")
	sent=$(sed 's/sent \([0-9]*\).*/\1/' <<<"$out")
	sleep 1.5
	kill "$daemon"
	wait "$daemon" || { cat "$work/log"; exit 1; }
	bytes_written
	must_have_counted "$sent"
	out=$(((written - before) / sent))
	rest=$written
	apply_journal
	bytes_written
	rest=$(((written - rest) / sent))
	must_have_counted "$sent"
	row "$1/s, $2 domains$form" "$((out + rest)) bytes written an event, \
$rest of them to apply the rest $(goal $((out + rest)) "<=" "$3" "$3")"
}

# Killed at full rate: what the kernel took and nobody has counted.
loss_line() {
	local pid rate=2000 lost sent
	start_daemon
	"$build/tests/e2e/send_load" -n 0 -d "$(scaled 100000)" -z -r $rate \
		"$work/tlsrpt.sock" >"$work/sent" &
	pid=$!
	sleep 6
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || true
	wait "$pid" || true
	sent=$(sed 's/sent \([0-9]*\).*/\1/' "$work/sent")
	lost=$(((sent - $(counted)) * 1000 / rate))
	row "kill -9 at $rate/s" "$lost ms of events lost $(goal $lost "<=" 1300 \
		"a commit interval, 1000 ms, and its commit")"
}

# deliver_scale COUNT NAME RUA GOAL SETTINGS...: reports within four hours, a run
# every five minutes
deliver_scale() {
	local n=$1 name=$2 rua=$3 limit=$4 begin i at
	shift 4
	scale_settings "spread = 4h" "$@"
	"$build/bench/fill_store" "$work/store" $DAY "$n" "$rua"
	begin=$(date -ud "$DAY +1 day 00:10" +%s)
	cost ours rollup --now "$(date -ud "@$begin" +%FT%TZ)"
	at=$written
	for i in $(seq 0 49); do
		ours deliver --now "$(TZ=UTC printf '%(%FT%TZ)T' \
			$((begin + i * 300)))" >"$work/cost.out"
	done
	bytes_written
	[ "$(ours status --json | python3 -c 'import json, sys
print(sum(json.load(sys.stdin)["outbox"]["reports"].values()))')" = 0 ] ||
		{ say "something is left in the outbox"; exit 1; }
	at=$(((written - at) / n))
	row "$n reports by $name, spread 4h" \
		"$at bytes written for each $(goal $at "<=" "$limit" "$limit")"
}

# A rate-limited host: the hours after the one in which they came to wait.
backlog_lines() {
	local n begin
	n=$(scaled 300000)
	scale_settings "spread = 0s" "rate_per_host = 10" \
		"mail = smtp://127.0.0.1:$smtp_port"
	"$build/bench/fill_store" "$work/store" $DAY "$n" mailto:tls@big.example
	begin=$(date -ud "$DAY +1 day 00:10" +%s)
	cost ours rollup --now "$(date -ud "@$begin" +%FT%TZ)"
	cost ours deliver --now "$(date -ud "@$((begin + 60))" +%FT%TZ)"
	row "$n reports for one limited host: they queue" \
		"$took s, $(megabytes "$cost_bytes") written, once"
	cost ours deliver --now "$(date -ud "@$((begin + 5400))" +%FT%TZ)"
	row "  each later hour" "$took s, $((cost_bytes / 1000)) KB written \
$(goal "$took" "<=" 1 "1 s")"
}

# median_of COMMAND...: sets took to the median of five
median_of() {
	local all= i
	for i in 1 2 3 4 5; do
		cost "$@"
		all="$all $took"
	done
	# shellcheck disable=SC2086
	took=$(median $all)
}

start_httpd() {
	http_port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	printf '[http]\nlisten = inet:127.0.0.1:%s\nmetrics =\nopen_metrics = yes\n' \
		"$http_port" >>"$work/store.conf"
	http_token=$(ours token add bench --permission all)
	: >"$work/log"
	"$build/src/programs/tlstally-httpd" -f -c "$work/store.conf" \
		2>"$work/log" &
	httpd=$!
	pids="$pids $httpd"
	wait_for grep -q serving "$work/log"
}

stop_httpd() {
	kill "$httpd"
	wait "$httpd" || { cat "$work/log"; exit 1; }
}

# ask METHOD ARGUMENTS: one JMAP request, as the page makes it; sets took.  An
# answer that says that it is not complete is asked for again, as the page does.
ask() {
	took=$(python3 - "$http_port" "$http_token" "$1" "$2" <<-'EOF'
	import json, sys, time, urllib.request
	port, token, method, args = sys.argv[1:]
	body = json.dumps({"using": ["urn:ietf:params:jmap:core",
	    "urn:stalwart:jmap", "urn:tlstally:jmap"],
	    "methodCalls": [[method, json.loads(args), "0"]]}).encode()
	def once():
	    ask = urllib.request.Request(f"http://127.0.0.1:{port}/api", body,
	        {"Authorization": "Bearer " + token,
	         "Content-Type": "application/json"})
	    name, got, _ = json.load(urllib.request.urlopen(ask))[
	        "methodResponses"][0]
	    if name == "error":
	        sys.exit(f"{method}: {got}")
	    return got
	begun = time.monotonic()
	while any(not o.get("isComplete", True) for o in once().get("list", [])):
	    pass
	print(f"{time.monotonic() - begun:.3f}")
	EOF
	)
}

# ask_line NAME LIMIT METHOD ARGUMENTS [first]: the median of five; the first
# visitor's is the first one
ask_line() {
	local all= i
	for i in $(seq $((5 - 4 * ($# - 4)))); do
		ask "$3" "$4"
		all="$all $took"
	done
	# shellcheck disable=SC2086
	took=$(median $all)
	row "$1" "$took s $(goal "$took" "<=" "$2" "$2 s")"
}

# metrics_line: the median of five in milliseconds
metrics_line() {
	local all= i ms
	for i in 1 2 3 4 5; do
		all="$all $(curl -s -o "$work/metrics" -w '%{time_total}' \
			"http://127.0.0.1:$http_port/metrics")"
	done
	grep -q '^tlstally_' "$work/metrics" || { cat "$work/metrics"; exit 1; }
	# shellcheck disable=SC2086
	ms=$(median $all | awk '{ printf "%.1f", $1 * 1000 }')
	row "/metrics, $SIZE reports in the outbox" \
		"$ms ms $(goal "$ms" "<=" 10 "10 ms")"
}

# One day from its counters to its purge.
large_day() {
	local begin disk
	scale_settings "spread = 4h" "mail = smtp://127.0.0.1:1"
	"$build/bench/fill_store" "$work/store" $DAY "$SIZE" \
		'mailto:tls@d%d.example'
	begin=$(date -ud "$DAY +1 day 00:10" +%s)
	median_of ours status --json
	row "status, $SIZE domains in the day" \
		"$took s $(goal "$took" "<=" 0.1 "0.1 s")"
	# not by ours(): the memory would be that of a shell
	SAMPLE=yes cost "$build/src/programs/tlstally" -c "$work/store.conf" \
		domains --day $DAY
	row "domains, $SIZE in the day" "$most KiB of memory, $took s \
$(goal "$most" "<=" 65536 "64 MiB")"
	cost ours rollup --now "$(date -ud "@$begin" +%FT%TZ)"
	row "rollup of $SIZE domains" "$took s, $(megabytes "$cost_bytes") \
written $(goal "$took" "<=" 60 "60 s")"
	start_httpd
	metrics_line
	ask_line "JMAP /query of $SIZE, sorted and filtered" 0.5 \
		x:TlsInternalReport/query '{"filter": {"hasFailures": true,
		"text": "example"}, "sort": [{"property": "domain"}],
		"limit": 50, "calculateTotal": true}'
	stop_httpd
	cost "$build/bench/send_all" "$work/store.conf" $((begin + 5 * 3600))
	row "its reports into the archive" \
		"$took s, $(megabytes "$cost_bytes") written"
	cost ours run --now "$(date -ud "@$((begin + 200 * 86400))" +%FT%TZ)"
	row "purge of the day, with its archive" "$took s, \
$(megabytes "$cost_bytes") written $(goal "$took" "<=" 20 "20 s") \
$(goal "$cost_bytes" "<=" 1000000000 "1 GB")"
	rm -rf --one-file-system "$work/store"
}

# thirty_days EACH NTH: 30 days that end yesterday; in the last one every NTH
# domain has failed
thirty_days() {
	local i
	scale_settings
	for i in $(seq 30 -1 1); do
		"$build/bench/fill_store" "$work/store" \
			"$(date -ud "$i days ago" +%F)" "$1" \
			mailto:tls@big.example "$([ "$i" -gt 1 ] && echo 10 ||
				echo "$2")"
	done
}

many_days() {
	local each days domains first last
	each=$(scaled 100000)
	first=$(date -ud "30 days ago" +%F)
	last=$(date -ud yesterday +%F)
	days="{\"ids\": [\"d${first}_$last\"]}"
	thirty_days "$each" 1
	start_httpd
	domains="30 days of $each domains"
	ask_line "Overview, $domains, first visitor" 0.3 tally:Overview/get \
		"$days" first
	ask_line "  again" 0.3 tally:Overview/get "$days"
	domains='"limit": 50, "calculateTotal": true'
	ask_line "Domains, all failed on the last day: default" 0.3 \
		tally:Domain/query "{$domains, \"sort\": [{\"property\":
		\"day\", \"isAscending\": false}]}"
	ask_line "  by name" 0.3 tally:Domain/query \
		"{$domains, \"sort\": [{\"property\": \"domain\"}]}"
	ask_line "  by failures" 0.3 tally:Domain/query "{$domains, \"sort\":
		[{\"property\": \"totalFailedSessions\",
		\"isAscending\": false}]}"
	domains="$domains, \"filter\": {\"day\": \"$last\", \"text\": \"99\"}"
	ask_line "  of one day, with text, by sessions" 0.3 tally:Domain/query \
		"{$domains, \"sort\": [{\"property\":
		\"totalSuccessfulSessions\", \"isAscending\": false}]}"
	stop_httpd
	rm -rf --one-file-system "$work/store"
}

# A store of OTHER, if that has an older schema
upgrade_line() {
	local before after
	[ -n "$OTHER" ] || return 0
	scale_settings "spread = 4h"
	"$OTHER/bench/fill_store" "$work/store" $DAY "$SIZE" \
		'mailto:tls@d%d.example'
	before=$(stat -c %s "$work/store/data.mdb")
	cost ours token add upgraded --permission all
	after=$(stat -c %s "$work/store/data.mdb")
	row "upgrade of $SIZE domains in place" "$took s, $(megabytes \
		"$cost_bytes") written, file $(megabytes "$before") before, \
$(megabytes "$after") after"
	rm -rf --one-file-system "$work/store"
}

reports_by_https() {
	local n
	# shellcheck source=bench/nginx_sink.sh
	. "$top/bench/nginx_sink.sh"
	if ! command -v nginx >/dev/null; then
		row "reports by HTTPS" "not measured: there is no nginx"
		return
	fi
	rm -rf --one-file-system "$work/nginx"
	mkdir "$work/nginx"
	nginx_sink_start "$work/nginx"
	pids="$pids $NGINX_SINK_PID"
	for n in 2400 24000; do
		deliver_scale "$(scaled $n)" HTTPS \
			"https://sink.localhost:$NGINX_SINK_PORT/tls/%d" 6144 \
			"https_allow_private = yes" \
			"https_ca_file = $NGINX_SINK_CA"
	done
	nginx_sink_stop
}

# with_smtp COMMAND...: a server for mail listens at smtp_port
with_smtp() {
	local sink smtp_port
	"$build/bench/smtp_sink" >"$work/smtp" &
	sink=$!
	pids="$pids $sink"
	wait_for grep -q READY "$work/smtp"
	smtp_port=$(sed 's/READY //' "$work/smtp")
	"$@"
	kill "$sink"
	wait "$sink" || true
}

reports_by_mail() {
	local n
	for n in 2400 24000; do
		deliver_scale "$(scaled $n)" mail 'mailto:tls@d%d.example' \
			10240 "mail = smtp://127.0.0.1:$smtp_port"
	done
}

intake_line() {
	[ "$SIZE" -ge 250000 ] || COUNT=1000000
	DOMAINS=$(scaled 10000)
	[ "$DOMAINS" -ge 100 ] || DOMAINS=100
	ROUNDS=5 ingest_line "intake, queue of $(cat \
		/proc/sys/net/unix/max_dgram_qlen)" \
		"goal for 512: rate >= 0.95, CPU <= 1.20" usual
}

scale_row() {
	case $1 in
	100/s) steady_line 100 "$(scaled 100000)" 400 3600 ;;
	1000/s) steady_line 1000 "$(scaled 100000)" 200 3600 ;;
	5000/s) steady_line 5000 "$(scaled 100000)" 150 600 ;;
	few-10/s) steady_line 10 "$(scaled 10000)" 2500 3600 ;;
	few-1000/s) steady_line 1000 "$(scaled 10000)" 150 3600 ;;
	kill) loss_line ;;
	https) reports_by_https ;;
	mail) with_smtp reports_by_mail ;;
	backlog) with_smtp backlog_lines ;;
	day) large_day ;;
	days) many_days ;;
	upgrade) upgrade_line ;;
	intake) intake_line ;;
	*) say "scale has no row '$1'"; exit 2 ;;
	esac
}

scale_rows() {
	local name
	for name in "$@"; do
		scale_row "$name"
	done
}

# scale [ROW]...
scale() {
	local new=$build
	[ $# -gt 0 ] || set -- 100/s 1000/s 5000/s few-10/s few-1000/s kill \
		https mail backlog day days upgrade intake
	say "A million domains (SIZE=$SIZE), $(nproc) cores, load" \
		"$(cut -d ' ' -f 1 /proc/loadavg)"
	if [ -n "$OTHER" ]; then
		say "$OTHER:"
		build=$OTHER
		scale_rows "$@"
		build=$new
		say "$new:"
	fi
	scale_rows "$@"
}
