#!/bin/sh
# sendmail.sh - a sendmail program for the tests.  Keeps its arguments, its
# environment, its open descriptors and its input in the directory it stands
# in, and does what the recipient's local part says: exit-75, says-5.1.1, hang,
# noisy.
dir=$(dirname "$0")
for rcpt; do :; done
name=${rcpt%@*}
printf '%s\n' "$@" >"$dir/$name.args"
env >"$dir/$name.environment"
ls -l /proc/self/fd >"$dir/$name.fds"
cat >"$dir/$name.eml"
case $name in
exit-*)
	echo "sendmail: fatal: told to say ${name#exit-}" >&2
	echo "a second line" >&2
	exit "${name#exit-}" ;;
says-5.1.1) # after more than is kept
	for i in $(seq 90); do echo "msmtp: a warning that comes first $i times"; done >&2
	echo "msmtp: server message: 550 5.1.1 who?" >&2
	exit 65 ;;
says-login)
	echo "msmtp: server message: 530 authentication required" >&2
	exit 65 ;;
hang) sleep 60 & wait ;;
noisy) head -c 300000 /dev/zero | tr '\0' x >&2 ;;
esac
exit 0
