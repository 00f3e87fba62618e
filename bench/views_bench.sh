# views_bench.sh - how long a person waits for each view of the web page, with
# many domains.  Sourced by scripts/bench:
#
#     VIEWS_DOMAINS=100000 scripts/bench views
#
# 30 days of so many domains, which are closed, a tenth of them failing, the last
# day's reports in the archive; and today, as tlstallyd has it in the journal of
# counts.  Each view is asked of a server that was just started.

views_store() {
	local i n=${VIEWS_DOMAINS:-100000} conf=$work/views/store.conf late
	mkdir -p "$work/views"
	settings "$work/views/store"
	sed -i 's/^mode = all/mode = off/; s/^rehearsal = yes/&\nmap_size = 64G/' \
		"$conf"
	for i in $(seq 30 -1 2); do
		"$build/bench/fill_store" "$work/views/store" \
			"$(date -ud "$i days ago" +%F)" "$n" \
			mailto:tls@big.example
	done
	"$build/src/programs/tlstally" -c "$conf" run >"$work/run"
	"$build/bench/fill_store" "$work/views/store" \
		"$(date -ud yesterday +%F)" "$n" mailto:tls@big.example
	sed -i 's/^mode = off/mode = all/' "$conf"
	late=$(date -ud "12:00" +%FT%TZ)
	"$build/src/programs/tlstally" -c "$conf" rollup --now "$late" \
		>"$work/run"
	"$build/bench/send_all" "$conf" "$(date -ud "$late +1 hour" +%s)" \
		>"$work/sent"
	"$build/src/programs/tlstallyd" -f -c "$conf" 2>"$work/log" &
	daemon=$!
	pids="$pids $daemon"
	wait_for test -S "$work/tlsrpt.sock"
	wait_for grep -q counting "$work/log"
	"$build/tests/e2e/send_load" -n "$n" -d "$n" -z -f 10 -u 10 -w \
		"$work/tlsrpt.sock" >"$work/sent"
	sleep 1.5
	kill "$daemon"
	wait "$daemon" || { cat "$work/log"; exit 1; }
}

views() {
	say "The web page: each view, with 30 days of ${VIEWS_DOMAINS:-100000}" \
		"domains and today [the server: < 300 ms]"
	views_store
	npm_packages
	NPM_FOLDER=$build/npm node "$top/bench/www_views.mjs" "$work/views" \
		2>"$work/log" | while IFS=: read -r name figures; do
		case $name in
		ok* | FAIL* | *failed) ;;
		*) row "$name" "${figures# }" ;;
		esac
	done
	rm -rf --one-file-system "$work/views"
}
