#!/bin/sh
# systemctl.sh - a systemctl(1) whose units are files in FAKE_UNITS, each with
# one line, "enabled active"
units=$FAKE_UNITS
log=$FAKE_UNITS.log

verb=$1
shift
now=no
if [ "${1:-}" = --now ]; then
	now=yes
	shift
fi
unit=$units/${1:-}

enabled=not-found
active=inactive
[ ! -f "$unit" ] || read -r enabled active <"$unit"

# change FIRST SECOND: of both words, "-" leaves one as it is
change()
{
	[ $enabled != not-found ] || {
		echo "Failed: Unit ${unit##*/} does not exist." >&2
		exit 1
	}
	[ "$1" != - ] || set -- "$enabled" "$2"
	[ "$2" != - ] || set -- "$1" "$active"
	[ "$2" != active ] || [ ! -e "$units/broken-${unit##*/}" ] || {
		echo "Job for ${unit##*/} failed." >&2
		exit 1
	}
	echo "$1 $2" >"$unit"
}

case $verb in
is-system-running) echo running ;;
is-enabled) echo "$enabled" ;;
is-active) echo "$active" ;;
show)
	for unit; do :; done
	read -r listen <"$units.listen-$unit"
	echo "Listen=$listen (Datagram)"
	;;
*) echo "$verb $now ${1:-}" >>"$log" ;;
esac
case $verb-$now in
enable-yes) change enabled active ;;
enable-no) change enabled - ;;
disable-yes) change disabled inactive ;;
disable-no) change disabled - ;;
start-no) change - active ;;
stop-no) change - inactive ;;
esac
