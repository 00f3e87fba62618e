#!/bin/bash
# tlstally lookup on domains of a signed DNS tree of our own, each with another
# thing to tell
#
# make check runs it; by hand: tests/e2e/lookup.sh from the build directory
# with srcdir set.  What an MTA-STS policy says can be seen only where port 443
# of an odd loopback address may be listened on; else these rows are left out.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/dns_tree.sh"
. "$src/tests/e2e/certificates.sh"
need_tools openssl
dns_need_tools
make_folder
# root gives its rights up, and reads the certificates as somebody else
chmod 755 "$dir"
leave_leaks_alone

# of the policies; an address that no other run of this test has now
host=127.84.$(($$ / 250 % 250 + 1)).$(($$ % 250 + 1))
digest=$(printf 'ab%.0s' $(seq 32))

# domain NAME TLSRPT-RECORD...: with MX mx.good.test and a policy host
domain() {
	echo "$1.test. MX 10 mx.good.test."
	echo "mta-sts.$1.test. A $host"
	echo "_mta-sts.$1.test. TXT \"v=STSv1; id=1\""
	for record in "${@:2}"; do
		echo "_smtp._tls.$1.test. TXT \"$record\""
	done
}

rua="v=TLSRPTv1; rua=mailto:tls@good.test"
{
	domain good "$rua"
	echo "mx.good.test. A 192.0.2.1"
	echo "_25._tcp.mx.good.test. TLSA 3 1 1 $digest"
	domain two "$rua" "$rua;"
	domain scheme "v=TLSRPTv1; rua=ftp://good.test/,https://good.test/r"
	domain noplace "v=TLSRPTv1; rua=http://good.test/r"
	for name in html testing none malformed redirect expired; do
		domain $name "$rua"
	done
	echo "uncovered.test. MX 10 mx.good.test."
	echo "uncovered.test. MX 20 mx2.good.test."
	echo "mx2.good.test. A 192.0.2.2"
	echo "mta-sts.uncovered.test. A $host"
	echo "_mta-sts.uncovered.test. TXT \"v=STSv1; id=1\""
	echo "badsts.test. MX 10 mx.good.test."
	echo "_mta-sts.badsts.test. TXT \"v=STSv1; id=a-b\""
	echo "pkix.test. MX 10 mx.pkix.test."
	echo "mx.pkix.test. A 192.0.2.3"
	echo "_25._tcp.mx.pkix.test. TLSA 1 1 1 $digest"
	echo "nomail.test. MX 0 ."
	echo "own.test. A 192.0.2.4"
	echo "badtlsa.test. MX 10 mx.bogus.test."
} >"$dir/zone.test"
echo "a.insecure.test. MX 10 mx.good.test." >"$dir/zone.insecure.test"
{
	echo "a.bogus.test. MX 10 mx.good.test."
	echo "mx.bogus.test. A 192.0.2.5"
} >"$dir/zone.bogus.test"

names=
for name in good two scheme noplace html testing none malformed redirect \
	uncovered; do
	names=$names,DNS:mta-sts.$name.test
done
ca_make "$dir" || exit 1
ca_issue "$dir" good 2 /CN=policies "${names#,}"
ca_issue "$dir" expired -1 /CN=policies DNS:mta-sts.expired.test
dns_start
# ready where anybody may listen there
start_host() {
	start "$dir/host.out" python3 "$src/tests/fake/policy_host.py" "$dir" \
		$host 443
	wait_until host_is_decided
	grep -q ^READY "$dir/host.out"
}
host_is_decided() {
	grep -q ^READY "$dir/host.out" || is_gone "$pid"
}
hosted=yes
start_host || {
	hosted=no
	skip_part "policies" "nobody may listen on $host:443"
}

# A host without Postfix: what it would be told is what 3.10 reads.
mkdir "$dir/bin"
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/postconf"
chmod +x "$dir/bin/postconf"
PATH=$dir/bin:$PATH

lookup() {
	timeout 60 "$bin/tlstally" -o policy.sts_ca_file="$dir/ca.pem" \
		-o policy.allow_private=yes -o store.directory="$dir/none" \
		lookup --resolver "127.0.0.1@$dns" "$@" >"$dir/out" 2>"$dir/err"
}

# says NAME DOMAIN EXPRESSION: the document, d, for which it holds; p() is
# whether a problem with this text is among its problems
says() {
	lookup "$2" --json || {
		fail "$1: status $?: $(cat "$dir/err")"
		return
	}
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
def p(text):
    return any(text in problem for problem in d["problems"])
assert eval("(" + sys.argv[2] + ")"), json.dumps(d, indent=1)' "$dir/out" \
		"$3" 2>"$dir/python" || {
		fail "$1: not $3" "$dir/python"
		return
	}
	echo "ok: $1"
}

# policy NAME DOMAIN EXPRESSION: the same where there is a policy host
policy() {
	[ $hosted = no ] || says "$@"
}

# is_not_root PID: its effective user
is_not_root() {
	case $(awk '/^Uid:/ { print $3 }' "/proc/$1/status") in
	"" | 0) return 1 ;;
	esac
}
if [ "$(id -u)" -eq 0 ]; then
	start "$dir/silent.out" python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print("READY", s.getsockname()[1], flush=True)
time.sleep(600)'
	wait_until grep -q ^READY "$dir/silent.out"
	start "$dir/asks.out" "$bin/tlstally" -o store.directory="$dir/none" \
		lookup --resolver "127.0.0.1@$(sed 's/READY //' \
		"$dir/silent.out")" good.test
	expect_soon "root does not ask the network" is_not_root "$pid"
	stop "$pid" KILL
else
	skip_part "who asks the network" "only root can give rights up"
fi

says "where reports go" good.test \
	'd["tlsrpt"]["destinations"] == ["mailto:tls@good.test"]'
says "MX, signed, with TLSA" good.test 'd["mx"]["secure"] and
	d["mx"]["hosts"][0]["host"] == "mx.good.test" and
	d["mx"]["hosts"][0]["tlsaRecords"][0].startswith("3 1 1 ABAB")'
says "two TLSRPT records" two.test \
	'd["tlsrpt"]["status"] == "bad" and p("TLSRPT")'
says "an unknown scheme" scheme.test \
	'd["tlsrpt"]["destinations"] == ["https://good.test/r"] and
	len(d["tlsrpt"]["leftOut"]) == 1 and p("ftp")'
says "no place at all" noplace.test 'd["tlsrpt"]["destinations"] == [] and
	p("no usable destination remains")'
says "an id that is none" badsts.test 'd["mtaSts"]["record"] == "bad" and p("id")'
says "no record" badsts.test 'd["tlsrpt"]["status"] == "none"'
says "TLSA that mail does not use" pkix.test 'p("cannot be used")'
says "TLSA below an unsigned MX" a.insecure.test \
	'not d["mx"]["secure"] and p("not signed by DNSSEC: senders ignore the TLSA")'
says "an MX set that is bogus" a.bogus.test 'd["mx"]["status"] == "bogus" and
	p("DNSSEC validation failed")'
says "an MX host that is bogus" badtlsa.test \
	'd["mx"]["hosts"][0]["tlsa"] == "bogus" and p("mx.bogus.test")'
says "no mail wanted" nomail.test 'd["mx"]["nullMx"] and p("null MX")'
says "no MX" own.test 'd["mx"]["hosts"][0]["host"] == "own.test"'
says "nothing there" nothing.test 'd["mx"]["status"] == "none" and p("neither")'
says "a name in another spelling" GOOD.Test. 'd["domain"] == "good.test"'

policy "a policy that is met" good.test 'd["mtaSts"]["mode"] == "enforce" and
	d["mtaSts"]["mx"] == ["mx.good.test"] and
	d["mtaSts"]["policyStrings"][0] == "version: STSv1" and
	d["mx"]["hosts"][0]["inPolicy"]'
policy "an MX that is not in it" uncovered.test \
	'not d["mx"]["hosts"][1]["inPolicy"] and p("mx2.good.test does not match any mx line")'
policy "a wrong media type" html.test 'd["mtaSts"]["policy"] == "ok" and
	p("text/html")'
policy "testing" testing.test 'p("testing")'
policy "none" none.test 'd["mtaSts"]["mode"] == "none" and p("mode is none")'
policy "a malformed policy" malformed.test \
	'd["mtaSts"]["policy"] == "bad" and p("line 2")'
policy "a redirect" redirect.test 'd["mtaSts"]["policy"] == "fetch-error" and
	p("redirects are not followed")'
policy "an expired certificate" expired.test \
	'd["mtaSts"]["policy"] == "certificate-error" and p("expired")'

# text WORDS...: the last look-up for people has each of these lines
text() {
	for words in "$@"; do
		grep -qF -- "$words" "$dir/out" || {
			fail "no '$words' in" "$dir/out"
		}
	done
}
lookup good.test
text "  TLSRPT    $rua" "reports go to mailto:tls@good.test" \
	"  MX        signed by DNSSEC" "10 mx.good.test: TLSA" "3 1 1 ABAB"
lookup two.test
text "Possible problems:"
lookup a.bogus.test
text "  MX        DNSSEC validation failed"

# The example of README.md, as it stands there.
if [ $hosted = yes ]; then
	lookup uncovered.test
	moment='s/20[0-9-]*T[0-9:]*Z/MOMENT/'
	sed "$moment" "$dir/out" >"$dir/shown"
	sed -n '/^    \$ tlstally lookup uncovered.test$/,/^## /p' \
		"$src/README.md" | sed '1d; /^## /d; s/^    //' | sed '$d' |
		sed "$moment" | diff "$dir/shown" - ||
		fail "README shows another answer"
fi

# What others report of good.test: its MX host is ours when a run has looked.
mkdir "$dir/store"
cat >"$dir/conf" <<-END
	[report]
	contact_info = tls@good.test
	[store]
	directory = $dir/store
	map_size = 64M
	[events]
	socket = unix:$dir/events
	socket_owner =
	socket_group =
	[policy]
	resolver = inet:127.0.0.1:$dns
	allow_private = yes
	sts_ca_file = $dir/ca.pem
	[received]
	domains = good.test
	count_unauthenticated = yes
END
start "$dir/tlstallyd.out" "$bin/tlstallyd" -c "$dir/conf"
wait_until [ -e "$dir/store/data.mdb" ]
stop "$pid"

tally() {
	timeout 60 "$bin/tlstally" -c "$dir/conf" "$@" 2>>"$dir/tally.err"
}
# counted ID: a report about the MX host, and whether it counts
counted() {
	cat >"$dir/$1.json" <<-END
		{"organization-name": "Sender", "report-id": "$1",
		"contact-info": "a", "date-range": {
		"start-datetime": "2026-03-01T00:00:00Z",
		"end-datetime": "2026-03-01T23:59:59Z"}, "policies": [{
		"policy": {"policy-type": "tlsa", "policy-domain": "mx.good.test"},
		"summary": {"total-successful-session-count": 5,
		"total-failure-session-count": 0}}]}
	END
	tally receive --json "$dir/$1.json" |
		grep -o '"isCounted": [a-z]*' | sed 's/.* //'
}
expect "before anybody has looked, an MX host is a stranger's" false \
	"$(counted first)"
tally run >/dev/null
expect "a run looks which MX hosts our domains have" true "$(counted second)"
tally posture good.test --day 2026-03-03 --json >"$dir/posture"
expect "posture: reports about the MX host, and what is published" \
	"mx.good.test 5 ok" "$(python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(d["hosts"][0]["host"], d["hosts"][0]["successfulSessions"],
      d["published"]["mx"]["status"])' "$dir/posture")"
if [ $hosted = yes ]; then
	tally posture uncovered.test --day 2026-03-03 >"$dir/out"
	text "Ready for enforce?  enforced, and sessions fail" \
		"MX mx2.good.test does not match any mx line of the policy" \
		"_smtp._tls.uncovered.test. IN TXT" "mx: mx2.good.test"
fi

lookup not..a.domain && fail "an operand that is not a domain"
grep -q "empty label" "$dir/err" || fail "not said: $(cat "$dir/err")"
[ ! -e "$dir/none" ] || fail "a store was made"
stop "$dns_resolver"
lookup good.test && fail "status 0 without a resolver"
grep -q "no answer from DNS" "$dir/err" || fail "not said: $(cat "$dir/err")"

end_test
