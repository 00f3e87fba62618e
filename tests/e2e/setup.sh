#!/bin/sh
# setup.sh - tlstally setup: what it finds that a Postfix needs, by version and
# build, what --apply makes of main.cf and master.cf, and what --undo takes back
#
# make check runs it; by hand: srcdir=... tests/e2e/setup.sh in the build
# directory.  postconf(1) is this host's, with copies of its settings in a
# temporary directory; its version, its smtp(8), postfix(1) and systemctl(1) are
# made up.  The long form (TEST_LONG=yes) kills it at more moments, and tries
# the Postfix of Debian 13, which is linked with libtlsrpt, in a root of its own.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools postconf python3
make_folder
tlstally=$bin/tlstally
real=$(command -v postconf)
ran=0

fail()
{
	echo "FAIL: $name: $*"
	failures=$((failures + 1))
}

# --- a host ---

mkdir "$dir/bin"
ln -s "$src/tests/fake/postconf.sh" "$dir/bin/postconf"
ln -s "$src/tests/fake/systemctl.sh" "$dir/bin/systemctl"
cat >"$dir/bin/postfix" <<-'EOF_POSTFIX'
#!/bin/sh
# postfix -c DIRECTORY VERB
echo "$2 $3" >>"$FAKE_POSTFIX.log"
[ -e "$FAKE_POSTFIX.runs" ]
EOF_POSTFIX
chmod +x "$dir/bin/postfix"
PATH=$dir/bin:$PATH
FAKE_UNITS=$dir/units
FAKE_POSTFIX=$dir/postfix
REAL_POSTCONF=$real
MAIL_CONFIG=$dir/main
export PATH FAKE_UNITS FAKE_POSTFIX REAL_POSTCONF MAIL_CONFIG
POSTCONF_VERSION=3.10.13
export POSTCONF_VERSION

# instance DIRECTORY: with a queue directory of its own, smtp(8) in a chroot
instance()
{
	mkdir -p "$dir/$1" "$dir/queue-$1"
	cat >"$dir/$1/main.cf" <<-EOF_MAIN
	# the site's own settings
	compatibility_level = 3.6
	queue_directory = $dir/queue-$1
	daemon_directory = $dir/daemons
	data_directory = $dir/data
	mail_owner = $(id -un)
	smtp_tls_security_level = may

	# the end
	EOF_MAIN
	cat >"$dir/$1/master.cf" <<-EOF_MASTER
	# the site's own services
	smtp      inet  n       -       y       -       -       smtpd
	cleanup   unix  n       -       y       -       0       cleanup
	smtp      unix  -       -       y       -       -       smtp
	relay     unix  -       -       y       -       -       smtp
	        -o syslog_name=postfix/relay
	EOF_MASTER
}

policyd=$dir/queue-main/run/tlstally/policyd.sock

# host VERSION BUILD: built-in, left-out, unheard-of; nothing is set up there
host()
{
	POSTCONF_VERSION=$1
	rm -rf --one-file-system "$dir/main" "$dir/out" "$dir/before" "$dir/daemons" "$dir/units"*
	rm -f "$dir"/postfix.*
	mkdir "$dir/daemons" "$dir/units"
	case $2 in
	built-in) echo smtp_tlsrpt_enable ;;
	left-out) echo smtp_tlsrpt_enable, TLSRPT is not compiled in ;;
	unheard-of) echo smtp_tls_loglevel ;;
	esac >"$dir/daemons/smtp"
	instance main
	echo "$dir/queue-main/run/tlsrpt/tlsrpt.sock" \
		>"$dir/units.listen-tlstallyd.socket"
	echo "$policyd" >"$dir/units.listen-tlstally-policyd.socket"
	for unit in tlstallyd.socket tlstallyd.service tlstally.timer; do
		echo "enabled active" >"$dir/units/$unit"
	done
	for unit in tlstally-logd.service tlstally-milter.service \
		tlstally-policyd.socket tlstally-policyd.service; do
		echo "disabled inactive" >"$dir/units/$unit"
	done
	: >"$dir/postfix.runs"
	cat >"$dir/conf" <<-EOF_CONF
	[report]
	contact_info = tls-reports@example.com
	[store]
	directory = $dir/store
	EOF_CONF
	rm -rf --one-file-system "$dir/store"
	remember
}

# Postfix's settings and the units as they are now
remember()
{
	rm -rf --one-file-system "$dir/before"
	mkdir "$dir/before"
	cp -R "$dir/main" "$dir/units" "$dir/before"
	[ ! -e "$dir/out" ] || cp -R "$dir/out" "$dir/before"
}

# is_as_before WORDS
is_as_before()
{
	for part in main units out; do
		[ -e "$dir/$part" ] || continue
		diff -r "$dir/before/$part" "$dir/$part" || fail "$*: $part"
	done
}

# setup STATUS ARGUMENT...: what it says is in $dir/said
setup()
{
	want=$1
	shift
	ran=$((ran + 1))
	"$tlstally" -c "$dir/conf" setup "$@" >"$dir/said" 2>"$dir/errors"
	status=$?
	[ $status -eq "$want" ] || {
		fail "setup $*: exit status $status, not $want"
		cat "$dir/said" "$dir/errors"
	}
}

# says WORDS: grep's, in what was said
says()
{
	grep -q -e "$*" "$dir/said" "$dir/errors" || {
		fail "does not say '$*':"
		cat "$dir/said" "$dir/errors"
	}
}

says_not()
{
	! grep -e "$*" "$dir/said" "$dir/errors" || fail "says '$*'"
}

# has SETTING VALUE: in main.cf; without VALUE it is not there
has()
{
	got=$(sed -n "s/^$1 *= *//p" "$dir/main/main.cf")
	[ "$got" = "${2:-}" ] || fail "$1 is '$got', not '${2:-}'"
}

# The names of what is to do, on one line.
to_do()
{
	"$tlstally" -c "$dir/conf" setup --json "$@" 2>/dev/null |
		python3 -c '
import json, sys
doc = json.load(sys.stdin)
print(doc["feed"] + ":", *[s["name"] for s in doc["steps"]
                           if s["state"] == "to do"])'
}

# needs WORDS ARGUMENT...
needs()
{
	words=$1
	shift
	got=$(to_do "$@")
	ran=$((ran + 1))
	[ "$got" = "$words" ] || fail "needs '$got', not '$words'"
}

milters="smtpd_milters non_smtpd_milters"
ours="{ inet:127.0.0.1:8892, default_action=accept, connect_timeout=5s, command_timeout=10s }"
by_log="tlstallyd.socket tlstallyd.service tlstally-logd.service"
by_log="$by_log tlstally-milter.service smtp_tls_loglevel"
events="tlstally-milter.service smtp_tlsrpt_enable smtp_tlsrpt_socket_name"
transport="tlsreport/unix sender_dependent_default_transport_maps"

# In a mount namespace: its settings and programs are where they say that they
# are, and its postconf(1) runs in its root.
in_root()
{
	root=$1
	mount --bind "$root/etc/postfix" /etc/postfix &&
		mount --bind "$root/usr/lib/postfix" /usr/lib/postfix ||
		exit 1
	unset MAIL_CONFIG
	for program in postconf postfix; do
		printf '#!/bin/sh\nexec chroot "%s" %s "$@"\n' "$root" $program \
			>"$dir/bin/real-$program"
		chmod +x "$dir/bin/real-$program"
		ln -sf "real-$program" "$dir/bin/$program"
	done
	ln -sf /bin/false "$dir/bin/systemctl"
	[ -e /etc/postfix/main.cf ] ||
		cp "$root/usr/share/postfix/main.cf.debian" /etc/postfix/main.cf
	cp -R /etc/postfix "$dir/debian"
	printf '[report]\ncontact_info = tls-reports@example.com\n' >"$dir/conf"
	setup 0 --apply --security-level may
	says "done: smtp_tlsrpt_enable = yes in /etc/postfix"
	says "= run/tlsrpt/tlsrpt.sock in /etc/postfix"
	chroot "$root" postconf -n >"$dir/said" 2>"$dir/errors"
	says "^smtp_tlsrpt_enable = yes"
	says_not "warning"
	setup 0
	says "TLSRPT built in"
	says "counted by its events"
	says "There is nothing to do"
	setup 0 --undo
	diff -r "$dir/debian" /etc/postfix || fail "not as before"
	echo "Debian 13: Postfix $(chroot "$root" postconf -h mail_version)"
	[ $failures -eq 0 ]
}

[ -z "${SETUP_ROOT:-}" ] || {
	name="Debian 13"
	in_root "$SETUP_ROOT"
	exit
}

# --- what a Postfix needs ---

name="by version and build"
host 3.4.13 unheard-of
needs "log: $by_log $milters"
host 3.7.11 unheard-of
needs "log: $by_log $milters"
host 3.10.3 left-out
needs "log: $by_log $milters"
setup 0
says "it was built without TLSRPT support"
host 3.10.2 built-in
needs "events: $events $transport $milters"
host 3.10.3 built-in
needs "events: $events $transport $milters"
host 3.10.4 built-in
needs "events: $events $milters"
host 3.10.13 built-in
needs "events: $events $milters"
host 3.11.7 built-in
needs "events: $events $milters"
host 3.12-20260821 built-in
needs "events: $events $milters"

name="TLS-Required is not heeded"
host 3.10.13 built-in
echo "tls_required_enable = no" >>"$dir/main/main.cf"
needs "events: $events $transport $milters"

name="an older Postfix that enforces"
host 3.7.11 unheard-of
sed -i 's/^smtp_tls_security_level.*/smtp_tls_security_level = dane/' \
	"$dir/main/main.cf"
needs "log: $by_log $transport $milters"
echo "smtp_tls_policy_maps = inline:{a.example=none}" >>"$dir/main/main.cf"
needs "log: $by_log smtp_tls_note_starttls_offer $transport $milters"
printf '[deliver]\nmail = smtp://relay.example:25\n' >>"$dir/conf"
needs "log: $by_log smtp_tls_note_starttls_offer $milters"

name="no milter"
host 3.10.13 built-in
needs "events: smtp_tlsrpt_enable smtp_tlsrpt_socket_name" --milter no

name="bounces are taken in"
printf '[deliver]\nverp = yes\n' >>"$dir/conf"
needs "events: $events $milters recipient_delimiter internal_mail_filter_classes"

name="without TLS nothing is counted"
host 3.10.13 built-in
sed -i '/^smtp_tls_security_level/d' "$dir/main/main.cf"
remember
needs "events: $events $milters"
setup 0
says "LEFT TO YOU: smtp_tls_security_level: .* is empty.*nothing is counted"
setup 1 --apply
says "left to you: smtp_tls_security_level"
says "1 step is left to you"
has smtp_tls_security_level
setup 0 --apply --security-level may
has smtp_tls_security_level may
setup 0 --apply
has smtp_tls_security_level may
setup 0 --undo
is_as_before "after --undo"
echo "smtp_use_tls = yes" >>"$dir/main/main.cf"
setup 1 --apply
setup 0 --undo
needs "log: $by_log $milters" --feed log
setup 0 --feed log
says_not "LEFT TO YOU"

# --- apply and undo ---

name="apply, again, undo"
for build in "3.10.2 built-in" "3.7.11 unheard-of"; do
	host $build
	setup 0
	cp "$dir/said" "$dir/plan"
	cmp -s "$dir/before/main/main.cf" "$dir/main/main.cf" ||
		fail "showing changes something"
	setup 0 --apply
	says "done: postfix reload"
	grep -q "^$dir/main reload" "$dir/postfix.log" || fail "no reload"
	[ "$(stat -c %a "$dir/main/tlstally-setup.json")" = 600 ] ||
		fail "the record's mode"
	for file in main.cf master.cf; do
		cmp "$dir/before/main/$file" \
			"$dir/main/$file.before-tlstally" || fail "no copy"
	done
	cp "$dir/main/main.cf" "$dir/applied.cf"
	cp "$dir/main/master.cf" "$dir/applied-master.cf"
	cp -R "$dir/units" "$dir/applied-units"
	: >"$dir/postfix.log"
	: >"$dir/units.log"
	setup 0 --apply
	says_not "^done"
	cmp "$dir/main/main.cf" "$dir/applied.cf" || fail "the second time"
	[ ! -s "$dir/postfix.log" ] || fail "reloads for nothing"
	[ ! -s "$dir/units.log" ] || fail "starts for nothing"
	setup 0
	says "There is nothing to do"
	setup 0 --undo
	says "taken back: smtpd_milters"
	is_as_before "after --undo"
	setup 0 --undo
	says "nothing to take back"

	name="what is shown can be pasted"
	sh "$dir/plan" >"$dir/said" 2>&1 || fail "$(cat "$dir/said")"
	diff "$dir/main/main.cf" "$dir/applied.cf" || fail "main.cf"
	diff "$dir/main/master.cf" "$dir/applied-master.cf" || fail "master.cf"
	diff -r "$dir/units" "$dir/applied-units" || fail "units"
	rm -rf --one-file-system "$dir/applied-units"
	name="apply, again, undo"
done

name="a transport for reports"
host 3.10.2 built-in
mkdir -p "$dir/map" && : >"$dir/map/main.cf"
setup 0 --apply
has sender_dependent_default_transport_maps \
	"inline:{tls-reports@example.com=tlsreport:}"
MAIL_CONFIG=$dir/map postmap -q tls-reports@example.com \
	"inline:{tls-reports@example.com=tlsreport:}" >"$dir/said" 2>&1
[ "$(cat "$dir/said")" = "tlsreport:" ] || fail "the map: $(cat "$dir/said")"
postconf -M tlsreport/unix >"$dir/said" 2>/dev/null
says "smtp -o smtp_tlsrpt_enable=no -o smtp_tls_security_level=may -o smtp_tls_policy_maps="
says "^tlsreport *unix *- *- *y"
setup 0 --undo
: >"$dir/conf"
setup 1 --apply
says "left to you: sender_dependent.*contact_info is not set"
setup 0 --undo
is_as_before "after --undo"

name="a milter that is there stays"
host 3.10.13 built-in
signer="inet:127.0.0.1:8891"
cat >>"$dir/main/main.cf" <<-EOF_MILTERS
smtpd_milters = $signer
non_smtpd_milters = \$smtpd_milters
EOF_MILTERS
remember
setup 0 --apply
has smtpd_milters "$signer, $ours"
has non_smtpd_milters '$smtpd_milters'
setup 0 --undo
is_as_before "after --undo"

name="a milter that came later stays, too"
setup 0 --apply
postconf -e "smtpd_milters = $signer, $ours, inet:127.0.0.1:11332"
setup 0 --apply
setup 0 --undo
has smtpd_milters "$signer, inet:127.0.0.1:11332"

name="our milter, as an administrator may have set it"
host 3.10.13 built-in
echo "smtpd_milters = inet:localhost:8892" >>"$dir/main/main.cf"
needs "events: $events non_smtpd_milters"
setup 0
says "not accept: mail is deferred"

name="what somebody changed since is left"
host 3.7.11 unheard-of
setup 0 --apply
postconf -e smtp_tls_loglevel=2
setup 0 --undo
says "changed since: smtp_tls_loglevel"
has smtp_tls_loglevel 2
has smtpd_milters
[ ! -e "$dir/main/tlstally-setup.json" ] || fail "a record is left"
[ -e "$dir/main/main.cf.before-tlstally" ] || fail "the copy is gone"

name="what was there before comes back"
host 3.7.11 unheard-of
echo "smtp_tls_loglevel = 0" >>"$dir/main/main.cf"
remember
setup 0 --apply
has smtp_tls_loglevel 1
postconf -e smtp_tls_loglevel=0
setup 0 --apply
has smtp_tls_loglevel 1
setup 0 --undo
is_as_before "after --undo"

name="what is not needed any more is taken back"
host 3.10.13 built-in
setup 0 --apply
setup 0 --feed log
says "tlstally-logd does not start .* --apply does that"
mkdir "$dir/store"
"$e2e/put_feed" "$dir/store" events || fail "no feed"
setup 0 --apply --feed log
says "done: tlstally feed retire events: tlstallyd is stopped"
setup 0 --apply
says_not "feed retire"
has smtp_tlsrpt_enable
has smtp_tls_loglevel 1
[ "$(cat "$dir/units/tlstallyd.service")" = "disabled inactive" ] ||
	fail "tlstallyd: $(cat "$dir/units/tlstallyd.service")"
setup 0 --apply
has smtp_tls_loglevel 1
"$e2e/put_feed" "$dir/store" log && "$e2e/put_feed" "$dir/store" milter
setup 0 --apply --feed auto --milter no
says "done: tlstally feed retire log"
says "done: tlstally feed retire milter"
has smtp_tlsrpt_enable yes
has smtp_tls_loglevel
has smtpd_milters
setup 0 --undo
is_as_before "after --undo"

name="a feed that counts is not retired, but by who stops its daemon"
host 3.10.13 built-in
mkdir "$dir/store"
"$e2e/put_feed" "$dir/store" log
setup 0 --apply
says "is so: tlstally-logd.service disabled inactive"
says_not "feed retire"

name="settings are written before one is read"
# since Postfix waits before it reads a main.cf that is younger than two seconds
host 3.10.2 built-in
rm "$dir/bin/postconf"
cat >"$dir/bin/postconf" <<-EOF_POSTCONF
#!/bin/sh
case " \$* " in
*" -e "* | *" -X "*) : >"$dir/young" ;;
*" -Me "* | *" -MX "*) ;;
*) [ ! -e "$dir/young" ] || echo "\$*" >>"$dir/waits"; rm -f "$dir/young" ;;
esac
exec "$src/tests/fake/postconf.sh" "\$@"
EOF_POSTCONF
chmod +x "$dir/bin/postconf"
for verb in --apply --undo; do
	rm -f "$dir/waits" "$dir/young"
	setup 0 $verb
	[ "$(wc -l <"$dir/waits")" -le 1 ] || fail "$verb: $(cat "$dir/waits")"
done
ln -sf "$src/tests/fake/postconf.sh" "$dir/bin/postconf"
is_as_before "after --undo"

name="what stood on several lines does again"
host 3.10.2 built-in
cat >>"$dir/main/main.cf" <<-EOF_LINES
smtpd_milters =
    inet:127.0.0.1:8891,
  # the second one

    { inet:127.0.0.1:8893,  command_timeout=1s }
# the end
smtp_tlsrpt_enable   =   no
EOF_LINES
cat >>"$dir/main/master.cf" <<-EOF_LINES
tlsreport unix - - n - - smtp
   # another one's
   -o syslog_name=postfix/other
EOF_LINES
remember
setup 0 --apply
postconf -M tlsreport/unix 2>/dev/null >"$dir/said"
says "smtp_tlsrpt_enable=no"
setup 0 --undo
is_as_before "after --undo"
setup 0 --apply
echo "# somebody else's" >>"$dir/main/main.cf"
setup 0 --undo
echo "# somebody else's" >>"$dir/before/main/main.cf"
is_as_before "after --undo with a line of somebody else"

name="an item of a list that is another one now"
host 3.7.11 unheard-of
others="inet:127.0.0.1:8891"
echo "smtpd_milters = $others" >>"$dir/main/main.cf"
remember
setup 0 --apply
has smtpd_milters "$others, $ours"
printf '[milter]\nsocket = inet:127.0.0.1:8890\n' >>"$dir/conf"
setup 0 --apply
moved=$(echo "$ours" | sed "s/8892/8890/")
has smtpd_milters "$others, $moved"
has non_smtpd_milters "$moved"
setup 0 --undo
is_as_before "after --undo"

# --- units ---

name="a unit that is not installed"
host 3.7.11 unheard-of
rm "$dir/units/tlstally-milter.service"
setup 1 --apply
says "left to you: tlstally-milter.service.*not installed"
has smtp_tls_loglevel 1

name="a unit that does not start"
host 3.7.11 unheard-of
: >"$dir/units/broken-tlstally-logd.service"
setup 1 --apply
says "failed: tlstally-logd.service.*Job for tlstally-logd.service failed"
has smtp_tls_loglevel 1
rm "$dir/units/broken-tlstally-logd.service"
setup 0 --apply
setup 0 --undo
rm -f "$dir/before/units/broken-tlstally-logd.service"
is_as_before "after --undo"

name="without systemd"
host 3.7.11 unheard-of
mv "$dir/bin/systemctl" "$dir/bin/away"
printf '#!/bin/sh\necho offline\nexit 1\n' >"$dir/bin/systemctl"
chmod +x "$dir/bin/systemctl"
sed -i "s|^\[report\]|[events]\nsocket = unix:/srv/sock\n&|" "$dir/conf"
setup 0 --apply
says "start tlstally-logd and tlstally-milter as root"
setup 0 --undo
is_as_before "after --undo"
mv "$dir/bin/away" "$dir/bin/systemctl"

# --- the policy service ---

map=socketmap:unix:run/tlstally/policyd.sock
units="tlstally-policyd.socket tlstally-policyd.service"

start_fake unsigned policy_service "$dir/unused.sock" unsigned
unsigned=$port

# with_policyd VERSION BUILD: it may verify certificates, and has a resolver
# that does not validate
with_policyd()
{
	host "$@"
	: >"$dir/ca.pem"
	echo "smtp_tls_CAfile = $dir/ca.pem" >>"$dir/main/main.cf"
	resolvers $unsigned $unsigned
	remember
}

# resolvers OURS POSTFIXS: ports; smtp(8) has its own from its chroot
resolvers()
{
	sed -i '/^\[policy\]$/,$d' "$dir/conf"
	printf '[policy]\nresolver = inet:127.0.0.1:%s\n' $1 >>"$dir/conf"
	mkdir -p "$dir/queue-main/etc"
	echo "nameserver inet:127.0.0.1:$2" >"$dir/queue-main/etc/resolv.conf"
}

name="who does not ask for the policy service"
with_policyd 3.10.13 built-in
needs "events: $events $milters"
setup 0
says "does not enforce or report MTA-STS: use --policyd yes"
echo "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERY" \
	>>"$dir/main/main.cf"
setup 0
says "Postfix asks postfix-tlspol"

name="the policy service does not answer"
with_policyd 3.10.13 built-in
needs "events: $(echo $events | sed "s/ / $units /") smtp_tls_policy_maps \
$milters" --policyd yes
setup 1 --apply --policyd yes
says "left to you: smtp_tls_policy_maps.*does not answer.*mail would wait"
has smtp_tls_policy_maps
setup 0 --undo
is_as_before "after --undo"

name="the policy service"
start_fake policy policy_service "$policyd"
signed=$port
for build in "3.10.3 left-out" "3.7.11 unheard-of"; do
	with_policyd $build
	case $build in
	3.7*) form=QUERY ;;
	*) form=QUERYwithTLSRPT ;;
	esac
	setup 0 --apply --policyd yes
	has smtp_tls_policy_maps $map:$form
	says "the resolver .* does not validate DNSSEC"
	has smtp_dns_support_level
	[ "$(cat "$dir/units/tlstally-policyd.service")" = "enabled active" ] ||
		fail "the unit"
	setup 0 --apply
	says_not "^done"
	setup 0
	says "There is nothing to do"
	setup 0 --apply --policyd no
	has smtp_tls_policy_maps
	[ "$(cat "$dir/units/tlstally-policyd.service")" = \
		"disabled inactive" ] || fail "the unit"
	setup 0 --undo
	is_as_before "after --undo"
done

name="the log completes the events"
with_policyd 3.10.13 built-in
setup 0 --policyd yes
says "with \[log\] complete_events = yes, tlstally-logd finds it out.*one more \
daemon"
printf '[log]\ncomplete_events = yes\n' >>"$dir/conf"
setup 0 --apply --policyd yes
says_not "complete_events = yes, tlstally-logd finds it out"
has smtp_tls_loglevel 1
has smtp_tlsrpt_enable yes
[ "$(cat "$dir/units/tlstally-logd.service")" = "enabled active" ] ||
	fail "tlstally-logd is not started"
setup 0 --undo
is_as_before "after --undo"
setup 0 --feed log --policyd yes
says_not "complete_events"

name="reports do not wait where a policy is enforced"
with_policyd 3.7.11 unheard-of
setup 0 --policyd yes
says "tlsreport"
with_policyd 3.10.13 built-in
setup 0 --policyd yes
says_not "tlsreport"

name="beside tables of the administrator's"
with_policyd 3.10.13 built-in
tables="texthash:/etc/postfix/tls_policy, inline:{a.example=none, b.example=may}"
echo "smtp_tls_policy_maps = $tables" >>"$dir/main/main.cf"
remember
setup 0 --apply --policyd yes
has smtp_tls_policy_maps "$tables, $map:QUERYwithTLSRPT"
says "tables in smtp_tls_policy_maps come before"
setup 0 --undo
is_as_before "after --undo"

name="in the place of another policy service"
for other in socketmap:inet:127.0.0.1:8642:QUERYwithTLSRPT \
	socketmap:inet:127.0.0.1:8461:postfix \
	socketmap:unix:/run/postfix-tlspol/tlspol.sock:QUERY; do
	with_policyd 3.10.13 built-in
	echo "smtp_tls_policy_maps = texthash:/x, $other, texthash:/y" \
		>>"$dir/main/main.cf"
	remember
	setup 0 --policyd yes
	says "takes the place of $other.*let postfix-.* run"
	setup 0 --apply --policyd yes
	has smtp_tls_policy_maps \
		"texthash:/x, $map:QUERYwithTLSRPT, texthash:/y"
	setup 0 --apply
	says_not "^done"
	setup 0 --undo
	is_as_before "after --undo"
	setup 0 --apply --policyd yes
	postconf -e "smtp_tls_policy_maps = $map:QUERYwithTLSRPT, texthash:/z"
	setup 0 --undo
	has smtp_tls_policy_maps "$other, texthash:/z"
done

name="another policy service beside it stays"
with_policyd 3.10.13 built-in
echo "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERY," \
	"$map:QUERYwithTLSRPT" >>"$dir/main/main.cf"
setup 0 --apply --policyd yes
has smtp_tls_policy_maps \
	"socketmap:inet:127.0.0.1:8642:QUERY, $map:QUERYwithTLSRPT"
says "8642:QUERY in .* stays"
says_not "takes the place"

name="a map server that nobody knows stays"
with_policyd 3.10.13 built-in
echo "smtp_tls_policy_maps = socketmap:inet:192.0.2.1:9:maps" \
	>>"$dir/main/main.cf"
setup 0 --apply --policyd yes
has smtp_tls_policy_maps \
	"socketmap:inet:192.0.2.1:9:maps, $map:QUERYwithTLSRPT"
says "192.0.2.1:9:maps in .* stays"

name="a Postfix that was upgraded"
with_policyd 3.9.10 unheard-of
echo "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERY, texthash:/y" \
	>>"$dir/main/main.cf"
remember
setup 0 --apply --policyd yes
has smtp_tls_policy_maps "$map:QUERY, texthash:/y"
POSTCONF_VERSION=3.10.13
echo smtp_tlsrpt_enable >"$dir/daemons/smtp"
setup 0 --apply --feed log
has smtp_tls_policy_maps "$map:QUERYwithTLSRPT, texthash:/y"
setup 0 --undo
is_as_before "after --undo"

name="asked already, by the administrator's own hand"
with_policyd 3.10.13 built-in
echo "smtp_tls_policy_maps = socketmap:unix:/run/tlstally/policyd.sock:QUERY" \
	>>"$dir/main/main.cf"
remember
setup 0 --apply
has smtp_tls_policy_maps "$map:QUERYwithTLSRPT"
setup 0 --undo
is_as_before "after --undo"

name="DANE, where the resolver validates"
with_policyd 3.10.13 built-in
resolvers $signed $signed
setup 0 --apply --policyd yes
has smtp_dns_support_level dnssec
says_not "does not validate"
setup 0 --undo
is_as_before "after --undo"

name="no DANE, where only ours validates"
with_policyd 3.10.13 built-in
resolvers $signed $unsigned
setup 0 --apply --policyd yes
has smtp_dns_support_level
says "the resolver that Postfix asks (.*/queue-main/etc/resolv.conf) does not \
validate DNSSEC, so DANE is not used"
echo "smtp_dns_support_level = dnssec" >>"$dir/main/main.cf"
setup 0 --apply --policyd yes
says "does not validate DNSSEC, so DANE does not work, although \
smtp_dns_support_level is dnssec"

name="no DANE, where only Postfix's validates"
with_policyd 3.10.13 built-in
resolvers $unsigned $signed
setup 0 --apply --policyd yes
has smtp_dns_support_level
says "the resolver (inet:127.0.0.1:$unsigned) does not validate DNSSEC"

name="MX patterns"
with_policyd 3.10.13 built-in
echo "smtp_tls_enforce_sts_mx_patterns = no" >>"$dir/main/main.cf"
remember
setup 0 --apply --policyd yes
has smtp_tls_enforce_sts_mx_patterns yes
setup 0 --undo
is_as_before "after --undo"

name="the socket is outside the chroot"
with_policyd 3.10.13 built-in
echo /run/policyd.sock >"$dir/units.listen-tlstally-policyd.socket"
setup 1 --apply --policyd yes
says "left to you: smtp_tls_policy_maps.*smtp in master.cf runs in a chroot"
has smtp_tls_policy_maps

name="certificates cannot be verified"
with_policyd 3.10.13 built-in
rm "$dir/ca.pem"
setup 1 --apply --policyd yes
says "left to you: smtp_tls_CAfile.*ca.pem, which does not exist"
says "left to you: smtp_tls_policy_maps.*cannot verify certificates"
has smtp_tls_policy_maps
sed -i '/^smtp_tls_CAfile/d' "$dir/main/main.cf"
mkdir -p "$dir/certs" "$dir/queue-main$dir/certs"
: >"$dir/certs/0123abcd.0"
echo "smtp_tls_CApath = $dir/certs" >>"$dir/main/main.cf"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
	setup 0 --apply --policyd yes
	has smtp_tls_CAfile /etc/ssl/certs/ca-certificates.crt
	has smtp_tls_policy_maps $map:QUERYwithTLSRPT
	setup 0 --undo
fi
chmod 755 "$dir" "$dir/queue-main"
: >"$dir/queue-main$dir/certs/0123abcd.0"
setup 0 --apply --policyd yes
has smtp_tls_CAfile
has smtp_tls_policy_maps $map:QUERYwithTLSRPT

# --- instances ---

# The second one, which postmulti(1) starts with the first.
second()
{
	instance out
	cat >>"$dir/main/main.cf" <<-EOF_MULTI
	multi_instance_enable = yes
	multi_instance_directories = $dir/out
	EOF_MULTI
	echo "multi_instance_enable = yes" >>"$dir/out/main.cf"
	remember
}

name="an instance that cannot reach the socket"
host 3.10.13 built-in
second
setup 0 --milter no
says "counted by its mail log: smtp in $dir/out/master.cf runs in a chroot"
setup 1 --feed events --milter no --apply
says "left to you: smtp_tlsrpt_socket_name in $dir/out.*chroot"
setup 0 --undo
is_as_before "after --undo"

name="an instance that can"
sed -i 's/^smtp      unix  -       -       y/smtp unix - - n/
	s/^relay     unix  -       -       y/relay unix - - n/' \
	"$dir/out/master.cf"
remember
setup 0 --milter no
says "postconf -c $dir/out -e 'smtp_tlsrpt_socket_name = $dir/queue-main/run"
says "postconf -e 'smtp_tlsrpt_socket_name = run/tlsrpt/tlsrpt.sock'"
says "postfix -c $dir/out reload"
setup 0 --milter no --apply
grep -q "^$dir/out reload" "$dir/postfix.log" || fail "no reload"
setup 0 --undo
is_as_before "after --undo"
setup 0
says "LEFT TO YOU: smtpd_milters: there are several instances"

# --- killed ---

# dies AT VERB: setup is killed at that moment; false: it was not
dies()
{
	TLSTALLY_FAIL_AT=$1 "$tlstally" -c "$dir/conf" setup "$2" \
		>"$dir/said" 2>"$dir/errors"
	[ $? -gt 128 ]
}

# All that is made, and only settings in the short form of this test.
name="killed between two steps"
if [ "${TEST_LONG:-}" = yes ]; then
	host 3.10.2 built-in
else
	host 3.7.11 unheard-of
	sed -i 's/^smtp_tls_security_level.*/smtp_tls_security_level = dane/' \
		"$dir/main/main.cf"
	mv "$dir/bin/systemctl" "$dir/bin/away"
	printf '#!/bin/sh\necho offline\n' >"$dir/bin/systemctl"
	chmod +x "$dir/bin/systemctl"
	remember
fi
TLSTALLY_FAIL_COUNT=$dir/count "$tlstally" -c "$dir/conf" setup --apply \
	>/dev/null 2>&1
cp "$dir/main/main.cf" "$dir/applied.cf"
setup 0 --undo
moments=$(cat "$dir/count" 2>/dev/null || echo 0)
[ "$moments" -ne 0 ] || echo "this build has no failpoints: nothing is killed"
moment=1
while [ $moment -le "$moments" ]; do
	dies $moment --apply || fail "not killed at moment $moment"
	setup 0 --undo
	rm -f "$dir"/main/*.before-tlstally
	is_as_before "killed at moment $moment and taken back"

	dies $moment --apply
	setup 0 --apply
	cmp "$dir/main/main.cf" "$dir/applied.cf" || fail "moment $moment"
	dies $moment --undo
	setup 0 --undo
	is_as_before "taken back, killed at moment $moment"
	moment=$((moment + 1))
done
echo "killed at $moments moments"
[ ! -e "$dir/bin/away" ] || mv "$dir/bin/away" "$dir/bin/systemctl"

name="killed before Postfix was told"
if [ "$moments" -gt 0 ]; then
	host 3.7.11 unheard-of
	TLSTALLY_FAIL_COUNT=$dir/count "$tlstally" -c "$dir/conf" setup \
		--apply >/dev/null 2>&1
	setup 0 --undo
	TLSTALLY_FAIL_AT=$(cat "$dir/count") "$tlstally" -c "$dir/conf" \
		setup --apply >/dev/null 2>&1
	: >"$dir/postfix.log"
	setup 0 --apply
	grep -q "^$dir/main reload" "$dir/postfix.log" || fail "no reload"
fi

# --- who may ---

name="a record that somebody else may have written"
host 3.7.11 unheard-of
setup 0 --apply
chmod 666 "$dir/main/tlstally-setup.json"
setup 1 --undo
says "so it is not trusted"
chmod 600 "$dir/main/tlstally-setup.json"

name="a record with a row that is not understood"
sed -i 's/"made": *\[/&{"kind": "weather", "name": "rain", "before": "1"},/' \
	"$dir/main/tlstally-setup.json"
setup 1 --undo
says "taken back: smtp_tls_loglevel"
says "left to you: row 1 in .*tlstally-setup.json: it is not understood"
setup 1 --undo
says_not "nothing to take back"
grep -q weather "$dir/main/tlstally-setup.json" || fail "the row is gone"
echo '{"made": {}}' >"$dir/main/tlstally-setup.json"
setup 1 --undo
says "not a record of .tlstally setup"

name="a record that is none"
echo rubbish >"$dir/main/tlstally-setup.json"
setup 1 --undo
says "tlstally-setup.json: "

name="one at a time"
host 3.7.11 unheard-of
lock=$dir/main/tlstally-setup.lock
flock "$lock" "$tlstally" -c "$dir/conf" setup --apply >"$dir/said" \
	2>"$dir/errors" && fail "two at once"
says "another .tlstally setup. is running"
[ "$(stat -c %s "$lock")" = 0 ] || fail "the lock of another is gone"
# one that was killed has left it, and everybody may lock what he may read
flock "$dir/main" "$tlstally" -c "$dir/conf" \
	setup --apply >"$dir/said" 2>"$dir/errors" ||
	fail "a lock that everybody can hold stops it"
[ ! -e "$lock" ] || fail "the lock is left behind"
setup 0 --undo
is_as_before "one at a time"

name="words that it does not know"
setup 2 --feed smoke
says "one of auto, events, log"
setup 2 --milter perhaps
setup 2 --policyd perhaps
setup 2 --security-level encrypt
setup 2 --apply --undo

name="no Postfix"
MAIL_CONFIG=$dir/nowhere setup 1
says "cannot read the settings of Postfix"

# --- Debian 13 ---

name="Debian 13"
if [ "${TEST_LONG:-}" = yes ]; then
	root=$PWD/roots/trixie
	mkdir -p "$PWD/roots"
	if ! sh "$src/tests/e2e/postfix_root.sh" trixie "$root"; then
		echo "the Postfix of Debian 13 is not tried"
	elif ! unshare --mount --propagation private true 2>/dev/null; then
		echo "no mount namespace: the Postfix of Debian 13 is not tried"
	else
		unshare --mount --propagation private env \
			SETUP_ROOT="$root" srcdir="$src" sh "$0" ||
			fail "see above"
	fi
fi

echo "$ran calls"
end_test
