#include "store/derived.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/counted.h"
#include "store/day_sums.h"
#include "store/domain_history.h"
#include "store/domain_index.h"
#include "store/intern.h"
#include "store/keys.h"
#include "store/tally_row.h"

/* A day that is looked at. */
struct check {
	struct db_txn *txn;
	int32_t day;
	struct day_sums sums; /* of the heads so far */
	uint64_t failing, unreported;
	/* the domain at hand */
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
	struct tally_kinds kinds; /* of its rows so far */
};

static void differs(struct check *c, const char *what)
{
	char text[DAY_TEXT];

	db_fail(c->txn, ERR_IO, "%s of %s%s%s differ from the rows", what,
	        day_format(c->day, text), c->domain[0] != '\0' ? " and " : "",
	        c->domain);
}

/* Both blobs begin with the type (session/session_code.c). */
static bool first_byte(struct db_value blob, unsigned below, unsigned *type)
{
	*type = blob.len > 0 ? *(const uint8_t *)blob.data : below;
	return *type < below;
}

static bool add_policy(struct check *c, const struct tally_row *row,
                       const struct db_row *from)
{
	struct tally_sums sums;
	struct db_value blob;
	unsigned type;

	if (!tally_sums_read(from, &sums) ||
	    !intern_get(c->txn, c->day, row->policy_id, &blob) ||
	    !first_byte(blob, POLICY_TYPES, &type))
		return false;
	c->kinds.policy_success[type] += sums.success;
	c->kinds.policy_failure[type] += sums.failure;
	return true;
}

static bool add_detail(struct check *c, const struct tally_row *row,
                       const struct db_row *from)
{
	struct db_value blob, policy;
	unsigned type, policy_type;
	uint64_t count;

	if (!counted_read(from, &count, &blob) ||
	    !first_byte(blob, RESULT_TYPES, &type) ||
	    !intern_get(c->txn, c->day, row->policy_id, &policy) ||
	    !first_byte(policy, POLICY_TYPES, &policy_type))
		return false;
	c->kinds.results[policy_type][type] += count;
	return true;
}

static void check_history(struct check *c)
{
	struct db_key key =
		domain_history_key(domain_history_block(c->day), c->domain);
	struct domain_day kept = {0}, told = {0};
	char domain[TALLY_DOMAIN_TEXT];
	struct domain_days days;
	struct db_row row;

	if (db_get(c->txn, &key, &row) &&
	    domain_history_read(c->txn, &row, domain, &days))
		for (size_t i = 0; i < days.count; i++)
			if (days.list[i].day == c->day)
				kept = days.list[i].told;
	if (c->head.mark != TALLY_OPEN)
		domain_day_of(&c->head, &told);
	if (memcmp(&kept, &told, sizeof(kept)) != 0)
		differs(c, "the history");
}

static void end_domain(struct check *c)
{
	if (c->domain[0] == '\0')
		return;
	if (memcmp(&c->kinds, &c->head.kinds, sizeof(c->kinds)) != 0)
		differs(c, "sums by kind");
	if (!domain_index_has(c->txn, c->day, c->domain, &c->head))
		differs(c, "the index rows");
	check_history(c);
	c->failing += c->head.failure > 0;
	c->unreported += domain_index_has_mark(c->head.mark);
	day_sums_add(&c->sums, &c->head, 1);
	c->domain[0] = '\0';
}

static bool begin_domain(struct check *c, const struct tally_row *row,
                         const struct db_row *from)
{
	end_domain(c);
	if (strlen(row->domain) >= sizeof(c->domain) ||
	    !tally_head_read(from, &c->head))
		return false;
	strcpy(c->domain, row->domain);
	c->kinds = (struct tally_kinds){0};
	return true;
}

static bool add_row(struct check *c, const struct tally_row *row,
                    const struct db_row *from)
{
	switch (row->kind) {
	case TALLY_HEAD:
		return begin_domain(c, row, from);
	case TALLY_POLICY:
		return add_policy(c, row, from);
	case TALLY_DETAIL:
		return add_detail(c, row, from);
	}
	return false;
}

/* Each head has its rows: are there others? */
static void check_index(struct check *c)
{
	struct failing_domain failing = {.failure = UINT64_MAX};
	struct unreported_domain unreported = {.domain = ""};
	uint64_t n = 0;

	while (domain_index_failing(c->txn, c->day, &failing))
		n++;
	if (n != c->failing)
		differs(c, "the failing domains");
	for (n = 0; domain_index_unreported(c->txn, c->day, &unreported); n++)
		;
	if (n != c->unreported)
		differs(c, "the domains without a report");
}

void derived_check_day(struct db_txn *txn, int32_t day)
{
	struct check c = {.txn = txn, .day = day};
	struct db_key prefix = key_of_day(TABLE_TALLY, day);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct day_sums kept;
	struct tally_row row;

	while (db_rows_next(&rows) && tally_row_read(txn, &rows.row, &row) &&
	       db_row_is(txn, &rows.row, add_row(&c, &row, &rows.row)))
		;
	end_domain(&c);
	day_sums_get(txn, day, &kept);
	if (memcmp(&kept, &c.sums, sizeof(kept)) != 0)
		differs(&c, "the sums");
	check_index(&c);
}
