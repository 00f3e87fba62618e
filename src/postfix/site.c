#include "postfix/site.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "postfix/policy_askers.h"

enum { INSTANCES_MAX = 64, HOST_TEXT = 256 };

static struct site_by_hand by_hand(const struct conf *conf)
{
	const struct conf_list *enforces = &conf->log.enforces;
	const struct conf_list *hops = &conf->log.next_hops;

	return (struct site_by_hand){
		.has_enforces = enforces->count > 0,
		.dane = conf_list_has(enforces, "dane"),
		.sts = conf_list_has(enforces, "sts"),
		.loglevel = conf->log.tls_loglevel,
		.says_routes = conf->log.routed != ROUTED_AUTO,
		.routes = conf->log.routed == ROUTED_YES,
		.next_hops = (const char *const *)hops->items,
		.next_hop_count = hops->count,
		.all_relayed = conf->log.by_relay,
	};
}

static size_t known_instances(const struct postfix_site *postfix, bool by_name,
                              struct site_instance out[INSTANCES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < postfix->count && count < INSTANCES_MAX; i++) {
		const struct postfix_instance *instance =
			&postfix->instances[i];

		if (instance->known)
			out[count++] = (struct site_instance){
				.directory = instance->directory,
				.named = by_name && instance->sends,
				.set = &instance->set,
			};
	}
	return count;
}

static void add_askers(const struct postfix_instance *instance,
                       const char *ours, struct arena *arena,
                       struct policy_askers *all, struct site_instance *out)
{
	const struct postconf_service **askers;
	struct postfix_facts facts;

	postfix_facts_of(instance, arena, &facts);
	askers = arena_array(arena, facts.client_count, sizeof(*askers));
	for (size_t i = 0; i < facts.client_count; i++) {
		const struct postfix_client *client = &facts.clients[i];

		if (policy_askers_have(&facts, client, ours))
			policy_askers_add(all, client, true);
		if (policy_askers_have_only(&facts, client, ours))
			askers[out->asker_count++] = client->service;
	}
	out->askers = askers;
}

/* What tlstally-policyd tells those that ask it (domain/policy_answer.h). */
static void look_at_askers(const struct conf *conf,
                           const struct postfix_site *postfix,
                           struct arena *arena, struct site_instance *known)
{
	struct policy_askers all = POLICY_ASKERS_NONE;
	unsigned told = 0;
	size_t n = 0;

	for (size_t i = 0; i < postfix->count && n < INSTANCES_MAX; i++)
		if (postfix->instances[i].known)
			add_askers(&postfix->instances[i], conf->policyd.socket,
			           arena, &all, &known[n++]);
	if (site_level_takes_dane(all.levels))
		told |= ENFORCES_DANE_BY_MAP;
	if (site_level_takes_sts(all.levels, all.verifies_host))
		told |= ENFORCES_STS;
	while (n > 0)
		known[--n].told = told;
}

struct log_site *site_make(const struct conf *conf,
                           const struct postfix_site *postfix, int source,
                           bool from_start)
{
	auto_(arena_clear) struct arena arena = {0};
	struct site_by_hand settings = by_hand(conf);
	struct site_instance instances[INSTANCES_MAX];
	bool by_name = conf->log.postfix_config_directory[0] != '\0';
	size_t count = known_instances(postfix, by_name, instances);
	char host[HOST_TEXT] = "";

	look_at_askers(conf, postfix, &arena, instances);
	settings.lines_are_new = source == LOG_FROM_JOURNAL && !from_start &&
	                         count == postfix->count;
	if (source == LOG_FROM_STDIN && !by_name &&
	    gethostname(host, sizeof(host) - 1) == 0)
		settings.own_host = host;
	return log_site_new(instances, count, &settings);
}

size_t site_unlogged(const struct log_site *site, struct strbuf *out)
{
	const char *directory = NULL;
	size_t count = 0;

	for (size_t i = 0; i < site->count; i++) {
		const struct log_service *service = &site->services[i];

		if (service->tls_lines != TLS_LINES_MISSING ||
		    service->says_tls)
			continue;
		if (count > 0 && strcmp(directory, service->directory) != 0)
			strbuf_printf(out, " (%s)", directory);
		strbuf_printf(out, "%s%s", count > 0 ? ", " : "",
		              service->name);
		directory = service->directory;
		count++;
	}
	if (count > 0)
		strbuf_printf(out, " (%s)", directory);
	else if (site->other.tls_lines == TLS_LINES_MISSING)
		strbuf_puts(out, "[log] tls_loglevel");
	return count > 0 ? count : site->other.tls_lines == TLS_LINES_MISSING;
}

static const char *policy_words(unsigned enforces)
{
	bool sts = enforces & ENFORCES_STS;

	if (enforces & ENFORCES_DANE)
		return sts ? "DANE and MTA-STS" : "DANE";
	if (enforces & ENFORCES_DANE_BY_MAP)
		return "DANE and MTA-STS, as its policy map says";
	return sts ? "MTA-STS" : "neither DANE nor MTA-STS";
}

static bool routes(const struct log_site *site)
{
	for (size_t i = 0; i < site->count; i++)
		if (site->services[i].routes)
			return true;
	return site->all_relayed || (site->count == 0 && site->other.routes);
}

static bool is_said(const struct strbuf *said, const char *line)
{
	return said->len > 0 && strstr(said->data, line) != NULL;
}

static void tell_line(const struct strbuf *said, struct strbuf *now,
                      bool warning, const char *line)
{
	strbuf_puts(now, line);
	strbuf_putc(now, '\n');
	if (is_said(said, line))
		return;
	if (warning)
		log_warning("%s", line);
	else
		log_info("%s", line);
}

static void tell_enforced(const struct conf *conf,
                          const struct postfix_site *postfix,
                          const struct log_site *site,
                          const struct strbuf *said, struct strbuf *now)
{
	auto_(strbuf_clear) struct strbuf line = {0};
	bool hand = conf->log.enforces.count > 0;

	if (hand || site->count > 0)
		strbuf_printf(&line, "this site enforces %s (%s)",
		              policy_words(log_site_enforces(site)),
		              hand ? "[log] enforces" : "postconf");
	else
		strbuf_printf(&line,
		              "%s: cannot find out which policies Postfix "
		              "enforces; sessions count for no policy until "
		              "[log] enforces is set",
		              postfix->trouble.text[0] != '\0'
		                      ? postfix->trouble.text
		                      : "postconf lists no smtp service");
	tell_line(said, now, !hand && site->count == 0, strbuf_text(&line));
}

static void tell_routes(const struct conf *conf, const struct log_site *site,
                        const struct strbuf *said, struct strbuf *now)
{
	auto_(strbuf_clear) struct strbuf line = {0};
	bool hand = conf->log.routed != ROUTED_AUTO || conf->log.by_relay;

	strbuf_printf(&line, "%s (%s)",
	              routes(site)
	                      ? "this site may route mail itself: a host that "
	                        "is not an MX host of the recipient's domain "
	                        "is a next hop, with a domain of its own"
	                      : "this site sends mail only to MX hosts",
	              hand              ? "[log]"
	              : site->count > 0 ? "postconf"
	                                : "not known");
	tell_line(said, now, false, strbuf_text(&line));
}

static void tell_unlogged(const struct log_site *site,
                          const struct strbuf *said, struct strbuf *now)
{
	auto_(strbuf_clear) struct strbuf line = {0}, names = {0};

	if (site_unlogged(site, &names) == 0)
		return;
	if (site->own_host != NULL)
		strbuf_printf(&names, " in lines of %s", site->own_host);
	strbuf_printf(&line,
	              "Postfix does not log TLS sessions, and none is counted, "
	              "of %s: set smtp_tls_loglevel = 1 in main.cf, and remove "
	              "-o smtp_tls_loglevel=0 from master.cf",
	              strbuf_text(&names));
	tell_line(said, now, true, strbuf_text(&line));
}

void site_tell(const struct conf *conf, const struct postfix_site *postfix,
               const struct log_site *site, struct strbuf *said)
{
	struct strbuf now = {0};

	tell_enforced(conf, postfix, site, said, &now);
	tell_routes(conf, site, said, &now);
	tell_unlogged(site, said, &now);
	if (is_said(said, "Postfix does not log TLS") &&
	    !is_said(&now, "Postfix does not log TLS"))
		log_info("Postfix now logs the TLS sessions of all services");
	strbuf_clear(said);
	*said = now;
}
