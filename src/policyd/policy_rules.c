#include "policyd/policy_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "postfix/policy_askers.h"
#include "postfix/postfix_facts.h"

static void look_at_instance(const struct postfix_instance *instance,
                             const char *ours, bool validates,
                             struct policy_askers *own,
                             struct policy_rules *rules)
{
	auto_(arena_clear) struct arena arena = {0};
	struct postfix_facts facts;

	postfix_facts_of(instance, &arena, &facts);
	for (size_t i = 0; i < facts.client_count; i++)
		if (ours == NULL ||
		    policy_askers_have(&facts, &facts.clients[i], ours))
			policy_askers_add(own, &facts.clients[i], validates);
	snprintf(rules->version, sizeof(rules->version), "%s",
	         postfix_version_text(&facts));
	rules->tlsrpt =
		rules->tlsrpt && (rules->version[0] == '\0' ||
	                          !postfix_is_before(&facts.version, 3, 10, 0));
}

/* `ours`: the socket that those have in smtp_tls_policy_maps who are looked at;
 * NULL: all are. */
static struct policy_askers look_at_site(const struct postfix_site *site,
                                         const char *ours, bool validates,
                                         struct policy_rules *rules)
{
	struct policy_askers own = POLICY_ASKERS_NONE;

	rules->tlsrpt = true;
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].known && site->instances[i].sends &&
		    !site->instances[i].off)
			look_at_instance(&site->instances[i], ours, validates,
			                 &own, rules);
	return own;
}

/* SITE_LEVELS: they have not all the same. */
static enum site_level common_level(const struct policy_askers *own, bool dane)
{
	const unsigned may = SITE_LEVEL_BIT(SITE_LEVEL_MAY);

	/* a domain without TLSA records is delivered at dane as at may */
	if (dane && (own->levels & ~SITE_LEVEL_BIT(SITE_LEVEL_DANE)) == may)
		return SITE_LEVEL_DANE;
	for (unsigned i = 0; i < SITE_LEVELS; i++)
		if (own->levels == SITE_LEVEL_BIT(i))
			return (enum site_level)i;
	return SITE_LEVELS;
}

/* By [policyd] level, unless it is weaker than what mail would have without. */
static enum site_level choose_level(const struct policy_askers *own, bool dane,
                                    const char *wanted,
                                    struct policy_rules *rules)
{
	enum site_level level = site_level_of(wanted);
	bool is_vain = level == SITE_LEVEL_DANE && !dane;

	rules->refused = level < SITE_LEVELS &&
	                 (is_vain || !site_level_holds(level, own->levels));
	if (level < SITE_LEVELS && !rules->refused)
		return level;
	return common_level(own, dane);
}

void policy_rules_of_site(struct policy_rules *rules, const struct conf *conf,
                          const struct postfix_site *site, bool validates)
{
	const char *wanted = conf->policyd.level;
	struct policy_askers own =
		look_at_site(site, conf->policyd.socket, validates, rules);
	enum site_level level;
	bool dane;

	if (own.levels == 0) /* it is not set up yet */
		own = look_at_site(site, NULL, validates, rules);
	dane = own.levels != 0 ? own.every_dane || own.any_dane
	                       : strcasecmp(wanted, "dane") == 0 && validates;
	if (own.levels == 0) /* nobody knows */
		own.levels = SITE_LEVEL_BIT(SITE_LEVEL_MAY);
	level = choose_level(&own, dane, wanted, rules);
	rules->postfix_validates = validates;
	rules->site = (struct policy_site){
		.own = own.levels,
		.verifies_host = own.verifies_host,
		.level = site_level_text(level),
		.differs = level == SITE_LEVELS,
		.dane = dane,
		.dane_only = conf->policyd.dane_only,
		.defers = conf->policyd.on_failure == ON_FAILURE_DEFER,
		.temp_secs = conf->policyd.defer_for,
	};
}

void policy_shelf_init(struct policy_shelf *shelf)
{
	shelf->rules = NULL;
	shelf->last = 0;
	pthread_mutex_init(&shelf->lock, NULL);
}

void policy_rules_put(struct policy_rules **rules)
{
	if (*rules != NULL && atomic_fetch_sub(&(*rules)->users, 1) == 1) {
		overrides_free(&(*rules)->overrides);
		free(*rules);
	}
	*rules = NULL;
}

void policy_shelf_set(struct policy_shelf *shelf, struct policy_rules *rules)
{
	struct policy_rules *old;

	if (rules != NULL)
		atomic_fetch_add(&rules->users, 1);
	pthread_mutex_lock(&shelf->lock);
	old = shelf->rules;
	shelf->rules = rules;
	if (rules != NULL)
		rules->number = ++shelf->last;
	pthread_mutex_unlock(&shelf->lock);
	policy_rules_put(&old);
}

struct policy_rules *policy_rules_get(struct policy_shelf *shelf)
{
	struct policy_rules *rules;

	pthread_mutex_lock(&shelf->lock);
	rules = shelf->rules;
	atomic_fetch_add(&rules->users, 1);
	pthread_mutex_unlock(&shelf->lock);
	return rules;
}

void policy_shelf_clear(struct policy_shelf *shelf)
{
	policy_shelf_set(shelf, NULL);
	pthread_mutex_destroy(&shelf->lock);
}
