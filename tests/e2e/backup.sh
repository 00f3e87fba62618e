#!/bin/sh
# backup.sh - the store copied, put back and read by whom it does not belong to:
# root, a member of its group, a stranger
#
# make check runs it; by hand: srcdir=... tests/e2e/backup.sh in the build
# directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_root "other users"
need_tools setpriv python3
make_folder
leave_leaks_alone
chmod 755 "$dir"
owner=64101 group=64102 member=64103 stranger=64104

# where every user can run it
cp "$bin/tlstally" "$dir/tlstally"
cat >"$dir/conf" <<-EOF_CONF
[report]
contact_info = tls-reports@example.com
[store]
directory = $dir/store
map_size = 64M
[events]
socket = unix:$dir/events
socket_owner =
socket_group =
commit_interval = 50ms
EOF_CONF

# as USER COMMAND...: root, owner, member or stranger
as()
{
	who=$1
	shift
	case $who in
	root) "$@" ;;
	owner) setpriv --reuid $owner --regid $group --clear-groups "$@" ;;
	member) setpriv --reuid $member --regid $member --groups $group "$@" ;;
	stranger) setpriv --reuid $stranger --regid $stranger --clear-groups "$@" ;;
	esac
}

# try USER STATUS NAME ARGUMENT...: what it says is in out and err
try()
{
	user=$1 want=$2 name=$3
	shift 3
	as "$user" timeout 60 "$dir/tlstally" -c "$dir/conf" "$@" \
		>"$dir/out" 2>"$dir/err" <"${input:-/dev/null}"
	got=$?
	if [ $got -eq "$want" ]; then
		echo "ok: $name"
	else
		fail "$name: exit status $got, not $want"
		cat "$dir/out" "$dir/err"
	fi
}

# says TEXT: on standard error, and nothing else stands there
says()
{
	grep -qF -- "$1" "$dir/err" && [ "$(wc -l <"$dir/err")" -eq 1 ] &&
		return
	fail "$name: not '$1', but" "$dir/err"
}

says_not()
{
	grep -qF -- "$1" "$dir/err" && fail "$name: says '$1'" "$dir/err"
}

# only FILE...: what the folder of the targets has
only()
{
	expect "$name: nothing else is left" "$*" "$(ls -A "$dir/target" | xargs)"
}

# --- what creates the store ---

mkdir "$dir/fake" "$dir/target"
fake_postfix()
{
	mkdir -p "$dir/libexec"
	printf '%s\n' "$1" >"$dir/libexec/smtp"
	cat >"$dir/fake/postconf" <<-EOF_POSTCONF
	#!/bin/sh
	case \$* in
	*-M*) echo 'smtp unix - - n - - smtp' ;;
	*-P*) ;;
	*) cat <<-EOF
	config_directory = $dir
	daemon_directory = $dir/libexec
	mail_version = $2
	queue_directory = $dir
	EOF
	;;
	esac
	EOF_POSTCONF
	chmod +x "$dir/fake/postconf"
	touch "$dir/main.cf" "$dir/master.cf"
}
path=$PATH
fake_postfix smtp_tlsrpt_enable 3.10.13
PATH=$dir/fake:$path
try root 1 "no store, and a Postfix that sends events" status
says "there is no store in $dir/store ([store] directory in $dir/conf): tlstallyd, which receives the events of this host's Postfix, creates it"
says "\`tlstally setup\` shows"
fake_postfix nothing 3.7.11
try root 1 "no store, and a Postfix that only logs" check-store
says "tlstally-logd, which reads the log of this host's Postfix, creates it"
mkdir "$dir/store"
chown $owner:$group "$dir/store"
chmod 750 "$dir/store"
try root 1 "a directory and no store" backup "$dir/target/a"
says "tlstally-logd, which reads the log"
only
PATH=$path

start_daemon tlstallyd "counting events"
"$e2e/send_datagrams" "$dir/events" \
	"$src/tests/data/datagrams/library.jsonl" >/dev/null
stop "$pid" || fail "tlstallyd" "$dir/tlstallyd.log"
rm -f "$dir/events"
expect "the owner of the store" "$owner:$group" \
	"$(stat -c %u:%g "$dir/store/data.mdb")"

# --- a target that the owner of the store may not write ---

chmod 700 "$dir/target"
try root 0 "root's own folder" backup "$dir/target/a"
expect "whose it is" "0 640" "$(stat -c '%u %a' "$dir/target/a")"
only a
try root 0 "and it is read there" -v backup --check "$dir/target/a"
expect_text "no damage" "no damage found" "$dir/out"
try root 1 "a file that exists" backup "$dir/target/a"
says "$dir/target/a exists already"
cp "$dir/target/a" "$dir/before"
try root 0 "suppressing makes a difference" suppress add a@example.com
try root 0 "--force" backup --force "$dir/target/a"
cmp -s "$dir/target/a" "$dir/before" && fail "$name: the file is the old one"
only a
try root 1 "--force never replaces a device" backup --force /dev/null
says "/dev/null is not a regular file"
[ -c /dev/null ] || die "$name: /dev/null is gone"
try root 1 "nor a directory" backup --force "$dir/target"
says "$dir/target is not a regular file"

# --- the right words ---

try owner 1 "a folder that may not be looked into" backup "$dir/target/b"
says "cannot create $dir/target/b: Permission denied"
says_not "exists already"
try owner 1 "a backup that may not be read" restore "$dir/target/a"
says "cannot open $dir/target/a: Permission denied"
try root 1 "no such folder" backup "$dir/none/b"
says "cannot create $dir/none/b: No such file or directory"
try root 1 "a file for a folder" backup "$dir/conf/b"
says "cannot create $dir/conf/b: Not a directory"
try root 1 "a long name" backup "$dir/target/$(printf %0255d 1)"
says "File name too long"
try root 1 "no such backup" restore "$dir/target/none"
says "cannot open $dir/target/none: No such file or directory"
try root 1 "a folder is no backup" restore "$dir/target"
says "cannot read $dir/target: Is a directory"
ls "$dir/store" | grep restore && fail "$name: something is left"
try root 1 "a file of something else" restore "$dir/conf"
says "$dir/conf is not restored: "
mkdir "$dir/closed"
try root 1 "a store that is a file" -o store.directory="$dir/conf" check-store
says "Not a directory"

# The disk of the target is full, not that of the store.
if mkdir "$dir/small" && mount -t tmpfs -o size=16k none "$dir/small" \
	2>/dev/null; then
	try root 1 "a full disk" backup "$dir/small/a"
	says "cannot write $dir/small/a: "
	grep -q "store $dir" "$dir/err" && fail "$name: it is not the store's"
	expect "$name: nothing is left" "" "$(ls -A "$dir/small")"
	umount "$dir/small"
else
	skip_part "a full disk" "no file system can be mounted here"
fi

# --- standard streams ---

try root 0 "standard output" backup -
cp "$dir/out" "$dir/streamed"
[ ! -s "$dir/err" ] || fail "$name" "$dir/err"
input=$dir/streamed try root 0 "and it is whole" -v backup --check -
expect_text "no damage" "no damage found" "$dir/out"
"$dir/tlstally" -c "$dir/conf" -v backup - 2>"$dir/err" | cmp -s - "$dir/streamed"
expect "nothing else is printed there" "0" "$?"
python3 - "$dir/tlstally" -c "$dir/conf" <<-'EOF_PYTHON' >"$dir/out" ||
import os, pty, subprocess, sys
ours, terminal = pty.openpty()
for words in ["backup", "-"], ["restore", "-"], ["backup", "--check", "-"]:
    done = subprocess.run(sys.argv[1:] + words, stdin=terminal, stdout=terminal,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2, (words, done)
    assert "is a terminal" in done.stderr, (words, done)
os.set_blocking(ours, False)
try:
    raise SystemExit("on the terminal: %r" % os.read(ours, 100))
except BlockingIOError:
    pass
EOF_PYTHON
	fail "a terminal" "$dir/out"
try root 1 "output that nobody takes" backup /dev/full
says "/dev/full exists already"
"$dir/tlstally" -c "$dir/conf" backup - >/dev/full 2>"$dir/err" &&
	fail "a full standard output is taken"
name="a full standard output"
says "cannot write standard output: "
"$dir/tlstally" -c "$dir/conf" backup - >&- 2>"$dir/err" &&
	fail "a closed standard output is taken"
name="a closed standard output"
says "standard output: Bad file descriptor"

# --- killed ---

mkfifo "$dir/pipe"
exec 9<>"$dir/pipe"
# a pipe that is full: the copy waits
head -c 65536 /dev/zero >&9
"$dir/tlstally" -c "$dir/conf" backup - >&9 2>"$dir/err" &
copying=$!
is_waiting()
{
	[ -n "$(cat "/proc/$copying/task/$copying/children")" ]
}
if wait_until is_waiting; then
	kill -TERM $copying
	ends $copying
	expect "killed: the status" 1 $?
	name=killed
	says "the store is not copied: ended by signal 15"
else
	fail "a copy to a pipe does not wait"
fi
exec 9>&-

# --- put back, by root from where only root may read ---

try root 0 "restore" restore "$dir/target/a"
expect "whose the store is" "$owner:$group 640" \
	"$(stat -c '%u:%g %a' "$dir/store/data.mdb")"
expect "the group may lock" "$owner:$group 660" \
	"$(stat -c '%u:%g %a' "$dir/store/lock.mdb")"
[ -e "$dir/store/data.mdb.before" ] || fail "the previous store is not kept"
try root 0 "it is what was copied" suppress list
expect_text "with what came first" "a@example.com" "$dir/out"
mkdir "$dir/other"
chown $owner:$group "$dir/other"
input=$dir/streamed try root 0 "restored where there was none" \
	-v -o store.directory="$dir/other" restore -
expect "nothing is said to be kept" \
	"standard input was restored to $dir/other" "$(cat "$dir/out")"

# --- a member of the group ---

for command in status domains "show example.com" "get domain" \
	"query tls-internal-report" "suppress list" check-store "backup -" \
	"token list" "clock show"; do
	# shellcheck disable=SC2086
	try member 0 "a member: $command" $command
done
try member 1 "a member may not change it" suppress add b@example.com
says "the store is owned by user"
mkdir "$dir/mine"
chown $member "$dir/mine"
try member 0 "a member's own backup" backup "$dir/mine/a"
TMPDIR=$dir/mine try member 0 "a member checks it" backup --check "$dir/mine/a"
expect "nothing else is left" a "$(ls -A "$dir/mine")"
as member sh -c "echo >>'$dir/store/data.mdb'" 2>/dev/null &&
	fail "a member may write to the data"
# while a daemon writes
start_daemon tlstallyd "counting events"
try member 0 "a member, while tlstallyd runs" status
try member 0 "a member's backup, while tlstallyd runs" backup --force "$dir/mine/a"
stop "$pid" || fail "tlstallyd" "$dir/tlstallyd.log"

try stranger 1 "a stranger" status
says "or as a member of group $group"
try stranger 1 "a stranger's backup" backup -
says "or as a member of group $group"
[ ! -s "$dir/out" ] || fail "$name: something was printed"

end_test
