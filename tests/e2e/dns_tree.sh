# dns_tree.sh - a signed DNS of our own: nsd and unbound on loopback.  Sourced,
# behind testlib.sh.
#
# Gives, after dns_start, $dns (the resolver's port on 127.0.0.1).
#
#   .              signed; the resolver trusts its key
#   test.          signed
#   bogus.test.    signed, and its DS is that of another key
#   insecure.test. not signed
#
# Lines for the zones come from files $dir/zone.test, $dir/zone.bogus.test and
# $dir/zone.insecure.test, which are there before.

dns_need_tools()
{
	need_tools python3 nsd unbound ldns-keygen ldns-signzone ldns-key2ds
}

# dns_zone NAME FILE: head and lines of a zone; "" is the root
dns_zone()
{
	echo "\$TTL 300"
	echo "$1. SOA ns.test. hostmaster.test. 1 3600 600 86400 120"
	echo "$1. NS ns.test."
	[ ! -f "$2" ] || cat "$2"
}

# dns_key ZONE-WITH-DOT: a key for it; its name without suffix is printed
dns_key()
{
	(cd "$dir/dns" && ldns-keygen -a ECDSAP256SHA256 -k "$1" 2>>log)
}

# dns_sign NAME: signs $dir/dns/NAME.zone, its DS goes to NAME.ds
dns_sign()
{
	key=$(dns_key "${1#root}.")
	(cd "$dir/dns" && ldns-signzone -o "${1#root}." -f "$1.signed" \
		"$1.zone" "$key" 2>>log && cp "$key.key" "$1.key" &&
		ldns-key2ds -n -2 "$1.key" >"$1.ds" 2>>log)
}

dns_make_zones()
{
	mkdir "$dir/dns"
	dns_zone insecure.test "$dir/zone.insecure.test" \
		>"$dir/dns/insecure.test.signed"
	dns_zone bogus.test "$dir/zone.bogus.test" >"$dir/dns/bogus.test.zone"
	dns_sign bogus.test || return
	key=$(dns_key bogus.test.)
	(cd "$dir/dns" && ldns-key2ds -n -2 "$key.key" >bogus.test.ds)
	{
		dns_zone test "$dir/zone.test"
		echo "ns.test. A 127.0.0.1"
		echo "bogus.test. NS ns.test."
		cat "$dir/dns/bogus.test.ds"
		echo "insecure.test. NS ns.test."
	} >"$dir/dns/test.zone"
	dns_sign test || return
	{
		dns_zone "" none
		echo "test. NS ns.test."
		echo "ns.test. A 127.0.0.1"
		cat "$dir/dns/test.ds"
	} >"$dir/dns/root.zone"
	dns_sign root
}

dns_write_conf()
{
	cat >"$dir/dns/nsd.conf" <<-EOF_NSD
	server:
		ip-address: 127.0.0.1@$1
		username: ""
		chroot: ""
		zonesdir: "$dir/dns"
		zonelistfile: "$dir/dns/zone.list"
		xfrdfile: "$dir/dns/xfrd.state"
		xfrdir: "$dir/dns"
		pidfile: "$dir/dns/nsd.pid"
		database: ""
		server-count: 1
		rrl-ratelimit: 0
	remote-control:
		control-enable: no
	EOF_NSD
	cat >"$dir/dns/unbound.conf" <<-EOF_UNBOUND
	server:
		interface: 127.0.0.1
		port: $dns
		username: ""
		chroot: ""
		directory: "$dir/dns"
		pidfile: "$dir/dns/unbound.pid"
		use-syslog: no
		do-not-query-localhost: no
		do-daemonize: no
		num-threads: 1
		local-zone: "test." nodefault
		trust-anchor-file: "$dir/dns/root.key"
		module-config: "validator iterator"
		harden-dnssec-stripped: yes
	remote-control:
		control-enable: no
	EOF_UNBOUND
	for zone in root test bogus.test insecure.test; do
		name=${zone#root}.
		printf 'zone:\n\tname: "%s"\n\tzonefile: "%s.signed"\n' \
			"$name" "$zone" >>"$dir/dns/nsd.conf"
		printf 'stub-zone:\n\tname: "%s"\n\tstub-addr: 127.0.0.1@%s\n' \
			"$name" "$1" >>"$dir/dns/unbound.conf"
	done
}

# Whether ns.test is known at the port
dns_answers()
{
	case $("$e2e/policy_driver" dns "inet:127.0.0.1:$1" 500 ns.test A) in
	ok*) ;;
	*) return 1 ;;
	esac
}

dns_start()
{
	local ports
	dns_make_zones || die "the zones are not made" "$dir/dns/log"
	ports=$(free_ports 2)
	dns=${ports#* }
	dns_write_conf "${ports% *}"
	start "$dir/dns/log" nsd -d -c "$dir/dns/nsd.conf"
	wait_until dns_answers "${ports% *}" ||
		die "nsd does not start" "$dir/dns/log"
	start "$dir/dns/log" unbound -d -c "$dir/dns/unbound.conf"
	dns_resolver=$pid
	wait_until dns_answers "$dns" ||
		die "unbound does not start" "$dir/dns/log"
}
