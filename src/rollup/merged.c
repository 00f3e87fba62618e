#include "rollup/merged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/session.h"
#include "store/day_table.h"
#include "store/tally_seal.h"

struct merged *merged_new(const struct conf *conf)
{
	const struct tally_limits caps = {
		.max_policies = conf->store.max_policies,
		.max_details = conf->store.max_details,
	};
	struct merged *merged = xcalloc(1, sizeof(*merged));

	merged->merge = sealed_merge_new(&caps);
	arena_init(&merged->mem);
	return merged;
}

void merged_free(struct merged **merged)
{
	if (*merged == NULL)
		return;
	sealed_merge_free(&(*merged)->merge);
	arena_clear(&(*merged)->mem);
	free(*merged);
	*merged = NULL;
}

void merged_begin(struct merged *merged, struct db_txn *txn, int32_t day)
{
	struct host_day host = {.slot = 0};
	struct day_given given;

	merged->day = day;
	day_table_given_get(txn, day, &given);
	merged->fleet_id = given.fleet_id;
	merged->host_count = 0;
	merged->sum = NULL;
	while (host_day_next(txn, day, &host)) {
		if (merged->host_count == MERGED_HOSTS_MAX) {
			db_fail(txn, ERR_LIMIT,
			        "more than %d hosts have sent a day",
			        MERGED_HOSTS_MAX);
			return;
		}
		merged->hosts[merged->host_count++] = host;
	}
}

int merged_day_range(struct db_txn *txn, int32_t *first, int32_t *last)
{
	int32_t from, to;
	int own = tally_day_range(txn, first, last);

	if (!host_day_range(txn, &from, &to))
		return own;
	if (!own || from < *first)
		*first = from;
	if (!own || to > *last)
		*last = to;
	return 1;
}

int merged_days_until(struct db_txn *txn, int32_t day, int32_t *first,
                      int32_t *last)
{
	if (!merged_day_range(txn, first, last) || *first > day)
		return 0;
	if (*last > day)
		*last = day;
	return 1;
}

uint64_t merged_seed(const struct merged *merged, uint64_t store_id)
{
	return merged->fleet_id != 0 ? merged->fleet_id : store_id;
}

int merged_check_room(struct db_txn *txn, int32_t day, struct err *err)
{
	struct host_day host = {.slot = 0};
	int hosts = 0;

	while (host_day_next(txn, day, &host))
		hosts++;
	if (hosts >= MERGED_HOSTS_MAX)
		return err_set(err, ERR_LIMIT,
		               "%d other hosts have sent that day, and more "
		               "are not supported",
		               hosts);
	return db_failure(txn, err);
}

bool merged_is_reported(struct db_txn *txn, int32_t day, const char *domain)
{
	struct merged_row merged;
	struct tally_head own;

	if (merged_get(txn, day, domain, &merged))
		return merged.mark == TALLY_QUEUED;
	return tally_head_get(txn, day, domain, &own) &&
	       own.mark == TALLY_QUEUED;
}

bool merged_has_others(const struct merged *merged)
{
	return merged->host_count > 0;
}

bool merged_is_current(const struct merged *merged, struct db_txn *txn)
{
	struct host_day host = {.slot = 0};
	size_t n = 0;

	while (host_day_next(txn, merged->day, &host)) {
		if (n == merged->host_count ||
		    host.slot != merged->hosts[n].slot)
			return false;
		n++;
	}
	return n == merged->host_count;
}

uint64_t merged_waiting(const struct merged *merged)
{
	uint64_t n = 0;

	for (size_t i = 0; i < merged->host_count; i++)
		n += merged->hosts[i].totals.waiting;
	return n;
}

/* --- one domain --- */

/* Adds what each host counted of it, and how many did; false: none. */
static bool add_up(struct merged *merged, struct db_txn *txn,
                   const char *domain)
{
	struct sealed_domain part;

	arena_reset(&merged->mem);
	sealed_merge_begin(merged->merge);
	merged->row.hosts = 0;
	merged->is_own = tally_head_get(txn, merged->day, domain, &merged->own);
	merged->revision = merged->is_own ? merged->own.revision : 0;
	if (merged->is_own &&
	    tally_seal(txn, merged->day, domain, &merged->mem, &part)) {
		sealed_merge_add(merged->merge, &part);
		merged->row.hosts++;
	}
	merged->waits = merged->is_late = false;
	for (size_t i = 0; i < merged->host_count; i++) {
		if (!host_day_domain_get(txn, merged->day,
		                         merged->hosts[i].slot, domain,
		                         &merged->mem, &part))
			continue;
		sealed_merge_add(merged->merge, &part);
		merged->waits |= part.waits;
		merged->row.hosts++;
	}
	merged->sum = sealed_merge_end(merged->merge);
	return merged->sum != NULL && !db_failed(txn);
}

static void make_head(const struct sealed_domain *sum, struct merged_row *row,
                      struct tally_head *head)
{
	const struct tally_domain *counts = &sum->counts;

	*head = (struct tally_head){
		.valid = counts->valid,
		.success = counts->success,
		.failure = counts->failure,
		.unjudged = counts->unjudged,
		.policies = (uint32_t)counts->policy_count,
		.details = (uint32_t)counts->detail_count,
		.folded = sum->folded,
	};
	if (counts->record != NULL)
		snprintf(head->record, sizeof(head->record), "%s",
		         counts->record);
	row->success = counts->success;
	row->failure = counts->failure;
	row->unjudged = counts->unjudged;
}

int merged_head(struct merged *merged, struct db_txn *txn, const char *domain,
                struct tally_head *head)
{
	struct merged_row before;

	if (merged->host_count == 0) {
		merged->is_own = tally_head_get(txn, merged->day, domain, head);
		merged->revision = merged->is_own ? head->revision : 0;
		return merged->is_own;
	}
	if (!add_up(merged, txn, domain))
		return 0;
	make_head(merged->sum, &merged->row, head);
	if (merged_get(txn, merged->day, domain, &before)) {
		bool is_new = merged->is_own && merged->own.mark == TALLY_OPEN;

		merged->is_late = is_new && before.mark == TALLY_QUEUED;
		/* without a report so far, it may have one now */
		if (!is_new || merged->is_late) {
			head->mark = before.mark;
			head->outbox_id = before.outbox_id;
		}
	} else if (merged->is_own && merged->own.mark == TALLY_QUEUED) {
		/* before any other host had sent the day, which waited */
		head->mark = TALLY_QUEUED;
		head->outbox_id = merged->own.outbox_id;
	}
	return !db_failed(txn);
}

/* The lesser of two names, "" being none. */
static void take_lesser(char name[TALLY_DOMAIN_TEXT], const char *other)
{
	if (other[0] != '\0' && (name[0] == '\0' || strcmp(other, name) < 0))
		strcpy(name, other);
}

static int next_name(struct merged *merged, struct db_txn *txn,
                     char domain[TALLY_DOMAIN_TEXT])
{
	char next[TALLY_DOMAIN_TEXT] = "", name[TALLY_DOMAIN_TEXT];
	int32_t day = merged->day;

	strcpy(name, domain);
	/* at the day's end this finds the next day's first: not ours */
	if (tally_head_next(txn, &day, name, &merged->own) &&
	    day == merged->day)
		take_lesser(next, name);
	for (size_t i = 0; i < merged->host_count; i++) {
		strcpy(name, domain);
		if (host_day_domain_next(txn, merged->day,
		                         merged->hosts[i].slot, name))
			take_lesser(next, name);
	}
	strcpy(domain, next);
	return next[0] != '\0' && !db_failed(txn);
}

int merged_next(struct merged *merged, struct db_txn *txn,
                char domain[TALLY_DOMAIN_TEXT], struct tally_head *head)
{
	int32_t day = merged->day;

	if (merged->host_count > 0)
		return next_name(merged, txn, domain) &&
		       merged_head(merged, txn, domain, head);
	merged->is_own =
		tally_head_next(txn, &day, domain, head) && day == merged->day;
	merged->revision = merged->is_own ? head->revision : 0;
	return merged->is_own;
}

/* --- its counts as a report --- */

static int load_details(const struct tally_policy *from, struct report *report,
                        struct report_policy *to, struct err *err)
{
	size_t count = 0;

	for (const struct tally_detail *d = from->details; d; d = d->next)
		count++;
	to->details = arena_array(&report->mem, count, sizeof(*to->details));
	for (const struct tally_detail *d = from->details; d; d = d->next) {
		struct report_detail *detail = &to->details[to->detail_count++];

		if (session_failure_decode(d->key.bytes, d->key.len,
		                           &report->mem, &detail->detail,
		                           err) < 0)
			return ERR_PARSE;
		detail->count = d->count;
	}
	return 0;
}

static int load_policy(const struct tally_policy *from, struct report *report,
                       struct err *err)
{
	struct report_policy *to =
		report_add_policy(report, from->key.bytes, from->key.len);

	if (to == NULL)
		return err_set(err, ERR_PARSE,
		               "the store has a damaged policy");
	to->success = from->success;
	to->failure = from->failure;
	return load_details(from, report, to, err);
}

int merged_load(struct merged *merged, struct db_txn *txn, const char *domain,
                struct report *report, struct err *err)
{
	const struct tally_domain *counts;

	if (merged->host_count == 0)
		return tally_load(txn, merged->day, domain, report, err);
	report->policy_count = 0;
	/* mostly it is the one whose head was read last */
	if ((merged->sum == NULL ||
	     strcmp(merged->sum->counts.domain, domain) != 0) &&
	    !add_up(merged, txn, domain))
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_NOTFOUND,
		                         "%s was not counted on that day",
		                         domain);
	counts = &merged->sum->counts;
	report->policies = arena_array(&report->mem, counts->policy_count,
	                               sizeof(*report->policies));
	for (const struct tally_policy *p = counts->policies; p; p = p->next)
		if (load_policy(p, report, err) < 0)
			return err->class;
	return db_failure(txn, err);
}

void merged_mark_set(struct db_txn *txn, int32_t day, bool has_others,
                     const struct merged_mark *mark)
{
	const struct merged_row *row = &mark->row;
	struct tally_head head;

	if (mark->is_late) {
		tally_mark_set(txn, day, mark->domain, mark->revision,
		               TALLY_LATE, 0,
		               "the report of all hosts was made before");
		return;
	}
	if (mark->is_own)
		tally_mark_set(txn, day, mark->domain, mark->revision,
		               row->mark, row->outbox_id, row->reason);
	else if (tally_head_get(txn, day, mark->domain, &head))
		db_fail(txn, ERR_BUSY, "%s was counted meanwhile",
		        mark->domain);
	if (has_others)
		merged_put(txn, day, mark->domain, row);
}
