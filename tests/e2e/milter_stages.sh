# Part of milter.sh: what happens, and what must be counted of it.

inbound_is()
{
	"$bin/tests/e2e/milter_totals" "$store" >"$dir/totals" &&
		mail inbound-is "$dir/totals"
}

# all_counted WHAT: every message is where it was sent to, and counted once
all_counted()
{
	holds "$1: mail arrived as it was sent" 20 mail arrived
	holds "$1: all of it is counted" 10 inbound_is
}

inbound_stage()
{
	mail inbound || die "the mail is not taken" "$dir/site.log"
	all_counted "TLS and clear text"
	for domain in site.test other.test; do
		tlstally inbound $domain --json >"$dir/shown"
		holds "tlstally inbound $domain" 1 mail shown-is "$dir/shown"
	done
}

# sessions DOMAIN RUA: one event
sessions()
{
	echo "{\"d\":\"$1\",\"pr\":\"v=TLSRPTv1; rua=mailto:$2\"," \
		"\"policies\":[{\"policy-type\":9,\"policy-domain\":\"$1\"," \
		"\"t\":0,\"f\":0}]}"
}

count_sessions()
{
	{
		for user in tls nobody; do
			sessions $user.sender.test $user@dead.test
		done
		for user in gone hates slow; do
			sessions $user.sender.test $user@far.test
		done
	} | sed 's/tls@dead.test/tls@good.test/' >"$dir/events"
	ip netns exec "$net" "$bin/src/programs/tlstallyd" -f -c "$dir/conf" \
		2>"$dir/tlstallyd.log" &
	counting=$!
	wait_until 10 grep -q "counting events" "$dir/tlstallyd.log" ||
		die "tlstallyd does not start" "$dir/tlstallyd.log"
	"$bin/tests/e2e/send_datagrams" "$dir/run/events" "$dir/events"
	kill -TERM $counting
	wait $counting
	expect "tlstallyd ends" 0 $?
}

# totals WHAT [DOMAIN...]: those lines of milter_totals, as one
totals()
{
	totals_of=$1
	shift
	"$bin/tests/e2e/milter_totals" "$store" "$@" |
		sed -n "s/^$totals_of //p" | tr '\n' ' ' | sed 's/ $//'
}

# totals_are WANTED WHAT...
totals_are()
{
	totals_wanted=$1
	shift
	totals_got=$(totals "$@")
	[ "$totals_got" = "$totals_wanted" ] || { echo "$totals_got"; return 1; }
}

# The sink numbers what comes to the same address.
reported()
{
	ls "$dir/sink"/tls*.env
}

reports_stage()
{
	count_sessions
	tlstally run --now "${tomorrow}T06:00:00Z" >"$dir/run.out" 2>&1
	expect "tlstally run" 0 $?
	holds "the report is there" 20 reported
	sender=$(sed -n 's/^from FROM:<\([^>]*\)>.*/\1/p' "$dir/sink"/tls*.env)
	expect "its envelope sender has a token of 128 bits" \
		"tls-reports+ 32" "$(echo "$sender" | sed 's/+.*/+/') $(echo \
			"$sender" | sed 's/.*+\([0-9a-f]*\)@site.test/\1/' |
			tr -d '\n' | wc -c)"
	holds "our reports are recognised, by $1" 10 totals_are \
		"dead.test 1 far.test 3 good.test 1" \
		own dead.test far.test good.test site.test
}

suppressed()
{
	tlstally suppress list --json | json \
		'" ".join(sorted(s["address"] for s in d["suppressions"]))'
}

# state DOMAIN: of the one destination of its report, and the last answer
state()
{
	tlstally show "$1" --json | json '"%s: %s" % tuple(
	d["days"][0]["report"]["destinations"][0][k]
	for k in ("state", "lastAnswer"))'
}

state_is()
{
	case $(state "$1") in
	$2) ;;
	*) state "$1"; return 1 ;;
	esac
}

# What our own Postfix was told at once comes from its bounce(8), through
# cleanup(8) and non_smtpd_milters; what the relay was told comes by SMTP.
bounces_stage()
{
	# the relay has another address of this host
	for i in gone hates slow; do
		mail counts site.test "" local
	done
	holds "refused at once, and bounced" 20 state_is nobody.sender.test \
		"bounced: *550 5.1.1 <nobody>: User unknown*"
	holds "bounced by the relay" 20 state_is gone.sender.test \
		"bounced: *550 5.1.1 <gone>: User unknown*"
	holds "who minds us is bounced, too" 20 state_is hates.sender.test \
		"bounced: *550 5.7.1 <hates>: we do not want reports*"
	holds "a delay is noted only" 20 state_is slow.sender.test \
		"delivered: *450 4.2.2 <slow>: mailbox full*"
	expect "the report that arrived" delivered \
		"$(state tls.sender.test | sed 's/:.*//')"
	expect "dead addresses are suppressed, and no others" \
		"gone@far.test nobody@dead.test" "$(suppressed)"
	all_counted "bounces"
}

# What a stranger can send to our addresses changes nothing.
strangers_stage()
{
	before=$(everything)
	guessed=tls-reports+0123456789abcdef0123456789abcdef@site.test
	mail notice failed "$guessed" tls@good.test
	mail notice failed tls-reports@site.test tls@good.test
	mail notice others "$sender" somebody-else@good.test
	mail notice vacation "$sender" tls@good.test
	mail forged tls-reports@site.test
	mail forged "$sender"
	all_counted "strangers"
	holds "nothing has come of it" 2 test "$before" = "$(everything)"
	mail notice delayed "$sender" tls@good.test
	holds "a notice of a delay is noted" 10 state_is tls.sender.test \
		"delivered: *450 4.2.2 mailbox full*"
	upper=$(echo "$sender" | tr "[:lower:]" "[:upper:]")
	mail notice failed "$upper" tls@good.test
	holds "a real bounce, in capitals on its way" 10 state_is \
		tls.sender.test "bounced: *550 5.1.1 no such user*"
	expect "suppresses" "gone@far.test nobody@dead.test tls@good.test" \
		"$(suppressed)"
}

everything()
{
	for user in tls nobody gone hates slow; do
		state $user.sender.test
	done
	suppressed
	totals own dead.test far.test good.test site.test
}

# Of the message to a user of the domain.
queue_id()
{
	id='\([0-9A-Za-z]*\)'
	sed -n "s/.*cleanup\[[0-9]*\]: $id: message-id=<out@$1>.*/\1/p" \
		"$dir/site.log"
}

# What tlstally status makes of it is on another day (test_cli_status.c).
coverage_stage()
{
	for domain in covered relayed; do
		mail outgoing $domain.test
	done
	holds "mail to other sites is counted, by next hop" 10 totals_are \
		"covered.test covered.test 1 relayed.test 192.0.3.3 1" mail
	holds "their policies shall be known" 2 totals_are \
		"covered.test relayed.test" wanted
	mail outgoing optional.test "TLS-Required: No"
	for domain in covered optional; do
		queue_id $domain.test
	done >"$dir/ids"
	# shellcheck disable=SC2046
	holds "a message with TLS-Required: No is noted by its queue id" 5 \
		totals_are "$(tail -n 1 "$dir/ids")" optional $(cat "$dir/ids")
}

listens_at_2525()
{
	within python3 -c 'import socket
socket.create_connection(("192.0.3.1", 2525), 1)'
}

# The clients speak TLS 1.3, and what the milter is shown came from the filter:
# nobody's own mail.
filter_stage()
{
	said=$(filter_said)
	start_filter
	holds "the milter says that a filter is there" 30 \
		eval '[ "$(filter_said)" -gt "$said" ]'
	holds "so does tlstally doctor" 10 doctor_names_filter
	holds "Postfix listens in front of it" 10 listens_at_2525
	mail filtered
	all_counted "through a before-queue filter"
	expect "tlstally inbound says how many" 1 "$(tlstally inbound |
		grep -c "A before-queue filter handed back 4 more")"
	said=$(shown_said)
	stop_filter
	holds "the milter says that it is gone" 30 \
		eval '[ "$(shown_said)" -gt "$said" ]'
	mail plain a@unfiltered.test 1
	all_counted "without the filter again"
}

filter_said()
{
	grep -c "2525/inet has a before-queue filter" "$dir/milter.log"
}

shown_said()
{
	grep -c "all mail that comes in is shown again" "$dir/milter.log"
}

doctor_names_filter()
{
	tlstally doctor | grep -q "2525/inet has a before-queue filter"
}

# seconds COMMAND...: how long it took
seconds()
{
	begin=$(date +%s)
	"$@"
	echo $(($(date +%s) - begin))
}

# Killed, and hanging: before a session, and in the middle of one.
outage_stage()
{
	mail plain a@before.test 3
	holds "committed before the end" 10 inbound_is
	kill_milter
	took=$(seconds mail plain a@killed.test 3 uncounted)
	expect "killed: mail flows at once" yes \
		"$([ "$took" -le 3 ] && echo yes || echo "$took s")"
	start_milter
	mail plain a@after.test 3
	all_counted "killed and started again"

	mkfifo "$dir/half"
	mail halves a@halves.test <"$dir/half" >"$dir/halves" &
	halves=$!
	exec 3>"$dir/half"
	wait_until 10 grep -q HALF "$dir/halves"
	kill -STOP "$milter"
	echo >&3
	holds "hanging: what had begun is taken" 15 \
		grep -q WHOLE "$dir/halves"
	wait $halves
	exec 3>&-
	rm "$dir/half"
	took=$(seconds mail plain a@hanging.test 2 uncounted)
	expect "hanging: mail flows after a timeout" yes \
		"$([ "$took" -le 10 ] && echo yes || echo "$took s")"
	kill -CONT "$milter"
	mail plain a@running.test 3
	all_counted "hanging and running again"
}

# The disk that the store is on is full for a while.
full_stage()
{
	mkdir -p "$dir/small"
	mount -t tmpfs -o size=8m tmpfs "$dir/small" 2>/dev/null || {
		echo "left out: no tmpfs can be mounted here"
		return
	}
	stop_milter
	rm "$dir/truth"
	write_conf "$dir/small/store" off
	start_milter
	mail plain a@before.test 3
	holds "on a small disk" 10 inbound_is
	dd if=/dev/zero of="$dir/small/filler" bs=64k 2>/dev/null
	took=$(seconds mail many full.test 300)
	expect "full: mail flows" yes \
		"$([ "$took" -le 40 ] && echo yes || echo "$took s")"
	holds "full: the milter says so" 10 grep -q "cannot commit counters" \
		"$dir/milter.log"
	expect "full: nothing of it is in the store" no \
		"$(inbound_is >/dev/null && echo yes || echo no)"
	rm "$dir/small/filler"
	mail plain a@after.test 3
	all_counted "no more full"
	stop_milter
	umount "$dir/small"
	write_conf "$dir/store.$kind" off
	start_milter
}
