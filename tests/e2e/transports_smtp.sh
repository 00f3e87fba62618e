# Part of transports.sh: mail through a relay.

mail "taken" "1 accepted data 250 0 ok 250 2.0.0 taken"
expect_like "the sender" "from FROM:<tls@reporter.example>" \
	"$(grep ^from "$dir/sink1/x.env")"
cmp "$dir/mail" "$dir/sink1/x.eml" || fail "the message changed"

mail "greeting refused" "1 temporary greeting 554 0 our-fault 554 5.7.1 no*" \
	--reply "greeting=554 5.7.1 not you"
mail "sender refused" "1 temporary mail 550 0 our-fault 550 5.7.1 no" \
	--reply "mail=550 5.7.1 no"
mail "unknown user" "1 bad-address rcpt 550 0 ok 550 5.1.1 who*" \
	--reply "rcpt=550-5.1.1 who?|550 5.1.1 nobody"
mail "relaying denied" "1 temporary rcpt 554 0 our-fault *" \
	--reply "rcpt=554 5.7.1 relaying denied"
mail "greylisted" "1 temporary rcpt 450 0 ok *" \
	--reply "rcpt=450 4.2.0 greylisted"
mail "DATA refused" "1 refused data 554 0 ok *" --reply "data=554 5.5.1 no"
mail "content refused" "1 refused data 554 0 ok *" \
	--reply "end=554 5.6.0 odd"
mail "no SMTP at all" "1 temporary greeting 0 0 our-fault mail relay *" \
	--reply "greeting=SSH-2.0-OpenSSH_9.2"
mail "nonsense in the middle" "1 temporary rcpt 0 0 ok *not an SMTP reply*" \
	--reply "rcpt=hello"
mail "taken, and goodbye" "1 accepted data 250 0 ok 250 2.0.0 taken" \
	--reply "end=250 2.0.0 taken|421 4.3.2 bye"
mail "unknown user, and goodbye" "1 bad-address rcpt 550 0 ok *" \
	--reply "rcpt=550 5.1.1 who?|421 4.3.2 bye"
mail "out of step" "1 temporary mail 0 0 ok *that no command asked for" \
	--reply "mail=250 ok|250 ok"
mail "lost at MAIL" "1 temporary mail 0 0 ok *lost connection*" --drop mail
mail "lost in the text" "1 temporary data 0 0 ok *" --drop data
mail "lost after the dot" "1 uncertain data 0 0 ok *after the message was*" \
	--drop end
slow="-o deliver.mail_timeout=1s"
mail "silent after the dot" "1 uncertain data 0 0 ok *timed out after the*" \
	--delay end=10
mail "slow greeting" "1 temporary greeting 0 0 our-fault *tim*out*" \
	--delay greeting=10
# One transfer's time is HTTPS's: here each step may take long, and all of them
# longer.
slow="-o deliver.timeout=1s -o deliver.mail_timeout=4s"
mail "slow all the way" "1 accepted data 250 *" --delay greeting=2 \
	--delay ehlo=2 --delay mail=2 --delay rcpt=2 --delay data=2 --delay end=3
mail "each step in time, but not their sum" \
	"1 temporary greeting 0 0 our-fault *timed out*" --delay greeting=3 \
	--delay ehlo=3.5
slow=

mail "STARTTLS is used, whoever signed" "1 accepted *" $tls
expect_like "over TLS" "tls yes" "$(grep ^tls "$dir/sink$sinks/x.env")"
mail "STARTTLS refused" "1 accepted *" $tls --reply "starttls=454 no"
expect_like "in the clear" "tls no" "$(grep ^tls "$dir/sink$sinks/x.env")"
mail "STARTTLS broken" "1 accepted *" $tls --garble
expect_like "in the clear after all" "tls no" \
	"$(grep ^tls "$dir/sink$sinks/x.env")"
grep -q "reports are sent there without TLS" "$dir/stderr" ||
	fail "nobody was told that TLS did not work"

# verify OPTIONS...: through the last sink, with what only settings change
verify() {
	echo "mailto:v@example.com $dir/mail" | deliver "$@"
}
serve verify smtp_sink $tls
expect_like "mail_verify refuses a stranger's certificate" \
	"1 temporary greeting 0 0 our-fault *certificate*" \
	"$(verify -o deliver.mail=smtp://localhost:$port \
		-o deliver.mail_verify=yes)"
expect_like "mail_verify with the right CA" "1 accepted *" \
	"$(verify -o deliver.mail=smtp://localhost:$port \
		-o deliver.mail_verify=yes -o deliver.mail_ca_file="$dir/cert")"
serve smtps smtp_sink $tls --smtps
expect_like "smtps" "1 accepted *" "$(verify -o deliver.mail=smtps://localhost:$port)"

printf 'secret word\n' >"$dir/password"
printf 'wrong\n' >"$dir/wrong"
serve auth smtp_sink $tls --auth "joe:secret word"
expect_like "AUTH" "1 accepted *" "$(verify -o deliver.mail=smtp://localhost:$port \
	-o deliver.mail_user=joe -o deliver.mail_password_file="$dir/password")"
expect_like "as this user" "user joe" "$(grep ^user "$dir/auth/v.env")"
expect_like "wrong password" "1 temporary auth 535 0 our-fault 535 5.7.8 *" \
	"$(verify -o deliver.mail=smtp://localhost:$port \
	-o deliver.mail_user=joe -o deliver.mail_password_file="$dir/wrong")"
serve clear smtp_sink
expect_like "no credentials in the clear" "1 temporary greeting 0 0 our-fault *" \
	"$(verify -o deliver.mail=smtp://localhost:$port \
	-o deliver.mail_user=joe -o deliver.mail_password_file="$dir/password")"
verify -o deliver.mail=smtp://localhost:$port -o deliver.mail_user=joe \
	-o deliver.mail_password_file="$dir/none" >/dev/null
grep -q "mail_password_file .*/none: No such file" "$dir/stderr" ||
	fail "a missing password file is not named"

serve gss smtp_sink $tls --smtps --reply \
	"ehlo=250-sink|250-PIPELINING|250 AUTH GSSAPI XOAUTH2"
expect_like "no AUTH mechanism that fits" \
	"1 temporary auth 0 0 our-fault *no supported AUTH mechanism; it offers: GSSAPI XOAUTH2" \
	"$(verify -o deliver.mail=smtps://localhost:$port \
	-o deliver.mail_user=joe -o deliver.mail_password_file="$dir/password")"

# A relay that is not there answers everything that waits, at once.
closed=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	echo "mailto:x$i@example.com $dir/mail"
done >"$dir/dozen"
expect_like "no relay" "12 12" "$(deliver -o deliver.mail=smtp://127.0.0.1:$closed \
	<"$dir/dozen" | awk '/temporary connect 0 0 our-fault/ { n++ }
	END { print n, NR }')"

# One refused recipient leaves the connection to the others.
serve reuse smtp_sink --rcpt "x3=550 5.1.1 who?" --rcpt "x7=550 5.1.1 who?"
expect_like "refused in between" "10 2" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port \
	-o deliver.concurrency_per_host=1 <"$dir/dozen" |
	awk '/accepted/ { a++ } /bad-address/ { b++ } END { print a, b }')"
expect_like "all on one connection" "connection 1" \
	"$(cat "$dir"/reuse/*.env | grep ^connection | sort -u)"
serve short smtp_sink --messages 2
expect_like "a relay that closes after two" "12" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port <"$dir/dozen" |
	grep -c accepted)"
# What our own server refuses to everybody is no receiver's trouble.
mail "too large for it" "1 temporary data 552 0 our-fault 552 5.3.4 *" \
	--reply "end=552 5.3.4 Message too big for system"
for i in $(seq 12); do
	echo "mailto:x$i@d$i.example.com $dir/mail"
done >"$dir/domains"
# alike WHAT JOBS WANT SINK-OPTIONS...: a count of EVENT OUR-FAULT
alike() {
	serve "$1" smtp_sink "${@:4}"
	expect_like "$1" "$3" "$(deliver -o deliver.mail=smtp://127.0.0.1:$port \
		<"$2" | awk '{ print $2, $6 }' | sort | uniq -c | tr -s ' ' |
		tr '\n' ';')"
}
alike "relays-nothing" "$dir/domains" " 12 temporary our-fault;" \
	--reply "rcpt=550 Invalid recipient"
alike "knows-nobody" "$dir/domains" " 12 temporary our-fault;" \
	--reply "rcpt=550 5.1.1 User unknown"
alike "one-domain-is-dead" "$dir/dozen" " 12 bad-address ok;" \
	--reply "rcpt=550 5.1.1 User unknown"
alike "some-are-dead" "$dir/domains" " 8 accepted ok; 4 bad-address ok;" \
	--rcpt "x3=550 5.1.1 who?" --rcpt "x5=550 5.1.1 who?" \
	--rcpt "x7=550 5.1.1 who?" --rcpt "x9=550 5.1.1 who?"
serve told smtp_sink --reply "rcpt=550 Invalid recipient"
expect_like "the operator reads how many" \
	"1 temporary rcpt 550 0 our-fault our mail server refuses many reports with the same answer: 550 *" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port <"$dir/domains" |
	head -1)"

# What a used connection gives back goes out on a fresh one.
for i in $(seq 200); do
	echo "mailto:m$i@example.com $dir/mail"
done >"$dir/many"
# enough WHAT SINK-OPTIONS...: 200 messages; how many connections it took
enough() {
	serve "$1" smtp_sink "${@:2}"
	expect_like "a relay that $1" 200 \
		"$(deliver -o deliver.mail=smtp://127.0.0.1:$port <"$dir/many" |
		grep -c accepted)"
}
enough "says-421-to-the-fifth" --enough "mail=421 4.7.0 too many" --messages 4
enough "says-421-at-RCPT" --enough "rcpt=421 4.7.0 too many" --messages 4
enough "says-452-to-the-fifth" --enough "mail=452 4.5.3 too many" --messages 4
enough "closes-at-DATA" --enough "data=close" --messages 3
serve never smtp_sink --enough "mail=421 4.3.2 not now" --messages 0
expect_like "a relay that says 421 to the first, too: no loop" "12 1" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port \
	-o deliver.concurrency_per_host=1 <"$dir/dozen" |
	grep -c temporary) $(wc -l <"$dir/never/connections")"
serve one smtp_sink --enough "mail=421 4.7.0 too many" --messages 1 --clients 1
expect_like "one message a connection, one connection" "12" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port <"$dir/dozen" |
	grep -c accepted)"
serve few smtp_sink --clients 2
expect_like "a relay that takes two at once" "12" \
	"$(deliver -o deliver.mail=smtp://127.0.0.1:$port <"$dir/dozen" |
	grep -c accepted)"

# Around 64 KiB and 1 MiB, dots everywhere, with and without a last CRLF.
mkdir "$dir/bodies"
python3 - "$dir/bodies" <<'EOF'
import sys
sizes = list(range(65530, 65546)) + list(range(1048570, 1048583))
lines = {"dots": b".\r\n", "lines": b".x" * 38 + b"\r\n", "long": b"." * 900 + b"\r\n"}
for kind, line in lines.items():
    for size in sizes:
        body = (line * (size // len(line) + 1))[:size]
        open(f"{sys.argv[1]}/{kind}{size}", "wb").write(body)
EOF
for body in "$dir"/bodies/*; do
	echo "mailto:$(basename "$body")@example.com $body"
done >"$dir/bodies.jobs"
# bodies WHAT SINK-OPTIONS...: all of them, compared
bodies() {
	local what=$1 n
	serve "$what" smtp_sink "${@:2}"
	n=$(deliver -o deliver.timeout=60s \
		-o deliver.mail=smtp://127.0.0.1:$port <"$dir/bodies.jobs" |
		grep -c accepted)
	expect_like "all $what bodies" "$(wc -l <"$dir/bodies.jobs")" "$n"
	# what lacks its last line end gets one
	n=$(python3 - "$dir/bodies" "$dir/$what" <<-'EOF'
	import pathlib, sys
	wrong = 0
	for path in pathlib.Path(sys.argv[1]).iterdir():
	    sent = path.read_bytes()
	    got = pathlib.Path(sys.argv[2], path.name + ".eml").read_bytes()
	    wrong += got != (sent if sent.endswith(b"\r\n") else sent + b"\r\n")
	print(wrong)
	EOF
	)
	expect_like "$what bodies byte for byte" 0 "$n"
}
bodies clear-text
bodies encrypted $tls
