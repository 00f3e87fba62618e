#include "maillog/log_site.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

enum {
	HOPS_MAX = 256,
	SERVICES_MAX = 1024,
	NAMES_MAX = 64,
	SMTP_PORT = 25,
};

static const char between[] = ", \t\r\n";

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* The next item of a list; empty at its end. */
static struct span next_item(const char **list)
{
	struct span item;

	*list += strspn(*list, between);
	item = (struct span){*list, strcspn(*list, between)};
	*list += item.len;
	return item;
}

/* "[smtp.relay.example]:587", "relay.example", "[192.0.2.1]" */
static bool read_hop(struct span text, struct arena *arena,
                     struct site_hop *hop)
{
	struct span name = text, port = {NULL, 0};
	char canonical[DOMAIN_TEXT];

	memset(hop, 0, sizeof(*hop));
	hop->is_host = span_skip(&name, "[");
	if (hop->is_host) {
		port = name;
		if (!span_until(&port, ']', &name))
			return false;
		span_skip(&port, ":");
	} else {
		port = name;
		if (!span_until(&port, ':', &name))
			port.len = 0;
	}
	hop->other_port =
		port.len > 0 && !span_is(port, "25") && !span_is(port, "smtp");
	if (name.len == 0)
		return false;
	if (domain_canonical(name.at, name.len, canonical, NULL) == 0 &&
	    !domain_is_ip(canonical))
		hop->name = arena_strdup(arena, canonical);
	return true;
}

/* Adds what a list names; true when one of it takes mail on port 25. */
static bool add_hops(struct log_site *site, const char *list, bool for_all)
{
	bool routes = false;
	struct span item;

	while ((item = next_item(&list)).len > 0) {
		struct site_hop hop;

		if (!read_hop(item, &site->arena, &hop))
			continue;
		routes |= !hop.other_port;
		hop.for_all = for_all;
		if (hop.name != NULL && site->hop_count < HOPS_MAX)
			site->hops[site->hop_count++] = hop;
	}
	return routes;
}

static bool is_client(const struct postconf_service *service)
{
	return strcmp(service->type, "unix") == 0 && postconf_is_smtp(service);
}

/* "smtp:[relay.example]": a transport of ours, and where to. */
static bool add_transport(struct log_site *site, const struct postconf *set,
                          const char *value, bool for_all)
{
	struct span rest = span_of(value), name;

	if (!span_until(&rest, ':', &name) || rest.len == 0)
		return false;
	for (size_t i = 0; i < set->service_count; i++)
		if (span_is(name, set->services[i].name) &&
		    is_client(&set->services[i]))
			return add_hops(site, rest.at, for_all);
	return false;
}

/* "inline:{a@b.example=slow:}": nothing but transports, none with a host? */
static bool names_no_hop(struct span map)
{
	struct span entry;
	bool more;

	if (span_skip(&map, "static:"))
		return map.len > 0 && map.at[map.len - 1] == ':' &&
		       next_item(&(const char *){map.at}).len == map.len;
	if (!span_skip(&map, "inline:{") || map.len == 0 ||
	    map.at[map.len - 1] != '}' || memchr(map.at, '{', map.len) != NULL)
		return false;
	map.len--;
	do {
		more = span_split(&map, ',', &entry);
		entry = span_trim(entry);
		if (entry.len > 0 && entry.at[entry.len - 1] != ':')
			return false;
	} while (more);
	return true;
}

/* Settings that send an instance's mail elsewhere than to its MX hosts. */
static bool instance_routes(struct log_site *site, const struct postconf *set)
{
	static const char *const maps[] = {
		"transport_maps",
		"sender_dependent_relayhost_maps",
		"sender_dependent_default_transport_maps",
		"fallback_transport_maps",
		"mailbox_transport_maps",
	};
	static const struct {
		const char *name;
		bool for_all;
	} transports[] = {
		{"default_transport", true},  {"relay_transport", false},
		{"local_transport", false},   {"mailbox_transport", false},
		{"virtual_transport", false}, {"fallback_transport", false},
		{"best_mx_transport", false}, {"content_filter", false},
	};
	bool routes =
		add_hops(site, or_empty(postconf_get(set, "relayhost")), true);

	/* a map may say anything of anybody, unless it can be read here */
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		const char *map = or_empty(postconf_get(set, maps[i]));

		routes |= map[strspn(map, between)] != '\0' &&
		          !names_no_hop(span_trim(span_of(map)));
	}
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		routes |= add_transport(
			site, set,
			or_empty(postconf_get(set, transports[i].name)),
			transports[i].for_all);
	return routes;
}

/* The settings of one service, with what it has itself. */
struct client {
	const struct site_instance *instance;
	const struct postconf *set;
	const struct postconf_service *service;
};

static const char *get(const struct client *client, const char *name)
{
	return or_empty(
		postconf_of_service(client->set, client->service, name));
}

static bool is(const struct client *client, const char *name, const char *value)
{
	return strcasecmp(get(client, name), value) == 0;
}

static bool is_set(const struct client *client, const char *name)
{
	return get(client, name)[0] != '\0';
}

/* What smtp_tls_policy_maps may say.  One can say "dane", too; and what a site
 * looks policies up in one for is MTA-STS.  Of our own it is known. */
static unsigned map_says(const struct client *client)
{
	const struct site_instance *instance = client->instance;

	if (!is_set(client, "smtp_tls_policy_maps"))
		return 0;
	for (size_t i = 0; i < instance->asker_count; i++)
		if (instance->askers[i] == client->service)
			return instance->told;
	return ENFORCES_DANE_BY_MAP | ENFORCES_STS;
}

/* Without CA certificates every server is "Untrusted" in the log. */
static unsigned client_enforces(const struct client *client)
{
	unsigned map = map_says(client), enforces = 0;
	bool signed_dns = is(client, "smtp_dns_support_level", "dnssec"),
	     dane = is(client, "smtp_tls_security_level", "dane") ||
	            is(client, "smtp_tls_security_level", "dane-only");

	if (dane && signed_dns)
		enforces |= ENFORCES_DANE;
	else if (signed_dns)
		enforces |= map & ENFORCES_DANE_BY_MAP;
	enforces |= map & ENFORCES_STS;
	if (is(client, "smtp_tls_security_level", "verify") ||
	    is(client, "smtp_tls_security_level", "secure"))
		enforces |= ENFORCES_CERTIFICATE;
	if (!is_set(client, "smtp_tls_CAfile") &&
	    !is_set(client, "smtp_tls_CApath") &&
	    !is(client, "tls_append_default_CA", "yes"))
		enforces |= ENFORCES_NO_CAS;
	return enforces;
}

/* smtp(8) asks for no MX records then, or logs other names than theirs. */
static bool hides_mx(const struct client *client)
{
	return is(client, "smtp_cname_overrides_servername", "yes") ||
	       is(client, "smtp_dns_support_level", "disabled") ||
	       (!is_set(client, "smtp_dns_support_level") &&
	        is(client, "disable_dns_lookups", "yes"));
}

static enum log_tls_lines tls_lines_of(const char *loglevel)
{
	return postconf_logs_tls(loglevel) ? TLS_LINES_LOGGED
	                                   : TLS_LINES_MISSING;
}

/* Two that cannot be told apart: what holds for either. */
static void merge(struct log_service *known, const struct log_service *also)
{
	known->routes |= also->routes;
	known->says_tls &= also->says_tls;
	known->ignores_tls_required &= also->ignores_tls_required;
	known->enforces |= also->enforces;
	if (known->tls_lines == TLS_LINES_MISSING ||
	    also->tls_lines != TLS_LINES_MISSING)
		return;
	known->tls_lines = TLS_LINES_MISSING;
	known->loglevel = also->loglevel;
	known->name = also->name;
	known->directory = also->directory;
}

static void add_service(struct log_site *site,
                        const struct log_service *service)
{
	struct log_service *known = site->services;
	struct log_service *end = known + site->count;

	while (known < end && strcmp(known->program, service->program) != 0)
		known++;
	if (known == end && site->count < SERVICES_MAX)
		site->services[site->count++] = *service;
	else if (known < end && known->named == service->named)
		merge(known, service);
}

static void add_client(struct log_site *site,
                       const struct site_instance *instance,
                       const struct postconf_service *service, bool routes)
{
	struct client client = {instance, instance->set, service};
	const char *syslog_name = get(&client, "syslog_name");
	const char *loglevel = get(&client, "smtp_tls_loglevel");
	struct arena *arena = &site->arena;
	bool falls_back =
		add_hops(site, get(&client, "smtp_fallback_relay"), false);
	struct log_service made = {
		.program = arena_printf(arena, "%s/smtp",
	                                syslog_name[0] != '\0' ? syslog_name
	                                                       : "postfix"),
		.name = arena_strdup(arena, service->name),
		.directory = arena_strdup(arena, instance->directory),
		.named = instance->named,
		.loglevel = arena_strdup(arena, loglevel),
		.tls_lines = tls_lines_of(loglevel),
		.ignores_tls_required =
			!is(&client, "tls_required_enable", "yes"),
		.says_tls = is(&client, "smtp_log_tls_feature_status", "yes"),
		.enforces = ENFORCES_KNOWN | client_enforces(&client),
		.routes = routes || falls_back || hides_mx(&client),
	};

	add_service(site, &made);
}

/* All instances, since a line is read before it is known whose it is.  Postfix
 * before 3.5 has no such setting, and quotes nothing. */
static bool all_quote_addresses(const struct site_instance *instances,
                                size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *format = postconf_get(instances[i].set,
		                                  "info_log_address_format");

		if (format == NULL || strcasecmp(format, "external") != 0)
			return false;
	}
	return count > 0;
}

/* "postfix/relay": what stands before the slash, once. */
static void add_name(struct log_site *site, const char **names,
                     const char *syslog_name)
{
	struct span name = {syslog_name, strcspn(syslog_name, "/")};

	for (size_t i = 0; i < site->lines.name_count; i++)
		if (span_is(name, names[i]))
			return;
	if (name.len > 0 && site->lines.name_count < NAMES_MAX)
		names[site->lines.name_count++] =
			arena_strndup(&site->arena, name.at, name.len);
}

/* All programs of an instance: main.cf's name, and each -o syslog_name. */
static void add_names(struct log_site *site, const char **names,
                      const struct postconf *set)
{
	static const char setting[] = "/syslog_name";

	add_name(site, names, or_empty(postconf_get(set, "syslog_name")));
	for (size_t i = 0; i < set->overrides.count; i++) {
		const char *name = set->overrides.list[i].name;
		size_t len = strlen(name);

		if (len >= strlen(setting) &&
		    strcmp(name + len - strlen(setting), setting) == 0)
			add_name(site, names, set->overrides.list[i].value);
	}
}

static void add_instance(struct log_site *site,
                         const struct site_instance *instance)
{
	const struct postconf *set = instance->set;
	bool routes = instance_routes(site, set);

	for (size_t i = 0; i < set->service_count; i++)
		if (is_client(&set->services[i]))
			add_client(site, instance, &set->services[i], routes);
}

/* Lines of a program that no service has: of a service that has been renamed
 * since, or of another host. */
static void set_other(struct log_site *site)
{
	struct log_service *other = &site->other;
	bool any_named = false;

	*other = (struct log_service){.program = "",
	                              .name = "",
	                              .directory = "",
	                              .loglevel = "",
	                              .routes = true};
	for (size_t i = 0; i < site->count; i++)
		any_named |= site->services[i].named;
	for (size_t i = 0; i < site->count; i++)
		if (site->services[i].named == any_named)
			other->enforces |= site->services[i].enforces;
	if (site->count == 0)
		other->enforces = ENFORCES_NO_CAS;
}

static void say_by_hand(struct log_service *service,
                        const struct site_by_hand *by_hand)
{
	const unsigned policies =
		ENFORCES_DANE | ENFORCES_DANE_BY_MAP | ENFORCES_STS;

	if (by_hand->has_enforces)
		service->enforces = (service->enforces & ~policies) |
		                    ENFORCES_KNOWN |
		                    (by_hand->dane ? ENFORCES_DANE : 0) |
		                    (by_hand->sts ? ENFORCES_STS : 0);
	if (by_hand->loglevel[0] != '\0') {
		service->loglevel = by_hand->loglevel;
		service->tls_lines = tls_lines_of(by_hand->loglevel);
	}
	if (by_hand->says_routes)
		service->routes = by_hand->routes;
}

struct log_site *log_site_new(const struct site_instance *instances,
                              size_t count, const struct site_by_hand *by_hand)
{
	struct log_site *site = xcalloc(1, sizeof(*site));
	struct site_by_hand own = *by_hand;
	const char **names;

	arena_init(&site->arena);
	site->services = arena_array(&site->arena, SERVICES_MAX,
	                             sizeof(*site->services));
	site->hops = arena_array(&site->arena, HOPS_MAX, sizeof(*site->hops));
	site->all_relayed = by_hand->all_relayed;
	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; i < count; i++)
			if (instances[i].named == named)
				add_instance(site, &instances[i]);
	for (size_t i = 0; i < by_hand->next_hop_count; i++)
		add_hops(site, by_hand->next_hops[i], false);
	site->lines.quotes_addresses =
		by_hand->lines_are_new && all_quote_addresses(instances, count);
	names = arena_array(&site->arena, NAMES_MAX, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		add_names(site, names, instances[i].set);
	site->lines.names = names;
	set_other(site);
	if (by_hand->own_host != NULL)
		site->own_host = arena_strdup(&site->arena, by_hand->own_host);
	own.loglevel = arena_strdup(&site->arena, by_hand->loglevel);
	for (size_t i = 0; i < site->count; i++)
		say_by_hand(&site->services[i], &own);
	say_by_hand(&site->other, &own);
	return site;
}

void log_site_free(struct log_site **site)
{
	if (*site == NULL)
		return;
	arena_clear(&(*site)->arena);
	free(*site);
	*site = NULL;
}

/* The same without what follows the first dot: some log the one, some the
 * other. */
static bool is_own_host(const char *own, struct span host)
{
	size_t len = strcspn(own, ".");
	const char *dot = memchr(host.at, '.', host.len);

	if (dot != NULL)
		host.len = (size_t)(dot - host.at);
	return host.len == len && strncasecmp(own, host.at, len) == 0;
}

/* Some forms of the log leave the service out: "postfix". */
static bool is_program(struct span program, const char *known)
{
	struct span rest = span_of(known), name;

	if (span_is(program, known))
		return true;
	return memchr(program.at, '/', program.len) == NULL &&
	       span_until(&rest, '/', &name) && span_is(rest, "smtp") &&
	       name.len == program.len &&
	       memcmp(name.at, program.at, name.len) == 0;
}

const struct log_service *log_site_service(const struct log_site *site,
                                           struct span program,
                                           struct span host)
{
	if (site->own_host != NULL && host.len > 0 &&
	    !is_own_host(site->own_host, host))
		return &site->other;
	for (size_t i = 0; i < site->count; i++)
		if (is_program(program, site->services[i].program))
			return &site->services[i];
	return &site->other;
}

unsigned log_site_enforces(const struct log_site *site)
{
	unsigned enforces = site->other.enforces;

	for (size_t i = 0; i < site->count; i++)
		enforces |= site->services[i].enforces;
	return enforces;
}

/* The next hop that is this host. */
static const struct site_hop *find_hop(const struct log_site *site,
                                       const char *host, bool other_port)
{
	for (size_t i = 0; i < site->hop_count; i++) {
		const struct site_hop *hop = &site->hops[i];

		if (hop->is_host && hop->other_port == other_port &&
		    strcmp(hop->name, host) == 0)
			return hop;
	}
	return NULL;
}

/* The only next hop of which MX records are asked: the host may be one of
 * them. */
static const struct site_hop *find_domain_hop(const struct log_site *site,
                                              bool other_port)
{
	const struct site_hop *only = NULL;

	for (size_t i = 0; i < site->hop_count; i++) {
		const struct site_hop *hop = &site->hops[i];

		if (hop->is_host || hop->other_port != other_port)
			continue;
		if (only != NULL && strcmp(only->name, hop->name) != 0)
			return NULL;
		only = hop;
	}
	return only;
}

enum log_route log_site_route(const struct log_site *site,
                              const struct log_service *service,
                              const char *host, uint16_t port,
                              const struct site_hop **hop)
{
	bool other_port = port != 0 && port != SMTP_PORT;

	*hop = find_hop(site, host, other_port);
	if (other_port || site->all_relayed) {
		if (*hop == NULL)
			*hop = find_domain_hop(site, other_port);
		return ROUTE_SITE;
	}
	if (!service->routes)
		return ROUTE_DOMAIN;
	if (*hop != NULL && (*hop)->for_all)
		return ROUTE_SITE;
	if (*hop == NULL)
		*hop = find_domain_hop(site, false);
	return ROUTE_OPEN;
}
