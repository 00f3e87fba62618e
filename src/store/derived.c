#include "store/derived.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/day_view.h"
#include "store/domain_history.h"
#include "store/domain_index.h"
#include "store/intern.h"
#include "store/journal_news.h"
#include "store/keys.h"
#include "store/outbox_sums.h"
#include "store/tally_row.h"

/* A day that is looked at. */
struct check {
	struct db_txn *txn;
	int32_t day;
	struct day_sums sums; /* of the heads so far */
	uint64_t failing, unreported;
	bool mends; /* what differs is made right: it is a write transaction */
	struct strbuf scratch;
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

/* Both blobs begin with the type (session/session_code.c).  One that cannot be
 * read must not keep a store from being upgraded. */
static unsigned first_byte(struct db_value blob, unsigned below, unsigned other)
{
	const uint8_t *first = blob.data;

	return blob.len > 0 && *first < below ? *first : other;
}

static unsigned type_of(struct check *c, uint64_t policy_id)
{
	struct db_value blob = {NULL, 0};

	intern_get(c->txn, c->day, policy_id, &blob);
	return first_byte(blob, POLICY_TYPES, POLICY_OTHER);
}

static bool add_policy(struct check *c, const struct tally_row *row,
                       const struct db_row *from)
{
	struct tally_sums sums;
	unsigned type;

	if (!tally_sums_read(from, &sums))
		return false;
	type = type_of(c, row->policy_id);
	c->kinds.policy_success[type] += sums.success;
	c->kinds.policy_failure[type] += sums.failure;
	return true;
}

static bool add_detail(struct check *c, const struct tally_row *row,
                       const struct db_row *from)
{
	struct db_value blob;
	uint64_t count;

	if (!counted_read(from, &count, &blob))
		return false;
	c->kinds.results[type_of(c, row->policy_id)]
			[first_byte(blob, RESULT_TYPES, RESULT_OTHER)] += count;
	return true;
}

static void check_kinds(struct check *c)
{
	struct tally_head before;
	struct db_key key;

	if (memcmp(&c->kinds, &c->head.kinds, sizeof(c->kinds)) == 0)
		return;
	if (!c->mends) {
		differs(c, "sums by kind");
		return;
	}
	before = c->head;
	c->head.kinds = c->kinds;
	key = tally_domain_key(c->day, c->domain);
	tally_head_put(c->txn, &key, &before, &c->head, &c->scratch);
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
	if (memcmp(&kept, &told, sizeof(kept)) == 0)
		return;
	if (c->mends)
		domain_history_put(c->txn, c->day, c->domain, &told);
	else
		differs(c, "the history");
}

static void end_domain(struct check *c)
{
	if (c->domain[0] == '\0')
		return;
	check_kinds(c);
	if (c->mends)
		domain_index_change(c->txn, c->day, c->domain, NULL, &c->head);
	else if (!domain_index_has(c->txn, c->day, c->domain, &c->head))
		differs(c, "the index rows");
	check_history(c);
	c->failing += c->head.failure > 0;
	c->unreported += domain_index_has_mark(c->head.mark);
	day_sums_add(&c->sums, &c->head, 1);
	c->domain[0] = '\0';
}

/* What the row lends is read before end_domain(), which may write. */
static bool begin_domain(struct check *c, const struct tally_row *row,
                         const struct db_row *from)
{
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
	bool good = strlen(row->domain) < sizeof(domain) &&
	            tally_head_read(from, &head);

	if (good)
		strcpy(domain, row->domain);
	end_domain(c);
	if (!good)
		return false;
	strcpy(c->domain, domain);
	c->head = head;
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

static void check_domains(struct check *c)
{
	struct db_key prefix = key_of_day(TABLE_TALLY, c->day);
	auto_(db_rows_end) struct db_rows rows = db_rows(c->txn, &prefix);
	struct tally_row row;

	while (db_rows_next(&rows) && tally_row_read(c->txn, &rows.row, &row) &&
	       db_row_is(c->txn, &rows.row, add_row(c, &row, &rows.row)))
		;
	end_domain(c);
}

void derived_check_day(struct db_txn *txn, int32_t day)
{
	struct check c = {.txn = txn, .day = day};
	struct day_domains all, quick;
	struct day_sums kept;

	check_domains(&c);
	day_sums_get(txn, day, &kept);
	if (memcmp(&kept, &c.sums, sizeof(kept)) != 0)
		differs(&c, "the sums");
	check_index(&c);
	day_view_sums(txn, day, &kept);
	all = day_sums_domains(&kept);
	day_view_domains(txn, day, &quick);
	if (memcmp(&all, &quick, sizeof(all)) != 0)
		differs(&c, "the new domains in the journal");
}

/* --- made right --- */

/* 1: what is derived of the day differs. */
static int day_differs(struct db *db, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	derived_check_day(txn, day);
	return db_failed(txn);
}

int derived_rebuild_day(struct db *db, int32_t day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct check c = {.day = day, .mends = true};
	int rc;

	if (!day_differs(db, day))
		return 0;
	c.txn = txn = db_begin_write(db);
	domain_index_clear(txn, day);
	check_domains(&c);
	day_sums_put(txn, day, &c.sums);
	journal_news_doubt(txn, day);
	/* who keeps what he saw of the day by its revision */
	day_table_touch(txn, day, change_touch(txn, CHANGE_DOMAIN));
	rc = db_commit(&txn, err);
	strbuf_clear(&c.scratch);
	return rc < 0 ? rc : 1;
}

/* --- stores that are older --- */

/* The domain whose head is the next of the old form, and the sums of its rows;
 * heads of the new form are passed over.  0: there is none. */
static int next_old(struct check *c, struct db_key *at, bool *is_old)
{
	auto_(db_rows_end) struct db_rows rows = db_rows_from(c->txn, at);
	struct tally_row row;
	size_t prefix = 0;

	c->domain[0] = '\0';
	while (db_rows_next(&rows) && tally_row_read(c->txn, &rows.row, &row)) {
		if (row.kind == TALLY_HEAD) {
			if (prefix > 0)
				break;
			prefix = rows.row.key.len - 1;
			c->day = row.day;
			*is_old = tally_head_is_old(&rows.row);
			if (strlen(row.domain) >= sizeof(c->domain) ||
			    !tally_head_read(&rows.row, &c->head)) {
				db_row_is(c->txn, &rows.row, false);
				return 0;
			}
			strcpy(c->domain, row.domain);
			c->kinds = (struct tally_kinds){0};
		} else if (*is_old && !db_row_is(c->txn, &rows.row,
		                                 add_row(c, &row, &rows.row))) {
			return 0;
		}
	}
	*at = tally_domain_key(c->day, c->domain);
	at->bytes[at->len - 1] = 1; /* past all that begin with it */
	return prefix > 0;
}

/* Sums as they were kept until then: day u32, 4. */
static void drop_old_sums(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_day(TABLE_DAY, day);

	key_u8(&key, 4);
	db_delete(txn, &key);
}

static int upgrade_some(struct db *db, struct db_key *at, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(strbuf_clear) struct strbuf scratch = {0};
	struct check c = {.txn = txn};
	bool is_old = false;
	int more = 1, rc;

	for (int i = 0; i < DB_BATCH_ROWS && more; i++) {
		struct db_key domain;

		more = next_old(&c, at, &is_old);
		if (!more || !is_old)
			continue;
		domain = tally_domain_key(c.day, c.domain);
		c.head.kinds = c.kinds;
		tally_head_put(txn, &domain, NULL, &c.head, &scratch);
		drop_old_sums(txn, c.day);
	}
	rc = db_commit(&txn, err);
	return rc < 0 ? rc : more;
}

int derived_upgrade_tally(struct db *db, struct err *err)
{
	struct db_key at = key_of(TABLE_TALLY);
	int more;

	do
		more = upgrade_some(db, &at, err);
	while (more > 0);
	return more;
}

/* --- the outbox --- */

/* What its rows come to. */
struct outbox_check {
	struct db_txn *txn;
	struct outbox_sums sums;
	uint64_t answered;
	bool add; /* put it into the sums of the store, too */
};

static bool add_report(void *arg, const struct outbox_head *head)
{
	struct outbox_check *c = arg;
	struct outbox_destination dest;

	outbox_sums_add_head(&c->sums, head, 1);
	if (c->add)
		outbox_sums_head(c->txn, NULL, head);
	for (uint16_t i = 0; i < head->destination_count; i++) {
		if (!outbox_destination_get(c->txn, head->id, i, &dest))
			continue;
		outbox_sums_add_destination(&c->sums, &dest, 1);
		c->answered += outbox_sums_is_answered(&dest);
		if (c->add)
			outbox_sums_destination(c->txn, head->id, head->domain,
			                        NULL, &dest);
		else if (!outbox_sums_has(c->txn, head->id, &dest))
			db_fail(c->txn, ERR_IO,
			        "the index rows of a destination of %s differ "
			        "from the rows",
			        head->domain);
	}
	return !db_failed(c->txn);
}

void derived_check_outbox(struct db_txn *txn)
{
	struct outbox_check c = {.txn = txn};
	struct answer_group group = {.key = 0};
	struct outbox_sums kept;

	outbox_head_each(txn, 0, add_report, &c);
	while (outbox_sums_group(txn, &group)) {
		c.sums.groups++;
		c.answered -= group.n;
	}
	outbox_sums_get(txn, &kept);
	if (memcmp(&kept, &c.sums, sizeof(kept)) != 0 || c.answered != 0 ||
	    outbox_sums_trouble_rows(txn) != kept.trouble)
		db_fail(txn, ERR_IO,
		        "the sums of the outbox differ from the rows");
}

static int outbox_differs(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	derived_check_outbox(txn);
	return db_failed(txn);
}

int derived_rebuild_outbox(struct db *db, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct db_key all = key_of(TABLE_OUTBOX_INDEX);

	if (!outbox_differs(db))
		return 0;
	txn = db_begin_write(db);
	db_delete_from(txn, &all);
	derived_upgrade_outbox(txn);
	return db_commit(&txn, err) < 0 ? err->class : 1;
}

void derived_upgrade_outbox(struct db_txn *txn)
{
	struct outbox_check c = {.txn = txn, .add = true};

	outbox_head_each(txn, 0, add_report, &c);
}
