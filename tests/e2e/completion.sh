#!/bin/bash
# completion.sh - what bash offers for tlstally, in the build folder
#
# make check runs it; by hand: tests/e2e/completion.sh in the build directory.
# A line is completed as bash does it: COMP_LINE, COMP_POINT, then the function.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
program=$bin/tlstally
script=$build/conf/bash-completion/tlstally

[ -e "$script" ] || skip "not built here: run make first"
make_folder
# shellcheck disable=SC1090
. "$script" || exit 1
cd "$dir" || exit 1
touch report.json

complete_line() {
	COMP_LINE=$1
	COMP_POINT=${#1}
	_tlstally "$program" "" "" 2>"$dir/said"
	[ ! -s "$dir/said" ] || fail "'$1': $(cat "$dir/said")"
}

# offers NAME LINE REPLY...: these and no others
offers() {
	complete_line "$2"
	want=${*:3}
	if [ "${COMPREPLY[*]}" = "$want" ]; then
		echo "ok: $1"
	else
		fail "$1: '$2': ${COMPREPLY[*]}, not $want"
	fi
}

# has NAME LINE REPLY...: these among others
has() {
	complete_line "$2"
	for reply in "${@:3}"; do
		[[ " ${COMPREPLY[*]} " == *" $reply "* ]] ||
			fail "$1: '$2': no $reply in ${COMPREPLY[*]}"
	done
	echo "ok: $1"
}

types="tls-internal-report sent-report suppression domain domain-period inbound
	tls-external-report"
offers "a command" "tlstally que" query
offers "commands" "tlstally re" resend receive rebuild restore
offers "the second word" "tlstally suppress " list add remove
offers "the second word, begun" "tlstally token r" remove
offers "a command behind options" "tlstally -v -c x que" query
offers "a command behind help" "tlstally help pre" preview
# shellcheck disable=SC2086
offers "types" "tlstally get " $types
offers "a type" "tlstally delete su" suppression
offers "nothing for an id" "tlstally get domain "
offers "nothing for a domain without settings" "tlstally -c $dir/none show "
offers "a file" "tlstally restore rep" report.json
offers "an option" "tlstally query --whe" --where
offers "an option that is another's" "tlstally query --eml"
offers "options of two words" "tlstally suppress add --" --help --version \
	--for --reason --replace
offers "a file for an option" "tlstally create suppression --file r" \
	report.json
offers "a file for -c" "tlstally -c r" report.json
offers "nothing for a number" "tlstally query domain --limit "
offers "a filter" "tlstally query tls-internal-report --where stat" status= state=
offers "its words" "tlstally query tls-internal-report --where status=de" \
	deferred
offers "its words, all" "tlstally query TlsInternalReport --where status=" \
	held pending sending deferred idle "done"
offers "true or false" "tlstally query x:TlsInternalReport --where hasFailures=" \
	true false
offers "in one word" "tlstally query inbound --where=hasWeak=t" true
offers "no words for a text" "tlstally query domain --where domain="
has "filters of another type" "tlstally query suppression --where " address= \
	sinceAfter=
has "fields that can be given" "tlstally create tls-internal-report --field " \
	domain= mailRua= report= report/reportId= report/policies=
offers "not those of the server" "tlstally update tls-internal-report a1 --field st"
offers "none of what can be read only" "tlstally create domain --field "
has "all fields" "tlstally query tls-internal-report --fields " id status \
	destinations
offers "a second field" "tlstally query domain --fields day,dom" day,domain
offers "a field in one word" "tlstally query domain --fields=da" day
offers "a sort, the other way round" \
	"tlstally query tls-internal-report --sort domain,-fail" domain,-failures
offers "a permission" "tlstally token add x --permission tallyR" tallyRead
offers "a second one" "tlstally token add x --permission tallyRead,tallyM" \
	tallyRead,tallyManage
offers "in the middle of a line" "tlstally get tls-" tls-internal-report \
	tls-external-report

offers "a setting" "tlstally -o report.mo" report.mode=
offers "its words" "tlstally -o report.mode=f" failures-only
offers "yes and no" "tlstally -v -o deliver.verp=" yes no
has "settings" "tlstally conf -o " store.directory= http.listen=
offers "a day" "tlstally domains --day y" yesterday
offers "words of setup" "tlstally setup --feed " auto events log

# What is in the store is offered, and without one nothing is, at once.
cat >"$dir/conf" <<-EOF
[report]
contact_info = tls-reports@example.net
[store]
directory = $dir/store
map_size = 1G
[events]
socket = unix:$dir/events
socket_owner =
socket_group =
commit_interval = 50ms
EOF
conf="-c $dir/conf"
offers "nothing without a store" "tlstally $conf show "
mkdir "$dir/store"
offers "nothing of an empty one" "tlstally $conf show "
start_daemon tlstallyd "counting events"
"$e2e/send_datagrams" "$dir/events" \
	"$src"/tests/data/datagrams/*.jsonl >/dev/null
stop "$pid" || fail "tlstallyd" "$dir/tlstallyd.log"
report=$("$program" $conf create tls-internal-report --stdin <<-EOF
{"domain": "example.com", "mailRua": ["tls@example.com"],
 "createdAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
 "deliverAt": "2039-03-02T01:00:00Z",
 "report": {"dateRangeStart": "2026-03-01T00:00:00Z",
  "dateRangeEnd": "2026-03-01T23:59:59Z", "policies": []}}
EOF
) || fail "no report made"
"$program" $conf suppress add reports@gone.example || fail "suppress add"
"$program" $conf token add grafana --permission all >/dev/null || fail "token"
has "domains" "tlstally $conf show " example.com sts-expired.test
offers "a domain, begun" "tlstally $conf show sts-ex" sts-expired.test
offers "of all commands" "tlstally $conf preview sts-ex" sts-expired.test
offers "with -c in one word" "tlstally -c$dir/conf history sts-ex" sts-expired.test
offers "settings behind the command" \
	"tlstally lookup -o store.directory=$dir/store $conf sts-ex" \
	sts-expired.test
offers "in a filter" "tlstally $conf query domain --where domain=sts-ex" \
	sts-expired.test
offers "none that begins so" "tlstally $conf show nobody"
offers "no store that is elsewhere" \
	"tlstally $conf -o store.directory=$dir/none show "
offers "nothing of a server" \
	"tlstally $conf show --url https://tally.example.com "
offers "a report" "tlstally $conf deliver --id " "$report"
offers "one by its first letters" \
	"tlstally $conf get tls-internal-report ${report:0:5}" "$report"
offers "none of another type" "tlstally $conf get sent-report "
offers "in a list" "tlstally $conf delete tls-internal-report --ids x,b" \
	"x,$report"
offers "none that was not sent" "tlstally $conf resend "
offers "a receiver" "tlstally $conf suppress add tls@e" example.com
offers "a suppressed address" "tlstally $conf suppress remove " \
	reports@gone.example
offers "a token" "tlstally $conf token remove g" grafana
offers "a feed" "tlstally $conf feed retire " events
"$program" $conf complete nonsense 2>/dev/null
[ $? -eq 2 ] || fail "a kind that is none is no usage error"

# All that --help names is offered.
while read -r words; do
	case $words in
	*' '*) has "$words" "tlstally ${words% *} " "${words#* }" ;;
	*) has "$words" "tlstally " "$words" ;;
	esac
	for option in $("$program" help $words | sed -n 's/^  \(-[-a-z]*\).*/\1/p'); do
		has "$words $option" "tlstally $words -" "$option"
	done
done < <("$program" --help | sed -n '/^commands:/,/^options:/s/^  \([-a-z]*\( [a-z]*\)\?\).*/\1/p' |
	sed 's/ $//')

end_test
