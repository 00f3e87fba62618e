# mail_servers.sh - a network namespace with a Postfix that sends, of this host
# or of another Debian, a signed DNS, and servers that it sends to.  Sourced,
# behind testlib.sh and postfix_instance.sh; mail_servers.py has what they are made of.  Its clean_up stops
# the Postfix.
#
#     choose_postfix [SUITE]     $POSTFIX_VERSION, and folders $dir/postfix, $dir/run
#     make_network               192.0.3.0/24 and a resolver at 127.0.0.53
#     enter_root                 only with a SUITE: its chroot, in the folder
#                                $POSTFIX_ROOTS
#     start_dns FILE...          nsd, and an unbound for each of its FILEs
#     sender_settings [LEVEL]    main.cf, but for smtp_tls_policy_maps
#     start_its_own_postfix      with $dir/postfix
#     start_sinks                $dir/farm for SMTP, $dir/policies for MTA-STS
suite=
root=

# within COMMAND...: in the namespace, where /etc/resolv.conf is ours
within()
{
	$enter "$@"
}

# its_own COMMAND...: in the namespace, and where this Postfix is
its_own()
{
	$enter ${root:+chroot "$root"} "$@"
}

choose_postfix()
{
	suite=${1:-}
	[ -z "$suite" ] || "$src/tests/e2e/postfix_root.sh" "$suite" \
		"${POSTFIX_ROOTS:-$dir/roots}/$suite" || exit
	POSTFIX_VERSION=$(${suite:+chroot "${POSTFIX_ROOTS:-$dir/roots}/$suite"} \
		postconf -h mail_version) || exit 1
	export POSTFIX_VERSION
	echo "Postfix $POSTFIX_VERSION"
	mkdir "$dir/postfix" "$dir/run"
}

make_network()
{
	make_namespace
	printf 'nameserver 127.0.0.53\noptions trust-ad\n' \
		>"/etc/netns/$net/resolv.conf"
	# not a special range, which the log's reader would not count
	within ip address add 192.0.3.0/24 dev lo
}

# What Postfix reads and writes has the same name in its chroot.  Its postconf
# is this host's own all the same, for the daemons are not root.
enter_root()
{
	[ -n "$suite" ] || return 0
	root=$(cd "${POSTFIX_ROOTS:-$dir/roots}" && pwd)/$suite
	mkdir -p "$root$dir"
	mount --bind "$dir" "$root$dir" || die "no bind mount can be made"
	cp "/etc/netns/$net/resolv.conf" "$root/etc/resolv.conf"
}

clean_up()
{
	local conf queue
	for conf in "$dir"/postfix*; do
		queue=$(sed -n 's/^queue_directory = //p' "$conf/main.cf")
		[ ! -s "$queue/pid/master.pid" ] ||
			its_own postfix -c "$conf" stop >/dev/null 2>&1
	done
	[ -z "$root" ] || { umount "$root$dir" && rmdir "$root$dir"; }
}

# dns_validated NAME TYPE [SERVER]
dns_validated()
{
	within drill -D "@${3:-127.0.0.53}" "$1" "$2" 2>/dev/null |
		grep -q '^;; flags:.* ad[ ;]'
}

# dns_code TYPE NAME
dns_code()
{
	within drill -D @127.0.0.53 "$@" | sed -n 's/.*rcode: \([A-Z]*\).*/\1/p'
}

start_dns()
{
	start "$dir/nsd.log" nsd -d -c "$dir/zones/nsd.conf"
	nsd=$pid
	for conf; do
		start "$dir/unbound.log" unbound -d -c "$dir/zones/$conf"
	done
}

start_sinks()
{
	start "$dir/farm.log" python3 "$src/tests/fake/smtp_sink.py" \
		--farm "$dir/farm"
	start "$dir/policies.log" python3 "$src/tests/fake/policy_host.py" \
		"$dir/policies" 192.0.3.250 443
	policies=$pid
	for log in farm policies; do
		wait_until grep -qs READY "$dir/$log.log" ||
			die "the $log server does not start" "$dir/$log.log"
	done
}

# sender_settings [LEVEL] >main.cf: each adds smtp_tls_policy_maps and the rest
sender_settings()
{
	postfix_settings mail "$@"
	cat <<-EOF
	myhostname = sender.test
	mynetworks = 127.0.0.0/8
	inet_interfaces = 127.0.0.1
	transport_maps = texthash:$dir/postfix/transport
	smtp_dns_support_level = dnssec
	smtp_tls_security_level = dane
	smtp_tls_CAfile = $dir/certs/ca.pem
	smtp_tls_loglevel = 1
	smtp_connect_timeout = 5s
	smtp_helo_timeout = 5s
	smtp_starttls_timeout = 5s
	minimal_backoff_time = 3600s
	queue_run_delay = 3600s
	EOF
}

# postlogd(8) would make it for root only, and our daemons are not root
make_log()
{
	: >"$dir/mail.log"
	chmod 644 "$dir/mail.log"
}

start_its_own_postfix()
{
	make_log
	its_own chown postfix "$dir/mail.data"
	its_own postfix -c "$dir/postfix" start >"$dir/start.log" 2>&1 ||
		die "postfix does not start" "$dir/start.log"
}
