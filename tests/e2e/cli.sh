#!/bin/sh
# cli.sh - the operator's command on a store that tlstallyd made of recorded
# events: what each sentence says, its exit status, and that --json is JSON
#
# make check runs it; by hand: srcdir=... tests/e2e/cli.sh in the build
# directory.  Everything is in a temporary directory; the network is not
# used.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
data=$src/tests/data/datagrams

clean_up()
{
	[ -z "${secrets:-}" ] || rm -rf --one-file-system "$secrets"
}

cat >"$dir/conf" <<-EOF_CONF
[report]
organization_name = Example Mail
contact_info = tls-reports@example.com
[store]
directory = $dir/store
map_size = 1G
rehearsal = yes
[events]
socket = unix:$dir/run/events
socket_owner =
socket_group =
commit_interval = 50ms
[deliver]
mail = sendmail:$dir/sendmail
https = off
directory = $dir/sent
spread = 0s
EOF_CONF
cat >"$dir/sendmail" <<-EOF_SENDMAIL
#!/bin/sh
[ ! -e "$dir/refuse" ] || exit 75
cat >"\$(mktemp "$dir/mail/XXXXXX")"
EOF_SENDMAIL
chmod +x "$dir/sendmail"
TLSTALLY_CONF=$dir/conf
export TLSTALLY_CONF
mkdir "$dir/store" "$dir/sent" "$dir/mail"

# try STATUS NAME ARGUMENT...: runs tlstally; what it says is in out and err
try()
{
	want=$1 name=$2
	shift 2
	timeout 60 "$bin/tlstally" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	if [ $got -ne "$want" ]; then
		fail "$name: exit status $got, not $want"
		cat "$dir/out" "$dir/err"
		return
	fi
	echo "ok: $name"
}

# says FILE TEXT: the text stands in out or err
says()
{
	grep -qF -- "$2" "$dir/$1" && return
	fail "$name: no '$2' in"
	cat "$dir/$1"
}

# in_journal TRY...: the same with standard error as systemd connects it
in_journal()
{
	JOURNAL_STREAM=$(stat -c %d:%i "$dir/err")
	export JOURNAL_STREAM
	"$@"
	unset JOURNAL_STREAM
}

silent()
{
	[ ! -s "$dir/$1" ] && return
	fail "$name: $1 is not empty"
	cat "$dir/$1"
}

# json EXPRESSION: out is one JSON document, called d, for which it holds
json()
{
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), json.dumps(d, indent=1)' "$dir/out" "$1" \
		2>"$dir/python" && return
	fail "$name: not $1"
	tail -n 40 "$dir/python"
}

start_counting()
{
	# counting needs nobody to ask
	start_daemon tlstallyd "counting events" -o report.contact_info=
	daemon=$pid
}

stop_counting()
{
	stop "$daemon" || fail "tlstallyd's exit status" "$dir/tlstallyd.log"
}

# The moment of the rehearsal: HOURS after the end of the day of the counts.
moment()
{
	date -u -d "$day + 1 day $1" +%Y-%m-%dT%H:%M:%SZ
}

# Before there is a store.
rmdir "$dir/store"
try 1 "no store yet" status
says err "there is no store in $dir/store"
mkdir "$dir/store"
try 2 "a command that is none" ststus
says err "unknown command 'ststus'; did you mean 'status'?"
try 0 "--version" --version
says out "tlstally "
try 0 "--help" --help
says out "suppress remove <address>"
try 1 "settings that are not there" -c "$dir/none" status

# A day of events: not around midnight, when they would be two days'.
stay_within_day 120
start_counting
"$e2e/send_datagrams" "$dir/run/events" "$data"/*.jsonl >/dev/null ||
	fail "sending"
counted()
{
	"$bin/tlstally" status --json >"$dir/out" 2>&1 &&
		grep -q '"events": 33,' "$dir/out"
}
name=counting
wait_until counted || fail "33 events are not counted"
day=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["days"][0]["day"])' "$dir/out")

try 0 "status while it counts" status
says out "mode      preview"
says out "still counting"
try 0 "the same as JSON" status --json
json 'd["mode"] == "preview" and d["feeds"][0]["name"] == "events"'
json 'd["days"][0]["state"] == "counting" and d["days"][0]["domains"] == 27'
json 'd["events"][0]["events"] == 33'
try 0 "domains" domains --json
json '[i["domain"] for i in d["domains"]] == sorted(
	i["domain"] for i in d["domains"])'
json 'sum(i["totalFailedSessions"] for i in d["domains"]) == 17'
json 'all(i["failedSessions"] == i["totalFailedSessions"] and
	i["successfulSessions"] == i["totalSuccessfulSessions"] and
	i["lateSessions"] == 0 and i["policies"] == i["policyCount"] > 0
	for i in d["domains"])'
try 0 "the worst first" domains --failures
[ "$(sed -n 3s/\ .*//p "$dir/out")" = example.com ] ||
	fail "$name: example.com is not the first"
try 0 "three of them" domains --day "$day" --limit 3 --json
json 'len(d["domains"]) == 3'
try 0 "a day that is over" domains --day yesterday --json
json 'd["domains"] == [] and d["day"] < "'"$day"'"'
try 0 "today" domains --day today --json
json 'd["day"] == "'"$day"'" and len(d["domains"]) == 27'
try 0 "history" history --json
json 'len(d["days"]) == 1 and d["days"][0]["day"] == "'"$day"'"'
json 'd["days"][0]["domains"] == 27 and d["days"][0]["failedSessions"] == 17'
json 'd["days"][0]["reportsMade"] == 0 and d["days"][0]["delivered"] == 0'
try 0 "the same for people" history --days 500
says out "reports made"
[ "$(wc -l <"$dir/out")" -eq 2 ] || fail "$name: not a line a day"
try 0 "history of a domain" history sts-expired.test --days 1 --json
json 'd["domain"] == "sts-expired.test" and d["days"][0]["mark"] == "open"'
try 0 "the same for people" history sts-expired.test
says out "$day"
try 1 "history of a domain that nobody mails to" history nobody.example
says err "nobody.example"
try 0 "help for several commands" suppress --help
says out "usage: tlstally suppress remove <address>"
for usage in "inbound --day today --days 2" "suppress" "history --days 0" \
	"query domain --where x" "get domain --url" "token add x" \
	"conf -n -d" "domains --json --csv" "get domain x --limit 1"; do
	# shellcheck disable=SC2086
	try 2 "usage: $usage" $usage
	silent out
done
"$bin/tlstally" --help | sed -n '/^commands:/,/^options:/s/^  \([-a-z]*\( [a-z]*\)\?\).*/\1/p' \
	>"$dir/commands"
[ "$(wc -l <"$dir/commands")" -gt 30 ] || fail "--help lists few commands"
while read -r words; do
	# shellcheck disable=SC2086
	try 2 "usage: $words with an unknown option" $words --frobnicate </dev/null
	says err "unknown option '--frobnicate'"
done <"$dir/commands"
try 0 "a name in another spelling" show STS-Expired.Test. --json
json 'd["domain"] == "sts-expired.test"'
try 0 "a report before its day is over" preview sts-expired.test
json 'd["policies"][0]["failure-details"][0]["result-type"] ==
	"certificate-expired"'
json 'd["contact-info"] == "tls-reports@example.com"'
try 1 "a domain that nobody mails to" show nobody.example
says err "no session with nobody.example was counted"
try 0 "run: the day is not over" run
silent out
silent err
try 1 "a moment still to come, on a store that is none for rehearsals" \
	-o store.rehearsal=no run --now "$(moment '3 hours')"
says err "rehearsal = yes"
# What the machine, its Postfix and its DNS have is theirs: doctor.py has a host
# of its own for those.
timeout 60 "$bin/tlstally" doctor --json >"$dir/out" 2>"$dir/err"
json 'all(c["grade"] != "bad" for c in d["checks"] if c["check"] in
	("settings", "secrets", "socket", "events", "runs", "clock", "store"))'
json '[c["grade"] for c in d["checks"] if c["check"] == "socket"] == ["good"]'
json '[c["grade"] for c in d["checks"] if c["check"] == "mode"] == ["note"]'
stop_counting
try 1 "the doctor misses the daemon" doctor
says out "no process receives events at"
says err "checks failed"

# A night before contact_info is set: the day waits, and its report with it.
late=$(moment '2 hours 30 minutes')
try 0 "nobody to ask" -v -o report.contact_info= run --now "$late"
says out "no day is closed: "
says out "contact_info: required"
try 0 "nobody to ask, without a terminal" -o report.contact_info= run --now "$late"
silent out
silent err
try 1 "nobody to ask, and reports wanted" \
	-o report.contact_info= -o report.mode=all run --now "$late"
says err "contact_info: required"
for command in "rollup --now $late" "deliver --now" "preview sts-expired.test"; do
	# shellcheck disable=SC2086
	try 1 "$command: nobody to ask" -o report.contact_info= $command
	says err "contact_info: required"
done
try 0 "status says it" -o report.contact_info= status
says out "contact_info is not set, and no report is made before it is"
try 0 "the same as JSON" -o report.contact_info= status --json
json 'd["contactInfo"] is None and d["days"][0]["domains"] == 27'

# The next night.
try 0 "too early for the feed" run --now "$(moment '20 minutes')"
silent err
try 0 "mode = preview" -v run --now "$(moment '2 hours 30 minutes')"
says out "1 day closed"
says err "a day was closed although feed 'events' has not counted to the end"
says out "24 reports made and held (mode = preview)"
try 0 "again: nothing is left to do" -v run --now "$(moment '2 hours 31 minutes')"
says out "nothing to do"
try 0 "a quiet run without a terminal" run --now "$(moment '2 hours 32 minutes')"
silent out
silent err
in_journal try 0 "and under systemd" run --now "$(moment '2 hours 33 minutes')"
silent out
silent err
try 0 "status: reports are held" status --json
json 'd["days"][0]["state"] == "closed"'
json 'd["days"][0]["marks"] == {"queued": 24, "noRua": 1, "badDomain": 2}'
json 'd["outbox"]["reports"] == {"held": 24}'
json 'd["unreportedCount"] == 3 and [i for i in d["unreported"]
	if i["domain"] == "rpt-https.test"][0]["reason"].endswith(
	"delivery by HTTPS is off")'
try 0 "the same for people" status
says out "held reports are not sent while mode = preview"
says out "rpt-https.test"
try 0 "a held report" show sts-expired.test --json
json 'd["days"][0]["report"]["status"] == "held"'
json 'd["days"][0]["policies"][0]["failureDetails"][0]["resultType"] ==
	"certificateExpired"'
id=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["days"][0]["report"]["id"])' "$dir/out")
try 0 "nothing is sent in preview" deliver --now
try 0 "the held report is there still" show sts-expired.test --json
json 'd["days"][0]["report"]["id"] == "'"$id"'"'
try 1 "no such report" deliver --id b000000000000
says err "the outbox has no such report"

try 0 "the mail" preview sts-expired.test --eml
python3 - "$dir/out" <<-'EOF_PYTHON' || fail "$name: not the mail it should be"
import email, gzip, json, sys
mail = email.message_from_bytes(open(sys.argv[1], "rb").read())
assert "tlsrpt@reports.test" in mail["To"], mail["To"]
assert mail["TLS-Report-Domain"] == "sts-expired.test"
part = mail.get_payload()[1]
report = json.loads(gzip.decompress(part.get_payload(decode=True)))
assert report["policies"][0]["policy"]["policy-domain"] == "sts-expired.test"
EOF_PYTHON
try 1 "no mail to a domain that asks for HTTPS" preview rpt-https.test --eml
says err "no mail would be sent for rpt-https.test"

try 0 "suppress add" suppress add tlsrpt@Reports.TEST --for 30d \
	--reason "asked us to"
try 0 "suppress list" suppress list --json
json '[i["address"] for i in d["suppressions"]] == ["tlsrpt@reports.test"]'
json 'd["suppressions"][0]["by"] == "hand" and d["suppressions"][0]["until"]'
try 0 "suppress list for people" suppress list
says out "asked us to"
try 1 "suppress it again" suppress add tlsrpt@reports.test
says err "tlsrpt@reports.test is already suppressed, until "
says err "by you: asked us to; use --replace to change this"
try 0 "and nothing has changed" suppress list --json
json 'd["suppressions"][0]["until"]'
try 0 "suppress it for good" suppress add tlsrpt@reports.test --replace \
	--reason "asked again"
try 0 "which is said" suppress list --json
json 'd["suppressions"][0]["until"] is None and len(d["suppressions"]) == 1'
json 'd["suppressions"][0]["reason"] == "asked again"'
try 0 "for 30 days again" suppress add tlsrpt@reports.test --replace \
	--for 30d --reason "asked us to"
try 0 "a span without a unit" suppress add half@reports.test --for 30
says err "'30' is read as '30s', but a later release will not accept it: write the latter"
try 0 "and away" suppress remove half@reports.test
try 0 "settings in today's notation" conf --check
silent err
try 0 "settings in the notation of the past" -o deliver.grace=90 \
	-o http.listen=127.0.0.1:8460 conf --check
says err "[deliver] grace: '90' is read as '90s', but a later release will not accept it"
says err "[http] listen: '127.0.0.1:8460' is read as 'inet:127.0.0.1:8460'"
try 2 "suppress what is no address" suppress add nonsense
says err "suppress add: rua: no @ in the mail address in 'nonsense'"
try 1 "remove what is not there" suppress remove nobody@reports.test
says err "nobody@reports.test is not suppressed"

touch "$dir/refuse"
try 0 "mode = all" -o report.mode=all run --now "$(moment '3 hours')" --json
json 'd["rollup"]["released"] == 24'
json 'd["deliver"]["suppressed"] > 0 and d["deliver"]["delivered"] == 24'
json 'd["deliver"]["deferred"] > 0 and "nextDue" in d'
try 0 "what the relay put off" status --json
json 'd["troubleCount"] == d["outbox"]["destinations"]["deferred"]'
json 'd["trouble"][0]["attempts"] == 1 and d["trouble"][0]["lastAnswer"]'
json 'len(d["answers"]) == 1 and d["answers"][0]["ownFault"] == False and
	d["answers"][0]["destinations"] == d["troubleCount"] > 1'
try 0 "the same for people" status
says out "not yet delivered, will be tried again"
[ "$(sed '/^not yet delivered/,/^$/!d' "$dir/out" | wc -l)" -le 4 ] ||
	fail "$name: one cause is more than one line"
head -n 1 "$dir/out" | grep -q "^trouble at receivers: .* not accepted yet" ||
	fail "$name: what mends itself is no trouble of receivers"
grep -q "needs action" "$dir/out" &&
	fail "$name: what mends itself needs action"
try 0 "what a person must do comes first" -o report.contact_info= status
head -n 1 "$dir/out" | grep -q "^trouble on this site: .* contact_info is not set" ||
	fail "$name: no action"
id=$("$bin/tlstally" show rpt-multi-rua.test --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["days"][0]["report"]["id"])')
try 0 "one of them, whenever it is due" -o deliver.mail=sendmail:/bin/true \
	deliver --id "$id" --now "$(moment '3 hours 1 second')" --json
json 'd["deliver"]["attempts"] == 2 and d["deliver"]["archived"] == 1'
rm "$dir/refuse"
in_journal try 0 "the rest, later" -o report.mode=all run \
	--now "$(moment '4 hours')"
silent out
[ "$(sed 's/[0-9]\{1,\} delivered/N delivered/' "$dir/err")" = \
	"<5>N delivered" ] || { fail "$name: not one line"; cat "$dir/err"; }
try 0 "nothing is left" -o report.mode=all deliver \
	--now "$(moment '4 hours')" --json
json 'd["deliver"]["delivered"] == 0 and d["deliver"]["deferred"] == 0'
json '"nextDue" not in d'
silent err
[ "$(ls "$dir/sent" | wc -l)" -eq 24 ] || fail "$name: not 24 files"
# It published two records; which was seen last depends on when it was counted.
grep -Elq '^To: <?(reports|tlsrpt)@example.com' "$dir"/mail/* ||
	fail "$name: no mail to example.com, but: $(grep -h '^To:' "$dir"/mail/* |
		tr '\n' ' ')"
if grep -lq '^To: <\?tlsrpt@reports.test' "$dir"/mail/*; then
	fail "$name: mail to a suppressed address"
fi
try 0 "where the report went" show rpt-multi-rua.test --json
json 'd["days"][0]["report"]["status"] == "done"'
json '{i["uri"]: i["state"] for i in d["days"][0]["report"]["destinations"]
	}["mailto:a@reports.test"] == "delivered"'
try 0 "the same for people" show rpt-multi-rua.test
says out "mailto:b@reports.test"
try 1 "sent again although all have it" resend "$id"
says err "--force sends it to them once more"
try 0 "the same, forced" -v resend "$id" --force
says out "3 destinations: "
try 0 "it waits again" show rpt-multi-rua.test --json
json 'd["days"][0]["report"]["status"] == "pending"'
try 1 "what waits is not sent again" resend "$id"
says err "still in the outbox"
try 0 "and goes once more" -o deliver.mail=sendmail:/bin/true \
	deliver --id "$id" --now "$(moment '5 hours')" --json
json 'd["deliver"]["attempts"] == 3 and d["deliver"]["archived"] == 1'
try 1 "sent again as an object" update sent-report "$id" \
	--field deliverAt=2026-03-01T00:00:00Z
says err "the report was delivered to all its destinations"
try 1 "no such report to send again" resend b000000000000
says err "no such report was sent"
try 2 "not an id" resend 7
try 0 "sent reports by the state of a destination" \
	query sent-report --where state=suppressed --json
json 'len(d) > 0 and all(any(i["state"] == "suppressed"
	for i in r["destinations"]) for r in d)'
try 0 "none of another" query sent-report --where state=bounced --count
[ "$(cat "$dir/out")" = 0 ] || fail "$name: $(cat "$dir/out")"
try 2 "a state that is none" query sent-report --where state=lost
try 0 "history after the report" history rpt-multi-rua.test --json
json 'd["days"][0]["reportStatus"] == "done" and
	d["days"][0]["destinations"]["delivered"] >= 1'

# Who closes a standard stream must not find our words in the store's files.
"$bin/tlstally" domains >&- 2>"$dir/err"
[ $? -eq 1 ] || fail "standard output is closed: not a failure"
name="standard output is closed"
says err "cannot write to standard output"
"$bin/tlstally" -v run --now "$(moment '4 hours')" >&- 2>&- <&-
"$bin/tlstally" show nobody.example >&- 2>&- <&-
rm -f "$dir/run/events"
"$bin/tlstallyd" -f -c "$dir/conf" >&- 2>&- <&- &
closed=$!
"$bin/tlstally" suppress list >&- 2>&- <&-
receives() { [ -S "$dir/run/events" ]; }
wait_until receives || fail "tlstallyd without standard streams does not start"
kill "$closed" 2>/dev/null
wait "$closed"
grep -al "tlstally\|counting events\|nobody.example\|nothing to do\|^domain" \
	"$dir"/store/*.lock "$dir"/store/lock.mdb &&
	fail "words in the store's files"
try 0 "the store is whole" check-store

# Sums that differ from their rows are found, and made anew.
"$build/tests/e2e/doctor_store" "$dir/store" sums=1
try 1 "sums that differ" check-store
says out "table tally: the sums of "
says err "tlstally rebuild"
try 0 "sums are made anew" rebuild
says out "made anew: sums and indexes of 1 days"
try 0 "nothing is left to make anew" rebuild --json
says out '"days": 0'
try 0 "the store is whole again" check-store

# For a spreadsheet: rows as wide as their names, a line each, no formula.
try 0 "a reason that is a formula" suppress add sum@reports.test \
	--reason '=HYPERLINK("http://x.test")'
csv()
{
	python3 -c 'import csv, sys
text = open(sys.argv[1], newline="").read()
assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n"), text
rows = list(csv.reader(text.splitlines()))
d = [dict(zip(rows[0], row)) for row in rows[1:]]
assert len(d) == text.count("\r\n") - 1
assert all(len(row) == len(rows[0]) for row in rows), rows
assert not any(cell[:1] in tuple("=+-@") for row in rows for cell in row if cell)
assert eval("(" + sys.argv[2] + ")"), d' "$dir/out" "$1" 2>"$dir/python" && return
	fail "$name: not $1"
	tail -n 40 "$dir/python"
}
try 0 "domains" domains --csv
csv 'len(d) == 27 and sum(int(i["failedSessions"]) for i in d) == 17 and
	all(i["notJudgedSessions"].isdigit() for i in d)'
try 0 "show" show rpt-multi-rua.test --csv
csv 'len(d) == 3 and {i["state"] for i in d} == {"delivered"} and
	d[0]["domain"] == "rpt-multi-rua.test" and d[0]["uri"] and
	d[0]["notJudgedSessions"] == "0"'
try 0 "history" history --csv
csv 'd[0]["reportsMade"] == "24" and d[0]["domains"] == "27"'
try 0 "history of a domain" history rpt-multi-rua.test --csv
csv 'd[0]["reportStatus"] == "done"'
try 0 "inbound without any" inbound --csv
csv 'd == []'
try 0 "inbound of a domain" inbound a.test --csv
csv 'd == []'
try 0 "suppress list" suppress list --csv
csv '[i["reason"] for i in d if i["address"] == "sum@reports.test"] ==
	["\x27=HYPERLINK(\"http://x.test\")"]'
try 0 "token list" token list --csv
csv 'd == []'
try 0 "status" status --csv
csv '{i["field"]: i["value"] for i in d}["mode"] == "preview"'
timeout 60 "$bin/tlstally" doctor --csv >"$dir/out" 2>"$dir/err"
name=doctor
csv '{i["check"] for i in d} > {"socket", "store", "mode"}'
try 0 "query" query domain --limit 3 --csv
csv 'len(d) == 3 and d[0]["day"] == "'"$day"'"'
try 0 "query, fields that were asked for" query sent-report \
	--fields domain,destinations --csv
csv 'len(d) == 24 and list(d[0]) == ["domain", "destinations"]'
try 0 "get" get sent-report "$id" --csv
csv 'len(d) == 1 and d[0]["domain"] == "rpt-multi-rua.test"'
sed 's/ .*--csv.*//' "$dir/commands" | while read -r words; do
	# shellcheck disable=SC2086
	"$bin/tlstally" $words --help
done | grep -c -- ' --csv ' >"$dir/count"
[ "$(cat "$dir/count")" -eq 10 ] ||
	fail "another command has --csv: try it here, too"

# Lists are as long as is asked for.
try 0 "one day" show rpt-multi-rua.test --limit 1 --json
json 'len(d["days"]) == 1'
try 0 "none" show rpt-multi-rua.test --limit 0 --json
json 'd["days"] == []'
try 0 "no days" history --limit 0
silent out
try 0 "no tokens" token list --limit 0 --json
json 'd["tokens"] == []'
try 0 "some of all" get domain --limit 2 --json
json 'len(d) == 2'

# On a terminal: what it is told of that many columns is no wider.
terminal()
{
	timeout 60 python3 -c 'import fcntl, os, pty, struct, subprocess, sys, termios
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
done = subprocess.Popen(sys.argv[2:], stdout=theirs)
os.close(theirs)
text = b""
while True:
    try:
        more = os.read(ours, 4096)
    except OSError:
        break
    if not more:
        break
    text += more
sys.stdout.write(text.decode().replace("\r\n", "\n"))
sys.exit(done.wait())' "$@" >"$dir/out" 2>"$dir/err" || fail "$name: $(cat "$dir/err")"
}
widest()
{
	awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }' "$dir/out"
}
name="the outbox on a terminal"
unset COLUMNS
terminal 300 "$bin/tlstally" show rpt-multi-rua.test
wide=$(widest)
[ "$wide" -gt 130 ] || fail "$name: $wide columns are no test"
terminal 100 "$bin/tlstally" query sent-report --fields domain,id,report
[ "$(widest)" -le 100 ] || fail "$name: $(widest) columns, not 100"
COLUMNS=70 terminal 100 "$bin/tlstally" query sent-report \
	--fields domain,id,report
[ "$(widest)" -le 70 ] || fail "$name: $(widest) columns, not COLUMNS"
COLUMNS=70 try 0 "and where it is none" query sent-report \
	--fields domain,id,report
[ "$(widest)" -gt 300 ] || fail "$name: $(widest) columns"
[ "$(wc -l <"$dir/out")" -eq 25 ] || fail "$name: not a line each"
try 0 "suppress remove" suppress remove sum@reports.test
try 0 "suppress remove" suppress remove tlsrpt@reports.test
try 0 "an empty list" suppress list
silent out

try 0 "status of an empty outbox" status
says out "outbox    empty"

# The copy.
try 0 "backup" -v backup "$dir/copy.mdb"
says out "$dir/copy.mdb"
try 1 "backup over a file" backup "$dir/copy.mdb"
says err "exists already"
try 0 "a day later than the copy" suppress add late@reports.test
try 0 "restore" -v restore "$dir/copy.mdb"
try 0 "what came after the copy is gone" suppress list
silent out
try 0 "what came before is there" show sts-expired.test --json
json 'd["days"][0]["report"]["status"] == "done"'
start_counting
try 1 "restore while a daemon runs" restore "$dir/copy.mdb"
stop_counting
try 1 "restore what is no copy" restore "$dir/conf"

# Far later everything is purged.
try 0 "purge" purge --json
json 'd["purge"]["tally"] == 0'
try 0 "a hundred days later" run --now "$(moment '100 days')" --json
json 'd["purge"]["tally"] > 0 and d["purge"]["archive"] > 0'
try 1 "nothing is kept" show sts-expired.test
try 1 "no domains" domains
says err "nothing has been counted yet"

# Settings out, and in again.
try 0 "conf" conf
cp "$dir/out" "$dir/again"
try 0 "conf read back" -c "$dir/again" conf
cmp "$dir/out" "$dir/again" || fail "$name: not the same"
try 0 "conf -n" conf -n
says out "organization_name = Example Mail"
cp "$dir/out" "$dir/again"
try 0 "conf -n read back" -c "$dir/again" conf --check
try 0 "conf -d" conf -d
says out "directory = /var/lib/tlstally"
try 0 "conf --check" -v conf --check
says out "no problems found"
try 1 "a setting that is none" -o report.modes=all conf --check
says err "did you mean 'mode'?"
try 1 "settings that do not fit" -o report.contact_info= conf --check
says err "contact_info"
try 1 "a denied address that no rua can be" -o report.deny=a@1.2.3.4 \
	conf --check
says err "deny = a@1.2.3.4"

# A password is for those who need it.  In /tmp, where everybody may look.
secrets=$(mktemp -d /tmp/cli.secrets.XXXXXX) || exit 1
(
	umask 022
	chmod 755 "$secrets"
	mkdir "$secrets/shelter"
	echo secret >"$secrets/password"
	echo secret >"$secrets/shelter/password"
)
login="-o deliver.mail=smtp://127.0.0.1:25 -o deliver.mail_user=u"
login="$login -o deliver.mail_password_file=$secrets"
try 1 "a password that everybody can read" $login/password conf --check
says err "every user of this host can read $secrets/password (mode 0644)"
try 1 "the doctor finds it, too" $login/password doctor
says out "chmod o= $secrets/password"
chmod 700 "$secrets/shelter"
try 0 "a password in a folder of its own" $login/shelter/password conf --check
chmod 602 "$secrets/password"
try 1 "a password that everybody can write" $login/password conf --check
says err "every user of this host can write"
chmod 640 "$secrets/password"
try 0 "a password for its group" $login/password conf --check

end_test
