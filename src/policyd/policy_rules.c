#include "policyd/policy_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "postfix/postfix_facts.h"

/* From weak to strong. */
static const char *const levels[] = {"none",   "may",       "encrypt",
                                     "dane",   "dane-only", "fingerprint",
                                     "verify", "secure"};

enum { LEVELS = sizeof(levels) / sizeof(levels[0]), MAY = 1, ENCRYPT, DANE };

static size_t strength(const char *level)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (strcmp(levels[i], level) == 0)
			return i;
	return 0;
}

/* What is set of one instance that sends mail. */
static void look_at_instance(const struct postfix_instance *instance,
                             size_t *level, bool *dane,
                             struct policy_rules *rules)
{
	auto_(arena_clear) struct arena arena = {0};
	const char *support;
	struct postfix_facts facts;

	postfix_facts_of(instance, &arena, &facts);
	support = postconf_get(&instance->set, "smtp_dns_support_level");
	*dane = *dane && support != NULL && strcmp(support, "dnssec") == 0;
	for (size_t i = 0; i < facts.client_count; i++) {
		size_t of = strength(facts.clients[i].level);

		*level = of < *level ? of : *level;
	}
	snprintf(rules->version, sizeof(rules->version), "%s",
	         postfix_version_text(&facts));
	rules->tlsrpt =
		rules->tlsrpt && (rules->version[0] == '\0' ||
	                          !postfix_is_before(&facts.version, 3, 10, 0));
}

void policy_rules_of_site(struct policy_rules *rules, const struct conf *conf,
                          const struct postfix_site *site)
{
	size_t level = LEVELS;
	bool dane = true;

	rules->tlsrpt = true;
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].known && site->instances[i].sends &&
		    !site->instances[i].off)
			look_at_instance(&site->instances[i], &level, &dane,
			                 rules);
	if (level == LEVELS) { /* nobody knows */
		level = MAY;
		dane = false;
	}
	/* a domain without TLSA records is delivered at dane as at may */
	if (dane && level == MAY)
		level = DANE;
	snprintf(rules->level, sizeof(rules->level), "%s",
	         conf->policyd.level[0] != '\0' ? conf->policyd.level
	                                        : levels[level]);
	rules->site = (struct policy_site){
		.level = rules->level,
		.dane = dane || strcmp(conf->policyd.level, "dane") == 0,
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
