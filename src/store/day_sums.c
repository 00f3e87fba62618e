#include "store/day_sums.h"

#include <assert.h>
#include <string.h>

#include "store/keys.h"
#include "store/numbers.h"

/* Of the rows of a day (store/keys.h). */
enum { DAY_SUMS = 10 };

static_assert((int)TALLY_MARKS <= (int)DAY_SUMS_MARKS &&
                      (int)POLICY_TYPES <= (int)DAY_SUMS_POLICIES &&
                      (int)RESULT_TYPES <= (int)DAY_SUMS_RESULTS,
              "a row of sums has room for all words");

static struct db_key sums_key(int32_t day)
{
	struct db_key key = key_of_day(TABLE_DAY, day);

	key_u8(&key, DAY_SUMS);
	return key;
}

int day_sums_get(struct db_txn *txn, int32_t day, struct day_sums *sums)
{
	struct db_key key = sums_key(day);

	return numbers_get(txn, &key, sums, sizeof(*sums));
}

struct day_domains day_sums_domains(const struct day_sums *sums)
{
	struct day_domains domains = {
		.domains = sums->domains,
		.late_success = sums->late_success,
		.late_failure = sums->late_failure,
	};

	memcpy(domains.marks, sums->marks, sizeof(domains.marks));
	return domains;
}

uint64_t day_sums_result(const struct day_sums *sums, enum result_type result)
{
	uint64_t n = 0;

	for (int policy = 0; policy < POLICY_TYPES; policy++)
		n += sums->policy_results[policy][result];
	return n;
}

void day_sums_add(struct day_sums *sums, const struct tally_head *head,
                  int64_t times)
{
	const struct tally_kinds *kinds = &head->kinds;
	const uint64_t sign = (uint64_t)times;
	int result = tally_main_result(head);

	sums->domains += sign;
	sums->failing_domains += head->failure > 0 ? sign : 0;
	sums->success += sign * head->success;
	sums->failure += sign * head->failure;
	sums->unjudged += sign * head->unjudged;
	sums->late_success += sign * head->late_success;
	sums->late_failure += sign * head->late_failure;
	sums->folded += sign * head->folded;
	sums->marks[head->mark] += sign;
	for (int i = 0; i < POLICY_TYPES; i++) {
		sums->policy_success[i] += sign * head->kinds.policy_success[i];
		sums->policy_failure[i] += sign * head->kinds.policy_failure[i];
		if (kinds->policy_success[i] + kinds->policy_failure[i] > 0)
			sums->policy_domains[i] += sign;
	}
	for (int i = 0; i < POLICY_TYPES; i++)
		for (int j = 0; j < RESULT_TYPES; j++)
			sums->policy_results[i][j] +=
				sign * head->kinds.results[i][j];
	sums->clear_domains += tally_clear_sessions(head) > 0 ? sign : 0;
	sums->blocked_domains +=
		kinds->policy_failure[POLICY_TLSA] > 0 ||
				kinds->policy_failure[POLICY_STS] > 0
			? sign
			: 0;
	if (result >= 0)
		sums->failing_by_result[result] += sign;
}

void day_sums_change(struct db_txn *txn, int32_t day,
                     const struct tally_head *before,
                     const struct tally_head *head)
{
	struct db_key key = sums_key(day);
	struct day_sums delta = {0};

	day_sums_add(&delta, head, 1);
	if (before != NULL)
		day_sums_add(&delta, before, -1);
	numbers_add(txn, &key, &delta, sizeof(delta));
}

void day_sums_put(struct db_txn *txn, int32_t day, const struct day_sums *sums)
{
	struct db_key key = sums_key(day);

	db_delete(txn, &key);
	numbers_add(txn, &key, sums, sizeof(*sums));
}
