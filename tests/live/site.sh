#!/bin/sh
# site.sh SUITE FOLDER - what happens to the package on a booted Debian, from its
# installation to its purge
#
# FOLDER is what roots.sh has made.  Each check is a line, "ok: ..." or "FAIL:
# ...", with what was seen below it.  scripts/check-live runs it, as root.
suite=$1
folder=$2
live=$(cd "$(dirname "$0")" && pwd)
srcdir=$live/../..
machine=tlstally-$suite-$$
nspawn=
socket=/var/spool/postfix/run/tlsrpt/tlsrpt.sock
conf=/etc/tlstally/tlstally.conf
. "$srcdir/tests/e2e/testlib.sh"
. "$live/guest.sh"
WAIT_SECS=120
make_folder
guest=$folder/guest

clean_up()
{
	guest_end
}

# check WHAT COMMAND...: which tells more when it fails
check()
{
	local what=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok: $what"
	else
		fail "$what" "$dir/said"
	fi
}

# --- the guest and what it finds there ---

# What is there before the first boot
furnish()
{
	rm -rf --one-file-system "$guest"
	opt=$guest/up/opt/live
	etc=$guest/up/etc
	mkdir -p "$opt/good" "$opt/plain" "$opt/web" \
		"$etc/unbound/unbound.conf.d" \
		"$etc/systemd/system/multi-user.target.wants"
	cp "$live"/world/* "$folder"/programs/* "$src/tests/fake/smtp_sink.py" \
		"$src/tests/fake/https_sink.py" "$opt"
	cp "$folder/before.deb" "$folder/after.deb" "$opt"
	chmod 644 "$opt"/*.deb
	cp "$live/world/unbound.conf" "$etc/unbound/unbound.conf.d/live.conf"
	echo "nameserver 127.0.0.1" >"$etc/resolv.conf"
	echo "sender.test" >"$etc/mailname"
	# port 25 of the other addresses is the receivers'
	mkdir -p "$etc/postfix"
	sed 's/^inet_interfaces *=.*/inet_interfaces = loopback-only/' \
		"$folder/base/etc/postfix/main.cf" >"$etc/postfix/main.cf"
	for unit in live-world.service live-web.service; do
		cp "$live/world/$unit" "$etc/systemd/system"
		ln -s "../$unit" "$etc/systemd/system/multi-user.target.wants"
	done
	cp "$live/world/postfix@load.service" "$etc/systemd/system"
	echo 0 >"$opt/ahead"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$opt/key" -out "$opt/cert" -days 30 \
		-subj /CN=mx.good.test \
		-addext subjectAltName=DNS:mx.good.test,DNS:reports.test \
		2>/dev/null
}

active()
{
	for unit; do
		[ "$(in_guest systemctl is-active "$unit")" = active ] || return
	done
}

property()
{
	in_guest systemctl show -P "$2" "$1"
}

# One word a unit
states()
{
	in_guest systemctl is-active "$@" | paste -s -d ' '
}

enabled()
{
	in_guest systemctl is-enabled "$@" 2>&1 | paste -s -d ' '
}

setting()
{
	in_guest sed -i "s,^\[$1\],&\n$2," $conf
}

install_deb()
{
	in_guest env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confold install "$1"
}

mail()
{
	in_guest python3 /opt/live/mail.py "$@"
}

# --- the truth, and what was counted ---

# Domains of the load, and the sinks' connections: each is a session
truth()
{
	cat "$dir"/truth.* 2>/dev/null | awk '
		{ s[$1] += $2; f[$1] += $3 }
		END { for (d in s) print d, s[d], f[d] }'
	sessions good '{ if (NR) print "good.test", NR, 0 }'
	# Postfix sends no event of a receiver without STARTTLS that need not
	# have it; its log says so
	[ "$suite" != bookworm ] ||
		sessions plain '{ if (NR) print "plain.test", 0, NR }'
}

sessions()
{
	in_guest cat "/opt/live/$1/connections" 2>/dev/null | awk "END $2"
}

counted()
{
	in_guest setpriv --reuid tlstally --regid tlstally --clear-groups \
		/opt/live/store_totals /var/lib/tlstally 2>/dev/null
}

counted_all()
{
	truth | LC_ALL=C sort >"$dir/want"
	counted | LC_ALL=C sort >"$dir/got"
	cmp -s "$dir/want" "$dir/got"
}

check_counted()
{
	if wait_until counted_all; then
		echo "ok: $1: $(awk '{ n += $2 + $3 }
			END { print n " sessions of " NR " domains" }' \
			"$dir/want")"
	else
		diff "$dir/want" "$dir/got" >"$dir/said"
		fail "$1: wanted (<) and got (>)" "$dir/said"
	fi
}

queue_is_empty()
{
	in_guest postqueue -f
	[ -z "$(in_guest postqueue -j)" ]
}

# All mails that Postfix took are with their receivers, none twice: that would be
# NAME-2.eml.  Who sent them may have been ended before he noted the last one.
check_mails()
{
	expect_soon "$1: the queue is empty" queue_is_empty
	in_guest cat /opt/live/taken | LC_ALL=C sort >"$dir/taken"
	for domain in good plain; do
		in_guest ls "/opt/live/$domain" |
			sed -n "s/\.eml\$/@$domain.test/p"
	done | grep '^[a-z]*[0-9]' | LC_ALL=C sort >"$dir/received"
	expect "$1: $(wc -l <"$dir/taken") mails arrived, once each" "" \
		"$(LC_ALL=C comm -23 "$dir/taken" "$dir/received")$(
			grep '[a-z][0-9]*[a-z]*-' "$dir/received")"
}

start_load()
{
	in_guest rm -f /opt/live/truth
	in_guest systemctl start postfix@load
}

# end_load NAME: what it sent is in truth.NAME
end_load()
{
	in_guest systemctl stop postfix@load
	keep_truth "$1"
}

keep_truth()
{
	in_guest cat /opt/live/truth >"$dir/truth.$1"
}

# --- one after the other ---

files()
{
	in_guest find / -xdev \( -path /proc -o -path /sys -o -path /dev \
		-o -path /run -o -path /tmp -o -path /var/log \
		-o -path /var/cache -o -path /var/lib/dpkg \
		-o -path /var/lib/apt -o -path /var/tmp \
		-o -path /opt/live -o -path /root \
		-o -path "/var/spool/postfix/[a-z]*/*" \) -prune -o -print |
		LC_ALL=C sort
}

try_installation()
{
	files >"$dir/files.before"
	check "the package is installed" install_deb /opt/live/before.deb
	expect "socket, daemon and timer are enabled" \
		"enabled enabled enabled" \
		"$(enabled tlstallyd.socket tlstallyd.service tlstally.timer)"
	expect "and run" "active active active" \
		"$(states tlstallyd.socket tlstallyd tlstally.timer)"
	expect "what not every site needs is not enabled" \
		"disabled disabled disabled disabled disabled" \
		"$(enabled tlstally-logd tlstally-milter tlstally-httpd \
			tlstally-policyd.socket tlstally-policyd)"
	expect "and does not run" \
		"inactive inactive inactive inactive inactive" \
		"$(states tlstally-logd tlstally-milter tlstally-httpd \
			tlstally-policyd.socket tlstally-policyd)"
	in_guest timeout 30 /opt/live/send_load -w -n 200 -d 10 -t /opt/live/truth \
		-R "v=TLSRPTv1; rua=mailto:load@good.test" $socket \
		>"$dir/said"
	keep_truth first
	check_counted "without any setting made, events are counted"
}

# What Postfix cannot know of the guest's world
set_up()
{
	in_guest postconf smtp_tls_security_level=may smtp_tls_loglevel=1 \
		myhostname=mail.sender.test
	for line in "contact_info = tls-reports@sender.test" "mode = all"; do
		in_guest sed -i "/^${line%% *} *=/d" $conf
		setting report "$line"
	done
	setting deliver "spread = 0s\nhttps_ca_file = /opt/live/cert\nhttps_allow_private = yes"
	# the load is of the socket everywhere, and Debian 12's mail of the log
	setting log "allow_both = yes"
}

try_setup()
{
	set_up
	check "the settings are in order" in_guest tlstally conf --check
	check "setup --apply" in_guest tlstally setup --apply --policyd yes
	if [ "$suite" = bookworm ]; then
		expect "which chose the log" active "$(states tlstally-logd)"
		in_guest systemctl -q enable --now tlstallyd.socket tlstallyd
	else
		expect "which chose the events" yes \
			"$(in_guest postconf -h smtp_tlsrpt_enable)"
	fi
	in_guest systemctl -q enable --now tlstally-httpd tlstally-milter
	in_guest systemctl restart tlstallyd
	map=QUERYwithTLSRPT
	[ "$suite" != bookworm ] || map=QUERY
	expect "Postfix asks the policy service" \
		"socketmap:unix:run/tlstally/policyd.sock:$map" \
		"$(in_guest postconf -h smtp_tls_policy_maps)"
	check "which answers" in_guest tlstally policy good.test
	expect_soon "every daemon that is wanted runs" active $SOCKETS $RUN
	mail first 20 good.test plain.test
	check_mails "real mail"
	check_counted "its sessions are counted"
	check "the next run is within the timer's 5 minutes" is_due
	# the load's events are not of Debian 12's Postfix
	if [ "$suite" = bookworm ]; then
		expect "doctor minds the events" "bad postfix /etc/postfix" \
			"$(findings bad)"
	else
		expect "doctor finds nothing bad" "" "$(findings bad)"
		expect "and something good" "good feed" \
			"$(findings good | grep feed)"
	fi
}

# findings GRADE: of doctor, a line "GRADE CHECK [ABOUT]" for each
findings()
{
	in_guest tlstally doctor --json >"$dir/doctor" 2>/dev/null
	in_guest python3 -c 'import json, sys
for check in json.load(sys.stdin)["checks"]:
    if check["grade"] == sys.argv[1]:
        print(*filter(None, map(check.get, ("grade", "check", "about"))))' \
		"$1" <"$dir/doctor"
}

is_due()
{
	in_guest systemctl list-timers --no-pager tlstally.timer
	left=$(($(date -d "$(property tlstally.timer \
		NextElapseUSecRealtime)" +%s) - $(date +%s)))
	[ $left -le 330 ]
}

try_units()
{
	for unit in $RUN tlstally; do
		check "$unit: systemd-analyze security, at most 2.0" \
			in_guest systemd-analyze security --no-pager \
			--threshold=20 "$unit.service"
	done
	for unit in $RUN; do
		check "$unit: ended as soon as it has begun, without a fault" \
			short_life "$unit"
		in_guest systemctl kill --kill-who=main --signal=TERM "$unit"
	done
	expect_soon "a SIGTERM of others does not keep them away" \
		active $RUN
}

short_life()
{
	for _ in 1 2 3; do
		begin "$1" && in_guest systemctl stop "$1" || return
		[ "$(property "$1" Result)" = success ] || return
	done
	begin "$1"
}

# Debian 13's systemd starts nothing when it removes the unit's cgroup, empty
# since a moment, just then; the next try, the unit's own at other times, finds
# none and makes it.
begin()
{
	in_guest systemctl restart "$1" && return
	[ "$(property "$1" Result)" = resources ] &&
		in_guest systemctl restart "$1"
}

# What ends at once, again and again, until somebody sees the mistake
try_failures()
{
	in_guest cp -p $conf /opt/live/conf
	in_guest sh -c "echo 'nonsense = 1' >>$conf"
	for _ in 1 2 3 4 5 6 7; do
		in_guest systemctl restart $RUN 2>/dev/null
	done
	expect "after seven failing starts the sockets are there" \
		"active active" "$(states $SOCKETS)"
	expect "and takes events" "sent 400 lost 0" "$(in_guest \
		/opt/live/send_load -o -n 400 -d 10 -t /opt/live/truth \
		-R "v=TLSRPTv1; rua=mailto:load@good.test" $socket)"
	keep_truth failing
	expect_soon "systemd says which daemons fail" are_restarting
	in_guest cp -p /opt/live/conf $conf
	expect_soon "the mistake mended, all of them run again by themselves" \
		active $RUN
	check_counted "and nothing was lost"
}

are_restarting()
{
	for unit in $RUN; do
		[ "$(property "$unit" SubState)" = auto-restart ] &&
			[ "$(property "$unit" NRestarts)" -gt 0 ] || return
	done
}

try_restarts()
{
	start_load
	mail restarts 40 good.test plain.test &
	sender=$!
	for _ in 1 2 3 4 5; do
		sleep 1
		in_guest systemctl restart $RUN
	done
	wait $sender
	end_load restarts
	check_mails "restarts under load"
	expect "no mail was deferred by Postfix's smtp(8)" "" \
		"$(in_guest journalctl -q -t postfix/smtp -o cat |
			grep status=deferred)"
	check_counted "restarts under load"
}

try_upgrade()
{
	in_guest cp -p /usr/sbin/tlstallyd /usr/sbin/tlstallyd.new
	in_guest mv /usr/sbin/tlstallyd.new /usr/sbin/tlstallyd
	expect "doctor sees a daemon whose program was replaced" \
		"bad binaries tlstallyd" "$(findings bad | grep binaries)"
	start_load
	mail upgrade 40 good.test plain.test &
	sender=$!
	check "upgrade under load" install_deb /opt/live/after.deb
	wait $sender
	end_load upgrade
	expect "the higher version is there" yes \
		"$(in_guest dpkg-query -W -f '${Version}' tlstally |
			grep -q live && echo yes)"
	expect_soon "every daemon runs" active $SOCKETS $RUN
	check "from the new files" runs_new_files
	expect "as doctor sees, too" "good binaries" \
		"$(findings good | grep binaries)"
	check_mails "upgrade under load"
	check_counted "upgrade under load"
}

runs_new_files()
{
	for unit in $RUN; do
		case $(in_guest readlink \
			"/proc/$(property "$unit" MainPID)/exe") in
		"" | *deleted*) return 1 ;;
		esac
	done
}

# Events are sent until Postfix and its other instances are stopped.
try_reboot()
{
	start_load
	in_guest systemd-run -q --unit=mail python3 /opt/live/mail.py \
		reboot 0 good.test plain.test
	sleep 2
	check "reboot under load" guest_reboot
	keep_truth reboot
	expect_soon "every daemon runs after it" active \
		$SOCKETS tlstally.timer $RUN
	check_mails "reboot under load"
	check_counted "reboot under load"
}

# The day is over when the next boot has a later one.  What systemd starts has
# clocks of its own: those of a namespace cannot be set.  The boot clock is one
# of them, for where a unit has a /proc of its own (ProtectProc=) it sees the
# host's boot there, which goes on while the guest is down.
try_next_day()
{
	for unit in $RUN tlstally; do
		in_guest mkdir -p "/etc/systemd/system/$unit.service.d"
		in_guest sh -c "printf '%s\n' '[Service]' \
			Environment=LD_PRELOAD=/opt/live/set_clock.so \
			Environment=SET_CLOCK=/opt/live/ahead \
			Environment=SET_CLOCK_ASLEEP=1 \
			>/etc/systemd/system/$unit.service.d/clock.conf"
	done
	in_guest mv /etc/resolv.conf /etc/resolv.conf.away
	check "a boot a day later, without a resolver" guest_reboot \
		set_ahead 90000
	expect_soon "every daemon runs" active $SOCKETS $RUN
	in_guest mv /etc/resolv.conf.away /etc/resolv.conf
	in_guest systemctl stop tlstally.timer
	truth | LC_ALL=C sort >"$dir/want"
	log_of_runs >/dev/null
	expect_soon "every feed has counted to the end of the day" day_counted
	expect_soon "a run that sends reports" sent_all
	check "which have all that was counted" diff "$dir/want" \
		"$dir/got"
	# the destinations of a run are one line; a second run may find more
	log_of_runs >"$dir/runs"
	check "says how many, and systemd says nothing" one_line_a_run
	for _ in 1 2 3 4 5; do
		in_guest systemctl start tlstally.service
	done
	expect "five runs that have nothing to do leave no line" "" \
		"$(log_of_runs)"
}

# What has come since it was read before
log_of_runs()
{
	in_guest journalctl -q --sync
	in_guest journalctl -q -u tlstally.service -o cat \
		--cursor-file=/opt/live/cursor
}

set_ahead()
{
	echo "$1" >"$guest/up/opt/live/ahead"
}

day_counted()
{
	in_guest tlstally status --json >"$dir/status"
	grep '"countedUntil"' "$dir/status"
	grep -q '"countedUntil"' "$dir/status" &&
		! grep -q "\"countedUntil\": \"$(date -u +%F)" "$dir/status"
}

sent_all()
{
	in_guest systemctl start tlstally.service
	in_guest postqueue -f
	in_guest python3 /opt/live/sums.py /opt/live/good /opt/live/web \
		>"$dir/got"
	cmp -s "$dir/want" "$dir/got"
}

one_line_a_run()
{
	cat "$dir/runs"
	awk '{ if ($0 ~ /delivered/) n++; else other++ }
		END { exit !(n == 1 && other == 0) }' "$dir/runs"
}

try_removal()
{
	in_guest sh -c 'rm -r /etc/systemd/system/tlstally*.service.d'
	in_guest systemctl daemon-reload
	check "remove" in_guest apt-get -q -y remove tlstally
	expect "the settings of Postfix are as before" "" \
		"$(in_guest postconf -n | grep -i 'tlsrpt\|8892\|policyd')"
	check "settings and store stay" in_guest test -e $conf -a \
		-e /var/lib/tlstally/data.mdb
	check "installed again" install_deb /opt/live/after.deb
	expect "the daemon runs" "active active active" \
		"$(states tlstallyd.socket tlstallyd tlstally.timer)"
	# the sessions of reports are not counted
	expect "and has all that was counted" "$(cat "$dir/want")" \
		"$(counted | LC_ALL=C sort)"
	check "purge" in_guest apt-get -q -y purge tlstally
	expect_soon "no unit is left" no_units
	files >"$dir/files.after"
	# Postfix's own, when it has sent with TLS
	expect "nothing is left" "" \
		"$(LC_ALL=C comm -13 "$dir/files.before" "$dir/files.after" |
			grep -v '^/var/lib/postfix/' | head -n 20)"
	check "Postfix still delivers" mail after 1 good.test
	check_mails "after the purge"
}

# The name of a unit without a file systemd forgets when it likes.
no_units()
{
	in_guest systemctl list-unit-files --no-legend 'tlstally*' >"$dir/units"
	in_guest systemctl list-units --all --no-legend --plain 'tlstally*' |
		awk '$2 != "not-found" || $3 != "inactive"' >>"$dir/units"
	cat "$dir/units"
	[ ! -s "$dir/units" ]
}

SOCKETS="tlstallyd.socket tlstally-policyd.socket"
RUN="tlstallyd tlstally-milter tlstally-policyd tlstally-httpd"
[ "$suite" != bookworm ] || RUN="$RUN tlstally-logd"
furnish
guest_boot
wait_until guest_is_up || die "the guest does not boot" "$guest/console"
try_installation
try_setup
try_units
try_failures
try_restarts
try_upgrade
try_reboot
try_next_day
try_removal
end_test
