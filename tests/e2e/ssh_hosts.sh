#!/bin/sh
# ssh_hosts.sh - one host reports for three, over real ssh: mx2 sends its day by
# the command that README.md has for cron, and mx3 is asked for its own; its
# reports are those of a host that counted everything
#
# Each host has an sshd(8) of its own on a port of 127.0.0.1, with keys made
# here.  make check runs it; by hand: srcdir=... tests/e2e/ssh_hosts.sh in the
# build directory.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3 ssh ssh-keygen sshd
make_folder
data=$src/tests/data/datagrams
run_sshd=

clean_up()
{
	[ -z "$run_sshd" ] || rmdir "$run_sshd" 2>/dev/null
}

# sshd(8) of root wants it, and nobody makes it where no init is
if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
	mkdir -m 755 /run/sshd || skip "sshd: /run/sshd cannot be made"
	run_sshd=/run/sshd
fi

stay_within_day 120
now=$(date +%s)
midnight=$((now - now % 86400))
yesterday=$((midnight - 40000))

# at any hour of the day
make_host mx1 all "deadline = 48h" "expect = mx2.example.com" \
	"fetchers = ssh mx3.example.com tlsrpt-fetcher"
make_host mx2 off
make_host mx3 off
make_host all all
for host in mx1 mx2 mx3 all; do
	echo "grace = 0s" >"$dir/grace"
	sed -i "/^\[deliver\]/r $dir/grace" "$dir/$host/conf"
	for file in "$data"/*.jsonl; do
		# each third of the lines is another host's
		case $host in
		all) cat "$file" ;;
		*) awk -v n="${host#mx}" 'NR % 3 == n % 3' "$file" ;;
		esac
	done >"$dir/$host/lines"
	"$e2e/count_at" "$dir/$host/store" $yesterday <"$dir/$host/lines" ||
		die "$host does not count"
	# and their feeds have come to this day
	"$e2e/count_at" "$dir/$host/store" "$now" </dev/null ||
		die "the feed of $host"
done

# --- what a login at each of them finds: its own tlstally

for host in mx1 mx2 mx3; do
	mkdir "$dir/$host/bin"
	cat >"$dir/$host/bin/tlstally" <<-EOF_TALLY
	#!/bin/sh
	exec $bin/tlstally -c $dir/$host/conf "\$@"
	EOF_TALLY
	cat >"$dir/$host/bin/tlsrpt-fetcher" <<-EOF_FETCHER
	#!/bin/sh
	exec $dir/$host/bin/tlstally fetcher "\$@"
	EOF_FETCHER
	# ssh(1) without the user's own settings and keys
	cat >"$dir/$host/bin/ssh" <<-EOF_SSH
	#!/bin/sh
	exec $(command -v ssh) -F $dir/ssh_config "\$@"
	EOF_SSH
	chmod +x "$dir/$host/bin"/*
done

# --- their sshd

ssh-keygen -q -t ed25519 -N '' -f "$dir/key" || die "ssh-keygen"
cp "$dir/key.pub" "$dir/authorized_keys"
for host in mx1 mx3; do
	ssh-keygen -q -t ed25519 -N '' -f "$dir/$host/host_key"
	port=$(free_ports 1)
	echo "$port" >"$dir/$host/port"
	cat >"$dir/$host/sshd_config" <<-EOF_SSHD
	ListenAddress 127.0.0.1
	Port $port
	HostKey $dir/$host/host_key
	PidFile none
	AuthorizedKeysFile $dir/authorized_keys
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	PermitRootLogin yes
	SetEnv PATH=$dir/$host/bin:$PATH
	EOF_SSHD
	cat >>"$dir/ssh_config" <<-EOF_SSH
	Host $host.example.com
	    HostName 127.0.0.1
	    Port $port
	    HostKeyAlias $host.example.com
	EOF_SSH
	echo "$host.example.com $(cat "$dir/$host/host_key.pub")" \
		>>"$dir/known_hosts"
done
cat >>"$dir/ssh_config" <<-EOF_SSH
Host *
    BatchMode yes
    IdentityFile $dir/key
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile $dir/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    ConnectTimeout 30
EOF_SSH

start_sshd()
{
	start "$dir/$1/sshd.log" "$(command -v sshd)" -D -e \
		-f "$dir/$1/sshd_config"
	wait_until grep -q "Server listening" "$dir/$1/sshd.log" ||
		die "sshd does not start" "$dir/$1/sshd.log"
}

# on HOST COMMAND: as cron has it
on()
{
	PATH=$dir/$1/bin:$PATH sh -c "$2" 2>"$dir/err"
}

start_sshd mx1
on mx2 "ssh mx1.example.com true" || die "nobody can log in" "$dir/err"

# --- mx2 sends its day, as README.md says

cron=$(sed -n 's/^ *30 1 \* \* \*  //p' "$src/README.md")
expect_like "README.md has a line for cron" "tlstally export | ssh *" "$cron"
on mx1 "tlstally run" || fail "the run before" "$dir/err"
expect "nothing is reported while they are waited for" "" \
	"$(ls "$dir/mx1/sent")"
on mx2 "tlstally export | head -c 300 | ssh mx1.example.com tlstally import -" &&
	fail "what is cut off on its way is taken"
expect_text "what is cut off on its way is refused, there" "cut off" "$dir/err"
on mx2 "$cron" || fail "the command for cron" "$dir/err"
on mx2 "$cron" || fail "the same command again" "$dir/err"

# --- mx3 is asked for its own

on mx1 "tlstally fetch" && fail "there is no sshd, and fetch does not fail"
expect_text "no sshd" "Connection refused" "$dir/err"
start_sshd mx3
: >"$dir/authorized_keys"
on mx1 "tlstally fetch" && fail "nobody may log in, and fetch does not fail"
expect_text "a key that is not known there" "Permission denied" "$dir/err"
on mx1 "tlstally status" >"$dir/status"
expect_text "tlstally status says so" "mx3.example.com.*Permission denied" \
	"$dir/status"
cp "$dir/key.pub" "$dir/authorized_keys"
mv "$dir/known_hosts" "$dir/known_before"
echo "mx3.example.com $(cat "$dir/mx1/host_key.pub")" >"$dir/known_hosts"
on mx1 "tlstally fetch" && fail "another host answers, and fetch does not fail"
expect_text "a host that has another key" "verification failed" "$dir/err"
mv "$dir/known_before" "$dir/known_hosts"
on mx1 "tlstally run" || fail "mx1 runs" "$dir/err"
"$bin/tlstally" -c "$dir/all/conf" run || fail "all runs"
expect_reports "its reports are those of a host that saw everything" all mx1
end_test
