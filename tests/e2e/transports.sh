#!/bin/bash
# The transports against servers that misbehave as they are told: what each
# answer is taken for, and that bodies arrive byte for byte.
#
# make check runs it; by hand: tests/e2e/transports.sh from the build directory
# with srcdir set.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/certificates.sh"
driver=$e2e/transport_driver
need_tools python3 openssl
make_folder
at_failure=$dir/stderr

# serve NAME PROGRAM ARGS: a server; its port goes to $port, its files to
# $dir/NAME.
serve() {
	mkdir -p "$dir/$1"
	start_fake "$@" "$dir/$1"
}

# deliver OPTIONS... < jobs: one answer a line, in the order of the jobs.
deliver() {
	timeout 60 ${rights:-} "$driver" -o deliver.https_allow_private=yes \
		-o deliver.timeout=20s "$@" 2>"$dir/stderr" | sort -n
}

# For what is to run into the timeout.
slow=
# mail WHAT WANT SINK-OPTIONS...: one message to a sink of its own.
sinks=0
mail() {
	local what=$1 want=$2
	shift 2
	serve "sink$((++sinks))" smtp_sink "$@"
	expect_like "$what" "$want" "$(echo "mailto:x@example.com $dir/mail" |
		deliver -o deliver.mail=smtp://127.0.0.1:$port $slow)"
}

printf 'From: a@reporter.example\r\nSubject: x\r\n\r\n.\r\n..x\r\nend\r\n' \
	>"$dir/mail"
head -c 3000 /dev/urandom >"$dir/report.json.gz"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,DNS:sink.localhost 2>/dev/null ||
	die "openssl makes no certificate"
tls="--cert $dir/cert --key $dir/key"

# shellcheck source=tests/e2e/transports_smtp.sh
. "$src/tests/e2e/transports_smtp.sh"
# shellcheck source=tests/e2e/transports_https.sh
. "$src/tests/e2e/transports_https.sh"
# shellcheck source=tests/e2e/transports_local.sh
. "$src/tests/e2e/transports_local.sh"

end_test
