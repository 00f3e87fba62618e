#include "store/day_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/registered_domain.h"
#include "base/xalloc.h"
#include "store/day_view.h"

enum {
	RECEIVERS = 3,
	SHARE = 10, /* a tenth */
	/* Of a day those with most failures are looked at: so many heads, and
	 * of a result so many domains. */
	HEADS = 256,
	DOMAINS = 32,
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
	auto_(day_failing_end) struct day_failing failing =
		day_failing_begin(txn, day);
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

void day_fault_look(struct db_txn *txn, int32_t day,
                    const struct day_sums *sums,
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
