#include "store/day_receivers.h"

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
	/* Of a day those with most failures are looked at: so many heads, and
	 * of a kind so many domains. */
	HEADS = 256,
	DOMAINS = 32,
	KEPT_DAYS = 400, /* 5 KB each */
};

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

bool day_receivers_matter(const struct day_sums *sums, int kind)
{
	uint64_t alike = kind == ALIKE_ANY ? sums->failing_domains
	                                   : sums->failing_by_result[kind];

	if (kind == ALIKE_ANY && 2 * alike < sums->domains)
		return false;
	return alike >= ALIKE_LEAST || (alike > 1 && alike == sums->domains);
}

static void look_at(struct db_txn *txn, int32_t day, const char *domain,
                    int result, struct gathered *alike, struct gathered *any)
{
	auto_(report_free) struct report *report = report_new();
	struct err err;
	const char *host;

	if (tally_load(txn, day, domain, report, &err) < 0)
		return;
	host = host_of(report, (enum result_type)result, domain);
	if (alike != NULL)
		add_receiver(alike, host);
	if (any != NULL)
		add_receiver(any, host);
}

static void gather(struct db_txn *txn, int32_t day,
                   const bool interesting[ALIKE_KINDS],
                   struct gathered gathered[ALIKE_KINDS])
{
	struct day_failing failing = day_failing_begin(txn, day);
	struct failing_domain at = {.failure = UINT64_MAX};
	struct tally_head head;

	for (int n = 0; n < HEADS && day_failing_next(&failing, &at); n++) {
		struct gathered *into[2] = {NULL};
		int result;

		if (!tally_head_get(txn, day, at.domain, &head))
			continue;
		result = tally_main_result(&head);
		if (result < 0)
			continue;
		if (interesting[result] && gathered[result].domains < DOMAINS)
			into[0] = &gathered[result];
		if (interesting[ALIKE_ANY] &&
		    gathered[ALIKE_ANY].domains < DOMAINS)
			into[1] = &gathered[ALIKE_ANY];
		if (into[0] != NULL || into[1] != NULL)
			look_at(txn, day, at.domain, result, into[0], into[1]);
	}
}

static void sum_up(const struct gathered *gathered, struct day_receivers *found)
{
	*found = (struct day_receivers){
		.looked_at = gathered->domains,
		.receivers = gathered->domains > 0 ? gathered->count : 1};
	for (size_t i = 0; i < gathered->count; i++)
		if (gathered->list[i].domains > found->at_one) {
			found->at_one = gathered->list[i].domains;
			strcpy(found->receiver, gathered->list[i].name);
		}
	if (found->at_one < 2 || 2 * found->at_one <= found->looked_at)
		found->receiver[0] = '\0';
}

static void look_at_worst(struct db_txn *txn, int32_t day,
                          const struct day_sums *sums,
                          struct day_receivers found[ALIKE_KINDS])
{
	struct gathered *gathered = xcalloc(ALIKE_KINDS, sizeof(*gathered));
	bool interesting[ALIKE_KINDS], any = false;

	for (int i = 0; i < ALIKE_KINDS; i++)
		any |= interesting[i] = day_receivers_matter(sums, i);
	if (any)
		gather(txn, day, interesting, gathered);
	for (int i = 0; i < ALIKE_KINDS; i++)
		sum_up(&gathered[i], &found[i]);
	free(gathered);
}

/* --- what was found, until the day changes --- */

struct looked {
	int32_t day;
	uint64_t revision;
	struct day_receivers found[ALIKE_KINDS];
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
                           struct day_receivers found[ALIKE_KINDS])
{
	const size_t size = ALIKE_KINDS * sizeof(*found);
	uint64_t revision = day_table_revision(txn, day);
	struct looked *looked = *at;

	if (looked != NULL && looked->day == day &&
	    looked->revision == revision) {
		memcpy(found, looked->found, size);
		return;
	}
	look_at_worst(txn, day, sums, found);
	if (db_failed(txn) || (looked != NULL && looked->day == day &&
	                       looked->revision > revision))
		return;
	if (looked == NULL)
		*at = looked = xcalloc(1, sizeof(*looked));
	looked->day = day;
	looked->revision = revision;
	memcpy(looked->found, found, size);
}

void day_receivers_look(struct db_txn *txn, int32_t day,
                        const struct day_sums *sums,
                        struct day_receivers found[ALIKE_KINDS])
{
	struct kept *kept =
		db_memory(txn, DB_MEMORY_FAULT, kept_new, kept_free);

	if (db_writes(txn)) {
		look_at_worst(txn, day, sums, found);
		return;
	}
	pthread_mutex_lock(&kept->lock);
	look_or_recall(txn, day, sums, &kept->days[(uint32_t)day % KEPT_DAYS],
	               found);
	pthread_mutex_unlock(&kept->lock);
}
