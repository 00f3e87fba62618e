#include "store/tally_seal.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/intern.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

/* The rows of one domain's day on their way. */
struct seal {
	struct db_txn *txn;
	struct arena *arena;
	struct sealed_domain *domain;
	struct tally_policy **next_policy;
	/* that details belong to now, and their end */
	struct tally_policy *policy;
	struct tally_detail **next_detail;
};

static void copy_bytes(struct seal *seal, const struct db_value *blob,
                       struct tally_key *key)
{
	key->bytes = arena_strndup(seal->arena, blob->data, blob->len);
	key->len = blob->len;
}

static bool take_head(struct seal *seal, const struct db_row *from)
{
	struct tally_domain *counts = &seal->domain->counts;
	struct tally_head head;

	if (!tally_head_read(from, &head))
		return false;
	counts->valid = head.valid;
	counts->success = head.success;
	counts->failure = head.failure;
	counts->unjudged = head.unjudged;
	if (head.record[0] != '\0')
		counts->record = arena_strdup(seal->arena, head.record);
	seal->domain->folded = head.folded;
	seal->domain->record_at = head.record_at;
	return true;
}

static bool take_policy(struct seal *seal, const struct tally_row *row,
                        const struct db_row *from)
{
	struct tally_policy *policy = arena_alloc(seal->arena, sizeof(*policy));
	struct tally_sums sums;
	struct db_value blob;

	if (!tally_sums_read(from, &sums) ||
	    !intern_get(seal->txn, row->day, row->policy_id, &blob))
		return false;
	copy_bytes(seal, &blob, &policy->key);
	policy->key.hash = row->policy_id; /* until its details were found */
	policy->success = sums.success;
	policy->failure = sums.failure;
	policy->unjudged = sums.unjudged;
	*seal->next_policy = policy;
	seal->next_policy = &policy->next;
	seal->domain->counts.policy_count++;
	return true;
}

/* Details come after all policies and like them by id. */
static bool take_detail(struct seal *seal, const struct tally_row *row,
                        const struct db_row *from)
{
	struct tally_policy *policy =
		seal->policy ? seal->policy : seal->domain->counts.policies;
	struct tally_detail *detail;
	struct db_value blob;
	uint64_t count;

	while (policy != NULL && policy->key.hash != row->policy_id)
		policy = policy->next;
	if (policy == NULL || !counted_read(from, &count, &blob))
		return false;
	if (policy != seal->policy)
		seal->next_detail = &policy->details;
	seal->policy = policy;
	detail = arena_alloc(seal->arena, sizeof(*detail));
	copy_bytes(seal, &blob, &detail->key);
	detail->count = count;
	*seal->next_detail = detail;
	seal->next_detail = &detail->next;
	seal->domain->counts.detail_count++;
	return true;
}

static bool take_row(struct seal *seal, const struct db_row *from)
{
	struct tally_row row;

	if (!tally_row_read(seal->txn, from, &row))
		return false;
	return row.kind == TALLY_HEAD     ? take_head(seal, from)
	       : row.kind == TALLY_POLICY ? take_policy(seal, &row, from)
	                                  : take_detail(seal, &row, from);
}

int tally_seal(struct db_txn *txn, int32_t day, const char *name,
               struct arena *arena, struct sealed_domain *domain)
{
	struct db_key prefix = tally_domain_key(day, name);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct seal seal = {
		.txn = txn,
		.arena = arena,
		.domain = domain,
		.next_policy = &domain->counts.policies,
	};
	bool found = false;

	memset(domain, 0, sizeof(*domain));
	domain->counts.day = day;
	domain->counts.domain = arena_strdup(arena, name);
	for (; db_rows_next(&rows); found = true)
		db_row_is(txn, &rows.row, take_row(&seal, &rows.row));
	return found && !db_failed(txn);
}
