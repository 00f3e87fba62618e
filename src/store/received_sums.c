#include "store/received_sums.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

void received_faults_add(struct received_faults *faults,
                         enum result_type result, const char *host,
                         uint64_t sessions)
{
	struct received_fault *fault = faults->at;
	size_t named = 0;

	if (host == NULL || strlen(host) >= sizeof(fault->host))
		host = "";
	for (size_t i = 0; i < faults->count; i++)
		named += faults->at[i].host[0] != '\0';
	for (int i = 0; i < 2; i++) {
		for (fault = faults->at; fault < faults->at + faults->count;
		     fault++)
			if (fault->result == result &&
			    strcmp(fault->host, host) == 0)
				break;
		if (fault < faults->at + faults->count || host[0] == '\0' ||
		    named < RECEIVED_FAULTS_NAMED)
			break;
		host = "";
	}
	if (fault == faults->at + faults->count) {
		faults->count++;
		*fault = (struct received_fault){.result = result};
		memcpy(fault->host, host, strlen(host) + 1);
	}
	if (__builtin_add_overflow(fault->sessions, sessions, &fault->sessions))
		fault->sessions = UINT64_MAX;
}

/* Of this host, and what is left of those without one, where it may have found
 * no room. */
static void take_fault(struct received_faults *faults, enum result_type result,
                       const char *host, uint64_t sessions)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct received_fault *fault = &faults->at[i];
		uint64_t n = sessions;

		if (fault->result != result || strcmp(fault->host, host) != 0)
			continue;
		if (n > fault->sessions)
			n = fault->sessions;
		fault->sessions -= n;
		sessions -= n;
		if (fault->sessions == 0)
			*fault = faults->at[--faults->count];
		break;
	}
	if (sessions > 0 && host[0] != '\0')
		take_fault(faults, result, "", sessions);
}

/* --- as they are stored --- */

/* struct received_sums is u64s. */
enum { SUMS = sizeof(struct received_sums) / sizeof(uint64_t) };

static void encode(const struct received_sums *sums,
                   const struct received_faults *faults, struct strbuf *out)
{
	uint64_t each[SUMS];

	memcpy(each, sums, sizeof(each));
	for (size_t i = 0; i < SUMS; i++)
		strbuf_varint(out, each[i]);
	strbuf_varint(out, faults != NULL ? faults->count : 0);
	for (size_t i = 0; faults != NULL && i < faults->count; i++) {
		strbuf_u8(out, (uint8_t)faults->at[i].result);
		strbuf_varint(out, faults->at[i].sessions);
		strbuf_str(out, faults->at[i].host);
	}
}

static bool decode(struct reader *value, struct received_sums *sums,
                   struct received_faults *faults)
{
	uint64_t each[SUMS], count;

	for (size_t i = 0; i < SUMS; i++)
		each[i] = reader_varint(value);
	memcpy(sums, each, sizeof(*sums));
	count = reader_varint(value);
	faults->count = 0;
	if (count > RECEIVED_FAULTS_MAX)
		value->failed = true;
	while (!value->failed && faults->count < count) {
		struct received_fault *fault = &faults->at[faults->count++];
		unsigned result = reader_u8(value);

		fault->result = (enum result_type)result;
		fault->sessions = reader_varint(value);
		reader_text(value, fault->host, sizeof(fault->host));
		if (result >= RESULT_TYPES)
			value->failed = true;
	}
	return !value->failed;
}

void received_added_write(const struct received_domain *domain,
                          struct strbuf *out)
{
	strbuf_str(out, domain->domain);
	encode(&domain->sums, domain->faults, out);
}

bool received_added_next(struct reader *value, struct received_added *added)
{
	if (reader_left(value) == 0)
		return false;
	reader_text(value, added->domain, sizeof(added->domain));
	return decode(value, &added->sums, &added->faults);
}

static struct db_key sum_key(int32_t day, const char *domain,
                             const char *organization)
{
	struct db_key key = key_of_domain(TABLE_RECEIVED_SUM, day, domain);

	/* a key has room for it: DOMAIN_MAX and these are below DB_KEY_MAX */
	key_bytes(&key, organization,
	          strnlen(organization, DB_KEY_MAX - key.len));
	return key;
}

static int read_row(struct db_txn *txn, const struct db_row *found,
                    struct received_sum_row *row)
{
	struct reader key = db_row_key(found), value = db_row_value(found);

	if (!key_read_domain(txn, found, &row->day, row->domain,
	                     sizeof(row->domain)))
		return 0;
	reader_bytes(&key, sizeof(uint32_t) + strlen(row->domain) + 1);
	reader_rest(&key, row->organization, sizeof(row->organization));
	return db_row_is(txn, found,
	                 decode(&value, &row->sums, &row->faults) &&
	                         !key.failed && reader_is_done(&value));
}

int received_sums_next(struct db_txn *txn, struct received_sum_row *row)
{
	struct db_key from =
		row->domain[0] == '\0'
			? key_after_domain(TABLE_RECEIVED_SUM, row->day, "")
			: sum_key(row->day, row->domain, row->organization);
	struct db_row found;

	if (row->domain[0] != '\0')
		key_u8(&from, 0); /* what comes after it */
	return db_get_from(txn, &from, &found) && read_row(txn, &found, row);
}

void received_sums_of(struct db_txn *txn, int32_t day, const char *domain,
                      received_sums_fn *each, void *arg)
{
	struct db_key prefix = key_of_domain(TABLE_RECEIVED_SUM, day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct received_sum_row row;

	while (db_rows_next(&rows) && read_row(txn, &rows.row, &row))
		each(arg, &row);
}

void received_sums_check(struct db_txn *txn, const struct db_row *row)
{
	struct received_sum_row sum;

	read_row(txn, row, &sum);
}

int received_sums_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_RECEIVED_SUM, before, rows);
}

/* --- adding and taking away --- */

/* Counts come from strangers: a sum stays at the most there is, and below
 * nothing at nothing. */
static uint64_t moved(uint64_t sum, uint64_t by, bool away)
{
	if (away)
		return by > sum ? 0 : sum - by;
	return __builtin_add_overflow(sum, by, &sum) ? UINT64_MAX : sum;
}

void received_sums_add(struct received_sums *sums,
                       const struct received_sums *by)
{
	uint64_t each[SUMS], more[SUMS];

	memcpy(each, sums, sizeof(each));
	memcpy(more, by, sizeof(more));
	for (size_t i = 0; i < SUMS; i++)
		each[i] = moved(each[i], more[i], false);
	memcpy(sums, each, sizeof(*sums));
}

static void move(struct received_sum_row *row, const struct received_domain *by,
                 bool away)
{
	const struct received_faults *faults = by->faults;
	uint64_t each[SUMS], more[SUMS];

	memcpy(each, &row->sums, sizeof(each));
	memcpy(more, &by->sums, sizeof(more));
	for (size_t i = 0; i < SUMS; i++)
		each[i] = moved(each[i], more[i], away);
	memcpy(&row->sums, each, sizeof(row->sums));
	for (size_t i = 0; faults != NULL && i < faults->count; i++) {
		const struct received_fault *fault = &faults->at[i];

		if (away)
			take_fault(&row->faults, fault->result, fault->host,
			           fault->sessions);
		else
			received_faults_add(&row->faults, fault->result,
			                    fault->host, fault->sessions);
	}
}

static void put_row(struct db_txn *txn, const struct db_key *key,
                    const struct received_sum_row *row)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	encode(&row->sums, &row->faults, &value);
	if (row->sums.reports == 0)
		db_delete(txn, key);
	else
		db_put(txn, key, &value);
}

void received_sums_move(struct db_txn *txn, int32_t day,
                        const char *organization,
                        const struct received_domain *domain, bool away)
{
	struct db_key key = sum_key(day, domain->domain, organization);
	struct received_sum_row row = {.day = day};
	struct db_row found;

	if (db_get(txn, &key, &found) && !read_row(txn, &found, &row))
		return;
	move(&row, domain, away);
	put_row(txn, &key, &row);
}
