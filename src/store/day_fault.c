#include "store/day_fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/registered_domain.h"
#include "base/xalloc.h"
#include "store/day_table.h"
#include "store/day_view.h"

enum {
	RECEIVERS = 3,
	SHARE = 10, /* a tenth */
	/* Of a day those with most failures are looked at: so many heads, and
	 * of a result so many domains. */
	HEADS = 256,
	DOMAINS = 32,
	KEPT_DAYS = 400, /* 5 KB each */
};

enum fault day_fault_judge(const struct fault_facts *facts)
{
	/* those that were looked at stand for all */
	uint64_t at_one = facts->looked_at > 0 ? facts->alike * facts->at_one /
	                                                 facts->looked_at
	                                       : 0;
	uint64_t others = facts->alike - at_one;

	if (facts->alike >= facts->domains)
		return facts->receivers > 1 ? FAULT_OURS : FAULT_UNCLEAR;
	if (facts->receivers >= RECEIVERS &&
	    (facts->alike >= facts->at_risk ||
	     others * SHARE >= facts->at_risk - at_one))
		return FAULT_OURS;
	return FAULT_THEIRS;
}

/* Domains that failed alike, by their receivers. */
struct gathered {
	uint64_t domains;
	size_t count;
	struct receiver {
		char name[TALLY_DOMAIN_TEXT];
		uint64_t domains;
	} list[DOMAINS];
};

/* The MX host at which most of the failures with that result were; the domain
 * where none is told, as of a policy that was not fetched. */
static const char *host_of(const struct report *report, enum result_type result,
                           const char *domain)
{
	const char *host = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *policy = &report->policies[i];

		for (size_t j = 0; j < policy->detail_count; j++) {
			const struct report_detail *one = &policy->details[j];

			if (one->detail.result != result ||
			    one->detail.mx_host == NULL || one->count <= most)
				continue;
			host = one->detail.mx_host;
			most = one->count;
		}
	}
	return host != NULL ? host : domain;
}

static void add_receiver(struct gathered *to, const char *host)
{
	char canonical[DOMAIN_TEXT];
	const char *name = host;

	if (domain_canonical(host, strlen(host), canonical, NULL) == 0)
		name = registered_domain(canonical);
	to->domains++;
	for (size_t i = 0; i < to->count; i++)
		if (strcmp(to->list[i].name, name) == 0) {
			to->list[i].domains++;
			return;
		}
	snprintf(to->list[to->count].name, sizeof(to->list[0].name), "%s",
	         name);
	to->list[to->count++].domains = 1;
}

/* Are there enough of them that it matters who they are? */
static bool is_of_interest(const struct day_sums *sums, int result)
{
	uint64_t alike = sums->failing_by_result[result];

	return alike >= RECEIVERS || (alike > 1 && alike == sums->domains);
}

static void look_at(struct db_txn *txn, int32_t day, const char *domain,
                    int result, struct gathered *into)
{
	auto_(report_free) struct report *report = report_new();
	struct err err;

	if (tally_load(txn, day, domain, report, &err) == 0)
		add_receiver(into,
		             host_of(report, (enum result_type)result, domain));
}

static void gather(struct db_txn *txn, int32_t day, const struct day_sums *sums,
                   struct gathered gathered[RESULT_TYPES])
{
	struct day_failing failing = day_failing_begin(txn, day);
	struct failing_domain at = {.failure = UINT64_MAX};
	struct tally_head head;

	for (int n = 0; n < HEADS && day_failing_next(&failing, &at); n++) {
		int result;

		if (!tally_head_get(txn, day, at.domain, &head))
			continue;
		result = tally_main_result(&head);
		if (result >= 0 && is_of_interest(sums, result) &&
		    gathered[result].domains < DOMAINS)
			look_at(txn, day, at.domain, result, &gathered[result]);
	}
}

/* Domains with a policy of the type under which most failed so. */
static uint64_t at_risk(const struct day_sums *sums, int result)
{
	int most = 0;

	for (int i = 1; i < POLICY_TYPES; i++)
		if (sums->policy_results[i][result] >
		    sums->policy_results[most][result])
			most = i;
	return sums->policy_domains[most];
}

static void judge(const struct day_sums *sums, int result,
                  const struct gathered *gathered, struct day_fault *fault)
{
	struct fault_facts facts = {
		.domains = sums->domains,
		.at_risk = at_risk(sums, result),
		.alike = sums->failing_by_result[result],
		.looked_at = gathered->domains,
		.receivers = gathered->domains > 0 ? gathered->count : 1,
	};

	for (size_t i = 0; i < gathered->count; i++)
		if (gathered->list[i].domains > facts.at_one) {
			facts.at_one = gathered->list[i].domains;
			strcpy(fault->receiver, gathered->list[i].name);
		}
	if (facts.at_one < 2 || 2 * facts.at_one <= facts.looked_at)
		fault->receiver[0] = '\0';
	fault->alike = facts.alike;
	fault->fault = day_fault_judge(&facts);
}

static void look(struct db_txn *txn, int32_t day, const struct day_sums *sums,
                 struct day_fault faults[RESULT_TYPES])
{
	struct gathered *gathered = xcalloc(RESULT_TYPES, sizeof(*gathered));
	bool any = false;

	for (int i = 0; i < RESULT_TYPES; i++)
		any |= is_of_interest(sums, i);
	if (any)
		gather(txn, day, sums, gathered);
	for (int i = 0; i < RESULT_TYPES; i++) {
		memset(&faults[i], 0, sizeof(faults[i]));
		if (sums->failing_by_result[i] > 0)
			judge(sums, i, &gathered[i], &faults[i]);
	}
	free(gathered);
}

/* --- what was found, until the day changes --- */

struct looked {
	int32_t day;
	uint64_t revision;
	struct day_fault faults[RESULT_TYPES];
};

/* Of a process. */
struct kept {
	pthread_mutex_t lock;
	struct looked *days[KEPT_DAYS]; /* by day, modulo */
};

static void *kept_new(void)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));

	pthread_mutex_init(&kept->lock, NULL);
	return kept;
}

static void kept_free(void *arg)
{
	struct kept *kept = arg;

	for (size_t i = 0; i < KEPT_DAYS; i++)
		free(kept->days[i]);
	pthread_mutex_destroy(&kept->lock);
	free(kept);
}

/* Under the lock.  A transaction that is older than what is kept looks for
 * itself. */
static void look_or_recall(struct db_txn *txn, int32_t day,
                           const struct day_sums *sums, struct looked **at,
                           struct day_fault faults[RESULT_TYPES])
{
	const size_t size = RESULT_TYPES * sizeof(*faults);
	uint64_t revision = day_table_revision(txn, day);
	struct looked *looked = *at;

	if (looked != NULL && looked->day == day &&
	    looked->revision == revision) {
		memcpy(faults, looked->faults, size);
		return;
	}
	look(txn, day, sums, faults);
	if (db_failed(txn) || (looked != NULL && looked->day == day &&
	                       looked->revision > revision))
		return;
	if (looked == NULL)
		*at = looked = xcalloc(1, sizeof(*looked));
	looked->day = day;
	looked->revision = revision;
	memcpy(looked->faults, faults, size);
}

void day_fault_look(struct db_txn *txn, int32_t day,
                    const struct day_sums *sums,
                    struct day_fault faults[RESULT_TYPES])
{
	struct kept *kept =
		db_memory(txn, DB_MEMORY_FAULT, kept_new, kept_free);

	if (db_writes(txn)) {
		look(txn, day, sums, faults);
		return;
	}
	pthread_mutex_lock(&kept->lock);
	look_or_recall(txn, day, sums, &kept->days[(uint32_t)day % KEPT_DAYS],
	               faults);
	pthread_mutex_unlock(&kept->lock);
}
