# Part of milter.sh: what happens, and what must be counted of it.

inbound_is()
{
	"$e2e/milter_totals" "$store" >"$dir/totals" &&
		mail inbound-is "$dir/totals"
}

# all_counted WHAT: every message is where it was sent to, and counted once
all_counted()
{
	expect_soon "$1: mail arrived as it was sent" mail arrived
	expect_soon "$1: all of it is counted" inbound_is
}

inbound_stage()
{
	mail inbound || die "the mail is not taken" "$dir/site.log"
	all_counted "TLS and clear text"
	for domain in site.test other.test; do
		tlstally inbound $domain --json >"$dir/shown"
		expect_soon "tlstally inbound $domain" mail shown-is "$dir/shown"
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
	start_daemon tlstallyd "counting events"
	"$e2e/send_datagrams" "$dir/run/events" "$dir/events"
	stop "$pid"
	expect "tlstallyd ends" 0 $?
}

# totals WHAT [DOMAIN...]: those lines of milter_totals, as one
totals()
{
	totals_of=$1
	shift
	"$e2e/milter_totals" "$store" "$@" |
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
	expect_soon "the report is there" reported
	sender=$(sed -n 's/^from FROM:<\([^>]*\)>.*/\1/p' "$dir/sink"/tls*.env)
	expect "its envelope sender has a token of 128 bits" \
		"tls-reports+ 32" "$(echo "$sender" | sed 's/+.*/+/') $(echo \
			"$sender" | sed 's/.*+\([0-9a-f]*\)@site.test/\1/' |
			tr -d '\n' | wc -c)"
	expect_soon "our reports are recognised, by $1" totals_are \
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
	expect_soon "refused at once, and bounced" state_is nobody.sender.test \
		"bounced: *550 5.1.1 <nobody>: User unknown*"
	expect_soon "bounced by the relay" state_is gone.sender.test \
		"bounced: *550 5.1.1 <gone>: User unknown*"
	expect_soon "who minds us is bounced, too" state_is hates.sender.test \
		"bounced: *550 5.7.1 <hates>: we do not want reports*"
	expect_soon "a delay is noted only" state_is slow.sender.test \
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
	expect "nothing has come of it" "$before" "$(everything)"
	mail notice delayed "$sender" tls@good.test
	expect_soon "a notice of a delay is noted" state_is tls.sender.test \
		"delivered: *450 4.2.2 mailbox full*"
	upper=$(echo "$sender" | tr "[:lower:]" "[:upper:]")
	mail notice failed "$upper" tls@good.test
	expect_soon "a real bounce, in capitals on its way" state_is \
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

# What tlstally status makes of it is on another day (test_cli.c).
coverage_stage()
{
	for domain in covered relayed; do
		mail outgoing $domain.test
	done
	expect_soon "mail to other sites is counted, by next hop" totals_are \
		"covered.test covered.test 1 relayed.test 192.0.3.3 1" mail
	expect_soon "their policies shall be known" totals_are \
		"covered.test relayed.test" wanted
	mail outgoing optional.test "TLS-Required: No"
	for domain in covered optional; do
		queue_id $domain.test
	done >"$dir/ids"
	# shellcheck disable=SC2046
	expect_soon "a message with TLS-Required: No is noted by its queue id" \
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
	expect_soon "the milter says that a filter is there" \
		eval '[ "$(filter_said)" -gt "$said" ]'
	expect_soon "so does tlstally doctor" doctor_names_filter
	expect_soon "Postfix listens in front of it" listens_at_2525
	mail filtered
	all_counted "through a before-queue filter"
	expect "tlstally inbound says how many" 1 "$(tlstally inbound |
		grep -c "A before-queue filter handed back 4 more")"
	said=$(shown_said)
	stop_filter
	expect_soon "the milter says that it is gone" \
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
	grep -c "all incoming mail is shown to the milter again" "$dir/milter.log"
}

doctor_names_filter()
{
	tlstally doctor | grep -q "2525/inet has a before-queue filter"
}

# flows SECONDS WHAT COMMAND...: it takes less than that, on a busy machine, too
flows()
{
	local limit=$1 what=$2 begin took
	shift 2
	begin=$(uptime_secs)
	"$@"
	took=$(($(uptime_secs) - begin))
	expect "$what" yes "$([ $took -lt "$limit" ] && echo yes ||
		echo "$took s")"
}

# Killed, and hanging: before a session, and in the middle of one.  Unless told
# otherwise Postfix waits for 30 s for a milter's answer, and for 300 s at the
# end of a message.
outage_stage()
{
	mail plain a@before.test 3
	expect_soon "committed before the end" inbound_is
	stop "$milter" KILL
	flows 30 "killed: mail flows" mail plain a@killed.test 3 uncounted
	start_milter
	mail plain a@after.test 3
	all_counted "killed and started again"

	mkfifo "$dir/half"
	start "$dir/halves" sh -c 'exec python3 "$1" halves "$2" \
		a@halves.test <"$2/half"' sh "$src/tests/e2e/milter_mail.py" \
		"$dir"
	halves=$pid
	exec 3>"$dir/half"
	wait_until grep -q HALF "$dir/halves"
	kill -STOP "$milter"
	echo >&3
	expect_soon "hanging: what had begun is taken" \
		grep -q WHOLE "$dir/halves"
	ends "$halves"
	exec 3>&-
	rm "$dir/half"
	flows 30 "hanging: mail flows after a timeout" \
		mail plain a@hanging.test 2 uncounted
	kill -CONT "$milter"
	mail plain a@running.test 3
	all_counted "hanging and running again"
}

# The disk that the store is on is full for a while.
full_stage()
{
	mkdir -p "$dir/small"
	mount -t tmpfs -o size=8m tmpfs "$dir/small" 2>/dev/null || {
		skip_part "a full disk" "no tmpfs can be mounted here"
		return
	}
	stop_milter
	rm "$dir/truth"
	write_conf "$dir/small/store" off
	start_milter
	mail plain a@before.test 3
	expect_soon "on a small disk" inbound_is
	dd if=/dev/zero of="$dir/small/filler" bs=64k 2>/dev/null
	# each would wait for a second if the milter did not answer
	flows 200 "full: mail flows" mail many full.test 300
	expect_soon "full: the milter says so" grep -q "cannot commit counters" \
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
