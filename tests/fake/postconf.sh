#!/bin/sh
# postconf.sh - this host's postconf(1), as if it were that of another version
#
# REAL_POSTCONF is the program, POSTCONF_VERSION what it is to be.  Settings that
# came with 3.10 are known from that version on and not before, whatever the
# real one knows.
real=$REAL_POSTCONF
directory=${MAIL_CONFIG:-/etc/postfix}
news="smtp_tlsrpt_enable smtp_tlsrpt_socket_name tls_required_enable
	smtp_log_tls_feature_status smtp_tls_enforce_sts_mx_patterns"

# Postfix waits until a file that it reads is two seconds old, which a test of
# hundreds of changes need not.
before=
for word in "$@"; do
	[ "$before" != -c ] || directory=$word
	before=$word
done
touch -c -d "1 minute ago" "$directory/main.cf" "$directory/master.cf" \
	2>/dev/null

known=no
case $POSTCONF_VERSION in
3.[0-9].* | 3.[0-9]) ;;
*) known=yes ;;
esac

# Everything but -x and -n with names is writing, or about master.cf.
mode=$1
[ "$mode" = -x ] || [ "$mode" = -n ] || exec "$real" "$@"
shift
[ "${1:-}" != -c ] || shift 2
old=
new=
for name in "$@"; do
	case " $(echo $news) " in
	*" $name "*) new="$new $name" ;;
	*) old="$old $name" ;;
	esac
done
# A shell's own words only, since this is started hundreds of times.
[ "$mode" = -x ] || [ -n "$new" ] || exec "$real" -n -c "$directory" $old
[ -z "$old" ] || "$real" "$mode" -c "$directory" $old 2>/dev/null |
	while read -r line; do
		case $line in
		"mail_version = "*) echo "mail_version = $POSTCONF_VERSION" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
[ $known = yes ] || exit 0
for name in $new; do
	value=
	is_set=no
	while read -r word equals text; do
		[ "$word" = "$name" ] && [ "$equals" = = ] || continue
		value=$text
		is_set=yes
	done <"$directory/main.cf"
	if [ $is_set = yes ]; then
		echo "$name = $value"
	elif [ "$mode" = -x ]; then
		case $name in
		smtp_tlsrpt_socket_name) echo "$name =" ;;
		tls_required_enable | smtp_tls_enforce_sts_mx_patterns)
			echo "$name = yes"
			;;
		*) echo "$name = no" ;;
		esac
	fi
done
exit 0
