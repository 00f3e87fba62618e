# postfix_instance.sh - a Postfix of a test's own.  Sourced; in $dir are its
# queue (NAME.queue), its data (NAME.data) and its log (NAME.log).
#
#     postfix_settings NAME [LEVEL] >main.cf    what all of them have in common;
#     postfix_services CHROOT >master.cf        each adds the rest of its own
#
# CHROOT is y where cleanup(8) is in the chroot, as Debian has it.

postfix_settings()
{
	mkdir -p "$dir/$1.queue" "$dir/$1.data"
	chown postfix "$dir/$1.data"
	cat <<-EOF
	compatibility_level = ${2:-3.6}
	queue_directory = $dir/$1.queue
	data_directory = $dir/$1.data
	maillog_file = $dir/$1.log
	maillog_file_prefixes = $dir
	mydestination =
	inet_protocols = ipv4
	alias_maps =
	smtpd_peername_lookup = no
	EOF
}

postfix_services()
{
	cat <<-EOF
	pickup unix n - n 1 1 pickup
	cleanup unix n - $1 - 0 cleanup
	qmgr unix n - n 1 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	tlsproxy unix - - n - 0 tlsproxy
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	verify unix - - n - 1 verify
	proxymap unix - - n - - proxymap
	smtp unix - - n - - smtp
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	virtual unix - n n - - virtual
	anvil unix - - n - 1 anvil
	flush unix n - - 1000? 0 flush
	scache unix - - n - 1 scache
	postlog unix-dgram n - n - 1 postlogd
	EOF
}
