#!/bin/sh
# conf.sh - tlstally conf --check: all mistakes at once, and files that are not
# there or that the owner of the store, or a unit of systemd, cannot use
#
# make check runs it; by hand: srcdir=... tests/e2e/conf.sh in the build
# directory.  systemctl(1) is made up.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
make_folder
tlstally=$bin/tlstally
ran=0

# --- a host whose units are as they are shipped ---

mkdir "$dir/bin"
cat >"$dir/bin/systemctl" <<-'EOF_SYSTEMCTL'
#!/bin/sh
# systemctl show -p NAMES UNIT
[ "$1" = show ] || exit 1
for unit; do :; done
state=${UNITS_STATE:-enabled}
case $unit in *.socket) state=${UNITS_SOCKETS:-$state} ;; esac
cat <<-EOF_SHOW
	LoadState=${UNITS_LOAD:-loaded}
	UnitFileState=$state
	ActiveState=inactive
	NoNewPrivileges=${UNITS_RIGHTS:-yes}
	ProtectHome=yes
	ProtectSystem=strict
	PrivateTmp=yes
	ReadWritePaths=${UNITS_WRITE:-}
	StateDirectory=tlstally
	RuntimeDirectory=
	SupplementaryGroups=adm
EOF_SHOW
EOF_SYSTEMCTL
chmod +x "$dir/bin/systemctl"
PATH=$dir/bin:$PATH
UNITS_STATE=disabled
export PATH UNITS_STATE
chmod 755 "$dir"

# check STATUS NAME SETTING...: what it says is in $dir/said
check()
{
	want=$1
	name=$2
	shift 2
	ran=$((ran + 1))
	{
		echo "[report]"
		echo "contact_info = tls-reports@example.com"
		[ $UNITS_STATE = enabled ] || {
			echo "[store]"
			echo "directory = $dir/store"
		}
	} >"$dir/conf"
	for setting in "$@"; do
		printf '%b\n' "$setting" >>"$dir/conf"
	done
	"$tlstally" -c "$dir/conf" conf --check >"$dir/said" 2>&1
	status=$?
	[ $status -eq "$want" ] ||
		fail "$name: exit status $status, not $want" "$dir/said"
}

says()
{
	grep -q -e "$*" "$dir/said" ||
		fail "$name: does not say '$*'" "$dir/said"
}

mkdir "$dir/store" "$dir/sent"
: >"$dir/ca.pem"

check 0 "nothing is wrong"
check 1 "several mistakes" '[deliver]\nmax_grace = 5m\nspred = 1h' \
	'[reprot]\nmode = all'
says "conf:6: \[deliver\] max_grace: must not be less"
says "conf:7: unknown setting 'spred'.*'spread'"
says "conf:8: unknown section \[reprot\]"
name="on the command line, too"
"$tlstally" -c "$dir/conf" -o deliver.spred=1 -o report.mode=none \
	conf --check >"$dir/said" 2>&1
says "unknown setting 'spred'"
says "'none' is not one of"
check 1 "the domain of the documents" \
	'[report]\nsender = tls-reports@YOUR.DOMAIN'
says "YOUR.DOMAIN stands for a domain of yours"

check 0 "files that are there" "[deliver]\nhttps_ca_file = $dir/ca.pem" \
	"directory = $dir/sent"
check 1 "a file that is not" "[deliver]\nhttps_ca_file = $dir/no.pem"
says "conf:6: \[deliver\] https_ca_file: $dir/no.pem is not there"
check 1 "a directory on the way that is not" \
	"[deliver]\ndirectory = $dir/some/where"
says "directory: $dir/some is not there"
check 1 "a directory for a file" "[policy]\nsts_ca_file = $dir/sent"
says "sts_ca_file: $dir/sent is a directory"
check 1 "a file for a directory" "[deliver]\ndirectory = $dir/ca.pem"
says "directory: $dir/ca.pem is not a directory"
check 1 "no program" "[deliver]\nmail = sendmail:$dir/sendmail"
says "mail: $dir/sendmail is not there"
check 1 "several files" "[deliver]\nhttps_ca_file = $dir/a\nmail_ca_file = $dir/b"
says "https_ca_file: $dir/a is not there"
says "mail_ca_file: $dir/b is not there"
check 0 "a log that is not read" "[log]\nfile = $dir/no.log"
check 1 "a log that is" "[log]\nsource = file\nfile = $dir/no.log"
says "file: $dir/no.log is not there"
mkdir -p "$dir/site" "$dir/bare"
: >"$dir/site/index.html"
check 1 "every directory of a list, and what must be in it" \
	"[http]\nstatic = /a $dir/site\nstatic = /b $dir/bare" \
	"static = /c $dir/nosite"
says "static: $dir/bare/index.html is not there"
says "static: $dir/nosite is not there"

for section in events policyd milter; do
	check 0 "a socket in a directory that root makes" \
		"[$section]\nsocket = unix:$dir/none/s.sock"
	check 1 "a socket in a file" "[$section]\nsocket = unix:$dir/ca.pem/s.sock"
	says "\[$section\] socket: $dir/ca.pem is not a directory"
done

# Only root can make a store of another's.
if [ "$(id -u)" = 0 ]; then
	chown nobody "$dir/store"
	mkdir -m 750 "$dir/closed"
	: >"$dir/closed/ca.pem"
	chmod 640 "$dir/ca.pem"
	check 1 "a file that the owner may not read" \
		"[deliver]\nhttps_ca_file = $dir/ca.pem"
	says "user nobody may not read $dir/ca.pem (mode 0640)"
	check 1 "in a directory that the owner may not enter" \
		"[deliver]\nhttps_ca_file = $dir/closed/ca.pem"
	says "user nobody may not enter $dir/closed (mode 0750)"
	check 1 "a directory that the owner may not write to" \
		"[deliver]\ndirectory = $dir/sent"
	says "user nobody may not write to $dir/sent"
	check 1 "a program that the owner may not run" \
		"[deliver]\nmail = sendmail:$dir/ca.pem"
	check 0 "what root opens" "[log]\nsource = file\nfile = $dir/ca.pem" \
		"[http]\ntls_cert = $dir/ca.pem\ntls_key = $dir/ca.pem"
	chown root "$dir/store"
	chmod 644 "$dir/ca.pem"
else
	echo "not root: no store of another user is tried"
fi

# --- in the units ---

UNITS_STATE=enabled
check 1 "a home directory" "[deliver]\nhttps_ca_file = /root/ca.pem"
says "https_ca_file: /root/ca.pem is in a home directory, which tlstally.service does not see"
check 1 "a temporary directory" "[deliver]\nhttps_ca_file = $dir/ca.pem"
says "https_ca_file: $dir/ca.pem is in a directory of which tlstally.service has its own (PrivateTmp=)"
check 1 "a directory to write to" "[deliver]\ndirectory = /usr/share"
says "tlstally.service cannot write to /usr/share (ProtectSystem=): run 'systemctl edit tlstally.service' and add \[Service\] ReadWritePaths=/usr/share"
check 1 "a store elsewhere" "[store]\ndirectory = /srv/tlstally"
says "tlstally.service cannot write to /srv/tlstally"
UNITS_WRITE=/srv/tlstally
export UNITS_WRITE
check 0 "with ReadWritePaths" "[store]\ndirectory = /srv/tlstally"
unset UNITS_WRITE
check 1 "a milter's socket" "[milter]\nsocket = unix:/usr/share/milter.sock"
says "tlstally-milter.service cannot write to /usr/share"
check 0 "a socket that systemd makes" \
	"[policyd]\nsocket = unix:/usr/share/policyd.sock"
UNITS_SOCKETS=disabled
export UNITS_SOCKETS
check 1 "the policy service's own" \
	"[policyd]\nsocket = unix:/usr/share/policyd.sock"
says "socket: tlstally-policyd.service cannot write to /usr/share"
check 1 "a socket of events" "[events]\nsocket = unix:/usr/share/events.sock"
says "socket: tlstallyd.service cannot write to /usr/share"
unset UNITS_SOCKETS

sendmail=$(command -v sendmail || echo /usr/sbin/sendmail)
if grep -q postdrop "$sendmail" 2>/dev/null; then
	check 1 "Postfix's sendmail" "[deliver]\nmail = sendmail:$sendmail"
	says "postdrop needs rights of its own, which tlstally.service does not give (NoNewPrivileges=).*have cron run"
	UNITS_RIGHTS=no
	export UNITS_RIGHTS
	check 0 "with the rights" "[deliver]\nmail = sendmail:$sendmail"
	unset UNITS_RIGHTS
	UNITS_STATE=disabled
	check 0 "from cron" "[deliver]\nmail = sendmail:$sendmail"
else
	echo "this host's sendmail is not Postfix's: it is not tried"
fi
UNITS_STATE=enabled
if [ -u /usr/bin/su ]; then
	check 1 "a program that is set-user-ID" "[deliver]\nmail = sendmail:/usr/bin/su"
	says "/usr/bin/su needs rights of its own"
fi
check 0 "a program without such rights" "[deliver]\nmail = sendmail:/bin/true"

echo "$ran settings files"
end_test
