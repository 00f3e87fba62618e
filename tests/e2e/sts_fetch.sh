#!/bin/bash
# MTA-STS policies from hosts that answer and misbehave as they are told
#
# make check runs it; by hand: tests/e2e/sts_fetch.sh from the build directory
# with srcdir set.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/certificates.sh"
driver=$e2e/policy_driver
need_tools python3 openssl
make_folder

names=
for name in good redirect missing created broken largest toolarge endless html \
	nokind charset cookie slow silent flood close short; do
	names=$names,DNS:mta-sts.$name.test
done
ca_make "$dir" || exit 1
ca_issue "$dir" good 2 /CN=policies "${names#,}"
ca_issue "$dir" expired -1 /CN=policies DNS:mta-sts.expired.test
ca_issue "$dir" wrongname 2 /CN=mta-sts.wrongname.test DNS:other.test
ca_issue "$dir" cnonly 2 /CN=mta-sts.cnonly.test
ca_issue "$dir" mailonly 2 /CN=mta-sts.mailonly.test \
	"email:DNS@mta-sts.mailonly.test"
ca_issue "$dir" wildcard 2 /CN=policies "DNS:*.wildcard.test"
ca_issue "$dir" deepwild 2 /CN=policies "DNS:*.test"
ca_self_signed "$dir" selfsigned DNS:mta-sts.selfsigned.test

start_fake host policy_host "$dir"
server=$pid

# fetch WHAT DOMAIN = PATTERN
fetch() {
	local got
	got=$(timeout 20 "$driver" fetch "127.0.0.1:$port" "$dir/ca.pem" \
		"${secs:-10}" "$2" ${strict:+strict} 2>&1)
	# shellcheck disable=SC2254
	case $got in
	$4) echo "ok: $1" ;;
	*) fail "$1: wanted '$4', got '$got'" ;;
	esac
}

fetch "a policy" good.test = "ok 65 -"
fetch "a certificate for *.wildcard.test" wildcard.test = "ok 65 -"
fetch "text/plain in capitals, with charset" charset.test = "ok 65 -"
fetch "HTML" html.test = \
	"ok 65 mta-sts.html.test: media type 'text/html' is not text/plain"
fetch "no media type" nokind.test = "ok 65 *media type '' is not text/plain"
fetch "64 KiB" largest.test = "ok 65536 -"
fetch "a byte more" toolarge.test = "fetch-error 0 *longer than 64 KiB"
fetch "without end" endless.test = "fetch-error 0 *longer than 64 KiB"
fetch "a redirect" redirect.test = \
	"fetch-error 0 mta-sts.redirect.test: HTTP status 301, and redirects are not followed"
fetch "404" missing.test = "fetch-error 0 *HTTP status 404 instead of 200"
fetch "201" created.test = "fetch-error 0 *HTTP status 201 instead of 200"
fetch "500" broken.test = "fetch-error 0 *HTTP status 500 instead of 200"
fetch "a flood of headers" flood.test = "fetch-error 0 *"
fetch "closed without a word" close.test = "fetch-error 0 *"
fetch "closed in the middle" short.test = "fetch-error 0 *"
secs=1
fetch "a byte now and then" slow.test = "fetch-error 0 *timed out*"
fetch "silence" silent.test = "fetch-error 0 *timed out*"
secs=10

fetch "an expired certificate" expired.test = \
	"certificate-error 0 mta-sts.expired.test: *expired*"
fetch "a certificate of somebody else" wrongname.test = "certificate-error 0 *"
fetch "a certificate with the name in CN only" cnonly.test = \
	"certificate-error 0 *has no DNS name in subjectAltName"
fetch "a certificate with a mail address only" mailonly.test = \
	"certificate-error 0 *"
fetch "a wildcard for one label, not two" deepwild.test = "certificate-error 0 *"
fetch "a self-signed certificate" selfsigned.test = "certificate-error 0 *self*signed*"
strict=yes
fetch "a loopback address" good.test = \
	"fetch-error 0 mta-sts.good.test: address 127.0.0.1 is loopback*"
strict=

# one that says nothing has one of the two places of its network, the others go on
# meanwhile
got=$(timeout 60 "$driver" together "127.0.0.1:$port" "$dir/ca.pem" 3 \
	silent.test missing.test expired.test charset.test | tr '\n' ' ')
if [ "${got% silent*}" = "missing.test fetch-error expired.test \
certificate-error charset.test ok" ]; then
	echo "ok: many at a time"
else
	fail "many at a time: got '$got'"
fi

good=$(grep '^mta-sts.good.test ' "$dir/requests")
[ "$good" = "mta-sts.good.test /.well-known/mta-sts.txt Accept,Host,User-Agent" ] ||
	fail "the request was '$good'"

mv "$dir/ca.pem" "$dir/ca.gone"
fetch "no such list of authorities" good.test = \
	"error $dir/ca.pem: No such file or directory"
echo "nothing of the sort" >"$dir/ca.pem"
fetch "a list of authorities that is none is our own fault" good.test = \
	"no-answer 0 mta-sts.good.test: *"
mv "$dir/ca.gone" "$dir/ca.pem"
stop "$server"

# TLS 1.1, which RFC 8996 forbids, where the system's settings would do
enter="env TLS_OLD=yes" start_fake host policy_host "$dir"
tls_any_version "$dir/any.cnf"
OPENSSL_CONF=$dir/any.cnf fetch "TLS 1.1 alone" good.test = \
	"certificate-error 0 *alert protocol version*"
stop "$pid"
fetch "nobody there" good.test = "fetch-error 0 mta-sts.good.test: *"
# its queue is full: who connects now is not answered
start "$dir/full.out" python3 -c '
import socket, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
waiting = []
for _ in range(4):
    waiting.append(socket.socket())
    waiting[-1].setblocking(False)
    waiting[-1].connect_ex(server.getsockname())
print("READY", server.getsockname()[1], flush=True)
time.sleep(600)'
wait_until grep -q READY "$dir/full.out"
refused=$port
port=$(sed 's/READY //' "$dir/full.out")
secs=1
fetch "a host that does not say no" good.test = "fetch-error (missed) 0 *timed out*"
secs=10
port=$refused
http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 \
	fetch "a proxy of the environment is not used" good.test = \
	"fetch-error 0 *127.0.0.1 port $port*"

end_test
