#!/bin/bash
# The transports against servers that misbehave as they are told: what each
# answer is taken for, and that bodies arrive byte for byte.
#
# make check runs it; by hand: tests/e2e/transports.sh from the build directory
# with srcdir set.
set -u
src=${srcdir:-.}
driver=$PWD/tests/e2e/transport_driver
python=/usr/bin/python3
[ -x $python ] && command -v openssl >/dev/null || exit 77

dir=$(mktemp -d "${TMPDIR:-/tmp}/transports.XXXXXX")
pids=()
failures=0
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# start NAME PROGRAM ARGS: a server; its port goes to $port, its files to
# $dir/NAME.
start() {
	local out=$dir/$1.out
	mkdir -p "$dir/$1"
	: >"$out"
	$python "$src/tests/fake/$2.py" "${@:3}" "$dir/$1" >"$out" 2>"$out.err" &
	pids+=($!)
	for _ in $(seq 200); do
		read -r word port <"$out" && [ "$word" = READY ] && return
		sleep 0.05
	done
	cat "$out.err"
	echo "FAIL: $2 did not start"
	exit 1
}

# deliver OPTIONS... < jobs: one answer a line, in the order of the jobs.
deliver() {
	timeout 60 "$driver" -o deliver.https_allow_private=yes \
		-o deliver.timeout=20s "$@" 2>"$dir/stderr" | sort -n
}

# expect WHAT WANT GOT: GOT is one line that the pattern WANT fits.
expect() {
	# shellcheck disable=SC2254
	case $3 in
	$2) echo "ok: $1" ;;
	*)
		fail "$1: wanted '$2', got '$3'"
		head -20 "$dir/stderr"
		;;
	esac
}

# For what is to run into the timeout.
slow=
# mail WHAT WANT SINK-OPTIONS...: one message to a sink of its own.
sinks=0
mail() {
	local what=$1 want=$2
	shift 2
	start "sink$((++sinks))" smtp_sink "$@"
	expect "$what" "$want" "$(echo "mailto:x@example.com $dir/mail" |
		deliver -o deliver.mail=smtp://127.0.0.1:$port $slow)"
}

printf 'From: a@reporter.example\r\nSubject: x\r\n\r\n.\r\n..x\r\nend\r\n' \
	>"$dir/mail"
head -c 3000 /dev/urandom >"$dir/report.json.gz"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,DNS:sink.localhost 2>/dev/null ||
	exit 77
# shellcheck source=tests/e2e/certificates.sh
. "$src/tests/e2e/certificates.sh"
tls="--cert $dir/cert --key $dir/key"

# shellcheck source=tests/e2e/transports_smtp.sh
. "$src/tests/e2e/transports_smtp.sh"
# shellcheck source=tests/e2e/transports_https.sh
. "$src/tests/e2e/transports_https.sh"
# shellcheck source=tests/e2e/transports_local.sh
. "$src/tests/e2e/transports_local.sh"

echo "$failures failed"
[ $failures -eq 0 ]
