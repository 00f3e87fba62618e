#include "unit/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/conf.h"
#include "conf/fleet_hosts.h"
#include "conf/settings.h"
#include "conf/value.h"

/* The text of the setting "section.name". */
static char *text_of(const struct conf *conf, const char *path)
{
	char section[64], name[64];
	struct strbuf out = {0};

	assert_int_equal(sscanf(path, "%63[^.].%63s", section, name), 2);
	assert_non_null(settings_find(section, name));
	value_write(settings_find(section, name), conf, &out);
	return strbuf_take(&out);
}

static void assert_text(const struct conf *conf, const char *path,
                        const char *want)
{
	auto_(xfree_str) char *got = text_of(conf, path);

	assert_string_equal(got, want);
}

static int read_string(struct conf *conf, const char *text, struct err *err)
{
	return conf_read_text(conf, "t.conf", text, strlen(text), err);
}

static void test_defaults(void **state)
{
	/* As the design has them; scripts of others build on these. */
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"report.organization_name", ""},
		{"report.contact_info", ""},
		{"report.sender", ""},
		{"report.mode", "preview"},
		{"report.own_sessions", "auto"},
		{"report.deny", ""},
		{"report.redirect", ""},
		{"report.always_bcc", ""},
		{"report.bcc", ""},
		{"report.max_report_size", "5M"},
		{"report.max_report_age", "2d"},
		{"store.directory", LOCALSTATEDIR "/lib/tlstally"},
		{"store.map_size", "64G"},
		{"store.rehearsal", "no"},
		{"store.keep_days", "30"},
		{"store.archive_days", "90"},
		{"store.max_policies", "32"},
		{"store.max_details", "1000"},
		{"events.socket", "unix:" TLSRPT_SOCKET},
		{"events.socket_owner", "tlstally"},
		{"events.socket_group", "postfix"},
		{"events.socket_mode", "0660"},
		{"events.commit_interval", "1s"},
		{"events.bad_input_directory", ""},
		{"events.bad_input_max", "100"},
		{"log.source", "journal"},
		{"log.file", "/var/log/mail.log"},
		{"log.enforces", ""},
		{"log.postfix_config_directory", ""},
		{"log.tls_loglevel", ""},
		{"log.routed", "auto"},
		{"log.next_hops", ""},
		{"log.journal_users", ""},
		{"log.count_private", "no"},
		{"log.by_relay", "no"},
		{"log.allow_both", "no"},
		{"log.complete_events", "no"},
		{"log.commit_interval", "1s"},
		{"milter.socket", "inet:127.0.0.1:8892"},
		{"milter.socket_owner", "tlstally"},
		{"milter.socket_group", "postfix"},
		{"milter.socket_mode", "0660"},
		{"milter.commit_interval", "10s"},
		{"milter.remote_mailers", ""},
		{"milter.before_queue_filter", "auto"},
		{"policy.resolver", ""},
		{"policy.trust_ad", "no"},
		{"policy.sts_ca_file", ""},
		{"policy.allow_private", "no"},
		{"policy.timeout", "5s"},
		{"policy.queries_per_second", "500"},
		{"policyd.socket",
	         "unix:" QUEUE_DIRECTORY "/run/tlstally/policyd.sock"},
		{"policyd.socket_owner", "tlstally"},
		{"policyd.socket_group", "postfix"},
		{"policyd.socket_mode", "0660"},
		{"policyd.level", ""},
		{"policyd.dane_only", "no"},
		{"policyd.on_failure", "pass"},
		{"policyd.defer_for", "1h"},
		{"policyd.timeout", "5s"},
		{"policyd.overrides", ""},
		{"received.domains", ""},
		{"received.authserv_id", ""},
		{"received.received_above", "0"},
		{"received.addresses", ""},
		{"received.milter_behind_filter", "no"},
		{"received.post_path", ""},
		{"received.max_size", "25M"},
		{"received.max_unauthenticated", "1000"},
		{"received.max_unauthenticated_size", "50M"},
		{"received.max_per_submitter", "1000"},
		{"received.max_per_submitter_size", "100M"},
		{"received.keep", "90d"},
		{"received.count_unauthenticated", "no"},
		{"received.count_https", "no"},
		{"fleet.name", ""},
		{"fleet.expect", ""},
		{"fleet.fetchers", ""},
		{"fleet.deadline", "6h"},
		{"fleet.ledger", ""},
		{"fleet.ship", "15m"},
		{"deliver.mail", "smtp://127.0.0.1:25"},
		{"deliver.mail_user", ""},
		{"deliver.mail_password_file", ""},
		{"deliver.mail_ca_file", ""},
		{"deliver.mail_verify", "no"},
		{"deliver.verp", "no"},
		{"deliver.https", "on"},
		{"deliver.https_allow_private", "no"},
		{"deliver.https_verify", "yes"},
		{"deliver.https_ca_file", ""},
		{"deliver.directory", ""},
		{"deliver.grace", "10m"},
		{"deliver.max_grace", "2h"},
		{"deliver.spread", "4h"},
		{"deliver.concurrency", "64"},
		{"deliver.concurrency_per_host", "8"},
		{"deliver.rate_per_hour", "0"},
		{"deliver.rate_per_host", "0"},
		{"deliver.timeout", "1m"},
		{"deliver.mail_timeout", "10m"},
		{"deliver.retry_for", "1d"},
		{"http.listen", "inet:127.0.0.1:8460"},
		{"http.socket_mode", "0660"},
		{"http.tls_cert", ""},
		{"http.tls_key", ""},
		{"http.url", ""},
		{"http.redirect_uris", ""},
		{"http.www", PKGDATADIR "/www"},
		{"http.static", ""},
		{"http.metrics", "inet:127.0.0.1:8461"},
		{"http.open_metrics", "no"},
		{"http.max_connections", "1000"},
		{"http.max_per_address", "100"},
		{"http.trusted_proxies", ""},
		{"http.proxy_header", "x-forwarded-for"},
	};
	auto_(conf_clear) struct conf conf;

	(void)state;
	conf_init(&conf);
	assert_int_equal(COUNT(rows), settings_count);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_text(&conf, rows[i].name, rows[i].want);
	}
	assert_int_equal(conf.report.spread, 4 * 3600);
	assert_int_equal(conf.events.commit_interval_ms, 1000);
	assert_int_equal(conf.events.socket_mode, 0660);
	assert_true(conf.store.map_size == UINT64_C(64) << 30);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings[i];

		print_message("  - %s.%s\n", row->section, row->name);
		assert_non_null(settings_find_section(row->section));
		assert_ptr_equal(settings_find(row->section, row->name), row);
		assert_true(strlen(row->name) < 49); /* libinih cuts there */
		assert_true(strlen(row->comment) <= 80);
		assert_null(strchr(row->comment, '\n'));
		assert_int_equal(row->manual[strlen(row->manual) - 1], '\n');
		assert_true((row->type == SETTING_ENUM) ==
		            (row->words != NULL));
		/* int64_t and uint64_t are read by one function */
		assert_true(row->max < INT64_MAX);
	}
}

static void test_values(void **state)
{
	static const struct {
		const char *name, *set, *at, *want;
	} rows[] = {
		{"seconds", "deliver.grace=90s", "deliver.grace", "90s"},
		{"minutes", "deliver.grace=60s", "deliver.grace", "1m"},
		{"hours", "deliver.spread=12h", "deliver.spread", "12h"},
		{"days", "deliver.spread=24h", "deliver.spread", "1d"},
		{"no time", "deliver.spread=0", "deliver.spread", "0s"},
		{"milliseconds", "events.commit_interval=200ms",
	         "events.commit_interval", "200ms"},
		{"seconds among milliseconds", "events.commit_interval=2s",
	         "events.commit_interval", "2s"},
		{"bytes", "report.max_report_size=4097",
	         "report.max_report_size", "4097"},
		{"K", "report.max_report_size=64K", "report.max_report_size",
	         "64K"},
		{"1024 K are an M", "report.max_report_size=1024K",
	         "report.max_report_size", "1M"},
		{"G", "store.map_size=1024M", "store.map_size", "1G"},
		{"a number", "store.keep_days=7", "store.keep_days", "7"},
		{"yes", "deliver.verp=yes", "deliver.verp", "yes"},
		{"on", "deliver.verp=on", "deliver.verp", "yes"},
		{"true", "deliver.verp=true", "deliver.verp", "yes"},
		{"no", "deliver.https=no", "deliver.https", "off"},
		{"false", "deliver.https=false", "deliver.https", "off"},
		{"octal", "events.socket_mode=600", "events.socket_mode",
	         "0600"},
		{"a word", "report.mode=failures-only", "report.mode",
	         "failures-only"},
		{"a path", "store.directory=/x", "store.directory", "/x"},
		{"an empty path that may be",
	         "deliver.directory=", "deliver.directory", ""},
		{"an owner by number", "events.socket_owner=0",
	         "events.socket_owner", "0"},
		{"no owner", "events.socket_owner=", "events.socket_owner", ""},
		{"UTF-8", "report.organization_name=Post M\xc3\xbcller; KG",
	         "report.organization_name", "Post M\xc3\xbcller; KG"},
		{"an equals sign in the value",
	         "report.organization_name=a=b.c", "report.organization_name",
	         "a=b.c"},
		{"a list", "report.deny=example.com,@b.example , t@c.example,",
	         "report.deny", "example.com, @b.example, t@c.example"},
		{"patterns",
	         "report.deny=!x.example.com,.example.com,"
	         "m\xc3\xbcller.example,.,mailto:@c.example, "
	         "https://.d.example,@.b.example,@.",
	         "report.deny",
	         "!x.example.com, .example.com, m\xc3\xbcller.example, ., "
	         "mailto:@c.example, https://.d.example, @.b.example, @."},
		{"a redirection to two, and an exception",
	         "report.redirect=!a.example,. -> mailto:t@b.example  "
	         "https://c.example/",
	         "report.redirect",
	         "!a.example, . -> mailto:t@b.example  https://c.example/"},
		{"redirections",
	         "report.redirect=a.example->mailto:t@b.example, @c.example "
	         "-> https://d.example:8443/tls?x",
	         "report.redirect",
	         "a.example->mailto:t@b.example, @c.example -> "
	         "https://d.example:8443/tls?x"},
		{"a milter on IPv6", "milter.socket=inet:[::1]:8892",
	         "milter.socket", "inet:[::1]:8892"},
		{"a milter on a name", "milter.socket=inet:localhost:65535",
	         "milter.socket", "inet:localhost:65535"},
		{"a host", "deliver.mail=smtp://localhost", "deliver.mail",
	         "smtp://localhost"},
		{"a port", "deliver.mail=smtps://mail.example.com:465",
	         "deliver.mail", "smtps://mail.example.com:465"},
		{"IPv6", "deliver.mail=smtp://[::1]:2525", "deliver.mail",
	         "smtp://[::1]:2525"},
		{"both policies", "log.enforces=dane, STS", "log.enforces",
	         "dane, STS"},
		{"no policy at all", "log.enforces=none", "log.enforces",
	         "none"},
		{"a resolver", "policy.resolver=inet:127.0.0.1",
	         "policy.resolver", "inet:127.0.0.1"},
		{"a resolver's port", "policy.resolver=inet:[::1]:5353",
	         "policy.resolver", "inet:[::1]:5353"},
		{"half a second", "policy.timeout=500ms", "policy.timeout",
	         "500ms"},
		{"sendmail", "deliver.mail=sendmail:/usr/sbin/sendmail",
	         "deliver.mail", "sendmail:/usr/sbin/sendmail"},
		{"no mail", "deliver.mail=off", "deliver.mail", "off"},
		{"a full dot-atom", "report.contact_info=a.b+c@x.example.com",
	         "report.contact_info", "a.b+c@x.example.com"},
		{"a domain in capitals", "report.contact_info=TLS@X.Example",
	         "report.contact_info", "TLS@x.example"},
		{"a sender's, too", "report.sender=TLS@X.Example",
	         "report.sender", "TLS@x.example"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		if (conf_set(&conf, rows[i].set, &err) < 0)
			fail_msg("%s", err.text);
		assert_text(&conf, rows[i].at, rows[i].want);
		assert_int_equal(conf.remarks.count, 0);
	}
}

/* It is still read, kept in today's notation, and remarked upon. */
static void test_notations_of_the_past(void **state)
{
	static const struct {
		const char *name, *set, *at, *want, *remark;
	} rows[] = {
		{"a span without a unit", "deliver.grace=90", "deliver.grace",
	         "90s",
	         "[deliver] grace: '90' is read as '90s', but a later "
	         "release will not accept it"},
		{"the same of milliseconds", "events.commit_interval=2",
	         "events.commit_interval", "2s", "'2' is read as '2s'"},
		{"a socket's path", "events.socket=/run/x.sock",
	         "events.socket", "unix:/run/x.sock",
	         "[events] socket: '/run/x.sock' is read as"},
		{"a milter as libmilter writes it",
	         "milter.socket=inet:8892@127.0.0.1", "milter.socket",
	         "inet:127.0.0.1:8892", "'inet:8892@127.0.0.1' is read as"},
		{"on IPv6", "milter.socket=inet6:8892@::1", "milter.socket",
	         "inet:[::1]:8892", "is read as 'inet:[::1]:8892'"},
		{"on a name", "milter.socket=inet:8892@localhost",
	         "milter.socket", "inet:localhost:8892", "is read as"},
		{"libmilter's other word for unix",
	         "milter.socket=local:/run/m.sock", "milter.socket",
	         "unix:/run/m.sock", "is read as"},
		{"where the API was served", "http.listen=127.0.0.1:8460",
	         "http.listen", "inet:127.0.0.1:8460", "[http] listen: '127."},
		{"on IPv6", "http.listen=[::1]:8460", "http.listen",
	         "inet:[::1]:8460", "is read as"},
		{"a resolver", "policy.resolver=192.0.2.1", "policy.resolver",
	         "inet:192.0.2.1", "is read as"},
		{"and its port", "policy.resolver=127.0.0.1@5353",
	         "policy.resolver", "inet:127.0.0.1:5353", "is read as"},
		{"with a colon", "policy.resolver=127.0.0.1:5353",
	         "policy.resolver", "inet:127.0.0.1:5353", "is read as"},
		{"on IPv6", "policy.resolver=2001:db8::1", "policy.resolver",
	         "inet:[2001:db8::1]", "is read as"},
		{"and its port", "policy.resolver=::1@5353", "policy.resolver",
	         "inet:[::1]:5353", "is read as"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		if (conf_set(&conf, rows[i].set, &err) < 0)
			fail_msg("%s", err.text);
		assert_text(&conf, rows[i].at, rows[i].want);
		assert_int_equal(conf.remarks.count, 1);
		if (strstr(conf.remarks.items[0], rows[i].remark) == NULL)
			fail_msg("%s", conf.remarks.items[0]);
	}
}

/* Said with the line, and nothing else changes. */
static void test_items_without_effect(void **state)
{
	static const struct {
		const char *name, *items, *want; /* NULL: nothing is said */
	} rows[] = {
		{"twice", "a.example, A.example",
	         "'A.example' has no effect: "
	         "'a.example' comes first"},
		{"below it", ".example.com, x.example.com",
	         "'x.example.com' has no effect: '.example.com'"},
		{"not itself", ".example.com, example.com", NULL},
		{"below what is below", ".example.com, .x.example.com",
	         "'.x.example.com' has no effect"},
		{"the other way round", ".x.example.com, .example.com", NULL},
		{"after all", "., example.com", "'example.com' has no effect"},
		{"an exception too late", ".example.com, !x.example.com",
	         "'!x.example.com' has no effect"},
		{"an exception in time", "!x.example.com, .example.com", NULL},
		{"domains hide no places", "., @example.com", NULL},
		{"a place hides its addresses", "@example.com, T@example.com",
	         "'T@example.com' has no effect"},
		{"of HTTPS alone it hides none",
	         "https://example.com, t@example.com", NULL},
		{"nor places of mail",
	         "https://example.com, mailto:@example.com", NULL},
		{"but those", "@example.com, https://example.com",
	         "'https://example.com' has no effect"},
		{"a part hides not the whole",
	         "mailto:@example.com, @example.com", NULL},
		{"an address twice", "t@example.com, t@EXAMPLE.com",
	         "'t@EXAMPLE.com' has no effect"},
		{"another address", "t@example.com, u@example.com", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		auto_(xfree_str) char *text =
			xasprintf("[report]\n\ndeny = %s\n", rows[i].items);
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		if (conf_read_text(&conf, "x.conf", text, strlen(text), &err) <
		    0)
			fail_msg("%s", err.text);
		assert_int_equal(conf.report.deny.count, 2);
		assert_int_equal(conf.remarks.count, rows[i].want != NULL);
		if (rows[i].want == NULL)
			continue;
		if (strstr(conf.remarks.items[0],
		           "x.conf:3: [report] deny: ") !=
		            conf.remarks.items[0] ||
		    strstr(conf.remarks.items[0], rows[i].want) == NULL)
			fail_msg("%s", conf.remarks.items[0]);
	}
}

static void test_bad_values(void **state)
{
	static const struct {
		const char *name, *set;
		int class;
		const char *words;
	} rows[] = {
		{"no section", "grace=1s", ERR_PARSE,
	         "'grace=1s' is not of the form section.name=value"},
		{"no value", "deliver.grace", ERR_PARSE,
	         "'deliver.grace' is not of the form section.name=value"},
		{"no span", "deliver.grace=soon", ERR_PARSE,
	         "[deliver] grace: 'soon' is not a time span (like 90s, "
	         "10m, 4h, 2d)"},
		{"no such unit", "deliver.grace=3w", ERR_PARSE,
	         "[deliver] grace: '3w' is not a time span"},
		{"a negative span", "deliver.grace=-1s", ERR_PARSE,
	         "[deliver] grace: '-1s' is not a time span"},
		{"milliseconds where seconds are counted",
	         "deliver.grace=200ms", ERR_PARSE,
	         "[deliver] grace: '200ms' is not a time span"},
		{"an empty span", "deliver.grace=", ERR_PARSE,
	         "[deliver] grace: '' is not a time span"},
		{"too long a span", "deliver.grace=2d", ERR_LIMIT,
	         "[deliver] grace: 2d is more than 1d"},
		{"too short a span", "deliver.timeout=0s", ERR_LIMIT,
	         "[deliver] timeout: 0s is less than 1s"},
		{"digits past 64 bits", "deliver.grace=18446744073709551616s",
	         ERR_LIMIT,
	         "[deliver] grace: 18446744073709551616s is more than 1d"},
		{"a product past 64 bits", "deliver.grace=300000000000000000d",
	         ERR_LIMIT, "is more than 1d"},
		{"too short an interval", "events.commit_interval=9ms",
	         ERR_LIMIT, "[events] commit_interval: 9ms is less than 10ms"},
		{"too long an interval", "events.commit_interval=61m",
	         ERR_LIMIT, "[events] commit_interval: 61m is more than 1h"},
		{"no size", "store.map_size=big", ERR_PARSE,
	         "[store] map_size: 'big' is not a size (like 4096, 64K, 5M, "
	         "1G)"},
		{"a size past 64 bits", "store.map_size=99999999999G",
	         ERR_LIMIT, "is more than 65536G"},
		{"too small a map", "store.map_size=4096", ERR_LIMIT,
	         "[store] map_size: 4096 is less than 1M"},
		{"no number", "store.keep_days=a month", ERR_PARSE,
	         "[store] keep_days: 'a month' is not a number"},
		{"a number with a unit", "store.keep_days=30d", ERR_PARSE,
	         "[store] keep_days: '30d' is not a number"},
		{"too small a number", "store.keep_days=0", ERR_LIMIT,
	         "[store] keep_days: 0 is less than 1"},
		{"neither yes nor no", "deliver.verp=maybe", ERR_PARSE,
	         "[deliver] verp: 'maybe' is not yes or no"},
		{"no octal", "events.socket_mode=0668", ERR_PARSE,
	         "[events] socket_mode: '0668' is not permissions in octal "
	         "(like 0660)"},
		{"setuid", "events.socket_mode=4755", ERR_LIMIT,
	         "[events] socket_mode: 4755 is more than 0777"},
		{"no such word", "report.mode=none", ERR_PARSE,
	         "[report] mode: 'none' is not one of preview, all, "
	         "failures-only, off"},
		{"a relative path", "store.directory=var/lib", ERR_PARSE,
	         "[store] directory: 'var/lib' is not an absolute path"},
		{"an empty path", "store.directory=", ERR_PARSE,
	         "[store] directory: must not be empty"},
		{"an empty transport", "deliver.mail=", ERR_PARSE,
	         "[deliver] mail: must not be empty"},
		{"a socket's path too long",
	         "events.socket=unix:/23456789012345678901234567890123456789012"
	         "3456789012345678901234567890123456789012345678901234567890123"
	         "456789",
	         ERR_LIMIT, "the path is longer than 107 bytes"},
		{"no user", "events.socket_owner=a b", ERR_PARSE,
	         "[events] socket_owner: 'a b' is not the name of a user or "
	         "group"},
		{"a control character", "report.organization_name=a\tb",
	         ERR_PARSE,
	         "[report] organization_name: a control character (0x09)"},
		{"a line's end", "report.organization_name=a\r\nBcc: x",
	         ERR_PARSE, "a control character (0x0d)"},
		{"no UTF-8", "report.organization_name=M\xfcller", ERR_PARSE,
	         "[report] organization_name: not UTF-8"},
		{"what would be a comment", "report.organization_name=a ;b",
	         ERR_PARSE, "a ; begins a comment"},
		{"a semicolon first", "report.organization_name=;b", ERR_PARSE,
	         "a ; begins a comment"},
		{"a space first", "report.organization_name= b", ERR_PARSE,
	         "a space at the end"},
		{"no address", "report.contact_info=example.com", ERR_PARSE,
	         "[report] contact_info: 'example.com' is not a mail address"},
		{"a display name", "report.contact_info=TLS <a@b.example>",
	         ERR_PARSE, "is not a mail address"},
		{"two dots", "report.contact_info=a..b@c.example", ERR_PARSE,
	         "is not a mail address"},
		{"a dot at the end", "report.contact_info=a.@c.example",
	         ERR_PARSE, "is not a mail address"},
		{"no local part", "report.contact_info=@c.example", ERR_PARSE,
	         "is not a mail address"},
		{"a quoted local part", "report.contact_info=\"a\"@c.example",
	         ERR_PARSE, "is not a mail address"},
		{"a domain without a dot", "report.contact_info=a@localhost",
	         ERR_PARSE,
	         "[report] contact_info: 'localhost' is not a domain (like "
	         "example.com"},
		{"an address literal", "report.contact_info=a@[127.0.0.1]",
	         ERR_PARSE, "'[127.0.0.1]' is not a domain"},
		{"a final dot", "report.contact_info=a@c.example.", ERR_PARSE,
	         "'c.example.' is not a domain"},
		{"a U-label", "report.contact_info=a@m\xc3\xbcller.example",
	         ERR_PARSE, "an internationalized domain as xn--..."},
		{"a hyphen first", "report.contact_info=a@-c.example",
	         ERR_PARSE, "'-c.example' is not a domain"},
		{"a denied host without a dot", "report.deny=x.example,com",
	         ERR_PARSE, "[report] deny: 'com' is not a domain"},
		{"a denied rua domain", "report.deny=@", ERR_PARSE,
	         "[report] deny: '' is not a domain"},
		{"a denied address", "report.deny=a b@c.example", ERR_PARSE,
	         "[report] deny: 'a b@c.example' is not a mail address"},
		{"a page without a directory", "http.static=/admin", ERR_PARSE,
	         "'/PATH /DIRECTORY'"},
		{"a page at the root", "http.static=/ /srv/webui", ERR_PARSE,
	         "'/PATH /DIRECTORY'"},
		{"a page whose path ends in a slash",
	         "http.static=/admin/ /srv/webui", ERR_PARSE,
	         "'/PATH /DIRECTORY'"},
		{"a page with dots in its path", "http.static=/a/../b /srv/x",
	         ERR_PARSE, "a path of letters"},
		{"a page at a path of ours", "http.static=/jmap/x /srv/webui",
	         ERR_PARSE, "a path of the server itself"},
		{"a path that leads back", "http.url=https://a.example/x/..",
	         ERR_PARSE,
	         "[http] url: 'https://a.example/x/..': a path "
	         "consists of /, letters, digits and -._~"},
		{"a path with an empty segment",
	         "http.url=https://a.example//x", ERR_PARSE,
	         "a path consists of"},
		{"a path with an escape", "http.url=https://a.example/%2e",
	         ERR_PARSE, "a path consists of"},
		{"a URL with a query", "http.url=https://a.example/?x",
	         ERR_PARSE, "a path consists of"},
		{"a proxy by name", "http.trusted_proxies=proxy.example",
	         ERR_PARSE, "'proxy.example' is not an address or a network"},
		{"no arrow", "report.redirect=a.example", ERR_PARSE,
	         "[report] redirect: 'a.example' is not of the form 'what -> "
	         "URI'"},
		{"nothing redirected", "report.redirect=->https://a.example",
	         ERR_PARSE, "is not of the form 'what -> URI'"},
		{"redirected to no URI", "report.redirect=a.example -> b@c.d",
	         ERR_PARSE, "'b@c.d' is not a mailto: or https: URI"},
		{"redirected in the clear",
	         "report.redirect=a.example -> http://b.example", ERR_PARSE,
	         "is not a mailto: or https: URI"},
		{"redirected to user info",
	         "report.redirect=a.example -> https://u:p@b.example/",
	         ERR_PARSE, "is not a domain"},
		{"redirected to an URI with a space",
	         "report.redirect=a.example -> https://b.example/x y",
	         ERR_PARSE, "'y' is not a mailto: or https: URI"},
		{"redirected to an address without a scheme",
	         "report.redirect=a.example -> t@b.example", ERR_PARSE,
	         "is not a mailto: or https: URI (like mailto:t@b.example)"},
		{"an exception goes nowhere",
	         "report.redirect=!a.example -> mailto:t@b.example", ERR_PARSE,
	         "what begins with ! goes nowhere else"},
		{"an arrow to nothing", "report.bcc=a.example ->", ERR_PARSE,
	         "[report] bcc: 'a.example ->': no URI follows ->"},
		{"an arrow where none belongs",
	         "report.deny=a.example -> mailto:t@b.example", ERR_PARSE,
	         "nothing may follow"},
		{"addresses below a domain", "report.deny=t@.b.example",
	         ERR_PARSE, "only an address of one domain"},
		{"a scheme and no place", "report.deny=mailto:b.example",
	         ERR_PARSE, "is not mailto:ADDRESS or mailto:@DOMAIN"},
		{"two dots", "report.deny=..example", ERR_PARSE,
	         "'..example' is not a domain (like example.com, .example.com "
	         "for all domains below it, or . for all)"},
		{"a star", "report.deny=*.example.com", ERR_PARSE,
	         "'*.example.com' is not a domain"},
		{"a copy to no URI", "report.always_bcc=t@b.example", ERR_PARSE,
	         "[report] always_bcc: 't@b.example' is not a mailto: or "
	         "https: URI (like mailto:t@b.example)"},
		{"no transport", "deliver.mail=127.0.0.1:25", ERR_PARSE,
	         "[deliver] mail: '127.0.0.1:25' is not one of smtp://HOST, "
	         "smtps://HOST, sendmail:/PATH, off"},
		{"a milter's port without address", "milter.socket=inet:8892",
	         ERR_PARSE,
	         "[milter] socket: 'inet:8892': no port (like "
	         "inet:127.0.0.1:8892)"},
		{"a milter's address without port", "milter.socket=inet:[::1]",
	         ERR_PARSE, "[milter] socket: 'inet:[::1]': no port"},
		{"a milter's port 0", "milter.socket=inet:127.0.0.1:0",
	         ERR_PARSE, "a port (1 to 65535)"},
		{"IPv6 in brackets, where libmilter has none",
	         "milter.socket=inet6:8892@[::1]", ERR_PARSE,
	         "[milter] socket: 'inet:[[::1]]:8892': no host name"},
		{"a milter's socket with a relative path",
	         "milter.socket=unix:tlstally/milter.sock", ERR_PARSE,
	         "[milter] socket: 'unix:tlstally/milter.sock' is "
	         "not of the form unix:/PATH"},
		{"a milter's socket of another type",
	         "milter.socket=fifo:/run/milter.sock", ERR_PARSE,
	         "[milter] socket: "},
		{"the API at a name", "http.listen=inet:localhost:8460",
	         ERR_PARSE,
	         "[http] listen: 'inet:localhost:8460' is not an IP "
	         "address (like inet:127.0.0.1:53 or inet:[::1]:53)"},
		{"no milter socket at all", "milter.socket=", ERR_PARSE,
	         "[milter] socket: must not be empty"},
		{"a milter's path of 108 bytes",
	         "milter.socket=unix:/"
	         "2345678901234567890123456789012345678901234567890"
	         "1234567890123456789012345678901234567890123456789012345678",
	         ERR_LIMIT, "the path is longer than 107 bytes"},
		{"a transport that is none",
	         "milter.remote_mailers=smtp:", ERR_PARSE,
	         "[milter] remote_mailers: 'smtp:' is not the name of a "
	         "transport in Postfix's master.cf"},
		{"no host", "deliver.mail=smtp://", ERR_PARSE,
	         "[deliver] mail: 'smtp://': no host name"},
		{"a path", "deliver.mail=smtp://a.example/x", ERR_PARSE,
	         "no host name"},
		{"no IPv6", "deliver.mail=smtp://[::g]", ERR_PARSE,
	         "no host name"},
		{"port 0", "deliver.mail=smtp://a.example:0", ERR_PARSE,
	         "only a port (1 to 65535) may follow the host name"},
		{"port 65536", "deliver.mail=smtp://a.example:65536", ERR_PARSE,
	         "a port (1 to 65535)"},
		{"an empty port", "deliver.mail=smtp://[::1]:", ERR_PARSE,
	         "a port (1 to 65535)"},
		{"no policy", "log.enforces=dane tlsa", ERR_PARSE,
	         "[log] enforces: 'dane tlsa' is not one of dane, sts, none"},
		{"a level of Postfix's that is not for here",
	         "policyd.level=secure", ERR_PARSE,
	         "[policyd] level: 'secure' is not one of may, encrypt, dane"},
		{"no such source", "log.source=syslog", ERR_PARSE,
	         "[log] source: 'syslog' is not one of journal, file, stdin"},
		{"a resolver's name", "policy.resolver=localhost", ERR_PARSE,
	         "[policy] resolver: 'inet:localhost' is not an IP address "
	         "(like inet:127.0.0.1:53 or inet:[::1]:53)"},
		{"too many queries", "policy.queries_per_second=1000001",
	         ERR_LIMIT,
	         "[policy] queries_per_second: 1000001 is more than 1000000"},
		{"a relative program", "deliver.mail=sendmail:sendmail",
	         ERR_PARSE, "the path of the program must begin with /"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		auto_(strbuf_clear) struct strbuf changed = {0};
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		assert_int_equal(conf_set(&conf, rows[i].set, &err),
		                 rows[i].class);
		assert_int_equal(err.class, rows[i].class);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s", err.text);
		conf_print(&conf, CONF_PRINT_CHANGED, &changed);
		assert_string_equal(strbuf_text(&changed), "");
	}
}

static void test_files(void **state)
{
	static const struct {
		const char *name, *text, *at, *want;
	} rows[] = {
		{"an empty file", "", "report.mode", "preview"},
		{"no newline at its end", "[report]\nmode=all", "report.mode",
	         "all"},
		{"CR LF", "[report]\r\nmode = all\r\n", "report.mode", "all"},
		{"a byte order mark", "\xef\xbb\xbf[report]\nmode = all\n",
	         "report.mode", "all"},
		{"comments",
	         "# one\n; two\n[report] ; three\n  # four\nmode = all ; "
	         "five\n",
	         "report.mode", "all"},
		{"an indented line is no continuation",
	         "[report]\norganization_name = a\n  mode = all\n",
	         "report.mode", "all"},
		{"and does not change the one before",
	         "[report]\norganization_name = a\n  mode = all\n",
	         "report.organization_name", "a"},
		{"a section twice",
	         "[report]\nmode = all\n[store]\nkeep_days = 1\n[report]\n"
	         "sender = a@b.example\n",
	         "report.sender", "a@b.example"},
		{"a list twice",
	         "[report]\ndeny = a.example\ndeny = b.example, c.example\n",
	         "report.deny", "a.example, b.example, c.example"},
		{"a semicolon inside a word",
	         "[report]\norganization_name = a;b\n",
	         "report.organization_name", "a;b"},
		{"space around everything",
	         "[report]\n\t organization_name\t=  a b \t \n",
	         "report.organization_name", "a b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		if (read_string(&conf, rows[i].text, &err) < 0)
			fail_msg("%s", err.text);
		assert_text(&conf, rows[i].at, rows[i].want);
	}
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *name, *text, *words;
	} rows[] = {
		{"before any section", "# x\nmode = all\n",
	         "t.conf:2: 'mode' appears before the first [section]"},
		{"no equals sign", "[report]\nmode all\n",
	         "t.conf:2: neither a [section] nor 'name = value'"},
		{"the first of two, libinih's",
	         "[report]\nmode all\nmode = nothing\n", "t.conf:2: neither"},
		{"the first of two, ours",
	         "[report]\nmode = nothing\nmode all\n",
	         "t.conf:2: [report] mode: 'nothing' is not one of"},
		{"the first of two, both ours",
	         "[report]\nmode = nothing\n[stor]\n",
	         "t.conf:2: [report] mode: 'nothing' is not one of"},
		{"a section like one", "[reports]\n",
	         "t.conf:1: unknown section [reports]; did you mean "
	         "[report]?"},
		{"a section like none", "\n\n[kitchen]\nmode = all\n",
	         "t.conf:3: unknown section [kitchen]"},
		{"a section not closed", "[report\nmode = all\n",
	         "t.conf:1: missing ']' after the name of the section"},
		{"a setting behind a section", "[report] mode = all\n",
	         "t.conf:1: text after [report]"},
		{"a setting like one", "[report]\norganisation_name = x\n",
	         "t.conf:2: unknown setting 'organisation_name' in [report]; "
	         "did you mean 'organization_name'?"},
		{"a setting in capitals", "[report]\nMode = all\n",
	         "did you mean 'mode'?"},
		{"a setting of another section", "[report]\nmap_size = 1G\n",
	         "t.conf:2: unknown setting 'map_size' in [report]; it "
	         "belongs in [store]"},
		{"a setting like none", "[report]\ncolour = blue\n",
	         "t.conf:2: unknown setting 'colour' in [report]"},
		{"a long unknown name",
	         "[report]\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	         "aaaaaaaaaaaaaaaaaaaaa = 1\n",
	         "unknown setting 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' "
	         "in [report]"},
		{"twice", "[report]\nmode = all\n\nmode = all\n",
	         "t.conf:4: [report] mode is set twice; the first time on "
	         "line 2"},
		{"a value out of range", "[deliver]\ntimeout = 2h ; long\n",
	         "t.conf:2: [deliver] timeout: 2h is more than 1h"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		assert_true(read_string(&conf, rows[i].text, &err) < 0);
		if (strncmp(err.text, rows[i].words, strlen("t.conf:")) == 0)
			assert_memory_equal(err.text, rows[i].words,
			                    strlen(rows[i].words));
		else if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s", err.text);
		assert_int_equal(conf_read_text(&conf, "t.conf", rows[i].text,
		                                strlen(rows[i].text), NULL),
		                 err.class);
	}
}

/* A second line of len bytes, without its end. */
static int read_line_of(size_t len, struct err *err)
{
	static const char head[] = "[report]\ndeny = ";
	size_t start = strlen("[report]\n");
	auto_(conf_clear) struct conf conf;
	auto_(strbuf_clear) struct strbuf text = {0};

	strbuf_puts(&text, head);
	while (text.len < start + len)
		strbuf_puts(&text, text.len == start + len - 1 ? "," : ", ");
	text.data[start + len] = '\0';
	conf_init(&conf);
	return conf_read_text(&conf, "t.conf", text.data, start + len, err);
}

static void test_long_lines(void **state)
{
	struct err err = {0};
	char *limit;
	size_t longest;

	(void)state;
	assert_int_equal(read_line_of(1000 * 1000, &err), ERR_LIMIT);
	limit = strstr(err.text, "t.conf:2: line longer than ");
	assert_non_null(limit);
	longest = strtoul(limit + strlen("t.conf:2: line longer than "), NULL,
	                  10);
	assert_true(longest >= 197);
	assert_int_equal(read_line_of(longest, &err), 0);
	assert_int_equal(read_line_of(longest + 1, &err), ERR_LIMIT);
}

static void test_bytes(void **state)
{
	static const char nul[] = "[report]\nmode\0 = all\n";
	auto_(conf_clear) struct conf conf;
	struct err err = {0};
	char *large = xmalloc(1024 * 1024 + 1);

	(void)state;
	conf_init(&conf);
	assert_int_equal(
		conf_read_text(&conf, "t.conf", nul, sizeof(nul) - 1, &err),
		ERR_PARSE);
	assert_string_equal(err.text, "t.conf:2: a NUL byte");
	memset(large, '\n', 1024 * 1024 + 1);
	assert_int_equal(
		conf_read_text(&conf, "t.conf", large, 1024 * 1024, &err), 0);
	assert_int_equal(
		conf_read_text(&conf, "t.conf", large, 1024 * 1024 + 1, &err),
		ERR_LIMIT);
	assert_string_equal(err.text, "t.conf: larger than 1 MiB");
	free(large);
}

/* What only reports need. */
static void test_check_contact(void **state)
{
	static const struct {
		const char *name, *text, *words;
	} rows[] = {
		{"nobody to ask", "",
	         "t.conf: [report] contact_info: required"},
		{"an empty one", "[report]\ncontact_info =\n",
	         "t.conf:2: [report] contact_info: required"},
		{"somebody", "[report]\ncontact_info = a@b.example\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		bool wanted = rows[i].words[0] == '\0';
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		assert_int_equal(read_string(&conf, rows[i].text, &err), 0);
		assert_int_equal(conf_check_contact(&conf, &err),
		                 wanted ? 0 : ERR_PARSE);
		if (strncmp(err.text, rows[i].words, strlen(rows[i].words)))
			fail_msg("%s", err.text);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *name, *text;
		const char *words; /* NULL: nothing amiss */
	} rows[] = {
		{"the least there can be",
	         "[report]\ncontact_info = a@b.example\n", NULL},
		{"nobody to ask: counting needs none", "", NULL},
		{"a sender, and nobody to ask",
	         "[report]\nsender = a@b.example\n", NULL},
		{"a sender of the domain",
	         "[report]\ncontact_info = a@b.example\nsender = c@B.Example\n",
	         NULL},
		{"a sender from elsewhere",
	         "[report]\ncontact_info = a@b.example\n\nsender = "
	         "a@x.b.example\n",
	         "t.conf:4: [report] sender: 'a@x.b.example' is not in the "
	         "domain of contact_info, b.example"},
		{"a map of half pages",
	         "[report]\ncontact_info = a@b.example\n[store]\nmap_size = "
	         "1048577\n",
	         "t.conf:4: [store] map_size: 1048577 is not a multiple of "
	         "4096"},
		{"max_grace below grace",
	         "[report]\ncontact_info = a@b.example\n[deliver]\nmax_grace = "
	         "5m\n",
	         "t.conf:4: [deliver] max_grace: must not be less than grace"},
		{"grace above max_grace",
	         "[report]\ncontact_info = a@b.example\n[deliver]\ngrace = "
	         "3h\n",
	         "t.conf: [deliver] max_grace: must not be less than grace"},
		{"enforces both",
	         "[report]\ncontact_info = a@b.example\n[log]\nenforces = "
	         "dane\nenforces = sts\n",
	         NULL},
		{"enforces something and nothing",
	         "[report]\ncontact_info = a@b.example\n[log]\nenforces = "
	         "sts, none\n",
	         "t.conf:4: [log] enforces: 'none' cannot be combined with "
	         "other values"},
		{"a ledger and hosts that are fetched",
	         "[report]\ncontact_info = a@b.example\n[fleet]\nledger = "
	         "postgresql://db.example/x\nfetchers = ssh mx2 "
	         "tlsrpt-fetcher\n",
	         "t.conf:5: [fleet] fetchers: cannot be combined with ledger"},
		{"counters that go before their day is closed",
	         "[report]\ncontact_info = a@b.example\n[store]\nkeep_days = "
	         "1\n[deliver]\nmax_grace = 24h\n",
	         "t.conf:4: [store] keep_days: must be longer than max_grace"},
		{"counters that go an hour after it",
	         "[report]\ncontact_info = a@b.example\n[store]\nkeep_days = "
	         "1\n[deliver]\nmax_grace = 23h\n",
	         NULL},
		{"a sender with room for a token",
	         "[report]\ncontact_info = a234567890123456789012345678901"
	         "@b.example\n[deliver]\nverp = yes\n",
	         NULL},
		{"a sender without",
	         "[report]\ncontact_info = a2345678901234567890123456789012"
	         "@b.example\n[deliver]\nverp = yes\n",
	         "t.conf:4: [deliver] verp: the part of "
	         "'a2345678901234567890123456789012@b.example' before the @ is "
	         "longer than 31 characters"},
		{"a user without a password",
	         "[report]\ncontact_info = a@b.example\n[deliver]\nmail_user = "
	         "x\n",
	         "t.conf:4: [deliver] mail_user: requires mail_password_file"},
		{"a password without a user",
	         "[report]\ncontact_info = a@b.example\n[deliver]\n"
	         "mail_password_file = /x\n",
	         "t.conf:4: [deliver] mail_password_file: requires mail_user"},
		{"a login at sendmail",
	         "[report]\ncontact_info = a@b.example\n[deliver]\n"
	         "mail_password_file = /x\nmail_user = y\nmail = "
	         "sendmail:/z\n",
	         "t.conf:5: [deliver] mail_user: not supported with mail = "
	         "sendmail:/z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_clear) struct conf conf;
		struct err err = {0};

		ROW(&rows[i]);
		conf_init(&conf);
		assert_int_equal(read_string(&conf, rows[i].text, &err), 0);
		if (rows[i].words == NULL) {
			assert_int_equal(conf_check(&conf, &err), 0);
			continue;
		}
		assert_int_equal(conf_check(&conf, &err), ERR_PARSE);
		if (strncmp(err.text, rows[i].words, strlen(rows[i].words)))
			fail_msg("%s", err.text);
	}
}

/* All that is wrong, a line each; of files it says what test e2e/conf.sh
 * knows. */
static void test_faults(void **state)
{
	static const struct {
		const char *name, *text;
		const char *words[5];
	} rows[] = {
		{"nothing", "[report]\ncontact_info = a@b.example\n", {NULL}},
		{"each line that is wrong",
	         "[report]\ncontact_inf = a@b.example\nmode = none\nsender\n",
	         {"t.conf:2: unknown setting 'contact_inf'",
	          "t.conf:3: [report] mode: 'none' is not one of",
	          "t.conf:4: neither a [section] nor",
	          "t.conf: [report] contact_info: required"}},
		{"what stands in a section that is none is not looked at",
	         "[reports]\ncontact_info = a@b.example\nmode = none\n"
	         "[report]\ncontact_info = a@b.example\n",
	         {"t.conf:1: unknown section [reports]"}},
		{"a section without an end",
	         "[report\ncontact_info = a@b.example\n[report]\n"
	         "contact_info = a@b.example\n",
	         {"t.conf:1: missing ']'"}},
		{"what does not go together, too",
	         "[report]\ncontact_info = a@b.example\nsender = a@c.example\n"
	         "[deliver]\nmax_grace = 5m\n[http]\ntls_key = x\n",
	         {"t.conf:7: [http] tls_key: 'x' is not an absolute path",
	          "t.conf:3: [report] sender: 'a@c.example' is not in",
	          "t.conf:5: [deliver] max_grace: must not be less"}},
		{"the domain of the documents",
	         "[report]\ncontact_info = tls-reports@YOUR.DOMAIN\n",
	         {"t.conf:2: [report] contact_info: YOUR.DOMAIN stands for"}},
		{"in any setting",
	         "[report]\ncontact_info = a@b.example\n[http]\n"
	         "url = https://tally.your.domain\n",
	         {"t.conf:4: [http] url: YOUR.DOMAIN stands for"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_list_clear) struct conf_list faults = {0};
		auto_(conf_clear) struct conf conf;
		struct err err = {0};
		size_t k = 0;

		ROW(&rows[i]);
		conf_init(&conf);
		read_string(&conf, rows[i].text, &err);
		conf_find_faults(&conf, &faults);
		for (; k < faults.count && rows[i].words[k] != NULL; k++)
			if (strncmp(faults.items[k], rows[i].words[k],
			            strlen(rows[i].words[k])) != 0)
				fail_msg("%s", faults.items[k]);
		if (k < faults.count)
			fail_msg("%s", faults.items[k]);
		if (rows[i].words[k] != NULL)
			fail_msg("not said: %s", rows[i].words[k]);
	}
}

/* So many that nobody would read them. */
static void test_many_faults(void **state)
{
	auto_(conf_clear) struct conf conf;
	char text[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'x' : '\n';
	conf_init(&conf);
	assert_int_equal(
		conf_read_text(&conf, "t.conf", text, sizeof(text), NULL),
		ERR_PARSE);
	assert_int_equal(conf.faults.count, 100);
}

static void test_getters(void **state)
{
	auto_(conf_clear) struct conf conf;

	(void)state;
	conf_init(&conf);
	assert_string_equal(conf_submitter(&conf), "");
	assert_string_equal(conf_sender(&conf), "");
	assert_int_equal(
		conf_set(&conf, "report.contact_info=a@b.example", NULL), 0);
	assert_string_equal(conf_submitter(&conf), "b.example");
	assert_string_equal(conf_organization(&conf), "b.example");
	assert_string_equal(conf_sender(&conf), "a@b.example");
	assert_int_equal(conf_set(&conf, "report.sender=c@b.example", NULL), 0);
	assert_int_equal(conf_set(&conf, "report.organization_name=B", NULL),
	                 0);
	assert_string_equal(conf_organization(&conf), "B");
	assert_string_equal(conf_sender(&conf), "c@b.example");
}

/* One value other than the default for every setting. */
static const char *const changed[] = {
	"report.organization_name=Post M\xc3\xbcller; KG",
	"report.contact_info=a@b.example",
	"report.sender=c@b.example",
	"report.mode=off",
	"report.own_sessions=no",
	"report.deny=a.example, @b.example, c@d.example",
	"report.redirect=a.b -> https://x.example/%2C, @c.d -> mailto:a@b.c",
	"report.always_bcc=mailto:a@b.example, https://x.example/%2C",
	"report.bcc=!.a.b, . -> https://x.example/ mailto:a@b.example",
	"report.max_report_size=1025",
	"report.max_report_age=1h",
	"store.directory=/a b",
	"store.map_size=1028K",
	"store.rehearsal=yes",
	"store.keep_days=1",
	"store.archive_days=0",
	"store.max_policies=1",
	"store.max_details=1",
	"events.socket=unix:/s",
	"events.socket_owner=",
	"events.socket_group=1000",
	"events.socket_mode=0",
	"events.commit_interval=1500ms",
	"events.bad_input_directory=/bad",
	"events.bad_input_max=0",
	"log.source=file",
	"log.file=/var/log/maillog",
	"log.enforces=dane,sts",
	"log.postfix_config_directory=/etc/postfix-out",
	"log.tls_loglevel=1, untrusted",
	"log.routed=yes",
	"log.next_hops=[smtp.relay.example]:587, relay.example",
	"log.count_private=yes",
	"log.by_relay=yes",
	"log.journal_users=nobody",
	"log.allow_both=yes",
	"log.complete_events=yes",
	"log.commit_interval=250ms",
	"milter.socket=unix:/run/m.sock",
	"milter.socket_owner=",
	"milter.socket_group=tlstally",
	"milter.socket_mode=0600",
	"milter.commit_interval=3s",
	"milter.remote_mailers=smtp, slow",
	"milter.before_queue_filter=yes",
	"policy.resolver=inet:[::1]:5353",
	"policy.trust_ad=yes",
	"policy.sts_ca_file=/etc/ssl/sts.pem",
	"policy.allow_private=yes",
	"policy.timeout=1500ms",
	"policy.queries_per_second=2000",
	"policyd.socket=inet:127.0.0.1:8463",
	"policyd.socket_owner=root",
	"policyd.socket_group=root",
	"policyd.socket_mode=0600",
	"policyd.level=encrypt",
	"policyd.dane_only=yes",
	"policyd.on_failure=defer",
	"policyd.defer_for=2h",
	"policyd.timeout=3s",
	"policyd.overrides=/etc/o",
	"received.domains=example.com, example.org",
	"received.authserv_id=mx.example.com",
	"received.received_above=1",
	"received.addresses=tlsrpt@example.com",
	"received.milter_behind_filter=yes",
	"received.post_path=/tlsrpt/4f1a",
	"received.max_size=1M",
	"received.max_unauthenticated=10",
	"received.max_unauthenticated_size=1M",
	"received.max_per_submitter=10",
	"received.max_per_submitter_size=1M",
	"received.keep=30d",
	"received.count_unauthenticated=yes",
	"received.count_https=yes",
	"fleet.name=mx1.example.com",
	"fleet.expect=mx2.example.com, mx3.example.com",
	"fleet.fetchers=ssh mx4 tlsrpt-fetcher",
	"fleet.deadline=4h",
	"fleet.ledger=postgresql://tlstally@db.example.com/tlstally",
	"fleet.ship=5m",
	"deliver.mail=smtps://[::1]:465",
	"deliver.mail_user=user",
	"deliver.mail_password_file=/password",
	"deliver.mail_ca_file=/ca",
	"deliver.mail_verify=on",
	"deliver.verp=true",
	"deliver.https=off",
	"deliver.https_allow_private=yes",
	"deliver.https_verify=no",
	"deliver.https_ca_file=/ca2",
	"deliver.directory=/out",
	"deliver.grace=61s",
	"deliver.max_grace=3661s",
	"deliver.spread=0",
	"deliver.concurrency=1",
	"deliver.concurrency_per_host=1000",
	"deliver.rate_per_hour=1000000000",
	"deliver.rate_per_host=1",
	"deliver.timeout=1s",
	"deliver.mail_timeout=1h",
	"deliver.retry_for=60s",
	"http.listen=unix:/run/x y",
	"http.socket_mode=0600",
	"http.tls_cert=/a/cert.pem",
	"http.tls_key=/a/key.pem",
	"http.url=https://tally.example:8443/a/tls-1",
	"http.redirect_uris=https://app.example/cb",
	"http.www=/srv/page",
	"http.static=/admin /srv/webui",
	"http.metrics=inet:[::1]:9000",
	"http.open_metrics=yes",
	"http.max_connections=10",
	"http.max_per_address=1",
	"http.trusted_proxies=192.0.2.0/24, unix",
	"http.proxy_header=proxy-protocol",
};

static void assert_same(const struct conf *got, const struct conf *want)
{
	for (size_t i = 0; i < settings_count; i++) {
		auto_(strbuf_clear) struct strbuf a = {0};
		auto_(strbuf_clear) struct strbuf b = {0};

		value_write(&settings[i], got, &a);
		value_write(&settings[i], want, &b);
		assert_string_equal(strbuf_text(&a), strbuf_text(&b));
	}
}

static void assert_reads_back(const struct conf *conf, enum conf_print what)
{
	auto_(conf_clear) struct conf again;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err = {0};

	conf_init(&again);
	conf_print(conf, what, &text);
	if (conf_read_text(&again, "printed", strbuf_text(&text), text.len,
	                   &err) < 0)
		fail_msg("%s", err.text);
	assert_same(&again, conf);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void test_print(void **state)
{
	auto_(conf_clear) struct conf conf;
	auto_(conf_clear) struct conf defaults;
	auto_(strbuf_clear) struct strbuf all = {0};
	auto_(strbuf_clear) struct strbuf some = {0};
	auto_(strbuf_clear) struct strbuf standard = {0};

	(void)state;
	conf_init(&conf);
	conf_init(&defaults);
	assert_int_equal(COUNT(changed), settings_count);
	assert_reads_back(&conf, CONF_PRINT_ALL);
	for (size_t i = 0; i < COUNT(changed); i++) {
		print_message("  - %s\n", changed[i]);
		assert_int_equal(conf_set(&conf, changed[i], NULL), 0);
		assert_reads_back(&conf, CONF_PRINT_ALL);
		assert_reads_back(&conf, CONF_PRINT_CHANGED);
	}
	conf_print(&conf, CONF_PRINT_ALL, &all);
	conf_print(&conf, CONF_PRINT_CHANGED, &some);
	assert_string_equal(all.data, some.data);
	/* a line each, eleven sections with ten empty lines between; of the
	 * ten lists with several items one has three, and nine have two */
	assert_int_equal(lines_of(all.data), settings_count + 11 + 10 + 2 + 9);
	conf_print(&conf, CONF_PRINT_DEFAULTS, &standard);
	assert_non_null(strstr(standard.data, "max_report_age = 48h\n"));
	strbuf_reset(&all);
	conf_print(&defaults, CONF_PRINT_ALL, &all);
	assert_string_equal(standard.data, all.data);
}

static void test_print_changed(void **state)
{
	auto_(conf_clear) struct conf conf;
	auto_(strbuf_clear) struct strbuf text = {0};

	(void)state;
	conf_init(&conf);
	/* given, but as the default */
	conf_set(&conf, "deliver.grace=600s", NULL);
	conf_set(&conf, "deliver.verp=yes", NULL);
	conf_set(&conf, "report.mode=all", NULL);
	conf_print(&conf, CONF_PRINT_CHANGED, &text);
	assert_string_equal(text.data,
	                    "[report]\nmode = all\n\n[deliver]\nverp = yes\n");
}

/* The sample with "contact_info = a@b.example", and with every "#name" made
 * "name" when uncomment is set. */
static void sample_filled(bool uncomment, struct strbuf *out)
{
	auto_(strbuf_clear) struct strbuf sample = {0};
	char *rest;

	conf_print_sample(&sample);
	rest = sample.data;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (uncomment && line[0] == '#' && line[1] != ' ' &&
		    line[1] != '\0')
			line++;
		strbuf_printf(out, "%s%s\n", line,
		              strcmp(line, "contact_info =") == 0
		                      ? " a@b.example"
		                      : "");
	}
}

static void test_sample(void **state)
{
	(void)state;
	for (int uncomment = 0; uncomment < 2; uncomment++) {
		auto_(conf_clear) struct conf conf;
		auto_(conf_clear) struct conf want;
		auto_(strbuf_clear) struct strbuf text = {0};
		struct err err = {0};

		conf_init(&conf);
		conf_init(&want);
		sample_filled(uncomment, &text);
		if (read_string(&conf, text.data, &err) < 0 ||
		    conf_check(&conf, &err) < 0)
			fail_msg("%s", err.text);
		conf_set(&want, "report.contact_info=a@b.example", NULL);
		assert_same(&conf, &want);
		for (size_t i = 0; uncomment && i < settings_count; i++)
			assert_true(conf.given[i] > 0);
	}
}

static void test_manual(void **state)
{
	auto_(strbuf_clear) struct strbuf manual = {0};
	const char *at;

	(void)state;
	conf_print_manual(&manual);
	at = manual.data;
	for (size_t i = 0; i < settings_count; i++) {
		char item[128], section[128];

		snprintf(section, sizeof(section), ".Ss The section [%s]\n",
		         settings[i].section);
		assert_non_null(strstr(manual.data, section));
		snprintf(item, sizeof(item), ".It Cm %s\n", settings[i].name);
		at = strstr(at, item); /* and in this order */
		if (at == NULL)
			fail_msg("%s is missing", settings[i].name);
	}
}

static void test_read_file(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	int fd = mkstemp(path);
	auto_(conf_clear) struct conf conf;
	struct err err = {0};

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "[report]\nmode = all\ncontact_info = a@b.example\n");
	close(fd);
	conf_init(&conf);
	assert_int_equal(conf_read_file(&conf, path, &err), 0);
	assert_int_equal(conf.report.mode, MODE_ALL);
	assert_string_equal(conf.file, path);
	unlink(path);
	assert_int_equal(conf_read_file(&conf, path, &err), ERR_NOTFOUND);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(conf_read_file(&conf, "/tmp", &err), ERR_IO);
}

static const struct fetcher_row {
	const char *item;
	const char *host;  /* NULL: it is refused */
	const char *words; /* of the command, or of the error */
} fetcher_rows[] = {
	{"ssh mx2 tlsrpt-fetcher", "mx2", "ssh|mx2|tlsrpt-fetcher"},
	{"ssh  root@mx2.Example.com   tlstally fetcher", "mx2.example.com",
         "ssh|root@mx2.Example.com|tlstally|fetcher"},
	{"/usr/bin/ssh -4 -p 22 -i/etc/key -o BatchMode=yes mx2 ask", "mx2",
         "/usr/bin/ssh|-4|-p|22|-i/etc/key|-o|BatchMode=yes|mx2|ask"},
	{"ssh ssh://u@mx2.example:2222 ask", "mx2.example",
         "ssh|ssh://u@mx2.example:2222|ask"},
	{"mx2.example.com=ssh relay tlsrpt-fetcher", "mx2.example.com",
         "ssh|relay|tlsrpt-fetcher"},
	{"mx2= /opt/ask --storage=x", "mx2", "/opt/ask|--storage=x"},
	{"/opt/ask", NULL, "which host does '/opt/ask' ask"},
	{"/opt/ask --storage=x", NULL, "which host"},
	{"ssh -p 22", NULL, "which host"},
	{"mx2=", NULL, "no command"},
	{"a..b=ask", NULL, "not the name of a host"},
};

static void test_fetchers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fetcher_rows); i++) {
		const struct fetcher_row *row = &fetcher_rows[i];
		auto_(conf_clear) struct conf conf;
		auto_(arena_clear) struct arena arena = {0};
		auto_(strbuf_clear) struct strbuf words = {0};
		char *setting = xasprintf("fleet.fetchers=%s", row->item);
		struct fleet_host host;
		struct err err = {0};
		const char **argv;
		size_t count;
		int rc;

		print_message("  - %s\n", row->item);
		arena_init(&arena);
		conf_init(&conf);
		rc = conf_set(&conf, setting, &err);
		free(setting);
		assert_int_equal(rc < 0, row->host == NULL);
		if (rc < 0) {
			if (strstr(err.text, row->words) == NULL)
				fail_msg("%s", err.text);
			continue;
		}
		assert_true(fleet_hosts_at(&conf, 0, &host));
		assert_string_equal(host.name, row->host);
		assert_false(fleet_hosts_at(&conf, 1, &(struct fleet_host){0}));
		argv = fleet_hosts_words(host.command, &arena, &count);
		for (size_t k = 0; k < count; k++)
			strbuf_printf(&words, "%s%s", k > 0 ? "|" : "",
			              argv[k]);
		assert_string_equal(strbuf_text(&words), row->words);
	}
}

static void test_hosts_of_one_name(void **state)
{
	auto_(conf_clear) struct conf conf;
	struct err err = {0};

	(void)state;
	conf_init(&conf);
	assert_int_equal(conf_set(&conf, "fleet.expect=mx2", &err), 0);
	assert_int_equal(conf_set(&conf, "fleet.fetchers=ssh mx2 ask", &err),
	                 0);
	assert_int_equal(conf_check(&conf, &err), ERR_PARSE);
	assert_non_null(strstr(err.text, "two hosts are called mx2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_fetchers),
		cmocka_unit_test(test_hosts_of_one_name),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_notations_of_the_past),
		cmocka_unit_test(test_items_without_effect),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_contact),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_changed),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_read_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
