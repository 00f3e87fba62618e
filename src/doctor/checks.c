/* All checks, one row each, in the order in which they are printed: what is
 * looked at, where that can be done, and by whom (doctor/check.h). */
#include "doctor/check.h"

enum { ANYWHERE = CHECK_STORE, HERE = CHECK_HOST };

const struct check checks[] = {
	{"settings",
         "the settings: are they complete, and can the store's owner read "
         "them?",
         NULL, HERE, check_settings},
	{"secrets",
         "files with a password or a key: can the store's owner read them, and "
         "nobody else?",
         NULL, HERE, check_secrets},
	{"socket", "does somebody receive on the socket of Postfix's events?",
         FEED_EVENTS, HERE, check_socket},
	{"queue", "how many events the socket's queue holds", FEED_EVENTS, HERE,
         check_queue},
	{"events", "did tlstallyd count just now?", FEED_EVENTS, ANYWHERE,
         check_events},
	{"log", "did tlstally-logd count just now?", FEED_LOG, ANYWHERE,
         check_log},
	{"lines", "were lines of the log understood, and which were not?",
         FEED_LOG, ANYWHERE, check_lines},
	{"loglevel", "does Postfix log its TLS sessions (smtp_tls_loglevel)?",
         FEED_LOG, HERE, check_loglevel},
	{"faults", "what the log says of Postfix's own trouble with TLS",
         FEED_LOG, ANYWHERE, check_faults},
	{"levels", "does the log say that DANE or MTA-STS is not enforced?",
         FEED_LOG, ANYWHERE, check_levels},
	{"judged",
         "are there sessions of which nobody knows whether they met the "
         "policy?",
         FEED_EVENTS, ANYWHERE, check_judged},
	{"postfix",
         "each instance of postmulti -l: its version, was its smtp(8) built "
         "with TLSRPT, and is that enabled?",
         NULL, HERE, check_postfix},
	{"feed",
         "is the feed that counts the best one for this Postfix?  That may "
         "change with an upgrade.",
         NULL, HERE, check_feed_choice},
	{"level",
         "does any smtp(8) speak TLS (smtp_tls_security_level, in main.cf and "
         "master.cf)?",
         NULL, HERE, check_level},
	{"socketname",
         "is smtp_tlsrpt_socket_name, relative, absolute or in a chroot, the "
         "socket on which tlstallyd receives?",
         FEED_EVENTS, HERE, check_socketname},
	{"access",
         "may Postfix's user write to that socket, and pass the directories "
         "on the way?",
         FEED_EVENTS, HERE, check_access},
	{"milter", "did tlstally-milter count just now?", FEED_MILTER, ANYWHERE,
         check_milter},
	{"milters",
         "smtpd_milters, non_smtpd_milters and milter_default_action: is "
         "tlstally-milter asked, and can it do harm?",
         NULL, HERE, check_milters},
	{"smtpd", "services of master.cf that hide mail from the milter",
         FEED_MILTER, HERE, check_smtpd},
	{"policymap",
         "does Postfix ask tlstally-policyd (smtp_tls_policy_maps): by the map "
         "for its version, by the socket as it is in its chroot, and alone?",
         NULL, HERE, check_policymap},
	{"policyaccess",
         "may Postfix's user write to the socket of tlstally-policyd?", NULL,
         HERE, check_policyaccess},
	{"policyanswer", "does tlstally-policyd answer, asked as Postfix asks?",
         NULL, HERE, check_policyanswer},
	{"policyd",
         "what tlstally-policyd says of its resolver: does it answer, and does "
         "it validate where Postfix uses DANE?",
         NULL, ANYWHERE, check_policyd},
	{"policyca",
         "can smtp(8) verify certificates: smtp_tls_CAfile, or smtp_tls_CApath "
         "as it is in its chroot?",
         NULL, HERE, check_policyca},
	{"policydane",
         "does Postfix use DANE when tlstally-policyd says so "
         "(smtp_dns_support_level)?",
         NULL, HERE, check_policydane},
	{"policymx",
         "does Postfix deliver only to hosts that an MTA-STS policy names "
         "(smtp_tls_enforce_sts_mx_patterns)?",
         NULL, HERE, check_policymx},
	{"policyreuse",
         "does tlsproxy(8) run where it does TLS for smtp(8) "
         "(smtp_tls_connection_reuse)?",
         NULL, HERE, check_policyreuse},
	{"policyreports",
         "are our own reports delivered even if a policy is not met "
         "(tls_required_enable, or a transport of their own)?",
         NULL, HERE, check_policyreports},
	{"coverage", "was there mail, and no TLS session counted at all?",
         FEED_MILTER, ANYWHERE, check_coverage},
	{"loop",
         "are reports by mail counted as sessions (Postfix 3.10.0 to 3.10.3, "
         "tls_required_enable = no)?",
         NULL, HERE, check_loop},
	{"runs", "when tlstally run came last, and what waits for it", NULL,
         ANYWHERE, check_runs},
	{"ledger",
         "does the ledger of the fleet take what this host counts, and does "
         "anybody lead?",
         NULL, ANYWHERE, check_ledger},
	{"relay", "does the relay of [deliver] mail answer, and how fast?",
         NULL, HERE, check_relay},
	{"deliveries",
         "the share of deliveries that were given up, refused or put off", NULL,
         ANYWHERE, check_deliveries},
	{"clock", "is the clock trusted?", NULL, ANYWHERE, check_clock},
	{"received",
         "were reports of others dropped, since too many came of a day?", NULL,
         ANYWHERE, check_received},
	{"hosts",
         "several hosts, of which one reports: are the days of the others "
         "here, and does each make reports of its own?",
         NULL, ANYWHERE, check_hosts},
	{"mode", "does the mode send anything?", NULL, 0, check_mode},
	{"store",
         "is there a store, has it room within map_size and on its disk, and "
         "which daemon would make it?",
         NULL, 0, check_store},
	{"journal",
         "what waits in the journal of counts, does applying it work, and was "
         "any of it damaged?",
         NULL, ANYWHERE, check_journal},
	{"counters",
         "are the sums and indexes that are kept beside the rows what the rows "
         "say?",
         NULL, ANYWHERE, check_counters},
	{"owners", "owners and modes of the store's files", NULL, HERE,
         check_owners},
	{"binaries", "do daemons still run the programs that are installed?",
         NULL, HERE, check_binaries},
	{"units",
         "systemd's units: failed, restarted again and again, not enabled",
         NULL, HERE, check_units},
	{"certificate",
         "does tlstally-httpd show the certificate of [http] tls_cert?", NULL,
         HERE, check_certificate},
	{"resolver", "does the resolver answer, and validate DNSSEC for DANE?",
         NULL, HERE, check_resolver},
	{"mx", "the contact's domain: does it take mail?", NULL, HERE,
         check_mx},
	{"spf",
         "the contact's domain: its SPF record, but not whether it allows the "
         "host that sends your mail",
         NULL, HERE, check_spf},
	{"dmarc",
         "the contact's domain: its DMARC record, or that of the nearest "
         "domain above it, and was the last report signed?",
         NULL, HERE, check_dmarc},
	{"tlsrpt", "the contact's domain: its own TLSRPT record", NULL, HERE,
         check_tlsrpt},
	{"dkim",
         "do reports leave with a DKIM signature of the contact's domain, as "
         "far as tlstally-milter sees?",
         NULL, HERE, check_dkim},
	{"dkimkey", "may that key sign reports (s= of its record)?", NULL, HERE,
         check_dkimkey},
};

const size_t checks_count = sizeof(checks) / sizeof(checks[0]);
