#include "conf/settings.h"

#include "conf/conf.h"
#include "conf/fleet_hosts.h"
#include "conf/form.h"
#include "conf/list_item.h"

#define AT(member) offsetof(struct conf, member)

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	KIB = 1024,
	MIB = 1024 * KIB,
	PATH_LONG = 1023, /* well inside PATH_MAX, with names to come after */
	NAME_LONG = 255,
	ADDRESS_LONG = 254, /* RFC 5321 section 4.5.3.1.3, without <> */
	URI_LONG = 2000,
};

/* Sparse: 64 TiB is what a 48 bit address space can still map. */
#define MAP_LARGEST (UINT64_C(64) << 40)

static const struct word auto_rows[] = {
	{.api = "auto"}, {.api = "yes"}, {.api = "no"}};
static const struct vocabulary auto_words = {"auto", auto_rows, 3, -1};
static const struct word on_failure_rows[] = {{.api = "pass"},
                                              {.api = "defer"}};
static const struct vocabulary on_failure_words = {"on_failure",
                                                   on_failure_rows, 2, -1};
static const struct word log_source_rows[] = {
	{.api = "journal"}, {.api = "file"}, {.api = "stdin"}};
static const struct vocabulary log_source_words = {"log sources",
                                                   log_source_rows, 3, -1};

static const struct word proxy_header_rows[] = {
	[CONF_X_FORWARDED_FOR] = {.api = "x-forwarded-for"},
	[CONF_FORWARDED] = {.api = "forwarded"},
	[CONF_PROXY_PROTOCOL] = {.api = "proxy-protocol"}};
static const struct vocabulary proxy_header_words = {"proxy_header",
                                                     proxy_header_rows, 3, -1};

const struct settings_section settings_sections[] = {
	{"report", "The reports: who sends them, which are sent, and to whom.",
         "The reports: who sends them, which are sent, and to whom.\n"},
	{"store", "The store: counters, outbox and archive in one LMDB file.",
         "The store: counters, outbox and archive in one LMDB file.\n"},
	{"events", "The socket to which Postfix sends TLS events.",
         "The socket to which Postfix sends TLS events, its\n"
         ".Cm smtp_tlsrpt_socket_name .\n"
         "Read by\n"
         ".Xr tlstallyd 8 .\n"},
	{"log", "The mail log, for a Postfix without TLSRPT support.",
         "The mail log, for a Postfix that was built without TLSRPT support.\n"
         "Read by\n"
         ".Xr tlstally-logd 8 .\n"},
	{"milter",
         "The milter, which counts incoming mail and our own reports.",
         "The milter, which counts incoming mail and our own reports.\n"
         "Read by\n"
         ".Xr tlstally-milter 8 .\n"},
	{"policy", "How the policies of domains are looked up.",
         "How the policies of domains are looked up; the mail log does not\n"
         "contain them.\n"},
	{"policyd", "The policy service that Postfix asks before it delivers.",
         "The policy service, which Postfix asks for the TLS policy of a\n"
         "domain before it delivers to it, its\n"
         ".Cm smtp_tls_policy_maps .\n"
         "Read by\n"
         ".Xr tlstally-policyd 8 .\n"},
	{"deliver", "How reports are delivered.",
         "How reports are delivered: by mail, by HTTPS, or to a directory.\n"},
	{"received", "What others report about our domains.",
         "What others report about the domains of this site, as\n"
         ".Ql tlstally receive ,\n"
         ".Xr tlstally-milter 8\n"
         "and\n"
         ".Xr tlstally-httpd 8\n"
         "take it.\n"},
	{"fleet", "Several hosts that send mail, of which one reports.",
         "Several hosts that send mail for one site, of which one reports for\n"
         "all: see\n"
         ".Sx EXPORT AND IMPORT\n"
         "and\n"
         ".Sx THE FLEET\n"
         "in\n"
         ".Xr tlstally 1 .\n"},
	{"http", "The HTTP server: API, metrics and web page.",
         "The HTTP server: the API (JMAP, RFC 8620), metrics and the web "
         "page.\n"
         "Read by\n"
         ".Xr tlstally-httpd 8 .\n"},
};
const size_t settings_sections_count =
	sizeof(settings_sections) / sizeof(settings_sections[0]);

const struct setting settings[] = {
	/* [report] */
	{
		.section = "report",
		.name = "organization_name",
		.type = SETTING_STRING,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.organization_name),
		.max = NAME_LONG,
		.comment = "The name of the reporting organization; empty: the "
			   "domain of contact_info.",
		.manual = "The name of the reporting organization.\n"
			  "Empty: the domain of\n"
			  ".Cm contact_info .\n",
	},
	{
		.section = "report",
		.name = "contact_info",
		.type = SETTING_STRING,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.contact_info),
		.max = ADDRESS_LONG,
		.check = form_address,
		.tidy = form_address_tidy,
		.comment = "Reports need it: whom receivers may ask. Its "
			   "domain is their submitter.",
		.manual = "The mail address to which receivers of reports may "
			  "write.\n"
			  "Without it sessions are counted, and no report is "
			  "made: days that are\n"
			  "over wait for it, as long as\n"
			  ".Cm max_report_age\n"
			  "lets them.\n"
			  "Its domain is the submitter of the reports: it "
			  "appears in their headers\n"
			  "and names, and DKIM must sign for it.\n",
	},
	{
		.section = "report",
		.name = "sender",
		.type = SETTING_STRING,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.sender),
		.max = ADDRESS_LONG,
		.check = form_address,
		.tidy = form_address_tidy,
		.comment =
			"The address in From: of reports; empty: contact_info.",
		.manual = "The address in From: of reports sent by mail, and "
			  "the base of\n"
			  "their envelope senders.\n"
			  "Its domain must be that of\n"
			  ".Cm contact_info .\n"
			  "Empty:\n"
			  ".Cm contact_info\n"
			  "itself.\n",
	},
	{
		.section = "report",
		.name = "mode",
		.type = SETTING_ENUM,
		.of_fleet = true,
		.standard = "preview",
		.offset = AT(report.mode),
		.words = &words_modes,
		.comment = "preview: make reports but do not send them; all; "
			   "failures-only; off.",
		.manual = ".Cm preview :\n"
			  "reports are made and held; you can view them, but "
			  "none is sent.\n"
			  ".Cm all :\n"
			  "every domain that asks for reports gets them.\n"
			  ".Cm failures-only :\n"
			  "only days with a failed session are reported.\n"
			  ".Cm off :\n"
			  "sessions are counted, but no reports are made.\n"
			  "After a change from\n"
			  ".Cm preview\n"
			  "to\n"
			  ".Cm all ,\n"
			  "held reports are sent unless they are older than\n"
			  ".Cm max_report_age .\n",
	},
	{
		.section = "report",
		.name = "own_sessions",
		.type = SETTING_ENUM,
		.of_fleet = true,
		.standard = "auto",
		.offset = AT(report.own_sessions),
		.words = &auto_words,
		.comment = "Whether events include the sessions that delivered "
			   "our own reports.",
		.manual = "Whether events include the sessions that delivered "
			  "our own reports.\n"
			  "If they do, two sites would report each other's "
			  "reports forever.\n"
			  "Therefore, a domain without other sessions gets no "
			  "report.\n"
			  ".Cm auto :\n"
			  "detected from the events.\n"
			  "Postfix 3.10.4 and later does not send events for "
			  "these sessions unless\n"
			  ".Ql tls_required_enable = no .\n"
			  "In the log, these sessions are recognized and not "
			  "counted.\n",
	},
	{
		.section = "report",
		.name = "deny",
		.type = SETTING_LIST,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.deny),
		.max = ADDRESS_LONG,
		.check = form_deny,
		.hides = list_item_hides,
		.comment = "No reports for these: domain, @domain-of-rua, "
			   "address@of.rua; may be repeated.",
		.manual = "Domains, hosts and addresses that get no report.\n"
			  "An item is one of\n"
			  ".Bl -tag -compact -width mailto:@example.net\n"
			  ".It Ql example.com\n"
			  "a reported domain,\n"
			  ".It Ql .example.com\n"
			  "the reported domains below it, but not itself,\n"
			  ".It Ql \\&.\n"
			  "all reported domains,\n"
			  ".It Ql @example.net\n"
			  "the domain of a destination, of an address or the "
			  "host of a URI;\n"
			  ".Cm @.example.net\n"
			  "and\n"
			  ".Cm @.\n"
			  "as above,\n"
			  ".It Ql mailto:@example.net\n"
			  "the same, but of an address only,\n"
			  ".It Ql https://example.net\n"
			  "the same, but of a URI only,\n"
			  ".It Ql tls@example.net\n"
			  "the address of a destination.\n"
			  ".El\n"
			  "The list is searched from its beginning, and the "
			  "first "
			  "item that matches\n"
			  "decides; an item that begins with\n"
			  ".Ql \\&!\n"
			  "ends the search without a result, like\n"
			  ".Ql !a.example.com, .example.com .\n"
			  "Items for domains are compared with the reported "
			  "domain, the others\n"
			  "with each destination.\n"
			  "Case does not matter, and a domain may be written "
			  "with or without\n"
			  ".Ql xn-- .\n"
			  "An item that cannot match, because an earlier one "
			  "always does, is\n"
			  "logged.\n",
	},
	{
		.section = "report",
		.name = "redirect",
		.type = SETTING_LIST,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.redirect),
		.max = URI_LONG,
		.check = form_redirect,
		.hides = list_item_hides,
		.comment = "Send to other destinations: what -> mailto: or "
			   "https: URI; may be repeated.",
		.manual = "Where to send reports instead of the domain's own "
			  "destinations, as\n"
			  ".Ql what -> URI .\n"
			  "What is written as in\n"
			  ".Cm deny ,\n"
			  "where\n"
			  ".Ql \\&!\n"
			  "needs no URI.\n"
			  "The URI is\n"
			  ".Ql mailto:\n"
			  "or\n"
			  ".Ql https: ,\n"
			  "with a comma in it written\n"
			  ".Ql %2C ;\n"
			  "up to 8, with spaces between them.\n"
			  ".Cm deny\n"
			  "comes first.\n",
	},
	{
		.section = "report",
		.name = "always_bcc",
		.type = SETTING_LIST,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.always_bcc),
		.max = URI_LONG,
		.check = form_destination,
		.comment = "A copy of each report goes there, too: mailto: or "
			   "https: URIs; may be repeated.",
		.manual =
			"Where a copy of each report goes, in addition to the "
			"domain's destinations:\n"
			".Ql mailto:\n"
			"or\n"
			".Ql https:\n"
			"URIs, up to 8.\n"
			"They are addresses of your own: RFC 8460 does not "
			"know copies.\n"
			"A copy is delivered and tried again like the report "
			"itself, and has a\n"
			"state of its own.\n"
			"It is not counted as a delivery, and one that fails "
			"is not counted as\n"
			"a failure.\n"
			"A domain that gets no report causes no copy.\n"
			"For copies in a file, see\n"
			".Cm directory\n"
			"in\n"
			".Cm [deliver] .\n",
	},
	{
		.section = "report",
		.name = "bcc",
		.type = SETTING_LIST,
		.of_fleet = true,
		.standard = "",
		.offset = AT(report.bcc),
		.max = URI_LONG,
		.check = form_redirect,
		.hides = list_item_hides,
		.comment = "A copy of some reports: what -> mailto: or https: "
			   "URI; may be repeated.",
		.manual = "The same for some reports, as\n"
			  ".Ql what -> URI\n"
			  "like in\n"
			  ".Cm redirect .\n"
			  "Destinations are compared as the domain publishes "
			  "them, and only those\n"
			  "that are not denied.\n",
	},
	{
		.section = "report",
		.name = "max_report_size",
		.type = SETTING_SIZE,
		.of_fleet = true,
		.standard = "5M",
		.offset = AT(report.max_report_size),
		.min = KIB,
		.max = 1024 * (uint64_t)MIB,
		.comment = "Maximum size of a report before compression.",
		.manual = "The maximum size of a report before compression.\n"
			  "Beyond that the smallest failure details are "
			  "combined; the totals remain\n"
			  "complete.\n",
	},
	{
		.section = "report",
		.name = "max_report_age",
		.type = SETTING_SPAN,
		.of_fleet = true,
		.standard = "48h",
		.offset = AT(report.max_report_age),
		.min = HOUR,
		.max = 365 * DAY,
		.comment = "Days that ended longer ago are closed without "
			   "reports.",
		.manual = "Days that ended longer ago are closed without "
			  "reports, and reports that\n"
			  "are held for longer are not sent, except on "
			  "request.\n",
	},

	/* [store] */
	{
		.section = "store",
		.name = "directory",
		.type = SETTING_PATH,
		.standard = LOCALSTATEDIR "/lib/tlstally",
		.offset = AT(store.directory),
		.min = 1,
		.max = PATH_LONG,
		.comment =
			"The directory of the store, on a local file system.",
		.manual = "The directory of the store.\n"
			  "It must be on a local file system.\n",
	},
	{
		.section = "store",
		.name = "map_size",
		.type = SETTING_SIZE,
		.standard = "64G",
		.offset = AT(store.map_size),
		.min = MIB,
		.max = MAP_LARGEST,
		.comment = "The maximum size of the store; the file is sparse.",
		.manual = "The maximum size of the store, a multiple of 4096.\n"
			  "The file is sparse: it uses only the disk space "
			  "that it needs.\n"
			  "When the store is full, running daemons keep their "
			  "counters in memory,\n"
			  "read this setting again, and use a larger value.\n"
			  "A reserve of one quarter is added to this size, so "
			  "that old rows can be\n"
			  "purged.\n",
	},
	{
		.section = "store",
		.name = "rehearsal",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(store.rehearsal),
		.comment = "Allow --now with a time in the future, which "
			   "closes days early.",
		.manual = "Whether\n"
			  ".Fl -now\n"
			  "may specify a time in the future.\n"
			  "This closes days that are not over; use it only "
			  "with a store for\n"
			  "tests.\n",
	},
	{
		.section = "store",
		.name = "keep_days",
		.type = SETTING_NUMBER,
		.standard = "30",
		.offset = AT(store.keep_days),
		.min = 1,
		.max = 3650,
		.comment = "For how many days counters are kept.",
		.manual = "For how many days counters are kept.\n"
			  "This must be longer than\n"
			  ".Cm max_grace .\n",
	},
	{
		.section = "store",
		.name = "archive_days",
		.type = SETTING_NUMBER,
		.standard = "90",
		.offset = AT(store.archive_days),
		.min = 0,
		.max = 3650,
		.comment = "For how many days reports are kept after they were "
			   "sent.",
		.manual = "For how many days reports are kept after they were "
			  "sent, with the\n"
			  "answers of the receivers.\n",
	},
	{
		.section = "store",
		.name = "max_policies",
		.type = SETTING_NUMBER,
		.of_fleet = true,
		.standard = "32",
		.offset = AT(store.max_policies),
		.min = 1,
		.max = 10000,
		.comment = "Maximum number of policies kept apart for each day "
			   "and domain.",
		.manual = "The maximum number of policies that are kept apart "
			  "for each day and\n"
			  "domain.\n"
			  "Others are counted only by their type.\n",
	},
	{
		.section = "store",
		.name = "max_details",
		.type = SETTING_NUMBER,
		.of_fleet = true,
		.standard = "1000",
		.offset = AT(store.max_details),
		.min = 1,
		.max = 1000000,
		.comment = "Maximum number of failure details kept apart for "
			   "each day and domain.",
		.manual = "The maximum number of failure details that are kept "
			  "apart for each day\n"
			  "and domain.\n"
			  "Others are counted with fewer details, so that a "
			  "server with a different\n"
			  "greeting each time cannot fill the disk.\n",
	},

	/* [events] */
	{
		.section = "events",
		.name = "socket",
		.type = SETTING_STRING,
		.standard = "unix:" TLSRPT_SOCKET,
		.offset = AT(events.socket),
		.max = PATH_LONG,
		.check = form_unix,
		.today = form_socket_today,
		.comment = "Postfix: smtp_tlsrpt_socket_name = "
			   "run/tlsrpt/tlsrpt.sock",
		.manual = "The socket, as\n"
			  ".Ql unix:/PATH .\n"
			  "Postfix specifies it relative to its queue "
			  "directory: the default is\n"
			  ".Ql run/tlsrpt/tlsrpt.sock\n"
			  "there.\n"
			  "The directory is created if it does not exist.\n",
	},
	{
		.section = "events",
		.name = "socket_owner",
		.type = SETTING_STRING,
		.standard = "tlstally",
		.offset = AT(events.socket_owner),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The owner of the socket; empty: the user that "
			   "creates it.",
		.manual = "The owner of the socket, a name or a number.\n"
			  "Empty: the user that creates it.\n",
	},
	{
		.section = "events",
		.name = "socket_group",
		.type = SETTING_STRING,
		.standard = "postfix",
		.offset = AT(events.socket_group),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The group of the socket; empty: that of the user "
			   "that creates it.",
		.manual = "The group of the socket, a name or a number.\n"
			  "Empty: that of the user that creates it.\n",
	},
	{
		.section = "events",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(events.socket_mode),
		.min = 0,
		.max = 0777,
		.comment = "The permissions of the socket, in octal.",
		.manual = "The permissions of the socket, in octal.\n"
			  "Anyone who can write to it can forge sessions.\n",
	},
	{
		.section = "events",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "1s",
		.offset = AT(events.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counters are written to disk.",
		.manual = "How often counters are written to disk.\n"
			  "A power cut or\n"
			  ".Ql kill -9\n"
			  "loses no more than the sessions of this time.\n",
	},
	{
		.section = "events",
		.name = "bad_input_directory",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(events.bad_input_directory),
		.max = PATH_LONG,
		.comment = "Directory to save bad datagrams in; empty: do not "
			   "save them.",
		.manual = "The directory in which bad datagrams are saved for "
			  "inspection.\n"
			  "Empty: they are only counted.\n",
	},
	{
		.section = "events",
		.name = "bad_input_max",
		.type = SETTING_NUMBER,
		.standard = "100",
		.offset = AT(events.bad_input_max),
		.min = 0,
		.max = 100000,
		.comment = "Maximum number of files in bad_input_directory.",
		.manual = "The maximum number of files in\n"
			  ".Cm bad_input_directory .\n",
	},

	/* [log] */
	{
		.section = "log",
		.name = "source",
		.type = SETTING_ENUM,
		.standard = "journal",
		.offset = AT(log.source),
		.words = &log_source_words,
		.comment = "journal, file, or stdin (from a syslog daemon that "
			   "starts programs).",
		.manual = "Where log lines are read from.\n"
			  ".Cm journal :\n"
			  "the systemd journal.\n"
			  ".Cm file :\n"
			  "the log file, including its rotated copies.\n"
			  ".Cm stdin :\n"
			  "standard input, for\n"
			  ".Ql omprog\n"
			  "of rsyslog; if the program is killed, lines may be "
			  "lost or counted\n"
			  "twice, which does not happen with the other two.\n",
	},
	{
		.section = "log",
		.name = "file",
		.type = SETTING_PATH,
		.standard = "/var/log/mail.log",
		.offset = AT(log.file),
		.min = 1,
		.max = PATH_LONG,
		.comment = "The log file to follow with source = file.",
		.manual = "The log file to follow with\n.Ql source = file .\n",
	},
	{
		.section = "log",
		.name = "enforces",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(log.enforces),
		.max = NAME_LONG,
		.check = form_enforces,
		.comment = "What Postfix enforces: dane, sts, or none; empty: "
			   "according to postconf.",
		.manual = "The policies that Postfix enforces:\n"
			  ".Ql dane ,\n"
			  ".Ql sts ,\n"
			  "both, or\n"
			  ".Ql none .\n"
			  "Empty: according to\n"
			  ".Xr postconf 1 .\n"
			  "The log does not say which policy applied to a "
			  "session; this is\n"
			  "determined from this setting and the records of the "
			  "domain.\n",
	},
	{
		.section = "log",
		.name = "postfix_config_directory",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(log.postfix_config_directory),
		.max = PATH_LONG,
		.comment = "Configuration directory of the Postfix instance, "
			   "if not the default instance.",
		.manual = "The configuration directory of the Postfix instance "
			  "whose log is read.\n"
			  "Set this if\n"
			  ".Xr postmulti 1\n"
			  "does not list the instance, or if it logs under the "
			  "name of another\n"
			  "instance.\n"
			  "By default, the settings of the default instance "
			  "and of those in its\n"
			  ".Ql multi_instance_directories\n"
			  "are used, each for its own log lines.\n",
	},
	{
		.section = "log",
		.name = "tls_loglevel",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(log.tls_loglevel),
		.max = NAME_LONG,
		.check = form_loglevel,
		.comment = "smtp_tls_loglevel of that Postfix; empty: "
			   "according to postconf.",
		.manual = "The\n"
			  ".Ql smtp_tls_loglevel\n"
			  "of the Postfix whose log is read.\n"
			  "Empty: according to\n"
			  ".Xr postconf 1 ,\n"
			  "for each service.\n"
			  "Set this for the log of another host.\n"
			  "With 0, the default of Postfix, the log has "
			  "failures but no successes,\n"
			  "and nothing is counted.\n",
	},
	{
		.section = "log",
		.name = "routed",
		.type = SETTING_ENUM,
		.standard = "auto",
		.offset = AT(log.routed),
		.words = &auto_words,
		.comment = "Whether Postfix chooses hosts itself; auto: "
			   "according to postconf.",
		.manual = "Whether Postfix sends mail to hosts of its own "
			  "choice on port 25\n"
			  ".Pq relayhost, transport_maps and the like .\n"
			  ".Cm yes :\n"
			  "a host that is not an MX host of the recipient's "
			  "domain is a next hop\n"
			  "of this site.\n"
			  "The session counts for the domain of the next hop "
			  "if that asks for\n"
			  "reports, and for no domain otherwise.\n"
			  ".Cm no :\n"
			  "such a host was found in the DNS of the recipient's "
			  "domain, and is a\n"
			  "failure under its MTA-STS policy.\n"
			  ".Cm auto :\n"
			  "according to\n"
			  ".Xr postconf 1 ,\n"
			  "and\n"
			  ".Cm yes\n"
			  "if that is not conclusive.\n"
			  "Set this for the log of another host, and if a\n"
			  ".Ql FILTER\n"
			  "action or a tool for the queue chooses the host, "
			  "which\n"
			  ".Xr postconf 1\n"
			  "does not show.\n"
			  "A session on a port other than 25 is always one "
			  "with a next hop.\n",
	},
	{
		.section = "log",
		.name = "next_hops",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(log.next_hops),
		.max = NAME_LONG,
		.comment = "Next hops of Postfix that postconf does not list, "
			   "like [smtp.relay.example]:587.",
		.manual = "Next hops of that Postfix that\n"
			  ".Xr postconf 1\n"
			  "does not list, in the form that main.cf uses:\n"
			  ".Ql [smtp.relay.example]:587\n"
			  "for a host, and\n"
			  ".Ql relay.example\n"
			  "for a domain whose MX records are looked up.\n"
			  "A session with a next hop counts for the domain of "
			  "the next hop.\n",
	},
	{
		.section = "log",
		.name = "journal_users",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(log.journal_users),
		.max = NAME_LONG,
		.check = form_user,
		.comment = "Users, besides root and mail_owner, whose journal "
			   "lines are Postfix's.",
		.manual = "Users, besides root and the\n"
			  ".Va mail_owner\n"
			  "of Postfix, whose lines in the journal are taken "
			  "for lines of Postfix:\n"
			  "names or numbers,\n"
			  ".Ql nobody\n"
			  "for lines without a user, such as those of other "
			  "hosts, or\n"
			  ".Ql any .\n"
			  "A Postfix in a container logs as a user of the "
			  "container, whose number\n"
			  "belongs to another user, or to no user, on this "
			  "host.\n"
			  "Lines of other users that look like lines of "
			  "Postfix are ignored, and\n"
			  "this is logged: every user of the host can write "
			  "such lines with\n"
			  ".Xr logger 1 .\n",
	},
	{
		.section = "log",
		.name = "count_private",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.count_private),
		.comment = "Whether to count deliveries to private and "
			   "loopback addresses.",
		.manual = "Whether deliveries to private and loopback "
			  "addresses are counted.\n"
			  "These are usually content filters and mailbox "
			  "servers.\n",
	},
	{
		.section = "log",
		.name = "by_relay",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.by_relay),
		.comment = "All mail is sent to next hops: no session counts "
			   "for a recipient's domain.",
		.manual = "Whether all sessions are with next hops of this "
			  "site, regardless of\n"
			  "MX records, and none counts for a recipient's "
			  "domain.\n"
			  "This need not be set if main.cf has\n"
			  ".Ql relayhost .\n",
	},
	{
		.section = "log",
		.name = "allow_both",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.allow_both),
		.comment = "Allow tlstallyd and tlstally-logd to count into "
			   "one store.",
		.manual = "Whether\n"
			  ".Xr tlstallyd 8\n"
			  "and\n"
			  ".Xr tlstally-logd 8\n"
			  "may count into one store.\n"
			  "If both watch the same Postfix, sessions count "
			  "twice: set this only on a\n"
			  "host where one Postfix sends events and another "
			  "does not.\n",
	},
	{
		.section = "log",
		.name = "complete_events",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.complete_events),
		.comment = "Let tlstally-logd add to tlstallyd's counts what "
			   "Postfix's events do not say.",
		.manual = "Whether\n"
			  ".Xr tlstally-logd 8\n"
			  "runs beside\n"
			  ".Xr tlstallyd 8\n"
			  "and the same Postfix, and adds only what the events "
			  "of Postfix do not\n"
			  "say: whether sessions of an MTA-STS policy in "
			  "testing mode meet it, the\n"
			  "sessions with such domains in clear text, and MX "
			  "hosts that a policy in\n"
			  "force does not name.\n"
			  "No session counts twice.\n"
			  "Both daemons must be restarted.\n",
	},
	{
		.section = "log",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "1s",
		.offset = AT(log.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counters are written to disk, with the "
			   "position in the log.",
		.manual = "How often counters are written to disk, together "
			  "with the position in\n"
			  "the log: when no line has come for so long, and at "
			  "least every ten\n"
			  "seconds.\n"
			  "After a crash, reading continues from that "
			  "position.\n",
	},

	/* [milter] */
	{
		.section = "milter",
		.name = "socket",
		.type = SETTING_STRING,
		.standard = "inet:127.0.0.1:8892",
		.offset = AT(milter.socket),
		.max = NAME_LONG,
		.check = form_socket,
		.today = form_socket_today,
		.comment = "Postfix: smtpd_milters = inet:127.0.0.1:8892 (or "
			   "unix:/PATH here)",
		.manual =
			"Where the milter listens:\n"
			".Ql inet:HOST:PORT\n"
			"or\n"
			".Ql unix:/PATH .\n"
			"Postfix sees a path from inside its queue directory:\n"
			".Ql unix:" QUEUE_DIRECTORY "/tlstally/milter.sock\n"
			"is its\n"
			".Ql unix:tlstally/milter.sock .\n"
			"The directory is created if it does not exist.\n",
	},
	{
		.section = "milter",
		.name = "socket_owner",
		.type = SETTING_STRING,
		.standard = "tlstally",
		.offset = AT(milter.socket_owner),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The owner of a unix socket; empty: the user that "
			   "creates it.",
		.manual = "The owner of a unix socket, a name or a number.\n"
			  "Empty: the user that creates it.\n",
	},
	{
		.section = "milter",
		.name = "socket_group",
		.type = SETTING_STRING,
		.standard = "postfix",
		.offset = AT(milter.socket_group),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The group of a unix socket; empty: that of the "
			   "user that creates it.",
		.manual = "The group of a unix socket, a name or a number.\n"
			  "Empty: that of the user that creates it.\n",
	},
	{
		.section = "milter",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(milter.socket_mode),
		.min = 0,
		.max = 0777,
		.comment = "The permissions of the socket, in octal.",
		.manual = "The permissions of a unix socket, in octal.\n"
			  "Anyone who can write to it, or connect to the port, "
			  "can forge messages.\n",
	},
	{
		.section = "milter",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "10s",
		.offset = AT(milter.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counters are written to disk.",
		.manual = "How often counters are written to disk.\n"
			  "A power cut or\n"
			  ".Ql kill -9\n"
			  "loses no more than the messages of this time.\n",
	},
	{
		.section = "milter",
		.name = "remote_mailers",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(milter.remote_mailers),
		.max = NAME_LONG,
		.check = form_mailer,
		.comment = "Postfix transports that deliver to other sites; "
			   "empty: smtp.",
		.manual = "The transports of Postfix\n"
			  ".Pq Pa master.cf\n"
			  "that deliver to other sites, and whose sessions are "
			  "reported.\n"
			  "Empty:\n"
			  ".Ql smtp .\n"
			  "A recipient with any other transport is one of "
			  "ours.\n",
	},
	{
		.section = "milter",
		.name = "before_queue_filter",
		.type = SETTING_ENUM,
		.standard = "auto",
		.offset = AT(milter.before_queue_filter),
		.words = &auto_words,
		.comment = "Whether a before-queue filter hands mail back from "
			   "this host.",
		.manual = "Whether mail from this host may be mail that a "
			  "before-queue filter\n"
			  ".Pq Va smtpd_proxy_filter\n"
			  "hands back.\n"
			  "The filter hides how such mail came in; it is "
			  "counted as mail of the\n"
			  "filter.\n"
			  ".Cm auto :\n"
			  "according to\n"
			  ".Xr postconf 1 ,\n"
			  "at start and whenever\n"
			  ".Pa main.cf\n"
			  "or\n"
			  ".Pa master.cf\n"
			  "changes.\n",
	},

	/* [policy] */
	{
		.section = "policy",
		.name = "resolver",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(policy.resolver),
		.max = NAME_LONG,
		.check = form_resolver,
		.today = form_socket_today,
		.comment = "inet:ADDRESS:PORT of a validating resolver; empty: "
			   "/etc/resolv.conf.",
		.manual = "The DNS resolver, like\n"
			  ".Ql inet:127.0.0.1:53\n"
			  "or\n"
			  ".Ql inet:[::1]:5353 ;\n"
			  "the default port is 53.\n"
			  "Empty: the resolvers in\n"
			  ".Pa /etc/resolv.conf ,\n"
			  "which is read again when it changes.\n"
			  "DANE requires a resolver that validates DNSSEC.\n",
	},
	{
		.section = "policy",
		.name = "trust_ad",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(policy.trust_ad),
		.comment = "Trust DNSSEC validation by a resolver that is not "
			   "on this host.",
		.manual = "Whether DNSSEC validation by a resolver on another "
			  "host is trusted.\n"
			  "Enable this only if the network between that host "
			  "and this host is\n"
			  "secure.\n",
	},
	{
		.section = "policy",
		.name = "sts_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(policy.sts_ca_file),
		.max = PATH_LONG,
		.comment = "CA certificates for MTA-STS policy hosts; empty: "
			   "the system's list.",
		.manual = "CA certificates (PEM) for the hosts of MTA-STS "
			  "policies.\n"
			  "Empty: the system's list.\n",
	},
	{
		.section = "policy",
		.name = "allow_private",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(policy.allow_private),
		.comment = "Allow policy hosts with private and loopback "
			   "addresses; for tests.",
		.manual = "Whether MTA-STS policies may be fetched from "
			  "private, loopback and\n"
			  "other special addresses.\n"
			  "The DNS record of a remote site selects the host: "
			  "enable this only for\n"
			  "tests.\n",
	},
	{
		.section = "policy",
		.name = "timeout",
		.type = SETTING_SPAN_MS,
		.standard = "5s",
		.offset = AT(policy.timeout_ms),
		.min = 100,
		.max = MINUTE * (uint64_t)1000,
		.comment = "Time limit for a DNS query.",
		.manual =
			"The time limit for a DNS query, including retries.\n",
	},
	{
		.section = "policy",
		.name = "queries_per_second",
		.type = SETTING_NUMBER,
		.standard = "500",
		.offset = AT(policy.queries_per_second),
		.max = 1000000,
		.comment = "Maximum number of DNS queries per second; 0: no "
			   "limit.",
		.manual = "The maximum number of queries that a program sends "
			  "to the resolver per\n"
			  "second, retries included; 0: no limit.\n"
			  "A lookup of a domain takes three queries, and "
			  "more where there is an\n"
			  "MTA-STS policy or DANE.\n",
	},

	/* [policyd] */
	{
		.section = "policyd",
		.name = "socket",
		.type = SETTING_STRING,
		.standard =
			"unix:" QUEUE_DIRECTORY "/run/tlstally/policyd.sock",
		.offset = AT(policyd.socket),
		.max = PATH_LONG,
		.check = form_listen,
		.today = form_socket_today,
		.comment = "Where Postfix asks, by its smtp_tls_policy_maps; "
			   "unix:/PATH or inet:.",
		.manual = "Where Postfix asks:\n"
			  ".Ql unix:/PATH\n"
			  "or\n"
			  ".Ql inet:ADDRESS:PORT .\n"
			  "Postfix specifies a path relative to its queue "
			  "directory: the default is\n"
			  ".Ql unix:run/tlstally/policyd.sock\n"
			  "there, in a chroot and outside of one.\n"
			  "The directory is created if it does not exist.\n",
	},
	{
		.section = "policyd",
		.name = "socket_owner",
		.type = SETTING_STRING,
		.standard = "tlstally",
		.offset = AT(policyd.socket_owner),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The owner of a unix socket; empty: the user that "
			   "creates it.",
		.manual = "The owner of a unix socket, a name or a number.\n"
			  "Empty: the user that creates it.\n",
	},
	{
		.section = "policyd",
		.name = "socket_group",
		.type = SETTING_STRING,
		.standard = "postfix",
		.offset = AT(policyd.socket_group),
		.max = NAME_LONG,
		.may_be_empty = true,
		.check = form_user,
		.comment = "The group of a unix socket; empty: that of the "
			   "user that creates it.",
		.manual = "The group of a unix socket, a name or a number.\n"
			  "Empty: that of the user that creates it.\n",
	},
	{
		.section = "policyd",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(policyd.socket_mode),
		.min = 0,
		.max = 0777,
		.comment = "The permissions of the socket, in octal.",
		.manual = "The permissions of a unix socket, in octal.\n"
			  "Postfix's\n"
			  ".Xr smtp 8\n"
			  "must be able to write to it.\n",
	},
	{
		.section = "policyd",
		.name = "level",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(policyd.level),
		.max = NAME_LONG,
		.check = form_level,
		.comment =
			"The TLS security level where no policy is enforced; "
			"empty: ask postconf.",
		.manual =
			"The TLS security level of a domain whose policy is "
			"reported but not\n"
			"enforced:\n"
			".Cm may ,\n"
			".Cm encrypt\n"
			"or\n"
			".Cm dane .\n"
			"Empty: as\n"
			".Xr postconf 1\n"
			"says:\n"
			".Cm dane\n"
			"where\n"
			".Va smtp_tls_security_level\n"
			"is\n"
			".Cm may\n"
			"or\n"
			".Cm dane\n"
			"and\n"
			".Va smtp_dns_support_level\n"
			"is\n"
			".Cm dnssec ,\n"
			"and the resolver that Postfix asks validates DNSSEC,\n"
			"and else\n"
			".Va smtp_tls_security_level .\n"
			"A level that could be weaker than that one is not "
			"used.\n",
	},
	{
		.section = "policyd",
		.name = "dane_only",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(policyd.dane_only),
		.comment = "Answer dane-only if all MX hosts have usable TLSA "
			   "records.",
		.manual =
			"Whether a domain whose MX hosts all have usable TLSA "
			"records is\n"
			"answered with\n"
			".Cm dane-only\n"
			"and not with\n"
			".Cm dane .\n"
			"The mail is then deferred if Postfix does not find "
			"these records itself.\n",
	},
	{
		.section = "policyd",
		.name = "on_failure",
		.type = SETTING_ENUM,
		.standard = "pass",
		.offset = AT(policyd.on_failure),
		.words = &on_failure_words,
		.comment =
			"pass or defer mail if nothing is known of a domain.",
		.manual =
			"What happens to mail for a domain of which nothing is "
			"known, when the\n"
			"resolver does not answer.\n"
			".Cm pass :\n"
			"the domain is treated as one without a policy.\n"
			".Cm defer :\n"
			"Postfix defers the mail.\n"
			"Policies that are known are enforced in both cases.\n",
	},
	{
		.section = "policyd",
		.name = "defer_for",
		.type = SETTING_SPAN,
		.standard = "1h",
		.offset = AT(policyd.defer_for),
		.min = 0,
		.max = 7 * DAY,
		.comment = "How long mail waits for a policy that has expired.",
		.manual = "How long mail is deferred if an MTA-STS policy of "
			  "mode "
			  "enforce has\n"
			  "expired and cannot be fetched again.\n"
			  "After this time the domain is treated as one whose "
			  "policy cannot be\n"
			  "fetched: mail is delivered, and the failure is "
			  "reported.\n",
	},
	{
		.section = "policyd",
		.name = "timeout",
		.type = SETTING_SPAN_MS,
		.standard = "5s",
		.offset = AT(policyd.timeout_ms),
		.min = 100,
		.max = 90 * (uint64_t)1000,
		.comment = "Time limit for an answer to Postfix.",
		.manual = "The time limit for an answer.\n"
			  "When a lookup takes longer, Postfix is told what is "
			  "known of the domain\n"
			  "from before, or what\n"
			  ".Cm on_failure\n"
			  "says; the lookup continues.\n"
			  "Postfix itself waits for 100 seconds.\n",
	},
	{
		.section = "policyd",
		.name = "overrides",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(policyd.overrides),
		.max = PATH_LONG,
		.comment = "A table of TLS policies that come first; empty: "
			   "none.",
		.manual = "A file with TLS policies that come before what a "
			  "domain publishes, in the\n"
			  "format of the source of a Postfix table.\n"
			  "See\n"
			  ".Xr tlstally-policyd 8 .\n"
			  "It is read again when it changes.\n"
			  "Empty: there are none.\n",
	},

	/* [deliver] */
	{
		.section = "deliver",
		.name = "mail",
		.type = SETTING_STRING,
		.standard = "smtp://127.0.0.1:25",
		.offset = AT(deliver.mail),
		.max = PATH_LONG,
		.check = form_mail,
		.comment = "smtp://HOST:PORT, smtps://HOST:PORT, "
			   "sendmail:/usr/sbin/sendmail or off.",
		.manual = "How reports are sent by mail:\n"
			  ".Ql smtp://HOST Ns Op :PORT ,\n"
			  "with STARTTLS if the server offers it;\n"
			  ".Ql smtps://HOST Ns Op :PORT ,\n"
			  "with implicit TLS;\n"
			  ".Ql sendmail:/PATH ,\n"
			  "a program that accepts mail like\n"
			  ".Xr sendmail 1 ;\n"
			  "or\n"
			  ".Cm off .\n"
			  "Postfix's\n"
			  ".Xr sendmail 1\n"
			  "does not work in the unit of systemd, which gives "
			  "no program the\n"
			  "rights that its\n"
			  ".Xr postdrop 1\n"
			  "needs; it works from\n"
			  ".Xr cron 8 .\n",
	},
	{
		.section = "deliver",
		.name = "mail_user",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(deliver.mail_user),
		.max = NAME_LONG,
		.comment = "User name for SMTP authentication; empty: none.",
		.manual = "The user name for SMTP authentication.\n"
			  "Empty: no authentication.\n",
	},
	{
		.section = "deliver",
		.name = "mail_password_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.mail_password_file),
		.max = PATH_LONG,
		.secret = true,
		.comment =
			"A file whose first line is the password of mail_user.",
		.manual = "A file whose first line is the password of\n"
			  ".Cm mail_user .\n"
			  "Only the owner of the store needs permission to "
			  "read it.\n",
	},
	{
		.section = "deliver",
		.name = "mail_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.mail_ca_file),
		.max = PATH_LONG,
		.comment = "CA certificates for the mail server; empty: the "
			   "system's list.",
		.manual = "CA certificates (PEM) for the mail server.\n"
			  "Empty: the system's list.\n",
	},
	{
		.section = "deliver",
		.name = "mail_verify",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(deliver.mail_verify),
		.comment = "Require a valid certificate from the mail server.",
		.manual = "Whether the mail server must use TLS with a valid "
			  "certificate.\n"
			  "The default is no because the mail server is "
			  "usually this host.\n",
	},
	{
		.section = "deliver",
		.name = "verp",
		.type = SETTING_BOOL,
		.of_fleet = true,
		.standard = "no",
		.offset = AT(deliver.verp),
		.comment = "Use a unique envelope sender for each report: "
			   "local+token@domain.",
		.manual = "Whether each report has a unique envelope sender,\n"
			  ".Ql local+token@domain ,\n"
			  "which identifies the report in a bounce.\n"
			  "Do not enable this before something reads the "
			  "bounces:\n"
			  ".Xr tlstally-milter 8\n"
			  "or an alias for\n"
			  ".Ql tlstally bounce\n"
			  ".Pq Xr tlstally 1 .\n"
			  "Postfix needs\n"
			  ".Ql recipient_delimiter = +\n"
			  "to receive them.\n",
	},
	{
		.section = "deliver",
		.name = "https",
		.type = SETTING_BOOL,
		.standard = "on",
		.offset = AT(deliver.https),
		.comment = "Deliver to https: destinations.",
		.manual = "Whether reports are delivered to\n"
			  ".Ql https:\n"
			  "destinations.\n",
	},
	{
		.section = "deliver",
		.name = "https_allow_private",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(deliver.https_allow_private),
		.comment = "Allow private and loopback addresses; for tests.",
		.manual = "Whether reports may be sent to private, loopback "
			  "and other special\n"
			  "addresses.\n"
			  "The DNS record of a remote site selects the "
			  "destination: enable this\n"
			  "only for tests.\n",
	},
	{
		.section = "deliver",
		.name = "https_verify",
		.type = SETTING_BOOL,
		.standard = "yes",
		.offset = AT(deliver.https_verify),
		.comment = "Require a valid certificate from the receiver.",
		.manual = "Whether the receiver's certificate must be valid.\n"
			  "RFC 8460 section 3 permits delivery if it is not.\n"
			  "TLS 1.2 or later is required in any case.\n",
	},
	{
		.section = "deliver",
		.name = "https_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.https_ca_file),
		.max = PATH_LONG,
		.comment = "CA certificates for receivers; empty: the system's "
			   "list.",
		.manual = "CA certificates (PEM) for receivers.\n"
			  "Empty: the system's list.\n",
	},
	{
		.section = "deliver",
		.name = "directory",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.directory),
		.max = PATH_LONG,
		.comment = "Directory to also write each report to, as "
			   ".json.gz; empty: none.",
		.manual = "The directory to which each report is also written, "
			  "as a\n"
			  ".Pa .json.gz\n"
			  "file.\n"
			  "If\n"
			  ".Cm mail\n"
			  "and\n"
			  ".Cm https\n"
			  "are off, reports are written only there.\n"
			  "Empty: none.\n",
	},
	{
		.section = "deliver",
		.name = "grace",
		.type = SETTING_SPAN,
		.of_fleet = true,
		.standard = "10m",
		.offset = AT(report.grace),
		.min = 0,
		.max = DAY,
		.comment = "A day is closed no earlier than this after its end "
			   "at midnight UTC,",
		.manual = "The earliest time after its end at which a day is "
			  "closed.\n",
	},
	{
		.section = "deliver",
		.name = "max_grace",
		.type = SETTING_SPAN,
		.of_fleet = true,
		.standard = "2h",
		.offset = AT(report.max_grace),
		.min = 0,
		.max = 2 * DAY,
		.comment = "and no later than this, even if a feed is behind.",
		.manual = "The time after its end at which a day is closed "
			  "even if a feed has not\n"
			  "yet counted to the end of the day.\n"
			  "This must not be less than\n"
			  ".Cm grace .\n",
	},
	{
		.section = "deliver",
		.name = "spread",
		.type = SETTING_SPAN,
		.of_fleet = true,
		.standard = "4h",
		.offset = AT(report.spread),
		.min = 0,
		.max = DAY,
		.comment = "Reports are spread over this period.",
		.manual =
			"Reports are spread over this period, so that a "
			"receiver with many\n"
			"domains does not get all reports at the same time.\n",
	},
	{
		.section = "deliver",
		.name = "concurrency",
		.type = SETTING_NUMBER,
		.standard = "64",
		.offset = AT(deliver.concurrency),
		.min = 1,
		.max = 1000,
		.comment = "Maximum number of simultaneous transfers, in total",
		.manual = "The maximum number of transfers at the same time.\n",
	},
	{
		.section = "deliver",
		.name = "concurrency_per_host",
		.type = SETTING_NUMBER,
		.standard = "8",
		.offset = AT(deliver.concurrency_per_host),
		.min = 1,
		.max = 1000,
		.comment = "and to one host.",
		.manual = "The maximum number of transfers at the same time to "
			  "one host.\n",
	},
	{
		.section = "deliver",
		.name = "rate_per_hour",
		.type = SETTING_NUMBER,
		.of_fleet = true,
		.standard = "0",
		.offset = AT(deliver.rate_per_hour),
		.min = 0,
		.max = 1000000000,
		.comment = "Maximum number of reports per hour, in total; 0: "
			   "no limit",
		.manual = "The maximum number of reports that are delivered "
			  "per hour, in total.\n"
			  "0: no limit.\n",
	},
	{
		.section = "deliver",
		.name = "rate_per_host",
		.type = SETTING_NUMBER,
		.of_fleet = true,
		.standard = "0",
		.offset = AT(deliver.rate_per_host),
		.min = 0,
		.max = 1000000000,
		.comment = "and to one mail domain or host.",
		.manual = "The maximum number of reports that are delivered "
			  "per hour to the\n"
			  "addresses of one domain, or to one HTTPS host.\n"
			  "0: no limit.\n",
	},
	{
		.section = "deliver",
		.name = "timeout",
		.type = SETTING_SPAN,
		.standard = "60s",
		.offset = AT(deliver.timeout),
		.min = 1,
		.max = HOUR,
		.comment = "Time limit for one transfer by HTTPS.",
		.manual = "The time limit for one transfer by HTTPS.\n"
			  "A transfer that exceeds it is tried again later.\n",
	},
	{
		.section = "deliver",
		.name = "mail_timeout",
		.type = SETTING_SPAN,
		.standard = "10m",
		.offset = AT(deliver.mail_timeout),
		.min = 1,
		.max = HOUR,
		.comment = "Time limit for the mail server's reply to the end "
			   "of a message.",
		.manual = "The time limit for the mail server's reply to the "
			  "end of a message,\n"
			  "which may include the time for scanning it.\n"
			  "The limits for other replies are those of RFC 5321 "
			  "section 4.5.3.2 (2\n"
			  "minutes for DATA, 3 for each piece of the text, 5 "
			  "otherwise), but not\n"
			  "more than this.\n"
			  "A message takes at most three times this limit, and "
			  "the opening of a\n"
			  "connection one and a half times.\n"
			  "A program\n"
			  ".Pq Ql sendmail:\n"
			  "is terminated after this time plus\n"
			  ".Cm timeout .\n",
	},
	{
		.section = "deliver",
		.name = "retry_for",
		.type = SETTING_SPAN,
		.of_fleet = true,
		.standard = "24h",
		.offset = AT(deliver.retry_for),
		.min = MINUTE,
		.max = DAY,
		.comment = "Delivery is retried for this long after the first "
			   "attempt.",
		.manual = "Delivery to a destination is retried for this long "
			  "after the first\n"
			  "attempt, at most 24 hours (RFC 8460 section 5.5).\n",
	},

	/* [received] */
	{
		.section = "received",
		.name = "domains",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(received.domains),
		.max = NAME_LONG,
		.check = form_host,
		.comment = "Our domains, whose TLSRPT records ask for reports.",
		.manual = "The domains of this site, whose TLSRPT records ask "
			  "others for reports.\n"
			  "Only what a report says about them counts; the rest "
			  "is kept and shown.\n",
	},
	{
		.section = "received",
		.name = "authserv_id",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(received.authserv_id),
		.max = NAME_LONG,
		.check = form_host,
		.comment = "Whose Authentication-Results are trusted, like "
			   "mx.example.com.",
		.manual = "The authserv-id of the filter that verifies DKIM "
			  "signatures of incoming mail on\n"
			  "this site, as it stands at the beginning of its\n"
			  ".Ql Authentication-Results\n"
			  "fields (RFC 8601).\n"
			  "Which of them are read,\n"
			  ".Cm received_above\n"
			  "says.\n"
			  "Without one no report that comes by mail is "
			  "authenticated.\n",
	},
	{
		.section = "received",
		.name = "received_above",
		.type = SETTING_NUMBER,
		.standard = "0",
		.offset = AT(received.received_above),
		.max = 10,
		.comment = "How many Received fields stand above the "
			   "Authentication-Results of ours.",
		.manual = "How many\n"
			  ".Ql Received\n"
			  "fields of this site stand above the\n"
			  ".Ql Authentication-Results\n"
			  "that its filter adds; those further down are not "
			  "read, since the sender may have\n"
			  "written them.\n"
			  "Postfix puts its own\n"
			  ".Ql Received\n"
			  "above what OpenDKIM and most other milters add: set "
			  "this to 1 there, and only\n"
			  "if the filter removes fields with its own "
			  "authserv-id from incoming mail (RFC 8601\n"
			  "section 5), as OpenDKIM does.\n",
	},
	{
		.section = "received",
		.name = "addresses",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(received.addresses),
		.max = ADDRESS_LONG,
		.check = form_address,
		.comment = "Reports to these are read by tlstally-milter.",
		.manual = "The addresses to which others send reports by mail; "
			  ".Xr tlstally-milter 8\n"
			  "reads a copy of what comes to them.\n"
			  "The mail itself is delivered as always.\n"
			  ".Ql tlstally posture\n"
			  "proposes a TLSRPT record with the first of them, or "
			  "that of the domain itself.\n"
			  "Empty: it reads none.\n",
	},
	{
		.section = "received",
		.name = "milter_behind_filter",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(received.milter_behind_filter),
		.comment = "Does the milter stand behind the filter of "
			   "authserv_id?",
		.manual = "Whether\n"
			  ".Xr tlstally-milter 8\n"
			  "stands behind the filter of\n"
			  ".Cm authserv_id\n"
			  "in\n"
			  ".Cm smtpd_milters ,\n"
			  "and that filter removes fields with its own "
			  "authserv-id from incoming mail.\n"
			  "If not (and when Postfix lists it first), the "
			  "milter cannot tell the results of this "
			  "site from those that a\n"
			  "sender wrote, and what it reads is not "
			  "authenticated.\n"
			  "It does not see the\n"
			  ".Ql Received\n"
			  "field of its own Postfix, and so takes one less "
			  "than\n"
			  ".Cm received_above\n"
			  "says.\n",
	},
	{
		.section = "received",
		.name = "post_path",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(received.post_path),
		.max = NAME_LONG,
		.check = form_post_path,
		.comment = "Where tlstally-httpd takes reports, like "
			   "/tlsrpt/4f1a; empty: nowhere.",
		.manual = "The path on which\n"
			  ".Xr tlstally-httpd 8\n"
			  "takes reports by HTTPS, for a TLSRPT record with\n"
			  ".Ql rua=https://HOST/PATH .\n"
			  "Nobody authenticates them, so choose one that is "
			  "not easily guessed, like\n"
			  ".Pa /tlsrpt/4f1a99c2b7 .\n"
			  "Empty: it takes none.\n",
	},
	{
		.section = "received",
		.name = "max_size",
		.type = SETTING_SIZE,
		.standard = "25M",
		.offset = AT(received.max_size),
		.min = 64 * KIB,
		.max = 36 * (uint64_t)MIB,
		.comment =
			"The largest mail or POST with reports that is read.",
		.manual = "The maximum size of a mail that\n"
			  ".Xr tlstally-milter 8\n"
			  "reads, and of a report that comes by HTTPS.\n"
			  "What it unpacks to is at most 25 MiB in any case.\n",
	},
	{
		.section = "received",
		.name = "max_unauthenticated",
		.type = SETTING_NUMBER,
		.standard = "1000",
		.offset = AT(received.max_unauthenticated),
		.max = 1000 * 1000,
		.comment = "How many reports a day are kept that nobody has "
			   "authenticated.",
		.manual = "How many reports that are not authenticated are "
			  "kept of a UTC day; those beyond\n"
			  "that are dropped, and\n"
			  ".Ql tlstally status\n"
			  "says how many.\n"
			  "What\n"
			  ".Ql tlstally receive\n"
			  "reads from files has no limit.\n",
	},
	{
		.section = "received",
		.name = "max_unauthenticated_size",
		.type = SETTING_SIZE,
		.standard = "50M",
		.offset = AT(received.max_unauthenticated_size),
		.max = 1024 * (uint64_t)MIB * 1024,
		.comment = "The same in bytes, as they are stored.",
		.manual = "The same in bytes, as they are stored (gzip).\n",
	},
	{
		.section = "received",
		.name = "max_per_submitter",
		.type = SETTING_NUMBER,
		.standard = "1000",
		.offset = AT(received.max_per_submitter),
		.max = 1000 * 1000,
		.comment = "How many reports a day of one authenticated "
			   "submitter are kept.",
		.manual = "The same for reports that are authenticated: how "
			  "many are kept of a UTC day\n"
			  "of one organization, which is the registered domain "
			  "of the DKIM signature.\n",
	},
	{
		.section = "received",
		.name = "max_per_submitter_size",
		.type = SETTING_SIZE,
		.standard = "100M",
		.offset = AT(received.max_per_submitter_size),
		.max = 1024 * (uint64_t)MIB * 1024,
		.comment = "The same in bytes, as they are stored.",
		.manual = "The same in bytes, as they are stored (gzip).\n",
	},
	{
		.section = "received",
		.name = "keep",
		.type = SETTING_SPAN,
		.standard = "90d",
		.offset = AT(received.keep),
		.min = DAY,
		.max = 3650 * DAY,
		.comment = "How long received reports are kept.",
		.manual = "How long received reports are kept.\n"
			  "Their sums by day are kept for\n"
			  ".Cm keep_days\n"
			  "of\n"
			  ".Bq store .\n",
	},
	{
		.section = "received",
		.name = "count_unauthenticated",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(received.count_unauthenticated),
		.comment = "Count reports that nobody has authenticated?",
		.manual = "Whether reports count that are not authenticated.\n"
			  "Anybody can send such a report; they are kept and "
			  "marked in any case.\n",
	},
	{
		.section = "received",
		.name = "count_https",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(received.count_https),
		.comment = "Count reports that came by HTTPS, whoever sent "
			   "them?",
		.manual = "Whether reports count that came by HTTPS.\n"
			  "Who knows\n"
			  ".Cm post_path ,\n"
			  "which stands in DNS, can send what he likes.\n",
	},

	/* [fleet] */
	{
		.section = "fleet",
		.name = "name",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(fleet.name),
		.max = NAME_LONG,
		.check = form_host,
		.comment = "What this host is called among several; empty: "
			   "the system's host name.",
		.manual = "The name of this host in the days that it exports.\n"
			  "It must not change, and no two hosts may have the "
			  "same.\n"
			  "Empty: the host name of the system.\n",
	},
	{
		.section = "fleet",
		.name = "expect",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(fleet.expect),
		.max = NAME_LONG,
		.check = form_host,
		.comment = "Other hosts whose days are waited for, like "
			   "mx2.example.com.",
		.manual = "On the host that reports: the other hosts whose "
			  "days are imported, by their\n"
			  ".Cm name .\n"
			  "A day is closed when all of them have sent it, or "
			  "at the\n"
			  ".Cm deadline .\n"
			  "What comes later is not reported.\n"
			  "With a\n"
			  ".Cm ledger\n"
			  "these hosts must have sealed the day; empty: all "
			  "that have shipped it or\n"
			  "one of the two days before it.\n",
	},
	{
		.section = "fleet",
		.name = "fetchers",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(fleet.fetchers),
		.max = PATH_LONG,
		.check = fleet_hosts_check,
		.comment = "Commands that ask other hosts for their days, like "
			   "ssh mx3 tlsrpt-fetcher.",
		.manual =
			"On the host that reports: commands that ask other "
			"hosts for their days, as\n"
			"tlsrpt-reportd has them: tlsrpt-fetcher of "
			"tlsrpt-reporter 0.6, or\n"
			".Ql tlstally fetcher .\n"
			".Xr tlstally 1\n"
			"runs them, without a shell, as the user who owns the "
			"store.\n"
			"Such a host is waited for like those of\n"
			".Cm expect .\n"
			"Its name is what\n"
			".Xr ssh 1\n"
			"is given, or stands before the command:\n"
			".Ql mx3.example.com=ssh relay tlsrpt-fetcher .\n"
			"Not supported with a\n"
			".Cm ledger ,\n"
			"whose hosts all have tlstally.\n",
	},
	{
		.section = "fleet",
		.name = "deadline",
		.type = SETTING_SPAN,
		.standard = "6h",
		.offset = AT(fleet.deadline),
		.max = 2 * DAY,
		.comment = "How long after midnight (UTC) they are waited for.",
		.manual = "How long after midnight (UTC) the hosts of\n"
			  ".Cm expect\n"
			  "and\n"
			  ".Cm fetchers\n"
			  "are waited for.\n"
			  "Then the reports are made without those that are "
			  "missing, and\n"
			  ".Xr tlstally 1\n"
			  "says which.\n"
			  "With a\n"
			  ".Cm ledger\n"
			  "they count with what they have shipped so far, and "
			  "the deadline is not over\n"
			  "before an hour after the first host has sealed the "
			  "day.\n",
	},
	{
		.section = "fleet",
		.name = "ledger",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(fleet.ledger),
		.max = URI_LONG,
		.check = form_ledger,
		.comment = "The hosts' common database: postgresql://"
			   "db.example.com/tlstally.",
		.manual = "The hosts of a fleet write what they have counted "
			  "into this PostgreSQL\n"
			  "database, and one of them reports for all: see\n"
			  ".Sx THE FLEET\n"
			  "in\n"
			  ".Xr tlstally 1 .\n"
			  "A URL as libpq reads it, like\n"
			  ".Ql postgresql://tlstally@db.example.com/tlstally?"
			  "sslmode=verify-full .\n"
			  "It must not have a password, since others can read "
			  "it: a password\n"
			  "file\n"
			  ".Pq Ql passfile=/etc/tlstally/pgpass ,\n"
			  "a service file or a client certificate has it, "
			  "readable for user\n"
			  "tlstally only.\n"
			  "Empty: there is no fleet.\n",
	},
	{
		.section = "fleet",
		.name = "ship",
		.type = SETTING_SPAN,
		.standard = "15m",
		.offset = AT(fleet.ship),
		.min = MINUTE,
		.max = DAY,
		.comment = "How often the counts of today go to the ledger.",
		.manual =
			"How often the counts of today go to the ledger; those "
			"of a day that is\n"
			"over go there as soon as they are complete.\n"
			"A host that dies is missing in the reports with what "
			"it has counted since.\n",
	},

	/* [http] */
	{
		.section = "http",
		.name = "listen",
		.type = SETTING_STRING,
		.standard = "inet:127.0.0.1:8460",
		.offset = AT(http.listen),
		.max = PATH_LONG,
		.check = form_listen,
		.today = form_socket_today,
		.comment = "inet:ADDRESS:PORT, or unix:/PATH.",
		.manual = "The address of the server: an IP address and a "
			  "port, like\n"
			  ".Ql inet:127.0.0.1:8460\n"
			  "or\n"
			  ".Ql inet:[::1]:8460 ,\n"
			  "or a unix socket, like\n"
			  ".Ql unix:/run/tlstally/http.sock .\n"
			  "With an address other than loopback and without\n"
			  ".Cm tls_cert ,\n"
			  "tokens are sent over the network in clear text.\n",
	},
	{
		.section = "http",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(http.socket_mode),
		.max = 0777,
		.comment = "The permissions of a unix socket, in octal.",
		.manual = "The permissions of a unix socket, in octal.\n"
			  "It is owned by the owner of the store.\n",
	},
	{
		.section = "http",
		.name = "tls_cert",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(http.tls_cert),
		.max = PATH_LONG,
		.comment = "Certificate and chain (PEM); empty: no TLS.",
		.manual = "The certificate and its chain (PEM).\n"
			  "Empty: no TLS.\n"
			  "When other files are renamed to\n"
			  ".Cm tls_cert\n"
			  "and\n"
			  ".Cm tls_key ,\n"
			  "new connections get the new certificate; both must "
			  "be readable for the user of the server.\n",
	},
	{
		.section = "http",
		.name = "tls_key",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(http.tls_key),
		.max = PATH_LONG,
		.secret = true,
		.comment = "The key of that certificate (PEM).",
		.manual = "The key (PEM) of\n"
			  ".Cm tls_cert .\n",
	},
	{
		.section = "http",
		.name = "url",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(http.url),
		.max = URI_LONG,
		.check = form_url,
		.comment = "The URL for clients, like "
			   "https://mail.example.com/tls; empty: from Host:.",
		.manual = "The URL of the server for clients that connect "
			  "through a proxy, like\n"
			  ".Ql https://tally.example.com\n"
			  "or, below a path,\n"
			  ".Ql https://mail.example.com/tls .\n"
			  "The page, the API, downloads and metrics are served "
			  "below that path, and without it for a proxy that "
			  "takes it off.\n"
			  "Empty: according to the\n"
			  ".Ql Host:\n"
			  "field of the request.\n",
	},
	{
		.section = "http",
		.name = "redirect_uris",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(http.redirect_uris),
		.max = URI_LONG,
		.check = form_url,
		.comment = "Where a browser that has signed in may go, beside "
			   "our own /oauth/callback.",
		.manual = "The URIs that a client may name as\n"
			  ".Ql redirect_uri\n"
			  "when somebody signs in by a browser, letter by "
			  "letter.\n"
			  "Always allowed is\n"
			  ".Pa /oauth/callback\n"
			  "of this server itself.\n"
			  "Who can read what goes to such a URI can act with "
			  "the permissions of the token.\n",
	},
	{
		.section = "http",
		.name = "www",
		.type = SETTING_PATH,
		.standard = PKGDATADIR "/www",
		.offset = AT(http.www),
		.may_be_empty = true,
		.max = PATH_LONG,
		.comment = "The directory of the web page; empty: no web page.",
		.manual = "The directory with the files of the web page.\n"
			  "Empty: no web page is served.\n",
	},
	{
		.section = "http",
		.name = "static",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(http.static_sites),
		.max = PATH_LONG + 128,
		.check = form_static,
		.comment = "Pages of others: /PATH /DIRECTORY; may be "
			   "repeated.",
		.manual = "A page that others made, to be served beside ours: "
			  "a path and a directory with an\n"
			  ".Pa index.html ,\n"
			  "like\n"
			  ".Ql /admin /usr/local/share/stalwart-webui .\n"
			  "The files are read when the server starts, with the "
			  "rights of its user; symbolic links and names that "
			  "begin with a dot are passed over.\n"
			  "A path below it that has no file and no suffix is a "
			  "place within the page, and gets\n"
			  ".Pa index.html .\n"
			  "The page has the same origin as ours: whoever makes "
			  "it can act with the token of everybody who is "
			  "signed in to either.\n"
			  "Put only pages there that you trust as you trust "
			  "tlstally.\n",
	},
	{
		.section = "http",
		.name = "metrics",
		.type = SETTING_STRING,
		.standard = "inet:127.0.0.1:8461",
		.offset = AT(http.metrics),
		.may_be_empty = true,
		.max = PATH_LONG,
		.check = form_inet,
		.today = form_socket_today,
		.comment = "/metrics and /healthz without a token; empty: "
			   "none.",
		.manual = "The address of a second socket, on which only\n"
			  ".Pa /metrics\n"
			  "and\n"
			  ".Pa /healthz\n"
			  "are served, without a token and without TLS.\n"
			  "Whoever can connect can read the metrics, which "
			  "name no domain and no address.\n"
			  "Empty: there is no such socket.\n",
	},
	{
		.section = "http",
		.name = "open_metrics",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(http.open_metrics),
		.comment = "Whether /metrics is available without a token.",
		.manual = "Whether\n"
			  ".Pa /metrics\n"
			  "on the address of the API\n"
			  ".Pq Cm listen\n"
			  "is for everybody who can connect.\n"
			  "Else it needs a token with the permission\n"
			  ".Cm tallyRead .\n",
	},
	{
		.section = "http",
		.name = "max_connections",
		.type = SETTING_NUMBER,
		.standard = "1000",
		.offset = AT(http.max_connections),
		.min = 10,
		.max = 100000,
		.comment = "Maximum number of simultaneous connections,",
		.manual = "The maximum number of simultaneous connections; "
			  "others have to wait.\n",
	},
	{
		.section = "http",
		.name = "max_per_address",
		.type = SETTING_NUMBER,
		.standard = "100",
		.offset = AT(http.max_per_address),
		.min = 1,
		.max = 100000,
		.comment = "and from one address.",
		.manual = "The maximum number of simultaneous connections from "
			  "one address; others\n"
			  "are closed.\n"
			  "Behind\n"
			  ".Cm trusted_proxies ,\n"
			  "the maximum number of simultaneous requests.\n",
	},
	{
		.section = "http",
		.name = "trusted_proxies",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(http.trusted_proxies),
		.max = ADDRESS_LONG,
		.check = form_network,
		.comment = "Proxies in front of the server: ADDRESS, "
			   "ADDRESS/BITS, unix; may be repeated.",
		.manual = "The proxies in front of the server: addresses, "
			  "networks like\n"
			  ".Ql 192.0.2.0/24 ,\n"
			  "and\n"
			  ".Ql unix\n"
			  "for all that connect to a unix socket.\n"
			  "Only these are trusted when they say who the "
			  "client is.\n"
			  "Limits and log messages are then about the client; "
			  "otherwise they are about the proxy, and one client "
			  "that shows wrong tokens makes all of them wait.\n",
	},
	{
		.section = "http",
		.name = "proxy_header",
		.type = SETTING_ENUM,
		.standard = "x-forwarded-for",
		.offset = AT(http.proxy_header),
		.words = &proxy_header_words,
		.comment = "How they tell it: x-forwarded-for, forwarded, "
			   "proxy-protocol.",
		.manual =
			"How\n"
			".Cm trusted_proxies\n"
			"tell the address of the client.\n"
			".Cm x-forwarded-for :\n"
			"the header field\n"
			".Ql X-Forwarded-For: .\n"
			".Cm forwarded :\n"
			"the header field\n"
			".Ql Forwarded:\n"
			"(RFC 7239).\n"
			".Cm proxy-protocol :\n"
			"the PROXY protocol, version 1 or 2, with which "
			"every connection of these proxies must begin.\n"
			"Choose what the proxy writes itself: a field that it "
			"only passes on is the client's.\n",
	},
};
const size_t settings_count = sizeof(settings) / sizeof(settings[0]);
