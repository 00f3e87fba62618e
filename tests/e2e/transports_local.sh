# Part of transports.sh: the sendmail program and directories.

sendmails=$dir/bin
mkdir "$sendmails"
cp "$src/tests/fake/sendmail.sh" "$sendmails/sendmail"
slow=
# local_mail WHAT LOCAL-PART WANT
local_mail() {
	expect_like "$1" "1 $3" "$(echo "mailto:$2@example.com $dir/mail" |
		deliver -o deliver.mail="sendmail:$sendmails/sendmail" $slow)"
}
local_mail "sendmail" fine "accepted local 0 0 ok sendmail: accepted"
expect_like "its arguments" "-i -f tls@reporter.example -- fine@example.com" \
	"$(tr '\n' ' ' <"$sendmails/fine.args" | sed 's/ $//')"
tr -d '\r' <"$dir/mail" | cmp - "$sendmails/fine.eml" ||
	fail "sendmail did not get LF line ends"
expect_like "its environment" "" "$(grep -vE \
	'^(PATH|LC_ALL|PWD|OLDPWD|SHLVL|_)=' "$sendmails/fine.environment")"
# what a program that it starts inherits, but for what ls opens itself
expect_like "its descriptors" "" "$(awk 'NR > 1 && $9 > 2' "$sendmails/fine.fds" |
	grep -v ' /proc/')"
local_mail "not now" exit-75 \
	"temporary local 75 0 ok sendmail: not now: sendmail: fatal: told to say 75; a second line"
local_mail "no such user" exit-67 "refused local 67 0 ok *"
local_mail "its server says no such user" says-5.1.1 \
	"bad-address local 65 0 ok *first 90 times; server message: 550 5.1.1 who?"
local_mail "its server wants a password" says-login \
	"temporary local 65 0 our-fault *: msmtp: server message: 530 *required"
local_mail "an option as recipient" -bs "accepted local 0 0 ok *"
local_mail "noisy" noisy "accepted *"
expect_like "its server knows nobody" 5 "$(for i in 1 2 3 4 5; do
	echo "mailto:says-5.1.1@d$i.example.com $dir/mail"; done |
	deliver -o deliver.mail="sendmail:$sendmails/sendmail" |
	grep -c "temporary local 65 0 our-fault our mail server refuses many")"
slow="-o deliver.timeout=1s -o deliver.mail_timeout=1s"
local_mail "hangs" hang "uncertain local 0 0 our-fault *it exceeded the time limit"
slow=
# Postfix's hands the message to postdrop, which is set-group-ID, and never ends
# where that gets no rights.
printf '#!/bin/sh\n# exec $command_directory/postdrop -r\nsleep 60\n' \
	>"$sendmails/postfix-sendmail"
chmod +x "$sendmails/postfix-sendmail"
if command -v setpriv >/dev/null; then
	expect_like "in a unit with NoNewPrivileges=" \
		"1 temporary local 0 0 our-fault *is not started: postdrop needs rights of its own*cron*" \
		"$(echo "mailto:fine@example.com $dir/mail" |
			rights="setpriv --no-new-privs" deliver \
				-o deliver.mail="sendmail:$sendmails/postfix-sendmail")"
	expect_like "one without such rights" "1 accepted local 0 0 ok *" \
		"$(echo "mailto:fine@example.com $dir/mail" |
			rights="setpriv --no-new-privs" deliver \
				-o deliver.mail="sendmail:$sendmails/sendmail")"
else
	echo "setpriv is missing: NoNewPrivileges= is not tried"
fi
expect_like "a program that is not there" 1 "$(echo "mailto:x@example.com $dir/mail" |
	deliver -o deliver.mail=sendmail:/nonexistent/sendmail >/dev/null
	grep -c "not the absolute path of an executable program" "$dir/stderr")"
expect_like "mail is off" "1 refused local 0 0 ok *" \
	"$(echo "mailto:x@example.com $dir/mail" | deliver -o deliver.mail=off)"

mkdir "$dir/reports"
# into WHAT DIRECTORY WANT
into() {
	expect_like "$1" "1 $3" "$(echo "directory:$2 $dir/report.json.gz" |
		(umask 077 && deliver -o deliver.mail=off))"
}
into "directory" "$dir/reports" "accepted local 0 0 ok $dir/reports/report*"
into "the same again" "$dir/reports" "accepted *"
cmp "$dir/report.json.gz" "$dir/reports/report.json.gz" ||
	fail "the file differs"
expect_like "its mode" 640 "$(stat -c %a "$dir/reports/report.json.gz")"
expect_like "nothing else there" report.json.gz "$(ls -A "$dir/reports")"
into "no directory" "$dir/none" "temporary local 0 0 our-fault *No such file*"
