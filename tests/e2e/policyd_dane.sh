#!/bin/sh
# policyd_dane.sh - DANE comes first: when Postfix's settings change, and when
# nobody vouches for what DNS says; and what was told outlives a kill
#
# make check runs it; by hand: srcdir=... tests/e2e/policyd_dane.sh in the build
# directory.  Each domain has TLSA records (tests/fake/tlsa_dns.py); the Postfix is
# this host's postconf(1) with settings of the test's own.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools postconf python3
make_folder
[ "$(id -u)" -ne 0 ] || leave_leaks_alone
chmod 755 "$dir"
mkdir -p "$dir/postfix" "$dir/queue/etc"
# Postfix's resolver is silent, whatever this host's is: ours alone is asked
echo "nameserver 127.0.0.254" >"$dir/queue/etc/resolv.conf"
export MAIL_CONFIG="$dir/postfix"

# postfix_with SETTING...
postfix_with()
{
	echo "smtp unix - - y - - smtp" >"$dir/postfix/master.cf"
	printf '%s\n' "compatibility_level = 3.6" "queue_directory = $dir/queue" \
		"$@" >"$dir/postfix/main.new"
	# postconf waits for a file that was just written
	touch -d "1 minute ago" "$dir/postfix/main.new"
	mv "$dir/postfix/main.new" "$dir/postfix/main.cf"
}

# start_policyd: with an empty store
start_policyd()
{
	rm -rf --one-file-system "$dir/store"
	mkdir "$dir/store"
	[ "$(id -u)" -ne 0 ] || chown nobody "$dir/store"
	start_daemon tlstally-policyd "answering Postfix"
}

# told DOMAIN
told()
{
	"$bin/tlstally" -c "$dir/conf" policy "$1" --json |
		python3 -c 'import json, sys
d = json.load(sys.stdin)
print(d.get("answer", "not found"))'
}

# shown DOMAIN: what tlstally lookup says of it
shown()
{
	"$bin/tlstally" -c "$dir/conf" lookup "$1" --json |
		python3 -c 'import json, sys
d = json.load(sys.stdin)["postfix"]
print(d.get("answer", "not found"))'
}

# ask_and_kill DOMAIN: policyd is killed as soon as it has answered
ask_and_kill()
{
	python3 - "$dir/socket" "$1" "$pid" <<-'EOF'
	import os, signal, socket, sys
	path, domain, pid = sys.argv[1:]
	client = socket.socket(socket.AF_UNIX)
	client.connect(path)
	key = b"QUERY " + domain.encode()
	client.sendall(b"%d:%s," % (len(key), key))
	answer = client.recv(1000)
	os.kill(int(pid), signal.SIGKILL)
	print(answer.decode())
	EOF
}

touch "$dir/validates"
start_fake dns tlsa_dns "$dir/validates"
cat >"$dir/conf" <<EOF
[store]
directory = $dir/store
[policy]
resolver = inet:127.0.0.1:$port
[policyd]
socket = unix:$dir/socket
socket_owner =
socket_group =
EOF

echo "# the settings of Postfix change"
postfix_with "smtp_tls_security_level = may"
start_policyd
expect "Postfix does no DANE" "not found" "$(told a.example)"
postfix_with "smtp_tls_security_level = dane" "smtp_dns_support_level = dnssec"
wait_until grep -q "DANE yes" "$dir/tlstally-policyd.log" ||
	fail "tlstally-policyd does not see it" "$dir/tlstally-policyd.log"
expect "a domain that was asked for before" dane "$(told a.example)"
expect "a new one" dane "$(told b.example)"
expect "and tlstally lookup says so" dane "$(shown b.example)"
kill "$pid"
ends "$pid"

echo "# what Postfix was told is in the store before it is told"
for name in c d e; do
	start_policyd
	expect "a first answer" "7:OK dane," "$(ask_and_kill $name.example)"
	wait_until is_gone "$pid"
	expect "and its row, whoever is killed" dane \
		"$("$e2e/told_row" "$dir/store" $name.example)"
done

echo "# a resolver that does not validate"
rm "$dir/validates"
start_policyd
expect "the domain may have signed TLSA records" dane "$(told a.example)"
expect "and tlstally lookup says so" dane "$(shown a.example)"
end_test
