# Part of milter.sh: the namespace and the mail servers in it.
#
#     site    192.0.3.1, 127.0.0.1   our Postfix, the one with the milter; its
#                                    settings are the namespace's /etc/postfix,
#                                    so that sendmail(1) finds them, too
#     relay   192.0.3.2              another site's Postfix: takes all for
#                                    far.test and gets told by the sink
#     sink    192.0.3.3              good.test, dead.test, covered.test;
#                                    tells the relay what becomes of far.test
#
# Names are in the namespace's /etc/hosts; nobody asks DNS.

furnish_namespace()
{
	cp -R /etc/postfix "/etc/netns/$net/postfix"
	site=/etc/netns/$net/postfix
	cat >"/etc/netns/$net/hosts" <<-EOF
	127.0.0.1 localhost
	192.0.3.1 site.test mx.site.test
	192.0.3.2 far.test
	192.0.3.3 good.test dead.test covered.test
	EOF
	# whatever asks DNS in spite of that is refused at once
	echo "nameserver 127.0.0.1" >"/etc/netns/$net/resolv.conf"
	# Postfix listens on an interface's own address only
	within ip address add 192.0.3.1/24 dev lo
	within ip address add 192.0.3.2/24 dev lo
}

make_certificates()
{
	mkdir "$dir/certs"
	ca_make "$dir/certs" &&
		ca_issue "$dir/certs" server 2 /CN=mx.site.test \
			DNS:mx.site.test &&
		ca_issue "$dir/certs" known 2 /CN=known.test DNS:known.test &&
		ca_self_signed "$dir/certs" stranger DNS:stranger.test \
			2>/dev/null || die "openssl makes no certificates"
}

# services ADDRESS...: master.cf as Debian's, with smtpd and cleanup in the
# chroot
services()
{
	for address; do
		echo "$address:25 inet n - y - - smtpd"
	done
	postfix_services y
}

# common_settings NAME ADDRESSES
common_settings()
{
	postfix_settings "$1"
	cat <<-EOF
	myhostname = mx.$1.test
	inet_interfaces = $2
	smtp_dns_support_level = disabled
	queue_run_delay = 1s
	minimal_backoff_time = 1s
	maximal_backoff_time = 2s
	EOF
}

# What would be another server's in real life is on this machine: outsiders
# are those who come from an address that no interface has.
start_site()
{
	mkdir -p "$dir/mail"
	chown nobody "$dir/mail"
	cat >"$site/boxes" <<-EOF
	tls-reports@site.test reports/
	anna@site.test anna/
	bert@site.test bert/
	carl@other.test carl/
	EOF
	{
		common_settings site "127.0.0.1, 192.0.3.1"
		cat <<-EOF
		mynetworks = 127.0.0.0/8
		recipient_delimiter = +
		virtual_mailbox_domains = site.test, other.test
		virtual_mailbox_maps = texthash:/etc/postfix/boxes
		virtual_mailbox_base = $dir/mail
		virtual_uid_maps = static:$(id -u nobody)
		virtual_gid_maps = static:$(id -g nobody)
		transport_maps = inline:{relayed.test=smtp:[192.0.3.3]:25}
		smtp_bind_address = 192.0.3.1
		smtpd_tls_security_level = may
		smtpd_tls_chain_files = $dir/certs/server.key, $dir/certs/server.crt
		smtpd_tls_CAfile = $dir/certs/ca.pem
		smtpd_tls_ask_ccert = yes
		smtpd_tls_protocols = >=TLSv1
		smtpd_tls_ciphers = medium
		tls_medium_cipherlist = ALL:@SECLEVEL=0
		smtpd_authorized_xclient_hosts = 192.0.3.99
		smtpd_recipient_limit = 20000
		smtpd_client_connection_count_limit = 0
		internal_mail_filter_classes = bounce
		EOF
	} >"$site/main.cf"
	services 127.0.0.1 192.0.3.1 >"$site/master.cf"
	milter_settings "$1"
	within postfix start >"$dir/start.log" 2>&1 ||
		die "our Postfix does not start" "$dir/start.log"
}

start_relay()
{
	mkdir "$dir/relay"
	{
		common_settings relay 192.0.3.2
		cat <<-EOF
		mynetworks = 192.0.3.0/24
		relay_domains = far.test
		transport_maps = inline:{far.test=smtp:[192.0.3.3]:25}
		smtp_bind_address = 192.0.3.2
		delay_warning_time = 1s
		EOF
	} >"$dir/relay/main.cf"
	services 192.0.3.2 >"$dir/relay/master.cf"
	within postfix -c "$dir/relay" start >"$dir/start.log" 2>&1 ||
		die "the relay does not start" "$dir/start.log"
}

start_sink()
{
	mkdir "$dir/sink"
	start_fake sink smtp_sink --keep --listen 192.0.3.3:25 \
		--rcpt "nobody=550 5.1.1 <nobody>: User unknown" \
		--rcpt "gone=550 5.1.1 <gone>: User unknown" \
		--rcpt "hates=550 5.7.1 <hates>: we do not want reports" \
		--rcpt "slow=450 4.2.2 <slow>: mailbox full" \
		"$dir/sink"
}

# milter_settings unix|inet: in the two forms that our manual shows
milter_settings()
{
	if [ "$1" = unix ]; then
		# seen from the queue directory, which is smtpd's root
		cat >>"$site/main.cf" <<-EOF
		smtpd_milters = unix:tlstally/milter.sock
		non_smtpd_milters = unix:tlstally/milter.sock
		milter_default_action = accept
		milter_connect_timeout = 1s
		milter_command_timeout = 1s
		milter_content_timeout = 1s
		EOF
	else
		cat >>"$site/main.cf" <<-EOF
		smtpd_milters = { inet:127.0.0.1:8892, default_action=accept,
		    connect_timeout=1s, command_timeout=1s, content_timeout=1s }
		non_smtpd_milters = \$smtpd_milters
		EOF
	fi
}

# A port of ours with a before-queue filter, as SMTPD_PROXY_README has it.
start_filter()
{
	start_fake filter smtp_filter 127.0.0.1:10025 127.0.0.1:10026
	filter=$pid
	cp "$site/master.cf" "$dir/master.cf"
	cat >>"$site/master.cf" <<-EOF
	192.0.3.1:2525 inet n - y - 20 smtpd
	    -o smtpd_proxy_filter=127.0.0.1:10025
	127.0.0.1:10026 inet n - y - - smtpd
	    -o smtpd_authorized_xforward_hosts=127.0.0.0/8
	    -o smtpd_client_restrictions=
	    -o smtpd_tls_security_level=none
	    -o receive_override_options=no_unknown_recipient_checks
	EOF
	within postfix reload >/dev/null 2>&1
}

stop_filter()
{
	cp "$dir/master.cf" "$site/master.cf"
	within postfix reload >/dev/null 2>&1
	stop "$filter"
}

stop_postfixes()
{
	[ ! -s "$dir/site.queue/pid/master.pid" ] ||
		within postfix stop >/dev/null 2>&1
	[ ! -s "$dir/relay.queue/pid/master.pid" ] ||
		within postfix -c "$dir/relay" stop >/dev/null 2>&1
}
