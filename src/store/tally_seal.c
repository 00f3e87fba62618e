#include "store/tally_seal.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/intern.h"
#include "store/journal_view.h"
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

static void take_head(struct seal *seal, const struct tally_head *head)
{
	struct tally_domain *counts = &seal->domain->counts;

	counts->valid = head->valid;
	counts->success = head->success;
	counts->failure = head->failure;
	counts->unjudged = head->unjudged;
	if (head->record[0] != '\0')
		counts->record = arena_strdup(seal->arena, head->record);
	seal->domain->folded = head->folded;
	seal->domain->record_at = head->record_at;
}

static struct tally_policy *add_policy(struct seal *seal, uint64_t id,
                                       const struct db_value *blob,
                                       const struct tally_sums *sums)
{
	struct tally_policy *policy = arena_alloc(seal->arena, sizeof(*policy));

	copy_bytes(seal, blob, &policy->key);
	policy->id = id;
	policy->success = sums->success;
	policy->failure = sums->failure;
	policy->unjudged = sums->unjudged;
	*seal->next_policy = policy;
	seal->next_policy = &policy->next;
	seal->domain->counts.policy_count++;
	return policy;
}

static bool take_policy(struct seal *seal, const struct tally_row *row,
                        const struct db_row *from)
{
	struct tally_sums sums;
	struct db_value blob;

	if (!tally_sums_read(from, &sums) ||
	    !intern_get(seal->txn, row->day, row->policy_id, &blob))
		return false;
	add_policy(seal, row->policy_id, &blob, &sums);
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

	while (policy != NULL && policy->id != row->policy_id)
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
	if (row.kind == TALLY_HEAD)
		return true;
	return row.kind == TALLY_POLICY ? take_policy(seal, &row, from)
	                                : take_detail(seal, &row, from);
}

/* Of the journal: what is there already is not looked for among the details,
 * for equal ones are added up where the day is merged. */
static bool take_waiting(struct seal *seal, const struct tally_policy *from)
{
	struct tally_policy *to = seal->domain->counts.policies;
	struct db_value blob = {from->key.bytes, from->key.len};
	struct tally_detail **end;

	/* 0: not interned yet, so no row has it */
	while (to != NULL && (from->id == 0 || to->id != from->id))
		to = to->next;
	if (to == NULL) {
		if (blob.data == NULL &&
		    !intern_get(seal->txn, seal->domain->counts.day, from->id,
		                &blob))
			return false;
		to = add_policy(seal, from->id, &blob, &(struct tally_sums){0});
	}
	to->success += from->success;
	to->failure += from->failure;
	to->unjudged += from->unjudged;
	for (end = &to->details; *end != NULL;)
		end = &(*end)->next;
	*end = from->details;
	for (; *end != NULL; end = &(*end)->next)
		seal->domain->counts.detail_count++;
	return true;
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
	struct tally_domain waiting = {.policies = NULL};
	const struct tally_policy *policy;
	struct tally_head head;

	memset(domain, 0, sizeof(*domain));
	domain->counts.day = day;
	domain->counts.domain = arena_strdup(arena, name);
	if (!tally_head_get(txn, day, name, &head))
		return 0;
	take_head(&seal, &head);
	while (db_rows_next(&rows))
		db_row_is(txn, &rows.row, take_row(&seal, &rows.row));
	if (tally_head_is_open(&head))
		journal_view_counts(txn, day, name, UINT64_MAX, arena,
		                    &waiting);
	for (policy = waiting.policies; policy != NULL; policy = policy->next)
		if (!take_waiting(&seal, policy))
			db_fail(txn, ERR_IO, "counts of %s are damaged", name);
	return !db_failed(txn);
}
