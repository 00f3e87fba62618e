#include "store/day_fault.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/day_view.h"

enum {
	RECEIVERS = ALIKE_LEAST,
	TENTH = 10, /* of those that could have failed so */
	HALF = 2,   /* of all, whatever failed */
	/* Days before that are compared with; of fewer nothing is said. */
	BEFORE = 28,
	BEFORE_LEAST = 3,
};

/* --- the rule --- */

static const struct fault_alike never;

/* Some domains, of those that could have been among them. */
struct part {
	uint64_t domains, of;
};

/* Those that are not at the receiver of most: what was looked at stands for
 * all. */
static struct part others(const struct fault_alike *alike)
{
	uint64_t at_one = alike->looked_at > 0 ? alike->alike * alike->at_one /
	                                                 alike->looked_at
	                                       : 0;
	uint64_t could =
		alike->at_risk > alike->alike ? alike->at_risk : alike->alike;

	return (struct part){alike->alike - at_one, could - at_one};
}

/* More than usually, by so large a part of those that could. */
static bool is_many(const struct fault_alike *on,
                    const struct fault_alike *usual, uint64_t share)
{
	struct part now = others(on), then = others(usual);
	uint64_t as_usual =
		then.of > 0 ? (then.domains * now.of + then.of - 1) / then.of
			    : 0;
	uint64_t more = now.domains > as_usual ? now.domains - as_usual : 0;

	/* that of most is a receiver, too */
	return on->receivers >= RECEIVERS && more + 1 >= RECEIVERS &&
	       more * share >= now.of;
}

enum fault day_fault_judge(const struct fault_facts *facts)
{
	const struct fault_alike *on = &facts->on;

	if (on->alike >= facts->domains)
		return on->receivers > 1 ? FAULT_OURS : FAULT_UNCLEAR;
	if (on->receivers >= RECEIVERS && on->alike >= on->at_risk)
		return FAULT_OURS;
	if (facts->days > 0 && is_many(on, &facts->usual, TENTH))
		return FAULT_OURS;
	if (facts->days < BEFORE_LEAST && is_many(on, &never, TENTH))
		return FAULT_UNCLEAR;
	return FAULT_THEIRS;
}

bool day_fault_is_all(const struct fault_facts *facts)
{
	const struct fault_alike *on = &facts->on;

	if (on->receivers >= RECEIVERS && on->alike >= on->at_risk)
		return true;
	return facts->days > 0 && is_many(on, &facts->usual, HALF);
}

/* --- a day and those before it --- */

struct before {
	size_t count;
	int32_t days[BEFORE];
	struct day_sums sums[BEFORE];
};

static void read_before(struct db_txn *txn, int32_t day, struct before *before)
{
	for (int32_t at = day - BEFORE; at < day; at++) {
		struct day_sums *sums = &before->sums[before->count];

		if (at >= 0 && day_view_sums(txn, at, sums))
			before->days[before->count++] = at;
	}
}

/* The policy under which most failed so. */
static int policy_of(const struct day_sums *sums, int result)
{
	int most = 0;

	for (int i = 1; i < POLICY_TYPES; i++)
		if (sums->policy_results[i][result] >
		    sums->policy_results[most][result])
			most = i;
	return most;
}

static struct fault_alike alike_on(const struct day_sums *sums, int kind,
                                   int policy)
{
	if (kind == ALIKE_ANY)
		return (struct fault_alike){.at_risk = sums->domains,
		                            .alike = sums->failing_domains};
	return (struct fault_alike){.at_risk = sums->policy_domains[policy],
	                            .alike = sums->failing_by_result[kind]};
}

static void add_found(const struct day_receivers *found, struct fault_alike *to)
{
	to->looked_at = found->looked_at;
	to->receivers = found->receivers;
	to->at_one = found->at_one;
}

struct earlier {
	size_t at; /* in struct before */
	struct fault_alike alike;
};

static int by_share(const void *a, const void *b)
{
	const struct fault_alike *x = &((const struct earlier *)a)->alike;
	const struct fault_alike *y = &((const struct earlier *)b)->alike;
	uint64_t i = x->alike * y->at_risk, j = y->alike * x->at_risk;

	return i < j ? -1 : i > j;
}

/* The day in the middle of those on which something could fail so. */
static void add_usual(struct db_txn *txn, const struct before *before, int kind,
                      int policy, struct fault_facts *facts)
{
	struct earlier list[BEFORE], *usual;
	struct day_receivers found[ALIKE_KINDS];

	for (size_t i = 0; i < before->count; i++) {
		struct fault_alike alike =
			alike_on(&before->sums[i], kind, policy);

		if (alike.at_risk > 0)
			list[facts->days++] = (struct earlier){i, alike};
	}
	if (facts->days == 0)
		return;
	qsort(list, facts->days, sizeof(list[0]), by_share);
	usual = &list[(facts->days - 1) / 2];
	day_receivers_look(txn, before->days[usual->at],
	                   &before->sums[usual->at], found);
	facts->usual = usual->alike;
	add_found(&found[kind], &facts->usual);
}

static void learn_facts(struct db_txn *txn, int32_t day,
                        const struct day_sums *sums, int kind,
                        const struct day_receivers *found,
                        struct before **before, struct fault_facts *facts)
{
	int policy = kind == ALIKE_ANY ? 0 : policy_of(sums, kind);

	*facts = (struct fault_facts){.domains = sums->domains,
	                              .on = alike_on(sums, kind, policy)};
	add_found(found, &facts->on);
	/* else the days before change nothing */
	if (!is_many(&facts->on, &never, kind == ALIKE_ANY ? HALF : TENTH))
		return;
	if (*before == NULL) {
		*before = xcalloc(1, sizeof(**before));
		read_before(txn, day, *before);
	}
	add_usual(txn, *before, kind, policy, facts);
}

bool day_fault_is_thinkable(const struct day_sums *sums)
{
	if (sums->failing_domains * HALF >= sums->domains)
		return sums->failing_domains > 0;
	for (int i = 0; i < RESULT_TYPES; i++) {
		struct fault_alike alike =
			alike_on(sums, i, policy_of(sums, i));

		if (alike.alike >= RECEIVERS &&
		    alike.alike * TENTH >= alike.at_risk)
			return true;
	}
	return false;
}

static void tell(const struct fault_facts *facts,
                 const struct day_receivers *found, enum fault fault,
                 struct day_fault *to)
{
	*to = (struct day_fault){.fault = fault,
	                         .alike = facts->on.alike,
	                         .at_risk = facts->on.at_risk,
	                         .has_usual = facts->days > 0,
	                         .usual = facts->usual.alike};
	strcpy(to->receiver, found->receiver);
}

void day_fault_look(struct db_txn *txn, int32_t day,
                    const struct day_sums *sums,
                    struct day_fault faults[ALIKE_KINDS])
{
	struct day_receivers found[ALIKE_KINDS];
	struct before *before = NULL;
	struct fault_facts facts;
	bool is_all = false;

	memset(faults, 0, ALIKE_KINDS * sizeof(*faults));
	day_receivers_look(txn, day, sums, found);
	if (day_receivers_matter(sums, ALIKE_ANY)) {
		learn_facts(txn, day, sums, ALIKE_ANY, &found[ALIKE_ANY],
		            &before, &facts);
		is_all = day_fault_is_all(&facts);
		tell(&facts, &found[ALIKE_ANY],
		     is_all ? FAULT_OURS : FAULT_UNCLEAR, &faults[ALIKE_ANY]);
	}
	for (int i = 0; i < RESULT_TYPES; i++) {
		if (sums->failing_by_result[i] == 0)
			continue;
		learn_facts(txn, day, sums, i, &found[i], &before, &facts);
		tell(&facts, &found[i],
		     is_all ? FAULT_OURS : day_fault_judge(&facts), &faults[i]);
	}
	free(before);
}
