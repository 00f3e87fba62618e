# Part of transports.sh: reports by POST.

serve https https_sink --keep $tls
at=https://sink.localhost:$port
ca="-o deliver.https_ca_file=$dir/cert -o deliver.mail=off"

# post WHAT PATH WANT OPTIONS...
post() {
	expect_like "$1" "1 $3" \
		"$(echo "$at$2 $dir/report.json.gz" | deliver $ca "${@:4}")"
}

post "201" /status/201/created "accepted http 201 0 ok HTTP 201 Created"
cmp "$dir/report.json.gz" "$dir/https/created.body" ||
	fail "the report changed"
head=$dir/https/created.head
expect_like "content type" 1 \
	"$(grep -c '^Content-Type: application/tlsrpt+gzip$' "$head")"
expect_like "user agent" 1 "$(grep -c '^User-Agent: tlstally/' "$head")"
expect_like "what must not be there" 0 \
	"$(grep -ciE '^(Expect|(Content|Accept)-Encoding|Cookie|Authorization|TE):' "$head")"
post "404" /status/404/x "refused http 404 0 ok HTTP 404 Not Found"
post "words" /words/x \
	"refused http 404 0 ok HTTP 404 Not Found: not here *x1b?31m"
post "JSON says why, in UTF-8" /problem/422/x \
	"refused http 422 0 ok HTTP 422 Unprocessable *: Zu groß: höchstens 1 MB"
post "packed, though nobody asked" /packed/gzip/x \
	"refused http 400 0 ok HTTP 400 Bad Request: Zu groß: höchstens 1 MB"
post "packed in a way nobody knows" /packed/odd/x \
	"refused http 400 0 ok HTTP 400 Bad Request"
post "too large" /status/413/x "refused http 413 0 ok *"
post "too large for now" /again/413/x "temporary http 413 300 ok *"
post "forbidden for now" /again/403/x "temporary http 403 300 ok *"
post "misdirected" /status/421/x "temporary http 421 0 ok *"
post "503" /status/503/x "temporary http 503 0 ok *"
post "429" /status/429/x "temporary http 429 0 ok *"
post "Retry-After in seconds" /retry/120/x "temporary http 503 120 ok *"
post "Retry-After far away" /retry/9999999999999/x \
	"temporary http 503 [0-9]* ok *"
post "Retry-After as a date, past" /retry/Sun%2C_06_Nov_1994_08:49:37_GMT/x \
	"temporary http 503 0 ok *"
post "redirect" /redirect/x "refused http 302 0 ok *redirects are not followed"
[ -e "$dir/https/redirected.body" ] && fail "the redirect was followed"
post "endless body" /endless/x "accepted http 200 0 ok *"
post "endless headers" /flood/x "accepted http 200 0 ok *"
post "no answer" /close/closed "uncertain http 0 0 ok *after the report was sent"
[ -e "$dir/https/closed-2.body" ] && fail "sent twice in a row"
post "no answer but 100" /hundred/x "uncertain http 0 0 ok *"
post "something else than HTTP" /babble/x "uncertain http 0 0 ok *"
post "silence" /silent/x "uncertain http 0 0 ok *" -o deliver.timeout=1s

post "private address" /status/200/x \
	"refused connect 0 0 ok *is loopback (RFC *)" \
	-o deliver.https_allow_private=no
expect_like "nobody's certificate" "1 temporary connect 0 0 ok *certificate*" \
	"$(echo "$at/status/200/x $dir/report.json.gz" |
	deliver -o deliver.mail=off)"
expect_like "certificates ignored" "1 accepted *" \
	"$(echo "$at/status/200/x $dir/report.json.gz" |
	deliver -o deliver.mail=off -o deliver.https_verify=no)"
at=https://other.localhost:$port
https_port=$port
post "another's certificate" /status/200/x \
	"temporary connect 0 0 ok *certificate*"
at=https://sink.localhost:$closed
post "nobody there" /status/200/x "temporary connect 0 0 ok *"
at=https://sink.invalid
post "no such name" / "temporary connect 0 0 ok *"
at=https://sink.localhost:$port
post "https is off" / "refused local 0 0 ok *" -o deliver.https=no
export https_proxy=http://127.0.0.1:$closed
post "no proxy from the environment" /status/200/x "accepted *"
unset https_proxy

# Why TLS failed, in the words of those who know.
ca_make "$dir" && ca_issue "$dir" expired -1 /CN=x DNS:sink.localhost ||
	fail "no certificates"
serve expired https_sink --cert "$dir/expired.crt" --key "$dir/expired.key"
expect_like "a certificate that has expired" \
	"1 temporary connect 0 0 ok *: SSL certificate problem: certificate has expired" \
	"$(echo "https://sink.localhost:$port/status/200/x $dir/report.json.gz" |
	deliver -o deliver.mail=off -o deliver.https_ca_file="$dir/ca.pem")"
tls_any_version "$dir/any.cnf"
export TLS_OLD=yes
serve oldtls https_sink $tls
unset TLS_OLD
expect_like "TLS 1.1 alone" \
	"1 temporary connect 0 0 ok *alert protocol version*" \
	"$(echo "https://sink.localhost:$port/status/200/x $dir/report.json.gz" |
	OPENSSL_CONF=$dir/any.cnf deliver $ca)"
expect_like "a list of authorities that is not there" \
	"1 temporary local 0 0 our-fault *$dir/gone*" \
	"$(echo "https://sink.localhost:$port/status/200/x $dir/report.json.gz" |
	deliver -o deliver.mail=off -o deliver.https_ca_file="$dir/gone")"
serve nothttps smtp_sink
expect_like "no TLS there" "1 temporary connect 0 0 ok *wrong version number*" \
	"$(echo "https://sink.localhost:$port/ $dir/report.json.gz" | deliver $ca)"

# Some speak HTTP/2 alone.
# h2 WHAT FIRST SINK-OPTIONS...: two reports; FIRST is what became of HTTP/1.1
h2() {
	serve "$1" h2_sink $tls "${@:3}"
	for i in 1 2; do
		echo "https://sink.localhost:$port/$i $dir/report.json.gz"
	done >"$dir/jobs"
	expect_like "HTTP/2, $1" "2 accepted http 200 0 ok HTTP 200" \
		"$(deliver $ca -o deliver.concurrency_per_host=1 <"$dir/jobs" |
		tail -1)"
	cmp "$dir/report.json.gz" "$dir/$1/2.body" ||
		fail "the report changed in HTTP/2"
	expect_like "HTTP/1.1 is tried first, once" "$2 h2" \
		"$(tr '\n' ' ' <"$dir/$1/connections" | sed 's/ $//')"
}
h2 by-its-bytes http1
h2 by-its-alert alert --alert
h2 by-its-silence http1 --silent
port=$https_port

# A host that never answers is in nobody's way.
for i in 1 2 3; do
	echo "https://a.localhost:$port/silent/$i $dir/report.json.gz"
done >"$dir/jobs"
echo "$at/status/200/x $dir/report.json.gz" >>"$dir/jobs"
expect_like "past a silent host" "4 accepted *" "$(timeout 60 "$driver" $ca \
	-o deliver.https_allow_private=yes -o deliver.timeout=2s \
	-o deliver.concurrency_per_host=2 -o deliver.https_verify=no <"$dir/jobs" | head -1)"

# Nor is a name server: the deadline is the deadline, with a whole look-up
# still under way.
for i in 1 2 3; do
	echo "https://slow-dns$i.invalid/ $dir/report.json.gz"
done >"$dir/jobs"
expect_like "past a silent name server" "3 temporary connect * Resolving timed out *" \
	"$(timeout 7 "$driver" $ca -o deliver.https_allow_private=yes \
		-o deliver.timeout=1s <"$dir/jobs" | sort | tail -1)"
