#include "unit/test.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "maillog/log_site.h"

/* An instance as postconf would print it. */
struct told {
	const char *main_cf, *master_cf, *overrides;
};

struct instance {
	struct arena arena;
	struct postconf set;
};

static void tell(struct instance *instance, const struct told *told)
{
	const char *services = told->master_cf != NULL
	                               ? told->master_cf
	                               : "smtp inet n - n - - smtpd\n"
	                                 "smtp unix - - n - - smtp\n"
	                                 "relay unix - - n - - smtp\n"
	                                 "lmtp unix - - n - - lmtp\n";
	const char *overrides = told->overrides != NULL ? told->overrides : "";

	memset(instance, 0, sizeof(*instance));
	arena_init(&instance->arena);
	postconf_read_settings(told->main_cf, strlen(told->main_cf),
	                       &instance->arena, &instance->set.main);
	postconf_read_services(services, strlen(services), &instance->arena,
	                       &instance->set);
	postconf_read_settings(overrides, strlen(overrides), &instance->arena,
	                       &instance->set.overrides);
}

static struct span span(const char *text)
{
	return span_of(text);
}

static void put_enforced(unsigned enforces, struct strbuf *out)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {{ENFORCES_DANE, " dane"},
	             {ENFORCES_DANE_BY_MAP, " dane-by-map"},
	             {ENFORCES_STS, " sts"},
	             {ENFORCES_NO_CAS, " no-cas"},
	             {ENFORCES_CERTIFICATE, " certificate"}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (enforces & words[i].bit)
			strbuf_puts(out, words[i].word);
}

/* "postfix/smtp: missing routes dane; ..." of each program */
static void put_services(const struct log_site *site, struct strbuf *out)
{
	static const char *const lines[] = {"unknown", "logged", "missing"};

	for (size_t i = 0; i <= site->count; i++) {
		const struct log_service *service =
			i < site->count ? &site->services[i] : &site->other;

		strbuf_printf(out, "%s%s: %s%s", i > 0 ? "; " : "",
		              i < site->count ? service->program : "other",
		              lines[service->tls_lines],
		              service->routes ? " routes" : "");
		put_enforced(service->enforces, out);
	}
}

#define LEVEL "smtp_tls_loglevel = 1\nsmtp_tls_CApath = /etc/ssl/certs\n"
#define ALONE "postfix/smtp: logged; other: unknown routes"
#define ROUTES "postfix/smtp: logged routes; other: unknown routes"

static const struct {
	const char *name;
	struct told told;
	const char *want;
} rows[] = {
	{"Debian's own",
         {"smtp_tls_loglevel = 0\nsmtp_tls_security_level = may\n"
          "smtp_dns_support_level =\nsmtp_tls_policy_maps =\n"
          "smtp_tls_CAfile =\nsmtp_tls_CApath = /etc/ssl/certs\n"
          "tls_append_default_CA = no\nrelayhost =\ntransport_maps =\n"
          "default_transport = smtp\nrelay_transport = relay\n"
          "smtp_fallback_relay =\n",
          NULL, NULL},
         "postfix/smtp: missing; other: unknown routes"},
	{"TLS is logged", {LEVEL, NULL, NULL}, ALONE},
	{"of one service it is not: where they have one name, of none",
         {LEVEL, NULL, "relay/unix/smtp_tls_loglevel = 0\n"},
         "postfix/smtp: missing; other: unknown routes"},
	{"of one service with a name of its own",
         {LEVEL, NULL,
          "relay/unix/smtp_tls_loglevel = 0\n"
          "relay/unix/syslog_name = postfix/relay\n"},
         "postfix/smtp: logged; postfix/relay/smtp: missing; "
         "other: unknown routes"},
	{"only of one",
         {"smtp_tls_loglevel = 0\nsmtp_tls_CAfile = x\n", NULL,
          "relay/unix/smtp_tls_loglevel = 1\n"
          "relay/unix/syslog_name = relay\n"},
         "postfix/smtp: missing; relay/smtp: logged; "
         "other: unknown routes"},
	{"any name for syslog",
         {LEVEL "syslog_name = mailout\n", NULL, NULL},
         "mailout/smtp: logged; other: unknown routes"},
	{"an instance without smtp(8)",
         {LEVEL, "smtp inet n - n - - smtpd\n", NULL},
         "other: unknown routes no-cas"},
	/* policies */
	{"DANE",
         {LEVEL "smtp_tls_security_level = dane\n"
                "smtp_dns_support_level = dnssec\n",
          NULL, NULL},
         "postfix/smtp: logged dane; other: unknown routes dane"},
	{"DANE alone",
         {LEVEL "smtp_tls_security_level = dane-only\n"
                "smtp_dns_support_level = dnssec\n",
          NULL, NULL},
         "postfix/smtp: logged dane; other: unknown routes dane"},
	{"DANE without DNSSEC is none",
         {LEVEL "smtp_tls_security_level = dane\n"
                "smtp_dns_support_level = enabled\n",
          NULL, NULL},
         ALONE},
	{"a policy map: MTA-STS",
         {LEVEL "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:Q\n",
          NULL, NULL},
         "postfix/smtp: logged sts; other: unknown routes sts"},
	{"with DNSSEC it can say dane, too",
         {LEVEL "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:Q\n"
                "smtp_tls_security_level = may\n"
                "smtp_dns_support_level = dnssec\n",
          NULL, NULL},
         "postfix/smtp: logged dane-by-map sts; "
         "other: unknown routes dane-by-map sts"},
	{"a map beside DANE for all",
         {LEVEL "smtp_tls_policy_maps = hash:/etc/postfix/tls_policy\n"
                "smtp_tls_security_level = dane\n"
                "smtp_dns_support_level = dnssec\n",
          NULL, NULL},
         "postfix/smtp: logged dane sts; other: unknown routes dane sts"},
	{"one service has a map",
         {LEVEL, NULL,
          "relay/unix/smtp_tls_policy_maps = hash:/x\n"
          "relay/unix/syslog_name = postfix/relay\n"},
         "postfix/smtp: logged; postfix/relay/smtp: logged sts; "
         "other: unknown routes sts"},
	{"no CA certificates",
         {"smtp_tls_loglevel = 1\n", NULL, NULL},
         "postfix/smtp: logged no-cas; other: unknown routes no-cas"},
	{"OpenSSL's own",
         {"smtp_tls_loglevel = 1\ntls_append_default_CA = yes\n", NULL, NULL},
         ALONE},
	{"level verify",
         {LEVEL "smtp_tls_security_level = verify\n", NULL, NULL},
         "postfix/smtp: logged certificate; other: unknown routes certificate"},
	{"level secure, with a policy map",
         {LEVEL "smtp_tls_security_level = secure\n"
                "smtp_tls_policy_maps = hash:/x\n",
          NULL, NULL},
         "postfix/smtp: logged sts certificate; "
         "other: unknown routes sts certificate"},
	/* what it demands is no more than that */
	{"level fingerprint",
         {LEVEL "smtp_tls_security_level = fingerprint\n", NULL, NULL},
         ALONE},
	/* routes */
	{"a relay host",
         {LEVEL "relayhost = relay.example\n", NULL, NULL},
         ROUTES},
	{"by address", {LEVEL "relayhost = [192.0.2.1]\n", NULL, NULL}, ROUTES},
	{"on another port the log shows it",
         {LEVEL "relayhost = [smtp.relay.example]:587\n", NULL, NULL},
         ALONE},
	{"several, one on port 25",
         {LEVEL "relayhost = [a.example]:submission, [b.example]:smtp\n", NULL,
          NULL},
         ROUTES},
	{"transport_maps",
         {LEVEL "transport_maps = hash:/etc/postfix/transport\n", NULL, NULL},
         ROUTES},
	{"one with nothing but transports",
         {LEVEL "transport_maps = inline:{example.com=slow:}\n", NULL, NULL},
         ALONE},
	{"our own README's",
         {LEVEL "sender_dependent_default_transport_maps = "
                "inline:{tls-reports@a.example=tlsrpt:, b@a.example=x:}\n",
          NULL, NULL},
         ALONE},
	{"one with a host in it",
         {LEVEL "transport_maps = inline:{a=slow:, b=smtp:[c.example]}\n", NULL,
          NULL},
         ROUTES},
	{"two maps",
         {LEVEL "transport_maps = static:slow: hash:/etc/postfix/t\n", NULL,
          NULL},
         ROUTES},
	{"two that look like one with nothing but transports",
         {LEVEL "transport_maps = static:smtp:[relay.example] static:slow:\n",
          NULL, NULL},
         ROUTES},
	{"the sender's relay host",
         {LEVEL "sender_dependent_relayhost_maps = hash:/x\n", NULL, NULL},
         ROUTES},
	{"a fallback relay of all services",
         {LEVEL "smtp_fallback_relay = [backup.example]\n", NULL, NULL},
         ROUTES},
	{"and of all but one",
         {LEVEL "smtp_fallback_relay = [backup.example]\n", NULL,
          "relay/unix/smtp_fallback_relay =\n"
          "relay/unix/syslog_name = postfix/relay\n"},
         "postfix/smtp: logged routes; postfix/relay/smtp: logged; "
         "other: unknown routes"},
	{"a default transport with a host",
         {LEVEL "default_transport = smtp:[out.example]\n", NULL, NULL},
         ROUTES},
	{"one that does not speak SMTP",
         {LEVEL "virtual_transport = lmtp:unix:private/dovecot-lmtp\n"
                "mailbox_transport = cyrus:x\n",
          NULL, NULL},
         ALONE},
	{"a content filter on a port of its own",
         {LEVEL "content_filter = smtp:[127.0.0.1]:10024\n", NULL, NULL},
         ALONE},
	{"MX records are not asked for",
         {LEVEL "smtp_dns_support_level = disabled\n", NULL, NULL},
         ROUTES},
	{"nor by an older Postfix",
         {LEVEL "smtp_dns_support_level =\ndisable_dns_lookups = yes\n", NULL,
          NULL},
         ROUTES},
	{"another name than that of the MX is logged",
         {LEVEL "smtp_cname_overrides_servername = yes\n", NULL, NULL},
         ROUTES},
};

static struct log_site *site_of(struct instance *instance,
                                const struct site_by_hand *by_hand)
{
	const struct site_instance one = {.directory = "/etc/postfix",
	                                  .set = &instance->set};

	return log_site_new(&one, 1, by_hand);
}

static void test_services(void **state)
{
	static const struct site_by_hand nothing = {.loglevel = ""};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		auto_(log_site_free) struct log_site *site = NULL;
		struct instance instance;

		ROW(&rows[i]);
		tell(&instance, &rows[i].told);
		site = site_of(&instance, &nothing);
		put_services(site, &got);
		assert_string_equal(strbuf_text(&got), rows[i].want);
		arena_clear(&instance.arena);
	}
}

/* Of our own policy service it is known what it tells at which level. */
static void test_our_map(void **state)
{
	static const struct {
		const char *name;
		bool asks;
		unsigned told;
		const char *want;
	} maps[] = {
		{"another map", false, 0, " dane-by-map sts"},
		{"ours, which tells nothing", true, 0, ""},
		{"ours, which tells MTA-STS", true, ENFORCES_STS, " sts"},
		{"ours, which tells both", true,
	         ENFORCES_STS | ENFORCES_DANE_BY_MAP, " dane-by-map sts"},
	};
	static const struct site_by_hand nothing = {.loglevel = ""};
	static const struct told told = {
		LEVEL "smtp_dns_support_level = dnssec\n"
		      "smtp_tls_policy_maps = socketmap:unix:x:QUERY\n",
		"smtp unix - - n - - smtp\n", NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(maps); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		auto_(log_site_free) struct log_site *site = NULL;
		const struct postconf_service *service;
		struct instance instance;
		struct site_instance one = {.directory = "/etc/postfix",
		                            .set = &instance.set,
		                            .askers = &service,
		                            .asker_count = maps[i].asks,
		                            .told = maps[i].told};

		ROW(&maps[i]);
		tell(&instance, &told);
		service = &instance.set.services[0];
		site = log_site_new(&one, 1, &nothing);
		put_enforced(site->services[0].enforces, &got);
		assert_string_equal(strbuf_text(&got), maps[i].want);
		arena_clear(&instance.arena);
	}
}

static void test_by_hand(void **state)
{
	static const struct {
		const char *name;
		struct site_by_hand by_hand;
		const char *want;
	} hands[] = {
		{"nothing",
	         {.loglevel = ""},
	         "postfix/smtp: missing routes dane no-cas; "
	         "other: unknown routes dane no-cas"},
		{"what is enforced",
	         {.loglevel = "", .has_enforces = true, .sts = true},
	         "postfix/smtp: missing routes sts no-cas; "
	         "other: unknown routes sts no-cas"},
		{"nothing is enforced",
	         {.loglevel = "", .has_enforces = true},
	         "postfix/smtp: missing routes no-cas; "
	         "other: unknown routes no-cas"},
		{"the level",
	         {.loglevel = "1"},
	         "postfix/smtp: logged routes dane no-cas; "
	         "other: logged routes dane no-cas"},
		{"and 0 of another host's log",
	         {.loglevel = "0"},
	         "postfix/smtp: missing routes dane no-cas; "
	         "other: missing routes dane no-cas"},
		{"nothing is routed",
	         {.loglevel = "", .says_routes = true},
	         "postfix/smtp: missing dane no-cas; "
	         "other: unknown dane no-cas"},
	};
	static const struct told told = {
		"smtp_tls_loglevel = 0\nsmtp_tls_security_level = dane\n"
		"smtp_dns_support_level = dnssec\ntransport_maps = hash:/x\n",
		NULL, NULL};
	struct instance instance;

	(void)state;
	tell(&instance, &told);
	for (size_t i = 0; i < COUNT(hands); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		auto_(log_site_free) struct log_site *site =
			site_of(&instance, &hands[i].by_hand);

		ROW(&hands[i]);
		put_services(site, &got);
		assert_string_equal(strbuf_text(&got), hands[i].want);
	}
	arena_clear(&instance.arena);
}

/* Of instances that log under one name the one that [log] names counts. */
static void test_instances(void **state)
{
	static const struct told silent = {
		"smtp_tls_loglevel = 0\nsmtp_tls_CAfile = x\n", NULL, NULL};
	static const struct told out = {
		"smtp_tls_loglevel = 1\nsmtp_tls_CAfile = x\n"
		"smtp_tls_policy_maps = hash:/x\n",
		NULL, NULL};
	static const struct told other = {
		"smtp_tls_loglevel = 1\nsmtp_tls_CAfile = x\n"
		"syslog_name = postfix-in\n",
		NULL, NULL};
	static const struct site_by_hand nothing = {.loglevel = ""};
	static const struct {
		const char *name;
		bool named;
		const char *want;
	} rows_of[] = {
		{"both of a name: what either does", false,
	         "postfix/smtp: missing sts; postfix-in/smtp: logged; "
	         "other: unknown routes sts"},
		{"one is named", true,
	         "postfix/smtp: logged sts; postfix-in/smtp: logged; "
	         "other: unknown routes sts"},
	};
	struct instance three[3];

	(void)state;
	tell(&three[0], &silent);
	tell(&three[1], &out);
	tell(&three[2], &other);
	for (size_t i = 0; i < COUNT(rows_of); i++) {
		const struct site_instance instances[] = {
			{.directory = "a", .set = &three[0].set},
			{.directory = "b",
		         .set = &three[1].set,
		         .named = rows_of[i].named},
			{.directory = "c", .set = &three[2].set},
		};
		auto_(strbuf_clear) struct strbuf got = {0};
		auto_(log_site_free) struct log_site *site =
			log_site_new(instances, 3, &nothing);

		ROW(&rows_of[i]);
		put_services(site, &got);
		assert_string_equal(strbuf_text(&got), rows_of[i].want);
	}
	for (size_t i = 0; i < 3; i++)
		arena_clear(&three[i].arena);
}

static void test_whose_line(void **state)
{
	static const struct {
		const char *name, *own_host, *program, *host, *want;
	} lines[] = {
		{"a service of ours", NULL, "postfix/smtp", "mx", "smtp"},
		{"a program that is none", NULL, "postfix-out/smtp", "mx", ""},
		{"no service in the name", NULL, "postfix", "mx", "smtp"},
		{"nor in a name that is none of ours", NULL, "postfi", "mx",
	         ""},
		{"our host's line", "mx.example.com", "postfix/smtp", "mx",
	         "smtp"},
		{"by its long name", "MX", "postfix/smtp", "mx.example.com",
	         "smtp"},
		{"another host's", "mx.example.com", "postfix/smtp", "mx2", ""},
		{"a line without a host", "mx.example.com", "postfix/smtp", "",
	         "smtp"},
	};
	static const struct told told = {LEVEL, NULL, NULL};
	struct instance instance;

	(void)state;
	tell(&instance, &told);
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct site_by_hand by_hand = {
			.loglevel = "", .own_host = lines[i].own_host};
		auto_(log_site_free) struct log_site *site =
			site_of(&instance, &by_hand);

		ROW(&lines[i]);
		assert_string_equal(log_site_service(site,
		                                     span(lines[i].program),
		                                     span(lines[i].host))
		                            ->name,
		                    lines[i].want);
	}
	arena_clear(&instance.arena);
}

static void test_route(void **state)
{
	static const char *const by_hand_hops[] = {"[named.example]:2525"};
	static const struct {
		const char *name, *main_cf;
		bool all_relayed;
		const char *host;
		uint16_t port;
		enum log_route route;
		const char *hop;
		bool is_host;
	} routes[] = {
		{"nothing is routed", LEVEL, false, "mx.a.example", 25,
	         ROUTE_DOMAIN, NULL, false},
		{"an address can be an MX", LEVEL, false, "192.0.2.1", 25,
	         ROUTE_DOMAIN, NULL, false},
		{"another port is never a domain's choice", LEVEL, false,
	         "mx.a.example", 26, ROUTE_SITE, NULL, false},
		{"no port is known", LEVEL, false, "mx.a.example", 0,
	         ROUTE_DOMAIN, NULL, false},
		{"the relay host of all mail",
	         LEVEL "relayhost = [Smtp.Relay.example]\n", false,
	         "smtp.relay.example", 25, ROUTE_SITE, "smtp.relay.example",
	         true},
		{"another host beside it",
	         LEVEL "relayhost = [smtp.relay.example]\n", false,
	         "mx.a.example", 25, ROUTE_OPEN, NULL, false},
		{"an MX of the relay host's domain, perhaps",
	         LEVEL "relayhost = relay.example\n", false, "mx9.test", 25,
	         ROUTE_OPEN, "relay.example", false},
		{"its name alone is not enough",
	         LEVEL "relayhost = relay.example\n", false, "relay.example",
	         25, ROUTE_OPEN, "relay.example", false},
		{"two such domains tell nothing",
	         LEVEL "relayhost = relay.example\n"
	               "smtp_fallback_relay = other.example\n",
	         false, "mx9.test", 25, ROUTE_OPEN, NULL, false},
		{"a fallback may be an MX as well",
	         LEVEL "smtp_fallback_relay = [backup.example]\n", false,
	         "backup.example", 25, ROUTE_OPEN, "backup.example", true},
		{"submission to the relay host",
	         LEVEL "relayhost = [smtp.relay.example]:587\n", false,
	         "smtp.relay.example", 587, ROUTE_SITE, "smtp.relay.example",
	         true},
		{"its host as a domain's MX",
	         LEVEL "relayhost = [smtp.relay.example]:587\n", false,
	         "smtp.relay.example", 25, ROUTE_DOMAIN, NULL, false},
		{"submission to an MX of it, perhaps",
	         LEVEL "relayhost = relay.example:submission\n", false,
	         "mx9.test", 587, ROUTE_SITE, "relay.example", false},
		{"a next hop that a setting names", LEVEL, false,
	         "named.example", 2525, ROUTE_SITE, "named.example", true},
		{"all mail is relayed", LEVEL, true, "mx.a.example", 25,
	         ROUTE_SITE, NULL, false},
		{"the transport's host",
	         LEVEL "relay_transport = relay:[in.example]\n", false,
	         "in.example", 25, ROUTE_OPEN, "in.example", true},
		{"a map may name anybody", LEVEL "transport_maps = hash:/x\n",
	         false, "in.example", 25, ROUTE_OPEN, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		const struct site_by_hand by_hand = {
			.loglevel = "",
			.all_relayed = routes[i].all_relayed,
			.next_hops = by_hand_hops,
			.next_hop_count = 1,
		};
		const struct told told = {routes[i].main_cf, NULL, NULL};
		auto_(log_site_free) struct log_site *site = NULL;
		const struct log_service *service;
		const struct site_hop *hop;
		struct instance instance;

		ROW(&routes[i]);
		tell(&instance, &told);
		site = site_of(&instance, &by_hand);
		service =
			log_site_service(site, span("postfix/smtp"), span(""));
		assert_int_equal(log_site_route(site, service, routes[i].host,
		                                routes[i].port, &hop),
		                 routes[i].route);
		if (routes[i].hop == NULL || routes[i].route == ROUTE_DOMAIN) {
			assert_true(hop == NULL ||
			            routes[i].route == ROUTE_DOMAIN);
		} else {
			assert_non_null(hop);
			assert_string_equal(hop->name, routes[i].hop);
			assert_int_equal(hop->is_host, routes[i].is_host);
		}
		arena_clear(&instance.arena);
	}
}

/* Who delivers "TLS-Required: No" as it asks? */
static void test_tls_required(void **state)
{
	static const struct {
		const char *name, *main_cf, *overrides;
		bool ignores;
	} settings[] = {
		{"Postfix 3.10", "tls_required_enable = yes\n", "", false},
		{"switched off", "tls_required_enable = no\n", "", true},
		{"Postfix before it", "", "", true},
		{"one of two of a name", "tls_required_enable = no\n",
	         "relay/unix/tls_required_enable = yes\n", false},
	};
	static const struct site_by_hand nothing = {.loglevel = ""};

	(void)state;
	for (size_t i = 0; i < COUNT(settings); i++) {
		const struct told told = {settings[i].main_cf, NULL,
		                          settings[i].overrides};
		auto_(log_site_free) struct log_site *site = NULL;
		struct instance instance;

		ROW(&settings[i]);
		tell(&instance, &told);
		site = site_of(&instance, &nothing);
		assert_int_equal(site->services[0].ignores_tls_required,
		                 settings[i].ignores);
		assert_false(site->other.ignores_tls_required);
		arena_clear(&instance.arena);
	}
}

/* How an address is quoted is known when all instances do it. */
static void test_quotes(void **state)
{
	static const struct {
		const char *name, *main_cf;
		bool want;
	} formats[] = {
		{"Postfix 3.5", "info_log_address_format = external\n", true},
		{"as before", "info_log_address_format = internal\n", false},
		{"Postfix 3.4", "", false},
	};
	static const struct site_by_hand nothing = {.loglevel = "",
	                                            .lines_are_new = true};

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct told told = {formats[i].main_cf, NULL, NULL};
		auto_(log_site_free) struct log_site *site = NULL;
		struct instance instance;

		ROW(&formats[i]);
		tell(&instance, &told);
		site = site_of(&instance, &nothing);
		assert_int_equal(site->lines.quotes_addresses, formats[i].want);
		arena_clear(&instance.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_our_map),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_whose_line),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_tls_required),
		cmocka_unit_test(test_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
