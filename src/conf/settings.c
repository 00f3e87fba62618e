#include "conf/settings.h"

#include "conf/conf.h"
#include "conf/form.h"

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
static const struct word log_source_rows[] = {
	{.api = "journal"}, {.api = "file"}, {.api = "stdin"}};
static const struct vocabulary log_source_words = {"log sources",
                                                   log_source_rows, 3, -1};

const struct settings_section settings_sections[] = {
	{"report", "What is reported, to whom, and who says so.",
         "What is reported, to whom, and who says so.\n"},
	{"store", "The counters, the outbox and the archive, in one LMDB file.",
         "The counters, the outbox and the archive, in one LMDB file.\n"},
	{"events", "The socket on which Postfix tells how a TLS session went.",
         "The socket on which Postfix tells how a TLS session went: its\n"
         ".Cm smtp_tlsrpt_socket_name .\n"
         "Read by\n"
         ".Xr tlstallyd 8 .\n"},
	{"log", "The mail log, for a Postfix that cannot tell by the socket.",
         "The mail log: the source for every Postfix that cannot send events\n"
         "to a socket, because it was built without TLSRPT.\n"
         "Read by\n"
         ".Xr tlstally-logd 8 .\n"},
	{"milter", "What Postfix's own path tells: how mail comes in.",
         "The milter: how mail comes in, and reports of ours on their way\n"
         "out.\n"
         "Read by\n"
         ".Xr tlstally-milter 8 .\n"},
	{"policy", "How the policies of domains are looked up.",
         "How the policies of domains are looked up: what the mail log says\n"
         "nothing about.\n"},
	{"deliver", "How reports leave.",
         "How reports leave: by mail, by HTTPS, or into a directory.\n"},
	{"http", "The API, and what monitoring reads.",
         "The API over HTTP (JMAP, RFC 8620), and what monitoring reads.\n"
         "Served by\n"
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
		.standard = "",
		.offset = AT(report.organization_name),
		.max = NAME_LONG,
		.comment = "Who reports, as people call it; empty: the domain "
			   "of contact_info.",
		.manual = "The name of the reporting organization.\n"
			  "Empty: the domain of\n"
			  ".Cm contact_info .\n",
	},
	{
		.section = "report",
		.name = "contact_info",
		.type = SETTING_STRING,
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
		.standard = "",
		.offset = AT(report.sender),
		.max = ADDRESS_LONG,
		.check = form_address,
		.tidy = form_address_tidy,
		.comment = "The From: of reports; empty: contact_info.",
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
		.standard = "preview",
		.offset = AT(report.mode),
		.words = &words_modes,
		.comment = "preview: build and show, send nothing; all; "
			   "failures-only; off.",
		.manual = ".Cm preview :\n"
			  "reports are built, held and can be looked at, and "
			  "none is sent.\n"
			  ".Cm all :\n"
			  "every domain that asks for reports gets them.\n"
			  ".Cm failures-only :\n"
			  "only days with a failed session are reported.\n"
			  ".Cm off :\n"
			  "sessions are counted, nothing is built.\n"
			  "What\n"
			  ".Cm preview\n"
			  "held is sent after a change to\n"
			  ".Cm all\n"
			  "unless it is older than\n"
			  ".Cm max_report_age .\n",
	},
	{
		.section = "report",
		.name = "own_sessions",
		.type = SETTING_ENUM,
		.standard = "auto",
		.offset = AT(report.own_sessions),
		.words = &auto_words,
		.comment = "Can the events contain the sessions that delivered "
			   "our own reports?",
		.manual =
			"Whether the events can contain the sessions in which "
			"our own\n"
			"reports were delivered.\n"
			"If they can, two sites would report each other's "
			"reports for ever, so a\n"
			"domain that had no other session gets no report.\n"
			".Cm auto :\n"
			"told from the events; Postfix 3.10.4 and later leaves "
			"them out,\n"
			"unless\n"
			".Xr postconf 1\n"
			"says\n"
			".Ql tls_required_enable = no .\n"
			"In the log our own are recognised, and not counted.\n",
	},
	{
		.section = "report",
		.name = "deny",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(report.deny),
		.max = ADDRESS_LONG,
		.check = form_deny,
		.comment = "Never report these: domain, @domain-of-rua, "
			   "address@of.rua; may be repeated.",
		.manual = "Domains, hosts and addresses that get no report.\n"
			  "An item is a reported domain\n"
			  ".Pq Ql example.com ,\n"
			  "the domain of a destination, of an address or the "
			  "host of an URI\n"
			  ".Pq Ql @example.net ,\n"
			  "or the address of a destination\n"
			  ".Pq Ql tls@example.net .\n",
	},
	{
		.section = "report",
		.name = "redirect",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(report.redirect),
		.max = URI_LONG,
		.check = form_redirect,
		.comment = "Send elsewhere: what -> mailto: or https: URI; "
			   "may be repeated.",
		.manual = "Where to send reports instead of the domain's own "
			  "destinations, as\n"
			  ".Ql what -> URI .\n"
			  "What is written as in\n"
			  ".Cm deny ;\n"
			  "the URI is\n"
			  ".Ql mailto:\n"
			  "or\n"
			  ".Ql https: ,\n"
			  "with a comma in it written\n"
			  ".Ql %2C .\n",
	},
	{
		.section = "report",
		.name = "max_report_size",
		.type = SETTING_SIZE,
		.standard = "5M",
		.offset = AT(report.max_report_size),
		.min = KIB,
		.max = 1024 * (uint64_t)MIB,
		.comment = "A report's JSON before compression; past it, small "
			   "failures are folded together.",
		.manual = "The maximum size of a report before compression.\n"
			  "Beyond that the smallest failure details are "
			  "combined; the totals remain\n"
			  "complete.\n",
	},
	{
		.section = "report",
		.name = "max_report_age",
		.type = SETTING_SPAN,
		.standard = "48h",
		.offset = AT(report.max_report_age),
		.min = HOUR,
		.max = 365 * DAY,
		.comment = "Older days are closed without being reported.",
		.manual =
			"Days that ended longer ago are closed without "
			"sending, and reports held\n"
			"longer are no longer sent, unless you ask for one.\n",
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
		.comment = "Where the store lives; a local file system.",
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
		.comment = "The most it may grow to; the file is sparse.",
		.manual = "The maximum size of the store, a multiple of 4096.\n"
			  "The file is sparse: it uses only the disk space "
			  "that it needs.\n"
			  "When the store is full, running daemons read this "
			  "setting again and use\n"
			  "a larger value; their counters wait in memory.\n"
			  "A quarter more than this is a reserve, so that old "
			  "rows can be\n"
			  "deleted.\n",
	},
	{
		.section = "store",
		.name = "rehearsal",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(store.rehearsal),
		.comment = "Allow --now to name a time to come, which closes "
			   "days early.",
		.manual = "Whether\n"
			  ".Fl -now\n"
			  "may name a time to come.\n"
			  "That closes days that are not over, so it is for "
			  "stores of tests.\n",
	},
	{
		.section = "store",
		.name = "keep_days",
		.type = SETTING_NUMBER,
		.standard = "30",
		.offset = AT(store.keep_days),
		.min = 1,
		.max = 3650,
		.comment = "Days that counters are kept.",
		.manual = "For how many days counters are kept.\n"
			  "Longer than\n"
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
		.comment = "Days that reports are kept after they were sent.",
		.manual = "For how many days reports are kept after they were "
			  "sent, with the\n"
			  "receivers' replies.\n",
	},
	{
		.section = "store",
		.name = "max_policies",
		.type = SETTING_NUMBER,
		.standard = "32",
		.offset = AT(store.max_policies),
		.min = 1,
		.max = 10000,
		.comment = "Policies that are told apart, a day and domain.",
		.manual = "The maximum number of policies that are kept apart "
			  "for each day and\n"
			  "domain.\n"
			  "Others are counted only by their type.\n",
	},
	{
		.section = "store",
		.name = "max_details",
		.type = SETTING_NUMBER,
		.standard = "1000",
		.offset = AT(store.max_details),
		.min = 1,
		.max = 1000000,
		.comment = "Failure details that are told apart, a day and "
			   "domain.",
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
			  "Postfix sees it from inside its queue directory: "
			  "there the default is\n"
			  ".Ql run/tlsrpt/tlsrpt.sock .\n"
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
		.comment = "Its owner; empty: who makes it.",
		.manual = "The socket's owner, a name or a number.\n"
			  "Empty: the user that makes it.\n",
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
		.comment = "Its group: who may send; empty: that of who makes "
			   "it.",
		.manual = "The socket's group, a name or a number.\n"
			  "Empty: that of the user that makes it.\n",
	},
	{
		.section = "events",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(events.socket_mode),
		.min = 0,
		.max = 0777,
		.comment = "Its permissions, in octal.",
		.manual = "The socket's permissions, in octal.\n"
			  "Anyone who can write to it can invent sessions.\n",
	},
	{
		.section = "events",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "1s",
		.offset = AT(events.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counts go to disk: the most that a power "
			   "cut can take.",
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
		.comment = "Keep what could not be read, to look at; empty: "
			   "no.",
		.manual = "Where datagrams that could not be read are kept for "
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
		.comment = "Files kept there.",
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
		.comment = "journal, file, or stdin (of a syslogd that starts "
			   "programs).",
		.manual = "Where the lines come from.\n"
			  ".Cm journal :\n"
			  "that of systemd.\n"
			  ".Cm file :\n"
			  "the one below, through its rotations.\n"
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
		.comment = "The log to follow with source = file.",
		.manual = "The log to follow with\n"
			  ".Ql source = file .\n",
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
			   "as postconf says.",
		.manual = "The policies that Postfix enforces:\n"
			  ".Ql dane ,\n"
			  ".Ql sts ,\n"
			  "both, or\n"
			  ".Ql none .\n"
			  "Empty: told from\n"
			  ".Xr postconf 1 .\n"
			  "The log does not say which policy applied to a "
			  "session, so this setting\n"
			  "and the domain's own records decide it.\n",
	},
	{
		.section = "log",
		.name = "postfix_config_directory",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(log.postfix_config_directory),
		.max = PATH_LONG,
		.comment = "Of the Postfix instance that sends, where it is "
			   "not the default one.",
		.manual =
			"The configuration directory of the Postfix instance "
			"whose log is read,\n"
			"where\n"
			".Xr postmulti 1\n"
			"does not know it, or where it logs under the name of "
			"another one.\n"
			"Without it the default instance is asked, and those "
			"of its\n"
			".Ql multi_instance_directories ,\n"
			"each service about its own lines.\n",
	},
	{
		.section = "log",
		.name = "tls_loglevel",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(log.tls_loglevel),
		.max = NAME_LONG,
		.check = form_loglevel,
		.comment = "smtp_tls_loglevel of the Postfix whose log it is; "
			   "empty: as postconf says.",
		.manual = "The\n"
			  ".Ql smtp_tls_loglevel\n"
			  "of the Postfix whose log is read.\n"
			  "Empty: told from\n"
			  ".Xr postconf 1 ,\n"
			  "for each service.\n"
			  "For the log of another host.\n"
			  "At 0, Postfix's default, the log shows failures but "
			  "no successes, and\n"
			  "nothing is counted.\n",
	},
	{
		.section = "log",
		.name = "routed",
		.type = SETTING_ENUM,
		.standard = "auto",
		.offset = AT(log.routed),
		.words = &auto_words,
		.comment = "Does Postfix choose hosts itself? auto: as "
			   "postconf says.",
		.manual = "Whether Postfix sends mail to hosts of its own "
			  "choice on port 25\n"
			  ".Pq relayhost, transport_maps and the like .\n"
			  ".Cm yes :\n"
			  "a host that is no MX host of the recipient's domain "
			  "is a next hop\n"
			  "of this site, and the session counts for the next "
			  "hop's domain, if that\n"
			  "asks for reports, and otherwise for none.\n"
			  ".Cm no :\n"
			  "such a host is what the recipient's DNS said, and "
			  "under its MTA-STS\n"
			  "policy a failure.\n"
			  ".Cm auto :\n"
			  "told from\n"
			  ".Xr postconf 1 ,\n"
			  "and\n"
			  ".Cm yes\n"
			  "where it cannot tell.\n"
			  "Needed for the log of another host, and if a\n"
			  ".Ql FILTER\n"
			  "action or a tool for the queue chooses the host, "
			  "which\n"
			  ".Xr postconf 1\n"
			  "does not know.\n"
			  "A session on another port than 25 is always a next "
			  "hop's.\n",
	},
	{
		.section = "log",
		.name = "next_hops",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(log.next_hops),
		.max = NAME_LONG,
		.comment = "Postfix's next hops besides those that postconf "
			   "names: [smtp.relay.example]:587.",
		.manual = "Next hops of that Postfix besides those that\n"
			  ".Xr postconf 1\n"
			  "names, as they stand in main.cf:\n"
			  ".Ql [smtp.relay.example]:587\n"
			  "for a host,\n"
			  ".Ql relay.example\n"
			  "for a domain whose MX records are asked for.\n"
			  "A session with one of them counts for its domain.\n",
	},
	{
		.section = "log",
		.name = "journal_users",
		.type = SETTING_LIST,
		.standard = "",
		.offset = AT(log.journal_users),
		.max = NAME_LONG,
		.check = form_user,
		.comment = "Whose lines in the journal are Postfix's, beside "
			   "root's and mail_owner's.",
		.manual =
			"Users whose lines in the journal are Postfix's, "
			"beside those of root and\n"
			"of Postfix's\n"
			".Va mail_owner :\n"
			"names or numbers,\n"
			".Ql nobody\n"
			"for lines that the journal knows no user of, as other "
			"hosts' may be, or\n"
			".Ql any .\n"
			"A Postfix in a container writes as a user of the "
			"container, whose number\n"
			"is then that of somebody else, or nobody's, on this "
			"host.\n"
			"Lines of other users that look like Postfix's are "
			"left out, and this is\n"
			"logged: every user of the host can write some, with\n"
			".Xr logger 1 .\n",
	},
	{
		.section = "log",
		.name = "count_private",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.count_private),
		.comment = "Also deliveries to private and loopback "
			   "addresses.",
		.manual = "Whether deliveries to private and loopback "
			  "addresses are counted.\n"
			  "They are usually content filters and mailbox "
			  "servers.\n",
	},
	{
		.section = "log",
		.name = "by_relay",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.by_relay),
		.comment = "All mail leaves through a relay host: nothing "
			   "counts for recipients' domains.",
		.manual = "Whether all sessions are with next hops of this "
			  "site, whatever the\n"
			  "recipient's MX records say, and none counts for a "
			  "recipient's domain.\n"
			  "With\n"
			  ".Ql relayhost\n"
			  "in main.cf it need not be said.\n",
	},
	{
		.section = "log",
		.name = "allow_both",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(log.allow_both),
		.comment = "Count by the socket and by the log at once.",
		.manual = "Whether\n"
			  ".Xr tlstallyd 8\n"
			  "and\n"
			  ".Xr tlstally-logd 8\n"
			  "may count into one store.\n"
			  "If both count the same Postfix, sessions count "
			  "twice: set this only on a\n"
			  "host where one Postfix sends events and another "
			  "does not.\n",
	},
	{
		.section = "log",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "1s",
		.offset = AT(log.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counts go to disk, with the place in the "
			   "log.",
		.manual = "How often what was counted goes to the disk, "
			  "together with the\n"
			  "place in the log: what was not yet written is read "
			  "again.\n",
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
		.comment = "The owner of a unix socket; empty: who makes it.",
		.manual = "The owner of a unix socket, a name or a number.\n"
			  "Empty: the user that makes it.\n",
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
		.comment = "Its group; empty: that of who makes it.",
		.manual = "The group of a unix socket, a name or a number.\n"
			  "Empty: that of the user that makes it.\n",
	},
	{
		.section = "milter",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(milter.socket_mode),
		.min = 0,
		.max = 0777,
		.comment = "Its permissions, in octal.",
		.manual = "The permissions of a unix socket, in octal.\n"
			  "Anyone who can write to it, or reach the port, can "
			  "invent messages.\n",
	},
	{
		.section = "milter",
		.name = "commit_interval",
		.type = SETTING_SPAN_MS,
		.standard = "1s",
		.offset = AT(milter.commit_interval_ms),
		.min = 10,
		.max = HOUR * (uint64_t)1000,
		.comment = "How often counts go to disk: the most that a power "
			   "cut can take.",
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
		.comment = "Postfix transports that lead to other sites; "
			   "empty: smtp.",
		.manual = "The transports of Postfix\n"
			  ".Pq Pa master.cf\n"
			  "that lead to other sites, those of which sessions "
			  "are reported.\n"
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
		.comment = "Does a before-queue filter (smtpd_proxy_filter) "
			   "hand mail back from this host?",
		.manual = "Whether mail from this host may be what a "
			  "before-queue filter\n"
			  ".Pq Va smtpd_proxy_filter\n"
			  "hands back: how such mail came in is not seen, and "
			  "it counts as the filter's.\n"
			  ".Cm auto :\n"
			  "as\n"
			  ".Xr postconf 1\n"
			  "tells, at start and when\n"
			  ".Pa main.cf\n"
			  "or\n"
			  ".Pa master.cf\n"
			  "has changed.\n",
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
		.comment = "inet:ADDRESS:PORT of a resolver that validates; "
			   "empty: /etc/resolv.conf.",
		.manual = "The resolver to ask,\n"
			  ".Ql inet:127.0.0.1:53\n"
			  "or\n"
			  ".Ql inet:[::1]:5353 ;\n"
			  "without a port, port 53.\n"
			  "Empty: those of\n"
			  ".Pa /etc/resolv.conf .\n"
			  "DANE is seen only through one that validates "
			  "DNSSEC.\n",
	},
	{
		.section = "policy",
		.name = "trust_ad",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(policy.trust_ad),
		.comment = "Believe in DNSSEC from a resolver that is not on "
			   "this host.",
		.manual = "Whether a resolver on another host is believed when "
			  "it says that it\n"
			  "has validated an answer by DNSSEC.\n"
			  "Only where nobody can get between it and this "
			  "host.\n",
	},
	{
		.section = "policy",
		.name = "sts_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(policy.sts_ca_file),
		.max = PATH_LONG,
		.comment = "Who may vouch for MTA-STS hosts; empty: the "
			   "system's list.",
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
		.comment = "Fetch policies also from private and loopback "
			   "addresses; for tests.",
		.manual = "Whether MTA-STS policies may be fetched from "
			  "private, loopback and\n"
			  "other special addresses.\n"
			  "A stranger's DNS record chooses the host: leave it "
			  "off outside of\n"
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
		.comment = "One DNS question may take this long.",
		.manual = "The time limit for one question to the resolver, "
			  "including retries.\n",
	},
	{
		.section = "policy",
		.name = "threads",
		.type = SETTING_NUMBER,
		.standard = "8",
		.offset = AT(policy.threads),
		.min = 1,
		.max = 256,
		.comment = "Domains looked up at once.",
		.manual = "How many domains are looked up at the same time.\n",
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
		.manual = "How mail leaves:\n"
			  ".Ql smtp://HOST Ns Op :PORT ,\n"
			  "with STARTTLS when it is offered;\n"
			  ".Ql smtps://HOST Ns Op :PORT ,\n"
			  "with TLS from the first byte;\n"
			  ".Ql sendmail:/PATH ,\n"
			  "a program that takes mail as\n"
			  ".Xr sendmail 1\n"
			  "does; or\n"
			  ".Cm off .\n",
	},
	{
		.section = "deliver",
		.name = "mail_user",
		.type = SETTING_STRING,
		.standard = "",
		.offset = AT(deliver.mail_user),
		.max = NAME_LONG,
		.comment = "Log in to the mail server as; empty: no login.",
		.manual = "The user to log in as at the mail server.\n"
			  "Empty: no login.\n",
	},
	{
		.section = "deliver",
		.name = "mail_password_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.mail_password_file),
		.max = PATH_LONG,
		.secret = true,
		.comment = "A file whose first line is that user's password.",
		.manual = "A file whose first line is the password of\n"
			  ".Cm mail_user .\n"
			  "Only the owner of the store needs to be able to "
			  "read it.\n",
	},
	{
		.section = "deliver",
		.name = "mail_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.mail_ca_file),
		.max = PATH_LONG,
		.comment = "Who may vouch for the mail server; empty: the "
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
		.comment = "Insist on the mail server's certificate.",
		.manual = "Whether the mail server must use TLS with a valid "
			  "certificate.\n"
			  "Off by default: it is usually this host.\n",
	},
	{
		.section = "deliver",
		.name = "verp",
		.type = SETTING_BOOL,
		.standard = "no",
		.offset = AT(deliver.verp),
		.comment = "An envelope sender of its own for each report: "
			   "local+token@domain.",
		.manual = "Whether each report has an envelope sender of its "
			  "own,\n"
			  ".Ql local+token@domain ,\n"
			  "so that a bounce tells what bounced.\n"
			  "Leave it off until something reads the bounces:\n"
			  ".Xr tlstally-milter 8\n"
			  "or an alias for\n"
			  ".Ql tlstally bounce\n"
			  ".Pq Xr tlstally 1 .\n"
			  "Postfix needs\n"
			  ".Ql recipient_delimiter = +\n"
			  "for the answers.\n",
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
		.comment = "Also to private and loopback addresses; for "
			   "tests.",
		.manual = "Whether private, loopback and other special "
			  "addresses may be\n"
			  "connected to.\n"
			  "A stranger's DNS record chooses the destination: "
			  "leave it off\n"
			  "outside of tests.\n",
	},
	{
		.section = "deliver",
		.name = "https_verify",
		.type = SETTING_BOOL,
		.standard = "yes",
		.offset = AT(deliver.https_verify),
		.comment = "Insist on the receiver's certificate.",
		.manual = "Whether the receiver's certificate must be valid.\n"
			  "RFC 8460 section 3 lets a site deliver without.\n"
			  "TLS is 1.2 or later in any case.\n",
	},
	{
		.section = "deliver",
		.name = "https_ca_file",
		.type = SETTING_PATH,
		.standard = "",
		.offset = AT(deliver.https_ca_file),
		.max = PATH_LONG,
		.comment = "Who may vouch for a receiver; empty: the system's "
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
		.comment = "Also write each report here as .json.gz; empty: "
			   "no.",
		.manual = "Where each report is also written, as a\n"
			  ".Pa .json.gz\n"
			  "file; there alone when\n"
			  ".Cm mail\n"
			  "and\n"
			  ".Cm https\n"
			  "are both off.\n"
			  "Empty: none.\n",
	},
	{
		.section = "deliver",
		.name = "grace",
		.type = SETTING_SPAN,
		.standard = "10m",
		.offset = AT(report.grace),
		.min = 0,
		.max = DAY,
		.comment = "A day is closed this long after midnight UTC at "
			   "the earliest,",
		.manual = "The earliest time after its end at which a day is "
			  "closed.\n",
	},
	{
		.section = "deliver",
		.name = "max_grace",
		.type = SETTING_SPAN,
		.standard = "2h",
		.offset = AT(report.max_grace),
		.min = 0,
		.max = 2 * DAY,
		.comment = "and this long after it, even when a feed is "
			   "behind.",
		.manual = "The time after its end at which a day is closed "
			  "even if a source of\n"
			  "events has not counted past it.\n"
			  "Not less than\n"
			  ".Cm grace .\n",
	},
	{
		.section = "deliver",
		.name = "spread",
		.type = SETTING_SPAN,
		.standard = "4h",
		.offset = AT(report.spread),
		.min = 0,
		.max = DAY,
		.comment = "Reports leave spread over this time, each domain "
			   "at its own moment.",
		.manual = "Reports are sent over this period, so that a "
			  "receiver of many domains\n"
			  "does not get all of them at once.\n",
	},
	{
		.section = "deliver",
		.name = "concurrency",
		.type = SETTING_NUMBER,
		.standard = "64",
		.offset = AT(deliver.concurrency),
		.min = 1,
		.max = 1000,
		.comment = "Transfers at once, in all",
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
		.standard = "0",
		.offset = AT(deliver.rate_per_hour),
		.min = 0,
		.max = 1000000000,
		.comment = "Reports an hour, in all; 0: as many as there are",
		.manual = "Reports delivered in an hour, in all.\n"
			  "0: no limit.\n",
	},
	{
		.section = "deliver",
		.name = "rate_per_host",
		.type = SETTING_NUMBER,
		.standard = "0",
		.offset = AT(deliver.rate_per_host),
		.min = 0,
		.max = 1000000000,
		.comment = "and to one mail domain or host.",
		.manual = "Reports delivered in an hour to the addresses of "
			  "one domain, or\n"
			  "to one HTTPS host.\n"
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
		.comment = "One transfer by HTTPS may take this long.",
		.manual = "The time limit for one transfer by HTTPS; after "
			  "that it is tried again\n"
			  "later.\n",
	},
	{
		.section = "deliver",
		.name = "mail_timeout",
		.type = SETTING_SPAN,
		.standard = "10m",
		.offset = AT(deliver.mail_timeout),
		.min = 1,
		.max = HOUR,
		.comment = "The mail server may take this long to answer the "
			   "end of a message.",
		.manual =
			"How long the mail server may take to answer the end "
			"of "
			"a message; it may\n"
			"be scanning it.\n"
			"Its other replies are waited for as RFC 5321 section "
			"4.5.3.2 says (5\n"
			"minutes, to DATA 2, 3 for each piece of the text), "
			"and "
			"no longer than\n"
			"this.\n"
			"A message takes at most three times this, a "
			"connection until it is\n"
			"ready one and a half times.\n"
			"A program\n"
			".Pq Ql sendmail:\n"
			"is ended after this and\n"
			".Cm timeout\n"
			"together.\n",
	},
	{
		.section = "deliver",
		.name = "retry_for",
		.type = SETTING_SPAN,
		.standard = "24h",
		.offset = AT(deliver.retry_for),
		.min = MINUTE,
		.max = DAY,
		.comment = "Try again for this long after the first attempt.",
		.manual = "A destination is tried again for this long after "
			  "the first attempt,\n"
			  "at most 24 hours (RFC 8460 section 5.5).\n",
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
			  "port, as\n"
			  ".Ql inet:127.0.0.1:8460\n"
			  "or\n"
			  ".Ql inet:[::1]:8460 ,\n"
			  "or a unix socket,\n"
			  ".Ql unix:/run/tlstally/http.sock .\n"
			  "If you serve addresses other than loopback without\n"
			  ".Cm tls_cert\n"
			  "sends tokens in the clear.\n",
	},
	{
		.section = "http",
		.name = "socket_mode",
		.type = SETTING_MODE,
		.standard = "0660",
		.offset = AT(http.socket_mode),
		.max = 0777,
		.comment = "The mode of a unix socket.",
		.manual = "The mode of a unix socket; it belongs to the owner "
			  "of the store.\n",
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
			  "It is read at start, as root when started so.\n",
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
		.comment =
			"How clients reach us, as https://tally.example.com; "
			"empty: as they say.",
		.manual = "How clients reach the server, as\n"
			  ".Ql https://tally.example.com ,\n"
			  "when a proxy stands before it.\n"
			  "Empty: as they say in\n"
			  ".Ql Host: .\n",
	},
	{
		.section = "http",
		.name = "www",
		.type = SETTING_PATH,
		.standard = PKGDATADIR "/www",
		.offset = AT(http.www),
		.may_be_empty = true,
		.max = PATH_LONG,
		.comment = "The folder of the web page; empty: no web page.",
		.manual = "The folder that the files of the web page are in.\n"
			  "Empty: no web page is served.\n",
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
		.comment = "/metrics without a token.",
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
		.comment = "Connections at once,",
		.manual = "Connections at once; more have to wait.\n",
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
		.manual = "Connections at once from one address; more are "
			  "closed.\n"
			  "A proxy is one address.\n",
	},
};
const size_t settings_count = sizeof(settings) / sizeof(settings[0]);
