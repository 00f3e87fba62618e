#!/bin/bash
# docs.sh - what the documents say is so: files are there, commands run,
# packages are those of the scripts, units hold before systemd
#
# make check runs it; by hand: srcdir=... tests/e2e/docs.sh in the build
# directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
make_folder

# Words that look like a file of the tree, from the text of README.
named_in_readme()
{
	grep -oE '\b(\.ci|bench|conf|doc|scripts|src|tests)/[A-Za-z0-9_./-]+' \
		"$src/README.md" | sed 's/[.]$//' | sort -u
}

# "intake/dgram.c" is in src/, "store/keys.h" too.
named_in_architecture()
{
	grep -oE '[a-z]+/[A-Za-z0-9_/.-]+\.(c|h|sh)\b' \
		"$src/doc/ARCHITECTURE.md" | grep -v NAME | sort -u
	grep -oE '\b(scripts|tests)/[a-z0-9]+' "$src/doc/ARCHITECTURE.md" |
		sort -u
}

is_there()
{
	[ -e "$src/$1" ] || [ -e "$build/$1" ] || [ -e "$src/src/$1" ]
}

check_files()
{
	for file in $(named_in_readme) $(named_in_architecture); do
		is_there "$file" || fail "$file is named but not there"
	done
	for layer in $(sed -n '/^|---/,/^$/s/^| \([a-z]*\)\/ .*/\1/p' \
		"$src/doc/ARCHITECTURE.md"); do
		[ -d "$src/src/$layer" ] || fail "src/$layer is no layer"
	done
}

check_packages()
{
	. "$src/scripts/packages.sh"
	readme=$(sed -n '/^    apt-get install/,/[^\\]$/p' "$src/README.md" |
		sed 's/apt-get install//' | tr -d '\\')
	for package in $BUILD_PACKAGES; do
		echo "$package"
	done | sort >"$dir/want"
	for package in $readme; do
		echo "$package"
	done | sort >"$dir/got"
	diff "$dir/want" "$dir/got" ||
		fail "README installs other packages than scripts/packages.sh"
}

write_settings()
{
	cat >"$dir/conf" <<-EOF
	[report]
	contact_info = tls-reports@example.net
	[store]
	directory = $dir/store
	map_size = 1G
	rehearsal = yes
	[events]
	socket = unix:$dir/events
	socket_owner =
	socket_group =
	commit_interval = 50ms
	[policy]
	resolver = inet:127.0.0.1:1
	[policyd]
	socket = inet:127.0.0.1:$policyd
	socket_owner =
	socket_group =
	timeout = 200ms
	[deliver]
	mail = sendmail:/bin/false
	EOF
	mkdir "$dir/store"
}

count_something()
{
	start_daemon tlstallyd "counting events"
	"$e2e/send_datagrams" "$dir/events" \
		"$src/tests/data/datagrams/library.jsonl" >/dev/null
	stop "$pid" || fail "tlstallyd" "$dir/tlstallyd.log"
}

# Yesterday of another host, which counted nothing.
make_other_day()
{
	mkdir "$dir/other"
	start_daemon tlstallyd "counting events" -o "store.directory=$dir/other"
	stop "$pid" || fail "tlstallyd" "$dir/tlstallyd.log"
	"$bin/tlstally" -c "$dir/conf" -o "store.directory=$dir/other" \
		-o fleet.name=mx2.example.com export "$dir/mx2.tally" \
		2>"$dir/err" || fail "no day of another host" "$dir/err"
	cat >"$dir/ask" <<-EOF
	#!/bin/sh
	exec $bin/tlstally -c $dir/conf -o store.directory=$dir/other fetcher "\$@"
	EOF
	chmod +x "$dir/ask"
}

# A mailbox with what another site reports.
make_mailbox()
{
	cat >"$dir/reports.mbox" <<-EOF
	From tls@sender.example  Mon Mar  2 00:10:00 2026
	From: tls@sender.example
	Content-Type: application/tlsrpt+json

	{"report-id": "1@sender.example", "policies": [],
	 "date-range": {"start-datetime": "2026-03-01T00:00:00Z",
	  "end-datetime": "2026-03-01T23:59:59Z"}}
	EOF
}

# Settings and maps of a tlsrpt-reporter, and what its collector left.
make_collectd()
{
	mkdir "$dir/tlsrpt"
	printf '%s\n' "[tlsrpt_collectd]" "socketname = $dir/events" \
		>"$dir/tlsrpt/collectd.cfg"
	printf '%s\n' "[tlsrpt_reportd]" "contact_info = tls@example.net" \
		"tlsrpt_record_map = record.map" >"$dir/tlsrpt/reportd.cfg"
	echo ".example.com DISCARD" >"$dir/tlsrpt/record.map"
	command -v sqlite3 >/dev/null || return
	sqlite3 "$dir/tlsrpt/collectd.sqlite" <<-EOF
	CREATE TABLE finalresults(day, domain, tlsrptrecord, policy, cntrtotal,
		cntrfailure);
	CREATE TABLE failures(day, domain, tlsrptrecord, policy, reason, cntr);
	CREATE TABLE daystatus(daycomplete);
	CREATE TABLE dbversion(version, installdate, purpose);
	INSERT INTO dbversion VALUES(1, '', 'TLSRPT-Collectd-DB-devel-2024-10-28');
	INSERT INTO daystatus VALUES('$(date -u -d yesterday +%F)');
	INSERT INTO finalresults VALUES('$(date -u -d yesterday +%F)', 'a.example',
		'', '{"policy-type": 9, "policy-domain": "a.example"}', 1, 0);
	EOF
}

# What the examples call report.json, and the id that it got.
make_report()
{
	cat >"$dir/report.json" <<-EOF
	{"domain": "example.com", "mailRua": ["tls@example.com"],
	 "createdAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
	 "deliverAt": "2029-03-02T01:00:00Z",
	 "report": {"reportId": "1@example.net",
	  "dateRangeStart": "2026-03-01T00:00:00Z",
	  "dateRangeEnd": "2026-03-01T23:59:59Z", "policies": []}}
	EOF
	report=$("$bin/tlstally" -c "$dir/conf" create \
		tls-internal-report --file "$dir/report.json") ||
		fail "no report made"
}

# Commands of our own that the documents show, one a line, for this host: with
# the store's report, our server, and a resolver that does not answer.
for_here()
{
	sed "s| *#.*||; s/ | .*//; s|/[a-z/]*/backups/|$dir/|
		s|--into [^ ]*|--into $dir/translated|
		s|-c /tmp/tlstally.conf|-c $dir/translated|
		s|/etc/tlsrpt/|$dir/tlsrpt/|g; s|/var/lib/tlsrpt/|$dir/tlsrpt/|
		s|/root/tlstally|$dir/before|; s|report\.json|$dir/&|
		s|import /var/tmp/mx1|import $dir/mx2|; s|/var/tmp/mx1|$dir/mx1|
		s|tlstally fetch .*|& -o fleet.name=mx1.example.com -o fleet.fetchers=mx2.example.com=$dir/ask|
		s|receive [-/a-z]*\.mbox|receive $dir/reports.mbox|
		s/b0000000001g0/$report/
		s|https://tally.example.com:8460|http://127.0.0.1:$port|
		s|/etc/tlstally/key|$dir/key|
		s|@db.example.com/|@127.0.0.1:1/|
		s|^tlstally posture$|& -o received.domains=example.com|
		s|^\(tlstally lookup [^ ]*\).*|\1 --resolver 127.0.0.1:1|
		s|^\(tlstally posture [a-z][^ ]*\).*|\1 --resolver 127.0.0.1:1|"
}

shown_commands()
{
	{
		sed -n 's/^    \(tlstally [a-z].*\)/\1/p' "$src/README.md" |
			sed 's/^tlstally run .*/tlstally run/' |
			grep -v '^tlstally \.\.\.'
		sed -n 's/^    \(tlstally [a-z].*\)/\1/p' \
			"$src/debian/README.Debian"
		sed -n '/^.Sh EXAMPLES/,/^.Sh SEE/s/^\(.Dl \)*\(tlstally .*\)/\2/p' \
			"$build/doc/tlstally.1"
		sed -n '/^.Bd/,/^.Ed/s/^tlstally .*/&/p' \
			"$build/doc/tlstally-httpd.8"
	} | for_here
}

# Each command's own help has one, but for those that take nothing.
help_examples()
{
	"$bin/tlstally" --help |
		sed -n '/^commands:/,/^options:/s/^  \([-a-z]*\( [a-z]*\)\?\).*/\1/p' |
		while read -r words; do
			# shellcheck disable=SC2086
			"$bin/tlstally" help $words |
				sed -n 's/^example: //p'
		done | for_here
}

# What is shown of setup is tried with a copy of this host's Postfix, and with
# no systemd and no master(8) to tell.
make_postfix()
{
	mkdir "$dir/fake"
	for program in systemctl postfix; do
		printf '#!/bin/sh\necho offline\nexit 1\n' >"$dir/fake/$program"
		chmod +x "$dir/fake/$program"
	done
	cp -R "$(postconf -h config_directory)" "$dir/postfix"
	rm -f "$dir/postfix/tlstally-setup.json"
	: >"$dir/ca.pem"
	MAIL_CONFIG=$dir/postfix postconf -e smtp_tls_security_level=may \
		smtp_tls_CApath= "smtp_tls_CAfile=$dir/ca.pem"
}

# Quotes in them count; all of the text is ours.  What asks tlstally-policyd
# finds it.
run_command()
{
	local asked=
	eval "set -- $1"
	shift
	case " $* " in
	# at midnight it is not over yet
	*" yesterday "*) set -- "$@" --now "$(date -u +%F)T12:00:00Z" ;;
	*" policy "* | *" --policyd yes "*)
		start_daemon tlstally-policyd answering
		asked=$pid
		;;
	*" --into "*) rm -f "$dir/translated" ;;
	esac
	PATH=$dir/fake:$PATH MAIL_CONFIG=$dir/postfix \
		"$bin/tlstally" -c "$dir/conf" "$@" </dev/null >"$dir/out" \
		2>"$dir/log"
	status=$?
	[ -z "$asked" ] || stop "$asked"
	case $*/$status in
	# what is found is the host's
	doctor/[01]) ;;
	doctor*/[012]) grep -q '^TLSTALLY ' "$dir/out" ;;
	fetch*/1) grep -q 'no host is fetched' "$dir/log" ;;
	import*sqlite*/1) grep -q 'without libsqlite3' "$dir/log" ;;
	lookup*/1) grep -q 'no answer from DNS' "$dir/log" ;;
	# no database is here: tests/e2e/ledger.py has one
	fleet*/1) grep -q 'there is no fleet' "$dir/log" ;;
	*fleet*init/1) grep -q 'Connection refused' "$dir/log" ;;
	policy*/1) grep -q 'cannot ask tlstally-policyd' "$dir/log" ;;
	rollup*yesterday*/1) grep -q 'nothing was counted' "$dir/log" ;;
	*) return $status ;;
	esac
}

# What an example takes for granted.
prepare()
{
	case $1 in
	*"token remove "*) set -- token add grafana --permission all ;;
	*"suppress remove "*) set -- suppress add tls@example.com ;;
	*" restore "*) set -- backup --force "$dir/tlstally.mdb" ;;
	*"feed retire "*)
		"$e2e/put_feed" "$dir/store" "${1##* }" 600
		return
		;;
	*" resend "*)
		"$bin/tlstally" -c "$dir/conf" deliver --id "$report" --now \
			>/dev/null 2>&1
		set -- deliver --id "$report" \
			--now "$(date -u -d '2 days' +%Y-%m-%dT%H:%M:%SZ)"
		;;
	*) return ;;
	esac
	"$bin/tlstally" -c "$dir/conf" "$@" >/dev/null 2>&1
}

# Each on a store as it was at first.
check_help_examples()
{
	help_examples >"$dir/examples"
	[ "$(wc -l <"$dir/examples")" -gt 25 ] || fail "help has few examples"
	command -v postconf >/dev/null || sed -i '/ setup /d' "$dir/examples"
	command -v sqlite3 >/dev/null || sed -i '/sqlite/d' "$dir/examples"
	cp -R "$dir/store" "$dir/store.first"
	while read -r command; do
		rm -r "$dir/store"
		cp -R "$dir/store.first" "$dir/store"
		prepare "$command"
		run_command "$command" || fail "help: $command: $(cat "$dir/log")"
		echo "ran: $command"
	done <"$dir/examples"
	rm -r "$dir/store"
	mv "$dir/store.first" "$dir/store"
}

start_server()
{
	start_daemon tlstally-httpd serving -o "http.listen=inet:127.0.0.1:$port" \
		-o http.metrics=
	server=$pid
}

# The requests that README and tlstally-httpd(8) show.
check_curl()
{
	command -v curl >/dev/null || {
		skip_part "curl" "curl is missing"
		return
	}
	python3 - "$src/README.md" "$build/doc/tlstally-httpd.8" \
		>"$dir/requests" <<-'EOF'
	import re, sys
	readme, manual = (open(name).read() for name in sys.argv[1:])
	print(*re.findall(r"^    (curl (?:.*\n)+?.*127\.0\.0\.1:8460\S*)$", readme, re.M),
	      *re.findall(r"^\.Dl (curl .*)$", manual, re.M), sep="\0", end="\0")
	EOF
	count=0
	while IFS= read -r -d '' request; do
		request=$(echo "$request" | sed "s/127.0.0.1:8460/127.0.0.1:$port/
			s/TOKEN/$(cat "$dir/key")/; s/^ *curl /curl -sS --fail /")
		eval "$request" >"$dir/out" 2>"$dir/log" ||
			fail "$request: $(cat "$dir/log")"
		grep -q '^ok\|queryState' "$dir/out" ||
			fail "$request: $(cat "$dir/out")"
		count=$((count + 1))
	done <"$dir/requests"
	[ "$count" -ge 2 ] || fail "the documents show $count requests"
}

check_commands()
{
	policyd=$(free_ports 1)
	write_settings
	count_something
	make_other_day
	make_mailbox
	make_collectd
	make_report
	port=$(free_ports 1)
	"$bin/tlstally" -c "$dir/conf" token add docs --permission all \
		>"$dir/key" || fail "token add"
	shown_commands >"$dir/commands"
	command -v sqlite3 >/dev/null || sed -i '/sqlite/d' "$dir/commands"
	if command -v postconf >/dev/null; then
		make_postfix
	else
		echo "without Postfix: tlstally setup is not run"
		sed -i '/^tlstally setup/d' "$dir/commands"
	fi
	start_server
	check_curl
	stop "$server" || fail "tlstally-httpd" "$dir/tlstally-httpd.log"
	check_help_examples
	grep -q " backup --force $dir/" "$dir/commands" ||
		fail "the documents show no nightly backup"
	[ "$(wc -l <"$dir/commands")" -gt 15 ] ||
		fail "the documents show hardly any commands"
	while read -r command; do
		case $command in
		*" --url "*) start_server ;;
		*" token add "*)
			"$bin/tlstally" -c "$dir/conf" token remove admin \
				2>/dev/null
			;;
		*" feed retire "*) prepare "$command" ;;
		esac
		run_command "$command" || fail "$command: $(cat "$dir/log")"
		# there are more nights than one
		case $command in
		*" backup --force "*)
			run_command "$command" ||
				fail "$command, again: $(cat "$dir/log")"
			;;
		esac
		echo "ran: $command"
	done <"$dir/commands"
	for file in "$build/conf/tlstally.conf" "$src/conf/tlstally.conf"; do
		[ ! -e "$file" ] || "$bin/tlstally" -c "$file" \
			-o report.contact_info=tls@example.net conf --check ||
			fail "the sample settings do not hold"
	done
}

# The example of tlstally-logd(8) that needs no log of this host; what the
# recorded log says was delivered on loopback, so nobody is looked up.
check_logd()
{
	command=$(sed -n 's/^\.Dl \(zcat .*tlstally-logd .*\)/\1/p' \
		"$build/doc/tlstally-logd.8" |
		sed "s|mail.log.2.gz|$dir/mail.log.2.gz|; s|/tmp/look|$dir/look|
			s|tlstally-logd|$bin/tlstally-logd -f -c $dir/conf|")
	[ -n "$command" ] || fail "tlstally-logd(8) has no example to run"
	gzip -c "$src/tests/data/maillog-3.7/dane-ok.log" >"$dir/mail.log.2.gz"
	mkdir "$dir/look"
	eval "$command" 2>"$dir/log" || fail "$command: $(cat "$dir/log")"
	grep -q "read 6 lines: 1 deliveries" "$dir/log" ||
		fail "$command: $(cat "$dir/log")"
	echo "ran: $command"
}

# The programs are where this build has them, not where they will be.
check_units()
{
	command -v systemd-analyze >/dev/null || {
		skip_part "units" "systemd-analyze is missing"
		return
	}
	mkdir "$dir/units"
	for unit in tlstally.service tlstally.timer tlstally-logd.service \
		tlstally-httpd.service tlstally-milter.service \
		tlstally-policyd.service tlstally-policyd.socket \
		tlstallyd.service tlstallyd.socket; do
		from=$build/conf/$unit
		[ -e "$from" ] || from=$src/conf/$unit
		sed "s|^ExecStart=[^ ]*/\(tlstally[a-z-]*\) |ExecStart=$bin/\1 |" \
			"$from" >"$dir/units/$unit"
	done
	systemd-analyze verify --man=no --recursive-errors=no \
		"$dir"/units/* >"$dir/said" 2>&1 || fail "units: status $?"
	grep "$dir\|tlstally" "$dir/said" && fail "units"
	echo "verified: nine units"
}

# What README stops and starts are units of ours.
check_unit_names()
{
	sed -n 's/^    systemctl [a-z -]* \(tlstally.*\)/\1/p' "$src/README.md" |
		sed 's/ *#.*//; s/ &&.*//' | tr ' ' '\n' | sort -u >"$dir/names"
	[ "$(wc -l <"$dir/names")" -gt 4 ] ||
		fail "README shows hardly any units"
	while read -r unit; do
		case $unit in
		*.*) ;;
		*) unit=$unit.service ;;
		esac
		[ -e "$build/conf/$unit" ] || [ -e "$src/conf/$unit" ] ||
			fail "README names $unit, which is not there"
	done <"$dir/names"
}

check_files
check_unit_names
check_packages
check_commands
check_logd
check_units
end_test
