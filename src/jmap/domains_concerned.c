#include "jmap/domains_concerned.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "show/doc.h"
#include "store/domain_period.h"
#include "words/words.h"

/* What a domain is of interest for: how many of its sessions; 0: it is not. */
static uint64_t clear_sessions(const struct domain_period *of)
{
	return of->sums.clear;
}

static uint64_t failed_with(const struct domain_period *of,
                            enum policy_type type)
{
	return (of->sums.policies >> type & 1) != 0 ? of->sums.failure : 0;
}

static uint64_t dane_failed(const struct domain_period *of)
{
	return failed_with(of, POLICY_TLSA);
}

static uint64_t sts_failed(const struct domain_period *of)
{
	return failed_with(of, POLICY_STS);
}

static const struct {
	const char *member;
	uint64_t (*sessions)(const struct domain_period *of);
} kinds[] = {
	{"clear", clear_sessions},
	{"tlsa", dane_failed},
	{"sts", sts_failed},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct concerned {
	uint64_t total;
	size_t count;
	struct {
		uint64_t sessions;
		struct domain_period of;
	} list[CONCERNED_SHOWN + 1]; /* the most first, and room for another */
};

/* Domains come by name; of those with as many the first stays before. */
static void keep_most(struct concerned *of, uint64_t sessions,
                      const struct domain_period *domain)
{
	size_t at = of->count;

	while (at > 0 && of->list[at - 1].sessions < sessions)
		at--;
	if (at == CONCERNED_SHOWN)
		return;
	memmove(&of->list[at + 1], &of->list[at],
	        (of->count - at) * sizeof(of->list[0]));
	of->list[at].sessions = sessions;
	of->list[at].of = *domain;
	if (of->count < CONCERNED_SHOWN)
		of->count++;
}

static bool take(void *arg, const struct domain_period *domain)
{
	struct concerned *all = arg;

	for (int kind = 0; kind < KINDS; kind++) {
		uint64_t sessions = kinds[kind].sessions(domain);

		if (sessions == 0)
			continue;
		all[kind].total++;
		keep_most(&all[kind], sessions, domain);
	}
	return true;
}

static void add_domain(json_t *list, const struct domain_period *of)
{
	json_t *item = doc_row(list);

	doc_set(item, "domain", of->domain);
	json_set_uint(item, "failedSessions", of->sums.failure);
	json_set_uint(item, "clearSessions", of->sums.clear);
	if (of->main_result >= 0)
		doc_set(item, "mainResult",
		        word_api(&words_results, of->main_result));
}

void domains_concerned_add(struct db_txn *txn, int32_t first, int32_t last,
                           json_t *object)
{
	struct concerned *all = xcalloc(KINDS, sizeof(*all));
	json_t *concerned = doc_object(object, "concerned");
	const struct domains_asked asked = {"", PERIOD_FAILURE | PERIOD_CLEAR,
	                                    PERIOD_ANY};

	domain_period_each(domain_period_of(txn, first, last), &asked, take,
	                   all);
	for (int kind = 0; kind < KINDS; kind++) {
		json_t *item = doc_object(concerned, kinds[kind].member);
		json_t *list = doc_array(item, "domains");

		json_set_uint(item, "total", all[kind].total);
		for (size_t i = 0; i < all[kind].count; i++)
			add_domain(list, &all[kind].list[i].of);
	}
	free(all);
}
