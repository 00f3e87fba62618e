#!/bin/bash
# The resolver against a real one (nsd, unbound, a signed tree of our own), and
# against a network that loses, forges and forgets.
#
# make check runs it; by hand: tests/e2e/resolver.sh from the build directory
# with srcdir set.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/dns_tree.sh"
driver=$e2e/policy_driver
dns_need_tools
make_folder

digest=$(printf 'ab%.0s' $(seq 32))
{
	echo "ok.test. 200 MX 20 Mx2.OK.test."
	echo "ok.test. 200 MX 10 mx.ok.test."
	echo "mx.ok.test. A 192.0.2.1"
	echo "mx.ok.test. AAAA 2001:db8::1"
	echo "_25._tcp.mx.ok.test. TLSA 3 1 1 $digest"
	echo '_smtp._tls.ok.test. TXT "v=TLSRPTv1; rua=mailto:a@" "ok.test"'
	echo "null.test. MX 0 ."
	echo 'odd.test. MX 10 a\.b.ok.test.'
	for i in $(seq 8); do
		echo "long.test. TXT \"$(printf "$i%.0s" $(seq 250))\""
	done
	for i in $(seq 150); do echo "many.test. A 10.1.1.$i"; done
	for i in $(seq 5); do echo "c$i.test. 100 CNAME c$((i + 1)).test."; done
	echo "c6.test. A 192.0.2.6"
	echo "nodata.test. CNAME ok.test."
	echo "nowhere.test. CNAME no.such.name.test."
	echo "out.test. CNAME a.insecure.test."
	echo "into.test. CNAME a.bogus.test."
} >"$dir/zone.test"
echo "a.insecure.test. A 192.0.2.2" >"$dir/zone.insecure.test"
echo "a.bogus.test. A 192.0.2.3" >"$dir/zone.bogus.test"
dns_start

# The answer to $asked, and how many milliseconds it took
put_question() {
	local begun=$EPOCHREALTIME
	"$driver" dns "${asked[@]}" 2>&1 | tr '\n' ' '
	echo $(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))
}

# ask WHAT ADDRESS TIMEOUT NAME TYPE [trust] = PATTERN
ask() {
	local what=$1 got
	shift
	asked=("${@:1:$#-2}")
	got=$(put_question)
	took_ms=${got##* }
	got=${got% *}
	# shellcheck disable=SC2254
	case $got in
	${*: -1}) echo "ok: $what ($took_ms ms)" ;;
	*) fail "$what: wanted '${*: -1}', got '$got'" ;;
	esac
}

# at WHAT NAME TYPE = PATTERN: asks the resolver itself
at() {
	ask "$1" "inet:127.0.0.1:$dns" 5000 "${@:2}"
}

at "a set of MX" ok.test MX = \
	"ok secure 200 ok.test 2 * mx*"
at "names come in lower case" ok.test MX = "*20 mx2.ok.test*"
at "capitals in the question" OK.TEST MX = "ok secure 200 ok.test 2 *"
at "an address" mx.ok.test A = "ok secure 300 mx.ok.test 1 192.0.2.1"
at "an IPv6 address" mx.ok.test AAAA = "ok secure 300 mx.ok.test 1 2001:db8::1"
at "TLSA" _25._tcp.mx.ok.test TLSA = "ok secure 300 * 1 3 1 1 ABABAB*"
at "TXT in two strings" _smtp._tls.ok.test TXT = \
	"ok secure 300 _smtp._tls.ok.test 1 v=TLSRPTv1; rua=mailto:a@ok.test"
at "null MX" null.test MX = "ok secure 300 null.test 1 0 ."
at "an MX that is no host name" odd.test MX = "ok secure 300 odd.test 1 10 [?]"
at "no such name" nothing.test MX = "none secure 120 nothing.test 0"
at "no such type" mx.ok.test MX = "none secure 120 mx.ok.test 0"
at "an insecure zone" a.insecure.test A = \
	"ok insecure 300 a.insecure.test 1 192.0.2.2"
at "nothing in an insecure zone" b.insecure.test A = \
	"none insecure 120 b.insecure.test 0"
at "a bogus zone" a.bogus.test A = "bogus insecure DNSSEC validation failed"
at "nothing in a bogus zone" b.bogus.test A = \
	"bogus insecure DNSSEC validation failed"
at "five aliases" c1.test A = "ok secure 100 c6.test 1 192.0.2.6"
at "an alias itself" c1.test CNAME = "ok secure 100 c1.test 1 *"
at "an alias to a name without that type" nodata.test A = \
	"none secure 120 ok.test 0"
at "an alias to no name" nowhere.test A = "none secure 120 no.such.name.test 0"
at "an alias into an insecure zone" out.test A = \
	"ok insecure 300 a.insecure.test 1 192.0.2.2"
at "an alias into a bogus zone" into.test A = "bogus insecure *"
at "too long for UDP: by TCP" long.test TXT = "ok secure 300 long.test 8 *"
at "more records than anybody needs" many.test A = \
	"ok secure 300 many.test 100 *"
at "a name that DNS cannot have" "$(printf 'a%.0s' $(seq 70)).test" A = \
	"none insecure 3600 *"

# proxy ARGS...: a dns_proxy in front of it; its port goes to $port
proxy() {
	start_fake proxy dns_proxy "$@" "$dns"
}

# through WHAT TIMEOUT NAME TYPE = PATTERN
through() {
	ask "$1" "inet:127.0.0.1:$port" "${@:2}"
}

# took WHAT MIN MAX: milliseconds of the last question.  A busy machine makes
# some answer late, not each of ten.
took() {
	for _ in $(seq 9); do
		[ "$took_ms" -gt "$3" ] || break
		took_ms=$(put_question)
		took_ms=${took_ms##* }
	done
	[ "$took_ms" -ge "$2" ] && [ "$took_ms" -le "$3" ] && return
	fail "$1: took $took_ms ms"
}

proxy --udp drop
through "UDP is lost: TCP" 2000 ok.test MX = "ok secure * ok.test 2 *"
took "UDP is lost" 900 1900
proxy --udp drop --tcp drop
through "nobody answers" 1000 ok.test MX = \
	"no-answer insecure inet:127.0.0.1:$port by TCP: no answer within the time limit"
took "nobody answers" 950 1500
proxy --udp drop --tcp close
through "TCP is closed" 1000 ok.test MX = \
	"no-answer insecure inet:127.0.0.1:$port by TCP: the connection was closed"
proxy --udp spoof
through "forged answers before the real one" 2000 ok.test MX = \
	"ok secure * ok.test 2 *"
took "forged answers" 0 900
proxy --udp broken
through "a damaged packet: TCP" 2000 ok.test MX = "ok secure * ok.test 2 *"
took "a damaged packet" 0 900
proxy --udp refuse --tcp refuse
through "a server that refuses" 2000 ok.test MX = \
	"no-answer insecure inet:127.0.0.1:$port by TCP: REFUSED"
proxy --udp badvers --tcp badvers
through "a server that knows no EDNS of this version" 2000 ok.test MX = \
	"no-answer insecure inet:127.0.0.1:$port by TCP: RCODE 16"
proxy --udp cname
through "one alias at a time" 2000 c1.test A = \
	"ok insecure [1-9]* c6.test 1 192.0.2.6"
proxy --udp loop
through "aliases without an end" 2000 c1.test A = \
	"no-answer insecure a chain of CNAME records that does not end"

port=$(free_ports 1)
ask "no server there" "inet:127.0.0.1:$port" 2000 ok.test MX = \
	"no-answer insecure inet:127.0.0.1:$port by TCP: * refused"
took "no server there" 0 900
ask "no address" dns.example 2000 ok.test MX = \
	"error 'dns.example' is not an IP address*"

end_test
