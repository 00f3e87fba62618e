/* All that a check can find, one row each: how bad it is, the sentence, and the
 * command that mends it (doctor/finding.h). */
#include "doctor/finding.h"

#include <string.h>

#define RUN_COMMAND "systemctl enable --now tlstally.timer"
#define SETUP_COMMAND "tlstally setup"
#define RELOAD_2(setting)                                                      \
	"postconf -c {2} '" setting "' && postfix -c {2} reload"
#define RELOAD(setting) "postconf -c {1} '" setting "' && postfix -c {1} reload"
#define RESOLVER_COMMAND "tlstally lookup example.com"

const struct finding findings[FINDINGS] = {
	[SETTINGS_WELL] = {DOCTOR_GOOD, "{1} is complete, and {2} can read it",
                           NULL},
	[SETTINGS_TROUBLE] = {DOCTOR_BAD, "{1}", "tlstally conf --check"},
	[SETTINGS_REMARK] = {DOCTOR_NOTE, "{1}", "tlstally conf --check"},
	[SETTINGS_UNREADABLE] =
		{DOCTOR_BAD,
                 "{2}, the owner of the store, cannot read {1}: {3}",
                 "chgrp {4} {1} && chmod g+r {1}"},
	[SETTINGS_NOT_SEEN] = {DOCTOR_UNKNOWN,
                               "not checked: no permission for {1}", NULL},
	[SECRETS_WELL] =
		{DOCTOR_GOOD,
                 "password and key files are not readable by other users",
                 NULL},
	[SECRETS_OPEN] = {DOCTOR_BAD, "{1}", "tlstally conf --check"},
	[SECRETS_UNREADABLE] =
		{DOCTOR_BAD,
                 "{2}, the owner of the store, cannot read {1}: {3}",
                 "chgrp {4} {1} && chmod g+r {1}"},

	[POSTFIX_EVENTS] = {DOCTOR_GOOD, "this Postfix{1} sends events", NULL},
	[POSTFIX_LOG] =
		{DOCTOR_GOOD,
                 "the sessions of this Postfix{1} are counted from its log",
                 NULL},
	[POSTFIX_ANOTHER] = {DOCTOR_GOOD, "another Postfix sends events", NULL},
	[POSTFIX_NOT_KNOWN] = {DOCTOR_NOTE,
                               "cannot read the settings of Postfix: {1}",
                               NULL},
	[POSTFIX_NOT_SEEN] = {DOCTOR_NOTE,
                              "cannot read smtp(8) in daemon_directory to find "
                              "out whether it can send events",
                              NULL},
	[POSTFIX_LEFT_OUT] =
		{DOCTOR_BAD,
                 "this Postfix{1} was built without TLSRPT and does not send "
                 "events, regardless of smtp_tlsrpt_enable; run tlstally-logd, "
                 "or install a Postfix that was built with libtlsrpt",
                 SETUP_COMMAND},
	[POSTFIX_LEFT_OUT_LOG] =
		{DOCTOR_NOTE,
                 "this Postfix{1} was built without TLSRPT and does not send "
                 "events, regardless of smtp_tlsrpt_enable; set "
                 "smtp_tlsrpt_enable = no",
                 "postconf -c {2} smtp_tlsrpt_enable=no && postfix -c {2} "
                 "reload"},
	[POSTFIX_UNHEARD_OF] = {DOCTOR_BAD,
                                "this Postfix{1} does not support TLSRPT and "
                                "does not send events: run tlstally-logd",
                                SETUP_COMMAND},
	[POSTFIX_IN_VAIN] =
		{DOCTOR_BAD,
                 "this Postfix{1} does not support TLSRPT and does not send "
                 "events; it ignores smtp_tlsrpt_enable in {2}/main.cf without "
                 "a warning: run tlstally-logd",
                 SETUP_COMMAND},
	[POSTFIX_IN_VAIN_LOG] =
		{DOCTOR_NOTE,
                 "this Postfix{1} does not support TLSRPT and ignores "
                 "smtp_tlsrpt_enable in {2}/main.cf without a warning",
                 "postconf -c {2} -X smtp_tlsrpt_enable"},
	[POSTFIX_NOT_ENABLED] = {DOCTOR_BAD,
                                 "this Postfix{1} can send events, but "
                                 "smtp_tlsrpt_enable is not yes",
                                 "postconf -c {2} smtp_tlsrpt_enable=yes && "
                                 "postfix -c {2} reload"},
	[POSTFIX_COULD_SEND] =
		{DOCTOR_NOTE,
                 "this Postfix{1} can send events, but smtp_tlsrpt_enable is "
                 "not yes; events have more details than the log",
                 SETUP_COMMAND},
	[POSTFIX_HIDES_NONE] =
		{DOCTOR_NOTE,
                 "set smtp_tls_note_starttls_offer = yes: otherwise level none "
                 "in smtp_tls_policy_maps looks like a server without STARTTLS",
                 "postconf -c {2} smtp_tls_note_starttls_offer=yes && postfix "
                 "-c {2} reload"},
	[POSTFIX_NO_DNS] =
		{DOCTOR_BAD,
                 "this Postfix{1} does not send events because its SMTP client "
                 "does not use DNS (smtp_dns_support_level, "
                 "disable_dns_lookups)",
                 "postconf -c {2} disable_dns_lookups=no "
                 "smtp_dns_support_level=enabled && postfix -c {2} reload"},
	[FEED_CHOICE_WELL] = {DOCTOR_GOOD,
                              "sessions are counted from the best source: {1}",
                              NULL},
	[FEED_CHOICE_OTHER] = {DOCTOR_NOTE,
                               "sessions are counted from the {1}, but from "
                               "the {2} would be better: {3}",
                               SETUP_COMMAND},
	[LEVEL_IS_WELL] = {DOCTOR_GOOD, "the SMTP clients use TLS: {1}", NULL},
	[LEVEL_IS_NONE] = {DOCTOR_BAD,
                           "smtp_tls_security_level is empty or none: {2} in "
                           "{1} do not use TLS, and nothing is counted",
                           RELOAD("smtp_tls_security_level=may")},
	[LEVEL_IS_SOME_NONE] =
		{DOCTOR_NOTE,
                 "smtp_tls_security_level is empty or none for {2} in {1}: "
                 "only sessions at a level from smtp_tls_policy_maps or of "
                 "other services are counted",
                 NULL},
	[SOCKETNAME_WELL] = {DOCTOR_GOOD, "Postfix sends its events to {1}",
                             NULL},
	[SOCKETNAME_EMPTY] =
		{DOCTOR_BAD,
                 "smtp_tlsrpt_enable is yes in {1}, but "
                 "smtp_tlsrpt_socket_name is empty for {2}: no events are sent",
                 RELOAD("smtp_tlsrpt_socket_name={3}")},
	[SOCKETNAME_OTHER] = {DOCTOR_BAD,
                              "{2} in {1} sends events to {4}, but tlstallyd "
                              "receives them at {5}",
                              RELOAD("smtp_tlsrpt_socket_name={3}")},
	[SOCKETNAME_OUTSIDE] =
		{DOCTOR_BAD,
                 "{2} in {1} runs in the chroot {4} and cannot reach {5}: set "
                 "[events] socket = unix:{4}/run/tlsrpt/tlsrpt.sock, and "
                 "restart tlstallyd and its socket unit",
                 "editor {6}"},
	[ACCESS_WELL] = {DOCTOR_GOOD, "user {1} may write to {2}", NULL},
	[ACCESS_SOCKET_DENIED] =
		{DOCTOR_BAD,
                 "user {1} may not write to {2} (mode {3}, owner {4}): the "
                 "events of Postfix are lost; see [events] socket_group",
                 "chgrp {5} {2} && chmod g+w {2}"},
	[ACCESS_DIRECTORY_DENIED] =
		{DOCTOR_BAD,
                 "user {1} may not enter {2} (mode {3}, owner {4}), which is "
                 "on the path to the socket: the events of Postfix are lost",
                 "chmod o+x {2}"},
	[ACCESS_NO_USER] = {DOCTOR_NOTE, "there is no user {1} (mail_owner)",
                            NULL},
	[ACCESS_UNKNOWN] = {DOCTOR_UNKNOWN,
                            "not checked: no permission for {1}, or it has an "
                            "access control list",
                            NULL},
	[SOCKET_WELL] = {DOCTOR_GOOD, "a process receives events at {1}", NULL},
	[SOCKET_NOBODY] = {DOCTOR_BAD,
                           "no process receives events at {1} ({2}): is "
                           "tlstallyd running?",
                           "systemctl enable --now tlstallyd.socket tlstallyd"},
	[SOCKET_NOT_OURS] = {DOCTOR_UNKNOWN,
                             "not checked: no permission for {1}", NULL},
	[QUEUE_WELL] = {DOCTOR_GOOD, "the queue of a socket holds {1} events",
                        NULL},
	[QUEUE_SHORT] = {DOCTOR_BAD,
                         "net.unix.max_dgram_qlen is {1}: larger bursts of "
                         "events can be lost; set it to 512 (sysctl.d), then "
                         "restart tlstallyd and its socket unit",
                         "sysctl -w net.unix.max_dgram_qlen=512 && systemctl "
                         "restart tlstallyd.socket tlstallyd"},
	[QUEUE_UNREADABLE] = {DOCTOR_NOTE,
                              "net.unix.max_dgram_qlen cannot be read", NULL},

	[FEED_WELL] = {DOCTOR_GOOD, "{1}", NULL},
	[FEED_ODD] = {DOCTOR_NOTE, "{1}", NULL},
	[FEED_DOWN] = {DOCTOR_BAD, "{1}",
                       "systemctl enable --now {2}; or, if it is no longer "
                       "used: tlstally feed retire {3}"},
	[LINES_WELL] =
		{DOCTOR_GOOD,
                 "all log lines were understood, and {1} were about sessions",
                 NULL},
	[LINES_NONE] = {DOCTOR_NOTE,
                        "no log line has been read since yesterday", NULL},
	[LINES_UNREAD_SOME] =
		{DOCTOR_NOTE,
                 "{1} log lines were not understood, the first: '{2}'; "
                 "expected are lines like '{3}' (tlstally-logd(8)): set the "
                 "format of the log accordingly",
                 "man 8 tlstally-logd"},
	[LINES_UNREAD_ALL] =
		{DOCTOR_BAD,
                 "{1} log lines were not understood, the first: '{2}'; "
                 "expected are lines like '{3}' (tlstally-logd(8)): set the "
                 "format of the log accordingly",
                 "man 8 tlstally-logd"},
	[LINES_FOREIGN_SOME] =
		{DOCTOR_NOTE,
                 "{1} lines of the journal are not from root or Postfix's "
                 "mail_owner and were ignored, the first: '{2}'; if they are "
                 "Postfix's, set [log] journal_users = {4}",
                 "editor {3}"},
	[LINES_FOREIGN_ALL] =
		{DOCTOR_BAD,
                 "{1} lines of the journal are not from root or Postfix's "
                 "mail_owner and were ignored, the first: '{2}'; if they are "
                 "Postfix's, set [log] journal_users = {4}",
                 "editor {3}"},
	[LINES_UNCLEAR] = {DOCTOR_NOTE,
                           "{1} deliveries are not counted because their log "
                           "lines are ambiguous or truncated, the first: '{2}'",
                           NULL},
	[LOGLEVEL_WELL] = {DOCTOR_GOOD, "Postfix logs its TLS sessions", NULL},
	[LOGLEVEL_NONE] = {DOCTOR_NOTE,
                           "smtp_tls_loglevel = 0: no session of {1} is "
                           "counted; set smtp_tls_loglevel = 1",
                           NULL},
	[LOGLEVEL_NONE_HERE] =
		{DOCTOR_BAD,
                 "smtp_tls_loglevel = 0: no session of {1} is counted; set "
                 "smtp_tls_loglevel = 1",
                 "postconf smtp_tls_loglevel=1 && postfix reload"},
	[LOGLEVEL_UNKNOWN] =
		{DOCTOR_NOTE,
                 "the settings of Postfix are not known: set [log] "
                 "tls_loglevel = 1 if smtp_tls_loglevel is 1 there",
                 NULL},
	[FAULTS_WELL] = {DOCTOR_GOOD,
                         "the log has no problems that keep Postfix on this "
                         "host from using TLS",
                         NULL},
	[FAULTS_SOME] = {DOCTOR_NOTE,
                         "{1} log lines report problems that keep Postfix on "
                         "this host from using TLS, the first: '{2}'",
                         NULL},
	[LEVELS_WELL] =
		{DOCTOR_GOOD,
                 "the log has no sign that DANE or MTA-STS is not enforced",
                 NULL},
	[LEVELS_NO_DANE] =
		{DOCTOR_BAD,
                 "this Postfix does not use DANE: all {1} sessions with MX "
                 "hosts that have TLSA records were at level may (tls= in its "
                 "log) and are not counted; does the resolver in "
                 "/etc/resolv.conf validate DNSSEC?  If it does, see that "
                 "smtp_tls_security_level = dane and smtp_dns_support_level = "
                 "dnssec",
                 "postconf smtp_tls_security_level smtp_dns_support_level"},
	[JUDGED_ALL] = {DOCTOR_GOOD, "each session was judged by its policy",
                        NULL},
	[JUDGED_BY_NOBODY] =
		{DOCTOR_NOTE,
                 "{1} sessions were not judged and stand in no report: Postfix "
                 "does not tell whether they met an MTA-STS policy in testing "
                 "mode; with [log] complete_events = yes, tlstally-logd finds "
                 "out from the log",
                 "editor {2}"},
	[JUDGED_BY_NO_LINE] =
		{DOCTOR_NOTE,
                 "{1} sessions were not judged because the log has no lines "
                 "about them: does Postfix log its TLS sessions "
                 "(smtp_tls_loglevel = 1), and does tlstally-logd run?",
                 "postconf smtp_tls_loglevel; systemctl status tlstally-logd"},
	[LEVELS_NO_STS] =
		{DOCTOR_BAD,
                 "this Postfix does not use MTA-STS: all {1} sessions with "
                 "domains that enforce it were at level may (tls= in its log) "
                 "and are not counted; does its policy map support MTA-STS?  "
                 "If not, set [log] enforces = dane, or none",
                 "postconf smtp_tls_policy_maps; editor {2}"},

	[MILTERS_WELL] = {DOCTOR_GOOD, "Postfix uses tlstally-milter", NULL},
	[MILTERS_NOT_LISTED] = {DOCTOR_BAD,
                                "tlstally-milter is running, but no Postfix "
                                "has {1} in smtpd_milters: no mail is counted",
                                "editor {2}/main.cf"},
	[MILTERS_NOT_LISTED_LOCAL] =
		{DOCTOR_NOTE,
                 "{2} has {1} in smtpd_milters, but not in non_smtpd_milters: "
                 "mail from sendmail(1) is not counted",
                 "editor {2}/main.cf"},
	[MILTERS_DOWN] =
		{DOCTOR_BAD,
                 "{2} has {1} as a milter, but tlstally-milter is not running, "
                 "and milter_default_action is {3}: mail is not accepted",
                 "systemctl enable --now tlstally-milter"},
	[MILTERS_ACTION] =
		{DOCTOR_NOTE,
                 "milter_default_action is {3} for {1} in {2}: while "
                 "tlstally-milter is down, mail is not accepted",
                 RELOAD_2("milter_default_action=accept")},
	[SMTPD_WELL] = {DOCTOR_GOOD,
                        "Postfix shows tlstally-milter how mail comes in",
                        NULL},
	[SMTPD_BLIND] = {DOCTOR_NOTE, "{1}", NULL},
	[SMTPD_BLIND_MORE] = {DOCTOR_NOTE, "{1} (and {2} more, in its log)",
                              NULL},
	[POLICYMAP_WELL] = {DOCTOR_GOOD, "{4} asks tlstally-policyd ({2})",
                            NULL},
	[POLICYMAP_NOT_ASKED] =
		{DOCTOR_NOTE,
                 "tlstally-policyd is running, but no Postfix asks it "
                 "(smtp_tls_policy_maps)",
                 "tlstally setup --apply --policyd yes"},
	[POLICYMAP_SOME] =
		{DOCTOR_NOTE,
                 "{4} in {1} asks tlstally-policyd, but {5} has its own "
                 "smtp_tls_policy_maps in {1}/master.cf",
                 NULL},
	[POLICYMAP_BEHIND] =
		{DOCTOR_NOTE,
                 "smtp_tls_policy_maps in {1} has {5} before tlstally-policyd: "
                 "what that answers is not tlstally's, and while it does not "
                 "answer, all mail is deferred",
                 RELOAD("smtp_tls_policy_maps={3}")},
	[POLICYMAP_PLAIN] =
		{DOCTOR_NOTE,
                 "this Postfix, {6}, can report MTA-STS, but asks for the map "
                 "QUERY, whose answers do not contain what is reported",
                 RELOAD("smtp_tls_policy_maps={3}")},
	[POLICYMAP_EARLY] =
		{DOCTOR_NOTE,
                 "this Postfix, {6}, cannot read the answers of the map "
                 "QUERYwithTLSRPT; tlstally-policyd answers as for QUERY",
                 RELOAD("smtp_tls_policy_maps={3}")},
	[POLICYMAP_NAME] =
		{DOCTOR_BAD,
                 "tlstally-policyd does not have the map of {2}: all mail is "
                 "deferred",
                 RELOAD("smtp_tls_policy_maps={3}")},
	[POLICYMAP_ELSEWHERE] =
		{DOCTOR_BAD,
                 "{4} in {1} looks for tlstally-policyd at {5}, where it is "
                 "not: all mail is deferred",
                 RELOAD("smtp_tls_policy_maps={3}")},
	[POLICYACCESS_WELL] = {DOCTOR_GOOD, "user {1} may write to {2}", NULL},
	[POLICYACCESS_SOCKET] =
		{DOCTOR_BAD,
                 "user {1} may not write to {2} (mode {3}, owner {4}): all "
                 "mail is deferred; see [policyd] socket_group",
                 "chgrp {1} {2} && chmod g+w {2}"},
	[POLICYACCESS_DIRECTORY] =
		{DOCTOR_BAD,
                 "user {1} may not enter {2} (mode {3}, owner {4}), which is "
                 "on the path to the socket of tlstally-policyd: all mail is "
                 "deferred",
                 "chmod o+x {2}"},
	[POLICYANSWER_WELL] = {DOCTOR_GOOD,
                               "tlstally-policyd answers for {1} in {2} ms",
                               NULL},
	[POLICYANSWER_NOBODY] =
		{DOCTOR_BAD,
                 "Postfix asks tlstally-policyd, which does not answer: all "
                 "mail is deferred ({1})",
                 "systemctl enable --now tlstally-policyd.socket "
                 "tlstally-policyd"},
	[POLICYANSWER_NOT_OURS] = {DOCTOR_UNKNOWN,
                                   "not checked: no permission for {1}", NULL},
	[POLICYANSWER_SLOW] =
		{DOCTOR_BAD,
                 "tlstally-policyd does not answer for {1} within {2} seconds: "
                 "mail is delayed",
                 "systemctl restart tlstally-policyd"},
	[POLICYANSWER_WRONG] =
		{DOCTOR_BAD,
                 "what answers on the socket of tlstally-policyd cannot be "
                 "read by Postfix: {1}",
                 "systemctl restart tlstally-policyd"},
	[POLICYANSWER_LATER] = {DOCTOR_BAD,
                                "tlstally-policyd answers for {1}: {2} {3}; "
                                "its mail is deferred",
                                "tlstally policy {1}"},
	[POLICYD_WELL] = {DOCTOR_GOOD, "tlstally-policyd has {1} answers ready",
                          NULL},
	[POLICYD_OUTAGE] = {DOCTOR_BAD,
                            "the resolver answers nothing to tlstally-policyd: "
                            "policies that are not known yet are not enforced; "
                            "[policy] resolver chooses another",
                            RESOLVER_COMMAND
                            "; journalctl -u tlstally-policyd"},
	[POLICYD_UNREACHED] =
		{DOCTOR_BAD,
                 "tlstally-policyd reaches no policy host: can this host "
                 "connect to port 443 of other hosts? Policies that are not "
                 "known yet are not enforced",
                 "journalctl -u tlstally-policyd"},
	[POLICYD_UNBELIEVED] =
		{DOCTOR_BAD,
                 "Postfix uses DANE, but the resolver of tlstally-policyd does "
                 "not validate DNSSEC, or is not on this host: MTA-STS is not "
                 "used for domains that have TLSA records",
                 "apt install unbound"},
	[POLICYCA_WELL] = {DOCTOR_GOOD, "{2} can verify certificates", NULL},
	[POLICYCA_NONE] =
		{DOCTOR_BAD,
                 "smtp_tls_CAfile and smtp_tls_CApath are empty for {2} in "
                 "{1}: it cannot verify certificates, and mail to domains with "
                 "an MTA-STS policy is deferred",
                 RELOAD("smtp_tls_CAfile={4}")},
	[POLICYCA_NO_FILE] =
		{DOCTOR_BAD,
                 "smtp_tls_CAfile, {3}, does not exist: {2} in {1} does not "
                 "use TLS",
                 RELOAD("smtp_tls_CAfile={4}")},
	[POLICYCA_NO_PATH] =
		{DOCTOR_BAD,
                 "smtp_tls_CApath has no certificates for {2} in {1}: there "
                 "are none in {3} with names such as 4042bcee.0 (openssl "
                 "rehash); mail to domains with an MTA-STS policy is deferred",
                 RELOAD("smtp_tls_CAfile={4}")},
	[POLICYCA_OUTSIDE] =
		{DOCTOR_BAD,
                 "{2} in {1} runs in a chroot, in which smtp_tls_CApath is "
                 "{3}, and has no certificates there: mail to domains with an "
                 "MTA-STS policy is deferred",
                 RELOAD("smtp_tls_CAfile={4}")},
	[POLICYCA_DENIED] =
		{DOCTOR_BAD,
                 "user {5} cannot read {3}, so {2} in {1} cannot verify "
                 "certificates: mail to domains with an MTA-STS policy is "
                 "deferred",
                 "chmod a+rX {3}"},
	[POLICYDANE_WELL] = {DOCTOR_GOOD,
                             "Postfix uses DANE (smtp_dns_support_level = "
                             "dnssec)",
                             NULL},
	[POLICYDANE_OFF] =
		{DOCTOR_NOTE,
                 "smtp_dns_support_level in {1} is not dnssec, so Postfix does "
                 "not use DANE: a resolver on this host that validates DNSSEC "
                 "is needed, too",
                 RELOAD("smtp_dns_support_level=dnssec")},
	[POLICYDANE_VAIN] = {DOCTOR_BAD,
                             "{3} in {1} does not use DANE, although "
                             "smtp_dns_support_level is dnssec: {2}",
                             RELOAD("{4}")},
	[POLICYMX_WELL] = {DOCTOR_GOOD,
                           "Postfix delivers only to hosts that an MTA-STS "
                           "policy names",
                           NULL},
	[POLICYMX_OLDER] =
		{DOCTOR_GOOD,
                 "this Postfix compares the names in certificates with the "
                 "hosts of an MTA-STS policy; the names of MX hosts from "
                 "3.10.5 "
                 "on",
                 NULL},
	[POLICYMX_OFF] =
		{DOCTOR_BAD,
                 "smtp_tls_enforce_sts_mx_patterns = no in {1}: Postfix "
                 "delivers to hosts that an MTA-STS policy does not name",
                 RELOAD("smtp_tls_enforce_sts_mx_patterns=yes")},
	[POLICYREUSE_OFF] = {DOCTOR_GOOD, "smtp(8) does TLS itself", NULL},
	[POLICYREUSE_WELL] =
		{DOCTOR_GOOD,
                 "tlsproxy(8) does TLS for smtp(8), and connections are reused",
                 NULL},
	[POLICYREUSE_NO_PROXY] =
		{DOCTOR_BAD,
                 "smtp_tls_connection_reuse = yes in {1}, but {1}/master.cf "
                 "has no tlsproxy: sessions that must use TLS fail",
                 RELOAD("smtp_tls_connection_reuse=no")},
	[POLICYREPORTS_WELL] =
		{DOCTOR_GOOD, "reports by mail are delivered even if TLS fails",
                 NULL},
	[POLICYREPORTS_IGNORES] =
		{DOCTOR_NOTE,
                 "tls_required_enable = no in {1}: reports to a domain whose "
                 "policy is not met are deferred (RFC 8460 section 3)",
                 RELOAD("tls_required_enable=yes")},
	[POLICYREPORTS_OLDER] =
		{DOCTOR_NOTE,
                 "Postfix before 3.10 defers reports to a domain whose policy "
                 "is not met (RFC 8460 section 3): use a separate transport "
                 "for reports",
                 SETUP_COMMAND " --apply"},
	[COVERAGE_WELL] = {DOCTOR_GOOD,
                           "no mail without a counted session is known", NULL},
	[COVERAGE_SOME] = {DOCTOR_GOOD,
                           "sessions are counted; `tlstally status` lists "
                           "domains with mail but no sessions",
                           NULL},
	[COVERAGE_BROKEN] = {DOCTOR_BAD,
                             "Postfix sent mail to {1} domains on {2}, but no "
                             "TLS session was counted: is {3} running, and {4}",
                             "systemctl status {3}; tlstally status"},
	[COVERAGE_TROUBLE] = {DOCTOR_BAD, "{1}", "tlstally check-store"},
	[LOOP_WELL] = {DOCTOR_GOOD,
                       "the sessions of reports by mail are not counted", NULL},
	[LOOP_IGNORES] =
		{DOCTOR_NOTE,
                 "tls_required_enable = no in {1}: Postfix counts the sessions "
                 "of reports, and ignores TLS-Required in the mail of users",
                 RELOAD("tls_required_enable=yes")},
	[LOOP_VERSION] = {DOCTOR_NOTE,
                          "Postfix {2} counts the sessions of reports by mail, "
                          "so that two such sites report each other's reports: "
                          "use a separate transport for reports",
                          SETUP_COMMAND},

	[LEDGER_WELL] = {DOCTOR_GOOD,
                         "the ledger of the fleet was reached at {1}; {2} "
                         "leads",
                         NULL},
	[LEDGER_NEVER] = {DOCTOR_BAD,
                          "no run of this host has reached the ledger of the "
                          "fleet yet",
                          "tlstally -v run"},
	[LEDGER_TROUBLE] = {DOCTOR_BAD, "the ledger of the fleet: {1}",
                            "tlstally fleet"},
	[LEDGER_CLAIMS] = {DOCTOR_BAD,
                           "reports of the fleet wait for its ledger: {1}",
                           "tlstally -v deliver"},
	[LEDGER_NO_LEADER] =
		{DOCTOR_BAD,
                 "nobody leads the fleet, so no reports are made: does "
                 "`tlstally run` come on a host with contact_info and another "
                 "mode than off?",
                 "tlstally fleet"},
	[LEDGER_GONE] =
		{DOCTOR_BAD,
                 "this host is in a fleet, but [fleet] ledger is not set: what "
                 "it counts is in no report; set it again, and run `tlstally "
                 "fleet leave` if the host is to report alone",
                 "editor {1}"},
	[LEDGER_LEFT] = {DOCTOR_NOTE,
                         "this host has left the fleet: remove [fleet] ledger",
                         "editor {1}"},
	[LEDGER_LEAVES] = {DOCTOR_NOTE,
                           "this host leaves the fleet: its own days begin "
                           "with {1}",
                           "tlstally fleet leave"},
	[LEDGER_EXPOSED] = {DOCTOR_BAD, "{1}", "editor {2}"},
	[LEDGER_CLOCK] =
		{DOCTOR_BAD,
                 "the clock of this host is {1} minutes {2} that of the "
                 "ledger's database: one of them is wrong",
                 "tlstally clock show"},
	[LEDGER_SETTINGS] =
		{DOCTOR_BAD,
                 "this host ships, but cannot lead the fleet: {1} has other "
                 "values of {2}; make them the same, or run `tlstally fleet "
                 "lead` where they are right",
                 "tlstally fleet"},
	[LEDGER_LEFT_OUT] =
		{DOCTOR_BAD,
                 "the ledger of the fleet has reports that cannot be read and "
                 "are not sent ({1}); the first is that of {2}",
                 "tlstally fleet"},
	[RUNS_WELL] = {DOCTOR_GOOD, "nothing is waiting for `tlstally run`{1}",
                       NULL},
	[RUNS_NEVER] =
		{DOCTOR_BAD,
                 "`tlstally run` has never run: does the timer or cron run it?",
                 RUN_COMMAND},
	[RUNS_LATE] = {DOCTOR_BAD,
                       "`tlstally run` has not run for {1} minutes: does the "
                       "timer or cron run it?",
                       RUN_COMMAND},
	[RUNS_DAY_LATE] = {DOCTOR_BAD,
                           "{1} is over, but not closed: does the timer or "
                           "cron run `tlstally run`?",
                           RUN_COMMAND},
	[RUNS_DELIVERY_LATE] =
		{DOCTOR_BAD,
                 "a delivery has been due for more than half an hour: does the "
                 "timer or cron run `tlstally run`?",
                 RUN_COMMAND},
	[RELAY_WELL] = {DOCTOR_GOOD, "the mail relay {1} answers", NULL},
	[RELAY_OFF] = {DOCTOR_NOTE,
                       "[deliver] mail = off: no reports are sent by mail",
                       NULL},
	[RELAY_SLOW] = {DOCTOR_NOTE,
                        "the mail relay {1} takes {2} seconds to answer", NULL},
	[RELAY_REFUSES] = {DOCTOR_BAD,
                           "the mail relay ([deliver] mail) does not accept "
                           "mail, and reports wait: {1}",
                           "editor {2}"},
	[RELAY_NOT_SEEN] = {DOCTOR_UNKNOWN,
                            "not checked: no permission for {1}", NULL},
	[RELAY_SENDMAIL] = {DOCTOR_GOOD, "{1} can be run", NULL},
	[RELAY_NO_SENDMAIL] = {DOCTOR_BAD,
                               "[deliver] mail: {1} cannot be run: {2}",
                               "editor {3}"},
	[DELIVERIES_WELL] = {DOCTOR_GOOD,
                             "of {1} deliveries in the last 7 days, {2} "
                             "expired and {3} were refused",
                             NULL},
	[DELIVERIES_EXPIRED] =
		{DOCTOR_BAD,
                 "of {1} deliveries in the last 7 days, {2} expired",
                 "tlstally query sent-report --where state=expired"},
	[DELIVERIES_REFUSED] =
		{DOCTOR_NOTE,
                 "of {1} deliveries in the last 7 days, {2} were refused",
                 "tlstally status"},
	[DELIVERIES_DEFERRED] =
		{DOCTOR_NOTE,
                 "of {1} deliveries in the outbox, {2} are deferred",
                 "tlstally status"},
	[DELIVERIES_COPIES] =
		{DOCTOR_NOTE,
                 "of {1} copies ([report] always_bcc, bcc) in the last 7 days, "
                 "{2} were not delivered",
                 "tlstally query sent-report"},
	[CLOCK_WELL] = {DOCTOR_GOOD, "the clock is trusted", NULL},
	[CLOCK_DOUBTED] = {DOCTOR_BAD,
                           "{1}; days are not closed and nothing is purged "
                           "until the clock is trusted again",
                           "tlstally clock show"},
	[RECEIVED_WELL] = {DOCTOR_GOOD,
                           "no report of others was dropped today or yesterday",
                           NULL},
	[RECEIVED_DROPPED] =
		{DOCTOR_NOTE,
                 "{1} of {2} reports of others that came today or yesterday "
                 "from {3} were dropped, since more came than {4} and {4}_size "
                 "(section received) allow of a day",
                 "tlstally status"},
	[HOSTS_WELL] = {DOCTOR_GOOD,
                        "the last days of other hosts are here: {1}", NULL},
	[HOSTS_WAITED_FOR] = {DOCTOR_NOTE, "{1}: {2}", NULL},
	[HOSTS_TROUBLE] = {DOCTOR_BAD, "{1}: {2}", "{3}"},
	[HOSTS_MISSING] = {DOCTOR_BAD, "{1}: {2}", "{3}"},
	[HOSTS_TWO_REPORTS] =
		{DOCTOR_BAD,
                 "the counts of this host go to one that reports for it (last "
                 "at {1}), and it makes reports of its own: sites get two; set "
                 "[report] mode = off",
                 "editor {2}"},
	[MODE_WELL] = {DOCTOR_GOOD, "{1}: {2}", NULL},
	[MODE_SENDS_NOT_ALL] = {DOCTOR_NOTE, "{1}: {2}", NULL},
	[STORE_WELL] = {DOCTOR_GOOD, "{1} KiB in use", NULL},
	[STORE_MISSING] =
		{DOCTOR_BAD,
                 "there is no store {1}: {2} creates it when it is first "
                 "started; for this Postfix the best source is {3}",
                 "systemctl enable --now {2}"},
	[STORE_NOT_OURS] = {DOCTOR_UNKNOWN, "not checked: {1}", NULL},
	[STORE_TROUBLE] = {DOCTOR_BAD, "{1}", "tlstally check-store"},
	[STORE_MAP_FULL] = {DOCTOR_BAD,
                            "{1} of map_size = {2} bytes are in use: set "
                            "[store] map_size = {4}",
                            "editor {3}"},
	[STORE_MAP_NEARLY_FULL] = {DOCTOR_NOTE,
                                   "{1} of map_size = {2} bytes are in use: "
                                   "set [store] map_size = {4}",
                                   "editor {3}"},
	[STORE_DISK_FULL] = {DOCTOR_BAD,
                             "only {1} MiB are free on the file system of the "
                             "store, {2}: events can be lost soon",
                             "df -h {2}"},
	[STORE_DISK_NEARLY_FULL] =
		{DOCTOR_NOTE,
                 "only {1} MiB are free on the file system of the store, {2}",
                 "df -h {2}"},
	[JOURNAL_WELL] =
		{DOCTOR_GOOD,
                 "{1} KiB wait in the journal of counts to be applied, the "
                 "oldest since {2}",
                 NULL},
	[JOURNAL_FAILS] = {DOCTOR_BAD,
                           "what was counted since {1} cannot be applied: {2}",
                           "tlstally check-store"},
	[JOURNAL_LATE] =
		{DOCTOR_BAD,
                 "what was counted since {1} waits in the journal of counts: "
                 "tlstallyd does not apply it",
                 "journalctl -u tlstallyd"},
	[JOURNAL_DAMAGED] =
		{DOCTOR_BAD,
                 "counts that cannot be read and are set aside: {1}{2}; "
                 "what they counted is missing, and nothing else",
                 "tlstally check-store"},
	[JOURNAL_WAS_DAMAGED] =
		{DOCTOR_NOTE,
                 "counts of earlier days that could not be read and were set "
                 "aside: {1}{2}; what they counted is missing, and nothing "
                 "else",
                 "tlstally check-store"},
	[COUNTERS_WELL] = {DOCTOR_GOOD,
                           "the sums and indexes of today, yesterday and the "
                           "outbox are those of their rows",
                           NULL},
	[COUNTERS_DIFFER] = {DOCTOR_BAD, "{1}", "tlstally rebuild"},
	[COUNTERS_TOO_MANY] =
		{DOCTOR_GOOD,
                 "not all sums and indexes were compared with their rows, "
                 "which are many: `tlstally check-store` does",
                 NULL},
	[OWNERS_WELL] = {DOCTOR_GOOD, "the files of the store belong to {1}",
                         NULL},
	[OWNERS_OTHER] = {DOCTOR_BAD,
                          "{1} belongs to {2}, but the store to {3}: the "
                          "daemons cannot use it",
                          "chown {3}: {1}"},
	[OWNERS_MODE] = {DOCTOR_BAD,
                         "{1} has mode {2}: its owner, {3}, cannot use it",
                         "chmod u+rw {1}"},
	[OWNERS_OPEN] =
		{DOCTOR_NOTE,
                 "every user of this host can read the store {1} (mode {2})",
                 "chmod o= {1}"},
	[OWNERS_NOT_SEEN] = {DOCTOR_UNKNOWN,
                             "not checked: no permission for {1}", NULL},
	[BINARIES_WELL] = {DOCTOR_GOOD,
                           "the daemons run the programs that are installed",
                           NULL},
	[BINARIES_REPLACED] = {DOCTOR_BAD,
                               "the program of {1} has been replaced since it "
                               "was started: restart it",
                               "systemctl try-restart {1}"},
	[BINARIES_NOT_SEEN] = {DOCTOR_UNKNOWN, "not checked: only root can",
                               NULL},
	[UNITS_WELL] = {DOCTOR_GOOD, "no systemd unit of tlstally has failed",
                        NULL},
	[UNITS_FAILED] = {DOCTOR_BAD, "{1} has failed ({2})",
                          "systemctl status {1}; journalctl -u {1}"},
	[UNITS_RESTARTING] =
		{DOCTOR_BAD, "{1} keeps failing: {2} restarts, last result {3}",
                 "journalctl -u {1}"},
	[UNITS_NOT_ENABLED] = {DOCTOR_NOTE,
                               "{1} is running, but not enabled: it will not "
                               "start when the host boots",
                               "systemctl enable {1}"},
	[CERTIFICATE_WELL] = {DOCTOR_GOOD,
                              "tlstally-httpd shows the certificate of {1}",
                              NULL},
	[CERTIFICATE_OTHER] =
		{DOCTOR_BAD,
                 "tlstally-httpd shows another certificate than that of {1}: "
                 "the file has changed, and it cannot read it or its key, or "
                 "they do not belong together",
                 "journalctl -u tlstally-httpd; systemctl restart "
                 "tlstally-httpd"},
	[CERTIFICATE_UNREADABLE] = {DOCTOR_BAD,
                                    "[http] tls_cert cannot be read: {1}",
                                    "openssl x509 -noout -subject -in {2}"},
	[CERTIFICATE_NOT_SEEN] = {DOCTOR_UNKNOWN,
                                  "not checked: no TLS connection to {1}: {2}",
                                  NULL},
	[RESOLVER_WELL] = {DOCTOR_GOOD, "the resolver validates DNSSEC", NULL},
	[RESOLVER_NOT_NEEDED] = {DOCTOR_GOOD,
                                 "the resolver does not validate DNSSEC, which "
                                 "is not needed here",
                                 NULL},
	[RESOLVER_NOT_VALIDATING] =
		{DOCTOR_BAD,
                 "the resolver ({1}) does not validate DNSSEC, or is not on "
                 "this host: DANE does not work, although {2}",
                 "apt install unbound"},
	[RESOLVER_SILENT] = {DOCTOR_BAD,
                             "the resolver ({1}) does not answer: {2}; "
                             "[policy] resolver chooses another",
                             RESOLVER_COMMAND},
	[RESOLVER_POSTFIX_PLAIN] =
		{DOCTOR_BAD,
                 "the resolver that Postfix asks ({1}) does not validate "
                 "DNSSEC: DANE does not work, although {2}",
                 "apt install unbound"},
	[RESOLVER_POSTFIX_SILENT] =
		{DOCTOR_BAD,
                 "the resolver that Postfix asks ({1}) does not answer: {2}; "
                 "where that is a copy in a chroot, a start of Postfix makes "
                 "it anew",
                 "cat {1}; systemctl restart postfix"},
	[MX_WELL] = {DOCTOR_GOOD, "{1} accepts mail", NULL},
	[MX_NONE] = {DOCTOR_BAD,
                     "{1}, the domain of contact_info, has no MX record and no "
                     "address: nobody can write to {2}; set [report] "
                     "contact_info to an address that receives mail, or "
                     "publish an MX record of {1}",
                     "editor {3}"},
	[MX_NULL] = {DOCTOR_BAD,
                     "{1}, the domain of contact_info, accepts no mail (null "
                     "MX): nobody can write to {2}; set [report] contact_info "
                     "to an address that receives mail",
                     "editor {3}"},
	[SPF_WELL] = {DOCTOR_GOOD,
                      "{1} has an SPF record; whether it allows the host that "
                      "sends your mail is not checked",
                      NULL},
	[SPF_NONE] =
		{DOCTOR_NOTE,
                 "{1} has no SPF record: some receivers refuse its reports",
                 NULL},
	[SPF_SEVERAL] =
		{DOCTOR_BAD,
                 "{1} has {2} SPF records, which is an error for receivers "
                 "(RFC 7208 section 3.2): leave one of them in the DNS",
                 NULL},
	[SPF_BROKEN] = {DOCTOR_BAD,
                        "the SPF record of {1} is an error for receivers: {2}; "
                        "correct it in the DNS",
                        NULL},
	[SPF_SAYS_NOBODY] =
		{DOCTOR_BAD,
                 "the SPF record of {1} says that {1} sends no mail (-all, and "
                 "no sender is allowed): add the hosts that send your reports",
                 NULL},
	[SPF_SAYS_ALL] = {DOCTOR_NOTE,
                          "the SPF record of {1} allows every sender (+all)",
                          NULL},
	[DMARC_WELL] = {DOCTOR_GOOD,
                        "the DMARC policy of {1} is {2}; From: and envelope "
                        "sender of reports are of {1} itself, so its signature "
                        "is aligned, and its SPF",
                        NULL},
	[DMARC_MISSING] =
		{DOCTOR_NOTE,
                 "{1} has no DMARC record: some receivers refuse its reports",
                 NULL},
	[DMARC_SEVERAL] = {DOCTOR_NOTE,
                           "{1} has {2} DMARC records, so receivers use none "
                           "(RFC 7489 section 6.6.3)",
                           NULL},
	[DMARC_BROKEN] = {DOCTOR_NOTE, "{1}: {2}", NULL},
	[DMARC_UNSIGNED] = {DOCTOR_BAD,
                            "the DMARC policy of {1} is {2}, but the last "
                            "report was sent without a signature of {1}: let "
                            "the milter that signs your mail sign for {1}",
                            NULL},
	[TLSRPT_WELL] = {DOCTOR_GOOD, "{1} has a TLSRPT record itself", NULL},
	[TLSRPT_MISSING] = {DOCTOR_NOTE,
                            "{1} has no TLSRPT record: nobody reports how your "
                            "own domain is reached; publish _smtp._tls.{1} TXT "
                            "\"v=TLSRPTv1; rua=mailto:{2}\"",
                            NULL},
	[TLSRPT_BROKEN] = {DOCTOR_BAD, "{1}: {2}", "tlstally lookup {1}"},
	[DKIM_WELL] = {DOCTOR_GOOD, "reports are signed by {1} (selector {2})",
                       NULL},
	[DKIM_NOT_SEEN] = {DOCTOR_NOTE,
                           "not seen whether reports are signed by {1}, which "
                           "RFC 8460 section 3 requires: have a report sent to "
                           "yourself ([report] redirect = DOMAIN -> "
                           "mailto:{2}) and look for DKIM-Signature with d={1}",
                           NULL},
	[DKIM_BEFORE_SIGNER] =
		{DOCTOR_NOTE,
                 "not seen whether reports are signed by {1}: tlstally-milter "
                 "is before other milters in {2}; put it last, or have a "
                 "report sent to yourself and look for DKIM-Signature with "
                 "d={1}",
                 NULL},
	[DKIM_OTHER] = {DOCTOR_BAD,
                        "the last report was signed by {2}, not by {1}: "
                        "receivers may ignore it (RFC 8460 section 3); let the "
                        "milter that signs your mail sign for {1}",
                        NULL},
	[DKIM_UNSIGNED] = {DOCTOR_BAD,
                           "the last report passed tlstally-milter without a "
                           "DKIM signature of {1} (RFC 8460 section 3){2}: let "
                           "the milter that signs your mail sign for {1}",
                           NULL},
	[DKIMKEY_WELL] = {DOCTOR_GOOD, "the key {1} may sign reports", NULL},
	[DKIMKEY_NOT_SEEN] =
		{DOCTOR_NOTE,
                 "the key is not known because no signature was seen; its "
                 "record should have no s=, or s=email:tlsrpt",
                 NULL},
	[DKIMKEY_NONE] = {DOCTOR_BAD,
                          "the key {1} is not in the DNS, so no receiver can "
                          "check the signature: publish it there",
                          NULL},
	[DKIMKEY_BROKEN] = {DOCTOR_BAD,
                            "the key {1} is an error for receivers: {2}; "
                            "correct it in the DNS",
                            NULL},
	[DKIMKEY_REVOKED] = {DOCTOR_BAD,
                             "the key {1} is revoked (p= is empty), so no "
                             "receiver accepts the signature: let the milter "
                             "that signs your mail use another key",
                             NULL},
	[DKIMKEY_TESTING] = {DOCTOR_NOTE,
                             "the key {1} is for tests (t=y): receivers treat "
                             "its mail as unsigned",
                             NULL},
	[DKIMKEY_NO_TLSRPT] =
		{DOCTOR_NOTE,
                 "the record of the key {1} does not allow the service tlsrpt: "
                 "receivers may ignore reports; remove s=, or set "
                 "s=email:tlsrpt (RFC 8460 section 3)",
                 NULL},
	[DKIMKEY_NO_EMAIL] = {DOCTOR_BAD,
                              "the record of the key {1} does not allow the "
                              "service email: most receivers see no valid "
                              "signature; remove s=, or set s=email:tlsrpt",
                              NULL},
	[DNS_SILENT] = {DOCTOR_UNKNOWN, "not known: {1}", NULL},
	[NOT_FROM_HERE] =
		{DOCTOR_UNKNOWN,
                 "not checked: run `tlstally doctor` on the host itself", NULL},
	[NOT_PERMITTED] = {DOCTOR_UNKNOWN, "not checked: {1}", NULL},
	[NOT_IN_TIME] = {DOCTOR_UNKNOWN,
                         "not checked: no answer within {1} seconds", NULL},
};

static const char *text_at(const char *const *texts, size_t count, char digit)
{
	size_t i = (size_t)(digit - '0');

	return i >= 1 && i <= count && texts[i] != NULL ? texts[i] : "";
}

void finding_write(const char *words, const char *const *texts, size_t count,
                   struct strbuf *out)
{
	for (const char *at = words; *at != '\0'; at++) {
		if (at[0] == '{' && at[1] >= '1' && at[1] <= '9' &&
		    at[2] == '}') {
			strbuf_puts(out, text_at(texts, count, at[1]));
			at += 2;
		} else {
			strbuf_putc(out, *at);
		}
	}
}

static const char *const grade_words[] = {"good", "note", "bad", "unknown"};

const char *doctor_grade_word(enum doctor_grade grade)
{
	return grade_words[grade];
}

enum doctor_grade doctor_grade_of(const char *word)
{
	for (int grade = DOCTOR_GOOD; grade < DOCTOR_GRADES; grade++)
		if (strcmp(word, grade_words[grade]) == 0)
			return grade;
	return DOCTOR_UNKNOWN;
}
